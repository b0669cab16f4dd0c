//! What keeps watches from their work, as faults: an API server that is away is one fault, a missing right is one each.
//! Knows no table: only where each watch stands.

use crate::kubernetes::{follow::Trouble, objects::Kind};
use pointsman_core::{
    fault::{Fault, Place, code::Code},
    model::clock::Wall,
    view::time::format_time,
};

/// A kind, what keeps its watch from its work and since when, and how many objects are beyond its cap.
type Stand = (&'static Kind, Option<(Trouble, Wall)>, usize);

pub(super) fn faults(stands: &[Stand]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let troubles = || stands.iter().filter_map(|(kind, trouble, _)| trouble.as_ref().map(|(t, since)| (*kind, t, *since)));
    let away = troubles().filter_map(|(kind, trouble, since)| match trouble {
        Trouble::Away { why } => Some((since, kind.plural, why)),
        Trouble::Missing | Trouble::Forbidden { .. } => None,
    });
    faults.extend(away.min().map(|(since, plural, why)| {
        let since = format!("{} ({plural}: {why})", format_time(since));
        Fault::new(Code::ApiServerAway, Place::Nowhere, &[&since])
    }));
    let missing = troubles().filter(|(_, trouble, _)| **trouble == Trouble::Missing);
    let missing: Vec<String> = missing.map(|(kind, ..)| kind.resource()).collect();
    if !missing.is_empty() {
        faults.push(Fault::new(Code::MissingDefinitions, Place::Nowhere, &["missing", &missing.join(", ")]));
    }
    faults.extend(troubles().filter_map(|(kind, trouble, _)| match trouble {
        Trouble::Forbidden { verb } => Some(Fault::new(Code::MissingRight, Place::Nowhere, &[verb, &kind.resource()])),
        Trouble::Away { .. } | Trouble::Missing => None,
    }));
    faults.extend(stands.iter().filter(|(.., left_out)| *left_out > 0).map(|(kind, _, left_out)| {
        let found = kind.objects_max.saturating_add(*left_out).to_string();
        Fault::new(Code::TooMany, Place::Nowhere, &["the cluster", &found, kind.plural, &kind.objects_max.to_string()])
    }));
    faults
}
