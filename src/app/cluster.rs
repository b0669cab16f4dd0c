//! Views from a cluster: the controller's updates come into force here, and what became of them goes back to the cluster.
//! Joins watch, store, statuses, writer and Leases; knows what none of them does inside.

use super::{
    clock::Clock,
    drain::Stop,
    engine::{Engine, Loaded, Object},
    leases::{self, Leases},
    statuses::{Look, Statuses},
    surroundings,
    tasks::Tasks,
    ticks,
    views::Force,
};
use crate::{
    config, control,
    kubernetes::{connect, follow::Health},
    telemetry::{self, CATALOGUES, Lease},
    views::{
        components::{self, Inputs},
        controller::{ClusterObject, Controller, Sources, Update},
        dir::{DirSource, Origins},
        events::{About, Events},
        planfiles::{DesiredPlan, PlanFiles},
        workloads::Owners,
        writer::{Desired, DesiredView, Writer, WriterHealth, WriterOptions, Written},
    },
};
use arc_swap::ArcSwapOption;
use kube::Client;
use parking_lot::Mutex;
use pointsman_core::{
    limits,
    model::clock::{Mono, Wall},
    view::{
        plan::ViewSet,
        read::API_VERSION,
        spec::{CLUSTER_VIEW, Catalogue, ObjectId, Origin, VIEW},
        status,
        sync::{Reported, SyncState},
    },
};
use pointsman_instrument::{opamp::plan::PlanHash, reconcile::Outcome};
use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::sync::watch;
use tracing::info;

/// What joins a cluster to the engine.
struct Joined {
    engine: Arc<Engine>,
    force: Arc<Force>,
    watches: Vec<Arc<Health>>,
    statuses: Mutex<Statuses>,
    /// The workloads of the cluster; `None` = not known yet.
    owners: ArcSwapOption<Arc<Owners>>,
    components: Mutex<components::Observer>,
    /// Which components ask for their plan as a ConfigMap.
    plan_files: Arc<PlanFiles>,
    files: Mutex<Arc<control::Files>>,
    desired: watch::Sender<Arc<Desired>>,
}

/// Starts everything that a cluster takes; what was cached is in force when this returns.
pub fn start(engine: &Arc<Engine>, (config, client): (&config::Cluster, Client), tasks: &Tasks, stop: &Stop) {
    let (sender, receiver) = watch::channel(Arc::default());
    let controller = Controller::new(sources(engine, config, tasks, stop));
    let plan_files = Arc::<PlanFiles>::default();
    let joined = Arc::new(Joined {
        engine: Arc::clone(engine),
        force: Arc::new(Force::new(engine)),
        watches: controller.health(),
        statuses: Mutex::new(Statuses::new(engine)),
        owners: ArcSwapOption::default(),
        components: Mutex::default(),
        plan_files: Arc::clone(&plan_files),
        files: Mutex::default(),
        desired: sender,
    });
    if let Some(update) = controller.cached() {
        info!(views = update.objects.len(), "the last good views are in force until the API server answers");
        joined.take(update);
    }
    let now = both(engine.clock);
    let leases = leases::start(engine, (config, &client), &now, tasks, stop);
    let events = Events::new(client.clone(), &instance(config), Arc::clone(&now));
    let writer = writer(client, &now, leases.clone(), &events).telling(plan_files);
    count(engine, controller.health(), writer.health(), leases.clone());
    let taking = Arc::clone(&joined);
    let asked = stop.clone();
    tasks.vital("cluster", async move {
        let take = move |update| tokio::task::block_in_place(|| taking.take(update));
        controller.run(take, async move { asked.asked().await }).await;
    });
    tasks.vital("declared", ticks::on_declared(Arc::clone(engine), Arc::clone(&joined.force), stop.clone()));
    let asked = stop.clone();
    tasks.vital("status writer", async move { writer.run(receiver, async move { asked.asked().await }).await });
    let asked = stop.clone();
    tasks.vital("events", async move { events.run(async move { asked.asked().await }).await });
    let look = move || {
        joined.force.expire(joined.engine.clock.view_wall());
        joined.date();
        joined.tell(&leases);
    };
    tasks.vital("statuses", ticks::on_change(Arc::clone(engine), stop.clone(), look));
}

fn sources(engine: &Arc<Engine>, config: &config::Cluster, tasks: &Tasks, stop: &Stop) -> Sources {
    Sources {
        connect: connect::connector(config.kubeconfig.clone()),
        now: both(engine.clock),
        random: Arc::new(surroundings::random),
        offload: Arc::new(|work| tokio::task::block_in_place(work)),
        catalogues: catalogues(engine, tasks, stop),
        protecting: config.protecting_namespaces.iter().map(|name| name.as_str().into()).collect(),
        state_dir: engine.config.state_dir.clone(),
    }
}

fn both(clock: Clock) -> Arc<dyn Fn() -> (Mono, Wall) + Send + Sync> {
    Arc::new(move || (clock.mono(), clock.view_wall()))
}

/// The built-in catalogues and those named by a flag, re-read on change.
fn catalogues(engine: &Arc<Engine>, tasks: &Tasks, stop: &Stop) -> watch::Receiver<Arc<Vec<Arc<Catalogue>>>> {
    let files = engine.config.catalog.clone();
    let mut source = DirSource::new(Origins { dir: None, files, built_in: CATALOGUES.to_vec(), state_file: None });
    let clock = engine.clock;
    let mut read =
        move || source.poll(clock.view_wall()).map(|reload| Arc::new(reload.views.catalogues().cloned().collect::<Vec<_>>()));
    let (sender, receiver) = watch::channel(read().unwrap_or_default());
    let stop = stop.clone();
    tasks.vital("catalogues", async move {
        loop {
            tokio::select! {
                () = stop.asked() => return,
                () = tokio::time::sleep(Duration::from_millis(limits::VIEWS_POLL_MS)) => {}
            }
            if let Some(changed) = tokio::task::block_in_place(&mut read) {
                sender.send_replace(changed);
            }
        }
    });
    receiver
}

impl Joined {
    /// What the cluster says is in force from now on.
    fn take(&self, update: Update) {
        let engine = &self.engine;
        let turn = engine.own.views().begin();
        let Update { views, facts: _, workloads, owners, faults, objects, cached } = update;
        engine.store.set_workloads(Arc::clone(&workloads));
        engine.traces.set_workloads(Arc::clone(&workloads));
        engine.control.set_workloads(workloads);
        let mistakes = faults.iter().filter(|fault| fault.is_error()).count();
        let loaded =
            Loaded { views: Arc::clone(&views), faults, objects: objects.iter().map(|one| object(one, &views)).collect() };
        self.owners.store((!cached).then_some(owners).map(Arc::new));
        let changed = self.force.take(loaded, engine.clock.view_wall());
        engine.is_ready.store(true, Ordering::Relaxed);
        let outcome = match (mistakes, changed) {
            (0, true) => Outcome::Changed,
            (0, false) => Outcome::Unchanged,
            _ => Outcome::Failed,
        };
        turn.end(outcome, u32::try_from(mistakes).unwrap_or(u32::MAX));
    }

    /// The views are as old as the last word of the API server about either kind of them: bookmarks come about once a minute.
    fn date(&self) {
        let of_views = self.watches.iter().map(|watch| watch.now()).filter(|now| [VIEW, CLUSTER_VIEW].contains(&now.kind));
        let heard: Option<Vec<Mono>> = of_views.map(|now| now.last_contact).collect();
        if let Some(oldest) = heard.and_then(|heard| heard.into_iter().min()) {
            self.engine.numbers.views_were_current(oldest);
        }
    }

    /// The plans of components that ask for them as ConfigMaps; the control of agents learns which they are.
    fn plans(&self, loaded: &Loaded, sync: &SyncState, now: Wall) -> Vec<DesiredPlan> {
        let (mut plans, mut files) = (Vec::new(), control::Files::new());
        for ((namespace, component), request) in self.plan_files.granted() {
            let reported = sync.get(&request.component).and_then(|sync| sync.reported.clone());
            let offer = loaded.views.offer(&request.component, &reported.unwrap_or_else(|| Arc::new(Reported::able())), now);
            let hash = PlanHash(offer.hash).to_string().into();
            let Ok(body) = std::str::from_utf8(&offer.body) else { continue }; // JSON is text
            plans.push(DesiredPlan { namespace, name: request.config_map, component, hash, body: body.into() });
            let (at_source, at_controller) = (Arc::new(offer.at_source), Arc::new(offer.at_controller));
            files.insert(request.component, control::FilePlan { hash: offer.hash, at_source, at_controller });
        }
        let mut known = self.files.lock();
        if **known != files {
            *known = Arc::new(files);
        }
        self.engine.control.set_files(&known, &loaded.views);
        plans
    }

    /// What became of everything, for the API and for the writer.
    fn tell(&self, leases: &Leases) {
        let look = self.statuses.lock().look(leases.is_active(), leases.active_since());
        if !leases.is_active() {
            return; // what others push elsewhere is not seen here
        }
        let Look { statuses, observed, sync, loaded } = look;
        let (engine, owners) = (&self.engine, self.owners.load());
        let views = loaded.objects.iter().filter_map(|object| {
            let id = object.id.clone()?;
            let (uid, seen, generation) = (object.origin.uid.clone(), object.status.clone(), object.origin.generation);
            Some(DesiredView { status: statuses.get(&id)?.clone(), id, uid, generation, seen })
        });
        let catalogues: Vec<_> = loaded.views.catalogues().cloned().collect();
        let now = (engine.clock.mono(), engine.clock.view_wall());
        let empty = Owners::new();
        let inputs = Inputs {
            observed: &observed,
            owners: owners.as_deref().map_or(&empty, |owners| owners),
            applied: &|key| loaded.views.applied(key, now.1).into_iter().map(ToString::to_string).collect(),
            catalogues: &catalogues,
            sync: &sync,
            proven: engine.config.senders.is_some(),
            plan_file: &|namespace, name| self.plan_files.outcome(namespace, name),
            settling: now.0.since(leases.active_since()) < Duration::from_secs(limits::SYNC_SETTLE_SECS),
        };
        let shown = self.components.lock().look(inputs, now);
        let desired = Desired {
            views: views.collect(),
            components: shown.components,
            catalogues: shown.catalogues,
            plans: self.plans(&loaded, &sync, now.1),
            workloads: owners.as_deref().cloned(),
        };
        self.desired.send_if_modified(|before| {
            let changed = **before != desired;
            if changed {
                *before = Arc::new(desired);
            }
            changed
        });
    }
}

fn object(object: &Arc<ClusterObject>, views: &ViewSet) -> Object {
    let ClusterObject { id, uid, generation, place: _, accepted, kept, faults, status, created: _, body } = &**object;
    let origin = views.view(id).map(|view| view.origin.clone()).unwrap_or_default();
    Object {
        id: Some(id.clone()),
        file: String::new(),
        accepted: *accepted,
        kept: *kept,
        faults: faults.clone(),
        document: Arc::clone(body),
        origin: Origin { uid: uid.clone(), generation: *generation, ..origin },
        status: status.clone(),
    }
}

/// Who we are in events.
fn instance(config: &config::Cluster) -> String {
    config.pod.as_ref().map_or_else(surroundings::host_name, |(_, pod)| pod.clone())
}

fn writer(client: Client, now: &Arc<dyn Fn() -> (Mono, Wall) + Send + Sync>, leases: Leases, events: &Events) -> Writer {
    let recorder = events.recorder();
    let on_decision = move |written: Written<'_>| {
        let ObjectId { kind, namespace, name } = written.view.id.clone();
        let about = About { api_version: API_VERSION.into(), kind: kind.into(), namespace, name, uid: written.view.uid.clone() };
        for event in status::events(written.before, &written.view.status) {
            recorder.tell(&about, event.warning, &event.reason, &event.message);
        }
    };
    Writer::new(
        client,
        WriterOptions {
            now: Arc::clone(now),
            may_write: Arc::new(move || leases.may_write()),
            on_decision: Arc::new(on_decision),
        },
    )
}

/// What we do with a cluster, as numbers of ours.
fn count(engine: &Arc<Engine>, watches: Vec<Arc<Health>>, writes: Arc<Mutex<WriterHealth>>, leases: Leases) {
    let read = move || {
        let kinds = watches.iter().map(|watch| watch.now());
        let kinds = kinds.map(|now| (now.kind.to_owned(), now.objects, now.errors)).collect();
        let writes = writes.lock();
        let failed = writes.failed.values().fold(0, |sum: u64, n| sum.saturating_add(*n));
        let both = leases.both().map(|(active, status)| [(Lease::Active, active), (Lease::Status, status)]);
        let leases = both.into_iter().flatten().collect();
        telemetry::Cluster { kinds, writes: Some((writes.written, failed)), leases }
    };
    if engine.numbers.cluster.set(Box::new(read)).is_err() {
        tracing::error!("a process has one cluster");
    }
}
