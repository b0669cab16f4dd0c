//! The status page in a real Chromium: every screen in light and dark, without script and narrow, by keyboard and link by link, judged
//! by axe; and names that try to run something. What is checked stands in `tests/tools/browser/suite.mjs`.

use super::peers::tool;
use crate::{
    demo,
    support::{Pointsman, wait},
};
use serde_json::{Value, json};
use std::{fs, net::SocketAddr, path::Path, process::Command, thread};

/// Runs a part of the suite over a page: every line that it says of a check.
fn suite(part: &str, page: SocketAddr) -> Vec<String> {
    let mut command = Command::new(tool("browser-suite"));
    command.args([part, &format!("http://{page}")]);
    // Pictures for people: a folder in POINTSMAN_PICTURES.
    command.args(std::env::var("POINTSMAN_PICTURES"));
    let out = command.output().expect("the suite runs");
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    let lines: Vec<String> = said.lines().map(str::to_owned).collect();
    assert_eq!(lines.last().map(String::as_str), Some("end"), "{said}{}", String::from_utf8_lossy(&out.stderr));
    lines
}

/// What the suite found wrong; it has to have checked as much as `at_least`.
fn faults(lines: &[String], at_least: usize) -> String {
    let checked = lines.iter().filter(|line| line.starts_with("ok ") || line.starts_with("FAIL ")).count();
    assert!(checked >= at_least, "{checked} checks: {lines:#?}");
    lines.iter().filter(|line| line.starts_with("FAIL ")).map(|line| format!("{line}\n")).collect()
}

/// Scenario: a demo, and somebody who opens every screen of its page in every way there is.
/// Guarantees: nothing complains or is asked elsewhere, axe finds nothing, nothing is too wide at 320 px, all is there without script,
/// keys and buttons do what they say, and every link leads somewhere.
#[test]
#[ignore = "needs chromium, node and npm: run bash tests/run.sh"]
fn every_screen_is_whole_and_open_to_all() {
    let (_demo, page, told) = demo::start(&["--speed", "120", "--nodes", "4"]);
    thread::spawn(move || told.for_each(drop));
    let has = |path: &str, text: &str| crate::support::http(page, "GET", path, &[], b"").text().contains(text);
    wait("the fleet", || {
        (has("/fleet", "worker-0") && has("/catalog", "mcd_update_state") && has("/traces", "<svg")).then_some(())
    });
    assert_eq!(faults(&suite("look", page), 90), "");
}

fn attributes(text: &str) -> Value {
    let pair = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
    json!([pair("service.name", text), pair("k8s.namespace.name", text), pair("service.instance.id", text), pair(text, text)])
}

/// Metrics and spans in which everything that may have a name is called so.
fn bodies(text: &str, at: usize) -> [(&'static str, Value); 2] {
    let labels = json!([{"key": text, "value": {"stringValue": text}}]);
    let point = json!({"timeUnixNano": "1", "asInt": "1", "attributes": labels});
    let metric = json!({"name": text, "description": text, "unit": text, "gauge": {"dataPoints": [point]}});
    let scope = json!({"name": text, "version": text});
    let resource = json!({"attributes": attributes(text)});
    let ids = (format!("{:032x}", at + 1), format!("{:016x}", at + 1));
    let span = json!({"traceId": ids.0, "spanId": ids.1, "name": format!("reconcile {text}"), "startTimeUnixNano": "1",
        "endTimeUnixNano": "900000001", "attributes": labels, "status": {"code": 2, "message": text}});
    [
        (
            "/v1/metrics",
            json!({"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"scope": scope, "metrics": [metric]}]}]}),
        ),
        ("/v1/traces", json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": [span]}]}]})),
    ]
}

/// A view in which everything that may is called so; a good one, or one that is refused.
fn view(text: &str, name: &str) -> String {
    let rule = json!({"name": "r", "match": {"instruments": [text]}, "state": "Disabled"});
    json!({"apiVersion": "pointsman.dev/v1alpha1", "kind": "TelemetryView", "metadata": {"name": name},
        "spec": {"reason": text, "metrics": [rule]}})
    .to_string()
}

/// Scenario: components, instruments, scopes, labels, spans, views and files that are called like the strings of a corpus.
/// Guarantees: nothing of it runs in a browser, on no screen and on no page of its own; the policy of the page has nothing to refuse,
/// and people can read the names.
#[test]
#[ignore = "needs chromium, node and npm: run bash tests/run.sh"]
fn t18_no_name_runs_in_a_browser() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/xss.txt");
    let corpus = fs::read_to_string(corpus).expect("the corpus");
    let views = tempfile::tempdir().expect("a folder");
    for (at, text) in corpus.lines().enumerate() {
        for (file, name) in [(format!("good{at}.yaml"), format!("v{at}")), (format!("bad{at}.yaml"), text.to_owned())] {
            fs::write(views.path().join(file), view(text, &name)).expect("the folder is ours");
        }
    }
    let server = Pointsman::start(&["--views", &views.path().display().to_string()]);
    wait("the views", || (server.get("/readyz").status == 200).then_some(()));
    for (at, text) in corpus.lines().enumerate() {
        for (path, body) in bodies(text, at) {
            let reply = server.push_json(path, &body.to_string());
            assert_eq!(reply.status, 200, "{text:?}: {}", reply.text());
        }
    }
    assert!(corpus.lines().count() >= 60, "the corpus shrinks");
    let page = server.read;
    wait("the looks", || server.get("/traces").text().contains("onerror").then_some(()));
    assert_eq!(faults(&suite("evil", page), 10), "");
}
