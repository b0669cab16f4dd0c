//! Whom a watcher obeys, and through what: what it pushes and what it says of its plan is told. Knows no session.

use super::{Cluster, check};
use crate::config::watch::{Plans, Role};
use expect_test::expect;
use pointsman_instrument::opamp::plan::Plan;
use std::{fs, path::Path};

/// A plan that turns these off.
fn write(file: &Path, off: &[&str]) {
    let tail: Vec<String> = off.iter().map(|pattern| format!("{{\"instruments\":\"{pattern}\",\"on\":false}}")).collect();
    let tail = tail.join(",");
    let plan = |hash: &str| {
        format!(
            "{{\"schema\":1,\"component\":\"here/pointsman-watch\",\"hash\":\"{hash}\",\"instruments\":[],\"tail\":[{tail}],\
             \"baseline\":{{\"on\":true}},\"spans\":[]}}"
        )
    };
    let hash = Plan::seal(plan("").as_bytes()).expect("a plan");
    fs::write(file, plan(&hash.to_string())).expect("written");
}

/// Where the plan in force came from, as it was last said.
fn source(cluster: &Cluster) -> String {
    let heard = cluster.heard.lock();
    let lines = heard.samples.lines().filter(|line| line.starts_with("pointsman.plan.source") && line.ends_with(" 1"));
    lines.collect()
}

/// Scenario: two replicas and a mounted plan that turns pools off; the plan is taken back, and comes again; then the one that speaks
/// is cut off, and comes back when the other has stopped. Guarantees: not one push has what is off, whoever speaks and from the first
/// on; what comes on again begins with its counters at 0.
#[tokio::test(start_paused = true)]
async fn a_plan_holds_from_the_first_push_of_whoever_speaks() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("plan.json");
    check(
        async |cluster: &mut Cluster| {
            write(&file, &["mco.pool.*", "mco.node.*"]);
            cluster.plans.file = Some(file.clone());
            cluster.start_as("a", Some("watch-a"), Role::Operator);
            cluster.pass(1).await;
            cluster.start_as("b", Some("watch-b"), Role::Operator);
            cluster.pass(20).await;
            cluster.node("n1", true);
            cluster.say(&source(cluster));
            write(&file, &[]);
            cluster.pass(40).await;
            write(&file, &["mco.pool.*"]);
            cluster.pass(20).await;
            cluster.say("off again");
            cluster.cut("a", true);
            cluster.pass(60).await;
            cluster.cut("a", false);
            cluster.stop("b").await;
            cluster.pass(20).await;
            cluster.say(&source(cluster));
        },
        expect![[r#"
            21s -- pointsman.plan.source{pointsman_plan_source="file"} 1: a x2
            30s a: any=0 master=0 worker=1
            75s a: any=0 master ends worker ends
            81s -- off again: a x4
            96s b: any=0
            141s -- b ended: a x0, b x4
            142s a: any=0
            161s -- pointsman.plan.source{pointsman_plan_source="file"} 1: a x2, b x0
            161s -- a ended: a x1, b x0
        "#]],
    )
    .await;
}

/// Scenario: a plan turns everything off, but the kill switch is on; then no plan is mounted yet. Guarantees: the first obeys what is
/// declared, and so does the second: nothing here is Detailed.
#[tokio::test(start_paused = true)]
async fn without_a_plan_what_is_declared_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, missing) = (folder.path().join("plan.json"), folder.path().join("missing.json"));
    check(
        async |cluster: &mut Cluster| {
            write(&file, &["*"]);
            cluster.plans = Plans { file: Some(file.clone()), killed: true, ..Plans::default() };
            cluster.start("a");
            cluster.pass(1).await;
            cluster.say(&source(cluster));
            cluster.stop("a").await;
            cluster.plans = Plans { file: Some(missing.clone()), ..Plans::default() };
            cluster.start("b");
            cluster.pass(1).await;
            cluster.say(&source(cluster));
        },
        expect![[r#"
            0s a: any=0 master=0 worker=1
            1s -- pointsman.plan.source{pointsman_plan_source="defaults"} 1: a x1
            1s -- a ended: a x1
            1s b: any=0 master=0 worker=1
            2s -- pointsman.plan.source{pointsman_plan_source="defaults"} 1: a x0, b x1
            2s -- b ended: a x0, b x1
        "#]],
    )
    .await;
}
