//! The rules of access as their file says them: strict, with the place of every mistake, and all mistakes at once.
//! Reads no file itself, and decides nothing.

use super::{
    Resource,
    rules::{Fixed, Rewrites, Rules, VALUE},
};
use http::HeaderName;
use pointsman_core::fault::{Fault, Place, Source, code::Code};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned, options::DuplicateKeyPolicy};
use std::{fmt, sync::Arc};

const RESOURCE: [&str; 6] = ["namespace", "apiGroup", "apiVersion", "resource", "subresource", "name"];
const STATIC: [&str; 9] = ["user", "verb", "namespace", "apiGroup", "resource", "subresource", "name", "resourceRequest", "path"];
const LIKE: &str = "write it like `authorization: {static: [{path: /metrics, resourceRequest: false, verb: get}]}`";

/// Reads the text of a file called `name`.
///
/// # Errors
/// Every mistake in it.
pub fn read(name: &str, text: &str) -> Result<Rules, Vec<Fault>> {
    let source = Arc::new(Source { name: name.into(), text: text.into() });
    let mut reader = Reader { source, faults: Vec::new() };
    let options = serde_saphyr::options! { duplicate_keys: DuplicateKeyPolicy::PassThrough };
    let rules = match serde_saphyr::from_str_with_options::<Spanned<Node>>(text, options) {
        Ok(root) => reader.root(&root),
        Err(error) => {
            let place = error.location().map_or_else(|| Place::File(name.into()), |at| reader.place(at, 1));
            reader.wrong(place, "config-file", "it is not a mapping of keys to values", LIKE);
            Rules::default()
        }
    };
    if reader.faults.is_empty() { Ok(rules) } else { Err(reader.faults) }
}

/// A value as it stands there.
enum Node {
    Map(Vec<(Spanned<String>, Spanned<Node>)>),
    List(Vec<Spanned<Node>>),
    Text(String),
    Switch(bool),
    Number,
    Nothing,
}

type Entry<'a> = (&'static str, Location, &'a Spanned<Node>);

struct Reader {
    source: Arc<Source>,
    faults: Vec<Fault>,
}

impl Reader {
    fn place(&self, at: Location, chars: usize) -> Place {
        let number = |n: u64| u32::try_from(n).unwrap_or(u32::MAX).max(1);
        let len = u32::try_from(chars).unwrap_or(u32::MAX).max(1);
        let source = Arc::clone(&self.source);
        Place::Text { source, line: number(at.line()), column: number(at.column()), len, path: "".into() }
    }

    fn wrong(&mut self, place: Place, key: &str, what: &str, hint: &str) {
        self.faults.push(Fault::new(Code::BadSetting, place, &[key, "the file", what]).with_hint(hint));
    }

    /// The entries of a mapping: keys compare without case; an unknown or a second one is a mistake.
    fn entries<'a>(&mut self, key: &str, node: &'a Spanned<Node>, known: &[&'static str]) -> Vec<Entry<'a>> {
        let map = match &node.value {
            Node::Map(map) => map,
            Node::Nothing => return Vec::new(),
            _ => {
                self.wrong(self.place(node.referenced, 1), key, "it is not a mapping", LIKE);
                return Vec::new();
            }
        };
        let mut entries: Vec<Entry<'a>> = Vec::new();
        for (found, value) in map {
            let place = self.place(found.referenced, found.value.chars().count());
            let Some(&name) = known.iter().find(|name| name.eq_ignore_ascii_case(&found.value)) else {
                let fault = Fault::new(Code::UnknownSetting, place, &["key", &found.value]);
                self.faults.push(fault.with_allowed(&found.value, known));
                continue;
            };
            if entries.iter().any(|(known, ..)| *known == name) {
                self.wrong(place, name, "the key stands there twice", "keep one of the two lines");
                continue;
            }
            entries.push((name, found.referenced, value));
        }
        entries
    }

    fn text(&mut self, key: &str, node: &Spanned<Node>) -> String {
        match &node.value {
            Node::Text(text) => return text.clone(),
            Node::Nothing => {}
            _ => self.wrong(self.place(node.referenced, 1), key, "it is not a text", "put it in quotes"),
        }
        String::new()
    }

    fn list<'a>(&mut self, key: &str, node: &'a Spanned<Node>) -> &'a [Spanned<Node>] {
        match &node.value {
            Node::List(items) => return items,
            Node::Nothing => {}
            _ => self.wrong(self.place(node.referenced, 1), key, "it is not a list", "begin each item with `- `"),
        }
        &[]
    }

    fn root(&mut self, root: &Spanned<Node>) -> Rules {
        let entries = self.entries("config-file", root, &["authorization"]);
        let Some((_, _, node)) = entries.first().filter(|(_, _, node)| !matches!(node.value, Node::Nothing)) else {
            if self.faults.is_empty() {
                self.wrong(Place::File(self.source.name.clone()), "authorization", "it is not there", LIKE);
            }
            return Rules::default();
        };
        let mut rules = Rules::default();
        let mut rewrites_at = None;
        for (key, at, node) in self.entries("authorization", node, &["resourceAttributes", "rewrites", "static"]) {
            match (key, &node.value) {
                (_, Node::Nothing) => {}
                ("resourceAttributes", _) => rules.resource = Some(self.resource(node)),
                ("rewrites", _) => {
                    rewrites_at = Some(at);
                    rules.rewrites = Some(self.rewrites(node, at));
                }
                _ => {
                    for item in self.list(key, node) {
                        let rule = self.fixed(item);
                        rules.fixed.push(rule);
                    }
                }
            }
        }
        if let (None, Some(at)) = (&rules.resource, rewrites_at) {
            let hint = "say in `resourceAttributes` where the value goes";
            self.wrong(self.place(at, "rewrites".len()), "rewrites", "there is nothing to fill a value into", hint);
        }
        if let Some((_, _, node)) = entries.first() {
            self.templates(node, rules.rewrites.is_some());
        }
        rules
    }

    fn resource(&mut self, node: &Spanned<Node>) -> Resource {
        let mut resource = Resource::default();
        for (key, _, node) in self.entries("resourceAttributes", node, &RESOURCE) {
            let text = self.text(key, node);
            *field(&mut resource, key) = text;
        }
        resource
    }

    /// Templates are `{{ .Value }}`, and need a value.
    fn templates(&mut self, authorization: &Spanned<Node>, has_values: bool) {
        let inner = |node: &Spanned<Node>, wanted: &str| match &node.value {
            Node::Map(map) => map.iter().position(|(key, _)| key.value.eq_ignore_ascii_case(wanted)),
            _ => None,
        };
        let (Node::Map(map), Some(i)) = (&authorization.value, inner(authorization, "resourceAttributes")) else { return };
        let Some((_, Spanned { value: Node::Map(fields), .. })) = map.get(i) else { return };
        for (key, value) in fields {
            let Node::Text(text) = &value.value else { continue };
            let rest = text.replace(VALUE, "");
            let place = self.place(value.referenced, text.chars().count());
            if rest.contains("{{") || rest.contains("}}") {
                self.wrong(place, &key.value, "only `{{ .Value }}` is filled in", "write it exactly so");
            } else if text.contains(VALUE) && !has_values {
                self.wrong(place, &key.value, "there is no value to fill in", "say in `rewrites` where it comes from");
            }
        }
    }

    fn rewrites(&mut self, node: &Spanned<Node>, at: Location) -> Rewrites {
        let mut rewrites = Rewrites::default();
        let mut is_named = false;
        for (key, at, node) in self.entries("rewrites", node, &["byQueryParameter", "byHttpHeader"]) {
            is_named = true;
            let entries = self.entries(key, node, &["name"]);
            let name = entries.first().map(|(_, _, node)| self.text("name", node)).unwrap_or_default();
            let header = HeaderName::from_bytes(name.as_bytes()).ok();
            if name.is_empty() || (key == "byHttpHeader" && header.is_none()) {
                self.wrong(self.place(at, key.len()), key, "it names none", "write it like `{name: namespace}`");
            } else if key == "byHttpHeader" {
                rewrites.header = header;
            } else {
                rewrites.query = Some(name);
            }
        }
        if !is_named {
            let hint = "name a parameter in `byQueryParameter` or a header in `byHttpHeader`";
            self.wrong(self.place(at, "rewrites".len()), "rewrites", "no value comes from anywhere", hint);
        }
        rewrites
    }

    fn fixed(&mut self, item: &Spanned<Node>) -> Fixed {
        let (mut rule, mut is_resource) = (Fixed::default(), false);
        for (key, _, node) in self.entries("static", item, &STATIC) {
            match key {
                "user" => {
                    for (key, _, node) in self.entries("user", node, &["name", "groups"]) {
                        if key == "name" {
                            rule.user = self.text(key, node);
                        } else {
                            rule.groups = self.list(key, node).iter().map(|group| self.text(key, group)).collect();
                        }
                    }
                }
                "resourceRequest" => match node.value {
                    Node::Switch(on) => is_resource = on,
                    Node::Nothing => {}
                    _ => self.wrong(self.place(node.referenced, 1), key, "it is neither true nor false", "write one of them"),
                },
                "verb" => rule.verb = self.text(key, node),
                "path" => rule.path = Some(self.text(key, node)).filter(|path| !path.is_empty()),
                _ => {
                    let text = self.text(key, node);
                    *field(&mut rule.resource, key) = text;
                }
            }
        }
        let place = self.place(item.referenced, 1);
        match (&rule.path, is_resource) {
            (Some(_), true) => self.wrong(place, "static", "it has a path, and is for a resource", "leave one of them out"),
            (None, false) => {
                let hint = "give a `path`, or `resourceRequest: true`";
                self.wrong(place, "static", "it is neither for a path nor for a resource", hint);
            }
            (Some(_), false) | (None, true) => {}
        }
        rule
    }
}

fn field<'a>(resource: &'a mut Resource, key: &str) -> &'a mut String {
    match key {
        "namespace" => &mut resource.namespace,
        "apiGroup" => &mut resource.api_group,
        "apiVersion" => &mut resource.api_version,
        "resource" => &mut resource.resource,
        "subresource" => &mut resource.subresource,
        _ => &mut resource.name,
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Node;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_str<E>(self, text: &str) -> Result<Node, E> {
                Ok(Node::Text(text.to_owned()))
            }
            fn visit_bool<E>(self, on: bool) -> Result<Node, E> {
                Ok(Node::Switch(on))
            }
            fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
                Ok(Node::Number)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
                Ok(Node::Number)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
                Ok(Node::Number)
            }
            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Nothing)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
                let mut all = Vec::new();
                while let Some(item) = items.next_element()? {
                    all.push(item);
                }
                Ok(Node::List(all))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Node::Map(entries))
            }
        }
        deserializer.deserialize_any(Read)
    }
}

#[cfg(test)]
mod tests;
