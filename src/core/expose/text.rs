//! The text formats: Prometheus 0.0.4 and 1.0.0, and OpenMetrics where `openmetrics` says that it differs.
//! Appends bytes; the walk over the store and the choice of labels are others' work.

use super::{
    classic::classic,
    escape::{is_legacy_metric_name, push_help, push_name, push_value},
    labels::{Plan, Sides},
    layout::{Family, FamilyType, Labeller},
    number::{push_canonical, push_f64, push_number, push_u64},
    openmetrics,
    scrape::Planned,
};
use crate::{
    model::point::{Histogram, Number, Summary},
    state::visit::{Series, Value},
};

#[cfg(test)]
mod tests;

/// Writes one text format.
#[derive(Debug)]
pub(super) struct TextWriter {
    is_openmetrics: bool,
    needs_head: bool,
    sample: Sample,     // of the family's plain samples
    parts: [Sample; 4], // `_bucket`, `_sum`, `_count`, `_created`
}

/// A sample's name, as a line begins with it.
#[derive(Debug, Default)]
struct Sample {
    open: Vec<u8>, // labels follow
    bare: Vec<u8>, // no labels follow
}

const BUCKET: usize = 0;
const SUM: usize = 1;
const COUNT: usize = 2;
const CREATED: usize = 3;

/// What a series is written with.
#[derive(Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) labeller: Labeller<'a>,
    pub(super) family: &'a Family,
    pub(super) planned: &'a Planned,
    pub(super) series: &'a Series<'a>,
}

impl TextWriter {
    pub(super) fn new(is_openmetrics: bool) -> Self {
        Self { is_openmetrics, needs_head: false, sample: Sample::default(), parts: Default::default() }
    }

    /// Writes target info; labels are constant.
    pub(super) fn targets(&mut self, out: &mut Vec<u8>, targets: impl Iterator<Item = Plan>) {
        let (family, word) = if self.is_openmetrics { ("target", "info") } else { ("target_info", "gauge") };
        let mut needs_head = true;
        for plan in targets {
            if std::mem::take(&mut needs_head) {
                self.head(out, family, word, ["", "Target metadata"]);
            }
            out.extend_from_slice(b"target_info{");
            let mut sides = Sides::default();
            sides.compile(&plan);
            out.extend_from_slice(sides.before.text());
            out.extend_from_slice(b"} 1\n");
        }
    }

    pub(super) fn begin(&mut self, family: &Family) {
        let names = &family.names;
        self.needs_head = true;
        self.sample = Sample::new(&names.full);
        let name = |suffix: &str| Sample::new(&format!("{}{suffix}", names.base));
        self.parts = [name("_bucket"), name("_sum"), name("_count"), name("_created")];
    }

    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if self.is_openmetrics {
            out.extend_from_slice(b"# EOF\n");
        }
    }

    /// Writes the lines of a series; `false` when the format has no place for its value.
    #[inline]
    pub(super) fn series(&mut self, out: &mut Vec<u8>, given: Given<'_>) -> bool {
        if self.is_openmetrics && !openmetrics::fits(given) {
            return false;
        }
        if std::mem::take(&mut self.needs_head) {
            self.family_head(out, given.family);
        }
        match given.series.value {
            Value::Number(value) => self.number(out, given, value),
            Value::Histogram(histogram) => self.histogram(out, given, histogram),
            Value::Exponential(histogram) => self.histogram(out, given, &classic(histogram, given.series.bounds)),
            Value::Summary(summary) => self.summary(out, given, summary),
        }
        true
    }

    #[inline]
    fn number(&self, out: &mut Vec<u8>, given: Given<'_>, value: Number) {
        self.start(out, &self.sample, given, None);
        push_number(out, value);
        if self.is_openmetrics && given.family.names.is_total() {
            openmetrics::push_latest(out, given);
            out.push(b'\n');
            self.created(out, given);
        } else {
            out.push(b'\n');
        }
    }

    fn histogram(&self, out: &mut Vec<u8>, given: Given<'_>, histogram: &Histogram) {
        let mut above = f64::NEG_INFINITY;
        let mut total = 0u64;
        let last = (f64::INFINITY, None);
        let finite = histogram.bounds.iter().copied().zip(histogram.counts.iter().copied().map(Some));
        for (le, count) in finite.chain([last]) {
            // TY-08: the last one is the count, whatever the buckets say.
            total = count.map_or(histogram.count, |count| total.saturating_add(count));
            self.start_line(out, BUCKET, given, Some(("le", le)));
            push_u64(out, total);
            if self.is_openmetrics {
                openmetrics::push_within(out, given, above, le);
            }
            out.push(b'\n');
            above = le;
        }
        let sum = histogram.sum.filter(|sum| !self.is_openmetrics || openmetrics::may_have_sum(histogram, *sum));
        if let Some(sum) = sum {
            self.start_line(out, SUM, given, None);
            push_f64(out, sum);
            out.push(b'\n');
        }
        if sum.is_some() || !self.is_openmetrics {
            self.start_line(out, COUNT, given, None);
            push_u64(out, histogram.count);
            out.push(b'\n');
        }
        self.created(out, given);
    }

    fn summary(&self, out: &mut Vec<u8>, given: Given<'_>, summary: &Summary) {
        for (quantile, value) in &summary.quantiles {
            self.start(out, &self.sample, given, Some(("quantile", *quantile)));
            push_f64(out, *value);
            out.push(b'\n');
        }
        if !self.is_openmetrics || summary.sum >= 0.0 {
            self.start_line(out, SUM, given, None);
            push_f64(out, summary.sum);
            out.push(b'\n');
        }
        self.start_line(out, COUNT, given, None);
        push_u64(out, summary.count);
        out.push(b'\n');
        self.created(out, given);
    }

    fn created(&self, out: &mut Vec<u8>, given: Given<'_>) {
        if self.is_openmetrics
            && let Some(start) = given.created()
        {
            self.start_line(out, CREATED, given, None);
            super::number::push_seconds(out, start);
            out.push(b'\n');
        }
    }

    fn start_line(&self, out: &mut Vec<u8>, part: usize, given: Given<'_>, special: Option<(&str, f64)>) {
        if let Some(sample) = self.parts.get(part) {
            self.start(out, sample, given, special);
        }
    }

    /// Everything of a line up to its value.
    #[inline]
    fn start(&self, out: &mut Vec<u8>, sample: &Sample, given: Given<'_>, special: Option<(&str, f64)>) {
        let Sides { before, after } = &given.planned.sides;
        let (before, after) = (before.text(), after.text());
        if special.is_none() && before.is_empty() && after.is_empty() {
            out.extend_from_slice(&sample.bare);
            out.push(b' ');
            return;
        }
        out.extend_from_slice(&sample.open);
        out.extend_from_slice(before);
        if let Some((name, value)) = special {
            if !before.is_empty() {
                out.push(b',');
            }
            self.push_special(out, name, value);
        }
        if !after.is_empty() {
            if special.is_some() || !before.is_empty() {
                out.push(b',');
            }
            out.extend_from_slice(after);
        }
        out.extend_from_slice(b"} ");
    }

    fn push_special(&self, out: &mut Vec<u8>, name: &str, value: f64) {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"=\"");
        if self.is_openmetrics {
            push_canonical(out, value)
        } else {
            push_f64(out, value)
        }
        out.push(b'"');
    }

    fn family_head(&self, out: &mut Vec<u8>, family: &Family) {
        let names = &family.names;
        let word = match names.family_type {
            FamilyType::Histogram | FamilyType::NativeHistogram => "histogram",
            FamilyType::Summary => "summary",
            FamilyType::Counter if self.is_openmetrics && !names.is_total() => "unknown",
            FamilyType::Counter => "counter",
            FamilyType::StateSet if self.is_openmetrics => "stateset",
            FamilyType::Info if self.is_openmetrics => "info",
            FamilyType::StateSet | FamilyType::Info | FamilyType::Gauge => "gauge",
            FamilyType::Unknown if self.is_openmetrics => "unknown",
            FamilyType::Unknown => "untyped",
        };
        let name = if self.is_openmetrics { &names.base } else { &names.full };
        self.head(out, name, word, [&family.unit, &family.help]);
    }

    /// OpenMetrics: TYPE, UNIT, HELP; Prometheus text: HELP, TYPE.
    fn head(&self, out: &mut Vec<u8>, name: &str, word: &str, [unit, help]: [&str; 2]) {
        let is_legacy = is_legacy_metric_name(name);
        let mut line = |keyword: &str, write: &dyn Fn(&mut Vec<u8>)| {
            out.extend_from_slice(keyword.as_bytes());
            push_name(out, name, is_legacy);
            out.push(b' ');
            write(out);
            out.push(b'\n');
        };
        if self.is_openmetrics {
            line("# TYPE ", &|out| out.extend_from_slice(word.as_bytes()));
            if !unit.is_empty() {
                line("# UNIT ", &|out| out.extend_from_slice(unit.as_bytes()));
            }
            if !help.is_empty() {
                line("# HELP ", &|out| push_value(out, help));
            }
        } else {
            if !help.is_empty() {
                line("# HELP ", &|out| push_help(out, help));
            }
            line("# TYPE ", &|out| out.extend_from_slice(word.as_bytes()));
        }
    }
}

impl Given<'_> {
    /// When the series began, where that is known: a start at the point's own time only says that it is not (TM-04).
    pub(super) fn created(&self) -> Option<u64> {
        Some(self.series.start).filter(|start| *start > 0 && *start < self.series.time)
    }
}

impl Sample {
    fn new(name: &str) -> Self {
        let is_legacy = is_legacy_metric_name(name);
        let mut bare = Vec::with_capacity(name.len().saturating_add(4));
        if !is_legacy {
            bare.push(b'{');
        }
        push_name(&mut bare, name, is_legacy);
        let mut open = bare.clone();
        open.push(if is_legacy { b'{' } else { b',' });
        if !is_legacy {
            bare.push(b'}');
        }
        Self { open, bare }
    }
}
