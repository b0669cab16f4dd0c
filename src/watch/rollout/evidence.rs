//! When something began that nobody saw begin: the best that conditions and objects tell of it, and what that is worth.
//! Knows the order in which a node's update goes, not what is made of it.

use super::{Sight, phase};
use crate::{
    api::{Condition, Status},
    world::World,
};
use jiff::Timestamp;
use pointsman_instrument::semconv::attribute::{McoEndSource, McoPhase, McoStartSource};

/// When something began, and what that is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// The time, never after the moment it was worked out.
    pub at: Timestamp,
    /// What it is known by.
    pub source: McoStartSource,
}

impl Start {
    /// It was seen.
    #[must_use]
    pub const fn observed(at: Timestamp) -> Self {
        Self { at, source: McoStartSource::Observed }
    }

    /// Whether what began then may be measured: the other sources are bounds, not times.
    #[must_use]
    pub const fn is_measured(self) -> bool {
        matches!(self.source, McoStartSource::Observed | McoStartSource::PreviousPhase | McoStartSource::ConditionTime)
    }
}

/// When something ended, and what that is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// The time.
    pub at: Timestamp,
    /// What it is known by.
    pub source: McoEndSource,
}

impl End {
    /// At this moment; seen late, at the time that a condition tells, where it tells one.
    #[must_use]
    pub fn seen(sight: Sight, told: Option<Timestamp>) -> Self {
        match told.filter(|_| sight.is_late) {
            Some(told) => Self { at: told.min(sight.now), source: McoEndSource::ConditionTime },
            None => Self { at: sight.now, source: McoEndSource::Observed },
        }
    }
}

/// When a rollout began that was under way when it was first seen: since the pool left `Updated`, or since its target is there.
#[must_use]
pub fn rollout(since: Option<Timestamp>, created: Option<Timestamp>, now: Timestamp) -> Start {
    let since = since.map(|at| Start { at, source: McoStartSource::ConditionTime });
    let created = created.map(|at| Start { at, source: McoStartSource::CreationTime });
    let later = [created, since].into_iter().flatten().max_by_key(|start| start.at);
    later.map_or(Start { at: now, source: McoStartSource::FirstSeen }, |start| Start { at: start.at.min(now), ..start })
}

/// What there is to tell of one node's update.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'w> {
    /// Of its MachineConfigNode.
    pub conditions: &'w [Condition],
    /// When its pool left `Updated`.
    pub pool_since: Option<Timestamp>,
    /// When the controller that drains took over.
    pub lease_since: Option<Timestamp>,
}

const CONTROLLER_LEASE: &str = "machine-config-controller";

impl<'w> Evidence<'w> {
    /// What the objects tell of a node of a pool.
    #[must_use]
    pub fn of(world: &'w World, node: &str, pool: &str) -> Self {
        let pool_since = world.pools.get(pool).and_then(|pool| since(&pool.status.conditions, "Updated", Status::False));
        let lease_since = world.leases.get(CONTROLLER_LEASE).and_then(|lease| lease.spec.acquire_time.at());
        Self { conditions: conditions(world, node), pool_since, lease_since }
    }

    /// When the update began.
    #[must_use]
    pub fn update(&self, now: Timestamp) -> Start {
        let prepared = self.is_true(McoPhase::UpdatePrepared);
        let left = since(self.conditions, "Updated", Status::False);
        // What was rewritten later still cannot have begun after its first phase was over.
        let left = left.map(|left| prepared.map_or(left, |prepared| left.min(prepared)));
        told(left.or(prepared).or(self.pool_since), McoStartSource::ConditionTime, now)
    }

    /// When a phase began that is under way.
    #[must_use]
    pub fn phase(&self, of: McoPhase, now: Timestamp) -> Start {
        let prepared = self.is_true(McoPhase::UpdatePrepared);
        let (at, source) = match of {
            McoPhase::UpdatePrepared => (None, McoStartSource::FirstSeen),
            // Nothing writes while the node is down.
            McoPhase::RebootedNode => (since(self.conditions, of.as_str(), Status::Unknown), McoStartSource::ConditionTime),
            McoPhase::Drained => {
                // A controller that took over since cordons anew, and moves the time with it.
                let is_moved = self.lease_since.zip(prepared).is_some_and(|(lease, prepared)| lease > prepared);
                let cordoned = self.is_true(McoPhase::Cordoned).filter(|_| !is_moved);
                (cordoned.or(prepared), McoStartSource::PreviousPhase)
            }
            McoPhase::AppliedFilesAndOs
            | McoPhase::AppliedFiles
            | McoPhase::AppliedOsImage
            | McoPhase::ImagePulledFromRegistry => (self.is_true(McoPhase::Drained).or(prepared), McoStartSource::PreviousPhase),
            McoPhase::UpdateExecuted | McoPhase::Cordoned => (prepared, McoStartSource::PreviousPhase),
            McoPhase::Resumed | McoPhase::UpdateComplete | McoPhase::Uncordoned | McoPhase::UpdatePostActionComplete => {
                (self.before(of), McoStartSource::PreviousPhase)
            }
        };
        told(at, source, now)
    }

    /// When the last phase before this one came to its end.
    fn before(&self, of: McoPhase) -> Option<Timestamp> {
        let earlier = phase::ORDER.into_iter().take_while(|phase| *phase != of).filter(|phase| !phase::is_parent(*phase));
        earlier.filter_map(|phase| self.is_true(phase)).max()
    }

    /// Since when a phase is over.
    #[must_use]
    pub fn is_true(&self, phase: McoPhase) -> Option<Timestamp> {
        since(self.conditions, phase.as_str(), Status::True)
    }
}

/// Conditions of a node's MachineConfigNode; none where there is none.
#[must_use]
pub fn conditions<'w>(world: &'w World, node: &str) -> &'w [Condition] {
    world.mcns.get(node).map_or(&[], |mcn| &mcn.status.conditions)
}

/// Since when a condition has this status.
#[must_use]
pub fn since(conditions: &[Condition], name: &str, status: Status) -> Option<Timestamp> {
    Condition::find(conditions, name).filter(|condition| condition.status == status)?.since.at()
}

fn told(at: Option<Timestamp>, source: McoStartSource, now: Timestamp) -> Start {
    at.map_or(Start { at: now, source: McoStartSource::FirstSeen }, |at| Start { at: at.min(now), source })
}
