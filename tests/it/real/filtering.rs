//! The how-to from the Collector's filter processor: each filter and its view leave the same metrics of the same push.
//! What stands on the page is what is run.

use super::{
    peers::{Process, free},
    relabelling::{fences_of, pushed},
};
use crate::support::{Pointsman, http, wait};
use std::{collections::BTreeSet, fs, net::SocketAddr};

const PAGE: &str = "migrate-from-collector-filter.md";

/// A Collector with a filter, which hands on what it leaves; and where it takes OTLP over HTTP.
fn collector(filter: &str, signal: &str, to: SocketAddr) -> (Process, SocketAddr) {
    let name = filter.lines().find_map(|line| line.trim().strip_suffix(':').filter(|name| name.starts_with("filter/")));
    let name = name.expect("the filter has a name");
    let [address] = free();
    let config = format!(
        "{filter}receivers: {{otlp: {{protocols: {{http: {{endpoint: '{address}'}}}}}}}}\n\
         exporters: {{otlp_grpc: {{endpoint: '{to}', tls: {{insecure: true}}}}}}\n\
         service:\n  telemetry: {{metrics: {{level: none}}}}\n  pipelines:\n    {signal}: {{receivers: [otlp], processors: [{name}], exporters: [otlp_grpc]}}\n"
    );
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("config.yaml"), config).expect("the folder is ours");
    (Process::start("collector", folder, &["--config=config.yaml".to_owned()], &[address]), address)
}

/// Names of metrics of the push that a server shows.
fn shown(server: &Pointsman) -> BTreeSet<String> {
    let text = server.scrape();
    let names = text.lines().filter_map(|line| line.split_once('{')).map(|(name, _)| name.to_owned());
    names.filter(|name| name.starts_with("mcd_")).collect()
}

/// Scenario: one push, through a Collector with each filter of the page to a server without views, and to a server with the view.
/// Guarantees: both show the same metrics, fewer than were pushed; the filter of spans is one that the Collector takes.
#[test]
#[ignore = "needs the Collector: run bash tests/run.sh"]
fn a_view_leaves_what_the_filter_leaves() {
    let (filters, views) = (fences_of(PAGE, "yaml collector"), fences_of(PAGE, "yaml"));
    assert_eq!((filters.len(), views.len()), (3, 3), "each filter has its view");
    for (filter, view) in filters.iter().zip(&views).take(2) {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("view.yaml"), view).expect("the folder is ours");
        let (plain, viewed) = (Pointsman::start(&[]), Pointsman::start(&["--views", &folder.path().display().to_string()]));
        wait("the view", || (viewed.get("/readyz").status == 200).then_some(()));
        let (_collector, address) = collector(filter, "metrics", plain.grpc);
        let headers = [("content-type", "application/json")];
        wait("the push to be taken", || {
            (http(address, "POST", "/v1/metrics", &headers, pushed().as_bytes()).status == 200).then_some(())
        });
        assert_eq!(viewed.push_json("/v1/metrics", &pushed()).status, 200);
        wait(&format!("{filter} to leave what the view leaves"), || {
            let (filtered, viewed) = (shown(&plain), shown(&viewed));
            (!filtered.is_empty() && filtered.len() < 6 && filtered == viewed).then_some(())
        });
    }
    let plain = Pointsman::start(&[]);
    drop(collector(&filters[2], "traces", plain.grpc));
}
