//! Who obeys, who waits and who is gone, counted, with a clock that is set by hand.

use crate::control::{Control, FilePlan, Files, Settings, agents::Via};
use parking_lot::Mutex;
use pointsman_core::{
    fault::Source,
    limits::SYNC_DWELL_SECS,
    model::{
        clock::{Mono, Wall},
        component::ComponentKey,
    },
    view::{
        plan::ViewSet,
        read::{self, Known, Object},
        sync::{ComponentSync, Part},
    },
};
use pointsman_instrument::opamp::{
    messages::{CAPABILITY, CATALOGUE},
    proto::{
        AgentDescription, AgentDisconnect, AgentToServer, AnyValue, CustomMessage, KeyValue, RemoteConfigStatus,
        RemoteConfigStatuses, ServerToAgent, any_value::Value,
    },
};
use prost::Message;
use std::{collections::HashMap, sync::Arc, time::Duration};

/// A controller whose agents ask by sessions, as `shop` in the namespace `default`.
struct Scene {
    control: Arc<Control>,
    secs: Arc<Mutex<u64>>,
    sessions: HashMap<u8, (Via, u64)>,
}

impl Scene {
    fn new() -> Self {
        let secs = Arc::new(Mutex::new(1_000));
        let clock = Arc::clone(&secs);
        let settings = Settings {
            now: Arc::new(move || {
                let secs = *clock.lock();
                (Mono::from_secs(secs), Wall::from_secs(secs))
            }),
            random: Arc::new(|| 4),
            speed: 1,
            expire_after: Duration::from_secs(300),
        };
        let control = Control::new(settings);
        control.set_views(Arc::default(), &Arc::default());
        Self { control, secs, sessions: HashMap::new() }
    }

    fn wait(&self, secs: u64) {
        *self.secs.lock() += secs;
        self.control.turn();
    }

    fn says(&mut self, uid: u8, message: AgentToServer) {
        let (via, number) = self.sessions.get_mut(&uid).expect("it has a session");
        *number += 1;
        let message = AgentToServer { instance_uid: vec![uid; 16], sequence_num: *number, ..message };
        let reply = self.control.hear(*via, &message.encode_to_vec(), None);
        assert!(reply.refused.is_none() && !reply.ends, "{:?}", reply.refused);
    }

    fn comes(&mut self, uid: u8, library: &str) {
        let (session, _) = self.control.open().expect("there is room");
        self.sessions.insert(uid, (Via::Socket(session), 0));
        let attribute = |key: &str, value: &str| KeyValue {
            key: key.to_owned(),
            value: Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) }),
        };
        let identifying_attributes = vec![attribute("service.name", "shop"), attribute("service.instance.id", &uid.to_string())];
        let data = format!(r#"{{"library":"{library}","aspects":["state"],"instruments":[{{"name":"a","kind":"Counter"}}]}}"#);
        let message = CustomMessage { capability: CAPABILITY.to_owned(), r#type: CATALOGUE.to_owned(), data: data.into_bytes() };
        let message = AgentToServer {
            agent_description: Some(AgentDescription { identifying_attributes, non_identifying_attributes: Vec::new() }),
            capabilities: 0x1003,
            custom_message: Some(message),
            ..AgentToServer::default()
        };
        self.says(uid, message);
    }

    /// It takes the plan that it is offered, if any, and says so.
    fn obeys(&mut self, uid: u8) -> bool {
        let (Via::Socket(session), _) = self.sessions[&uid] else { panic!("it has a session") };
        let Some(out) = self.control.step(session).expect("it stays open") else { return false };
        let message = ServerToAgent::decode(out.to_vec().as_slice()).expect("it is a message");
        let last_remote_config_hash = message.remote_config.expect("it is an offer").config_hash;
        let status = RemoteConfigStatuses::Applied.into();
        let status = RemoteConfigStatus { last_remote_config_hash, status, error_message: String::new() };
        self.says(uid, AgentToServer { remote_config_status: Some(status), ..AgentToServer::default() });
        true
    }

    fn crashes(&mut self, uid: u8) {
        let Some((Via::Socket(session), _)) = self.sessions.remove(&uid) else { panic!("it has a session") };
        self.control.closed(session);
    }

    fn says_goodbye(&mut self, uid: u8) {
        self.says(uid, AgentToServer { agent_disconnect: Some(AgentDisconnect {}), ..AgentToServer::default() });
        self.crashes(uid);
    }

    fn sync(&self) -> ComponentSync {
        self.control.snapshot().get(&shop()).cloned().expect("it is there")
    }

    fn summary(&self, pushing: u64) -> String {
        self.sync().tally(pushing).summary()
    }
}

fn shop() -> ComponentKey {
    ComponentKey { namespace: "default".into(), workload: None, service: "shop".into() }
}

fn off(instrument: &str) -> Arc<ViewSet> {
    let yaml = format!(
        "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: v, namespace: default}}\nspec:\n  reason: r\n  \
         metrics:\n  - {{name: off, match: {{instruments: [{instrument}]}}, state: Disabled}}\n"
    );
    let source = Arc::new(Source { name: "v.yaml".into(), text: yaml.into() });
    let read = read::text(&source, &Known { first_seen: &|_, _| Wall::default(), namespace: "default" });
    let views = read.into_iter().filter_map(|read| match read.object.expect("the view is good") {
        Object::View(view) => Some(view),
        Object::Catalogue(_) => None,
    });
    Arc::new(ViewSet::compile(views.collect(), Vec::new()))
}

/// Scenario: views change, and somebody asks at once, and again while the plan is made, and while agents take it. Guarantees: nobody
/// counts as obeying the new one before they said so, though the last account is a moment old.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_obeys_what_was_never_offered() {
    let mut scene = Scene::new();
    scene.comes(1, "lib 1");
    scene.wait(1);
    assert!(scene.obeys(1));
    assert_eq!(scene.summary(1), "1/1");
    scene.control.set_views(off("a"), &Arc::default());
    assert!(scene.control.is_making());
    let waits = |sync: ComponentSync| (sync.applied, sync.pending, sync.pending_since);
    assert_eq!(waits(scene.sync()), (0, 1, Some(Wall::from_secs(1_001))), "its plan is not even made");
    scene.wait(1);
    assert!(!scene.control.is_making());
    assert_eq!(waits(scene.sync()).1, 1, "it is made, and not sent");
    assert!(scene.obeys(1));
    scene.wait(1);
    assert_eq!(waits(scene.sync()), (1, 0, None));
}

/// Scenario: a component takes its plan from a file, views change, and its exports still say the plan before. Guarantees: it waits until
/// the plan of the new views is known, and no longer.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_views_before_is_not_obeyed() {
    let scene = Scene::new();
    let views = off("a");
    scene.control.set_views(Arc::clone(&views), &Arc::default());
    let plan = FilePlan { hash: [7; 16], at_source: Arc::default(), at_controller: Arc::default() };
    let files: Arc<Files> = Arc::new([(shop(), plan)].into());
    scene.control.set_files(&files, &views);
    scene.control.turn();
    scene.control.exported(&[7; 16], 1, None);
    scene.wait(1);
    assert_eq!((scene.sync().applied, scene.sync().pending), (1, 0));
    let other = off("b");
    scene.control.set_views(Arc::clone(&other), &Arc::default());
    assert_eq!((scene.sync().applied, scene.sync().pending), (0, 1));
    scene.control.set_files(&files, &other);
    scene.wait(1);
    assert_eq!((scene.sync().applied, scene.sync().pending), (1, 0), "the new views leave its plan as it is");
}

/// Scenario: of three pods that push one obeys the plan of its file, then another one too; metrics and spans of both come again and again;
/// one falls silent. Guarantees: one does not vouch for the others, and nobody counts twice.
#[tokio::test(flavor = "multi_thread")]
async fn each_pod_speaks_for_its_own_file() {
    let scene = Scene::new();
    let views = off("a");
    scene.control.set_views(Arc::clone(&views), &Arc::default());
    let plan = FilePlan { hash: [7; 16], at_source: Arc::default(), at_controller: Arc::default() };
    scene.control.set_files(&Arc::new([(shop(), plan)].into()), &views);
    scene.control.turn();
    let told = |senders: &[u64]| {
        senders.iter().for_each(|sender| scene.control.exported(&[7; 16], *sender, None));
        scene.wait(1);
        let sync = scene.sync();
        (sync.connected, sync.applied, sync.tally(3).unsupported)
    };
    assert_eq!(told(&[1, 1]), (1, 1, 2));
    assert_eq!(told(&[2, 1, 2]), (2, 2, 1));
    scene.wait(200);
    scene.control.exported(&[7; 16], 2, None);
    scene.wait(100);
    assert_eq!(told(&[]), (1, 1, 2), "the first fell silent");
}

/// Scenario: one pod crashes three times, so that the store still knows four instances. Guarantees: it is one instance.
#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_crashed_is_one() {
    let mut scene = Scene::new();
    for uid in 1..=4 {
        scene.comes(uid, "lib 1");
        scene.wait(1);
        scene.obeys(uid);
        if uid < 4 {
            scene.crashes(uid);
        }
        scene.wait(SYNC_DWELL_SECS + 6);
        assert_eq!(scene.sync().applied, u64::from(uid == 4), "{uid}");
    }
    assert_eq!(scene.summary(4), "1/1");
    scene.control.set_views(off("a"), &Arc::default());
    scene.wait(1);
    assert_eq!(scene.summary(4), "0/1");
    scene.obeys(4);
    scene.wait(1);
    assert_eq!(scene.summary(4), "1/1");
}

/// Scenario: twelve pods are replaced by twelve others, which crash or say goodbye; the store knows all for minutes. Guarantees: there
/// are twelve, all in sync, also after views change; a crash delays that for as long as it may come back, a goodbye does not.
#[tokio::test(flavor = "multi_thread")]
async fn a_rolling_restart_counts_who_is_there() {
    for is_polite in [true, false] {
        let mut scene = Scene::new();
        for uid in 1..=24 {
            scene.comes(uid, "lib 1");
            scene.wait(1);
            scene.obeys(uid);
        }
        (1..=12).for_each(|uid| if is_polite { scene.says_goodbye(uid) } else { scene.crashes(uid) });
        scene.wait(1);
        scene.control.set_views(off("a"), &Arc::default());
        scene.wait(1);
        assert!((13..=24).all(|uid| scene.obeys(uid)));
        scene.wait(1);
        assert_eq!(scene.summary(24), if is_polite { "12/12" } else { "12/24" }, "{is_polite}");
        scene.wait(SYNC_DWELL_SECS);
        assert_eq!((scene.summary(24).as_str(), scene.sync().pending), ("12/12", 0), "{is_polite}");
        assert_eq!(scene.summary(25), "13/13", "{is_polite}: one takes no plans");
    }
}

/// Scenario: of two versions of a library one can do less; a third joins. Guarantees: what each sort obeys is told apart, most first.
#[tokio::test(flavor = "multi_thread")]
async fn sorts_of_instances_are_told_apart() {
    let mut scene = Scene::new();
    for (uid, library) in [(1, "lib 1"), (2, "lib 2"), (3, "lib 2")] {
        scene.comes(uid, library);
        scene.wait(1);
        scene.obeys(uid);
    }
    scene.wait(1);
    let sorts = |scene: &Scene| -> Vec<(String, u64, u64)> {
        let library = |part: &Part| part.reported.as_ref().map(|one| one.library.to_string());
        scene.sync().sorts().iter().map(|part| (library(part).unwrap_or_default(), part.instances, part.applied)).collect()
    };
    assert_eq!(sorts(&scene), [("lib 2".to_owned(), 2, 2), ("lib 1".to_owned(), 1, 1)]);
    assert_eq!(&*scene.sync().library, "lib 2");
    scene.comes(4, "lib 1");
    scene.crashes(2);
    scene.crashes(3);
    scene.wait(SYNC_DWELL_SECS + 6);
    assert_eq!((sorts(&scene), &*scene.sync().library), (vec![("lib 1".to_owned(), 2, 1)], "lib 1"), "who is gone says nothing");
}

/// Scenario: everybody obeys; somebody joins, and obeys; then the views change. Guarantees: since when is what it was, until there is
/// another plan.
#[tokio::test(flavor = "multi_thread")]
async fn who_joins_takes_nothing_back() {
    let mut scene = Scene::new();
    scene.comes(1, "lib 1");
    scene.wait(1);
    scene.obeys(1);
    scene.wait(1);
    let since = scene.sync().since;
    assert_eq!(since, Some(Wall::from_secs(1_002)));
    for (uid, library) in [(2, "lib 1"), (3, "lib 2")] {
        scene.comes(uid, library);
        scene.wait(1);
        assert_eq!((scene.sync().pending, scene.sync().since), (1, since), "{library}");
        scene.obeys(uid);
        scene.wait(1);
        assert_eq!((scene.sync().pending, scene.sync().since), (0, since), "{library}");
    }
    scene.control.set_views(off("a"), &Arc::default());
    scene.wait(1);
    assert_eq!(scene.sync().since, None);
    (1..=3).for_each(|uid| assert!(scene.obeys(uid)));
    scene.wait(1);
    assert_eq!(scene.sync().since, Some(Wall::from_secs(1_008)));
}
