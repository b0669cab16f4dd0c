//! Pinned images: sets that pools want on the disks of their nodes before they are needed.
//! Knows that pulling takes time, and fails where a disk is full.

use super::{
    Cluster, Step,
    conditions::{FALSE, TRUE, said},
};
use pointsman_watch::Kind;
use serde_json::{Value, json};

impl Cluster {
    /// A set is new, or has other images; the nodes of these pools begin to pull them.
    pub(super) fn pin(&mut self, set: &str, images: &[String], pools: &[String], failing: &[String]) {
        let images: Vec<Value> = images.iter().map(|image| json!({"name": image})).collect();
        if self.objects.get(Kind::PinnedImageSet, set).is_none() {
            self.objects.create(Kind::PinnedImageSet, set, json!({"spec": {"pinnedImages": images}}));
        } else {
            self.objects.edit(Kind::PinnedImageSet, set, |object| object["spec"]["pinnedImages"] = images.into());
        }
        for pool in pools {
            self.with_pool(pool, |pool| {
                pool.pin_failures.clear();
                if !pool.pinned.iter().any(|pinned| pinned == set) {
                    pool.pinned.push(set.to_owned());
                }
            });
            let nodes: Vec<String> = self.members(pool).iter().map(|machine| machine.name.clone()).collect();
            for node in nodes {
                self.begin_pull(&node, set, !failing.contains(&node));
            }
        }
    }

    fn begin_pull(&mut self, node: &str, set: &str, ok: bool) {
        let wanted = self.objects.get(Kind::PinnedImageSet, set).map(super::objects::generation).unwrap_or_default();
        self.entry(node, set, |entry| entry["desiredGeneration"] = json!(wanted));
        self.report(node, said("PinnedImageSetsProgressing", TRUE, format!("Pulling the images of {set}, {wanted}")), None);
        let seconds = self.draw(&["pull", node, set, &wanted.to_string()], (20, 90));
        self.put_off(seconds, Step::Pin { node: node.to_owned(), set: set.to_owned(), ok });
    }

    /// The images of a set are on a node, or could not be brought there.
    pub(super) fn pinned(&mut self, node: &str, set: &str, ok: bool) {
        let Some(machine) = self.machine(node) else { return };
        let (pool, is_behind) = (machine.pool.clone().unwrap_or_default(), machine.is_behind() || machine.is_degraded());
        let error = format!("failed to pull the images of {set}: no space left on device");
        self.entry(node, set, |entry| {
            if ok {
                entry["currentGeneration"] = entry["desiredGeneration"].clone();
            } else {
                entry["lastFailedGeneration"] = entry["desiredGeneration"].clone();
                entry["lastFailedGenerationError"] = json!(error);
            }
        });
        self.report(node, said("PinnedImageSetsProgressing", FALSE, format!("The images of {set} are dealt with")), None);
        let (status, message) = if ok { (FALSE, "All is well".to_owned()) } else { (TRUE, error) };
        self.report(node, said("PinnedImageSetsDegraded", status, message), None);
        if !ok {
            self.with_pool(&pool, |pool| pool.pin_failures.push(format!("{node}: no space left on device")));
        }
        // Whatever was written took Updated away; the daemon's next look at its node brings it back.
        if !is_behind {
            self.at_rest(node);
        }
    }

    /// Changes what a node says of one set.
    fn entry(&mut self, node: &str, set: &str, change: impl FnOnce(&mut Value)) {
        self.objects.edit(Kind::MachineConfigNode, node, |mcn| {
            let sets = &mut mcn["status"]["pinnedImageSets"];
            if !sets.is_array() {
                *sets = json!([]);
            }
            let Some(sets) = sets.as_array_mut() else { return };
            match sets.iter_mut().find(|entry| entry["name"] == set) {
                Some(entry) => change(entry),
                None => {
                    let mut entry = json!({"name": set});
                    change(&mut entry);
                    sets.push(entry);
                }
            }
        });
    }
}
