//! What the annotations of a node say that more than one role asks for, so that all of them mean the same by it.
//! Knows one node, and remembers nothing.

use crate::api::{Node, Text};

/// What stands for a config nobody has chosen yet.
const NOT_YET_SET: &str = "not-yet-set";
/// How a request to drain begins; one to make a node schedulable again begins otherwise.
pub(crate) const DRAIN: &str = "drain-";
const REBOOTING: &str = "Rebooting";

/// Whether a node has a target that it does not run: a config, or an image, which may also be to go back to none.
pub(crate) fn is_behind(node: &Node) -> bool {
    let is = &node.metadata.annotations;
    let has_target = !matches!(is.desired_config.as_str(), "" | NOT_YET_SET);
    has_target && (is.desired_config != is.current_config || is.desired_image != is.current_image)
}

/// The drain that a node asks for and has not been given. That it waits to be made schedulable again is none.
pub(crate) fn asks_for_drain(node: &Node) -> Option<&Text> {
    let is = &node.metadata.annotations;
    let is_asked = is.desired_drain.starts_with(DRAIN) && is.desired_drain != is.last_applied_drain;
    is_asked.then_some(&is.desired_drain)
}

/// Whether a node says that it reboots.
pub(crate) fn is_rebooting(node: &Node) -> bool {
    node.metadata.annotations.post_config_action.as_str() == REBOOTING
}
