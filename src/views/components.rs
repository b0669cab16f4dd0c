//! What a cluster shows of components: one `TelemetryComponent` a workload, one `InstrumentCatalog` a set of instruments.
//! Turns what was observed into what should stand there. Writes nothing, deletes nothing, reads no clock.

pub mod catalogue;
pub(crate) mod synced;

#[cfg(test)]
mod tests;

use self::{catalogue::DesiredCatalogue, synced::Synced};
use super::{
    planfiles::{self, Outcome},
    workloads::Owners,
};
use pointsman_core::{
    limits,
    model::{
        clock::{Mono, SECOND, Wall},
        component::ComponentKey,
        instrument::Instrument,
    },
    state::observe::ObservedComponent,
    view::{
        spec::Catalogue,
        status::Condition,
        sync::{ComponentSync, SyncState},
        time,
    },
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

/// A rate is computed over at least so long.
const RATE_WINDOW: Duration = Duration::from_secs(30);

/// A `TelemetryComponent` as it should be.
#[derive(Clone, Debug, PartialEq)]
pub struct DesiredComponent {
    /// Where it lives: the component's namespace.
    pub namespace: Box<str>,
    /// Its name there.
    pub name: Box<str>,
    /// The workload it goes with; `None` where there is none, or none that the cluster knows.
    pub owner: Option<OwnerReference>,
    /// Which component.
    pub spec: ComponentSpec,
    /// How it is.
    pub status: ComponentStatus,
    /// Whether its instances may come back to a controller that has only started: what its object shows of plans stays.
    pub returning: bool,
}

/// An entry of `metadata.ownerReferences`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OwnerReference {
    /// `apps/v1`
    pub api_version: String,
    /// `Deployment`
    pub kind: String,
    /// The object's name, in the same namespace.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

/// `spec` of a `TelemetryComponent`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ComponentSpec {
    /// `service.name`
    pub service_name: String,
    /// Its workload, as its senders or the cluster name it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload_ref: Option<WorkloadRef>,
}

/// Kind and name of a workload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkloadRef {
    /// `apps` or `batch`.
    pub group: String,
    /// `Deployment`
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// `status` of a `TelemetryComponent`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ComponentStatus {
    /// Processes that push.
    pub instances: u64,
    /// Series that expositions see.
    pub series: u64,
    /// Attribute sets as they are sent, before views.
    pub series_before: u64,
    /// Points received a second, with one decimal.
    pub points_per_second: String,
    /// Points that views suppress, in percent of those received: 0..=100.
    pub dropped_share: u64,
    /// Views that act on it, the strongest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub applied_views: Vec<String>,
    /// Whether `appliedViews` was cut.
    #[serde(skip_serializing_if = "is_false")]
    pub applied_views_truncated: bool,
    /// When it last pushed, RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_push: Option<String>,
    /// Hash of the plan it obeys, 32 hexadecimal digits: of the one that is offered to it where it takes plans.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub plan_hash: String,
    /// Name and version of the library it is built with, as most of its instances say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub library: String,
    /// `12/12`: instances that take plans, of all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub connected: String,
    /// `12/12`: instances for which the plan is enforced, of all.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub in_sync: String,
    /// `Active`, or `Silent` once nothing of it pushes or is connected any more.
    pub state: String,
    /// `Claimed`: its namespace is what it says itself; `Authenticated`: it was proven.
    pub identity: String,
    /// The name of its `InstrumentCatalog`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub catalogue: String,
    /// `InSync` where it takes plans, `PlanFile` where it asks for its plan as a ConfigMap.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
}

/// What the stream, the views and the cluster say, at one moment.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// The components of the stream.
    pub observed: &'a [ObservedComponent],
    /// The workloads of the cluster.
    pub owners: &'a Owners,
    /// The views that act on a component, as users name them, the strongest first.
    pub applied: &'a dyn Fn(&ComponentKey) -> Vec<String>,
    /// Declared instruments.
    pub catalogues: &'a [Arc<Catalogue>],
    /// What became of the plans of components.
    pub sync: &'a SyncState,
    /// Whether a start or a take-over is so short ago that components may not be back yet.
    pub settling: bool,
    /// Whether senders have proved which namespace is theirs.
    pub proven: bool,
    /// What became of the ConfigMap that a component of this namespace and name asks for.
    pub plan_file: &'a dyn Fn(&str, &str) -> Option<Outcome>,
}

/// What should stand in the cluster for the components of the stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// One for each component, ordered by namespace and name.
    pub components: Vec<DesiredComponent>,
    /// One for each component that has instruments.
    pub catalogues: Vec<Arc<DesiredCatalogue>>,
    /// Components that are not shown: more than [`limits::COMPONENT_OBJECTS_MAX`], or in a namespace or with a name that
    /// Kubernetes does not take.
    pub left_out: usize,
}

/// Follows components from one look to the next: rates need two.
#[derive(Debug, Default)]
pub struct Observer {
    known: HashMap<ComponentKey, Known>,
}

#[derive(Debug)]
struct Known {
    rate: Rate,
    /// From what the catalogue was made.
    instruments: Vec<Instrument>,
    declared: Vec<Arc<Catalogue>>,
    reported: Option<Arc<Catalogue>>,
    catalogue: Option<Arc<DesiredCatalogue>>,
    synced: Synced,
    plan_file: Option<Condition>,
    last_push: Option<String>,
}

/// Counts at the start of a window, and the rates of the last whole one.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rate {
    at: Mono,
    received: u64,
    suppressed: u64,
    per_second: f64,
    dropped_share: u64,
}

impl Observer {
    /// What should be shown now.
    pub fn look(&mut self, inputs: Inputs<'_>, now: (Mono, Wall)) -> Shown {
        let (mut shown, mut left_out) = (Vec::new(), 0);
        let mut known = std::mem::take(&mut self.known);
        let silent = silent(inputs, now.0);
        for observed in inputs.observed.iter().chain(&silent) {
            let name = observed.key.object_name();
            if !is_label(&observed.key.namespace) || !is_subdomain(&name) {
                left_out += 1;
                continue;
            }
            shown.push((inputs.owner(&observed.key), name, observed));
        }
        // Those that the cluster knows go first: whoever makes up names takes no place from them.
        shown.sort_by_key(|(owner, name, observed)| (owner.is_none(), observed.key.namespace.clone(), name.clone()));
        left_out += shown.len().saturating_sub(limits::COMPONENT_OBJECTS_MAX);
        shown.truncate(limits::COMPONENT_OBJECTS_MAX);
        let mut answer = Shown { left_out, ..Shown::default() };
        for (owner, name, observed) in shown {
            let known = Known::follow(known.remove(&observed.key), (observed, &name), inputs, now);
            answer.components.push(desired((owner, name, observed), &known, inputs));
            answer.catalogues.extend(known.catalogue.clone());
            self.known.insert(observed.key.clone(), known);
        }
        answer.components.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        answer
    }
}

/// Components that are connected and push nothing: all that they have may be off.
fn silent(inputs: Inputs<'_>, now: Mono) -> Vec<ObservedComponent> {
    let pushing: HashSet<&ComponentKey> = inputs.observed.iter().map(|observed| &observed.key).collect();
    let silent = inputs.sync.iter().filter(|(key, sync)| sync.is_present() && !pushing.contains(key));
    let silent = silent.map(|(key, _)| ObservedComponent {
        key: key.clone(),
        instances: 0,
        since: now,
        last_push: now,
        received: 0,
        suppressed: 0,
        series: 0,
        plan_hash: [0; 16],
        instruments: Vec::new(),
    });
    silent.collect()
}

impl Inputs<'_> {
    fn sync(&self, key: &ComponentKey) -> Option<&ComponentSync> {
        self.sync.get(key)
    }

    fn owner(&self, key: &ComponentKey) -> Option<OwnerReference> {
        let workload = key.workload.as_ref()?;
        let owner = self.owners.get(&(key.namespace.clone(), workload.kind.clone(), workload.name.clone()))?;
        Some(OwnerReference {
            api_version: owner.api_version.to_string(),
            kind: workload.kind.to_string(),
            name: workload.name.to_string(),
            uid: owner.uid.to_string(),
        })
    }
}

impl Known {
    /// The component as known from now on. Its catalogue is made anew only when its instruments or the declarations changed.
    fn follow(
        before: Option<Self>,
        (observed, name): (&ObservedComponent, &str),
        inputs: Inputs<'_>,
        (now, wall): (Mono, Wall),
    ) -> Self {
        let rate = Rate::follow(before.as_ref().map(|known| known.rate), observed, now);
        let declared: Vec<Arc<Catalogue>> =
            inputs.catalogues.iter().filter(|c| catalogue::speaks_for(c, &observed.key)).cloned().collect();
        let sync = inputs.sync(&observed.key);
        let reported = sync.and_then(|sync| sync.catalogue.clone());
        let synced = synced::synced(sync, observed.instances as u64, before.as_ref().map(|known| &known.synced), wall);
        let plan_file = (inputs.plan_file)(&observed.key.namespace, name).map(|outcome| {
            let ((holds, reason, message), known) = (outcome.said(), before.as_ref().and_then(|known| known.plan_file.as_ref()));
            synced::condition_of(planfiles::CONDITION, (holds, reason, &message), known, wall)
        });
        let last_push = if observed.instances > 0 {
            let ago = u64::try_from(now.since(observed.last_push).as_nanos()).unwrap_or(u64::MAX);
            Some(time::format_time(Wall(wall.0.saturating_sub(ago) / SECOND * SECOND)))
        } else {
            before.as_ref().and_then(|known| known.last_push.clone())
        };
        if let Some(known) = before {
            let same_declared =
                known.declared.len() == declared.len() && known.declared.iter().zip(&declared).all(|(a, b)| Arc::ptr_eq(a, b));
            let same_seen = known.instruments.iter().eq(observed.instruments.iter().map(|i| &i.instrument));
            if same_declared && same_seen && known.reported == reported {
                return Self { rate, synced, plan_file, last_push, ..known };
            }
        }
        let instruments: Vec<Instrument> = observed.instruments.iter().map(|i| i.instrument.clone()).collect();
        let known = (&*declared, reported.as_deref());
        let catalogue = catalogue::desired((&observed.key, name), &instruments, known).map(Arc::new);
        Self { rate, instruments, declared, reported, catalogue, synced, plan_file, last_push }
    }
}

impl Rate {
    fn follow(before: Option<Self>, observed: &ObservedComponent, now: Mono) -> Self {
        // A component that came back counts from nought again.
        let since = before.filter(|rate| rate.received <= observed.received && rate.suppressed <= observed.suppressed);
        let first = Self { at: observed.since, received: 0, suppressed: 0, per_second: 0.0, dropped_share: 0 };
        let from = since.unwrap_or(first);
        let span = now.since(from.at);
        if since.is_some() && span < RATE_WINDOW {
            return from;
        }
        let (received, suppressed) = (observed.received - from.received, observed.suppressed - from.suppressed);
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let per_second = received as f64 / span.as_secs_f64().max(1.0);
        let dropped_share = suppressed.saturating_mul(100).checked_div(received).unwrap_or(0).min(100);
        Self { at: now, received: observed.received, suppressed: observed.suppressed, per_second, dropped_share }
    }
}

fn desired(
    (owner, name, observed): (Option<OwnerReference>, String, &ObservedComponent),
    known: &Known,
    inputs: Inputs<'_>,
) -> DesiredComponent {
    let mut applied_views = (inputs.applied)(&observed.key);
    let applied_views_truncated = applied_views.len() > limits::APPLIED_VIEWS_MAX;
    applied_views.truncate(limits::APPLIED_VIEWS_MAX);
    let sync = inputs.sync(&observed.key);
    let offered = sync.filter(|sync| sync.takers() > 0 && !sync.hash.is_empty()).map(|sync| sync.hash.to_string());
    let Synced { library, connected, in_sync, condition } = known.synced.clone();
    let status = ComponentStatus {
        instances: observed.instances as u64,
        series: observed.instruments.iter().map(|i| i.exposed).sum(),
        series_before: observed.instruments.iter().map(|i| i.sent).sum(),
        points_per_second: format!("{:.1}", known.rate.per_second),
        dropped_share: known.rate.dropped_share,
        applied_views,
        applied_views_truncated,
        last_push: known.last_push.clone(),
        plan_hash: offered.unwrap_or_else(|| observed.plan_hash.iter().map(|byte| format!("{byte:02x}")).collect()),
        library,
        connected,
        in_sync,
        state: "Active".into(),
        identity: if inputs.proven { "Authenticated" } else { "Claimed" }.into(),
        catalogue: known.catalogue.as_ref().map(|c| c.name.to_string()).unwrap_or_default(),
        conditions: condition.into_iter().chain(known.plan_file.clone()).collect(),
    };
    let workload_ref = observed.key.workload.as_ref().map(|workload| WorkloadRef {
        group: if matches!(&*workload.kind, "Job" | "CronJob") { "batch" } else { "apps" }.into(),
        kind: workload.kind.to_string(),
        name: workload.name.to_string(),
    });
    let spec = ComponentSpec { service_name: service_name(&observed.key), workload_ref };
    let unsupported = sync.map_or(u64::MAX, |sync| sync.tally(observed.instances as u64).unsupported);
    let returning = inputs.settling && unsupported > 0;
    DesiredComponent { namespace: observed.key.namespace.clone(), name: name.into(), owner, spec, status, returning }
}

/// `service.name`; where a sender has none, what OpenTelemetry calls it then, since the field must not be empty.
fn service_name(key: &ComponentKey) -> String {
    if key.service.is_empty() { "unknown_service".into() } else { key.service.to_string() }
}

/// Whether Kubernetes takes it as a namespace.
fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !text.is_empty() && text.len() <= 63 && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// Whether Kubernetes takes it as the name of an object; ten more characters fit behind it.
pub(super) fn is_subdomain(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let part = |p: &str| !p.is_empty() && p.bytes().all(inner) && !p.starts_with('-') && !p.ends_with('-');
    text.len() <= 240 && text.split('.').all(part)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(value: &bool) -> bool {
    !value
}
