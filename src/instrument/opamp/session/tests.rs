use super::{Offered, Session, Uid, description, fitted};
use crate::{
    identity::Identity,
    limits::{
        ASKED_PAUSE_MAX, CUSTOM_BYTES_MAX, DESCRIBED_BYTES_MAX, DESCRIBED_MAX, EFFECTIVE_BYTES_MAX, MESSAGE_BYTES_MAX, SAY_PAUSE,
    },
    opamp::{
        messages::{EXPIRY_ENTRY, PLAN_ENTRY, Report, RuleReport},
        plan::PlanHash,
        proto::{
            AgentConfigFile, AgentConfigMap, AgentIdentification, AgentRemoteConfig, AgentToServer, KeyValue, RetryInfo,
            ServerErrorResponse, ServerToAgent, any_value, server_error_response::Details,
        },
    },
    semconv::attribute,
};
use bytes::Bytes;
use expect_test::{Expect, expect};
use prost::Message;
use std::time::{Duration, SystemTime};

const UID: [u8; 16] = [7; 16];
const A: PlanHash = PlanHash([0xa; 16]);
const B: PlanHash = PlanHash([0xb; 16]);

fn identity() -> Identity {
    let identity = Identity::new("shop").instance("shop-0").with(attribute::K8S_POD_NAME, "shop-0-x");
    identity.with(attribute::SERVICE_NAMESPACE, "store")
}

fn session() -> Session {
    let mut session = Session::new(Uid(UID), description(&identity()).0);
    session.connected(Duration::ZERO);
    session
}

fn pairs(all: &[KeyValue]) -> String {
    let text = |pair: &KeyValue| match pair.value.as_ref().and_then(|value| value.value.clone()) {
        Some(any_value::Value::StringValue(text)) => format!("{}={text}", pair.key),
        other => format!("{}={other:?}", pair.key),
    };
    all.iter().map(text).collect::<Vec<_>>().join(",")
}

/// A message in one line: its number, then only what is in it.
fn line(message: &AgentToServer) -> String {
    let AgentToServer { instance_uid, sequence_num, capabilities, .. } = message;
    let mut line = format!("{} of {:02x}", sequence_num, instance_uid[0]);
    assert_eq!((*capabilities, instance_uid.len()), (0x3007, 16));
    if let Some(description) = &message.agent_description {
        line += &format!(" [{}; {}]", pairs(&description.identifying_attributes), pairs(&description.non_identifying_attributes));
    }
    if let Some(custom) = &message.custom_capabilities {
        line += &format!(" can {}", custom.capabilities.join(","));
    }
    if let Some(status) = &message.remote_config_status {
        let hash = status.last_remote_config_hash.first().map_or("-".to_owned(), |byte| format!("{byte:x}"));
        line += &format!(" {:?} {hash} {}", status.status(), status.error_message);
    }
    if let Some(map) = message.effective_config.as_ref().and_then(|config| config.config_map.as_ref()) {
        let bodies = map.config_map.iter().map(|(name, file)| format!("{name}={}", String::from_utf8_lossy(&file.body)));
        line += &format!(" effective {}", bodies.collect::<String>());
    }
    if let Some(custom) = &message.custom_message {
        line += &format!(" {}: {}", custom.r#type, String::from_utf8_lossy(&custom.data));
    }
    if message.agent_disconnect.is_some() {
        line += " bye";
    }
    line.trim_end().to_owned()
}

/// Everything that is said from this moment on while one message follows the other with the pauses that there are between
/// them, a line each; `nothing` where nothing is.
fn said(session: &mut Session, millis: u64) -> String {
    let (mut lines, mut now) = (Vec::new(), Duration::from_millis(millis));
    while let Some(message) = session.say(now, || Bytes::from_static(b"all")) {
        lines.push(line(&message));
        if session.due() - now < Duration::from_secs(5) {
            now = session.due();
        }
    }
    if lines.is_empty() { "nothing".to_owned() } else { lines.join("\n") }
}

fn from_server() -> ServerToAgent {
    ServerToAgent { instance_uid: UID.to_vec(), ..ServerToAgent::default() }
}

fn offer(hash: &[u8], entries: &[(&str, &str)]) -> ServerToAgent {
    let file = |body: &str| AgentConfigFile { body: body.as_bytes().to_vec(), content_type: String::new() };
    let config_map = entries.iter().map(|(name, body)| ((*name).to_owned(), file(body))).collect();
    let config = AgentRemoteConfig { config: Some(AgentConfigMap { config_map }), config_hash: hash.to_vec() };
    ServerToAgent { remote_config: Some(config), ..from_server() }
}

fn rules() -> Vec<RuleReport> {
    vec![RuleReport { by: "view/shop#0".to_owned(), instruments: 3, exceptions: Vec::new() }]
}

/// Scenario: a session from its first message on: a plan comes and is obeyed, a step of it passes, the catalogue changes
/// again and again, nothing happens for long, the connection is lost, the process goes. Guarantees: all of it first, later
/// only what changed; one number a message; one custom message at a time; changes of the catalogue go together; a heartbeat
/// after half a minute of silence and none before.
#[test]
fn a_session_says_what_changed() {
    let mut session = session();
    expect!["1 of 07 [service.name=shop,service.instance.id=shop-0,service.namespace=store; k8s.pod.name=shop-0-x] can dev.pointsman.sync Unset -  catalogue: all"]
    .assert_eq(&said(&mut session, 0));
    session.applied(A, Bytes::from_static(b"{}"), rules());
    expect![[r#"2 of 07 Applied a  effective pointsman-plan={} report: {"hash":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","rules":[{"by":"view/shop#0","instruments":3}]}"#]]
        .assert_eq(&said(&mut session, 10));
    session.stepped(B, Vec::new());
    assert_eq!(said(&mut session, 1_009), "nothing");
    expect![[r#"3 of 07 Applied b  report: {"hash":"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b","rules":[]}"#]]
        .assert_eq(&said(&mut session, 1_010));
    for millis in [2_000, 2_100, 2_200] {
        session.catalogue_changed(Duration::from_millis(millis));
        assert_eq!(said(&mut session, millis), "nothing");
    }
    assert_eq!(session.due(), Duration::from_millis(2_250));
    expect!["4 of 07 catalogue: all"].assert_eq(&said(&mut session, 2_250));
    assert_eq!(said(&mut session, 32_249), "nothing");
    assert_eq!(session.due(), Duration::from_millis(32_250));
    expect!["5 of 07"].assert_eq(&said(&mut session, 32_250));
    session.connected(Duration::from_millis(32_260));
    expect![[r#"
        6 of 07 [service.name=shop,service.instance.id=shop-0,service.namespace=store; k8s.pod.name=shop-0-x] can dev.pointsman.sync Applied b  effective pointsman-plan={} catalogue: all
        7 of 07 report: {"hash":"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b","rules":[]}"#]]
    .assert_eq(&said(&mut session, 32_260));
    expect!["8 of 07 bye"].assert_eq(&line(&session.farewell(Duration::from_secs(41))));
}

/// Scenario: a controller answers each message with a wish that makes the next one due: all of it again, another name, the
/// offer that is obeyed, one that cannot be. Guarantees: the pauses double up to the time between two heartbeats; they are
/// short again once it asked for nothing; a plan that is new is told without a pause, but not one after the other.
#[test]
fn who_asks_again_and_again_waits_longer_and_longer() {
    let identification = AgentIdentification { new_instance_uid: UID.to_vec() };
    for wish in [
        ServerToAgent { flags: 1, ..from_server() },
        ServerToAgent { agent_identification: Some(identification), ..from_server() },
        offer(&A.0, &[]),
        offer(&B.0, &[]),
    ] {
        let mut session = session();
        session.applied(A, Bytes::from_static(b"{}"), Vec::new());
        let (mut now, mut pauses) = (Duration::ZERO, Vec::new());
        session.say(now, Bytes::new).expect("the first");
        for _ in 0..8 {
            session.hear(wish.clone(), Some(A));
            pauses.push((session.due() - now).as_secs());
            now = session.due();
            session.say(now, Bytes::new).expect("what was asked for");
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30, 30], "{wish:?}");
        assert_eq!(Duration::from_secs(30), ASKED_PAUSE_MAX);
        session.applied(B, Bytes::new(), Vec::new());
        assert_eq!(session.due(), Duration::ZERO, "a new plan is told at once");
        session.say(now, Bytes::new).expect("it is told");
        session.applied(A, Bytes::new(), Vec::new());
        assert_eq!(session.due(), now + SAY_PAUSE, "the next a moment later");
        now += SAY_PAUSE;
        session.say(now, Bytes::new).expect("it is told");
        session.stepped(B, Vec::new());
        assert_eq!(session.due(), now + SAY_PAUSE, "it asked for nothing meanwhile");
    }
}

/// Scenario: a plan is obeyed before any instrument is made; when the catalogue is told, what became of its rules is another,
/// or the same. Guarantees: a report that is another is told behind the catalogue, and one that is not is not.
#[test]
fn a_report_that_is_news_follows_the_catalogue() {
    let mut session = session();
    session.applied(A, Bytes::from_static(b"{}"), Vec::new());
    said(&mut session, 0);
    session.catalogue_changed(Duration::from_millis(5_000));
    assert!(!session.tells_catalogue(Duration::from_millis(5_249)) && session.tells_catalogue(Duration::from_millis(5_250)));
    session.reported(A, rules());
    expect![[r#"
        3 of 07 catalogue: all
        4 of 07 report: {"hash":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","rules":[{"by":"view/shop#0","instruments":3}]}"#]]
    .assert_eq(&said(&mut session, 5_250));
    session.catalogue_changed(Duration::from_millis(8_000));
    session.reported(A, rules());
    assert_eq!(said(&mut session, 8_250), "5 of 07 catalogue: all");
}

/// Scenario: an offer waits to be obeyed, and another message comes: the plan in force, one that is refused, one for another
/// instance, one without an offer. Guarantees: what was offered before is obeyed only if nothing was offered after it.
#[test]
fn an_offer_that_is_superseded_is_not_obeyed() {
    let entries = [(PLAN_ENTRY, "plan")];
    let other = ServerToAgent { instance_uid: vec![8; 16], ..offer(&A.0, &[]) };
    for (message, waits) in [(offer(&A.0, &[]), false), (offer(&[0xc; 16], &[]), false), (other, true), (from_server(), true)] {
        let mut session = session();
        session.hear(offer(&B.0, &entries), Some(A));
        assert!(session.has_offer());
        session.hear(message.clone(), Some(A));
        assert_eq!(session.take_offer().is_some(), waits, "{message:?}");
    }
}

/// What a message of the controller comes to where plan A is in force, and what is said then.
fn check(message: ServerToAgent, want: &Expect) {
    let mut session = session();
    session.applied(A, Bytes::from_static(b"{}"), Vec::new());
    said(&mut session, 0);
    let heard = format!("{:?}", session.hear(message, Some(A)));
    let heard = session.take_offer().map_or(heard, |Offered { hash, body, expiry }| {
        let first = hash.first().copied().unwrap_or_default();
        format!("offer {first:x} {} {:?}", String::from_utf8_lossy(&body), expiry.remaining_ms)
    });
    want.assert_eq(&format!("{heard}\n{}", said(&mut session, 10_000)));
}

/// Scenario: offers, right and wrong. Guarantees: a new one is handed on with what is said of its steps; one that is obeyed
/// already is acknowledged and nothing else; one without a plan or with a name without end is refused with the reason.
#[test]
fn offers_are_taken_or_refused() {
    let entries = [(PLAN_ENTRY, "plan"), (EXPIRY_ENTRY, r#"{"remainingMs":[5,9]}"#)];
    check(
        offer(&B.0, &entries),
        &expect![[r#"
        offer b plan [5, 9]
        nothing"#]],
    );
    for nonsense in ["", "[]", r#"{"remainingMs":[-1]}"#, r#"{"remainingMs":["5"]}"#] {
        check(
            offer(&B.0, &[(PLAN_ENTRY, "plan"), (EXPIRY_ENTRY, nonsense), ("other", "")]),
            &expect![[r#"
            offer b plan []
            nothing"#]],
        );
    }
    check(
        offer(&A.0, &[]),
        &expect![[r#"
        Nothing
        3 of 07 Applied a"#]],
    );
    check(
        offer(&B.0, &[("other", "x")]),
        &expect![[r#"
        Refused("its offer has no entry pointsman-plan")
        3 of 07 Failed b the offer has no entry pointsman-plan"#]],
    );
    let without = AgentRemoteConfig { config: None, config_hash: B.0.to_vec() };
    check(
        ServerToAgent { remote_config: Some(without), ..from_server() },
        &expect![[r#"
        Refused("its offer has no entry pointsman-plan")
        3 of 07 Failed b the offer has no entry pointsman-plan"#]],
    );
    check(
        offer(&[0xc; 65], &entries),
        &expect![[r#"
        Refused("the hash of the offer is too long")
        3 of 07 Failed c the hash of the offer is too long"#]],
    );
    check(
        offer(&[], &entries),
        &expect![[r#"
        offer 0 plan [5, 9]
        nothing"#]],
    );
}

/// Scenario: messages that say nothing, ask for all of it, or give another identity. Guarantees: all of it is said, under the
/// identity of now; a flag that is not known and an identity that is none do nothing.
#[test]
fn messages_do_what_they_may() {
    check(
        from_server(),
        &expect![[r#"
        Nothing
        nothing"#]],
    );
    check(
        ServerToAgent { flags: 1, ..from_server() },
        &expect![[r#"
        Nothing
        3 of 07 [service.name=shop,service.instance.id=shop-0,service.namespace=store; k8s.pod.name=shop-0-x] can dev.pointsman.sync Applied a  effective pointsman-plan={} catalogue: all
        4 of 07 report: {"hash":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","rules":[]}"#]],
    );
    check(
        ServerToAgent { flags: u64::MAX - 1, ..from_server() },
        &expect![[r#"
        Nothing
        nothing"#]],
    );
    let named = |uid: Vec<u8>| {
        let identification = AgentIdentification { new_instance_uid: uid };
        ServerToAgent { agent_identification: Some(identification), ..from_server() }
    };
    check(
        named(vec![9; 16]),
        &expect![[r#"
        Nothing
        3 of 09 [service.name=shop,service.instance.id=shop-0,service.namespace=store; k8s.pod.name=shop-0-x] can dev.pointsman.sync Applied a  effective pointsman-plan={} catalogue: all
        4 of 09 report: {"hash":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","rules":[]}"#]],
    );
    check(
        named(vec![9; 15]),
        &expect![[r#"
        Refused("the identity that it gives has not 16 bytes")
        nothing"#]],
    );
}

/// Scenario: messages for another and for nobody; errors. Guarantees: what is for another does nothing; an error excludes
/// the rest of its message and says when to come again, whoever it is for.
#[test]
fn messages_for_others_and_errors_do_no_more() {
    let other = offer(&B.0, &[(PLAN_ENTRY, "plan")]);
    check(
        ServerToAgent { instance_uid: vec![8; 16], flags: 1, ..other.clone() },
        &expect![[r#"
        Refused("it is for another instance")
        nothing"#]],
    );
    check(
        ServerToAgent { instance_uid: Vec::new(), ..other.clone() },
        &expect![[r#"
        Refused("it is for another instance")
        nothing"#]],
    );
    check(
        ServerToAgent::default(),
        &expect![[r#"
        Nothing
        nothing"#]],
    );
    let error = |details| ServerErrorResponse { r#type: 2, error_message: "full".to_owned(), details };
    let retry = Details::RetryInfo(RetryInfo { retry_after_nanoseconds: 3_500_000_000 });
    check(
        ServerToAgent { error_response: Some(error(Some(retry))), flags: 1, ..other },
        &expect![[r#"
        Leave("full", Some(3.5s))
        nothing"#]],
    );
    let ours = ServerErrorResponse { r#type: 1, ..error(None) };
    check(
        ServerToAgent { error_response: Some(ours), flags: 1, ..from_server() },
        &expect![[r#"
            Objection("full")
            nothing"#]],
    );
    let unnamed = ServerToAgent { error_response: Some(error(None)), ..ServerToAgent::default() };
    check(
        unnamed,
        &expect![[r#"
        Leave("full", None)
        nothing"#]],
    );
}

/// Scenario: a plan cannot be obeyed; then a step of the plan in force passes; then the plan in force is offered again.
/// Guarantees: the refusal stands through the step, so that the same offer does not come again; the plan in force is
/// acknowledged as obeyed.
#[test]
fn a_refusal_stands_until_the_next_offer() {
    let mut session = session();
    session.applied(A, Bytes::new(), Vec::new());
    said(&mut session, 0);
    session.failed(&B.0, &"why".repeat(1000));
    let failed =
        session.say(Duration::from_secs(5), Bytes::new).and_then(|message| message.remote_config_status).expect("a status");
    assert_eq!((failed.last_remote_config_hash, failed.error_message.len()), (B.0.to_vec(), 512));
    session.stepped(A, Vec::new());
    assert_eq!(said(&mut session, 10_000), r#"4 of 07 report: {"hash":"0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a","rules":[]}"#);
    session.hear(offer(&A.0, &[]), Some(A));
    assert_eq!(said(&mut session, 15_000), "5 of 07 Applied a");
}

/// Scenario: an identity, a plan, a catalogue and a report that are all far too large. Guarantees: each message stays
/// within the protocol's limit, and what was left out is known.
#[test]
fn messages_have_a_limit() {
    let mut identity = identity();
    for n in 0..2 * DESCRIBED_MAX {
        identity.set(format!("key.{n}").into(), &"v".repeat(DESCRIBED_BYTES_MAX - 10));
    }
    identity.set("key.0".into(), &"v".repeat(1 << 20));
    let (told, left_out) = description(&identity);
    assert_eq!(left_out, DESCRIBED_MAX + 4, "the long one too");
    let mut session = Session::new(Uid(UID), told);
    session.connected(Duration::ZERO);
    let rule = RuleReport { by: "r".repeat(1000), instruments: 1, exceptions: Vec::new() };
    session.applied(A, vec![b'x'; EFFECTIVE_BYTES_MAX].into(), vec![rule; 1000]);
    let first = session.say(Duration::ZERO, || vec![b'x'; CUSTOM_BYTES_MAX].into()).expect("a message");
    assert_eq!(first.agent_description.as_ref().map(|d| d.non_identifying_attributes.len()), Some(DESCRIBED_MAX - 3));
    assert!(first.effective_config.is_some() && (900 << 10..MESSAGE_BYTES_MAX).contains(&first.encoded_len()));
    let second = session.say(SAY_PAUSE, Bytes::new).and_then(|message| message.custom_message).expect("a report");
    let report: Report = serde_json::from_slice(&second.data).expect("whole");
    assert_eq!(report.rules.len(), 250);
    session.applied(A, vec![b'x'; EFFECTIVE_BYTES_MAX + 1].into(), Vec::new());
    assert_eq!(session.say(2 * SAY_PAUSE, Bytes::new).expect("a message").effective_config, None);
    assert_eq!(fitted(0, |_| Ok(vec![0; CUSTOM_BYTES_MAX + 1])), (Bytes::new(), 0));
    assert_eq!(fitted(9, |count| Ok(vec![0; count * (CUSTOM_BYTES_MAX / 4)])), (vec![0; CUSTOM_BYTES_MAX / 4 * 4].into(), 5));
}

/// Scenario: identities are made, before 1970 too. Guarantees: a UUID of version 7 with the time in front, so that they
/// sort, and different from each other where the random bytes are.
#[test]
fn identities_are_uuids_of_version_7() {
    let at = SystemTime::UNIX_EPOCH + Duration::from_millis(0x0192_0000_0001);
    let Uid(uid) = Uid::new(at, [0xff; 16]);
    assert_eq!(uid, [1, 0x92, 0, 0, 0, 1, 0x7f, 0xff, 0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    let Uid(early) = Uid::new(SystemTime::UNIX_EPOCH - Duration::from_secs(1), [0; 16]);
    assert_eq!(early, [0, 0, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, 0]);
}

/// Scenario: an identity with far too many attributes, of which those that name the service and its place come last.
/// Guarantees: those are told all the same, and what is left out is counted.
#[test]
fn who_we_are_is_told_first() {
    let mut identity = Identity::new("shop");
    for n in 0..100 {
        identity.set(format!("key.{n}").into(), "v");
    }
    let identity =
        identity.with(attribute::K8S_POD_NAME, "shop-0-x").with(attribute::SERVICE_NAMESPACE, "store").instance("shop-0");
    let (told, left_out) = description(&identity);
    assert_eq!(pairs(&told.identifying_attributes), "service.name=shop,service.namespace=store,service.instance.id=shop-0");
    assert!(pairs(&told.non_identifying_attributes).starts_with("k8s.pod.name=shop-0-x,key.0=v,"));
    assert_eq!((told.non_identifying_attributes.len(), left_out), (DESCRIBED_MAX - 3, 104 - DESCRIBED_MAX));
}
