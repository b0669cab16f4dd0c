//! What `convert` refuses: every mistake at once, where it is, and nothing printed.
//! What is read rightly is tested elsewhere.

use super::{convert, folder};
use crate::support::run;
use expect_test::expect_file;

/// Scenario: flags that `serve` would refuse, rules with mistakes, stray words; broken YAML of several kinds; reviews that are
/// no JSON; several proxies, a shell, none.
/// Guarantees: exit code 2, standard output is empty, every mistake is told with its place in the expected file.
#[test]
fn every_mistake_is_told_at_once() {
    let cases: [(&str, &[&str]); 8] = [
        ("krp", &["--from=kube-rbac-proxy", "bad/krp.yaml"]),
        ("broken", &["--from=kube-rbac-proxy", "bad/broken.yaml", "bad/not-there.yaml", "bad"]),
        ("oauth", &["--from=oauth-proxy", "bad/oauth.txt"]),
        ("two", &["--from=kube-rbac-proxy", "bad/two.yaml"]),
        ("shell", &["--from=kube-rbac-proxy", "--container=b/kube-rbac-proxy", "bad/two.yaml"]),
        ("nobody", &["--from=kube-rbac-proxy", "--container=nobody", "bad/two.yaml"]),
        ("other", &["--from=oauth-proxy", "bad/two.yaml"]),
        ("twice", &["--from=kube-rbac-proxy", "mco-krp/deployment.yaml", "list-krp/args.txt", "bare-krp/args.yaml"]),
    ];
    let mut told = String::new();
    for (name, args) in cases {
        let (code, out, err) = convert(args, "");
        assert_eq!((code, out.as_str()), (2, ""), "{name}: {err}");
        told.push_str(&format!("==== {name}\n{err}"));
    }
    expect_file![folder().join("expected/refused.txt")].assert_eq(&told);
}

/// Scenario: rights that cannot be known: no namespace anywhere, no old right to keep, no address.
/// Guarantees: each is refused with what to give.
#[test]
fn what_cannot_be_known_is_asked_for() {
    let tls = "--tls-cert=a\n--tls-key=b\n";
    let sar = r#"--openshift-sar={"resource":"namespaces","verb":"get"}"#;
    let refused = |args: &[&str], text: &str| {
        let (code, out, err) = convert(&[args, &["-"]].concat(), text);
        assert_eq!((code, out.as_str()), (2, ""), "{err}");
        err
    };
    assert!(refused(&["--from=oauth-proxy"], &format!("{tls}{sar}")).contains("name it with --namespace"));
    assert!(refused(&["--from=oauth-proxy", "--equal", "-n=shop"], tls).contains("leave out --equal"));
    assert!(
        refused(&["--from=kube-rbac-proxy"], "--tls-cert-file=a\n--tls-private-key-file=b").contains("--secure-listen-address")
    );
    assert!(refused(&["--from=kube-rbac-proxy"], "--secure-listen-address=:1").contains("tls-cert-file"));
    assert!(refused(&["--from=kube-rbac-proxy"], "").contains("nothing in it"));
    assert!(refused(&["--from=kube-rbac-proxy", "-"], "--v=1").contains("read once"));
}

/// Scenario: a file over its cap, one of bytes that are no text, more files, objects and arguments than may be; deep nesting.
/// Guarantees: each is refused by its cap, soon, and named.
#[test]
fn caps_hold() {
    let many = |n: usize, text: &str| text.repeat(n);
    let from = "--from=kube-rbac-proxy";
    let refused = |args: &[&str], text: &str, why: &str| {
        let (code, out, err) = convert(args, text);
        assert_eq!((code, out.as_str()), (2, ""));
        assert!(err.contains(why), "{why} is not in {err}");
    };
    refused(&[from, "-"], &many((1 << 20) / 8 + 1, "# words\n"), "more than 1048576 bytes");
    refused(&[from, "-"], &many(1001, "kind: Role\n---\n"), "more than 1000 objects");
    refused(&[from, "-"], &many(1001, "--v=1\n"), "1001 arguments are more than 1000");
    refused(&[from, "-"], &many(5000, "["), "-->");
    let files = vec!["bare-krp/args.yaml"; 65];
    refused(&[&[from], &files[..]].concat(), "", "65 files are more than 64");
    let (code, _, err) = run(&["convert", from, "/proc/self/exe"], &[]);
    assert!(code == 2 && (err.contains("more than 1048576 bytes") || err.contains("not UTF-8")), "{err}");
}

/// Scenario: no proxy is named, an unknown one, no file; help is asked for.
/// Guarantees: bad usage is 2; help has examples and the exit codes.
#[test]
fn bad_usage_is_told_and_help_has_examples() {
    for args in
        [&["convert", "x"][..], &["convert", "--from=nginx", "x"], &["convert", "--from=oauth-proxy"], &["convert", "--to=x"]]
    {
        assert_eq!(run(args, &[]).0, 2, "{args:?}");
    }
    let (code, out, _) = run(&["convert", "--help"], &[]);
    assert_eq!(code, 0);
    for part in ["Examples:", "--from kube-rbac-proxy", "--from oauth-proxy", "1 something left out", "--equal"] {
        assert!(out.contains(part), "{part} is missing in\n{out}");
    }
}
