//! Rounds to Markdown tables: median and worst of each measure, and the ratios to the Collector; the head of the report.
//! Knows only finished rounds.

use crate::{
    case::Case,
    goals::{self, Figures},
    run::{Round, Scrape},
    send::{Coding, Protocol},
    server::Peer,
    shape::Shape,
};
use anyhow::{Context, Result};
use std::{fmt::Write, process::Command};

/// One measure of a round, if it has it.
type Measure = fn(&Round) -> Option<f64>;

/// One round in one line, as progress.
pub(crate) fn line(round: &Round) -> String {
    let scrape = |scrape: &Option<Scrape>| scrape.as_ref().map_or("-".to_owned(), |scrape| format!("{:.1} ms", scrape.cpu_ms));
    format!(
        "{:.2} M points/CPU-s, {:.2} M/s wall, {:.0} MB, {:.0} B a series, scrape {} CPU plain, {} gzip",
        round.points_per_cpu_second / 1e6,
        round.points_per_second / 1e6,
        round.resident_bytes / 1e6,
        round.bytes_per_series,
        scrape(&round.plain),
        scrape(&round.gzip)
    )
}

/// Who was measured, where, when and by which command.
pub(crate) fn head(args: &str) -> Result<String> {
    let program = Peer::Pointsman.program()?;
    // Cargo puts a profile's programs into a folder of its name.
    let folder = program.parent().and_then(|folder| folder.file_name()).context("the program is in a folder")?;
    let profile = folder.to_string_lossy().into_owned();
    let flag = if profile == "release" { String::new() } else { format!(" --profile {profile}") };
    let mut out = String::from("# Bench results\n\n");
    writeln!(out, "{}, pointsman {}, {}, profile {profile}.\n", date()?, version(), machine()?)?;
    writeln!(out, "```sh\ncargo bench{flag} --bench bench -- {args}\n```\n")?;
    Ok(out)
}

/// The tables of ingest, and the figures in them that have a goal.
pub(crate) fn render(rounds: &[Round]) -> Result<(String, Figures)> {
    let mut out = String::from(
        "Shapes: S1 has 1,000 points a request (10 metrics × 100 points, 5 attributes), half gauges of doubles and half cumulative\n\
         sums of integers; S2 20 metrics × 5 points; S3 10 points from 5,000 connections; H, E, D and C are as S1 with the points\n\
         named. Time and value change with every request. CPU is the server's user and system time; every round ends with a scrape\n\
         in which each sample is compared with what was sent (under churn, with what still lives). Median of the rounds, worst in\n\
         brackets; servers interleaved A B B A. Memory is the growth of the resident set over the idle process, before the first\n\
         scrape; that of S3 has the connections in it. Bytes a point are as they travel.\n\n",
    );
    out.push_str("| shape | protocol | series | server | B/point | M points/CPU-s | RSS MB | B/series | scrape, plain: CPU ms | ms until read | scrape, gzip: CPU ms | rounds |\n");
    out.push_str("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
    for case in cases(rounds) {
        let first = case.first().context("a case has rounds")?;
        let of = |measure: fn(&Round) -> f64| case.iter().map(|round| measure(round)).collect::<Vec<_>>();
        let scrape = |of: fn(&Round) -> &Option<Scrape>, measure: fn(&Scrape) -> f64, digits| {
            let values: Vec<f64> = case.iter().filter_map(|round| of(round).as_ref().map(measure)).collect();
            match case.iter().any(|round| round.cut_off) {
                true => "cut off".to_owned(),
                false if values.is_empty() => "–".to_owned(),
                false => show(&values, digits, Worst::Most),
            }
        };
        writeln!(
            out,
            "| {} | {} | {} | {} | {:.0} | {} | {} | {} | {} | {} | {} | {} |",
            first.case.shape.name(),
            first.case.way(),
            first.case.series,
            first.peer.name(),
            first.bytes_per_point,
            show(&of(|round| round.points_per_cpu_second / 1e6), 2, Worst::Least),
            show(&of(|round| round.resident_bytes / 1e6), 0, Worst::Most),
            show(&of(|round| round.bytes_per_series), 0, Worst::Most),
            scrape(|round| &round.plain, |scrape| scrape.cpu_ms, 1),
            scrape(|round| &round.plain, |scrape| scrape.wall_ms, 0),
            scrape(|round| &round.gzip, |scrape| scrape.cpu_ms, 1),
            case.len()
        )?;
    }
    out.push_str(&ratios(rounds)?);
    Ok((out, figures(rounds)))
}

/// The median of one measure of a case.
fn seen(rounds: &[Round], peer: Peer, case: Case, measure: Measure) -> Option<f64> {
    let of = rounds.iter().filter(|round| round.peer == peer && round.case == case).filter_map(measure);
    let values: Vec<f64> = of.collect();
    (!values.is_empty()).then(|| median(&values))
}

fn figures(rounds: &[Round]) -> Figures {
    let mut figures = Figures::default();
    let large = |series, protocol, coding| Case { shape: Shape::Large, series, protocol, coding, shuffle: false };
    let (grpc, none) = (Protocol::Grpc, Coding::None);
    let speed = |round: &Round| Some(round.points_per_cpu_second / 1e6);
    let memory = |round: &Round| Some(round.bytes_per_series);
    let million = large(1_000_000, grpc, none);
    let plain = large(100_000, grpc, none);
    let ours: [(_, Case, Measure); 6] = [
        (goals::INGEST_100K, plain, speed),
        (goals::INGEST_1M, million, speed),
        (goals::INGEST_SMALL, Case { shape: Shape::Small, ..plain }, speed),
        (goals::INGEST_GZIP, Case { coding: Coding::Gzip, ..plain }, speed),
        (goals::INGEST_JSON, Case { protocol: Protocol::Json, ..plain }, speed),
        (goals::MEMORY, million, memory),
    ];
    for (goal, case, measure) in ours {
        if let Some(value) = seen(rounds, Peer::Pointsman, case, measure) {
            figures.take(goal, value);
        }
    }
    let ratios: [(_, Case, Measure); 3] =
        [(goals::RATIO_100K, plain, speed), (goals::RATIO_1M, million, speed), (goals::MEMORY_RATIO, plain, memory)];
    for (goal, case, measure) in ratios {
        let of = |peer| seen(rounds, peer, case, measure);
        if let (Some(ours), Some(theirs)) = (of(Peer::Pointsman), of(Peer::Collector)) {
            figures.take(goal, ours / theirs);
        }
    }
    figures
}

fn ratios(rounds: &[Round]) -> Result<String> {
    let mut out = String::new();
    for ours in cases(rounds).iter().filter_map(|case| case.first()).filter(|round| round.peer == Peer::Pointsman) {
        let ratio = |measure: Measure| {
            let of = |peer| seen(rounds, peer, ours.case, measure);
            Some(of(Peer::Pointsman)? / of(Peer::Collector)?)
        };
        let Some(speed) = ratio(|round| Some(round.points_per_cpu_second)) else { continue };
        let memory = ratio(|round| Some(round.bytes_per_series)).unwrap_or(f64::NAN);
        let Case { shape, series, .. } = ours.case;
        let shape = shape.name().split(',').next().unwrap_or_default();
        write!(
            out,
            "- {shape}, {series} series, {}: {speed:.1} × the points per CPU-second, 1/{:.0} of the memory a series",
            ours.case.way(),
            1.0 / memory
        )?;
        let scrapes = (
            ratio(|round| round.plain.as_ref().map(|scrape| scrape.cpu_ms)),
            ratio(|round| round.gzip.as_ref().map(|scrape| scrape.cpu_ms)),
            ratio(|round| round.plain.as_ref().map(|scrape| scrape.bytes as f64)),
        );
        if let (Some(plain), Some(gzip), Some(bytes)) = scrapes {
            write!(
                out,
                ", 1/{:.0} of the CPU a plain scrape ({bytes:.2} × the bytes), 1/{:.0} a gzip one",
                1.0 / plain,
                1.0 / gzip
            )?;
        }
        out.push_str(".\n");
    }
    if !out.is_empty() {
        out.insert_str(0, "\npointsman against the Collector, medians:\n\n");
    }
    Ok(out)
}

/// Rounds of one server and case, in the order in which they first ran.
fn cases(rounds: &[Round]) -> Vec<Vec<&Round>> {
    let mut cases: Vec<Vec<&Round>> = Vec::new();
    for round in rounds {
        let same =
            |case: &&mut Vec<&Round>| case.first().is_some_and(|first| (first.peer, first.case) == (round.peer, round.case));
        match cases.iter_mut().find(same) {
            Some(case) => case.push(round),
            None => cases.push(vec![round]),
        }
    }
    cases
}

/// Which end of a measure is the bad one.
#[derive(Clone, Copy)]
pub(crate) enum Worst {
    Least,
    Most,
}

/// Median, and worst in brackets.
pub(crate) fn show(values: &[f64], digits: usize, worst: Worst) -> String {
    let worst = match worst {
        Worst::Least => values.iter().copied().fold(f64::INFINITY, f64::min),
        Worst::Most => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    };
    format!("{:.digits$} ({worst:.digits$})", median(values))
}

/// The middle value; of an even number, between the two.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.get(middle.saturating_sub(1)), sorted.get(middle)) {
        (Some(low), Some(high)) if sorted.len().is_multiple_of(2) => f64::midpoint(*low, *high),
        (_, Some(middle)) => *middle,
        _ => f64::NAN,
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
