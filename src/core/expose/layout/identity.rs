//! What a resource and a scope give to every sample: job, instance, scope labels, promoted attributes; and target info.
//! Knows nothing of metrics: the same constants serve every stream of a resource and scope.

use crate::{
    expose::{ExposeOptions, escape::Escaping, names::label_name},
    state::visit::{ResourceInfo, ScopeInfo},
};
use std::sync::Arc;

/// Where a label came from: it decides who wins when two want one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::expose) enum Origin {
    /// `job` and `instance`: nothing overrides them (RS-11).
    Identity,
    /// A scope label: joins with what collides (LB-07).
    Scope,
    /// A promoted resource attribute: a point attribute overrides it (RS-10).
    Promoted,
    /// A point attribute, or in target info an attribute of the resource.
    Attribute,
}

/// A label whose value is the same for all series of a stream.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::expose) struct Constant {
    /// As exposed: translated and escaped.
    pub(in crate::expose) name: Arc<str>,
    /// The original key: colliding labels are joined in its order.
    pub(in crate::expose) key: Arc<str>,
    /// Who gave it.
    pub(in crate::expose) origin: Origin,
    /// The value, raw.
    pub(in crate::expose) text: Arc<str>,
}

/// `job` and `instance`, where the resource has them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::expose) struct Identity {
    pub(in crate::expose) job: Option<Box<str>>,
    pub(in crate::expose) instance: Option<Box<str>>,
}

const IDENTIFYING: [&str; 3] = ["service.name", "service.namespace", "service.instance.id"];
const INSTANCE_FALLBACKS: [&str; 5] = ["k8s.pod.uid", "k8s.pod.name", "container.id", "host.id", "host.name"];

impl Identity {
    /// RS-01 to RS-03.
    pub(in crate::expose) fn of(resource: &ResourceInfo, fallback: bool) -> Self {
        let get = |key: &str| {
            let found = resource.attributes.iter().find(|attribute| &*attribute.key == key);
            found.map(|attribute| attribute.text.clone()).filter(|text| !text.is_empty())
        };
        let job = get("service.name").map(|name| match get("service.namespace") {
            Some(namespace) => format!("{namespace}/{name}").into(),
            None => name,
        });
        let fallback = || INSTANCE_FALLBACKS.iter().filter(|_| fallback).find_map(|key| get(key));
        Self { job, instance: get("service.instance.id").or_else(fallback) }
    }

    fn constants(&self) -> impl Iterator<Item = Constant> {
        let label = |name: &str, text: &Option<Box<str>>| {
            text.as_deref().map(|text| Constant {
                name: name.into(),
                key: name.into(),
                origin: Origin::Identity,
                text: text.into(),
            })
        };
        [label("job", &self.job), label("instance", &self.instance)].into_iter().flatten()
    }
}

/// Makes label names under one set of options and one escaping.
#[derive(Clone, Copy, Debug)]
pub(in crate::expose) struct Labeller<'a> {
    pub(in crate::expose) options: &'a ExposeOptions,
    pub(in crate::expose) escaping: Escaping,
}

impl Labeller<'_> {
    /// The exposed name of an attribute key, unless it must not come out.
    pub(in crate::expose) fn name(self, key: &str) -> Option<Arc<str>> {
        let translated = label_name(key, self.options.strategy)?;
        let escaped = self.escaping.label(&translated);
        (escaped != "__name__").then(|| Arc::from(&*escaped))
    }

    /// What every sample of this resource and scope carries, sorted.
    pub(in crate::expose) fn constants(self, identity: &Identity, resource: &ResourceInfo, scope: &ScopeInfo) -> Vec<Constant> {
        let mut constants: Vec<Constant> = identity.constants().collect();
        if self.options.scope_labels {
            self.push_scope(scope, &mut constants);
        }
        for attribute in &resource.attributes {
            let is_promoted = self.options.promote.iter().any(|key| **key == *attribute.key);
            if is_promoted && !attribute.text.is_empty() {
                constants.extend(self.constant(&attribute.key, &attribute.text, Origin::Promoted));
            }
        }
        constants.sort_unstable();
        constants
    }

    /// The labels of a resource's target info; `None` when there is nothing to tell (RS-08).
    pub(in crate::expose) fn target(self, identity: &Identity, resource: &ResourceInfo) -> Option<Vec<Constant>> {
        let rest = resource.attributes.iter().filter(|attribute| !IDENTIFYING.contains(&&*attribute.key));
        let mut constants: Vec<Constant> =
            rest.filter_map(|attribute| self.constant(&attribute.key, &attribute.text, Origin::Attribute)).collect();
        if constants.iter().all(|constant| constant.text.is_empty()) {
            return None;
        }
        constants.extend(identity.constants());
        constants.sort_unstable();
        Some(constants)
    }

    fn push_scope(self, scope: &ScopeInfo, constants: &mut Vec<Constant>) {
        let own = [
            ("otel_scope_name", &scope.name),
            ("otel_scope_version", &scope.version),
            ("otel_scope_schema_url", &scope.schema_url),
        ];
        for (key, text) in own.iter().filter(|(_, text)| !text.is_empty()) {
            constants.push(Constant { name: (*key).into(), key: (*key).into(), origin: Origin::Scope, text: (&***text).into() });
        }
        let attributes =
            scope.attributes.iter().filter_map(|(key, text)| self.constant(&format!("otel_scope_{key}"), text, Origin::Scope));
        // SC-02: an attribute never takes one of the three names, whether the scope has a value for it or not.
        constants.extend(attributes.filter(|constant| own.iter().all(|(key, _)| *key != &*constant.name)));
    }

    fn constant(self, key: &str, text: &str, origin: Origin) -> Option<Constant> {
        Some(Constant { name: self.name(key)?, key: key.into(), origin, text: text.into() })
    }
}
