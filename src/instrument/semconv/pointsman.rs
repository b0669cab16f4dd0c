// DO NOT EDIT: rendered from otel/registry by tests/it/semconv.rs (UPDATE_EXPECT=1 cargo test --test it semconv).
//! Metrics, spans and events of `pointsman`: one type each, whose fields are its attributes.
//! Knows what they are called, not who sends them.

use crate::{
    metric::{Kind, Level, Meta, Metric},
    metric::Distribution,
    span::Span,
    semconv::attribute,
};
use opentelemetry::{KeyValue, StringValue};
use std::borrow::Cow;

/// What is known of every metric here, in the registry's order.
pub const METRICS: [&Meta; 54] = [
    &PipelineReceived::META,
    &PipelineExported::META,
    &PipelineDropped::META,
    &PipelineQueue::META,
    &SeriesActive::META,
    &MetricSeriesLimited::META,
    &MetricEnabled::META,
    &ViewSuppressed::META,
    &ComponentPushAge::META,
    &InstrumentUncatalogued::META,
    &ViewConditionStatus::META,
    &ViewExpiresIn::META,
    &ConsumerInputOff::META,
    &TraceExports::META,
    &ViewFaults::META,
    &ReconcileCount::META,
    &ReconcileDuration::META,
    &ReconcileErrors::META,
    &ScrapeDuration::META,
    &ScrapeSize::META,
    &ScrapeOmitted::META,
    &PointAdjusted::META,
    &LimitHits::META,
    &ExpositionConflicts::META,
    &BuildInfo::META,
    &TransportInsecure::META,
    &TlsCertificateExpiry::META,
    &TlsReload::META,
    &TlsHandshake::META,
    &AccessAnswers::META,
    &AccessRefused::META,
    &TraceSent::META,
    &TraceDropped::META,
    &TraceRetries::META,
    &TraceQueueUsage::META,
    &TraceQueueLimit::META,
    &ViewAge::META,
    &ClusterObjects::META,
    &ClusterErrors::META,
    &ClusterWrites::META,
    &ClusterLeaseHeld::META,
    &SyncAgents::META,
    &SyncOffers::META,
    &SyncRefused::META,
    &SyncStale::META,
    &SyncDuration::META,
    &InstrumentGates::META,
    &InstrumentPoints::META,
    &InstrumentSize::META,
    &PlanSource::META,
    &WatchEvents::META,
    &WatchErrors::META,
    &WatchLag::META,
    &WatchCacheObjects::META,
];

/// Points and spans that came in. Counter `pointsman.pipeline.received`, unit `{point}`.
#[derive(Clone, Debug)]
pub struct PipelineReceived {
    /// Which signal.
    pub signal: attribute::PointsmanSignal,
}

impl Metric for PipelineReceived {
    const META: Meta = Meta {
        name: "pointsman.pipeline.received",
        kind: Kind::Counter,
        unit: "{point}",
        brief: "Points and spans that came in.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_SIGNAL],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_SIGNAL, self.signal),
        ]
    }
}

/// Series written to scrapes, and spans taken by a back end. Counter `pointsman.pipeline.exported`, unit `{point}`.
#[derive(Clone, Debug)]
pub struct PipelineExported {
    /// Which signal.
    pub signal: attribute::PointsmanSignal,
}

impl Metric for PipelineExported {
    const META: Meta = Meta {
        name: "pointsman.pipeline.exported",
        kind: Kind::Counter,
        unit: "{point}",
        brief: "Series written to scrapes, and spans taken by a back end.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_SIGNAL],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_SIGNAL, self.signal),
        ]
    }
}

/// Points and spans that went no further, by reason. Counter `pointsman.pipeline.dropped`, unit `{point}`.
#[derive(Clone, Debug)]
pub struct PipelineDropped {
    /// Which signal.
    pub signal: attribute::PointsmanSignal,
    /// Why it went no further.
    pub drop_reason: attribute::PointsmanDropReason,
}

impl Metric for PipelineDropped {
    const META: Meta = Meta {
        name: "pointsman.pipeline.dropped",
        kind: Kind::Counter,
        unit: "{point}",
        brief: "Points and spans that went no further, by reason.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_SIGNAL, attribute::POINTSMAN_DROP_REASON],
    };
    type Value = u64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_SIGNAL, self.signal),
            KeyValue::new(attribute::POINTSMAN_DROP_REASON, self.drop_reason),
        ]
    }
}

/// Points and spans that wait to go out. UpDownCounter `pointsman.pipeline.queue`, unit `{point}`.
#[derive(Clone, Debug)]
pub struct PipelineQueue {
    /// Which signal.
    pub signal: attribute::PointsmanSignal,
}

impl Metric for PipelineQueue {
    const META: Meta = Meta {
        name: "pointsman.pipeline.queue",
        kind: Kind::UpDownCounter,
        unit: "{point}",
        brief: "Points and spans that wait to go out.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_SIGNAL],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_SIGNAL, self.signal),
        ]
    }
}

/// Series held, by component. UpDownCounter `pointsman.series.active`, unit `{series}`.
#[derive(Clone, Debug)]
pub struct SeriesActive {
    /// Namespace and name of the component.
    pub component_name: StringValue,
}

impl Metric for SeriesActive {
    const META: Meta = Meta {
        name: "pointsman.series.active",
        kind: Kind::UpDownCounter,
        unit: "{series}",
        brief: "Series held, by component.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 1000,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_COMPONENT_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_COMPONENT_NAME, self.component_name),
        ]
    }
}

/// Points that went to an overflow series because a cardinality limit bit. Counter `pointsman.metric.series.limited`, unit `{series}`.
#[derive(Clone, Debug)]
pub struct MetricSeriesLimited {
    /// OTLP name of the metric.
    pub metric_name: StringValue,
}

impl Metric for MetricSeriesLimited {
    const META: Meta = Meta {
        name: "pointsman.metric.series.limited",
        kind: Kind::Counter,
        unit: "{series}",
        brief: "Points that went to an overflow series because a cardinality limit bit.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 500,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_METRIC_NAME],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_METRIC_NAME, self.metric_name),
        ]
    }
}

/// Whether the metric is on, and who says so. UpDownCounter `pointsman.metric.enabled`, unit `1`.
#[derive(Clone, Debug)]
pub struct MetricEnabled {
    /// OTLP name of the metric.
    pub metric_name: StringValue,
    /// Who decides on the metric.
    pub source: attribute::PointsmanSource,
}

impl Metric for MetricEnabled {
    const META: Meta = Meta {
        name: "pointsman.metric.enabled",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Whether the metric is on, and who says so.",
        scope: "pointsman",
        level: Level::Detailed,
        limit: 2000,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_METRIC_NAME, attribute::POINTSMAN_SOURCE],
    };
    type Value = i64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_METRIC_NAME, self.metric_name),
            KeyValue::new(attribute::POINTSMAN_SOURCE, self.source),
        ]
    }
}

/// Points that a rule of a view turned off at the controller. Counter `pointsman.view.suppressed`, unit `{point}`.
#[derive(Clone, Debug)]
pub struct ViewSuppressed {
    /// Name of the namespace.
    pub k8s_namespace_name: StringValue,
    /// Kind of the view.
    pub view_kind: StringValue,
    /// Name of the view.
    pub view_name: StringValue,
    /// Name of the view's rule; empty for its baseline.
    pub rule_name: StringValue,
}

impl Metric for ViewSuppressed {
    const META: Meta = Meta {
        name: "pointsman.view.suppressed",
        kind: Kind::Counter,
        unit: "{point}",
        brief: "Points that a rule of a view turned off at the controller.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 2000,
        buckets: &[],
        attributes: &[attribute::K8S_NAMESPACE_NAME, attribute::POINTSMAN_VIEW_KIND, attribute::POINTSMAN_VIEW_NAME, attribute::POINTSMAN_RULE_NAME],
    };
    type Value = u64;
    type Attributes = [KeyValue; 4];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NAMESPACE_NAME, self.k8s_namespace_name),
            KeyValue::new(attribute::POINTSMAN_VIEW_KIND, self.view_kind),
            KeyValue::new(attribute::POINTSMAN_VIEW_NAME, self.view_name),
            KeyValue::new(attribute::POINTSMAN_RULE_NAME, self.rule_name),
        ]
    }
}

/// Time since the component last pushed; kept for a day after it fell silent. Gauge `pointsman.component.push.age`, unit `s`.
#[derive(Clone, Debug)]
pub struct ComponentPushAge {
    /// Namespace and name of the component.
    pub component_name: StringValue,
}

impl Metric for ComponentPushAge {
    const META: Meta = Meta {
        name: "pointsman.component.push.age",
        kind: Kind::Gauge,
        unit: "s",
        brief: "Time since the component last pushed; kept for a day after it fell silent.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 1000,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_COMPONENT_NAME],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_COMPONENT_NAME, self.component_name),
        ]
    }
}

/// Instruments that the component sends and none of its catalogues declares; told of components that have a catalogue. UpDownCounter `pointsman.instrument.uncatalogued`, unit `{instrument}`.
#[derive(Clone, Debug)]
pub struct InstrumentUncatalogued {
    /// Namespace and name of the component.
    pub component_name: StringValue,
}

impl Metric for InstrumentUncatalogued {
    const META: Meta = Meta {
        name: "pointsman.instrument.uncatalogued",
        kind: Kind::UpDownCounter,
        unit: "{instrument}",
        brief: "Instruments that the component sends and none of its catalogues declares; told of components that have a catalogue.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 1000,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_COMPONENT_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_COMPONENT_NAME, self.component_name),
        ]
    }
}

/// Conditions of the view; 1 for the status a condition has. UpDownCounter `pointsman.view.condition.status`, unit `1`.
#[derive(Clone, Debug)]
pub struct ViewConditionStatus {
    /// Name of the namespace.
    pub k8s_namespace_name: StringValue,
    /// Kind of the view.
    pub view_kind: StringValue,
    /// Name of the view.
    pub view_name: StringValue,
    /// Which condition of the view.
    pub condition_type: attribute::PointsmanConditionType,
    /// The status of the condition.
    pub condition_status: attribute::PointsmanConditionStatus,
}

impl Metric for ViewConditionStatus {
    const META: Meta = Meta {
        name: "pointsman.view.condition.status",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Conditions of the view; 1 for the status a condition has.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 3000,
        buckets: &[],
        attributes: &[attribute::K8S_NAMESPACE_NAME, attribute::POINTSMAN_VIEW_KIND, attribute::POINTSMAN_VIEW_NAME, attribute::POINTSMAN_CONDITION_TYPE, attribute::POINTSMAN_CONDITION_STATUS],
    };
    type Value = i64;
    type Attributes = [KeyValue; 5];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NAMESPACE_NAME, self.k8s_namespace_name),
            KeyValue::new(attribute::POINTSMAN_VIEW_KIND, self.view_kind),
            KeyValue::new(attribute::POINTSMAN_VIEW_NAME, self.view_name),
            KeyValue::new(attribute::POINTSMAN_CONDITION_TYPE, self.condition_type),
            KeyValue::new(attribute::POINTSMAN_CONDITION_STATUS, self.condition_status),
        ]
    }
}

/// Time until the view ends; there only while it has an end to come. Gauge `pointsman.view.expires_in`, unit `s`.
#[derive(Clone, Debug)]
pub struct ViewExpiresIn {
    /// Name of the namespace.
    pub k8s_namespace_name: StringValue,
    /// Kind of the view.
    pub view_kind: StringValue,
    /// Name of the view.
    pub view_name: StringValue,
}

impl Metric for ViewExpiresIn {
    const META: Meta = Meta {
        name: "pointsman.view.expires_in",
        kind: Kind::Gauge,
        unit: "s",
        brief: "Time until the view ends; there only while it has an end to come.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::K8S_NAMESPACE_NAME, attribute::POINTSMAN_VIEW_KIND, attribute::POINTSMAN_VIEW_NAME],
    };
    type Value = f64;
    type Attributes = [KeyValue; 3];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::K8S_NAMESPACE_NAME, self.k8s_namespace_name),
            KeyValue::new(attribute::POINTSMAN_VIEW_KIND, self.view_kind),
            KeyValue::new(attribute::POINTSMAN_VIEW_NAME, self.view_name),
        ]
    }
}

/// Whether something that the reader reads is off. UpDownCounter `pointsman.consumer.input.off`, unit `1`.
#[derive(Clone, Debug)]
pub struct ConsumerInputOff {
    /// What sort of reader.
    pub consumer_kind: attribute::PointsmanConsumerKind,
    /// Namespace, object and entry of the reader.
    pub consumer_name: StringValue,
}

impl Metric for ConsumerInputOff {
    const META: Meta = Meta {
        name: "pointsman.consumer.input.off",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Whether something that the reader reads is off.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 1000,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_CONSUMER_KIND, attribute::POINTSMAN_CONSUMER_NAME],
    };
    type Value = i64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_CONSUMER_KIND, self.consumer_kind),
            KeyValue::new(attribute::POINTSMAN_CONSUMER_NAME, self.consumer_name),
        ]
    }
}

/// Exports of spans to the back end. Counter `pointsman.trace.exports`, unit `{request}`.
#[derive(Clone, Debug)]
pub struct TraceExports {
    /// Address of the trace back end, without credentials.
    pub backend: StringValue,
    /// What became of the export.
    pub export_outcome: attribute::PointsmanExportOutcome,
}

impl Metric for TraceExports {
    const META: Meta = Meta {
        name: "pointsman.trace.exports",
        kind: Kind::Counter,
        unit: "{request}",
        brief: "Exports of spans to the back end.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_BACKEND, attribute::POINTSMAN_EXPORT_OUTCOME],
    };
    type Value = u64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_BACKEND, self.backend),
            KeyValue::new(attribute::POINTSMAN_EXPORT_OUTCOME, self.export_outcome),
        ]
    }
}

/// Faults in the views as last read. UpDownCounter `pointsman.view.faults`, unit `{fault}`.
#[derive(Clone, Debug)]
pub struct ViewFaults {
    /// How bad the fault is.
    pub fault_severity: attribute::PointsmanFaultSeverity,
}

impl Metric for ViewFaults {
    const META: Meta = Meta {
        name: "pointsman.view.faults",
        kind: Kind::UpDownCounter,
        unit: "{fault}",
        brief: "Faults in the views as last read.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_FAULT_SEVERITY],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_FAULT_SEVERITY, self.fault_severity),
        ]
    }
}

/// Turns of a loop that brings the world to what was asked for. Counter `pointsman.reconcile.count`, unit `{reconcile}`.
#[derive(Clone, Debug)]
pub struct ReconcileCount {
    /// Kind of what was reconciled.
    pub object_kind: StringValue,
    /// How it ended.
    pub result: attribute::PointsmanResult,
}

impl Metric for ReconcileCount {
    const META: Meta = Meta {
        name: "pointsman.reconcile.count",
        kind: Kind::Counter,
        unit: "{reconcile}",
        brief: "Turns of a loop that brings the world to what was asked for.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_OBJECT_KIND, attribute::POINTSMAN_RESULT],
    };
    type Value = u64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_OBJECT_KIND, self.object_kind),
            KeyValue::new(attribute::POINTSMAN_RESULT, self.result),
        ]
    }
}

/// Time such a turn took. Histogram `pointsman.reconcile.duration`, unit `s`.
#[derive(Clone, Debug)]
pub struct ReconcileDuration {
    /// Kind of what was reconciled.
    pub object_kind: StringValue,
    /// How it ended.
    pub result: attribute::PointsmanResult,
}

impl Metric for ReconcileDuration {
    const META: Meta = Meta {
        name: "pointsman.reconcile.duration",
        kind: Kind::Histogram,
        unit: "s",
        brief: "Time such a turn took.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0],
        attributes: &[attribute::POINTSMAN_OBJECT_KIND, attribute::POINTSMAN_RESULT],
    };
    type Value = Distribution;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_OBJECT_KIND, self.object_kind),
            KeyValue::new(attribute::POINTSMAN_RESULT, self.result),
        ]
    }
}

/// Turns of such a loop that failed, by class of the error. Counter `pointsman.reconcile.errors`, unit `{error}`.
#[derive(Clone, Debug)]
pub struct ReconcileErrors {
    /// Kind of what was reconciled.
    pub object_kind: StringValue,
    /// Class of the error, of a closed set.
    pub error_type: StringValue,
}

impl Metric for ReconcileErrors {
    const META: Meta = Meta {
        name: "pointsman.reconcile.errors",
        kind: Kind::Counter,
        unit: "{error}",
        brief: "Turns of such a loop that failed, by class of the error.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_OBJECT_KIND, attribute::ERROR_TYPE],
    };
    type Value = u64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_OBJECT_KIND, self.object_kind),
            KeyValue::new(attribute::ERROR_TYPE, self.error_type),
        ]
    }
}

/// Time a scrape took, to its last byte. Histogram `pointsman.scrape.duration`, unit `s`.
#[derive(Clone, Debug)]
pub struct ScrapeDuration;

impl Metric for ScrapeDuration {
    const META: Meta = Meta {
        name: "pointsman.scrape.duration",
        kind: Kind::Histogram,
        unit: "s",
        brief: "Time a scrape took, to its last byte.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0],
        attributes: &[],
    };
    type Value = Distribution;
    type Attributes = [KeyValue; 0];

    fn attributes(self) -> Self::Attributes {
        [
        ]
    }
}

/// Size of a scrape's body before compression. Histogram `pointsman.scrape.size`, unit `By`.
#[derive(Clone, Debug)]
pub struct ScrapeSize;

impl Metric for ScrapeSize {
    const META: Meta = Meta {
        name: "pointsman.scrape.size",
        kind: Kind::Histogram,
        unit: "By",
        brief: "Size of a scrape's body before compression.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[1000.0, 10000.0, 100000.0, 1000000.0, 10000000.0, 100000000.0],
        attributes: &[],
    };
    type Value = Distribution;
    type Attributes = [KeyValue; 0];

    fn attributes(self) -> Self::Attributes {
        [
        ]
    }
}

/// Series and attributes that scrapes left out, by reason. Counter `pointsman.scrape.omitted`, unit `{item}`.
#[derive(Clone, Debug)]
pub struct ScrapeOmitted {
    /// Why a scrape left it out.
    pub omission: attribute::PointsmanOmission,
}

impl Metric for ScrapeOmitted {
    const META: Meta = Meta {
        name: "pointsman.scrape.omitted",
        kind: Kind::Counter,
        unit: "{item}",
        brief: "Series and attributes that scrapes left out, by reason.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_OMISSION],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_OMISSION, self.omission),
        ]
    }
}

/// Points that were taken otherwise than they were sent. Counter `pointsman.point.adjusted`, unit `{point}`.
#[derive(Clone, Debug)]
pub struct PointAdjusted {
    /// What was done to the point.
    pub adjustment: attribute::PointsmanAdjustment,
}

impl Metric for PointAdjusted {
    const META: Meta = Meta {
        name: "pointsman.point.adjusted",
        kind: Kind::Counter,
        unit: "{point}",
        brief: "Points that were taken otherwise than they were sent.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_ADJUSTMENT],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_ADJUSTMENT, self.adjustment),
        ]
    }
}

/// How often a limit bit. Counter `pointsman.limit.hits`, unit `{hit}`.
#[derive(Clone, Debug)]
pub struct LimitHits {
    /// Which limit, by its name in limits.rs.
    pub limit: StringValue,
}

impl Metric for LimitHits {
    const META: Meta = Meta {
        name: "pointsman.limit.hits",
        kind: Kind::Counter,
        unit: "{hit}",
        brief: "How often a limit bit.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_LIMIT],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_LIMIT, self.limit),
        ]
    }
}

/// Conflicts between metrics that want the same name, as of now; of series, as of the latest scrape. UpDownCounter `pointsman.exposition.conflicts`, unit `{conflict}`.
#[derive(Clone, Debug)]
pub struct ExpositionConflicts {
    /// What two parties want of one family.
    pub conflict_kind: attribute::PointsmanConflictKind,
}

impl Metric for ExpositionConflicts {
    const META: Meta = Meta {
        name: "pointsman.exposition.conflicts",
        kind: Kind::UpDownCounter,
        unit: "{conflict}",
        brief: "Conflicts between metrics that want the same name, as of now; of series, as of the latest scrape.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_CONFLICT_KIND],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_CONFLICT_KIND, self.conflict_kind),
        ]
    }
}

/// Version of the binary; always 1. UpDownCounter `pointsman.build.info`, unit `1`.
#[derive(Clone, Debug)]
pub struct BuildInfo {
    /// Version of the binary.
    pub version: StringValue,
}

impl Metric for BuildInfo {
    const META: Meta = Meta {
        name: "pointsman.build.info",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Version of the binary; always 1.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_VERSION],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_VERSION, self.version),
        ]
    }
}

/// Whether a listener off loopback takes plain text. UpDownCounter `pointsman.transport.insecure`, unit `1`.
#[derive(Clone, Debug)]
pub struct TransportInsecure {
    /// Which listener.
    pub listener: StringValue,
}

impl Metric for TransportInsecure {
    const META: Meta = Meta {
        name: "pointsman.transport.insecure",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Whether a listener off loopback takes plain text.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_LISTENER],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_LISTENER, self.listener),
        ]
    }
}

/// When the certificate of the listeners ends, in seconds since 1970. Gauge `pointsman.tls.certificate.expiry`, unit `s`.
#[derive(Clone, Debug)]
pub struct TlsCertificateExpiry;

impl Metric for TlsCertificateExpiry {
    const META: Meta = Meta {
        name: "pointsman.tls.certificate.expiry",
        kind: Kind::Gauge,
        unit: "s",
        brief: "When the certificate of the listeners ends, in seconds since 1970.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[],
    };
    type Value = f64;
    type Attributes = [KeyValue; 0];

    fn attributes(self) -> Self::Attributes {
        [
        ]
    }
}

/// Changes of the certificate of the listeners. Counter `pointsman.tls.reload`, unit `{reload}`.
#[derive(Clone, Debug)]
pub struct TlsReload {
    /// What became of a changed certificate.
    pub reload_outcome: attribute::PointsmanReloadOutcome,
}

impl Metric for TlsReload {
    const META: Meta = Meta {
        name: "pointsman.tls.reload",
        kind: Kind::Counter,
        unit: "{reload}",
        brief: "Changes of the certificate of the listeners.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_RELOAD_OUTCOME],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_RELOAD_OUTCOME, self.reload_outcome),
        ]
    }
}

/// TLS handshakes of the listeners. Counter `pointsman.tls.handshake`, unit `{handshake}`.
#[derive(Clone, Debug)]
pub struct TlsHandshake {
    /// How a handshake ended.
    pub handshake_outcome: attribute::PointsmanHandshakeOutcome,
}

impl Metric for TlsHandshake {
    const META: Meta = Meta {
        name: "pointsman.tls.handshake",
        kind: Kind::Counter,
        unit: "{handshake}",
        brief: "TLS handshakes of the listeners.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_HANDSHAKE_OUTCOME],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_HANDSHAKE_OUTCOME, self.handshake_outcome),
        ]
    }
}

/// Answers about tokens and rights of those who come, by what became of the question. Counter `pointsman.access.answers`, unit `{answer}`.
#[derive(Clone, Debug)]
pub struct AccessAnswers {
    /// What an API server is asked about who comes.
    pub access_question: attribute::PointsmanAccessQuestion,
    /// What became of a question about who comes.
    pub access_outcome: attribute::PointsmanAccessOutcome,
}

impl Metric for AccessAnswers {
    const META: Meta = Meta {
        name: "pointsman.access.answers",
        kind: Kind::Counter,
        unit: "{answer}",
        brief: "Answers about tokens and rights of those who come, by what became of the question.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_ACCESS_QUESTION, attribute::POINTSMAN_ACCESS_OUTCOME],
    };
    type Value = u64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_ACCESS_QUESTION, self.access_question),
            KeyValue::new(attribute::POINTSMAN_ACCESS_OUTCOME, self.access_outcome),
        ]
    }
}

/// Requests to read that were refused, by why. Counter `pointsman.access.refused`, unit `{request}`.
#[derive(Clone, Debug)]
pub struct AccessRefused {
    /// Why somebody was not let read.
    pub access_refusal: attribute::PointsmanAccessRefusal,
}

impl Metric for AccessRefused {
    const META: Meta = Meta {
        name: "pointsman.access.refused",
        kind: Kind::Counter,
        unit: "{request}",
        brief: "Requests to read that were refused, by why.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_ACCESS_REFUSAL],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_ACCESS_REFUSAL, self.access_refusal),
        ]
    }
}

/// Spans a back end took. Counter `pointsman.trace.sent`, unit `{span}`.
#[derive(Clone, Debug)]
pub struct TraceSent {
    /// Address of the trace back end, without credentials.
    pub backend: StringValue,
}

impl Metric for TraceSent {
    const META: Meta = Meta {
        name: "pointsman.trace.sent",
        kind: Kind::Counter,
        unit: "{span}",
        brief: "Spans a back end took.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_BACKEND],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_BACKEND, self.backend),
        ]
    }
}

/// Spans that never reached a back end, by reason. Counter `pointsman.trace.dropped`, unit `{span}`.
#[derive(Clone, Debug)]
pub struct TraceDropped {
    /// Address of the trace back end, without credentials.
    pub backend: StringValue,
    /// Why it went no further.
    pub drop_reason: attribute::PointsmanDropReason,
}

impl Metric for TraceDropped {
    const META: Meta = Meta {
        name: "pointsman.trace.dropped",
        kind: Kind::Counter,
        unit: "{span}",
        brief: "Spans that never reached a back end, by reason.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_BACKEND, attribute::POINTSMAN_DROP_REASON],
    };
    type Value = u64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_BACKEND, self.backend),
            KeyValue::new(attribute::POINTSMAN_DROP_REASON, self.drop_reason),
        ]
    }
}

/// Batches of spans that were sent again. Counter `pointsman.trace.retries`, unit `{retry}`.
#[derive(Clone, Debug)]
pub struct TraceRetries {
    /// Address of the trace back end, without credentials.
    pub backend: StringValue,
}

impl Metric for TraceRetries {
    const META: Meta = Meta {
        name: "pointsman.trace.retries",
        kind: Kind::Counter,
        unit: "{retry}",
        brief: "Batches of spans that were sent again.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_BACKEND],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_BACKEND, self.backend),
        ]
    }
}

/// Bytes of spans that wait for a back end. UpDownCounter `pointsman.trace.queue.usage`, unit `By`.
#[derive(Clone, Debug)]
pub struct TraceQueueUsage {
    /// Address of the trace back end, without credentials.
    pub backend: StringValue,
}

impl Metric for TraceQueueUsage {
    const META: Meta = Meta {
        name: "pointsman.trace.queue.usage",
        kind: Kind::UpDownCounter,
        unit: "By",
        brief: "Bytes of spans that wait for a back end.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_BACKEND],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_BACKEND, self.backend),
        ]
    }
}

/// Bytes of spans that may wait for a back end. UpDownCounter `pointsman.trace.queue.limit`, unit `By`.
#[derive(Clone, Debug)]
pub struct TraceQueueLimit {
    /// Address of the trace back end, without credentials.
    pub backend: StringValue,
}

impl Metric for TraceQueueLimit {
    const META: Meta = Meta {
        name: "pointsman.trace.queue.limit",
        kind: Kind::UpDownCounter,
        unit: "By",
        brief: "Bytes of spans that may wait for a back end.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_BACKEND],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_BACKEND, self.backend),
        ]
    }
}

/// Time since the views were last known to be current; it grows while their folder or the API server cannot be read. Gauge `pointsman.view.age`, unit `s`.
#[derive(Clone, Debug)]
pub struct ViewAge;

impl Metric for ViewAge {
    const META: Meta = Meta {
        name: "pointsman.view.age",
        kind: Kind::Gauge,
        unit: "s",
        brief: "Time since the views were last known to be current; it grows while their folder or the API server cannot be read.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[],
    };
    type Value = f64;
    type Attributes = [KeyValue; 0];

    fn attributes(self) -> Self::Attributes {
        [
        ]
    }
}

/// Objects of the cluster that are held, by kind. UpDownCounter `pointsman.cluster.objects`, unit `{object}`.
#[derive(Clone, Debug)]
pub struct ClusterObjects {
    /// Kind of what was reconciled.
    pub object_kind: StringValue,
}

impl Metric for ClusterObjects {
    const META: Meta = Meta {
        name: "pointsman.cluster.objects",
        kind: Kind::UpDownCounter,
        unit: "{object}",
        brief: "Objects of the cluster that are held, by kind.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_OBJECT_KIND],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_OBJECT_KIND, self.object_kind),
        ]
    }
}

/// Lists and watches of the cluster that failed, by kind. Counter `pointsman.cluster.errors`, unit `{error}`.
#[derive(Clone, Debug)]
pub struct ClusterErrors {
    /// Kind of what was reconciled.
    pub object_kind: StringValue,
}

impl Metric for ClusterErrors {
    const META: Meta = Meta {
        name: "pointsman.cluster.errors",
        kind: Kind::Counter,
        unit: "{error}",
        brief: "Lists and watches of the cluster that failed, by kind.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_OBJECT_KIND],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_OBJECT_KIND, self.object_kind),
        ]
    }
}

/// Statuses and objects written to the cluster. Counter `pointsman.cluster.writes`, unit `{write}`.
#[derive(Clone, Debug)]
pub struct ClusterWrites {
    /// How it ended.
    pub result: attribute::PointsmanResult,
}

impl Metric for ClusterWrites {
    const META: Meta = Meta {
        name: "pointsman.cluster.writes",
        kind: Kind::Counter,
        unit: "{write}",
        brief: "Statuses and objects written to the cluster.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_RESULT],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_RESULT, self.result),
        ]
    }
}

/// Whether this process holds the Lease. UpDownCounter `pointsman.cluster.lease.held`, unit `1`.
#[derive(Clone, Debug)]
pub struct ClusterLeaseHeld {
    /// Which Lease.
    pub lease: attribute::PointsmanLease,
}

impl Metric for ClusterLeaseHeld {
    const META: Meta = Meta {
        name: "pointsman.cluster.lease.held",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Whether this process holds the Lease.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_LEASE],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_LEASE, self.lease),
        ]
    }
}

/// Instances that take plans, by how they stand to theirs. UpDownCounter `pointsman.sync.agents`, unit `{agent}`.
#[derive(Clone, Debug)]
pub struct SyncAgents {
    /// How an instance stands to its plan.
    pub sync_state: attribute::PointsmanSyncState,
}

impl Metric for SyncAgents {
    const META: Meta = Meta {
        name: "pointsman.sync.agents",
        kind: Kind::UpDownCounter,
        unit: "{agent}",
        brief: "Instances that take plans, by how they stand to theirs.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_SYNC_STATE],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_SYNC_STATE, self.sync_state),
        ]
    }
}

/// Plans offered to instances. Counter `pointsman.sync.offers`, unit `{offer}`.
#[derive(Clone, Debug)]
pub struct SyncOffers;

impl Metric for SyncOffers {
    const META: Meta = Meta {
        name: "pointsman.sync.offers",
        kind: Kind::Counter,
        unit: "{offer}",
        brief: "Plans offered to instances.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[],
    };
    type Value = u64;
    type Attributes = [KeyValue; 0];

    fn attributes(self) -> Self::Attributes {
        [
        ]
    }
}

/// Messages and sessions of instances that were refused. Counter `pointsman.sync.refused`, unit `{message}`.
#[derive(Clone, Debug)]
pub struct SyncRefused {
    /// Why a message or a session was refused.
    pub sync_refusal: attribute::PointsmanSyncRefusal,
}

impl Metric for SyncRefused {
    const META: Meta = Meta {
        name: "pointsman.sync.refused",
        kind: Kind::Counter,
        unit: "{message}",
        brief: "Messages and sessions of instances that were refused.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_SYNC_REFUSAL],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_SYNC_REFUSAL, self.sync_refusal),
        ]
    }
}

/// Exports that another plan than the current one had shaped; they are filtered as all others are. Counter `pointsman.sync.stale`, unit `{request}`.
#[derive(Clone, Debug)]
pub struct SyncStale;

impl Metric for SyncStale {
    const META: Meta = Meta {
        name: "pointsman.sync.stale",
        kind: Kind::Counter,
        unit: "{request}",
        brief: "Exports that another plan than the current one had shaped; they are filtered as all others are.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[],
    };
    type Value = u64;
    type Attributes = [KeyValue; 0];

    fn attributes(self) -> Self::Attributes {
        [
        ]
    }
}

/// From a change of views to the answer of an instance that it obeys. Histogram `pointsman.sync.duration`, unit `s`.
#[derive(Clone, Debug)]
pub struct SyncDuration;

impl Metric for SyncDuration {
    const META: Meta = Meta {
        name: "pointsman.sync.duration",
        kind: Kind::Histogram,
        unit: "s",
        brief: "From a change of views to the answer of an instance that it obeys.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0],
        attributes: &[],
    };
    type Value = Distribution;
    type Attributes = [KeyValue; 0];

    fn attributes(self) -> Self::Attributes {
        [
        ]
    }
}

/// Instruments of this process, by whether they are recorded. UpDownCounter `pointsman.instrument.gates`, unit `{instrument}`.
#[derive(Clone, Debug)]
pub struct InstrumentGates {
    /// Whether an instrument is recorded.
    pub gate_state: attribute::PointsmanGateState,
}

impl Metric for InstrumentGates {
    const META: Meta = Meta {
        name: "pointsman.instrument.gates",
        kind: Kind::UpDownCounter,
        unit: "{instrument}",
        brief: "Instruments of this process, by whether they are recorded.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_GATE_STATE],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_GATE_STATE, self.gate_state),
        ]
    }
}

/// Points that this process wrote into its pushes. Counter `pointsman.instrument.points`, unit `{point}`.
#[derive(Clone, Debug)]
pub struct InstrumentPoints;

impl Metric for InstrumentPoints {
    const META: Meta = Meta {
        name: "pointsman.instrument.points",
        kind: Kind::Counter,
        unit: "{point}",
        brief: "Points that this process wrote into its pushes.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[],
    };
    type Value = u64;
    type Attributes = [KeyValue; 0];

    fn attributes(self) -> Self::Attributes {
        [
        ]
    }
}

/// Bytes of its pushes of metrics before compression. Counter `pointsman.instrument.size`, unit `By`.
#[derive(Clone, Debug)]
pub struct InstrumentSize;

impl Metric for InstrumentSize {
    const META: Meta = Meta {
        name: "pointsman.instrument.size",
        kind: Kind::Counter,
        unit: "By",
        brief: "Bytes of its pushes of metrics before compression.",
        scope: "pointsman",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[],
    };
    type Value = u64;
    type Attributes = [KeyValue; 0];

    fn attributes(self) -> Self::Attributes {
        [
        ]
    }
}

/// Where the plan in force came from; 1 for one of all sources. UpDownCounter `pointsman.plan.source`, unit `1`.
#[derive(Clone, Debug)]
pub struct PlanSource {
    /// Where the plan in force came from.
    pub plan_source: attribute::PointsmanPlanSource,
}

impl Metric for PlanSource {
    const META: Meta = Meta {
        name: "pointsman.plan.source",
        kind: Kind::UpDownCounter,
        unit: "1",
        brief: "Where the plan in force came from; 1 for one of all sources.",
        scope: "pointsman",
        level: Level::Essential,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_PLAN_SOURCE],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_PLAN_SOURCE, self.plan_source),
        ]
    }
}

/// Changes of objects that were handled. Counter `pointsman.watch.events`, unit `{event}`.
#[derive(Clone, Debug)]
pub struct WatchEvents {
    /// Kind of the watched object.
    pub watch_kind: attribute::PointsmanWatchKind,
}

impl Metric for WatchEvents {
    const META: Meta = Meta {
        name: "pointsman.watch.events",
        kind: Kind::Counter,
        unit: "{event}",
        brief: "Changes of objects that were handled.",
        scope: "mco.watch",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_WATCH_KIND],
    };
    type Value = u64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_WATCH_KIND, self.watch_kind),
        ]
    }
}

/// Objects that were skipped and watches that failed. Counter `pointsman.watch.errors`, unit `{error}`.
#[derive(Clone, Debug)]
pub struct WatchErrors {
    /// Kind of the watched object.
    pub watch_kind: attribute::PointsmanWatchKind,
    /// What was wrong with an object or a watch.
    pub watch_error: attribute::PointsmanWatchError,
}

impl Metric for WatchErrors {
    const META: Meta = Meta {
        name: "pointsman.watch.errors",
        kind: Kind::Counter,
        unit: "{error}",
        brief: "Objects that were skipped and watches that failed.",
        scope: "mco.watch",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_WATCH_KIND, attribute::POINTSMAN_WATCH_ERROR],
    };
    type Value = u64;
    type Attributes = [KeyValue; 2];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_WATCH_KIND, self.watch_kind),
            KeyValue::new(attribute::POINTSMAN_WATCH_ERROR, self.watch_error),
        ]
    }
}

/// Time since the kind was last known to be current. Gauge `pointsman.watch.lag`, unit `s`.
#[derive(Clone, Debug)]
pub struct WatchLag {
    /// Kind of the watched object.
    pub watch_kind: attribute::PointsmanWatchKind,
}

impl Metric for WatchLag {
    const META: Meta = Meta {
        name: "pointsman.watch.lag",
        kind: Kind::Gauge,
        unit: "s",
        brief: "Time since the kind was last known to be current.",
        scope: "mco.watch",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_WATCH_KIND],
    };
    type Value = f64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_WATCH_KIND, self.watch_kind),
        ]
    }
}

/// Objects that are held. UpDownCounter `pointsman.watch.cache.objects`, unit `{object}`.
#[derive(Clone, Debug)]
pub struct WatchCacheObjects {
    /// Kind of the watched object.
    pub watch_kind: attribute::PointsmanWatchKind,
}

impl Metric for WatchCacheObjects {
    const META: Meta = Meta {
        name: "pointsman.watch.cache.objects",
        kind: Kind::UpDownCounter,
        unit: "{object}",
        brief: "Objects that are held.",
        scope: "mco.watch",
        level: Level::Standard,
        limit: 200,
        buckets: &[],
        attributes: &[attribute::POINTSMAN_WATCH_KIND],
    };
    type Value = i64;
    type Attributes = [KeyValue; 1];

    fn attributes(self) -> Self::Attributes {
        [
            KeyValue::new(attribute::POINTSMAN_WATCH_KIND, self.watch_kind),
        ]
    }
}

/// One turn of a reconcile loop that changed something or failed. Span `reconcile {pointsman.object.kind}`.
#[derive(Clone, Debug)]
pub struct Reconcile {
    /// Kind of what was reconciled.
    pub object_kind: StringValue,
    /// How it ended.
    pub result: attribute::PointsmanResult,
    /// Faults found.
    pub faults: i64,
    /// Class of the error, of a closed set.
    pub error_type: Option<StringValue>,
    /// Loop of an operator.
    pub controller_name: Option<StringValue>,
    /// Name of what was reconciled; in spans only.
    pub object_name: Option<StringValue>,
    /// Milliseconds for which the object waited in the queue.
    pub queue_latency: Option<i64>,
    /// Which retry of the object it is.
    pub reconcile_retry: Option<i64>,
    /// What set the turn off.
    pub reconcile_trigger: Option<attribute::PointsmanReconcileTrigger>,
}

impl Span for Reconcile {
    const SCOPE: &'static str = "pointsman.reconcile";

    fn name(&self) -> Cow<'static, str> {
        Self::named(self.object_kind.as_str())
    }

    fn attributes(self) -> Vec<KeyValue> {
        let mut attributes = vec![
            KeyValue::new(attribute::POINTSMAN_OBJECT_KIND, self.object_kind),
            KeyValue::new(attribute::POINTSMAN_RESULT, self.result),
            KeyValue::new(attribute::POINTSMAN_FAULTS, self.faults),
        ];
        attributes.extend(self.error_type.map(|value| KeyValue::new(attribute::ERROR_TYPE, value)));
        attributes.extend(self.controller_name.map(|value| KeyValue::new(attribute::POINTSMAN_CONTROLLER_NAME, value)));
        attributes.extend(self.object_name.map(|value| KeyValue::new(attribute::POINTSMAN_OBJECT_NAME, value)));
        attributes.extend(self.queue_latency.map(|value| KeyValue::new(attribute::POINTSMAN_QUEUE_LATENCY, value)));
        attributes.extend(self.reconcile_retry.map(|value| KeyValue::new(attribute::POINTSMAN_RECONCILE_RETRY, value)));
        attributes.extend(self.reconcile_trigger.map(|value| KeyValue::new(attribute::POINTSMAN_RECONCILE_TRIGGER, value)));
        attributes
}
}

impl Reconcile {
    /// The name of such a span: the one thing that is known of it before it ends.
    #[must_use]
    pub fn named(object_kind: &str) -> Cow<'static, str> {
        format!("reconcile {object_kind}").into()
    }
}

/// One turn of a watcher that changed something or failed. Span `reconcile {pointsman.object.kind}`.
#[derive(Clone, Debug)]
pub struct WatchReconcile {
    /// Kind of what was reconciled.
    pub object_kind: StringValue,
    /// Name of what was reconciled; in spans only.
    pub object_name: Option<StringValue>,
    /// Objects that the turn handled.
    pub reconcile_objects: i64,
    /// What set the turn off.
    pub reconcile_trigger: attribute::PointsmanReconcileTrigger,
    /// How the turn ended.
    pub reconcile_result: attribute::PointsmanReconcileResult,
}

impl Span for WatchReconcile {
    const SCOPE: &'static str = "mco.watch";

    fn name(&self) -> Cow<'static, str> {
        Self::named(self.object_kind.as_str())
    }

    fn attributes(self) -> Vec<KeyValue> {
        let mut attributes = vec![
            KeyValue::new(attribute::POINTSMAN_OBJECT_KIND, self.object_kind),
            KeyValue::new(attribute::POINTSMAN_RECONCILE_OBJECTS, self.reconcile_objects),
            KeyValue::new(attribute::POINTSMAN_RECONCILE_TRIGGER, self.reconcile_trigger),
            KeyValue::new(attribute::POINTSMAN_RECONCILE_RESULT, self.reconcile_result),
        ];
        attributes.extend(self.object_name.map(|value| KeyValue::new(attribute::POINTSMAN_OBJECT_NAME, value)));
        attributes
}
}

impl WatchReconcile {
    /// The name of such a span: the one thing that is known of it before it ends.
    #[must_use]
    pub fn named(object_kind: &str) -> Cow<'static, str> {
        format!("reconcile {object_kind}").into()
    }
}
