//! What watchers push stays as it is while replicas come and go and watches break: every series of theirs is held against the
//! scrape before, five times a second. Knows which values may move; not what they mean.

use super::{
    peers::settles,
    proxy::Proxy,
    stage::{Stage, past},
    watchers::Watcher,
};
use crate::support::{Pointsman, http, wait};
use expect_test::expect;
use pointsman::app::demo::mco::{Action, Cluster, Options, PoolOptions, Post};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

const BETWEEN: Duration = Duration::from_millis(200);
/// Replicas of each.
const ROLES: [&str; 2] = ["operator", "daemon"];
/// Gauges that the clock moves.
const OF_TIME: [&str; 4] = ["_age_seconds", "_lag_seconds", "_duration_seconds", "_expiry_seconds"];

/// What was seen of the watchers' series so far.
#[derive(Debug, Default)]
struct Seen {
    scrapes: usize,
    last: BTreeMap<String, f64>,
    /// Series that a scrape lacked, and whether one had it again.
    lost: BTreeMap<String, bool>,
    /// How often a series that stands still otherwise changed.
    changes: BTreeMap<String, usize>,
    /// How often counters of each role began anew, and in which scrape that was last.
    restarts: BTreeMap<String, (usize, usize)>,
    /// What must never be.
    wrong: Vec<String>,
}

fn is_counter(series: &str) -> bool {
    let name = series.split('{').next().unwrap_or_default();
    ["_total", "_count", "_sum", "_bucket"].iter().any(|end| name.ends_with(end)) && !name.ends_with("machine_count")
}

fn is_of_time(series: &str) -> bool {
    let name = series.split('{').next().unwrap_or_default();
    OF_TIME.iter().any(|part| name.ends_with(part))
}

fn role_of(series: &str) -> Option<&'static str> {
    ROLES.into_iter().find(|role| series.contains(&format!("instance=\"{role}\"")))
}

impl Seen {
    /// Holds one more scrape against the last.
    fn look(&mut self, text: &str) {
        self.scrapes += 1;
        let mut now = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#') && role_of(line).is_some()) {
            let (series, value) = line.rsplit_once(' ').expect("a sample has a value");
            let value: f64 = value.parse().expect("a value is a number");
            if now.insert(series.to_owned(), value).is_some() {
                self.wrong.push(format!("scrape {}: {series} is there twice", self.scrapes));
            }
        }
        let last = std::mem::take(&mut self.last);
        for (series, was) in &last {
            match now.get(series) {
                None => drop(self.lost.insert(series.clone(), false)),
                Some(is) if is_counter(series) && is < was => self.began_anew(role_of(series).unwrap_or_default()),
                Some(is) if !is_counter(series) && !is_of_time(series) && is.to_bits() != was.to_bits() => {
                    *self.changes.entry(series.clone()).or_default() += 1;
                }
                Some(_) => {}
            }
        }
        for (series, is_back) in &mut self.lost {
            *is_back |= now.contains_key(series);
        }
        self.last = now;
    }

    /// One push may be seen by two scrapes in halves.
    fn began_anew(&mut self, role: &str) {
        let (times, last) = self.restarts.entry(role.to_owned()).or_default();
        if *times == 0 || self.scrapes > *last + 1 {
            *times += 1;
        }
        *last = self.scrapes;
    }

    fn restarts_of(&self, role: &str) -> usize {
        self.restarts.get(role).map_or(0, |(times, _)| *times)
    }
}

/// Scrapes on and on, beside what a test does.
struct Watched<'s> {
    server: &'s Pointsman,
    seen: Mutex<Seen>,
    is_over: AtomicBool,
}

/// Ends the scrapes, also when a test fails.
struct End<'w>(&'w AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Watched<'_> {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn scrape(&self) {
        while !self.is_over.load(Ordering::Relaxed) {
            let reply = http(self.server.read, "GET", "/metrics", &[], b"");
            assert_eq!((reply.status, reply.complete), (200, true), "{}", reply.text());
            self.seen().look(&reply.text());
            thread::sleep(BETWEEN);
        }
    }

    /// Waits for what a scrape has.
    fn settles(&self, what: &str, is_so: impl Fn(&Seen) -> bool) {
        let there = settles(|| is_so(&self.seen()));
        let mut seen = self.seen();
        let (scrapes, shown) = (seen.scrapes, seen.last.len());
        // What it has is long, and right as far as anybody knows.
        if !there {
            seen.last.clear();
        }
        assert!(there, "{what} does not come in {scrapes} scrapes, {shown} series: {:#?}", *seen);
    }
}

/// A kubeconfig like this one, by way of a relay.
fn by_way_of(proxy: &Proxy, stage: &Stage) -> PathBuf {
    let text = fs::read_to_string(&stage.kubeconfig).expect("the kubeconfig is there");
    let relayed = text.replace(&stage.cluster.url, &format!("https://{}", proxy.address));
    assert_ne!(relayed, text);
    let path = stage.kubeconfig.with_extension("relayed");
    fs::write(&path, relayed).expect("the folder is there");
    path
}

/// Whether the workers' pool is told to be paused, or not to be.
fn paused(seen: &Seen, value: f64) -> bool {
    let pool = |series: &str| series.starts_with("mco_pool_paused{") && series.contains("\"worker\"");
    seen.last.iter().any(|(series, is)| pool(series) && is.to_bits() == value.to_bits())
}

fn holder(stage: &Stage, role: &str) -> String {
    let lease = format!("pointsman-watch-{role}");
    let args = ["-n", "pointsman", "get", "lease", &lease, "--ignore-not-found", "-o", "jsonpath={.spec.holderIdentity}"];
    stage.cluster.kubectl(&args).expect("a Lease can be read")
}

/// Two replicas of each role; the first of each speaks.
fn replicas(stage: &Stage, kubeconfig: &Path) -> [BTreeMap<&'static str, Watcher>; 2] {
    ["0", "1"].map(|number| {
        let start = |role| (role, Watcher::start(role, &format!("watch-{role}-{number}"), (&stage.server, kubeconfig)));
        let started = ROLES.map(start);
        for role in ROLES {
            wait("the first to lead", || (holder(stage, role) == format!("watch-{role}-0")).then_some(()));
        }
        BTreeMap::from(started)
    })
}

/// Until etcd has forgotten every version but the last.
fn forget(stage: &Stage) {
    let found = stage.cluster.etcd("/v3/kv/range", &serde_json::json!({"key": "AA==", "range_end": "AA==", "count_only": true}));
    stage.cluster.etcd("/v3/kv/compaction", &serde_json::json!({"revision": found["header"]["revision"], "physical": true}));
}

/// Scenario: two replicas of two roles, after a rollout. Those that speak are killed; every watch is cut, and a pool is paused; a
/// node goes while nobody can watch, and the API server restarts and has forgotten all versions.
/// Guarantees: in no scrape is a series there twice; none is lost but the deleted node's, and those come back in none; what nobody
/// changed keeps its value, and what was changed once changes once; counters begin anew only when another replica speaks.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn no_series_is_twice_lost_or_flapping() {
    let pools = vec![PoolOptions::new("master", 1), PoolOptions::new("worker", 3).max_unavailable("3")];
    let target = Action::NewTargetBy("worker".to_owned(), Post::Reload);
    let mut stage = Stage::new(|| Cluster::new(Options { start: past(), pools, ..Options::new(3, 7) }).at(10, target));
    let proxy = Proxy::start(stage.cluster.url.trim_start_matches("https://").parse().expect("an address"));
    let kubeconfig = by_way_of(&proxy, &stage);
    stage.play_to(0);
    let [first, _second] = replicas(&stage, &kubeconfig);
    wait("both to push", || ROLES.iter().all(|role| stage.events(role) > 0).then_some(()));
    stage.play_until("its rollout", |truth| !truth.rollouts.is_empty());
    stage.play_out();
    let done = |stage: &Stage| {
        let text = stage.server.scrape();
        let is = |family, value: &str| text.lines().any(|line| line.starts_with(family) && line.ends_with(value));
        is("mco_node_update_count_total", " 3") && is("mco_pool_update_count_total", " 1")
    };
    assert!(settles(|| done(&stage)), "the rollout is not over: {}", stage.server.scrape());

    let watched = Watched { server: &stage.server, seen: Mutex::default(), is_over: AtomicBool::new(false) };
    thread::scope(|scope| {
        let _end = End(&watched.is_over);
        scope.spawn(|| watched.scrape());
        drop(first);
        watched.settles("the standby", |seen| ROLES.iter().all(|role| seen.restarts_of(role) == 1));
        assert!(paused(&watched.seen(), 0.0) && proxy.cut() > 0);
        stage
            .cluster
            .kubectl(&["patch", "machineconfigpool", "worker", "--type=merge", "-p", r#"{"spec":{"paused":true}}"#])
            .expect("pause");
        watched.settles("the pause", |seen| paused(seen, 1.0));

        let gone = |series: &str| series.contains("k8s_node_name=\"worker-2\"");
        assert!(watched.seen().last.keys().any(|series| gone(series)));
        let listed = stage.cluster.kubectl(&["get", "--raw", "/api/v1/nodes?limit=1"]).expect("list nodes");
        let listed: serde_json::Value = serde_json::from_str(&listed).expect("it is JSON");
        let version = listed["metadata"]["resourceVersion"].as_str().expect("a list has a version");
        proxy.hold(true);
        // What it owns is collected later.
        stage.cluster.kubectl(&["delete", "node", "worker-2"]).expect("delete a node");
        forget(&stage);
        stage.cluster.take_away();
        stage.cluster.bring_back();
        let watch = format!("/api/v1/nodes?watch=1&timeoutSeconds=2&resourceVersion={version}");
        let mut answer = None;
        let is_forgotten = || format!("{:?}", answer.insert(stage.cluster.kubectl(&["get", "--raw", &watch]))).contains("410");
        assert!(settles(is_forgotten), "a watch goes on from {version}: {answer:?}");
        proxy.hold(false);
        watched.settles("the node's end", |seen| !seen.last.keys().any(|series| gone(series)));
    });
    let seen = watched.seen();
    assert_eq!(seen.wrong, Vec::<String>::new());
    let lost: BTreeSet<_> = seen.lost.keys().filter(|series| !series.contains("k8s_node_name=\"worker-2\"")).collect();
    assert!(lost.is_empty() && !seen.lost.values().any(|is_back| *is_back), "{lost:#?}");
    let flapping: Vec<_> = seen.changes.iter().filter(|(_, times)| **times > 1).collect();
    assert!(flapping.is_empty(), "{flapping:#?}");
    let changed: BTreeSet<_> = seen.changes.keys().map(|series| series.split('{').next().unwrap_or_default()).collect();
    expect![[r#"
        {
            "mco_pool_observed_generation_lag",
            "mco_pool_paused",
            "pointsman_watch_cache_objects",
        }
    "#]]
    .assert_debug_eq(&changed);
    // Once when the first was killed; and who speaks gives up its Lease when the API server is away for long.
    assert!(ROLES.iter().all(|role| matches!(seen.restarts_of(role), 1 | 2)), "{:?}", seen.restarts);
}
