//! What may be asked of an interface that takes any text: names as OpenTelemetry allows them, and of everything no more than
//! a request has room for. Makes no instrument.

use crate::{
    limits::{BOUNDS_MAX, BRIEF_BYTES_MAX, FOREIGN_SETS_MAX, NAME_BYTES_MAX, SCOPE_BYTES_MAX, UNIT_BYTES_MAX},
    metric::{Kind, Level, Meta},
};
use std::borrow::Cow;

/// Upper bounds of a histogram whose owner names none, as the specification has them.
const BOUNDS: &[f64] = &[0.0, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2500.0, 5000.0, 7500.0, 10000.0];

/// What an instrument is: two of one name are one if all of it is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct What {
    pub(crate) kind: Kind,
    /// The type of its numbers.
    pub(crate) number: &'static str,
    pub(crate) observed: bool,
}

/// What is asked for.
pub(crate) struct Asked<'a> {
    pub(crate) scope: &'a str,
    pub(crate) name: Cow<'static, str>,
    pub(crate) unit: Option<Cow<'static, str>>,
    pub(crate) brief: Option<Cow<'static, str>>,
    pub(crate) bounds: Option<Vec<f64>>,
}

impl Asked<'_> {
    /// Whether an instrument may be made of it.
    pub(crate) fn is_fit(&self) -> bool {
        let unit = self.unit.as_deref().unwrap_or_default();
        let bounds = self.bounds.as_deref().unwrap_or_default();
        self.scope.len() <= SCOPE_BYTES_MAX
            && is_name(&self.name)
            && unit.len() <= UNIT_BYTES_MAX
            && unit.is_ascii()
            && bounds.len() <= BOUNDS_MAX
            && bounds.iter().all(|bound| bound.is_finite())
            && bounds.is_sorted_by(|a, b| a < b)
    }

    /// What is known of it from now on, as long as the process lives: an instrument is never unmade, and their number is
    /// capped.
    pub(crate) fn keep(self, kind: Kind) -> &'static Meta {
        let Self { scope, name, unit, brief, bounds } = self;
        let mut brief = brief.unwrap_or_default().into_owned();
        brief.truncate(brief.floor_char_boundary(BRIEF_BYTES_MAX));
        let bounds: &'static [f64] = match (kind, bounds) {
            (Kind::Histogram, Some(bounds)) => Box::leak(bounds.into()),
            (Kind::Histogram, None) => BOUNDS,
            _ => &[],
        };
        Box::leak(Box::new(Meta {
            name: text(name),
            kind,
            unit: text(unit.unwrap_or_default()),
            brief: text(brief.into()),
            scope: text(scope.to_owned().into()),
            level: Level::Undeclared,
            limit: FOREIGN_SETS_MAX,
            buckets: bounds,
            attributes: &[],
        }))
    }
}

fn text(text: Cow<'static, str>) -> &'static str {
    match text {
        Cow::Borrowed(text) => text,
        Cow::Owned(text) => Box::leak(text.into()),
    }
}

/// A letter, then letters, digits and `_`, `.`, `-`, `/`, all of ASCII.
fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'/');
    name.len() <= NAME_BYTES_MAX
        && name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic())
        && name.bytes().all(allowed)
}
