//! What all objects are made of: metadata, conditions, times and texts, read so that nothing absurd gets in.
//! Knows no kind.

use crate::limits::{LIST_MAX, TEXT_CHARS_MAX, YEAR_MAX, YEAR_MIN};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Deserializer, de};
use std::{collections::BTreeMap, fmt};

/// What is wrong with an object that was taken all the same, or left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flaw {
    /// It could not be read; the last good one stays.
    Undecodable,
    /// There were too many of its kind.
    Limit,
    /// A value that none of the known ones is.
    UnknownValue,
    /// A time that is none, or absurd.
    BadTime,
}

/// An object that can be read from JSON, and says what of it is odd.
pub trait Read: de::DeserializeOwned + PartialEq + Send + Sync {
    /// Tells each flaw of an object that was read.
    fn flaws(&self, _tell: &mut dyn FnMut(Flaw)) {}

    /// Which object of its name it is, where that is read; else empty.
    fn uid(&self) -> &str {
        ""
    }
}

/// A time; absurd ones are as good as none, and told apart from none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stamp {
    /// There is none.
    #[default]
    Absent,
    /// There is something that is no time, or an absurd one.
    Bad,
    /// A time.
    At(Timestamp),
}

impl Stamp {
    /// The time, where there is a good one.
    #[must_use]
    pub const fn at(self) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(at),
            Self::Absent | Self::Bad => None,
        }
    }

    /// Tells when it is bad.
    pub fn flaws(self, tell: &mut dyn FnMut(Flaw)) {
        if self == Self::Bad {
            tell(Flaw::BadTime);
        }
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(Self::Absent) };
        let Ok(at) = text.parse::<Timestamp>() else { return Ok(Self::Bad) };
        let year = at.to_zoned(TimeZone::UTC).year();
        Ok(if (YEAR_MIN..=YEAR_MAX).contains(&year) { Self::At(at) } else { Self::Bad })
    }
}

/// A free text, cut to [`TEXT_CHARS_MAX`] characters.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text(Box<str>);

impl Text {
    /// As it is kept.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::ops::Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        let end = text.char_indices().nth(TEXT_CHARS_MAX).map_or(text.len(), |(at, _)| at);
        Self(text.get(..end).unwrap_or_default().into())
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl de::Visitor<'_> for Visitor {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text, E> {
                Ok(text.into())
            }

            fn visit_unit<E: de::Error>(self) -> Result<Text, E> {
                Ok(Text::default())
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}

/// `null` is as good as nothing.
///
/// # Errors
/// What is there is not of its form.
pub fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// The last [`LIST_MAX`] entries of a list: logs of conditions are appended to, and the last one counts.
///
/// # Errors
/// What is there is not of its form.
pub fn last_of<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let mut list: Vec<T> = or_default(deserializer)?;
    list.drain(..list.len().saturating_sub(LIST_MAX));
    Ok(list)
}

/// A condition's status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// Nobody knows; or the word is none that we know, see [`Condition::is_odd`].
    #[default]
    Unknown,
}

/// A condition of whatever kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// `type`
    pub name: Box<str>,
    /// `status`
    pub status: Status,
    /// `reason`
    pub reason: Box<str>,
    /// `message`, cut.
    pub message: Text,
    /// `lastTransitionTime`
    pub since: Stamp,
    /// Whether its status is none of `True`, `False` and `Unknown`.
    pub is_odd: bool,
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Wire {
            #[serde(rename = "type", deserialize_with = "or_default")]
            name: Box<str>,
            status: Text,
            reason: Text,
            message: Text,
            last_transition_time: Stamp,
        }

        let Wire { name, status, reason, message, last_transition_time } = Wire::deserialize(deserializer)?;
        let (status, is_odd) = match status.as_str() {
            "True" => (Status::True, false),
            "False" => (Status::False, false),
            "Unknown" => (Status::Unknown, false),
            _ => (Status::Unknown, true),
        };
        Ok(Self { name, status, reason: reason.0, message, since: last_transition_time, is_odd })
    }
}

impl Condition {
    /// The last condition of this type: in a list that is a log, the last one counts.
    #[must_use]
    pub fn find<'c>(conditions: &'c [Self], name: &str) -> Option<&'c Self> {
        conditions.iter().rev().find(|condition| *condition.name == *name)
    }

    /// Whether the last condition of this type is true.
    #[must_use]
    pub fn holds(conditions: &[Self], name: &str) -> bool {
        Self::find(conditions, name).is_some_and(|condition| condition.status == Status::True)
    }

    /// Tells what is odd about each.
    pub fn flaws(conditions: &[Self], tell: &mut dyn FnMut(Flaw)) {
        for condition in conditions {
            condition.since.flaws(tell);
            if condition.is_odd {
                tell(Flaw::UnknownValue);
            }
        }
    }
}

/// `metadata`, as far as it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Meta {
    /// `name`
    #[serde(deserialize_with = "or_default")]
    pub name: Box<str>,
    /// `uid`
    #[serde(deserialize_with = "or_default")]
    pub uid: Box<str>,
    /// `creationTimestamp`
    #[serde(rename = "creationTimestamp")]
    pub created: Stamp,
    /// `generation`
    #[serde(deserialize_with = "or_default")]
    pub generation: i64,
    /// `labels`
    #[serde(deserialize_with = "or_default")]
    pub labels: BTreeMap<Box<str>, Box<str>>,
}

#[cfg(test)]
mod tests;
