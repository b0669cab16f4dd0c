//! A plan as it travels: canonical JSON that a controller compiled for one component. Read here; the form is published as
//! `otel/plan.schema.json`. Applies nothing.

mod seal;

use crate::limits::{PLAN_LINES_MAX, PLAN_STEPS_MAX};
use serde::Deserialize;
use std::{
    collections::BTreeSet,
    fmt,
    time::{Duration, SystemTime},
};
use thiserror::Error;

/// The newest form that is read here.
pub const SCHEMA: u32 = 1;

/// Names a plan by what it says: equal plans have equal hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlanHash(pub [u8; 16]);

/// Everything that one component is to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// For which component it was compiled, as its controller calls it.
    pub component: String,
    /// Its name.
    pub hash: PlanHash,
    /// What is decided for instruments of the catalogue, by exact scope (empty = any) and name.
    pub instruments: Vec<Line>,
    /// What is decided for others: the first line that matches.
    pub tail: Vec<TailLine>,
    /// What is decided for those that no line of the tail matches.
    pub baseline: bool,
    /// Who says so; absent where nobody does: declared levels then decide what is on.
    pub baseline_by: Option<String>,
    /// What is decided for spans: the first line that matches; without one they are made.
    pub spans: Vec<SpanLine>,
    /// When parts of it end, in order. Once that moment has come the plan is that of the next hash.
    pub next: Vec<Step>,
}

/// A moment at which a part of a plan ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// When, by the wall clock.
    pub at: SystemTime,
    /// The hash of what then holds: a controller offers nothing to who has it.
    pub hash: PlanHash,
}

/// What is decided for one instrument.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// Instrumentation scope; empty = any.
    #[serde(default)]
    pub scope: String,
    /// OTLP name.
    pub name: String,
    /// What holds now.
    #[serde(flatten)]
    pub now: Says,
    /// What holds from a step on, in order.
    #[serde(default)]
    pub then: Vec<Then>,
}

/// What holds from a step on.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Then {
    /// How many of [`Plan::next`] have passed then: 1 = after the first.
    pub step: usize,
    /// What holds.
    #[serde(flatten)]
    pub says: Says,
}

/// What is decided for an instrument at one moment.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Says {
    /// Whether it is recorded and sent.
    pub on: bool,
    /// Only these attribute keys stay, when set.
    #[serde(default)]
    pub keep: Option<BTreeSet<String>>,
    /// These go.
    #[serde(default)]
    pub drop: BTreeSet<String>,
    /// Upper bounds of a histogram's buckets, ascending.
    #[serde(default)]
    pub buckets: Option<Vec<f64>>,
    /// Attribute sets that are held; further ones go to the overflow set.
    #[serde(default)]
    pub limit: Option<u32>,
    /// Milliseconds between two exports, at least.
    #[serde(default)]
    pub interval_ms: Option<u64>,
    /// Who decided the state; absent where no view did.
    #[serde(default)]
    pub by: Option<String>,
}

/// What is decided for instruments that no [`Line`] names. One that is on may mean more than its pattern says: a pattern may be
/// spelled as Prometheus does, with a unit and a suffix behind the name. One that is off means what matches exactly, no more.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TailLine {
    /// Pattern with `*` and `?`.
    pub instruments: String,
    /// Patterns of scopes; empty = any.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Kinds; empty = any.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// Whether what it matches is on.
    pub on: bool,
    /// It holds while fewer steps than this have passed; absent: for good.
    #[serde(default)]
    pub until: Option<usize>,
    /// Who says so; absent where a reader of the metric does.
    #[serde(default)]
    pub by: Option<String>,
}

/// What is decided for spans.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SpanLine {
    /// Pattern of the span's name.
    pub spans: String,
    /// Patterns of scopes; empty = any.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Whether they are made.
    pub on: bool,
    /// It holds while fewer steps than this have passed; absent: for good.
    #[serde(default)]
    pub until: Option<usize>,
    /// Who says so.
    #[serde(default)]
    pub by: Option<String>,
}

/// Why bytes are no plan that can be obeyed.
#[derive(Debug, Error)]
pub enum PlanError {
    /// Not the form.
    #[error("read the plan")]
    Form(#[from] serde_json::Error),
    /// A newer form, whose meaning is not known here.
    #[error("read the plan: its form is {found}, this library knows up to {SCHEMA}; a newer library does more")]
    Newer {
        /// Its `schema`.
        found: u32,
    },
    /// Its hash is none.
    #[error("read the plan: `{0}` is no hash, which has 32 hexadecimal digits")]
    Hash(String),
    /// Its hash is another plan's, or stands where it does not belong.
    #[error("obey the plan: its hash does not fit its text: fetch it anew, do not edit it")]
    Edited,
    /// A step without a moment.
    #[error("read the plan: `{0}` is no RFC 3339 time")]
    Time(String),
    /// Offered under another name than its own.
    #[error("obey the plan: it was offered under another name than its own, {0}")]
    Offer(PlanHash),
    /// More than is held.
    #[error("read the plan: it has {found} {what}, at most {max} are held")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many may be.
        max: usize,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    component: String,
    hash: String,
    instruments: Vec<Line>,
    tail: Vec<TailLine>,
    baseline: BaselineLine,
    spans: Vec<SpanLine>,
    #[serde(default)]
    next: Vec<StepLine>,
}

#[derive(Deserialize)]
struct Version {
    schema: u32,
}

#[derive(Deserialize)]
struct BaselineLine {
    on: bool,
    #[serde(default)]
    by: Option<String>,
}

#[derive(Deserialize)]
struct StepLine {
    at: String,
    hash: String,
}

impl Plan {
    /// Reads a plan.
    ///
    /// # Errors
    /// When it is none, is newer than this library, or is larger than what is held.
    pub fn read(json: &[u8]) -> Result<Self, PlanError> {
        // A newer form may have other fields: its version is read first.
        let Version { schema } = serde_json::from_slice(json)?;
        if schema > SCHEMA {
            return Err(PlanError::Newer { found: schema });
        }
        let Document { component, hash, instruments, tail, baseline, spans, next } = serde_json::from_slice(json)?;
        bounded("lines", instruments.len() + tail.len() + spans.len(), PLAN_LINES_MAX)?;
        bounded("steps", next.len(), PLAN_STEPS_MAX)?;
        let next = next.into_iter().map(|StepLine { at, hash }| Ok(Step { at: time(&at)?, hash: PlanHash::read(&hash)? }));
        Ok(Self {
            component,
            hash: PlanHash::read(&hash)?,
            instruments,
            tail,
            baseline: baseline.on,
            baseline_by: baseline.by,
            spans,
            next: next.collect::<Result<_, PlanError>>()?,
        })
    }

    /// Whether the text is what its hash names: who reports the hash says that it obeys just this.
    ///
    /// # Errors
    /// When it is not: it was edited, or its writer made the hash in another way.
    pub fn verify(json: &[u8]) -> Result<(), PlanError> {
        let seal = seal::read(json).ok_or(PlanError::Edited)?;
        let stated = std::str::from_utf8(seal.stated).map_err(|_| PlanError::Edited)?;
        if PlanHash::read(stated)? == seal.hash() { Ok(()) } else { Err(PlanError::Edited) }
    }

    /// The hash that a text is to have in the place of the one that it has, if it has one: for who writes a plan by hand.
    #[doc(hidden)]
    #[must_use]
    pub fn seal(json: &[u8]) -> Option<PlanHash> {
        seal::read(json).map(|seal| seal.hash())
    }

    /// Its name once so many steps have passed.
    #[must_use]
    pub fn hash_after(&self, passed: usize) -> PlanHash {
        passed.checked_sub(1).and_then(|last| self.next.get(last)).map_or(self.hash, |step| step.hash)
    }
}

impl Line {
    /// What holds once so many steps have passed.
    #[must_use]
    pub fn after(&self, passed: usize) -> &Says {
        self.then.iter().rev().find(|then| then.step <= passed).map_or(&self.now, |then| &then.says)
    }
}

impl Says {
    /// The interval as a duration.
    #[must_use]
    pub fn interval(&self) -> Option<Duration> {
        self.interval_ms.map(Duration::from_millis)
    }
}

impl PlanHash {
    /// From 32 hexadecimal digits.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn read(text: &str) -> Result<Self, PlanError> {
        let wrong = || PlanError::Hash(text.chars().take(64).collect());
        let mut hash = [0; 16];
        if text.len() != 32 || !text.is_ascii() {
            return Err(wrong());
        }
        for (byte, pair) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| wrong())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self(hash))
    }
}

impl fmt::Display for PlanHash {
    /// 32 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn bounded(what: &'static str, found: usize, max: usize) -> Result<(), PlanError> {
    if found > max { Err(PlanError::TooMany { what, found, max }) } else { Ok(()) }
}

fn time(text: &str) -> Result<SystemTime, PlanError> {
    let read: Result<jiff::Timestamp, _> = text.parse();
    read.map(SystemTime::from).map_err(|_| PlanError::Time(text.chars().take(64).collect()))
}
