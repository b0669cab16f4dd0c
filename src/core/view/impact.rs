//! What a view changes: series and points per minute, before and after it, for the components it reaches.
//! Compares two plans over what was observed; decides nothing itself.

use super::{
    plan::{Keys, RuleRef},
    spec::ObjectId,
};
use crate::model::{component::ComponentKey, instrument::Instrument};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What an instrument of a component costs before any view, as observed, or as declared.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// Which component.
    pub component: ComponentKey,
    /// Which instrument.
    pub instrument: Instrument,
    /// Instances that send it.
    pub instances: u64,
    /// Attribute sets as sent.
    pub series: u64,
    /// Points a minute as sent.
    pub per_minute: f64,
}

/// How many attribute sets are left of an instrument when only some keys stay; `None` when that is not known.
pub type Distinct<'a> = &'a dyn Fn(&ComponentKey, &Instrument, &Keys) -> Option<u64>;

/// Whether an impact was seen in the stream, or computed from what is declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Basis {
    /// From the stream.
    Observed,
    /// Some of it from catalogues or guesses.
    #[default]
    Estimated,
}

/// Before and after.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Impact {
    /// Series without the view.
    pub series_before: u64,
    /// Series with it.
    pub series_after: u64,
    /// Points a minute without it.
    pub per_minute_before: f64,
    /// Points a minute with it.
    pub per_minute_after: f64,
    /// Where the numbers come from.
    pub basis: Basis,
    /// Each instrument that the view changes, the greatest change first.
    pub instruments: Vec<Change>,
}

/// What becomes of one instrument.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Of which component.
    pub component: ComponentKey,
    /// Which instrument.
    pub instrument: Instrument,
    /// Series without the view.
    pub series_before: u64,
    /// Series with it.
    pub series_after: u64,
    /// Points a minute without it.
    pub per_minute_before: f64,
    /// Points a minute with it.
    pub per_minute_after: f64,
    /// Whether it is on without the view, and with it.
    pub on: (bool, bool),
    /// The rule of the view that changes it, where one does.
    pub by: Option<Arc<RuleRef>>,
}

/// The impact of one view.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewImpact {
    /// Which view.
    pub id: ObjectId,
    /// Before and after.
    pub impact: Impact,
}
