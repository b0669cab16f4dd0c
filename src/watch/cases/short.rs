//! Short forms for what a rollout writes, which in full would restate a list of conditions at each step.
//! Knows the fields of three kinds, and nothing of what is made of them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const PREFIX: &str = "machineconfiguration.openshift.io/";

/// A node by some of its annotations: `state`, `desiredConfig` and so on, without what they begin with; `bootID`.
pub(crate) fn node<'t>(name: &str, values: impl Iterator<Item = (&'t String, &'t String)>) -> Value {
    let mut patch = json!({"kind": "Node", "metadata": {"name": name, "annotations": {}}});
    for (key, value) in values {
        if key == "bootID" {
            patch["status"] = json!({"nodeInfo": {"bootID": value}});
        } else {
            patch["metadata"]["annotations"][format!("{PREFIX}{key}")] = json!(value);
        }
    }
    patch
}

/// A pool: `target=NAME`, `reached=NAME`, `paused=BOOL`, `generation=N`, `observed=N`, `machines=N`, and conditions.
pub(crate) fn pool(name: &str, words: &[String], old: Option<&Value>, (start, now): (Timestamp, Timestamp)) -> Value {
    let mut patch = json!({"kind": "MachineConfigPool", "metadata": {"name": name}, "spec": {}, "status": {}});
    let number = |text: &str| json!(text.parse::<i64>().expect("a number"));
    let mut rest = Vec::new();
    for word in words {
        match word.split_once('=').expect("KEY=VALUE") {
            ("target", value) => patch["spec"]["configuration"] = json!({"name": value}),
            ("reached", value) => patch["status"]["configuration"] = json!({"name": value}),
            ("paused", value) => patch["spec"]["paused"] = json!(value == "true"),
            ("generation", value) => patch["metadata"]["generation"] = number(value),
            ("observed", value) => patch["status"]["observedGeneration"] = number(value),
            ("machines", value) => patch["status"]["machineCount"] = number(value),
            _ => rest.push(word.clone()),
        }
    }
    patch["status"]["conditions"] = conditions(&rest, old, (start, now));
    patch
}

/// A MachineConfigNode by its conditions. `reset`: the last write of an update.
pub(crate) fn mcn(name: &str, words: &[String], old: Option<&Value>, times: (Timestamp, Timestamp)) -> Value {
    let is_reset = words.iter().any(|word| word == "reset");
    let all: Vec<String> = if is_reset {
        let held = old.and_then(|old| old.pointer("/status/conditions")?.as_array()).into_iter().flatten();
        let types = held.filter_map(|condition| condition["type"].as_str()).filter(|name| *name != "Updated");
        types.map(|name| format!("{name}=F")).chain(["Updated=T".to_owned()]).collect()
    } else {
        words.to_vec()
    };
    json!({"kind": "MachineConfigNode", "metadata": {"name": name}, "status": {"conditions": conditions(&all, old, times)}})
}

/// `TYPE=T|F|U`, then `@1h5m` for a time since the start that is not now, then a space and the message. What is not named stays.
fn conditions(words: &[String], old: Option<&Value>, (start, now): (Timestamp, Timestamp)) -> Value {
    let mut list: Vec<Value> = old.and_then(|old| old.pointer("/status/conditions")?.as_array().cloned()).unwrap_or_default();
    for word in words {
        let (head, message) = word.split_once(' ').unwrap_or((word, ""));
        let (kind, status) = head.split_once('=').expect("TYPE=STATUS");
        let (status, at) = status
            .split_once('@')
            .map_or((status, now), |(status, at)| (status, start + at.parse::<SignedDuration>().expect("a duration")));
        let status = match status {
            "T" => "True",
            "F" => "False",
            "U" => "Unknown",
            other => other,
        };
        let (message, reason) = message.rsplit_once(" reason=").unwrap_or((message, ""));
        let condition = json!({"type": kind, "status": status, "message": message, "reason": reason,
            "lastTransitionTime": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()});
        match list.iter_mut().find(|held| held["type"] == kind) {
            Some(held) => *held = condition,
            None => list.push(condition),
        }
    }
    Value::Array(list)
}
