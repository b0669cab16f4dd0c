use super::{Setting, Stage};
use crate::app::demo::{
    heard::{Heard, ear},
    scenario::Scenario,
};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::SystemTime,
};

/// Plays a scenario for so long; everyone pushes once a minute.
async fn play(nodes: usize, scenario: Scenario, seconds: u64) -> (Stage, Heard) {
    let (transport, pushed) = ear();
    let start = Timestamp::from_second(1_767_225_600).expect("a time");
    let setting = Setting { nodes, scenario, seed: 7, start, way_out: &|_| Ok(transport.clone()) };
    let mut stage = Stage::new(&setting, |time| move || SystemTime::from(time.now())).expect("no address to read");
    for second in (60..seconds).step_by(60) {
        drop(stage.advance(second));
        assert_eq!(stage.push().await, 0);
    }
    (stage, Heard::of(&pushed))
}

/// Scenario: one whole rollout. Guarantees: daemons and controllers send nothing but what only they know, watchers all the rest.
#[tokio::test]
async fn watchers_say_what_daemons_do_not() {
    let names = play(3, Scenario::Happy, 1800).await.1.names();
    assert_eq!(names.len(), 3, "{names:?}");
    for (service, names) in names {
        let says_turns = names.contains("mco.controller.reconcile.errors");
        assert_eq!(says_turns, service == "machine-config-controller", "{service}: {names:?}");
        if says_turns {
            assert!(names.iter().all(|name| name.starts_with("mco.controller.") || name.starts_with("pointsman.")), "{names:?}");
            continue;
        }
        let says_update_state = names.contains("mcd_update_state");
        assert_eq!(says_update_state, service == "machine-config-daemon", "{service}: {names:?}");
        assert_eq!(says_update_state, !names.contains("mco.pool.machine.count"), "{service}: {names:?}");
    }
}

/// Scenario: one whole rollout of three nodes. Guarantees: one trace with one root; every other span has its real
/// parent and lies within it; each id is there once.
#[tokio::test]
async fn a_rollout_is_one_trace() {
    let spans = play(3, Scenario::Happy, 1800).await.1.spans;
    let by_id: BTreeMap<_, _> = spans.iter().map(|s| (s.span_id.clone(), s)).collect();
    assert_eq!(by_id.len(), spans.len());
    assert_eq!(spans.iter().map(|s| &s.trace_id).collect::<BTreeSet<_>>().len(), 1);
    let roots: Vec<_> = spans.iter().filter(|s| s.parent_span_id.is_empty()).map(|s| s.name.as_str()).collect();
    assert_eq!(roots, ["rollout pool"]);
    for span in spans.iter().filter(|s| !s.parent_span_id.is_empty()) {
        let parent = by_id.get(&span.parent_span_id).unwrap_or_else(|| panic!("{} has no parent", span.name));
        let (start, end) = (span.start_time_unix_nano, span.end_time_unix_nano);
        assert!(parent.start_time_unix_nano <= start && end <= parent.end_time_unix_nano, "{} in {}", span.name, parent.name);
    }
    assert_eq!(spans.len(), 1 + 3 * (1 + 7 + 2));
}
