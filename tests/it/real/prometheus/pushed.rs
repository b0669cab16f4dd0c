//! What the scraped server was pushed: one metric of every kind, from two resources, with values that move by round.
//! Plain OTLP/JSON; knows nothing of Prometheus but what its native histogram has to show.

use crate::support::Pointsman;
use serde_json::{Value, json};

/// Pushes every kind from two instances; later rounds have larger counts and newer times.
pub(crate) fn push(server: &Pointsman, round: u64) {
    let resources: Vec<Value> = ["alpha", "beta"].iter().map(|name| resource(name, round)).collect();
    let reply = server.push_json("/v1/metrics", &json!({ "resourceMetrics": resources }).to_string());
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert!(reply.json()["partialSuccess"].is_null(), "{}", reply.text());
}

/// The one native histogram of each resource, as Prometheus holds it: bounds and counts of the buckets with content.
pub(crate) fn check_native(natives: &[Value]) {
    for native in natives {
        let empty = Vec::new();
        let buckets = native["buckets"].as_array().unwrap_or(&empty);
        let shown: Vec<String> = buckets
            .iter()
            .filter(|bucket| bucket[3] != "0")
            .map(|bucket| format!("{}..{}:{}", text(&bucket[1]), text(&bucket[2]), text(&bucket[3])))
            .collect();
        assert_eq!(shown, ["-1e-128..1e-128:1", "1..2:1", "2..4:2", "8..16:4"], "{native}");
        assert_eq!((text(&native["count"]), text(&native["sum"])), ("8", "47.5"), "{native}");
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn resource(name: &str, round: u64) -> Value {
    let pair = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    let mut metrics = plain_metrics(round);
    if name == "alpha" {
        metrics.push(exponential(round));
    }
    json!({
        "resource": {"attributes": [
            pair("service.namespace", "it"), pair("service.name", name), pair("service.instance.id", "0"),
            pair("deployment.environment.name", "a \"quoted\" \\ place\nwith lines"),
        ]},
        "scopeMetrics": [{"scope": {"name": "it.scope", "version": "1"}, "metrics": metrics}]
    })
}

/// Time fields shared by all points: a fixed start, and now-like times that grow by round.
fn at(round: u64, mut point: Value) -> Value {
    point["startTimeUnixNano"] = json!(START_NS.to_string());
    point["timeUnixNano"] = json!((START_NS + round * 1_000_000_000).to_string());
    point
}

const START_NS: u64 = 1_780_000_000_000_000_000;

fn plain_metrics(round: u64) -> Vec<Value> {
    let get =
        json!([{"key": "http.request.method", "value": {"stringValue": "GET"}}, {"key": "ok", "value": {"boolValue": true}}]);
    let exemplar = json!([{
        "asDouble": 1, "timeUnixNano": (START_NS + round * 1_000_000_000).to_string(),
        "traceId": "0102030405060708090a0b0c0d0e0f10", "spanId": "0102030405060708"
    }]);
    let requests = at(round, json!({"asInt": (round * 7).to_string(), "attributes": get, "exemplars": exemplar}));
    let duration = at(
        round,
        json!({
            "count": (round * 6).to_string(), "sum": round as f64 * 10.5, "explicitBounds": [0.5, 1, 1e6],
            "bucketCounts": [round.to_string(), (2 * round).to_string(), (3 * round).to_string(), "0"], "exemplars": exemplar
        }),
    );
    let lag = at(
        round,
        json!({
            "count": round.to_string(), "sum": 3.5,
            "quantileValues": [{"quantile": 0.5, "value": 1.5}, {"quantile": 1, "value": 2}]
        }),
    );
    vec![
        json!({"name": "it.temperature", "unit": "Cel", "description": "How \\ warm\nit is.",
            "gauge": {"dataPoints": [at(round, json!({"asDouble": 20.25 + round as f64}))]}}),
        json!({"name": "it.far", "gauge": {"dataPoints": [at(round, json!({"asDouble": "Infinity"}))]}}),
        json!({"name": "it.requests", "unit": "{request}",
            "sum": {"aggregationTemporality": 2, "isMonotonic": true, "dataPoints": [requests]}}),
        json!({"name": "it.queue", "sum": {"aggregationTemporality": 2, "dataPoints": [at(round, json!({"asInt": "-3"}))]}}),
        json!({"name": "it.duration", "unit": "s", "histogram": {"aggregationTemporality": 2, "dataPoints": [duration]}}),
        json!({"name": "it.lag", "unit": "s", "summary": {"dataPoints": [lag]}}),
    ]
}

/// Zero bucket 1; (1, 2] 1; (2, 4] 2; (8, 16] 4: the same in every round.
fn exponential(round: u64) -> Value {
    let point = at(
        round,
        json!({
            "count": "8", "sum": 47.5, "scale": 0, "zeroCount": "1", "positive": {"offset": 0, "bucketCounts": ["1", "2", "0", "4"]}
        }),
    );
    json!({"name": "it.exponential", "unit": "By", "exponentialHistogram": {"aggregationTemporality": 2, "dataPoints": [point]}})
}
