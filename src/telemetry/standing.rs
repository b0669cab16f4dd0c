//! How components, views and readers stand, as our own metrics show it.
//! Plain values, handed over with the snapshot; where each comes from is not known here.

use super::{Latest, over};
use pointsman_instrument::{Telemetry, semconv::pointsman as names};

pub use pointsman_instrument::semconv::attribute::{
    PointsmanConditionStatus as Status, PointsmanConditionType as ConditionType, PointsmanConsumerKind as ConsumerKind,
};

/// Conditions that every view has, whatever they say; the others are there only while they hold.
const ALWAYS: [ConditionType; 3] = [ConditionType::Accepted, ConditionType::Programmed, ConditionType::InSync];

/// Which view.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ViewName {
    /// Its namespace; empty for a cluster view.
    pub namespace: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// One view.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// Which.
    pub name: ViewName,
    /// The conditions it has.
    pub conditions: Vec<(ConditionType, Status)>,
    /// Seconds until it ends, where that is to come.
    pub ends_in: Option<f64>,
}

/// One who reads metrics.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reader {
    /// What sort.
    pub kind: ConsumerKind,
    /// Namespace, object and entry.
    pub name: String,
    /// Whether something it reads is off.
    pub is_off: bool,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// Seconds since each component last pushed.
    pub pushes: Vec<(String, f64)>,
    /// Every view.
    pub views: Vec<View>,
    /// Everyone who reads metrics that are known.
    pub readers: Vec<Reader>,
    /// Instruments that each component sends beyond its catalogue.
    pub uncatalogued: Vec<(String, i64)>,
}

/// Observes all of it.
pub(super) fn observe(telemetry: &Telemetry, latest: &Latest) {
    over::<names::ComponentPushAge>(telemetry, latest, |s, r| {
        for (component, secs) in &s.standing.pushes {
            r.set(*secs, names::ComponentPushAge { component_name: component.clone().into() });
        }
    });
    over::<names::InstrumentUncatalogued>(telemetry, latest, |s, r| {
        for (component, count) in &s.standing.uncatalogued {
            r.set(*count, names::InstrumentUncatalogued { component_name: component.clone().into() });
        }
    });
    over::<names::ViewConditionStatus>(telemetry, latest, |s, r| {
        for view in &s.standing.views {
            for (condition_type, condition_status, holds) in view.states() {
                let ViewName { namespace, kind, name } = view.name.clone();
                let metric = names::ViewConditionStatus {
                    k8s_namespace_name: namespace.into(),
                    view_kind: kind.into(),
                    view_name: name.into(),
                    condition_type,
                    condition_status,
                };
                r.set(i64::from(holds), metric);
            }
        }
    });
    over::<names::ViewExpiresIn>(telemetry, latest, |s, r| {
        for (view, secs) in s.standing.views.iter().filter_map(|view| Some((&view.name, view.ends_in?))) {
            let ViewName { namespace, kind, name } = view.clone();
            let metric =
                names::ViewExpiresIn { k8s_namespace_name: namespace.into(), view_kind: kind.into(), view_name: name.into() };
            r.set(secs, metric);
        }
    });
    over::<names::ConsumerInputOff>(telemetry, latest, |s, r| {
        for Reader { kind, name, is_off } in &s.standing.readers {
            let metric = names::ConsumerInputOff { consumer_kind: *kind, consumer_name: name.clone().into() };
            r.set(i64::from(*is_off), metric);
        }
    });
}

impl View {
    /// Type, status, and whether it is that one: of conditions that every view has each status, of the others `true` alone,
    /// so that an alert on one ends when the condition goes.
    fn states(&self) -> impl Iterator<Item = (ConditionType, Status, bool)> {
        ConditionType::ALL.into_iter().flat_map(move |kind| {
            let has = self.conditions.iter().find(|(one, _)| *one == kind).map_or(Status::Unknown, |(_, status)| *status);
            let is_shown = move |status: &Status| ALWAYS.contains(&kind) || *status == Status::True;
            Status::ALL.into_iter().filter(is_shown).map(move |status| (kind, status, has == status))
        })
    }
}
