use super::{
    Done, HasRoom, Now, Open, Outcome, Scraped,
    body::{Parts, ScrapeBody},
    share::{Reader, Shares, Wanted},
};
use bytes::Bytes;
use http_body_util::BodyExt;
use parking_lot::Mutex;
use pointsman_core::{
    expose::negotiate::{Encoding, Negotiated},
    limits::{SCRAPE_JOIN_MS_MAX, SCRAPE_KEPT_BYTES_MAX, SCRAPES_JOINED_MAX, WRITE_STALL_MS_MAX},
    model::clock::Mono,
};
use std::{
    io,
    panic::AssertUnwindSafe,
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
    /// How often from now on there is no room in memory.
    refusals: Arc<AtomicU64>,
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
        let (refusals, clock) = (Arc::new(AtomicU64::new(0)), Arc::clone(&seconds));
        let left = Arc::clone(&refusals);
        let now: Now = Arc::new(move || Mono::from_secs(clock.load(Ordering::Relaxed)));
        let has_room: HasRoom =
            Arc::new(move |_| left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err());
        Self { shares: Shares::new((open, now, has_room), renderings_max), opened, seconds, refusals, ended: Arc::default() }
    }

    fn parts(&self, encoding: Encoding, patience: Option<Duration>) -> Option<Parts> {
        let agreed = Negotiated { encoding, ..Negotiated::default() };
        let (clock, ended) = (Arc::clone(&self.seconds), Arc::clone(&self.ended));
        let now: Now = Arc::new(move || Mono::from_secs(clock.load(Ordering::Relaxed)));
        let done: Done = Arc::new(move |scraped| ended.lock().push(*scraped));
        let patience = patience.unwrap_or(Duration::from_secs(3_600));
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

/// Scenario: as many scrapers as may read at once take the first chunk and no more; then another asks, and one of them wakes.
/// Guarantees: for a while it is refused; then one of them is given up for it, it reads all, and the others may read on. Who
/// reads now and then is not given up.
#[tokio::test(start_paused = true)]
async fn a_body_that_nobody_takes_from_gives_way() {
    let scene = Scene::new(8, 10, 0);
    let mut stalled = Vec::new();
    for _ in 0..8 {
        let mut body = scene.begin(Encoding::Identity, None).await.expect("in time");
        assert!(frame(&mut body).await.is_some_and(|frame| frame.is_ok()));
        stalled.push(body);
    }
    assert!(scene.parts(Encoding::Identity, None).is_none());
    scene.seconds.fetch_add(WRITE_STALL_MS_MAX / 1_000, Ordering::Relaxed);
    assert!(frame(&mut stalled[0]).await.is_some_and(|frame| frame.is_ok()), "it woke in time");
    let good = scene.begin(Encoding::Identity, None).await.expect("in time");
    assert!(text_of(good).await.ends_with(
        "line 9
"
    ));
    let mut outcomes = Vec::new();
    for body in stalled {
        outcomes.push(body.collect().await.map_err(|error| error.to_string()).map(|_| ()));
    }
    let broken: Vec<usize> = (0..8).filter(|at| outcomes[*at].is_err()).collect();
    assert!(broken.len() == 1 && broken != [0], "{outcomes:?}");
    assert_eq!(scene.ended.lock().iter().filter(|scraped| scraped.outcome == Outcome::Broken).count(), 1);
}

/// Scenario: two share a body whose second chunk panics as it is made.
/// Guarantees: who comes second does not read on behind the hole, and its body does not end short either.
#[test]
fn a_panic_breaks_the_body_for_all() {
    let open: Open = Arc::new(|_, _| {
        let mut line = 0;
        Box::new(move |out| {
            line += 1;
            assert_ne!(line, 2, "a defect");
            out.extend_from_slice(b"line\n");
            true
        })
    });
    let shares = Shares::new((open, Arc::new(|| Mono(1)), Arc::new(|_| true)), 1);
    let mut readers: Vec<Reader> =
        (0..2).filter_map(|_| shares.join(Wanted { agreed: Negotiated::default(), names: Vec::new() })).collect();
    assert!(readers[0].take().is_some_and(|piece| piece.is_ok()));
    std::panic::catch_unwind(AssertUnwindSafe(|| readers[0].take())).expect_err("it panics");
    let piece = readers[1].take().expect("nobody renders").expect("it was kept");
    assert!(!piece.bytes.is_empty() && !piece.is_last);
    for reader in &mut readers {
        reader.take().expect("nobody renders").expect_err("it is broken");
    }
}

/// Scenario: two share a body, and to open it panics. Guarantees: the second's is no empty one.
#[test]
fn a_panic_as_a_body_is_opened_breaks_it_too() {
    let open: Open = Arc::new(|_, _| panic!("a defect"));
    let shares = Shares::new((open, Arc::new(|| Mono(1)), Arc::new(|_| true)), 1);
    let mut readers: Vec<Reader> =
        (0..2).filter_map(|_| shares.join(Wanted { agreed: Negotiated::default(), names: Vec::new() })).collect();
    std::panic::catch_unwind(AssertUnwindSafe(|| readers[0].take())).expect_err("it panics");
    readers[1].take().expect("nobody renders").expect_err("it is broken");
}

/// Scenario: two share a body, one is behind, and memory runs out: a little, then altogether.
/// Guarantees: what was kept for the one behind goes first, and the other reads on; then its body breaks, and nobody begins one.
#[tokio::test(start_paused = true)]
async fn bodies_end_when_memory_does() {
    let scene = Scene::new(2, 10, 0);
    let parts: Vec<Parts> = (0..2).filter_map(|_| scene.parts(Encoding::Identity, None)).collect();
    let mut bodies = Vec::new();
    for parts in parts {
        bodies.push(ScrapeBody::begin(parts).await.expect("compressing works").expect("in time"));
    }
    let (mut slow, mut fast) = (bodies.remove(0), bodies.remove(0));
    for _ in 0..4 {
        assert!(frame(&mut fast).await.is_some_and(|frame| frame.is_ok()));
    }
    scene.refusals.store(2, Ordering::Relaxed);
    assert!(frame(&mut fast).await.is_some_and(|frame| frame.is_ok()));
    assert!(frame(&mut slow).await.is_some_and(|frame| frame.is_ok()), "it had that already");
    let error = frame(&mut slow).await.expect("it does not end short").expect_err("what it needed is gone");
    assert!(error.to_string().contains("too far behind"), "{error}");
    scene.refusals.store(u64::MAX, Ordering::Relaxed);
    let error = frame(&mut fast).await.expect("it does not end short").expect_err("it breaks");
    assert!(error.to_string().contains("no memory"), "{error}");
    assert!(scene.parts(Encoding::Gzip, None).is_none());
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
