//! What the demo may tell: which stories there are, how fast each is worth looking at, and how old its world is at the start.
//! Knows no node and no view: the director makes actions of it, the cluster and the teller all the rest.

use super::mco::Second;
use std::{fmt, str::FromStr};

/// A story with a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scenario {
    /// A blocked drain, a flood of labels, a view against it, and the end of both.
    #[default]
    Story,
    /// Nothing goes wrong.
    Happy,
    /// A PodDisruptionBudget blocks one node for more than three hours.
    DrainStuck,
    /// One node cannot be made to boot, many times over.
    RebootFail,
    /// Each attempt of one node sends a new error text.
    LabelFlood,
    /// The daemon of one node stops, and starts again.
    SilentDaemon,
    /// No config can be rendered for a while.
    RenderFail,
    /// An authority is about to end, and its successor does not reach nodes whose pool is paused.
    CertExpiry,
    /// A pool is paused for more than a day while an update waits.
    PausedForgotten,
}

/// No scenario has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read the scenario {0:?}: it is one of {all}", all = Scenario::ALL.map(Scenario::as_str).join(", "))]
pub struct UnknownScenario(pub String);

impl Scenario {
    /// Every scenario.
    pub const ALL: [Self; 9] = [
        Self::Story,
        Self::Happy,
        Self::DrainStuck,
        Self::RebootFail,
        Self::LabelFlood,
        Self::SilentDaemon,
        Self::RenderFail,
        Self::CertExpiry,
        Self::PausedForgotten,
    ];

    /// The name users type.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Story => "story",
            Self::Happy => "happy",
            Self::DrainStuck => "drain-stuck",
            Self::RebootFail => "reboot-fail",
            Self::LabelFlood => "label-flood",
            Self::SilentDaemon => "silent-daemon",
            Self::RenderFail => "render-fail",
            Self::CertExpiry => "cert-expiry",
            Self::PausedForgotten => "paused-forgotten",
        }
    }

    /// Simulated seconds in a second, where the user does not say: long stories are told faster.
    #[must_use]
    pub const fn speed(self) -> u32 {
        match self {
            Self::DrainStuck | Self::CertExpiry => 120,
            Self::PausedForgotten => 90,
            _ => 60,
        }
    }

    /// How long it takes from its first second until all is well, about.
    pub(crate) const fn length(self) -> Second {
        match self {
            Self::Story | Self::Happy | Self::LabelFlood | Self::SilentDaemon => 3600,
            Self::RebootFail | Self::RenderFail | Self::PausedForgotten => 2 * 3600 + 1800,
            Self::DrainStuck | Self::CertExpiry => 4 * 3600 + 1800,
        }
    }

    /// Seconds for which the pool has been paused when the simulation begins.
    pub(crate) const fn paused_for(self) -> Option<Second> {
        match self {
            Self::CertExpiry => Some(12 * 3600),
            // It comes to a day while people look.
            Self::PausedForgotten => Some(23 * 3600 + 2400),
            _ => None,
        }
    }

    /// Days that the authority of the API server has left when the simulation begins, where that is not the usual number.
    pub(crate) const fn authority_days(self) -> Option<u64> {
        match self {
            Self::CertExpiry => Some(6),
            _ => None,
        }
    }

    /// How long after the rollout's start the blocked drain goes on, if one is blocked.
    pub(crate) const fn blocked_for(self) -> Option<Second> {
        match self {
            Self::Story => Some(50 * 60),
            Self::LabelFlood => Some(60 * 60),
            Self::DrainStuck => Some(195 * 60),
            _ => None,
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

#[cfg(test)]
mod tests {
    use super::Scenario;
    use crate::cli::SCENARIOS;

    /// Scenario: what the command line offers. Guarantees: exactly the scenarios that there are, in their order; another
    /// name is refused with all of them.
    #[test]
    fn the_command_line_offers_them_all() {
        assert_eq!(SCENARIOS.map(|(name, _)| name), Scenario::ALL.map(Scenario::as_str));
        let error = "sad".parse::<Scenario>().expect_err("there is none").to_string();
        assert_eq!(Scenario::ALL.into_iter().find(|scenario| !error.contains(scenario.as_str())), None, "{error}");
    }
}
