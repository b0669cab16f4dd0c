use super::{cluster, play, pool, worker};
use crate::app::demo::mco::{Action, Options, PoolOptions, Trouble, Verb};
use expect_test::{Expect, expect};
use pointsman_watch::Kind;
use std::fmt::Write as _;

/// The conditions of a pool as they move, with its counts, and its rollouts.
fn check_pool(name: &str, options: &Options, script: &[(u64, Action)], want: &Expect) {
    let mut cluster = play(options, script);
    let mut told = String::new();
    let mut last = String::new();
    for write in cluster.advance_to(2 * 3600).iter().filter(|write| write.kind == Kind::MachineConfigPool && write.name == name) {
        let Verb::Put(object) = &write.verb else {
            writeln!(told, "{:<5} is gone", write.at).expect("a text grows");
            continue;
        };
        let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
        let holds: Vec<_> = conditions.filter(|c| c["status"] == "True").filter_map(|c| c["type"].as_str()).collect();
        let count = |field: &str| object["status"][field].to_string();
        let counts =
            ["machineCount", "updatedMachineCount", "readyMachineCount", "unavailableMachineCount", "degradedMachineCount"];
        let now = format!("{} {}", counts.map(count).join("/"), holds.join(" "));
        if now != last {
            writeln!(told, "{:<5} {now}", write.at).expect("a text grows");
        }
        last = now;
    }
    for rollout in cluster.expected().rollouts.iter().filter(|rollout| rollout.pool == name) {
        let (start, end) = (rollout.start, rollout.end);
        writeln!(told, "rollout by {:?} from {start} to {end:?}: {:?}", rollout.cause, rollout.outcome).expect("a text grows");
    }
    want.assert_eq(&told);
}

/// Scenario: a pool is paused, gets a target, and is resumed; then a config cannot be rendered for a while. Guarantees: paused
/// and pending looks idle; RenderDegraded makes it Degraded, and no node moves.
#[test]
fn pools_wait_when_they_are_paused_or_broken() {
    let script = [
        (5, Action::Pause(pool())),
        (10, Action::NewTarget(pool())),
        (600, Action::Resume(pool())),
        (3000, Action::BreakRender(pool())),
        (3600, Action::MendRender(pool())),
    ];
    check_pool(
        "worker",
        &Options::new(3, 7),
        &script,
        &expect![[r#"
            5     3/3/3/0/0 Updated
            20    3/0/0/0/0 
            605   3/0/0/2/0 Updating
            890   3/1/1/2/0 Updating
            965   3/2/2/1/0 Updating
            1224  3/3/3/0/0 Updated
            3005  3/3/3/0/0 Updated RenderDegraded
            3010  3/3/3/0/0 Updated RenderDegraded Degraded
            3605  3/3/3/0/0 Updated Degraded
            3610  3/0/0/2/0 Updating
            3932  3/1/1/2/0 Updating
            3976  3/2/2/1/0 Updating
            4287  3/3/3/0/0 Updated
            rollout by Config from 605 to Some(1224): Some(Completed)
            rollout by Config from 3610 to Some(4287): Some(Completed)
        "#]],
    );
}

/// Scenario: a custom pool is made, a worker moves there, one joins that is behind, one is deleted in mid-update, another
/// target comes in mid-rollout. Guarantees: each is a rollout of its own cause; at no moment are more nodes away than may be.
#[test]
fn members_come_and_go() {
    let infra = || "infra".to_owned();
    let script = [
        (5, Action::NewPool(PoolOptions::new("infra", 0))),
        (10, Action::Label(worker(), infra(), true)),
        (700, Action::Join { node: "late".to_owned(), pool: pool(), is_behind: true }),
        (1500, Action::NewTarget(pool())),
        (1600, Action::DeleteNode("worker-1".to_owned())),
        (1700, Action::NewTarget(pool())),
        (3600, Action::DeletePool(infra())),
    ];
    check_pool(
        "worker",
        &Options::new(5, 7),
        &script,
        &expect![[r#"
            10    4/4/4/0/0 Updated
            705   5/4/4/1/0 Updating
            1062  5/5/5/0/0 Updated
            1510  5/0/0/2/0 Updating
            1605  4/0/0/2/0 Updating
            2100  4/1/1/2/0 Updating
            2217  4/2/2/2/0 Updating
            2370  4/3/3/1/0 Updating
            2559  4/4/4/0/0 Updated
            3605  5/4/4/1/0 Updating
            3880  5/5/5/0/0 Updated
            rollout by Membership from 705 to Some(1062): Some(Completed)
            rollout by Config from 1510 to Some(1710): Some(Superseded)
            rollout by Config from 1710 to Some(2559): Some(Completed)
            rollout by Membership from 3605 to Some(3880): Some(Completed)
        "#]],
    );
    check_pool(
        "infra",
        &Options::new(5, 7),
        &script,
        &expect![[r#"
            5     null/null/null/null/null 
            10    1/0/0/1/0 Updating
            352   1/1/1/0/0 Updated
            3600  is gone
            rollout by Config from 10 to Some(352): Some(Completed)
        "#]],
    );
}

/// Scenario: a node of two custom pools. Guarantees: neither counts it.
#[test]
fn contradicting_labels_leave_a_node_out() {
    let options = Options::new(2, 7).with_pool(PoolOptions::new("infra", 1)).with_pool(PoolOptions::new("edge", 0));
    check_pool(
        "infra",
        &options,
        &[(10, Action::Label("infra-0".to_owned(), "edge".to_owned(), true))],
        &expect![[r#"
            15    0/0/0/0/0 Updated
        "#]],
    );
}

/// Scenario: certificates are renewed while a pool is paused. Guarantees: its nodes get them once it is resumed; the others
/// within half a minute; a silent daemon when it speaks again.
#[test]
fn certificates_wait_for_paused_pools() {
    let script = [
        (5, Action::Pause(pool())),
        (5, Action::Silence("master-0".to_owned(), 300)),
        (10, Action::RotateCertificates),
        (600, Action::Resume(pool())),
    ];
    let mut cluster = cluster(1, &script);
    let key = "machineconfiguration.openshift.io/lastSyncedControllerConfigResourceVersion";
    let mut told = String::new();
    for write in cluster.advance_to(3600).iter().filter(|write| write.kind == Kind::Node) {
        let Verb::Put(object) = &write.verb else { continue };
        writeln!(told, "{:<5} {} {}", write.at, write.name, object["metadata"]["annotations"][key]).expect("a text grows");
    }
    expect![[r#"
        13    master-1 "1058"
        18    master-2 "1058"
        305   master-0 "1058"
        602   worker-0 "1058"
    "#]]
    .assert_eq(&told);
}

/// Scenario: a cluster that begins with an old pause and an authority that ends soon; the authority is renewed.
/// Guarantees: both look as old as they are, every node has the certificates it should have at the start, and all of it is told.
#[test]
fn a_cluster_may_begin_old() {
    let mut options = Options::new(1, 7);
    options.authority_days = 6;
    options.pools[1] = options.pools[1].clone().paused_for(3600);
    let mut cluster = play(&options, &[(10, Action::RotateCertificates)]);
    drop(cluster.advance_to(0));
    let authority = |cluster: &super::Cluster| {
        let config = cluster.object(Kind::ControllerConfig, "machine-config-controller").expect("it is there");
        let authority = &config["status"]["controllerCertificates"][0];
        (authority["notBefore"].to_string(), authority["notAfter"].to_string())
    };
    assert_eq!(authority(&cluster), ("\"2025-01-07T00:00:00Z\"".to_owned(), "\"2026-01-07T00:00:00Z\"".to_owned()));
    let pool = cluster.object(Kind::MachineConfigPool, "worker").expect("it is there");
    assert_eq!(pool["spec"]["paused"], true);
    assert_eq!(pool["metadata"]["managedFields"][0]["time"], "2025-12-31T23:00:00Z");
    let config = cluster.object(Kind::ControllerConfig, "machine-config-controller").expect("it is there");
    let key = "machineconfiguration.openshift.io/lastSyncedControllerConfigResourceVersion";
    let node = cluster.object(Kind::Node, "worker-0").expect("it is there");
    assert_eq!(node["metadata"]["annotations"][key], config["metadata"]["resourceVersion"]);
    drop(cluster.advance_to(60));
    assert_eq!(authority(&cluster).1, "\"2027-01-01T00:00:10Z\"");
    let told: Vec<_> = cluster.take_happenings().into_iter().map(|(at, happening)| format!("{at} {happening:?}")).collect();
    expect![[r#"
        0 AuthorityEnds { days: 6 }
        0 PoolPaused { pool: "worker", seconds: 3600 }
        10 AuthorityRenewed"#]]
    .assert_eq(&told.join("\n"));
}

/// Scenario: a rollout of 12 nodes. Guarantees: what is expected of those who watch: so many phases of each kind.
#[test]
fn a_rollout_tells_what_to_expect() {
    let mut cluster = cluster(12, &[(10, Action::NewTarget(pool()))]);
    drop(cluster.advance_to(2 * 3600));
    assert!(cluster.is_quiet());
    let truth = cluster.expected();
    let told = format!("{:#?}\n{:?}\n{:?}\n{:?}", truth.phases_completed(), truth.updates_ended(), truth.reboots, truth.events);
    expect![[r#"
        {
            (
                "worker",
                "AppliedFilesAndOS",
            ): 12,
            (
                "worker",
                "Cordoned",
            ): 12,
            (
                "worker",
                "Drained",
            ): 12,
            (
                "worker",
                "RebootedNode",
            ): 12,
            (
                "worker",
                "Resumed",
            ): 12,
            (
                "worker",
                "Uncordoned",
            ): 12,
            (
                "worker",
                "UpdateComplete",
            ): 12,
            (
                "worker",
                "UpdateExecuted",
            ): 12,
            (
                "worker",
                "UpdatePrepared",
            ): 12,
        }
        {("worker", Completed): 12}
        {("worker", true): 12}
        {"Cordon": 12, "Drain": 12, "NodeDone": 12, "OSUpdateStaged": 12, "OSUpdateStarted": 12, "Reboot": 12, "RenderedConfigGenerated": 1, "Uncordon": 12}"#]].assert_eq(&told);
}

/// Scenario: all that a script may do, at once, twice, and in steps of other sizes. Guarantees: the same writes, whatever the
/// steps; another seed gives others; never more nodes away for updates than may be.
#[test]
fn equal_seeds_play_equally() {
    let script = [
        (5, Action::NewTarget(pool())),
        (20, Action::Break("worker-3".to_owned(), Trouble::Drain)),
        (30, Action::Upgrade("4.22.1".to_owned())),
        (40, Action::KubeletConfig("pods".to_owned(), false)),
        (50, Action::RuntimeConfig("runtime".to_owned(), "runc".to_owned())),
        (60, Action::BootImages("None".to_owned())),
        (70, Action::Server("master-1".to_owned(), false)),
        (80, Action::Operator("Degraded", "True", "RenderConfigFailed".to_owned())),
        (90, Action::Cordon("worker-2".to_owned(), true)),
        (900, Action::Cordon("worker-2".to_owned(), false)),
    ];
    let run = |seed: u64, step: u64| {
        let mut cluster = play(&Options::new(6, seed), &script);
        (1..=7200 / step).flat_map(|n| cluster.advance_to(n * step)).collect::<Vec<_>>()
    };
    let first = run(1, 7200);
    assert!(first.len() > 500, "{}", first.len());
    assert_eq!(first, run(1, 75));
    assert_ne!(first, run(2, 7200));
    let mut cluster = play(&Options::new(6, 3), &[(5, Action::NewTarget(pool()))]);
    for second in 1..3600 {
        drop(cluster.advance_to(second));
        let behind = cluster.objects().filter(|(kind, _, node)| *kind == Kind::Node && node["spec"]["taints"].is_array());
        assert!(behind.count() <= 2, "in second {second}");
    }
    assert!(cluster.is_quiet());
}

/// Scenario: a layered pool whose first build fails. Guarantees: it is Degraded and waits; the next one is rolled out.
#[test]
fn a_failed_build_holds_its_pool() {
    let script = [(5, Action::FailBuilds(pool(), 1)), (10, Action::Layer(pool())), (1800, Action::NewTarget(pool()))];
    let options = Options { image_mode: true, ..Options::new(2, 7) };
    check_pool(
        "worker",
        &options,
        &script,
        &expect![[r#"
            10    2/2/2/0/0 Updating
            612   2/2/2/0/0 Degraded ImageBuildDegraded
            1810  2/0/0/0/0 Updating
            2187  2/0/0/2/0 Updating
            2550  2/1/1/1/0 Updating
            2580  2/2/2/0/0 Updated
            rollout by Config from 1810 to Some(2580): Some(Completed)
        "#]],
    );
}
