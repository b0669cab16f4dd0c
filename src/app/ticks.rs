//! What runs by the clock: views, certificates, expiry, our own telemetry, and the forwarders of spans.
//! Knows intervals; the work is done elsewhere.

use super::{
    cluster,
    drain::Stop,
    engine::Engine,
    profile,
    statuses::Statuses,
    surroundings,
    tasks::Tasks,
    views::{Force, Loader},
};
use kube::Client;
use pointsman_core::{
    limits,
    model::clock::Mono,
    view::sync::{self, SyncState},
};
use std::{pin::pin, sync::Arc, time::Duration};
use tokio::{
    sync::Notify,
    time::{MissedTickBehavior, interval, sleep},
};

/// Between two looks at plans that are made.
const MADE_LOOK_MS: u64 = 20;

/// Starts everything, to end when asked. Views of a folder are read once before that, so that nothing is taken before they
/// are in force.
pub fn start(engine: &Arc<Engine>, cluster: Option<Client>, tasks: &Tasks, stop: &Stop) {
    match (&engine.config.cluster, cluster) {
        (Some(config), Some(client)) => cluster::start(engine, (config, client), tasks, stop),
        _ => folder(engine, tasks, stop),
    }
    if let Some(certificates) = engine.numbers.certificates.clone() {
        let reload = engine
            .config
            .tls
            .as_ref()
            .map_or(limits::TLS_RELOAD_MS, |tls| u64::try_from(tls.reload.as_millis()).unwrap_or(limits::TLS_RELOAD_MS));
        tasks.vital("certificates", every(reload, stop.clone(), move || certificates.look()));
    }
    profile::start(engine, tasks, stop);
    let expiring = Arc::clone(engine);
    tasks.vital("expiry", every(limits::EXPIRE_TICK_MS, stop.clone(), move || expiring.store.expire(expiring.clock.mono())));
    let telling = Arc::clone(engine);
    tasks.vital(
        "own telemetry",
        every(limits::OWN_PUSH_MS, stop.clone(), move || {
            telling.numbers.conflicts.tell();
            telling.own.push();
        }),
    );
    let clock = engine.clock;
    for forwarder in engine.traces.forwarders(&(Arc::new(move || clock.wall()) as _), random) {
        let stop = stop.clone();
        let asked = async move {
            stop.asked().await;
            Duration::from_millis(limits::DRAIN_MS_MAX / 3) // less than what `drained` gives the back
        };
        tasks.vital("forwarder", forwarder.run(asked));
    }
}

fn folder(engine: &Arc<Engine>, tasks: &Tasks, stop: &Stop) {
    let mut loader = Loader::new(engine);
    tokio::task::block_in_place(|| loader.look());
    tasks.vital("declared", on_declared(Arc::clone(engine), loader.force(), stop.clone()));
    tasks.vital("views", every(limits::VIEWS_POLL_MS, stop.clone(), move || loader.look()));
    let mut statuses = Statuses::new(engine);
    tasks.vital("statuses", on_change(Arc::clone(engine), stop.clone(), move || drop(statuses.look(true, Mono::default()))));
}

/// Runs work after each change of views, or of what became of plans, and every few seconds, off the reactor, until asked to stop.
pub(super) async fn on_change(engine: Arc<Engine>, stop: Stop, mut work: impl FnMut() + Send + 'static) {
    loop {
        let sync = tokio::task::block_in_place(|| engine.sync_state());
        tokio::task::block_in_place(&mut work);
        tokio::select! {
            () = stop.asked() => return,
            () = sleep(Duration::from_millis(limits::STATUS_PACE_MS)) => {}
        }
        tokio::select! {
            () = stop.asked() => return,
            () = engine.views_changed.notified() => {}
            () = moved(&engine, &sync) => {}
            () = sleep(Duration::from_millis(limits::STATUS_LOOK_MS)) => {}
        }
        made(&engine).await;
    }
}

/// Returns when no plan waits to be made anew, or after a while: until then everybody waits, and a moment later hardly anybody.
async fn made(engine: &Engine) {
    for _ in 0..limits::STATUS_PACE_MS / MADE_LOOK_MS {
        if !engine.control.is_making() {
            return;
        }
        sleep(Duration::from_millis(MADE_LOOK_MS)).await;
    }
}

/// Returns when components obey, wait or refuse otherwise than before.
async fn moved(engine: &Engine, before: &SyncState) {
    while tokio::task::block_in_place(|| sync::is_unmoved(before, &engine.sync_state())) {
        sleep(Duration::from_millis(limits::STATUS_PACE_MS)).await;
    }
}

/// Brings into force what components declare of themselves, once that has come to rest, until asked to stop. While many come
/// back there is news all the time, and each turn makes everything anew.
pub(super) async fn on_declared(engine: Arc<Engine>, force: Arc<Force>, stop: Stop) {
    let declared = engine.control.declared();
    loop {
        tokio::select! {
            () = stop.asked() => return,
            () = declared.notified() => {}
        }
        tokio::select! {
            () = stop.asked() => return,
            () = rest(&declared) => {}
        }
        tokio::task::block_in_place(|| force.declare(engine.clock.view_wall()));
    }
}

/// Returns when nobody was told for a moment, or was for too long.
async fn rest(told: &Notify) {
    let quiet = Duration::from_millis(limits::SYNC_SETTLE_MS);
    let mut late = pin!(sleep(Duration::from_millis(limits::SYNC_CATALOGUE_MS_MAX)));
    loop {
        tokio::select! {
            () = told.notified() => {}
            () = sleep(quiet) => return,
            () = &mut late => return,
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "half of a random number is one")]
fn random() -> u32 {
    surroundings::random() as u32
}

/// Runs work at once and then every `ms`, off the reactor, until asked to stop.
async fn every(ms: u64, stop: Stop, mut work: impl FnMut() + Send + 'static) {
    let mut ticks = interval(Duration::from_millis(ms));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.asked() => return,
            _ = ticks.tick() => tokio::task::block_in_place(&mut work),
        }
    }
}

#[cfg(test)]
mod tests;
