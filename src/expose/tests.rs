use super::{
    Outcome, Scraped,
    body::{Parts, ScrapeBody},
    compress::Compress,
};
use http_body_util::BodyExt;
use parking_lot::Mutex;
use pointsman_core::{expose::negotiate::Encoding, model::clock::Mono};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Semaphore;

/// A scrape of ten lines, a chunk each; every chunk takes a second of the clock that is passed in.
struct Scene {
    permits: Arc<Semaphore>,
    ended: Arc<Mutex<Vec<Scraped>>>,
}

impl Scene {
    fn new() -> Self {
        Self { permits: Arc::new(Semaphore::new(1)), ended: Arc::default() }
    }

    fn begin(&self, encoding: Encoding, patience: Option<Duration>) -> Option<ScrapeBody> {
        let seconds = Arc::new(AtomicU64::new(0));
        let (clock, ended, mut line) = (Arc::clone(&seconds), Arc::clone(&self.ended), 0);
        let parts = Parts {
            next: Box::new(move |out| {
                seconds.fetch_add(1, Ordering::Relaxed);
                out.extend_from_slice(format!("line {line}\n").as_bytes());
                line += 1;
                line < 10
            }),
            compress: Compress::new(encoding).expect("it can be set up"),
            patience,
            now: Arc::new(move || Mono::from_secs(clock.load(Ordering::Relaxed))),
            done: Arc::new(move |scraped| ended.lock().push(*scraped)),
            permit: Arc::clone(&self.permits).try_acquire_owned().expect("nobody else scrapes"),
        };
        ScrapeBody::begin(parts).expect("compressing works")
    }

    fn outcome(&self) -> (Outcome, u64) {
        let ended = self.ended.lock();
        assert_eq!(ended.len(), 1, "each scrape ends once");
        assert_eq!(self.permits.available_permits(), 1, "its permit is given back");
        (ended[0].outcome, ended[0].duration.as_secs())
    }
}

/// Scenario: scrapes in each encoding, read to the end.
/// Guarantees: every line arrives, in order; the scrape counts as complete, with its size.
#[tokio::test]
async fn a_whole_body_arrives() {
    for encoding in [Encoding::Identity, Encoding::Gzip, Encoding::Zstd] {
        let scene = Scene::new();
        let body = scene.begin(encoding, None).expect("in time");
        let bytes = body.collect().await.expect("nothing breaks").to_bytes();
        let text = match encoding {
            Encoding::Identity => bytes.to_vec(),
            Encoding::Gzip => {
                let mut text = Vec::new();
                std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*bytes), &mut text).expect("one whole stream");
                text
            }
            Encoding::Zstd => zstd::decode_all(&*bytes).expect("one whole frame"),
        };
        assert_eq!(String::from_utf8_lossy(&text).lines().count(), 10, "{encoding:?}");
        assert!(text.starts_with(b"line 0\n") && text.ends_with(b"line 9\n"));
        assert_eq!(scene.outcome(), (Outcome::Complete, 10));
        assert_eq!(scene.ended.lock()[0].bytes, u64::try_from(bytes.len()).expect("short"));
    }
}

/// Scenario: the scraper waits less than the first chunk takes, or less than the body takes.
/// Guarantees: before the first byte there is no body at all; after it the body breaks, never ends short (HN-13).
#[tokio::test]
async fn a_late_body_breaks() {
    let scene = Scene::new();
    assert!(scene.begin(Encoding::Identity, Some(Duration::from_millis(500))).is_none());
    assert_eq!(scene.outcome(), (Outcome::TooLate, 1));
    let scene = Scene::new();
    let body = scene.begin(Encoding::Identity, Some(Duration::from_secs(5))).expect("the first chunk is in time");
    let error = body.collect().await.expect_err("the body breaks");
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    assert_eq!(scene.outcome(), (Outcome::TooLate, 6));
}

/// Scenario: the scraper goes away after the first chunk.
/// Guarantees: the scrape counts as cancelled, never as complete.
#[tokio::test]
async fn a_body_that_is_dropped_is_cancelled() {
    let scene = Scene::new();
    let mut body = scene.begin(Encoding::Identity, None).expect("in time");
    assert!(body.frame().await.is_some_and(|frame| frame.is_ok()));
    drop(body);
    assert_eq!(scene.outcome().0, Outcome::Cancelled);
}
