//! Values of closed sets, made from what objects say: a word that is none of them is `other`, or nothing.
//! Knows words only.

use crate::api::{Condition, Status};
use pointsman_instrument::semconv::attribute::{McoConditionStatus, McoConditionType};
use std::collections::BTreeMap;

/// The type of a condition.
#[must_use]
pub fn type_of(name: &str) -> McoConditionType {
    McoConditionType::ALL.into_iter().find(|known| known.as_str() == name).unwrap_or(McoConditionType::Other)
}

impl From<Status> for McoConditionStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::True => Self::IsTrue,
            Status::False => Self::IsFalse,
            Status::Unknown => Self::Unknown,
        }
    }
}

/// The value of a state set whose status is this one.
#[must_use]
pub fn is_status(of: McoConditionStatus, status: Status) -> i64 {
    i64::from(of == status.into())
}

/// The status of each type; where a type stands several times, the last one counts.
#[must_use]
pub fn statuses(conditions: &[Condition]) -> BTreeMap<McoConditionType, Status> {
    conditions.iter().map(|condition| (type_of(&condition.name), condition.status)).collect()
}
