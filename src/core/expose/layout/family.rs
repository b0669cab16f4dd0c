//! The head of a family: its type, its names in each format, and who else wants them.
//! Knows one metric at a time; which of several wins is decided in `conflict`.

use crate::{
    expose::{
        ExposeOptions,
        escape::Escaping,
        names::{FamilyName, NameInput, metric_name},
    },
    model::instrument::Kind,
    state::visit::MetricInfo,
};

/// What a family is. The order is that of CF-02: of two types that as many components report, the first wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FamilyType {
    /// Explicit buckets.
    Histogram,
    /// Exponential buckets.
    NativeHistogram,
    /// Quantiles.
    Summary,
    /// A monotonic sum.
    Counter,
    /// One series per state, 0 or 1.
    StateSet,
    /// Labels are the message; the value is 1.
    Info,
    /// A value that may fall.
    Gauge,
    /// The sender does not know.
    Unknown,
}

impl FamilyType {
    /// The word used in conflicts and on pages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Histogram => "histogram",
            Self::NativeHistogram => "native histogram",
            Self::Summary => "summary",
            Self::Counter => "counter",
            Self::StateSet => "stateset",
            Self::Info => "info",
            Self::Gauge => "gauge",
            Self::Unknown => "unknown",
        }
    }

    /// TY-01, TY-02.
    fn of(metric: &MetricInfo) -> Self {
        match metric.instrument.kind {
            Kind::Counter => Self::Counter,
            Kind::Histogram => Self::Histogram,
            Kind::ExponentialHistogram => Self::NativeHistogram,
            Kind::Summary => Self::Summary,
            Kind::Gauge | Kind::UpDownCounter => match metric.prometheus_type.as_deref() {
                Some("info") => Self::Info,
                Some("stateset") => Self::StateSet,
                Some("unknown" | "unkown") => Self::Unknown,
                _ => Self::Gauge,
            },
        }
    }

    /// What its samples' names have behind the family's name, in any format.
    const fn suffixes(self) -> &'static [&'static str] {
        match self {
            Self::Histogram | Self::NativeHistogram => &["_bucket", "_sum", "_count", "_created"],
            Self::Summary => &["_sum", "_count", "_created"],
            Self::Counter => &["_total", "_created"],
            Self::Info => &["_info"],
            Self::StateSet | Self::Gauge | Self::Unknown => &[],
        }
    }
}

/// The names of a metric, translated and escaped.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::expose) struct Names {
    /// OpenMetrics' name of the family: without `_total`, `_info`.
    pub(in crate::expose) base: Box<str>,
    /// The name in the other formats.
    pub(in crate::expose) full: Box<str>,
    /// Both before escaping: `name[]` asks for these.
    pub(in crate::expose) asked: [Box<str>; 2],
    /// The unit in words, or empty.
    pub(in crate::expose) unit_word: Box<str>,
    /// The type.
    pub(in crate::expose) family_type: FamilyType,
}

impl Names {
    /// `None` when nothing of the name is left (NM-05).
    pub(in crate::expose) fn of(metric: &MetricInfo, options: &ExposeOptions, escaping: Escaping) -> Option<Self> {
        let family_type = FamilyType::of(metric);
        let has_unit = !matches!(family_type, FamilyType::Info | FamilyType::StateSet);
        let FamilyName { mut name, unit_word } = metric_name(&NameInput {
            name: metric.rename.as_deref().unwrap_or(&metric.instrument.name),
            unit: if has_unit { &metric.instrument.unit } else { "" },
            kind: metric.instrument.kind,
            strategy: options.strategy,
            ratio_suffix: options.ratio_suffix,
        })?;
        if family_type == FamilyType::Info && options.strategy.adds_suffixes() && !name.ends_with("_info") {
            name.push_str("_info");
        }
        let full = escaping.metric(&name).into_owned();
        let base = base_of(&full, family_type);
        // An info without its suffix has no name for its sample; a counter still is one, but for OpenMetrics.
        let family_type = if family_type == FamilyType::Info && base.is_none() { FamilyType::Gauge } else { family_type };
        Some(Self {
            asked: [base_of(&name, family_type).unwrap_or(&name).into(), name.as_str().into()],
            base: base.unwrap_or(&full).into(),
            full: full.as_str().into(),
            unit_word: unit_word.into(),
            family_type,
        })
    }

    /// Whether OpenMetrics can call it a counter: its samples must end in `_total` (OM-04).
    pub(in crate::expose) fn is_total(&self) -> bool {
        self.family_type == FamilyType::Counter && self.base != self.full
    }

    /// Every name that this family's samples or comments take, in any format (CF-07).
    pub(in crate::expose) fn taken(&self) -> impl Iterator<Item = String> + '_ {
        let is_plain_counter = self.family_type == FamilyType::Counter && !self.is_total();
        let suffixes = if is_plain_counter { &[] } else { self.family_type.suffixes() };
        [String::from(&*self.base)].into_iter().chain(suffixes.iter().map(|suffix| format!("{}{suffix}", self.base)))
    }
}

fn base_of(full: &str, family_type: FamilyType) -> Option<&str> {
    let suffix = match family_type {
        FamilyType::Counter => "_total",
        FamilyType::Info => "_info",
        _ => return None,
    };
    full.strip_suffix(suffix).filter(|base| !base.is_empty())
}
