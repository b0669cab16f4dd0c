use super::{
    super::{clock::Clock, drain, tasks::Tasks},
    Answers, Desk, House,
    guarded::{Abort, Activity, Guarded, Patience},
    guests::{Caps, Guest, Guests},
    hits::Limit,
    http::{serve, spread},
};
use axum::{Router, body::Body, response::Response, routing::any};
use futures_util::{FutureExt, StreamExt, stream};
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
    time::{Instant, sleep, timeout},
};

const PATIENCE: Patience = Patience {
    head: Duration::from_millis(60),
    write: Duration::from_millis(80),
    idle: Duration::from_millis(200),
    handler: Duration::from_millis(100),
    age: Duration::from_millis(1_000),
    grace: Duration::from_millis(150),
};

impl Abort for DuplexStream {
    fn abort(&self) {} // nothing of it is with the kernel
}

fn guests(all: usize) -> Arc<Guests> {
    Guests::new(Caps { all, per_address: all, of_loopback: true }, Clock::start().now(), Arc::default())
}

fn guest(guests: &Arc<Guests>) -> Guest {
    guests.let_in([127, 0, 0, 1].into()).expect("room")
}

fn connection() -> (DuplexStream, Guarded<DuplexStream>, Arc<Activity>) {
    let (peer, ours) = duplex(64);
    let activity = Arc::new(Activity::of(guest(&guests(1))));
    (peer, Guarded::new(ours, Arc::clone(&activity), PATIENCE), activity)
}

/// Scenario: a peer says nothing, or the beginning of a head, a byte at a time.
/// Guarantees: it is given up after the time for a head, not after the idle time.
#[tokio::test]
async fn a_head_that_does_not_end_is_given_up() {
    for says in [b"".as_slice(), b"GET / HTTP/1.1\r\nx: ", b"PRI * HTTP/2.0\r\n\r\nS"] {
        let (mut peer, mut ours, activity) = connection();
        let slow = async {
            for byte in says {
                peer.write_all(&[*byte]).await.expect("room for it");
                sleep(Duration::from_millis(2)).await;
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
        assert_eq!(activity.guest().hits().of(Limit::HeadTime), 1);
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
        let pause = timeout(PATIENCE.head * 2, ours.read(&mut buf)).await;
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
/// Guarantees: it stays while it speaks, and is given up no sooner than an idle time later, nor a quarter of it after that.
#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_given_up() {
    let (mut peer, mut ours, activity) = connection();
    let speaker = async {
        for _ in 0..5 {
            peer.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.expect("room for it");
            sleep(PATIENCE.head).await;
        }
        std::future::pending::<()>().await;
    };
    let (began, mut seen) = (Instant::now(), Vec::new());
    let error = tokio::select! {
        () = speaker => unreachable!("it never ends"),
        read = ours.read_to_end(&mut seen) => read.expect_err("too quiet"),
    };
    assert_eq!((error.kind(), seen.len()), (ErrorKind::TimedOut, 120), "heard to its last word");
    let earliest = PATIENCE.head * 4 + PATIENCE.idle;
    let steps = earliest..=earliest + PATIENCE.idle / 4 + Duration::from_millis(5);
    assert!(steps.contains(&began.elapsed()), "given up after {:?}", began.elapsed());
    assert_eq!(activity.guest().hits().of(Limit::IdleTime), 1);
}

/// Scenario: a peer asks and never reads the answer; another reads a byte at a time, ever before the time is over; a third
/// reads slowly, but faster than the least pace.
/// Guarantees: the first write ends with an error after the time for it, the second soon after, both are counted; the third
/// is written to its end.
#[tokio::test(start_paused = true)]
async fn a_peer_that_hardly_reads_is_given_up() {
    let write = |pause: Option<(Duration, usize)>| async move {
        let (mut peer, mut ours, activity) = connection();
        let reader = async {
            let Some((pause, bytes)) = pause else { return std::future::pending::<()>().await };
            loop {
                sleep(pause).await;
                peer.read_exact(&mut vec![0; bytes]).await.expect("there is more");
            }
        };
        let began = Instant::now();
        let kind = tokio::select! {
            () = reader => unreachable!("it never ends"),
            written = ours.write_all(&[0; 4_000]) => written.map_err(|error| error.kind()),
        };
        (kind, began.elapsed(), activity.guest().hits().of(Limit::WriteTime))
    };
    let (kind, took, hits) = write(None).await;
    assert_eq!((kind, hits), (Err(ErrorKind::TimedOut), 1));
    assert!(took >= PATIENCE.write && took < PATIENCE.write * 2, "given up after {took:?}");
    let (kind, took, hits) = write(Some((PATIENCE.write / 2, 1))).await;
    assert_eq!((kind, hits), (Err(ErrorKind::TimedOut), 1));
    assert!(took >= PATIENCE.write && took < PATIENCE.write * 3, "given up after {took:?}");
    let (kind, took, hits) = write(Some((PATIENCE.write / 2, 50))).await;
    assert_eq!((kind, hits), (Ok(()), 0));
    assert!(took > PATIENCE.write * 10, "it was not in a hurry: {took:?}");
}

/// Scenario: a thousand connections begin.
/// Guarantees: each is asked to end after ten minutes, a tenth more or less, and not all at one moment (RG-13).
#[test]
fn connections_end_after_ten_minutes_not_all_at_once() {
    let jitter = AtomicU64::new(7);
    let ages: Vec<u64> = (0..1_000).map(|_| spread(Patience::default().age, &jitter).as_secs()).collect();
    assert!(ages.iter().all(|age| (540..660).contains(age)), "{ages:?}");
    for quarter in 0..4 {
        let from = 540 + quarter * 30;
        let share = ages.iter().filter(|age| (from..from + 30).contains(*age)).count();
        assert!((200..300).contains(&share), "{share} of 1000 end between {from} s and {} s", from + 30);
    }
}

/// A house with one connection in it, served over a pipe, and what answers there.
struct Served {
    peer: DuplexStream,
    house: Arc<House>,
    _stopper: drain::Stopper,
}

fn answers() -> Answers {
    let late = async |body: Body| {
        axum::body::to_bytes(body, 1_000).await.expect("a body");
        std::future::pending::<Response>().await
    };
    let endless = async || {
        let crumbs = stream::repeat("x").then(|crumb| sleep(PATIENCE.head).map(move |()| Ok::<_, std::io::Error>(crumb)));
        Body::from_stream(crumbs)
    };
    let status = |status: u16| move || Response::builder().status(status).body(Body::empty()).expect("a response");
    let on_panic = || Response::builder().status(500).body(Body::empty()).expect("a response");
    let on_late = Arc::new(|_: &str| Response::builder().status(503).body(Body::empty()).expect("a response"));
    let router = Router::new().route("/", any("fine")).route("/late", any(late)).route("/endless", any(endless));
    let router = router.fallback(async move || status(404)());
    Answers { router, on_panic, on_late, is_http2: false }
}

impl Served {
    fn with(patience: Patience, answers: Answers) -> Self {
        let (peer, ours) = duplex(1 << 16);
        let (stopper, stop) = drain::pair();
        let guests = guests(1);
        let house = House {
            tasks: Tasks::default(),
            guests: Arc::clone(&guests),
            patience,
            http2: (100, 64 << 10),
            stop,
            panics: AtomicU64::new(0),
            jitter: AtomicU64::new(7),
        };
        let house = Arc::new(house);
        house.tasks.spawn(serve(ours, Desk { answers, shown: None, is_only_http1: false }, Arc::clone(&house), guest(&guests)));
        Self { peer, house, _stopper: stopper }
    }

    fn hits(&self, limit: Limit) -> u64 {
        self.house.guests.hits().of(limit)
    }

    async fn say(&mut self, bytes: &[u8]) {
        self.peer.write_all(bytes).await.expect("sent");
    }

    /// What comes within a time, or to the end.
    async fn hear(&mut self, within: Duration) -> (String, bool) {
        let mut heard = Vec::new();
        let is_over = timeout(within, self.peer.read_to_end(&mut heard)).await.is_ok();
        (String::from_utf8_lossy(&heard).into_owned(), is_over)
    }
}

const SOON: Duration = Duration::from_millis(20);

/// Scenario: a handler never answers; the request's body takes its time before that.
/// Guarantees: the time begins when the body is there; then the answer says that it is our fault, the next request on the
/// connection is answered, and it is counted.
#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_answered_is_answered() {
    let patience = Patience { idle: Duration::from_secs(60), age: Duration::from_secs(60), ..PATIENCE };
    let mut served = Served::with(patience, answers());
    served.say(b"POST /late HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nx").await;
    assert_eq!(served.hear(PATIENCE.handler * 3).await, (String::new(), false), "the body is not there yet");
    served.say(b"x").await;
    let (heard, is_over) = served.hear(PATIENCE.handler - SOON).await;
    assert_eq!((heard.as_str(), is_over), ("", false), "there is time left");
    let (heard, is_over) = served.hear(SOON * 2).await;
    assert!(heard.starts_with("HTTP/1.1 503 ") && !is_over, "{heard}");
    served.say(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(served.hear(SOON).await.0.ends_with("fine"));
    assert_eq!(served.hits(Limit::HandlerTime), 1);
}

/// Scenario: a connection is old, idle; another is old with an answer that does not end.
/// Guarantees: the first ends when it is asked to; the second is cut after the time of grace, which is counted.
#[tokio::test(start_paused = true)]
async fn an_old_connection_ends() {
    let patience = Patience { idle: Duration::from_secs(60), ..PATIENCE };
    let mut served = Served::with(patience, answers());
    served.say(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let (heard, is_over) = served.hear(PATIENCE.age * 8 / 10).await;
    assert!(heard.ends_with("fine") && !is_over, "{heard}");
    assert_eq!(served.hear(PATIENCE.age * 4 / 10).await, (String::new(), true));
    assert_eq!(served.hits(Limit::GraceTime), 0);

    let mut served = Served::with(patience, answers());
    served.say(b"GET /endless HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(!served.hear(PATIENCE.age * 8 / 10).await.1);
    let (heard, is_over) = served.hear(PATIENCE.age * 4 / 10 + PATIENCE.grace).await;
    assert!(!heard.is_empty() && is_over, "{heard}");
    assert_eq!(served.hits(Limit::GraceTime), 1);
}

/// Scenario: an HTTP/2 connection is old, and its peer goes on asking for nothing.
/// Guarantees: it reads GOAWAY without an error, at its age and no sooner, and the end after the grace at the latest (RG-13).
#[tokio::test(start_paused = true)]
async fn an_old_http2_connection_is_told_to_go_away() {
    let mut served = Served::with(Patience { idle: Duration::from_secs(60), ..PATIENCE }, answers());
    served.say(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    let mut heard = vec![0; 1_000];
    let n = timeout(SOON, served.peer.read(&mut heard)).await.expect("settings").expect("read");
    assert_eq!(heard[3], 4, "settings come first: {:?}", &heard[..n]);
    let early = timeout(PATIENCE.age * 8 / 10, served.peer.read(&mut heard)).await;
    assert!(early.is_err() || heard[3] != 7, "nothing that says go away");
    let mut rest = Vec::new();
    let all = served.peer.read_to_end(&mut rest);
    timeout(PATIENCE.age * 4 / 10 + PATIENCE.grace, all).await.expect("it ends").expect("read");
    let goaway = rest.windows(17).find(|frame| frame[..5] == [0, 0, 8, 7, 0]).unwrap_or_else(|| panic!("no GOAWAY: {rest:?}"));
    assert_eq!(goaway[13..], [0; 4], "without an error");
}

/// Scenario: the house is full and its one connection is idle; then another has its answer still on the way.
/// Guarantees: the idle one is closed for a newcomer; the busy one is not, and the newcomer is refused.
#[tokio::test(start_paused = true)]
async fn an_idle_connection_makes_room_and_a_busy_one_does_not() {
    let patience = Patience { idle: Duration::from_secs(60), age: Duration::from_secs(60), ..PATIENCE };
    let mut served = Served::with(patience, answers());
    served.say(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(served.hear(SOON).await.0.ends_with("fine"));
    let newcomer = guest(&served.house.guests);
    assert_eq!(served.hear(SOON).await, (String::new(), true));
    drop(newcomer);

    let mut served = Served::with(patience, answers());
    served.say(b"GET /endless HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(!served.hear(PATIENCE.head * 3).await.0.is_empty());
    assert!(served.house.guests.let_in([127, 0, 0, 1].into()).is_none(), "its answer is on the way");
    assert!(!served.hear(PATIENCE.head * 3).await.0.is_empty());
    assert_eq!((served.hits(Limit::Connections), served.hits(Limit::ConnectionsPerAddress)), (1, 0));
}

/// Scenario: a body is on its way to a path that nobody serves; it comes in two pieces, or never ends.
/// Guarantees: its sender reads the answer once it has sent everything, or a while later.
#[tokio::test(start_paused = true)]
async fn who_still_sends_reads_the_answer() {
    let patience = Patience { idle: Duration::from_secs(60), age: Duration::from_secs(60), ..PATIENCE };
    for sends_all in [true, false] {
        let mut served = Served::with(patience, answers());
        served.say(b"POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nxx").await;
        assert_eq!(served.hear(SOON).await, (String::new(), false));
        if sends_all {
            served.say(b"xx").await;
        }
        let within = if sends_all { SOON } else { Duration::from_millis(2 * pointsman_core::limits::DISCARD_MS_MAX) };
        let (heard, is_over) = served.hear(within).await;
        assert!(heard.starts_with("HTTP/1.1 404 "), "{heard}");
        assert_eq!(is_over, !sends_all);
    }
}

/// Scenario: a listener for HTTP/2, and one for both, hear no HTTP at all; and a request of HTTP/1.
/// Guarantees: the first says nothing to gibberish and ends, the second complains; HTTP/1 reads an answer on both.
#[tokio::test(start_paused = true)]
async fn gibberish_is_not_answered_in_http1_where_http2_is_spoken() {
    for is_http2 in [true, false] {
        let serve = || Served::with(PATIENCE, Answers { is_http2, ..answers() });
        let mut served = serve();
        served.say(b"INVALID CONNECTION PREFACE\r\n\r\n").await;
        let (heard, is_over) = served.hear(SOON).await;
        assert!(is_over && heard.is_empty() == is_http2 && heard.starts_with("HTTP/1.1 400 ") != is_http2, "{heard}");
        let mut served = serve();
        served.say(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert!(served.hear(SOON).await.0.ends_with("fine"));
    }
}

/// Scenario: the errors that `accept` knows, by their numbers.
/// Guarantees: what is the peer's doing costs no pause; for want of files the spare one is used; the rest is waited out.
#[test]
fn errors_of_accept_are_told_apart() {
    let [eintr, eagain, enfile, emfile, eproto, econnaborted, econnreset, enobufs, etimedout] =
        [4, 11, 23, 24, 71, 103, 104, 105, 110].map(std::io::Error::from_raw_os_error);
    for error in [&econnaborted, &econnreset] {
        assert!(super::is_of_peer(error) && !super::Spare::is_needed(error), "{error}");
    }
    for error in [&enfile, &emfile] {
        assert!(!super::is_of_peer(error) && super::Spare::is_needed(error), "{error}");
    }
    for error in [&eintr, &eagain, &eproto, &enobufs, &etimedout] {
        assert!(!super::is_of_peer(error) && !super::Spare::is_needed(error), "{error}");
    }
}

/// Scenario: a listener with hundreds of connections that wait to be accepted, and no file left; then there are files again,
/// and one more comes.
/// Guarantees: all that wait are closed at one go, and the next is accepted.
#[tokio::test]
async fn the_spare_file_turns_all_away() {
    let door = super::Door::open("listen", ([127, 0, 0, 1], 0).into()).expect("a loopback port is free");
    let (listener, address) = (door.tcp, door.addr);
    let mut spare = super::Spare::new();
    let mut waiting = Vec::new();
    for _ in 0..200 {
        waiting.push(tokio::net::TcpStream::connect(address).await.expect("the backlog takes it"));
    }
    // Whether the listener is ready is known once the runtime has looked.
    let mut turned_away = 0;
    for _ in 0..100 {
        turned_away = spare.turn_away(&listener);
        if turned_away > 0 {
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(turned_away, 200);
    for peer in &mut waiting {
        assert_eq!(peer.read(&mut [0]).await.expect("an end"), 0, "it is closed");
    }
    let next = tokio::net::TcpStream::connect(address).await.expect("the backlog takes it");
    let (_, peer) = listener.accept().await.expect("the next one");
    assert_eq!(peer, next.local_addr().expect("an address"));
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
    let answers = Answers { router, on_panic: crate::ingest::http::on_panic, ..answers() };
    let Served { mut peer, house, _stopper } = Served::with(Patience::default(), answers);
    let all = {
        for (path, close) in [("now", ""), ("good", ""), ("later", ""), ("good", "connection: close\r\n")] {
            let head = format!("GET /{path} HTTP/1.1\r\nhost: x\r\n{close}\r\n");
            peer.write_all(head.as_bytes()).await.expect("room for it");
        }
        let mut all = Vec::new();
        peer.read_to_end(&mut all).await.expect("answers to the end");
        String::from_utf8(all).expect("text")
    };
    let statuses: Vec<&str> = all.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)).collect();
    assert_eq!(statuses, ["500", "200", "500", "200"], "{all}");
    assert_eq!(house.panics.load(Ordering::Relaxed), 2);
}
