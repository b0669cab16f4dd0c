//! A real Jaeger, asked for what it stored of a trace.
//! Turns its JSON into plain values; knows nothing of who sent the spans.

use super::peers::{Process, free};
use crate::support::{http, wait};
use serde_json::Value;
use std::{collections::BTreeMap, net::SocketAddr};

/// A running Jaeger with memory storage.
pub(crate) struct Jaeger {
    /// Where it takes OTLP over gRPC.
    pub(crate) otlp: SocketAddr,
    /// Where its pages and its API are.
    pub(crate) query: SocketAddr,
    _process: Process,
}

/// A span as Jaeger stored it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored {
    /// Name of the parent span in the same trace.
    pub(crate) parent: Option<String>,
    /// Every attribute of the span, as text; its kind and status too, as Jaeger keeps them.
    pub(crate) tags: BTreeMap<String, String>,
    /// Attributes of each event.
    pub(crate) events: Vec<BTreeMap<String, String>>,
    /// `service.name` and the other resource attributes.
    pub(crate) resource: BTreeMap<String, String>,
}

impl Jaeger {
    /// Starts it with every port it opens on loopback.
    pub(crate) fn start() -> Self {
        let flags = [
            "collector.otlp.grpc.host-port",
            "query.http-server.host-port",
            "collector.otlp.http.host-port",
            "query.grpc-server.host-port",
            "admin.http.host-port",
            "collector.grpc-server.host-port",
            "collector.http-server.host-port",
            "processor.jaeger-compact.server-host-port",
            "processor.jaeger-binary.server-host-port",
            "processor.zipkin-compact.server-host-port",
            "http-server.host-port",
        ];
        let ports = free::<11>();
        let args: Vec<String> = flags.iter().zip(&ports).map(|(flag, port)| format!("--{flag}={port}")).collect();
        let [otlp, query, ..] = ports;
        let folder = tempfile::tempdir().expect("a folder can be made");
        let process = Process::start("jaeger", folder, &args, &[otlp, query]);
        Self { otlp, query, _process: process }
    }

    /// Waits until the trace has this many spans; gives them by name.
    pub(crate) fn trace(&self, id: &str, spans: usize) -> BTreeMap<String, Stored> {
        wait(&format!("{spans} spans of trace {id}"), || {
            let reply = http(self.query, "GET", &format!("/api/traces/{id}"), &[], b"");
            let trace = (reply.status == 200).then(|| reply.json()["data"][0].clone())?;
            (trace["spans"].as_array()?.len() >= spans).then(|| stored(&trace))
        })
    }

    /// Every trace that has a span whose name begins so, as Jaeger tells of it.
    pub(crate) fn traces(&self, service: &str, names: &[&str]) -> Vec<Value> {
        let list = |path: &str| match self.get(path)["data"].take() {
            Value::Array(list) => list,
            _ => Vec::new(),
        };
        let all = list(&format!("/api/services/{service}/operations"));
        let wanted = all.iter().filter_map(Value::as_str).filter(|name| names.iter().any(|begins| name.starts_with(begins)));
        let mut traces = BTreeMap::new();
        for name in wanted {
            let name = name.replace(' ', "%20");
            let found = list(&format!("/api/traces?service={service}&operation={name}&limit=1000&lookback=24h"));
            traces.extend(found.into_iter().map(|trace| (trace["traceID"].to_string(), trace)));
        }
        traces.into_values().collect()
    }

    fn get(&self, path: &str) -> Value {
        let reply = http(self.query, "GET", path, &[], b"");
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply.json()
    }
}

fn stored(trace: &Value) -> BTreeMap<String, Stored> {
    let empty = Vec::new();
    let spans = trace["spans"].as_array().unwrap_or(&empty);
    let name_of = |id: &Value| {
        let found = spans.iter().find(|span| span["spanID"] == *id);
        found.map_or_else(|| format!("no span {id}"), |span| span["operationName"].as_str().unwrap_or_default().to_owned())
    };
    let mut out = BTreeMap::new();
    for span in spans {
        let parents: Vec<&Value> = span["references"].as_array().unwrap_or(&empty).iter().collect();
        let events = span["logs"].as_array().unwrap_or(&empty);
        let name = span["operationName"].as_str().unwrap_or_default().to_owned();
        let process = &trace["processes"][span["processID"].as_str().unwrap_or_default()];
        let mut resource = tags(&process["tags"]);
        resource.insert("service.name".to_owned(), process["serviceName"].as_str().unwrap_or_default().to_owned());
        let stored = Stored {
            parent: parents.first().map(|parent| name_of(&parent["spanID"])),
            tags: tags(&span["tags"]),
            events: events.iter().map(|event| tags(&event["fields"])).collect(),
            resource,
        };
        assert!(out.insert(name, stored).is_none(), "a span twice: {span}");
    }
    out
}

/// Keys and values as texts, of a list of them.
pub(super) fn tags(list: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let tag = |tag: &Value| (text(&tag["key"]), text(&tag["value"]));
    list.as_array().map(|list| list.iter().map(tag).collect()).unwrap_or_default()
}
