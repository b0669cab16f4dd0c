//! Readings of updates as they are now: phases, drains and reboots, at each export.
//! Remembers nothing: `rollout` does.

use super::Daemon;
use crate::{
    rollout::drain::{Drain, Reboot},
    watch::{Observed, Seen, seconds_since},
};
use pointsman_instrument::{
    StringValue,
    semconv::{
        attribute::{McoDrainTier, McoPhase},
        mco,
        pointsman::LimitHits,
    },
};

/// Registers them.
pub(super) fn observe(observed: &Observed<Daemon>) {
    phases(observed);
    drains(observed);
    limits(observed);
}

/// Only what bit: a watcher in good health has no such series.
fn limits(observed: &Observed<Daemon>) {
    observed.metric::<LimitHits>(|seen, readings| {
        let rollouts = &seen.watcher.rollouts;
        let named = [("watch.open_spans", rollouts.refused_spans()), ("watch.open_text_bytes", rollouts.refused_texts())];
        for (limit, hits) in named.into_iter().filter(|(_, hits)| *hits > 0) {
            readings.set(hits, LimitHits { limit: limit.into() });
        }
    });
}

fn phases(observed: &Observed<Daemon>) {
    observed.metric::<mco::NodeUpdatePhase>(|seen, readings| {
        for (node, pool) in seen.watcher.rollouts.updating() {
            let is_running = |of| seen.watcher.rollouts.running_of(node).any(|(phase, _)| phase == of);
            let pool = seen.watcher.nodes.get(node).map_or(pool, |notes| &*notes.pool);
            for phase in McoPhase::ALL {
                let update = mco::NodeUpdatePhase { k8s_node_name: text(node), pool_name: text(pool), phase };
                readings.set(i64::from(is_running(phase)), update);
            }
        }
    });
    observed.metric::<mco::NodeUpdatePhaseAge>(|seen, readings| {
        for (node, _) in seen.watcher.rollouts.updating() {
            for (phase, since) in seen.watcher.rollouts.running_of(node) {
                let age = seconds_since(seen.now, since);
                readings.set(age, mco::NodeUpdatePhaseAge { k8s_node_name: text(node), phase });
            }
        }
    });
}

fn drains(observed: &Observed<Daemon>) {
    observed.metric::<mco::NodeDrainAge>(|seen, readings| {
        for (node, pool, drain) in each(seen).filter_map(|(node, pool, drain, _)| Some((node, pool, drain?))) {
            let age = seconds_since(seen.now, drain.start.at);
            readings.set(age, mco::NodeDrainAge { k8s_node_name: text(node), pool_name: text(pool) });
        }
    });
    observed.metric::<mco::NodeDrainFailed>(|seen, readings| {
        for (node, pool, drain, _) in each(seen) {
            for drain_tier in McoDrainTier::ALL {
                let is_passed = drain.is_some_and(|drain| drain.has_passed(drain_tier, seen.now));
                let failed = mco::NodeDrainFailed { k8s_node_name: text(node), pool_name: text(pool), drain_tier };
                readings.set(i64::from(is_passed), failed);
            }
        }
    });
    observed.metric::<mco::NodeRebootPendingAge>(|seen, readings| {
        for (node, reboot) in each(seen).filter_map(|(node, _, _, reboot)| Some((node, reboot?))) {
            let age = seconds_since(seen.now, reboot.start.at);
            readings.set(age, mco::NodeRebootPendingAge { k8s_node_name: text(node) });
        }
    });
}

/// Each node: its name, its pool, and what is asked of it.
fn each<'s>(
    seen: &Seen<'s, Daemon>,
) -> impl Iterator<Item = (&'s str, &'s str, Option<&'s Drain>, Option<&'s Reboot>)> + use<'s> {
    let watcher = seen.watcher;
    watcher.nodes.iter().map(|notes| {
        let pending = watcher.rollouts.pending(&notes.name);
        let (drain, reboot) = pending.map_or((None, None), |pending| (pending.drain.as_ref(), pending.reboot.as_ref()));
        (&*notes.name, &*notes.pool, drain, reboot)
    })
}

fn text(text: &str) -> StringValue {
    text.to_owned().into()
}
