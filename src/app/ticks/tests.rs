//! News that keeps coming is waited out, and not for ever.

use super::rest;
use pointsman_core::limits::{SYNC_CATALOGUE_MS_MAX, SYNC_SETTLE_MS};
use std::time::Duration;
use tokio::{
    sync::Notify,
    time::{Instant, sleep},
};

/// Scenario: news comes for as long as each row says, 100 ms apart. Guarantees: the work begins when it has been quiet for a moment, and at
/// the latest when it was put off for long enough.
#[tokio::test(start_paused = true)]
async fn news_comes_to_rest_before_work_begins() {
    let rows = [(0, SYNC_SETTLE_MS), (500, 500 + SYNC_SETTLE_MS), (60_000, SYNC_CATALOGUE_MS_MAX)];
    for (lasts, expected) in rows {
        let (told, begin) = (Notify::new(), Instant::now());
        let telling = async {
            for _ in 0..lasts / 100 {
                sleep(Duration::from_millis(100)).await;
                told.notify_one();
            }
        };
        let resting = async {
            rest(&told).await;
            begin.elapsed().as_millis()
        };
        let ((), took) = tokio::join!(telling, resting);
        assert!(took.abs_diff(u128::from(expected)) <= 5, "news for {lasts} ms: {took} ms");
    }
}
