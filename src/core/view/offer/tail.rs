//! What is decided for instruments that nobody declared, and for spans: rules, pattern by pattern, in the order in which the
//! first that matches wins. It may leave on what the controller has off, never the other way round.

use super::{
    super::{
        decide::{Aspect, baseline_is_on},
        pattern::{Pattern, Precision},
        plan::{Inner, Placed, RuleRef},
        spec::{Baseline, MetricRule, State, TraceRule},
    },
    Steps,
    lines::Can,
};
use crate::model::{clock::Wall, instrument::Kind};
use serde::{Serialize, Serializer};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The pattern that means everything.
const ANY: &str = "*";
/// Words that a family's name has at its end, wherever the metric's name has them.
const MOVING: [&str; 2] = ["total", "ratio"];

/// One pattern of a rule, of a reader, or of a baseline.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Entry<'a> {
    /// Of instruments, or …
    #[serde(skip_serializing_if = "Option::is_none")]
    instruments: Option<&'a str>,
    /// … of spans.
    #[serde(skip_serializing_if = "Option::is_none")]
    spans: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    scopes: BTreeSet<&'a str>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    kinds: BTreeSet<&'static str>,
    on: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "written")]
    by: Option<&'a RuleRef>,
}

/// What is decided where no entry matches.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Rest<'a> {
    on: bool,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "written")]
    by: Option<&'a RuleRef>,
}

/// Everything for instruments that nobody declared.
#[derive(Debug)]
pub(super) struct Tail<'a> {
    pub(super) entries: Vec<Entry<'a>>,
    pub(super) rest: Rest<'a>,
}

/// One pattern of a rule for metrics.
struct Flat<'a> {
    rule: &'a Placed<Arc<MetricRule>>,
    pattern: &'a Pattern,
}

/// What somebody reads whom this component hears, and how long already.
struct Read<'a> {
    metric: &'a Pattern,
    /// The earliest; `None` = always.
    since: Option<Wall>,
    /// How long an entry before all that follow leaves it on.
    told: Told,
}

/// Until which step something was said; the later is the greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Told {
    Never,
    Until(usize),
    ForGood,
}

impl Entry<'_> {
    /// The same once so many steps have passed; `None` when it is over then.
    pub(super) fn after(&self, passed: usize) -> Option<Self> {
        let until = match self.until {
            Some(until) => Some(until.checked_sub(passed).filter(|left| *left > 0)?),
            None => None,
        };
        Some(Self { until, ..self.clone() })
    }
}

impl Rest<'_> {
    /// Everything is on, as nobody decided.
    pub(super) const ON: Self = Rest { on: true, by: None };
}

/// Rules without levels, which what is not declared does not have, and baselines behind the rules of their tier, up to the first
/// that does not end.
pub(super) fn of<'a>(inner: &'a Inner, steps: &Steps, can: &Can<'_>) -> Tail<'a> {
    let mut tail = Tail { entries: Vec::new(), rest: Rest::ON };
    if !can.reported.aspects.contains(&Aspect::State) {
        return tail;
    }
    let mut reads = reads(inner);
    let mut baselines = inner.baselines.iter().peekable();
    for flat in flattened(inner) {
        while let Some(baseline) = baselines.next_if(|baseline| baseline.tier > flat.rule.tier) {
            if tail.ends_with(baseline, steps) {
                return tail;
            }
        }
        let until = steps.until(flat.rule);
        if flat.rule.says.state == State::Disabled {
            tail.protect(&mut reads, &flat, until);
        }
        let matches = &flat.rule.says.matches;
        tail.entries.push(Entry {
            instruments: Some(flat.pattern.as_str()),
            scopes: texts(&matches.scopes),
            kinds: matches.kinds.iter().map(|kind| Kind::as_str(*kind)).collect(),
            on: flat.rule.says.state == State::Enabled,
            until,
            by: Some(&flat.rule.by),
            ..Entry::default()
        });
    }
    let _ = baselines.any(|baseline| tail.ends_with(baseline, steps));
    tail
}

impl<'a> Tail<'a> {
    /// Adds a baseline; whether nothing stands behind it.
    fn ends_with(&mut self, baseline: &'a Placed<Baseline>, steps: &Steps) -> bool {
        let (on, by) = (baseline_is_on(baseline.says, None), Some(&*baseline.by));
        match steps.until(baseline) {
            None => {
                self.rest = Rest { on, by };
                true
            }
            until => {
                self.entries.push(Entry { instruments: Some(ANY), on, until, by, ..Entry::default() });
                false
            }
        }
    }

    /// Before a rule that gives way to readers stand those of what it may mean, unless they stand before it already for as long
    /// as it lasts. What they read also stays on where a baseline has it off: that is left to the controller.
    fn protect(&mut self, reads: &mut [Read<'a>], flat: &Flat<'_>, until: Option<usize>) {
        let told = until.map_or(Told::ForGood, Told::Until);
        let is_open = |read: &&mut Read<'_>| read.told < told && flat.rule.guard.yields_to(read.since);
        for read in reads.iter_mut().filter(is_open).filter(|read| may_meet(flat.pattern.as_str(), read.metric.as_str())) {
            read.told = told;
            let instruments = Some(read.metric.as_str());
            self.entries.push(Entry { instruments, on: true, until, ..Entry::default() });
        }
    }
}

/// Whether a pattern of an instrument's own name, and one of any of its spellings, may mean the same instrument. All spellings
/// of a name begin with its first word, unless that is one of those which Prometheus moves to the end.
pub(super) fn may_meet(own: &str, any: &str) -> bool {
    match (first_word(own), first_word(any)) {
        (Some((a, true)), Some((b, true))) => a == b,
        (Some((a, a_is_whole)), Some((b, b_is_whole))) => (!b_is_whole && a.starts_with(b)) || (!a_is_whole && b.starts_with(a)),
        _ => true,
    }
}

/// The first word that a pattern asks for, and whether it is whole; `None` where it may be any.
fn first_word(pattern: &str) -> Option<(&str, bool)> {
    let is_wild = |c: char| matches!(c, '*' | '?');
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == ':';
    let text = pattern.trim_start_matches(|c| !is_word(c) && !is_wild(c));
    let end = text.find(|c| !is_word(c)).unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end)?;
    let is_whole = !rest.starts_with(is_wild);
    let moves = MOVING.iter().any(|moving| if is_whole { *moving == word } else { moving.starts_with(word) });
    (!moves && !word.is_empty()).then_some((word, is_whole))
}

/// Every pattern of every rule that turns on or off what is not declared, the strongest first.
fn flattened(inner: &Inner) -> Vec<Flat<'_>> {
    let rules = inner.rules.iter().filter(|rule| rule.says.state != State::Inherit && rule.says.matches.levels.is_empty());
    let mut flat: Vec<Flat<'_>> =
        rules.flat_map(|rule| rule.says.matches.instruments.iter().map(move |pattern| Flat { rule, pattern })).collect();
    flat.sort_by_key(|Flat { rule, pattern }| {
        let matches = &rule.says.matches;
        Reverse((rule.tier, pattern.precision(), !matches.scopes.is_empty(), !matches.kinds.is_empty()))
    });
    flat
}

/// What is read by those who protect here, each metric once, in order.
fn reads(inner: &Inner) -> Vec<Read<'_>> {
    let mut reads: BTreeMap<&Pattern, Option<Wall>> = BTreeMap::new();
    for read in inner.protecting() {
        let since = reads.entry(&read.metric).or_insert(read.since);
        *since = (*since).min(read.since); // `None` is the earliest
    }
    reads.into_iter().map(|(metric, since)| Read { metric, since, told: Told::Never }).collect()
}

/// Rules that turn spans on or off. Sampling stays with the controller: a span that a sender leaves out cannot be kept
/// because another one of its trace failed or was slow, and that is known only when all of it is there.
pub(super) fn spans<'a>(inner: &'a Inner, steps: &Steps, can: &Can<'_>) -> Vec<Entry<'a>> {
    if !can.reported.spans {
        return Vec::new();
    }
    let rules = inner.spans.iter().filter(|rule| rule.says.state != State::Inherit);
    let mut flat: Vec<(&'a Placed<Arc<TraceRule>>, &'a str, Precision)> = Vec::new();
    for rule in rules {
        if rule.says.spans.is_empty() {
            flat.push((rule, ANY, Precision::Anything));
        }
        flat.extend(rule.says.spans.iter().map(|pattern| (rule, pattern.as_str(), pattern.precision())));
    }
    flat.sort_by_key(|(rule, _, precision)| Reverse((rule.tier, *precision, !rule.says.scopes.is_empty())));
    let entry = |(rule, pattern, _): (&'a Placed<Arc<TraceRule>>, &'a str, Precision)| Entry {
        spans: Some(pattern),
        scopes: texts(&rule.says.scopes),
        on: rule.says.state == State::Enabled,
        until: steps.until(rule),
        by: Some(&rule.by),
        ..Entry::default()
    };
    flat.into_iter().map(entry).collect()
}

fn texts(patterns: &[Pattern]) -> BTreeSet<&str> {
    patterns.iter().map(Pattern::as_str).collect()
}

fn written<S: Serializer>(by: &Option<&RuleRef>, serializer: S) -> Result<S::Ok, S::Error> {
    match by {
        Some(by) => serializer.collect_str(by),
        None => serializer.serialize_none(),
    }
}
