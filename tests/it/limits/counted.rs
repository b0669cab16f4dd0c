//! Whether every limit that bites is counted: each name that `pointsman.limit` can have, with the test that makes it rise.
//! Knows where names of limits come from and where tests stand; and makes those rise that no other test does.

use super::{connect, hits, socket};
use crate::{
    conformance::coverage::tests_where,
    support::{DEADLINE, Pointsman, http, runtime},
};
use std::{collections::BTreeSet, fs, path::Path};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

/// Names of limits, the tests that make them rise, and what of those tests' files says so.
const PROOFS: [(&str, &str, &str); 46] = [
    ("aliases", "spellings_are_capped", " aliases="),
    ("body_bytes", "every_limit_that_bites_is_counted", "\"body_bytes\""),
    ("body_time", "t07_slow_sockets_disturb_nobody", "\"body_time\""),
    ("component_series", "a_component_over_its_cap_folds", "component_series="),
    ("connections", "the_oldest_idle_make_room", "\"connections\""),
    ("connections_per_address", "without_idle_ones_the_newcomer_is_refused", "\"connections_per_address\""),
    ("flight_bytes", "every_limit_that_bites_is_counted", "\"flight_bytes\""),
    ("grace_time", "an_old_connection_ends", "Limit::GraceTime"),
    ("handler_time", "a_request_that_is_not_answered_is_answered", "Limit::HandlerTime"),
    ("handshake_time", "t07_handshakes_that_never_end_disturb_nobody", "\"handshake_time\""),
    ("head_bytes", "a_head_beyond_all_size_is_counted", "\"head_bytes\""),
    ("head_time", "a_head_that_does_not_end_is_given_up", "Limit::HeadTime"),
    ("http2", "t08_floods_of_frames_are_ended_or_absorbed", "\"http2\""),
    ("idle_time", "a_silent_peer_is_given_up", "Limit::IdleTime"),
    ("inflate_ratio", "t05_decompression_bombs", ""),
    ("instrument.callback_panics", "a_callback_that_panics_ends_nothing_but_itself", "callback_panics.get()"),
    ("instrument.callbacks", "caps_bite_and_are_counted", "callbacks.get()"),
    ("instrument.ended_sets", "what_is_held_is_bounded", "losses.ended_sets.get()"),
    ("instrument.instrument_conflicts", "one_name_is_one_instrument", "instrument_conflicts.get()"),
    ("instrument.instrument_names", "what_has_no_name_does_nothing", "instrument_names.get()"),
    ("instrument.instruments", "caps_bite_and_are_counted", "losses().instruments.get()"),
    ("instrument.item_bytes", "what_is_held_is_bounded", "losses.item_bytes.get()"),
    ("instrument.observed_sets", "what_is_held_is_bounded", "losses.observed_sets.get()"),
    ("instrument.observed_twice", "the_first_value_of_a_set_counts", "observed_twice.get()"),
    ("instrument.overflow", "a_limit_folds_into_one_set", "instrument.overflow"),
    ("instrument.retired_sets", "what_retired_is_bounded", "retired_sets.get()"),
    ("instrument.spans", "what_is_held_is_bounded", "spans_dropped()"),
    ("memory", "t03_a_series_bomb_stays_within_the_limit", "[\"memory\"]"),
    ("metric_series", "a_metric_over_its_cap_folds", "metric_series="),
    ("open_files", "t37_out_of_files_it_turns_away_and_comes_back", "\"open_files\""),
    ("plan_instruments", "what_a_plan_leaves_out_is_counted", "groups.left_out, counted"),
    ("reconnects", "t08_a_new_connection_is_no_fresh_budget", "\"reconnects\""),
    ("scrape_kept_bytes", "t33_who_falls_behind_sees_that_it_was_cut", "\"scrape_kept_bytes\""),
    ("scrapes", "too_many_scrapes_at_once_are_refused", "[\"scrapes\"]"),
    ("sender_bytes", "t03_quotas_of_senders_are_answered_and_counted", "\"sender_bytes\""),
    ("sender_requests", "t03_quotas_of_senders_are_answered_and_counted", "\"sender_requests\""),
    ("sender_series", "t03_no_sender_takes_the_series_of_others", "Limit::SenderSeries"),
    ("series", "max_series_refuses", " series=2\n"),
    ("streams", "heads_are_capped", " streams=3"),
    ("time_skew", "a_clock_that_is_off_is_counted", "Limit::TimeSkew"),
    ("tombstones", "tombstones_are_capped", "tombstones="),
    ("trace_state", "t35_long_trace_states_reach_no_back_end", "limit.trace_state"),
    ("view_series", "a_view_limits_a_metric", "view_series="),
    ("watch.open_spans", "open_spans_are_capped", "\"watch.open_spans\""),
    ("watch.open_text_bytes", "texts_of_open_spans_are_capped", "\"watch.open_text_bytes\""),
    ("write_time", "a_peer_that_hardly_reads_is_given_up", "Limit::WriteTime"),
];

/// Names that nobody makes rise yet: a component's side of the catalogue and of its description.
const UNPROVED: [&str; 2] = ["instrument.catalogue", "instrument.description"];

/// Every name in what a process says of itself, and in the sources of those that name theirs only once they were hit.
fn names() -> BTreeSet<String> {
    let server = Pointsman::start(&[]);
    let own = server.get("/metrics/self").text();
    let of = |line: &str| Some(line.split_once("pointsman_limit=\"")?.1.split_once('"')?.0.to_owned());
    let mut names: BTreeSet<String> = own.lines().filter_map(of).collect();
    assert!(names.len() > 20, "{names:?}");
    for (path, begins) in [("src/instrument/losses.rs", "(\"instrument."), ("src/watch/daemon/rollouts.rs", "(\"watch.")] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("it is there");
        let found = text.match_indices(begins).filter_map(|(at, _)| text.get(at + 2..)?.split('"').next());
        let before = names.len();
        names.extend(found.map(str::to_owned));
        assert!(names.len() > before, "no name in {path}");
    }
    names
}

/// Scenario: every name that `pointsman.limit` can have, and every test. Guarantees: each name has a test that is run, and whose
/// file looks at that count, or at rows that do; nothing is listed that is no limit (RC-04).
#[test]
fn every_limit_has_a_test_that_makes_it_rise() {
    let names = names();
    let listed: BTreeSet<String> = PROOFS.iter().map(|(name, ..)| *name).chain(UNPROVED).map(str::to_owned).collect();
    assert_eq!(listed, names, "limits without a proof, or proofs without a limit");
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/hostile/t05.tsv");
    let table = fs::read_to_string(table).expect("the table of bombs");
    for (name, test, says) in PROOFS {
        let found = tests_where(&format!("{test}("));
        assert!(matches!(&*found, [(_, false)]), "{name}: {test}: {found:?}");
        let text = fs::read_to_string(&found[0].0).expect("a source is text");
        assert!(
            if says.is_empty() { table.contains(&format!("\t{name}+")) } else { text.contains(says) },
            "{name}: {test} does not look at it"
        );
    }
}

/// Scenario: a head with more bytes than one may have, and one with more lines. Guarantees: both are refused, and counted.
#[test]
fn a_head_beyond_all_size_is_counted() {
    let server = Pointsman::start(&[]);
    let before = hits(&server, "head_bytes");
    let (long, many) = (format!("x: {}\r\n", "y".repeat(200 << 10)), "x: y\r\n".repeat(200));
    runtime().block_on(async {
        for lines in [long, many] {
            let mut stream = connect(server.http).await.expect("the port answers");
            stream.write_all(format!("GET /livez HTTP/1.1\r\nhost: x\r\n{lines}\r\n").as_bytes()).await.ok();
            let mut answer = Vec::new();
            timeout(DEADLINE, stream.read_to_end(&mut answer)).await.expect("it ends").ok();
            assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
        }
    });
    crate::support::wait("both to count", || (hits(&server, "head_bytes") == before + 2).then_some(()));
}

/// Scenario: two scrapers share a rendering of twice what is kept for the slower one, who begins to read when the other is done.
/// Guarantees: the fast one has a whole body; the slow one sees that its own was cut: no last chunk, no `# EOF`; it counts (HN-13,
/// T33).
#[test]
fn t33_who_falls_behind_sees_that_it_was_cut() {
    let server = Pointsman::start(&[]);
    for name in 0..20 {
        let point = |i: usize| {
            let text = format!("{i} {}", "x".repeat(4_000));
            format!(r#"{{"asInt":"1","timeUnixNano":"1","attributes":[{{"key":"k","value":{{"stringValue":"{text}"}}}}]}}"#)
        };
        let points: Vec<String> = (0..200).map(point).collect();
        let metric = format!(r#"{{"name":"much{name}","gauge":{{"dataPoints":[{}]}}}}"#, points.join(","));
        let body = format!(r#"{{"resourceMetrics":[{{"scopeMetrics":[{{"metrics":[{metric}]}}]}}]}}"#);
        assert_eq!(server.push_json("/v1/metrics", &body).text(), "{}");
    }
    let accept = "application/openmetrics-text;version=1.0.0";
    let head = format!("GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\naccept: {accept}\r\n\r\n");
    let before = hits(&server, "scrape_kept_bytes");
    let (fast, slow) = runtime().block_on(async {
        // The first holds the turn and reads nothing, so that the others come to share the next one.
        let mut all = Vec::new();
        for _ in 0..2 {
            let socket = socket(super::HOSTILE).expect("a socket");
            socket.set_recv_buffer_size(4_096).expect("it may be small");
            let mut stream = socket.connect(server.read).await.expect("the port answers");
            stream.write_all(head.as_bytes()).await.expect("sent");
            if all.is_empty() {
                stream.read_exact(&mut [0; 100]).await.expect("it has begun");
            }
            all.push(stream);
        }
        let fast = http(server.read, "GET", "/metrics", &[("accept", accept)], b"");
        let (mut slow, mut stream) = (Vec::new(), all.pop().expect("it is there"));
        timeout(6 * DEADLINE, stream.read_to_end(&mut slow)).await.expect("it ends").ok();
        (fast, slow)
    });
    assert!(fast.complete && fast.body.ends_with(b"# EOF\n"), "{} bytes", fast.body.len());
    assert!(slow.len() < fast.body.len(), "{} of {} bytes", slow.len(), fast.body.len());
    assert!(!slow.ends_with(b"0\r\n\r\n") && !slow.windows(5).any(|five| five == b"# EOF"), "it ends as if it were whole");
    assert_eq!(hits(&server, "scrape_kept_bytes"), before + 1);
}
