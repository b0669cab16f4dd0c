use super::{Now, Steps};
use crate::opamp::{messages::Expiry, plan::Plan};
use expect_test::{Expect, expect};
use std::time::{Duration, SystemTime};

/// Seconds since 1970 as a moment of the wall.
fn wall(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

fn now(mono: u64, at: u64) -> Now {
    Now { mono: Duration::from_secs(mono), wall: wall(at) }
}

/// A plan whose steps are 100 and 200 seconds after 1970-01-01T01:00.
fn plan() -> Plan {
    let next = |at: &str, digit: &str| format!(r#"{{"at":"{at}","hash":"{}"}}"#, digit.repeat(32));
    let json = format!(
        r#"{{"schema":1,"component":"a/b","hash":"{}","instruments":[],"tail":[],"baseline":{{"on":true}},"spans":[],"next":[{},{}]}}"#,
        "0".repeat(32),
        next("1970-01-01T01:01:40Z", "1"),
        next("1970-01-01T01:03:20Z", "2"),
    );
    Plan::read(json.as_bytes()).expect("a plan")
}

/// What was said of the steps, when the plan came by the wall, then moments by both clocks: how many steps passed at each
/// and how long until the next look.
fn check(said: &[u64], received: u64, moments: &[(u64, u64)], want: &Expect) {
    let expiry = Expiry { remaining_ms: said.iter().map(|seconds| seconds * 1000).collect() };
    let (mono, at) = moments[0];
    let mut steps = Steps::new(&plan(), &expiry, wall(received), now(mono, at));
    let looked = moments.iter().map(|(mono, at)| {
        steps.pass(now(*mono, *at));
        format!("{} {:?}", steps.passed(), steps.wait(now(*mono, *at)))
    });
    want.assert_eq(&looked.collect::<Vec<_>>().join("\n"));
}

/// Scenario: two clocks that agree, a wall that jumps ahead or back, one that was wrong when the plan came, a process that
/// slept. Guarantees: the clock that says first that a step passed is believed; what passed stays so; a wall that was ahead
/// of the controller's when the plan came ends nothing at once; the wait is never so long that a jump goes unseen.
#[test]
fn the_earlier_clock_wins() {
    // Both run alike.
    check(
        &[100, 200],
        3600,
        &[(0, 3600), (99, 3699), (100, 3700), (200, 3800)],
        &expect![[r#"
            0 Some(30s)
            0 Some(1s)
            1 Some(30s)
            2 None"#]],
    );
    // The wall jumps ahead, as it does after the machine slept, and back again.
    check(
        &[100, 200],
        3600,
        &[(0, 3600), (10, 3705), (11, 3500), (199, 3550), (200, 3551)],
        &expect![[r#"
            0 Some(30s)
            1 Some(30s)
            1 Some(30s)
            1 Some(1s)
            2 None"#]],
    );
    // The wall was put back: what was said still ends in time.
    check(
        &[100, 200],
        3600,
        &[(0, 3600), (1, 60), (100, 160)],
        &expect![[r#"
            0 Some(30s)
            0 Some(30s)
            1 Some(30s)"#]],
    );
    // The wall is an hour ahead of the controller's.
    check(
        &[100, 200],
        7200,
        &[(0, 7200), (99, 7299), (100, 7300)],
        &expect![[r#"
            0 Some(30s)
            0 Some(1s)
            1 Some(30s)"#]],
    );
    // It begins in 1970 and is put right later.
    check(
        &[100, 200],
        0,
        &[(0, 0), (10, 3610), (99, 3699), (100, 3700)],
        &expect![[r#"
            0 Some(30s)
            0 Some(30s)
            0 Some(1s)
            1 Some(30s)"#]],
    );
}

/// Scenario: nothing is said of how far the steps are, or of the first only, or nonsense. Guarantees: the wall decides then.
#[test]
fn the_wall_decides_where_nothing_is_said() {
    check(
        &[],
        3600,
        &[(0, 3600), (5, 3700), (6, 3800)],
        &expect![[r#"
            0 Some(30s)
            1 Some(30s)
            2 None"#]],
    );
    check(
        &[10],
        3600,
        &[(0, 3600), (10, 3610), (20, 3800)],
        &expect![[r#"
            0 Some(10s)
            1 Some(30s)
            2 None"#]],
    );
    check(&[u64::MAX / 1000, 0, 7, 7], 3600, &[(0, 3600)], &expect!["2 None"]);
}

/// Scenario: a plan came with a wall that is an hour behind its controller's, and process after process starts with it, each a
/// while after the one before; one of them starts once it all has passed, as if the wall had jumped; one goes on with what is left of
/// the one before. Guarantees: no start gives a part more time than it had; what cannot be is not believed.
#[test]
fn a_start_extends_nothing() {
    for (later, first, second) in
        [(0, 100, 200), (20, 80, 180), (40, 60, 160), (99, 1, 101), (100, 0, 100), (150, 100, 50), (500, 100, 200)]
    {
        let expiry = Expiry { remaining_ms: vec![100_000, 200_000] };
        let steps = Steps::new(&plan(), &expiry, wall(10), now(7, 10 + later));
        let left = steps.left(now(7, 10 + later));
        assert_eq!(left, [first, second].map(Duration::from_secs), "{later} s later");
    }
    let mut steps = Steps::new(&plan(), &Expiry { remaining_ms: vec![100_000, 200_000] }, wall(10), now(7, 10));
    steps.no_later(&[Duration::from_secs(7), Duration::from_secs(999)], now(7, 10));
    assert_eq!((steps.passed(), steps.left(now(7, 10))), (1, vec![Duration::ZERO, Duration::from_secs(200)]));
}

/// Scenario: the plan came to an earlier process, and this one starts before, between and after its steps, on a clock that
/// is right or was put back. Guarantees: it begins where the wall says; at the latest what was left when the plan came is
/// left now.
#[test]
fn a_new_process_goes_by_the_wall() {
    check(
        &[100, 200],
        3600,
        &[(0, 3650), (50, 3700)],
        &expect![[r#"
        0 Some(30s)
        1 Some(30s)"#]],
    );
    check(&[100, 200], 3600, &[(0, 3750)], &expect!["1 Some(30s)"]);
    check(&[100, 200], 3600, &[(0, 9999)], &expect!["2 None"]);
    check(
        &[100, 200],
        3600,
        &[(0, 60), (100, 160), (200, 260)],
        &expect![[r#"
        0 Some(30s)
        1 Some(30s)
        2 None"#]],
    );
}
