mod returns;
mod scene;

use super::{
    super::{catalogue::Declares, groups::Catalogues, identity::Identity},
    Refusal, Said, SessionId, Step, Via,
};
use pointsman_core::{
    limits::{SYNC_AGENTS_MAX, SYNC_DWELL_SECS, SYNC_INSTRUMENTS_HELD_OF_NAMESPACE_MAX, SYNC_MESSAGES_BURST},
    model::{
        clock::Wall,
        component::{ComponentKey, Workload},
        workloads::Workloads,
    },
};
use pointsman_instrument::opamp::{
    messages::CAPABILITY,
    proto::{AgentDisconnect, AgentToServer, CustomCapabilities, RemoteConfigStatus, RemoteConfigStatuses},
};
use scene::{ACCEPTS, Scene, answers, bare, declares, description, full, new_uid, plan, status, wants_all};
use std::{sync::Arc, time::Duration};

/// Scenario: an agent counts its messages, and loses one, repeats one, goes back, or was never heard of.
/// Guarantees: the full state is asked for exactly then; what the message says counts all the same.
#[test]
fn lost_and_repeated_messages_ask_for_everything() {
    let rows: [(&str, &[u64], bool); 7] = [
        ("in order", &[1, 2, 3], false),
        ("from any number on", &[77, 78], false),
        ("one is lost", &[1, 3], true),
        ("one comes twice", &[1, 1], true),
        ("it goes back", &[5, 4], true),
        ("it begins anew", &[5, 0], true),
        ("it wraps", &[u64::MAX, 0], false),
    ];
    for (name, numbers, asks) in rows {
        let mut scene = Scene::new();
        let via = scene.open();
        let mut last = None;
        for (at, number) in numbers.iter().enumerate() {
            let message = if at == 0 { full(1, *number) } else { bare(1, *number) };
            last = Some(scene.hears(via, &message));
        }
        assert_eq!(last.as_ref().map(wants_all), Some(asks), "{name}");
        assert!(last.is_some_and(|heard| heard.refused.is_none() && !heard.ends), "{name}");
    }
    let mut scene = Scene::new();
    let via = scene.open();
    assert!(wants_all(&scene.hears(via, &bare(1, 1))), "nobody knows it");
    assert!(scene.account().components.is_empty(), "and it takes no room");
    assert!(!wants_all(&scene.hears(via, &full(1, 2))), "now it said who it is");
}

/// Scenario: one agent takes its plan, and says so bit by bit. Guarantees: fields that a message leaves out stay as they were.
#[test]
fn what_is_left_out_stays() {
    let mut scene = Scene::new();
    let via = scene.open();
    scene.hears(via, &full(1, 1));
    scene.wait(300);
    scene.plans(7);
    assert_eq!(scene.offered(via), Some(7));
    scene.hears(via, &answers(1, 2, 7, RemoteConfigStatuses::Applying));
    assert_eq!(scene.counts(), (1, 0, 1, 0, 0), "it has not obeyed yet");
    scene.hears(via, &answers(1, 3, 7, RemoteConfigStatuses::Applied));
    assert_eq!(scene.counts(), (1, 1, 0, 0, 0));
    scene.hears(via, &bare(1, 4));
    assert_eq!(scene.counts(), (1, 1, 0, 0, 0), "a heartbeat takes nothing back");
    assert_eq!(scene.only().hash.as_ref(), "07".repeat(16));
}

/// Scenario: two plans of one component, each without instruments that a cap left out. Guarantees: all of them are counted.
#[test]
fn what_a_plan_leaves_out_is_counted() {
    let mut scene = Scene::new();
    let via = scene.open();
    scene.hears(via, &full(1, 1));
    for (hash, left_out, counted) in [(7, 5, 5), (8, 3, 8)] {
        scene.views();
        scene.wait(300);
        let now = (scene.mono(), scene.wall());
        let (jobs, _) = scene.agents.groups.jobs(now.1, usize::MAX);
        let mut cut = plan(hash, &[]);
        cut.left_out = left_out;
        assert_eq!(jobs.len(), 1);
        scene.agents.made(&jobs[0], cut, now);
        assert_eq!(scene.agents.groups.left_out, counted);
    }
}

/// Scenario: agents that say they have a plan, have refused it, do not take plans, or say nothing.
/// Guarantees: an equal plan is never offered, nor one that failed; a status of something else is no answer.
#[test]
fn who_is_offered_a_plan() {
    use RemoteConfigStatuses::{Applied, Applying, Failed, Unset};
    let rows: [(&str, u64, Option<RemoteConfigStatus>, Option<u8>); 9] = [
        ("nothing said", ACCEPTS, None, Some(7)),
        ("obeys it", ACCEPTS, status(7, Applied, ""), None),
        ("is about to", ACCEPTS, status(7, Applying, ""), None),
        ("refused it", ACCEPTS, status(7, Failed, "no"), None),
        ("refused another", ACCEPTS, status(6, Failed, "no"), Some(7)),
        ("obeys another", ACCEPTS, status(6, Applied, ""), Some(7)),
        ("says only that it was there", ACCEPTS, status(7, Unset, ""), Some(7)),
        (
            "obeys what is not ours",
            ACCEPTS,
            Some(RemoteConfigStatus { last_remote_config_hash: vec![7; 4], status: 1, error_message: String::new() }),
            Some(7),
        ),
        ("takes no plans", 0x1, None, None),
    ];
    for (name, capabilities, remote_config_status, offered) in rows {
        let mut scene = Scene::new();
        let via = scene.open();
        scene.hears(via, &AgentToServer { capabilities, remote_config_status, ..full(1, 1) });
        scene.wait(300);
        scene.plans(7);
        assert_eq!(scene.offered(via), offered, "{name}");
        assert_eq!(scene.offered(via), None, "{name}: once is enough");
    }
}

/// Scenario: the controller restarts while its agents obey the plan of now.
/// Guarantees: they say so when they come back, and nothing is offered; the account is right at once.
#[test]
fn a_restart_offers_nothing_that_is_obeyed() {
    let mut scene = Scene::new(); // a new controller: it knows nobody
    let vias: Vec<Via> = (1..=20).map(|_| scene.open()).collect();
    for (uid, via) in (1..).zip(&vias) {
        let remote_config_status = status(7, RemoteConfigStatuses::Applied, "");
        scene.hears(*via, &AgentToServer { remote_config_status, ..full(uid, 900) });
    }
    scene.plans(7);
    scene.wait(300);
    assert!(vias.iter().all(|via| scene.offered(*via).is_none()));
    assert_eq!((scene.counts(), scene.agents.offers), ((20, 20, 0, 0, 0), 0));
}

/// Scenario: a plan is not answered; then it is refused; then the views change.
/// Guarantees: it comes again after 30 s and no sooner; never after it was refused; another one comes at once.
#[test]
fn offers_come_again_until_they_are_answered() {
    let mut scene = Scene::new();
    let via = scene.open();
    scene.hears(via, &full(1, 1));
    scene.wait(300);
    scene.plans(7);
    assert_eq!(scene.offered(via), Some(7));
    assert!(scene.wait(29_000).is_empty());
    assert_eq!(scene.offered(via), None);
    assert_eq!(scene.wait(1_000), [SessionId(1)], "its session is told");
    assert_eq!(scene.offered(via), Some(7));
    scene
        .hears(via, &AgentToServer { remote_config_status: status(7, RemoteConfigStatuses::Failed, "no buckets"), ..bare(1, 2) });
    scene.wait(31_000);
    assert_eq!(scene.offered(via), None);
    assert_eq!((scene.counts(), scene.only().refusals), ((1, 0, 0, 1, 0), vec!["no buckets".into()]));
    scene.views();
    assert_eq!(scene.plans(8), [SessionId(1)]);
    assert_eq!(scene.offered(via), Some(8));
    assert_eq!(scene.counts(), (1, 0, 1, 0, 0), "the other one is pending");
}

/// Scenario: an agent changes what it declares again and again, 100 ms apart. Guarantees: it gets one plan, 250 ms after the
/// last change; an agent that promised a catalogue gets none before, unless it never comes.
#[test]
fn a_flapping_agent_gets_one_plan() {
    let mut scene = Scene::new();
    let via = scene.open();
    let custom_capabilities = Some(CustomCapabilities { capabilities: vec![CAPABILITY.to_owned()] });
    scene.hears(via, &AgentToServer { custom_capabilities: custom_capabilities.clone(), ..full(1, 1) });
    scene.plans(1);
    scene.wait(1_900);
    assert_eq!(scene.offered(via), None, "the catalogue is on its way");
    for (number, name) in (2..).zip(["a", "b", "c", "d", "e"]) {
        scene.says(via, &bare(1, number), Said::Catalogue(declares(name)));
        scene.plans(u8::try_from(number).expect("it is small"));
        scene.wait(100);
        assert_eq!(scene.offered(via), None, "{name}");
    }
    scene.wait(140);
    assert_eq!(scene.offered(via), None);
    assert_eq!(scene.wait(10), [SessionId(1)]);
    assert_eq!((scene.offered(via), scene.agents.offers), (Some(6), 1));
    let other = scene.open();
    scene.hears(other, &AgentToServer { custom_capabilities, ..full(2, 1) });
    scene.plans(9);
    scene.wait(2_000);
    assert_eq!(scene.offered(other), Some(9), "it never came");
}

/// Scenario: somebody comes with the name of an agent: over a second session, as another instance, while it is gone, while it
/// polls; and an agent comes back. Guarantees: who is there keeps name and plan; the newcomer gets a name of its own.
#[test]
fn a_name_belongs_to_who_has_it() {
    let mut scene = Scene::new();
    let first = scene.open();
    scene.hears(first, &AgentToServer { remote_config_status: status(7, RemoteConfigStatuses::Applied, ""), ..full(1, 1) });
    scene.plans(7);
    let second = scene.open();
    let heard = scene.hears(second, &full(1, 1));
    let uid = new_uid(&heard).expect("it gets a name");
    assert_eq!((heard.refused, heard.ends), (Some(Refusal::Duplicate), false));
    assert_eq!((uid[6] >> 4, uid[8] >> 6), (7, 2), "a UUID of version 7");
    let named = AgentToServer { instance_uid: uid.to_vec(), ..full(1, 2) };
    assert!(new_uid(&scene.hears(second, &named)).is_none(), "with that it is welcome");
    assert_eq!(scene.counts(), (2, 1, 1, 0, 0), "two with one service.instance.id: both are there");
    scene.close(first);
    let other = AgentToServer { agent_description: Some(description("other", "shop")), ..full(1, 1) };
    let third = scene.open();
    assert!(new_uid(&scene.hears(third, &other)).is_some(), "the one that is gone may come back");
    let back = scene.open();
    let obeys = AgentToServer { remote_config_status: status(7, RemoteConfigStatuses::Applied, ""), ..full(1, 2) };
    assert!(new_uid(&scene.hears(back, &obeys)).is_none(), "as it does");
    assert_eq!(scene.counts().1, 1, "and obeys");
    scene.hears(Via::Poll, &full(9, 1));
    let other = AgentToServer { agent_description: Some(description("other", "shop")), ..full(9, 1) };
    assert!(new_uid(&scene.hears(Via::Poll, &other)).is_some(), "polls are told apart by what they say they are");
    assert!(new_uid(&scene.hears(Via::Poll, &AgentToServer { flags: 1, ..full(9, 2) })).is_some(), "who asks gets one");
}

/// Scenario: a session breaks, and its agent comes back in time, late, or never; another one says goodbye; one that polls falls
/// silent. Guarantees: 30 s count as nothing, then it is disconnected, then forgotten; a goodbye forgets at once.
#[test]
fn who_is_gone_dwells_then_is_disconnected_then_forgotten() {
    let mut scene = Scene::new();
    let via = scene.open();
    scene.hears(via, &AgentToServer { remote_config_status: status(7, RemoteConfigStatuses::Applied, ""), ..full(1, 1) });
    scene.plans(7);
    scene.close(via);
    scene.wait(SYNC_DWELL_SECS * 1_000 - 1);
    assert_eq!(scene.counts(), (1, 1, 0, 0, 0), "it dwells");
    scene.wait(1);
    assert_eq!(scene.counts(), (0, 0, 0, 0, 1), "nobody knows whether it obeys still");
    scene.views();
    scene.plans(8);
    assert_eq!(scene.counts(), (0, 0, 0, 0, 1), "other views do not bring it back");
    scene.wait(305_000);
    assert!(scene.account().components.is_empty());
    let via = scene.open();
    scene.hears(via, &full(2, 1));
    let goodbye = AgentToServer { agent_disconnect: Some(AgentDisconnect {}), ..bare(2, 2) };
    scene.hears(via, &goodbye);
    assert!(scene.account().components.is_empty(), "it said goodbye");
    let stranger = scene.open();
    scene.hears(via, &full(2, 3));
    scene.hears(stranger, &goodbye);
    assert_eq!(scene.counts().0, 1, "nobody says goodbye for another");
    scene.hears(Via::Poll, &full(3, 1));
    scene.wait(89_000);
    scene.hears(via, &bare(2, 4));
    assert_eq!(scene.counts().0, 2);
    scene.wait(6_000);
    scene.wait(30_000);
    assert_eq!(scene.counts().4, 1, "who polls has to");
}

/// Scenario: a session says nothing for 90 s, another one never says anything. Guarantees: both are ended.
#[test]
fn silence_ends_a_session() {
    let mut scene = Scene::new();
    let (quiet, mute) = (scene.open(), scene.open());
    scene.hears(quiet, &full(1, 1));
    scene.wait(89_000);
    assert!(matches!(scene.agents.step(SessionId(1), scene.mono()), Step::Wait));
    let mut wakes = scene.wait(6_000);
    wakes.sort();
    assert_eq!(wakes, [SessionId(1), SessionId(2)]);
    for via in [quiet, mute] {
        let Via::Socket(id) = via else { unreachable!("both are sockets") };
        assert!(matches!(scene.agents.step(id, scene.mono()), Step::Close(1001)));
    }
}

/// Scenario: an agent says more than it may, on a session and by polls. Guarantees: 50 at once pass, then it has to wait, and is
/// told for how long; with time it may speak again.
#[test]
fn who_talks_too_much_is_stopped() {
    for socket in [true, false] {
        let mut scene = Scene::new();
        let via = if socket { scene.open() } else { Via::Poll };
        scene.hears(via, &full(1, 1));
        let more = u64::from(SYNC_MESSAGES_BURST);
        let refused = (2..=more + 1).find(|number| scene.hears(via, &bare(1, *number)).refused.is_some());
        assert_eq!(refused, Some(if socket { more + 1 } else { more + 2 }).filter(|number| *number <= more + 1), "{socket}");
        let heard = scene.hears(via, &bare(1, 100));
        assert_eq!((heard.refused, heard.ends), (Some(Refusal::TooFast), true), "{socket}");
        let error = heard.answer.error_response.expect("it is told");
        assert_eq!((error.r#type, error.details.is_some()), (2, true));
        scene.wait(200);
        assert!(scene.hears(via, &bare(1, 101)).refused.is_none(), "{socket}");
    }
}

/// Scenario: more agents than are held, all of them connected. Guarantees: the next one is told to come later; one that is gone makes
/// room.
#[test]
fn agents_are_capped() {
    let mut scene = Scene::new();
    let uid = |n: usize| {
        let mut uid = vec![9; 16];
        uid[..8].copy_from_slice(&(n as u64).to_be_bytes());
        uid
    };
    let vias: Vec<Via> = (0..SYNC_AGENTS_MAX).map(|_| scene.open()).collect();
    assert!(!scene.agents.open(SessionId(0), scene.mono()), "nor are there more sessions");
    for (n, via) in vias.iter().enumerate() {
        let description = Some(description(&format!("n{n}"), "shop"));
        let heard = scene.hears(*via, &AgentToServer { instance_uid: uid(n), agent_description: description, ..full(1, 1) });
        assert!(heard.refused.is_none(), "{n}");
    }
    let one_more = AgentToServer { instance_uid: uid(SYNC_AGENTS_MAX), ..full(1, 1) };
    let heard = scene.hears(vias[0], &one_more);
    assert_eq!((heard.refused, heard.ends), (Some(Refusal::TooMany), false), "who is there stays");
    assert!(heard.answer.error_response.is_some_and(|error| error.details.is_some()));
    scene.close(vias[1]);
    let via = scene.open();
    assert!(scene.hears(vias[0], &one_more).refused.is_none(), "another one is gone");
    let heard = scene.hears(via, &AgentToServer { instance_uid: uid(SYNC_AGENTS_MAX + 1), ..full(2, 1) });
    assert_eq!((heard.refused, heard.ends), (Some(Refusal::TooMany), true));
    assert_eq!(scene.agents.all.len(), SYNC_AGENTS_MAX);
}

/// Scenario: catalogues and reports, good and bad. Guarantees: a bad one is answered with an error and changes nothing; a good
/// one is known, of several versions all; a report shows what could not be done.
#[test]
fn catalogues_are_known_and_bad_ones_are_not() {
    let mut scene = Scene::new();
    let (one, two) = (scene.open(), scene.open());
    scene.hears(one, &full(1, 1));
    let heard = scene.says(one, &bare(1, 2), Said::Wrong("no JSON".to_owned()));
    assert_eq!((heard.refused, heard.ends), (Some(Refusal::Malformed), false));
    assert_eq!(heard.answer.error_response.map(|error| error.error_message), Some("no JSON".to_owned()));
    assert!(scene.only().catalogue.is_none());
    scene.says(one, &bare(1, 3), Said::Catalogue(declares("old")));
    assert!(scene.agents.groups.take_news());
    scene.says(two, &full(2, 1), Said::Catalogue(declares("new")));
    let sync = scene.only();
    let names: Vec<_> = sync.catalogue.iter().flat_map(|catalogue| catalogue.instruments.iter()).map(|one| &*one.name).collect();
    assert_eq!((names, &*sync.library), (vec!["new", "old"], "lib 1"));
    let known: Arc<Catalogues> = scene.agents.groups.reported();
    assert_eq!(known.len(), 1);
    scene.plans(7);
    scene.says(one, &bare(1, 4), Said::Refusals("07".repeat(16), vec!["a: buckets: why".into()]));
    assert_eq!(scene.only().refusals, ["a: buckets: why".into()]);
    scene.close(one);
    scene.close(two);
    scene.agents.groups.take_news();
    scene.wait(400_000);
    assert!(scene.agents.groups.take_news() && scene.agents.groups.reported().is_empty(), "who is forgotten declares nothing");
}

/// Scenario: pods turn out to belong to a workload. Guarantees: their agents are of another component from then on, with what
/// they declared.
#[test]
fn agents_follow_the_owner_of_their_pod() {
    let mut scene = Scene::new();
    let via = scene.open();
    scene.says(via, &full(1, 1), Said::Catalogue(declares("a")));
    let owner = Arc::new(Workload { kind: "Deployment".into(), name: "shop".into() });
    let workloads = Workloads { by_uid: [("i1".into(), owner)].into(), ..Workloads::default() };
    let now = scene.mono();
    scene.agents.set_workloads(Arc::new(workloads), now);
    let account = scene.account();
    let names: Vec<String> = account.components.keys().map(ComponentKey::to_string).collect();
    assert_eq!(names, ["default/deployment.shop.shop"]);
    assert!(scene.only().catalogue.is_some());
}

/// Scenario: a part of a plan ends by its time. Guarantees: who has the plan has 10 s to say what it has now, and is offered
/// nothing; who has another one is offered at once; who stays silent is offered then.
#[test]
fn a_plan_that_ends_in_part_is_not_pushed_to_who_has_it() {
    let mut scene = Scene::new();
    let (has, late) = (scene.open(), scene.open());
    for (uid, via) in [(1, has), (2, late)] {
        scene.hears(via, &full(uid, 1));
    }
    scene.wait(300);
    let ends = Wall(scene.wall().0 + 5_000_000_000);
    let (jobs, _) = scene.agents.groups.jobs(scene.wall(), 10);
    let now = (scene.mono(), scene.wall());
    scene.agents.made(&jobs[0], plan(7, &[ends]), now);
    assert_eq!(scene.offered(has), Some(7));
    scene.hears(has, &answers(1, 2, 7, RemoteConfigStatuses::Applied));
    let (jobs, next) = scene.agents.groups.jobs(scene.wall(), 10);
    assert_eq!((jobs.len(), next), (0, Some(Duration::from_secs(5))));
    scene.wait(5_000);
    scene.plans(8);
    assert_eq!((scene.offered(has), scene.offered(late)), (None, Some(8)));
    assert_eq!(scene.only().pending, 2);
    scene.wait(10_000);
    assert_eq!(scene.offered(has), Some(8), "its clock is wrong");
    scene.hears(has, &answers(1, 3, 8, RemoteConfigStatuses::Applied));
    assert_eq!(scene.only().applied, 1);
}

/// Scenario: views change while an agent is connected, and it answers. Guarantees: the time that took is counted; what an agent
/// gets because it just came is not.
#[test]
fn the_way_from_views_to_agents_is_timed() {
    let mut scene = Scene::new();
    let via = scene.open();
    scene.hears(via, &full(1, 1));
    scene.wait(300);
    scene.plans(7);
    assert_eq!(scene.offered(via), Some(7));
    scene.hears(via, &answers(1, 2, 7, RemoteConfigStatuses::Applied));
    assert!(scene.agents.delays.is_empty(), "no view changed");
    scene.views();
    scene.wait(100);
    scene.plans(8);
    assert_eq!(scene.offered(via), Some(8));
    scene.wait(50);
    scene.hears(via, &answers(1, 3, 8, RemoteConfigStatuses::Applied));
    assert_eq!(scene.agents.delays, [Duration::from_millis(150)]);
}

/// Scenario: messages that are none: a uid of the wrong length, a description beyond the caps. Guarantees: an error is answered,
/// the session ends, nothing is kept.
#[test]
fn messages_that_are_none_end_the_session() {
    let long = "x".repeat(100_000);
    let rows = [
        AgentToServer { instance_uid: vec![1; 15], ..full(1, 1) },
        AgentToServer { instance_uid: Vec::new(), ..full(1, 1) },
        AgentToServer { agent_description: Some(description("a", &long)), ..full(1, 1) },
    ];
    for message in rows {
        let mut scene = Scene::new();
        let via = scene.open();
        let heard = scene.hears(via, &message);
        assert_eq!((heard.refused, heard.ends), (Some(Refusal::Malformed), true));
        assert_eq!(heard.answer.error_response.map(|error| error.r#type), Some(1));
        assert!(scene.account().components.is_empty());
    }
    assert!(Identity::read(&description("a", "b")).is_some());
}

/// Scenario: agents of one namespace declare more than its share: most alike, then each something else. Guarantees: what is declared
/// alike is held once; who finds no room stays, with a plan, and is asked again once there is some, and no sooner; other namespaces
/// have their own.
#[test]
fn who_finds_no_room_stays_and_is_asked_again() {
    let many = |digest: u8| {
        let Declares { instruments, .. } = (*declares("a")).clone();
        let instruments = std::iter::repeat_n(instruments[0].clone(), SYNC_INSTRUMENTS_HELD_OF_NAMESPACE_MAX / 2).collect();
        Said::Catalogue(Arc::new(Declares { digest: [digest; 32], instruments, ..Declares::nothing() }))
    };
    let shop = |uid: u8, service: &str| AgentToServer {
        agent_description: Some(description(&format!("i{uid}"), service)),
        ..full(uid, 1)
    };
    let mut scene = Scene::new();
    let vias: Vec<Via> = (0..=5).map(|_| scene.open()).collect();
    for uid in 1..=3 {
        assert!(
            scene.says(vias[usize::from(uid)], &shop(uid, &format!("s{uid}")), many(1)).refused.is_none(),
            "{uid} says the same"
        );
    }
    assert!(scene.says(vias[4], &full(4, 1), many(2)).refused.is_none(), "there is room for two");
    let heard = scene.says(vias[5], &shop(5, "late"), many(3));
    assert_eq!((heard.refused, heard.ends, heard.answer.error_response.is_none()), (Some(Refusal::TooMany), false, true));
    scene.wait(300);
    scene.plans(7);
    assert_eq!(scene.offered(vias[5]), Some(7), "it has its place");
    assert!(!wants_all(&scene.hears(vias[5], &bare(5, 2))), "there is no room");
    scene.hears(vias[4], &AgentToServer { agent_disconnect: Some(AgentDisconnect {}), ..bare(4, 2) });
    assert!(wants_all(&scene.hears(vias[5], &bare(5, 3))), "there is room");
    assert!(scene.says(vias[5], &AgentToServer { sequence_num: 4, ..shop(5, "late") }, many(3)).refused.is_none());
    assert!(!wants_all(&scene.hears(vias[5], &bare(5, 5))), "it was taken");
}
