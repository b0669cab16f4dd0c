//! What the demo may tell: a scenario only says what goes wrong, and when it is mended.
//! Knows no node and no view: the cluster and the teller make the rest of it.

use std::{fmt, str::FromStr};

/// A story with a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scenario {
    /// A blocked drain, a flood of labels, a view against it, and the end of both.
    #[default]
    Story,
    /// Nothing goes wrong.
    Happy,
    /// A PodDisruptionBudget blocks one node for more than three hours.
    DrainStuck,
    /// Each attempt of one node sends a new error text.
    LabelFlood,
}

/// No scenario has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read the scenario {0:?}: it is one of story, happy, drain-stuck, label-flood")]
pub struct UnknownScenario(pub String);

impl Scenario {
    /// Every scenario.
    pub const ALL: [Self; 4] = [Self::Story, Self::Happy, Self::DrainStuck, Self::LabelFlood];

    /// The name users type.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Story => "story",
            Self::Happy => "happy",
            Self::DrainStuck => "drain-stuck",
            Self::LabelFlood => "label-flood",
        }
    }

    /// How long after the rollout's start the blocked drain goes on, if one is blocked.
    pub(crate) const fn blocked_for(self) -> Option<u64> {
        match self {
            Self::Happy => None,
            Self::Story => Some(50 * 60),
            Self::LabelFlood => Some(60 * 60),
            Self::DrainStuck => Some(195 * 60),
        }
    }

    /// Whether each attempt makes a new error text, so that a view has to step in.
    pub(crate) const fn floods(self) -> bool {
        matches!(self, Self::Story | Self::LabelFlood)
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scenario {
    type Err = UnknownScenario;

    fn from_str(text: &str) -> Result<Self, UnknownScenario> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| UnknownScenario(text.to_owned()))
    }
}
