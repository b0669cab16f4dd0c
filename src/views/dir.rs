//! The directory source: every `*.yaml` and `*.yml` of one folder, and catalogue files named one by one.
//! What was good stays in force until something good takes its place; what is gone from the folder is gone.
//! Has no clock and no thread: whoever owns it polls.

pub(crate) mod files;

#[cfg(test)]
mod tests;

use self::files::Found;
use super::{shipped, state};
use pointsman_core::{
    fault::{Fault, Place, Source, code::Code},
    limits::VIEW_BYTES_MAX,
    model::clock::Wall,
    view::{
        facts::Facts,
        lint,
        plan::ViewSet,
        read::{self, Known, Object, Read},
        spec::{Catalogue, ObjectId, Term, View},
        yaml,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Where objects come from.
#[derive(Debug, Default)]
pub struct Origins {
    /// The folder, when there is one.
    pub dir: Option<PathBuf>,
    /// Catalogue files named one by one.
    pub files: Vec<PathBuf>,
    /// Texts that are built in: name and content.
    pub built_in: Vec<(&'static str, &'static str)>,
    /// Where the starts of expiries survive a restart.
    pub state_file: Option<PathBuf>,
}

/// The result of a poll that found something new.
#[derive(Debug, Clone)]
pub struct Reload {
    /// Everything that is in force.
    pub views: Arc<ViewSet>,
    /// Every fault, in the order of files and lines.
    pub faults: Vec<Fault>,
    /// Every object that was found, good or not.
    pub objects: Vec<ObjectStatus>,
}

/// What became of one object.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectStatus {
    /// Which object; `None` when that cannot be told.
    pub id: Option<ObjectId>,
    /// The file it stands in.
    pub file: Box<str>,
    /// Whether what the file says now is in force.
    pub accepted: bool,
    /// Whether an older good version is in force instead.
    pub kept: bool,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
    /// The document as it stands in the file; null when it is not YAML.
    pub document: Arc<serde_json::Value>,
}

/// Reads the folder again and again.
#[derive(Debug)]
pub struct DirSource {
    origins: Origins,
    files: BTreeMap<Box<str>, FileState>,
    starts: Starts,
    /// Why the starts of the last run are not used, until they are written anew.
    starts_fault: Option<Fault>,
    /// Faults of the folder itself, of the last poll.
    folder_faults: Vec<Fault>,
    polled: bool,
}

/// One file as it was last read.
#[derive(Debug, Default)]
struct FileState {
    text: Option<Arc<Source>>,
    /// An empty file is believed the second time it is seen so: editors cut a file before they write it.
    seen_empty: bool,
    good: Vec<Object>,
    statuses: Vec<ObjectStatus>,
    faults: Vec<Fault>,
}

/// When each expiry was first seen.
type Starts = BTreeMap<String, u64>;

impl DirSource {
    /// A source that has read nothing yet but the starts of expiries.
    #[must_use]
    pub fn new(origins: Origins) -> Self {
        let read = origins.state_file.as_deref().map(|path| read_starts(path).map_err(|why| cannot("read", path, &why)));
        let (starts, starts_fault) = match read.transpose() {
            Ok(starts) => (starts.unwrap_or_default(), None),
            Err(fault) => (Starts::new(), Some(fault)),
        };
        Self { origins, files: BTreeMap::new(), starts, starts_fault, folder_faults: Vec::new(), polled: false }
    }

    /// Reads what changed. `None` when nothing did; the first poll always answers.
    pub fn poll(&mut self, now: Wall) -> Option<Reload> {
        let Found { texts, faults } = files::find(&self.origins);
        let mut changed = !self.polled || faults != self.folder_faults;
        self.polled = true;
        // A folder that cannot be read says nothing about its files: they stay as they were.
        if !faults.iter().any(|fault| matches!(fault.code, Code::CannotRead)) {
            let gone: Vec<Box<str>> = self.files.keys().filter(|name| !texts.contains_key(*name)).cloned().collect();
            changed |= !gone.is_empty();
            self.files.retain(|name, _| !gone.contains(name));
        }
        self.folder_faults = faults;
        for (name, found) in texts {
            changed |= self.take(name, found, now);
        }
        changed.then(|| self.reload(now))
    }

    /// Takes one file's content; whether anything changed.
    fn take(&mut self, name: Box<str>, found: Result<String, String>, now: Wall) -> bool {
        let file = self.files.entry(name.clone()).or_default();
        let text = match found {
            Err(why) => {
                let fault = Fault::new(Code::CannotRead, Place::File(name.clone()), &["read", &name, &why]);
                let changed = !file.faults.contains(&fault);
                file.text = None;
                file.faults = vec![fault];
                let faults = &file.faults;
                file.statuses = file.good.iter().map(|object| kept(Some(object.id()), &name, faults)).collect();
                return changed;
            }
            Ok(text) => text,
        };
        if file.text.as_ref().is_some_and(|known| *known.text == *text) {
            file.seen_empty = false;
            return false;
        }
        let emptied = text.trim().is_empty() && !file.good.is_empty();
        if emptied && !file.seen_empty {
            file.seen_empty = true;
            return false;
        }
        let source = Arc::new(Source { name: name.clone(), text: text.into() });
        let starts = &self.starts;
        let first_seen = |id: &ObjectId, term: &Term| starts.get(&start_key(id, term)).map_or(now, |nanos| Wall(*nanos));
        let reads = read::text(&source, &Known { first_seen: &first_seen, namespace: "default" });
        *file = file.after(source, reads);
        true
    }

    /// Everything good, compiled; and every fault.
    fn reload(&mut self, now: Wall) -> Reload {
        let (mut views, mut catalogues): (Vec<Arc<View>>, Vec<Arc<Catalogue>>) = (Vec::new(), Vec::new());
        let mut faults = self.folder_faults.clone();
        let mut objects = Vec::new();
        let mut owners: BTreeMap<&ObjectId, &str> = BTreeMap::new();
        for (name, file) in &self.files {
            faults.extend(file.faults.iter().cloned());
            objects.extend(file.statuses.iter().cloned());
            for object in &file.good {
                if let Some(owner) = owners.get(object.id()) {
                    faults.push(same_name(object, owner));
                    continue;
                }
                owners.insert(object.id(), name);
                match object {
                    Object::View(view) => views.push(Arc::clone(view)),
                    Object::Catalogue(catalogue) => catalogues.push(Arc::clone(catalogue)),
                }
            }
        }
        self.remember_starts(&views, now);
        faults.extend(self.starts_fault.clone());
        faults.extend(lint::views(&views, &catalogues));
        let facts = Facts { consumers: shipped::consumers(), ..Facts::default() };
        Reload { views: Arc::new(ViewSet::compile_with(views, catalogues, Arc::new(facts))), faults, objects }
    }

    /// Writes down when each expiry was first seen, and forgets those of views that are gone.
    fn remember_starts(&mut self, views: &[Arc<View>], now: Wall) {
        let mut starts = Starts::new();
        for view in views {
            if let Some(expiry) = &view.expiry {
                let key = start_key(&view.id, &expiry.term);
                let start = self.starts.get(&key).copied().unwrap_or(now.0);
                starts.insert(key, start);
            }
        }
        if starts == self.starts {
            return;
        }
        self.starts = starts;
        let Some(path) = self.origins.state_file.as_deref() else { return };
        self.starts_fault = write_starts(path, &self.starts).err().map(|why| cannot("write", path, &why));
    }
}

impl FileState {
    /// The file after its text was read: good objects replace their older versions; where an object is refused, or cannot
    /// even be told, the older version stays.
    fn after(&self, source: Arc<Source>, reads: Vec<Read>) -> Self {
        let file = source.name.clone();
        let mut next = Self { text: Some(source), ..Self::default() };
        let broken = reads.iter().any(|read| read.id.is_none());
        let mut documents = next.text.as_ref().map(|source| documents(&source.text)).unwrap_or_default().into_iter();
        let mut told: BTreeSet<ObjectId> = BTreeSet::new();
        for Read { id, object, faults } in reads {
            let document = documents.next().unwrap_or_default();
            next.faults.extend(faults.iter().cloned());
            let twice = id.as_ref().is_some_and(|id| !told.insert(id.clone()));
            let older = || self.good.iter().find(|known| Some(known.id()) == id.as_ref()).cloned();
            match (object, twice) {
                (Some(object), true) => next.faults.push(same_name(&object, &file)),
                (Some(object), false) => {
                    next.statuses.push(ObjectStatus { id, file: file.clone(), accepted: true, kept: false, faults, document });
                    next.good.push(object);
                }
                (None, twice) => {
                    let older = older().filter(|_| !twice);
                    let (kept, file) = (older.is_some(), file.clone());
                    next.statuses.push(ObjectStatus { id, file, accepted: false, kept, faults, document });
                    next.good.extend(older);
                }
            }
        }
        if broken {
            for object in self.good.iter().filter(|object| !told.contains(object.id())) {
                next.statuses.push(kept(Some(object.id()), &file, &[]));
                next.good.push(object.clone());
            }
        }
        next
    }
}

fn kept(id: Option<&ObjectId>, file: &str, faults: &[Fault]) -> ObjectStatus {
    let (id, faults) = (id.cloned(), faults.to_vec());
    ObjectStatus { id, file: file.into(), accepted: false, kept: true, faults, document: Arc::default() }
}

/// The documents of a text as values, in order, for whoever shows them: the reader has its own tree with places.
fn documents(text: &str) -> Vec<Arc<serde_json::Value>> {
    yaml::documents(text).into_iter().map(|node| Arc::new(node.map(|node| yaml::to_json(&node)).unwrap_or_default())).collect()
}

fn same_name(object: &Object, owner: &str) -> Fault {
    let fault = Fault::new(Code::SameName, object.place().clone(), &["objects", &object.id().to_string()]);
    fault.with_related(Place::File(owner.into()), "has the name already")
}

fn start_key(id: &ObjectId, term: &Term) -> String {
    format!("{id} {term:?}")
}

/// The starts of the last run, or why there are none: expiries then count from now.
fn read_starts(path: &Path) -> Result<Starts, String> {
    match state::read(path, VIEW_BYTES_MAX).map_err(|error| error.to_string())? {
        None => Ok(Starts::new()),
        Some(text) => serde_json::from_slice(&text).map_err(|error| format!("it is damaged: {error}: remove it")),
    }
}

fn write_starts(path: &Path, starts: &Starts) -> Result<(), String> {
    let text = serde_json::to_vec(starts).map_err(|error| error.to_string())?;
    state::replace(path, &text).map_err(|error| error.to_string())
}

fn cannot(verb: &str, path: &Path, why: &str) -> Fault {
    let name = files::name_of(path);
    Fault::new(Code::CannotRead, Place::File(name.clone()), &[verb, &name, why])
}
