use super::KeptTraces;
use crate::{
    limits::{KEPT_TRACES_MAX, KEPT_TRACES_SECS},
    model::clock::Mono,
};

fn id(n: usize) -> [u8; 16] {
    (n as u128 + 1).to_be_bytes()
}

/// Scenario: a trace is marked, marked again later, and asked for around the end of its time.
/// Guarantees: it is held for exactly its time from the first mark; marking again does not prolong it; then it can be
/// marked anew.
#[test]
fn a_mark_lasts_its_time_and_no_longer() {
    let kept = KeptTraces::default();
    let end = KEPT_TRACES_SECS;
    assert!(!kept.holds(&id(1), Mono::from_secs(0)));
    kept.mark(id(1), Mono::from_secs(0));
    kept.mark(id(1), Mono::from_secs(end - 1));
    assert!(kept.holds(&id(1), Mono::from_secs(end - 1)));
    assert!(!kept.holds(&id(1), Mono::from_secs(end)));
    kept.mark(id(1), Mono::from_secs(end));
    assert!(kept.holds(&id(1), Mono::from_secs(end + 1)));
    assert_eq!(kept.forgotten_early(), 0);
}

/// Scenario: one id more than fits, all at one moment. Guarantees: the oldest goes, the others stay, and it is counted.
#[test]
fn a_full_table_forgets_the_oldest_and_counts() {
    let kept = KeptTraces::default();
    let now = Mono::from_secs(5);
    (0..=KEPT_TRACES_MAX).for_each(|n| kept.mark(id(n), now));
    assert!(!kept.holds(&id(0), now));
    assert!(kept.holds(&id(1), now) && kept.holds(&id(KEPT_TRACES_MAX), now));
    assert_eq!(kept.forgotten_early(), 1);
}
