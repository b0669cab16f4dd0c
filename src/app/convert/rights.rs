//! Roles and bindings: those that a scrape needs, and who has a right by those that were read.
//! Knows rights as RBAC has them; not how readers are asked.

use super::{
    rules::{Needs, full},
    scene::{Object, Scene},
    tree::{get, items, text, words},
    yaml::{Item, Yaml, list, only, pair, texts},
};
use crate::auth::access::{Resource, rules::SCRAPER};
use pointsman_core::view::yaml::Node;

/// The Role and its binding.
pub(super) const NAME: &str = "pointsman-metrics-reader";

const API: &str = "rbac.authorization.k8s.io";
const READ: &str = "get";

/// A role with the right, and a binding of it to OpenShift's scraper. Where every request may ask for something else there is
/// no such role.
pub(super) fn objects(scene: &Scene, needs: &Needs) -> Vec<(String, Yaml)> {
    let (namespace, rule) = match needs {
        Needs::EachValue(_) => return Vec::new(),
        Needs::Path => ("", vec![pair("nonResourceURLs", list(&["/metrics"]))]),
        Needs::Resource(resource) => {
            let Resource { namespace, api_group, name, .. } = resource;
            let mut rule = vec![pair("apiGroups", list(&[api_group])), pair("resources", list(&[&full(resource)]))];
            if !name.is_empty() {
                rule.push(pair("resourceNames", list(&[name])));
            }
            (namespace.as_str(), rule)
        }
    };
    let rule = Yaml::Map(rule.into_iter().chain([pair("verbs", list(&[READ]))]).collect());
    let prefix = if namespace.is_empty() { "Cluster" } else { "" };
    let (role, binding) = (format!("{prefix}Role"), format!("{prefix}RoleBinding"));
    let head = |kind: &str| {
        vec![
            pair("apiVersion", Yaml::Text(format!("{API}/v1"))),
            pair("kind", Yaml::Text(kind.to_owned())),
            pair("metadata", texts(&[("name", NAME), ("namespace", namespace)])),
        ]
    };
    let granted: Vec<String> = granting(scene, READ, needs).map(Object::called).collect();
    let mut about = format!("The right that a scrape needs: {}.", needs.words());
    if !granted.is_empty() {
        about.push_str(&format!(
            "\nWhat was read grants it already: {}. That may stay, or this may be left out.",
            granted.join(", ")
        ));
    }
    let by = "ServiceAccount";
    let account: Vec<&str> = SCRAPER.split(':').skip(2).collect();
    let [at, who] = [account.first(), account.get(1)].map(|part| part.copied().unwrap_or_default());
    let mut first = head(&role);
    first.push(pair("rules", only(rule)));
    let mut second = head(&binding);
    second.push(pair("roleRef", texts(&[("apiGroup", API), ("kind", &role), ("name", NAME)])));
    second.push(pair(
        "subjects",
        Yaml::List(vec![
            Item::Is(texts(&[("kind", by), ("name", who), ("namespace", at)])),
            Item::Comment("Everybody else who reads, one by one.".to_owned()),
        ]),
    ));
    vec![(about, Yaml::Map(first)), (String::new(), Yaml::Map(second))]
}

/// Who has a right by the roles and bindings that were read: `ServiceAccount shop/reader`, `Group people`.
pub(super) fn who_has(scene: &Scene, verb: &str, needs: &Needs) -> Vec<String> {
    let mut all = Vec::new();
    for role in granting(scene, verb, needs) {
        for binding in scene.objects.iter().filter(|object| object.kind.ends_with("RoleBinding")) {
            let node = &binding.doc.node;
            let is_same = |key: &str, own: &str| text(node, &["roleRef", key]) == own;
            if !is_same("kind", &role.kind) || !is_same("name", &role.name) {
                continue;
            }
            for subject in items(node, &["subjects"]) {
                let [kind, name, namespace] = ["kind", "name", "namespace"].map(|key| text(subject, &[key]));
                let who = if namespace.is_empty() { format!("{kind} {name}") } else { format!("{kind} {namespace}/{name}") };
                if !all.contains(&who) {
                    all.push(who);
                }
            }
        }
    }
    all
}

fn granting<'a>(scene: &'a Scene, verb: &'a str, needs: &'a Needs) -> impl Iterator<Item = &'a Object> {
    let roles = scene.objects.iter().filter(|object| ["Role", "ClusterRole"].contains(&object.kind.as_str()));
    roles
        .filter(move |role| is_for(role, needs) && items(&role.doc.node, &["rules"]).iter().any(|rule| grants(rule, verb, needs)))
}

/// A Role counts in its own namespace alone.
fn is_for(role: &Object, needs: &Needs) -> bool {
    match needs {
        Needs::Resource(resource) | Needs::EachValue(resource) if role.kind == "Role" => {
            role.namespace.is_empty() || role.namespace == resource.namespace
        }
        Needs::Path => role.kind == "ClusterRole",
        Needs::Resource(_) | Needs::EachValue(_) => true,
    }
}

fn grants(rule: &Node, verb: &str, needs: &Needs) -> bool {
    let has = |key: &str, wanted: &[&str]| words(rule, &[key]).iter().any(|word| word == "*" || wanted.contains(&word.as_str()));
    let is_what = match needs {
        Needs::Path => has("nonResourceURLs", &["/metrics", "/metrics*"]),
        Needs::Resource(resource) | Needs::EachValue(resource) => {
            let any = format!("*/{}", resource.subresource);
            let whole = full(resource);
            let resources = [whole.as_str(), if resource.subresource.is_empty() { &whole } else { &any }];
            let is_named = get(rule, &["resourceNames"]).is_none() || has("resourceNames", &[&resource.name]);
            has("apiGroups", &[&resource.api_group]) && has("resources", &resources) && is_named
        }
    };
    is_what && has("verbs", &[verb])
}
