//! The bench: points per CPU-second, memory per series and cost of a scrape, of pointsman and of the OpenTelemetry
//! Collector with its Prometheus exporter, on the same bytes in the same run, each round checked value by value; and what
//! views, spans, start and rest cost. `cargo bench --bench bench -- --help` says what can be set.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool that talks to the person who started it")]
#![expect(clippy::disallowed_methods, reason = "it measures: it may ask for the time")]
#![expect(clippy::cast_possible_truncation, reason = "it encodes lengths and numbers that it made itself")]

mod access;
mod agents;
mod all;
mod body;
mod case;
mod check;
mod dial;
mod formats;
mod goals;
mod obey;
mod overload;
mod push;
mod run;
mod scrape;
mod send;
mod server;
mod shape;
mod soak;
mod spans;
mod start;
mod table;
mod tls;
mod views;
mod wire;

use anyhow::{Context, Result, bail, ensure};
use case::{Block, Words};
use goals::Figures;
use std::{fs, time::Instant};

const HELP: &str = "\
cargo bench [--profile dist] --bench bench -- [OPTION]...

  --all              everything at the head of tests/bench/RESULTS.md, in about 12 minutes; --write then writes tests/bench/RESULTS.md
  --quick            the same once and small, which measures nothing well and checks everything

Ingest and scrapes, every combination of (also as BENCH_SERIES and so on):
  --series LIST      cardinalities, with commas (10000)
  --shapes LIST      s1, s2, s3, h, e, d, c (s1)
  --protocols LIST   grpc, http, json (grpc)
  --encodings LIST   none, gzip, zstd (none)
  --shuffle          points change their order from request to request
  --peers LIST       pointsman, collector (pointsman)
  --rounds N         how often each peer runs per case (2)
  --cpu-seconds N    server CPU time per measurement (2)
  --connections N    senders (2)
  --scrapes N        measured scrapes per encoding; 0 only checks (3)

Only one part, with --rounds, --cpu-seconds, and --series where it makes sense:
  --formats          scrapes in every format and encoding, and what they do to pushes
  --obey             rules in force, metrics that are off, changes of views
  --spans            spans forwarded
  --start            start, rest, size
  --soak SECONDS     memory under churn, without scrapers and with them; at least 420 (600)
  --overload N       what becomes of 2 and 10 times the load it can take, N seconds each (10)
  --views            what 1,000 views cost to compile and obey
  --agents N         what N agents with sessions cost
  --access           what TLS costs and who comes by it: in about 12 minutes, with --quick small; all of it, or by
  --only LIST        scrapes, senders, slow, tokens, overload, ingest; 10,000 connections need `ulimit -n 20000`

The Collector and the Kubernetes API server are found in POINTSMAN_TOOLS_BIN=$(bash tests/tools/build.sh).";

const FLAGS: [&str; 24] = [
    "--all",
    "--quick",
    "--write",
    "--series",
    "--shapes",
    "--protocols",
    "--encodings",
    "--shuffle",
    "--peers",
    "--rounds",
    "--cpu-seconds",
    "--connections",
    "--scrapes",
    "--formats",
    "--obey",
    "--spans",
    "--start",
    "--soak",
    "--views",
    "--agents",
    "--overload",
    "--access",
    "--only",
    "--help",
];

/// One section of the report.
#[derive(Default)]
pub(crate) struct Part {
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) figures: Figures,
    /// What went wrong, if anything did: then the bench fails, and still shows all it has.
    pub(crate) failed: Vec<String>,
}

impl Part {
    /// As the report shows it.
    fn section(&self) -> String {
        let failed: String = self.failed.iter().map(|what| format!("\n**Failed**: {what}\n")).collect();
        format!("## {}\n\n{}{failed}", self.title, self.text)
    }

    fn whole(&self) -> Result<()> {
        ensure!(self.failed.is_empty(), "{}: {}", self.title, self.failed.join("; "));
        Ok(())
    }
}

fn main() -> Result<()> {
    // Cargo passes `--bench` to tell a harness what it is run for.
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let Some(unknown) = args.iter().find(|arg| arg.starts_with("--") && !FLAGS.contains(&arg.as_str())) {
        bail!("there is no option {unknown}\n{HELP}");
    }
    let words = Words(&args);
    ensure!(words.has("--all") || !words.has("--write"), "only the whole of --all is written down");
    if words.has("--help") {
        println!("{HELP}");
    } else if words.has("--all") {
        return all(&args.join(" "), (words.has("--quick"), words.has("--write")));
    } else if let Some(part) = one_part(&words)? {
        println!("{}{}\n{}", table::head(&args.join(" "))?, part.section(), goals::table(&part.figures, false)?);
        part.whole()?;
    } else {
        let part = ingest(&words.blocks()?)?;
        println!("{}{}", table::head(&args.join(" "))?, part.section());
        part.whole()?;
    }
    Ok(())
}

fn one_part(words: &Words<'_>) -> Result<Option<Part>> {
    let (rounds, cpu_seconds) = (words.number("rounds", "4")?, words.number("cpu-seconds", "2")?);
    let series = || words.number("series", "1000000");
    let plain = |title: &str, text| Part { title: title.into(), text, ..Part::default() };
    Ok(Some(match () {
        () if words.has("--formats") => formats::measure(series()?, rounds)?,
        () if words.has("--obey") => obey::measure(series()?, rounds, cpu_seconds)?,
        () if words.has("--spans") => spans::measure(rounds, cpu_seconds)?,
        () if words.has("--start") => start::measure()?,
        () if words.has("--soak") => soak::measure(words.number("soak", "600")?)?,
        () if words.has("--overload") => overload::measure(words.number("overload", "10")?)?,
        () if words.has("--access") => access::measure(&words.list("only", access::ALL, &access::ROWS)?, words.has("--quick"))?,
        () if words.has("--views") => plain("What 1,000 views cost", views::measure(rounds)?),
        () if words.has("--agents") => plain("What agents cost", agents::measure(words.number("agents", "10000")?)?),
        () => return Ok(None),
    }))
}

/// Every round of every block, in turns A B B A: what drifts on the machine meets both peers alike. One that fails costs
/// its block the rounds after it, and no other block.
fn ingest(blocks: &[Block]) -> Result<Part> {
    let began = Instant::now();
    let (mut rounds, mut failed) = (Vec::new(), Vec::new());
    for block in blocks {
        let mut order = block.peers.clone();
        let turns = (0..block.rounds).flat_map(|round| {
            let turn: Vec<_> = order.iter().map(|peer| (round, *peer)).collect();
            order.reverse();
            turn
        });
        for (round, peer) in turns {
            eprintln!("{} s: {:?}, round {}: {}", began.elapsed().as_secs(), block.case, round + 1, peer.name());
            match run::measure(peer, block).with_context(|| format!("{} with {:?}", peer.name(), block.case)) {
                Ok(measured) => {
                    eprintln!("  {}", table::line(&measured));
                    rounds.push(measured);
                }
                Err(error) => {
                    eprintln!("  failed: {error:#}");
                    failed.push(format!("{error:#}"));
                    break;
                }
            }
        }
    }
    let (text, figures) = table::render(&rounds)?;
    Ok(Part { title: "Ingest, memory, scrapes".into(), text, figures, failed })
}

fn all(args: &str, (quick, write): (bool, bool)) -> Result<()> {
    ensure!(!(quick && write), "what is measured quickly is not written down");
    let began = Instant::now();
    let mut parts = vec![ingest(&all::blocks(quick))?];
    parts.extend(all::parts(quick));
    let (mut figures, mut failed) = (Figures::default(), Vec::new());
    let mut details = String::new();
    for part in parts {
        details += &format!("\n{}", part.section());
        failed.extend(part.whole().err());
        figures.join(part.figures);
    }
    let took = began.elapsed().as_secs() / 60;
    let report = format!(
        "{}It takes {took} minutes. What was aimed at, and what was seen, as medians:\n\n{}{details}",
        table::head(args)?,
        goals::table(&figures, true)?
    );
    println!("{report}");
    if write {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/RESULTS.md");
        // What other commands measured stays.
        let before = fs::read_to_string(path).unwrap_or_default();
        let others = before.find(OTHERS).and_then(|at| before.get(at..)).map_or(String::new(), |others| format!("\n{others}"));
        fs::write(path, report + &others)?;
    }
    ensure!(failed.is_empty(), "{}", failed.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    Ok(())
}

/// Begins what other commands measured.
const OTHERS: &str = "## A view changes\n";
