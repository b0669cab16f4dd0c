use super::{degraded, failure, is_error};
use expect_test::{Expect, expect};
use std::fmt::Debug;

fn check<C: Debug>(classify: fn(&str) -> C, texts: &[&str], want: &Expect) {
    want.assert_eq(&texts.iter().map(|text| format!("{:?}: {text}\n", classify(text))).collect::<String>());
}

/// Scenario: reasons as daemons write them. Guarantees: each has its class, and what nobody knows is `other`.
#[test]
fn reasons_of_degraded_nodes() {
    let texts = [
        r#"unexpected on-disk state validating against rendered-worker-1: content mismatch for file "/etc/kubernetes/kubelet.conf""#,
        r#"unexpected on-disk state validating against rendered-worker-1: missing expected kernel arguments: [psi=1]"#,
        "detected config drift: mode mismatch for file: \"/etc/x\"; expected: -rw-r--r--/420/0644",
        r#"unexpected on-disk state validating against rendered-worker-1: expected target osImageURL "quay.io/a@sha256:1", have "quay.io/b""#,
        "Can't reconcile config rendered-worker-1 with rendered-worker-2: ignition disks section contains changes",
        "failed to update OS to quay.io/a@sha256:1: error running rpm-ostree rebase: exit status 1",
        r#"machineconfig.machineconfiguration.openshift.io "rendered-worker-1" not found"#,
        "missing MachineConfig rendered-worker-1",
        "failed to start kubelet.service",
        "failed to drain node: worker-0 after 1 hour",
        "",
    ];
    check(
        degraded,
        &texts,
        &expect![[r#"
        Drift: unexpected on-disk state validating against rendered-worker-1: content mismatch for file "/etc/kubernetes/kubelet.conf"
        Drift: unexpected on-disk state validating against rendered-worker-1: missing expected kernel arguments: [psi=1]
        Drift: detected config drift: mode mismatch for file: "/etc/x"; expected: -rw-r--r--/420/0644
        Pivot: unexpected on-disk state validating against rendered-worker-1: expected target osImageURL "quay.io/a@sha256:1", have "quay.io/b"
        Unreconcilable: Can't reconcile config rendered-worker-1 with rendered-worker-2: ignition disks section contains changes
        Pivot: failed to update OS to quay.io/a@sha256:1: error running rpm-ostree rebase: exit status 1
        MissingConfig: machineconfig.machineconfiguration.openshift.io "rendered-worker-1" not found
        MissingConfig: missing MachineConfig rendered-worker-1
        Kubelet: failed to start kubelet.service
        Other: failed to drain node: worker-0 after 1 hour
        Other: 
    "#]],
    );
}

/// Scenario: errors of pinned image sets. Guarantees: what the registry refused is not taken for a failed pull, nor a full disk.
#[test]
fn errors_of_pinned_image_sets() {
    let texts = [
        "failed to pull image: quay.io/a@sha256:1: manifest unknown",
        "requeue: prefetching images incomplete after timeout: 1h0m0s",
        "failed to pull image: unauthorized: access to the requested resource is not authorized",
        "failed to get auth config for image quay.io/a: no auth found for image",
        "storage available is less than minimum required capacity: 10, required: 20",
        "failed to pull image: write /var/lib/containers/x: no space left on device",
        "the moon is full",
    ];
    check(
        failure,
        &texts,
        &expect![[r"
        Pull: failed to pull image: quay.io/a@sha256:1: manifest unknown
        Pull: requeue: prefetching images incomplete after timeout: 1h0m0s
        Auth: failed to pull image: unauthorized: access to the requested resource is not authorized
        Auth: failed to get auth config for image quay.io/a: no auth found for image
        Disk: storage available is less than minimum required capacity: 10, required: 20
        Disk: failed to pull image: write /var/lib/containers/x: no space left on device
        Other: the moon is full
    "]],
    );
}

/// Scenario: messages of phases that are Unknown (T2). Guarantees: an error is told from work under way, whatever its case.
#[test]
fn messages_of_phases() {
    let texts = [
        "Updating the Files and OS on disk as a part of the in progress phase",
        "Node will reboot into config rendered-worker-2",
        "Draining node. The drain will not be complete until desired drainer drain-rendered-worker-2 matches current",
        "Drain finished with no errors",
        "Wrote /etc/keepalived/failover.conf, failSwapOn is off",
        "Node worker-0 Drain FAILED, error when evicting pods/\"cart-0\"",
        "Error: could not apply files",
        "2 errors occurred",
        "ImagePullFailed",
        "a failure of the registry",
        "",
    ];
    check(
        is_error,
        &texts,
        &expect![[r#"
        false: Updating the Files and OS on disk as a part of the in progress phase
        false: Node will reboot into config rendered-worker-2
        false: Draining node. The drain will not be complete until desired drainer drain-rendered-worker-2 matches current
        false: Drain finished with no errors
        false: Wrote /etc/keepalived/failover.conf, failSwapOn is off
        true: Node worker-0 Drain FAILED, error when evicting pods/"cart-0"
        true: Error: could not apply files
        true: 2 errors occurred
        true: ImagePullFailed
        true: a failure of the registry
        false: 
    "#]],
    );
}
