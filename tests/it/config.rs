//! What a wrong start says.
//! How places and mistakes are read is tested beside the code; here is what a user sees.

use crate::support::{Pointsman, http, run, wait};

/// Scenario: two of three ports are taken by a running server.
/// Guarantees: both are named in one report with their code, and the exit code is that of bad usage.
#[test]
fn busy_ports_are_all_named() {
    let first = Pointsman::start(&[]);
    let (grpc, read) = (first.grpc.to_string(), first.read.to_string());
    let (code, _, stderr) = run(&["serve", "--otlp-grpc", &grpc, "--otlp-http", "127.0.0.1:0", "--listen", &read], &[]);
    assert_eq!(code, 2, "{stderr}");
    assert_eq!(stderr.matches("error[PM0506]").count(), 2, "{stderr}");
    assert!(stderr.contains(&grpc) && stderr.contains(&read), "{stderr}");
}

/// Scenario: spans are to be sent to the very port on which they come in, by number and by name.
/// Guarantees: refused with code and cause: they would go round for ever.
#[test]
fn a_trace_back_end_that_is_ourselves_is_refused() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("it is bound");
    let (grpc, url) = (free.to_string(), format!("http://localhost:{}", free.port()));
    let rest = ["--otlp-http", "127.0.0.1:0", "--listen", "127.0.0.1:0"];
    for url in [&format!("http://{grpc}"), &url] {
        let (code, _, stderr) = run(&[&["serve", "--otlp-grpc", &grpc, "--traces-to", url][..], &rest].concat(), &[]);
        assert!(code == 2 && stderr.contains("PM0502") && stderr.contains("is this process itself"), "{stderr}");
    }
}

/// Scenario: mistakes on the command line, in the environment and in the file, and a file that is not there.
/// Guarantees: one report with a code and a place for each, exit code 2, and nothing was started.
#[test]
fn mistakes_of_all_places_are_one_report() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pointsman.yaml");
    std::fs::write(&file, "max-bodyy: 1\nscope-labels: perhaps\n").expect("written");
    let file = file.to_str().expect("a plain path");
    let env = [("POINTSMAN_EXPIRE_AFTER", "soon")];
    let (code, stdout, stderr) =
        run(&["serve", "--config", file, "--max-series", "-1", "--listne", "x", "--otlp-http", "0.0.0.0:4318"], &env);
    assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
    let file_line = format!("{file}:1:1");
    for part in ["--listne", "POINTSMAN_EXPIRE_AFTER", &file_line, "did you mean `max-body`", "perhaps", "PM0503", "6 errors"] {
        assert!(stderr.contains(part), "{part} is missing in\n{stderr}");
    }
    let (code, _, stderr) = run(&["serve", "--config", "/nowhere/pointsman.yaml", "--log", "info"], &[]);
    assert!(code == 2 && stderr.contains("error[PM0505]: cannot read /nowhere/pointsman.yaml: "), "{stderr}");
}

/// Scenario: a prefix for every name is asked for, by the words that exporters know it by.
/// Guarantees: each is refused as an unknown flag: names never get one (NM-22).
#[test]
fn no_prefix_is_offered() {
    for flag in ["--namespace", "--prefix", "--metric-prefix"] {
        let (code, _, stderr) = run(&["serve", flag, "my app"], &[]);
        assert!(code == 2 && stderr.contains(flag), "{flag}: {code} {stderr}");
    }
}

/// Scenario: the same key in the file, the environment and on the command line of a real process.
/// Guarantees: the command line wins over the environment, which wins over the file.
#[test]
fn the_process_obeys_the_order_of_places() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pointsman.yaml");
    std::fs::write(&file, "max-body: 10\nmax-series: 7\nmemory-limit: 1GiB\n").expect("written");
    let file = file.to_str().expect("a plain path");
    let free = ["serve", "--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--config", file];
    let body = [0_u8; 100];
    for (env, flags, status) in
        [(None, [].as_slice(), 413), (Some("50"), &[], 413), (Some("200"), &[], 400), (Some("200"), &["--max-body=50"], 413)]
    {
        let env: Vec<(&str, &str)> = env.map(|size| ("POINTSMAN_MAX_BODY", size)).into_iter().collect();
        let server = Pointsman::start_as(&[&free[..], flags].concat(), &env);
        let reply = http(server.http, "POST", "/v1/metrics", &[("content-type", "application/x-protobuf")], &body);
        assert_eq!(reply.status, status, "{env:?} {flags:?}");
        let health = server.get("/api/v1/health").json();
        assert_eq!(health["item"]["seriesMax"], 7, "the file alone says it: {health}");
    }
}

/// Scenario: every verb is asked for help, and for what it does not know.
/// Guarantees: help names two examples and the exit codes; what is unknown is bad usage.
#[test]
fn every_verb_has_help_with_examples() {
    for verb in ["serve", "demo", "check", "explain", "diff", "catalog", "get", "assets", "docs", "man", "completion", "version"]
    {
        let (code, stdout, stderr) = run(&[verb, "--help"], &[]);
        assert_eq!((code, stderr.as_str()), (0, ""), "{verb}");
        let examples = stdout.lines().filter(|line| line.starts_with(&format!("  pointsman {verb}"))).count();
        assert!(examples >= 2, "{stdout}");
        assert!(stdout.contains("Exit codes: 0 fine"), "{stdout}");
    }
    assert_eq!(run(&["sevre"], &[]).0, 2);
    assert_eq!(run(&["explain", "PM0104"], &[]).0, 0);
    let (code, stdout, _) = run(&["version", "--output", "json"], &[]);
    assert!(code == 0 && stdout.contains(env!("CARGO_PKG_VERSION")), "{stdout}");
}

/// Scenario: a broken view, and another file of the folder that changes three times; then a hundred mistakes at once.
/// Guarantees: the log says each mistake once, and of a flood the first 50 and how many more.
#[test]
fn view_faults_do_not_flood_the_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write("broken.yaml", "spec: [\n");
    let server = Pointsman::start(&["--views", folder.path().to_str().expect("a plain path")]);
    let logged = |message: &str| server.logs().iter().filter(|line| line.contains(&format!("\"{message}\""))).count();
    for turn in 1..=3 {
        write("other.yaml", &format!("# {turn}\n"));
        wait("the folder to be read again", || (logged("views read") > turn).then_some(()));
    }
    assert_eq!(logged("view fault"), 1, "{:#?}", server.logs());
    let flood: String = (0..100).map(|n| format!("apiVersion: pointsman.dev/v1alpha1\nkind: Wrong{n}\n---\n")).collect();
    write("other.yaml", &flood);
    wait("the flood to be read", || (logged("views read") > 4).then_some(()));
    assert_eq!(logged("view fault"), 51, "{:#?}", server.logs());
    assert!(server.logs().iter().any(|line| line.contains("\"more\":50")), "{:#?}", server.logs());
}

/// Scenario: a watcher without a cluster, with one that cannot be read, with a flag that it does not know, and without a role.
/// Guarantees: each is told with its code and a way out before anything is watched, and the exit code is that of bad usage.
#[test]
fn a_watcher_that_cannot_start_says_why() {
    let watch = |args: &[&str]| {
        let (code, stdout, stderr) = run(&[&["watch"], args].concat(), &[]);
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
        stderr
    };
    let told = watch(&["daemon", "--node", "worker-0", "--all-nodes"]);
    assert!(told.contains("PM0502") && told.contains("name the cluster to watch") && told.contains("2 errors"), "{told}");
    let told = watch(&["operator", "--kubeconfig", "/nowhere/kubeconfig"]);
    assert!(told.contains("PM0505") && told.contains("/nowhere/kubeconfig"), "{told}");
    let told = watch(&["daemon", "--kubeconfig", "k", "--scrape-mcd", "9001", "--scrape-token-file", "/nowhere/token"]);
    assert!(told.contains("--scrape-token-file") && told.contains("/nowhere/token") && told.contains("2 errors"), "{told}");
    let told = watch(&["operator", "--kubeconfig", "k", "--intervall", "5s"]);
    assert!(told.contains("PM0501") && told.contains("did you mean `--interval`"), "{told}");
    assert!(watch(&["pools"]).contains("[possible values: operator, controller, daemon]"));
    let (code, help, _) = run(&["watch", "--help"], &[]);
    assert!(code == 0 && help.contains("Examples:") && help.contains("--all-nodes"), "{help}");
}
