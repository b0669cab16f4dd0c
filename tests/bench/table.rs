//! Rounds to a Markdown table: median and worst of each measure, and the ratios to the Collector.
//! Knows only finished rounds.

use crate::{run::Round, send::Protocol, server::Peer};
use anyhow::{Context, Result};
use std::{fmt::Write, process::Command};

/// One round in one line, as progress.
pub(crate) fn line(round: &Round) -> String {
    format!(
        "{:.2} M points/CPU-s, {:.2} M/s wall, {:.0} MB, {:.0} B a series, scrape {:.1} ms CPU plain, {:.1} ms gzip",
        round.points_per_cpu_second / 1e6,
        round.points_per_second / 1e6,
        round.resident_bytes / 1e6,
        round.bytes_per_series,
        round.plain.cpu_ms,
        round.gzip.cpu_ms
    )
}

/// The whole report.
pub(crate) fn render(rounds: &[Round], args: &str) -> Result<String> {
    let mut out = String::from("# Bench results\n\n");
    writeln!(out, "{}, pointsman {}, {}.\n", date()?, version(), machine()?)?;
    writeln!(out, "```sh\ncargo bench --bench bench -- {args}\n```\n")?;
    out.push_str(
        "Shape S1: 1,000 points a request (10 metrics × 100 points, 5 attributes), half gauges of doubles and half cumulative sums of\n\
         integers; time and value change with every request. CPU is the server's user and system time; every round ends with a\n\
         scrape in which each sample is compared with the value sent last. Median of the rounds, worst in brackets; servers\n\
         interleaved A B B A. Memory is the growth of the resident set over the idle process, before the first scrape.\n\n",
    );
    out.push_str("| server | series | protocol | B/point | M points/CPU-s | RSS MB | B/series | scrape, plain: CPU ms | ms until read | scrape, gzip: CPU ms | rounds |\n");
    out.push_str("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for case in cases(rounds) {
        let first = case.first().context("a case has rounds")?;
        let of = |measure: fn(&Round) -> f64| case.iter().map(|round| measure(round)).collect::<Vec<_>>();
        writeln!(
            out,
            "| {} | {} | {} | {:.0} | {} | {} | {} | {} | {} | {} | {} |",
            first.peer.name(),
            first.series,
            protocol(first.protocol),
            first.bytes_per_point,
            show(&of(|round| round.points_per_cpu_second / 1e6), 2, Worst::Least),
            show(&of(|round| round.resident_bytes / 1e6), 0, Worst::Most),
            show(&of(|round| round.bytes_per_series), 0, Worst::Most),
            show(&of(|round| round.plain.cpu_ms), 1, Worst::Most),
            show(&of(|round| round.plain.wall_ms), 0, Worst::Most),
            show(&of(|round| round.gzip.cpu_ms), 1, Worst::Most),
            case.len()
        )?;
    }
    out.push_str(&ratios(rounds)?);
    Ok(out)
}

fn ratios(rounds: &[Round]) -> Result<String> {
    let mut out = String::new();
    let all = cases(rounds);
    for ours in all.iter().filter(|case| case.first().is_some_and(|round| round.peer == Peer::Pointsman)) {
        let first = ours.first().context("a case has rounds")?;
        let same =
            |round: &Round| round.series == first.series && round.protocol == first.protocol && round.peer == Peer::Collector;
        let Some(theirs) = all.iter().find(|case| case.first().is_some_and(|round| same(round))) else { continue };
        let ratio = |measure: fn(&Round) -> f64| {
            let median_of = |case: &[&Round]| median(&case.iter().map(|round| measure(round)).collect::<Vec<_>>());
            median_of(ours) / median_of(theirs)
        };
        writeln!(
            out,
            "- {} series over {}: {:.1} × the points per CPU-second, 1/{:.0} of the memory a series, 1/{:.0} of the CPU a plain scrape ({:.1} and {:.1} MB), 1/{:.0} a gzip one.",
            first.series,
            protocol(first.protocol),
            ratio(|round| round.points_per_cpu_second),
            1.0 / ratio(|round| round.bytes_per_series),
            1.0 / ratio(|round| round.plain.cpu_ms),
            first.plain.bytes as f64 / 1e6,
            theirs.first().map_or(0, |round| round.plain.bytes) as f64 / 1e6,
            1.0 / ratio(|round| round.gzip.cpu_ms)
        )?;
    }
    if !out.is_empty() {
        out.insert_str(0, "\npointsman against the Collector, medians:\n\n");
    }
    Ok(out)
}

/// Rounds of one server, cardinality and protocol, in the order in which they first ran.
fn cases(rounds: &[Round]) -> Vec<Vec<&Round>> {
    let mut cases: Vec<Vec<&Round>> = Vec::new();
    for round in rounds {
        let same = |case: &&mut Vec<&Round>| {
            case.first()
                .is_some_and(|first| (first.peer, first.series, first.protocol) == (round.peer, round.series, round.protocol))
        };
        match cases.iter_mut().find(same) {
            Some(case) => case.push(round),
            None => cases.push(vec![round]),
        }
    }
    cases
}

/// Which end of a measure is the bad one.
enum Worst {
    Least,
    Most,
}

fn show(values: &[f64], digits: usize, worst: Worst) -> String {
    let worst = match worst {
        Worst::Least => values.iter().copied().fold(f64::INFINITY, f64::min),
        Worst::Most => values.iter().copied().fold(0.0, f64::max),
    };
    format!("{:.digits$} ({worst:.digits$})", median(values))
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.get(middle.saturating_sub(1)), sorted.get(middle)) {
        (Some(low), Some(high)) if sorted.len().is_multiple_of(2) => f64::midpoint(*low, *high),
        (_, Some(middle)) => *middle,
        _ => f64::NAN,
    }
}

fn protocol(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Grpc => "gRPC",
        Protocol::Http => "HTTP/1.1",
    }
}

fn version() -> String {
    let revision = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
    let revision =
        revision.ok().filter(|out| out.status.success()).map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned());
    format!("{} ({})", env!("CARGO_PKG_VERSION"), revision.unwrap_or_else(|| "no revision".to_owned()))
}

fn date() -> Result<String> {
    let out = Command::new("date").args(["-u", "+%Y-%m-%d"]).output().context("ask for the date")?;
    Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

/// The processor, as far as the system names it, and how many of it.
fn machine() -> Result<String> {
    let info = std::fs::read_to_string("/proc/cpuinfo")?;
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, model)| model);
    Ok(format!("{} × {model}", std::thread::available_parallelism()?))
}
