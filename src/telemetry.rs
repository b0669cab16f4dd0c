//! Our own metrics and spans: pushed as OTLP into our own sink, like any component's, as `service.name=pointsman`.
//! Knows plain numbers only: whoever owns a count hands it over in a [`Snapshot`]. Never exports on its own.

pub mod standing;
#[cfg(test)]
mod tests;

use parking_lot::Mutex;
use pointsman_instrument::{
    Identity, Metric, Readings, Reconcile, Telemetry,
    metric::{Histogram, Observable},
    semconv::{
        attribute::{
            PointsmanDropReason, PointsmanExportOutcome, PointsmanFaultSeverity, PointsmanResult, PointsmanSignal,
            SERVICE_VERSION,
        },
        pointsman as names,
    },
    transport::Sink,
};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

pub use pointsman_instrument::semconv::attribute::{
    PointsmanAccessOutcome as AccessOutcome, PointsmanAccessQuestion as AccessQuestion, PointsmanAccessRefusal as AccessRefusal,
    PointsmanAdjustment as Adjustment, PointsmanConflictKind as ConflictKind, PointsmanDropReason as DropReason,
    PointsmanHandshakeOutcome as Handshake, PointsmanLease as Lease, PointsmanOmission as Omission,
    PointsmanReloadOutcome as Reload, PointsmanSource as Decider, PointsmanSyncRefusal as SyncRefusal,
    PointsmanSyncState as SyncStanding,
};

/// The shipped catalogues: (file name, text), as `--catalog` would read them.
pub const CATALOGUES: [(&str, &str); 5] = [
    ("machine-config-controller.yaml", include_str!("../otel/catalog/machine-config-controller.yaml")),
    ("machine-config-daemon.yaml", include_str!("../otel/catalog/machine-config-daemon.yaml")),
    ("machine-config-operator.yaml", include_str!("../otel/catalog/machine-config-operator.yaml")),
    ("pointsman-watch.yaml", include_str!("../otel/catalog/pointsman-watch.yaml")),
    ("pointsman.yaml", include_str!("../otel/catalog/pointsman.yaml")),
];

/// The service that we are ourselves.
pub const SERVICE: &str = "pointsman";

/// What one signal counted since the process began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Points or spans that came in.
    pub received: u64,
    /// Series written to scrapes, or spans taken by a back end.
    pub exported: u64,
    /// Points or spans that went no further.
    pub dropped: Vec<(DropReason, u64)>,
    /// Batches that wait.
    pub queued: u64,
}

/// Points that one rule turned off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suppressed {
    /// Namespace of the view; empty for a cluster view.
    pub namespace: String,
    /// Kind of the view.
    pub kind: String,
    /// Name of the view.
    pub view: String,
    /// Name of the rule; empty for the baseline.
    pub rule: String,
    /// How many.
    pub points: u64,
}

/// One trace back end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backend {
    /// Its address, without credentials.
    pub address: String,
    /// Spans it took.
    pub sent: u64,
    /// Spans it never got.
    pub dropped: Vec<(DropReason, u64)>,
    /// Exports that it took.
    pub exports: u64,
    /// Exports that failed, each attempt counted.
    pub retries: u64,
    /// Bytes that wait for it.
    pub queue_bytes: u64,
    /// Bytes that may wait for it.
    pub queue_bytes_max: u64,
}

/// The certificate of the listeners.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// When it ends, in seconds since 1970, where that could be read.
    pub expiry_secs: Option<u64>,
    /// Its changes.
    pub reloads: Vec<(Reload, u64)>,
    /// Handshakes.
    pub handshakes: Vec<(Handshake, u64)>,
}

/// Sessions of components that take plans.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plans {
    /// Instances by how they stand to their plan.
    pub agents: Vec<(SyncStanding, u64)>,
    /// Plans offered.
    pub offers: u64,
    /// Messages and sessions refused.
    pub refused: Vec<(SyncRefusal, u64)>,
    /// Exports that another plan than the one of now had shaped.
    pub stale: u64,
    /// From a change of views to an answer: those that came since the snapshot before.
    pub delays: Vec<Duration>,
}

/// Every number of the process that is counted elsewhere, at one moment. Counts never fall.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Points of metrics.
    pub metrics: Flow,
    /// Spans.
    pub traces: Flow,
    /// Series held, by component.
    pub series: Vec<(String, u64)>,
    /// Points that went to overflow series, by metric.
    pub limited: Vec<(String, u64)>,
    /// Metrics that are sent, and by whom each is on; nobody where it is off.
    pub enabled: Vec<(String, Option<Decider>)>,
    /// Points taken otherwise than they were sent.
    pub adjusted: Vec<(Adjustment, u64)>,
    /// What scrapes left out.
    pub omitted: Vec<(Omission, u64)>,
    /// What views turned off.
    pub suppressed: Vec<Suppressed>,
    /// Faults in the views as last read: errors.
    pub fault_errors: u64,
    /// Faults in the views as last read: warnings.
    pub fault_warnings: u64,
    /// How often each limit bit, by its name.
    pub limits: Vec<(&'static str, u64)>,
    /// Conflicts between metrics that want the same name, by kind.
    pub conflicts: Vec<(ConflictKind, u64)>,
    /// Listeners, and whether each takes plain text off loopback.
    pub insecure: Vec<(&'static str, bool)>,
    /// The certificate, where there is one.
    pub tls: Option<Tls>,
    /// Answers about tokens and rights, where an API server is asked for any.
    pub access: Vec<(AccessQuestion, AccessOutcome, u64)>,
    /// Requests to read that were refused.
    pub readers_refused: Vec<(AccessRefusal, u64)>,
    /// Trace back ends.
    pub backends: Vec<Backend>,
    /// Seconds since the views were last known to be current; `None` before that.
    pub view_age: Option<f64>,
    /// What became of plans.
    pub sync: Plans,
    /// What we see of a cluster and write to it; nothing without one.
    pub cluster: Cluster,
    /// How components, views and readers stand.
    pub standing: standing::Standing,
}

/// The cluster that views come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cluster {
    /// By kind: objects held, and lists and watches that failed.
    pub kinds: Vec<(String, u64, u64)>,
    /// Writes that were taken, and that failed.
    pub writes: Option<(u64, u64)>,
    /// Which Leases this process holds.
    pub leases: Vec<(Lease, bool)>,
}

/// Our own telemetry. `push` is called on a tick and before `/metrics/self`; the rest where things happen.
pub struct Own {
    telemetry: Arc<Telemetry>,
    read: Box<dyn Fn() -> Snapshot + Send + Sync>,
    latest: Arc<Mutex<Snapshot>>,
    sink: Sink,
    scrape_duration: Histogram<names::ScrapeDuration>,
    scrape_size: Histogram<names::ScrapeSize>,
    sync_duration: Histogram<names::SyncDuration>,
    views: Reconcile,
}

impl Own {
    /// As this instance. `now` is the wall clock, `read` gathers the numbers, `sink` takes the requests.
    pub fn new(
        instance: &str,
        now: impl Fn() -> SystemTime + Send + Sync + 'static,
        read: impl Fn() -> Snapshot + Send + Sync + 'static,
        sink: Sink,
    ) -> Self {
        let identity = Identity::new(SERVICE).instance(instance).with(SERVICE_VERSION, env!("CARGO_PKG_VERSION"));
        let telemetry = Telemetry::new(identity, now);
        let latest = Arc::new(Mutex::new(Snapshot::default()));
        observe_flow(&telemetry, &latest);
        observe_corrections(&telemetry, &latest);
        observe_views(&telemetry, &latest);
        observe_tls(&telemetry, &latest);
        observe_access(&telemetry, &latest);
        observe_refusals(&telemetry, &latest);
        observe_backends(&telemetry, &latest);
        observe_sync(&telemetry, &latest);
        observe_cluster(&telemetry, &latest);
        standing::observe(&telemetry, &latest);
        Self {
            read: Box::new(read),
            latest,
            sink,
            scrape_duration: telemetry.histogram(),
            scrape_size: telemetry.histogram(),
            sync_duration: telemetry.histogram(),
            views: Reconcile::new(&telemetry, "Views"),
            telemetry,
        }
    }

    /// Gathers the numbers and sends everything into the sink.
    pub fn push(&self) {
        let snapshot = (self.read)();
        if let Some(duration) = self.sync_duration.on() {
            snapshot.sync.delays.iter().for_each(|delay| duration.record(delay.as_secs_f64(), names::SyncDuration));
        }
        *self.latest.lock() = snapshot;
        for (signal, body) in self.telemetry.collect() {
            (self.sink)(signal, body);
        }
        self.telemetry.metrics_arrived();
    }

    /// A scrape was answered to its last byte.
    pub fn scraped(&self, took: Duration, bytes: u64) {
        if let Some(duration) = self.scrape_duration.on() {
            duration.record(took.as_secs_f64(), names::ScrapeDuration);
        }
        if let Some(size) = self.scrape_size.on() {
            #[expect(clippy::cast_precision_loss, reason = "a body of 2^53 bytes does not fit any limit")]
            size.record(bytes as f64, names::ScrapeSize);
        }
    }

    /// The loop that brings views into force: `own.views().begin()`, then `end`.
    #[must_use]
    pub fn views(&self) -> &Reconcile {
        &self.views
    }
}

type Latest = Arc<Mutex<Snapshot>>;

/// Observes a metric over the latest snapshot.
fn over<M: Metric>(telemetry: &Telemetry, latest: &Latest, read: impl Fn(&Snapshot, &Readings<'_, M>) + Send + Sync + 'static)
where
    M::Value: Observable,
{
    let latest = latest.clone();
    telemetry.observe::<M>(move |readings| read(&latest.lock(), readings));
}

/// An up-down counter's value; more than fits is as much as fits.
fn level(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn flows(snapshot: &Snapshot) -> [(PointsmanSignal, &Flow); 2] {
    [(PointsmanSignal::Metrics, &snapshot.metrics), (PointsmanSignal::Traces, &snapshot.traces)]
}

fn observe_flow(telemetry: &Telemetry, latest: &Latest) {
    over::<names::PipelineReceived>(telemetry, latest, |s, r| {
        flows(s).into_iter().for_each(|(signal, flow)| r.set(flow.received, names::PipelineReceived { signal }));
    });
    over::<names::PipelineExported>(telemetry, latest, |s, r| {
        flows(s).into_iter().for_each(|(signal, flow)| r.set(flow.exported, names::PipelineExported { signal }));
    });
    over::<names::PipelineQueue>(telemetry, latest, |s, r| {
        flows(s).into_iter().for_each(|(signal, flow)| r.set(level(flow.queued), names::PipelineQueue { signal }));
    });
    over::<names::PipelineDropped>(telemetry, latest, |s, r| {
        for (signal, flow) in flows(s) {
            for drop_reason in PointsmanDropReason::ALL {
                r.set(count_of(&flow.dropped, drop_reason), names::PipelineDropped { signal, drop_reason });
            }
        }
    });
    over::<names::SeriesActive>(telemetry, latest, |s, r| {
        for (component, series) in &s.series {
            r.set(level(*series), names::SeriesActive { component_name: component.clone().into() });
        }
    });
    over::<names::MetricSeriesLimited>(telemetry, latest, |s, r| {
        for (metric, points) in &s.limited {
            r.set(*points, names::MetricSeriesLimited { metric_name: metric.clone().into() });
        }
    });
    over::<names::LimitHits>(telemetry, latest, |s, r| {
        s.limits.iter().for_each(|(limit, hits)| r.set(*hits, names::LimitHits { limit: (*limit).into() }));
    });
    over::<names::ExpositionConflicts>(telemetry, latest, |s, r| {
        s.conflicts
            .iter()
            .for_each(|(conflict_kind, n)| r.set(level(*n), names::ExpositionConflicts { conflict_kind: *conflict_kind }));
    });
    telemetry.observe::<names::BuildInfo>(|r| r.set(1, names::BuildInfo { version: env!("CARGO_PKG_VERSION").into() }));
    over::<names::TransportInsecure>(telemetry, latest, |s, r| {
        for (listener, insecure) in &s.insecure {
            r.set(i64::from(*insecure), names::TransportInsecure { listener: (*listener).into() });
        }
    });
}

fn observe_corrections(telemetry: &Telemetry, latest: &Latest) {
    over::<names::PointAdjusted>(telemetry, latest, |s, r| {
        s.adjusted.iter().for_each(|(adjustment, n)| r.set(*n, names::PointAdjusted { adjustment: *adjustment }));
    });
    over::<names::ScrapeOmitted>(telemetry, latest, |s, r| {
        s.omitted.iter().for_each(|(omission, n)| r.set(*n, names::ScrapeOmitted { omission: *omission }));
    });
}

/// Every reason is there from the start, so that the first drop shows as an increase.
fn count_of(dropped: &[(DropReason, u64)], reason: DropReason) -> u64 {
    dropped.iter().filter(|(r, _)| *r == reason).fold(0, |sum, (_, n)| sum.saturating_add(*n))
}

fn observe_views(telemetry: &Telemetry, latest: &Latest) {
    over::<names::MetricEnabled>(telemetry, latest, |s, r| {
        for (metric, by) in &s.enabled {
            for source in Decider::ALL {
                r.set(i64::from(*by == Some(source)), names::MetricEnabled { metric_name: metric.clone().into(), source });
            }
        }
    });
    over::<names::ViewSuppressed>(telemetry, latest, |s, r| {
        for off in &s.suppressed {
            let Suppressed { namespace, kind, view, rule, points } = off.clone();
            let metric = names::ViewSuppressed {
                k8s_namespace_name: namespace.into(),
                view_kind: kind.into(),
                view_name: view.into(),
                rule_name: rule.into(),
            };
            r.set(points, metric);
        }
    });
    over::<names::ViewFaults>(telemetry, latest, |s, r| {
        r.set(level(s.fault_errors), names::ViewFaults { fault_severity: PointsmanFaultSeverity::Error });
        r.set(level(s.fault_warnings), names::ViewFaults { fault_severity: PointsmanFaultSeverity::Warning });
    });
}

fn observe_tls(telemetry: &Telemetry, latest: &Latest) {
    over::<names::TlsCertificateExpiry>(telemetry, latest, |s, r| {
        if let Some(secs) = s.tls.as_ref().and_then(|tls| tls.expiry_secs) {
            #[expect(clippy::cast_precision_loss, reason = "the last second of the year 9999 is far below 2^53")]
            r.set(secs as f64, names::TlsCertificateExpiry);
        }
    });
    over::<names::TlsReload>(telemetry, latest, |s, r| {
        for (reload_outcome, n) in s.tls.iter().flat_map(|tls| tls.reloads.iter().copied()) {
            r.set(n, names::TlsReload { reload_outcome });
        }
    });
    over::<names::TlsHandshake>(telemetry, latest, |s, r| {
        for (handshake_outcome, n) in s.tls.iter().flat_map(|tls| tls.handshakes.iter().copied()) {
            r.set(n, names::TlsHandshake { handshake_outcome });
        }
    });
}

fn observe_access(telemetry: &Telemetry, latest: &Latest) {
    over::<names::AccessAnswers>(telemetry, latest, |s, r| {
        for (access_question, access_outcome, n) in s.access.iter().copied() {
            r.set(n, names::AccessAnswers { access_question, access_outcome });
        }
    });
}

fn observe_refusals(telemetry: &Telemetry, latest: &Latest) {
    over::<names::AccessRefused>(telemetry, latest, |s, r| {
        s.readers_refused.iter().copied().for_each(|(access_refusal, n)| r.set(n, names::AccessRefused { access_refusal }));
    });
}

fn observe_backends(telemetry: &Telemetry, latest: &Latest) {
    over::<names::TraceSent>(telemetry, latest, |s, r| {
        s.backends.iter().for_each(|b| r.set(b.sent, names::TraceSent { backend: b.address.clone().into() }));
    });
    over::<names::TraceRetries>(telemetry, latest, |s, r| {
        s.backends.iter().for_each(|b| r.set(b.retries, names::TraceRetries { backend: b.address.clone().into() }));
    });
    over::<names::TraceExports>(telemetry, latest, |s, r| {
        for b in &s.backends {
            let exports = [(PointsmanExportOutcome::Ok, b.exports), (PointsmanExportOutcome::Failed, b.retries)];
            for (export_outcome, n) in exports {
                r.set(n, names::TraceExports { backend: b.address.clone().into(), export_outcome });
            }
        }
    });
    over::<names::TraceDropped>(telemetry, latest, |s, r| {
        for b in &s.backends {
            for drop_reason in PointsmanDropReason::ALL {
                r.set(count_of(&b.dropped, drop_reason), names::TraceDropped { backend: b.address.clone().into(), drop_reason });
            }
        }
    });
    over::<names::TraceQueueUsage>(telemetry, latest, |s, r| {
        s.backends.iter().for_each(|b| r.set(level(b.queue_bytes), names::TraceQueueUsage { backend: b.address.clone().into() }));
    });
    over::<names::TraceQueueLimit>(telemetry, latest, |s, r| {
        s.backends
            .iter()
            .for_each(|b| r.set(level(b.queue_bytes_max), names::TraceQueueLimit { backend: b.address.clone().into() }));
    });
}

fn observe_sync(telemetry: &Telemetry, latest: &Latest) {
    over::<names::SyncAgents>(telemetry, latest, |s, r| {
        for sync_state in SyncStanding::ALL {
            r.set(level(total_of(&s.sync.agents, sync_state)), names::SyncAgents { sync_state });
        }
    });
    over::<names::SyncOffers>(telemetry, latest, |s, r| r.set(s.sync.offers, names::SyncOffers));
    over::<names::SyncRefused>(telemetry, latest, |s, r| {
        for sync_refusal in SyncRefusal::ALL {
            r.set(total_of(&s.sync.refused, sync_refusal), names::SyncRefused { sync_refusal });
        }
    });
    over::<names::SyncStale>(telemetry, latest, |s, r| r.set(s.sync.stale, names::SyncStale));
}

/// Every value is there from the start.
fn total_of<T: PartialEq>(counts: &[(T, u64)], value: T) -> u64 {
    counts.iter().filter(|(one, _)| *one == value).fold(0, |sum, (_, n)| sum.saturating_add(*n))
}

fn observe_cluster(telemetry: &Telemetry, latest: &Latest) {
    over::<names::ViewAge>(telemetry, latest, |s, r| s.view_age.into_iter().for_each(|age| r.set(age, names::ViewAge)));
    over::<names::ClusterObjects>(telemetry, latest, |s, r| {
        for (kind, objects, _) in &s.cluster.kinds {
            r.set(level(*objects), names::ClusterObjects { object_kind: kind.clone().into() });
        }
    });
    over::<names::ClusterErrors>(telemetry, latest, |s, r| {
        for (kind, _, errors) in &s.cluster.kinds {
            r.set(*errors, names::ClusterErrors { object_kind: kind.clone().into() });
        }
    });
    over::<names::ClusterWrites>(telemetry, latest, |s, r| {
        if let Some((taken, failed)) = s.cluster.writes {
            r.set(taken, names::ClusterWrites { result: PointsmanResult::Changed });
            r.set(failed, names::ClusterWrites { result: PointsmanResult::Failed });
        }
    });
    over::<names::ClusterLeaseHeld>(telemetry, latest, |s, r| {
        s.cluster.leases.iter().for_each(|(lease, held)| r.set(i64::from(*held), names::ClusterLeaseHeld { lease: *lease }));
    });
}
