//! Kubernetes events: lossy, merged and late, so a second signal only. Those of the first list are old; a list that comes
//! again tells nothing new.
//! Knows what events are called, not what they say.

use super::{
    meters::Meters,
    nodes::{Fault, Nodes},
};
use crate::{api::Event, limits::EVENT_GROWTH_MAX, table::Delta};
use jiff::Timestamp;
use pointsman_instrument::semconv::attribute::{McoComponent, McoEventReason, McoEventType};
use std::sync::Arc;

/// How the operator's parts sign, without dashes. The controllers within a part add their own name.
const SIGNERS: [(&str, McoComponent); 6] = [
    ("machineconfigoperator", McoComponent::Operator),
    ("machineconfigcontroller", McoComponent::Controller),
    ("machineconfigdaemon", McoComponent::Daemon),
    ("machineconfigserver", McoComponent::Server),
    ("machineosbuilder", McoComponent::Builder),
    ("machineosbuild", McoComponent::Builder),
];

/// Counts how often it happened since it was last seen, and notes the fault of a node that it tells of.
pub(super) fn take(delta: &Delta<Event>, nodes: &mut Nodes, meters: Option<&Meters>, now: Timestamp) {
    let (Some(event), false) = (&delta.after, delta.is_first) else { return };
    let about = nodes.get(&event.involved_object.name).filter(|_| &*event.involved_object.kind == "Node");
    if !nodes.is_all() && about.is_none() {
        return;
    }
    // One that is made anew after it expired keeps its old count: what is new about it is one.
    let growth = match &delta.before {
        None => 1,
        Some(before) => event.count.unwrap_or(1).saturating_sub(before.count.unwrap_or(1)),
    };
    let n = growth.clamp(0, EVENT_GROWTH_MAX).unsigned_abs();
    if n == 0 {
        return;
    }
    let reason = reason_of(event);
    let drift_pool = about.filter(|_| reason == McoEventReason::ConfigDriftDetected).map(|notes| Arc::clone(&notes.pool));
    if let (Some(fault), true) = (fault_of(reason), about.is_some()) {
        nodes.take_fault(&event.involved_object.name, fault, now);
    }
    let Some(meters) = meters else { return };
    let class = if &*event.class == "Warning" { McoEventType::Warning } else { McoEventType::Normal };
    meters.events(n, reason, component_of(event), class);
    if let Some(pool) = drift_pool {
        meters.drifts(n, &pool);
    }
}

fn fault_of(reason: McoEventReason) -> Option<Fault> {
    match reason {
        McoEventReason::ConfigDriftDetected => Some(Fault::Drift),
        McoEventReason::FailedFinalization => Some(Fault::Finalization),
        _ => None,
    }
}

fn reason_of(event: &Event) -> McoEventReason {
    let reason = event.reason.as_str();
    if reason.starts_with("OperatorDegraded:") {
        return McoEventReason::OperatorDegraded;
    }
    McoEventReason::ALL.into_iter().find(|known| known.as_str() == reason).unwrap_or(McoEventReason::Other)
}

fn component_of(event: &Event) -> McoComponent {
    let signed = event.signer.replace('-', "");
    SIGNERS.iter().find(|(signer, _)| signed.starts_with(signer)).map_or(McoComponent::Other, |(_, component)| *component)
}
