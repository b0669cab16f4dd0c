//! The Kubernetes quick start of the README, command by command as it stands there, against a real API server, in both ways to install.
//! There is no kubelet: the process that the Deployment would run is started with the account's token and the flags of TLS.

use super::{cluster::Cluster, peers::tool};
use crate::{
    support::{Pointsman, Reply, wait},
    tls::client::Client,
};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use serde_json::json;
use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Stdio},
};

const NAMESPACE: &str = "openshift-machine-config-operator";

/// The fences of a language under a heading.
pub(super) fn fences<'a>(readme: &'a str, heading: &str, language: &str) -> Vec<&'a str> {
    let section = readme.split(&format!("\n## {heading}\n")).nth(1).expect("the README has the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let open = format!("```{language}\n");
    section.split(&*open).skip(1).filter_map(|part| part.split("\n```").next()).collect()
}

/// A folder as the reader of the README has it, and what is on the reader's path.
pub(super) struct Desk {
    pub(super) cluster: Cluster,
    pub(super) folder: tempfile::TempDir,
}

impl Desk {
    pub(super) fn new(readme: &str) -> Self {
        let (cluster, folder) = (Cluster::bare(), tempfile::tempdir().expect("a temporary folder"));
        let at = |name: &str| folder.path().join(name);
        symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy"), at("deploy")).expect("a link");
        fs::create_dir(at("bin")).expect("the folder is ours");
        for name in ["kubectl", "helm"] {
            symlink(tool(name), at("bin").join(name)).expect("a link");
        }
        symlink(env!("CARGO_BIN_EXE_pointsman"), at("bin/pointsman")).expect("a link");
        fs::write(at("rules.yaml"), "authorization: {}\n").expect("the folder is ours");
        fs::write(at("view.yaml"), fences(readme, "The simplest view", "yaml")[0]).expect("the folder is ours");
        Self { cluster, folder }
    }

    /// Runs one command; it has to succeed.
    pub(super) fn run(&self, command: &str) -> String {
        let path = std::env::var("PATH").unwrap_or_default();
        let out = Command::new("sh")
            .args(["-c", command])
            .current_dir(self.folder.path())
            .env("PATH", format!("{}:{path}", self.folder.path().join("bin").display()))
            .env("KUBECONFIG", self.cluster.kubeconfig("admin"))
            .env("HOME", self.folder.path())
            .env("NO_PROXY", "127.0.0.1")
            .stdin(Stdio::null())
            .output()
            .expect("sh starts");
        let [stdout, stderr] = [out.stdout, out.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        assert!(out.status.success(), "{command}: {stdout}{stderr}");
        stdout
    }

    /// A token of an account, for an audience or for the API server.
    pub(super) fn token(&self, namespace: &str, account: &str, more: &str) -> String {
        self.run(&format!("kubectl -n {namespace} create token {account} {more}")).trim().to_owned()
    }

    /// What the kubelet would run, with the rights of its account. On loopback nobody would be asked who comes: two flags have
    /// it as it is where others can reach it.
    fn deployed(&self) -> Pointsman {
        let token = self.run("kubectl -n pointsman create token pointsman");
        let kubeconfig = self.cluster.kubeconfig_with_token("pointsman", token.trim());
        let at = |name: &str| self.folder.path().join(name).display().to_string();
        let kubeconfig = kubeconfig.display().to_string();
        Pointsman::start(&[
            "--kubeconfig",
            &kubeconfig,
            "--tls-cert-file",
            &at("tls.crt"),
            "--tls-private-key-file",
            &at("tls.key"),
            "--state-dir",
            &at("state"),
            "--config-file",
            &at("rules.yaml"),
            "--otlp-token-audiences=pointsman",
        ])
    }
}

/// One exchange of somebody who shows a token.
pub(super) fn says(client: &Client, to: SocketAddr, (method, path, token): (&str, &str, &str), body: &str) -> Reply {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n\
         authorization: Bearer {token}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    client.says(to, format!("{head}{body}").as_bytes()).expect("an answer")
}

/// What a daemon pushes: one metric that the view lists, and one that it does not.
fn push(client: &Client, pointsman: &Pointsman, token: &str) {
    let gauge =
        |name: &str| json!({"name": name, "gauge": {"dataPoints": [{"timeUnixNano": "1767261600000000000", "asInt": "1"}]}});
    let attributes = [("k8s.namespace.name", NAMESPACE), ("service.name", "machine-config-daemon"), ("service.instance.id", "a")];
    let attributes = attributes.map(|(key, value)| json!({"key": key, "value": {"stringValue": value}}));
    let scope = json!({"scope": {"name": "s"}, "metrics": [gauge("mcd_state"), gauge("mcd_update_state")]});
    let body = json!({"resourceMetrics": [{"resource": {"attributes": attributes}, "scopeMetrics": [scope]}]});
    let reply = says(client, pointsman.http, ("POST", "/v1/metrics", token), &body.to_string());
    assert_eq!(reply.status, 200, "{}", reply.text());
}

/// Scenario: somebody follows the README to the letter, and installs with kustomize. Guarantees: each command succeeds in its order;
/// only what the view lists is scraped; `get` and `explain` say so, and the last command undoes it.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn the_quick_start_works_to_the_letter() {
    follow_the_readme(|[kustomize, _]| kustomize);
}

/// Scenario: somebody follows the README to the letter, and installs with Helm. Guarantees: as with kustomize.
#[test]
#[ignore = "needs kube-apiserver, kubectl, helm and etcd: run bash tests/run.sh"]
fn the_quick_start_works_with_helm() {
    follow_the_readme(|[_, helm]| helm);
}

fn follow_the_readme(way: impl FnOnce([&str; 2]) -> &str) {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("there is a README");
    let desk = Desk::new(&readme);
    let [prepare, kustomize, helm, apply, explain] = fences(&readme, "Kubernetes quick start", "sh")[..] else {
        panic!("five fences")
    };
    prepare.lines().chain(way([kustomize, helm]).lines()).for_each(|command| drop(desk.run(command)));
    desk.run(&format!("kubectl create namespace {NAMESPACE}"));
    let pointsman = desk.deployed();
    let certificate = CertificateDer::from_pem_file(desk.folder.path().join("tls.crt")).expect("a certificate");
    let client = Client::trusting(certificate, &["http/1.1"]);
    wait("readiness", || {
        let reply = client.http(pointsman.read, "GET", "/readyz", "").ok()?;
        (reply.status == 200).then_some(())
    });
    desk.run(&format!("kubectl -n {NAMESPACE} create serviceaccount machine-config-daemon"));
    desk.run("kubectl -n default create serviceaccount scraper");
    desk.run("kubectl create clusterrolebinding scraper --clusterrole=pointsman-metrics-reader --serviceaccount=default:scraper");
    let sends = desk.token(NAMESPACE, "machine-config-daemon", "--audience pointsman");
    let scrapes = desk.token("default", "scraper", "");
    let scraped = |name: &str| {
        push(&client, &pointsman, &sends);
        let page = says(&client, pointsman.read, ("GET", "/metrics", &scrapes), "");
        assert_eq!(page.status, 200, "{}", page.text());
        page.text().lines().any(|line| line.starts_with(&format!("{name}{{")))
    };
    assert!(scraped("mcd_state") && scraped("mcd_update_state"), "no view yet");

    let shown: Vec<String> = apply.lines().map(|command| desk.run(command)).collect();
    assert!(shown.last().is_some_and(|shown| shown.contains("pool-health")), "{shown:?}");
    assert!(scraped("mcd_state") && !scraped("mcd_update_state"), "the view is obeyed");
    wait("the component", || desk.run(apply.lines().last()?).contains("machine-config-daemon").then_some(()));

    let mut commands = explain.lines();
    commands.by_ref().take(3).for_each(|command| drop(desk.run(command)));
    assert!(commands.next().is_some_and(|command| command.contains("port-forward")), "{explain}");
    let asked = commands.next().expect("a command").replace("localhost:9464", &format!("localhost:{}", pointsman.read.port()));
    let said = desk.run(&asked);
    assert!(said.contains("OFF") && said.contains("pool-health") && said.contains("undo         kubectl"), "{said}");
    desk.run(commands.next().expect("a last command"));
    wait("the view to be undone", || scraped("mcd_update_state").then_some(()));
}
