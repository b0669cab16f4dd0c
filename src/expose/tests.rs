use super::{
    Done, Now, Open, Outcome, Scraped,
    body::{Parts, ScrapeBody},
    share::{Shares, Wanted},
};
use bytes::Bytes;
use http_body_util::BodyExt;
use parking_lot::Mutex;
use pointsman_core::{
    expose::negotiate::{Encoding, Negotiated},
    limits::{SCRAPE_JOIN_MS_MAX, SCRAPE_KEPT_BYTES_MAX, SCRAPES_JOINED_MAX},
    model::clock::Mono,
};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

/// Bodies of some lines, a chunk each, which say how many bodies were opened before; every chunk takes a second of the clock
/// that is passed in.
struct Scene {
    shares: Shares,
    opened: Arc<AtomicU64>,
    seconds: Arc<AtomicU64>,
    ended: Arc<Mutex<Vec<Scraped>>>,
}

impl Scene {
    fn new(renderings_max: usize, lines: u64, line_bytes: usize) -> Self {
        let (opened, seconds) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (count, clock) = (Arc::clone(&opened), Arc::clone(&seconds));
        let open: Open = Arc::new(move |_, _| {
            let (nth, clock, mut line) = (count.fetch_add(1, Ordering::Relaxed), Arc::clone(&clock), 0);
            Box::new(move |out| {
                clock.fetch_add(1, Ordering::Relaxed);
                out.extend_from_slice(format!("body {nth} line {line}{}\n", " ".repeat(line_bytes)).as_bytes());
                line += 1;
                line < lines
            })
        });
        Self { shares: Shares::new(open, renderings_max), opened, seconds, ended: Arc::default() }
    }

    fn parts(&self, encoding: Encoding, patience: Option<Duration>) -> Option<Parts> {
        let agreed = Negotiated { encoding, ..Negotiated::default() };
        let (clock, ended) = (Arc::clone(&self.seconds), Arc::clone(&self.ended));
        let now: Now = Arc::new(move || Mono::from_secs(clock.load(Ordering::Relaxed)));
        let done: Done = Arc::new(move |scraped| ended.lock().push(*scraped));
        Some(Parts { reader: self.shares.join(Wanted { agreed, names: Vec::new() })?, patience, now, done })
    }

    async fn begin(&self, encoding: Encoding, patience: Option<Duration>) -> Option<ScrapeBody> {
        let parts = self.parts(encoding, patience).expect("there is room");
        ScrapeBody::begin(parts).await.expect("compressing works")
    }

    fn outcome(&self) -> (Outcome, u64) {
        let ended = self.ended.lock();
        assert_eq!(ended.len(), 1, "each scrape ends once");
        (ended[0].outcome, ended[0].duration.as_secs())
    }

    fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }
}

async fn text_of(body: ScrapeBody) -> String {
    let bytes = body.collect().await.expect("nothing breaks").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("text")
}

async fn frame(body: &mut ScrapeBody) -> Option<io::Result<Bytes>> {
    let frame = body.frame().await?;
    Some(frame.map(|frame| frame.into_data().expect("a body without trailers")))
}

/// Scenario: scrapes in each encoding, read to the end.
/// Guarantees: every line arrives, in order; the scrape counts as complete, with its size.
#[tokio::test]
async fn a_whole_body_arrives() {
    for encoding in [Encoding::Identity, Encoding::Gzip, Encoding::Zstd] {
        let scene = Scene::new(1, 10, 0);
        let body = scene.begin(encoding, None).await.expect("in time");
        let bytes = body.collect().await.expect("nothing breaks").to_bytes();
        let text = match encoding {
            Encoding::Identity => bytes.to_vec(),
            Encoding::Gzip => {
                let mut text = Vec::new();
                io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*bytes), &mut text).expect("one whole stream");
                text
            }
            Encoding::Zstd => zstd::decode_all(&*bytes).expect("one whole frame"),
        };
        assert_eq!(String::from_utf8_lossy(&text).lines().count(), 10, "{encoding:?}");
        assert!(text.starts_with(b"body 0 line 0\n") && text.ends_with(b"body 0 line 9\n"));
        assert_eq!(scene.outcome(), (Outcome::Complete, 10));
        assert_eq!(scene.ended.lock()[0].bytes, u64::try_from(bytes.len()).expect("short"));
        assert!(scene.parts(encoding, None).is_some(), "its place is free again");
    }
}

/// Scenario: the scraper waits less than the first chunk takes, or less than the body takes.
/// Guarantees: before the first byte there is no body at all; after it the body breaks, never ends short (HN-13).
#[tokio::test]
async fn a_late_body_breaks() {
    let scene = Scene::new(1, 10, 0);
    assert!(scene.begin(Encoding::Identity, Some(Duration::from_millis(500))).await.is_none());
    assert_eq!(scene.outcome(), (Outcome::TooLate, 1));
    let scene = Scene::new(1, 10, 0);
    let body = scene.begin(Encoding::Identity, Some(Duration::from_secs(5))).await.expect("the first chunk is in time");
    let error = body.collect().await.expect_err("the body breaks");
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(scene.outcome(), (Outcome::TooLate, 6));
}

/// Scenario: the scraper goes away after the first chunk.
/// Guarantees: the scrape counts as cancelled, never as complete, and its place is free again.
#[tokio::test]
async fn a_body_that_is_dropped_is_cancelled() {
    let scene = Scene::new(1, 10, 0);
    let mut body = scene.begin(Encoding::Identity, None).await.expect("in time");
    assert!(frame(&mut body).await.is_some_and(|frame| frame.is_ok()));
    assert!(scene.parts(Encoding::Gzip, None).is_none(), "one at a time");
    drop(body);
    assert_eq!(scene.outcome().0, Outcome::Cancelled);
    assert!(scene.parts(Encoding::Gzip, None).is_some());
}

/// Scenario: a thousand scrapers ask while a body is on its way, which then ends.
/// Guarantees: they share one rendering, which begins after they asked; all get the same whole body, compressed once (T33).
#[tokio::test(start_paused = true)]
async fn scrapes_that_wait_share_one_rendering() {
    for encoding in [Encoding::Identity, Encoding::Gzip] {
        let scene = Arc::new(Scene::new(2, 10, 100));
        let first = scene.begin(encoding, None).await.expect("in time");
        let parts: Vec<Parts> = (0..1_000).map(|_| scene.parts(encoding, None).expect("there is room")).collect();
        assert_eq!(scene.opened(), 1);
        let others = parts.into_iter().map(|parts| async {
            let body = ScrapeBody::begin(parts).await.expect("compressing works").expect("in time");
            body.collect().await.expect("nothing breaks").to_bytes()
        });
        let collected = async { first.collect().await.expect("nothing breaks").to_bytes() };
        let (first, others) = tokio::join!(collected, futures_util::future::join_all(others));
        assert!(others.iter().all(|body| *body == others[0] && *body != first));
        assert_eq!((scene.opened(), scene.seconds.load(Ordering::Relaxed)), (2, 20), "twenty chunks were rendered in all");
        assert!(scene.ended.lock().iter().all(|scraped| scraped.outcome == Outcome::Complete));
        assert_eq!(scene.begin(encoding, None).await.map(|_| scene.opened()), Some(3), "who comes later starts anew");
    }
}

/// Scenario: a scraper does not read on, and others ask for the same; one of them waits less than that takes.
/// Guarantees: they wait for half a second, not for it; who waits less is told in time; other formats do not wait at all.
#[tokio::test(start_paused = true)]
async fn nobody_waits_long_for_a_slow_scraper() {
    let scene = Scene::new(3, 10, 0);
    let _slow = scene.begin(Encoding::Identity, None).await.expect("in time");
    let began = tokio::time::Instant::now();
    assert!(scene.begin(Encoding::Gzip, None).await.is_some());
    assert_eq!(began.elapsed(), Duration::ZERO);
    let second = scene.parts(Encoding::Identity, None).expect("there is room");
    let hasty = scene.parts(Encoding::Identity, Some(Duration::from_nanos(1))).expect("it joins the second");
    let (second, hasty) = tokio::join!(ScrapeBody::begin(second), ScrapeBody::begin(hasty));
    assert!(hasty.expect("nothing breaks").is_none());
    assert_eq!(began.elapsed(), Duration::from_millis(SCRAPE_JOIN_MS_MAX));
    assert!(text_of(second.expect("nothing breaks").expect("in time")).await.ends_with("line 9\n"));
}

/// Scenario: of three that share a body one stops reading, and one goes away.
/// Guarantees: the third gets all of it; no more than the cap is kept for the one that stopped, which then ends broken.
#[tokio::test(start_paused = true)]
async fn who_falls_too_far_behind_is_given_up() {
    let chunk = SCRAPE_KEPT_BYTES_MAX / 8;
    let scene = Scene::new(2, 40, chunk);
    let before = scene.begin(Encoding::Identity, None).await.expect("in time");
    let parts: Vec<Parts> = (0..3).filter_map(|_| scene.parts(Encoding::Identity, None)).collect();
    drop(before);
    let mut bodies = Vec::new();
    for parts in parts {
        bodies.push(ScrapeBody::begin(parts).await.expect("compressing works").expect("in time"));
    }
    let (mut gone, mut slow, fast) = (bodies.remove(0), bodies.remove(0), bodies.remove(0));
    assert!(frame(&mut gone).await.is_some_and(|frame| frame.is_ok()));
    drop(gone);
    assert!(frame(&mut slow).await.is_some_and(|frame| frame.is_ok()));
    assert_eq!(text_of(fast).await.lines().count(), 40);
    let error = frame(&mut slow).await.expect("it does not end short").expect_err("it breaks");
    assert!(error.to_string().contains("too far behind"), "{error}");
    drop(slow);
    let outcomes: Vec<Outcome> = scene.ended.lock().iter().map(|scraped| scraped.outcome).collect();
    assert_eq!(outcomes, [Outcome::Cancelled, Outcome::Cancelled, Outcome::Complete, Outcome::Broken]);
    assert_eq!(scene.opened(), 2);
}

/// Scenario: two share a body each chunk of which is larger than all that may be kept, and take turns.
/// Guarantees: neither is given up, for neither is more than the newest chunk behind.
#[tokio::test(start_paused = true)]
async fn a_chunk_that_is_too_large_to_keep_reaches_everybody() {
    let scene = Scene::new(1, 4, SCRAPE_KEPT_BYTES_MAX + 1);
    let parts: Vec<Parts> = (0..2).filter_map(|_| scene.parts(Encoding::Identity, None)).collect();
    let mut bodies = Vec::new();
    for parts in parts {
        bodies.push(ScrapeBody::begin(parts).await.expect("compressing works").expect("in time"));
    }
    for turn in 0..4 {
        for body in &mut bodies {
            let bytes = frame(body).await.expect("there is more").expect("nobody is behind");
            assert!(bytes.starts_with(format!("body 0 line {turn}").as_bytes()));
        }
    }
    drop(bodies);
    assert!(scene.ended.lock().iter().all(|scraped| scraped.outcome == Outcome::Complete));
}

/// Scenario: more scrapers wait for one rendering than may; all of them go away before it begins.
/// Guarantees: one too many is refused; nothing was rendered for those that went, and their place is free again.
#[tokio::test(start_paused = true)]
async fn only_so_many_wait() {
    let scene = Scene::new(2, 10, 0);
    let _first = scene.begin(Encoding::Identity, None).await.expect("in time");
    let waiting: Vec<Parts> = (0..SCRAPES_JOINED_MAX).filter_map(|_| scene.parts(Encoding::Identity, None)).collect();
    assert_eq!(waiting.len(), SCRAPES_JOINED_MAX);
    assert!(scene.parts(Encoding::Identity, None).is_none() && scene.parts(Encoding::Gzip, None).is_none());
    drop(waiting);
    assert_eq!(scene.opened(), 1);
    assert!(scene.parts(Encoding::Gzip, None).is_some());
}
