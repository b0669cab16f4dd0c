//! The three watchers against a real API server, as the account of `deploy/components/watch`, pushing to a real `serve`.
//! The kinds of the operator are small definitions of our own, made from what the watchers ask for. What roles make of objects is
//! told in `pointsman_watch`.

use super::{
    cluster::Cluster,
    peers::{settles, tool},
};
use crate::{
    deploy::folder,
    support::{Pointsman, command, wait},
};
use pointsman_watch::{Kind, kind};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// A kind that this cluster does not define.
const UNDEFINED: Kind = Kind::InternalReleaseImage;

/// A running `pointsman watch`; dropped, it is killed.
pub(crate) struct Watcher {
    child: Child,
}

impl Watcher {
    /// One of a role, under the name of a pod.
    pub(crate) fn start(role: &str, pod: &str, at: (&Pointsman, &Path)) -> Self {
        Self::start_with(role, pod, at, &[])
    }

    /// One with more flags.
    pub(crate) fn start_with(role: &str, pod: &str, (server, kubeconfig): (&Pointsman, &Path), more: &[&str]) -> Self {
        let (url, kubeconfig) = (format!("http://{}", server.grpc), kubeconfig.to_str().expect("a plain path"));
        let pod = format!("pointsman/{pod}");
        let args = ["watch", role, "--kubeconfig", kubeconfig, "--pod", &pod, "--otlp", &url, "--interval", "1s"];
        let args = [&args, more].concat();
        Self { child: command(&args, &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary starts") }
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn end(mut self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill runs");
        assert!(sent.success(), "the signal was sent");
        let status = wait("the watcher to end", || self.child.try_wait().expect("the process can be asked"));
        assert!(status.success(), "{status}");
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A definition of a kind that takes anything.
fn definition(kind: Kind) -> Option<String> {
    let facts = kind.facts();
    let (plural, group, name) = (facts.plural, facts.group, facts.kind);
    (group.ends_with(".openshift.io") && kind != UNDEFINED).then(|| {
        format!(
            "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: {plural}.{group}\nspec:\n  group: {group}\n  scope: Cluster\n  \
             names: {{plural: {plural}, kind: {name}}}\n  versions:\n  - name: v1\n    served: true\n    storage: true\n    \
             schema: {{openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}\n---\n"
        )
    })
}

pub(crate) fn pool(name: &str, paused: bool) -> String {
    format!(
        "apiVersion: machineconfiguration.openshift.io/v1\nkind: MachineConfigPool\nmetadata: {{name: {name}}}\n\
         spec: {{paused: {paused}, configuration: {{name: rendered-{name}}}, nodeSelector: {{matchLabels: {{pool: {name}}}}}}}\n---\n"
    )
}

/// A server of its own with the kinds, the watchers' account, and a kubeconfig of that account.
pub(crate) fn installed() -> (Cluster, PathBuf) {
    let cluster = Cluster::bare();
    cluster.apply(&Kind::ALL.into_iter().filter_map(definition).collect::<String>());
    cluster.kubectl(&["wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"]).expect("establish the kinds");
    cluster.kubectl(&["create", "namespace", kind::NAMESPACE]).expect("create a namespace");
    let kubeconfig = account(&cluster);
    (cluster, kubeconfig)
}

/// The watchers' account, on a server that has the namespace of the operator; answers its kubeconfig.
pub(crate) fn account(cluster: &Cluster) -> PathBuf {
    cluster.kubectl(&["create", "namespace", "pointsman"]).expect("create a namespace");
    let component = folder().join("components/watch").display().to_string();
    let out = Command::new(tool("kubectl")).args(["kustomize", &component]).output().expect("kubectl starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    cluster.apply(&String::from_utf8_lossy(&out.stdout));
    let token = cluster.kubectl(&["create", "token", "pointsman-watch", "-n", "pointsman"]).expect("ask for a token");
    cluster.kubeconfig_with_token("pointsman-watch", token.trim())
}

/// The value of the one series that begins so and has this label.
fn value(server: &Pointsman, family: &str, label: &str) -> Option<String> {
    let text = server.scrape();
    let mut lines = text.lines().filter(|line| line.starts_with(&format!("{family}{{")) && line.contains(label));
    let line = lines.next()?;
    assert!(lines.next().is_none(), "one series of {family} has {label}:\n{text}");
    line.rsplit_once(' ').map(|(_, value)| value.to_owned())
}

fn paused(server: &Pointsman, pool: &str) -> Option<String> {
    value(server, "mco_pool_paused", &format!("mco_pool_name=\"{pool}\""))
}

/// Scenario: all watchers at a cluster that does not define one of their kinds; pools come, change and go; of two replicas the one
/// that pushes is killed; the API server goes away and comes back; then all are asked to end.
/// Guarantees: the account's rights are enough; what is not defined is told and stops nothing; each pool is one series throughout,
/// and ends with its pool; the standby goes on; every watcher ends with 0.
#[test]
#[ignore = "needs a real API server: bash tests/run.sh"]
fn watchers_tell_what_a_real_cluster_says() {
    let (cluster, kubeconfig) = installed();
    cluster.apply(&(pool("master", false) + &pool("worker", true)));
    let server = Pointsman::start(&[]);
    let at = (&server, kubeconfig.as_path());
    let first = Watcher::start("operator", "watch-operator-0", at);
    let others =
        [("controller", "watch-controller-0"), ("daemon", "watch-daemon-0")].map(|(role, pod)| Watcher::start(role, pod, at));
    wait("the pools", || (paused(&server, "master").as_deref() == Some("0")).then_some(()));
    assert_eq!(paused(&server, "worker").as_deref(), Some("1"));

    let second = Watcher::start("operator", "watch-operator-1", at);
    wait("the other watchers", || {
        let text = server.scrape();
        let tells = |role: &&str| {
            let instance = format!("instance=\"{role}\"");
            text.lines().any(|line| line.starts_with("pointsman_watch_events_total{") && line.contains(&instance))
        };
        ["operator", "controller", "daemon"].iter().all(tells).then_some(())
    });
    let text = server.scrape();
    let counted = text.lines().filter(|line| line.starts_with("pointsman_watch_errors_total{") && !line.ends_with(" 0"));
    for line in counted {
        let missing = line.contains("pointsman_watch_error=\"missing\"") && line.contains(UNDEFINED.facts().kind);
        // A server may be slow to serve a kind that was defined just now.
        let away = line.contains("pointsman_watch_error=\"away\"");
        assert!(missing || away, "nothing but {UNDEFINED:?} is in trouble: {line}");
    }

    cluster.apply(&pool("master", true));
    wait("a pause", || (paused(&server, "master").as_deref() == Some("1")).then_some(()));
    drop(first); // killed: its Lease ends by itself
    cluster.apply(&pool("master", false));
    assert!(settles(|| paused(&server, "master").as_deref() == Some("0")), "the standby goes on: {}", server.scrape());

    cluster.take_away();
    cluster.bring_back();
    cluster.apply(&pool("worker", false));
    assert!(settles(|| paused(&server, "worker").as_deref() == Some("0")), "it finds back: {}", server.scrape());
    cluster.kubectl(&["delete", "machineconfigpool", "worker"]).expect("delete a pool");
    wait("the series to end", || paused(&server, "worker").is_none().then_some(()));
    assert_eq!(paused(&server, "master").as_deref(), Some("0"));

    second.end();
    others.into_iter().for_each(Watcher::end);
}
