//! Who wins when several metrics want one family, or families one name: a function of what is visible, never of arrival.
//! Knows counts and types only; the caller builds families from the winners.

use super::family::{FamilyType, Names};
use crate::{limits::CONFLICTS_MAX, model::component::ComponentKey};
use std::collections::{BTreeMap, BTreeSet};

/// What was wanted twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConflictKind {
    /// One family, two types: the loser is not exposed (CF-02).
    Type,
    /// Two families whose samples share a name: the loser is not exposed (CF-07).
    Clash,
    /// One family, two descriptions: one is shown (CF-03).
    Help,
    /// One family, two units: none is shown (CF-05).
    Unit,
    /// One job and instance, two resources: the loser's target info is not exposed (RS-05).
    Target,
}

impl ConflictKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Type, Self::Clash, Self::Help, Self::Unit, Self::Target];

    /// The word for it in attributes, logs and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Clash => "clash",
            Self::Help => "help",
            Self::Unit => "unit",
            Self::Target => "target",
        }
    }
}

/// One side of a conflict.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Party {
    /// Who sent it.
    pub component: ComponentKey,
    /// The OTLP name; empty for target info.
    pub metric: Box<str>,
    /// What it wanted: a type, a description, a unit, or the family it clashes with.
    pub wanted: Box<str>,
}

/// Two parties that cannot both have what they want.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conflict {
    /// The family, as exposed.
    pub family: Box<str>,
    /// What about it.
    pub kind: ConflictKind,
    /// Who won.
    pub kept: Party,
    /// Who lost.
    pub lost: Party,
}

/// All conflicts of a layout, each once, at most so many that a flood of names cannot fill memory.
#[derive(Clone, Debug, Default)]
pub struct Conflicts {
    /// The first of them, in order.
    pub list: Vec<Conflict>,
    /// How many more there were.
    pub left_out: usize,
    seen: BTreeSet<Conflict>,
}

impl Conflicts {
    pub(super) fn push(&mut self, conflict: Conflict) {
        if self.seen.len() >= CONFLICTS_MAX {
            self.left_out = self.left_out.saturating_add(usize::from(!self.seen.contains(&conflict)));
        } else {
            self.seen.insert(conflict);
        }
    }

    pub(super) fn finish(mut self) -> Self {
        self.list = std::mem::take(&mut self.seen).into_iter().collect();
        self
    }
}

/// A metric that wants to be (part of) a family.
#[derive(Clone, Copy, Debug)]
pub(super) struct Candidate<'a> {
    pub(super) stream: usize,
    pub(super) names: &'a Names,
    pub(super) component: &'a ComponentKey,
    pub(super) metric: &'a str,
}

impl Candidate<'_> {
    pub(super) fn wants(&self, wanted: &str) -> Party {
        Party { component: self.component.clone(), metric: self.metric.into(), wanted: wanted.into() }
    }

    fn wants_type(&self) -> Party {
        self.wants(self.names.family_type.as_str())
    }
}

/// A family whose type is settled.
#[derive(Debug)]
pub(super) struct Settled<'a> {
    pub(super) candidates: Vec<Candidate<'a>>, // never empty, all of one type
    components: usize,
}

impl<'a> Settled<'a> {
    pub(super) fn names(&self) -> Option<&'a Names> {
        self.candidates.first().map(|candidate| candidate.names)
    }
}

/// Of the candidates for one family those whose type wins (CF-02).
pub(super) fn settle_type<'a>(candidates: &[Candidate<'a>], conflicts: &mut Conflicts) -> Settled<'a> {
    let mut components: BTreeMap<FamilyType, BTreeSet<&ComponentKey>> = BTreeMap::new();
    for candidate in candidates {
        components.entry(candidate.names.family_type).or_default().insert(candidate.component);
    }
    // The first of equals wins: `max_by_key` would take the last.
    let winner = components.iter().rev().max_by_key(|(_, reporters)| reporters.len());
    let (winner, reporters) = winner.map_or((FamilyType::Unknown, 0), |(family_type, reporters)| (*family_type, reporters.len()));
    let (kept, lost): (Vec<Candidate<'a>>, Vec<Candidate<'a>>) =
        candidates.iter().partition(|candidate| candidate.names.family_type == winner);
    let first = kept.iter().filter(|_| !lost.is_empty()).min_by_key(|candidate| (candidate.component, candidate.metric));
    if let Some(first) = first {
        for loser in lost {
            let family = loser.names.full.clone();
            let kept = first.wants_type();
            conflicts.push(Conflict { family, kind: ConflictKind::Type, kept, lost: loser.wants_type() });
        }
    }
    Settled { candidates: kept, components: reporters }
}

/// Of all families those that share no name with a stronger one (CF-07). `reserved` names are never given away.
pub(super) fn settle_names<'a>(mut families: Vec<Settled<'a>>, reserved: &[&str], conflicts: &mut Conflicts) -> Vec<Settled<'a>> {
    families.sort_by(|a, b| {
        let rank = |family: &Settled<'a>| family.names().map(|names| (names.family_type, &names.base));
        b.components.cmp(&a.components).then_with(|| rank(a).cmp(&rank(b)))
    });
    let mut owners: BTreeMap<String, usize> = BTreeMap::new();
    let mut kept: Vec<Settled<'a>> = Vec::with_capacity(families.len());
    for family in families {
        let Some(names) = family.names() else { continue };
        let taken: Vec<String> = names.taken().collect();
        let rival = taken.iter().find_map(|name| owners.get(name)).and_then(|owner| kept.get(*owner));
        let is_reserved = taken.iter().any(|name| reserved.contains(&name.as_str()));
        if let Some(winner) = rival
            .and_then(|rival| rival.candidates.first())
            .or(family.candidates.first())
            .filter(|_| rival.is_some() || is_reserved)
        {
            let wanted = if rival.is_some() { &*winner.names.full } else { "target_info" };
            for loser in &family.candidates {
                let conflict = Conflict {
                    family: names.full.clone(),
                    kind: ConflictKind::Clash,
                    kept: winner.wants(wanted),
                    lost: loser.wants(&names.full),
                };
                conflicts.push(conflict);
            }
            continue;
        }
        owners.extend(taken.into_iter().map(|name| (name, kept.len())));
        kept.push(family);
    }
    kept
}
