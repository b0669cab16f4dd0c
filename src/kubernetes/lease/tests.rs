//! Leases in simulated time: a script of what happens to replicas and to the server, and who holds when.
//! The machine is real; server, clocks and network are a few lines here.

use super::{Action, Claim, Event, Machine, Outage, Record, Terms};
use expect_test::{Expect, expect};
use pointsman_core::model::clock::{Mono, SECOND};
use std::{collections::BTreeMap, time::Duration};

/// One Lease, at a server that may be away.
#[derive(Default)]
struct Server {
    lease: Option<Record>,
    versions: u32,
    away: bool,
}

/// One process.
struct Replica {
    machine: Machine,
    due: Mono,
    /// Cut off from the server.
    cut: bool,
    held: bool,
}

#[derive(Default)]
struct World {
    now: Mono,
    server: Server,
    replicas: BTreeMap<String, Replica>,
    terms: Option<fn(&str, &str) -> Terms>,
    log: Vec<String>,
}

impl Server {
    fn write(&mut self, claim: &Claim, version: Option<&str>) -> Event {
        match (&self.lease, version) {
            (Some(_), None) => return Event::Conflict,
            (None, Some(_)) => return Event::Read(None),
            (Some(lease), Some(version)) if *lease.version != *version => return Event::Conflict,
            _ => {}
        }
        let (holder, duration, transitions) = (claim.holder.clone(), claim.duration, claim.transitions);
        self.put(Record { holder, duration, transitions, version: "".into() })
    }

    fn put(&mut self, record: Record) -> Event {
        self.versions += 1;
        let record = Record { version: self.versions.to_string().into(), ..record };
        self.lease = Some(record.clone());
        Event::Written(record)
    }
}

impl World {
    /// Runs everything that is due up to a moment.
    fn run_to(&mut self, until: Mono) {
        loop {
            let next = self.replicas.iter().map(|(name, replica)| (replica.due, name.clone())).min();
            // A deadline that passes is a moment, too.
            let ends = self.replicas.values().filter(|r| r.held).filter_map(|r| r.machine.held_until()).min();
            match next {
                Some((due, _)) if due > until && ends.is_none_or(|end| end > until) => break,
                Some((due, name)) if ends.is_none_or(|end| due <= end) => {
                    self.now = self.now.max(due);
                    self.turn(&name);
                }
                None => break,
                Some(_) => {
                    let end = ends.expect("compared above");
                    if end > until {
                        break;
                    }
                    self.now = self.now.max(end);
                }
            }
            self.look();
        }
        self.now = until;
        self.look();
    }

    fn turn(&mut self, name: &str) {
        let replica = self.replicas.get_mut(name).expect("it is due");
        let mut event = Event::Tick;
        for _ in 0..100 {
            let away = self.server.away || replica.cut;
            event = match replica.machine.step(self.now, event) {
                Action::Wait(wait) => {
                    assert!(!wait.is_zero(), "a pause that is none");
                    replica.due = Mono(self.now.0 + u64::try_from(wait.as_nanos()).expect("short"));
                    return;
                }
                _ if away => Event::Failed,
                Action::Read => Event::Read(self.server.lease.clone()),
                Action::Create(claim) => self.server.write(&claim, None),
                Action::Replace(claim, version) => self.server.write(&claim, Some(&version)),
            };
        }
        panic!("asks for ever");
    }

    /// Logs who began or ceased to hold.
    fn look(&mut self) {
        for (name, replica) in &mut self.replicas {
            let held = replica.machine.is_held(self.now);
            if std::mem::replace(&mut replica.held, held) != held {
                let from = replica.machine.take_previous().map(|from| format!(" from {from}")).unwrap_or_default();
                let secs = self.now.0 / SECOND;
                self.log.push(format!("{secs} {name} {}{from}", if held { "holds" } else { "lost" }));
            }
        }
        let holders: Vec<&str> = self.replicas.iter().filter(|(_, r)| r.held).map(|(name, _)| name.as_str()).collect();
        if holders.len() > 1 && !self.log.last().is_some_and(|line| line.contains("both")) {
            self.log.push(format!("{} both: {}", self.now.0 / SECOND, holders.join(" ")));
        }
    }

    fn act(&mut self, words: &[&str]) {
        let far = Mono(u64::MAX);
        match *words {
            ["start", name] => {
                let machine = Machine::new(self.terms.expect("set")("ns", name));
                self.replicas.insert(name.into(), Replica { machine, due: self.now, cut: false, held: false });
            }
            ["kill", name] => drop(self.replicas.remove(name)),
            ["stop", name] => {
                let mut replica = self.replicas.remove(name).expect("it runs");
                if let Some((claim, version)) = replica.machine.release() {
                    self.server.write(&claim, Some(&version));
                }
            }
            ["pause", name, secs] => {
                let replica = self.replicas.get_mut(name).expect("it runs");
                replica.due = replica.due.max(Mono(self.now.0 + secs.parse::<u64>().expect("secs") * SECOND));
            }
            ["hang", name] => self.replicas.get_mut(name).expect("it runs").due = far,
            ["cut", name] => self.replicas.get_mut(name).expect("it runs").cut = true,
            ["mend", name] => self.replicas.get_mut(name).expect("it runs").cut = false,
            ["away"] => self.server.away = true,
            ["back"] => self.server.away = false,
            ["delete"] => self.server.lease = None,
            ["touch"] => drop(self.server.lease.clone().map(|lease| self.server.put(lease))),
            ["edit", holder] => {
                let lease = self.server.lease.clone().expect("there is one");
                let holder = holder.trim_matches('"').into();
                self.server.put(Record { holder, ..lease });
            }
            ["stands", secs] => {
                let lease = self.server.lease.clone().expect("there is one");
                self.server.put(Record { duration: Duration::from_secs(secs.parse().expect("secs")), ..lease });
            }
            _ => panic!("not a word of scripts: {words:?}"),
        }
    }
}

/// Plays `SECONDS WHAT …` lines; the last one says when to look for the last time.
fn check(terms: fn(&str, &str) -> Terms, script: &str, expected: &Expect) {
    let mut world = World { terms: Some(terms), ..World::default() };
    for line in script.split(';').map(str::trim) {
        let (at, what) = line.split_once(' ').expect("a moment, then what");
        world.run_to(Mono::from_secs(at.parse().expect("seconds")));
        if what != "end" {
            world.act(&what.split(' ').collect::<Vec<_>>());
        }
    }
    expected.assert_eq(&world.log.join("\n"));
}

/// Scenario: one candidate, no Lease. Guarantees: it holds at once, and for ever.
#[test]
fn alone_it_holds_at_once() {
    check(Terms::status, "0 start a; 10000 end", &expect!["0 a holds"]);
    check(Terms::active, "0 start a; 10000 end", &expect!["0 a holds"]);
}

/// Scenario: two candidates start together. Guarantees: one holds, the other never does while the first renews.
#[test]
fn of_two_one_holds() {
    check(Terms::status, "0 start a; 0 start b; 10000 end", &expect!["0 a holds"]);
    check(Terms::active, "0 start a; 1 start b; 10000 end", &expect!["0 a holds"]);
}

/// Scenario: the holder dies right after a renewal. Guarantees: the other holds within 163 s, or within 17 s of the short one.
#[test]
fn a_dead_holder_is_followed_within_its_duration_and_one_look() {
    check(Terms::status, "0 start a; 1 start b; 27 kill a; 1000 end", &expect!["0 a holds\n164 b holds from a"]);
    check(Terms::status, "0 start a; 25 start b; 27 kill a; 1000 end", &expect!["0 a holds\n188 b holds from a"]);
    check(Terms::active, "0 start a; 1 start b; 5 kill a; 1000 end", &expect!["0 a holds\n20 b holds from a"]);
}

/// Scenario: the holder stops in good order. Guarantees: the other holds at its next look, within 26 s or 2 s.
#[test]
fn a_released_lease_is_taken_at_the_next_look() {
    check(Terms::status, "0 start a; 1 start b; 30 stop a; 1000 end", &expect!["0 a holds\n53 b holds"]);
    check(Terms::active, "0 start a; 1 start b; 30 stop a; 1000 end", &expect!["0 a holds\n31 b holds"]);
}

/// Scenario: the holder stops and starts again at once. Guarantees: whoever looks first holds; never both.
#[test]
fn a_restart_in_good_order_keeps_one_holder() {
    check(Terms::active, "0 start a; 1 start b; 30 stop a; 30 start a; 100 end", &expect!["0 a holds\n30 a holds"]);
}

/// Scenario: the holder's process dies and comes back under the same name. Guarantees: the record is its own: no waiting.
#[test]
fn a_crashed_holder_comes_back_at_once() {
    check(Terms::status, "0 start a; 1 start b; 30 kill a; 35 start a; 1000 end", &expect!["0 a holds\n35 a holds"]);
}

/// Scenario: the holder stands still for 30 s, twice the short duration. Guarantees: the short Lease changes hands, and
/// the old holder knows at its first breath; the long one is not affected.
#[test]
fn a_pause_of_thirty_seconds() {
    check(
        Terms::active,
        "0 start a; 1 start b; 10 pause a 30; 1000 end",
        &expect![[r#"
            0 a holds
            26 b holds from a
            26 both: a b
            40 a lost"#]],
    );
    check(Terms::status, "0 start a; 1 start b; 10 pause a 30; 1000 end", &expect!["0 a holds"]);
}

/// Scenario: the task of the holder hangs for ever. Guarantees: a Lease that yields is not held any more at its deadline,
/// before anybody else can take it.
#[test]
fn a_hanging_task_holds_no_longer_than_its_deadline() {
    check(Terms::status, "0 start a; 1 start b; 10 hang a; 1000 end", &expect!["0 a holds\n107 a lost\n138 b holds from a"]);
}

/// Scenario: the API server is away for 78 s. Guarantees: the long Lease is held throughout, however the moment falls.
#[test]
fn an_outage_of_78_seconds_is_ridden_out() {
    for start in [30, 51, 52, 53, 60, 77, 78] {
        let script = format!("0 start a; 1 start b; {start} away; {} back; 1000 end", start + 78);
        check(Terms::status, &script, &expect!["0 a holds"]);
    }
}

/// Scenario: the API server is away for ten minutes. Guarantees: writing status stops at the deadline and comes back with
/// the server, to one of the two.
#[test]
fn a_long_outage_stops_status_and_brings_it_back() {
    check(
        Terms::status,
        "0 start a; 1 start b; 30 away; 630 back; 1000 end",
        &expect![[r#"
            0 a holds
            133 a lost
            632 a holds"#]],
    );
}

/// Scenario: the API server is away for ten minutes. Guarantees: the active one stays active, and nobody takes over meanwhile
/// or after, whoever sees the server first.
#[test]
fn a_long_outage_leaves_the_active_one_active() {
    for back in [600, 601, 602, 603] {
        check(Terms::active, &format!("0 start a; 1 start b; 30 away; {back} back; 1000 end"), &expect!["0 a holds"]);
    }
}

/// Scenario: only the holder is cut off. Guarantees: the other takes over; the old one of a Lease that yields stopped before,
/// that of one that stays learns it when it is back.
#[test]
fn a_holder_that_is_cut_off_is_followed() {
    check(
        Terms::status,
        "0 start a; 1 start b; 30 cut a; 500 mend a; 1000 end",
        &expect!["0 a holds\n133 a lost\n164 b holds from a"],
    );
    check(
        Terms::active,
        "0 start a; 1 start b; 30 cut a; 500 mend a; 1000 end",
        &expect![[r#"
            0 a holds
            46 b holds from a
            46 both: a b
            502 a lost"#]],
    );
}

/// Scenario: only the candidate is cut off, then mended. Guarantees: it believes nothing that it did not see: no take-over.
#[test]
fn a_candidate_that_was_cut_off_waits_anew() {
    check(Terms::status, "0 start a; 1 start b; 30 cut b; 500 mend b; 2000 end", &expect!["0 a holds"]);
    check(Terms::active, "0 start a; 1 start b; 30 cut b; 500 mend b; 2000 end", &expect!["0 a holds"]);
}

/// Scenario: the Lease is deleted under its holder. Guarantees: the holder makes it anew; the other waits for that.
#[test]
fn a_deleted_lease_is_made_anew_by_its_holder() {
    check(Terms::status, "0 start a; 1 start b; 27 delete; 1000 end", &expect!["0 a holds"]);
    check(Terms::active, "0 start a; 1 start b; 27 delete; 1000 end", &expect!["0 a holds"]);
}

/// Scenario: the Lease is deleted, and its holder dies. Guarantees: the other waits as long as for a record that stands still.
#[test]
fn a_deleted_lease_of_a_dead_holder_is_made_by_the_other() {
    check(
        Terms::active,
        "0 start a; 1 start b; 27 kill a; 27 delete; 100 end",
        &expect![[r#"
        0 a holds
        44 b holds"#]],
    );
}

/// Scenario: someone writes another holder into the Lease. Guarantees: the holder gives way at its next renewal; nobody holds
/// before the stranger's time is up.
#[test]
fn an_edited_holder_is_obeyed() {
    check(
        Terms::active,
        "0 start a; 1 start b; 30 edit stranger; 100 end",
        &expect!["0 a holds\n32 a lost\n46 b holds from stranger"],
    );
}

/// Scenario: someone writes the waiting replica into the Lease. Guarantees: it takes what is its own, the holder gives way.
#[test]
fn an_edit_can_hand_over() {
    check(Terms::active, "0 start a; 1 start b; 30 edit b; 100 end", &expect!["0 a holds\n31 b holds\n31 both: a b\n32 a lost"]);
}

/// Scenario: someone touches the Lease without changing its holder. Guarantees: a conflict, a look, no change of hands.
#[test]
fn a_touched_lease_changes_nothing() {
    check(Terms::active, "0 start a; 1 start b; 30 touch; 33 touch; 1000 end", &expect!["0 a holds"]);
}

/// Scenario: the holder loses a race, and cannot read who won. Guarantees: in doubt it does not hold.
#[test]
fn doubt_without_an_answer_is_a_loss() {
    let mut machine = Machine::new(Terms::active("ns", "a"));
    let record = Record { holder: "a".into(), duration: Duration::from_secs(15), transitions: 0, version: "1".into() };
    let mut log = Vec::new();
    let events = [Event::Tick, Event::Read(None), Event::Written(record), Event::Tick, Event::Conflict, Event::Failed];
    for (secs, event) in events.into_iter().enumerate() {
        let now = Mono::from_secs(secs as u64);
        let action = machine.step(now, event.clone());
        log.push(format!("{event:?} -> {} {}", machine.is_held(now), format!("{action:?}").split('(').next().unwrap_or("")));
    }
    expect![[r#"
        Tick -> false Read
        Read(None) -> false Create
        Written(Record { holder: "a", duration: 15s, transitions: 0, version: "1" }) -> true Wait
        Tick -> true Replace
        Conflict -> true Read
        Failed -> false Wait"#]]
    .assert_eq(&log.join("\n"));
}

/// Scenario: a Lease says that it stands for a second, or for years. Guarantees: neither is believed beyond reason.
#[test]
fn absurd_durations_are_bounded() {
    check(Terms::active, "0 start a; 1 start b; 30 kill a; 30 stands 1; 100 end", &expect!["0 a holds\n46 b holds from a"]);
    check(
        Terms::active,
        "0 start a; 1 start b; 30 kill a; 30 stands 999999999; 1000 end",
        &expect!["0 a holds\n181 b holds from a"],
    );
}

/// Scenario: a candidate stands still for ten minutes, while the holder goes on. Guarantees: it takes nothing for standing
/// still that it did not look at.
#[test]
fn a_candidate_that_slept_waits_anew() {
    check(Terms::active, "0 start a; 1 start b; 30 pause b 600; 630 pause a 3; 1000 end", &expect!["0 a holds"]);
}

/// Scenario: three replicas, the holder dies. Guarantees: exactly one of the others follows.
#[test]
fn of_three_one_follows() {
    check(Terms::active, "0 start a; 0 start b; 0 start c; 31 kill a; 100 end", &expect!["0 a holds\n45 b holds from a"]);
}

/// Scenario: the holder of the status Lease stops while the server is away. Guarantees: it ends by itself.
#[test]
fn a_release_that_does_not_arrive_ends_by_itself() {
    check(
        Terms::status,
        "0 start a; 1 start b; 30 away; 31 kill a; 40 back; 1000 end",
        &expect!["0 a holds\n164 b holds from a"],
    );
}

/// Scenario: the three kinds of Lease. Guarantees: their names, places and times are those that others rely on.
#[test]
fn the_terms_are_those_of_the_design() {
    let terms = [Terms::active("ns", "pod-1"), Terms::status("ns", "pod-1"), Terms::watch("ns", "pod-1", "daemon")];
    let text = terms.map(|t| {
        let stays = t.outage == Outage::Stay;
        format!("{}/{} {} {:?}/{:?}/{:?} stays={stays}", t.namespace, t.name, t.identity, t.duration, t.renew_deadline, t.retry)
    });
    expect![[r"
        ns/pointsman-active pod-1 15s/10s/2s stays=true
        ns/pointsman-status pod-1 137s/107s/26s stays=false
        ns/pointsman-watch-daemon pod-1 15s/10s/2s stays=false"]]
    .assert_eq(&text.join("\n"));
}

/// Scenario: two watchers; the API server is away for five minutes; later the one that pushes dies. Guarantees: nobody pushes what
/// nobody can know any more; the other goes on within the Lease's time.
#[test]
fn a_watcher_yields_and_is_followed() {
    check(
        |namespace, pod| Terms::watch(namespace, pod, "operator"),
        "0 start a; 1 start b; 30 away; 330 back; 400 kill a; 500 end",
        &expect![[r#"
            0 a holds
            40 a lost
            332 a holds
            416 b holds from a"#]],
    );
}
