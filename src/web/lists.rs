//! How the lists of the API and of the pages are asked: which words each takes, and what is found by them.
//! Compares what is shown; knows no address and no page.

use super::{
    ask::Listed,
    model::{
        Fault,
        objects::{Catalogued, Component, Consumer, SentInstrument, View},
    },
};
use std::cmp::{Ordering, Reverse};

/// Whether a namespace and a name are what somebody wrote: `NAMESPACE/NAME`, or the name alone.
fn is_called(asked: &str, namespace: &str, name: &str) -> bool {
    asked == name || asked.split_once('/').is_some_and(|(ns, rest)| ns == namespace && rest == name)
}

impl Listed for Component {
    const STATES: &'static [&'static str] = &["Active", "Silent"];
    const SORTS: &'static [&'static str] = &["name", "instances", "series", "points"];

    fn is_of(&self, component: &str) -> bool {
        is_called(component, &self.namespace, &self.name) || component == self.service
    }

    fn is_in(&self, state: &str) -> bool {
        self.state == state
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.namespace, &self.name, &self.service]
    }

    fn order(&self, other: &Self, sort: &str) -> Ordering {
        match sort {
            "instances" => other.instances.cmp(&self.instances),
            "series" => other.series.cmp(&self.series),
            "points" => other.points_received.cmp(&self.points_received),
            _ => Ordering::Equal,
        }
    }
}

impl Listed for View {
    const STATES: &'static [&'static str] = &["Accepted", "Refused"];
    const SORTS: &'static [&'static str] = &["name", "status", "expires", "suppressed"];

    fn is_of(&self, _: &str) -> bool {
        true
    }

    fn is_in(&self, state: &str) -> bool {
        self.accepted == (state == "Accepted")
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.namespace, &self.name, &self.file]
    }

    fn order(&self, other: &Self, sort: &str) -> Ordering {
        let status = |view: &Self| view.status.as_ref().map(|status| status.word().to_owned());
        match sort {
            "status" => status(self).cmp(&status(other)),
            // What ends first comes first, and what does not end last.
            "expires" => {
                let ends = |view: &Self| (view.expires_at.is_none(), view.expires_at.clone());
                ends(self).cmp(&ends(other))
            }
            "suppressed" => Reverse(self.points_suppressed()).cmp(&Reverse(other.points_suppressed())),
            _ => Ordering::Equal,
        }
    }
}

impl View {
    /// Points that its rules have suppressed since the process began.
    #[must_use]
    pub fn points_suppressed(&self) -> u64 {
        self.suppressed.values().fold(0, |sum, n| sum.saturating_add(*n))
    }
}

impl Listed for Catalogued {
    const STATES: &'static [&'static str] = &["On", "Off", "Mixed", "NotSent", "Uncatalogued"];
    const SORTS: &'static [&'static str] = &["name", "series", "level", "state", "readers"];

    fn is_of(&self, component: &str) -> bool {
        is_called(component, &self.namespace, &self.service) || component.ends_with(&format!("service.{}", self.service))
    }

    fn is_in(&self, state: &str) -> bool {
        match state {
            "NotSent" => self.state.is_none(),
            "Uncatalogued" => self.level.is_empty(),
            state => self.state.as_deref() == Some(state),
        }
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.name, &self.scope, &self.service]
    }

    fn order(&self, other: &Self, sort: &str) -> Ordering {
        let level = |of: &Self| ["Essential", "Standard", "Detailed", "Debug"].iter().position(|level| of.level == *level);
        match sort {
            "series" => other.series.cmp(&self.series),
            "readers" => other.readers.cmp(&self.readers),
            "level" => level(self).cmp(&level(other)),
            "state" => other.state.cmp(&self.state),
            _ => Ordering::Equal,
        }
    }
}

impl Listed for SentInstrument {
    const STATES: &'static [&'static str] = &["On", "Off"];
    const SORTS: &'static [&'static str] = &["name", "series", "points"];

    fn is_of(&self, _: &str) -> bool {
        true
    }

    fn is_in(&self, state: &str) -> bool {
        self.on == (state == "On")
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.name, &self.scope]
    }

    fn order(&self, other: &Self, sort: &str) -> Ordering {
        match sort {
            "series" => other.series.cmp(&self.series),
            "points" => other.points.cmp(&self.points),
            _ => Ordering::Equal,
        }
    }
}

impl Listed for Consumer {
    const STATES: &'static [&'static str] = &[];
    const SORTS: &'static [&'static str] = &["name"];

    fn is_of(&self, _: &str) -> bool {
        true
    }

    fn is_in(&self, _: &str) -> bool {
        true
    }

    fn texts(&self) -> Vec<&str> {
        vec![&self.namespace, &self.name, &self.entry]
    }

    fn order(&self, _: &Self, _: &str) -> Ordering {
        Ordering::Equal
    }
}

impl Listed for Fault {
    const STATES: &'static [&'static str] = &["error", "warning", "info"];
    const SORTS: &'static [&'static str] = &["place"];

    fn is_of(&self, _: &str) -> bool {
        true
    }

    fn is_in(&self, state: &str) -> bool {
        self["severity"] == state
    }

    fn texts(&self) -> Vec<&str> {
        ["code", "message", "fix"].iter().filter_map(|key| self[*key].as_str()).collect()
    }

    fn order(&self, _: &Self, _: &str) -> Ordering {
        Ordering::Equal
    }
}
