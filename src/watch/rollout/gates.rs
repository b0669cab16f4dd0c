//! Which spans of a rollout are made: one that a plan turned off is not, and what it would have held stands in the nearest span
//! around it that is made. This is asked when a span ends, for that is when it is sent: whoever leads by then has the same plan,
//! and ids are derived, so that no span has to be there for another to stand in it. Knows names and ids, no object.

use pointsman_instrument::{
    Telemetry,
    semconv::{attribute::McoPhase, mco},
    span::{Place, Span, SpanId},
};

/// What a plan knows a span by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// A rollout.
    Rollout,
    /// A node's update in it.
    Update,
    /// A phase of that.
    Phase(McoPhase),
}

impl Name {
    /// Whether such spans are made now.
    pub(crate) fn lives(self, telemetry: &Telemetry) -> bool {
        match self {
            Self::Rollout => telemetry.lives(mco::RolloutPool::SCOPE, mco::RolloutPool::NAME),
            Self::Update => telemetry.lives(mco::UpdateNode::SCOPE, mco::UpdateNode::NAME),
            Self::Phase(phase) => telemetry.lives(mco::Phase::SCOPE, &mco::Phase::named(phase.as_str())),
        }
    }
}

/// Where a span stands among those that are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stand {
    /// Itself, if it is made.
    pub(super) own: Option<Place>,
    /// Itself, or the nearest around it that is: what a measurement in it can refer to.
    pub(super) nearest: Option<Place>,
}

impl Stand {
    /// Of the first of these; the others hold it, from the inside out. `place` is where it stands when all of them are made.
    pub(super) fn find(place: Place, around: &[(Name, SpanId)], lives: impl Fn(Name) -> bool) -> Self {
        let mut live = around.iter().filter(|(name, _)| lives(*name)).map(|(_, id)| *id);
        let nearest = live.next().map(|id| Place { id, parent: live.next().unwrap_or(SpanId::INVALID), ..place });
        Self { own: nearest.filter(|nearest| nearest.id == place.id), nearest }
    }
}
