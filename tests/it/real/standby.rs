//! Two replicas at a real API server: one takes what components push, the other stands by and takes over.
//! Pods are objects only: nothing runs in them, and our own processes hold their names.

use super::cluster::{Cluster, cluster};
use crate::support::{Pointsman, wait};

/// A replica under the name of a pod.
fn replica(cluster: &Cluster, namespace: &str, name: &str) -> Pointsman {
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{containers: [{{name: c, image: x}}]}}\n"
    );
    cluster.apply(&pod);
    let kubeconfig = cluster.kubeconfig("admin");
    Pointsman::start(&["--kubeconfig", kubeconfig.to_str().expect("a plain path"), "--pod", &format!("{namespace}/{name}")])
}

/// The pods that the Service would select.
fn active(cluster: &Cluster, namespace: &str) -> Vec<String> {
    let args = ["-n", namespace, "get", "pods", "-l", "pointsman.dev/active=true", "-o", "jsonpath={.items[*].metadata.name}"];
    cluster.kubectl(&args).expect("pods can be listed").split_whitespace().map(str::to_owned).collect()
}

fn holder(cluster: &Cluster, namespace: &str, lease: &str) -> String {
    let args = ["-n", namespace, "get", "lease", lease, "--ignore-not-found", "-o", "jsonpath={.spec.holderIdentity}"];
    cluster.kubectl(&args).expect("leases can be read")
}

/// Scenario: two replicas; the active one is asked to end.
/// Guarantees: exactly one is labelled at a time, both Leases lie with it, and the standby takes both over at once.
#[test]
#[ignore = "needs a real API server: bash tests/run.sh"]
fn a_standby_takes_over_from_the_active_replica() {
    let cluster = cluster();
    let namespace = cluster.namespace("standby");
    let mut first = replica(cluster, &namespace, "pointsman-0");
    wait("the first to be active", || (active(cluster, &namespace) == ["pointsman-0"]).then_some(()));
    wait("the first to write", || (holder(cluster, &namespace, "pointsman-status") == "pointsman-0").then_some(()));
    let second = replica(cluster, &namespace, "pointsman-1");
    wait("the second to be ready", || (second.get("/readyz").status == 200).then_some(()));
    assert_eq!(active(cluster, &namespace), ["pointsman-0"], "the second stands by");
    let held = |server: &Pointsman, lease: &str| {
        let line = "pointsman_cluster_lease_held{";
        let own = server.get("/metrics/self").text();
        let found =
            own.lines().find(|l| l.starts_with(line) && l.contains(&format!("pointsman_lease=\"{lease}\""))).map(str::to_owned);
        found.is_some_and(|line| line.ends_with(" 1"))
    };
    assert!(held(&first, "active") && held(&first, "status") && !held(&second, "active") && !held(&second, "status"));
    first.signal("TERM");
    assert!(first.wait_exit().success());
    wait("the second to be active", || (active(cluster, &namespace) == ["pointsman-1"]).then_some(()));
    for lease in ["pointsman-active", "pointsman-status"] {
        wait(lease, || (holder(cluster, &namespace, lease) == "pointsman-1").then_some(()));
    }
    assert!(held(&second, "active"));
}
