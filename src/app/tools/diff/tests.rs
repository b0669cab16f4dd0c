//! `diff` against scripted answers of a server: what only a cluster has, readers and namespaces with labels.

use super::{super::client, Client, Form, run};
use axum::{Json, Router, extract::Query, routing::get};
use expect_test::{Expect, expect};
use pointsman_core::model::clock::Wall;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs};
use tokio::net::TcpListener;

const NOW: Wall = Wall::from_secs(1_767_261_600);

fn list(items: &Value) -> Json<Value> {
    Json(json!({"version": 1, "at": "2026-01-01T10:00:00Z", "items": items, "truncated": false}))
}

fn instrument(name: &str, kind: &str, sets: u64, per_minute: Option<f64>) -> Value {
    json!({"scope": "", "name": name, "kind": kind, "unit": "", "on": true, "instances": 2, "setsSent": sets, "series": sets,
           "points": 9, "pointsPerMinute": per_minute, "lastSent": "2026-01-01T09:59:57Z"})
}

/// A cluster with one component of two instances, and an alert that reads two of its metrics.
fn cluster() -> Router {
    let shop =
        json!({"namespace": "shop", "name": "service.shop", "service": "shop", "instances": 2, "namespaceLabels": {"team": "a"}});
    let consumers = json!([{
        "kind": "PrometheusRule", "namespace": "shop", "name": "alerts", "entry": "alert TooSlow", "protectsEverywhere": false,
        "reads": [{"metric": "latency", "labels": ["path"]}, {"metric": "orders_total", "labels": []}],
    }]);
    let views = json!([{
        "kind": "TelemetryView", "namespace": "shop", "name": "old", "accepted": true, "created": "2025-12-01T10:00:00Z",
        "changed": "2025-12-01T10:00:00Z", "expiresAt": "2026-01-01T12:00:00Z",
        "spec": {"reason": "r", "expiry": {"after": "4h"},
                 "metrics": [{"name": "off", "match": {"instruments": ["queue"]}, "state": "Disabled"}]},
    }]);
    let detail = {
        let shop = shop.clone();
        async move |Query(asked): Query<BTreeMap<String, String>>| {
            let mut item = shop.clone();
            if asked.contains_key("metric") {
                let attributes = json!([{"key": "err", "values": 300, "setsWithout": 4}]);
                item = json!({"metric": asked["metric"], "sets": 4, "attributes": attributes});
            } else {
                item["instruments"] = json!([
                    instrument("latency", "Gauge", 40, Some(80.0)),
                    instrument("orders", "Counter", 10, Some(20.0)),
                    instrument("queue", "Gauge", 2, None),
                    instrument("errors", "Counter", 301, Some(18_240.0)),
                ]);
            }
            Json(json!({"version": 1, "at": "2026-01-01T10:00:00Z", "item": item, "truncated": false}))
        }
    };
    Router::new()
        .route("/api/v1/views", get(async move || list(&views)))
        .route("/api/v1/catalog", get(async || list(&json!([]))))
        .route("/api/v1/components", get(async move || list(&json!([shop]))))
        .route("/api/v1/components/shop/service.shop", get(detail))
        .route("/api/v1/consumers", get(async move || list(&consumers)))
}

/// Runs `diff` of one file against the cluster: stdout, stderr and the exit code.
async fn check(yaml: &str, want: Expect) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let server = format!("http://{}", listener.local_addr().expect("it is bound"));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("v.yaml");
    fs::write(&file, format!("apiVersion: pointsman.dev/v1alpha1\n{yaml}")).expect("the folder is ours");
    let client = Client::new(&client::Access { server: &server, token_file: None, ca_file: None }).expect("an address");
    let (files, mut out, mut err) = ([file], Vec::new(), Vec::new());
    let code = tokio::select! {
        code = run(&client, &files, Form::Table, NOW, (&mut out, &mut err)) => code.expect("it answers"),
        served = axum::serve(listener, cluster()).into_future() => panic!("the server ended: {served:?}"),
    };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    want.assert_eq(&format!("{}{}exit {code}\n", text(out), text(err)));
}

const HEAD: &str =
    "kind: TelemetryView\nmetadata: {name: new, namespace: shop, creationTimestamp: 2026-01-01T10:00:00Z}\nspec:\n  reason: r\n";

/// Scenario: a view turns off what an alert reads, drops a label that it uses, and turns off what nobody reads.
/// Guarantees: the first two are held back and name the reader; the third goes, with its largest attribute.
#[tokio::test]
async fn readers_hold_rules_back() {
    let rules = "  metrics:
  - {name: no-orders, match: {instruments: [orders]}, state: Disabled}
  - {name: no-path, match: {instruments: [latency]}, attributes: {drop: [path], collapse: Max}}
  - {name: no-errors, match: {instruments: [errors]}, state: Disabled}
";
    check(&format!("{HEAD}{rules}"), expect![[r#"
        + TelemetryView shop/new   Enforce   tier 2 (view)
          basis: observed, 2 instances of 1 component
                                      series                  points/min          instruments
          shop                        351 -> 50 (-85 %)       18.3k -> 100        3 -> 2
          - errors                    301 -> 0                no-errors: off   largest attribute err, 300 values
          = latency                   40 held back            no-path: PROTECTED, alert TooSlow of PrometheusRule shop/alerts reads it (PM0402)
          = orders                    10 held back            no-orders: PROTECTED, alert TooSlow of PrometheusRule shop/alerts reads it (PM0401)
        exit 1
    "#]]).await;
}

/// Scenario: a baseline None, which is an explicit choice. Guarantees: it applies, and what the alert loses is listed.
#[tokio::test]
async fn baselines_say_what_goes_blank() {
    check(
        &format!("{HEAD}  baseline: None\n"),
        expect![[r#"
        + TelemetryView shop/new   Enforce   tier 2 (view)
          basis: observed, 2 instances of 1 component
                                      series                  points/min          instruments
          shop                        351 -> 0 (-100 %)       18.3k -> 0          3 -> 0
          - errors                    301 -> 0                baseline: off   largest attribute err, 300 values
          - latency                   40 -> 0                 baseline: off   largest attribute err, 300 values
          - orders                    10 -> 0                 baseline: off   largest attribute err, 300 values
          goes blank   alert TooSlow of PrometheusRule shop/alerts   reads latency
          goes blank   alert TooSlow of PrometheusRule shop/alerts   reads orders
        exit 1
    "#]],
    )
    .await;
}

/// Scenario: cluster defaults for a team's namespaces, and for another team's. Guarantees: labels of namespaces decide whom they reach.
#[tokio::test]
async fn namespaces_are_selected_by_label() {
    let view = |team: &str| {
        format!(
            "kind: ClusterTelemetryView\nmetadata: {{name: d}}\nspec:\n  namespaceSelector: {{matchLabels: {{team: {team}}}}}\n  \
             overrides:\n    metrics:\n    - {{name: r, match: {{instruments: [errors]}}, cardinality: {{limit: 10}}}}\n"
        )
    };
    check(
        &view("a"),
        expect![[r#"
        + ClusterTelemetryView d   Enforce   tier 5 (cluster overrides)
          basis: estimated, 2 instances of 1 component
                                      series                  points/min          instruments
          shop                        351 -> 72 (-79 %)       18.3k -> 1433       3 -> 3
          ~ errors                    301 -> 22               r: shaped
        exit 1
    "#]],
    )
    .await;
    check(
        &view("b"),
        expect![[r#"
        + ClusterTelemetryView d   Enforce   tier 5 (cluster overrides)
          basis: nothing: it reaches no component that is known
        exit 1
    "#]],
    )
    .await;
}

/// Scenario: the view that is applied already, and the same with another term. Guarantees: no difference, its end is the server's;
/// then it changes, and only its end does.
#[tokio::test]
async fn an_applied_view_is_no_difference() {
    let old = "kind: TelemetryView\nmetadata: {name: old, namespace: shop}\nspec:\n  reason: r\n  expiry: {after: 4h}\n  metrics:\n  - {name: off, match: {instruments: [queue]}, state: Disabled}\n";
    check(
        old,
        expect![[r#"
            = TelemetryView shop/old   Enforce   tier 4 (has expiry)   expires 2026-01-01T12:00:00Z   no difference
            exit 0
        "#]],
    )
    .await;
    check(
        &old.replace("4h", "5h"),
        expect![[r#"
            ~ TelemetryView shop/old   Enforce   tier 4 (has expiry)   expires 2026-01-01T15:00:00Z   changed
              basis: observed, 2 instances of 1 component
                                          series                  points/min          instruments
              shop                        351 -> 351              18.3k -> 18.3k      3 -> 3
            exit 1
        "#]],
    )
    .await;
}
