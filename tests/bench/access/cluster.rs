//! A Kubernetes API server on an etcd, as one who knows tokens: with an account that may read `/metrics`, its tokens, and what the
//! server itself counted of questions about them. Knows nothing of who asks it.

use crate::server::tool;
use anyhow::{Context, Result, bail, ensure};
use http::{Method, Request};
use serde_json::{Value, json};
use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// It takes seconds.
const START: Duration = Duration::from_secs(90);
/// Whom tokens are for.
pub(super) const AUDIENCE: &str = "pointsman";
/// Questions that are asked of it because of somebody who comes.
const QUESTIONS: [&str; 2] = ["tokenreviews", "subjectaccessreviews"];

/// Both servers, which end with this value, or with the process, however that ends.
pub(super) struct Cluster {
    folder: TempDir,
    supervisor: Child,
    runtime: Runtime,
    client: kube::Client,
}

impl Cluster {
    /// Starts both, and makes the account.
    pub(super) fn start() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let addresses = free()?;
        let key = rcgen::KeyPair::generate()?;
        fs::write(folder.path().join("sa.key"), key.serialize_pem())?;
        fs::write(folder.path().join("sa.pub"), key.public_key_pem())?;
        fs::write(folder.path().join("tokens.csv"), "admin-token,admin,admin-uid,\"system:masters\"\n")?;
        let supervisor = supervise(folder.path(), addresses)?;
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let began = Instant::now();
        let client = loop {
            // The certificate is written first: until then no kubeconfig can be read.
            match runtime.block_on(connect(folder.path(), addresses[2])) {
                Ok(client) => break client,
                Err(error) if began.elapsed() > START => {
                    let log = fs::read_to_string(folder.path().join("kube-apiserver.log")).unwrap_or_default();
                    let tail: Vec<&str> = log.lines().rev().take(5).collect();
                    bail!("no API server within {} s: {error:#}: {tail:?}", START.as_secs());
                }
                Err(_) => thread::sleep(Duration::from_millis(300)),
            }
        };
        let this = Self { folder, supervisor, runtime, client };
        this.make_account()?;
        Ok(this)
    }

    /// For a server that asks this one.
    pub(super) fn flags(&self) -> Vec<String> {
        let file = self.folder.path().join("kubeconfig").display().to_string();
        ["--kubeconfig", &file, "--auth-token-audiences", AUDIENCE].map(str::to_owned).to_vec()
    }

    /// A token of the account that may read `/metrics`.
    pub(super) fn token(&self) -> Result<String> {
        let spec = json!({"spec": {"audiences": [AUDIENCE], "expirationSeconds": 7200}});
        let answer = self.create("/api/v1/namespaces/default/serviceaccounts/scraper/token", &spec)?;
        let answer: Value = serde_json::from_str(&answer)?;
        Ok(answer["status"]["token"].as_str().context("there is a token")?.to_owned())
    }

    /// How many questions about tokens and rights it was asked so far, by its own count.
    pub(super) fn questions(&self) -> Result<f64> {
        let text = self.call(Method::GET, "/metrics", Vec::new())?;
        let is_question = |line: &&str| {
            line.starts_with("apiserver_request_total{")
                && QUESTIONS.iter().any(|of| line.contains(&format!("resource=\"{of}\"")))
        };
        let values = text.lines().filter(is_question).map(|line| line.rsplit(' ').next().unwrap_or_default().parse::<f64>());
        Ok(values.sum::<Result<f64, _>>()?)
    }

    fn make_account(&self) -> Result<()> {
        let role =
            |kind: &str| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": "scraper"}});
        let mut may = role("ClusterRole");
        may["rules"] = json!([{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]);
        let mut who = role("ClusterRoleBinding");
        who["roleRef"] = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "scraper"});
        who["subjects"] = json!([{"kind": "ServiceAccount", "name": "scraper", "namespace": "default"}]);
        let account =
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "scraper", "namespace": "default"}});
        let began = Instant::now();
        // The namespace is made by the server itself, a moment after it is ready.
        while let Err(error) = self.create("/api/v1/namespaces/default/serviceaccounts", &account) {
            ensure!(began.elapsed() < START, error);
            thread::sleep(Duration::from_millis(200));
        }
        self.create("/apis/rbac.authorization.k8s.io/v1/clusterroles", &may)?;
        self.create("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", &who)?;
        Ok(())
    }

    fn create(&self, path: &str, what: &Value) -> Result<String> {
        self.call(Method::POST, path, serde_json::to_vec(what)?)
    }

    fn call(&self, method: Method, path: &str, body: Vec<u8>) -> Result<String> {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json").body(body)?;
        self.runtime.block_on(self.client.request_text(request)).with_context(|| format!("ask the API server for {path}"))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // It ends both servers once nobody can tell it anything; where it has ended, so have they.
        drop(self.supervisor.stdin.take());
        self.supervisor.wait().ok();
    }
}

/// A client of the administrator, once the server is ready.
async fn connect(folder: &Path, server: SocketAddr) -> Result<kube::Client> {
    let (ca, path): (PathBuf, PathBuf) = (folder.join("pki/apiserver.crt"), folder.join("kubeconfig"));
    fs::write(
        &path,
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: bench\n\
             clusters: [{{name: bench, cluster: {{server: 'https://{server}', certificate-authority: {ca:?}}}}}]\n\
             users: [{{name: bench, user: {{token: admin-token}}}}]\n\
             contexts: [{{name: bench, context: {{cluster: bench, user: bench}}}}]\n"
        ),
    )?;
    let client = pointsman::kubernetes::connect::client(Some(&path)).await?;
    client.request_text(Request::get("/readyz").body(Vec::new())?).await.context("ask whether it is ready")?;
    Ok(client)
}

/// A shell that starts both servers, and ends both once its standard input is closed.
fn supervise(folder: &Path, [etcd, peer, server]: [SocketAddr; 3]) -> Result<Child> {
    let (etcd_program, server_program) = (tool("etcd")?, tool("kube-apiserver")?);
    let script = format!(
        "trap : INT HUP TERM\n\
         '{}' --data-dir=etcd --listen-client-urls=http://{etcd} --advertise-client-urls=http://{etcd} \
         --listen-peer-urls=http://{peer} --initial-advertise-peer-urls=http://{peer} --initial-cluster=default=http://{peer} \
         --unsafe-no-fsync=true >etcd.log 2>&1 </dev/null & etcd=$!\n\
         '{}' --etcd-servers=http://{etcd} --secure-port={} --bind-address=127.0.0.1 --advertise-address=127.0.0.1 \
         --external-hostname=127.0.0.1 --cert-dir=pki --service-account-issuer=https://kubernetes.default.svc \
         --service-account-key-file=sa.pub --service-account-signing-key-file=sa.key --service-cluster-ip-range=10.0.0.0/24 \
         --authorization-mode=RBAC --token-auth-file=tokens.csv \
         --disable-admission-plugins=ServiceAccount,TaintNodesByCondition >kube-apiserver.log 2>&1 </dev/null & server=$!\n\
         while read -r _; do :; done\nkill -9 $etcd $server\nwait\n",
        etcd_program.display(),
        server_program.display(),
        server.port()
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &script]).current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    shell.spawn().context("start a shell for etcd and the API server")
}

fn free() -> Result<[SocketAddr; 3]> {
    let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let held = [bind()?, bind()?, bind()?];
    Ok([held[0].local_addr()?, held[1].local_addr()?, held[2].local_addr()?])
}
