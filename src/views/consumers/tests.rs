use super::{chain, keep_since, promql, read};
use expect_test::{Expect, expect};
use pointsman_core::{
    limits::CONSUMER_READS_MAX,
    model::clock::Wall,
    view::{facts::Consumer, time},
};
use serde_json::json;
use std::collections::BTreeSet;

fn names(text: &str, want: Expect) {
    let told: Vec<String> = promql::names(text)
        .iter()
        .map(|(name, labels)| if labels.is_empty() { name.clone() } else { format!("{name}{labels:?}") })
        .collect();
    want.assert_eq(&told.join(" "));
}

fn tell(consumers: &[std::sync::Arc<Consumer>]) -> String {
    let line = |consumer: &Consumer| {
        let reads: Vec<String> = consumer.reads.iter().map(|read| format!("{}{:?}", read.metric, read.labels)).collect();
        format!("{}: {}\n", consumer.title(), reads.join(" "))
    };
    consumers.iter().map(|consumer| line(consumer)).collect()
}

/// Scenario: expressions of every form that alerts use.
/// Guarantees: every metric is found, with every label that the result depends on.
#[test]
fn expressions_tell_what_they_read() {
    names("up", expect!["up"]);
    names("mcd_kubelet_state > 2", expect!["mcd_kubelet_state"]);
    names(r#"sum by (pool) (rate(mco_errors_total{job="x"}[5m])) > 0"#, expect![[r#"mco_errors_total{"job", "pool"}"#]]);
    names(
        "sum without (err) (a_total) / on (node) group_left (zone) b_info",
        expect![[r#"a_total{"err", "node", "zone"} b_info{"err", "node", "zone"}"#]],
    );
    names("histogram_quantile(0.9, sum by (le) (rate(x_seconds_bucket[5m])))", expect![[r#"x_seconds_bucket{"le"}"#]]);
    names(r#"label_replace(a, "to", "$1", "from", "(.*)")"#, expect![[r#"a{"from", "to"}"#]]);
    names(r#"{__name__="dotted.name", node="n"}"#, expect![[r#"dotted.name{"node"}"#]]);
    names(r#"{"dotted.name", node="n"}"#, expect![[r#"dotted.name{"node"}"#]]);
    names(r#"{__name__=~"mcd_.*|mco_state|a?b"}"#, expect!["* mcd_* mco_state"]);
    names(r#"{__name__=~"(?:mcd_a|mcd_b)"}"#, expect!["mcd_a mcd_b"]);
    names(r#"{__name__!="x", job="y"}"#, expect![[r#"*{"job"}"#]]);
    names("max_over_time(deriv(rate(d_total[1m])[5m:1m])[10m:])", expect!["d_total"]);
    names("-(a offset 5m) unless b", expect!["a b"]);
    names("absent(gone_total)", expect!["gone_total"]);
    names("topk(3, a) or quantile(0.5, b)", expect!["a b"]);
    names("1", expect![""]);
}

/// Scenario: an expression that is none, one that is too long, one that nests without end.
/// Guarantees: every word that could be a metric counts as one, and every word as a label of each, however far back it
/// stands; where names cannot be told, everything counts; nothing overflows.
#[test]
fn what_the_parser_refuses_protects_by_its_words() {
    names(
        "sum by (zone my_total",
        expect![[
            r#"by{"by", "my_total", "sum", "zone"} my_total{"by", "my_total", "sum", "zone"} sum{"by", "my_total", "sum", "zone"} zone{"by", "my_total", "sum", "zone"}"#
        ]],
    );
    names(
        r#"rate({"http.server.duration"}[5m] by"#,
        expect![[
            r#"by{"by", "duration", "http", "rate", "server"} duration{"by", "duration", "http", "rate", "server"} http{"by", "duration", "http", "rate", "server"} http.server.duration{"by", "duration", "http", "rate", "server"} rate{"by", "duration", "http", "rate", "server"} server{"by", "duration", "http", "rate", "server"}"#
        ]],
    );
    names(r#"{__name__=~"mcd_.*"}["#, expect![[r#"*{"__name__", "mcd_"}"#]]);
    let deep = format!("{}deep_total{}", "(".repeat(100_000), ")".repeat(100_000));
    names(&deep, expect![[r#"deep_total{"deep_total"}"#]]);
    let long = format!("long_total{}", " + a_total".repeat(100_000));
    assert_eq!(promql::names(&long).keys().collect::<Vec<_>>(), ["a_total", "long_total"]);
    assert!(promql::names(&"-".repeat(7_000)).is_empty());
    let many: String = (0..=CONSUMER_READS_MAX).map(|i| format!("{}m{i}", if i == 0 { "(" } else { " + " })).collect();
    let all = promql::names(&many);
    assert_eq!(all.iter().map(|(name, labels)| (name.as_str(), labels.len())).collect::<Vec<_>>(), [("*", 257)]);
}

/// Scenario: a rule object with an alert on a record of a record, records in a circle, and entries of no use.
/// Guarantees: the alert reads what the records read, with its own labels too; circles end.
#[test]
fn records_lead_on_to_what_they_are_made_of() {
    let object = json!({"kind": "PrometheusRule", "metadata": {"namespace": "ns", "name": "rules"}, "spec": {"groups": [{"name": "g", "rules": [
        {"alert": "High", "expr": "b:rate > 1", "annotations": {"summary": "{{ $labels.node }} of {{ .Labels.pool }}"}},
        {"record": "b:rate", "expr": "sum by (zone) (a:rate)"},
        {"record": "a:rate", "expr": "rate(a_total[5m])"},
        {"record": "x:x", "expr": "y:y"},
        {"record": "y:y", "expr": "x:x"},
        {"expr": "nameless"},
        {"alert": "Number", "expr": 1},
        "nonsense"
    ]}]}});
    expect![[r#"
        alert High of PrometheusRule ns/rules: a:rate{"node", "pool", "zone"} a_total{"node", "pool", "zone"} b:rate{"node", "pool"}
        record b:rate of PrometheusRule ns/rules: a:rate{"zone"} a_total{"zone"}
        record a:rate of PrometheusRule ns/rules: a_total{}
        record x:x of PrometheusRule ns/rules: x:x{} y:y{}
        record y:y of PrometheusRule ns/rules: x:x{} y:y{}
        alert Number of PrometheusRule ns/rules: 
    "#]]
    .assert_eq(&tell(&chain(read(&object))));
}

/// Scenario: autoscalers by pods, object and external metrics, and one by CPU alone; an object of another kind.
/// Guarantees: metric names and selector labels are read; a reader of nothing is none.
#[test]
fn autoscalers_read_their_metrics() {
    let metric = |name: &str| json!({"metric": {"name": name, "selector": {"matchLabels": {"verb": "GET"}, "matchExpressions": [{"key": "code", "operator": "Exists"}]}}});
    let metrics = json!([
        {"type": "Pods", "pods": metric("requests_per_second")},
        {"type": "Object", "object": metric("queue_length")},
        {"type": "External", "external": {"metric": {"name": "jobs"}}},
        {"type": "Resource", "resource": {"name": "cpu"}},
    ]);
    let object = |metrics| json!({"kind": "HorizontalPodAutoscaler", "metadata": {"namespace": "ns", "name": "web"}, "spec": {"metrics": metrics}});
    expect![[r#"
        HorizontalPodAutoscaler ns/web: jobs{} queue_length{"code", "verb"} requests_per_second{"code", "verb"}
    "#]]
    .assert_eq(&tell(&chain(read(&object(metrics)))));
    assert!(read(&object(json!([{"type": "Resource", "resource": {"name": "cpu"}}]))).is_empty());
    assert!(read(&json!({"kind": "ConfigMap"})).is_empty());
}

/// Scenario: a rule object that was known gets one more metric.
/// Guarantees: the old read counts since it was made, the new one since now.
#[test]
fn a_new_read_of_an_old_rule_counts_from_now() {
    let object = |expr: &str| json!({"kind": "PrometheusRule", "metadata": {"namespace": "ns", "name": "r", "creationTimestamp": "1970-01-01T00:00:01Z"}, "spec": {"groups": [{"rules": [{"alert": "A", "expr": expr}]}]}});
    let before = read(&object("aaa"));
    let mut after = read(&object("aaa + bbb"));
    let second = Wall(1_000_000_000);
    keep_since(&before, &mut after, Wall(9));
    let since: BTreeSet<_> = after.iter().flat_map(|c| &c.reads).map(|read| (read.metric.as_str(), read.since)).collect();
    assert_eq!(since.into_iter().collect::<Vec<_>>(), [("aaa", Some(second)), ("bbb", Some(Wall(9)))]);
}

/// Scenario: an alert that reads more metrics than are kept, one that does so through a record, an autoscaler too.
/// Guarantees: each reads everything, with every label, rather than only some of it.
#[test]
fn too_many_reads_are_a_read_of_everything() {
    let sum = |from: usize, to: usize| (from..to).map(|i| format!("sum by (l{}) (m{i})", i % 2)).collect::<Vec<_>>().join(" + ");
    let rule = |rules: serde_json::Value| json!({"kind": "PrometheusRule", "metadata": {"namespace": "ns", "name": "r"}, "spec": {"groups": [{"rules": rules}]}});
    let direct = rule(json!([{"alert": "Direct", "expr": sum(0, CONSUMER_READS_MAX + 1)}]));
    let through = rule(json!([
        {"alert": "Through", "expr": "a:a + on (node) b:b"},
        {"record": "a:a", "expr": sum(0, 200)},
        {"record": "b:b", "expr": sum(200, 400)},
    ]));
    let metrics: Vec<_> = (0..=CONSUMER_READS_MAX).map(|i| json!({"pods": {"metric": {"name": format!("m{i}")}}})).collect();
    let scaler =
        json!({"kind": "HorizontalPodAutoscaler", "metadata": {"namespace": "ns", "name": "web"}, "spec": {"metrics": metrics}});
    let mut told = chain([direct, through, scaler].iter().flat_map(read).collect());
    told.retain(|consumer| !consumer.entry.starts_with("record"));
    expect![[r#"
        alert Direct of PrometheusRule ns/r: *{"l0", "l1"}
        alert Through of PrometheusRule ns/r: *{"l0", "l1", "node"}
        HorizontalPodAutoscaler ns/web: *{}
    "#]]
    .assert_eq(&tell(&told));
}

/// Scenario: objects that nobody watched while they changed, as API servers remember it.
/// Guarantees: reads count since the spec last changed; what is only status, and what has no time, does not count.
#[test]
fn a_rule_that_was_not_known_counts_since_its_spec_changed() {
    let check = |managers: serde_json::Value, want: &str| {
        let metadata =
            json!({"namespace": "ns", "name": "r", "creationTimestamp": "2026-01-01T00:00:00Z", "managedFields": managers});
        let object = json!({"kind": "PrometheusRule", "metadata": metadata, "spec": {"groups": [{"rules": [{"alert": "A", "expr": "x"}]}]}});
        let since = read(&object).first().and_then(|consumer| consumer.reads.first()?.since);
        assert_eq!(since.map(time::format_time).as_deref(), Some(want), "{managers}");
    };
    let entry = |time: &str, of: &str| json!({"time": time, "fieldsV1": {of: {}}});
    check(json!(null), "2026-01-01T00:00:00Z");
    check(json!([{"fieldsV1": {"f:spec": {}}}, entry("2026-01-09T00:00:00Z", "f:metadata")]), "2026-01-01T00:00:00Z");
    let status = json!({"time": "2026-01-08T00:00:00Z", "subresource": "status", "fieldsV1": {"f:spec": {}}});
    let edits = json!([entry("2026-01-03T00:00:00Z", "f:spec"), entry("2026-01-02T00:00:00Z", "f:spec"), status]);
    check(edits, "2026-01-03T00:00:00Z");
}
