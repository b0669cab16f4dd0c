//! The example operator of `pointsman-instrument`, as its page says to run it, against a real `pointsman serve`.
//! Every command of that page is run; what it makes the operator say is written down under `tests/data/emitted`.

use crate::support::{Pointsman, now};
use expect_test::expect_file;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message;
use serde_json::Value as Json;
use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Write},
    net::TcpListener,
    path::Path,
    process::Command,
    thread,
    time::Duration,
};
use tempfile::TempDir;

const PAGE: &str = "src/instrument/examples/README.md";
/// Building the example is the longest part.
const DEADLINE: Duration = Duration::from_secs(600);

/// The blocks of commands on the page.
fn blocks() -> Vec<String> {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE)).expect("the page is there");
    page.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap_or_default().to_owned()).collect()
}

/// Runs commands in a folder, as a shell does that stops at the first failure; `cargo` is the one that runs this test, and
/// finds this repository from there.
fn shell(folder: &Path, commands: &str, environment: &[(&str, &str)]) -> String {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let head = format!(
        "set -euo pipefail; unset http_proxy HTTP_PROXY\n\
         cargo() {{ local verb=$1; shift; '{cargo}' \"$verb\" --quiet --manifest-path '{}' \"$@\"; }}\n",
        manifest.display()
    );
    let mut bash = Command::new("bash");
    bash.arg("-c").arg(head + commands).current_dir(folder).env("NO_PROXY", "127.0.0.1");
    let began = now();
    let output = bash.envs(environment.iter().copied()).output().expect("bash runs");
    assert!(began.elapsed() < DEADLINE, "it took too long");
    assert!(output.status.success(), "{commands}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Samples whose value does not depend on how fast the machine is: no buckets and sums of durations. How much was pushed
/// stands there without its value.
fn samples(exposition: &str) -> String {
    let ours = |line: &&str| line.contains("job=\"example-operator\"") && !line.starts_with("target_info");
    let timed =
        |line: &&str| ["_bucket", "_sum"].iter().any(|end| line.split('{').next().is_some_and(|name| name.ends_with(end)));
    let pushed = |line: &str| ["points", "size"].iter().any(|end| line.starts_with(&format!("pointsman_instrument_{end}")));
    let told = |line| if pushed(line) { line.rsplit_once(' ').map_or(line, |(series, _)| series) } else { line };
    exposition.lines().filter(ours).filter(|line| !timed(line)).map(|line| format!("{}\n", told(line))).collect()
}

/// Traces as trees, the names and whether they failed; sorted, since which came first depends on the machine.
fn trees(recent: &Json) -> String {
    let text = |span: &Json, key: &str| span[key].as_str().unwrap_or_default().to_owned();
    fn below(spans: &[Json], parent: &str, depth: usize, text: &dyn Fn(&Json, &str) -> String) -> String {
        let of = spans.iter().filter(|span| text(span, "parentSpanId") == parent);
        let mut children: Vec<_> = of
            .map(|span| {
                let line = format!("{}{} {}\n", "  ".repeat(depth), text(span, "name"), text(span, "status"));
                line + &below(spans, &text(span, "spanId"), depth + 1, text)
            })
            .collect();
        children.sort();
        children.concat()
    }
    let traces = recent.as_array().expect("a list of traces");
    let spans = traces.iter().map(|trace| trace["spans"].as_array().expect("spans"));
    let spans = spans.filter(|spans| spans.iter().any(|span| text(span, "component").contains("example-operator")));
    let mut trees: Vec<_> = spans.map(|spans| format!("trace\n{}", below(spans, "", 1, &text))).collect();
    trees.sort();
    trees.concat()
}

/// Scenario: the commands of the page, one after the other. Guarantees: each works, and what the server then shows is
/// what is written down: every outcome counted once, and one trace from loop to loop.
#[test]
fn the_page_is_true() {
    let [serve, work, look] = blocks().try_into().expect("three blocks of commands");
    let args: Vec<String> = serve.split_whitespace().skip(1).map(str::to_owned).collect();
    let free = |arg: &String| arg.replace(":4317", ":0").replace(":4318", ":0").replace(":9464", ":0");
    let args: Vec<String> = args.iter().map(free).collect();
    let server = Pointsman::start_as(&args.iter().map(String::as_str).collect::<Vec<_>>(), &[]);
    let here = |commands: &str| {
        let commands = commands.replace("127.0.0.1:4318", &server.http.to_string());
        commands.replace("127.0.0.1:9464", &server.read.to_string())
    };
    let folder = TempDir::new().expect("a folder");
    shell(folder.path(), &here(&work), &[]);
    let shown = shell(folder.path(), &here(&look), &[]);
    let (metrics, traces): (Vec<&str>, Vec<&str>) = shown.lines().partition(|line| !line.starts_with('{'));
    assert!(metrics.iter().any(|line| line.starts_with("mco_controller_reconcile_errors_total{")), "{shown}");
    let traces: Json = serde_json::from_str(&traces.concat()).unwrap_or_else(|e| panic!("{e}: {shown}"));
    let recent = traces["item"]["recent"].clone();
    let said = samples(&server.scrape()) + "\n" + &trees(&recent);
    expect_file!["../data/emitted/operator.txt"].assert_eq(&said);
}

/// Takes requests of OTLP over HTTP, with or without gzip, and answers each with 200.
fn receiver(listener: TcpListener) -> std::sync::mpsc::Receiver<Vec<u8>> {
    let (send, got) = std::sync::mpsc::sync_channel(1024);
    thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let (mut read, mut part) = (Vec::new(), [0; 4096]);
            let (head, length) = loop {
                let n = stream.read(&mut part).expect("readable");
                read.extend_from_slice(&part[..n]);
                if let Some(end) = read.windows(4).position(|w| w == b"\r\n\r\n") {
                    let text = String::from_utf8_lossy(&read[..end]).into_owned();
                    let length = text.lines().find_map(|l| l.strip_prefix("content-length: ")).expect("a length");
                    break (end + 4, length.parse::<usize>().expect("a number"));
                }
            };
            while read.len() < head + length {
                let n = stream.read(&mut part).expect("readable");
                read.extend_from_slice(&part[..n]);
            }
            let mut body = Vec::new();
            flate2::read::GzDecoder::new(&read[head..]).read_to_end(&mut body).expect("gzip");
            // Told before it is answered: once the sender has ended, all it sent is there.
            if send.send(body).is_err() {
                return;
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").expect("writable");
        }
    });
    got
}

fn attributes(pairs: &[KeyValue]) -> String {
    let value = |pair: &KeyValue| match pair.value.as_ref().and_then(|v| v.value.as_ref()) {
        // How long it waited depends on the machine.
        Some(Value::IntValue(_)) if pair.key == "pointsman.queue.latency" => "…".to_owned(),
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    pairs.iter().map(|pair| format!(" {}={}", pair.key, value(pair))).collect()
}

/// Scenario: the same operator, its traces to a receiver of their own. Guarantees: each span says what it was about, why
/// it failed, which retry it was; those of the second loop lie in the trace of the first.
#[test]
fn its_spans_say_what_happened() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/v1/traces", listener.local_addr().expect("bound"));
    let got = receiver(listener);
    let [_, work, _] = blocks().try_into().expect("three blocks of commands");
    let folder = TempDir::new().expect("a folder");
    let environment = [("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url.as_str()), ("OTEL_METRICS_EXPORTER", "none")];
    shell(folder.path(), &work, &environment);
    let mut spans: BTreeMap<Vec<u8>, (String, Span)> = BTreeMap::new();
    while let Ok(body) = got.recv_timeout(Duration::from_millis(1)) {
        let request = ExportTraceServiceRequest::decode(body.as_slice()).expect("OTLP");
        for scope in request.resource_spans.into_iter().flat_map(|r| r.scope_spans) {
            let name = scope.scope.map(|s| s.name).unwrap_or_default();
            spans.extend(scope.spans.into_iter().map(|span| (span.span_id.clone(), (name.clone(), span))));
        }
    }
    let depth =
        |span: &Span| std::iter::successors(spans.get(&span.parent_span_id), |(_, s)| spans.get(&s.parent_span_id)).count();
    let root = |span: &Span| {
        let up = std::iter::successors(Some(span), |s| spans.get(&s.parent_span_id).map(|(_, s)| s));
        up.last().map(|s| attributes(&s.attributes)).unwrap_or_default()
    };
    let line = |(scope, span): &(String, Span)| {
        let depth = depth(span);
        let status = span.status.as_ref().map_or("", |status| status.message.as_str());
        let key = (root(span), span.trace_id.clone(), depth);
        (key, format!("{}{} ({scope}) {status:?}{}\n", "  ".repeat(depth), span.name, attributes(&span.attributes)))
    };
    let mut lines: Vec<_> = spans.values().map(line).map(|((root, _, depth), line)| ((root, depth), line)).collect();
    lines.sort();
    let text: String = lines.into_iter().map(|(_, line)| line).collect();
    expect_file!["../data/emitted/operator-spans.txt"].assert_eq(&text);
}
