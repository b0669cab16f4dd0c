//! The ServiceMonitor: who scrapes speaks TLS, checks the name of the Service, and shows a token or a certificate.
//! What an old one says beside that is kept.

use super::{
    scene::{Object, Scene, pairs},
    tree::{Told, entries, get, items, spelt, text},
    yaml::{Item, Pair, Yaml, only, pair, switch, text as word, texts},
};
use pointsman_core::view::yaml::Node;

const API: &str = "monitoring.coreos.com/v1";
const CA: &str = "/etc/prometheus/configmaps/serving-certs-ca-bundle/service-ca.crt";
const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
/// The scrape class of OpenShift whose scraper shows its client certificate.
const CLASS: &str = "tls-client-certificate-auth";
/// What says how somebody proves who they are: said anew.
const PROOFS: [&str; 6] = ["authorization", "basicAuth", "bearerTokenFile", "bearerTokenSecret", "oauth2", "tlsConfig"];
const SAID: [&str; 3] = ["honorLabels", "path", "scheme"];

/// How the scraper proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// The read side knows the authority of its certificate.
    Certificate,
    /// It does not.
    Token,
}

/// The object, and where there is none, why.
pub(super) fn object(scene: &Scene, proof: Proof, is_tls: bool, told: &mut Told) -> Result<Yaml, &'static str> {
    let (service, old) = (scene.service(), scene.monitor());
    if old.is_none() && scene.all("ServiceMonitor").count() > 1 {
        return Err("Several ServiceMonitors were read, and none is the one of the Service: give both together.");
    }
    let name = service.map(|service| service.name.clone()).or_else(|| old.and_then(named)).ok_or(
        "No ServiceMonitor is written: neither the Service nor an old ServiceMonitor was among what was read, and the name that \
         the certificate is for is the Service's.",
    )?;
    let namespace = [service, old].into_iter().flatten().map(|object| object.namespace.clone());
    let namespace = namespace.chain(scene.workload.as_ref().map(|workload| workload.object.namespace.clone()));
    let namespace = namespace.into_iter().find(|namespace| !namespace.is_empty()).unwrap_or_default();
    let server = format!("{name}.{namespace}.svc");
    let how = How { proof: old.filter(|old| has_class(old)).map_or(proof, |_| Proof::Certificate), is_tls, server };
    match (old, service) {
        (Some(old), _) => Ok(kept(old, &how, told)),
        (None, Some(service)) => made(service, &namespace, &how),
        (None, None) => Err("No ServiceMonitor is written: there is none to go by."),
    }
}

struct How {
    proof: Proof,
    is_tls: bool,
    server: String,
}

/// The Service whose name an old one checks.
fn named(old: &Object) -> Option<String> {
    let names = items(&old.doc.node, &["spec", "endpoints"]).iter().map(|endpoint| text(endpoint, &["tlsConfig", "serverName"]));
    names.filter_map(|name| name.split('.').next().map(str::to_owned)).find(|name| !name.is_empty())
}

fn has_class(old: &Object) -> bool {
    !text(&old.doc.node, &["spec", "scrapeClass"]).is_empty()
}

fn kept(old: &Object, how: &How, told: &mut Told) -> Yaml {
    let node = &old.doc.node;
    let mut spec = Vec::new();
    for (key, value) in get(node, &["spec"]).map(entries).unwrap_or_default() {
        match &*key.text {
            "endpoints" => {
                let all =
                    items(node, &["spec", "endpoints"]).iter().map(|endpoint| Item::Is(endpoint_of(old, endpoint, how, told)));
                spec.push(pair("endpoints", Yaml::List(all.collect())));
            }
            other => spec.push(pair(other, value.into())),
        }
    }
    if how.proof == Proof::Certificate && !has_class(old) {
        spec.insert(0, pair("scrapeClass", word(CLASS)));
    }
    let mut metadata = vec![pair("name", word(&old.name))];
    if !old.namespace.is_empty() {
        metadata.push(pair("namespace", word(&old.namespace)));
    }
    for key in ["labels", "annotations"] {
        metadata.extend(get(node, &["metadata", key]).map(|value| pair(key, value.into())));
    }
    head(metadata, spec)
}

/// An endpoint as it was, with what has to be said anew.
fn endpoint_of(old: &Object, endpoint: &Node, how: &How, told: &mut Told) -> Yaml {
    let mut lines: Vec<Pair> = Vec::new();
    for (key, value) in entries(endpoint) {
        let name = &*key.text;
        if name == "path" && spelt(value) != "/metrics" {
            told.left_out(old.doc.place(value.at), &format!("path: {}", spelt(value)), "pointsman serves all series at /metrics");
        }
        if name == "params" {
            told.left_out(old.doc.place(key.at), "params", "they were for the server behind the proxy");
            continue;
        }
        if !PROOFS.contains(&name) && !SAID.contains(&name) {
            lines.push(pair(name, value.into()));
        }
    }
    if text(endpoint, &["tlsConfig", "insecureSkipVerify"]) == "true" {
        let at = get(endpoint, &["tlsConfig", "insecureSkipVerify"]).map_or(endpoint.at, |node| node.at);
        told.left_out(
            old.doc.place(at),
            "insecureSkipVerify",
            "the certificate is checked, by the service CA and the Service's name",
        );
    }
    lines.extend(said(how));
    Yaml::Map(lines)
}

/// What is the same for every endpoint.
fn said(how: &How) -> Vec<Pair> {
    let mut lines = vec![
        pair("path", word("/metrics")),
        pair("scheme", word(if how.is_tls { "https" } else { "http" })),
        Pair::Comment("The labels of the component that pushed a series, not those of this pod.".to_owned()),
        pair("honorLabels", switch(true)),
    ];
    if matches!(how.proof, Proof::Token) {
        lines.push(pair("bearerTokenFile", word(TOKEN)));
    }
    if how.is_tls {
        lines.push(pair("tlsConfig", texts(&[("caFile", CA), ("serverName", &how.server)])));
    }
    lines
}

/// One for a Service without any.
fn made(service: &Object, namespace: &str, how: &How) -> Result<Yaml, &'static str> {
    let node = &service.doc.node;
    let labels = pairs(node, &["metadata", "labels"]);
    let port = items(node, &["spec", "ports"]).first().map(|port| text(port, &["name"])).filter(|name| !name.is_empty());
    let port =
        port.ok_or("No ServiceMonitor is written: the port of the Service has no name. Give it one, and convert again.")?;
    if labels.is_empty() {
        return Err("No ServiceMonitor is written: the Service has no labels to select it by. Give it one, and convert again.");
    }
    let labels: Vec<(&str, &str)> = labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let mut endpoint = vec![pair("port", word(&port)), pair("interval", word("30s"))];
    endpoint.extend(said(how));
    let mut spec = vec![
        pair("endpoints", only(Yaml::Map(endpoint))),
        pair("namespaceSelector", Yaml::Map(vec![pair("matchNames", super::yaml::list(&[namespace]))])),
        pair("selector", Yaml::Map(vec![pair("matchLabels", texts(&labels))])),
    ];
    if how.proof == Proof::Certificate {
        spec.insert(0, pair("scrapeClass", word(CLASS)));
    }
    let metadata = vec![pair("name", word(&service.name)), pair("namespace", word(namespace))];
    Ok(head(metadata, spec))
}

fn head(metadata: Vec<Pair>, spec: Vec<Pair>) -> Yaml {
    Yaml::Map(vec![
        pair("apiVersion", word(API)),
        pair("kind", word("ServiceMonitor")),
        pair("metadata", Yaml::Map(metadata)),
        pair("spec", Yaml::Map(spec)),
    ])
}
