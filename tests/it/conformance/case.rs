//! One case: a folder with `case.yaml`, the requests, and the bodies they must lead to.
//! Knows no rule: what is right stands in the files of the case.

use super::{agree, reply::Row, shuffle};
use crate::judge;
use pointsman_core::{
    decode::{json, reply},
    expose::{ExposeOptions, negotiate::negotiate, scrape::Scrape},
    fault::Source,
    model::{
        clock::{Mono, SECOND, Wall},
        reject::Tally,
    },
    state::{
        counts::Stats,
        store::{Store, StoreConfig},
    },
    view::{
        plan::ViewSet,
        read::{self, Known, Object, Read},
    },
};
use serde::Deserialize;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// `case.yaml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Head {
    rules: Vec<String>,
    /// A Rust test that proves what data cannot say; then there are no steps.
    test: Option<String>,
    #[serde(default)]
    switches: Switches,
    /// Views that hold throughout, by file name.
    views: Option<String>,
    #[serde(default)]
    steps: Vec<Step>,
}

/// Flags of `serve` that change what is exposed; absent = the default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Switches {
    translation_strategy: Option<String>,
    scope_labels: Option<bool>,
    ratio_suffix: Option<bool>,
    instance_fallback: Option<bool>,
    max_body: Option<String>,
    #[serde(default)]
    promote_resource_attributes: Vec<String>,
}

/// One step; exactly one of `push`, `wait`, `scrape`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Step {
    /// A request, by file name.
    pub(super) push: Option<String>,
    /// How many points it must refuse.
    #[serde(default)]
    pub(super) rejected: u64,
    /// What the store must count while it is taken, by name; all else it counts not at all.
    #[serde(default)]
    counts: BTreeMap<String, u64>,
    /// Text that its reply must contain.
    pub(super) message: Option<String>,
    /// The request is bad data; nothing of it is applied.
    #[serde(default)]
    pub(super) bad: bool,
    /// Seconds that pass, with an expiry tick at the end.
    wait: Option<u64>,
    /// The file with the expected body.
    pub(super) scrape: Option<String>,
    /// The Accept header of the scrape.
    #[serde(default)]
    pub(super) accept: Accept,
    /// The Content-Type that the scrape must have.
    pub(super) content_type: Option<String>,
    /// Families asked for by `name[]`.
    #[serde(default)]
    pub(super) names: Vec<String>,
    /// Series left out because another has their labels; attributes that gave no label; values without a place.
    duplicates: Option<u64>,
    lost: Option<u64>,
    unfit: Option<u64>,
}

/// One Accept line, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Accept {
    One(String),
    Many(Vec<String>),
}

impl Default for Accept {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Accept {
    pub(super) fn lines(&self) -> Vec<&str> {
        match self {
            Self::One(line) => vec![line],
            Self::Many(lines) => lines.iter().map(String::as_str).collect(),
        }
    }
}

/// A case, loaded.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) rules: Vec<String>,
    pub(crate) test: Option<String>,
    folder: PathBuf,
    switches: Switches,
    views: Option<String>,
    pub(super) steps: Vec<Step>,
    /// Requests with their answers: `reply.yaml`.
    pub(super) replies: Vec<Row>,
}

/// What changes while the steps run.
struct Run {
    store: Arc<Store>,
    options: ExposeOptions,
    now: Mono,
    seed: u64,
    /// What each push was answered.
    replies: Vec<String>,
}

impl Run {
    /// The same state in text and in protobuf.
    fn formats_agree(&self) -> Result<(), String> {
        let [text, protobuf] = ["", PROTOBUF].map(|accept| {
            let mut scrape = Scrape::new(Arc::clone(&self.store), self.options.clone(), negotiate([accept], []), &[]);
            let mut body = Vec::new();
            while scrape.next_chunk(&mut body) {}
            body
        });
        agree::check(&String::from_utf8_lossy(&text), &protobuf)
    }
}

const PROTOBUF: &str = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

/// The file of requests with their answers.
const REPLIES: &str = "reply.yaml";
/// When every case begins, by the wall clock.
const BEGIN: Wall = Wall::from_secs(1_700_000_000);

impl Case {
    /// Loads every folder that has a `case.yaml`, in order of names.
    pub(crate) fn load_all(root: &Path) -> Result<Vec<Self>, String> {
        let mut folders: Vec<PathBuf> = fs::read_dir(root)
            .map_err(|error| format!("read {}: {error}", root.display()))?
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.is_dir())
            .collect();
        folders.sort();
        folders.into_iter().map(Self::load).collect()
    }

    fn load(folder: PathBuf) -> Result<Self, String> {
        let text = fs::read_to_string(folder.join("case.yaml")).map_err(|error| format!("read {}: {error}", folder.display()))?;
        let head: Head = serde_saphyr::from_str(&text).map_err(|error| format!("{}: {error}", folder.display()))?;
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let replies = match fs::read_to_string(folder.join(REPLIES)) {
            Ok(text) => serde_saphyr::from_str(&text).map_err(|error| format!("{}: {REPLIES}: {error}", folder.display()))?,
            Err(_) => Vec::new(), // most have none
        };
        let Head { rules, test, switches, views, steps } = head;
        Ok(Self { name, rules, test, folder, switches, views, steps, replies })
    }

    /// Files of the folder that no step reads or compares.
    pub(crate) fn stray_files(&self) -> Vec<String> {
        let mut known: BTreeSet<&str> =
            self.steps.iter().flat_map(|s| [s.push.as_deref(), s.scrape.as_deref()]).flatten().collect();
        known.extend(self.views.as_deref());
        known.extend(self.replies.iter().flat_map(Row::files));
        known.extend((!self.replies.is_empty()).then_some(REPLIES));
        let files = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
        names.filter(|name| name != "case.yaml" && !known.contains(name.as_str())).collect()
    }

    /// Runs the steps in process, the requests shuffled by `seed`.
    pub(crate) fn run(&self, seed: u64) -> Result<Vec<String>, String> {
        let config = StoreConfig { series_max: 10_000, expire_after: Duration::from_secs(300), seeds: [seed, !seed] };
        let (options, store) = (self.options()?, Store::new(config));
        let store = if options.strategy.escapes() { store } else { store.keeping_names() };
        let store = Arc::new(if options.scope_labels { store } else { store.joining_scopes() });
        if let Some(views) = &self.views {
            store.set_views(compile(views, self.read(views)?)?, BEGIN);
        }
        let mut run = Run { store, options, now: Mono::from_secs(1), seed, replies: Vec::new() };
        for (at, step) in self.steps.iter().enumerate() {
            self.step(step, &mut run).map_err(|fault| format!("step {}: {fault}", at + 1))?;
            if seed == 0 {
                run.formats_agree().map_err(|fault| format!("step {}: {fault}", at + 1))?;
            }
        }
        Ok(run.replies)
    }

    fn step(&self, step: &Step, run: &mut Run) -> Result<(), String> {
        match (&step.push, step.wait, &step.scrape) {
            (Some(file), None, None) => self.push(step, file, run),
            (None, Some(secs), None) => {
                run.now = Mono(run.now.0 + secs * SECOND);
                run.store.expire(run.now);
                Ok(())
            }
            (None, None, Some(file)) => self.scrape(step, file, run),
            _ => Err("needs exactly one of push, wait, scrape".into()),
        }
    }

    fn push(&self, step: &Step, file: &str, run: &mut Run) -> Result<(), String> {
        let text = self.read(file)?;
        let mut request: serde_json::Value = serde_json::from_str(&text).map_err(|error| format!("{file}: {error}"))?;
        shuffle::request(&mut request, run.seed);
        let body = json::metrics_to_protobuf(request.to_string().as_bytes());
        let before = run.store.stats();
        let tally = body.and_then(|body| run.store.ingest(&body, run.now, BEGIN));
        let counted = counted(&before, &run.store.stats());
        if counted != step.counts {
            return Err(format!("{file}: counted {counted:?}, not {:?}", step.counts));
        }
        match tally {
            Ok(_) if step.bad => Err(format!("{file}: taken, although it is bad data")),
            Err(error) if step.bad => {
                run.replies.push("bad data".to_owned()); // which of several faults comes first is a matter of order
                contains(&error.to_string(), step.message.as_deref())
            }
            Err(error) => Err(format!("{file}: {error}")),
            Ok(tally) => {
                run.replies.push(reply::metrics_reply(&tally).to_json());
                replied(step, &tally)
            }
        }
    }

    fn scrape(&self, step: &Step, file: &str, run: &Run) -> Result<(), String> {
        let negotiated = negotiate(step.accept.lines(), []);
        let content_type = negotiated.content_type();
        if step.content_type.as_ref().is_some_and(|wanted| *wanted != content_type) {
            return Err(format!("{file}: Content-Type is {content_type:?}, not {:?}", step.content_type));
        }
        let mut scrape = Scrape::new(Arc::clone(&run.store), run.options.clone(), negotiated, &step.names);
        let mut body = Vec::new();
        while scrape.next_chunk(&mut body) {}
        let problems = judge::problems(&content_type, &body);
        if !problems.is_empty() {
            return Err(format!("{file}: {problems:?}"));
        }
        judge::keep(&content_type, &body);
        let stats = scrape.stats();
        let wanted = [(step.duplicates, stats.duplicates), (step.lost, stats.lost_attributes), (step.unfit, stats.unfit)];
        if wanted.iter().any(|(wanted, got)| wanted.is_some_and(|wanted| wanted != *got)) {
            return Err(format!("{file}: left out {stats:?}"));
        }
        let got =
            if file.ends_with(".pb.txt") { super::dump::protobuf(&body)? } else { String::from_utf8_lossy(&body).into_owned() };
        self.compare(file, &got, run.seed)
    }

    /// Under `UPDATE_EXPECT=1` the unshuffled round writes the file, and the shuffled ones must agree with it.
    fn compare(&self, file: &str, got: &str, seed: u64) -> Result<(), String> {
        let path = self.folder.join(file);
        if seed == 0 && std::env::var_os("UPDATE_EXPECT").is_some() {
            return fs::write(&path, got).map_err(|error| format!("write {file}: {error}"));
        }
        let want = self.read(file)?;
        if want == got { Ok(()) } else { Err(format!("{file} differs\n--- expected\n{want}--- got\n{got}---")) }
    }

    pub(super) fn read(&self, file: &str) -> Result<String, String> {
        fs::read_to_string(self.folder.join(file)).map_err(|error| format!("read {file}: {error}"))
    }

    /// Whether its steps can run against a process: they push, and do not turn the clock.
    pub(crate) fn is_for_a_process(&self) -> bool {
        let moves = |step: &Step| step.wait.is_some();
        self.steps.iter().any(|step| step.push.is_some()) && !self.steps.iter().any(moves)
    }

    /// Its views as a folder holds them: the file's name and its text.
    pub(super) fn view_file(&self) -> Result<Option<(&str, String)>, String> {
        self.views.as_deref().map(|name| Ok((name, self.read(name)?))).transpose()
    }

    /// The switches as flags of `serve`.
    pub(super) fn flags(&self) -> Vec<String> {
        let Switches {
            translation_strategy,
            scope_labels,
            ratio_suffix,
            instance_fallback,
            max_body,
            promote_resource_attributes,
        } = &self.switches;
        let list = (!promote_resource_attributes.is_empty()).then(|| promote_resource_attributes.join(","));
        let given = [
            ("--translation-strategy", translation_strategy.clone()),
            ("--scope-labels", scope_labels.map(|on| on.to_string())),
            ("--ratio-suffix", ratio_suffix.map(|on| on.to_string())),
            ("--instance-fallback", instance_fallback.map(|on| on.to_string())),
            ("--max-body", max_body.clone()),
            ("--promote-resource-attributes", list),
        ];
        given.into_iter().filter_map(|(flag, value)| Some([flag.to_owned(), value?])).flatten().collect()
    }

    fn options(&self) -> Result<ExposeOptions, String> {
        let Switches { translation_strategy, scope_labels, ratio_suffix, instance_fallback, promote_resource_attributes, .. } =
            &self.switches;
        let mut options = ExposeOptions::default();
        if let Some(name) = translation_strategy {
            options.strategy = name.parse().map_err(|error| format!("translationStrategy: {error}"))?;
        }
        options.scope_labels = scope_labels.unwrap_or(options.scope_labels);
        options.ratio_suffix = ratio_suffix.unwrap_or(options.ratio_suffix);
        options.instance_fallback = instance_fallback.unwrap_or(options.instance_fallback);
        options.promote.clone_from(promote_resource_attributes);
        Ok(options)
    }
}

/// What was counted between two looks, without what was not.
fn counted(before: &Stats, after: &Stats) -> BTreeMap<String, u64> {
    let pairs = [
        ("superseded", before.superseded, after.superseded),
        ("gaps", before.gaps, after.gaps),
        ("falls", before.falls, after.falls),
        ("retried", before.retried, after.retried),
        ("overflow", before.overflow, after.overflow),
        ("duplicateKeys", before.duplicate_keys, after.duplicate_keys),
    ];
    pairs.into_iter().filter(|(_, a, b)| a != b).map(|(name, a, b)| (name.to_owned(), b.saturating_sub(a))).collect()
}

/// Views as a folder would hold them.
fn compile(name: &str, text: String) -> Result<Arc<ViewSet>, String> {
    let source = Arc::new(Source { name: name.into(), text: text.into() });
    let known = Known { first_seen: &|_, _| BEGIN, namespace: "default" };
    let view = |read: Read| match read.object {
        Some(Object::View(view)) => Ok(view),
        _ => Err(format!("{name}: no view: {:?}", read.faults)),
    };
    let views = read::text(&source, &known).into_iter().map(view).collect::<Result<Vec<_>, _>>()?;
    Ok(Arc::new(ViewSet::compile(views, Vec::new())))
}

pub(super) fn contains(text: &str, wanted: Option<&str>) -> Result<(), String> {
    match wanted {
        Some(wanted) if !text.contains(wanted) => Err(format!("says {text:?}, not {wanted:?}")),
        _ => Ok(()),
    }
}

fn replied(step: &Step, tally: &Tally) -> Result<(), String> {
    let got = tally.rejected_total();
    if got != step.rejected {
        return Err(format!("refused {got} points, not {}: {:?}", step.rejected, tally.rejected));
    }
    contains(&reply::metrics_reply(tally).to_json(), step.message.as_deref())
}
