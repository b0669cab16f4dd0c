//! What the demo may tell: a scenario only says what goes wrong, and when it is mended.
//! Knows no view, and of nodes the one that is named to it: the cluster and the teller make the rest of it.

use super::mco::{Action, Second, Trouble};
use std::{fmt, str::FromStr};

/// When a script begins: before the first rollout does.
const BEGIN: Second = 60;

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
    /// The command that restarts one node fails, once.
    RebootFail,
    /// A config cannot be rendered for forty minutes.
    RenderFail,
    /// Certificates are renewed while the pool is paused.
    CertExpiry,
    /// The pool is paused for more than a day while an update waits.
    PausedForgotten,
}

/// No scenario has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read the scenario {0:?}: it is one of {all}", all = Scenario::ALL.map(Scenario::as_str).join(", "))]
pub struct UnknownScenario(pub String);

impl Scenario {
    /// Every scenario.
    pub const ALL: [Self; 8] = [
        Self::Story,
        Self::Happy,
        Self::DrainStuck,
        Self::LabelFlood,
        Self::RebootFail,
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
            Self::LabelFlood => "label-flood",
            Self::RebootFail => "reboot-fail",
            Self::RenderFail => "render-fail",
            Self::CertExpiry => "cert-expiry",
            Self::PausedForgotten => "paused-forgotten",
        }
    }

    /// How long after the rollout's start the blocked drain goes on, if one is blocked.
    pub(crate) const fn blocked_for(self) -> Option<u64> {
        match self {
            Self::Happy | Self::RebootFail | Self::RenderFail | Self::CertExpiry | Self::PausedForgotten => None,
            Self::Story => Some(50 * 60),
            Self::LabelFlood => Some(60 * 60),
            Self::DrainStuck => Some(195 * 60),
        }
    }

    /// What somebody does, when, and how it is told; `node` is one of those that the pool's rollout takes first.
    pub(crate) fn script(self, pool: &str, node: &str) -> Vec<(Second, Action, String)> {
        let owned = || pool.to_owned();
        let paused_for = |hours: u64| {
            let (from, to) = (BEGIN, BEGIN + hours * 3600);
            let resumed = format!("pool {pool}: goes on after {hours} hours");
            [(from, Action::Pause(owned()), format!("pool {pool}: paused")), (to, Action::Resume(owned()), resumed)]
        };
        match self {
            Self::Story | Self::Happy | Self::DrainStuck | Self::LabelFlood => Vec::new(),
            Self::RebootFail => {
                let text = format!("{node}: a unit that does not stop will make its next restart fail");
                vec![(BEGIN, Action::Break(node.to_owned(), Trouble::RebootCommand(1)), text)]
            }
            Self::RenderFail => {
                let text = format!("pool {pool}: a MachineConfig comes that does not fit the others");
                let mended = format!("pool {pool}: the MachineConfig is mended");
                vec![(BEGIN, Action::BreakRender(owned()), text), (BEGIN + 40 * 60, Action::MendRender(owned()), mended)]
            }
            Self::CertExpiry => {
                let text = format!("certificates are renewed; the nodes of pool {pool} do not get them");
                let [pause, resume] = paused_for(3);
                vec![pause, (BEGIN + 30, Action::RotateCertificates, text), resume]
            }
            Self::PausedForgotten => paused_for(26).into(),
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
