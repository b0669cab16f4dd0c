use super::{Over, Quota, Quotas};
use pointsman_core::model::{
    clock::{Mono, SECOND},
    speaker::{Claims, Names, Pod, Rates, Speaker},
};
use std::time::Duration;

fn speaker(name: &str, pod: &str) -> Speaker {
    let pod = Some(pod).filter(|pod| !pod.is_empty()).map(|uid| Pod { name: "p".into(), uid: uid.into() });
    let (home, namespaces, services) = ("shop".into(), Names::none(), Names::All);
    Speaker { name: name.into(), home, namespaces, services, pod, claims: Claims::Refuse }
}

fn at(ms: u64) -> Mono {
    Mono(1_000 * SECOND + ms * (SECOND / 1_000))
}

fn over(quota: Quota, ms: u64) -> Result<(), Over> {
    Err(Over { quota, wait: Duration::from_millis(ms) })
}

/// Scenario: a sender of four requests a second comes at once, is refused, waits as long as it was told, and comes too soon again;
/// another pod of the same account comes beside it.
/// Guarantees: two seconds' worth may come at once; a refusal says to the millisecond how soon one may, and costs nothing; who
/// keeps to the rate is never refused; each pod has a quota of its own.
#[test]
fn t03_requests_of_a_sender_are_paced() {
    let quotas = Quotas::new(Rates { requests: Some(4), bytes: None }).expect("there is one");
    let (one, other) = (speaker("a", "1"), speaker("a", "2"));
    assert!((0..8).all(|_| quotas.begin(&one, at(0)).is_ok()));
    for _ in 0..3 {
        assert_eq!(quotas.begin(&one, at(0)), over(Quota::Requests, 250));
    }
    assert_eq!(quotas.begin(&other, at(0)), Ok(()));
    assert_eq!(quotas.begin(&one, at(249)), over(Quota::Requests, 1));
    assert_eq!(quotas.begin(&one, at(250)), Ok(()));
    assert!((2..40).all(|n| quotas.begin(&one, at(250 * n)).is_ok()), "at the rate itself");
    assert_eq!(quotas.begin(&one, at(250 * 39)), over(Quota::Requests, 250));
}

/// Scenario: a sender of 1,000 bytes a second sends as much as it likes while not all is spent, then has to wait.
/// Guarantees: a request of any size may begin while there is something left, and is paid for afterwards; nobody pays for what
/// was not taken.
#[test]
fn t03_bytes_of_a_sender_are_paid_for_afterwards() {
    let quotas = Quotas::new(Rates { requests: None, bytes: Some(1_000) }).expect("there is one");
    let sender = speaker("a", "");
    assert!((0..100).all(|_| quotas.begin(&sender, at(0)).is_ok()), "nothing was taken");
    quotas.took(&sender, 1_999, at(0));
    assert_eq!(quotas.begin(&sender, at(0)), Ok(()));
    quotas.took(&sender, 10_000, at(0));
    assert_eq!(quotas.begin(&sender, at(0)), over(Quota::Bytes, 9_999));
    assert_eq!(quotas.begin(&sender, at(9_999)), Ok(()));
    quotas.took(&sender, usize::MAX, at(0));
    assert!(quotas.begin(&sender, at(u64::from(u32::MAX))).is_err(), "no sum goes round");
}

/// Scenario: more senders than are told apart; later those before have paid for everything.
/// Guarantees: whoever is one too many shares a quota with all others of them, and takes nobody's place who still owes; once they
/// have paid there is room again; no more are remembered than that.
#[test]
fn t03_senders_that_are_told_apart_are_bounded() {
    let quotas = Quotas::of_at_most(Rates { requests: Some(1), bytes: None }, 2).expect("there is one");
    let begin = |name: &str, ms| quotas.begin(&speaker(name, ""), at(ms)).is_ok();
    for name in ["a", "b"] {
        assert_eq!([0, 0, 0].map(|ms| begin(name, ms)), [true, true, false], "{name}");
    }
    assert_eq!(["c", "d", "e"].map(|name| begin(name, 0)), [true, true, false], "they share one");
    assert_eq!(["a", "c"].map(|name| begin(name, 500)), [false, false]);
    assert_eq!([2_000, 2_000, 2_000].map(|ms| begin("e", ms)), [true, true, false], "one of its own");
    assert_eq!(quotas.table.lock().by.len(), 1);
}

/// Scenario: no rate was given. Guarantees: there is nothing to ask.
#[test]
fn without_rates_there_are_no_quotas() {
    assert!(Quotas::new(Rates::default()).is_none());
}
