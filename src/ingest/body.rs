//! Reads a request body as it comes: within the cap, the budget, the time and above the least pace. Announced lengths take no memory.
//! Knows neither encoding nor transport.

use super::{Ingest, Refusal, admit::Held};
use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;
use pointsman_core::limits;
use std::{
    pin::{Pin, pin},
    time::Duration,
};
use tokio::time::{sleep, timeout};

/// Reads a whole body of at most so many bytes. `is_stream`: its connection goes on without it, whatever becomes of it.
///
/// # Errors
/// When it is too large, too slow, cut off, or no memory is left for it. What its head alone refuses is not begun; of the rest
/// nothing is kept.
pub async fn read<B>(ingest: &Ingest, body: B, (limit, is_stream): (usize, bool)) -> Result<Held, Refusal>
where
    B: Body<Data = Bytes>,
{
    let mut body = pin!(body);
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let admitted = if announced > limit { Err(Refusal::TooLarge { limit }) } else { ingest.budget.admit(announced) };
    let read = match admitted {
        Ok(share) => fill(ingest, body.as_mut(), Held::new(share), limit).await,
        Err(refusal) => Err(refusal),
    };
    match read {
        Ok(held) => Ok(held),
        Err(Refusal::Slow) => Err(Refusal::Slow),
        Err(refusal) => {
            if !is_stream {
                let is_overload = matches!(refusal, Refusal::Overload { .. });
                discard(body, if is_overload { limits::DISCARD_OVERLOAD_BYTES_MAX } else { limits::DISCARD_BYTES_MAX }).await;
            }
            Err(refusal)
        }
    }
}

async fn fill<B>(ingest: &Ingest, mut body: Pin<&mut B>, mut held: Held, limit: usize) -> Result<Held, Refusal>
where
    B: Body<Data = Bytes>,
{
    let time = |bytes| Duration::from_millis(limits::body_ms_max(bytes)).min(ingest.body_time_max);
    // Set anew when it is over, not with every frame: what came meanwhile has won more time.
    let mut slow = pin!(sleep(time(0)));
    let (first, mut bytes) = (slow.deadline(), 0_usize);
    let (mut waits, mut is_prompt) = (pin!(sleep(Duration::from_millis(limits::EXPECTED_MS_MAX))), true);
    loop {
        let frame = tokio::select! {
            biased;
            frame = body.frame() => frame,
            () = slow.as_mut() => {
                let until = first.checked_add(time(bytes).saturating_sub(time(0))).unwrap_or(first);
                if until <= slow.deadline() {
                    return Err(Refusal::Slow);
                }
                slow.as_mut().reset(until);
                continue;
            }
            () = waits.as_mut(), if is_prompt => {
                is_prompt = false;
                held.expects_no_more();
                continue;
            }
        };
        let Some(frame) = frame else {
            held.ended();
            return Ok(held);
        };
        let frame = frame.map_err(|_| Refusal::Cut)?;
        if let Some(data) = frame.data_ref() {
            held.extend(data, limit)?;
            bytes = bytes.saturating_add(data.len());
        }
    }
}

/// Lets a sender finish, within bounds: one that still writes while we close never reads why it was refused. Not for a stream
/// of HTTP/2, which is reset without its connection.
pub async fn discard<B>(mut body: Pin<&mut B>, bytes_max: usize)
where
    B: Body<Data = Bytes>,
{
    let pause = Duration::from_millis(limits::DISCARD_PAUSE_MS_MAX);
    let rest = async {
        let mut left = bytes_max;
        // Who waits for an answer before it sends more has it at once.
        while let Ok(Some(Ok(frame))) = timeout(pause, body.frame()).await {
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
