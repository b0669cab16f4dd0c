//! Reads a request body as it comes: within the cap, the budget, the time and above the least pace. Announced lengths only ever refuse early.
//! Knows neither encoding nor transport.

use super::{Ingest, Refusal, admit::Held};
use axum::extract::Request;
use bytes::Bytes;
use http::header;
use http_body::Body;
use http_body_util::BodyExt;
use pointsman_core::limits;
use std::{
    pin::{Pin, pin},
    time::Duration,
};
use tokio::time::{sleep, timeout};

/// Reads a whole body of at most `limit` bytes.
///
/// # Errors
/// When it is too large, too slow, cut off, or too much is in flight.
pub async fn read<B>(ingest: &Ingest, body: B, limit: usize) -> Result<Held, Refusal>
where
    B: Body<Data = Bytes>,
{
    let mut body = pin!(body);
    let mut held = Held::new(ingest.budget.share());
    match fill(ingest, body.as_mut(), &mut held, limit).await {
        Ok(()) => Ok(held),
        Err(Refusal::Slow) => Err(Refusal::Slow),
        Err(refusal) => {
            drop(held);
            discard(body).await;
            Err(refusal)
        }
    }
}

async fn fill<B>(ingest: &Ingest, mut body: Pin<&mut B>, held: &mut Held, limit: usize) -> Result<(), Refusal>
where
    B: Body<Data = Bytes>,
{
    if body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
        return Err(Refusal::TooLarge { limit });
    }
    let time = |bytes| Duration::from_millis(limits::body_ms_max(bytes)).min(ingest.body_time_max);
    let mut slow = pin!(sleep(time(0)));
    let (first, mut bytes) = (slow.deadline(), 0_usize);
    loop {
        let frame = tokio::select! {
            biased;
            frame = body.frame() => frame,
            () = slow.as_mut() => return Err(Refusal::Slow),
        };
        let Some(frame) = frame else { return Ok(()) };
        let frame = frame.map_err(|_| Refusal::Cut)?;
        if let Some(data) = frame.data_ref() {
            held.extend(data, limit)?;
            bytes = bytes.saturating_add(data.len());
            slow.as_mut().reset(first + (time(bytes) - time(0)));
        }
    }
}

/// Lets a sender finish whose request is refused for its head alone. One that waits to be asked for its body is not asked.
pub async fn decline(request: Request) {
    if !request.headers().contains_key(header::EXPECT) {
        discard(pin!(request.into_body())).await;
    }
}

/// Lets a sender finish, within bounds: one that still writes while we close never reads why it was refused.
async fn discard<B>(mut body: Pin<&mut B>)
where
    B: Body<Data = Bytes>,
{
    let rest = async {
        let mut left = limits::DISCARD_BYTES_MAX;
        while let Some(Ok(frame)) = body.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                return;
            }
        }
    };
    // Who takes longer has had its chance.
    timeout(Duration::from_millis(limits::DISCARD_MS_MAX), rest).await.unwrap_or(());
}

#[cfg(test)]
mod tests;
