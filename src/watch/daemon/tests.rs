use super::Daemon;
use crate::{
    kind::Kind,
    table::{News, Raw},
    watch::{Now, Watch, attach, system_time},
};
use expect_test::{Expect, expect};
use jiff::Timestamp;
use parking_lot::Mutex;
use pointsman_instrument::{Identity, Telemetry};
use serde_json::json;
use std::sync::Arc;

/// Everything that is sent of a node that is degraded for this reason.
fn sent(reason: &str) -> Vec<u8> {
    let annotations = json!({
        "machineconfiguration.openshift.io/state": "Degraded",
        "machineconfiguration.openshift.io/reason": reason,
    });
    let object = json!({"metadata": {"name": "n", "annotations": annotations}});
    let json = serde_json::value::to_raw_value(&object).expect("it is JSON");
    let mut watch = Watch::new(Daemon::default());
    watch.take(Kind::Node, News::Listed(vec![Raw { name: "n".into(), json }]), Timestamp::UNIX_EPOCH);

    let telemetry = Telemetry::new(Identity::new("test"), || system_time(Timestamp::UNIX_EPOCH));
    let now: Now = Arc::new(|| Timestamp::UNIX_EPOCH);
    attach(&Arc::new(Mutex::new(watch)), &telemetry, &now);
    telemetry.collect().flat_map(|(_, body)| body).collect()
}

fn check(reason: &str, want: &Expect) {
    let (short, long) = (sent("no reason"), sent(reason));
    let words: Vec<&str> = reason.split(' ').filter(|word| long.windows(word.len()).any(|at| at == word.as_bytes())).collect();
    want.assert_eq(&format!("{} bytes more; words that are sent: {words:?}", long.len() - short.len()));
}

/// Scenario: a node gives a reason of 1 MiB. Guarantees: what is sent is no larger for it, and all that is in it of the reason
/// is the name of a class, which stands there for every reason.
#[test]
fn a_reason_of_a_mebibyte() {
    check(
        &format!("frobnicated kubelet {}", "x".repeat(1 << 20)),
        &expect![[r#"0 bytes more; words that are sent: ["kubelet"]"#]],
    );
}
