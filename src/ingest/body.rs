//! Reads a request body as it comes: within the cap, the budget and the time. Announced lengths only ever refuse early.
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
use tokio::time::timeout;

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
    let all = async {
        if body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
            return Err(Refusal::TooLarge { limit });
        }
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Refusal::Cut)?;
            if let Some(data) = frame.data_ref() {
                held.extend(data, limit)?;
            }
        }
        Ok(())
    };
    match timeout(ingest.body_time_max, all).await {
        Ok(Ok(())) => Ok(held),
        Ok(Err(refusal)) => {
            drop(held);
            discard(body).await;
            Err(refusal)
        }
        Err(_) => Err(Refusal::Slow),
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
