//! The registry as Prometheus sees it: which series there are, from which metric they come, and which labels they have.
//! Knows the generated lists; no query and no dashboard.

use pointsman_core::{
    expose::names::{NameInput, TranslationStrategy, metric_name},
    model::instrument::Kind as Exposed,
};
use pointsman_instrument::{
    metric::{Kind, Meta},
    semconv,
};
use std::collections::BTreeMap;

/// Every metric that dashboards may read, by its name in Prometheus.
pub(crate) struct Metrics(BTreeMap<String, &'static Meta>);

impl Metrics {
    /// Those of the operator and our own. Old names are for rules of others: nothing that we ship here reads them.
    pub(crate) fn load() -> Self {
        let metas = semconv::mco::METRICS.iter().chain(&semconv::pointsman::METRICS);
        Self(metas.filter_map(|meta| Some((name(meta)?, *meta))).collect())
    }

    /// The metric that a series comes from.
    pub(crate) fn find(&self, series: &str) -> Option<&'static Meta> {
        let base = ["_bucket", "_sum", "_count"].iter().filter_map(|end| series.strip_suffix(end));
        let of_histogram = base.filter_map(|base| self.0.get(base)).find(|meta| meta.kind == Kind::Histogram);
        self.0.get(series).or(of_histogram).copied()
    }

    /// Whether a metric has this name in OpenTelemetry.
    pub(crate) fn is_otel(&self, name: &str) -> bool {
        self.0.values().any(|meta| meta.name == name)
    }
}

/// What an attribute is called as a label.
pub(crate) fn label(key: &str) -> String {
    key.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "_")
}

/// What Prometheus calls it; nothing where it cannot be exposed.
pub(crate) fn name(meta: &Meta) -> Option<String> {
    let kind = match meta.kind {
        Kind::Counter => Exposed::Counter,
        Kind::UpDownCounter => Exposed::UpDownCounter,
        Kind::Gauge => Exposed::Gauge,
        Kind::Histogram => Exposed::Histogram,
    };
    let strategy = TranslationStrategy::default();
    metric_name(&NameInput { name: meta.name, unit: meta.unit, kind, strategy, ratio_suffix: true }).map(|family| family.name)
}
