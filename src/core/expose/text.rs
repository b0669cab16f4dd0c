//! The text formats: Prometheus 0.0.4 and 1.0.0, and OpenMetrics where it differs.
//! Appends bytes; the walk over the store and the choice of labels are others' work.

use super::{
    escape::{is_legacy_metric_name, push_help, push_name, push_value},
    labels::{Plan, TextProgram, push_pairs},
    layout::{Family, FamilyType},
    number::{push_canonical, push_f64, push_number, push_u64},
    scrape::Planned,
};
use crate::{
    model::point::{ExpHistogram, Histogram, Number, Summary},
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
    before: Vec<u8>,    // label pairs of the series at hand before `le` or `quantile`
    after: Vec<u8>,     // and behind it
}

/// A sample's name, as a line begins with it.
#[derive(Debug, Default)]
struct Sample {
    open: Vec<u8>, // labels follow
    bare: Vec<u8>, // no labels follow
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

const BUCKET: usize = 0;
const SUM: usize = 1;
const COUNT: usize = 2;
const CREATED: usize = 3;

impl TextWriter {
    pub(super) fn new(is_openmetrics: bool) -> Self {
        Self {
            is_openmetrics,
            needs_head: false,
            sample: Sample::default(),
            parts: Default::default(),
            before: Vec::new(),
            after: Vec::new(),
        }
    }

    /// Writes target info; labels are constant.
    pub(super) fn targets(&mut self, out: &mut Vec<u8>, targets: impl Iterator<Item = Plan>) {
        let (family, word) = if self.is_openmetrics { ("target", "info") } else { ("target_info", "gauge") };
        let mut is_first = true;
        for plan in targets {
            if std::mem::take(&mut is_first) {
                self.head(out, family, word, ["", "Target metadata"]);
            }
            out.extend_from_slice(b"target_info");
            let program = TextProgram::new(&plan.slots);
            out.push(b'{');
            program.write_constants(out);
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

    #[inline]
    pub(super) fn series(&mut self, out: &mut Vec<u8>, family: &Family, planned: &Planned, series: &Series<'_>) -> bool {
        if self.needs_head {
            self.needs_head = false;
            self.family_head(out, family);
        }
        match series.value {
            Value::Number(value) => self.number(out, planned, series, value),
            _ => return false,
        }
        true
    }

    fn number(&mut self, out: &mut Vec<u8>, planned: &Planned, series: &Series<'_>, value: Number) {
        let start = out.len();
        out.extend_from_slice(&self.sample.open);
        let labels = out.len();
        if !planned.program.write(out, series) {
            out.truncate(labels);
            push_pairs(out, planned.plan.labels(series));
        }
        if out.len() == labels {
            out.truncate(start);
            out.extend_from_slice(&self.sample.bare);
            out.push(b' ');
        } else {
            out.extend_from_slice(b"} ");
        }
        push_number(out, value);
        out.push(b'\n');
    }

    fn family_head(&self, out: &mut Vec<u8>, family: &Family) {
        let names = &family.names;
        let word = match names.family_type {
            FamilyType::Histogram | FamilyType::NativeHistogram => "histogram",
            FamilyType::Summary => "summary",
            FamilyType::Counter if self.is_openmetrics && !names.has_base() => "unknown",
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
