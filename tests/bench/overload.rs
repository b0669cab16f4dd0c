//! Overload: what is accepted when the requests that are offered at once are two and ten times what the server lets be in
//! flight, and all who are refused come again when they are told to; what it holds meanwhile; and how soon all is well when
//! the storm is over. Senders do not wait for one another.

use crate::{
    Part,
    body::{Body, Form},
    dial::Target,
    goals,
    push::Wire,
    send::{Coding, Protocol},
    server::{Peer, Server},
    shape::Shape,
    tls::{Inside, Keys, SENDER},
};
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use std::{
    fmt::Write,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

/// What the server may take.
const LIMIT: &str = "256MiB";
const LIMIT_BYTES: f64 = (256 << 20) as f64;
/// Senders that find out what it can take, and that load it when the storm is over: as many as fill this part of what may be in
/// flight. Nearly all of them are let in, and yet as many are answered at once as in a storm.
const CALM: f64 = 0.4;
/// Series of so many instances are pushed, however many senders there are: what grows is the load, not the state.
const INSTANCES: usize = 100;
/// Requests of shape S1 in one of these: below what is taken off the reactor.
const JOINED: usize = 2;
/// Points of each request.
const POINTS: usize = JOINED * 1000;
/// Goodput by the server's own CPU time, of which the generator on the same cores takes nothing.
const KEPT_MIN: f64 = 0.95;
/// The same by the clock, which shows that it goes on at all: the generator takes its part of the processors.
const KEPT_WALL_MIN: f64 = 0.7;
const PATIENCE: Duration = Duration::from_secs(60);

/// What senders saw.
#[derive(Default)]
struct Seen {
    accepted: AtomicU64,
    refused: AtomicU64,
    broken: AtomicU64,
    stop: AtomicBool,
    /// Those who are connected.
    connected: AtomicUsize,
    /// The pushes so far: each has a time of its own, later than those before.
    passes: AtomicU64,
    /// What the last one that broke says.
    why: Mutex<String>,
}

/// One stretch of load, as it went.
struct Stretch {
    name: String,
    senders: usize,
    per_second: f64,
    per_cpu_second: f64,
    refused: u64,
    broken: u64,
    why: String,
    peak_bytes: f64,
}

/// Runs all stretches, so many seconds each; fails when what is accepted falls, or memory grows beyond the limit.
pub(crate) fn measure(seconds: u64) -> Result<Part> {
    over(seconds, None)
}

/// The same inside of TLS, with a certificate that says who sends.
pub(crate) fn measure_tls(seconds: u64, keys: &Keys) -> Result<Part> {
    over(seconds, Some(keys))
}

fn over(seconds: u64, keys: Option<&Keys>) -> Result<Part> {
    let title = if keys.is_some() { "An overload inside of TLS" } else { "What becomes of an overload" };
    let mut part = Part { title: title.into(), ..Part::default() };
    writeln!(
        part.text,
        "`--memory-limit {LIMIT}`, S1, {POINTS} points a request. Every sender has a connection of its own and sends as fast as it is \
         answered; as many of them as make up the named part of the bytes that may be in flight, a fourth of the heap. Who is refused \
         comes again when it is told to. {seconds} s each, from when all are connected.{}",
        if keys.is_some() { " All show a certificate that says who they are." } else { "" }
    )?;
    let mut faults = Vec::new();
    for protocol in [Protocol::Http, Protocol::Grpc] {
        let all = stretches(protocol, seconds, keys)?;
        write!(part.text, "\n{}:\n\n{}", protocol.name(Coding::None), table(&all)?)?;
        let most = all.first().context("saturation was measured")?;
        for stretch in &all {
            let kept = stretch.per_cpu_second / most.per_cpu_second;
            let wall = stretch.per_second / most.per_second;
            let is_storm = stretch.senders > most.senders;
            let held = stretch.peak_bytes / LIMIT_BYTES;
            let wrong = [
                (held > 1.0, "memory is beyond the limit"),
                (kept < KEPT_MIN, "a CPU-second does less than at saturation"),
                (wall < KEPT_WALL_MIN, "a second does less than at saturation"),
                (stretch.broken > 0, "requests were not answered"),
                (is_storm && stretch.refused == 0, "nothing was refused: this is no overload"),
            ];
            for (_, what) in wrong.iter().filter(|(is_wrong, _)| *is_wrong) {
                faults.push(format!("{}, {}: {what} {}", protocol.name(Coding::None), stretch.name, stretch.why));
            }
            // The worse of both protocols counts.
            match (stretch.name.as_str(), keys) {
                ("2 ×", None) => part.figures.worst((goals::OVERLOAD_MEMORY_2, held), (goals::OVERLOAD_KEPT_2, kept)),
                ("10 ×", None) => part.figures.worst((goals::OVERLOAD_MEMORY_10, held), (goals::OVERLOAD_KEPT_10, kept)),
                ("10 ×", Some(_)) => part.figures.worst((goals::TLS_OVERLOAD_MEMORY, held), (goals::TLS_OVERLOAD_KEPT, kept)),
                _ => {}
            }
        }
    }
    part.failed = faults;
    Ok(part)
}

/// The first is saturation, the last what comes after the storm.
fn stretches(protocol: Protocol, seconds: u64, keys: Option<&Keys>) -> Result<Vec<Stretch>> {
    let mut flags = vec!["--memory-limit".to_owned(), LIMIT.to_owned()];
    flags.extend(keys.into_iter().flat_map(|keys| [keys.serving(), keys.sending()].concat()));
    let server = Server::start_with(Peer::Pointsman, &flags)?;
    let inside = if protocol == Protocol::Grpc { Inside::Http2 } else { Inside::Http1 };
    let tls = keys.map(|keys| keys.client_as(SENDER, inside)).transpose()?;
    let address = if protocol == Protocol::Grpc { server.grpc } else { server.http };
    let to = To { protocol, target: Target { address, tls } };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let seen = Arc::new(Seen::default());
    let run = |name: &str, senders: usize| {
        runtime.block_on(stretch(&server, (name, senders), (&to, &seen), Duration::from_secs(seconds)))
    };
    let body = requests(0)?.iter().map(|part| part.bytes().len()).sum::<usize>();
    // Of the whole limit, of which the heap is a part: a storm is never less than it is called.
    let senders = |times: f64| (times * LIMIT_BYTES / 4.0 / body as f64).ceil() as usize;
    run("first", senders(CALM))?; // makes the series
    let mut all = vec![run("saturation", senders(CALM))?];
    for times in [2, 10] {
        all.push(run(&format!("{times} ×"), senders(f64::from(times)))?);
    }
    all.push(run("after it", senders(CALM))?);
    Ok(all)
}

#[derive(Clone)]
struct To {
    protocol: Protocol,
    target: Target,
}

async fn stretch(
    server: &Server,
    (name, senders): (&str, usize),
    (to, seen): (&To, &Arc<Seen>),
    time: Duration,
) -> Result<Stretch> {
    seen.connected.store(0, Ordering::Relaxed);
    for count in [&seen.accepted, &seen.refused, &seen.broken] {
        count.store(0, Ordering::Relaxed);
    }
    seen.stop.store(false, Ordering::Relaxed);
    let bodies = (0..senders).map(requests).collect::<Result<Vec<_>>>()?;
    let (go, going) = watch::channel(false);
    let mut tasks = JoinSet::new();
    for bodies in bodies {
        let (seen, to, going) = (Arc::clone(seen), to.clone(), going.clone());
        tasks.spawn(async move { send(&to, bodies, &seen, going).await });
    }
    let connecting = Instant::now();
    while seen.connected.load(Ordering::Relaxed) < senders {
        if connecting.elapsed() > PATIENCE {
            bail!("not all of {senders} senders could connect in {} s", PATIENCE.as_secs());
        }
        sleep(Duration::from_millis(5)).await;
    }
    let (began, cpu) = (Instant::now(), server.cpu_seconds()?);
    go.send_replace(true);
    sleep(time).await;
    seen.stop.store(true, Ordering::Relaxed);
    let (wall, cpu) = (began.elapsed().as_secs_f64(), server.cpu_seconds()? - cpu);
    let of = |n: &AtomicU64| n.load(Ordering::Relaxed);
    let accepted = of(&seen.accepted) as f64 * POINTS as f64;
    let (refused, broken) = (of(&seen.refused), of(&seen.broken));
    tasks.abort_all();
    while let Some(ended) = tasks.join_next().await {
        // Those that were stopped have nothing to say.
        if let Ok(said) = ended {
            said?;
        }
    }
    Ok(Stretch {
        name: name.to_owned(),
        senders,
        per_second: accepted / wall,
        per_cpu_second: accepted / cpu,
        refused,
        broken,
        why: std::mem::take(&mut *seen.why.lock().unwrap_or_else(PoisonError::into_inner)),
        peak_bytes: server.peak_bytes()?,
    })
}

/// What one sender sends at once: messages of protobuf one after the other are one.
fn requests(sender: usize) -> Result<Vec<Body>> {
    (0..JOINED).map(|at| Body::new(Shape::Large, Form::Protobuf, false, (sender * JOINED + at) % INSTANCES)).collect()
}

/// One sender: a request after the other, the last one again when it was refused and the time for that has come. First it connects,
/// which is no part of the load, and says something empty: who says nothing is not kept for long.
async fn send(to: &To, mut bodies: Vec<Body>, seen: &Seen, mut going: watch::Receiver<bool>) -> Result<()> {
    let new = || Wire::new(to.protocol, to.target.clone(), None);
    let mut wire = new();
    while let Err(error) = greet(&mut wire).await {
        wire = new();
        seen.note(&error);
        sleep(Duration::from_secs(1)).await;
    }
    seen.connected.fetch_add(1, Ordering::Relaxed);
    going.wait_for(|going| *going).await?;
    while !seen.stop.load(Ordering::Relaxed) {
        let pass = seen.passes.fetch_add(1, Ordering::Relaxed);
        let mut request = Vec::new();
        for body in &mut bodies {
            body.skip_to(pass);
            body.advance()?;
            request.extend_from_slice(body.bytes());
        }
        let request = Bytes::from(request);
        loop {
            let answer = timeout(PATIENCE, wire.exchange(&request)).await;
            match answer.context("no answer").and_then(|answer| answer) {
                Ok(None) => {
                    seen.accepted.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                Ok(Some(after)) => {
                    seen.refused.fetch_add(1, Ordering::Relaxed);
                    sleep(after).await;
                }
                Err(error) => {
                    wire = new();
                    seen.note(&error);
                    sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
    Ok(())
}

async fn greet(wire: &mut Wire) -> Result<()> {
    timeout(PATIENCE, wire.exchange(&Bytes::new())).await.context("no answer")??;
    Ok(())
}

impl Seen {
    /// A request broke.
    fn note(&self, error: &anyhow::Error) {
        self.broken.fetch_add(1, Ordering::Relaxed);
        *self.why.lock().unwrap_or_else(PoisonError::into_inner) = format!("({error:#})");
    }
}

fn table(all: &[Stretch]) -> Result<String> {
    let mut text =
        "| load | senders | accepted points/s | accepted points/CPU-s | of saturation | refused | broken | most memory |\n\
        | --- | --- | --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
    let most = all.first().map_or(f64::NAN, |stretch| stretch.per_cpu_second);
    for Stretch { name, senders, per_second, per_cpu_second, refused, broken, peak_bytes, .. } in all {
        let (kept, mib) = (per_cpu_second / most * 100.0, peak_bytes / 1048576.0);
        writeln!(
            text,
            "| {name} | {senders} | {per_second:.0} | {per_cpu_second:.0} | {kept:.0} % | {refused} | {broken} | {mib:.0} MiB of {LIMIT} |"
        )?;
    }
    Ok(text)
}
