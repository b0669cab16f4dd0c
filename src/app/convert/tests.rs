//! Whatever is read: no panic, a code that fits what was said, and nothing printed but YAML that `serve` can use.

use super::{LEFT_OUT, Proxy, Request, TRANSLATED, UNREADABLE, run};
use crate::auth::access::config;
use pointsman_core::view::yaml;
use proptest::prelude::{Just, Strategy, any, prop, prop_oneof, proptest};
use std::path::PathBuf;

macro_rules! manifest {
    ($name:literal) => {
        include_str!(concat!("../../../tests/data/convert/", $name))
    };
}

/// What goes together.
const MANIFESTS: [(Proxy, [&str; 2]); 6] = [
    (Proxy::KubeRbacProxy, [manifest!("mco-krp/deployment.yaml"), manifest!("mco-krp/rest.yaml")]),
    (Proxy::KubeRbacProxy, [manifest!("full-krp/pod.yaml"), manifest!("mco-krp/rest.yaml")]),
    (Proxy::KubeRbacProxy, [manifest!("list-krp/args.txt"), ""]),
    (Proxy::OauthProxy, [manifest!("mco-oauth/daemonset.yaml"), manifest!("mco-oauth/rest.yaml")]),
    (Proxy::OauthProxy, [manifest!("oauth-odd/pod.yaml"), manifest!("mco-oauth/rest.yaml")]),
    (Proxy::OauthProxy, [manifest!("oauth-list/args.txt"), ""]),
];

/// Exit code, what is printed, how many lines are told.
fn converted(from: Proxy, equal: bool, text: &str) -> (u8, String, usize) {
    let files = [PathBuf::from("-")];
    let request = Request { from, equal, container: None, namespace: Some("shop"), files: &files };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = run(&request, &mut text.as_bytes(), (&mut out, &mut err)).expect("memory takes all");
    let [out, err] = [out, err].map(|bytes| String::from_utf8(bytes).expect("it is text"));
    (code, out, err.lines().count())
}

/// Lines of manifests: some gone, some twice, some another, cut somewhere.
fn mangled() -> impl Strategy<Value = (Proxy, String)> {
    let words = prop_oneof![
        Just("---"),
        Just("kind: Pod"),
        Just("        - --config-file=x"),
        Just("- --v"),
        Just("  {"),
        Just("data: {a: 1}"),
        Just("        - --openshift-delegate-urls={\"/\":{}}"),
        Just("        - --secure-listen-address=:1"),
        Just("metadata:"),
        Just("        - --allow-paths="),
        Just("    authorization: {}"),
        Just("        - \"\u{1b}[2J\""),
        Just("spec: {endpoints: [1]}"),
    ];
    let edits = prop::collection::vec((any::<prop::sample::Index>(), 0u8..4, words), 0..4);
    (0..MANIFESTS.len(), edits).prop_map(|(which, edits)| {
        let (from, [first, second]) = MANIFESTS[which];
        let text = if second.is_empty() { first.to_owned() } else { [first, "---\n", second].concat() };
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for (at, what, word) in edits {
            let at = at.index(lines.len());
            match what {
                0 => drop(lines.remove(at)),
                1 => lines.insert(at, word.to_owned()),
                2 => word.clone_into(&mut lines[at]),
                _ => lines[at] = lines[at].chars().take(at % 20).collect(),
            }
        }
        (from, lines.join("\n"))
    })
}

proptest! {
    /// Scenario: manifests that lost lines, have others, or are cut, for both proxies.
    /// Guarantees: the code is 2 exactly where nothing is printed, 1 where lines are told, else 0; what is printed is YAML whose
    /// files of rules are read, and commands no terminal.
    #[test]
    fn whatever_is_read_what_is_printed_is_good((from, text) in mangled(), equal in any::<bool>()) {
        let (code, out, told) = converted(from, equal, &text);
        match code {
            UNREADABLE => assert!(out.is_empty() && told > 0),
            LEFT_OUT => assert!(!out.is_empty() && told > 0),
            code => assert_eq!((code, told, out.is_empty()), (TRANSLATED, 0, false)),
        }
        assert!(!out.contains('\u{1b}'), "{out:?}");
        for document in yaml::documents(&out) {
            let object = yaml::to_json(&document.expect("it is YAML"));
            if object["kind"] == "ConfigMap" {
                for file in object["data"].as_object().into_iter().flat_map(|data| data.values()).filter_map(|file| file.as_str()) {
                    if file.contains("authorization:") {
                        config::read("printed", file).expect("it is one of rules");
                    }
                }
            }
        }
    }
}

/// Scenario: names and rules with line ends of other systems, which would end a comment or a block.
/// Guarantees: no line of what is printed is one that was read within a name; the rules are read as they were written.
#[test]
fn what_is_read_cannot_write_lines_of_its_own() {
    let text = "
kind: Deployment
metadata: {name: \"a\\rkind: Evil\\nkind: Evil\"}
spec: {template: {spec: {containers: [{name: kube-rbac-proxy, args: [--config-file=/c, --insecure-listen-address=127.0.0.1:1]}]}}}
---
kind: ConfigMap
metadata: {name: rules}
data: {config-file.yaml: \"authorization:\\r\\n  static:\\r\\n  - {path: /metrics, verb: get, user: {name: me}}\\r\\n\\n\"}
";
    let (code, out, _) = converted(Proxy::KubeRbacProxy, false, text);
    assert_eq!(code, TRANSLATED, "{out}");
    assert!(!out.split(['\r', '\n']).any(|line| line.starts_with("kind: Evil")), "{out}");
    let all: Vec<_> = yaml::documents(&out).into_iter().map(|read| yaml::to_json(&read.expect("it is YAML"))).collect();
    let rules = all[1]["data"]["config-file.yaml"].as_str().expect("there are rules");
    assert_eq!(config::read("printed", rules).expect("they are read").fixed[0].user, "me");
}
