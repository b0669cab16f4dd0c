//! What the manifests allow, asked of the real API server: of the account that pointsman runs as, and of users.
//! There is no controller that aggregates roles and none that makes pods: the tests do what those would.

use super::{
    cluster::{Cluster, Output, cluster},
    peers::tool,
};
use crate::{
    deploy::folder,
    support::{runtime, wait},
};
use k8s_openapi::api::authorization::v1::{ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec};
use kube::{Api, Client, api::PostParams};
use pointsman::views::rights::{RIGHTS, Right, Scope};
use std::{process::Command, sync::OnceLock};

/// The server with the base applied, and a token of the account.
pub(super) fn installed() -> &'static (&'static Cluster, String) {
    static INSTALLED: OnceLock<(&Cluster, String)> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let cluster = cluster();
        cluster.apply(&rendered("base"));
        let token = cluster.kubectl(&["create", "token", "pointsman", "-n", "pointsman"]).expect("ask for a token");
        (cluster, token.trim().to_owned())
    })
}

/// What kustomize makes of a folder.
fn rendered(name: &str) -> String {
    render(&folder().join(name).display().to_string())
}

fn render(folder: &str) -> String {
    let out = Command::new(tool("kubectl")).args(["kustomize", folder]).output().expect("kubectl starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).into_owned()
}

/// kubectl as whoever has the token.
fn with_token(token: &str, args: &[&str]) -> Output {
    cluster().kubectl(&[&["--token", token], args].concat())
}

/// What the server says of one call.
struct Ask<'a> {
    verb: &'a str,
    group: &'a str,
    resource: &'a str,
    namespace: &'a str,
    name: &'a str,
}

impl Ask<'_> {
    async fn is_allowed(&self, client: &Client) -> bool {
        let (resource, sub) = self.resource.split_once('/').unwrap_or((self.resource, ""));
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let attributes = ResourceAttributes {
            verb: text(self.verb),
            group: Some(self.group.to_owned()),
            resource: text(resource),
            subresource: text(sub),
            namespace: text(self.namespace),
            name: text(self.name),
            ..ResourceAttributes::default()
        };
        let spec =
            SelfSubjectAccessReviewSpec { resource_attributes: Some(attributes), ..SelfSubjectAccessReviewSpec::default() };
        let review = SelfSubjectAccessReview { spec, ..SelfSubjectAccessReview::default() };
        let answer = Api::all(client.clone()).create(&PostParams::default(), &review).await.expect("the server says");
        answer.status.is_some_and(|status| status.allowed)
    }
}

/// What the account must not do: verbs, group, resource, namespace, name.
const NEVER: [(&str, &str, &str, &str, &str); 21] = [
    ("get list watch create", "", "secrets", "pointsman", ""),
    ("get list watch", "", "secrets", "elsewhere", ""),
    ("get list watch create patch", "", "configmaps", "pointsman", ""),
    ("create update delete", "", "pods", "pointsman", ""),
    ("patch delete", "", "pods", "elsewhere", ""),
    ("create get", "", "pods/exec", "pointsman", ""),
    ("get", "", "pods/log", "elsewhere", ""),
    ("create", "", "pods/eviction", "pointsman", ""),
    ("update patch delete", "", "namespaces", "", "elsewhere"),
    ("get list", "", "nodes", "", ""),
    ("create", "", "serviceaccounts/token", "pointsman", "pointsman"),
    ("patch update delete", "apps", "deployments", "pointsman", "pointsman"),
    ("create update patch delete override", "pointsman.dev", "telemetryviews", "elsewhere", ""),
    ("create update patch delete", "pointsman.dev", "clustertelemetryviews", "", ""),
    ("deletecollection update", "pointsman.dev", "telemetrycomponents", "elsewhere", ""),
    ("get update patch", "coordination.k8s.io", "leases", "pointsman", "another"),
    ("delete list watch", "coordination.k8s.io", "leases", "pointsman", "pointsman-active"),
    ("create update", "coordination.k8s.io", "leases", "kube-system", ""),
    ("get patch", "apiextensions.k8s.io", "customresourcedefinitions", "", ""),
    ("bind escalate create", "rbac.authorization.k8s.io", "clusterroles", "", ""),
    ("impersonate", "", "users", "", ""),
];

/// Scenario: the server is asked about every right that the code needs, and about what would be dangerous, in the name of
/// the account's own token.
/// Guarantees: all of the first is allowed, nothing of the second.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn the_account_may_do_its_work_and_nothing_else() {
    let (cluster, token) = installed();
    let path = cluster.kubeconfig_with_token("pointsman-account", token);
    let (mut asked, mut wrong) = (0, Vec::new());
    runtime().block_on(async {
        let file = kube::config::Kubeconfig::read_from(path).expect("a kubeconfig");
        let config = kube::Config::from_custom_kubeconfig(file, &Default::default()).await.expect("a kubeconfig");
        let client = Client::try_from(config).expect("a client");
        for Right { group, resource, verbs, names, scope } in RIGHTS {
            let namespace = if scope == Scope::Own { "pointsman" } else { "" };
            let names = if names.is_empty() { &[""] } else { names };
            for (verb, name) in verbs.iter().flat_map(|verb| names.iter().map(move |name| (verb, name))) {
                asked += 1;
                if !(Ask { verb, group, resource, namespace, name }).is_allowed(&client).await {
                    wrong.push(format!("may not {verb} {resource} {name}"));
                }
            }
        }
        for (verbs, group, resource, namespace, name) in NEVER {
            for verb in verbs.split(' ') {
                asked += 1;
                if (Ask { verb, group, resource, namespace, name }).is_allowed(&client).await {
                    wrong.push(format!("may {verb} {resource} {name} in {namespace:?}"));
                }
            }
        }
    });
    assert!(wrong.is_empty() && asked >= 90, "{asked} asked: {wrong:#?}");
}

/// Scenario: the account makes the calls that the controller makes, by the same verbs: server-side apply of a component and
/// of statuses, a Lease made and renewed, an Event; then it tries to write what users want.
/// Guarantees: the first are taken, the last is refused.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn the_account_writes_what_the_controller_writes() {
    let (cluster, token) = installed();
    let namespace = cluster.namespace("account");
    let with = |args: &[&str], yaml: &str| cluster.call("admin", &[&["--token", token], args].concat(), yaml);
    cluster.apply(&view("TelemetryView", &namespace, "quiet", "", "a"));
    cluster.apply(&view("ClusterTelemetryView", "", &namespace, "", "a"));
    let apply = ["apply", "--server-side", "--field-manager=pointsman", "-f", "-"];
    let head = |kind: &str, name: &str| {
        format!("apiVersion: pointsman.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\n")
    };
    let component = head("TelemetryComponent", "service.shop") + "spec: {serviceName: shop}\n";
    with(&apply, &component).expect("makes a component");
    let of_status = [&apply[..], &["--subresource=status"]].concat();
    with(&of_status, &(head("TelemetryView", "quiet") + "status: {effectiveHash: x}\n")).expect("says what became of a view");
    with(&of_status, &(head("TelemetryComponent", "service.shop") + "status: {instances: 1}\n"))
        .expect("says how a component is");
    with(&["delete", "telemetrycomponent", "service.shop", "-n", &namespace, "--wait=false"], "").expect("removes a component");
    let lease = "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: pointsman-active, namespace: pointsman}\n";
    with(&["create", "-f", "-"], lease).expect("makes a Lease");
    with(&["replace", "-f", "-"], &format!("{lease}spec: {{holderIdentity: x}}\n")).expect("renews it");
    let another = lease.replace("pointsman-active", "another");
    with(&["create", "-f", "-"], &another).expect("no name can be asked for when something is made");
    assert!(is_forbidden(&with(&["replace", "-f", "-"], &another)), "another Lease");
    let event = format!(
        "apiVersion: events.k8s.io/v1\nkind: Event\nmetadata: {{name: e, namespace: {namespace}}}\neventTime: 2026-11-22T00:00:00.000000Z\n\
         type: Normal\nreason: Accepted\naction: Accept\nreportingController: pointsman.dev/controller\nreportingInstance: p\n\
         regarding: {{apiVersion: pointsman.dev/v1alpha1, kind: TelemetryView, name: quiet, namespace: {namespace}}}\n"
    );
    with(&["create", "-f", "-"], &event).expect("makes an Event");
    for (kind, name) in [("telemetryview", "quiet"), ("clustertelemetryview", namespace.as_str())] {
        let patch = ["patch", kind, name, "-n", &namespace, "--type=merge", "-p", r#"{"spec":{"reason":"b"}}"#];
        assert!(is_forbidden(&with(&patch, "")), "what users want, {kind}");
    }
}

fn view(kind: &str, namespace: &str, name: &str, annotation: &str, reason: &str) -> String {
    let place = if namespace.is_empty() { String::new() } else { format!("namespace: {namespace}, ") };
    let annotations = if annotation.is_empty() {
        String::new()
    } else {
        format!("annotations: {{pointsman.dev/override-protected: {annotation}}}, ")
    };
    let body = "baseline: Standard";
    let spec = match kind {
        "ClusterTelemetryView" => format!("namespaceSelector: {{matchNames: [{name}]}}, defaults: {{{body}}}, reason: {reason}"),
        _ => format!("{body}, reason: {reason}"),
    };
    format!(
        "apiVersion: pointsman.dev/v1alpha1\nkind: {kind}\nmetadata: {{{place}{annotations}name: {name}}}\nspec: {{{spec}}}\n"
    )
}

/// Applies as a user; the answer in one line.
fn applied(user: &str, yaml: &str) -> Output {
    cluster().call(user, &["apply", "-f", "-"], yaml)
}

fn is_forbidden(output: &Output) -> bool {
    !output.ok && output.stderr.to_lowercase().contains("forbidden")
}

/// Binds to a group, in a namespace, the roles that the aggregated role of this name is made of.
fn bind(cluster: &Cluster, role: &str, group: &str, namespace: &str) {
    let label = format!("rbac.authorization.k8s.io/aggregate-to-{role}=true,app.kubernetes.io/part-of=pointsman");
    let parts = cluster.kubectl(&["get", "clusterroles", "-l", &label, "-o", "name"]).expect("list roles");
    assert!(parts.lines().count() > 0, "no part of {role}");
    for part in parts.lines().filter_map(|line| line.split('/').next_back()) {
        let args =
            ["create", "rolebinding", &format!("{part}-{group}"), "--clusterrole", part, "--group", group, "-n", namespace];
        cluster.kubectl(&args).expect("bind");
    }
}

/// Scenario: somebody with the role `edit` in one namespace, and somebody with `view`, act there and elsewhere.
/// Guarantees: an editor writes views of that namespace, not those of another, not the cluster kind, no status and nothing
/// that is pointsman's to write; a viewer reads only.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn an_editor_rules_one_namespace_only() {
    let (cluster, _) = installed();
    let (mine, theirs) = (cluster.namespace("rbac"), cluster.namespace("rbac"));
    bind(cluster, "edit", "editors", &mine);
    bind(cluster, "view", "viewers", &mine);
    applied("editor", &view("TelemetryView", &mine, "quiet", "", "a")).expect("an editor's own namespace");
    assert!(is_forbidden(&applied("editor", &view("TelemetryView", &theirs, "quiet", "", "a"))), "another namespace");
    assert!(is_forbidden(&applied("editor", &view("ClusterTelemetryView", "", &mine, "", "a"))), "the cluster kind");
    assert!(is_forbidden(&applied("viewer", &view("TelemetryView", &mine, "quiet", "", "b"))), "a viewer writes");
    let status = r#"{"status":{"effectiveHash":"x"}}"#;
    let patch = ["patch", "telemetryview", "quiet", "-n", &mine, "--subresource=status", "--type=merge", "-p", status];
    assert!(is_forbidden(&cluster.kubectl_as("editor", &patch)), "a status");
    for user in ["editor", "viewer"] {
        for kind in ["telemetryviews", "telemetrycomponents", "instrumentcatalogs"] {
            cluster.kubectl_as(user, &["get", kind, "-n", &mine]).expect("reads its namespace");
        }
        assert!(is_forbidden(&cluster.kubectl_as(user, &["get", "telemetryviews", "-n", &theirs])), "{user} reads another");
        let delete = ["auth", "can-i", "delete", "telemetrycomponents.pointsman.dev", "-n", &mine];
        assert!(!cluster.kubectl_as(user, &delete).ok, "{user} removes what is pointsman's");
    }
    cluster.kubectl_as("editor", &["delete", "telemetryview", "quiet", "-n", &mine]).expect("an editor's own view");
}

/// Scenario: with the guard, an editor sets the annotation that lifts protection; is granted the verb `override`; loses it,
/// and changes the reason, the spec, and something else; takes the annotation away.
/// Guarantees: refused without the right with a message that says how to get it; allowed with it; what was allowed for one
/// spec and reason is not for another; other changes and the removal are free.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn the_guard_keeps_overrides_to_whom_they_were_granted() {
    let (cluster, _) = installed();
    let namespace = cluster.namespace("guard");
    bind(cluster, "edit", "editors", &namespace);
    // Other tests of this server must not meet the guard.
    let guard = std::fs::read_to_string(folder().join("components/guard-override/guard.yaml")).expect("the guard");
    let here = format!(
        "validationActions: [Deny]\n  matchResources: {{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {namespace}}}}}}}"
    );
    cluster.apply(&guard.replace("validationActions: [Deny]", &here));
    let set = |reason: &str, why: &str| applied("editor", &view("TelemetryView", &namespace, "loud", reason, why));
    let refused = wait("the guard to be in force", || {
        let output = set("INC-1", "a");
        if output.ok {
            cluster.kubectl(&["delete", "telemetryview", "loud", "-n", &namespace]).expect("removed");
        }
        (!output.ok).then_some(output)
    });
    assert!(
        is_forbidden(&refused) && refused.stderr.contains("ask for a binding of ClusterRole pointsman-override"),
        "{refused:?}"
    );
    set("", "a").expect("no annotation, no guard");
    let role = ["rolebinding", "may-override", "-n", &namespace];
    let create = [&["create"], &role[..], &["--clusterrole", "pointsman-override", "--group", "editors"]].concat();
    cluster.kubectl(&create).expect("grant");
    wait("the right to arrive", || set("INC-1", "a").ok.then_some(()));
    cluster.kubectl(&[&["delete"], &role[..]].concat()).expect("take it away");
    wait("the right to go", || (!set("INC-2", "a").ok).then_some(()));
    assert!(is_forbidden(&set("INC-1", "b")), "another spec under the old reason");
    let label = ["label", "telemetryview", "loud", "team=x", "-n", &namespace];
    cluster.kubectl_as("editor", &label).expect("neither reason nor spec");
    set("", "b").expect("to take it away is free");
}

const POD: &str = "apiVersion: v1
kind: Pod
metadata: {name: NAME, namespace: pointsman, labels: {app.kubernetes.io/name: APP}}
spec:
  securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
  containers:
  - name: c
    image: c
    securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
";

/// Scenario: with the label guard, the account patches its own pods and others of its namespace.
/// Guarantees: it sets and removes the one label of its own pods; every other change, and every other pod, is refused.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn the_label_guard_leaves_one_label() {
    let (cluster, token) = installed();
    for (name, app) in [("guarded-own", "pointsman"), ("guarded-other", "other")] {
        cluster.apply(&POD.replace("NAME", name).replace("APP", app));
    }
    cluster.kubectl(&["apply", "-f", &folder().join("components/guard-label/guard.yaml").display().to_string()]).expect("apply");
    let patch = |pod: &str, metadata: &str| {
        let body = format!("{{\"metadata\":{metadata}}}");
        with_token(token, &["patch", "pod", pod, "-n", "pointsman", "--type=merge", "-p", &body])
    };
    let active = r#"{"labels":{"pointsman.dev/active":"true"}}"#;
    wait("the guard to be in force", || (!patch("guarded-other", active).ok).then_some(()));
    for allowed in [active, r#"{"labels":{"pointsman.dev/active":null}}"#, active] {
        patch("guarded-own", allowed).expect("its own label");
    }
    for refused in [
        r#"{"labels":{"app.kubernetes.io/name":"other"}}"#,
        r#"{"labels":{"app.kubernetes.io/name":null}}"#,
        r#"{"labels":{"x":"y"}}"#,
        r#"{"annotations":{"x":"y"}}"#,
        r#"{"finalizers":["x.y/z"]}"#,
        r#"{"ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"x","uid":"u"}]}"#,
    ] {
        assert!(is_forbidden(&patch("guarded-own", refused)), "{refused}");
    }
    let image = r#"{"spec":{"containers":[{"name":"c","image":"evil"}]}}"#;
    let output = with_token(token, &["patch", "pod", "guarded-own", "-n", "pointsman", "-p", image]);
    assert!(is_forbidden(&output), "an image: {output:?}");
}

/// Scenario: a platform puts the base and both components together, and applies the result; another chooses a namespace.
/// Guarantees: kustomize renders it, and the server takes every object without a warning; another namespace in an overlay is
/// enough to install there.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn the_manifests_render_and_are_taken() {
    let (cluster, _) = installed();
    let overlay = tempfile::tempdir().expect("a folder");
    let path = overlay.path().canonicalize().expect("it is there");
    // kustomize takes no absolute path.
    let deploy =
        format!("{}{}", "../".repeat(path.components().count() - 1), folder().display().to_string().trim_start_matches('/'));
    let text = format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [{deploy}/base]\ncomponents: [{deploy}/components/guard-override, {deploy}/components/guard-label]\n"
    );
    std::fs::write(path.join("kustomization.yaml"), &text).expect("the folder takes files");
    let all = render(&path.display().to_string());
    assert_eq!(all.matches("kind: ValidatingAdmissionPolicyBinding").count(), 2);
    let output = cluster.call("admin", &["apply", "--dry-run=server", "-f", "-"], &all);
    assert!(output.ok && output.stderr.is_empty(), "no error, no warning: {output:?}");
    std::fs::write(path.join("kustomization.yaml"), format!("{text}namespace: elsewhere\n")).expect("the folder takes files");
    let moved = render(&path.display().to_string());
    assert!(!moved.contains("namespace: pointsman\n") && moved.contains("kind: Namespace\n"), "{moved}");
    assert!(moved.contains("  name: elsewhere\n"), "the namespace itself is called so: {moved}");
}
