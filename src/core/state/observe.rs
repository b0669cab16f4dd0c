//! What was observed of every component: its instruments with their series and points, those that are off included.
//! For status, impact and `explain`; knows no view beyond the decision each stream obeys.

use crate::model::{
    clock::Mono,
    component::ComponentKey,
    instrument::{Instrument, Kind},
};

/// One component, as of now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedComponent {
    /// Which component.
    pub key: ComponentKey,
    /// Processes that pushed and did not expire.
    pub instances: usize,
    /// When it first pushed, of those processes.
    pub since: Mono,
    /// When it last pushed.
    pub last_push: Mono,
    /// Points received since it came.
    pub received: u64,
    /// Points that views suppressed since it came.
    pub suppressed: u64,
    /// Series held.
    pub series: usize,
    /// Hash of the plan it obeys.
    pub plan_hash: [u8; 16],
    /// Its instruments, over all its instances, ordered by name and scope.
    pub instruments: Vec<ObservedInstrument>,
}

/// One instrument of a component, over all its instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedInstrument {
    /// Scope, name, kind, unit.
    pub instrument: Instrument,
    /// Instances that sent it.
    pub instances: usize,
    /// Attribute sets as they were sent, before views. Those of which nothing is held, because it is off or a limit bit,
    /// are estimated by the points of the last request of each instance.
    pub sent: u64,
    /// Series that expositions see now: 0 while it is off.
    pub exposed: u64,
    /// Points received since it came, suppressed ones included.
    pub points: u64,
    /// Points that went to an overflow series; where keys are dropped, about as many as went to the overflow group.
    pub limited: u64,
    /// When a request last carried it.
    pub last: Mono,
    /// Bytes that its streams hold, roughly; the component's texts, which all of them share, are not in it.
    pub bytes: u64,
}

/// What one attribute of an instrument costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeCost {
    /// The original key.
    pub key: Box<str>,
    /// Different values, over all instances.
    pub values: u64,
    /// Attribute sets that would be left without it, summed over instances.
    pub without: u64,
}

/// An instrument by what identifies it to a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Which<'a> {
    /// OTel name.
    pub name: &'a str,
    /// Scope; empty = of any.
    pub scope: &'a str,
    /// Kind; `None` = of any.
    pub kind: Option<Kind>,
}

impl Which<'_> {
    /// Whether it means this one.
    #[must_use]
    pub fn is(&self, instrument: &Instrument) -> bool {
        *instrument.name == *self.name
            && (self.scope.is_empty() || *instrument.scope == *self.scope)
            && self.kind.is_none_or(|kind| kind == instrument.kind)
    }
}
