//! A flood of tokens that nobody knows, against the side that is read: what it costs the API server, what it makes the process hold,
//! and whether a reader with a good token goes on reading. Knows what was asked by the API server's own count.

use super::{MIB, Size, cluster::Cluster, scrapes::fill};
use crate::{
    Part,
    dial::Target,
    goals,
    push::{Answer, read_answer},
    scrape::Reader,
    server::{Peer, Server},
    tls::{Inside, Keys},
};
use anyhow::{Context, Result, anyhow};
use std::{
    fmt::Write,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncWriteExt, BufReader},
    runtime::Builder,
    task::JoinSet,
};

/// Connections by which tokens come.
const CONNECTIONS: usize = 64;
/// What is usual, said aloud: questions a second, and at once after a quiet time.
const RATE: [&str; 4] = ["--kube-api-qps", "5", "--kube-api-burst", "10"];
const PER_SECOND: f64 = 5.0;
const BURST: f64 = 10.0;
/// How often a reader with a good token reads beside the flood.
const READ_EVERY: Duration = Duration::from_millis(500);

/// How tokens were answered.
#[derive(Default)]
struct Answers {
    next: AtomicU64,
    unknown: AtomicU64,
    unavailable: AtomicU64,
    others: AtomicU64,
    /// Connections that were opened.
    opened: AtomicU64,
}

/// Sends them all.
pub(super) fn measure(keys: &Keys, cluster: &Cluster, size: Size) -> Result<Part> {
    let flags = [keys.serving(), cluster.flags(), RATE.map(str::to_owned).to_vec()].concat();
    let server = Server::start_with(Peer::Pointsman, &flags)?;
    fill(&server, keys)?;
    let target = Target::inside(server.read, &keys.client(Inside::Http1)?);
    let good = cluster.token()?;
    let mut reader = Reader::new(target.clone(), Some(&good), true);
    reader.scrape().context("a good token reads before the flood")?;
    let held = server.resident_bytes()?;
    server.forget_peak()?;
    let (asked, cpu, began) = (cluster.questions()?, server.cpu_seconds()?, Instant::now());
    let answers = Arc::new(Answers::default());
    let over = AtomicBool::new(false);
    let (reads, refused) = thread::scope(|scope| {
        let reading = scope.spawn(|| read_on(&mut reader, &over));
        let flooded = flood(&target, size.tokens, &answers);
        over.store(true, Ordering::Relaxed);
        let seen = reading.join().map_err(|_| anyhow!("a reader panicked"))?;
        flooded.map(|()| seen)
    })?;
    let (secs, cpu) = (began.elapsed().as_secs_f64(), server.cpu_seconds()? - cpu);
    // What was asked for last may still be on its way.
    thread::sleep(size.rest);
    let asked = cluster.questions()? - asked;
    let allowed = BURST + PER_SECOND * began.elapsed().as_secs_f64();
    let grown = (server.peak_bytes()? - held) / MIB;
    let mut part = Part { title: format!("{} tokens that nobody knows", size.tokens), ..Part::default() };
    let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let (unknown, unavailable, others) = (of(&answers.unknown), of(&answers.unavailable), of(&answers.others));
    write!(
        part.text,
        "`{}`, over {CONNECTIONS} connections as fast as they are answered, no two alike; beside them a reader with a good token, every \
         {} ms. Questions are those that the API server counted, of tokens and of rights:\n\n\
         | s | tokens/s | 401 | 503 | others | questions | allowed | CPU µs a token | RSS before, MiB | its growth, most | good reads | of them refused |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n\
         | {secs:.1} | {:.0} | {unknown} | {unavailable} | {others} | {asked:.0} | {allowed:.0} | {:.1} | {:.1} | {grown:.1} | {reads} | {} |\n",
        RATE.join(" "),
        READ_EVERY.as_millis(),
        size.tokens as f64 / secs,
        cpu * 1e6 / size.tokens as f64,
        held / MIB,
        refused.len(),
    )?;
    part.figures.take(goals::TOKENS_CALLS, asked / allowed);
    part.figures.take(goals::TOKENS_MEMORY, grown);
    if others > 0 || unknown == 0 {
        part.failed.push(format!("{others} answers were neither 401 nor 503, and {unknown} were 401"));
    }
    if asked < 1.0 {
        part.failed.push("the API server counted no question: the count says nothing".to_owned());
    }
    if let Some(why) = refused.first() {
        part.failed.push(format!("a good token was refused {} times of {reads}: {why}", refused.len()));
    }
    Ok(part)
}

/// Reads until the flood is over: how often, and what went wrong.
fn read_on(reader: &mut Reader, over: &AtomicBool) -> (usize, Vec<String>) {
    let (mut reads, mut refused) = (0, Vec::new());
    while !over.load(Ordering::Relaxed) {
        reads += 1;
        refused.extend(reader.scrape().err().map(|error| format!("{error:#}")));
        thread::sleep(READ_EVERY);
    }
    (reads, refused)
}

fn flood(target: &Target, tokens: u64, answers: &Arc<Answers>) -> Result<()> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for _ in 0..CONNECTIONS {
            tasks.spawn(ask(target.clone(), tokens, Arc::clone(answers)));
        }
        while let Some(ended) = tasks.join_next().await {
            ended.context("a task ended")??;
        }
        Ok(())
    })
}

/// One connection after the other, a token after the other.
async fn ask(target: Target, tokens: u64, answers: Arc<Answers>) -> Result<()> {
    let mut open = None;
    loop {
        let number = answers.next.fetch_add(1, Ordering::Relaxed);
        if number >= tokens {
            return Ok(());
        }
        let mut stream = match open.take() {
            Some(stream) => stream,
            None => {
                answers.opened.fetch_add(1, Ordering::Relaxed);
                BufReader::new(target.open(None).await?)
            }
        };
        let request = format!("GET /metrics HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\n\r\n", token(number));
        stream.write_all(request.as_bytes()).await?;
        stream.flush().await?;
        let Answer { status, closes, .. } = read_answer(&mut stream).await?;
        let count = match status {
            401 => &answers.unknown,
            503 => &answers.unavailable,
            _ => &answers.others,
        };
        count.fetch_add(1, Ordering::Relaxed);
        open = (!closes).then_some(stream);
    }
}

/// Words that look random, and of which no two are alike: each step can be undone.
fn token(number: u64) -> String {
    let mix = |seed: u64| {
        let seed = (seed ^ seed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let seed = (seed ^ seed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        seed ^ seed >> 31
    };
    format!("{:016x}{:016x}", mix(number), mix(number ^ u64::MAX))
}
