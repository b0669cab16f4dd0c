//! Agents that come back, are called otherwise, share a connection, or crowd the table: who is who, and what each is told.
//! The scene is the one of the other tests.

use super::{
    Refusal, Said,
    scene::{ACCEPTS, Scene, answers, bare, declares, description, full, new_uid, status, wants_all},
};
use crate::control::agents::{SessionId, Step, Via, agent::Link};
use pointsman_core::{
    limits::{SYNC_AGENTS_MAX, SYNC_NEW_POLLERS_BURST, SYNC_NEW_POLLERS_PER_SEC, SYNC_SESSION_AGENTS_MAX},
    model::clock::Mono,
};
use pointsman_instrument::opamp::proto::{AgentDisconnect, AgentToServer, RemoteConfigStatuses};

const BLIND: u64 = ACCEPTS & !0x1000;

fn applied(uid: u8, hash: u8) -> AgentToServer {
    AgentToServer { remote_config_status: status(hash, RemoteConfigStatuses::Applied, ""), ..full(uid, 1) }
}

fn numbered(n: usize) -> Vec<u8> {
    let mut uid = vec![9; 16];
    uid[..8].copy_from_slice(&(n as u64).to_be_bytes());
    uid
}

fn id(via: Via) -> SessionId {
    let Via::Socket(id) = via else { panic!("polls have none") };
    id
}

/// Scenario: a process obeys its plan, ends, and starts anew under the same uid with an empty memory: over a socket, and by polls.
/// Guarantees: what it said before is no longer believed, and it is offered its plan again.
#[test]
fn a_process_that_starts_anew_gets_its_plan_again() {
    let mut scene = Scene::new();
    let via = scene.open();
    scene.hears(via, &applied(1, 7));
    scene.says(via, &bare(1, 2), Said::Refusals("07".repeat(16), vec!["a: why".into()]));
    scene.plans(7);
    scene.wait(300);
    assert_eq!(scene.offered(via), None);
    scene.close(via);
    scene.wait(1_000);
    let via = scene.open();
    scene.hears(via, &full(1, 1));
    scene.wait(300);
    assert_eq!(scene.counts(), (1, 0, 1, 0, 0), "it has said nothing yet");
    assert!(scene.only().refusals.is_empty());
    assert_eq!(scene.offered(via), Some(7));
    scene.hears(via, &answers(1, 2, 7, RemoteConfigStatuses::Applied));
    assert_eq!(scene.counts(), (1, 1, 0, 0, 0));

    let mut scene = Scene::new();
    scene.hears(Via::Poll, &applied(2, 7));
    scene.plans(7);
    scene.hears(Via::Poll, &AgentToServer { agent_description: full(2, 2).agent_description, ..bare(2, 2) });
    assert_eq!(scene.counts(), (1, 1, 0, 0, 0), "a description by itself takes nothing back");
    scene.hears(Via::Poll, &full(2, 1));
    assert_eq!(scene.counts(), (1, 0, 1, 0, 0));
    assert_eq!(scene.agents.offer(&[2; 16], scene.mono()).map(|plan| plan.hash), Some([7; 16]));
}

/// Scenario: agents lose their connection: one that obeys, one that was just offered a plan, one that never says what became of it.
/// Guarantees: the first is left alone, the others are offered at once when they are back, and once.
#[test]
fn who_lost_a_connection_is_offered_again() {
    let mut scene = Scene::new();
    let vias: Vec<Via> = (1..=3).map(|_| scene.open()).collect();
    scene.hears(vias[0], &applied(1, 7));
    scene.hears(vias[1], &applied(2, 6));
    scene.hears(vias[2], &AgentToServer { capabilities: BLIND, ..full(3, 1) });
    scene.wait(300);
    scene.plans(7);
    assert_eq!([0, 1, 2].map(|at| scene.offered(vias[at])), [None, Some(7), Some(7)]);
    vias.into_iter().for_each(|via| scene.close(via));
    scene.wait(1_000);
    let vias: Vec<Via> = (1..=3).map(|_| scene.open()).collect();
    scene.hears(vias[0], &applied(1, 7));
    scene.hears(vias[1], &applied(2, 6));
    scene.hears(vias[2], &AgentToServer { capabilities: BLIND, ..full(3, 1) });
    assert_eq!([0, 1, 2].map(|at| scene.offered(vias[at])), [None, Some(7), Some(7)]);
    assert_eq!([0, 1, 2].map(|at| scene.offered(vias[at])), [None, None, None]);
    scene.wait(31_000);
    scene.hears(vias[2], &bare(3, 2));
    assert_eq!(scene.offered(vias[2]), None, "who never says what became of it is not asked again and again");
}

/// Scenario: several agents talk over one connection, in turn; then it breaks. Guarantees: all are there, each gets its plan once,
/// all are gone with it; one that falls silent goes by itself, one that says goodbye takes no other along.
#[test]
fn several_agents_share_a_connection() {
    let mut scene = Scene::new();
    let via = scene.open();
    (1..=4).for_each(|uid| drop(scene.hears(via, &AgentToServer { capabilities: BLIND, ..full(uid, 1) })));
    scene.plans(7);
    scene.wait(300);
    assert_eq!((0..5).map(|_| scene.offered(via)).collect::<Vec<_>>(), [Some(7), Some(7), Some(7), Some(7), None]);
    for number in 2..5 {
        scene.wait(25_000);
        (1..=3).for_each(|uid| assert!(scene.hears(via, &bare(uid, number)).refused.is_none()));
        assert_eq!(scene.offered(via), None, "nobody is asked twice");
    }
    scene.wait(25_000);
    assert!(matches!(scene.agents.all[&[4; 16]].link, Link::Gone { .. }), "it fell silent");
    assert_eq!((1..=3).filter(|uid| scene.agents.all[&[*uid; 16]].link.is(via)).count(), 3);
    scene.hears(via, &AgentToServer { agent_disconnect: Some(AgentDisconnect {}), ..bare(3, 5) });
    assert!(!scene.agents.all.contains_key(&[3; 16]));
    scene.close(via);
    assert!(scene.agents.all.values().all(|agent| matches!(agent.link, Link::Gone { .. })));
}

/// Scenario: one connection claims more and more uids. Guarantees: it has a share and no more, and keeps what it has.
#[test]
fn one_connection_has_so_many_agents() {
    let mut scene = Scene::new();
    let via = scene.open();
    for n in 0..SYNC_SESSION_AGENTS_MAX {
        scene.wait(100);
        let description = Some(description(&format!("n{n}"), "shop"));
        let message = AgentToServer { instance_uid: numbered(n), agent_description: description, ..full(1, 1) };
        assert!(scene.hears(via, &message).refused.is_none(), "{n}");
    }
    let heard = scene.hears(via, &full(200, 1));
    assert_eq!((heard.refused, heard.ends), (Some(Refusal::TooMany), false));
    assert_eq!(scene.agents.all.len(), SYNC_SESSION_AGENTS_MAX);
}

/// Scenario: an agent is told another name, and sends two more messages before it knows; then it goes on under the new one. Another
/// process on a connection of its own takes a name at will. Guarantees: it is told one name, counted once, and is one agent; who
/// takes a name at will is another agent, unless it is the same instance.
#[test]
fn a_name_is_told_once() {
    let mut scene = Scene::new();
    let (first, second) = (scene.open(), scene.open());
    scene.hears(first, &full(1, 1));
    let heard: Vec<_> = (1..=3).map(|number| scene.hears(second, &full(1, number))).collect();
    let uids: Vec<_> = heard.iter().map(|heard| new_uid(heard).expect("it is told a name")).collect();
    assert!(uids.iter().all(|uid| *uid == uids[0]), "{uids:?}");
    assert_eq!(heard.iter().filter(|heard| heard.refused == Some(Refusal::Duplicate)).count(), 1);
    let named = AgentToServer { instance_uid: uids[0].to_vec(), ..full(1, 4) };
    assert!(new_uid(&scene.hears(second, &named)).is_none());
    assert_eq!(scene.agents.all.len(), 2);
    assert!(scene.agents.all[&[1; 16]].link.is(first), "who had the name has it still");

    let mut scene = Scene::new();
    let via = scene.open();
    scene.says(via, &full(1, 1), Said::Catalogue(declares("a")));
    let asks = AgentToServer { flags: 1, ..bare(1, 2) };
    let uids = [0, 1].map(|_| new_uid(&scene.hears(via, &asks)).expect("who asks is told"));
    assert_eq!(uids[0], uids[1]);
    let named = AgentToServer { instance_uid: uids[0].to_vec(), ..full(1, 3) };
    scene.hears(via, &named);
    assert_eq!(scene.counts(), (1, 0, 1, 0, 0), "it is one agent");
    assert!(scene.only().catalogue.is_some(), "with the catalogue it had");
    scene.hears(via, &full(2, 4));
    assert_eq!((scene.agents.all.len(), scene.counts().0), (2, 2), "another agent on the same connection");
    scene.hears(via, &AgentToServer { agent_description: Some(description("i2", "shop")), ..full(3, 5) });
    assert_eq!((scene.agents.all.len(), scene.counts().0), (2, 2), "the same instance under a name that it chose");
}

/// Scenario: an agent comes back under its uid while its old connection is half open: right away, after 6 s, after 31 s; with another
/// identity; with nothing but its uid. Guarantees: right away it is a duplicate; later it takes over, and the old connection ends,
/// which changes nothing any more; another identity never takes over.
#[test]
fn a_half_open_connection_is_handed_over() {
    let full_by = |instance: &str| AgentToServer { agent_description: Some(description(instance, "shop")), ..full(1, 1) };
    let rows = [
        ("right away", 1_000, "i1", false),
        ("later", 6_000, "i1", true),
        ("long after", 31_000, "i1", true),
        ("another", 31_000, "other", false),
    ];
    for (name, ms, instance, takes_over) in rows {
        let mut scene = Scene::new();
        let old = scene.open();
        scene.hears(old, &applied(1, 7));
        scene.plans(7);
        scene.wait(ms);
        let new = scene.open();
        let heard = scene.hears(new, &full_by(instance));
        assert_eq!((new_uid(&heard).is_none(), heard.refused.is_none()), (takes_over, takes_over), "{name}");
        assert_eq!(scene.agents.all[&[1; 16]].link.is(new), takes_over, "{name}");
        assert_eq!(scene.wait(0).contains(&id(old)), takes_over, "{name}: its session is told");
        let step = scene.agents.step(id(old), scene.mono());
        assert_eq!(matches!(step, Step::Close(1001)), takes_over, "{name}");
        if takes_over {
            let late = scene.hears(old, &bare(1, 2));
            assert!(late.ends && late.agent.is_none() && scene.agents.all[&[1; 16]].link.is(new), "{name}: nobody listens");
            scene.close(old);
            assert!(scene.agents.all[&[1; 16]].link.is(new), "{name}");
            scene.wait(300);
            assert_eq!(scene.offered(new), Some(7), "{name}: it started anew");
        }
    }
    let mut scene = Scene::new();
    let old = scene.open();
    scene.hears(old, &full(1, 1));
    scene.wait(6_000);
    let new = scene.open();
    let heard = scene.hears(new, &bare(1, 2));
    assert!(wants_all(&heard) && new_uid(&heard).is_none() && scene.agents.all[&[1; 16]].link.is(old), "it has to say who it is");
    let poll = scene.hears(Via::Poll, &full(1, 3));
    assert!(poll.refused.is_none() && scene.agents.all[&[1; 16]].link.is(Via::Poll), "it may come another way");
}

/// Scenario: a container starts anew with a new uid and the `service.instance.id` it had: after its old session ended, while that is
/// half open, and while it is alive; and instances that say no id. Guarantees: it is one instance in the first two cases, two
/// otherwise.
#[test]
fn an_instance_that_starts_anew_is_one() {
    let named = |uid: u8, instance: &str| {
        let agent_description = Some(description(instance, "shop"));
        AgentToServer { agent_description, ..full(uid, 1) }
    };
    let rows = [
        ("its session ended", "pod-1", true, 0, 1),
        ("it is half open", "pod-1", false, 31_000, 1),
        ("both live", "pod-1", false, 29_000, 2),
        ("no id", "", true, 0, 2),
    ];
    for (name, instance, ends, ms, expected) in rows {
        let mut scene = Scene::new();
        let old = scene.open();
        scene.hears(old, &named(1, instance));
        if ends {
            scene.close(old);
        }
        scene.wait(ms);
        let new = scene.open();
        assert!(scene.hears(new, &named(2, instance)).refused.is_none(), "{name}");
        assert_eq!((scene.agents.all.len(), scene.counts().0), (expected, expected as u64), "{name}");
        let third = scene.open();
        let other = AgentToServer { agent_description: Some(description(instance, "other")), ..full(3, 1) };
        scene.hears(third, &other);
        assert_eq!(scene.agents.all.len(), expected + 1, "{name}: of another component it is another instance");
    }
}

/// Scenario: within its session an agent learns on which pod it is; then it says that it is of another component. Guarantees: more
/// is taken, and moves it; another identity is answered with an error, ends the session, and changes nothing.
#[test]
fn an_agent_stays_who_it_is() {
    let mut scene = Scene::new();
    let via = scene.open();
    let mut less = description("i1", "shop");
    less.non_identifying_attributes.clear();
    scene.hears(via, &AgentToServer { agent_description: Some(less), ..full(1, 1) });
    assert!(scene.hears(via, &full(1, 2)).refused.is_none(), "it knows more");
    let before = format!("{:?}", scene.account());
    let heard = scene.hears(via, &AgentToServer { agent_description: Some(description("i1", "bank")), ..full(1, 3) });
    assert_eq!((heard.refused, heard.ends), (Some(Refusal::Malformed), true));
    assert_eq!(heard.answer.error_response.map(|error| error.r#type), Some(1));
    assert_eq!(before, format!("{:?}", scene.account()));
    assert_eq!(scene.agents.groups.by_component().count(), 1, "nobody is of the bank");
}

/// Scenario: somebody polls under ever new uids. Guarantees: so many a second are taken; they never take the quarter that is kept
/// for connections, drive out nobody who answered, and make room for each other; a connection still gets in.
#[test]
fn one_poller_does_not_fill_the_table() {
    let mut scene = Scene::new();
    let poll = |n: usize| {
        let agent_description = Some(description(&format!("n{n}"), "shop"));
        AgentToServer { instance_uid: numbered(n), agent_description, ..full(1, 1) }
    };
    scene.hears(Via::Poll, &applied(1, 7));
    let (mut n, most) = (0, SYNC_AGENTS_MAX / 4 * 3);
    let burst = (0..10_000).find(|at| scene.hears(Via::Poll, &poll(*at)).refused.is_some()).expect("it is slowed down");
    assert_eq!(burst, SYNC_NEW_POLLERS_BURST as usize - 1, "the agent that answered was one of them");
    let heard = scene.hears(Via::Poll, &poll(burst));
    assert_eq!((heard.refused, heard.ends), (Some(Refusal::TooMany), true));
    assert!(heard.answer.error_response.is_some_and(|error| error.details.is_some()));
    while n < most + 2_000 {
        scene.wait(1_000);
        if n % 10_000 == 0 {
            scene.hears(Via::Poll, &bare(1, 2));
        }
        for _ in 0..SYNC_NEW_POLLERS_PER_SEC {
            assert!(scene.hears(Via::Poll, &poll(burst + n)).refused.is_none(), "{n}");
            n += 1;
        }
    }
    assert_eq!(scene.agents.all.len(), most);
    assert!(scene.agents.all.contains_key(&[1; 16]), "it answered");
    let via = scene.open();
    assert!(scene.hears(via, &full(2, 1)).refused.is_none());
    assert_eq!(scene.agents.all.len(), most + 1);
}

/// Scenario: the wall clock jumps ahead by a year, back by two, and to its beginning, while agents are connected, are offered plans
/// and come back. Guarantees: delays do not notice; nobody is lost, each plan arrives, names stay apart.
#[test]
fn a_wall_clock_that_jumps_loses_nothing() {
    let year = 365 * 86_400_000_i64;
    let mut scene = Scene::new();
    let vias: Vec<Via> = (1..=3).map(|_| scene.open()).collect();
    (1..).zip(&vias).for_each(|(uid, via)| drop(scene.hears(*via, &full(uid, 1))));
    let mut names = std::collections::BTreeSet::new();
    for (hash, jump) in (1..).zip([0, year, -year, i64::MAX, i64::MIN, 0]) {
        scene.jump = jump;
        scene.views();
        scene.wait(300);
        scene.plans(hash);
        for (uid, via) in (1..).zip(&vias) {
            assert_eq!(scene.offered(*via), Some(hash), "{jump}");
            scene.hears(*via, &answers(uid, u64::from(hash) + 1, hash, RemoteConfigStatuses::Applied));
            let asks = AgentToServer { flags: 1, ..bare(100 + hash, 1) };
            names.extend(new_uid(&scene.hears(Via::Poll, &asks)));
        }
        assert_eq!(scene.counts(), (3, 3, 0, 0, 0), "{jump}");
    }
    assert_eq!((names.len(), scene.agents.all.len()), (18, 3));
    assert!(scene.agents.delays.iter().all(|delay| *delay < std::time::Duration::from_secs(1)));
    assert!(scene.agents.tick(Mono(0)).0.is_empty(), "nor does a moment that was");
    assert_eq!(scene.counts().0, 3);
}
