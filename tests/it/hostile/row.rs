//! A row of `tests/data/hostile/*.tsv`: what is sent by which ways, and what must come of it. Columns, separated by tabs:
//! `id`, `expect` (`way:outcome`, several), `says` (a piece of each answer), `limits` (`name+n`: hits over the whole row),
//! `growth` (KiB of memory the row may take at its peak), `body` (see `body`). `-` is the default. Sends nothing.

use std::path::Path;

/// Memory that any small request may take at its peak.
const GROWTH_KIB: u64 = 8 << 10;

/// How a request comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Json,
    Protobuf,
    Grpc,
}

/// What a sender learns, in the words of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Taken, but for so many points or spans.
    Taken(u64),
    /// 400 or INVALID_ARGUMENT.
    Bad,
    /// 413 or RESOURCE_EXHAUSTED without a time to come back.
    Large,
    /// 415 or UNIMPLEMENTED.
    Encoding,
    /// No gRPC as we know it: INTERNAL.
    Framing,
    /// Another HTTP status.
    Status(u16),
}

/// A row, read.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) ways: Vec<(Way, Outcome)>,
    pub(super) says: Option<String>,
    pub(super) limits: Vec<(String, u64)>,
    pub(super) growth_kib: u64,
    pub(super) body: String,
}

/// The rows of one threat.
pub(super) fn load(threat: &str) -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/hostile/{threat}.tsv"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()));
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let rows: Vec<Row> = lines.map(|line| row(line).unwrap_or_else(|fault| panic!("{threat}: {line:.80}: {fault}"))).collect();
    assert!(!rows.is_empty(), "{} has no row", path.display());
    rows
}

fn row(line: &str) -> Result<Row, String> {
    let cells: Vec<&str> = line.split('\t').collect();
    let [id, expect, says, limits, growth, body] = cells[..] else { return Err(format!("{} columns, not 6", cells.len())) };
    let growth_kib = if growth == "-" { GROWTH_KIB } else { growth.parse().map_err(|error| format!("growth: {error}"))? };
    let limits = limits.split(' ').filter(|cell| *cell != "-").map(|cell| {
        let (name, n) = cell.split_once('+').ok_or("limits are written name+n")?;
        Ok((name.to_owned(), n.parse().map_err(|error| format!("{cell}: {error}"))?))
    });
    Ok(Row {
        id: id.to_owned(),
        ways: expect.split(' ').map(way).collect::<Result<Vec<_>, String>>()?.concat(),
        says: (says != "-").then(|| says.to_owned()),
        limits: limits.collect::<Result<_, String>>()?,
        growth_kib,
        body: body.to_owned(),
    })
}

fn way(cell: &str) -> Result<Vec<(Way, Outcome)>, String> {
    let (way, outcome) = cell.split_once(':').ok_or("expectations are written way:outcome")?;
    let ways = match way {
        "all" => vec![Way::Json, Way::Protobuf, Way::Grpc],
        "binary" => vec![Way::Protobuf, Way::Grpc],
        "http" => vec![Way::Json, Way::Protobuf],
        "json" => vec![Way::Json],
        "proto" => vec![Way::Protobuf],
        "grpc" => vec![Way::Grpc],
        _ => return Err(format!("no such way: {way}")),
    };
    let outcome = match outcome {
        "ok" => Outcome::Taken(0),
        "bad" => Outcome::Bad,
        "large" => Outcome::Large,
        "encoding" => Outcome::Encoding,
        "framing" => Outcome::Framing,
        _ => match outcome.strip_prefix("ok-") {
            Some(n) => Outcome::Taken(n.parse().map_err(|error| format!("{outcome}: {error}"))?),
            None => Outcome::Status(outcome.parse().map_err(|error| format!("{outcome}: {error}"))?),
        },
    };
    Ok(ways.into_iter().map(|way| (way, outcome)).collect())
}
