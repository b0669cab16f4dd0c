//! The container that runs pointsman where the proxy ran: a part of its workload, merged by name, or arguments alone.
//! Knows what of a container changes, not why.

use super::{
    Plan,
    rules::{FOLDER, NAME},
    scene::Workload,
    serve::Flag,
    tree::{entries, get, items, text},
    yaml::{Item, Pair, Yaml, list, only, pair, switch, text as word, texts},
};
use pointsman_core::view::yaml::Node;

/// The image of this version.
const IMAGE: &str = concat!("ghcr.io/pointsman/pointsman:", env!("CARGO_PKG_VERSION"));
/// Where oauth-proxy says that it lives.
const OLD_PROBE: &str = "/oauth/healthz";
/// Where the authority of client certificates is mounted, once somebody wants it.
const CLIENT_CA: &str = "/etc/pointsman/client-ca/client-ca.crt";
const PROBES: [&str; 3] = ["startupProbe", "livenessProbe", "readinessProbe"];

/// The arguments, one a line; beside them what is offered.
pub(super) fn arguments(plan: &Plan, offers: bool) -> Yaml {
    let mut items = vec![Item::Is(word("serve"))];
    for flag in &plan.flags {
        if flag.name == "insecure" {
            items.push(Item::Comment("Plain text, as it was: whoever is on the way reads tokens and series.".to_owned()));
        }
        items.push(Item::Is(Yaml::Text(Flag::word(flag))));
    }
    if offers {
        let why = "So that scrapes go on while the API server is away: uncomment this and the rule in the ConfigMap below, and mount\n\
                   ConfigMap metrics-client-ca, a copy of client-ca-file of kube-system/extension-apiserver-authentication.";
        items.push(Item::Comment(why.to_owned()));
        items.push(Item::Comment(format!("- --client-ca-file={CLIENT_CA}")));
    }
    Yaml::List(items)
}

/// The part of the workload that changes.
pub(super) fn object(workload: &Workload, plan: &Plan, offers: bool) -> Yaml {
    let is_new = plan.file.as_ref().is_some_and(|file| file.is_new);
    let mut container = vec![pair("name", word(&text(&workload.container, &["name"]))), pair("image", word(IMAGE))];
    if get(&workload.container, &["command"]).is_some() {
        container.push(pair("command", list(&["pointsman"])));
    }
    container.push(pair("args", arguments(plan, offers)));
    container.extend(PROBES.iter().filter_map(|key| probe(&workload.container, key)));
    if is_new {
        let mount = Yaml::Map(vec![pair("name", word(NAME)), pair("mountPath", word(FOLDER)), pair("readOnly", switch(true))]);
        container.push(pair("volumeMounts", only(mount)));
    }
    let mut pod = vec![pair("containers", only(Yaml::Map(container)))];
    if is_new {
        let volume = Yaml::Map(vec![pair("name", word(NAME)), pair("configMap", texts(&[("name", NAME)]))]);
        pod.push(pair("volumes", only(volume)));
    }
    let mut lines = Vec::new();
    let node = &workload.object.doc.node;
    for key in ["apiVersion", "kind"] {
        lines.extend(get(node, &[key]).map(|value| pair(key, value.into())));
    }
    let [name, namespace] = [workload.object.name.as_str(), workload.object.namespace.as_str()];
    if !name.is_empty() {
        lines.push(pair("metadata", texts(&[("name", name), ("namespace", namespace)])));
    }
    lines.push(nested(workload.to_pod, Yaml::Map(pod)));
    Yaml::Map(lines)
}

fn nested(path: &[&str], inner: Yaml) -> Pair {
    let (first, rest) = path.split_first().map_or(("spec", &[][..]), |(first, rest)| (*first, rest));
    let value = if rest.is_empty() { inner } else { Yaml::Map(vec![nested(rest, inner)]) };
    pair(first, value)
}

/// A probe that asked oauth-proxy itself asks pointsman, where nobody is asked who they are, either.
fn probe(container: &Node, key: &str) -> Option<Pair> {
    let get_of = get(container, &[key, "httpGet"])?;
    (text(get_of, &["path"]) == OLD_PROBE).then(|| {
        let lines = entries(get_of).iter().map(|(key, value)| match &*key.text {
            "path" => pair("path", word("/healthz")),
            other => pair(other, value.into()),
        });
        pair(key, Yaml::Map(vec![pair("httpGet", Yaml::Map(lines.collect()))]))
    })
}

/// Volumes of the pod that only the old container has mounted and that are about cookies or a trusted bundle.
pub(super) fn idle_volumes(workload: &Workload) -> Vec<(String, String)> {
    let pod = workload.pod();
    let mut idle = Vec::new();
    for mount in items(&workload.container, &["volumeMounts"]) {
        let name = text(mount, &["name"]);
        let is_shared = items(pod, &["containers"]).iter().any(|other| {
            text(other, &["name"]) != text(&workload.container, &["name"])
                && items(other, &["volumeMounts"]).iter().any(|mount| text(mount, &["name"]) == name)
        });
        let of = items(pod, &["volumes"]).iter().find(|of| text(of, &["name"]) == name);
        let from = of.map(|of| format!("{}{}", text(of, &["secret", "secretName"]), text(of, &["configMap", "name"])));
        let from = from.unwrap_or_default();
        let is_about = |word: &str| name.contains(word) || from.contains(word);
        if !is_shared && (is_about("cookie") || is_about("trusted-ca")) {
            idle.push((name, from));
        }
    }
    idle
}
