//! The director: what a scenario has done to the cluster, to whom and when; and what follows on what happened. Trouble comes
//! with every second rollout, so that what it caused ends before it comes again.
//! Knows the scenarios and the script of the cluster; nothing of telemetry.

use super::{
    mco::{Action, Happening, Second, Trouble},
    scenario::Scenario,
};

/// The pool that the story is about.
pub(crate) const POOL: &str = "worker";
/// When the first rollout begins to be made.
const FIRST_ROLLOUT: Second = 120;
/// Rest between two rollouts.
const REST: Second = 900;
/// Starts of a reboot that fail, one after the other: more than half an hour of them, when a watcher takes it that a reboot failed.
const FAILED_REBOOTS: u64 = 15;
/// After the start of a rollout, the daemon falls silent then,
const SILENT_AFTER: Second = 300;
/// for so long.
const SILENT_FOR: Second = 1500;
/// How long no config can be rendered.
const UNRENDERED_FOR: Second = 2400;
/// The new authority comes then,
const AUTHORITY_AT: Second = 95 * 60;
/// an update then, and someone lets the pool go on then, where certificates wait for it.
const CERTIFICATES_UPDATE_AT: Second = 100 * 60;
const CERTIFICATES_RESUME_AT: Second = 175 * 60;
/// When a forgotten pool is remembered.
const REMEMBERED_AT: Second = 65 * 60;

/// What is to be done when.
pub(crate) type Cue = (Second, Action);

/// Has the scenario played.
#[derive(Debug)]
pub(crate) struct Director {
    scenario: Scenario,
    node: String,
    started: u64,
    ended: u64,
}

impl Director {
    /// Of these nodes it chooses the one that the scenario is about.
    pub(crate) fn new(scenario: Scenario, nodes: &[String]) -> Self {
        let place = match scenario {
            Scenario::RebootFail => 3,
            Scenario::SilentDaemon => 5,
            // Of the nodes that are taken first, the last: others go on beside it.
            _ => 1,
        };
        let node = nodes.get(place).or_else(|| nodes.last()).cloned().unwrap_or_default();
        Self { scenario, node, started: 0, ended: 0 }
    }

    /// The node that the scenario is about.
    pub(crate) fn node(&self) -> &str {
        &self.node
    }

    /// What is to be done whatever happens.
    pub(crate) fn opening(&self) -> Vec<Cue> {
        let pool = || POOL.to_owned();
        match self.scenario {
            Scenario::RenderFail => Self::unrendered(FIRST_ROLLOUT),
            Scenario::CertExpiry => vec![
                (AUTHORITY_AT, Action::RotateCertificates),
                (CERTIFICATES_UPDATE_AT, Action::NewTarget(pool())),
                (CERTIFICATES_RESUME_AT, Action::Resume(pool())),
            ],
            Scenario::PausedForgotten => {
                vec![(FIRST_ROLLOUT, Action::NewTarget(pool())), (REMEMBERED_AT, Action::Resume(pool()))]
            }
            _ => vec![(FIRST_ROLLOUT, Action::NewTarget(pool()))],
        }
    }

    /// What is to be done about something that happened in that second.
    pub(crate) fn follow(&mut self, at: Second, happening: &Happening) -> Vec<Cue> {
        match happening {
            Happening::RolloutStarted { .. } => {
                self.started += 1;
                if self.started.is_multiple_of(2) { Vec::new() } else { self.trouble(at) }
            }
            Happening::RolloutEnded { .. } => {
                self.ended += 1;
                if self.scenario == Scenario::RenderFail && self.ended.is_multiple_of(2) {
                    return Self::unrendered(at + REST);
                }
                vec![(at + REST, Action::NewTarget(POOL.to_owned()))]
            }
            _ => Vec::new(),
        }
    }

    /// What goes wrong with a rollout that begins in that second.
    fn trouble(&self, at: Second) -> Vec<Cue> {
        let node = || self.node.clone();
        let (silent, back) = (at + SILENT_AFTER, at + SILENT_AFTER + SILENT_FOR);
        match (self.scenario, self.scenario.blocked_for()) {
            (_, Some(seconds)) => {
                vec![(at, Action::Break(node(), Trouble::Drain)), (at + seconds, Action::Mend(node()))]
            }
            (Scenario::RebootFail, _) => vec![(at, Action::Break(node(), Trouble::RebootCommand(FAILED_REBOOTS)))],
            (Scenario::SilentDaemon, _) => {
                vec![(silent, Action::Silence(node(), SILENT_FOR)), (back, Action::RestartDaemon(node()))]
            }
            _ => Vec::new(),
        }
    }

    /// From that second on, for a while, no config can be rendered.
    fn unrendered(at: Second) -> Vec<Cue> {
        let pool = || POOL.to_owned();
        vec![(at, Action::BreakRender(pool())), (at + UNRENDERED_FOR, Action::MendRender(pool()))]
    }
}

#[cfg(test)]
mod tests {
    use super::{Director, POOL, REST};
    use crate::app::demo::{
        mco::{Action, Happening, Trouble},
        scenario::Scenario,
    };

    /// Scenario: four rollouts of a scenario with trouble, of a pool with few nodes.
    /// Guarantees: every second one has the trouble, about the same node, which ends; each end brings the next one.
    #[test]
    fn trouble_comes_with_every_second_rollout() {
        let mut director = Director::new(Scenario::DrainStuck, &["worker-0".to_owned()]);
        assert_eq!(director.node(), "worker-0", "there is no other");
        let (node, pool) = (|| "worker-0".to_owned(), || POOL.to_owned());
        for at in [0, 1000, 2000, 3000] {
            let started = Happening::RolloutStarted { pool: pool(), from: "a".to_owned(), to: "b".to_owned() };
            let cues = director.follow(at, &started);
            let trouble = vec![
                (at, Action::Break(node(), Trouble::Drain)),
                (at + Scenario::DrainStuck.blocked_for().expect("it blocks"), Action::Mend(node())),
            ];
            assert_eq!(cues, if at % 2000 == 0 { trouble } else { Vec::new() }, "{at}");
            let ended = Happening::RolloutEnded { pool: pool(), nodes: 1, start: at };
            assert_eq!(director.follow(at + 500, &ended), [(at + 500 + REST, Action::NewTarget(pool()))]);
        }
    }
}
