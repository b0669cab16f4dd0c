//! The guide from a proxy to pointsman, block by block as it stands there, against a real API server that has what the Machine
//! Config Operator applies. There is no kubelet: the process that the workload would run is started from what the cluster says
//! of it, and nothing is forwarded to its port.

use super::{cluster::Cluster, peers::tool};
use crate::{convert::folder as fixtures, support::Pointsman, tls::client::Authority};
use serde_json::Value;
use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
};

const NAMESPACE: &str = "openshift-machine-config-operator";
const MONITORS: &str = "
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: servicemonitors.monitoring.coreos.com}
spec:
  group: monitoring.coreos.com
  scope: Namespaced
  names: {plural: servicemonitors, singular: servicemonitor, kind: ServiceMonitor}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
";

/// The shell blocks under a heading of the guide.
fn blocks(heading: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/docs/migrate-access.md");
    let guide = fs::read_to_string(path).expect("there is a guide");
    let section = guide.split(&format!("\n## {heading}\n")).nth(1).expect("the guide has the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    section.split("```sh\n").skip(1).filter_map(|part| part.split("\n```").next()).map(str::to_owned).collect()
}

/// A folder as the reader has it, what is on the reader's path, and the cluster.
struct Desk {
    cluster: Cluster,
    folder: tempfile::TempDir,
    authority: Authority,
}

impl Desk {
    /// A cluster with what a fixture applies, and the accounts around it.
    fn with(fixture: &str, files: &[&str]) -> Self {
        let (cluster, folder) = (Cluster::start(), tempfile::tempdir().expect("a temporary folder"));
        let desk = Self { cluster, folder, authority: Authority::named("service-ca") };
        let at = |name: &str| desk.folder.path().join(name);
        fs::create_dir(at("bin")).expect("the folder is ours");
        symlink(tool("kubectl"), at("bin/kubectl")).expect("a link");
        symlink(env!("CARGO_BIN_EXE_pointsman"), at("bin/pointsman")).expect("a link");
        desk.cluster.apply(MONITORS);
        desk.run("kubectl wait --for=condition=Established --timeout=30s crd/servicemonitors.monitoring.coreos.com");
        for namespace in [NAMESPACE, "openshift-monitoring", "reports"] {
            desk.run(&format!("kubectl create namespace {namespace}"));
        }
        for account in [
            format!("{NAMESPACE} machine-config-controller"),
            format!("{NAMESPACE} machine-config-daemon"),
            "openshift-monitoring prometheus-k8s".to_owned(),
            "reports reporter".to_owned(),
            "reports visitor".to_owned(),
        ] {
            desk.run(&format!("kubectl create serviceaccount -n {account}"));
        }
        desk.run(&format!(
            "kubectl create clusterrolebinding ask --clusterrole=system:auth-delegator \
             --serviceaccount={NAMESPACE}:machine-config-controller --serviceaccount={NAMESPACE}:machine-config-daemon"
        ));
        fs::write(at("ca"), desk.authority.pem()).expect("the folder is ours");
        desk.run(&format!("kubectl -n {NAMESPACE} create configmap openshift-service-ca.crt --from-file=service-ca.crt=ca"));
        for file in files {
            desk.run(&format!("kubectl apply -f {}", fixtures().join(fixture).join(file).display()));
        }
        desk
    }

    /// Runs a block as it stands; it has to succeed.
    fn run(&self, block: &str) -> String {
        let path = std::env::var("PATH").unwrap_or_default();
        let out = Command::new("sh")
            .args(["-ec", block])
            .current_dir(self.folder.path())
            .env("PATH", format!("{}:{path}", self.folder.path().join("bin").display()))
            .env("KUBECONFIG", self.cluster.kubeconfig("admin"))
            .env("HOME", self.folder.path())
            .env("NO_PROXY", "127.0.0.1,localhost,.svc")
            .env("no_proxy", "127.0.0.1,localhost,.svc")
            .stdin(Stdio::null())
            .output()
            .expect("sh starts");
        let [stdout, stderr] = [out.stdout, out.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(out.status.success(), "{block}: {stdout}{stderr}");
        stdout
    }

    /// An object as the cluster has it.
    fn get(&self, what: &str) -> Value {
        let text = self.run(&format!("kubectl -n {NAMESPACE} get {what} -o json"));
        serde_json::from_str(&text).expect("kubectl prints JSON")
    }

    /// What the kubelet would run in the container of this name, with the files that it would mount.
    fn deployed(&self, workload: &str, container: &str, map: &str) -> Pointsman {
        let object = self.get(workload);
        let own = part(&object["spec"]["template"]["spec"]["containers"], container);
        assert!(own["image"].as_str().is_some_and(|image| image.contains("/pointsman:")), "{own}");
        let file = self.get(map)["data"]["config-file.yaml"].as_str().map(str::to_owned).expect("there is a file of rules");
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        fs::write(at("rules.yaml"), file).expect("the folder is ours");
        let service = workload.rsplit('/').next().unwrap_or_default();
        self.authority.pair_for(&format!("{service}.{NAMESPACE}.svc")).write(self.folder.path());
        let account = object["spec"]["template"]["spec"]["serviceAccountName"].as_str().unwrap_or_default();
        let token = self.run(&format!("kubectl -n {NAMESPACE} create token {account}"));
        let mut args: Vec<String> = Vec::new();
        for arg in own["args"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let (name, _) = arg.split_once('=').unwrap_or((arg, ""));
            args.push(match name {
                "--secure-listen-address" => format!("{name}=127.0.0.1:0"),
                "--config-file" => format!("{name}={}", at("rules.yaml")),
                "--tls-cert-file" => format!("{name}={}", at("tls.crt")),
                "--tls-private-key-file" => format!("{name}={}", at("tls.key")),
                _ => arg.to_owned(),
            });
        }
        args.extend(["--otlp-grpc=127.0.0.1:0", "--otlp-http=127.0.0.1:0"].map(str::to_owned));
        args.push(format!("--kubeconfig={}", self.cluster.kubeconfig_with_token(account, token.trim()).display()));
        Pointsman::start_as(&args.iter().map(String::as_str).collect::<Vec<_>>(), &[])
    }

    /// Runs a block that asks a forwarded port: the process itself is asked, under the same name.
    fn ask(&self, block: &str, pointsman: &Pointsman) -> String {
        let (forwards, rest): (Vec<&str>, Vec<&str>) = block.lines().partition(|line| line.contains("port-forward"));
        assert!(forwards.len() == 1 && rest.iter().any(|line| line.contains("localhost:9001")), "{block}");
        self.run(&rest.join("\n").replace("localhost:9001", &format!("localhost:{}", pointsman.read.port())))
    }
}

/// The item of a list that has this name.
fn part<'v>(list: &'v Value, name: &str) -> &'v Value {
    let found = list.as_array().and_then(|all| all.iter().find(|one| one["name"] == name));
    found.unwrap_or_else(|| panic!("no {name} in {list}"))
}

/// Scenario: somebody follows the way from kube-rbac-proxy to the letter, scrapes, and goes back.
/// Guarantees: each block succeeds; the API server says that the scraper may, and the scraper may; the ServiceMonitor stays one
/// of the operator's; afterwards the proxy's container has its image and its arguments again.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn the_way_from_kube_rbac_proxy_works_to_the_letter() {
    let desk = Desk::with("mco-krp", &["deployment.yaml", "rest.yaml"]);
    let workload = "deployment/machine-config-controller";
    let containers = |desk: &Desk| desk.get(workload)["spec"]["template"]["spec"]["containers"].clone();
    let before = containers(&desk);
    let blocks = blocks("From kube-rbac-proxy");
    let [take, translate, apply, ask, scrape] = &blocks[..] else { panic!("five blocks: {blocks:?}") };
    for block in [take, translate, apply] {
        desk.run(block);
    }
    assert_eq!(desk.run(ask), "true");
    let monitor = desk.get("servicemonitor/machine-config-controller");
    let endpoint = &monitor["spec"]["endpoints"][0];
    assert_eq!(
        (&endpoint["honorLabels"], &endpoint["relabelings"][0]["targetLabel"]),
        (&true.into(), &"node".into()),
        "{monitor}"
    );
    let pointsman = desk.deployed(workload, "kube-rbac-proxy", "configmap/kube-rbac-proxy");
    assert_eq!(desk.ask(scrape, &pointsman), "200");
    for block in self::blocks("Back to the proxy") {
        desk.run(&block);
    }
    assert_eq!(containers(&desk), before);
}

/// Scenario: somebody follows the way from oauth-proxy to the letter; two accounts had the old right, and one is given the new.
/// Guarantees: each block succeeds; the line names both; the one that was given the right reads, another account does not; of the
/// cookies nothing is left.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn the_way_from_oauth_proxy_works_to_the_letter() {
    let desk = Desk::with("mco-oauth", &["rest.yaml", "daemonset.yaml"]);
    let blocks = blocks("From oauth-proxy");
    let [take, translate, apply, give, remove, scrape] = &blocks[..] else { panic!("six blocks: {blocks:?}") };
    desk.run(take);
    let line = desk.run(translate);
    assert!(line.contains("Group sre, ServiceAccount reports/reporter"), "{line}");
    for block in [apply, give, remove] {
        desk.run(block);
    }
    let pod = desk.get("daemonset/machine-config-daemon")["spec"]["template"]["spec"].clone();
    assert!(!pod.to_string().contains("cookie"), "{pod}");
    assert_eq!(part(&pod["volumes"], "pointsman-access")["configMap"]["name"], "pointsman-access");
    let account = desk.get("serviceaccount/machine-config-daemon");
    let redirect = account["metadata"]["annotations"].get("serviceaccounts.openshift.io/oauth-redirectreference.mcd");
    assert!(account["metadata"]["name"] == "machine-config-daemon" && redirect.is_none(), "{account}");
    let pointsman = desk.deployed("daemonset/machine-config-daemon", "oauth-proxy", "configmap/pointsman-access");
    assert_eq!(desk.ask(scrape, &pointsman), "200 403 ");
}
