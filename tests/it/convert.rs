//! `convert` as users run it: manifests of both proxies in, one stream of YAML and a line per loss out; and what it prints is
//! what `serve` takes. `UPDATE_EXPECT=1 cargo test --test it convert` writes the expected files in `tests/data/convert`.

mod printed;
mod refused;

use crate::support::{command, wait};
use expect_test::expect_file;
use std::{
    io::{Read, Write},
    path::PathBuf,
    process::Stdio,
    thread,
};

/// Where the fixtures are: files are named as seen from there.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/convert")
}

/// Runs `convert` among the fixtures, with something on its standard input: exit code, stdout, stderr.
pub(crate) fn convert(args: &[&str], stdin: &str) -> (i32, String, String) {
    let mut command = command(&[&["convert"], args].concat(), &[]);
    command.current_dir(folder()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    let mut pipe = child.stdin.take().expect("stdin is piped");
    let text = stdin.to_owned();
    // Who refuses the rest of it closes the pipe.
    let writer = thread::spawn(move || drop(pipe.write_all(text.as_bytes())));
    let read = |mut pipe: Box<dyn Read + Send>| {
        thread::spawn(move || {
            let mut text = String::new();
            pipe.read_to_string(&mut text).map(|_| text)
        })
    };
    let out = read(Box::new(child.stdout.take().expect("stdout is piped")));
    let err = read(Box::new(child.stderr.take().expect("stderr is piped")));
    let status = wait("the process to end", || child.try_wait().expect("the process can be asked"));
    writer.join().expect("the writer ends");
    let [out, err] = [out, err].map(|reader| reader.join().expect("the reader ends").expect("it is text"));
    (status.code().unwrap_or(-1), out, err)
}

/// A fixture: its folder, the arguments, the exit code.
pub(crate) const CASES: [(&str, &[&str], i32); 9] = [
    ("mco-krp", &["--from=kube-rbac-proxy", "mco-krp/deployment.yaml", "mco-krp/rest.yaml"], 1),
    ("mco-oauth", &["--from=oauth-proxy", "mco-oauth/daemonset.yaml", "mco-oauth/rest.yaml"], 1),
    ("mco-oauth-equal", &["--from=oauth-proxy", "--equal", "mco-oauth/daemonset.yaml", "mco-oauth/rest.yaml"], 1),
    ("full-krp", &["--from=kube-rbac-proxy", "full-krp/pod.yaml"], 1),
    ("list-krp", &["--from=kube-rbac-proxy", "list-krp/args.txt", "list-krp/config.yaml"], 0),
    ("bare-krp", &["--from=kube-rbac-proxy", "bare-krp/args.yaml"], 1),
    ("oauth-odd", &["--from=oauth-proxy", "oauth-odd/pod.yaml"], 1),
    ("oauth-odd-equal", &["--from=oauth-proxy", "--equal", "oauth-odd/pod.yaml"], 1),
    ("oauth-list", &["--from=oauth-proxy", "--namespace=shop", "oauth-list/args.txt", "oauth-list/service.yaml"], 1),
];

/// Scenario: both proxies as the Machine Config Operator ran them; one with all that it can do; arguments alone, as a file and
/// as YAML; reviews and prefixes of all kinds; with the old right and with the narrow one.
/// Guarantees: the stream and the lines are those of the expected files, and the exit code says whether there are lines.
#[test]
fn each_fixture_becomes_what_is_expected() {
    for (name, args, expected) in CASES {
        let (code, out, err) = convert(args, "");
        assert_eq!(code, expected, "{name}: {err}");
        assert_eq!(err.is_empty(), code == 0, "{name}: {err}");
        expect_file![folder().join("expected").join(format!("{name}.yaml"))].assert_eq(&out);
        expect_file![folder().join("expected").join(format!("{name}.txt"))].assert_eq(&err);
    }
}

/// Flags of oauth-proxy that are not ours by another name.
const OAUTH_PROXY: &str = "\
    approval-prompt authenticated-emails-file basic-auth-password bypass-auth-except-for client-id client-secret \
    client-secret-file config cookie-domain cookie-expire cookie-name cookie-refresh cookie-samesite cookie-secret \
    cookie-secret-file custom-templates-dir debug-address email-domain footer htpasswd-file login-url logout-url \
    openshift-ca openshift-group openshift-review-url openshift-sar-by-host openshift-service-account profile-url \
    provider proxy-prefix redeem-url redirect-url scope signature-key upstream upstream-ca upstream-flush \
    upstream-timeout validate-url authentication-kubeconfig authorization-kubeconfig requestheader-client-ca-file";

/// Flags of kube-rbac-proxy that are not ours.
const KUBE_RBAC_PROXY: &str = "\
    auth-header-groups-field-name auth-header-user-field-name log-backtrace-at log-dir log-file log-file-max-size \
    oidc-ca-file oidc-clientID oidc-groups-claim oidc-issuer stderrthreshold upstream \
    upstream-ca-file upstream-client-cert-file v vmodule";

/// Scenario: every flag that oauth-proxy or kube-rbac-proxy has and that is not ours is given, each with a value of its own.
/// Guarantees: each is named in a line with a reason that is not the one of unknown flags, and no value is shown or kept.
#[test]
fn every_flag_is_translated_or_named() {
    for (from, address, flags) in [
        ("oauth-proxy", "--http-address=127.0.0.1:1\n", OAUTH_PROXY),
        ("kube-rbac-proxy", "--insecure-listen-address=127.0.0.1:1\n", KUBE_RBAC_PROXY),
    ] {
        let args: String = flags.split(' ').map(|flag| format!("--{flag}=hush-{flag}\n")).collect();
        let (code, out, err) = convert(&["--from", from, "--namespace=shop", "-"], &format!("{address}{args}"));
        assert_eq!(code, 1, "{err}");
        for flag in flags.split(' ') {
            let line = err.lines().find(|line| line.contains(&format!("PM0901]: `--{flag}` is left out: ")));
            let line = line.unwrap_or_else(|| panic!("{from} --{flag} is not named in\n{err}"));
            assert!(!line.contains("that convert knows"), "{line}");
        }
        assert!(!out.contains("hush") && !err.contains("hush"), "a value is shown:\n{out}{err}");
    }
}

/// Scenario: a Secret with a seed of cookies is among the manifests. Guarantees: it is named, and what is in it is nowhere.
#[test]
fn what_is_in_a_secret_is_not_printed() {
    let (_, out, err) = convert(CASES[1].1, "");
    assert!(err.contains("Secret cookie-secret") && !format!("{out}{err}").contains("bm90aGluZ"), "{out}{err}");
}

/// Scenario: what `kubectl get -o yaml` prints comes over standard input. Guarantees: it is read as files are.
#[test]
fn standard_input_is_a_file_too() {
    let [deployment, rest] = ["deployment.yaml", "rest.yaml"]
        .map(|name| std::fs::read_to_string(folder().join("mco-krp").join(name)).expect("there is a fixture"));
    let (code, out, _) = convert(&["--from=kube-rbac-proxy", "-"], &format!("{deployment}---\n{rest}"));
    let expected = std::fs::read_to_string(folder().join("expected/mco-krp.yaml")).expect("there is an expected file");
    assert_eq!((code, out), (1, expected));
}
