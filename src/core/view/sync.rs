//! What components say of themselves and what became of the plans they were offered: plain data between the sessions, which
//! hear it, and plans and statuses, which speak of it. Decides nothing.

use super::{decide::Aspect, plan::RuleRef, spec::Catalogue};
use crate::model::{clock::Wall, component::ComponentKey};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What a library can do at the source, and what it has. Instances of one component may differ.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reported {
    /// Name and version of the library; empty where nobody said.
    pub library: Box<str>,
    /// What it can do for instruments.
    pub aspects: BTreeSet<Aspect>,
    /// Whether it can leave out spans.
    pub spans: bool,
    /// Instruments that are read by callbacks, by scope and name: their keys and buckets stay as they are.
    pub observed: BTreeSet<(Box<str>, Box<str>)>,
    /// What it declares; `None` where it sent no catalogue.
    pub catalogue: Option<Arc<Catalogue>>,
}

/// A plan as it is offered to the instances of one component that reported the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Its name.
    pub hash: [u8; 16],
    /// Canonical JSON.
    pub body: Arc<[u8]>,
    /// When parts of it end, in order.
    pub next: Vec<Wall>,
    /// Rules of which all that they decide is done at the source.
    pub at_source: BTreeSet<Arc<RuleRef>>,
    /// Rules of which something is left to the controller.
    pub at_controller: BTreeSet<Arc<RuleRef>>,
    /// Instruments that a cap left out of it: the controller decides for them, as for all that are not declared.
    pub left_out: usize,
}

/// What became of the plans of one component.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComponentSync {
    /// Name and version of the library, as most instances say; empty where nobody did.
    pub library: Box<str>,
    /// Instances with a session, or with a plan from a file that they were seen to obey.
    pub connected: u64,
    /// Instances that obey the plan of now, connected or not.
    pub applied: u64,
    /// Connected instances that did not answer yet.
    pub pending: u64,
    /// Connected instances that refused it.
    pub failed: u64,
    /// Hash of the plan of now, in hexadecimal; of the plan that most instances have where they reported different things.
    pub hash: Box<str>,
    /// Since when every connected instance obeys it.
    pub since: Option<Wall>,
    /// Rules that are done at the source wholly, by the instances that obey.
    pub at_source: Arc<BTreeSet<Arc<RuleRef>>>,
    /// Rules of which something is left to the controller.
    pub at_controller: Arc<BTreeSet<Arc<RuleRef>>>,
    /// What instances said of what they refused, each once, at most five.
    pub refusals: Vec<Box<str>>,
    /// What its instances declare, where they do.
    pub catalogue: Option<Arc<Catalogue>>,
}

/// What became of all plans.
pub type SyncState = BTreeMap<ComponentKey, ComponentSync>;
