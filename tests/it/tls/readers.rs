//! Who may read by certificate: the authority of `--client-ca-file`, beside rules that name users and groups, and no API server
//! that could be asked. Knows what readers see; how rules are read is tested beside `auth::access`.

use super::{
    client::{Authority, Client},
    flags,
};
use crate::support::{Pointsman, runtime};
use std::fs;
use tempfile::TempDir;

const RULES: &str = "authorization:\n  static:\n  - {path: /metrics, verb: get, user: {name: scraper}}\n  \
                     - {path: /metrics, verb: get, user: {groups: [scrapers]}}\n";

/// Scenario: readers with a certificate of the authority that name a user with a rule, a group with a rule, and somebody else; with
/// none, with one of a stranger of the same name, ones that have ended and not begun, and one without a name; a good certificate
/// beside a token that nobody can judge; over HTTP/1.1 and HTTP/2. Then the same paths without a rule.
/// Guarantees: who has a rule reads; others whom the authority vouches for may nothing, so 403, as there is no API server; everybody
/// else is 401, with a token that nobody judges, too. What has no rule is not read either; probes are, by all.
#[test]
fn krp_13_14_a_certificate_says_who_reads() {
    let (ours, readers, folder) = (Authority::named("ours"), Authority::named("readers"), TempDir::new().expect("a folder"));
    ours.pair().write(folder.path());
    let at = |name: &str| folder.path().join(name).display().to_string();
    fs::write(at("ca.crt"), readers.pem()).expect("the folder takes files");
    fs::write(at("rules.yaml"), RULES).expect("the folder takes files");
    let (pair, ca, rules) = (flags(folder.path()), at("ca.crt"), at("rules.yaml"));
    let more = ["--client-ca-file", &ca, "--config-file", &rules];
    let server = Pointsman::start(&pair.iter().map(String::as_str).chain(more).collect::<Vec<_>>());
    let other = Authority::named("readers"); // the same name, another key
    let good = (2020, 2090);
    let everybody = [
        ("scraper", Some(readers.sender(Some("scraper"), good)), 200),
        ("of the group", Some(readers.member("anybody", "scrapers")), 200),
        ("somebody else", Some(readers.sender(Some("other"), good)), 403),
        ("nobody", None, 401),
        ("a stranger", Some(other.sender(Some("scraper"), good)), 401),
        ("one that was", Some(readers.sender(Some("scraper"), (2020, 2021))), 401),
        ("one that will be", Some(readers.sender(Some("scraper"), (2080, 2090))), 401),
        ("one without a name", Some(readers.sender(None, good)), 401),
    ];
    let token = |client: &Client, path: &str| {
        let head = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Bearer unknown\r\n\r\n");
        client.says(server.read, head.as_bytes()).expect("an answer").status
    };
    for (who, own, wanted) in everybody {
        let client = |protocols: &[&str]| match &own {
            Some(own) => ours.client_showing(own, protocols),
            None => ours.client(protocols),
        };
        let status = |path: &str| client(&["http/1.1"]).http(server.read, "GET", path, "").expect("an answer").status;
        assert_eq!((status("/metrics"), status("/livez")), (wanted, 200), "{who}");
        assert_eq!(status("/metrics/self"), if wanted == 401 { 401 } else { 403 }, "{who}");
        let http2 = runtime().block_on(client(&["h2"]).http2(server.read, "GET", "/metrics", ""));
        assert_eq!(http2, Ok(wanted), "{who}");
        assert_eq!(token(&client(&["http/1.1"]), "/metrics"), wanted, "{who} with a token");
    }
}
