//! Drains and reboots of nodes, from what daemon and controller write to each other on the node: they go on whether or not
//! phases tell of them. The controller forgets when a drain began when it restarts; we do not. Knows no spans.

use super::{
    Sight,
    evidence::{Evidence, Start},
};
use crate::{
    api::{Node, Text},
    limits::{DRAIN_THRESHOLD_SECS, DRAIN_TIMEOUT_SECS},
    node_facts::{DRAIN, asks_for_drain, is_rebooting},
};
use jiff::{SignedDuration, Timestamp};
use pointsman_instrument::semconv::attribute::{McoDrainTier, McoPhase, McoResult};

const UNCORDON: &str = "uncordon-";

/// A drain that was asked for and is not done.
#[derive(Debug)]
pub struct Drain {
    /// When it was asked for.
    pub start: Start,
    request: Text,
    told: Option<McoDrainTier>,
}

/// A reboot that was asked for and is not over.
#[derive(Debug)]
pub struct Reboot {
    /// When it was asked for.
    pub start: Start,
    boot_id: Box<str>,
}

/// What became of what was asked of one node.
#[derive(Debug, Default)]
pub struct Pending {
    /// The drain.
    pub drain: Option<Drain>,
    /// The reboot.
    pub reboot: Option<Reboot>,
}

/// What came to its end.
#[derive(Debug, Default)]
pub struct Done {
    /// A drain.
    pub drain: Option<(Start, McoResult)>,
    /// A reboot: the node has booted.
    pub reboot: Option<Start>,
}

impl Pending {
    /// Whether nothing is pending.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.drain.is_none() && self.reboot.is_none()
    }

    /// Whether a node asks for anything.
    #[must_use]
    pub fn is_asked(node: &Node) -> bool {
        asks_for_drain(node).is_some() || is_rebooting(node)
    }

    /// Something of the node changed.
    pub fn observe(&mut self, node: &Node, evidence: &Evidence<'_>, sight: Sight) -> Done {
        let start = |phase| {
            if sight.is_first || sight.is_late { evidence.phase(phase, sight.now) } else { Start::observed(sight.now) }
        };
        let mut done = Done::default();
        let asked = asks_for_drain(node);
        if let Some(drain) = self.drain.take_if(|drain| asked != Some(&drain.request)) {
            let result = if is_drained(node, &drain.request) { McoResult::Success } else { McoResult::Aborted };
            done.drain = Some((drain.start, result));
        }
        if let Some(request) = asked.filter(|_| self.drain.is_none()) {
            self.drain = Some(Drain { start: start(McoPhase::Drained), request: request.clone(), told: None });
        }
        let boot_id = &node.status.node_info.boot_id;
        match &self.reboot {
            None if is_rebooting(node) => {
                self.reboot = Some(Reboot { start: start(McoPhase::RebootedNode), boot_id: boot_id.clone() });
            }
            Some(reboot) if !is_rebooting(node) => {
                done.reboot = (reboot.boot_id != *boot_id).then_some(reboot.start);
                self.reboot = None;
            }
            _ => {}
        }
        done
    }

    /// The node is gone.
    #[must_use]
    pub fn abandon(self) -> Done {
        Done { drain: self.drain.map(|drain| (drain.start, McoResult::Aborted)), reboot: None }
    }
}

impl Drain {
    /// Whether it has passed a limit.
    #[must_use]
    pub fn has_passed(&self, tier: McoDrainTier, now: Timestamp) -> bool {
        now.duration_since(self.start.at) >= limit(tier)
    }

    /// The limits it has passed since they were last asked for, and when it did.
    pub fn tiers(&mut self, now: Timestamp) -> impl Iterator<Item = (McoDrainTier, Timestamp)> + use<> {
        let fresh: Vec<_> =
            McoDrainTier::ALL.into_iter().filter(|tier| self.told.is_none_or(|told| limit(told) < limit(*tier))).collect();
        let passed: Vec<_> = fresh.into_iter().filter(|tier| self.has_passed(*tier, now)).collect();
        self.told = passed.last().copied().or(self.told);
        let start = self.start.at;
        passed.into_iter().map(move |tier| (tier, start.saturating_add(limit(tier)).unwrap_or(now)))
    }
}

const fn limit(tier: McoDrainTier) -> SignedDuration {
    SignedDuration::from_secs(match tier {
        McoDrainTier::Threshold10m => DRAIN_THRESHOLD_SECS,
        McoDrainTier::Timeout1h => DRAIN_TIMEOUT_SECS,
    })
}

/// Whether a drain that is not asked for any more was done: it says so, or the daemon has gone on to the same config's end.
fn is_drained(node: &Node, request: &Text) -> bool {
    let annotations = &node.metadata.annotations;
    let after = |prefix: &str| annotations.desired_drain.strip_prefix(prefix).map(str::to_owned);
    annotations.last_applied_drain == *request || after(UNCORDON).as_deref() == request.strip_prefix(DRAIN)
}
