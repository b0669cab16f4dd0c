use super::{
    ControllerConfig, Event, MachineConfigMeta, MachineConfigNode, MachineConfiguration, MachineOSConfig, Node, Pod, Read,
};
use expect_test::{Expect, expect};
use serde_json::{Value, json};

/// That an object without anything but this is as good as none.
fn is_unread<T: Read + Default>(object: Value) {
    let text = object.to_string();
    assert!(serde_json::from_value::<T>(object).is_ok_and(|read| read == T::default()), "{text} is read");
}

/// Scenario: objects that say nothing but what no metric and no span needs, and that changes often or is large. Guarantees: none
/// of it is kept, so that a change of it is no change.
#[test]
fn what_nobody_reads_is_not_kept() {
    is_unread::<Pod>(json!({"status": {"podIP": "10.0.0.1", "containerStatuses": [{"name": "a", "ready": true}]}}));
    is_unread::<Node>(json!({"metadata": {"generation": 3}, "spec": {"taints": [{"key": "a"}]}}));
    is_unread::<Node>(json!({"status": {"nodeInfo": {"kubeletVersion": "v1"}, "images": [{"names": ["a"]}]}}));
    is_unread::<MachineConfigNode>(json!({"spec": {"node": {"name": "a"}, "pool": {"name": "b"}}}));
    is_unread::<MachineConfigNode>(json!({"status": {"configVersion": {"current": "a"}, "configImage": {"currentImage": "b"}}}));
    is_unread::<MachineConfigMeta>(json!({"metadata": {"name": "a", "uid": "b", "generation": 3}, "spec": {"config": {}}}));
    is_unread::<ControllerConfig>(json!({"metadata": {"name": "a"}, "spec": {"releaseImage": "b", "images": {"a": "b"}}}));
    is_unread::<MachineConfiguration>(json!({"status": {"observedGeneration": 3}}));
    is_unread::<MachineOSConfig>(json!({"status": {"machineOSBuild": {"name": "a"}}}));
    is_unread::<Event>(json!({"metadata": {"name": "a"}, "lastTimestamp": "2026-01-01T00:00:00Z"}));
}

fn check(class: &str, kind: &str, want: &Expect) {
    let event = json!({"type": class, "involvedObject": {"kind": kind}, "message": "said", "reportingComponent": "new"});
    let event: Event = serde_json::from_value(event).expect("it reads");
    want.assert_eq(&format!("message {:?}, signer {:?}", event.message, event.signer));
}

/// Scenario: events of both classes, about nodes and others. Guarantees: the message is kept where a span shows it.
#[test]
fn messages_of_warnings_about_nodes_are_kept() {
    check("Warning", "Node", &expect![[r#"message "said", signer "new""#]]);
    check("Normal", "Node", &expect![[r#"message "", signer "new""#]]);
    check("Warning", "Pod", &expect![[r#"message "", signer "new""#]]);
}
