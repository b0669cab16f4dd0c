//! The daemon's old names, for rules and dashboards that read them: rebuilt from what was seen of nodes, or passed on from
//! where they are scraped. A node has its present state alone, and a reason is a class; the placeholder `initialize`, the
//! texts without end and the states of the past are not rebuilt.

use super::{Daemon, nodes::Notes, readings::os_of, scraped::whole};
use crate::watch::{Observed, unix_seconds};
use pointsman_instrument::{
    StringValue,
    semconv::{
        attribute::{McoDegradedClass, McoDrainTier, McoNodeState},
        legacy,
    },
};
use std::sync::Arc;

/// Registers them.
pub(super) fn observe(observed: &Observed<Daemon>) {
    observed.metric::<legacy::McdState>(|seen, readings| {
        for notes in seen.watcher.nodes.iter().filter(|notes| notes.state != McoNodeState::Unknown) {
            let reason = notes.degraded.map_or("", McoDegradedClass::as_str);
            let state = notes.state.as_str();
            readings.set(
                unix_seconds(notes.since),
                legacy::McdState { node: name(notes), state: state.into(), reason: reason.into() },
            );
        }
    });
    observed.metric::<legacy::McdConfigDrift>(|seen, readings| {
        for notes in seen.watcher.nodes.iter() {
            let since = notes.drifts_since(seen.now).map_or(0.0, unix_seconds);
            readings.set(since, legacy::McdConfigDrift { node: name(notes) });
        }
    });
    observed.metric::<legacy::McdHostOsAndVersion>(|seen, readings| {
        for notes in seen.watcher.nodes.iter() {
            let Some((os, version)) = os_of(&notes.node.status.node_info.os_image) else { continue };
            readings.set(1.0, legacy::McdHostOsAndVersion { node: name(notes), os: os.into(), version: version.into() });
        }
    });
    observed.metric::<legacy::MccDrainErr>(|seen, readings| {
        for notes in seen.watcher.nodes.iter() {
            let drain = seen.watcher.rollouts.pending(&notes.name).and_then(|pending| pending.drain.as_ref());
            if drain.is_some_and(|drain| drain.has_passed(McoDrainTier::Timeout1h, seen.now)) {
                readings.set(1.0, legacy::MccDrainErr { node: name(notes), exported_node: name(notes) });
            }
        }
    });
    observe_scraped(observed);
}

/// As they were scraped.
fn observe_scraped(observed: &Observed<Daemon>) {
    observed.metric::<legacy::McdKubeletState>(|seen, readings| {
        for (name, last) in seen.watcher.scrapes.iter() {
            last.kubelet().inspect(|now| readings.set(*now, legacy::McdKubeletState { node: name.to_owned().into() }));
        }
    });
    observed.metric::<legacy::McdLocalUnsupportedPackages>(|seen, readings| {
        for (name, last) in seen.watcher.scrapes.iter() {
            let reading = || legacy::McdLocalUnsupportedPackages { node: name.to_owned().into() };
            last.packages().inspect(|packages| readings.set(*packages, reading()));
        }
    });
    observed.metric::<legacy::McdPivotErrorsTotal>(|seen, readings| {
        for (name, last) in seen.watcher.scrapes.iter() {
            let reading = || legacy::McdPivotErrorsTotal { node: name.to_owned().into() };
            last.pivot_errors().inspect(|errors| readings.set(*errors, reading()));
        }
    });
    observed.metric::<legacy::McdRebootsFailedTotal>(|seen, readings| {
        for (name, last) in seen.watcher.scrapes.iter() {
            let reading = || legacy::McdRebootsFailedTotal { node: name.to_owned().into() };
            last.reboots_failed().inspect(|reboots| readings.set(whole(*reboots), reading()));
        }
    });
}

fn name(notes: &Notes) -> StringValue {
    Arc::clone(&notes.name).into()
}
