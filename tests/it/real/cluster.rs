//! One real Kubernetes API server on a real etcd for the whole test binary, with our CRDs, its users and kubectl; and servers
//! of their own for tests whose controller writes to every namespace, or whose server goes away.
//! There are no controllers and no kubelets: a test writes the objects it needs into a namespace of its own.
//! Knows nothing of what our CRDs say.
#![allow(dead_code, reason = "a shared box of tools: not every build of the tests uses every one")]

use super::peers::{free, tool};
use crate::support::{http, now, wait};
use serde_json::Value;
use std::{
    fs,
    io::{Read, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// Starting the server takes seconds; a machine that builds something else beside it takes its time.
const START: Duration = Duration::from_secs(90);
/// No call of kubectl takes longer.
const CALL: Duration = Duration::from_secs(60);

/// Users by name, with the groups that the server takes them for; each one's token is `NAME-token`.
const USERS: [(&str, &str); 5] =
    [("admin", "system:masters"), ("editor", "editors"), ("viewer", "viewers"), ("controller", "controllers"), ("nobody", "")];

/// A running API server.
pub(crate) struct Cluster {
    /// `https://127.0.0.1:…`
    pub(crate) url: String,
    /// The certificate authority of the server.
    pub(crate) ca: PathBuf,
    folder: PathBuf,
    etcd: SocketAddr,
    namespaces: AtomicUsize,
    /// Takes `stop`, `start`, `pause` and `resume`, a word a line. The servers and their folder go when it closes: with this value, or with the
    /// process, however that ends.
    supervisor: Mutex<ChildStdin>,
}

/// What a call of kubectl left.
#[derive(Debug)]
pub(crate) struct Output {
    /// Whether it ended with 0.
    pub(crate) ok: bool,
    /// Its standard output.
    pub(crate) stdout: String,
    /// What it complained of.
    pub(crate) stderr: String,
}

impl Output {
    /// The standard output of a call that has to succeed.
    #[track_caller]
    pub(crate) fn expect(self, why: &str) -> String {
        assert!(self.ok, "{why}: {}{}", self.stdout, self.stderr);
        self.stdout
    }
}

/// The server of this test binary; the first to ask starts it.
pub(crate) fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(Cluster::start)
}

impl Cluster {
    /// Starts a server with our CRDs. It ends with this value.
    pub(crate) fn start() -> Self {
        let this = Self::bare();
        this.install();
        this
    }

    /// Starts a server that knows nothing of us. It ends with this value.
    pub(crate) fn bare() -> Self {
        let folder = tempfile::Builder::new().prefix("pointsman-cluster-").tempdir().expect("a folder can be made").keep();
        let [etcd, peer, server] = free::<3>();
        write_keys(&folder);
        let supervisor = Mutex::new(start_servers(&folder, &server_commands(&folder, etcd, peer, server)));
        let ca = folder.join("pki/apiserver.crt");
        let this = Self { url: format!("https://{server}"), ca, folder, etcd, namespaces: AtomicUsize::new(0), supervisor };
        this.wait_until_ready();
        this
    }

    fn wait_until_ready(&self) {
        let deadline = now() + START;
        // The certificate is written first: until then no kubeconfig can be read.
        while !(self.ca.exists() && self.kubectl(&["get", "--raw", "/readyz", "--request-timeout=5s"]).ok) {
            assert!(now() < deadline, "no API server in time: {}", self.logs());
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// Kills the API server; what it stored stays.
    pub(crate) fn take_away(&self) {
        self.order("stop");
        let deadline = now() + CALL;
        while self.kubectl(&["get", "--raw", "/livez", "--request-timeout=1s"]).ok {
            assert!(now() < deadline, "the API server does not end: {}", self.logs());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Starts the API server again, and waits until it is ready.
    pub(crate) fn bring_back(&self) {
        self.order("start");
        self.wait_until_ready();
    }

    /// Holds the API server: it takes connections, as its kernel does, and says nothing.
    pub(crate) fn pause(&self) {
        self.order("pause");
        let deadline = now() + CALL;
        while self.kubectl(&["get", "--raw", "/livez", "--request-timeout=1s"]).ok {
            assert!(now() < deadline, "the API server goes on: {}", self.logs());
        }
    }

    /// Lets the API server go on.
    pub(crate) fn resume(&self) {
        self.order("resume");
        self.wait_until_ready();
    }

    /// Calls etcd itself, behind the API server's back.
    pub(crate) fn etcd(&self, path: &str, body: &Value) -> Value {
        let reply = http(self.etcd, "POST", path, &[("content-type", "application/json")], body.to_string().as_bytes());
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply.json()
    }

    fn order(&self, word: &str) {
        let mut supervisor = self.supervisor.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(supervisor, "{word}").and_then(|()| supervisor.flush()).expect("the supervisor reads");
    }

    /// Our CRDs, as a user applies them.
    fn install(&self) {
        let crds = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/crds");
        let crds = crds.to_str().expect("the path is text");
        self.kubectl(&["apply", "--server-side", "-f", crds]).expect("apply the CRDs");
        self.kubectl(&["wait", "--for=condition=Established", "--timeout=30s", "-f", crds]).expect("establish the CRDs");
        // Established says that they are served; kubectl finds short names only once discovery tells them.
        wait("discovery to tell our kinds", || {
            let told = self.kubectl(&["api-resources", "--api-group=pointsman.dev", "--cached=false", "--no-headers"]);
            (told.stdout.lines().count() == 4).then_some(())
        });
    }

    /// A kubeconfig file for one of the users: admin, editor, viewer, controller, nobody.
    pub(crate) fn kubeconfig(&self, user: &str) -> PathBuf {
        assert!(USERS.iter().any(|(name, _)| *name == user), "no user {user}");
        self.kubeconfig_with_token(user, &format!("{user}-token"))
    }

    /// A kubeconfig file for any token, such as a service account's, under a name of its own.
    pub(crate) fn kubeconfig_with_token(&self, name: &str, token: &str) -> PathBuf {
        let path = self.folder.join(format!("{name}.kubeconfig"));
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: it\n\
             clusters: [{{name: it, cluster: {{server: {:?}, certificate-authority: {:?}}}}}]\n\
             users: [{{name: it, user: {{token: {token:?}}}}}]\n\
             contexts: [{{name: it, context: {{cluster: it, user: it}}}}]\n",
            self.url, self.ca
        );
        // Written beside and moved, because another test may be reading it.
        let fresh = tempfile::NamedTempFile::new_in(&self.folder).expect("a file can be made");
        fs::write(fresh.path(), text).expect("the folder is there");
        fresh.persist(&path).expect("a file can be moved");
        path
    }

    /// Runs kubectl as the administrator.
    pub(crate) fn kubectl(&self, args: &[&str]) -> Output {
        self.call("admin", args, "")
    }

    /// Runs kubectl as one of the users.
    pub(crate) fn kubectl_as(&self, user: &str, args: &[&str]) -> Output {
        self.call(user, args, "")
    }

    /// Runs kubectl as one of the users, with a text as its standard input: for `apply -f -`.
    pub(crate) fn call(&self, user: &str, args: &[&str], stdin: &str) -> Output {
        let config = self.kubeconfig(user);
        let mut child = Command::new(tool("kubectl"))
            .arg("--kubeconfig")
            .arg(config)
            .arg("--cache-dir")
            .arg(self.folder.join("cache"))
            .args(args)
            .env("HOME", &self.folder)
            .env("NO_PROXY", "127.0.0.1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kubectl starts");
        let mut input = child.stdin.take().expect("stdin is piped");
        let text = stdin.to_owned();
        // It may end without reading.
        let writer = thread::spawn(move || input.write_all(text.as_bytes()).ok());
        let readers = (drain(child.stdout.take()), drain(child.stderr.take()));
        let deadline = now() + CALL;
        let status = loop {
            if let Some(status) = child.try_wait().expect("the process can be asked") {
                break status;
            }
            if now() > deadline {
                child.kill().ok();
                panic!("kubectl {args:?} did not end in time");
            }
            thread::sleep(Duration::from_millis(5));
        };
        writer.join().expect("the writer ends");
        let [stdout, stderr] = [readers.0, readers.1].map(|reader| reader.join().expect("the reader ends"));
        Output { ok: status.success(), stdout, stderr }
    }

    /// Applies objects as the administrator; has to succeed.
    #[track_caller]
    pub(crate) fn apply(&self, yaml: &str) -> String {
        self.call("admin", &["apply", "-f", "-"], yaml).expect("apply")
    }

    /// A namespace that no other test has.
    pub(crate) fn namespace(&self, prefix: &str) -> String {
        let name = format!("{prefix}-{}", self.namespaces.fetch_add(1, Ordering::Relaxed));
        self.kubectl(&["create", "namespace", &name]).expect("create a namespace");
        name
    }

    /// A client of the kube crate for one of the users; call it within a runtime.
    pub(crate) async fn client(&self, user: &str) -> kube::Client {
        let config = kube::config::Kubeconfig::read_from(self.kubeconfig(user)).expect("the kubeconfig is good");
        let options = kube::config::KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(config, &options).await.expect("the kubeconfig is good");
        kube::Client::try_from(config).expect("a client can be made")
    }

    /// The private key by which the server signs tokens, in PEM.
    pub(crate) fn signing_key(&self) -> Vec<u8> {
        fs::read(self.folder.join("sa.key")).expect("the key is there")
    }

    /// The last lines of both servers.
    pub(crate) fn logs(&self) -> String {
        let mut all = String::new();
        for name in ["etcd.log", "kube-apiserver.log"] {
            let log = fs::read_to_string(self.folder.join(name)).unwrap_or_default();
            let tail: Vec<&str> = log.lines().rev().take(15).collect();
            all.extend(tail.iter().rev().map(|line| format!("{name}: {line}\n")));
        }
        all
    }
}

/// Reads a pipe to its end beside the program that fills it.
fn drain(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<String> {
    let mut pipe = pipe.expect("the pipe is there");
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).expect("a pipe can be read");
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// The key of service account tokens, and the users.
fn write_keys(folder: &Path) {
    let key = rcgen::KeyPair::generate().expect("a key can be made");
    fs::write(folder.join("sa.key"), key.serialize_pem()).expect("the folder is there");
    fs::write(folder.join("sa.pub"), key.public_key_pem()).expect("the folder is there");
    let lines = USERS.iter().map(|(name, group)| format!("{name}-token,{name},{name}-uid,\"{group}\"\n"));
    fs::write(folder.join("tokens.csv"), lines.collect::<String>()).expect("the folder is there");
}

/// The two commands, etcd first.
fn server_commands(folder: &Path, etcd: SocketAddr, peer: SocketAddr, server: SocketAddr) -> [Vec<String>; 2] {
    let at = |name: &str| folder.join(name).display().to_string();
    let etcd_args = [
        tool("etcd").display().to_string(),
        format!("--data-dir={}", at("etcd")),
        format!("--listen-client-urls=http://{etcd}"),
        format!("--advertise-client-urls=http://{etcd}"),
        format!("--listen-peer-urls=http://{peer}"),
        format!("--initial-advertise-peer-urls=http://{peer}"),
        format!("--initial-cluster=default=http://{peer}"),
        "--unsafe-no-fsync=true".to_owned(),
    ];
    let server_args = [
        tool("kube-apiserver").display().to_string(),
        format!("--etcd-servers=http://{etcd}"),
        format!("--secure-port={}", server.port()),
        "--bind-address=127.0.0.1".to_owned(),
        "--advertise-address=127.0.0.1".to_owned(),
        "--external-hostname=127.0.0.1".to_owned(),
        format!("--cert-dir={}", at("pki")),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--service-account-key-file={}", at("sa.pub")),
        format!("--service-account-signing-key-file={}", at("sa.key")),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        "--authorization-mode=RBAC".to_owned(),
        format!("--token-auth-file={}", at("tokens.csv")),
        "--disable-admission-plugins=ServiceAccount,TaintNodesByCondition".to_owned(),
    ];
    [etcd_args.to_vec(), server_args.to_vec()]
}

/// Starts both under a shell that ends and starts the API server as told, and ends both, and removes the folder, once its
/// standard input is closed: a static is never dropped, and a test binary may be killed.
#[expect(clippy::zombie_processes, reason = "it ends after the one who could wait for it")]
fn start_servers(folder: &Path, commands: &[Vec<String>; 2]) -> ChildStdin {
    let quoted = |words: &Vec<String>| words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
    let [etcd, server] = commands;
    let script = format!(
        "trap : INT HUP TERM\n\
         api() {{ {} >>kube-apiserver.log 2>&1 </dev/null & server=$!; }}\n\
         {} >etcd.log 2>&1 </dev/null & etcd=$!\napi\n\
         while read -r word; do case $word in stop) kill -9 $server; wait $server;; start) api;; \
         pause) kill -STOP $server;; resume) kill -CONT $server;; esac; done\n\
         kill -9 $etcd $server\nwait\ncd / && rm -rf -- '{}'\n",
        quoted(server),
        quoted(etcd),
        folder.display()
    );
    let mut shell = Command::new("sh")
        .args(["-c", &script])
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("sh starts");
    shell.stdin.take().expect("stdin is piped")
}

/// Scenario: the first test that needs Kubernetes asks for a server, and a user who may do nothing tries something.
/// Guarantees: it reports the version users run, RBAC decides, and the kube client speaks to it as well as kubectl does.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn a_real_api_server_answers_kubectl_and_the_kube_client() {
    let cluster = cluster();
    let namespace = cluster.namespace("cluster");
    let version = cluster.kubectl(&["version", "-o", "json"]).expect("ask for the version");
    assert!(version.contains("\"gitVersion\": \"v1.34.4\""), "{version}");
    let refused = cluster.kubectl_as("nobody", &["get", "configmaps", "-n", &namespace]);
    assert!(!refused.ok && refused.stderr.contains("Forbidden"), "{refused:?}");
    let version = crate::support::runtime().block_on(async {
        let client = cluster.client("admin").await;
        client.apiserver_version().await.expect("the client is answered")
    });
    assert_eq!(version.git_version, "v1.34.4");
}
