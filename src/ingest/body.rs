//! Reads a request body as it comes: within the cap, the budget and the time. Announced lengths only ever refuse early.
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
use tokio::time::timeout;

/// Reads a whole body of at most so many bytes. `is_stream`: its connection goes on without it, whatever becomes of it.
///
/// # Errors
/// When it is too large, too slow, cut off, or no memory is left for it: then no byte of it was read.
pub async fn read<B>(ingest: &Ingest, body: B, (limit, is_stream): (usize, bool)) -> Result<Held, Refusal>
where
    B: Body<Data = Bytes>,
{
    let mut body = pin!(body);
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let admitted = if announced > limit { Err(Refusal::TooLarge { limit }) } else { ingest.budget.admit(announced) };
    let mut held = match admitted {
        Ok(share) => Held::new(share),
        Err(refusal) if is_stream => return Err(refusal),
        Err(refusal) => {
            discard(body, &refusal).await;
            return Err(refusal);
        }
    };
    let all = async {
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
            if !is_stream {
                discard(body, &refusal).await;
            }
            Err(refusal)
        }
        Err(_) => Err(Refusal::Slow),
    }
}

/// Lets a sender finish, within bounds: one that still writes while we close never reads why it was refused.
async fn discard<B>(mut body: Pin<&mut B>, refusal: &Refusal)
where
    B: Body<Data = Bytes>,
{
    let pause = Duration::from_millis(limits::DISCARD_PAUSE_MS_MAX);
    let rest = async {
        let is_overload = matches!(refusal, Refusal::Overload { .. });
        let mut left = if is_overload { limits::DISCARD_OVERLOAD_BYTES_MAX } else { limits::DISCARD_BYTES_MAX };
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
