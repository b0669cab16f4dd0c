use super::{ScrapeFailure, read};
use crate::limits::{SCRAPE_BYTES_MAX, SCRAPE_LABEL_BYTES_MAX, SCRAPE_LINES_MAX, SCRAPE_SAMPLES_MAX};
use expect_test::{Expect, expect};

fn check(body: &str, want: &Expect) {
    let shown = match read(body) {
        Ok(scraped) => {
            let lines = scraped.samples.iter().map(|s| format!("{:?} {:?} {}\n", s.family, s.labels, s.value));
            lines.chain([format!("flaws: {}\n", scraped.flaws)]).collect()
        }
        Err(failure) => format!("{failure:?}\n"),
    };
    want.assert_eq(&shown);
}

/// Scenario: a body as a daemon and a controller write it. Guarantees: what is read is read, with all ways to write it.
#[test]
fn what_is_read_is_read() {
    check(
        r#"# HELP mcd_kubelet_state state of kubelet health monitor
# TYPE mcd_kubelet_state gauge
mcd_kubelet_state 3
go_goroutines 42
mcd_state{reason="a \"quoted\" text, with } and \\ and \n",state="Done"} 1.7645e+09
mcd_pivot_errors_total 2 1764500000000
  mcd_reboots_failed_total	 1
mcc_sub_controller_state{object="worker",state="Sync Machine Config Pool",subcontroller="machine-config-controller-node",} 1.7645e+09
mcc_sub_controller_state { object = "a\\b\"c\nd" , state="" } 0
mcd_local_unsupported_packages{node="w"} +1
"#,
        &expect![[r#"
            KubeletState [] 3
            PivotErrors [] 2
            RebootsFailed [] 1
            SubControllerState [("object", "worker"), ("state", "Sync Machine Config Pool"), ("subcontroller", "machine-config-controller-node")] 1764500000
            SubControllerState [("object", "a\\b\"c\nd"), ("state", "")] 0
            UnsupportedPackages [("node", "w")] 1
            flaws: 0
        "#]],
    );
}

/// Scenario: lines of known names that break the format or say nothing. Guarantees: each is left out and counted, the rest
/// is read.
#[test]
fn bad_lines_are_left_out() {
    check(
        r#"mcd_kubelet_state {}
mcd_kubelet_state{ 1
mcd_kubelet_state{a} 1
mcd_kubelet_state{a="b" c="d"} 1
mcd_kubelet_state{a="b} 1
mcd_kubelet_state{a="\x"} 1
mcd_kubelet_state{a="b",a="c"} 1
mcd_kubelet_state{1a="b"} 1
mcd_kubelet_state NaN
mcd_kubelet_state +Inf
mcd_kubelet_state -1
mcd_kubelet_state many
mcd_kubelet_state 1 2 3
mcd_kubelet_state 1 late
mcd_kubelet_state 7
"#,
        &expect![[r#"
            KubeletState [] 7
            flaws: 14
        "#]],
    );
}

/// Scenario: pages of somebody else's, and bodies beyond every bound. Guarantees: a failure, never a reading.
#[test]
fn what_is_no_text_format_is_a_failure() {
    check("<html><body>Forbidden</body></html>", &expect!["NotText\n"]);
    check("Unauthorized\n", &expect!["NotText\n"]);
    check("{\"kind\": \"Status\"}", &expect!["NotText\n"]);
    check("", &expect!["flaws: 0\n"]);
    assert_eq!(read(&" ".repeat(SCRAPE_BYTES_MAX + 1)), Err(ScrapeFailure::TooLarge));
    assert_eq!(read(&"\n".repeat(SCRAPE_LINES_MAX + 1)), Err(ScrapeFailure::TooLarge));
    let many = read(&"mcd_kubelet_state 1\n".repeat(SCRAPE_SAMPLES_MAX + 5)).expect("it is text");
    assert_eq!((many.samples.len(), many.flaws), (SCRAPE_SAMPLES_MAX, 5));
    let long = format!("mcd_kubelet_state{{a=\"{}\"}} 1\n", "ä".repeat(SCRAPE_LABEL_BYTES_MAX));
    assert_eq!(read(&long).expect("it is text").flaws, 1);
    let foreign = format!("mcd_update_state{{err=\"{}\"}} 1\nmcd_kubelet_state 0\n", "x".repeat(1 << 20));
    assert_eq!(read(&foreign).expect("it is text").samples.len(), 1);
}

/// Scenario: a good body, cut anywhere, and with any byte replaced by a dozen others. Guarantees: reading ends, and no
/// sample that comes out has a value that cannot be used.
#[test]
fn broken_bodies_never_break_the_reader() {
    let body =
        "# TYPE a b\nmcc_sub_controller_state{object=\"wörker\",state=\"a \\\"b\\\\\\n\"} 1.7645e+09 17\nmcd_kubelet_state 2\n";
    let sound = |text: &str| {
        let samples = read(text).map(|scraped| scraped.samples).unwrap_or_default();
        assert!(samples.iter().all(|sample| sample.value.is_finite() && sample.value >= 0.0), "{text}");
    };
    for (end, _) in body.char_indices() {
        sound(body.get(..end).expect("it ends between characters"));
    }
    for at in 0..body.len() {
        for byte in [0, b'\n', b'"', b'\\', b'{', b'}', b',', b'=', b' ', b'-', b'9', 0xff] {
            let mut broken = body.as_bytes().to_vec();
            broken[at] = byte;
            sound(&String::from_utf8_lossy(&broken));
        }
    }
}
