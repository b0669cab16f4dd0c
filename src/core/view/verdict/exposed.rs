//! The names under which an instrument stands in a scrape, and what each part of them was added for.
//! Asks the one place that translates names; knows no series.

use super::{Naming, answer::Exposed};
use crate::{
    expose::names::{NameInput, metric_name},
    model::instrument::{Instrument, Kind},
};

/// Every sample name of an instrument, and why they are not just its own name.
pub(super) fn exposed(instrument: &Instrument, rename: Option<&str>, naming: Naming) -> Option<Exposed> {
    let name = rename.unwrap_or(&instrument.name);
    let Naming { strategy, ratio_suffix } = naming;
    let input = NameInput { name, unit: &instrument.unit, kind: instrument.kind, strategy, ratio_suffix };
    let family = metric_name(&input)?;
    let bare = metric_name(&NameInput { unit: "", kind: Kind::Summary, ..input })?;
    let mut because = Vec::new();
    if rename.is_some() {
        because.push(format!("renamed from {}", instrument.name));
    }
    if strategy.escapes() && !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':')) {
        because.push("other characters than letters, digits and : become _".to_owned());
    }
    let added = |suffix: &str| family.name.ends_with(suffix) && !bare.name.ends_with(suffix);
    let ending = match instrument.kind {
        Kind::Counter if added("_total") => "_total",
        Kind::Gauge if added("_ratio") => "_ratio",
        _ => "",
    };
    let stem = family.name.strip_suffix(ending).unwrap_or(&family.name);
    let unit = format!("_{}", family.unit_word);
    if !family.unit_word.is_empty() && stem.ends_with(&unit) && !bare.name.ends_with(&unit) {
        because.push(format!("{unit}: unit {}", instrument.unit));
    }
    match ending {
        "_total" => because.push("_total: a counter".to_owned()),
        "_ratio" => because.push("_ratio: a gauge of unit 1".to_owned()),
        _ => {}
    }
    let (suffixes, why) = samples(instrument.kind);
    because.extend((!why.is_empty()).then(|| why.to_owned()));
    Some(Exposed { names: suffixes.iter().map(|suffix| format!("{}{suffix}", family.name)).collect(), because })
}

/// What samples of a family end in.
const fn samples(kind: Kind) -> (&'static [&'static str], &'static str) {
    match kind {
        Kind::Histogram | Kind::ExponentialHistogram => (
            &["_bucket", "_sum", "_count"],
            "_bucket, _sum, _count: a histogram; formats with native histograms need only one name",
        ),
        Kind::Summary => (&["", "_sum", "_count"], "_sum, _count: a summary, its quantiles under the bare name"),
        Kind::Counter | Kind::UpDownCounter | Kind::Gauge => (&[""], ""),
    }
}
