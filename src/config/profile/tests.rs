use super::super::tests::given;
use crate::config::Config;
use pointsman_core::fault::render;

/// Scenario: the cluster's profile without a cluster; with a kubeconfig and in a pod, where views come from a folder or not.
/// Guarantees: without a cluster it is one fault at its flag, which says what is missing; another profile needs none.
#[test]
fn the_profile_of_the_cluster_takes_a_cluster() {
    const TLS: [&str; 4] = ["--tls-cert-file", "a", "--tls-private-key-file", "b"];
    let faults = |more: &[&str], in_pod: bool| {
        let faults = Config::read(&super::super::Given { in_pod, ..given(&[&TLS, more].concat(), &[], "") }).err();
        faults.unwrap_or_default().iter().map(render::terminal).collect::<Vec<_>>()
    };
    let follows = "--tls-profile=cluster";
    let all = faults(&[follows], false);
    assert!(all.len() == 1 && all.iter().all(|one| one.contains("there is no cluster to follow")), "{all:?}");
    let folder = ["--views=v", "--kubeconfig=k", follows];
    for (more, in_pod) in [
        (&[follows, "--kubeconfig=k"][..], false),
        (&folder, false),
        (&[follows, "--views=v"], true),
        (&["--tls-profile=Old"], false),
    ] {
        assert_eq!(faults(more, in_pod), [""; 0], "{more:?}");
    }
}
