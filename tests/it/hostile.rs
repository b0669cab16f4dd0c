//! Senders and back ends that mean no good: one table of inputs a threat, each row against a real process, and whatever a
//! table cannot say. The numbers are those of the threat list; every one of `threats` has a test that begins with it.
//! `tests/data/hostile/*.tsv` has the rows, `row` and `body` their language, `runner` what is looked at after each one.

mod body;
mod closed;
mod deep;
mod downstream;
mod flood;
mod kept;
mod pages;
mod row;
mod runner;
mod state;
mod supply;
mod text;
mod threats;
mod views;
mod watch;

use crate::judge::checker;
use crate::support::Pointsman;

/// Enough for a bomb to be one, and small enough for a debug build.
const FLAGS: [&str; 2] = ["--max-body", "4MiB"];

fn run(threat: &str) {
    runner::run(&row::load(threat), &FLAGS);
}

/// Scenario: points with too many, too long and too large attributes, and heads that are as bad.
/// Guarantees: what breaks a limit goes alone, counted and told; its neighbours stay.
#[test]
fn t04_label_bombs() {
    run("t04");
}

/// Scenario: bodies that grow without measure, by both codecs, nested, with windows of any size.
/// Guarantees: 413 or RESOURCE_EXHAUSTED without a time to come back; memory grows by twice the body's cap and
/// 2 MiB at most, and by as much as its window where a bomb has the widest that is taken.
#[test]
fn t05_decompression_bombs() {
    run("t05");
}

/// Scenario: chains of encodings, unknown ones, streams that are cut, broken, or followed by something.
/// Guarantees: 415 for the one, 400 for the others.
#[test]
fn t06_encodings() {
    run("t06");
}

/// Scenario: lengths that lie, by up to all that fits their field.
/// Guarantees: nothing is set aside for what is only announced.
#[test]
fn t09_lying_lengths() {
    run("t09");
}

/// Scenario: values as deep as a million levels, at each place that takes values.
/// Guarantees: 32 levels and no more, the same by each way in; nothing overflows.
#[test]
fn t10_deep_values() {
    run("t10");
}

/// Scenario: bytes that are no text in each field that is one.
/// Guarantees: the smallest part that holds them is refused.
#[test]
fn t11_text_that_is_none() {
    run("t11");
}

/// Scenario: every number that is odd.
/// Guarantees: refused where a counter cannot be that, kept where a gauge can; sums do not wrap around.
#[test]
fn t12_odd_numbers() {
    run("t12");
}

/// Scenario: buckets that are too many, out of order, or out of range.
/// Guarantees: refused or coarsened, in bounded memory.
#[test]
fn t13_buckets() {
    run("t13");
}

/// Scenario: times before and after all time.
/// Guarantees: kept where they may be true, and counted where they are far from our clock; no stream blocks another.
#[test]
fn t14_time_travel() {
    run("t14");
}

/// Scenario: a rogue sender takes the names of two others with another type, unit or help.
/// Guarantees: scrapes go on and read, and the others lose nothing.
#[test]
fn t15_conflicts() {
    run("t15");
}

/// Scenario: text that would be lines of a scrape, at each place that reaches one.
/// Guarantees: it stays text.
#[test]
fn t16_injection() {
    run("t16");
}

/// Scenario: attributes named as labels that mean something, and names that collide once they are translated.
/// Guarantees: no sender takes the place of another, and the scrape reads.
#[test]
fn t17_reserved_labels() {
    run("t17");
}

/// Scenario: bytes that are no OTLP and requests that are no export.
/// Guarantees: each is refused with a reason; no worker ends by it.
#[test]
fn t40_malformed_requests() {
    run("t40");
}

/// Scenario: a good request of every kind of metric, cut at each of its bytes, as protobuf and as JSON; then each byte of
/// it turned over.
/// Guarantees: a cut one is bad data or taken with what it still says; the process lives, and others do not notice.
#[test]
fn t40_a_request_cut_or_changed_at_every_byte() {
    let server = Pointsman::start(&FLAGS);
    watch::victims(&server);
    let before = watch::victims_of(&watch::scrape(server.read, "text/plain"));
    let whole = body::message(EVERY_KIND, "t40");
    let protobuf = whole.protobuf.expect("it can be written in protobuf");
    let mut connection = kept::Kept::open(server.http);
    for (content_type, bytes) in [("application/x-protobuf", &protobuf), ("application/json", &whole.json)] {
        for at in 0..bytes.len() {
            let status = connection.post(content_type, &bytes[..at]);
            assert!(
                status == 400 || (status == 200 && content_type.ends_with("protobuf")),
                "{content_type} cut at {at}: {status}"
            );
            let mut changed = bytes.clone();
            changed[at] ^= 0xff;
            let status = connection.post(content_type, &changed);
            assert!([200, 400].contains(&status), "{content_type} changed at {at}: {status}");
        }
    }
    assert_eq!(watch::victims_of(&watch::scrape(server.read, "text/plain")), before);
    assert_eq!(checker::check_text(&server.scrape()), Vec::<String>::new());
    assert!(!server.logs().concat().contains("panicked"));
}

const EVERY_KIND: &str = concat!(
    r#"metric {"name":"@n","unit":"s","description":"d","gauge":{"dataPoints":[{"asDouble":1,@t,"attributes":["#,
    r#"{"key":"k","value":{"arrayValue":{"values":[{"kvlistValue":{"values":[{"key":"a","value":{"bytesValue":"AA=="}}]}}]}}}]}]}},"#,
    r#"{"name":"@n.c","sum":{"isMonotonic":true,"aggregationTemporality":2,"dataPoints":[{"asInt":"1","startTimeUnixNano":"1",@t,"#,
    r#""exemplars":[{"asInt":"1","traceId":"@*16[01]","spanId":"@*8[02]"}]}]}},"#,
    r#"{"name":"@n.h","histogram":{"aggregationTemporality":1,"dataPoints":[{"count":"2","sum":1,"startTimeUnixNano":"1",@t,"#,
    r#""bucketCounts":["1","1"],"explicitBounds":[1]}]}},"#,
    r#"{"name":"@n.e","exponentialHistogram":{"aggregationTemporality":2,"dataPoints":[{"count":"3","sum":1,"scale":2,@t,"#,
    r#""zeroCount":"1","positive":{"offset":-3,"bucketCounts":["1"]},"negative":{"bucketCounts":["1"]}}]}},"#,
    r#"{"name":"@n.s","summary":{"dataPoints":[{"count":"1","sum":1,@t,"quantileValues":[{"quantile":0.5,"value":1}]}]}}"#
);
