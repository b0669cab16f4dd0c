use super::{
    super::{drain, tasks::Tasks},
    Answers, House, age,
    guarded::{Activity, Guarded, Patience},
    serve,
};
use axum::{Router, routing::any};
use std::{
    io::ErrorKind,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    sync::Semaphore,
    time::{Instant, sleep},
};

const PATIENCE: Patience =
    Patience { head: Duration::from_millis(60), write: Duration::from_millis(80), idle: Duration::from_millis(200) };

fn connection() -> (DuplexStream, Guarded<DuplexStream>, Arc<Activity>) {
    let (peer, ours) = duplex(64);
    let activity = Arc::new(Activity::default());
    (peer, Guarded::with(ours, Arc::clone(&activity), PATIENCE), activity)
}

/// Scenario: a peer says nothing, or the beginning of a head, a byte at a time.
/// Guarantees: it is given up after the time for a head, not after the idle time.
#[tokio::test]
async fn a_head_that_does_not_end_is_given_up() {
    for says in [b"".as_slice(), b"GET / HTTP/1.1\r\nx: ", b"PRI * H"] {
        let (mut peer, mut ours, _activity) = connection();
        let slow = async {
            for byte in says {
                peer.write_all(&[*byte]).await.expect("room for it");
                sleep(Duration::from_millis(3)).await;
            }
            std::future::pending::<()>().await;
        };
        let (began, mut seen) = (Instant::now(), Vec::new());
        let error = tokio::select! {
            () = slow => unreachable!("it never ends"),
            read = ours.read_to_end(&mut seen) => read.expect_err("too slow"),
        };
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(began.elapsed() >= PATIENCE.head && began.elapsed() < PATIENCE.idle, "given up after {:?}", began.elapsed());
    }
}

/// Scenario: requests come with pauses longer than a head may take; a body takes longer than that too; then comes the
/// beginning of a head and no more.
/// Guarantees: neither pause nor body counts as a slow head; the last head does.
#[tokio::test]
async fn pauses_and_bodies_are_no_slow_heads() {
    let (mut peer, mut ours, activity) = connection();
    let mut buf = [0; 64];
    for _ in 0..3 {
        peer.write_all(b"GET / HTTP/1.1\r\n\r\n").await.expect("room for it");
        assert_eq!(ours.read(&mut buf).await.expect("a head"), 18);
        let handling = activity.begin();
        let body = async {
            sleep(PATIENCE.head * 2).await;
            peer.write_all(b"body").await.expect("room for it");
        };
        let (read, ()) = tokio::join!(ours.read(&mut buf), body);
        assert_eq!(read.expect("a slow body is not the head's affair"), 4);
        drop(handling);
        let pause = tokio::time::timeout(PATIENCE.head * 2, ours.read(&mut buf)).await;
        assert!(pause.is_err(), "nothing comes, and nothing breaks");
    }
    peer.write_all(b"GET").await.expect("room for it");
    assert_eq!(ours.read(&mut buf).await.expect("the beginning of a head"), 3);
    let began = Instant::now();
    let error = ours.read(&mut buf).await.expect_err("too slow");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(began.elapsed() < PATIENCE.idle, "given up after {:?}", began.elapsed());
}

/// Scenario: an HTTP/2 peer speaks more often than it must, then falls silent.
/// Guarantees: it stays while it speaks, and is given up no sooner than an idle time later.
#[tokio::test]
async fn a_silent_peer_is_given_up() {
    let (mut peer, mut ours, _activity) = connection();
    let speaker = async {
        for _ in 0..5 {
            peer.write_all(b"PRI * HTTP/2.0\r\n\r\nS").await.expect("room for it");
            sleep(PATIENCE.head).await;
        }
        std::future::pending::<()>().await;
    };
    let (began, mut seen) = (Instant::now(), Vec::new());
    let error = tokio::select! {
        () = speaker => unreachable!("it never ends"),
        read = ours.read_to_end(&mut seen) => read.expect_err("too quiet"),
    };
    assert_eq!((error.kind(), seen.len()), (ErrorKind::TimedOut, 95), "heard to its last word");
    assert!(began.elapsed() >= PATIENCE.head * 4 + PATIENCE.idle, "given up after {:?}", began.elapsed());
}

/// Scenario: a peer asks and never reads the answer.
/// Guarantees: our write ends with an error after the time for it.
#[tokio::test]
async fn a_peer_that_does_not_read_is_given_up() {
    let (_peer, mut ours, _activity) = connection();
    let began = Instant::now();
    let error = ours.write_all(&[0; 1000]).await.expect_err("nobody reads");
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert!(began.elapsed() >= PATIENCE.write, "given up after {:?}", began.elapsed());
}

fn house() -> (House, drain::Stopper) {
    let (stopper, stop) = drain::pair();
    let house = House {
        tasks: Tasks::default(),
        permits: Arc::new(Semaphore::new(1)),
        stop,
        panics: AtomicU64::new(0),
        jitter: AtomicU64::new(7),
    };
    (house, stopper)
}

/// Scenario: on one connection a request panics at once, a good one follows, one panics after its first wait, a good one
/// follows.
/// Guarantees: those that panic are answered with 500 and counted, the others do not notice.
#[tokio::test]
async fn t40_a_panic_ends_its_request_alone() {
    let later = || async {
        sleep(Duration::from_millis(1)).await;
        panic!("later");
    };
    let router = Router::new()
        .route("/now", any(|| async { panic!("now") as &str }))
        .route(
            "/later",
            any(move || async move {
                if true {
                    later().await
                }
            }),
        )
        .route("/good", any(|| async { "good" }));
    let (house, _stopper) = house();
    let house = Arc::new(house);
    let (mut peer, ours) = duplex(4096);
    let denied = Arc::new(|_| Router::new()); // nobody is: the connection is plain
    let answers = Answers { router, denied, on_panic: crate::ingest::http::on_panic };
    let serving = serve(ours, answers, Arc::clone(&house));
    let asking = async {
        for (path, close) in [("now", ""), ("good", ""), ("later", ""), ("good", "connection: close\r\n")] {
            let head = format!("GET /{path} HTTP/1.1\r\nhost: x\r\n{close}\r\n");
            peer.write_all(head.as_bytes()).await.expect("room for it");
        }
        let mut all = Vec::new();
        peer.read_to_end(&mut all).await.expect("answers to the end");
        String::from_utf8(all).expect("text")
    };
    let ((), all) = tokio::join!(serving, asking);
    let statuses: Vec<&str> = all.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)).collect();
    assert_eq!(statuses, ["500", "200", "500", "200"], "{all}");
    assert_eq!(house.panics.load(Ordering::Relaxed), 2);
}

/// Scenario: a thousand connections begin.
/// Guarantees: each is asked to end after ten minutes, a tenth more or less, and not all at one moment (RG-13).
#[test]
fn connections_end_after_ten_minutes_not_all_at_once() {
    let (house, _stopper) = house();
    let ages: Vec<u64> = (0..1_000).map(|_| age(&house).as_secs()).collect();
    assert!(ages.iter().all(|age| (540..660).contains(age)), "{ages:?}");
    for quarter in 0..4 {
        let from = 540 + quarter * 30;
        let share = ages.iter().filter(|age| (from..from + 30).contains(*age)).count();
        assert!((200..300).contains(&share), "{share} of 1000 end between {from} s and {} s", from + 30);
    }
}
