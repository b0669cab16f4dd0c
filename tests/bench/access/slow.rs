//! Sockets that begin something and never end it, as many as there are senders, beside a scraper and beside both. Whoever is cut
//! begins anew, so that as many are there at every moment. Knows what they begin with, and how long a scraper waits.

use super::{
    MIB, ROOM, Size,
    crowd::{Crowd, Way},
    home, room_for,
    scrapes::fill,
    watch::{Watched, watch},
};
use crate::{
    Part,
    dial::{Open, Target},
    goals,
    send::Protocol,
    server::{Peer, Server},
    tls::{Inside, Keys, SCRAPER},
};
use anyhow::{Result, bail};
use std::{
    fmt::Write,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    runtime::{Builder, Runtime},
    task::JoinSet,
    time::{sleep, timeout},
};

/// How long all of them may take to be there.
const COMING: Duration = Duration::from_secs(120);
/// Part of them that has to be there, on average, while a scraper is watched.
const THERE_MIN: f64 = 0.9;
const DRIP: Duration = Duration::from_secs(1);
/// After an attempt that failed.
const AGAIN: Duration = Duration::from_millis(200);
/// How often each of both scrapers reads a small store, and the one of all senders: else their own work would be what they wait for.
const SCRAPE_SMALL: Duration = Duration::from_millis(100);
const SCRAPE_LARGE: Duration = Duration::from_millis(500);
/// How often each sender pushes.
const PUSH_EVERY: Duration = Duration::from_secs(10);
/// The beginning of a handshake of 517 bytes, and of its hello.
const HELLO: &[u8] = &[22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 7, 7, 7, 7, 7];
const HEAD: &[u8] = b"GET /metrics HTTP/1.1\r\nhost: slow\r\nx-slow: ";
const PREFACE: &[u8] = b"PRI ";
/// What each goes on with, byte by byte; then with anything.
const PREFACE_REST: &[u8] = b"* HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Where one of them goes, and what it begins.
#[derive(Clone)]
struct Kind {
    target: Target,
    beginning: &'static [u8],
    rest: &'static [u8],
}

/// All of them, until this value is dropped.
struct Slow {
    there: Arc<AtomicUsize>,
    begun: Arc<AtomicU64>,
    _tasks: JoinSet<()>,
}

impl Slow {
    /// Lets so many come, and waits until they are there. A half begins a handshake, a half a request within TLS; a half of each goes
    /// to where scrapers come, the others to where senders do.
    fn come(runtime: &Runtime, count: usize, (server, keys): (&Server, &Keys)) -> Result<Self> {
        let (h1, h2) = (keys.client(Inside::Http1)?, keys.client(Inside::Http2)?);
        let hello = |address| Kind { target: Target::from(address), beginning: HELLO, rest: &[] };
        let head = |address| Kind { target: Target::inside(address, &h1), beginning: HEAD, rest: &[] };
        let preface = Kind { target: Target::inside(server.grpc, &h2), beginning: PREFACE, rest: PREFACE_REST };
        let kinds = [
            hello(server.read),
            head(server.read),
            hello(server.http),
            head(server.http),
            hello(server.read),
            head(server.read),
            hello(server.grpc),
            preface,
        ];
        let (there, begun) = (Arc::<AtomicUsize>::default(), Arc::<AtomicU64>::default());
        let mut tasks = JoinSet::new();
        for (number, kind) in (0..count).zip(kinds.into_iter().cycle()) {
            tasks.spawn_on(slow(kind, number, Arc::clone(&there), Arc::clone(&begun)), runtime.handle());
        }
        let began = Instant::now();
        // A few are always on their way.
        while (there.load(Ordering::Relaxed) as f64) < count as f64 * THERE_MIN {
            if began.elapsed() > COMING {
                bail!("only {} of {count} slow sockets are there after {} s", there.load(Ordering::Relaxed), COMING.as_secs());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(Self { there, begun, _tasks: tasks })
    }
}

async fn slow(kind: Kind, number: usize, there: Arc<AtomicUsize>, begun: Arc<AtomicU64>) {
    loop {
        if let Ok(stream) = kind.target.open(Some(home(number))).await {
            there.fetch_add(1, Ordering::Relaxed);
            begun.fetch_add(1, Ordering::Relaxed);
            // However it ends, it was cut, and comes again.
            drip(stream, &kind).await.ok();
            there.fetch_sub(1, Ordering::Relaxed);
        } else {
            sleep(AGAIN).await;
        }
    }
}

/// A byte a second, until the other end has enough.
async fn drip(mut stream: Open, kind: &Kind) -> Result<()> {
    stream.write_all(kind.beginning).await?;
    stream.flush().await?;
    let (mut answer, mut rest) = ([0; 256], kind.rest.iter().chain(std::iter::repeat(&b'a')));
    loop {
        match timeout(DRIP, stream.read(&mut answer)).await {
            Ok(read) => {
                if read? == 0 {
                    return Ok(());
                }
            }
            Err(_) => {
                stream.write_all(&[*rest.next().unwrap_or(&b'a')]).await?;
                stream.flush().await?;
            }
        }
    }
}

/// A scraper beside nobody, beside slow sockets, and beside senders and slow sockets.
pub(super) fn measure(keys: &Keys, size: Size) -> Result<Part> {
    room_for(size.slow.max(2 * size.both))?;
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut part = Part { title: "A scraper beside slow sockets".into(), ..Part::default() };
    write!(
        part.text,
        "A half of the slow sockets begins a handshake and goes on by a byte a second, a half does so with the head of a request; whoever is cut \
         begins anew. Nobody is barred by address, which loopback is free of: all stay for {} s. The scraper shows a certificate; it reads \
         100 series every {} ms, and the 10 of each sender every {} ms, both on a kept connection and on a new one each time. From when a \
         scrape was due until it was read, in ms: p50, p99, worst.\n\n\
         | beside | kept connection | own connection | slow sockets there, mean | begun in all | pushes taken, refused, failed | most RSS, MiB |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
        size.watched.as_secs(),
        SCRAPE_SMALL.as_millis(),
        SCRAPE_LARGE.as_millis()
    )?;
    alone(&mut part, &runtime, keys, size)?;
    beside_senders(&mut part, &runtime, keys, size)?;
    Ok(part)
}

fn flags(keys: &Keys) -> Vec<String> {
    [keys.serving(), keys.reading(), ROOM.map(str::to_owned).to_vec()].concat()
}

fn alone(part: &mut Part, runtime: &Runtime, keys: &Keys, size: Size) -> Result<()> {
    let server = Server::start_with(Peer::Pointsman, &flags(keys))?;
    fill(&server, keys)?;
    let reader = Target::inside(server.read, &keys.client_as(SCRAPER, Inside::Http1)?);
    let calm = watch(&reader, SCRAPE_SMALL, size.watched / 4)?;
    row(part, "nobody", &calm, (None, "–", &server))?;
    let slow = Slow::come(runtime, size.slow, (&server, keys))?;
    let (seen, there) = watched(&reader, (SCRAPE_SMALL, size.watched), &slow)?;
    row(part, &format!("{} slow sockets", size.slow), &seen, (Some((&slow, there)), "–", &server))?;
    part.figures.take(goals::SLOW_P99, seen.p99_ms());
    check(part, &seen, (there, size.slow));
    Ok(())
}

fn beside_senders(part: &mut Part, runtime: &Runtime, keys: &Keys, size: Size) -> Result<()> {
    let server = Server::start_with(Peer::Pointsman, &[flags(keys), keys.sending()].concat())?;
    let crowd = Crowd::gather(runtime, size.both, &Way { protocol: Protocol::Http, server: &server, keys })?;
    crowd.push(false)?;
    crowd.keep(PUSH_EVERY);
    let reader = Target::inside(server.read, &keys.client_as(SCRAPER, Inside::Http1)?);
    let calm = watch(&reader, SCRAPE_LARGE, size.watched / 4)?;
    row(part, &format!("{} senders", size.both), &calm, (None, "–", &server))?;
    let slow = Slow::come(runtime, size.both, (&server, keys))?;
    crowd.forget();
    let (seen, there) = watched(&reader, (SCRAPE_LARGE, size.watched), &slow)?;
    let of = |count: &AtomicUsize| count.load(Ordering::Relaxed);
    let (taken, failed) = (of(&crowd.seen.taken), of(&crowd.seen.failed));
    let pushes = format!("{taken}, {}, {failed} {}", of(&crowd.seen.refused), crowd.seen.why());
    let beside = format!("{} senders, each a push in {} s, and {} slow sockets", size.both, PUSH_EVERY.as_secs(), size.both);
    row(part, &beside, &seen, (Some((&slow, there)), &pushes, &server))?;
    part.figures.take(goals::BOTH_P99, seen.p99_ms());
    check(part, &seen, (there, size.both));
    if failed * 100 > taken {
        part.failed.push(format!("{failed} pushes failed beside {taken} that were taken {}", crowd.seen.why()));
    }
    Ok(())
}

/// Watches a scraper, and looks how many are there meanwhile.
fn watched(reader: &Target, (every, time): (Duration, Duration), slow: &Slow) -> Result<(Watched, f64)> {
    thread::scope(|scope| {
        let looks = scope.spawn(move || {
            let (began, mut sum, mut count) = (Instant::now(), 0, 0);
            while began.elapsed() < time {
                sum += slow.there.load(Ordering::Relaxed);
                count += 1;
                thread::sleep(Duration::from_millis(50));
            }
            sum as f64 / f64::from(count)
        });
        let seen = watch(reader, every, time)?;
        let there = looks.join().map_err(|_| anyhow::anyhow!("who looks panicked"))?;
        Ok((seen, there))
    })
}

fn row(part: &mut Part, beside: &str, seen: &Watched, last: (Option<(&Slow, f64)>, &str, &Server)) -> Result<()> {
    let (slow, pushes, server) = last;
    let (there, begun) = match slow {
        Some((slow, there)) => (format!("{there:.0}"), slow.begun.load(Ordering::Relaxed).to_string()),
        None => ("–".to_owned(), "–".to_owned()),
    };
    let (kept, fresh, most) = (seen.kept.show(), seen.fresh.show(), server.peak_bytes()? / MIB);
    Ok(writeln!(part.text, "| {beside} | {kept} | {fresh} | {there} | {begun} | {pushes} | {most:.0} |")?)
}

/// What makes a row say nothing, or is worse than slow.
fn check(part: &mut Part, seen: &Watched, (there, wanted): (f64, usize)) {
    if there < wanted as f64 * THERE_MIN {
        part.failed.push(format!("only {there:.0} of {wanted} slow sockets were there: the scraper was not beside all of them"));
    }
    if seen.failed() > 0 {
        part.failed.push(format!("{} scrapes were not answered whole", seen.failed()));
    }
}
