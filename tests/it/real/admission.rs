//! The admission table: what a real API server takes and refuses as a view, and that the reader of core agrees on each row.
//! Holds the table against the schemas, too: no field and no rule without a row that is taken and one that is refused.

use super::cluster::{Cluster, cluster};
use crate::support::runtime;
use kube::Client;
use pointsman_core::view::{
    read::{Known, json},
    time,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, fs, path::Path};

/// When the reader takes every expiry to be written.
const NOW: &str = "2026-11-22T17:00:00Z";

/// One row of `tests/data/admission`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    it: String,
    spec: Value,
    /// What the server's refusal holds; without it the server accepts.
    server: Option<String>,
    /// The code with which the reader refuses; without it the server's, if that is one of ours.
    reader: Option<String>,
    /// `view` or `cluster`: tried only as that kind.
    only: Option<String>,
}

impl Row {
    /// The code with which the reader has to refuse.
    fn code(&self) -> Option<&str> {
        let ours = self.server.as_deref().filter(|text| text.starts_with("PM")).and_then(|text| text.get(..6));
        self.reader.as_deref().or(ours)
    }
}

fn rows(file: &str) -> Vec<Row> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/admission").join(file);
    let text = fs::read_to_string(path).expect("the table is there");
    serde_saphyr::from_str(&text).expect("the table is YAML")
}

/// `{long: n}` is a text, `{times: n, of: x, then: y}` a list, `{keys: n}` a map.
fn unfold(value: &Value) -> Value {
    let number = |name: &str| value.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    if let Some(long) = number("long") {
        return "a".repeat(long).into();
    }
    if let Some(keys) = number("keys") {
        return (0..keys).map(|i| (format!("k{i}"), json!("v"))).collect::<Map<_, _>>().into();
    }
    if let Some(times) = number("times") {
        let items = (0..times).map(|i| numbered(&value["of"], i)).chain(value.get("then").cloned());
        return items.collect();
    }
    match value {
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), unfold(value))).collect::<Map<_, _>>().into(),
        Value::Array(items) => items.iter().map(unfold).collect(),
        other => other.clone(),
    }
}

fn numbered(value: &Value, i: usize) -> Value {
    let text = value.to_string().replace('#', &i.to_string());
    serde_json::from_str(&text).expect("a number in a text leaves it JSON")
}

/// A row's object as one kind: `TelemetryView`, or `ClusterTelemetryView` with the spec as its `defaults` or `overrides`.
fn object(row: &Row, within: Option<&str>, namespace: &str) -> Value {
    let mut spec = unfold(&row.spec);
    if let (Some(within), Value::Object(fields)) = (within, &mut spec)
        && row.only.is_none()
    {
        let outer = ["mode", "reason", "expiry"].map(|name| (name.to_owned(), fields.remove(name)));
        let outer = outer.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let inner = (within.to_owned(), Value::Object(fields.clone()));
        spec = outer.chain([inner]).collect::<Map<_, _>>().into();
    }
    let (kind, metadata) = match within {
        None => ("TelemetryView", json!({"name": "row", "namespace": namespace})),
        Some(_) => ("ClusterTelemetryView", json!({"name": "row"})),
    };
    json!({"apiVersion": "pointsman.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec})
}

/// What the server said to one object: the object as it would be stored, or its refusal.
async fn try_create(client: &Client, path: &str, object: &Value) -> Result<Value, Refusal> {
    let uri = format!("{path}?dryRun=All&fieldValidation=Strict");
    let body = serde_json::to_vec(object).expect("a value is JSON");
    let request = http::Request::post(uri).header("content-type", "application/json").body(body).expect("a request");
    match client.request::<Value>(request).await {
        Ok(stored) => Ok(stored),
        Err(kube::Error::Api(status)) => {
            let causes = status.details.iter().flat_map(|details| &details.causes);
            let causes = causes.map(|cause| (cause.field.clone(), cause.message.clone())).collect();
            Err(Refusal { text: status.message.clone(), causes })
        }
        Err(other) => panic!("the server is away: {other}"),
    }
}

struct Refusal {
    text: String,
    /// Field and message of each.
    causes: Vec<(String, String)>,
}

/// Codes of the errors that the reader finds.
fn read(object: &Value) -> Vec<String> {
    let now = time::parse_time(NOW).expect("a time");
    let read = json(object, &Known { first_seen: &|_, _| now, namespace: "default" });
    read.faults.iter().filter(|fault| fault.is_error()).map(|fault| fault.code.id()).collect()
}

/// What a table run found wrong, and what it covered.
#[derive(Default)]
struct Outcome {
    rows: usize,
    wrong: Vec<String>,
    /// Paths of fields of objects that were taken, and of causes of refusals, without indices.
    taken: BTreeSet<String>,
    refused: BTreeSet<String>,
    /// `path: code` of each rule that refused.
    rules: BTreeSet<String>,
}

impl Outcome {
    fn row(&mut self, row: &Row, object: &Value, answer: Result<Value, Refusal>) {
        self.rows += 1;
        let (kind, codes) = (object["kind"].as_str().unwrap_or_default(), read(object));
        let said = match &answer {
            Ok(_) => None,
            Err(refusal) => Some(refusal.text.as_str()),
        };
        match (&row.server, said) {
            (Some(want), Some(text)) if text.contains(want.as_str()) => {}
            (None, None) => {}
            (want, said) => self.wrong.push(format!("{kind}, {}: the server said {said:?}, not {want:?}", row.it)),
        }
        let agrees = match row.code() {
            Some(code) => codes.iter().any(|found| found == code),
            None => codes.is_empty() == row.server.is_none(),
        };
        if !agrees {
            self.wrong.push(format!("{kind}, {}: the reader said {codes:?}, not {:?}", row.it, row.code()));
        }
        let plural = if kind == "TelemetryView" { "telemetryviews" } else { "clustertelemetryviews" };
        match answer {
            Ok(stored) => {
                if row.code().is_none() && !read(&stored).is_empty() {
                    self.wrong.push(format!("{kind}, {}: what is stored is refused: {:?}", row.it, read(&stored)));
                }
                paths(&object["spec"], &format!("{plural}.spec"), &mut self.taken);
            }
            Err(refusal) => {
                for (field, message) in refusal.causes {
                    let path = format!("{plural}.{}", bare(&field));
                    if let Some((_, code)) = message.rsplit_once(": PM").or(message.split_once("PM")) {
                        self.rules.insert(format!("{path}: PM{}", code.get(..4).unwrap_or_default()));
                    }
                    self.refused.insert(path);
                }
            }
        }
    }
}

/// A field path without its indices.
fn bare(field: &str) -> String {
    let parts = field.split('[').map(|part| part.split_once(']').map_or(part, |(_, rest)| rest));
    parts.collect()
}

/// The path of every field of a value.
fn paths(value: &Value, path: &str, into: &mut BTreeSet<String>) {
    into.insert(path.to_owned());
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| paths(value, &format!("{path}.{name}"), into)),
        Value::Array(items) => items.iter().for_each(|item| paths(item, path, into)),
        _ => {}
    }
}

/// The fields of a schema, and `path: code` of its rules.
fn wanted(schema: &Value, path: &str, fields: &mut BTreeSet<String>, rules: &mut BTreeSet<String>) {
    fields.insert(path.to_owned());
    for rule in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
        let text = rule["message"].as_str().or(rule["messageExpression"].as_str()).unwrap_or_default();
        rules.insert(format!("{path}: {}", text.trim_start_matches('\'').get(..6).unwrap_or_default()));
    }
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties.for_each(|(name, schema)| wanted(schema, &format!("{path}.{name}"), fields, rules));
    if schema["items"].is_object() {
        wanted(&schema["items"], path, fields, rules);
    }
}

fn crd(cluster: &Cluster, plural: &str) -> Value {
    let name = format!("crd/{plural}.pointsman.dev");
    let text = cluster.kubectl(&["get", &name, "-o", "json"]).expect("read the CRD");
    let crd: Value = serde_json::from_str(&text).expect("kubectl prints JSON");
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].clone()
}

/// Scenario: every row of the table is sent to a real API server as a dry run, as each kind of view, and read by core.
/// Guarantees: the server takes what it should, and refuses the rest with our message or in its own words; the reader
/// agrees on every row, with the same code; no field and no rule of the schemas is without a row.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn the_server_and_the_reader_agree_on_every_row() {
    let cluster = cluster();
    let namespace = cluster.namespace("admission");
    let rows = rows("views.yaml");
    let mut outcome = Outcome::default();
    runtime().block_on(async {
        let client = cluster.client("admin").await;
        let group = "/apis/pointsman.dev/v1alpha1";
        let ways = [
            (None, format!("{group}/namespaces/{namespace}/telemetryviews"), "view"),
            (Some("defaults"), format!("{group}/clustertelemetryviews"), "cluster"),
            (Some("overrides"), format!("{group}/clustertelemetryviews"), ""),
        ];
        for (within, path, name) in &ways {
            for row in rows.iter().filter(|row| row.only.as_deref().is_none_or(|only| only == *name)) {
                let object = object(row, *within, &namespace);
                outcome.row(row, &object, try_create(&client, path, &object).await);
            }
        }
    });
    let (mut fields, mut rules) = (BTreeSet::new(), BTreeSet::new());
    for plural in ["telemetryviews", "clustertelemetryviews"] {
        wanted(&crd(cluster, plural), &format!("{plural}.spec"), &mut fields, &mut rules);
    }
    let missing = |want: &BTreeSet<String>, have: &BTreeSet<String>| want.difference(have).cloned().collect::<Vec<_>>();
    let never_refused = missing(&fields, &outcome.refused);
    // A map is refused by what is in it.
    let never_refused = never_refused.iter().filter(|field| !outcome.refused.iter().any(|seen| seen.starts_with(*field)));
    let open: Vec<String> = [
        missing(&fields, &outcome.taken).iter().map(|field| format!("{field} is never taken")).collect(),
        never_refused.map(|field| format!("{field} is never refused")).collect(),
        missing(&rules, &outcome.rules).iter().map(|rule| format!("the rule {rule} never refuses")).collect::<Vec<_>>(),
    ]
    .concat();
    assert!(outcome.wrong.is_empty(), "{} wrong:\n{}", outcome.wrong.len(), outcome.wrong.join("\n"));
    assert!(open.is_empty(), "not covered:\n{}", open.join("\n"));
    assert!(outcome.rows >= 120, "only {} rows", outcome.rows);
}
