//! Which exemplar stands at a sample, and under which labels: the latest, with its trace id before all else.
//! Knows the limit a format may set, not how a format writes.

use super::layout::Labeller;
use crate::model::point::Exemplar;
use std::{collections::BTreeMap, sync::Arc};

#[cfg(test)]
mod tests;

/// Labels of an exemplar, by name.
pub(super) type ExemplarLabels = BTreeMap<Arc<str>, String>;

/// The newest of them; of equally new ones always the same.
pub(super) fn latest<'a>(exemplars: impl Iterator<Item = &'a Exemplar>) -> Option<&'a Exemplar> {
    exemplars.max_by(|a, b| {
        let rank = |exemplar: &'a Exemplar| (exemplar.time, exemplar.trace_id, exemplar.span_id);
        rank(a).cmp(&rank(b)).then_with(|| a.value.as_f64().total_cmp(&b.value.as_f64()))
    })
}

/// The newest whose value lies above `above` and not over `le` (EX-07).
pub(super) fn latest_within(exemplars: &[Exemplar], above: f64, le: f64) -> Option<&Exemplar> {
    latest(exemplars.iter().filter(|exemplar| {
        let value = exemplar.value.as_f64();
        (value > above || above == f64::NEG_INFINITY) && value <= le
    }))
}

/// The labels: ids win over attributes of their name (EX-02); attributes go, the largest first, until names and values
/// have at most `limit` characters (EX-04).
pub(super) fn labels_of(exemplar: &Exemplar, labeller: Labeller<'_>, limit: Option<usize>) -> ExemplarLabels {
    let mut attributes: Vec<(Arc<str>, &str, &str)> = exemplar
        .attributes
        .iter()
        .filter_map(|(key, text)| Some((labeller.name(key)?, &**key, &**text)))
        .filter(|(name, _, _)| !matches!(&**name, "trace_id" | "span_id"))
        .collect();
    attributes.sort_unstable();
    let mut labels = ExemplarLabels::new();
    for (name, _, text) in attributes {
        labels.entry(name).and_modify(|joined| *joined = format!("{joined};{text}")).or_insert_with(|| text.to_owned());
    }
    labels.retain(|_, text| !text.is_empty());
    let ids = [("trace_id", exemplar.trace_id.map(|id| hex(&id))), ("span_id", exemplar.span_id.map(|id| hex(&id)))];
    let size = |name: &str, text: &str| name.chars().count().saturating_add(text.chars().count());
    let of_ids: usize = ids.iter().map(|(name, id)| id.as_ref().map_or(0, |id| size(name, id))).sum();
    if let Some(limit) = limit {
        let mut total = labels.iter().fold(of_ids, |total, (name, text)| total.saturating_add(size(name, text)));
        while total > limit
            && let Some(largest) = labels.iter().max_by_key(|(name, text)| size(name, text)).map(|(name, _)| name.clone())
        {
            let text = labels.remove(&largest).unwrap_or_default();
            total = total.saturating_sub(size(&largest, &text));
        }
    }
    labels.extend(ids.into_iter().filter_map(|(name, id)| Some((name.into(), id?))));
    labels
}

fn hex(id: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    id.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}
