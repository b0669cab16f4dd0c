//! The one reader: a tree of nodes, from YAML or from an API object, to views and catalogues, with every fault at once.
//! A field is named once, in the table beside the function that reads it. Knows no other object than the one it reads.

mod body;
mod catalogue;
mod cursor;
mod metrics;
mod origin;
mod traces;

#[cfg(test)]
mod tests;

use self::cursor::{Cursor, Fields, Item, Place, Unknown};
use super::{
    spec::{self, Catalogue, ObjectId, View},
    time, yaml,
};
use crate::{
    fault::{self, Fault, Source, code::Code},
    limits::VIEW_TEXT_BYTES_MAX,
    model::clock::Wall,
};
use std::sync::Arc;

/// The group and version of every object that is read.
pub const API_VERSION: &str = "pointsman.dev/v1alpha1";

/// A good object.
#[derive(Clone, Debug, PartialEq)]
pub enum Object {
    /// A view, of either kind.
    View(Arc<View>),
    /// A catalogue.
    Catalogue(Arc<Catalogue>),
}

impl Object {
    /// Which object it is.
    #[must_use]
    pub fn id(&self) -> &ObjectId {
        match self {
            Self::View(view) => &view.id,
            Self::Catalogue(catalogue) => &catalogue.id,
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn place(&self) -> &fault::Place {
        match self {
            Self::View(view) => &view.place,
            Self::Catalogue(catalogue) => &catalogue.place,
        }
    }
}

/// What became of one document.
#[derive(Clone, Debug)]
pub struct Read {
    /// Which object it is; `None` when not even that can be told.
    pub id: Option<ObjectId>,
    /// The object, where no fault is an error.
    pub object: Option<Object>,
    /// Every fault, in the order of the text.
    pub faults: Vec<Fault>,
}

/// What the reader has to be told about the world.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// When this expiry of this object was first seen: what `expiry.after` counts from.
    pub first_seen: &'a dyn Fn(&ObjectId, &spec::Term) -> Wall,
    /// The namespace of objects that name none.
    pub namespace: &'a str,
}

/// Reads every document of a text.
#[must_use]
pub fn text(source: &Arc<Source>, known: &Known<'_>) -> Vec<Read> {
    let read = |document: Result<yaml::Node, yaml::YamlError>| match document {
        Ok(node) => object(&node, Place::Source(source), known, spec::Origin::default()),
        Err(error) => {
            let place = Place::Source(source).of(error.at, "");
            Read { id: None, object: None, faults: vec![Fault::new(Code::NotYaml, place, &[&error.why])] }
        }
    };
    yaml::documents(&source.text).into_iter().map(read).collect()
}

/// Reads an object as an API server gives it.
#[must_use]
pub fn json(value: &serde_json::Value, known: &Known<'_>) -> Read {
    let text = |pointer: &str| value.pointer(pointer).and_then(|v| v.as_str()).unwrap_or_default();
    let namespace = text("/metadata/namespace");
    let slash = if namespace.is_empty() { "" } else { "/" };
    let name = format!("{} {namespace}{slash}{}", text("/kind"), text("/metadata/name"));
    let origin = origin::read(value);
    // What the API server writes about itself is deep, and no author's mistake.
    let mut written = value.clone();
    if let Some(metadata) = written.pointer_mut("/metadata").and_then(serde_json::Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    match yaml::from_json(&written) {
        Ok(node) => object(&node, Place::Object(&name), known, origin),
        Err(error) => {
            let place = Place::Object(&name).of(error.at, "");
            Read { id: None, object: None, faults: vec![Fault::new(Code::NotYaml, place, &[&error.why])] }
        }
    }
}

const OBJECT: &[&str] = &["apiVersion", "kind", "metadata", "spec", "status"];
const METADATA: &[&str] = &["name", "namespace", "creationTimestamp", "annotations"];
const KINDS: [&str; 3] = [spec::VIEW, spec::CLUSTER_VIEW, spec::CATALOG];
/// Kinds of ours that are written by the controller and read by nobody here.
const OUTPUT_KIND: &str = "TelemetryComponent";

/// What stands in `metadata`.
struct Metadata {
    id: ObjectId,
    created: Option<Wall>,
    override_protected: Option<Box<str>>,
    origin: spec::Origin,
}

fn object(node: &yaml::Node, place: Place<'_>, known: &Known<'_>, origin: spec::Origin) -> Read {
    let mut cursor = Cursor::new(place);
    let mut read = Read { id: None, object: None, faults: Vec::new() };
    let root = Item { node, path: String::new() };
    if let Some(fields) = cursor.fields(&root, "object", OBJECT, Unknown::Fault)
        && let Some(kind) = kind(&mut cursor, &fields)
    {
        let metadata = metadata(&mut cursor, &fields, kind, known).map(|metadata| metadata.with(origin));
        read.id = metadata.as_ref().map(|m| m.id.clone());
        read.object = match kind {
            spec::CATALOG => catalogue::read(&mut cursor, &fields, metadata).map(|c| Object::Catalogue(Arc::new(c))),
            _ => body::read(&mut cursor, &fields, metadata, kind, known).map(|v| Object::View(Arc::new(v))),
        };
    }
    read.faults = cursor.into_faults();
    read.object = read.object.filter(|_| !read.faults.iter().any(Fault::is_error));
    read
}

fn kind(cursor: &mut Cursor<'_>, fields: &Fields<'_>) -> Option<&'static str> {
    let version = cursor.required(fields, "apiVersion").and_then(|item| cursor.text(&item));
    let kind_item = cursor.required(fields, "kind");
    let kind = kind_item.as_ref().and_then(|item| cursor.text(item));
    let (version, kind, kind_item) = (version?, kind?, kind_item?);
    let known = KINDS.into_iter().find(|known| *known == kind);
    if version == API_VERSION && known.is_some() {
        return known;
    }
    let wrong = if version == API_VERSION { kind_item } else { fields.get("apiVersion")? };
    let fault = Fault::new(Code::NotOurs, cursor.place(&wrong), &[&format!("{version}/{kind}")]);
    cursor.fault(match (version == API_VERSION, kind == OUTPUT_KIND) {
        (true, true) => fault.with_hint("the controller writes this kind; it is never read"),
        (true, false) => fault.with_allowed(kind, &KINDS),
        (false, _) => fault.with_hint(format!("write `{API_VERSION}`")),
    });
    None
}

fn metadata(cursor: &mut Cursor<'_>, fields: &Fields<'_>, kind: &'static str, known: &Known<'_>) -> Option<Metadata> {
    let item = cursor.required(fields, "metadata")?;
    let metadata = cursor.fields(&item, "metadata", METADATA, Unknown::Ignore)?;
    let created = metadata.get("creationTimestamp").and_then(|item| cursor.time(&item));
    let mut namespace = metadata.get("namespace").and_then(|item| cursor.object_name(&item)).unwrap_or_default();
    if kind == spec::CLUSTER_VIEW {
        namespace = Box::default();
    } else if kind == spec::VIEW && namespace.is_empty() {
        namespace = known.namespace.into();
    }
    let override_protected = metadata.get("annotations").and_then(|item| override_protected(cursor, &item));
    let name = cursor.required(&metadata, "name").and_then(|item| cursor.object_name(&item))?;
    let origin = spec::Origin::default();
    Some(Metadata { id: ObjectId { kind, namespace, name }, created, override_protected, origin })
}

impl Metadata {
    /// A spec of which nobody says when it changed is as old as its object.
    fn with(mut self, origin: spec::Origin) -> Self {
        let changed = origin.changed.or(self.created);
        self.origin = spec::Origin { changed, ..origin };
        self
    }
}

const OVERRIDE: &str = "pointsman.dev/override-protected";

fn override_protected(cursor: &mut Cursor<'_>, item: &Item<'_>) -> Option<Box<str>> {
    let annotations = cursor.fields(item, "annotations", &[OVERRIDE], Unknown::Ignore)?;
    let item = annotations.get(OVERRIDE)?;
    let reason = cursor.text(&item)?.trim();
    if reason.is_empty() {
        cursor.fault(Fault::new(Code::OverrideWithoutReason, cursor.place(&item), &[]));
        return None;
    }
    Some(reason.into())
}

impl Cursor<'_> {
    /// A name as Kubernetes allows it: lower case, RFC 1123.
    fn object_name(&mut self, item: &Item<'_>) -> Option<Box<str>> {
        let name = self.text(item)?;
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let fits = name.len() <= VIEW_TEXT_BYTES_MAX && name.chars().all(legal);
        if fits && edge(name.chars().next()) && edge(name.chars().next_back()) {
            return Some(name.into());
        }
        self.wrong_type(item, "is not a name of lower-case letters, digits, `-` and `.`");
        None
    }

    fn time(&mut self, item: &Item<'_>) -> Option<Wall> {
        let text = self.text(item)?;
        let time = time::parse_time(text);
        if time.is_none() {
            self.wrong_type(item, "is not a time such as 2026-11-22T18:02:09Z");
        }
        time
    }
}

/// The place of an object as a fault names it.
fn object_place(cursor: &Cursor<'_>, fields: &Fields<'_>) -> fault::Place {
    fields.get("metadata").or_else(|| fields.get("kind")).map_or_else(fault::Place::default, |item| cursor.place(&item))
}
