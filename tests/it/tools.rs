//! The verbs that ask a server, against a real one with pushed OTLP: every verdict that can be made, diff, catalog, get, the forms
//! and exit codes, and what is said when nobody answers.

use crate::support::{Pointsman, http, run, wait};
use serde_json::{Value, json};
use std::{fs, net::TcpListener, path::Path};
use tempfile::TempDir;

const CATALOG: &str = "
apiVersion: pointsman.dev/v1alpha1
kind: InstrumentCatalog
metadata: {name: shop, namespace: shop}
spec:
  serviceName: shop
  instruments:
  - {name: orders, kind: Counter, level: Standard, attributes: [id, region]}
  - {name: queue.depth, kind: Gauge, level: Standard}
  - {name: never.recorded, kind: Gauge, level: Standard}
  - {name: deep, kind: Gauge, level: Debug}
";

fn view(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n  reason: a test\n{spec}"
    )
}

const QUIET: &str = "  metrics:\n  - {name: quiet, match: {instruments: [queue.depth]}, state: Disabled}\n";
const SHAPE: &str = "  metrics:
  - {name: cap, match: {instruments: [flood]}, cardinality: {limit: 2}}
  - {name: no-id, match: {instruments: [orders]}, attributes: {drop: [id]}}
  traces:
  - {name: few, match: {spans: [\"GET /healthz\"]}, sample: \"0.25\"}
";

/// A server with these view files, and the shop's metrics in it.
struct Shop {
    server: Pointsman,
    url: String,
    folder: TempDir,
}

impl Shop {
    fn open(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, text) in
            [("catalog.yaml", CATALOG.to_owned()), ("quiet.yaml", view("quiet", QUIET)), ("shape.yaml", view("shape", SHAPE))]
        {
            fs::write(folder.path().join(name), text).expect("the folder is ours");
        }
        let views = folder.path().display().to_string();
        let server = Pointsman::start(&[&["--views", &views], flags].concat());
        let shop = Self { url: format!("http://{}", server.read), server, folder };
        shop.push(1);
        shop
    }

    /// Twelve orders, one queue, six of a flood, and a metric that nobody declared.
    fn push(&self, value: u64) {
        let attributes = |pairs: &[(&str, String)]| -> Value {
            pairs.iter().map(|(key, value)| json!({"key": key, "value": {"stringValue": value}})).collect()
        };
        let point = |pairs: &[(&str, String)]| {
            let nanos = 1_767_261_600_000_000_000 + value * 1_000_000_000;
            json!({"attributes": attributes(pairs), "startTimeUnixNano": "1767261599000000000",
                   "timeUnixNano": nanos.to_string(), "asInt": value.to_string()})
        };
        let orders: Vec<Value> = (0..12).map(|i| point(&[("id", i.to_string()), ("region", (i % 3).to_string())])).collect();
        let flood: Vec<Value> = (0..6).map(|i| point(&[("err", i.to_string())])).collect();
        let gauge = |name: &str, points: Vec<Value>| json!({"name": name, "gauge": {"dataPoints": points}});
        let sum = json!({"dataPoints": orders, "aggregationTemporality": 2, "isMonotonic": true});
        let metrics = [
            json!({"name": "orders", "sum": sum}),
            gauge("queue.depth", vec![point(&[])]),
            gauge("flood", flood),
            gauge("new.thing", vec![point(&[])]),
        ];
        let resource = attributes(&[
            ("k8s.namespace.name", "shop".into()),
            ("service.name", "shop".into()),
            ("service.instance.id", "a".into()),
        ]);
        let body = json!({"resourceMetrics": [{"resource": {"attributes": resource}, "scopeMetrics": [{"metrics": metrics}]}]});
        let reply = self.server.push_json("/v1/metrics", &body.to_string());
        assert_eq!(reply.status, 200, "{}", reply.text());
    }

    /// Runs a verb against the server: exit code and stdout; nothing is said on stderr.
    fn ask(&self, args: &[&str]) -> (i32, String) {
        let (code, out, err) = run(args, &[("POINTSMAN_SERVER", &self.url)]);
        assert_eq!(err, "", "{args:?}");
        (code, out)
    }

    /// `explain` of the shop's.
    fn explain(&self, name: &str) -> String {
        let (code, out) = self.ask(&["explain", name, "--component", "shop"]);
        assert_eq!(code, 0, "{out}");
        out
    }

    /// Writes a file beside the views of the server, which does not read it there.
    fn file(&self, name: &str, text: &str) -> String {
        let folder = self.folder.path().join("not-read");
        fs::create_dir_all(&folder).expect("the folder is ours");
        let path = folder.join(name);
        fs::write(&path, text).expect("the folder is ours");
        path.display().to_string()
    }
}

fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
}

/// Scenario: one instrument of each verdict, in both spellings. Guarantees: each is told with who decided, where that stands, what it
/// costs, and how to undo it.
#[test]
fn explain_tells_every_verdict_of_a_running_server() {
    let shop = Shop::open(&[]);
    shop.push(2);
    let quiet = "TelemetryView shop/quiet, rule quiet: Disabled";
    assert_says(
        &shop.explain("queue.depth"),
        &["queue.depth   OFF   shop/shop, 1 instance", quiet, "quiet.yaml:", "undo         edit", "suppressed here"],
    );
    assert_says(&shop.explain("queue_depth"), &["queue.depth   OFF"]);
    assert_says(
        &shop.explain("orders_total"),
        &["orders   ON   shop/shop", "level Standard", "drop [id]", "12 attribute sets sent, 3 series", "_total: a counter"],
    );
    assert_says(
        &shop.explain("flood"),
        &["ON, over limit", "2 attribute sets per instance, set by TelemetryView shop/shape rule cap", "attribute err"],
    );
    assert_says(&shop.explain("new.thing"), &["ON, uncatalogued", "1 series exposed"]);
    assert_says(&shop.explain("never.recorded"), &["ON, not sent", "last push"]);
    assert_says(&shop.explain("deep"), &["deep   OFF", "catalogue: off, level Debug", "turn on"]);
    assert_says(&shop.explain("span:GET /healthz"), &["SAMPLED 0.25", "rule few: sample 0.25"]);
    assert_says(&shop.explain("span:other"), &["span:other   ON", "no view speaks of spans"]);
    let (code, out) = shop.ask(&["explain", "ordres"]);
    assert_eq!(code, 1, "{out}");
    assert_says(&out, &["ordres   NEVER SEEN", "closest      orders"]);
    assert_eq!(shop.ask(&["explain", "orders", "--component", "nobody"]).0, 1);
    let (code, json) = shop.ask(&["explain", "orders", "-o", "json"]);
    let json: Value = serde_json::from_str(&json).expect("one document");
    assert_eq!((code, &json["version"], &json["items"][0]["verdict"]), (0, &json!(1), &json!("On")));
}

/// Scenario: a component stops pushing. Guarantees: half of the time before its series end, it is told to be silent.
#[test]
fn explain_tells_silence() {
    let shop = Shop::open(&["--expire-after", "6s"]);
    let text = wait("silence", || {
        let (_, out) = shop.ask(&["explain", "new.thing", "--component", "shop"]);
        out.contains("ON, silent").then_some(out)
    });
    assert_says(&text, &["last push", "it last carried this instrument"]);
    let (_, out) = shop.ask(&["get", "components", "-n", "shop"]);
    assert_says(&out, &["Silent"]);
}

/// Scenario: a new view, one that is applied already, one that changes, one with a mistake, and one that reaches nobody.
/// Guarantees: series before and after as the server counts them, what goes off and by which rule; exit 1 for what differs, 0 for
/// what does not; nothing is changed at the server.
#[test]
fn diff_tells_what_a_view_would_change() {
    let shop = Shop::open(&[]);
    let new = shop.file("new.yaml", &view("new", "  targets: [{serviceName: shop}]\n  metrics:\n  - {name: no-orders, match: {instruments: [orders]}, state: Disabled}\n  expiry: {after: 4h}\n"));
    let before = views(&shop);
    let (code, out) = shop.ask(&["diff", "-f", &new]);
    assert_eq!(code, 1, "{out}");
    assert_says(
        &out,
        &[
            "+ TelemetryView shop/new   Enforce   tier 4 (has expiry)   expires 4h after it is created",
            "observed, 1 instance of 1 component",
            "- orders",
            "3 -> 0",
            "no-orders: off",
            "3 -> 2",
        ],
    );
    let (code, same) = shop.ask(&["diff", "-f", &shop.folder.path().join("quiet.yaml").display().to_string()]);
    assert_eq!((code, same.trim()), (0, "= TelemetryView shop/quiet   Enforce   tier 2 (view)   no difference"));
    let changed = shop.file("changed.yaml", &view("quiet", &QUIET.replace("Disabled", "Enabled")));
    let (code, out) = shop.ask(&["diff", "-f", &changed]);
    assert_eq!(code, 1);
    assert_says(&out, &["~ TelemetryView shop/quiet", "+ queue.depth", "quiet: on"]);
    let (code, out) = shop.ask(&["diff", "-o", "json", "-f", &new, "-f", &changed]);
    let json: Value = serde_json::from_str(&out).expect("one document");
    let steps: Vec<&Value> = json["items"].as_array().into_iter().flatten().map(|item| &item["step"]).collect();
    assert_eq!((code, steps), (1, vec![&json!("New"), &json!("Changed")]));
    let far = shop.file(
        "far.yaml",
        &view("far", "  targets: [{serviceName: far}]\n  metrics:\n  - {name: r, match: {instruments: [x]}, state: Disabled}\n"),
    );
    assert_says(&shop.ask(&["diff", "-f", &far]).1, &["nothing: it reaches no component"]);
    let broken = shop.file("broken.yaml", &view("broken", "  metrcis: []\n"));
    let (code, _, err) = run(&["diff", "-f", &broken, "--server", &shop.url], &[]);
    assert_eq!(code, 1, "{err}");
    assert_says(&err, &["PM0103", "broken.yaml"]);
    assert_eq!(run(&["diff", "-f", "nowhere.yaml", "--server", &shop.url], &[]).0, 2);
    assert_eq!(views(&shop), before);
}

/// The views in force, as they were written: what became of them may move meanwhile.
fn views(shop: &Shop) -> Vec<Value> {
    let items = shop.server.get("/api/v1/views").json()["items"].take();
    let written = |item: &Value| json!([item["kind"], item["namespace"], item["name"], item["accepted"], item["spec"]]);
    items.as_array().expect("a list").iter().map(written).collect()
}

/// Scenario: a view drops an attribute of a counter, and keeps one, of twelve sets in three regions. Guarantees: the sets that stay
/// are counted by the server, not guessed.
#[test]
fn diff_counts_the_sets_that_stay() {
    let shop = Shop::open(&[]);
    let detail = "/api/v1/components/shop/service.shop";
    for (keys, left) in [("drop=id", 3), ("drop=region", 12), ("keep=region", 3), ("keep=", 1), ("drop=id,region", 1)] {
        let said = shop.server.get(&format!("{detail}?metric=orders&{keys}")).json();
        assert_eq!(said["item"]["sets"], left, "{keys}");
    }
    let shaped = shop.file("shape.yaml", &view("shape", &SHAPE.replace("drop: [id]", "keep: []")));
    let (_, out) = shop.ask(&["diff", "-o", "json", "-f", &shaped]);
    let json: Value = serde_json::from_str(&out).expect("one document");
    let orders = &json["items"][0]["instruments"][0];
    assert_eq!((&orders["name"], &orders["seriesBefore"], &orders["seriesAfter"]), (&json!("orders"), &json!(3), &json!(1)));
    assert_eq!(json["items"][0]["basis"], "Observed");
}

/// Scenario: catalogue and objects are listed, and one of each is asked for. Guarantees: what is declared, what is only sent, states and
/// counts; kubectl's columns, at most 120 wide; exit 1 for what is not there.
#[test]
fn catalog_and_get_list_what_the_server_knows() {
    let shop = Shop::open(&[]);
    let (code, out) = shop.ask(&["catalog"]);
    assert!(code == 0 && out.lines().all(|line| line.chars().count() <= 120), "{out}");
    let row = |name: &str| -> Vec<String> {
        let line = out.lines().find(|line| line.split_whitespace().next() == Some(name)).unwrap_or_default();
        line.split_whitespace().map(str::to_owned).collect()
    };
    assert_eq!(row("orders"), ["orders", "shop", "Counter", "-", "Standard", "On", "3"]);
    assert_eq!(row("queue.depth"), ["queue.depth", "shop", "Gauge", "-", "Standard", "Off", "0"]);
    assert_eq!(row("never.recorded"), ["never.recorded", "shop", "Gauge", "-", "Standard", "not", "sent", "-"]);
    assert_eq!(row("new.thing"), ["new.thing", "shop", "Gauge", "-", "-", "On", "1"]);
    let (code, out) = shop.ask(&["catalog", "show", "orders_total"]);
    assert_eq!(code, 0);
    assert_says(&out, &["orders\n", "attributes   id, region", "catalogue    shop/shop"]);
    let (code, out) = shop.ask(&["catalog", "show", "ordres"]);
    assert!(code == 1 && out.contains("closest: orders"), "{out}");
    wait("what became of the views", || shop.ask(&["get", "views"]).1.contains("Programmed").then_some(()));
    let (code, out) = shop.ask(&["get", "views"]);
    assert!(code == 0 && out.starts_with("NAMESPACE  NAME"), "{out}");
    assert_says(&out, &["quiet", "Enforce", "Programmed", "a test"]);
    assert!(shop.ask(&["get", "views", "-n", "shop"]).1.starts_with("NAME  "), "kubectl names no namespace that was asked for");
    let (_, out) = shop.ask(&["get", "views", "quiet", "-n", "shop", "-o", "json"]);
    let json: Value = serde_json::from_str(&out).expect("one document");
    let quiet = &json["items"][0];
    assert_eq!((&quiet["spec"]["metrics"][0]["state"], &quiet["tier"]), (&json!("Disabled"), &json!(2)));
    assert_eq!(quiet["status"]["conditions"][0]["type"], "Accepted");
    let (code, _, err) = run(&["get", "views", "nobody", "--server", &shop.url], &[]);
    assert!(code == 1 && err.contains("no view nobody"), "{err}");
    let (code, out) = shop.ask(&["get", "components", "shop"]);
    assert_eq!(code, 0);
    assert_says(&out, &["service.shop", "Active"]);
    // Without a cluster nobody reads but the dashboards that are shipped, and those protect nothing.
    let consumers = shop.server.get("/api/v1/consumers").json();
    let consumers = consumers["items"].as_array().expect("a list");
    assert!(consumers.iter().all(|one| one["kind"] == "Dashboard" && one["protectsEverywhere"] == false), "{consumers:?}");
    assert!(consumers.iter().any(|one| one["name"] == "pool-update" && one["entry"] == "panel stalled"), "{consumers:?}");
}

/// Scenario: nobody listens, something else listens, and usage that is none. Guarantees: exit 3 with what to try; 2 for the rest; a reader
/// that goes away is no error; `explain` of a code needs no server.
#[test]
fn unreachable_servers_and_bad_usage_are_told_apart() {
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("it is bound");
    let server = format!("http://{nobody}");
    let view = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/view/aspects-are-independent/in.yaml");
    let view = view.display().to_string();
    let verbs: [&[&str]; 4] = [&["explain", "x"], &["catalog", "list"], &["get", "views"], &["diff", "-f", &view]];
    for verb in verbs {
        let (code, out, err) = run(&[verb, &["--server", &server]].concat(), &[]);
        assert_eq!((code, out.as_str()), (3, ""), "{err}");
        assert_says(&err, &["cannot reach", "port-forward", "POINTSMAN_SERVER"]);
    }
    let shop = Shop::open(&[]);
    let otlp = format!("http://{}", shop.server.http);
    assert_eq!(run(&["get", "views", "--server", &otlp], &[]).0, 3);
    for wrong in
        [&["get", "nothing"][..], &["catalog", "show"], &["diff"], &["get", "views", "--server", "nowhere"], &["explain"]]
    {
        let (code, _, err) = run(wrong, &[]);
        assert!(code == 2 && !err.is_empty(), "{wrong:?}: {err}");
    }
    let (code, out, _) = run(&["explain", "PM0104", "-o", "json", "--server", &server], &[]);
    assert!(code == 0 && out.contains("\"code\": \"PM0104\""), "{out}");
    let reply = http(shop.server.read, "GET", "/api/v1/catalog?after=x", &[], b"");
    assert_eq!((reply.status, &reply.json()["fault"]["code"]), (400, &json!("PM0502")));
}

/// Scenario: the examples of every help page of these verbs, run against a server. Guarantees: each is good usage, and is answered.
#[test]
fn examples_of_the_help_run() {
    let shop = Shop::open(&[]);
    fs::create_dir(shop.folder.path().join("views")).expect("the folder is ours");
    for name in ["quiet", "shape"] {
        let file = shop.folder.path().join(format!("{name}.yaml"));
        fs::copy(file, shop.folder.path().join(format!("views/{name}.yaml"))).expect("the folder is ours");
    }
    wait("our own metrics", || shop.server.scrape().contains("pointsman_series_active").then_some(()));
    for verb in ["explain", "diff", "catalog", "get"] {
        let (_, help, _) = run(&[verb, "--help"], &[]);
        let examples = help.lines().filter_map(|line| line.trim().strip_prefix("pointsman "));
        let mut ran = 0;
        for example in examples {
            let args: Vec<String> = example
                .split_whitespace()
                .map(|word| {
                    let local = shop.folder.path().join(word);
                    if word.starts_with("views") && word.contains('/') { local.display().to_string() } else { word.to_owned() }
                })
                .collect();
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let (code, out) = shop.ask(&args);
            assert!(code == 0 && !out.is_empty(), "{example}: {code} {out}");
            ran += 1;
        }
        assert_eq!(ran, 2, "{verb}");
    }
}
