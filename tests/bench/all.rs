//! The run whose table is committed: every shape, way in and cardinality that has a goal, and what is not ingest; access is a run
//! of its own.
//! Knows what belongs to it and how often; not how any of it is measured.

use crate::{
    Part,
    case::{Block, Case, Effort},
    formats, obey, overload,
    send::{Coding, Protocol},
    server::Peer,
    shape::Shape,
    spans, start,
};
use anyhow::Result;
use std::time::Instant;

const BOTH: [Peer; 2] = [Peer::Pointsman, Peer::Collector];
const OURS: [Peer; 1] = [Peer::Pointsman];
/// The rows with a goal against the Collector.
const HEADLINE: Effort = Effort { cpu_seconds: 5.0, connections: 2, scrapes: 2 };
/// The same where a scrape of the Collector takes half a minute.
const MILLION: Effort = Effort { scrapes: 1, ..HEADLINE };
const GOAL: Effort = Effort { cpu_seconds: 3.0, connections: 2, scrapes: 0 };
const OTHER: Effort = Effort { cpu_seconds: 2.0, ..GOAL };

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
    vec![
        block(large(100_000, grpc, none), &BOTH, 4, HEADLINE),
        block(large(1_000_000, grpc, none), &BOTH, 1, MILLION),
        block(large(1_000_000, grpc, none), &OURS, 3, MILLION),
        block(large(10_000, grpc, none), &BOTH, 2, Effort { scrapes: 2, ..OTHER }),
        block(large(100_000, http, none), &BOTH, 2, OTHER),
        block(large(1_000_000, http, none), &OURS, 2, OTHER),
        block(large(100_000, grpc, gzip), &BOTH, 2, GOAL),
        block(large(100_000, http, gzip), &BOTH, 2, OTHER),
        block(large(100_000, grpc, zstd), &BOTH, 2, OTHER),
        block(large(100_000, json, none), &BOTH, 2, GOAL),
        block(Case { shuffle: true, ..large(100_000, grpc, none) }, &BOTH, 2, OTHER),
        block(case(Shape::Small, 100_000, grpc, none), &BOTH, 2, GOAL),
        block(case(Shape::Tiny, 50_000, grpc, none), &BOTH, 2, OTHER),
        block(case(Shape::Tiny, 50_000, http, none), &BOTH, 2, OTHER),
        block(case(Shape::Histograms, 10_000, grpc, none), &BOTH, 2, OTHER),
        block(case(Shape::Exponentials, 10_000, grpc, none), &BOTH, 2, OTHER),
        block(case(Shape::Deltas, 10_000, grpc, none), &BOTH, 2, OTHER),
        // Series have to have been replaced, and to end.
        block(case(Shape::Churn, 100_000, grpc, none), &BOTH, 1, Effort { cpu_seconds: 5.0, ..OTHER }),
    ]
}

/// Everything that is not ingest, but for access; a part that fails costs no other.
pub(crate) fn parts(quick: bool) -> Vec<Part> {
    let began = Instant::now();
    let mut parts = Vec::new();
    let mut keep = |name: &str, part: Result<Part>| {
        let part =
            part.unwrap_or_else(|error| Part { title: name.into(), failed: vec![format!("{error:#}")], ..Part::default() });
        eprintln!("{} s: {}", began.elapsed().as_secs(), part.section());
        parts.push(part);
    };
    let (series, rounds, cpu_seconds) = if quick { (100_000, 1, 0.3) } else { (1_000_000, 3, 2.0) };
    keep("Scrapes", formats::measure(series, rounds));
    keep("What views cost a running server", obey::measure(series, rounds, cpu_seconds));
    keep("What becomes of an overload", overload::measure(if quick { 2 } else { 12 }));
    keep("Spans forwarded", spans::measure(rounds, cpu_seconds));
    keep("Start and rest", start::measure());
    parts
}
