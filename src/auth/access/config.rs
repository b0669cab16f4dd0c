//! The rules of access as their file says them: strict, with the place of every mistake, and all mistakes at once.
//! Reads no file itself, and decides nothing.

use super::{
    Resource,
    nodes::{self, Node, Reader},
    rules::{Fixed, Rewrites, Rules, VALUE},
};
use http::HeaderName;
use pointsman_core::fault::{Fault, Place};
use serde_saphyr::{Location, Spanned};

const RESOURCE: [&str; 6] = ["namespace", "apiGroup", "apiVersion", "resource", "subresource", "name"];
const STATIC: [&str; 9] = ["user", "verb", "namespace", "apiGroup", "resource", "subresource", "name", "resourceRequest", "path"];
const LIKE: &str = "write it like `authorization: {static: [{path: /metrics, resourceRequest: false, verb: get}]}`";

/// Reads the text of a file called `name`.
///
/// # Errors
/// Every mistake in it.
pub fn read(name: &str, text: &str) -> Result<Rules, Vec<Fault>> {
    nodes::read((name, "config-file", LIKE), text, Reader::root)
}

impl Reader {
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

#[cfg(test)]
mod tests;
