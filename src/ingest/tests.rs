use super::{
    Ingest, Refusal, Signal,
    admit::{Budget, Held, Share, Sizes},
    body, grpc, http,
    inflate::{Encoding, inflate},
    stats::Stats,
};
use crate::auth::senders::told::Told;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pointsman_core::state::room::Room;
use std::{
    collections::VecDeque,
    io::{self, Write},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

const LIMIT: usize = 8 << 20;

/// A budget of so many bytes in flight, over a heap that is never full.
fn budget(flight: usize) -> Arc<Budget> {
    Budget::new(Sizes { heap: usize::MAX >> 1, flight }, || 0, 0)
}

fn held(bytes: &[u8], budget: &Arc<Budget>) -> Held {
    Held::made(budget.share(), bytes.len(), || Ok::<_, Refusal>(bytes.to_vec())).expect("it fits")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("gzip works")
}

fn zstd_of_window(bytes: &[u8], log: u32) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).expect("zstd works");
    encoder.window_log(log).expect("a window");
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("zstd works")
}

/// What inflating comes to, in a word.
fn outcome(encoding: Encoding, body: &[u8]) -> String {
    let budget = budget(usize::MAX >> 1);
    let result = inflate(encoding, &held(body, &budget), LIMIT);
    let text = match &result {
        Ok(out) => format!("{} bytes", out.len()),
        Err(refusal) => refusal.code().to_owned(),
    };
    drop(result);
    assert_eq!(budget.bytes(), 0, "everything is given back");
    text
}

/// Scenario: a budget is paused while a body is in flight, and taken up again.
/// Guarantees: nothing more is taken meanwhile, with the answer of an overload; what was taken is given back as ever.
#[test]
fn a_paused_budget_takes_nothing() {
    let budget = budget(100);
    let mut share = budget.share();
    assert!(share.grow(10, 10).is_ok());
    budget.pause(true);
    assert!(matches!(share.grow(1, 1), Err(Refusal::Overload { .. })));
    assert!(budget.admit(1).is_err());
    assert_eq!((budget.bytes(), budget.refused()), (10, 2));
    budget.pause(false);
    assert!(share.grow(1, 1).is_ok());
    drop(share);
    assert_eq!(budget.bytes(), 0);
}

/// Scenario: many bodies announce, or by their kind let expect, a sixty-fourth of what all may have; each sends a tenth, then the
/// rest; others send nothing, or begin and stop.
/// Guarantees: only as many go on as can end, and each of them can, whatever comes meanwhile; who sends nothing keeps nobody
/// out, whatever it announces, and who begins and stops only until it is given up.
#[test]
fn who_begins_can_end() {
    const BODY: usize = 64_000;
    let budget = budget(64 * BODY);
    let silent: Vec<Share> = (0..1_000).map(|_| budget.admit(64 * BODY).expect("words alone take nothing")).collect();
    let step = |share: &mut Share, came: usize| {
        share.grow(BODY / 10, BODY / 10).expect("it was let in");
        share.came(came);
    };
    let begin = |announced| {
        let begun = || {
            let mut share = budget.admit(announced).ok()?;
            step(&mut share, BODY / 10);
            Some(share)
        };
        std::iter::from_fn(begun).collect::<Vec<_>>()
    };
    let mut begun = begin(BODY);
    assert_eq!(begun.len(), 48);
    for tenths in 2..=10 {
        begun.iter_mut().for_each(|share| step(share, tenths * BODY / 10));
        assert!(budget.admit(BODY).is_err(), "what is kept free is taken");
        let all = budget.bytes() + budget.expected.load(Ordering::SeqCst);
        assert_eq!(all, 48 * BODY, "what was taken is not kept as well");
    }
    drop((begun, silent));
    let mut stopped = begin(BODY);
    assert_eq!(stopped.len(), 48);
    stopped.iter_mut().for_each(Share::expects_no_more);
    assert_eq!(begin(BODY).len(), 43, "they have a tenth each");
    drop(stopped);
    (0..100).for_each(|_| budget.took(BODY / 4));
    let many = std::iter::from_fn(|| {
        let mut share = budget.admit(0).ok()?;
        share.grow(BODY / 4, BODY / 4).ok()?;
        share.came(BODY / 4);
        Some(share)
    });
    let many = many.collect::<Vec<_>>().len();
    assert!((185..=192).contains(&many), "who announces nothing counts as a body usually comes to: {many}");
    (0..100).for_each(|_| budget.took(0));
    assert!(budget.admit(0).is_ok() && budget.bytes() == 0);
}

/// Scenario: bodies of each encoding: good, damaged, cut, followed by more, too large, growing too much.
/// Guarantees: only a single whole stream within every cap is taken; caps hold while inflating.
#[test]
fn inflating_stays_within_every_cap() {
    // Digits of a multiplicative sequence: they hardly compress, so the ratio plays no part.
    let noise: Vec<u8> = (0..3_u64 << 20).map(|i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56) as u8).collect();
    let long = vec![0_u8; 64 << 20];
    let rows: [(&str, Encoding, Vec<u8>); 15] = [
        ("3 bytes", Encoding::Identity, b"abc".to_vec()),
        ("3145728 bytes", Encoding::Gzip, gzip(&noise)),
        ("3145728 bytes", Encoding::Zstd, zstd_of_window(&noise, 23)),
        ("corrupt", Encoding::Zstd, zstd_of_window(&noise, 24)),
        ("0 bytes", Encoding::Gzip, gzip(b"")),
        ("corrupt", Encoding::Gzip, Vec::new()),
        ("corrupt", Encoding::Gzip, gzip(&noise)[..1000].to_vec()),
        ("corrupt", Encoding::Zstd, zstd_of_window(&noise, 20)[..1000].to_vec()),
        ("corrupt", Encoding::Gzip, [gzip(b"a"), gzip(b"b")].concat()),
        ("corrupt", Encoding::Zstd, [zstd_of_window(b"a", 20), zstd_of_window(b"b", 20)].concat()),
        ("1048576 bytes", Encoding::Gzip, gzip(&long[..1 << 20])),
        ("bomb", Encoding::Gzip, gzip(&long[..(1 << 20) + 1])),
        ("bomb", Encoding::Zstd, zstd_of_window(&long[..4 << 20], 20)),
        ("too_large", Encoding::Gzip, gzip(&[noise.as_slice(), &noise, &noise].concat())),
        ("too_large", Encoding::Identity, vec![0; LIMIT + 1]),
    ];
    for (i, (expected, encoding, body)) in rows.iter().enumerate() {
        assert_eq!(outcome(*encoding, body), *expected, "row {i}, {encoding:?}, {} bytes", body.len());
    }
}

/// Scenario: bodies share a budget; one does not fit.
/// Guarantees: it is refused as our fault, the others stay, and what ends gives its part back.
#[test]
fn the_budget_is_shared_and_given_back() {
    let budget = budget(100);
    let first = held(&[0; 60], &budget);
    let mut second = Held::new(budget.share());
    second.extend(&[0; 40], 1000).expect("it just fits");
    let refused = second.extend(&[0; 1], 1000).expect_err("it does not fit");
    assert!(matches!(refused, Refusal::Overload { .. }), "{refused}");
    assert_eq!((budget.bytes(), budget.refused(), second.len()), (100, 1, 40));
    drop(first);
    second.extend(&[0; 60], 1000).expect("there is room again");
    drop(second);
    assert_eq!(budget.bytes(), 0);
}

/// What the heap of the next test holds.
static HEAP: AtomicUsize = AtomicUsize::new(0);

/// Scenario: threads take memory at random, for bodies and for what is new, hold it for a while and give it back; what a
/// promise is for is allocated while it holds.
/// Guarantees: the heap never holds more than it may, whatever comes between; nothing stays promised or in flight; what is
/// new leaves bodies their share.
#[test]
fn no_interleaving_leads_beyond_the_heap() {
    const MAX: usize = 1_000_000;
    let budget = Budget::new(Sizes { heap: MAX, flight: MAX / 4 }, || HEAP.load(Ordering::SeqCst), 7);
    let peak = AtomicUsize::new(0);
    let allocate = |bytes: usize| {
        let held = HEAP.fetch_add(bytes, Ordering::SeqCst) + bytes;
        peak.fetch_max(held, Ordering::SeqCst);
    };
    std::thread::scope(|scope| {
        for thread in 0..8_usize {
            let (budget, allocate) = (&budget, &allocate);
            scope.spawn(move || {
                let mut random = thread + 1;
                let mut new = Vec::new();
                for _ in 0..20_000 {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let bytes = (random >> 40) % 50_000;
                    if thread % 2 == 0 {
                        let mut share = budget.share();
                        if let Ok(promise) = share.grow(bytes, bytes) {
                            allocate(bytes);
                            drop(promise);
                            drop(share); // as a body does: its account first, then its bytes
                            HEAP.fetch_sub(bytes, Ordering::SeqCst);
                        }
                    } else if budget.take(bytes) {
                        allocate(bytes);
                        budget.give_back(bytes);
                        new.push(bytes);
                    } else {
                        new.drain(..).for_each(|bytes| {
                            HEAP.fetch_sub(bytes, Ordering::SeqCst);
                        });
                    }
                }
                new.into_iter().for_each(|bytes| {
                    HEAP.fetch_sub(bytes, Ordering::SeqCst);
                });
            });
        }
    });
    let peak = peak.load(Ordering::SeqCst);
    assert!(peak <= MAX && peak > MAX / 2, "{peak}");
    assert_eq!((budget.bytes(), HEAP.load(Ordering::SeqCst)), (0, 0));
    assert!(budget.take(MAX / 4 * 3) && !budget.take(1), "nothing stays promised, and what is new has three quarters");
    let mut share = budget.share();
    assert!(share.grow(MAX / 8, MAX / 8).is_ok(), "bodies have their share beside it");
}

/// Scenario: names of encodings as senders write them.
/// Guarantees: ours in any case, one only.
#[test]
fn encodings_are_read_in_any_case() {
    let of = |value: &str| Encoding::parse(Some(value.as_bytes())).ok();
    assert_eq!(Encoding::parse(None).ok(), Some(Encoding::Identity));
    assert_eq!(["", "identity", "IDENTITY"].map(of), [Some(Encoding::Identity); 3]);
    assert_eq!(["gzip", " GZip "].map(of), [Some(Encoding::Gzip); 2]);
    assert_eq!(of("zstd"), Some(Encoding::Zstd));
    assert_eq!(["br", "deflate", "snappy", "gzip, gzip", "gzip,identity"].map(of), [None; 5]);
}

/// A body of these frames; an error breaks it, and when they run out it ends or stalls.
struct Frames {
    frames: VecDeque<io::Result<Bytes>>,
    announced: u64,
    stalls: bool,
}

impl Body for Frames {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.frames.pop_front() {
            Some(frame) => Poll::Ready(Some(frame.map(Frame::data))),
            None if self.stalls => Poll::Pending,
            None => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(self.announced);
        hint
    }
}

async fn arrives(frames: Vec<io::Result<&'static [u8]>>, announced: u64, stalls: bool) -> String {
    let budget = budget(100);
    let ingest = Ingest {
        metrics: Arc::new(|_, _| unreachable!("nothing is applied here")),
        traces: Arc::new(|_, _| unreachable!("nothing is applied here")),
        exported: Arc::new(|_, _, _| unreachable!("nobody says so here")),
        budget: Arc::clone(&budget),
        body_bytes_max: 10,
        body_time_max: Duration::from_millis(30),
        stats: Stats::default(),
        paced: None,
        told: Told::default(),
    };
    let frames = frames.into_iter().map(|frame| frame.map(Bytes::from_static)).collect();
    let read = body::read(&ingest, Frames { frames, announced, stalls }, (10, false)).await;
    let text = match &read {
        Ok(held) => format!("{} bytes", held.len()),
        Err(refusal) => refusal.code().to_owned(),
    };
    drop(read);
    assert_eq!(budget.bytes(), 0, "everything is given back");
    text
}

/// Scenario: bodies that arrive whole, in pieces, too large, broken, or never to their end.
/// Guarantees: only a whole body within the limit is taken; a length that is only announced refuses, and reserves nothing.
#[tokio::test]
async fn bodies_are_read_within_size_and_time() {
    let broken = || Err(io::Error::other("reset"));
    assert_eq!(arrives(vec![], 0, false).await, "0 bytes");
    assert_eq!(arrives(vec![Ok(b"12345"), Ok(b"67890")], 10, false).await, "10 bytes");
    assert_eq!(arrives(vec![Ok(b"12345"), Ok(b"678901")], 0, false).await, "too_large");
    assert_eq!(arrives(vec![], u64::MAX, false).await, "too_large");
    assert_eq!(arrives(vec![Ok(b"12345"), broken()], 10, false).await, "cut");
    assert_eq!(arrives(vec![Ok(b"12345")], 10, true).await, "slow");
}

/// Scenario: requests of either signal and transport, and of something else, take us too long.
/// Guarantees: each of a signal is counted as refused, by what it was; whoever sent it may come again.
#[test]
fn what_took_us_too_long_is_counted() {
    let ingest = Ingest {
        metrics: Arc::new(|_, _| unreachable!("nothing is applied here")),
        traces: Arc::new(|_, _| unreachable!("nothing is applied here")),
        exported: Arc::new(|_, _, _| unreachable!("nobody says so here")),
        budget: budget(100),
        body_bytes_max: 10,
        body_time_max: Duration::from_millis(30),
        stats: Stats::default(),
        paced: None,
        told: Told::default(),
    };
    for path in ["/v1/metrics", "/v1/traces", "/v1/metrics", "/metrics"] {
        let answer = http::on_late(&ingest, path);
        assert_eq!(answer.status(), 503);
        assert!(answer.headers().contains_key("retry-after"));
    }
    for service in [grpc::METRICS_SERVICE, grpc::TRACES_SERVICE, "grpc.health.v1.Health"] {
        let answer = grpc::on_late(&ingest, &format!("/{service}/Export"));
        assert_eq!(answer.headers().get("grpc-status").map(|status| status.as_bytes()), Some(b"14".as_slice()));
    }
    let refused = |signal| ingest.stats.taken(signal).refused.get(Refusal::Late.code()).copied();
    assert_eq!((refused(Signal::Metrics), refused(Signal::Traces)), (Some(3), Some(2)));
}
