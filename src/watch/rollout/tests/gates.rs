use super::{Cluster, ROLLOUT, Watching};
use crate::{cases, limits::SPAN_EVENTS_MAX, rollout::phase::ORDER, table::News};
use expect_test::{expect, expect_file};
use jiff::SignedDuration;
use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::any_value::Value as Any,
    metrics::v1::{Exemplar, metric::Data},
    trace::v1::Span,
};
use pointsman_instrument::telemetry::PlanSource;
use proptest::prelude::{ProptestConfig, proptest};
use prost::Message;
use std::{collections::BTreeSet, fmt::Write};

impl Watching {
    /// From now on spans of these names are off, and no others.
    fn obey(&self, off: &[&str]) {
        let off: Vec<String> = off.iter().map(|name| (*name).to_owned()).collect();
        self.telemetry.obey(&cases::plan(&off), 0, PlanSource::Controller);
    }

    /// The spans that measurements refer to as examples.
    fn examples(&self) -> BTreeSet<Vec<u8>> {
        let mut examples = BTreeSet::new();
        let mut note = |exemplars: &[Exemplar]| examples.extend(exemplars.iter().map(|exemplar| exemplar.span_id.clone()));
        for body in self.telemetry.metrics() {
            let request = ExportMetricsServiceRequest::decode(body).expect("our own export is whole");
            let scopes = request.resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
            for data in scopes.flat_map(|scope| scope.metrics).filter_map(|metric| metric.data) {
                match data {
                    Data::Histogram(histogram) => histogram.data_points.iter().for_each(|point| note(&point.exemplars)),
                    Data::Sum(sum) => sum.data_points.iter().for_each(|point| note(&point.exemplars)),
                    _ => {}
                }
            }
        }
        examples
    }
}

/// Plays a whole rollout; before the write of each of these numbers spans of these names, and no others, are off.
fn played(plans: &[(usize, &[&str])]) -> Watching {
    let mut cluster = Cluster::new();
    let mut watching = cluster.watch();
    for (i, write) in ROLLOUT.iter().enumerate() {
        plans.iter().filter(|(at, _)| *at == i).for_each(|(_, off)| watching.obey(off));
        cluster.now += SignedDuration::from_secs(20);
        watching.tick(cluster.now);
        let key = write(&mut cluster);
        watching.tell(key.0, News::Applied(cluster.raw(&key)), cluster.now);
    }
    watching
}

/// Names in the form of their tree; a span whose parent was not sent is marked.
fn tree(spans: &[Span]) -> String {
    let mut spans: Vec<&Span> = spans.iter().collect();
    spans.sort_by_key(|span| (span.start_time_unix_nano, span.end_time_unix_nano, &span.name, &span.span_id));
    let mut out = String::new();
    let is_sent = |id: &[u8]| spans.iter().any(|span| span.span_id == id);
    for root in spans.iter().filter(|span| !is_sent(&span.parent_span_id)) {
        below(&spans, root, usize::from(!root.parent_span_id.is_empty()), &mut out);
    }
    out
}

fn below(spans: &[&Span], span: &Span, depth: usize, out: &mut String) {
    let node =
        span.attributes.iter().find(|pair| pair.key == "k8s.node.name").and_then(|pair| pair.value.as_ref()?.value.clone());
    let node = if let Some(Any::StringValue(node)) = node { node } else { String::new() };
    let is_orphan = !span.parent_span_id.is_empty() && !spans.iter().any(|other| other.span_id == span.parent_span_id);
    let mark = if is_orphan { "orphan: " } else { "" };
    let line = format!("{}{mark}{} {node}", "  ".repeat(depth), span.name);
    writeln!(out, "{}", line.trim_end()).expect("a string takes everything");
    for child in spans.iter().filter(|child| child.parent_span_id == span.span_id) {
        below(spans, child, depth + 1, out);
    }
}

/// Scenario: of the spans of a rollout the root is off, the updates are, phases are: those that hold others, those that hold none,
/// all of them; then everything. Guarantees: what is off is not sent, and what it would hold stands in the nearest span that is.
#[test]
fn children_of_a_span_that_is_off_stand_in_the_nearest_that_is_on() {
    let told: String = [
        &[][..],
        &["rollout pool"],
        &["update node"],
        &["phase UpdateExecuted"],
        &["phase Drained", "phase Cordoned"],
        &["update node", "phase Update*"],
        &["phase *"],
        &["rollout pool", "update node", "phase UpdateExecuted"],
        &["*"],
    ]
    .iter()
    .map(|off| format!("off: {off:?}\n{}", tree(&played(&[(0, off)]).sent)))
    .collect();
    expect_file!["gates.txt"].assert_eq(&told);
}

/// Scenario: spans are turned off and on again in the middle of a rollout. Guarantees: the last word counts when a span ends; one
/// that was on only then is sent, and says how much of it was not kept; what ends later refers to none that is off. What was sent
/// before cannot be taken back.
#[test]
fn a_plan_that_changes_in_mid_rollout_counts_from_then_on() {
    let told: String = [
        ("the rollout goes off while its first node is at work", &[(9, &["rollout pool"][..])][..]),
        ("an update goes off when one of its phases was sent", &[(5, &["update node"])]),
        ("everything was off when it began, and comes on", &[(0, &["*"]), (18, &[])]),
        ("drains were off when one began", &[(0, &["phase Drained"]), (8, &[])]),
    ]
    .iter()
    .map(|(what, plans)| {
        let sent = played(plans).sent;
        let lost: Vec<_> =
            sent.iter().filter(|s| s.dropped_events_count > 0).map(|s| (&s.name, s.dropped_events_count)).collect();
        format!("{what}; not kept: {lost:?}\n{}", tree(&sent))
    })
    .collect();
    expect![[r#"
        the rollout goes off while its first node is at work; not kept: []
        update node a
          phase UpdatePrepared a
          phase UpdateExecuted a
            phase Cordoned a
            phase Drained a
            phase AppliedFilesAndOS a
          phase RebootedNode a
          phase Resumed a
          phase UpdateComplete a
            phase Uncordoned a
        update node b
          phase UpdatePrepared b
          phase UpdateExecuted b
            phase AppliedFilesAndOS b
        an update goes off when one of its phases was sent; not kept: []
        rollout pool
          phase UpdateExecuted a
            phase Cordoned a
            phase Drained a
            phase AppliedFilesAndOS a
          phase RebootedNode a
          phase Resumed a
          phase UpdateComplete a
            phase Uncordoned a
          phase UpdatePrepared b
          phase UpdateExecuted b
            phase AppliedFilesAndOS b
          orphan: phase UpdatePrepared a
        everything was off when it began, and comes on; not kept: []
        rollout pool
          update node b
            phase UpdatePrepared b
            phase UpdateExecuted b
              phase AppliedFilesAndOS b
        drains were off when one began; not kept: [("phase Drained", 1)]
        rollout pool
          update node a
            phase UpdatePrepared a
            phase UpdateExecuted a
              phase Cordoned a
              phase Drained a
              phase AppliedFilesAndOS a
            phase RebootedNode a
            phase Resumed a
            phase UpdateComplete a
              phase Uncordoned a
          update node b
            phase UpdatePrepared b
            phase UpdateExecuted b
              phase AppliedFilesAndOS b
    "#]]
    .assert_eq(&told);
}

/// Scenario: a node whose update is off says more of itself than any span may hold. Guarantees: none of it is kept.
#[test]
fn a_span_that_is_off_keeps_nothing() {
    let mut cluster = Cluster::new();
    cluster.pool(&["target=2", "Updated=F"]);
    let mut watching = cluster.watch();
    watching.obey(&["*"]);
    let mut tell = |values: &[(&str, &str)]| {
        let key = cluster.node("a", values);
        watching.tell(key.0, News::Applied(cluster.raw(&key)), cluster.now);
    };
    tell(&[("desiredConfig", "2"), ("state", "Working")]);
    (0..SPAN_EVENTS_MAX * 2).for_each(|i| tell(&[("reason", &format!("reason {i}"))]));
    // The rollout was open before the plan came, and takes room until it ends.
    assert_eq!(watching.with(|r| (r.open_spans(), r.refused_spans(), r.refused_texts())), (1, 0, 0));
    assert_eq!(watching.with(|r| r.updating().count()), 1, "it is followed all the same");
}

/// What a span is told apart by, and where it stands.
type Standing = (Vec<u8>, Vec<u8>, String, u64, u64);

/// The spans of a whole tree that are left when these names are taken out of it: each moves up to the nearest that stays.
fn contracted(whole: &[Span], off: &BTreeSet<String>) -> BTreeSet<Standing> {
    let of = |id: &[u8]| whole.iter().find(|span| span.span_id == id);
    let mut left = BTreeSet::new();
    for span in whole.iter().filter(|span| !off.contains(&span.name)) {
        let mut parent = of(&span.parent_span_id);
        while let Some(above) = parent.filter(|above| off.contains(&above.name)) {
            parent = of(&above.parent_span_id);
        }
        left.insert(standing(span, parent.map(|parent| parent.span_id.clone()).unwrap_or_default()));
    }
    left
}

fn standing(span: &Span, parent: Vec<u8>) -> Standing {
    (span.span_id.clone(), parent, span.name.clone(), span.start_time_unix_nano, span.end_time_unix_nano)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Scenario: any set of names is off. Guarantees: what is sent is the whole tree without them, each span under its own id; and
    /// no measurement points to a span that is not there.
    #[test]
    fn what_is_sent_is_the_whole_tree_without_what_is_off(chosen in proptest::bits::u16::ANY) {
        let phases = ORDER.map(|phase| format!("phase {}", phase.as_str()));
        let names = ["rollout pool".to_owned(), "update node".to_owned()].into_iter().chain(phases);
        let off: BTreeSet<String> = names.enumerate().filter(|(i, _)| chosen >> i & 1 == 1).map(|(_, name)| name).collect();
        let names: Vec<&str> = off.iter().map(String::as_str).collect();
        let (whole, watching) = (played(&[]), played(&[(0, &names)]));
        let sent: BTreeSet<_> = watching.sent.iter().map(|span| standing(span, span.parent_span_id.clone())).collect();
        assert_eq!(sent, contracted(&whole.sent, &off));
        let ids: BTreeSet<_> = watching.sent.iter().map(|span| span.span_id.clone()).collect();
        let examples = watching.examples();
        assert!(examples.is_subset(&ids), "{off:?}");
        assert_eq!(examples.is_empty(), ids.is_empty(), "{off:?}");
    }
}
