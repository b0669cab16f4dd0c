//! What our own metrics say of views and back ends, beside the alerts that read it: `/metrics/self` of a whole process.
//! Readers of a cluster are looked at in `real/story.rs`.

use crate::support::{Pointsman, wait};
use std::fs;

const REFUSED: &str = "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {name: quiet}\nspec:\n  metrics:\n  \
                       - {name: a, match: {instruments: [x]}, state: Off}\n";
const GOOD: &str = "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {name: quiet}\nspec:\n  expiry: {after: 2h}\n  \
                    metrics:\n  - {name: a, match: {instruments: [x]}, state: Disabled}\n";

/// The value of the own series that has all of these.
fn own(pointsman: &Pointsman, has: &[&str]) -> Option<f64> {
    let body = pointsman.get("/metrics/self").text();
    let line = body.lines().find(|line| !line.starts_with('#') && has.iter().all(|part| line.contains(part)))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// Scenario: a view is refused, then mended. Guarantees: `Accepted` is false and then true, each time by exactly one status, and its
/// end shows once it has one.
#[test]
fn a_refused_view_shows_until_it_is_mended() {
    let views = tempfile::tempdir().expect("a temporary folder");
    let file = views.path().join("quiet.yaml");
    fs::write(&file, REFUSED).expect("the folder is ours");
    let pointsman = Pointsman::start(&["--views", &views.path().display().to_string()]);
    let accepted = |status: &str| {
        let status = format!("pointsman_condition_status=\"{status}\"");
        own(&pointsman, &["pointsman_view_condition_status{", "pointsman_view_name=\"quiet\"", "\"Accepted\"", &status])
    };
    let statuses = || ["true", "false", "unknown"].map(accepted);
    wait("the refusal", || (statuses() == [Some(0.0), Some(1.0), Some(0.0)]).then_some(()));
    assert_eq!(own(&pointsman, &["pointsman_view_expires_in_seconds{"]), None);
    fs::write(&file, GOOD).expect("the folder is ours");
    wait("the mended view", || (statuses() == [Some(1.0), Some(0.0), Some(0.0)]).then_some(()));
    let ends = own(&pointsman, &["pointsman_view_expires_in_seconds{", "pointsman_view_name=\"quiet\""]).expect("it ends");
    assert!((7000.0..=7200.0).contains(&ends), "{ends}");
}

/// Scenario: spans come, and nobody listens where they are to go. Guarantees: failed exports are counted from 0 on, none as taken.
#[test]
fn failed_exports_are_counted() {
    let pointsman = Pointsman::start(&["--traces-to", "http://127.0.0.1:9"]);
    let exports = |outcome: &str| {
        let outcome = format!("pointsman_export_outcome=\"{outcome}\"");
        own(&pointsman, &["pointsman_trace_exports_total{", &outcome])
    };
    wait("both outcomes", || (exports("ok") == Some(0.0) && exports("failed").is_some()).then_some(()));
    let span = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0102030405060708090a0b0c0d0e0f10",
        "spanId":"0102030405060708","name":"a","startTimeUnixNano":"1","endTimeUnixNano":"2"}]}]}]}"#;
    assert_eq!(pointsman.push_json("/v1/traces", span).status, 200);
    wait("a failure", || exports("failed").filter(|n| *n > 0.0));
    assert_eq!(exports("ok"), Some(0.0));
}

/// Scenario: a component pushes once. Guarantees: how long ago that was is told, and grows.
#[test]
fn the_last_push_grows_older() {
    let pointsman = Pointsman::start(&[]);
    let body = r#"{"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},
        "scopeMetrics":[{"metrics":[{"name":"a","gauge":{"dataPoints":[{"timeUnixNano":"1","asInt":"1"}]}}]}]}]}"#;
    assert_eq!(pointsman.push_json("/v1/metrics", body).status, 200);
    let age = || own(&pointsman, &["pointsman_component_push_age_seconds{", "default/service.shop"]);
    let first = wait("the component", age);
    wait("its age", || age().filter(|age| *age > first + 1.0));
}

/// Scenario: two components push two instruments each; one of them has a catalogue, which declares one of the two. Then it declares both.
/// Guarantees: one is told as unknown there and then none, and nothing is told of the component without a catalogue.
#[test]
fn what_a_catalogue_does_not_declare_is_counted() {
    let views = tempfile::tempdir().expect("a temporary folder");
    let catalogue = |names: &[&str]| {
        let rows: String = names.iter().map(|name| format!("  - {{name: {name}, kind: Gauge, level: Standard}}\n")).collect();
        let head =
            "apiVersion: pointsman.dev/v1alpha1\nkind: InstrumentCatalog\nmetadata: {name: shop}\nspec:\n  serviceName: shop\n";
        fs::write(views.path().join("shop.yaml"), format!("{head}  instruments:\n{rows}")).expect("the folder is ours");
    };
    catalogue(&["a"]);
    let pointsman = Pointsman::start(&["--views", &views.path().display().to_string()]);
    for service in ["shop", "other"] {
        let point = r#"{"dataPoints":[{"timeUnixNano":"1","asInt":"1"}]}"#;
        let body = format!(
            r#"{{"resourceMetrics":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{service}"}}}}]}},
            "scopeMetrics":[{{"metrics":[{{"name":"a","gauge":{point}}},{{"name":"b","gauge":{point}}}]}}]}}]}}"#
        );
        assert_eq!(pointsman.push_json("/v1/metrics", &body).status, 200);
    }
    let unknown = |of: &str| own(&pointsman, &["pointsman_instrument_uncatalogued{", of]);
    wait("the unknown one", || unknown("default/service.shop").filter(|count| *count == 1.0));
    assert_eq!(unknown("default/service.other"), None);
    catalogue(&["a", "b"]);
    wait("none", || unknown("default/service.shop").filter(|count| *count == 0.0));
}
