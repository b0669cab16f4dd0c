//! Every way to install, on a real API server: schemas know each object, the server takes it without a warning, its pods fit the restricted
//! standard, and the controller comes up with the rights that came along. No kubelet: the process that a Deployment would run is started here.

use super::{
    cluster::Cluster,
    quickstart::{Desk, fences, says},
    rendered::{built, chart, chart_of, objects, overlay, ran, with},
};
use crate::{
    deploy::{EXAMPLES, folder},
    support::{Pointsman, run, wait},
    tls::client::Authority,
};
use serde_json::{Value, json};
use std::{fs, path::Path};

/// The version whose schemas judge; that of the API server.
const KUBERNETES: &str = "1.34";
/// Kinds of others, of which no schema is published with Kubernetes.
const OF_OTHERS: [&str; 3] = ["ServiceMonitor", "PrometheusRule", "ClusterServiceVersion"];
/// Where the operator lives that is watched, and where the platform's dashboards are read.
const NAMESPACES: [&str; 2] = ["openshift-machine-config-operator", "openshift-config-managed"];

/// Every manifest that a user can apply: what it is, and its text.
fn manifests() -> Vec<(String, String)> {
    let mut all = vec![
        ("base".to_owned(), overlay("base")),
        ("overlays/kind".to_owned(), overlay("overlays/kind")),
        ("overlays/openshift".to_owned(), overlay("overlays/openshift")),
    ];
    let components = [
        "standby",
        "guard-override",
        "guard-label",
        "plan-files",
        "tls-profile",
        "watch",
        "watch-legacy",
        "watch-secrets",
        "watch-scrape",
    ];
    all.push(("all components".to_owned(), with(&components, "")));
    for (name, namespace) in EXAMPLES {
        let text = if name == "default" { chart(namespace, &[]).expect("it renders") } else { chart_of(namespace, name) };
        all.push((format!("chart, {name}"), text));
    }
    all
}

/// What another's validator, which refuses unknown fields, says of a stream of YAML.
fn judged(text: &str) -> (bool, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("manifest.yaml");
    fs::write(&path, text).expect("the folder takes files");
    let path = path.display().to_string();
    let (ok, stdout, stderr) = ran("python", &["-m", "kubernetes_validate", "-k", KUBERNETES, "--strict", "--quiet", &path]);
    (ok, stdout + &stderr)
}

/// Scenario: every rendered manifest, custom resources and the bundle; then manifests with a misspelt field, a wrong type and a missing part.
/// Guarantees: the published schemas know every object and every field of it, but for kinds of others, which are named; each fault is found.
#[test]
#[ignore = "needs helm, kustomize and Python packages: run bash tests/run.sh"]
fn schemas_know_every_field() {
    let mut all = manifests();
    for place in ["crds", "bundle/manifests"] {
        let text: Vec<String> = fs::read_dir(folder().join(place))
            .expect("it lists")
            .map(|entry| fs::read_to_string(entry.expect("an entry").path()).expect("text"))
            .collect();
        all.push((place.to_owned(), text.join("\n---\n")));
    }
    for (name, text) in &all {
        let (ok, said) = judged(text);
        let complaints: Vec<&str> = said
            .lines()
            .filter(|line| {
                !line.trim().is_empty() && !OF_OTHERS.iter().any(|kind| line.contains(&format!("schema for kind {kind} ")))
            })
            .collect();
        assert!(ok && complaints.is_empty(), "{name}: {complaints:#?}");
    }
    let base = overlay("base");
    for (is, becomes) in [
        ("replicas: 1", "replica: 1"),
        ("replicas: 1", "replicas: one"),
        ("        readOnlyRootFilesystem: true", "        readOnlyRootFileSystem: true"),
        ("containerPort: 4317", "containerPort: grpc"),
        ("  selector:\n    matchLabels:", "  selektor:\n    matchLabels:"),
    ] {
        assert!(base.contains(is.trim_start()), "{is}");
        let (ok, said) = judged(&base.replacen(is.trim_start(), becomes.trim_start(), 1));
        assert!(!ok, "{becomes}: {said}");
    }
}

/// Scenario: the schema of the chart's values, the values and all examples. Guarantees: it is a schema, by the word of another's checker,
/// and they fit it.
#[test]
#[ignore = "needs Python packages: run bash tests/run.sh"]
fn the_schema_of_values_is_one() {
    let at = |name: &str| folder().join("chart").join(name).display().to_string();
    let (ok, said, complaints) = ran("python", &["-m", "check_jsonschema", "--check-metaschema", &at("values.schema.json")]);
    assert!(ok, "{said}{complaints}");
    let files = [at("values.yaml"), at("examples/kind.yaml"), at("examples/openshift.yaml"), at("examples/standby.yaml")];
    for file in &files {
        let (ok, said, complaints) = ran("python", &["-m", "check_jsonschema", "--schemafile", &at("values.schema.json"), file]);
        assert!(ok, "{file}: {said}{complaints}");
    }
}

/// Scenario: no clone is there: each way to install is exported from the binary, and rendered where it was written.
/// Guarantees: nothing is missing; the result is that of the repository.
#[test]
#[ignore = "needs helm and kustomize: run bash tests/run.sh"]
fn what_is_exported_renders() {
    let place = tempfile::tempdir().expect("a folder");
    let to = |flavour: &str| place.path().join(flavour);
    for flavour in ["kustomize", "openshift", "helm"] {
        let (code, _, err) = run(&["assets", "export", "--flavour", flavour, "--to", &to(flavour).display().to_string()], &[]);
        assert_eq!((code, err.as_str()), (0, ""), "{flavour}");
    }
    assert_eq!(built(&to("openshift").join("deploy/overlays/openshift")), overlay("overlays/openshift"));
    for name in ["base", "overlays/kind", "overlays/openshift"] {
        assert_eq!(built(&to("kustomize").join("deploy").join(name)), overlay(name));
    }
    let exported = to("helm").join("deploy/chart").display().to_string();
    let (ok, text, complaints) = ran("helm", &["template", "pointsman", &exported, "--namespace", "pointsman"]);
    assert!(ok, "{complaints}");
    assert_eq!(Ok(text), chart("pointsman", &[]));
}

/// A server with everything that manifests of ours build upon.
fn platform() -> Cluster {
    let cluster = Cluster::start();
    for file in ["monitoring-crds/crds.yaml", "openshift-crds/apiservers.yaml"] {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(file)).expect("definitions");
        cluster.apply(&text);
    }
    let established = ["wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"];
    cluster.kubectl(&established).expect("establish the definitions");
    wait("discovery to tell the kinds of others", || {
        cluster
            .kubectl(&["api-resources", "--api-group=monitoring.coreos.com", "--cached=false"])
            .stdout
            .contains("ServiceMonitor")
            .then_some(())
    });
    for namespace in NAMESPACES.iter().chain(&["pointsman", "openshift-pointsman"]) {
        cluster.kubectl(&["create", "namespace", namespace]).expect("a namespace");
    }
    cluster
}

/// A pod as the Deployment's controller would make it, in another namespace.
fn pod_of(deployment: &Value, namespace: &str) -> Value {
    let template = &deployment["spec"]["template"];
    let mut metadata = template["metadata"].clone();
    metadata["name"] = json!("tried");
    metadata["namespace"] = json!(namespace);
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
}

/// Scenario: every rendered manifest is applied on the server's side, one after the other; from each Deployment a pod is asked for in a
/// namespace that enforces the restricted standard; then such a pod with one liberty more, in each way.
/// Guarantees: every object is taken, without a warning, and is there; every pod is admitted; each liberty is refused.
#[test]
#[ignore = "needs kube-apiserver, helm, kustomize and etcd: run bash tests/run.sh"]
fn the_server_takes_every_manifest() {
    let cluster = platform();
    cluster.apply(
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: strict, labels: {pod-security.kubernetes.io/enforce: restricted}}\n",
    );
    let create = |pod: &Value| cluster.call("admin", &["create", "--dry-run=server", "-f", "-"], &pod.to_string());
    let apply = ["apply", "--server-side", "--force-conflicts", "--validate=strict", "-o", "name", "-f", "-"];
    let mut sample = Value::Null;
    for (name, text) in manifests() {
        let applied = cluster.call("admin", &apply, &text);
        assert!(applied.ok && applied.stderr.is_empty(), "{name}: {applied:?}");
        assert_eq!(applied.stdout.lines().count(), objects(&text).len(), "{name}");
        for deployment in objects(&text).iter().filter(|object| object["kind"] == "Deployment") {
            let admitted = create(&pod_of(deployment, "strict"));
            assert!(admitted.ok && admitted.stderr.is_empty(), "{name}: {}: {admitted:?}", deployment["metadata"]["name"]);
            sample = pod_of(deployment, "strict");
        }
    }
    for (path, value) in [
        ("/spec/securityContext/runAsNonRoot", json!(false)),
        ("/spec/securityContext/seccompProfile/type", json!("Unconfined")),
        ("/spec/containers/0/securityContext/allowPrivilegeEscalation", json!(true)),
        ("/spec/containers/0/securityContext/capabilities/drop", json!([])),
        ("/spec/containers/0/securityContext/capabilities", json!({"add": ["NET_ADMIN"], "drop": ["ALL"]})),
        ("/spec/volumes/0", json!({"name": sample["spec"]["volumes"][0]["name"], "hostPath": {"path": "/"}})),
    ] {
        let mut freer = sample.clone();
        *freer.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value;
        let refused = create(&freer);
        assert!(!refused.ok && refused.stderr.contains("violates PodSecurity \"restricted"), "{path}: {refused:?}");
    }
}

/// Scenario: the manual of the manifests, followed on a server that stands for OpenShift; the controller is started with the arguments of
/// the Deployment and its account's token, where the pod would be.
/// Guarantees: every command succeeds; it becomes ready and holds its Leases in the overlay's namespace; the platform's scraper reads the
/// metrics, and no other account does.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn the_controller_comes_up_on_openshift() {
    let manual = fs::read_to_string(folder().join("README.md")).expect("the manual");
    let desk = Desk::new(&fs::read_to_string(folder().join("../README.md")).expect("there is a README"));
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for file in ["monitoring-crds/crds.yaml", "openshift-crds/apiservers.yaml"] {
        desk.run(&format!("kubectl apply -f {}", data.join(file).display()));
    }
    desk.run("kubectl wait --for=condition=Established --timeout=30s crd --all");
    NAMESPACES.iter().for_each(|name| drop(desk.run(&format!("kubectl create namespace {name}"))));
    let profile = "apiVersion: config.openshift.io/v1\nkind: APIServer\nmetadata: {name: cluster}\nspec: {}\n";
    fs::write(desk.folder.path().join("profile.yaml"), profile).expect("the folder is ours");
    wait("discovery", || desk.run("kubectl api-resources --cached=false").contains("ServiceMonitor").then_some(()));
    desk.run("kubectl apply -f profile.yaml");
    let [install] = fences(&manual, "On OpenShift", "sh")[..] else { panic!("one fence") };
    install.lines().for_each(|command| drop(desk.run(command)));

    let namespace = "openshift-pointsman";
    let deployment: Value =
        serde_json::from_str(&desk.run(&format!("kubectl -n {namespace} get deployment pointsman -o json"))).expect("JSON");
    let authority = Authority::named("service-ca");
    authority.pair().write(desk.folder.path());
    let pointsman = started(&desk, &deployment, namespace);
    let client = authority.client(&["http/1.1"]);
    wait("readiness", || (client.http(pointsman.read, "GET", "/readyz", "").ok()?.status == 200).then_some(()));
    let leases = format!("kubectl -n {namespace} get leases -o name");
    wait("the Leases", || (desk.run(&leases).lines().count() == 2).then_some(()));

    desk.run("kubectl create namespace openshift-monitoring");
    let status = |account: &str| {
        desk.run(&format!("kubectl -n openshift-monitoring create serviceaccount {account}"));
        let token = desk.token("openshift-monitoring", account, "");
        says(&client, pointsman.read, ("GET", "/metrics", &token), "").status
    };
    assert_eq!((status("prometheus-k8s"), status("other")), (200, 403));
}

/// The process of a Deployment's pod: its arguments, but for ports, files and folder, which are ours here, and its account's token.
fn started(desk: &Desk, deployment: &Value, namespace: &str) -> Pointsman {
    let pod = &deployment["spec"]["template"]["spec"];
    let token = desk.token(namespace, pod["serviceAccountName"].as_str().expect("an account"), "");
    let kubeconfig = desk.cluster.kubeconfig_with_token("openshift-pointsman", &token).display().to_string();
    let at = |name: &str| desk.folder.path().join(name).display().to_string();
    let ours = |arg: &str| match arg.split_once('=') {
        Some(("--otlp-grpc" | "--otlp-http" | "--listen", _)) => {
            format!("{}=127.0.0.1:0", arg.split('=').next().unwrap_or_default())
        }
        Some(("--tls-cert-file", _)) => format!("--tls-cert-file={}", at("tls.crt")),
        Some(("--tls-private-key-file", _)) => format!("--tls-private-key-file={}", at("tls.key")),
        Some(("--state-dir", _)) => format!("--state-dir={}", at("state")),
        _ => arg.to_owned(),
    };
    let args = pod["containers"][0]["args"].as_array().expect("arguments");
    let mut args: Vec<String> = args.iter().filter_map(Value::as_str).map(ours).collect();
    assert!(args.iter().any(|arg| arg == "--tls-profile=cluster"), "{args:?}");
    // On loopback nobody would be asked who comes.
    args.extend(["--kubeconfig".to_owned(), kubeconfig, "--config-file".to_owned(), at("rules.yaml")]);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    Pointsman::start_as(&args, &[("POINTSMAN_POD", &format!("{namespace}/pointsman-0"))])
}

/// Scenario: the manual's way for kind, after the certificate of the quick start. Guarantees: every command succeeds, and the Service of
/// the nodes has the ports that the manual says.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn the_overlay_for_kind_installs() {
    let manual = fs::read_to_string(folder().join("README.md")).expect("the manual");
    let readme = fs::read_to_string(folder().join("../README.md")).expect("there is a README");
    let desk = Desk::new(&readme);
    fences(&readme, "Kubernetes quick start", "sh")[0].lines().for_each(|command| drop(desk.run(command)));
    let [load, install] = fences(&manual, "On one machine", "sh")[..] else { panic!("two fences") };
    assert!(
        load.lines().all(|line| line.starts_with("podman ") || line.starts_with("kind ")),
        "no cluster is needed for these: {load}"
    );
    install.lines().for_each(|command| drop(desk.run(command)));
    let ports = desk.run("kubectl -n pointsman get service pointsman-nodes -o jsonpath='{.spec.ports[*].nodePort}'");
    assert_eq!(ports, "30417 30418 30464");
    for port in ports.split(' ') {
        assert!(manual.contains(&format!("`{port}`")), "{port}");
    }
}

/// Scenario: who installed with kustomize goes over to Helm, as UPGRADING says, and upgrades. Guarantees: every command succeeds; the release
/// has every object, and the Deployment is the same one as before.
#[test]
#[ignore = "needs kube-apiserver, kubectl, helm and etcd: run bash tests/run.sh"]
fn from_kustomize_to_helm_nothing_is_made_anew() {
    let readme = fs::read_to_string(folder().join("../README.md")).expect("there is a README");
    let upgrading = fs::read_to_string(folder().join("chart/UPGRADING.md")).expect("there is an UPGRADING");
    let desk = Desk::new(&readme);
    let quick = fences(&readme, "Kubernetes quick start", "sh");
    quick[0].lines().chain(quick[1].lines()).for_each(|command| drop(desk.run(command)));
    let uid = || desk.run("kubectl -n pointsman get deployment pointsman -o jsonpath='{.metadata.uid}'");
    let before = uid();
    let [take_over] = fences(&upgrading, "0.1.0", "sh")[..] else { panic!("one fence") };
    desk.run(take_over);
    let upgrade = upgrading.split("```sh\n").nth(1).and_then(|part| part.split("\n```").next()).expect("a fence");
    upgrade.lines().for_each(|command| drop(desk.run(command)));
    assert_eq!(uid(), before);
    let release = desk.run("helm -n pointsman status pointsman");
    assert!(release.contains("STATUS: deployed") && release.contains("REVISION: 2"), "{release}");
    assert!(release.contains("Nobody may scrape port 9464 yet"), "{release}");
}
