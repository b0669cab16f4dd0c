use super::super::tests::given;
use crate::config::{Config, access::ReadAccess};
use pointsman_core::fault::render;

const TLS: [&str; 4] = ["--tls-cert-file", "a", "--tls-private-key-file", "b"];

fn faults(args: &[&str]) -> Vec<String> {
    let faults = Config::read(&given(args, &[], "")).err().unwrap_or_default();
    faults.iter().map(render::terminal).collect()
}

fn read(args: &[&str]) -> Config {
    Config::read(&given(args, &[], "")).expect("nothing is wrong")
}

/// Scenario: one thing after the other that does not go together.
/// Guarantees: krp 40: each is one fault that says what would be right; nothing is ignored where nobody is asked.
#[test]
fn krp_40_what_does_not_go_together_is_told() {
    let rows: [(&[&str], &str); 12] = [
        (&["--allow-paths=/a", "--ignore-paths=/b", "--config-file=f"], "leave out `allow-paths` or `ignore-paths`"),
        (&["--allow-paths=/a"], "nobody is asked who reads"),
        (&["--ignore-paths=/a"], "nobody is asked who reads"),
        (&["--allow-openshift-scraper"], "nobody is asked who reads"),
        (&["--listen=127.0.0.1:1", "--insecure-listen-address=127.0.0.1:2"], "the read side has one address"),
        (&["--secure-listen-address=127.0.0.1:1"], "there is none"),
        (&["--secure-listen-address=0.0.0.0:1"], "there is none"),
        (&["--insecure-listen-address=0.0.0.0:1"], "0.0.0.0:1 is not loopback"),
        (&["--insecure-listen-address=:1"], ":1 is not loopback"),
        (&["--insecure-listen-address=0.0.0.0:1", "--config-file=f"], "0.0.0.0:1 is not loopback"),
        (&["--oidc-issuer=https://a"], "another authenticator would decide who gets in"),
        (&["--oidc-clientID", "a"], "another authenticator would decide who gets in"),
    ];
    for (args, want) in rows {
        let all = faults(args);
        assert!(all.iter().any(|fault| fault.contains(want)), "{args:?}: {all:?}");
        assert!(all.len() == 1 || args == ["--secure-listen-address=0.0.0.0:1"], "{args:?}: {all:?}");
    }
    let mut plain = TLS.to_vec();
    plain.push("--insecure-listen-address=0.0.0.0:1");
    assert_eq!(faults(&plain).len(), 1, "the certificate does not make the plain address secret");
}

/// Scenario: addresses under the names of kube-rbac-proxy, with a certificate.
/// Guarantees: each is the read side's; the plain one stays plain beside a certificate; `:8443` is every address.
#[test]
fn krp_00_addresses_may_have_the_names_of_the_proxy() {
    let with = |more: &'static [&'static str]| read(&[&TLS[..], &["--kubeconfig=k"], more].concat());
    let secure = with(&["--secure-listen-address", "0.0.0.0:9001"]);
    assert_eq!((secure.listen.to_string(), secure.listen_plain), ("0.0.0.0:9001".to_owned(), false));
    assert!(secure.insecure_listeners().is_empty());
    assert_eq!(with(&["--secure-listen-address=:8443"]).listen.to_string(), "[::]:8443");
    let plain = with(&["--insecure-listen-address", "0.0.0.0:1", "--insecure"]);
    assert_eq!((plain.listen_plain, plain.insecure_listeners()), (true, vec!["listen"]));
    let loopback = with(&["--insecure-listen-address", "127.0.0.1:1"]);
    assert!(loopback.listen_plain && loopback.insecure_listeners().is_empty());
}

/// Scenario: each flag with which readers are asked, alone; then all flags about access.
/// Guarantees: asked with any of them, also on loopback, and wherever other hosts can reach us; not asked without.
#[test]
fn krp_00_readers_are_asked_with_any_of_three_flags() {
    assert_eq!(read(&[]).access, None);
    let of_others = ["--listen=0.0.0.0:1", "--kubeconfig=k"];
    assert_eq!(read(&[&TLS[..], &of_others].concat()).access, Some(ReadAccess::default()));
    assert_eq!(read(&["--listen=0.0.0.0:1", "--insecure"]).access, None, "that was allowed");
    let file = read(&["--config-file", "f"]).access;
    assert_eq!(file, Some(ReadAccess { file: Some("f".into()), ..ReadAccess::default() }));
    assert_eq!(read(&["--auth-token-audiences", "a,b"]).access.expect("asked").audiences, ["a", "b"]);
    let all =
        read(&["--config-file=f", "--allow-paths=/a,/b", "--allow-paths=/c", "--allow-openshift-scraper"]).access.expect("asked");
    assert_eq!((all.allow_paths.len(), all.scraper), (3, true));
}

/// Scenario: the whole command line of a pod that ran kube-rbac-proxy.
/// Guarantees: what has no effect is named, each once, and refuses nothing; what nobody knows is still refused.
#[test]
fn krp_00_flags_without_effect_are_named() {
    let line = ["--upstream=http://127.0.0.1:8797", "--logtostderr=true", "--v", "10", "--auth-header-fields-enabled", "--v=3"];
    let names = ["--auth-header-fields-enabled", "--logtostderr", "--upstream", "--v"];
    assert_eq!(read(&line).without_effect, names);
    assert!(read(&[]).without_effect.is_empty());
    assert_eq!(faults(&["--upstreams=a", "--logtostdout", "--v=1"]).len(), 2);
}
