//! What 100,000 observed series cost. By hand, alone in its process:
//! `cargo test --release -p pointsman-instrument --lib -- --ignored --exact export::tests::footprint::of_100_000_series --nocapture`

use crate::{
    export::Exporter,
    identity::Identity,
    semconv::pointsman::{ClusterErrors, ViewSuppressed},
    telemetry::Telemetry,
    transport::Transport,
};
use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Instant, SystemTime},
};

const NODES: usize = 5_000;
const SERIES: usize = 100_000;

/// A line of this process's memory, in kB.
fn memory(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix(key)).expect("it is there");
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().expect("a number")
}

/// Reads whole requests and answers 200, keeping nothing.
fn discard(listener: TcpListener) {
    std::thread::spawn(move || {
        let mut part = [0; 16 << 10];
        while let Ok((mut stream, _)) = listener.accept() {
            let (mut head, mut length) = (Vec::new(), None);
            let mut body = 0;
            while length.is_none_or(|length| body < length) {
                let n = stream.read(&mut part).expect("readable");
                if length.is_some() {
                    body += n;
                    continue;
                }
                head.extend_from_slice(&part[..n]);
                if let Some(end) = head.windows(4).position(|w| w == b"\r\n\r\n") {
                    let text = String::from_utf8_lossy(&head[..end]).into_owned();
                    let found = text.lines().find_map(|l| l.strip_prefix("content-length: ")).expect("a length");
                    length = Some(found.parse::<usize>().expect("a number"));
                    body = head.len() - end - 4;
                }
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").expect("writable");
        }
    });
}

/// Scenario: a watcher of 5,000 nodes pushes. Guarantees: what the series take is far below what a watcher may.
#[expect(clippy::disallowed_methods, reason = "a measurement of real time")]
#[tokio::test]
#[ignore = "a measurement: its number is read by people"]
async fn of_100_000_series() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("bound"));
    discard(listener);
    let telemetry = Telemetry::new(Identity::new("watch").instance("daemon"), SystemTime::now);
    let round = Arc::new(AtomicU64::new(0));
    let counted = round.clone();
    telemetry.observe::<ClusterErrors>(move |r| {
        r.set(counted.fetch_add(1, Ordering::Relaxed), ClusterErrors { object_kind: "Node".into() })
    });
    // Sets of four attributes and about 150 bytes, as those of a node are. All of one metric, which is the worst case: its
    // requests are made before the first of them is sent.
    for state in 0..SERIES / NODES {
        telemetry.observe::<ViewSuppressed>(move |r| {
            for node in 0..NODES {
                let metric = ViewSuppressed {
                    k8s_namespace_name: format!("ip-10-0-{}-{}.eu-central-1.compute.internal", node / 250, node % 250).into(),
                    view_kind: "worker".into(),
                    view_name: format!("phase-{state}").into(),
                    rule_name: "UpdateExecuted".into(),
                };
                r.set(node as u64, metric);
            }
        });
    }
    let mut exporter = Exporter::new(telemetry, Transport::http(&url).expect("a URL"));
    let before = memory("VmRSS");
    for round in 1..=5 {
        let began = Instant::now();
        exporter.push().await.expect("taken");
        let took = began.elapsed().as_millis();
        println!("push {round}: {took} ms, VmRSS {} kB, VmHWM {} kB (before {before} kB)", memory("VmRSS"), memory("VmHWM"));
    }
    assert!(memory("VmHWM") - before < 64 << 10, "100,000 series take more than 64 MiB");
}
