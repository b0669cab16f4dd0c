//! The file of rules: found where kube-rbac-proxy would read it, or made anew; and what a scrape needs by it.
//! Reads it as `serve` does. Knows no flag but the one that names the file.

use super::{
    scene::{Object, Scene},
    serve::Flag,
    tree::{Doc, Told, entries, get, spelt},
    yaml::Yaml,
};
use crate::auth::access::{
    Attributes, Resource, User, config as file,
    rules::{Rules, SCRAPER, VALUE},
};
use http::{HeaderMap, Method};
use pointsman_core::view::yaml::{self, Value};

/// The key of a file that is made anew.
pub(super) const KEY: &str = "config-file.yaml";
/// The ConfigMap and the volume of a file that is made anew.
pub(super) const NAME: &str = "pointsman-access";
/// Where that is mounted.
pub(super) const FOLDER: &str = "/etc/pointsman/access";

/// A file of rules in its ConfigMap.
#[derive(Debug)]
pub(super) struct RulesFile {
    /// The ConfigMap.
    pub(super) map: String,
    /// Its namespace.
    pub(super) namespace: String,
    /// The file.
    pub(super) key: String,
    /// What it says, without what is offered.
    pub(super) text: String,
    /// What it means.
    pub(super) rules: Rules,
    /// Whether the pod has to mount it first.
    pub(super) is_new: bool,
    /// The other files of the ConfigMap.
    pub(super) beside: Vec<(String, Yaml)>,
}

/// What a scrape of `/metrics` needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// To get the path.
    Path,
    /// To get this.
    Resource(Resource),
    /// To get this, for each value that requests may give.
    EachValue(Resource),
}

impl Needs {
    /// What the rules ask for.
    pub(super) fn of(rules: &Rules) -> Self {
        match (&rules.resource, &rules.rewrites) {
            (None, _) => Self::Path,
            (Some(resource), None) => Self::Resource(resource.clone()),
            (Some(resource), Some(_)) => Self::EachValue(resource.clone()),
        }
    }

    /// In words: `get namespace/metrics in shop`.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Path => "get /metrics".to_owned(),
            Self::Resource(resource) | Self::EachValue(resource) => {
                let place = if resource.namespace.is_empty() { String::new() } else { format!(" in {}", resource.namespace) };
                format!("get {}{place}", full(resource))
            }
        }
    }
}

/// `namespace/metrics`
pub(super) fn full(resource: &Resource) -> String {
    let Resource { resource, subresource, .. } = resource;
    if subresource.is_empty() { resource.clone() } else { format!("{resource}/{subresource}") }
}

/// Whether the rules let OpenShift's scraper in without the API server.
pub(super) fn lets_scraper_in(rules: &Rules) -> bool {
    let user = User { name: SCRAPER.to_owned(), ..User::default() };
    let asked = rules.asked(&Method::GET, "/metrics", (&[], &HeaderMap::new()));
    asked.is_ok_and(|all: Vec<Attributes>| all.iter().all(|what| rules.allow(&user, what)))
}

/// A file made anew: ask for this, or for the path itself.
pub(super) fn made(resource: Option<&Resource>, namespace: &str) -> RulesFile {
    let text = resource.map_or_else(
        || "# The API server is asked about the path of each request.\nauthorization: {}\n".to_owned(),
        |resource| {
            let fields = [
                ("apiGroup", &resource.api_group),
                ("apiVersion", &resource.api_version),
                ("resource", &resource.resource),
                ("subresource", &resource.subresource),
                ("name", &resource.name),
                ("namespace", &resource.namespace),
            ];
            let fields: Vec<(&str, &str)> = fields.iter().map(|(key, value)| (*key, value.as_str())).collect();
            let attributes = super::yaml::pair("resourceAttributes", super::yaml::texts(&fields));
            Yaml::Map(vec![super::yaml::pair("authorization", Yaml::Map(vec![attributes]))]).write()
        },
    );
    RulesFile {
        map: NAME.to_owned(),
        namespace: namespace.to_owned(),
        key: KEY.to_owned(),
        text,
        rules: Rules { resource: resource.cloned(), ..Rules::default() },
        is_new: true,
        beside: Vec::new(),
    }
}

/// The file that `--config-file` names, among what was read. Where it is not there it stays as it is, unseen.
pub(super) fn find(scene: &Scene, flag: &Flag, told: &mut Told) -> Option<RulesFile> {
    let mounted = scene.workload.as_ref().and_then(|workload| workload.mounted(&flag.value));
    // A file that comes from something else than a ConfigMap is in none of them.
    let wanted = mounted.as_ref().map(|mounted| mounted.config_map.as_str());
    let mut found: Vec<(&Object, String)> = Vec::new();
    for object in scene.all("ConfigMap").filter(|object| wanted.is_none_or(|name| object.name == name)) {
        let key = mounted.as_ref().map(|mounted| mounted.key.clone());
        found.extend(key.filter(|key| data(object, key).is_some()).or_else(|| key_of(object)).map(|key| (object, key)));
    }
    match (&found[..], &scene.rules[..]) {
        ([(object, key)], []) => of_map(object, key, told),
        ([], [doc]) => of_file(doc, wanted.filter(|name| !name.is_empty()).unwrap_or(NAME), flag, told),
        ([], []) => {
            let why = "it is not among what was read, so it stays as it is: pointsman takes the same form, and refuses to start \
                       where it has a mistake";
            told.left_out(flag.place.clone(), &flag.value, why);
            None
        }
        _ => {
            let hint = "give the one that the container mounts";
            told.wrong(flag.place.clone(), "this", "there are several files of rules", hint);
            None
        }
    }
}

/// The file of a ConfigMap that is one of rules: by its usual names, else the only one that reads as such.
fn key_of(object: &Object) -> Option<String> {
    let is_usual = |key: &&str| data(object, key).is_some_and(|text| text.contains("authorization"));
    let usual = [KEY, "config.yaml"].into_iter().find(is_usual).map(str::to_owned);
    usual.or_else(|| {
        let all = get(&object.doc.node, &["data"]).map(entries).unwrap_or_default();
        let is_rules = |value: &Value| match value {
            Value::Text(text) => yaml::documents(text)
                .iter()
                .any(|read| matches!(read, Ok(node) if get(node, &["authorization"]).is_some() && entries(node).len() == 1)),
            _ => false,
        };
        let mut keys = all.iter().filter(|(_, node)| is_rules(&node.value)).map(|(key, _)| key.text.to_string());
        keys.next().filter(|_| keys.next().is_none())
    })
}

fn data(object: &Object, key: &str) -> Option<String> {
    get(&object.doc.node, &["data", key]).map(spelt)
}

fn of_map(object: &Object, key: &str, told: &mut Told) -> Option<RulesFile> {
    let text = data(object, key).unwrap_or_default();
    let name = format!("{}: {}, {key}", object.doc.source.name, object.called());
    let all = get(&object.doc.node, &["data"]).map(entries).unwrap_or_default();
    let beside = all.iter().filter(|(other, _)| &*other.text != key);
    let beside = beside.map(|(other, value)| (other.text.to_string(), value.into())).collect();
    let rules = file::read(&name, &text).map_err(|mistakes| told.mistakes.extend(mistakes)).ok()?;
    let (map, namespace, key) = (object.name.clone(), object.namespace.clone(), key.to_owned());
    Some(RulesFile { map, namespace, key, text, rules, is_new: false, beside })
}

fn of_file(doc: &Doc, map: &str, flag: &Flag, told: &mut Told) -> Option<RulesFile> {
    let is_alone = yaml::documents(&doc.source.text).len() == 1;
    let text = if is_alone { doc.source.text.to_string() } else { Yaml::from(&doc.node).write() };
    let rules = file::read(&doc.source.name, &text).map_err(|mistakes| told.mistakes.extend(mistakes)).ok()?;
    let key = flag.value.rsplit('/').next().filter(|key| !key.is_empty()).unwrap_or(KEY).to_owned();
    let (map, namespace) = (map.to_owned(), String::new());
    Some(RulesFile { map, namespace, key, text, rules, is_new: false, beside: Vec::new() })
}

impl RulesFile {
    /// The text with a rule beneath, as comments: once they are none any more, OpenShift's scraper is let in by its certificate
    /// alone. Without a place for it, or where it is let in already, the text as it is.
    pub(super) fn offered(&self, has_authority: bool) -> Option<String> {
        if lets_scraper_in(&self.rules) {
            return None;
        }
        let indent = self.indent()?;
        let rule = self.static_rule();
        let has_rules = !self.rules.fixed.is_empty();
        let (head, lines) = if has_rules {
            ("add this to `static`", rule)
        } else {
            ("uncomment this", [vec!["static:".to_owned()], rule].concat())
        };
        let flag = if has_authority { "" } else { ", and --client-ca-file" };
        let head = format!("So that scrapes go on while the API server is away: {head}{flag}.");
        let mut text = format!("{}\n{indent}# {head}\n", self.text.trim_end());
        for line in lines {
            text.push_str(&format!("{indent}# {line}\n"));
        }
        Some(text)
    }

    /// The rule itself, a line each.
    fn static_rule(&self) -> Vec<String> {
        let mut lines = vec!["- user:".to_owned(), format!("    name: {SCRAPER}"), "  verb: get".to_owned()];
        match Needs::of(&self.rules) {
            Needs::Path => lines.extend(["  path: /metrics", "  resourceRequest: false"].map(str::to_owned)),
            Needs::Resource(resource) | Needs::EachValue(resource) => {
                lines.push("  resourceRequest: true".to_owned());
                let fields = [
                    ("namespace", &resource.namespace),
                    ("apiGroup", &resource.api_group),
                    ("resource", &resource.resource),
                    ("subresource", &resource.subresource),
                    ("name", &resource.name),
                ];
                // A field that each request fills in is left open: it may be any.
                let fields = fields.iter().filter(|(_, value)| !value.is_empty() && !value.contains(VALUE));
                for (key, value) in fields {
                    let yaml = Yaml::Map(vec![super::yaml::pair(key, super::yaml::text(value))]);
                    lines.push(format!("  {}", yaml.write().trim_end()));
                }
            }
        }
        lines
    }

    /// How far the keys of `authorization` are indented; `None` where they stand in braces.
    fn indent(&self) -> Option<String> {
        let documents = yaml::documents(&self.text);
        let [Ok(node)] = &documents[..] else { return None };
        let (key, value) = entries(node).first()?;
        let (first, _) = entries(value).first()?;
        let is_below = first.at.line > key.at.line && key.at.column == 1;
        let spaces = usize::try_from(first.at.column).ok()?.checked_sub(1)?;
        is_below.then(|| " ".repeat(spaces))
    }
}
