//! Where OpenMetrics 1.0 is stricter than Prometheus text: exemplars, sums, infos and state sets.
//! Called by the text writer, which writes the lines.

use super::{
    escape::{is_legacy_label_name, push_name, push_value},
    exemplar::{labels_of, latest, latest_within},
    layout::FamilyType,
    number::{push_number, push_seconds},
    text::Given,
};
use crate::{
    model::point::{Exemplar, Histogram},
    state::visit::Value,
};

#[cfg(test)]
mod tests;

/// Characters of an exemplar's label names and values together.
const EXEMPLAR_CHARS_MAX: usize = 128;

/// OM-11: an info is 1, a state is 0 or 1 and has a label of the family's name.
pub(super) fn fits(given: Given<'_>) -> bool {
    let names = &given.family.names;
    let value = match given.series.value {
        Value::Number(number) => number.as_f64(),
        Value::Histogram(_) | Value::Exponential(_) | Value::Summary(_) => return true,
    };
    let is = |wanted: f64| value.to_bits() == wanted.to_bits();
    match names.family_type {
        FamilyType::Info => is(1.0),
        FamilyType::StateSet => {
            let mut labels = given.planned.plan.labels(given.series);
            (is(0.0) || is(1.0)) && labels.any(|(slot, _)| *slot.name == *names.base)
        }
        _ => true,
    }
}

/// TY-13, OM-09: a sum is a counter's value, so there is none when observations may be negative.
pub(super) fn may_have_sum(histogram: &Histogram, sum: f64) -> bool {
    sum >= 0.0 && histogram.bounds.iter().all(|bound| *bound >= 0.0)
}

/// Appends the latest exemplar of a counter.
pub(super) fn push_latest(out: &mut Vec<u8>, given: Given<'_>) {
    if let Some(exemplar) = latest(given.series.exemplars.iter()) {
        push_exemplar(out, given, exemplar);
    }
}

/// Appends the latest exemplar of a bucket.
pub(super) fn push_within(out: &mut Vec<u8>, given: Given<'_>, above: f64, le: f64) {
    if let Some(exemplar) = latest_within(given.series.exemplars, above, le) {
        push_exemplar(out, given, exemplar);
    }
}

fn push_exemplar(out: &mut Vec<u8>, given: Given<'_>, exemplar: &Exemplar) {
    out.extend_from_slice(b" # {");
    for (i, (name, text)) in labels_of(exemplar, given.labeller, Some(EXEMPLAR_CHARS_MAX)).iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        push_name(out, name, is_legacy_label_name(name));
        out.extend_from_slice(b"=\"");
        push_value(out, text);
        out.push(b'"');
    }
    out.extend_from_slice(b"} ");
    push_number(out, exemplar.value);
    if exemplar.time > 0 {
        out.push(b' ');
        push_seconds(out, exemplar.time);
    }
}
