//! Who reads an instrument, which rules that holds back, and for whom something goes blank all the same.
//! Knows the readers of a cluster as data; the precedence of rules is `decide`'s.

use super::{
    decide::{Aspect, Voices},
    explain::{Criterion, Explanation},
    facts::{Consumer, Facts, Read},
    pattern::Names,
    plan::{Inner, Keys, Placed, RuleRef},
    spec::{Declared, MetricRule, State},
};
use crate::{
    expose::names::{TranslationStrategy, label_name},
    model::clock::Wall,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
    sync::Arc,
};

/// Tiers whose rules give way to readers: what tenants say. The platform's own word is an explicit choice.
const YIELDING: RangeInclusive<u8> = 2..=4;

/// Labels that Prometheus or its operator adds to every series: an attribute list cannot take them away.
const TARGET_LABELS: [&str; 12] = [
    "cluster",
    "container",
    "endpoint",
    "instance",
    "job",
    "le",
    "namespace",
    "node",
    "pod",
    "prometheus",
    "quantile",
    "service",
];

/// What Prometheus puts before an attribute's label where the target has one of that name.
const EXPORTED: &str = "exported_";

/// One metric that one consumer reads.
#[derive(Debug)]
pub(super) struct Reader {
    pub(super) consumer: Arc<Consumer>,
    pub(super) read: Read,
}

/// Every read of a cluster, found by the name of what is read.
#[derive(Debug, Default)]
pub(super) struct Readers {
    all: Vec<Reader>,
    literals: BTreeMap<Box<str>, Vec<usize>>,
    globs: Vec<usize>,
}

/// How a view stands to readers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Guard {
    /// Whether readers hold its rules back at all.
    pub(super) yields: bool,
    /// When its spec last changed: who reads since later only gets a warning.
    pub(super) changed: Option<Wall>,
}

/// Which aspects of a rule are not applied to an instrument, because somebody reads it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    state: bool,
    attributes: bool,
}

/// What a rule or baseline takes from somebody who reads the instrument, or would take.
#[derive(Debug)]
pub(super) struct Touch<'a> {
    pub(super) by: Arc<RuleRef>,
    pub(super) consumer: &'a Arc<Consumer>,
    /// The labels that go; empty where the instrument is off.
    pub(super) labels: Vec<&'a str>,
    pub(super) outcome: Outcome,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// The rule is not applied.
    HeldBack,
    /// The view was there before the reader: it stays, and the reader's author should know.
    CameLater,
    /// A baseline, a tier of the platform's, or an override with a reason: it applies.
    Chosen,
}

impl Readers {
    pub(super) fn of(facts: &Facts) -> Self {
        let mut readers = Self::default();
        for consumer in &facts.consumers {
            for read in &consumer.reads {
                let at = readers.all.len();
                if read.metric.is_literal() {
                    readers.literals.entry(read.metric.as_str().into()).or_default().push(at);
                } else {
                    readers.globs.push(at);
                }
                readers.all.push(Reader { consumer: Arc::clone(consumer), read: read.clone() });
            }
        }
        readers
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Everyone who reads an instrument, whoever and wherever they are.
    pub(super) fn of_instrument(&self, names: &Names<'_>) -> Vec<&Reader> {
        if self.all.is_empty() {
            return Vec::new();
        }
        let mut found: BTreeSet<&usize> = BTreeSet::new();
        names.literals(&mut |name| found.extend(self.literals.get(name).into_iter().flatten()));
        found.extend(self.globs.iter().filter(|at| self.all.get(**at).is_some_and(|r| r.read.metric.names(names))));
        found.into_iter().filter_map(|at| self.all.get(*at)).collect()
    }
}

impl Reader {
    /// Whether it holds back what a view says: it was there before the view's spec changed, or nobody knows since when.
    fn protects_from(&self, guard: Guard) -> bool {
        guard.yields_to(self.read.since)
    }

    /// The labels it uses that are gone when only some keys stay.
    fn loses(&self, keys: &Keys, declared: Option<&Declared>) -> Vec<&str> {
        let labels = self.read.labels.iter().map(AsRef::as_ref);
        labels.filter(|label| is_lost(label, keys, declared)).collect()
    }
}

impl Guard {
    /// How a view of a tier stands to readers.
    pub(super) fn of(tier: u8, overrides: bool, changed: Option<Wall>) -> Self {
        Self { yields: YIELDING.contains(&tier) && !overrides, changed }
    }

    /// Whether who reads since then holds its rules back: who was there before the spec changed, or where nobody knows.
    pub(super) fn yields_to(self, since: Option<Wall>) -> bool {
        self.yields && since.zip(self.changed).is_none_or(|(since, changed)| since <= changed)
    }
}

impl Held {
    pub(super) const fn is(self, aspect: Aspect) -> bool {
        match aspect {
            Aspect::State => self.state,
            Aspect::Attributes => self.attributes,
            Aspect::Buckets | Aspect::Rename | Aspect::Cardinality | Aspect::Interval | Aspect::Sampling => false,
        }
    }

    /// What of a rule the readers of an instrument hold back.
    pub(super) fn of(rule: &Placed<Arc<MetricRule>>, readers: &[&Reader], declared: Option<&Declared>) -> Self {
        let held = |aspect| holders(rule, aspect, readers, declared).next().is_some();
        Self { state: held(Aspect::State), attributes: held(Aspect::Attributes) }
    }
}

impl Inner {
    /// Those of the readers of an instrument who protect it here.
    pub(super) fn readers(&self, names: &Names<'_>) -> Vec<&Reader> {
        let mut readers = self.readers.of_instrument(names);
        readers.retain(|reader| self.is_heard(reader));
        readers
    }

    /// Those of the readers of an instrument whom it concerns that it is off: who protect it here, and who protect nothing anywhere.
    pub(super) fn told(&self, names: &Names<'_>) -> Vec<&Reader> {
        let mut readers = self.readers.of_instrument(names);
        readers.retain(|reader| self.is_heard(reader) || reader.consumer.namespace.is_empty());
        readers
    }

    /// Everything that is read by those who protect here.
    pub(super) fn protecting(&self) -> Vec<&Read> {
        self.readers.all.iter().filter(|reader| self.is_heard(reader)).map(|reader| &reader.read).collect()
    }

    /// Readers protect in their own namespace; those of namespaces that the platform lists, everywhere.
    fn is_heard(&self, reader: &Reader) -> bool {
        let from = &reader.consumer.namespace;
        *from == self.namespace || self.facts.protecting.contains(from)
    }

    /// What the views take from the readers of an instrument, or would take.
    pub(super) fn touches<'a>(&self, voices: &Voices<'a>, explanation: &Explanation) -> Vec<Touch<'a>> {
        let mut touches = Vec::new();
        if voices.readers.is_empty() {
            return touches;
        }
        for choice in &explanation.choices {
            for (loser, _) in choice.losers.iter().filter(|(_, criterion)| *criterion == Criterion::Protected) {
                let rule = voices.ranked.iter().map(|ranked| ranked.rule).find(|rule| Arc::ptr_eq(&rule.by, &loser.by));
                let Some(rule) = rule else { continue };
                let held = holders(rule, choice.aspect, &voices.readers, voices.declared);
                touches.extend(held.map(|(reader, labels)| touch(&rule.by, reader, labels, Outcome::HeldBack)));
            }
            for winner in &choice.winners {
                let rule = voices.ranked.iter().map(|ranked| ranked.rule).find(|rule| Arc::ptr_eq(&rule.by, &winner.by));
                let outcome = if rule.is_some_and(|rule| rule.guard.yields) { Outcome::CameLater } else { Outcome::Chosen };
                let losses = voices.readers.iter().filter_map(|reader| match (choice.aspect, rule) {
                    (Aspect::State, _) => (!explanation.decision.on).then(|| (*reader, Vec::new())),
                    (Aspect::Attributes, Some(rule)) if explanation.decision.on => {
                        let keys = &rule.says.attributes.as_ref()?.keys;
                        Some((*reader, reader.loses(keys, voices.declared))).filter(|(_, labels)| !labels.is_empty())
                    }
                    _ => None,
                });
                touches.extend(losses.map(|(reader, labels)| touch(&winner.by, reader, labels, outcome)));
            }
        }
        touches
    }
}

fn touch<'a>(by: &Arc<RuleRef>, reader: &'a Reader, labels: Vec<&'a str>, outcome: Outcome) -> Touch<'a> {
    Touch { by: Arc::clone(by), consumer: &reader.consumer, labels, outcome }
}

/// Who holds back what a rule says of an aspect, and for which labels.
fn holders<'a>(
    rule: &Placed<Arc<MetricRule>>,
    aspect: Aspect,
    readers: &[&'a Reader],
    declared: Option<&Declared>,
) -> impl Iterator<Item = (&'a Reader, Vec<&'a str>)> {
    readers.iter().filter(|reader| reader.protects_from(rule.guard)).filter_map(move |reader| match aspect {
        Aspect::State => (rule.says.state == State::Disabled).then(|| (*reader, Vec::new())),
        Aspect::Attributes => {
            let labels = reader.loses(&rule.says.attributes.as_ref()?.keys, declared);
            (!labels.is_empty()).then_some((*reader, labels))
        }
        _ => None,
    })
}

/// Whether a label that somebody uses goes when only some keys stay. Of an instrument whose attributes nobody declared, any label may
/// be one, unless Prometheus adds it itself.
fn is_lost(label: &str, keys: &Keys, declared: Option<&Declared>) -> bool {
    let plain = label.strip_prefix(EXPORTED).unwrap_or(label);
    let is_label = |key: &str| {
        let exposed = label_name(key, TranslationStrategy::default());
        [label, plain].iter().any(|label| *label == key || exposed.as_deref() == Some(*label))
    };
    if keys.drop.iter().any(|key| is_label(key)) {
        return true;
    }
    let Some(keep) = &keys.keep else { return false };
    let is_attribute = match declared.map(|declared| &declared.attributes).filter(|attributes| !attributes.is_empty()) {
        Some(attributes) => attributes.iter().any(|key| is_label(key)),
        None => !TARGET_LABELS.contains(&label) && !label.starts_with("otel_scope_"),
    };
    is_attribute && !keep.iter().any(|key| is_label(key))
}

/// Everyone whose reads name an instrument, each once.
pub(super) fn consumers<'a>(readers: &[&'a Reader]) -> Vec<&'a Consumer> {
    let mut consumers: Vec<&Consumer> = readers.iter().map(|reader| &*reader.consumer).collect();
    consumers.sort();
    consumers.dedup();
    consumers
}

#[cfg(test)]
mod tests;
