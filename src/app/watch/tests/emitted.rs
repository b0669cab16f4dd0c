//! What a watcher says of itself, written down: `tests/it/semconv/coverage.rs` compares that with the registry.
//! Knows no role.

use super::{CONFIGS, Cluster, NODES, POOLS};
use crate::kubernetes::server::Mood;
use expect_test::expect_file;
use serde_json::json;
use std::time::Duration;
use tokio::time::sleep;

/// Scenario: pools are told, nodes are forbidden at first, configs are not defined; then a node changes, and a pool to what
/// cannot be read. Guarantees: all that is said of watches and turns is what is written down, every error at 0 from the start.
#[tokio::test(start_paused = true)]
async fn we_say_what_is_written_down() {
    let mut cluster = Cluster::new();
    cluster.pool("master", false);
    cluster.pool("worker", true);
    cluster.node("n1", false);
    cluster.server.mood(&[NODES], Mood::Says(403));
    cluster.server.mood(&[CONFIGS], Mood::Says(404));
    cluster.start("a");
    sleep(Duration::from_secs(1)).await;
    cluster.server.mood(&[NODES], Mood::Fine);
    sleep(Duration::from_secs(20)).await;
    cluster.node("n1", true);
    cluster.server.put(POOLS, "", "worker", json!({ "spec": { "paused": "maybe" } }));
    sleep(Duration::from_secs(20)).await;
    cluster.stop("a").await;
    let heard = cluster.heard.lock();
    expect_file!["../../../../tests/data/emitted/watch.txt"].assert_eq(&heard.samples);
    expect_file!["../../../../tests/data/emitted/watch-spans.txt"].assert_eq(&heard.spans);
}
