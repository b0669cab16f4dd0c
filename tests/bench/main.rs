//! The bench: points per CPU-second, memory per series and cost of a scrape, of pointsman and of the OpenTelemetry
//! Collector with its Prometheus exporter, on the same bytes in the same run, each round checked value by value.
//! `cargo bench --bench bench -- --help` says what can be set. Writes `tests/bench/RESULTS.md` when asked to.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool that talks to the person who started it")]
#![expect(clippy::disallowed_methods, reason = "it measures: it may ask for the time")]
#![expect(clippy::cast_possible_truncation, reason = "it encodes lengths and numbers that it made itself")]

mod agents;
mod body;
mod overload;
mod run;
mod scrape;
mod send;
mod server;
mod table;
mod views;

use anyhow::{Context, Result, bail};
use send::Protocol;
use server::Peer;

const HELP: &str = "\
cargo bench --bench bench -- [OPTION]...

  --series LIST      cardinalities, with commas (10000)              BENCH_SERIES
  --protocols LIST   grpc, http (grpc)                               BENCH_PROTOCOLS
  --peers LIST       pointsman, collector (pointsman)                BENCH_PEERS
  --rounds N         how often each peer runs per case (2)           BENCH_ROUNDS
  --cpu-seconds N    server CPU time per measurement (2)             BENCH_CPU_SECONDS
  --connections N    senders (2)                                     BENCH_CONNECTIONS
  --write            write tests/bench/RESULTS.md
  --views            only what 1,000 views cost to compile and obey, --rounds times
  --agents N         only what N agents with sessions cost
  --overload N       only what becomes of 2 and 10 times the load it can take, N seconds each

The Collector is found in POINTSMAN_TOOLS_BIN=$(bash tests/tools/build.sh collector).
The committed table: cargo bench --bench bench -- --series 10000,100000 --protocols grpc,http --peers pointsman,collector --rounds 4 --cpu-seconds 5 --write";

/// What to measure.
struct Options {
    series: Vec<usize>,
    protocols: Vec<Protocol>,
    peers: Vec<Peer>,
    rounds: usize,
    cpu_seconds: f64,
    connections: usize,
    write: bool,
    agents: Option<usize>,
    overload: Option<u64>,
}

fn main() -> Result<()> {
    // Cargo passes `--bench` to tell a harness what it is run for.
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if args.iter().any(|arg| arg == "--help") {
        println!("{HELP}");
        return Ok(());
    }
    let options = read_options(&args)?;
    if args.iter().any(|arg| arg == "--views") {
        println!("{}", views::measure(options.rounds)?);
        return Ok(());
    }
    if let Some(agents) = options.agents {
        println!("{}", agents::measure(agents)?);
        return Ok(());
    }
    if let Some(seconds) = options.overload {
        println!("{}", overload::measure(seconds)?);
        return Ok(());
    }
    let mut rows = Vec::new();
    for &series in &options.series {
        for &protocol in &options.protocols {
            // A B B A: what drifts on the machine meets both alike.
            let mut order = options.peers.clone();
            for round in 0..options.rounds {
                for &peer in &order {
                    eprintln!("{series} series, {protocol:?}, round {}: {}", round + 1, peer.name());
                    let round = run::measure(peer, protocol, series, &options);
                    rows.push(round.with_context(|| format!("measure {} with {series} series", peer.name()))?);
                    eprintln!("  {}", table::line(rows.last().context("just pushed")?));
                }
                order.reverse();
            }
        }
    }
    let report = table::render(&rows, &args.join(" "))?;
    println!("{report}");
    if options.write {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/RESULTS.md");
        // Sections after the table were measured by others.
        let before = std::fs::read_to_string(path).unwrap_or_default();
        let others = before.split_once("\n## ").map_or(String::new(), |(_, others)| format!("\n## {others}"));
        std::fs::write(path, report + &others)?;
    }
    Ok(())
}

fn read_options(args: &[String]) -> Result<Options> {
    for pair in args.iter().filter(|arg| arg.starts_with("--")) {
        if ![
            "--series",
            "--protocols",
            "--peers",
            "--rounds",
            "--cpu-seconds",
            "--connections",
            "--write",
            "--views",
            "--agents",
            "--overload",
        ]
        .contains(&pair.as_str())
        {
            bail!("there is no option {pair}\n{HELP}");
        }
    }
    let value = |name: &str, default: &str| {
        let flag = format!("--{name}");
        let given = args.iter().position(|arg| *arg == flag).and_then(|at| args.get(at + 1)).cloned();
        let variable = format!("BENCH_{}", name.to_uppercase().replace('-', "_"));
        given.or_else(|| std::env::var(variable).ok()).unwrap_or_else(|| default.to_owned())
    };
    let list = |name: &str, default: &str| value(name, default).split(',').map(str::to_owned).collect::<Vec<_>>();
    Ok(Options {
        series: list("series", "10000").iter().map(|text| text.parse()).collect::<Result<_, _>>().context("read --series")?,
        protocols: list("protocols", "grpc").iter().map(|text| protocol(text)).collect::<Result<_>>()?,
        peers: list("peers", "pointsman").iter().map(|text| peer(text)).collect::<Result<_>>()?,
        rounds: value("rounds", "2").parse().context("read --rounds")?,
        cpu_seconds: value("cpu-seconds", "2").parse().context("read --cpu-seconds")?,
        connections: value("connections", "2").parse().context("read --connections")?,
        write: args.iter().any(|arg| arg == "--write"),
        agents: Some(value("agents", ""))
            .filter(|text| !text.is_empty())
            .map(|text| text.parse())
            .transpose()
            .context("read --agents")?,
        overload: Some(value("overload", ""))
            .filter(|text| !text.is_empty())
            .map(|text| text.parse())
            .transpose()
            .context("read --overload")?,
    })
}

fn protocol(text: &str) -> Result<Protocol> {
    match text {
        "grpc" => Ok(Protocol::Grpc),
        "http" => Ok(Protocol::Http),
        _ => bail!("read --protocols: {text} is neither grpc nor http"),
    }
}

fn peer(text: &str) -> Result<Peer> {
    match text {
        "pointsman" => Ok(Peer::Pointsman),
        "collector" => Ok(Peer::Collector),
        _ => bail!("read --peers: {text} is neither pointsman nor collector"),
    }
}
