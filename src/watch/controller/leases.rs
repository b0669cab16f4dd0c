//! Who leads each part of the operator: whoever holds its Lease and renews it, by our own clock. A renewal is one that was
//! seen; what its time says is another machine's business. Knows nothing of what leaders do.

use super::{Controller, is_known, meters::Meters};
use crate::{
    api::Lease,
    kind::Kind,
    limits::{LEASE_SECS_DEFAULT, LEASE_SECS_MAX},
    table::Delta,
    watch::Observed,
    world::World,
};
use jiff::{SignedDuration, Timestamp};
use pointsman_instrument::semconv::{attribute::McoComponent, mco};
use std::collections::BTreeMap;

/// Names of the Leases, and whose they are.
pub(super) const NAMES: [(&str, McoComponent); 3] = [
    ("machine-config", McoComponent::Operator),
    ("machine-config-controller", McoComponent::Controller),
    ("machine-os-builder", McoComponent::Builder),
];

/// When each Lease was last seen to be renewed.
#[derive(Debug, Default)]
pub(super) struct Leases {
    renewed: BTreeMap<McoComponent, Timestamp>,
    ticked: Option<Timestamp>,
}

impl Leases {
    pub(super) fn changed(&mut self, delta: &Delta<Lease>, now: Timestamp, meters: Option<&Meters>) {
        let Some(component) = component_of(&delta.name) else { return };
        let Some(after) = &delta.after else {
            self.renewed.remove(&component);
            return;
        };
        let before = delta.before.as_ref().map(|lease| &lease.spec);
        if before.is_none_or(|before| before.renew_time != after.spec.renew_time) {
            self.renewed.insert(component, now);
        }
        let (Some(before), Some(meters)) = (before, meters) else { return };
        // A number that fell is of a new Lease: how often that one changed hands before was not seen.
        let grown = after.spec.lease_transitions.saturating_sub(before.lease_transitions);
        if let (Ok(grown @ 1..), Some(on)) = (u64::try_from(grown), meters.lease_transitions.on()) {
            on.add(grown, mco::ControllerLeaseTransitions { component });
        }
    }

    /// While Leases cannot be watched, no renewal can be seen: then they do not grow older.
    pub(super) fn tick(&mut self, world: &World, now: Timestamp) {
        let elapsed = self.ticked.replace(now).map_or(SignedDuration::ZERO, |then| now.duration_since(then));
        if world.health().get(&Kind::Lease).is_some_and(|health| health.trouble.is_some()) {
            self.renewed.values_mut().for_each(|seen| *seen = seen.saturating_add(elapsed).unwrap_or(now));
        }
    }

    fn leads(&self, component: McoComponent, lease: &Lease, now: Timestamp) -> bool {
        let secs = match lease.spec.lease_duration_seconds {
            stated @ 1.. => stated.min(LEASE_SECS_MAX),
            _ => LEASE_SECS_DEFAULT,
        };
        let stands = |seen: &Timestamp| now.duration_since(*seen) <= SignedDuration::from_secs(secs);
        !lease.spec.holder_identity.is_empty() && self.renewed.get(&component).is_some_and(stands)
    }
}

fn component_of(name: &str) -> Option<McoComponent> {
    NAMES.into_iter().find(|(known, _)| *known == name).map(|(_, component)| component)
}

/// Registers what is read.
pub(super) fn observe(observed: &Observed<Controller>) {
    observed.metric::<mco::ControllerLeader>(|seen, readings| {
        if !is_known(seen.world, Kind::Lease) {
            return;
        }
        for (name, component) in NAMES {
            let lease = seen.world.leases.get(name);
            let leads = lease.is_some_and(|lease| seen.watcher.leases.leads(component, lease, seen.now));
            // The builder runs only where images are built: without them it needs no leader.
            if component == McoComponent::Builder && !leads && seen.world.os_configs.is_empty() {
                continue;
            }
            readings.set(i64::from(leads), mco::ControllerLeader { component });
        }
    });
}
