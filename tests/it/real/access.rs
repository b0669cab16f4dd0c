//! Tokens and rights as a real API server judges them, through the caches that everybody who comes is judged by, as the
//! account that the manifests make. The clock of the caches can be set ahead.

use super::{cluster::Cluster, rbac::installed};
use crate::support::{now, runtime};
use pointsman::{
    app::{clock::Clock, tasks::Tasks},
    auth::access::{
        Attributes, Oracle, Patience, Resource, Target, Token, Unavailable, User,
        ask::{self, Asked, Outage, Turns, World, counts::Counts, review::Reviewer},
    },
    kubernetes::connect,
};
use pointsman_core::model::clock::Mono;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

const SECOND: u64 = 1_000_000_000;

/// An oracle over a real server, and how far its clock is set ahead.
pub(super) struct Stage {
    pub(super) asked: Arc<Asked>,
    ahead: Arc<AtomicU64>,
    _tasks: Tasks,
}

impl Stage {
    /// Whoever the kubeconfig names asks, for tokens of these audiences.
    async fn of(kubeconfig: &Path, audiences: &[&str]) -> Self {
        Self::open(kubeconfig, audiences, Outage::StandIn).await
    }

    pub(super) async fn open(kubeconfig: &Path, audiences: &[&str], outage: Outage) -> Self {
        let client = connect::client(Some(kubeconfig)).await.expect("the kubeconfig is good");
        let audiences = audiences.iter().map(|audience| (*audience).to_owned()).collect();
        let (tasks, clock, ahead) = (Tasks::default(), Clock::start(), Arc::<AtomicU64>::default());
        let (runs, offset) = (tasks.clone(), Arc::clone(&ahead));
        let world = World {
            now: Arc::new(move || Mono(clock.mono().0 + offset.load(Ordering::Relaxed))),
            spawn: Arc::new(move |task| runs.spawn(task)),
            secret: [7; 32],
        };
        let (turns, counts) = (Turns::new(50, 100), Arc::<Counts>::default());
        let asked = ask::open(Box::new(Reviewer::new(client, audiences)), outage, turns, counts, world);
        Self { asked, ahead, _tasks: tasks }
    }

    pub(super) fn later(&self, secs: u64) {
        self.ahead.fetch_add(secs * SECOND, Ordering::Relaxed);
    }

    async fn user(&self, token: &str) -> Result<Option<User>, Unavailable> {
        self.asked.user(&Token::new(token.to_owned()), &Patience::default()).await
    }

    async fn may(&self, user: &User, target: Target) -> Result<bool, Unavailable> {
        self.asked.may(user, &Attributes { verb: "get".to_owned(), target }, &Patience::default()).await
    }
}

fn path(path: &str) -> Target {
    Target::Path(path.to_owned())
}

fn metrics_of(namespace: &str) -> Target {
    Target::Resource(Resource {
        namespace: namespace.to_owned(),
        api_version: "v1".to_owned(),
        resource: "namespace".to_owned(),
        subresource: "metrics".to_owned(),
        ..Resource::default()
    })
}

/// A token of an account.
pub(super) fn token(cluster: &Cluster, namespace: &str, account: &str, more: &[&str]) -> String {
    let args = [&["create", "token", account, "-n", namespace], more].concat();
    cluster.kubectl(&args).expect("ask for a token").trim().to_owned()
}

/// Two accounts in the namespace; only `scraper` may get `/metrics`, and `namespace/metrics` of that namespace.
fn accounts(cluster: &Cluster, namespace: &str) {
    cluster.apply(&format!(
        "
apiVersion: v1
kind: ServiceAccount
metadata: {{name: scraper, namespace: {namespace}}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: outsider, namespace: {namespace}}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: {namespace}-metrics}}
rules:
- nonResourceURLs: [/metrics]
  verbs: [get]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: {namespace}-metrics}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {namespace}-metrics}}
subjects: [{{kind: ServiceAccount, name: scraper, namespace: {namespace}}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: scraper, namespace: {namespace}}}
rules:
- apiGroups: ['']
  resources: [namespace/metrics]
  verbs: [get]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: scraper, namespace: {namespace}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: scraper}}
subjects: [{{kind: ServiceAccount, name: scraper, namespace: {namespace}}}]
"
    ));
}

/// Scenario: two accounts, one of which may read metrics, as a path and as a resource; tokens for the API server, for us and
/// for others; one that nobody knows; then the account is removed. The account of the manifests asks, and one without a right to.
/// Guarantees: each is known, or not, and may, or may not, as the cluster says; what a token tells comes along; who is removed
/// is nobody within a minute of our caches; without a right to ask nobody can say.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn krp_04_26_27_30_t28_the_api_server_judges_tokens_and_rights() {
    let (cluster, ours) = installed();
    let namespace = cluster.namespace("access");
    accounts(cluster, &namespace);
    let [plain, outsider] = ["scraper", "outsider"].map(|account| token(cluster, &namespace, account, &[]));
    let for_us = token(cluster, &namespace, "scraper", &["--audience", "pointsman"]);
    let kubeconfig = cluster.kubeconfig_with_token("access-account", ours);
    runtime().block_on(async {
        let read = Stage::of(&kubeconfig, &[]).await;
        let scraper = read.user(&plain).await.expect("it says").expect("it is known");
        assert_eq!(scraper.name, format!("system:serviceaccount:{namespace}:scraper"));
        assert!(!scraper.uid.is_empty() && scraper.groups.contains(&format!("system:serviceaccounts:{namespace}")));
        assert!(scraper.groups.contains(&"system:authenticated".to_owned()), "{:?}", scraper.groups);
        let outsider = read.user(&outsider).await.expect("it says").expect("it is known");
        for (user, target, expected) in [
            (&scraper, path("/metrics"), true),
            (&scraper, path("/other"), false),
            (&outsider, path("/metrics"), false),
            (&scraper, metrics_of(&namespace), true),
            (&scraper, metrics_of("default"), false),
            (&outsider, metrics_of(&namespace), false),
        ] {
            assert_eq!(read.may(user, target.clone()).await, Ok(expected), "{} {target:?}", user.name);
        }
        let senders = Stage::of(&kubeconfig, &["pointsman"]).await;
        for (what, stage, token, known) in [
            ("for others", &read, for_us.as_str(), false),
            ("unknown", &read, "nobody-knows-me", false),
            ("empty", &read, "", false),
            ("for us", &senders, for_us.as_str(), true),
            ("for the server", &senders, plain.as_str(), false),
        ] {
            assert_eq!(stage.user(token).await.map(|user| user.is_some()), Ok(known), "{what}");
        }

        let forbidden = Stage::of(&cluster.kubeconfig("nobody"), &[]).await;
        assert_eq!(forbidden.user(&plain).await, Err(Unavailable { retry_secs: 5 }));
        assert_eq!(forbidden.may(&scraper, path("/metrics")).await, Err(Unavailable { retry_secs: 5 }));

        cluster.kubectl(&["delete", "serviceaccount", "scraper", "-n", &namespace]).expect("remove the account");
        assert!(read.user(&plain).await.is_ok_and(|user| user.is_some()), "it is remembered");
        let deadline = now() + Duration::from_secs(30);
        loop {
            // The server itself remembers for 10 s.
            read.later(60);
            if read.user(&plain).await == Ok(None) {
                break;
            }
            assert!(now() < deadline, "the token of an account that is gone is still good");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
}

/// Scenario: the API server is held: it takes connections and says nothing; later it goes on.
/// Guarantees: a token that nobody knows is unavailable within 3 s; a scraper of a minute ago is let in within 1 s, and no more
/// once the answer is 2 minutes old; when the server goes on, so do we, by the same client.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn krp_19_22_a_real_api_server_that_falls_silent_ends_and_delays_nothing_for_long() {
    let cluster = Cluster::bare();
    let namespace = cluster.namespace("silent");
    accounts(&cluster, &namespace);
    let [known, new] = ["scraper", "outsider"].map(|account| token(&cluster, &namespace, account, &[]));
    let kubeconfig = cluster.kubeconfig("admin");
    let runtime = runtime();
    let stage = runtime.block_on(async {
        let stage = Stage::of(&kubeconfig, &[]).await;
        let scraper = stage.user(&known).await.expect("it says").expect("it is known");
        assert_eq!(stage.may(&scraper, path("/metrics")).await, Ok(true));
        cluster.pause();
        let began = now();
        assert_eq!(stage.user(&new).await, Err(Unavailable { retry_secs: 5 }));
        assert!(began.elapsed() < Duration::from_millis(3_500), "{:?}", began.elapsed());
        stage.later(60);
        let began = now();
        assert_eq!(stage.user(&known).await, Ok(Some(scraper.clone())));
        assert_eq!(stage.may(&scraper, path("/metrics")).await, Ok(true));
        assert!(began.elapsed() < Duration::from_millis(2_500), "{:?}", began.elapsed());
        stage.later(61);
        assert!(stage.user(&known).await.is_err(), "2 minutes are over");
        assert_eq!(stage.may(&scraper, path("/metrics")).await, Ok(true), "5 minutes are not");
        stage
    });
    cluster.resume();
    runtime.block_on(async {
        let deadline = now() + Duration::from_secs(15);
        while stage.user(&new).await.is_err() {
            assert!(now() < deadline, "the server goes on, and we do not");
        }
        let scraper = stage.user(&known).await.expect("it says").expect("it is known");
        stage.later(300);
        assert_eq!(stage.may(&scraper, path("/metrics")).await, Ok(true));
        assert_eq!(stage.may(&scraper, path("/other")).await, Ok(false));
    });
}
