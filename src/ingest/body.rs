//! Reads a request body as it comes: within the cap, the budget and the time. Announced lengths only ever refuse early.
//! Knows neither encoding nor transport.

use super::{Ingest, Refusal, admit::Held};
use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;
use std::pin::pin;
use tokio::time::timeout;

/// Reads a whole body of at most `limit` bytes.
///
/// # Errors
/// When it is too large, too slow, cut off, or too much is in flight.
pub async fn read<B>(ingest: &Ingest, body: B, limit: usize) -> Result<Held, Refusal>
where
    B: Body<Data = Bytes>,
{
    if body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
        return Err(Refusal::TooLarge { limit });
    }
    let mut held = Held::new(ingest.budget.share());
    let all = async {
        let mut body = pin!(body);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Refusal::Cut)?;
            if let Some(data) = frame.data_ref() {
                held.extend(data, limit)?;
            }
        }
        Ok::<(), Refusal>(())
    };
    timeout(ingest.body_time_max, all).await.map_err(|_| Refusal::Slow)??;
    Ok(held)
}
