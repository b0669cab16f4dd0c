//! Views as an API server holds them: read when their text changes, kept when a change is refused.
//! A change of status alone is seen, and moves nothing that is in force.

use super::super::controller::ClusterObject;
use crate::kubernetes::{
    follow::News,
    objects::{Entry, Key, Payload},
};
use pointsman_core::{
    model::clock::{SECOND, Wall},
    view::{
        read::{self, Known, Object},
        spec::{ObjectId, Term, View},
        status::ViewStatus,
        time,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// All views of one kind.
#[derive(Debug)]
pub(super) struct ViewTable {
    kind: &'static str,
    rows: BTreeMap<Key, Row>,
}

#[derive(Debug)]
struct Row {
    object: Arc<ClusterObject>,
    /// What is in force, and the text it was read from: an older one when the newest was refused.
    good: Option<(Arc<View>, Arc<Value>)>,
    start: Option<Start>,
}

/// When an expiry was first seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Start {
    /// `after 4h`
    term: String,
    /// Nanoseconds since the Unix epoch.
    at: u64,
}

/// What a piece of news moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Moved {
    /// What is in force.
    pub(super) views: bool,
    /// What objects look like.
    pub(super) objects: bool,
}

impl ViewTable {
    /// An empty table of one kind of view.
    pub(super) fn new(kind: &'static str) -> Self {
        Self { kind, rows: BTreeMap::new() }
    }

    /// Takes news.
    pub(super) fn take(&mut self, news: News, now: Wall) -> Moved {
        let mut moved = Moved::default();
        match news {
            News::Listed { entries, .. } => {
                let listed: BTreeSet<Key> = entries.iter().map(|entry| entry.key.clone()).collect();
                let gone: Vec<Key> = self.rows.keys().filter(|key| !listed.contains(key)).cloned().collect();
                gone.iter().for_each(|key| self.remove(key, &mut moved));
                entries.into_iter().for_each(|entry| self.put(entry, now, &mut moved));
            }
            News::Applied(entry) => self.put(entry, now, &mut moved),
            News::Deleted(key) => self.remove(&key, &mut moved),
            News::Begun | News::Part(_) | News::Trouble(_) => {}
        }
        moved
    }

    /// Every view in force.
    pub(super) fn good(&self) -> impl Iterator<Item = Arc<View>> {
        self.rows.values().filter_map(|row| row.good.as_ref()).map(|(view, _)| Arc::clone(view))
    }

    /// Every object, good or not.
    pub(super) fn objects(&self) -> impl Iterator<Item = Arc<ClusterObject>> {
        self.rows.values().map(|row| Arc::clone(&row.object))
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn has(&self, key: &Key) -> bool {
        self.rows.contains_key(key)
    }

    fn remove(&mut self, key: &Key, moved: &mut Moved) {
        if let Some(row) = self.rows.remove(key) {
            moved.objects = true;
            moved.views |= row.good.is_some();
        }
    }

    fn put(&mut self, entry: Entry, now: Wall, moved: &mut Moved) {
        let Payload::Whole(mut object) = entry.payload else { return };
        let status = object.as_object_mut().and_then(|fields| fields.remove("status")).unwrap_or_default();
        let body = strip(object);
        let id = ObjectId { kind: self.kind, namespace: entry.key.namespace.clone(), name: entry.key.name.clone() };
        // An object of another uid is another object: nothing of the one before it stays.
        let old = self.rows.remove(&entry.key);
        let was = old.as_ref().map(|row| (Arc::clone(&row.object), row.good.clone()));
        let old = old.filter(|row| *row.object.uid == *text(&body, "/metadata/uid"));
        let row = row(id, body, &status, old, now);
        let (was, was_good) = was.unzip();
        moved.objects |= was.is_none_or(|was| !Arc::ptr_eq(&was, &row.object));
        let view = |good: &Option<(Arc<View>, Arc<Value>)>| good.as_ref().map(|(view, _)| Arc::clone(view));
        moved.views |= view(&was_good.flatten()) != view(&row.good);
        self.rows.insert(entry.key, row);
    }

    /// All of it, to be kept for a restart.
    pub(super) fn save(&self) -> Vec<SavedView> {
        let saved = |row: &Row| {
            let good = row.good.as_ref().filter(|_| row.object.kept).map(|(_, body)| Value::clone(body));
            let (status, start) = (row.object.status.clone(), row.start.clone());
            SavedView { body: Value::clone(&row.object.body), good, status, start }
        };
        self.rows.values().map(saved).collect()
    }

    /// Reads what was kept.
    pub(super) fn restore(&mut self, saved: Vec<SavedView>, now: Wall) {
        for SavedView { body, good, status, start } in saved {
            let (namespace, name): (Box<str>, Box<str>) =
                (text(&body, "/metadata/namespace").into(), text(&body, "/metadata/name").into());
            let id = ObjectId { kind: self.kind, namespace: namespace.clone(), name: name.clone() };
            let older = good.map(|good| fresh(id.clone(), good, None, (start.clone(), None), now));
            let row = fresh(id, body, status, (start, older), now);
            self.rows.insert(Key { namespace, name }, row);
        }
    }
}

/// The row of an object as it is now.
fn row(id: ObjectId, body: Value, status: &Value, old: Option<Row>, now: Wall) -> Row {
    let told = told_start(status);
    let status = if status.is_object() { ViewStatus::deserialize(status).ok() } else { None };
    if let Some(mut old) = old {
        let agrees = match (&told, &old.start) {
            (Some(told), Some(known)) => told.term != known.term || told.at == known.at,
            _ => true,
        };
        if !agrees || *old.object.body != body {
            return fresh(id, body, status, (told, Some(old)), now);
        }
        if old.object.status != status {
            old.object = Arc::new(ClusterObject { status, ..ClusterObject::clone(&old.object) });
        }
        return old;
    }
    fresh(id, body, status, (told, None), now)
}

/// Reads an object whose text is new.
fn fresh(id: ObjectId, body: Value, status: Option<ViewStatus>, (told, old): (Option<Start>, Option<Row>), now: Wall) -> Row {
    let known = old.as_ref().and_then(|row| row.start.clone());
    let start: RefCell<Option<Start>> = RefCell::default();
    let first_seen = |_: &ObjectId, term: &Term| {
        let text = term_text(term);
        let remembered = [&told, &known].into_iter().flatten().find(|start| start.term == text).map(|start| start.at);
        // Whole seconds: status tells no more, and a later look at it must find the same moment.
        let at = remembered.unwrap_or(now.0 / SECOND * SECOND);
        *start.borrow_mut() = Some(Start { term: text, at });
        Wall(at)
    };
    let read = read::json(&body, &Known { first_seen: &first_seen, namespace: "default" });
    let body = Arc::new(body);
    let good = match read.object {
        Some(Object::View(view)) => Some((view, Arc::clone(&body))),
        Some(Object::Catalogue(_)) | None => None,
    };
    let accepted = good.is_some();
    let start = start.into_inner().or(known.filter(|_| !accepted));
    let good = good.or(old.and_then(|old| old.good));
    let object = ClusterObject {
        place: id.to_string().into(),
        uid: text(&body, "/metadata/uid").into(),
        generation: body.pointer("/metadata/generation").and_then(Value::as_i64),
        accepted,
        kept: !accepted && good.is_some(),
        faults: read.faults,
        status,
        created: time::parse_time(text(&body, "/metadata/creationTimestamp")),
        body,
        id,
    };
    Row { object: Arc::new(object), good, start }
}

/// When the expiry that a status speaks of was first seen.
fn told_start(status: &Value) -> Option<Start> {
    let term = text(status, "/expiryTerm");
    let at = time::parse_time(text(status, "/expiresAt"))?.0;
    let start = match term.split_once(' ')? {
        ("after", long) => at.checked_sub(u64::try_from(time::parse_duration(long)?.as_nanos()).ok()?)?,
        // Any moment before its end says that it was good once.
        ("at", _) => at.checked_sub(SECOND)?,
        _ => return None,
    };
    Some(Start { term: term.to_owned(), at: start })
}

/// A term as status writes it.
fn term_text(term: &Term) -> String {
    match term {
        Term::After(long) => format!("after {}", time::format_duration(*long)),
        Term::At(at) => format!("at {}", time::format_time(*at)),
    }
}

const OVERRIDE: &str = "pointsman.dev/override-protected";

/// What of an object decides: the rest changes without a meaning, and costs memory.
fn strip(mut object: Value) -> Value {
    let mut take = |pointer: &str| object.pointer_mut(pointer).map(Value::take).unwrap_or_default();
    let names = ["name", "namespace", "uid", "generation", "creationTimestamp"];
    let mut metadata: Map<String, Value> = names
        .into_iter()
        .map(|name| (name.to_owned(), take(&format!("/metadata/{name}"))))
        .filter(|(_, v)| !v.is_null())
        .collect();
    let reason = take("/metadata/annotations").as_object_mut().and_then(|all| all.remove(OVERRIDE));
    metadata.extend(reason.map(|reason| ("annotations".to_owned(), json!({ OVERRIDE: reason }))));
    let managers = take("/metadata/managedFields");
    let managers: Vec<Value> = managers.as_array().into_iter().flatten().filter_map(manager).collect();
    if !managers.is_empty() {
        metadata.insert("managedFields".to_owned(), managers.into());
    }
    if let Some(fields) = object.as_object_mut() {
        fields.insert("metadata".to_owned(), metadata.into());
    }
    object
}

/// Who wrote the spec, and when.
fn manager(entry: &Value) -> Option<Value> {
    let is_of_spec = text(entry, "/subresource").is_empty() && entry.pointer("/fieldsV1/f:spec").is_some();
    is_of_spec.then(|| json!({ "manager": entry.get("manager"), "time": entry.get("time"), "fieldsV1": { "f:spec": {} } }))
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A view, as it is kept for a restart.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::views) struct SavedView {
    body: Value,
    /// What is in force, where that is not `body`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    good: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<ViewStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<Start>,
}
