//! The turns of a role's loop as spans: what it handled, for how long, and which rollouts it moved. What comes within one
//! tick is one turn a kind, so that a burst of changes is no burst of spans; what changed nothing makes none.
//! Knows no role.

use crate::{
    api::Flaw,
    kind::Kind,
    limits::TURN_LINKS_MAX,
    table::{Health, News},
    world::World,
};
use pointsman_instrument::{
    Telemetry,
    semconv::{
        attribute::{PointsmanReconcileResult as Result, PointsmanReconcileTrigger as Trigger},
        pointsman::WatchReconcile,
    },
    span::{Finished, Place, Span},
};
use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

/// The turns since the last tick, for a role that speaks.
#[derive(Default)]
pub(crate) struct Turns {
    telemetry: Option<Arc<Telemetry>>,
    open: BTreeMap<Kind, Turn>,
}

/// One turn: what was told at once, or within one tick.
pub(crate) struct Turn {
    kind: Kind,
    trigger: Trigger,
    /// `None`: it makes no span.
    began: Option<SystemTime>,
    ended: Option<SystemTime>,
    /// Objects that could not be read before it.
    undecodable: u64,
    has_failed: bool,
    objects: i64,
    /// Of the one object, while it is one.
    name: Option<Box<str>>,
    moved: Vec<Place>,
}

impl Turn {
    /// An object was handled; it may have moved a rollout.
    pub(crate) fn handled(&mut self, name: &str, moved: Option<Place>) {
        if self.began.is_none() {
            return;
        }
        self.name = (self.objects == 0).then(|| name.into());
        self.objects = self.objects.saturating_add(1);
        self.point_to(moved);
    }

    fn point_to(&mut self, moved: impl IntoIterator<Item = Place>) {
        for place in moved {
            if self.moved.len() < TURN_LINKS_MAX && !self.moved.contains(&place) {
                self.moved.push(place);
            }
        }
    }

    /// Goes on with a later turn of the same kind.
    fn join(&mut self, later: Self) {
        let same = self.name == later.name;
        self.name = self.name.take().filter(|_| same);
        self.objects = self.objects.saturating_add(later.objects);
        self.has_failed |= later.has_failed;
        self.ended = later.ended;
        self.point_to(later.moved);
    }

    fn finished(self, telemetry: &Telemetry) -> Finished {
        let (trace, id) = telemetry.new_ids();
        let span = WatchReconcile {
            object_kind: self.kind.facts().kind.into(),
            object_name: self.name.map(|name| String::from(name).into()),
            reconcile_objects: self.objects,
            reconcile_trigger: self.trigger,
            reconcile_result: if self.has_failed { Result::Error } else { Result::Changed },
        };
        let now = telemetry.now();
        let finished = Finished::new(span, Place::root(trace, id), self.began.unwrap_or(now), self.ended.unwrap_or(now));
        let finished = self.moved.into_iter().fold(finished, Finished::with_link);
        if self.has_failed { finished.failed(Result::Error.as_str()) } else { finished }
    }
}

impl Turns {
    /// From now on turns make spans.
    pub(crate) fn attach(&mut self, telemetry: &Arc<Telemetry>) {
        self.telemetry = Some(Arc::clone(telemetry));
        self.open.clear();
    }

    /// From now on they make none.
    pub(crate) fn detach(&mut self) {
        *self = Self::default();
    }

    /// Something was told.
    pub(crate) fn begin(&self, kind: Kind, news: &News, world: &World) -> Turn {
        let trigger = if matches!(news, News::Listed(_)) { Trigger::Resync } else { Trigger::Event };
        let name = WatchReconcile::named(kind.facts().kind);
        let live = self.telemetry.as_ref().filter(|telemetry| telemetry.lives(WatchReconcile::SCOPE, &name));
        let began = live.map(|telemetry| telemetry.now());
        let undecodable = undecodable(world, kind);
        let (objects, name, moved) = (0, None, Vec::new());
        Turn { kind, trigger, began, ended: None, undecodable, has_failed: false, objects, name, moved }
    }

    /// It was handled.
    pub(crate) fn end(&mut self, mut turn: Turn, world: &World) {
        let Some(telemetry) = self.telemetry.as_ref().filter(|_| turn.began.is_some()) else { return };
        turn.has_failed = undecodable(world, turn.kind) > turn.undecodable;
        if turn.objects == 0 && !turn.has_failed {
            return;
        }
        turn.ended = Some(telemetry.now());
        match self.open.get_mut(&turn.kind) {
            Some(open) => open.join(turn),
            None => drop(self.open.insert(turn.kind, turn)),
        }
    }

    /// A tick: what was handled since the last one becomes spans.
    pub(crate) fn flush(&mut self) {
        let Some(telemetry) = &self.telemetry else { return };
        for turn in std::mem::take(&mut self.open).into_values() {
            telemetry.span(turn.finished(telemetry));
        }
    }
}

impl std::fmt::Debug for Turns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Turns").field("open", &self.open.len()).finish_non_exhaustive()
    }
}

fn undecodable(world: &World, kind: Kind) -> u64 {
    let flaw = |health: &Health| health.flaws.get(&Flaw::Undecodable).copied();
    world.health().get(&kind).and_then(flaw).unwrap_or(0)
}

#[cfg(test)]
mod tests;
