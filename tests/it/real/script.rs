//! The scripted cluster of the demo, written to a real API server: the kinds of the Machine Config Operator as CRDs of our own,
//! and each write where and how its writer would make it. Its kinds live in no namespace, so each story has a server of its own.
//! Knows versions and status subresources; not what is written.
#![allow(dead_code, reason = "a shared box of tools: not every build of the tests uses every one")]

use super::cluster::Cluster as Server;
use futures_util::{StreamExt, stream};
use http::{Method, Request};
use k8s_openapi::ByteString;
use pointsman::app::demo::mco::{Cluster, Verb, Write};
use pointsman_watch::{Kind, kind::NAMESPACE};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Objects that are written at a time.
const AT_A_TIME: usize = 64;
/// What of an object's metadata its writers say.
const SAID: [&str; 5] = ["name", "namespace", "labels", "annotations", "ownerReferences"];
const SYNCED: &str = "machineconfiguration.openshift.io/lastSyncedControllerConfigResourceVersion";

/// Writes to a server what a simulated cluster writes.
pub(crate) struct Player {
    client: kube::Client,
    known: BTreeMap<(Kind, String), Known>,
    /// The server's versions of the ControllerConfig, by those of the simulation: nodes name them.
    versions: BTreeMap<String, String>,
    /// Writes that were made.
    pub(crate) changes: u64,
}

/// An object as it was last written.
#[derive(Clone, Default)]
struct Known {
    version: String,
    rest: Value,
    status: Value,
}

/// Defines the kinds of the Machine Config Operator, and makes its namespace.
pub(crate) fn install(server: &Server) {
    let crds = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/mco-crds");
    server.kubectl(&["apply", "--server-side", "-f", crds]).expect("apply the CRDs");
    server.kubectl(&["wait", "--for=condition=Established", "--timeout=60s", "-f", crds]).expect("establish the CRDs");
    server.kubectl(&["create", "namespace", NAMESPACE]).expect("create the namespace");
}

impl Player {
    /// One for this server, on which [`install`] was called.
    pub(crate) async fn new(server: &Server) -> Self {
        Self { client: server.client("admin").await, known: BTreeMap::new(), versions: BTreeMap::new(), changes: 0 }
    }

    /// Makes these writes: those of one second at the same time, but those of one object in their order.
    pub(crate) async fn play(&mut self, writes: Vec<Write>) {
        let mut writes = writes.into_iter().peekable();
        while let Some(at) = writes.peek().map(|write| write.at) {
            let mut objects: BTreeMap<(Kind, String), Vec<Verb>> = BTreeMap::new();
            while let Some(write) = writes.next_if(|write| write.at == at) {
                self.changes += 1;
                objects.entry((write.kind, write.name)).or_default().push(write.verb);
            }
            // Nodes name versions of the ControllerConfig: it comes first.
            let (first, rest): (Vec<_>, Vec<_>) = objects.into_iter().partition(|((kind, _), _)| *kind == Kind::ControllerConfig);
            self.make(first).await;
            self.make(rest).await;
        }
    }

    /// The same; and pools and configs are as old as the script says. No writer can tell a server that: it is put into etcd.
    pub(crate) async fn play_aged(&mut self, server: &Server, writes: Vec<Write>) {
        let mut made = BTreeMap::new();
        for write in writes.iter().filter(|write| matches!(write.kind, Kind::MachineConfigPool | Kind::MachineConfig)) {
            let key = (write.kind, write.name.clone());
            if let Verb::Put(object) = &write.verb
                && !self.known.contains_key(&key)
            {
                made.insert(key, object["metadata"]["creationTimestamp"].clone());
            }
        }
        self.play(writes).await;
        for (key, created) in made {
            if let Some(known) = self.known.get_mut(&key) {
                known.version = age(server, &key, &created);
            }
        }
    }

    async fn make(&mut self, objects: Vec<((Kind, String), Vec<Verb>)>) {
        let writing = objects.into_iter().map(|(key, verbs)| {
            let known = self.known.remove(&key);
            write(self.client.clone(), key, known, self.translated(verbs))
        });
        let written: Vec<_> = stream::iter(writing.collect::<Vec<_>>()).buffer_unordered(AT_A_TIME).collect().await;
        for (key, known, versions) in written {
            if key.0 == Kind::ControllerConfig {
                self.versions.extend(versions);
            }
            if let Some(known) = known {
                self.known.insert(key, known);
            }
        }
    }

    /// With the server's versions where the simulation names its own.
    fn translated(&self, mut verbs: Vec<Verb>) -> Vec<Verb> {
        for verb in &mut verbs {
            if let Verb::Put(object) = verb {
                translate(object, &self.versions);
            }
        }
        verbs
    }

    /// Holds everything the simulation has against what the server has; answers what differs.
    pub(crate) async fn differences(&self, cluster: &Cluster) -> Vec<String> {
        let mut wanted: BTreeMap<Kind, BTreeMap<String, Value>> = BTreeMap::new();
        for (kind, name, object) in cluster.objects() {
            let mut object = object.clone();
            translate(&mut object, &self.versions);
            wanted.entry(kind).or_default().insert(name.to_owned(), object);
        }
        let mut differences = Vec::new();
        for kind in Kind::ALL.into_iter().filter(|kind| !matches!(kind, Kind::ServerCaSecret | Kind::ServerTlsSecret)) {
            let wanted = wanted.remove(&kind).unwrap_or_default();
            let list = call(&self.client, Method::GET, &path(kind, "", ""), None).await.expect("the server lists");
            let items = list["items"].as_array().cloned().unwrap_or_default();
            let mut there: BTreeMap<_, _> = items.into_iter().map(|item| (name_of(&item), item)).collect();
            for (name, object) in wanted {
                let Some(item) = there.remove(&name) else {
                    differences.push(format!("{kind:?} {name} is missing"));
                    continue;
                };
                compare(&spoken(&object), &item, &format!("{kind:?} {name}"), &mut differences);
            }
            differences.extend(there.into_keys().map(|name| format!("{kind:?} {name} is there")));
        }
        differences
    }
}

fn name_of(object: &Value) -> String {
    object["metadata"]["name"].as_str().unwrap_or_default().to_owned()
}

fn translate(object: &mut Value, versions: &BTreeMap<String, String>) {
    let synced = object.pointer_mut("/metadata/annotations").and_then(|all| all.get_mut(SYNCED));
    if let Some(Value::String(synced)) = synced
        && let Some(version) = versions.get(synced)
    {
        synced.clone_from(version);
    }
}

/// An object without what only a server says, and what it would not take from a writer.
fn spoken(object: &Value) -> Value {
    let mut object = object.clone();
    let metadata = object["metadata"].as_object_mut().expect("objects have metadata");
    metadata.retain(|key, _| SAID.contains(&key.as_str()));
    object
}

/// Whether all that is wanted is there: a server adds its defaults. Lists are equal in length, and `unschedulable` says no
/// by its absence.
fn compare(wanted: &Value, there: &Value, path: &str, differences: &mut Vec<String>) {
    match (wanted, there) {
        (Value::Object(wanted), _) => {
            // A list names the type of its items once.
            for (key, value) in
                wanted.iter().filter(|(key, _)| !matches!(key.as_str(), "apiVersion" | "kind") || there[*key] != Value::Null)
            {
                compare(value, &there[key], &format!("{path}.{key}"), differences);
            }
            if path.starts_with("Node ") && path.ends_with(".spec") && wanted.get("unschedulable") != there.get("unschedulable") {
                differences.push(format!("{path}.unschedulable"));
            }
        }
        (Value::Array(wanted), Value::Array(there)) if wanted.len() == there.len() => {
            for (at, (wanted, there)) in wanted.iter().zip(there).enumerate() {
                compare(wanted, there, &format!("{path}.{at}"), differences);
            }
        }
        // Nothing is as good as an empty list or text.
        (Value::Array(wanted), Value::Null) if wanted.is_empty() => {}
        (Value::String(wanted), Value::Null) if wanted.is_empty() => {}
        _ if wanted == there => {}
        _ => differences.push(format!("{path}: {wanted} is wanted, {there} is there")),
    }
}

/// What is left of an object after its writes, and the versions that came of the simulation's.
type Written = ((Kind, String), Option<Known>, Vec<(String, String)>);

/// Makes the writes of one object.
async fn write(client: kube::Client, key: (Kind, String), mut known: Option<Known>, verbs: Vec<Verb>) -> Written {
    let mut versions = Vec::new();
    for verb in verbs {
        match verb {
            Verb::Delete => {
                let options = json!({"gracePeriodSeconds": 0, "propagationPolicy": "Background"});
                call(&client, Method::DELETE, &path(key.0, &key.1, ""), Some(&options)).await.expect("the server deletes");
                known = None;
            }
            Verb::Put(object) => {
                let version = object["metadata"]["resourceVersion"].as_str().unwrap_or_default().to_owned();
                let now = put(&client, &key, known.take(), spoken(&object)).await;
                versions.push((version, now.version.clone()));
                known = Some(now);
            }
        }
    }
    (key, known, versions)
}

/// Creates or replaces an object, then its status, as far as each changed.
async fn put(client: &kube::Client, (kind, name): &(Kind, String), known: Option<Known>, mut object: Value) -> Known {
    let split = has_status(*kind);
    let status = if split { object["status"].take() } else { Value::Null };
    if split {
        object.as_object_mut().expect("it is one").remove("status");
    }
    let is_new = known.is_none();
    let mut known = known.unwrap_or_default();
    if is_new || known.rest != object {
        let (method, at) = if is_new { (Method::POST, path(*kind, "", "")) } else { (Method::PUT, path(*kind, name, "")) };
        known.version = send(client, method, &at, object.clone(), &known.version).await;
        known.rest = object.clone();
    }
    if known.status != status && !status.is_null() {
        object["status"] = status.clone();
        known.version = send(client, Method::PUT, &path(*kind, name, "/status"), object, &known.version).await;
        known.status = status;
    }
    known
}

/// Answers the version that came of it.
async fn send(client: &kube::Client, method: Method, path: &str, mut object: Value, version: &str) -> String {
    if !version.is_empty() {
        object["metadata"]["resourceVersion"] = json!(version);
    }
    let answer = call(client, method, path, Some(&object)).await;
    let answer = answer.unwrap_or_else(|error| panic!("{path}: {error}\n{object}"));
    answer["metadata"]["resourceVersion"].as_str().expect("objects have versions").to_owned()
}

/// Gives an object another time of creation; answers the version that comes of it.
fn age(server: &Server, (kind, name): &(Kind, String), created: &Value) -> String {
    let base64 = |bytes: Vec<u8>| serde_json::to_value(ByteString(bytes)).expect("bytes are text then");
    let facts = kind.facts();
    let key = base64(format!("/registry/{}/{}/{name}", facts.group, facts.plural).into_bytes());
    let found = server.etcd("/v3/kv/range", &json!({"key": key}));
    let ByteString(bytes) = serde_json::from_value(found["kvs"][0]["value"].clone()).expect("the object is there");
    let mut object: Value = serde_json::from_slice(&bytes).expect("kinds of our own are stored as JSON");
    let metadata = &mut object["metadata"];
    metadata["creationTimestamp"] = created.clone();
    // Here one writes for all: that would look as if each of them had just written everything.
    metadata["managedFields"] = json!([]);
    let put = server.etcd("/v3/kv/put", &json!({"key": key, "value": base64(object.to_string().into_bytes())}));
    put["header"]["revision"].as_str().expect("a write has a revision").to_owned()
}

async fn call(client: &kube::Client, method: Method, path: &str, body: Option<&Value>) -> kube::Result<Value> {
    let body = body.map(Value::to_string).unwrap_or_default().into_bytes();
    let request = Request::builder().method(method).uri(path).header(http::header::CONTENT_TYPE, "application/json");
    client.request(request.body(body).expect("a good request")).await
}

fn path(kind: Kind, name: &str, below: &str) -> String {
    let facts = kind.facts();
    let root = if facts.group.is_empty() { "/api".to_owned() } else { format!("/apis/{}", facts.group) };
    let namespace = facts.namespace.map(|namespace| format!("/namespaces/{namespace}")).unwrap_or_default();
    let name = if name.is_empty() { String::new() } else { format!("/{name}") };
    format!("{root}/{}{namespace}/{}{name}{below}", facts.version, facts.plural)
}

/// Whether the status is written apart.
fn has_status(kind: Kind) -> bool {
    !matches!(kind, Kind::Event | Kind::Lease | Kind::MachineConfig | Kind::PinnedImageSet)
}

/// Scenario: an hour of a busy cluster, written to a real API server at once. Guarantees: the server takes every write, and
/// has in the end what the simulation has, generations of pools too.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn a_server_holds_what_the_script_says() {
    use pointsman::app::demo::mco::{Action, Options, Trouble};
    let server = Server::bare();
    install(&server);
    let at = |text: &str| text.to_owned();
    let mut cluster = Cluster::new(Options { image_mode: true, ..Options::new(6, 7) })
        .at(10, Action::Break(at("worker-1"), Trouble::Drain))
        .at(20, Action::NewTarget(at("worker")))
        .at(30, Action::Upgrade(at("4.22.1")))
        .at(60, Action::KubeletConfig(at("pods"), false))
        .at(90, Action::RuntimeConfig(at("runtime"), at("runc")))
        .at(100, Action::NewPool(pointsman::app::demo::mco::PoolOptions::new("infra", 1)))
        .at(120, Action::RotateCertificates)
        .at(600, Action::Layer(at("worker")))
        .at(900, Action::Mend(at("worker-1")))
        .at(
            1000,
            Action::Pin {
                set: at("shop"),
                images: vec![at("quay.io/example/a")],
                pools: vec![at("worker")],
                failing: vec![at("worker-2")],
            },
        )
        .at(1800, Action::DeleteNode(at("worker-5")))
        .at(2000, Action::Pause(at("infra")))
        .at(2100, Action::ChangeLeader("machine-config-controller"));
    crate::support::runtime().block_on(async {
        let mut player = Player::new(&server).await;
        let writes = cluster.advance_to(3600);
        assert!(writes.len() > 500, "{}", writes.len());
        player.play(writes).await;
        let differences = player.differences(&cluster).await;
        assert!(differences.is_empty(), "{}", differences.join("\n"));
        let pool = call(&player.client, Method::GET, &path(Kind::MachineConfigPool, "worker", ""), None).await.expect("a pool");
        assert_eq!(pool["metadata"]["generation"], pool["status"]["observedGeneration"]);
    });
}
