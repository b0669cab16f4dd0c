//! The run whose table is committed: every shape, way in and cardinality that has a goal, and all that is not ingest.
//! Knows what belongs to it and how often; not how any of it is measured.

use crate::{
    Part,
    case::{Block, Case, Effort},
    formats, obey,
    send::{Coding, Protocol},
    server::Peer,
    shape::Shape,
    spans, start,
};
use anyhow::Result;
use std::time::Instant;

const BOTH: [Peer; 2] = [Peer::Pointsman, Peer::Collector];
const OURS: [Peer; 1] = [Peer::Pointsman];
/// A row with a goal.
const HEADLINE: Effort = Effort { cpu_seconds: 5.0, connections: 2, scrapes: 3 };
const OTHER: Effort = Effort { cpu_seconds: 2.0, connections: 2, scrapes: 0 };

/// The blocks of ingest. Quick: each once, with a tenth of the series, which shows that all of it works and no more.
pub(crate) fn blocks(quick: bool) -> Vec<Block> {
    let mut blocks = committed();
    for block in blocks.iter_mut().filter(|_| quick) {
        block.case.series /= 10;
        block.rounds = 1;
        block.effort = Effort { cpu_seconds: 0.3, scrapes: block.effort.scrapes.min(1), ..block.effort };
    }
    blocks
}

fn committed() -> Vec<Block> {
    let case = |shape, series, protocol, coding| Case { shape, series, protocol, coding, shuffle: false };
    let block = |case, peers: &[Peer], rounds, effort| Block { case, peers: peers.to_vec(), rounds, effort };
    let (grpc, http, json) = (Protocol::Grpc, Protocol::Http, Protocol::Json);
    let (none, gzip, zstd) = (Coding::None, Coding::Gzip, Coding::Zstd);
    let large = |series, protocol, coding| case(Shape::Large, series, protocol, coding);
    let goal = Effort { scrapes: 0, ..HEADLINE };
    vec![
        block(large(10_000, grpc, none), &BOTH, 3, Effort { scrapes: 3, ..OTHER }),
        block(large(100_000, grpc, none), &BOTH, 5, HEADLINE),
        // A scrape of the Collector takes half a minute here.
        block(large(1_000_000, grpc, none), &BOTH, 1, HEADLINE),
        block(large(1_000_000, grpc, none), &OURS, 4, HEADLINE),
        block(large(100_000, http, none), &BOTH, 3, OTHER),
        block(large(1_000_000, http, none), &OURS, 3, OTHER),
        block(large(100_000, grpc, gzip), &OURS, 3, goal),
        block(large(100_000, grpc, gzip), &BOTH, 2, goal),
        block(large(100_000, http, gzip), &BOTH, 2, OTHER),
        block(large(100_000, grpc, zstd), &BOTH, 2, OTHER),
        block(large(100_000, json, none), &OURS, 3, goal),
        block(large(100_000, json, none), &BOTH, 2, goal),
        block(Case { shuffle: true, ..large(100_000, grpc, none) }, &BOTH, 2, OTHER),
        block(case(Shape::Small, 100_000, grpc, none), &OURS, 3, goal),
        block(case(Shape::Small, 100_000, grpc, none), &BOTH, 2, goal),
        block(case(Shape::Tiny, 50_000, grpc, none), &BOTH, 2, OTHER),
        block(case(Shape::Tiny, 50_000, http, none), &BOTH, 2, OTHER),
        block(case(Shape::Histograms, 10_000, grpc, none), &BOTH, 2, OTHER),
        block(case(Shape::Exponentials, 10_000, grpc, none), &BOTH, 2, OTHER),
        block(case(Shape::Deltas, 10_000, grpc, none), &BOTH, 2, OTHER),
        block(case(Shape::Churn, 100_000, grpc, none), &BOTH, 2, Effort { cpu_seconds: 5.0, ..OTHER }),
    ]
}

/// Everything that is not ingest.
pub(crate) fn parts(quick: bool) -> Result<Vec<Part>> {
    let began = Instant::now();
    let mut parts = Vec::new();
    let mut keep = |part: Part| {
        eprintln!("{}, {} s\n{}", part.title, began.elapsed().as_secs(), part.text);
        parts.push(part);
    };
    let (series, rounds, cpu_seconds) = if quick { (100_000, 1, 0.3) } else { (1_000_000, 5, 2.0) };
    keep(formats::measure(series, rounds)?);
    keep(obey::measure(series, rounds, cpu_seconds)?);
    keep(spans::measure(rounds, cpu_seconds)?);
    keep(start::measure()?);
    Ok(parts)
}
