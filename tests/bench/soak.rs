//! A long run under churn: whether memory stays flat, without scrapers and with them, and every scrape is right at the end.
//! Knows time as minutes and memory as the resident set.

use crate::{
    Part,
    case::Case,
    run::{Load, compare},
    scrape::{self, GZIP, PLAIN},
    send::{Coding, Protocol},
    server::{Peer, Server},
    shape::Shape,
};
use anyhow::{Result, anyhow, ensure};
use std::{
    fmt::Write,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

const SERIES: usize = 100_000;
/// One pass over all series, so 50,000 points/s: as many as that many series push every 2 s.
const PASS_EVERY: Duration = Duration::from_secs(2);
const SCRAPE_EVERY: Duration = Duration::from_secs(5);
const GROWTH_MAX: f64 = 0.05;
/// Until every series has been replaced one and a half times, and those before it have ended.
const WARM_UP: Duration = Duration::from_secs(150);
/// The least that has to follow in each half: three windows of ten readings.
const WATCHED_MIN: Duration = Duration::from_secs(60);

/// Half of the time without scrapers, half with two of them; fails when memory grows by more than 5 % in either.
pub(crate) fn measure(seconds: u64) -> Result<Part> {
    let half = Duration::from_secs(seconds) / 2;
    ensure!(half >= WARM_UP + WATCHED_MIN, "a soak of less than {} s says nothing", 2 * (WARM_UP + WATCHED_MIN).as_secs());
    let mut part = Part { title: format!("Soak of {seconds} s"), ..Part::default() };
    write!(
        part.text,
        "{SERIES} series over HTTP, each pushed every {} s, 1 % of them replaced each second; then the same beside two scrapers (plain and \
         gzip, every {} s). Each half begins with {} s of warm-up, in which every series is replaced one and a half times. Resident MB, as \
         means of the first and the last third of what is left of the half:\n\n\
         | scrapers | first third | last third | most | growth, % | passes | series replaced | scrapes |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
        PASS_EVERY.as_secs(),
        SCRAPE_EVERY.as_secs(),
        WARM_UP.as_secs()
    )?;
    let case = Case { shape: Shape::Churn, series: SERIES, protocol: Protocol::Http, coding: Coding::None, shuffle: false };
    let server = Server::start_expiring(Peer::Pointsman, &[], "1m")?;
    let mut load = Load::new(case, 2)?;
    load.pass(&server)?;
    let mut grown = Vec::new();
    for scrapers in [0, 2] {
        let seen = under(&server, &mut load, half, scrapers)?;
        let growth = seen.last / seen.first - 1.0;
        let replaced: usize = load.bodies.iter().map(crate::body::Body::replaced).sum();
        writeln!(
            part.text,
            "| {scrapers} | {:.1} | {:.1} | {:.1} | {:.1} | {} | {replaced} | {} |",
            seen.first / 1e6,
            seen.last / 1e6,
            seen.most / 1e6,
            growth * 100.0,
            seen.passes,
            seen.scrapes
        )?;
        grown.push(growth);
    }
    load.settle(&server)?;
    compare(&server, load.model())?;
    if grown.iter().any(|growth| *growth > GROWTH_MAX) {
        part.failed.push(format!("memory grows by more than {} %", GROWTH_MAX * 100.0));
    }
    Ok(part)
}

struct Seen {
    first: f64,
    last: f64,
    most: f64,
    passes: usize,
    scrapes: usize,
}

fn under(server: &Server, load: &mut Load, time: Duration, scrapers: usize) -> Result<Seen> {
    let (stop, scrapes) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        let scrape = |at: usize| {
            let (stop, scrapes) = (&stop, &scrapes);
            scope.spawn(move || -> Result<()> {
                while !stop.load(Ordering::Relaxed) {
                    scrape::scrape(server.read, if at == 0 { PLAIN } else { GZIP }, false)?;
                    scrapes.fetch_add(1, Ordering::Relaxed);
                    let next = Instant::now() + SCRAPE_EVERY;
                    while Instant::now() < next && !stop.load(Ordering::Relaxed) {
                        thread::sleep(Duration::from_millis(100));
                    }
                }
                Ok(())
            })
        };
        let readers: Vec<_> = (0..scrapers).map(scrape).collect();
        let pushed = push(server, load, time);
        stop.store(true, Ordering::Relaxed);
        readers.into_iter().try_for_each(|reader| reader.join().map_err(|_| anyhow!("a scraper panicked"))?)?;
        Ok(Seen { scrapes: scrapes.load(Ordering::Relaxed), ..pushed? })
    })
}

fn push(server: &Server, load: &mut Load, time: Duration) -> Result<Seen> {
    let (began, mut due) = (Instant::now(), Instant::now());
    let mut readings: Vec<f64> = Vec::new();
    let mut passes = 0;
    while began.elapsed() < time {
        load.pass(server)?;
        passes += 1;
        if began.elapsed() >= WARM_UP {
            readings.push(server.resident_bytes()?);
        }
        due += PASS_EVERY;
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    // Means over windows: what a scrape or a tick takes for a moment is no growth.
    let third = readings.len() / 3;
    ensure!(third >= 8, "too few passes in {} s", time.as_secs());
    let mean = |readings: &[f64]| readings.iter().sum::<f64>() / readings.len() as f64;
    let first = mean(readings.get(..third).unwrap_or_default());
    let last = mean(readings.get(readings.len() - third..).unwrap_or_default());
    Ok(Seen { first, last, most: readings.iter().copied().fold(0.0, f64::max), passes, scrapes: 0 })
}
