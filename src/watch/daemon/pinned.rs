//! Pinned image sets: how far the nodes are with each, and what went wrong. A set is there while a pool lists it, so that what
//! an unreachable node still says of one that is gone does not keep it.
//! Knows nothing of the images.

use super::{Daemon, meters::Meters, nodes::Nodes};
use crate::{
    api::{MachineConfigNode, MachineConfigPool, McnPinnedImageSet},
    classify,
    table::{Delta, Table},
    watch::{Observed, Seen},
};
use pointsman_instrument::semconv::{attribute::McoPisState, mco};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The sets that some pool lists.
#[derive(Default)]
pub(super) struct Sets(BTreeSet<Arc<str>>);

impl Sets {
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|name| &**name)
    }

    /// Takes over which sets pools list; answers which came and which are gone.
    pub(super) fn list(&mut self, pools: &Table<MachineConfigPool>) -> (Vec<Arc<str>>, Vec<Arc<str>>) {
        let listed: BTreeSet<&str> =
            pools.iter().flat_map(|(_, pool)| &pool.spec.pinned_image_sets).map(|set| &*set.name).collect();
        let gone: Vec<_> = self.0.iter().filter(|name| !listed.contains(&***name)).cloned().collect();
        self.0.retain(|name| listed.contains(&**name));
        let came: Vec<Arc<str>> = listed.into_iter().filter(|name| !self.0.contains(*name)).map(Arc::from).collect();
        self.0.extend(came.iter().cloned());
        (came, gone)
    }

    /// Counts the generations that failed on this node since it was last looked at.
    pub(super) fn take_mcn(&self, delta: &Delta<MachineConfigNode>, nodes: &Nodes, meters: Option<&Meters>) {
        let (Some(after), Some(meters), Some(_), false) = (&delta.after, meters, nodes.get(&delta.name), delta.is_first) else {
            return;
        };
        let before = |name: &str| {
            let sets = delta.before.iter().flat_map(|before| &before.status.pinned_image_sets);
            sets.rev().find(|set| *set.name == *name).map_or(0, |set| set.last_failed_generation)
        };
        for set in after.status.pinned_image_sets.iter().filter(|set| self.0.contains(&*set.name)) {
            if set.last_failed_generation > 0 && set.last_failed_generation != before(&set.name) {
                meters.set_failures(1, &set.name, classify::failure(&set.last_failed_generation_error));
            }
        }
    }
}

/// How far the nodes are with one set.
#[derive(Clone, Copy, Default)]
struct Progress {
    current: i64,
    progressing: i64,
    failed: i64,
    /// Generations the slowest node is behind.
    lag: i64,
}

/// Registers what is read of the sets: nothing where only one node is known.
pub(super) fn observe(observed: &Observed<Daemon>) {
    observed.metric::<mco::PinnedImageSetNodeCount>(|seen, readings| {
        for (set, progress) in progress(seen) {
            for pis_state in McoPisState::ALL {
                let nodes = match pis_state {
                    McoPisState::Current => progress.current,
                    McoPisState::Progressing => progress.progressing,
                    McoPisState::Failed => progress.failed,
                };
                readings.set(nodes, mco::PinnedImageSetNodeCount { pis_name: set.to_owned().into(), pis_state });
            }
        }
    });
    observed.metric::<mco::PinnedImageSetGenerationLag>(|seen, readings| {
        for (set, progress) in progress(seen) {
            #[expect(clippy::cast_precision_loss, reason = "no object has 2^53 generations")]
            let lag = progress.lag as f64;
            readings.set(lag, mco::PinnedImageSetGenerationLag { pis_name: set.to_owned().into() });
        }
    });
}

fn progress<'s>(seen: &Seen<'s, Daemon>) -> BTreeMap<&'s str, Progress> {
    let daemon: &'s Daemon = seen.watcher;
    if !daemon.nodes.is_all() {
        return BTreeMap::new();
    }
    let mut all: BTreeMap<&str, Progress> = daemon.sets.iter().map(|name| (name, Progress::default())).collect();
    for set in daemon.nodes.iter().filter_map(|notes| notes.mcn.as_ref()).flat_map(|mcn| &mcn.status.pinned_image_sets) {
        if let Some(progress) = all.get_mut(&*set.name) {
            progress.add(set);
        }
    }
    all
}

impl Progress {
    fn add(&mut self, set: &McnPinnedImageSet) {
        let McnPinnedImageSet { current_generation, desired_generation, last_failed_generation, .. } = *set;
        if current_generation >= desired_generation {
            self.current += 1;
        } else if last_failed_generation >= desired_generation {
            self.failed += 1;
        } else {
            self.progressing += 1;
        }
        self.lag = self.lag.max(desired_generation.saturating_sub(current_generation));
    }
}
