use super::Teller;
use crate::app::demo::look::Look;
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
