//! Many sockets that are slow in every way there is, and a scraper beside them.
//! How long each time is, is tested beside the accept loop; here it is that they end, and disturb nobody.

use super::{HOSTILE, cpu, hits, hits_in, may_open, memory_kib, socket};
use crate::{
    support::{Pointsman, now, runtime},
    tls::client::Authority,
};
use std::{
    fs,
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinSet,
    time::{sleep, timeout},
};

/// How a socket is slow: what it says at once, then a byte at a time for as long as it is let.
#[derive(Clone, Copy, Debug)]
struct Manner {
    name: &'static str,
    limit: &'static str,
    at_once: &'static [u8],
    then: Option<u8>,
    /// How often it says that at once.
    times: usize,
    reads: bool,
    secs_max: u64,
}

const BODY: &[u8] = b"POST /v1/metrics HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n{";
/// A record of a handshake that announces more than comes.
const HELLO: &[u8] = &[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3];

const HANDSHAKE: Manner =
    Manner { name: "handshake", limit: "handshake_time", at_once: HELLO, then: Some(0), times: 1, reads: true, secs_max: 5 };
const SILENCE: Manner = Manner { name: "silence", limit: "head_time", at_once: b"", then: None, ..HEAD };
const HEAD: Manner = Manner {
    name: "head",
    limit: "head_time",
    at_once: b"GET /metrics HTTP/1.1\r\nhost: x\r\nx-slow: ",
    then: Some(b'x'),
    times: 1,
    reads: true,
    secs_max: 5,
};
const DRIBBLE: Manner = Manner { name: "body", limit: "body_time", at_once: BODY, then: Some(b' '), secs_max: 8, ..HEAD };
const UNREAD: Manner = Manner {
    name: "answer",
    limit: "write_time",
    at_once: b"GET / HTTP/1.1\r\nhost: x\r\n\r\n",
    then: Some(b'G'),
    times: 1_000,
    reads: false,
    secs_max: 30,
};

/// One slow socket, until it is closed: how long that took.
async fn dawdle(to: SocketAddr, manner: Manner) -> Duration {
    let socket = socket(HOSTILE).expect("a socket");
    if !manner.reads {
        socket.set_recv_buffer_size(2_048).expect("the kernel need not keep much of what nobody reads");
    }
    let Ok(mut socket) = socket.connect(to).await else { return Duration::ZERO };
    let began = now();
    let all = manner.at_once.repeat(manner.times);
    let (mut reader, mut writer) = socket.split();
    let speaks = async {
        if writer.write_all(&all).await.is_err() {
            return;
        }
        match manner.then {
            Some(byte) => {
                while writer.write_all(&[byte]).await.is_ok() {
                    sleep(Duration::from_secs(1)).await;
                }
            }
            None => std::future::pending().await,
        }
    };
    let hears = async {
        let mut buffer = [0; 1_024];
        while manner.reads && reader.read(&mut buffer).await.is_ok_and(|n| n > 0) {}
        if !manner.reads {
            std::future::pending::<()>().await; // that it was closed shows when it speaks
        }
    };
    tokio::select! {
        () = speaks => {}
        () = hears => {}
    }
    began.elapsed()
}

/// What became of a siege: how long each socket lasted, and how often somebody good was served.
struct Outcome {
    lasted: Vec<(Manner, Duration)>,
    served: usize,
    grown_kib: u64,
    /// How long the server had a processor, of how long.
    worked: Duration,
    took: Duration,
}

/// Lets the tests have this many sockets; never fewer than they may have: whatever they start inherits it.
fn may_open_enough() {
    const SOCKETS: u64 = 8192;
    let limits = fs::read_to_string("/proc/self/limits").expect("this is Linux");
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files")).expect("files are limited");
    let soft = line.split_whitespace().next().and_then(|soft| soft.parse().ok());
    if soft.is_some_and(|soft: u64| soft < SOCKETS) {
        may_open(std::process::id(), &format!("{SOCKETS}:"));
    }
}

/// So many slow sockets at once, and somebody good who goes on meanwhile.
fn besiege(server: &Pointsman, to: &[(SocketAddr, Manner)], sockets: usize, good: impl Fn() + Sync) -> Outcome {
    may_open_enough();
    good();
    let (before, is_over) = (memory_kib(server, "VmRSS"), AtomicBool::new(false));
    let (idle, began) = (cpu(server.pid()), now());
    let (lasted, served) = thread::scope(|scope| {
        let good = scope.spawn(|| {
            let mut served = 0;
            while !is_over.load(Ordering::Relaxed) {
                good(); // within the deadline of every answer here
                served += 1;
                thread::sleep(Duration::from_millis(100));
            }
            served
        });
        let lasted = runtime().block_on(async {
            let mut all = JoinSet::new();
            for (to, manner) in to.iter().copied().cycle().take(sockets) {
                all.spawn(async move { (manner, timeout(Duration::from_secs(90), dawdle(to, manner)).await) });
            }
            all.join_all().await
        });
        is_over.store(true, Ordering::Relaxed);
        let is_closed = |(manner, lasted): (Manner, Result<Duration, _>)| {
            (manner, lasted.unwrap_or_else(|_| panic!("{} is never closed", manner.name)))
        };
        let lasted = lasted.into_iter().map(is_closed).collect();
        (lasted, good.join().expect("whoever is good is always served"))
    });
    let (worked, took) = (cpu(server.pid()).saturating_sub(idle), began.elapsed());
    Outcome { lasted, served, grown_kib: memory_kib(server, "VmHWM").saturating_sub(before), worked, took }
}

impl Outcome {
    /// Nobody was left alone for long, somebody good was served, and memory and work were bounded.
    fn judge(&self, sockets: u64) {
        assert!(self.served > 1, "somebody good was there");
        for (manner, lasted) in &self.lasted {
            // Nobody is left alone for the idle time; the machine may have much to do.
            assert!(lasted.as_secs() < manner.secs_max + 50, "{} was left alone for {lasted:?}", manner.name);
        }
        // Half of a processor, with the scrapes of somebody good in it, and without optimisation.
        assert!(self.worked < self.took / 2, "{:?} of a processor in {:?}", self.worked, self.took);
        assert!(self.grown_kib < 64 * sockets, "{} KiB for {sockets} slow sockets", self.grown_kib);
    }
}

/// Scenario: two thousand sockets at once: some say nothing, others dribble a head or a body, others ask a thousand times
/// and read no answer; on every listener; a scraper asks meanwhile.
/// Guarantees: every scrape succeeds within its deadline, every slow socket is closed soon after its time, each kind is
/// counted, and memory stays within 64 KiB for each (T7).
#[test]
fn t07_slow_sockets_disturb_nobody() {
    siege(&Pointsman::start(&[]), 2_000);
}

/// So many slow sockets of every kind on every listener, while somebody good scrapes.
pub(crate) fn siege(server: &Pointsman, sockets: usize) {
    let many = u64::try_from(sockets).expect("a few");
    let (grpc, http, read) = (server.grpc, server.http, server.read);
    let to = [(grpc, SILENCE), (http, SILENCE), (http, HEAD), (read, HEAD), (http, DRIBBLE)];
    let to = [&to[..], &to[..], &[(read, UNREAD)]].concat();
    besiege(server, &to, sockets, || drop(server.scrape())).judge(many);
    for manner in [HEAD, DRIBBLE, UNREAD] {
        let hits = hits(server, manner.limit);
        assert!(hits > 0 && hits <= many, "{}: {hits}", manner.limit);
    }
}

/// Scenario: with a certificate, two thousand sockets begin a handshake on every listener and do not end it, or say nothing.
/// Guarantees: a client beside them is served, all are closed after the time for a handshake, and counted (T7).
#[test]
fn t07_handshakes_that_never_end_disturb_nobody() {
    let (authority, folder) = (Authority::named("ours"), TempDir::new().expect("a folder"));
    authority.pair().write(folder.path());
    let file = |name: &str| folder.path().join(name).display().to_string();
    let flags = ["--tls-cert-file", &file("tls.crt"), "--tls-private-key-file", &file("tls.key")];
    let server = Pointsman::start(&flags);
    let client = authority.client(&["http/1.1"]);
    let silence = Manner { at_once: b"", then: None, ..HANDSHAKE };
    let to = [server.grpc, server.http, server.read].map(|to| [(to, HANDSHAKE), (to, silence)]).concat();
    let good = || assert_eq!(client.get(server.read, "/metrics").status, 200);
    besiege(&server, &to, 2_000, good).judge(2_000);
    let late = client.get(server.read, "/metrics/self");
    let late = hits_in(&late.text(), "handshake_time");
    assert!(late > 0 && late <= 2_000, "{late}");
}
