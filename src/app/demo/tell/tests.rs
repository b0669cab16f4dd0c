use super::Teller;
use crate::app::demo::{look::Look, mco::Happening};
use expect_test::expect;
use std::fmt::Write;

fn body(worker_7: usize, overflow: bool, others: usize) -> String {
    let mut body =
        "# TYPE mcd_update_state gauge\nmcd_update_state_other{instance=\"machine-config-daemon-worker-7\"} 1\n".to_owned();
    for n in 0..worker_7 {
        writeln!(body, "mcd_update_state{{err=\"{n}\",instance=\"machine-config-daemon-worker-7\"}} 1").expect("a string");
    }
    if overflow {
        writeln!(body, "mcd_update_state{{instance=\"machine-config-daemon-worker-7\",otel_metric_overflow=\"true\"}} 1")
            .expect("a string");
    }
    for n in 0..others {
        writeln!(body, "mcd_update_state{{instance=\"machine-config-daemon-worker-{n}7\"}} 1").expect("a string");
    }
    body
}

/// Scenario: scrapes before, while and after the view is in force. Guarantees: each change is told once, when it shows in
/// a scrape and not before; the view is written once, a minute after the limit bit.
#[test]
fn what_a_scrape_shows_is_told_once() {
    let mut teller = Teller::new("worker-7");
    let mut told = String::new();
    let seen = [(300, false), (300, true), (300, true), (300, true), (0, false), (0, false), (300, true), (300, true)];
    for (n, (sets, overflow)) in (8..).zip(seen) {
        let second = n * 60;
        let others = if sets == 0 { 0 } else { 11 };
        let line = teller.look(second, Look::read(&body(sets, overflow, others), "worker-7"));
        told.extend(line.into_iter().map(|l| l + "\n"));
        if teller.wants_quiet(second) {
            told += &(teller.quiet_written(second, &"quiet-mcd.yaml") + "\n");
        }
    }
    expect![[r#"
        00:09  mcd_update_state of worker-7: 300 attribute sets, limit reached, further sets go to otel.metric.overflow=true
        00:10  view quiet-mcd: written to quiet-mcd.yaml, for 30 minutes
        00:12  view quiet-mcd: mcd_update_state is off, 312 series ended, expires 00:40
        00:14  view quiet-mcd: over, mcd_update_state is on again, 312 series
    "#]]
    .assert_eq(&told);
}

/// Scenario: the daemon of the node stops, its series end, it is heard again; a pool has been paused for most of a day.
/// Guarantees: the end is told when a scrape has no series of it, the return with the count from which it begins; a day of pause once, and
/// not after the pool was let go.
#[test]
fn silence_and_a_long_pause_are_told() {
    let mut teller = Teller::new("worker-7");
    let node = || "worker-7".to_owned();
    let pool = || "worker".to_owned();
    let counted = |points: u64| Look { all: 12, node: 1, points, ..Look::default() };
    let silent = Look { all: 11, ..Look::default() };
    let mut told = vec![teller.happening(0, &Happening::PoolPaused { pool: pool(), seconds: 23 * 3600 + 1800 })];
    told.extend(teller.look(60, counted(10)));
    told.push(teller.happening(120, &Happening::DaemonSilent { node: node() }));
    for (second, look) in [(150, counted(20)), (480, silent), (510, silent)] {
        told.extend(teller.look(second, look));
    }
    told.push(teller.happening(900, &Happening::DaemonBack { node: node(), config: "rendered-worker-1".to_owned() }));
    for (second, look) in [(930, silent), (960, counted(2)), (1800, counted(9)), (1830, counted(9))] {
        told.extend(teller.look(second, look));
    }
    told.push(teller.happening(2000, &Happening::PoolPaused { pool: pool(), seconds: 0 }));
    told.push(teller.happening(2100, &Happening::PoolResumed { pool: pool() }));
    told.extend(teller.look(2000 + 24 * 3600, counted(9)));
    expect![[r#"
        00:00  pool worker: has been paused for 23 h 30 min
        00:02  worker-7: its daemon has stopped
        00:08  worker-7: the series of its daemon have ended
        00:15  worker-7: its daemon has started again
        00:16  worker-7: its daemon is heard again, 1 series; it counts anew: 2 points, 20 before
        00:30  pool worker: paused for a day now
        00:33  pool worker: paused
        00:35  pool worker: not paused any more
    "#]]
    .assert_eq(&told.into_iter().map(|line| line + "\n").collect::<String>());
}
