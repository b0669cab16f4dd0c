//! Conditions as their writers keep them: most move the time with the status, MachineConfigNodes with every write.
//! Knows lists of conditions; not who writes them when.

use serde_json::{Value, json};

/// A status, as it is written.
pub(super) const TRUE: &str = "True";
/// A status, as it is written.
pub(super) const FALSE: &str = "False";
/// A status, as it is written: at work, or failed.
pub(super) const UNKNOWN: &str = "Unknown";

/// Phases that have children, without those of the two ways to apply an OS.
const COMMON: [&str; 9] = [
    "UpdatePrepared",
    "UpdateExecuted",
    "Cordoned",
    "Drained",
    "RebootedNode",
    "UpdatePostActionComplete",
    "Resumed",
    "UpdateComplete",
    "Uncordoned",
];
/// Conditions of a MachineConfigNode that are no phases.
const OTHERS: [&str; 4] = ["Updated", "NodeDegraded", "PinnedImageSetsProgressing", "PinnedImageSetsDegraded"];

/// The phases of an update, by whether the cluster reports image mode.
pub(super) fn phases(image_mode: bool) -> Vec<&'static str> {
    let applied: &[&str] =
        if image_mode { &["AppliedFiles", "AppliedOSImage", "ImagePulledFromRegistry"] } else { &["AppliedFilesAndOS"] };
    [&COMMON, applied].concat()
}

/// What is said of one condition.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) name: &'static str,
    pub(super) status: &'static str,
    pub(super) message: String,
}

/// Says so of a condition.
pub(super) fn said(name: &'static str, status: &'static str, message: impl Into<String>) -> Said {
    Said { name, status, message: message.into() }
}

/// `status.conditions`
fn list(object: &mut Value) -> &mut Vec<Value> {
    let conditions = &mut object["status"]["conditions"];
    if !conditions.is_array() {
        *conditions = json!([]);
    }
    conditions.as_array_mut().expect("it was just made a list")
}

/// The status of a condition; `False` where there is none.
pub(super) fn status_of<'o>(object: &'o Value, name: &str) -> &'o str {
    text_of(object, name, "status").unwrap_or(FALSE)
}

fn text_of<'o>(object: &'o Value, name: &str, field: &str) -> Option<&'o str> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    conditions.iter().find(|condition| condition["type"] == name)?[field].as_str()
}

fn put(object: &mut Value, said: &Said, reason: &str, since: &str) {
    let condition = json!({
        "type": said.name, "status": said.status, "reason": reason, "message": said.message, "lastTransitionTime": since,
    });
    let conditions = list(object);
    match conditions.iter_mut().find(|old| old["type"] == said.name) {
        Some(old) => *old = condition,
        None => conditions.push(condition),
    }
}

/// As most controllers do: the time moves when the status does.
pub(super) fn set(object: &mut Value, said: &Said, reason: &str, now: &str) {
    let is_same = text_of(object, said.name, "status") == Some(said.status);
    let since = if is_same { text_of(object, said.name, "lastTransitionTime") } else { None };
    let since = since.unwrap_or(now).to_owned();
    put(object, said, reason, &since);
}

/// As KubeletConfig and ContainerRuntimeConfig do: one more at the end, whatever there is.
pub(super) fn append(object: &mut Value, said: &Said, reason: &str, now: &str) {
    list(object).push(json!({
        "type": said.name, "status": said.status, "reason": reason, "message": said.message, "lastTransitionTime": now,
    }));
}

/// All conditions of a new MachineConfigNode: nothing has happened yet.
pub(super) fn initial(object: &mut Value, image_mode: bool, now: &str) {
    for name in phases(image_mode).into_iter().chain(OTHERS) {
        put(object, &not_yet(name), "NotYetOccurred", now);
    }
}

fn not_yet(name: &'static str) -> Said {
    said(name, FALSE, format!("The node has not come to {name} yet"))
}

/// As daemon and drain controller do in a MachineConfigNode: nothing, if the parent says what it said; else the time moves,
/// even if only the message does. Whatever is said beside it takes Updated away, and Updated takes back all the rest.
pub(super) fn report(object: &mut Value, parent: &Said, child: Option<&Said>, (image_mode, now): (bool, &str)) {
    let is_same = status_of(object, parent.name) == parent.status
        && text_of(object, parent.name, "message") == Some(parent.message.as_str());
    if is_same {
        return;
    }
    put(object, parent, child.map_or(parent.name, |child| child.name), now);
    if let Some(child) = child {
        put(object, child, &format!("{}{}", parent.name, child.name), now);
    }
    if parent.name == "Updated" {
        if parent.status == TRUE {
            phases(image_mode).into_iter().for_each(|name| put(object, &not_yet(name), "NotYetOccurred", now));
        }
    } else if status_of(object, "Updated") == TRUE {
        put(object, &said("Updated", FALSE, format!("The node is at {}", parent.name)), parent.name, now);
    }
}
