use super::{READ, RIGHTS, Scope};
use crate::views::tables::KINDS;

/// Scenario: a kind is added to what is watched.
/// Guarantees: the right to list and watch it is asked for in the manifests, too.
#[test]
fn every_kind_that_is_watched_may_be() {
    for kind in &KINDS {
        let right = RIGHTS.iter().find(|right| (right.group, right.resource) == (kind.group, kind.plural));
        let right = right.unwrap_or_else(|| panic!("{} is watched without a right", kind.resource()));
        assert_eq!((right.verbs, right.scope), (READ, Scope::Cluster), "{}", kind.resource());
    }
}
