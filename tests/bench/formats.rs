//! What a scrape costs in each format, plain and compressed, and what it does to who pushes meanwhile.
//! Knows one server with many series; not how they got there.

use crate::{
    Part,
    case::Case,
    check,
    goals::{self, Figures},
    run::{Load, SCRAPE_PAUSE},
    scrape::{self, Ask, Format, PLAIN},
    send::{Coding, Protocol, Senders, Signal},
    server::{Peer, Server},
    shape::Shape,
    table::{Worst, median, show},
};
use anyhow::{Context, Result, anyhow, ensure};
use std::{
    fmt::Write,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

const FORMATS: [Format; 3] = [Format::Text, Format::OpenMetrics, Format::Protobuf];
/// One request of 1,000 points each.
const PACE: Duration = Duration::from_millis(10);
/// How long each turn of the paced load is.
const TURN: Duration = Duration::from_secs(10);
const MIB: f64 = 1024.0 * 1024.0;

/// What the scrapes of one format were like.
#[derive(Default)]
struct Costs {
    cpu_ms: Vec<f64>,
    first_byte_ms: Vec<f64>,
    read_ms: Vec<f64>,
    extra_mib: Vec<f64>,
    bytes: usize,
}

/// Measures every format at that many series, each so many times, after one that is not counted.
pub(crate) fn measure(series: usize, rounds: usize) -> Result<Part> {
    let case = Case { shape: Shape::Large, series, protocol: Protocol::Http, coding: Coding::None, shuffle: false };
    let mut load = Load::new(case, 2)?;
    let server = Server::start_with(Peer::Pointsman, &[])?;
    load.pass(&server)?;
    let mut part = Part { title: format!("Scrapes of {series} series"), ..Part::default() };
    part.text.push_str(
        "One scrape at a time after a push; the first of each row is not counted. Extra RSS is the peak during the scrape over what was\n\
         resident before it. Every body of every format was compared with what was sent, value by value.\n\n\
         | format | encoding | MB | CPU ms | ms until the first byte | ms until read | extra RSS, MiB | scrapes |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for format in FORMATS {
        for gzip in [false, true] {
            let ask = Ask { format, gzip };
            let costs = costs(&server, &mut load, ask, rounds)?;
            row(&mut part.text, ask, &costs)?;
            if series == 1_000_000 && format == Format::Text {
                figures(&mut part.figures, gzip, &costs);
            }
        }
    }
    let (alone, scraped, scrapes) = latencies(&server, &mut load)?;
    let (p99, p99_scraped) = (percentile(&alone), percentile(&scraped));
    writeln!(
        part.text,
        "\nIngest at 100,000 points/s, 1,000 a request, from the moment a request was due until its answer, 99th percentile: {p99:.1} ms \
         without scrapes, {p99_scraped:.1} ms while one scraper reads without pause ({scrapes} scrapes; {} requests each way): {:.2} ×.",
        alone.len(),
        p99_scraped / p99
    )?;
    if series == 1_000_000 {
        part.figures.take(goals::SCRAPE_P99, p99_scraped / p99);
    }
    Ok(part)
}

fn figures(figures: &mut Figures, gzip: bool, costs: &Costs) {
    if gzip {
        figures.take(goals::SCRAPE_GZIP, median(&costs.cpu_ms));
    } else {
        figures.take(goals::SCRAPE_PLAIN, median(&costs.cpu_ms));
        figures.take(goals::SCRAPE_FIRST, median(&costs.first_byte_ms));
        figures.take(goals::SCRAPE_MEMORY, median(&costs.extra_mib));
    }
}

fn costs(server: &Server, load: &mut Load, ask: Ask, rounds: usize) -> Result<Costs> {
    let body = scrape::read(server.read, ask)?;
    match ask.format {
        Format::Protobuf => check::protobuf(&body, load.model()),
        Format::Text | Format::OpenMetrics => check::text(&body, load.model()),
    }
    .with_context(|| format!("compare {} with what was sent", ask.format.name()))?;
    drop(body);
    let mut costs = Costs::default();
    for _ in 0..rounds {
        load.one(server)?;
        thread::sleep(SCRAPE_PAUSE);
        server.forget_peak()?;
        let (resident, cpu) = (server.resident_bytes()?, server.fine_cpu_seconds()?);
        let scraped = scrape::scrape(server.read, ask, false)?;
        costs.cpu_ms.push((server.fine_cpu_seconds()? - cpu) * 1e3);
        costs.extra_mib.push((server.peak_bytes()? - resident).max(0.0) / MIB);
        costs.first_byte_ms.push(scraped.first_byte.as_secs_f64() * 1e3);
        costs.read_ms.push(scraped.whole.as_secs_f64() * 1e3);
        costs.bytes = scraped.bytes;
    }
    Ok(costs)
}

fn row(out: &mut String, ask: Ask, costs: &Costs) -> Result<()> {
    let show = |values: &[f64], digits| show(values, digits, Worst::Most);
    writeln!(
        out,
        "| {} | {} | {:.1} | {} | {} | {} | {} | {} |",
        ask.format.name(),
        if ask.gzip { "gzip" } else { "none" },
        costs.bytes as f64 / 1e6,
        show(&costs.cpu_ms, 1),
        show(&costs.first_byte_ms, 1),
        show(&costs.read_ms, 0),
        show(&costs.extra_mib, 2),
        costs.cpu_ms.len()
    )?;
    Ok(())
}

/// Milliseconds of requests at a fixed pace, without scrapes and beside them, in turns A B B A; and how many scrapes there were.
fn latencies(server: &Server, load: &mut Load) -> Result<(Vec<f64>, Vec<f64>, usize)> {
    let (mut alone, mut scraped, mut scrapes) = (Vec::new(), Vec::new(), 0);
    for beside in [false, true, true, false] {
        let (stop, count) = (AtomicBool::new(false), AtomicUsize::new(0));
        let turn = thread::scope(|scope| {
            let scraper = scope.spawn(|| -> Result<()> {
                while beside && !stop.load(Ordering::Relaxed) {
                    scrape::scrape(server.read, PLAIN, false)?;
                    count.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            });
            let turn = paced(server, load);
            stop.store(true, Ordering::Relaxed);
            scraper.join().map_err(|_| anyhow!("the scraper panicked"))??;
            turn
        })?;
        if beside { &mut scraped } else { &mut alone }.extend(turn);
        scrapes += count.into_inner();
    }
    ensure!(scrapes > 0, "the scraper never got an answer");
    Ok((alone, scraped, scrapes))
}

fn paced(server: &Server, load: &mut Load) -> Result<Vec<f64>> {
    let mut sender = Senders::connect(Signal::Metrics, (Protocol::Http, Coding::None), server.http, 1)?;
    let (mut due, end) = (Instant::now(), Instant::now() + TURN);
    let mut latencies = Vec::new();
    while due < end {
        let at = latencies.len() % load.bodies.len();
        let body = load.bodies.get_mut(at).context("there is a body")?;
        body.advance()?;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        sender.send(0, body.bytes())?;
        latencies.push(due.elapsed().as_secs_f64() * 1e3);
        due += PACE;
    }
    Ok(latencies)
}

fn percentile(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() * 99 / 100).copied().unwrap_or(f64::NAN)
}
