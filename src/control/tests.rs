use super::{Control, FilePlan, Refusal, Settings, State, agents::Via};
use parking_lot::Mutex;
use pointsman_core::{
    model::{
        clock::{Mono, Wall},
        component::ComponentKey,
    },
    view::plan::ViewSet,
};
use pointsman_instrument::opamp::proto::{AgentDescription, AgentToServer, AnyValue, KeyValue, ServerToAgent, any_value::Value};
use prost::Message;
use std::{sync::Arc, time::Duration};

/// A controller with a clock that is set by hand, in seconds.
fn control() -> (Arc<Control>, Arc<Mutex<u64>>) {
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
    (Control::new(settings), secs)
}

fn first() -> Vec<u8> {
    let attribute = |key: &str, value: &str| KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(Value::StringValue(value.to_owned())) }),
    };
    let identifying_attributes = vec![attribute("service.name", "shop"), attribute("service.instance.id", "1")];
    let description = AgentDescription { identifying_attributes, non_identifying_attributes: Vec::new() };
    let message = AgentToServer {
        instance_uid: vec![1; 16],
        sequence_num: 1,
        agent_description: Some(description),
        capabilities: 0x1003,
        ..AgentToServer::default()
    };
    message.encode_to_vec()
}

fn state(control: &Control, state: State) -> u64 {
    control.numbers().agents.into_iter().find(|(one, _)| *one == state).map_or(0, |(_, n)| n)
}

/// Scenario: a replica becomes active, takes agents, loses its Lease and gets it back. Guarantees: a standby takes no session; who is
/// there when the Lease is lost is sent away and no longer counted.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_knows_nobody() {
    let (control, secs) = control();
    control.set_active(false);
    assert_eq!(control.open().err(), Some(Refusal::Standby));
    control.set_active(true);
    let (session, wake) = control.open().expect("it is active");
    control.hear(Via::Socket(session), &first(), None);
    assert_eq!(state(&control, State::Pending), 1);
    control.set_active(false);
    wake.notified().await;
    assert_eq!(control.step(session).err(), Some(1001));
    *secs.lock() += 1;
    assert!(state(&control, State::Pending) == 0 && control.snapshot().is_empty());
    control.closed(session);
    control.set_active(true);
    assert!(control.open().is_ok());
}

/// Scenario: the Lease is lost in the midst of things: just after a connection was let in, and while messages are on their way, by a
/// session and by a poll. Guarantees: no session begins, no message is heard, nobody is known; also when the Lease is back.
#[tokio::test(flavor = "multi_thread")]
async fn a_standby_hears_nobody_who_was_on_the_way() {
    let (control, _) = control();
    let (session, _wake) = control.open().expect("it is active");
    control.set_active(false);
    for via in [Via::Socket(session), Via::Poll] {
        let reply = control.hear(via, &first(), None);
        assert_eq!((reply.refused, reply.ends), (Some(Refusal::Standby), true));
        assert!(ServerToAgent::decode(reply.out.to_vec().as_slice()).is_ok_and(|answer| answer.error_response.is_some()));
    }
    control.set_active(true);
    assert!(control.hear(Via::Socket(session), &first(), None).ends, "it was sent away");
    assert!(control.snapshot().is_empty());

    let hook: Arc<Mutex<Option<Arc<Control>>>> = Arc::default();
    let loses = Arc::clone(&hook);
    let settings = Settings {
        now: Arc::new(move || {
            let control = loses.lock().take();
            control.iter().for_each(|control| control.set_active(false));
            (Mono::from_secs(1), Wall::from_secs(1))
        }),
        random: Arc::new(|| 4),
        speed: 1,
        expire_after: Duration::from_secs(300),
    };
    let control = Control::new(settings);
    *hook.lock() = Some(Arc::clone(&control));
    assert_eq!(control.open().err(), Some(Refusal::Standby), "it lost its Lease when it looked at the clock");
    control.set_active(true);
    let (session, _wake) = control.open().expect("it is active again");
    *hook.lock() = Some(Arc::clone(&control));
    assert_eq!(control.hear(Via::Socket(session), &first(), None).refused, Some(Refusal::Standby));
    assert!(control.wakes.lock().len() == 1 && control.snapshot().is_empty());
}

/// Scenario: a component takes its plan from a file, and its exports say so; another export has an older plan. Guarantees: it counts
/// as connected and in force for as long as it exports; the other one is counted as stale.
#[tokio::test(flavor = "multi_thread")]
async fn exports_speak_for_who_has_no_session() {
    let (control, secs) = control();
    let component = ComponentKey { namespace: "default".into(), workload: None, service: "shop".into() };
    let plan = FilePlan { hash: [7; 16], at_source: Arc::default(), at_controller: Arc::default() };
    let views = Arc::default();
    control.set_views(Arc::clone(&views), &Arc::default());
    control.set_files(&Arc::new([(component.clone(), plan)].into()), &views);
    control.turn();
    assert!(control.snapshot().is_empty(), "nothing was heard of it");
    control.exported(&[7; 16], 1, None);
    control.exported(&[6; 16], 2, None);
    *secs.lock() += 1;
    let snapshot = control.snapshot();
    let sync = snapshot.get(&component).expect("it is there");
    assert_eq!((sync.connected, sync.applied, sync.pending), (1, 1, 0));
    assert_eq!((sync.since, &*sync.hash), (Some(Wall::from_secs(1_001)), "07".repeat(16).as_str()));
    assert_eq!(control.numbers().stale, 1);
    *secs.lock() += 300;
    assert!(control.snapshot().is_empty(), "it fell silent");
}

/// Scenario: an agent asks by HTTP before any plan was made, with views that say nothing of it, and the run loop is not there yet.
/// Guarantees: its plan comes with the answer; what says nothing at all is refused as malformed.
#[tokio::test(flavor = "multi_thread")]
async fn a_poll_does_not_wait_for_its_plan() {
    let (control, _) = control();
    control.set_views(Arc::new(ViewSet::default()), &Arc::default());
    let reply = control.hear(Via::Poll, &first(), None);
    let answer = ServerToAgent::decode(reply.out.to_vec().as_slice()).expect("it is a message");
    assert!(answer.remote_config.is_some() && reply.refused.is_none());
    assert_eq!(control.numbers().offers, 1);
    let reply = control.hear(Via::Poll, &[0xFF], None);
    assert_eq!((reply.refused, reply.ends), (Some(Refusal::Malformed), true));
    let refused = control.numbers().refused;
    assert!(refused.contains(&(Refusal::Malformed, 1)) && refused.len() == Refusal::ALL.len());
}
