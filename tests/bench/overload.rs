//! Overload: what is accepted when senders offer two and ten times what the server can take, retrying when they are told to;
//! what it holds meanwhile; and how soon all is well when the storm is over. Senders do not wait for one another.

use crate::{
    body::{Body, Form},
    server::{Peer, Server},
    shape::Shape,
};
use anyhow::{Context, Result, bail};
use std::{
    fmt::Write,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    task::JoinSet,
    time::{sleep, sleep_until, timeout},
};

/// What the server may take.
const LIMIT: &str = "1GiB";
const LIMIT_BYTES: f64 = (1 << 30) as f64;
/// Senders that find out what it can take, and that load it when the storm is over.
const CALM: usize = 8;
/// Senders for each time as much as it can take.
const STORM: usize = 100;
/// Goodput is measured by the server's own CPU time, of which the generator on the same cores takes nothing.
const KEPT_MIN: f64 = 0.95;

/// Each request holds so many points.
const POINTS: usize = 1000;

/// What senders saw.
#[derive(Default)]
struct Seen {
    accepted: AtomicU64,
    refused: AtomicU64,
    broken: AtomicU64,
    stop: AtomicBool,
}

/// One stretch of load, as it went.
struct Stretch {
    name: String,
    offered: f64,
    accepted: f64,
    per_cpu_second: f64,
    refused: u64,
    broken: u64,
    peak_bytes: f64,
}

/// Runs all stretches, so many seconds each; fails when what is accepted falls, or memory grows beyond the limit.
pub(crate) fn measure(seconds: u64) -> Result<String> {
    let server = Server::start_with(Peer::Pointsman, &["--memory-limit".to_owned(), LIMIT.to_owned()])?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let run = |name: &str, senders: usize, rate: Option<f64>| {
        runtime.block_on(stretch(&server, name, (senders, rate), Duration::from_secs(seconds)))
    };
    run("first", CALM, None)?; // makes the series
    let most = run("saturation", CALM, None)?;
    let rate = most.accepted;
    let mut all = vec![most];
    for times in [2, 10] {
        all.push(run(&format!("{times} ×"), times * STORM, Some(times as f64 * rate))?);
    }
    let calm = run("80 % after it", CALM, Some(0.8 * rate))?;
    let (kept, recovered) =
        (all.iter().map(|s| s.per_cpu_second / all[0].per_cpu_second).fold(1.0, f64::min), calm.accepted / calm.offered);
    all.push(calm);
    let text = table(&all);
    let peak = all.iter().map(|stretch| stretch.peak_bytes).fold(0.0, f64::max);
    if peak > LIMIT_BYTES || kept < KEPT_MIN || recovered < KEPT_MIN {
        bail!("{text}\nkept {kept:.2} of saturation, {recovered:.2} of the load afterwards; {peak:.0} bytes at most");
    }
    Ok(text)
}

async fn stretch(server: &Server, name: &str, (senders, rate): (usize, Option<f64>), time: Duration) -> Result<Stretch> {
    let seen = Arc::new(Seen::default());
    let mut tasks = JoinSet::new();
    // Each sender's share of the rate, and its first request spread over the first interval.
    let interval = rate.map(|rate| Duration::from_secs_f64(senders as f64 * POINTS as f64 / rate));
    let (began, cpu) = (Instant::now(), server.cpu_seconds()?);
    for sender in 0..senders {
        let (seen, address) = (Arc::clone(&seen), server.http);
        let first = interval.map(|interval| interval.mul_f64(sender as f64 / senders as f64));
        tasks.spawn(async move { send(address, sender, first.zip(interval), &seen).await });
    }
    sleep(time).await;
    seen.stop.store(true, Ordering::Relaxed);
    let (wall, cpu) = (began.elapsed().as_secs_f64(), server.cpu_seconds()? - cpu);
    let of = |n: &AtomicU64| n.load(Ordering::Relaxed);
    let accepted = of(&seen.accepted) as f64 * POINTS as f64;
    let (refused, broken) = (of(&seen.refused), of(&seen.broken));
    tasks.abort_all();
    while tasks.join_next().await.is_some() {}
    Ok(Stretch {
        name: name.to_owned(),
        offered: rate.unwrap_or(accepted / wall),
        accepted: accepted / wall,
        per_cpu_second: accepted / cpu,
        refused,
        broken,
        peak_bytes: server.peak_bytes()?,
    })
}

/// One sender: a request whenever its time has come, the last one again when it was refused and the time for that has come.
async fn send(address: SocketAddr, instance: usize, pace: Option<(Duration, Duration)>, seen: &Seen) -> Result<()> {
    let mut body = Body::new(Shape::Large, Form::Protobuf, false, instance)?;
    let mut due = tokio::time::Instant::now() + pace.map_or(Duration::ZERO, |(first, _)| first);
    let mut connection = None;
    while !seen.stop.load(Ordering::Relaxed) {
        sleep_until(due).await;
        body.advance()?;
        loop {
            let answer = timeout(Duration::from_secs(60), exchange(&mut connection, address, body.bytes())).await;
            match answer.context("no answer").and_then(|answer| answer) {
                Ok(None) => {
                    seen.accepted.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                Ok(Some(after)) => {
                    seen.refused.fetch_add(1, Ordering::Relaxed);
                    sleep(after).await;
                }
                Err(_) => {
                    connection = None;
                    seen.broken.fetch_add(1, Ordering::Relaxed);
                    sleep(Duration::from_secs(1)).await;
                }
            }
        }
        due += pace.map_or(Duration::ZERO, |(_, interval)| interval);
    }
    Ok(())
}

/// Sends a request; when to come again, where it was refused.
async fn exchange(connection: &mut Option<BufReader<TcpStream>>, address: SocketAddr, body: &[u8]) -> Result<Option<Duration>> {
    if connection.is_none() {
        *connection = Some(BufReader::new(TcpStream::connect(address).await?));
    }
    let stream = connection.as_mut().context("just connected")?;
    let head = format!(
        "POST /v1/metrics HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    // Who is refused may be told so before all was sent.
    let sent = async { stream.get_mut().write_all(&[head.as_bytes(), body].concat()).await }.await;
    let (status, length, after, closes) = read_head(stream).await.with_context(|| format!("{sent:?}"))?;
    stream.read_exact(&mut vec![0; length]).await?;
    if closes || sent.is_err() {
        *connection = None;
    }
    match (status, after) {
        (200, _) if length == 0 => Ok(None),
        (503, Some(after)) => Ok(Some(after)),
        _ => bail!("answered {status} in {length} bytes"),
    }
}

/// Status, length, time to come again, and whether the connection ends.
async fn read_head(stream: &mut BufReader<TcpStream>) -> Result<(u16, usize, Option<Duration>, bool)> {
    let (mut status, mut length, mut after, mut closes) = (0, 0, None, false);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            bail!("closed");
        }
        let line = line.trim_end().to_ascii_lowercase();
        match line.split_once(": ") {
            Some(("content-length", n)) => length = n.parse()?,
            Some(("retry-after", secs)) => after = Some(Duration::from_secs(secs.parse()?)),
            Some(("connection", "close")) => closes = true,
            None if line.is_empty() => return Ok((status, length, after, closes)),
            None => status = line.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0),
            Some(_) => {}
        }
    }
}

fn table(all: &[Stretch]) -> String {
    let mut text = "| load | offered points/s | accepted points/s | accepted points/CPU-s | of saturation | refused | broken | most memory |\n\
        | --- | --- | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    let most = all.first().map_or(f64::NAN, |stretch| stretch.per_cpu_second);
    for Stretch { name, offered, accepted, per_cpu_second, refused, broken, peak_bytes } in all {
        let (kept, mib) = (per_cpu_second / most * 100.0, peak_bytes / 1048576.0);
        writeln!(
            text,
            "| {name} | {offered:.0} | {accepted:.0} | {per_cpu_second:.0} | {kept:.0} % | {refused} | {broken} | {mib:.0} MiB of {LIMIT} |"
        )
        .expect("writing to a string does not fail");
    }
    text
}
