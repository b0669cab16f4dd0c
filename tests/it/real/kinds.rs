//! What a real API server keeps and what kubectl shows of our kinds: columns, descriptions, conditions to wait for.
//! The status is core's own, as full as it may be; who writes it in earnest is tested elsewhere.

use super::cluster::{Cluster, cluster};
use crate::support::runtime;
use expect_test::{Expect, expect};
use pointsman::views::components::{
    ComponentSpec, ComponentStatus,
    catalogue::{CatalogueSpec, Row},
};
use pointsman_core::{
    limits,
    view::{
        impact::Basis,
        status::{Components, Condition, EnforcedAt, ImpactStatus, Matched, Past, Problem, RuleStatus, ViewStatus},
    },
};
use serde::Serialize;
use serde_json::{Value, json};

/// As long as one may be.
fn condition(kind: &str) -> Condition {
    Condition {
        kind: kind.to_owned(),
        status: "True".into(),
        reason: kind.to_owned(),
        message: "a".repeat(limits::STATUS_TEXT_CHARS_MAX),
        last_transition_time: "2026-11-22T18:02:09Z".into(),
        observed_generation: Some(1),
    }
}

/// A status in which every list is as long as it may be.
fn full(kind: &str) -> ViewStatus {
    let names = |n: usize| (0..n).map(|i| format!("ClusterTelemetryView platform rule r{i}")).collect::<Vec<_>>();
    let types = ["Accepted", "Programmed", "InSync", "Conflicted", "Protected", "LimitExceeded", "Expired", "TargetsEmpty"];
    let rule = |i: usize| RuleStatus {
        name: format!("rule-{i}"),
        state: "PartiallyOverridden".into(),
        instruments: Matched { matched: 1, sample: vec!["mco.pool.machines".into(); limits::STATUS_SAMPLE_MAX] },
        series_before: 2,
        series_after: 1,
        enforced_at: EnforcedAt { source: 0, controller: 3 },
        overridden_by: names(limits::STATUS_OVERRIDDEN_BY_MAX),
        overridden_by_truncated: true,
        protected_by: names(limits::STATUS_PROTECTED_BY_MAX),
        protected_by_truncated: true,
    };
    let problem = |i: usize| Problem {
        code: "PM0201".into(),
        severity: "warning".into(),
        field: format!("spec.metrics[{i}].match"),
        message: "b".repeat(limits::STATUS_TEXT_CHARS_MAX),
        fix: "compare the spelling with the catalogue".into(),
    };
    let past =
        Past { at: "2026-11-22T18:02:09Z".into(), reason: "Programmed".into(), generation: Some(1), message: "in force".into() };
    ViewStatus {
        observed_generation: Some(1),
        kind: kind.into(),
        effective_hash: "0123456789abcdef".into(),
        expires_at: Some("2026-11-22T18:02:09Z".into()),
        expiry_term: Some("after 4h".into()),
        conditions: types.into_iter().map(condition).collect(),
        components: Components {
            matched: 1,
            instances: 12,
            in_sync: 12,
            pending: 0,
            failed: 0,
            unsupported: 12,
            summary: "12/12".into(),
        },
        impact: Some(ImpactStatus {
            series_before: 412,
            series_after: 111,
            samples_per_minute_before: 824,
            samples_per_minute_after: 222,
            basis: Basis::Observed,
            summary: "412->111".into(),
        }),
        rules: (0..limits::STATUS_RULES_MAX).map(rule).collect(),
        rules_truncated: true,
        problems: (0..limits::STATUS_PROBLEMS_MAX).map(problem).collect(),
        problems_truncated: true,
        history: vec![past; limits::STATUS_HISTORY_MAX],
    }
}

/// Creates an object, writes its status, and holds both against what the server kept.
fn keep(cluster: &Cluster, path: &str, object: &Value, status: &impl Serialize) {
    let status = serde_json::to_value(status).expect("a status is JSON");
    let name = object["metadata"]["name"].as_str().expect("the object has a name");
    runtime().block_on(async {
        let client = cluster.client("admin").await;
        let send = async |request: http::request::Builder, body: &Value| {
            let request = request.body(body.to_string().into_bytes()).expect("a request");
            client.request::<Value>(request).await.unwrap_or_else(|error| panic!("the server refused: {error}"))
        };
        let post = http::Request::post(format!("{path}?fieldValidation=Strict")).header("content-type", "application/json");
        let made = send(post, object).await;
        // What the server adds are defaults; what it was given it must have.
        holds(&made["spec"], &object["spec"], "spec");
        let patch = http::Request::patch(format!("{path}/{name}/status?fieldValidation=Strict"));
        let patch = patch.header("content-type", "application/merge-patch+json");
        let kept = send(patch, &json!({ "status": status })).await;
        assert_eq!(kept["status"], status, "{path}: the server keeps another status");
    });
}

/// Whether everything of `want` is in `have`.
#[track_caller]
fn holds(have: &Value, want: &Value, path: &str) {
    match (have, want) {
        (Value::Object(have), Value::Object(want)) => {
            for (name, want) in want {
                let have = have.get(name).unwrap_or_else(|| panic!("{path}.{name} was pruned"));
                holds(have, want, &format!("{path}.{name}"));
            }
        }
        (Value::Array(have), Value::Array(want)) => {
            assert_eq!(have.len(), want.len(), "{path}");
            have.iter().zip(want).for_each(|(have, want)| holds(have, want, path));
        }
        _ => assert_eq!(have, want, "{path}"),
    }
}

/// What `kubectl get` prints, words apart by one blank, and ages as `0s`.
fn check(cluster: &Cluster, call: &str, want: &Expect) {
    let args: Vec<&str> = call.split(' ').collect();
    let text = cluster.kubectl(&args).expect("kubectl get");
    let is_age = |word: &str| word.strip_suffix('s').is_some_and(|digits| digits.parse::<u32>().is_ok());
    let line = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().map(|word| if is_age(word) { "0s" } else { word }).collect();
        format!("{}\n", words.join(" "))
    };
    want.assert_eq(&text.lines().map(line).collect::<String>());
}

/// One object of each kind, with everything that it may hold.
fn fill(cluster: &Cluster, namespace: &str) {
    let group = "/apis/pointsman.dev/v1alpha1";
    let at = |plural: &str| format!("{group}/namespaces/{namespace}/{plural}");
    let object = |kind: &str, name: &str, spec: Value| json!({"apiVersion": "pointsman.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec});
    let rules = json!([{"name": "r", "match": {"instruments": ["mcd_update_state"]}, "state": "Disabled"}]);
    let spec = json!({"reason": "free text", "metrics": rules, "expiry": {"after": "4h"}});
    keep(cluster, &at("telemetryviews"), &object("TelemetryView", "quiet-mcd", spec), &full(""));
    let spec = json!({"reason": "floor", "overrides": {"baseline": "Essential"}});
    let views = format!("{group}/clustertelemetryviews");
    keep(cluster, &views, &object("ClusterTelemetryView", "kinds-floor", spec), &full("overrides"));
    let spec = ComponentSpec { service_name: "mcd".into(), workload_ref: None };
    let status = ComponentStatus {
        instances: 3,
        series: 412,
        series_before: 500,
        points_per_second: "12.5".into(),
        dropped_share: 17,
        applied_views: vec!["TelemetryView kinds/quiet-mcd".into(); limits::APPLIED_VIEWS_MAX],
        applied_views_truncated: true,
        last_push: Some("2020-01-01T00:00:00Z".into()),
        plan_hash: "0".repeat(32),
        state: "Active".into(),
        identity: "Claimed".into(),
        catalogue: "service.mcd-0123456789".into(),
        library: "l".repeat(limits::LIBRARY_CHARS_MAX),
        connected: "3/3".into(),
        in_sync: "2/3".into(),
        conditions: ["InSync", "PlanFile"].map(condition).into(),
    };
    let component = object("TelemetryComponent", "service.mcd", json!(spec));
    keep(cluster, &at("telemetrycomponents"), &component, &status);
    let row = Row { name: "n".repeat(256), scope: "s".into(), kind: "Gauge", unit: "1".into(), ..Row::default() };
    let row = Row { level: "Standard", stability: "stable".into(), attributes: vec!["a".into()], ..row };
    let spec = CatalogueSpec { service_name: "mcd".into(), schema_url: "https://a/1".into(), instruments: vec![row] };
    let catalogue = object("InstrumentCatalog", "service.mcd-0123456789", json!(spec));
    keep(cluster, &at("instrumentcatalogs"), &catalogue, &json!({"instruments": 1}));
}

/// Scenario: a view of each kind, a component and a catalogue with everything that they may hold. Guarantees: the server
/// keeps all of it as it was written, and kubectl prints the columns in words.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn kubectl_shows_each_kind_in_words_and_nothing_is_pruned() {
    let cluster = cluster();
    let namespace = cluster.namespace("kinds");
    fill(cluster, &namespace);
    check(
        cluster,
        &format!("get tview -n {namespace}"),
        &expect![[r#"
        NAME MODE STATUS IN-SYNC SERIES EXPIRES REASON AGE
        quiet-mcd Enforce Programmed 12/12 412->111 2026-11-22T18:02:09Z free text 0s
    "#]],
    );
    check(
        cluster,
        &format!("get tview -n {namespace} -o wide"),
        &expect![[r#"
        NAME MODE STATUS IN-SYNC SERIES EXPIRES REASON AGE ACCEPTED BASELINE PENDING FAILED UNSUPPORTED BASIS HASH
        quiet-mcd Enforce Programmed 12/12 412->111 2026-11-22T18:02:09Z free text 0s Accepted Inherit 0 0 12 Observed 0123456789abcdef
    "#]],
    );
    check(
        cluster,
        "get ctview kinds-floor -o wide",
        &expect![[r#"
        NAME KIND MODE STATUS IN-SYNC SERIES EXPIRES REASON AGE ACCEPTED BASELINE PENDING FAILED UNSUPPORTED BASIS HASH
        kinds-floor overrides Enforce Programmed 12/12 412->111 2026-11-22T18:02:09Z floor 0s Accepted Essential 0 0 12 Observed 0123456789abcdef
    "#]],
    );
    let components = cluster.kubectl(&["get", "tcomp", "-n", &namespace]).expect("kubectl get");
    let words: Vec<&str> = components.split_whitespace().collect();
    // The age of the last push grows by the year.
    assert_eq!(words[..8].join(" "), "NAME LIBRARY CONNECTED IN-SYNC SERIES LAST-PUSH STATE AGE");
    let library = "l".repeat(limits::LIBRARY_CHARS_MAX);
    assert_eq!(words[8..13], ["service.mcd", &*library, "3/3", "2/3", "412"], "{components}");
    assert_eq!(words[14], "Active", "{components}");
    check(
        cluster,
        &format!("get icat -n {namespace}"),
        &expect![[r#"
        NAME SERVICE INSTRUMENTS AGE
        service.mcd-0123456789 mcd 1 0s
    "#]],
    );
    let all = cluster.kubectl(&["get", "telemetry,observability", "-n", &namespace, "-o", "name"]).expect("categories");
    assert!(["telemetryview.", "telemetrycomponent.", "instrumentcatalog."].iter().all(|kind| all.contains(kind)), "{all}");
    cluster
        .kubectl(&["wait", "--for=condition=InSync", "tview/quiet-mcd", "-n", &namespace, "--timeout=10s"])
        .expect("wait for a condition");
    cluster.kubectl(&["delete", "ctview", "kinds-floor"]).expect("delete what is in no namespace");
}

/// Scenario: a user asks kubectl what a field means. Guarantees: it answers with type, default and our own words.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn kubectl_explains_every_field_in_our_words() {
    let cluster = cluster();
    let explain = |path: &str| {
        let text = cluster.kubectl(&["explain", path]).expect("kubectl explain");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    for (path, words) in [
        ("tview", "Says which metrics and spans the components of its namespace give"),
        ("tview.spec.baseline", "ENUM: Inherit None Essential Standard Detailed Debug"),
        ("tview.spec.metrics", "`Enabled` turns on, `Disabled` turns off"),
        ("tview.spec.metrics.attributes.collapse", "`Last` is the newest value"),
        ("tview.status.conditions", "The cause, then how to mend it"),
        ("ctview.spec.overrides", "Applies whatever a TelemetryView says"),
        ("tcomp.status", "Points it pushes a second"),
        ("icat.spec.instruments", "Its unit in UCUM"),
    ] {
        let text = explain(path);
        assert!(text.contains(words) && !text.contains("<no description>"), "{path}: {text}");
    }
}
