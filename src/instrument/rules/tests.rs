use super::Rules;
use crate::{
    metric::{Level, Meta, Metric},
    opamp::messages::{Exception, RuleReport},
    semconv::pointsman::{ClusterObjects, ReconcileCount, ReconcileDuration, ScrapeSize, SyncAgents},
    telemetry::tests::planned,
};
use serde_json::{Value, json};

/// Whether the turns' counter is on by this plan, once so many steps have passed.
fn is_on(parts: &Value, passed: usize) -> bool {
    Rules::plan(&planned(parts), passed).decide(&ReconcileCount::META, false).orders.on
}

fn tail(line: &Value) -> Value {
    json!({"tail": [line], "baseline": {"on": line["on"] == json!(false)}})
}

/// Scenario: lines with this scope, with another, with any, and none. Guarantees: the line of the very scope decides, else
/// that for any; else the first line of the tail that matches; else the baseline.
#[test]
fn the_nearest_line_decides() {
    let name = "pointsman.reconcile.count";
    let line = |scope: &str, on: bool| json!({"scope": scope, "name": name, "on": on});
    let off = json!({"on": false});
    assert!(is_on(&json!({"instruments": [line("", false), line("pointsman", true)], "baseline": off}), 0));
    assert!(is_on(&json!({"instruments": [line("pointsman", true), line("", false)], "baseline": off}), 0));
    assert!(is_on(&json!({"instruments": [line("other", false), line("", true)], "baseline": off}), 0));
    assert!(!is_on(&json!({"instruments": [line("other", true)], "baseline": off}), 0));
    let tail = json!([{"instruments": "x.*", "on": false}, {"instruments": "pointsman.*", "on": true}, {"instruments": "*", "on": false}]);
    assert!(is_on(&json!({"tail": tail, "baseline": off}), 0));
    assert!(!is_on(&json!({"tail": tail, "instruments": [line("", false)]}), 0));
    assert!(is_on(&json!({}), 0) && !is_on(&json!({"baseline": off}), 0));
}

/// Scenario: lines of a tail in both spellings. Guarantees: one that is on means more than it says, one that is off no more;
/// scopes and kinds mean what they say.
#[test]
fn the_tail_is_liberal_with_on_alone() {
    for (pattern, exact) in
        [("pointsman.reconcile.*", true), ("pointsman_reconcile_count_total", false), ("pointsman_reconcile_*", false)]
    {
        assert!(is_on(&tail(&json!({"instruments": pattern, "on": true})), 0), "{pattern}");
        assert_eq!(!is_on(&tail(&json!({"instruments": pattern, "on": false})), 0), exact, "{pattern}");
    }
    for (narrowed, holds) in [
        (json!({"instruments": "*", "on": false, "scopes": ["points*"], "kinds": ["Gauge", "Counter"]}), true),
        (json!({"instruments": "*", "on": false, "scopes": ["points"]}), false),
        (json!({"instruments": "*", "on": false, "kinds": ["Gauge"]}), false),
    ] {
        assert_eq!(!is_on(&tail(&narrowed), 0), holds, "{narrowed}");
    }
}

/// Scenario: parts of a plan end, one after the other. Guarantees: each holds until its step, and the plan has the name of
/// what holds.
#[test]
fn steps_change_what_holds() {
    let line = json!({"name": "pointsman.reconcile.count", "on": true, "then": [{"step": 2, "on": false}]});
    let next =
        json!([{"at": "2026-01-01T00:00:00Z", "hash": "1".repeat(32)}, {"at": "2026-01-02T00:00:00Z", "hash": "2".repeat(32)}]);
    let parts = json!({
        "instruments": [line], "next": next, "spans": [{"spans": "*", "on": false, "until": 2}],
        "tail": [{"instruments": "pointsman.scrape.*", "on": false, "until": 1}],
    });
    for (passed, want) in [(0, (true, false, false, '0')), (1, (true, true, false, '1')), (2, (false, true, true, '2'))] {
        let rules = Rules::plan(&planned(&parts), passed);
        let on = |meta| rules.decide(meta, false).orders.on;
        let digit = rules.hash().expect("a plan").to_string().chars().next().expect("digits");
        let found = (on(&ReconcileCount::META), on(&ScrapeSize::META), rules.lives("any", "reconcile Pool"), digit);
        assert_eq!(found, want, "after {passed}");
        assert_eq!(rules.gates_spans(), passed < 2);
    }
}

/// Scenario: no plan. Guarantees: everything is on, or what the levels say; spans are made; nothing has a name.
#[test]
fn without_a_plan_the_levels_decide() {
    let detailed = crate::semconv::mco::METRICS.into_iter().find(|meta| meta.level.as_str() == "Detailed").expect("one");
    for (rules, want) in [(Rules::Everything, [true, true]), (Rules::Defaults, [true, false])] {
        assert_eq!([&ReconcileCount::META, detailed].map(|meta| rules.decide(meta, false).orders.on), want);
        assert!(rules.lives("a", "b") && !rules.gates_spans() && rules.hash().is_none() && rules.report().finish().is_empty());
    }
}

/// Scenario: instruments of every level, and plans without a line for them, whose baseline is nobody's, or a view's.
/// Guarantees: a view's baseline decides; where there is none, the levels do, and what has no level is on.
#[test]
fn without_a_baseline_the_levels_decide() {
    let levels = [Level::Undeclared, Level::Essential, Level::Standard, Level::Detailed, Level::Debug];
    let on = |parts: &Value| {
        let rules = Rules::plan(&planned(parts), 0);
        levels.map(|level| rules.decide(&Meta { level, ..ReconcileCount::META }, false).orders.on)
    };
    assert_eq!(on(&json!({"baseline": {"on": true}})), [true, true, true, false, false]);
    assert_eq!(on(&json!({"baseline": {"on": true, "by": "v baseline"}})), [true; 5]);
    assert_eq!(on(&json!({"baseline": {"on": false}})), [false; 5]);
    assert_eq!(on(&json!({"tail": [{"instruments": "*", "on": true}]})), [true; 5]);
}

/// Scenario: rules that ask of each kind of instrument what it cannot do. Guarantees: what can be done is done; each exception
/// is told with its reason; every rule is in the report, also one that nothing obeys.
#[test]
fn what_cannot_be_done_is_told() {
    let all = |name: &str, by: &str, buckets: Value| json!({"name": name, "on": true, "by": by, "drop": ["x"], "buckets": buckets, "limit": 5, "intervalMs": 1000});
    let plan = planned(&json!({
        "instruments": [
            all("pointsman.reconcile.count", "a", json!([1])), all("pointsman.cluster.objects", "a", json!([1])),
            all("pointsman.reconcile.duration", "b", json!([1, 2])), all("pointsman.scrape.size", "b", json!([2, 1])),
            {"name": "pointsman.sync.agents", "on": false, "by": "c", "drop": ["x"]}, {"name": "none", "on": true, "by": "d"},
        ],
    }));
    let rules = Rules::plan(&plan, 0);
    let mut report = rules.report();
    let metas = [&ReconcileCount::META, &ClusterObjects::META, &ReconcileDuration::META, &ScrapeSize::META, &SyncAgents::META];
    for (meta, observed) in metas.into_iter().zip([false, true, false, false, true]) {
        let decision = rules.decide(meta, observed);
        report.add(meta, &decision);
        let orders = &decision.orders;
        let shaped = (orders.keys.stays("x"), orders.bounds.is_some(), orders.limit, orders.interval.is_some());
        let want = match meta.name {
            "pointsman.reconcile.count" => (false, false, Some(5), true),
            "pointsman.reconcile.duration" => (false, true, Some(5), true),
            "pointsman.scrape.size" => (false, false, Some(5), true),
            "pointsman.cluster.objects" => (true, false, None, true),
            _ => (true, false, None, false),
        };
        assert_eq!(shaped, want, "{}", meta.name);
    }
    let told: Vec<String> = report.finish().iter().map(line).collect();
    assert_eq!(
        told,
        [
            "a 2: pointsman.reconcile.count buckets kind; pointsman.cluster.objects attributes observed; \
             pointsman.cluster.objects buckets kind; pointsman.cluster.objects cardinality observed",
            "b 2: pointsman.scrape.size buckets bounds",
            "c 1: ",
            "d 0: ",
        ]
    );
}

fn line(RuleReport { by, instruments, exceptions }: &RuleReport) -> String {
    let one = |Exception { name, aspect, why, .. }: &Exception| format!("{name} {aspect} {why}");
    format!("{by} {instruments}: {}", exceptions.iter().map(one).collect::<Vec<_>>().join("; "))
}
