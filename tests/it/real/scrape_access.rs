//! A real Prometheus 3 as a reader that is asked who it is: by certificate, by a token in a file, by nothing; while the API
//! server answers and while it is held. Knows what Prometheus says of its scrapes, and no single request.

use super::{
    access_rows::world::World,
    peers::settles,
    prometheus::{Job, Prometheus},
};
use crate::support::now;
use std::{fs, path::Path, thread, time::Duration};
use tempfile::TempDir;

/// How a scrape trusts us and shows a certificate; files of the folder.
fn tls(folder: &Path, certificate: bool) -> String {
    let file = |name: &str| folder.join(name).display().to_string();
    let own =
        if certificate { format!(", cert_file: {:?}, key_file: {:?}", file("tls.crt"), file("tls.key")) } else { String::new() };
    format!("  scheme: https\n  tls_config: {{ca_file: {:?}, server_name: localhost{own}}}\n", file("ca.crt"))
}

/// Every answer to the scrapes of a job in the last seconds.
fn ups(prometheus: &Prometheus, job: &str, secs: u64) -> Vec<f64> {
    let found = prometheus.query(&format!("up{{format=\"{job}\"}}[{secs}s]"));
    let values = found.first().and_then(|series| series["values"].as_array().cloned()).unwrap_or_default();
    values.iter().filter_map(|pair| pair[1].as_str()?.parse().ok()).collect()
}

/// Scenario: Prometheus 3 scrapes over TLS: with a certificate that a static rule lets in, with the token of an account that the
/// API server lets in, with neither, and with a certificate of another authority. Then the API server is held for 20 s.
/// Guarantees: krp 1, 4, 13, 14, 23: the first two are up, the others are not, and their targets say 401; while the API server is
/// held the certificate is up in every scrape, and so is the token, which was known a moment before.
#[test]
#[ignore = "needs kube-apiserver, kubectl, etcd and prometheus: run bash tests/run.sh"]
fn krp_23_prometheus_scrapes_while_the_api_server_is_held() {
    let world = World::new();
    let (served, token) = world.serve_static();
    let [certificate, plain, foreign] = ["scraper", "scraper", "foreign"].map(|name| {
        let folder = TempDir::new().expect("a folder");
        world.write_for_scraper(name, folder.path());
        folder
    });
    let token_file = plain.path().join("token");
    fs::write(&token_file, &token).expect("the folder takes files");
    let with_token = format!("{}  authorization: {{credentials_file: {token_file:?}}}\n", tls(plain.path(), false));
    let job = |format, settings| Job { format, target: served.server.read, honor_labels: true, settings };
    let jobs = [
        job("certificate", tls(certificate.path(), true)),
        job("token", with_token),
        job("nothing", tls(plain.path(), false)),
        job("foreign", tls(foreign.path(), true)),
    ];
    let prometheus = Prometheus::start("prometheus3", &jobs, &[]);
    for (name, up) in [("certificate", 1.0), ("token", 1.0), ("nothing", 0.0), ("foreign", 0.0)] {
        assert!(settles(|| prometheus.meta("up", name) == Some(up)), "{name}: {:?}", prometheus.meta("up", name));
    }
    let errors = prometheus.errors();
    for name in ["nothing", "foreign"] {
        assert!(errors.get(name).is_some_and(|error| error.contains("401 Unauthorized")), "{name}: {errors:?}");
    }
    assert_eq!(errors.get("certificate").map(String::as_str), Some(""));

    world.cluster.pause();
    let held = now();
    thread::sleep(Duration::from_secs(20));
    let during = held.elapsed().as_secs() - 1;
    let [by_certificate, by_token, by_nothing] = ["certificate", "token", "nothing"].map(|job| ups(&prometheus, job, during));
    world.cluster.resume();
    for (name, all, up) in [("certificate", by_certificate, 1.0), ("token", by_token, 1.0), ("nothing", by_nothing, 0.0)] {
        assert!(all.len() >= 10, "{name} was scraped {} times", all.len());
        assert!(all.iter().all(|one| *one == up), "{name}: {all:?}");
    }
}
