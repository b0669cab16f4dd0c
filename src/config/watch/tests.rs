use super::{KEYS, Plans, WatchConfig};
use crate::{
    cli::{Cli, Verb, split_unknown},
    config::{Given, env_name, place::CommandLine},
};
use clap::Parser;
use expect_test::{Expect, expect};
use pointsman_core::fault::render;

fn read(args: &[&str], env: &[(&str, &str)], file: &str, in_pod: bool) -> Result<WatchConfig, String> {
    let line: Vec<String> = ["pointsman", "watch"].iter().chain(args).map(|arg| (*arg).to_owned()).collect();
    let (known, unknown) = split_unknown(line.iter().map(Into::into).collect());
    let Verb::Watch(watch) = Cli::try_parse_from(known).expect("it is a command line").verb else {
        unreachable!("watch was typed")
    };
    let given = Given {
        flags: watch.typed(),
        command_line: CommandLine { args: line, unknown },
        env: env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        file: (!file.is_empty()).then(|| ("watch.yaml".to_owned(), file.to_owned())),
        cgroup_bytes: None,
        program_bytes: 0,
        in_pod,
    };
    WatchConfig::read(&watch.role, &given).map_err(|faults| faults.iter().map(render::terminal).collect())
}

#[expect(clippy::needless_pass_by_value, reason = "expectations are made in place")]
fn check_faults(args: &[&str], env: &[(&str, &str)], file: &str, expected: Expect) {
    expected.assert_eq(&read(args, env, file, false).expect_err("something is wrong"));
}

/// Scenario: nothing is said, in a pod.
/// Guarantees: the documented defaults.
#[test]
fn defaults_of_a_watcher_are_those_of_the_documentation() {
    expect![[r#"
        WatchConfig {
            role: Daemon,
            otlp: Otlp {
                url: http://127.0.0.1:4317/,
                ca_file: None,
                server_name: None,
                token_file: None,
            },
            plans: Plans {
                controller: Assumed(
                    ws://127.0.0.1:4318/v1/opamp,
                ),
                file: None,
                cache: None,
                killed: false,
            },
            kubeconfig: None,
            pod: None,
            legacy_metrics: false,
            scrape: None,
            interval: 15s,
            log: "info",
        }
    "#]]
    .assert_debug_eq(&read(&["daemon"], &[], "", true).expect("nothing is wrong"));
}

/// Keys of every role, with a value of each.
const OF_ALL: [(&str, &str); 12] = [
    ("interval", "1m30s"),
    ("kubeconfig", "./kubeconfig"),
    ("legacy-metrics", "true"),
    ("log", "debug"),
    ("opamp", "wss://pointsman:443/opamp"),
    ("otlp", "https://pointsman:4317"),
    ("otlp-ca-file", "/ca.crt"),
    ("otlp-server-name", "pointsman.pointsman.svc"),
    ("otlp-token-file", "/token"),
    ("plan-cache", "/var/lib/plan.json"),
    ("plan-file", "/etc/plan.json"),
    ("sync", "off"),
];
/// Keys of one role.
const OF_ROLES: [(&str, &str, &str); 6] = [
    ("daemon", "all-nodes", "true"),
    ("daemon", "node", "worker-0"),
    ("operator", "pod", "here/watch-0"),
    ("controller", "read-secrets", "true"),
    ("controller", "scrape-mcc", "https://controller:9001/metrics"),
    ("daemon", "scrape-mcd", "9001"),
];
/// Keys of whoever scrapes.
const OF_SCRAPES: [(&str, &str); 4] = [
    ("scrape-ca-file", "/service-ca.crt"),
    ("scrape-interval", "1m"),
    ("scrape-server-name", "daemons.svc"),
    ("scrape-token-file", "/scrape-token"),
];

/// Scenario: every key, as flag, as environment and in the file.
/// Guarantees: each place says the same.
#[test]
fn every_key_is_read_from_every_place() {
    let keys = OF_ALL.iter().chain(&OF_SCRAPES).map(|(key, _)| *key);
    let mut seen: Vec<&str> = keys.chain(OF_ROLES.map(|(_, key, _)| key)).collect();
    seen.sort_unstable();
    assert_eq!(seen, KEYS, "the tables have every key");
    let mut told = String::new();
    for (role, key, value) in OF_ROLES {
        let more = if key.starts_with("scrape") { &OF_SCRAPES[..] } else { &[] };
        let all: Vec<(&str, &str)> = OF_ALL.into_iter().chain([(key, value)]).chain(more.iter().copied()).collect();
        let flags: Vec<String> = all.iter().map(|(key, value)| format!("--{key}={value}")).collect();
        let flags: Vec<&str> = [role].into_iter().chain(flags.iter().map(String::as_str)).collect();
        let env: Vec<(String, &str)> = all.iter().map(|(key, value)| (env_name(key), *value)).collect();
        let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let file: String = all.iter().map(|(key, value)| format!("{key}: {value}\n")).collect();
        let config = read(&flags, &[], "", false).expect("nothing is wrong");
        assert_eq!(read(&[role], &env, "", false).as_ref(), Ok(&config), "{role} by environment");
        assert_eq!(read(&[role], &[], &file, false).as_ref(), Ok(&config), "{role} by file");
        told.push_str(&format!("{:?}, {:?}, {:?}\n", config.role, config.pod, config.scrape));
        if role == "daemon" && key == "node" {
            told.push_str(&format!("{config:#?}\n"));
        }
    }
    expect![[r#"
        Daemon, None, None
        Node { name: "worker-0" }, None, None
        WatchConfig {
            role: Node {
                name: "worker-0",
            },
            otlp: Otlp {
                url: https://pointsman:4317/,
                ca_file: Some(
                    "/ca.crt",
                ),
                server_name: Some(
                    "pointsman.pointsman.svc",
                ),
                token_file: Some(
                    "/token",
                ),
            },
            plans: Plans {
                controller: Named(
                    wss://pointsman:443/opamp,
                ),
                file: Some(
                    "/etc/plan.json",
                ),
                cache: Some(
                    "/var/lib/plan.json",
                ),
                killed: true,
            },
            kubeconfig: Some(
                "./kubeconfig",
            ),
            pod: None,
            legacy_metrics: true,
            scrape: None,
            interval: 90s,
            log: "debug",
        }
        Operator, Some(("here", "watch-0")), None
        Controller { read_secrets: true }, None, None
        Controller { read_secrets: false }, None, Some(Scrape { of: Controller { url: https://controller:9001/metrics }, ca_file: Some("/service-ca.crt"), token_file: Some("/scrape-token"), server_name: Some("daemons.svc"), interval: 60s })
        Daemon, None, Some(Scrape { of: Daemons { port: 9001 }, ca_file: Some("/service-ca.crt"), token_file: Some("/scrape-token"), server_name: Some("daemons.svc"), interval: 60s })
    "#]]
    .assert_eq(&told);
}

/// Scenario: the same key in all places.
/// Guarantees: a flag wins over the environment, which wins over the file.
#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file() {
    let env = [("POINTSMAN_INTERVAL", "20s")];
    let of = |args: &[&str], env: &[(&str, &str)]| read(args, env, "interval: 30s\n", true).expect("nothing is wrong").interval;
    expect!["10s 20s 30s"].assert_eq(&format!(
        "{:?} {:?} {:?}",
        of(&["operator", "--interval", "10s"], &env),
        of(&["operator"], &env),
        of(&["operator"], &[])
    ));
}

/// Scenario: endpoints that the role does not ask, in plain text, at no port, with a password.
/// Guarantees: each is refused.
#[test]
fn only_endpoints_of_the_role_are_scraped_and_only_with_tls() {
    check_faults(
        &["daemon", "--scrape-mcc=http://controller:9001", "--scrape-mcd=0", "--scrape-interval=1d"],
        &[],
        "kubeconfig: ./kubeconfig\n",
        expect![[r#"
            error[PM0502]: `scrape-mcc` from --scrape-mcc: `http://controller:9001` is not the URL of an endpoint with https
             --> command line:1:37
              |
            1 | pointsman watch daemon --scrape-mcc=http://controller:9001 --scrape-mcd=0 --scrape-interval=1d
              |                                     ^^^^^^^^^^^^^^^^^^^^^^ write it like https://machine-config-controller.openshift-machine-config-operator.svc:9001
            error[PM0502]: `scrape-mcd` from --scrape-mcd: `0` is not a port
             --> command line:1:73
              |
            1 | pointsman watch daemon --scrape-mcc=http://controller:9001 --scrape-mcd=0 --scrape-interval=1d
              |                                                                         ^ write it like 9001
            error[PM0502]: `scrape-interval` from --scrape-interval: it is not from 1s to 10m
             --> command line:1:93
              |
            1 | pointsman watch daemon --scrape-mcc=http://controller:9001 --scrape-mcd=0 --scrape-interval=1d
              |                                                                                             ^^ Prometheus asks every 30s
            error[PM0502]: `scrape-mcc` from --scrape-mcc: only the watcher of the controller asks it
             --> command line:1:37
              |
            1 | pointsman watch daemon --scrape-mcc=http://controller:9001 --scrape-mcd=0 --scrape-interval=1d
              |                                     ^^^^^^^^^^^^^^^^^^^^^^ leave it out, or watch the controller
        "#]],
    );
    check_faults(
        &["operator", "--scrape-mcd=9001", "--scrape-mcc=https://user:word@controller:9001"],
        &[],
        "kubeconfig: ./kubeconfig\n",
        expect![[r#"
            error[PM0502]: `scrape-mcc` from --scrape-mcc: `https://*********@controller:9001` is not a URL without user name and password
             --> command line:1:57
              |
            1 | pointsman watch operator --scrape-mcd=9001 --scrape-mcc=https://*********@controller:9001
              |                                                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ write it like https://machine-config-controller.openshift-machine-config-operator.svc:9001
            error[PM0502]: `scrape-mcc` from --scrape-mcc: only the watcher of the controller asks it
             --> command line:1:57
              |
            1 | pointsman watch operator --scrape-mcd=9001 --scrape-mcc=https://*********@controller:9001
              |                                                         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ leave it out, or watch the controller
            error[PM0502]: `scrape-mcd` from --scrape-mcd: only the watcher of the daemon asks daemons
             --> command line:1:39
              |
            1 | pointsman watch operator --scrape-mcd=9001 --scrape-mcc=https://*********@controller:9001
              |                                       ^^^^ leave it out, or watch the daemon
        "#]],
    );
}

/// Scenario: settings for a scrape that does not happen.
/// Guarantees: each is refused.
#[test]
fn nothing_is_set_for_scrapes_that_do_not_happen() {
    check_faults(
        &["controller", "--scrape-token-file=/token", "--scrape-ca-file=/ca.crt"],
        &[],
        "kubeconfig: ./kubeconfig\n",
        expect![[r#"
            error[PM0502]: `scrape-ca-file` from --scrape-ca-file: nothing is scraped
             --> command line:1:72
              |
            1 | pointsman watch controller --scrape-token-file=/token --scrape-ca-file=/ca.crt
              |                                                                        ^^^^^^^ say what is, with `scrape-mcc` or `scrape-mcd`
            error[PM0502]: `scrape-token-file` from --scrape-token-file: nothing is scraped
             --> command line:1:48
              |
            1 | pointsman watch controller --scrape-token-file=/token --scrape-ca-file=/ca.crt
              |                                                ^^^^^^ say what is, with `scrape-mcc` or `scrape-mcd`
        "#]],
    );
}

/// Scenario: everything that can be wrong, in all places.
/// Guarantees: one report with a place and a way out for each.
#[test]
fn every_mistake_is_in_one_report() {
    check_faults(
        &["daemon", "--node", "Worker_0", "--all-nodes", "--read-secrets", "--otlp=ftp://x", "--nodes=3"],
        &[("POINTSMAN_INTERVAL", "10m"), ("POINTSMAN_POD", "alone")],
        "legacy-metrics: perhaps\nmax-body: 1MiB\n",
        expect![[r#"
            error[PM0501]: unknown flag `--nodes`
             --> command line:1:82
              |
            1 | pointsman watch daemon --node Worker_0 --all-nodes --read-secrets --otlp=ftp://x --nodes=3
              |                                                                                  ^^^^^^^ did you mean `--node`?
              = allowed: --all-nodes, --interval, --kubeconfig, --legacy-metrics, --log, --node, --opamp, --otlp, --otlp-ca-file, --otlp-server-name, --otlp-token-file, --plan-cache, --plan-file, --pod, --read-secrets, --scrape-ca-file, --scrape-interval, --scrape-mcc, --scrape-mcd, --scrape-server-name, --scrape-token-file, --sync, --config
            error[PM0501]: unknown key `max-body`
             --> watch.yaml:2:1
              |
            2 | max-body: 1MiB
              | ^^^^^^^^
              = allowed: all-nodes, interval, kubeconfig, legacy-metrics, log, node, opamp, otlp, otlp-ca-file, otlp-server-name, otlp-token-file, plan-cache, plan-file, pod, read-secrets, scrape-ca-file, scrape-interval, scrape-mcc, scrape-mcd, scrape-server-name, scrape-token-file, sync
            error[PM0502]: `node` from --node: `Worker_0` is not the name of a host or object
             --> command line:1:31
              |
            1 | pointsman watch daemon --node Worker_0 --all-nodes --read-secrets --otlp=ftp://x --nodes=3
              |                               ^^^^^^^^ write it like worker-0.example.com
            error[PM0502]: `node` from --node: one node and all nodes cannot both be meant
             --> command line:1:31
              |
            1 | pointsman watch daemon --node Worker_0 --all-nodes --read-secrets --otlp=ftp://x --nodes=3
              |                               ^^^^^^^^ leave out `node` or `all-nodes`
            error[PM0502]: `read-secrets` from --read-secrets: only the controller has secrets
             --> command line:1:52
              |
            1 | pointsman watch daemon --node Worker_0 --all-nodes --read-secrets --otlp=ftp://x --nodes=3
              |                                                    ^^^^^^^^^^^^^^ leave it out, or watch the controller
            error[PM0502]: `otlp` from --otlp: `ftp://x` is not the URL of an OTLP receiver
             --> command line:1:74
              |
            1 | pointsman watch daemon --node Worker_0 --all-nodes --read-secrets --otlp=ftp://x --nodes=3
              |                                                                          ^^^^^^^ write it like http://127.0.0.1:4317
            error[PM0502]: `pod` from POINTSMAN_POD: `alone` is not a pod
              --> POINTSMAN_POD
               = write it like pointsman/pointsman-0
            error[PM0502]: `legacy-metrics` from the file: `perhaps` is not a boolean
             --> watch.yaml:1:17
              |
            1 | legacy-metrics: perhaps
              |                 ^^^^^^^
              = allowed: true, false
            error[PM0502]: `interval` from POINTSMAN_INTERVAL: it is not from 1s to 100s
              --> POINTSMAN_INTERVAL
               = three pushes must fit into the 5m after which series end
            error[PM0502]: `kubeconfig` from nowhere: this is no pod, so no cluster is named
              --> --kubeconfig
               = name the cluster to watch, like --kubeconfig ~/.kube/config
        "#]],
    );
}

/// Scenario: settings that do not fit together.
/// Guarantees: each is refused by name; nothing is guessed.
#[test]
fn what_does_not_fit_together_is_refused() {
    let cluster = "--kubeconfig=k";
    check_faults(
        &["operator", cluster, "--node=worker-0", "--all-nodes", "--read-secrets"],
        &[],
        "",
        expect![[r#"
            error[PM0502]: `node` from --node: only the daemon has nodes
             --> command line:1:48
              |
            1 | pointsman watch operator --kubeconfig=k --node=worker-0 --all-nodes --read-secrets
              |                                                ^^^^^^^^ leave it out, or watch the daemon
            error[PM0502]: `all-nodes` from --all-nodes: only the daemon has nodes
             --> command line:1:57
              |
            1 | pointsman watch operator --kubeconfig=k --node=worker-0 --all-nodes --read-secrets
              |                                                         ^^^^^^^^^^^ leave it out, or watch the daemon
            error[PM0502]: `read-secrets` from --read-secrets: only the controller has secrets
             --> command line:1:69
              |
            1 | pointsman watch operator --kubeconfig=k --node=worker-0 --all-nodes --read-secrets
              |                                                                     ^^^^^^^^^^^^^^ leave it out, or watch the controller
        "#]],
    );
    check_faults(
        &["daemon", cluster, "--node=worker-0", "--all-nodes", "--pod=a/b"],
        &[],
        "",
        expect![[r#"
        error[PM0502]: `node` from --node: one node and all nodes cannot both be meant
         --> command line:1:46
          |
        1 | pointsman watch daemon --kubeconfig=k --node=worker-0 --all-nodes --pod=a/b
          |                                              ^^^^^^^^ leave out `node` or `all-nodes`
        error[PM0502]: `pod` from --pod: the watcher of one node stands alone
         --> command line:1:73
          |
        1 | pointsman watch daemon --kubeconfig=k --node=worker-0 --all-nodes --pod=a/b
          |                                                                         ^^^ leave out `pod` or `node`
    "#]],
    );
}

/// Scenario: settings of TLS for a receiver without it, and a password in a URL.
/// Guarantees: each is refused by name; nothing secret is sent or shown in plain text.
#[test]
fn a_receiver_in_plain_text_is_shown_no_secret() {
    let cluster = "--kubeconfig=k";
    let plain = "otlp: http://pointsman:4317\notlp-ca-file: ca.crt\notlp-server-name: pointsman\notlp-token-file: token\n";
    check_faults(
        &["operator", cluster],
        &[],
        plain,
        expect![[r#"
        error[PM0502]: `otlp-ca-file` from the file: the receiver is reached without TLS
         --> watch.yaml:2:15
          |
        2 | otlp-ca-file: ca.crt
          |               ^^^^^^ give `otlp` with https
        error[PM0502]: `otlp-server-name` from the file: the receiver is reached without TLS
         --> watch.yaml:3:19
          |
        3 | otlp-server-name: pointsman
          |                   ^^^^^^^^^ give `otlp` with https
        error[PM0502]: `otlp-token-file` from the file: the token would travel in plain text
         --> watch.yaml:4:18
          |
        4 | otlp-token-file: token
          |                  ^^^^^ give `otlp` with https
    "#]],
    );
    check_faults(
        &["operator", cluster, "--otlp=https://user:secret@pointsman:4317"],
        &[],
        "",
        expect![[r#"
        error[PM0502]: `otlp` from --otlp: `https://***********@pointsman:4317` is not a URL without user name and password
         --> command line:1:48
          |
        1 | pointsman watch operator --kubeconfig=k --otlp=https://***********@pointsman:4317
          |                                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ write it like http://127.0.0.1:4317
    "#]],
    );
}

/// Scenario: receivers of every kind, and nobody named who tells plans; then somebody, or nobody on purpose.
/// Guarantees: whoever is pointsman is asked where it listens, anything else is not guessed at, and a name stands as it is.
#[test]
fn plans_come_from_where_the_receiver_is() {
    let told: String = [
        "http://127.0.0.1:4317",
        "http://127.0.0.1:4318",
        "https://pointsman.pointsman.svc:4317",
        "http://[::1]:4317",
        "https://collector:443",
        "http://127.0.0.1:55681",
        "http://collector",
    ]
    .iter()
    .map(|otlp| {
        let config = read(&["operator", "--otlp", otlp], &[], "", true).expect("nothing is wrong");
        format!("{otlp} {:?}\n", config.plans.controller)
    })
    .collect();
    expect![[r#"
        http://127.0.0.1:4317 Assumed(ws://127.0.0.1:4318/v1/opamp)
        http://127.0.0.1:4318 Assumed(ws://127.0.0.1:4318/v1/opamp)
        https://pointsman.pointsman.svc:4317 Assumed(wss://pointsman.pointsman.svc:4318/v1/opamp)
        http://[::1]:4317 Assumed(ws://[::1]:4318/v1/opamp)
        https://collector:443 Nobody
        http://127.0.0.1:55681 Nobody
        http://collector Nobody
    "#]]
    .assert_eq(&told);
    let named = |opamp: &str| read(&["operator", "--opamp", opamp], &[], "", true).expect("nothing is wrong").plans.controller;
    expect![[r#"
        Nobody
        Named(ws://a:1/)
        Named(https://a/x)
    "#]]
    .assert_eq(&["off", "ws://a:1", "https://a/x"].map(|opamp| format!("{:?}\n", named(opamp))).concat());
    // In a file that word is a boolean.
    let config = read(&["operator"], &[], "opamp: off\nsync: off\n", true).expect("nothing is wrong");
    assert_eq!(config.plans, Plans { killed: true, ..Plans::default() });
}

/// Scenario: one who tells plans that cannot be reached as it is meant to be, and a plan that nobody would keep.
/// Guarantees: each is refused by name.
#[test]
fn whoever_tells_plans_is_shown_no_secret() {
    let (cluster, otlp, token) = ("--kubeconfig=k", "--otlp=https://p:4317", "--otlp-token-file=t");
    check_faults(
        &["operator", cluster, otlp, token, "--opamp=ws://p:4318"],
        &[],
        "",
        expect![[r#"
        error[PM0502]: `opamp` from --opamp: the token would travel in plain text
         --> command line:1:91
          |
        1 | ps://p:4317 --otlp-token-file=t --opamp=ws://p:4318
          |                                         ^^^^^^^^^^^ give `opamp` with wss or https
    "#]],
    );
    check_faults(
        &["operator", cluster, "--opamp=off", "--plan-cache=c"],
        &[],
        "",
        expect![[r#"
        error[PM0502]: `plan-cache` from --plan-cache: nobody tells plans that could be kept
         --> command line:1:66
          |
        1 | pointsman watch operator --kubeconfig=k --opamp=off --plan-cache=c
          |                                                                  ^ leave it out, or `opamp`
    "#]],
    );
    check_faults(
        &["operator", cluster, "--opamp=p:4318", "--plan-cache=c", "--sync=no"],
        &[],
        "",
        expect![[r#"
        error[PM0502]: `opamp` from --opamp: `p:4318` is not the URL of an OpAMP server
         --> command line:1:49
          |
        1 | pointsman watch operator --kubeconfig=k --opamp=p:4318 --plan-cache=c --sync=no
          |                                                 ^^^^^^ write it like wss://pointsman.pointsman.svc:4318/v1/opamp, or off
        error[PM0502]: `sync` from --sync: `no` is not a switch
         --> command line:1:78
          |
        1 | pointsman watch operator --kubeconfig=k --opamp=p:4318 --plan-cache=c --sync=no
          |                                                                              ^^ did you mean `on`?
          = allowed: on, off
    "#]],
    );
    check_faults(
        &["operator", cluster, "--opamp=wss://user:word@p:4318"],
        &[],
        "",
        expect![[r#"
        error[PM0502]: `opamp` from --opamp: `wss://*********@p:4318` is not a URL without user name and password
         --> command line:1:49
          |
        1 | pointsman watch operator --kubeconfig=k --opamp=wss://*********@p:4318
          |                                                 ^^^^^^^^^^^^^^^^^^^^^^ write it like wss://pointsman.pointsman.svc:4318/v1/opamp, or off
    "#]],
    );
}
