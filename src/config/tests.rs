use super::{Cluster, Config, Given, KEYS, KubeApi, env_name, place::CommandLine};
use crate::cli::{Cli, Verb, split_unknown};
use clap::Parser;
use expect_test::{Expect, expect};
use pointsman_core::{expose::names::TranslationStrategy, fault::render, model::speaker::Rates};
use std::time::Duration;

pub(super) fn given(args: &[&str], env: &[(&str, &str)], file: &str) -> Given {
    let line: Vec<String> = ["pointsman", "serve"].iter().chain(args).map(|arg| (*arg).to_owned()).collect();
    let (known, unknown) = split_unknown(line.iter().map(Into::into).collect());
    let Verb::Serve(serve) = Cli::try_parse_from(known).expect("it is a command line").verb else {
        unreachable!("serve was typed")
    };
    Given {
        flags: serve.typed(),
        command_line: CommandLine { args: line, unknown },
        env: env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        file: (!file.is_empty()).then(|| ("pointsman.yaml".to_owned(), file.to_owned())),
        cgroup_bytes: None,
        program_bytes: 0,
        in_pod: false,
    }
}

fn read(args: &[&str], env: &[(&str, &str)], file: &str) -> Config {
    Config::read(&given(args, env, file)).expect("nothing is wrong")
}

#[expect(clippy::needless_pass_by_value, reason = "expectations are made in place")]
fn check_faults(args: &[&str], env: &[(&str, &str)], file: &str, expected: Expect) {
    let faults = Config::read(&given(args, env, file)).expect_err("something is wrong");
    expected.assert_eq(&faults.iter().map(render::terminal).collect::<String>());
}

/// Scenario: nothing is said.
/// Guarantees: the documented defaults, all on loopback.
#[test]
fn defaults_are_those_of_the_documentation() {
    expect![[r#"
        Config {
            otlp_grpc: 127.0.0.1:4317,
            otlp_http: 127.0.0.1:4318,
            listen: 127.0.0.1:9464,
            proxy_endpoints: None,
            views: None,
            cluster: None,
            api_server: None,
            tls: None,
            catalog: [],
            traces_to: [],
            trace_link: None,
            state_dir: None,
            translation_strategy: UnderscoreEscapingWithSuffixes,
            scope_labels: true,
            ratio_suffix: true,
            instance_fallback: true,
            promote_resource_attributes: [],
            expire_after: 300s,
            max_body: 67108864,
            max_series: 2097152,
            http2_streams: 100,
            http2_stream_bytes: 65536,
            connections_per_address: None,
            kube_api: KubeApi {
                per_second: 5,
                burst: 10,
            },
            memory_limit: 1073741824,
            heap_bytes: 799014912,
            insecure: false,
            log: "info",
            access: None,
            senders: None,
            sender_max_series: None,
            listen_plain: false,
            without_effect: [],
        }
    "#]]
    .assert_debug_eq(&read(&[], &[], ""));
}

/// Scenario: one key is set in all three places.
/// Guarantees: the flag wins over the environment, which wins over the file; each place alone works for every key.
#[test]
fn a_flag_wins_over_the_environment_over_the_file() {
    let (flag, env, file) = (["--max-body", "1MiB"], [("POINTSMAN_MAX_BODY", "2MiB")], "max-body: 3MiB");
    let bodies = [read(&flag, &env, file), read(&[], &env, file), read(&[], &[], file)].map(|config| config.max_body >> 20);
    assert_eq!(bodies, [1, 2, 3]);
}

/// A value for every key.
const EVERY_KEY: [(&str, &str); KEYS.len()] = [
    ("allow-openshift-scraper", "true"),
    ("allow-paths", "/metrics,/api/*/views"),
    ("auth-token-audiences", "pointsman"),
    ("catalog", "a.yaml,b.yaml"),
    ("client-ca-file", "/tls/readers.crt"),
    ("config-file", "/rules.yaml"),
    ("connections-per-address", "10000"),
    ("expire-after", "1h30m"),
    ("http2-disable", "true"),
    ("http2-max-concurrent-streams", "1000"),
    ("http2-max-size", "262144"),
    ("ignore-paths", "/open"),
    ("insecure", "true"),
    ("insecure-listen-address", "[::1]:1"),
    ("instance-fallback", "false"),
    ("kube-api-burst", "40"),
    ("kube-api-qps", "20"),
    ("kubeconfig", "./kubeconfig"),
    ("listen", "[::1]:1"),
    ("log", "debug"),
    ("max-body", "100MiB"),
    ("max-series", "7"),
    ("memory-limit", "2GB"),
    ("otlp-client-ca-file", "/tls/ca.crt"),
    ("otlp-grpc", "localhost:2"),
    ("otlp-http", "10.0.0.1:3"),
    ("otlp-identity", "relabel"),
    ("otlp-senders-file", "/senders.yaml"),
    ("otlp-token-audiences", "pointsman"),
    ("pod", "pointsman/pointsman-0"),
    ("promote-resource-attributes", "k8s.node.name, host.name"),
    ("protecting-namespaces", "openshift-monitoring,platform"),
    ("proxy-endpoints-port", "9643"),
    ("ratio-suffix", "false"),
    ("scope-labels", "false"),
    ("secure-listen-address", "[::1]:1"),
    ("sender-max-bytes", "10MiB"),
    ("sender-max-requests", "20"),
    ("sender-max-series", "3"),
    ("state-dir", "/state"),
    ("tls-cert-file", "/tls/tls.crt"),
    ("tls-cipher-suites", "AES128-SHA,TLS_AES_128_GCM_SHA256"),
    ("tls-min-version", "VersionTLS12"),
    ("tls-private-key-file", "/tls/tls.key"),
    ("tls-profile", "Custom"),
    ("tls-reload-interval", "1m"),
    ("trace-link", "https://jaeger.example/trace/{trace_id}"),
    ("traces-to", "http://a:1,http://b:2"),
    ("translation-strategy", "NoTranslation"),
    ("views", "./views"),
];

/// Scenario: every key is set, in each of the three places alone.
/// Guarantees: the three give the same configuration, so each key can be said in each place.
#[test]
fn every_key_can_be_said_everywhere() {
    let all = EVERY_KEY;
    assert_eq!(all.map(|(key, _)| key), KEYS, "the table has every key");
    // Views come from a folder or from a cluster, never from both; so with addresses, and with patterns of paths.
    let others = ["insecure-listen-address", "secure-listen-address", "ignore-paths"];
    let without = |less: &'static str, more: [&'static str; 3]| {
        read_everywhere(all.into_iter().filter(move |(key, _)| *key != less && !more.contains(key)))
    };
    let of_cluster = without("views", others);
    let cluster = of_cluster.cluster.expect("a kubeconfig was named");
    assert_eq!(cluster.pod, Some(("pointsman".to_owned(), "pointsman-0".to_owned())));
    assert_eq!(cluster.protecting_namespaces, ["openshift-monitoring", "platform"]);
    let plain = without("views", ["listen", "secure-listen-address", "allow-paths"]);
    let ignored = plain.access.as_ref().map(|access| access.ignore_paths.as_slice());
    assert_eq!((plain.listen_plain, ignored), (true, Some(&["/open".to_owned()][..])));
    let secure = without("views", ["listen", "insecure-listen-address", "allow-paths"]);
    assert_eq!((secure.listen_plain, secure.listen), (false, of_cluster.listen));
    let access = of_cluster.access.expect("readers are asked");
    assert_eq!((access.file.as_deref(), access.scraper), (Some("/rules.yaml".as_ref()), true));
    assert_eq!((access.audiences, access.allow_paths.len()), (vec!["pointsman".to_owned()], 2));
    let config = without("kubeconfig", others);
    assert_eq!((config.cluster.is_none(), config.views.as_deref()), (true, Some("./views".as_ref())));
    assert_eq!(config.expire_after, Duration::from_secs(5400));
    assert_eq!((config.max_body, config.memory_limit, config.max_series), (100 << 20, 2_000_000_000, 7));
    assert_eq!(config.connections_per_address, Some(10_000));
    let rates = config.senders.as_ref().map(|senders| senders.rates);
    assert_eq!(rates, Some(Rates { requests: Some(20), bytes: Some(10 << 20) }));
    assert_eq!(config.sender_max_series, Some(3));
    assert_eq!(config.kube_api, KubeApi { per_second: 20, burst: 40 });
    assert_eq!((config.http2_streams, config.http2_stream_bytes), (100, 64 << 10), "our own limits are the most");
    assert_eq!(config.tls.as_ref().map(|tls| tls.reload), Some(Duration::from_secs(10)), "ten seconds are the most");
    assert_eq!(config.promote_resource_attributes, ["k8s.node.name", "host.name"]);
    assert_eq!(config.translation_strategy, TranslationStrategy::NoTranslation);
    assert_eq!(config.traces_to, ["http://a:1", "http://b:2"]);
    let link = config.trace_link.as_ref().map(|link| link.of("abc"));
    assert_eq!(link.as_deref(), Some("https://jaeger.example/trace/abc"));
    assert!(config.insecure_listeners().is_empty(), "all of them speak TLS");
    let senders = config.tls.as_ref().and_then(|tls| tls.otlp_client_ca.as_deref());
    assert_eq!(senders, Some("/tls/ca.crt".as_ref()));
    let plain = Config { tls: None, ..config };
    assert_eq!(plain.insecure_listeners(), ["otlp-http"], "the loopback of both families is ours alone");
}

/// The configuration that these values make as flags, as environment and as a file: the same each time.
fn read_everywhere(all: impl Iterator<Item = (&'static str, &'static str)>) -> Config {
    let all: Vec<(&str, &str)> = all.collect();
    let lists = ["catalog", "traces-to"];
    let flag = |(key, value): (&str, &str)| match lists.contains(&key) {
        true => value.split(',').map(|one| format!("--{key}={one}")).collect(),
        false => vec![format!("--{key}={value}")],
    };
    let flags: Vec<String> = all.iter().copied().flat_map(flag).collect();
    let env: Vec<(String, &str)> = all.iter().map(|(key, value)| (env_name(key), *value)).collect();
    let line = |(key, value): (&str, &str)| match lists.contains(&key) {
        true => format!("{key}: [{value}]\n"),
        false => format!("{key}: {}\n", if value.starts_with('[') { format!("\"{value}\"") } else { value.to_owned() }),
    };
    let file: String = all.iter().copied().map(line).collect();
    let by_flag = read(&flags.iter().map(String::as_str).collect::<Vec<_>>(), &[], "");
    let by_env = read(&[], &env.iter().map(|(name, value)| (name.as_str(), *value)).collect::<Vec<_>>(), "");
    assert_eq!((&by_flag, &by_flag), (&by_env, &read(&[], &[], &file)));
    by_flag
}

/// Scenario: one half of a certificate pair; a folder and a cluster; a pod without a namespace; a pod that names nothing.
/// Guarantees: each is told with what is missing; in a pod the pod's own cluster is read unless a folder is named.
#[test]
fn what_does_not_go_together_is_told() {
    let args = ["--tls-cert-file", "a", "--views", "v", "--kubeconfig", "k", "--pod", "lonely"];
    let faults = Config::read(&given(&args, &[], "")).expect_err("three mistakes");
    let text: String = faults.iter().map(render::terminal).collect();
    for part in ["give `tls-private-key-file` too", "leave out `kubeconfig` or `views`", "pointsman/pointsman-0"] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    assert_eq!(faults.len(), 3, "{text}");
    let faults = Config::read(&given(&["--otlp-client-ca-file", "ca.crt"], &[], "")).expect_err("no TLS to ask in");
    assert_eq!(faults.len(), 1);
    assert!(faults.iter().map(render::terminal).any(|text| text.contains("give `tls-cert-file` and `tls-private-key-file` too")));
    let in_pod = |args| Config::read(&Given { in_pod: true, ..given(args, &[], "") }).expect("nothing is wrong").cluster;
    assert_eq!(in_pod(&[]), Some(Cluster::default()));
    assert_eq!(in_pod(&["--views", "v"]), None);
}

/// Scenario: the cgroup sets a limit, or the command line does.
/// Guarantees: nine tenths of the cgroup's limit, half of it for series; the command line wins.
#[test]
fn memory_follows_the_cgroup_unless_told() {
    let cgroup = |args| {
        let config = Config::read(&Given { cgroup_bytes: Some(1 << 30), ..given(args, &[], "") }).expect("nothing is wrong");
        (config.memory_limit, config.max_series)
    };
    assert_eq!(cgroup(&[]), (966_367_638, 1_887_436));
    assert_eq!(cgroup(&["--memory-limit", "512MiB"]), (512 << 20, 1 << 20));
}

/// Scenario: less memory than the program takes, and bodies that do not fit in what it leaves.
/// Guarantees: a default that fits; what was asked for and cannot be is a fault that names what can.
#[test]
fn memory_and_bodies_fit_together() {
    let read = |args: &[&str]| Config::read(&Given { program_bytes: 32 << 20, ..given(args, &[], "") });
    let sizes = |args: &[&str]| read(args).map(|config| (config.heap_bytes >> 20, config.max_body >> 10)).expect("it fits");
    assert_eq!(sizes(&[]), (738, 64 << 10));
    assert_eq!(sizes(&["--memory-limit", "64MiB"]), (18, 1843));
    assert_eq!(sizes(&["--memory-limit", "64MiB", "--max-body", "1MiB"]), (18, 1024));
    let refused = |args: &[&str]| read(args).expect_err("it does not fit").iter().map(render::terminal).collect::<String>();
    let small = refused(&["--memory-limit", "48MiB"]);
    assert!(small.contains("the program alone takes 40 MiB") && small.contains("give at least 62MiB"), "{small}");
    let large = refused(&["--memory-limit", "64MiB", "--max-body", "2MiB"]);
    assert!(large.contains("--max-body") && large.contains("give at most 1MiB"), "{large}");
}

/// Scenario: mistakes in all three places at once.
/// Guarantees: every one is reported, with its place, and with what was probably meant.
#[test]
fn all_mistakes_come_in_one_report() {
    check_faults(
        &["--otlp-grcp", "127.0.0.1:1", "--max-body", "64Mb", "--log", "a", "--log", "b"],
        &[("POINTSMAN_EXPIRE_AFTER", "5 minutes"), ("POINTSMAN_TRACES_TO", "http://a:4317,jaeger:4317")],
        "max-bodys: 1\ntranslation-strategy: NoTranslations\nmax-series: [1, 2]\n",
        expect![[r#"
            error[PM0501]: unknown flag `--otlp-grcp`
             --> command line:1:17
              |
            1 | pointsman serve --otlp-grcp 127.0.0.1:1 --max-body 64Mb --log a --log b
              |                 ^^^^^^^^^^^ did you mean `--otlp-grpc` or `--otlp-http`?
              = allowed: --allow-openshift-scraper, --allow-paths, --auth-token-audiences, --catalog, --client-ca-file, --config-file, --connections-per-address, --expire-after, --http2-disable, --http2-max-concurrent-streams, --http2-max-size, --ignore-paths, --insecure, --insecure-listen-address, --instance-fallback, --kube-api-burst, --kube-api-qps, --kubeconfig, --listen, --log, --max-body, --max-series, --memory-limit, --otlp-client-ca-file, --otlp-grpc, --otlp-http, --otlp-identity, --otlp-senders-file, --otlp-token-audiences, --pod, --promote-resource-attributes, --protecting-namespaces, --proxy-endpoints-port, --ratio-suffix, --scope-labels, --secure-listen-address, --sender-max-bytes, --sender-max-requests, --sender-max-series, --state-dir, --tls-cert-file, --tls-cipher-suites, --tls-min-version, --tls-private-key-file, --tls-profile, --tls-reload-interval, --trace-link, --traces-to, --translation-strategy, --views, --config
            error[PM0501]: unknown key `max-bodys`
             --> pointsman.yaml:1:1
              |
            1 | max-bodys: 1
              | ^^^^^^^^^ did you mean `max-body`?
              = allowed: allow-openshift-scraper, allow-paths, auth-token-audiences, catalog, client-ca-file, config-file, connections-per-address, expire-after, http2-disable, http2-max-concurrent-streams, http2-max-size, ignore-paths, insecure, insecure-listen-address, instance-fallback, kube-api-burst, kube-api-qps, kubeconfig, listen, log, max-body, max-series, memory-limit, otlp-client-ca-file, otlp-grpc, otlp-http, otlp-identity, otlp-senders-file, otlp-token-audiences, pod, promote-resource-attributes, protecting-namespaces, proxy-endpoints-port, ratio-suffix, scope-labels, secure-listen-address, sender-max-bytes, sender-max-requests, sender-max-series, state-dir, tls-cert-file, tls-cipher-suites, tls-min-version, tls-private-key-file, tls-profile, tls-reload-interval, trace-link, traces-to, translation-strategy, views
            error[PM0502]: `traces-to` from POINTSMAN_TRACES_TO: `jaeger:4317` is not the URL of an OTLP back end
              --> POINTSMAN_TRACES_TO
               = write it like http://jaeger:4317
            error[PM0502]: `translation-strategy` from the file: `NoTranslations` is not a translation strategy
             --> pointsman.yaml:2:23
              |
            2 | translation-strategy: NoTranslations
              |                       ^^^^^^^^^^^^^^ did you mean `NoTranslation`?
              = allowed: UnderscoreEscapingWithSuffixes, UnderscoreEscapingWithoutSuffixes, NoUTF8EscapingWithSuffixes, NoTranslation
            error[PM0502]: `expire-after` from POINTSMAN_EXPIRE_AFTER: `5 minutes` is not a duration
              --> POINTSMAN_EXPIRE_AFTER
               = write it like 90s, 5m or 1h30m
            error[PM0502]: `max-body` from --max-body: `64Mb` is not a size
             --> command line:1:52
              |
            1 | pointsman serve --otlp-grcp 127.0.0.1:1 --max-body 64Mb --log a --log b
              |                                                    ^^^^ write it like 64MiB, 1GiB or 65536
            error[PM0502]: `max-series` from the file: it has several values
             --> pointsman.yaml:3:13
              |
            3 | max-series: [1, 2]
              |             ^ give it once
            error[PM0502]: `log` from --log: it has several values
             --> command line:1:71
              |
            1 | pointsman serve --otlp-grcp 127.0.0.1:1 --max-body 64Mb --log a --log b
              |                                                                       ^ give it once
        "#]],
    );
}

/// Scenario: plain text where other hosts reach it, and words that are no boolean.
/// Guarantees: both are refused, by flag, environment and file alike.
#[test]
fn plain_text_off_loopback_must_be_allowed() {
    check_faults(
        &["--scope-labels=yes", "--listen", "0.0.0.0:9464"],
        &[("POINTSMAN_OTLP_GRPC", "[::]:4317")],
        "otlp-http: 10.1.2.3:4318\ninsecure: 1\n",
        expect![[r#"
            error[PM0502]: `insecure` from the file: `1` is not a boolean
             --> pointsman.yaml:2:11
              |
            2 | insecure: 1
              |           ^
              = allowed: true, false
            error[PM0502]: `scope-labels` from --scope-labels: `yes` is not a boolean
             --> command line:1:32
              |
            1 | pointsman serve --scope-labels=yes --listen 0.0.0.0:9464
              |                                ^^^
              = allowed: true, false
            error[PM0503]: [::]:4317 is not loopback and has no TLS
              --> POINTSMAN_OTLP_GRPC
               = fix: give `--tls-cert-file` and `--tls-private-key-file`, bind 127.0.0.1, or say `--insecure` for plain text
            error[PM0503]: 10.1.2.3:4318 is not loopback and has no TLS
             --> pointsman.yaml:1:12
              |
            1 | otlp-http: 10.1.2.3:4318
              |            ^^^^^^^^^^^^^
              = fix: give `--tls-cert-file` and `--tls-private-key-file`, bind 127.0.0.1, or say `--insecure` for plain text
            error[PM0503]: 0.0.0.0:9464 is not loopback and has no TLS
             --> command line:1:45
              |
            1 | pointsman serve --scope-labels=yes --listen 0.0.0.0:9464
              |                                             ^^^^^^^^^^^^
              = fix: give `--tls-cert-file` and `--tls-private-key-file`, bind 127.0.0.1, or say `--insecure` for plain text
        "#]],
    );
}

/// Scenario: listeners off loopback, with a certificate and its key.
/// Guarantees: nothing needs to be allowed, and nothing is insecure.
#[test]
fn tls_off_loopback_needs_no_permission() {
    let tls = [
        "--tls-cert-file",
        "a",
        "--tls-private-key-file",
        "b",
        "--listen",
        "0.0.0.0:9464",
        "--otlp-grpc",
        "[::]:4317",
        "--kubeconfig",
        "k",
    ];
    let config = Config::read(&given(&tls, &[], "")).expect("nothing is wrong");
    assert!(!config.insecure && config.insecure_listeners().is_empty());
}

/// Scenario: URLs with user names and passwords, in all three places.
/// Guarantees: they are refused, and no report shows them, while its carets stay where they belong.
#[test]
fn secrets_in_urls_are_not_shown() {
    let (args, env) = (["--traces-to", "http://me:hunter2@a:1", "--log", "x"], [("POINTSMAN_TRACES_TO", "ftp://me:hunter2@a")]);
    let file = "traces-to: [\"http://b:1\", \"http://me:hunter2@a:1\"]\nmax-series: x\n";
    for (args, env, file) in [(&args[..], &[][..], ""), (&[], &env[..], ""), (&[], &[], file)] {
        let faults = Config::read(&given(args, env, file)).expect_err("it has a password");
        let text: String = faults.iter().map(|fault| render::terminal(fault) + &render::json(fault).to_string()).collect();
        assert!(!text.contains("hunter2") && !text.contains("me:"), "{text}");
    }
    check_faults(
        &args,
        &[],
        "",
        expect![[r#"
        error[PM0502]: `traces-to` from --traces-to: `http://**********@a:1` is not a URL without user name and password
         --> command line:1:29
          |
        1 | pointsman serve --traces-to http://**********@a:1 --log x
          |                             ^^^^^^^^^^^^^^^^^^^^^ write it like http://jaeger:4317
        error[PM0502]: `log` from --log: `x` is not a log filter
         --> command line:1:57
          |
        1 | pointsman serve --traces-to http://**********@a:1 --log x
          |                                                         ^ write it like info, or warn,pointsman::traces=debug
    "#]],
    );
}

/// Scenario: log filters, some of them misspelt.
/// Guarantees: a level and modules with a level are taken; what would silence the log by mistake is refused.
#[test]
fn a_log_filter_that_means_nothing_is_refused() {
    for good in ["info", "OFF", "warn,pointsman::traces=debug", "info, h2=error "] {
        assert_eq!(read(&["--log", good], &[], "").log, good.replace(' ', ""));
    }
    for bad in ["", "infoo", "pointsman", "pointsman=loud", "[[[", "a=b=c", "info,"] {
        assert!(Config::read(&given(&["--log", bad], &[], "")).is_err(), "{bad:?}");
    }
}

/// Scenario: the file is no mapping; or keys are there twice, without a value, or with keys of their own.
/// Guarantees: no mapping is one mistake; of the others, each is reported at its place.
#[test]
fn mistakes_in_the_form_of_the_file_are_all_reported() {
    check_faults(
        &[],
        &[],
        "- max-body\n",
        expect![[r#"
        error[PM0502]: `config` from --config: it is not a mapping of keys to values
         --> pointsman.yaml:1:1
          |
        1 | - max-body
          | ^ write a line per key, like `max-body: 64MiB`
    "#]],
    );
    check_faults(
        &[],
        &[],
        "max-body: 1MiB\nlog: {a: b}\nmax-body: 2MiB\nviews:\nmax-series: x\n",
        expect![[r#"
            error[PM0502]: `log` from the file: it is a mapping
             --> pointsman.yaml:2:6
              |
            2 | log: {a: b}
              |      ^ write a line per key, like `max-body: 64MiB`
            error[PM0502]: `max-body` from the file: the key stands there twice
             --> pointsman.yaml:3:1
              |
            3 | max-body: 2MiB
              | ^^^^^^^^ keep one of the two lines
            error[PM0502]: `views` from the file: it has no value
             --> pointsman.yaml:4:1
              |
            4 | views:
              | ^^^^^ write a line per key, like `max-body: 64MiB`
            error[PM0502]: `max-series` from the file: `x` is not a whole number above 0
             --> pointsman.yaml:5:13
              |
            5 | max-series: x
              |             ^ write it like 2000000
        "#]],
    );
}

/// Scenario: links to traces that are none, and some that are. Guarantees: the id must stand there once, and not in the host; no
/// scheme that runs something gets onto the page.
#[test]
fn links_to_traces_are_checked() {
    let is_good = |link: &str| Config::read(&given(&["--trace-link", link], &[], "")).is_ok();
    let good = ["https://j/trace/{trace_id}", "http://[::1]:16686/trace/{trace_id}?uiFind=x", "http://g/explore?id={trace_id}"];
    assert!(good.into_iter().all(is_good));
    let bad = [
        "https://j/trace/",
        "https://j/{trace_id}/{trace_id}",
        "https://{trace_id}.j/",
        "https://me:secret@j/{trace_id}",
        "javascript:alert({trace_id})",
        "javascript://j/{trace_id}",
        "/trace/{trace_id}",
        "https://j/ {trace_id}",
        "{trace_id}",
    ];
    bad.into_iter().for_each(|link| assert!(!is_good(link), "{link}"));
    check_faults(
        &["--trace-link", "https://j/trace"],
        &[],
        "",
        expect![[r#"
        error[PM0502]: `trace-link` from --trace-link: `https://j/trace` is not the URL of a trace with {trace_id} once, behind the host
         --> command line:1:30
          |
        1 | pointsman serve --trace-link https://j/trace
          |                              ^^^^^^^^^^^^^^^ write it like https://jaeger.example/trace/{trace_id}
    "#]],
    );
}
