//! What is looked at while somebody misbehaves: other senders' series, memory at its peak, our own counts.
//! Judges nothing.

use super::text::TIME;
use crate::limits::cpu;
use crate::support::{Pointsman, http};
use std::{collections::BTreeMap, net::SocketAddr};

/// Two senders that do all right: a gauge, a counter and a histogram each.
pub(super) fn victims(server: &Pointsman) {
    for service in ["victim-a", "victim-b"] {
        let attributes = r#""attributes":[{"key":"path","value":{"stringValue":"/a"}}]"#;
        let body = format!(
            r#"{{"resourceMetrics":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"{service}"}}}}]}},
            "scopeMetrics":[{{"scope":{{"name":"good"}},"metrics":[
            {{"name":"victim.gauge","unit":"s","description":"Good","gauge":{{"dataPoints":[{{"timeUnixNano":"{TIME}","asDouble":1.5,{attributes}}}]}}}},
            {{"name":"victim.counter","unit":"By","description":"Good","sum":{{"isMonotonic":true,"aggregationTemporality":2,
                "dataPoints":[{{"timeUnixNano":"{TIME}","asInt":"7",{attributes}}}]}}}},
            {{"name":"victim.histogram","unit":"s","description":"Good","histogram":{{"aggregationTemporality":2,
                "dataPoints":[{{"timeUnixNano":"{TIME}","count":"3","sum":2.5,"explicitBounds":[1],"bucketCounts":["1","2"],{attributes}}}]}}}}
            ]}}]}}]}}"#
        );
        let reply = server.push_json("/v1/metrics", &body);
        assert_eq!((reply.status, reply.text().as_str()), (200, "{}"));
    }
    let seen = victims_of(&scrape(server.read, "text/plain"));
    assert_eq!(seen.lines().count(), 2 * (1 + 1 + 4), "{seen}");
}

/// The lines of those senders, and whatever pretends to be one.
pub(super) fn victims_of(body: &str) -> String {
    // The namespace of a sender that is known stands before its service.
    let jobs = [r#"{job=""#, r#",job=""#];
    let is_victims =
        |rest: &str| rest.split('"').next().is_some_and(|job| job.rsplit('/').next().unwrap_or(job).starts_with("victim-"));
    // What is known of a target is no point.
    let is_point = |line: &str| !line.starts_with('#') && !line.starts_with("target_info");
    let is_theirs =
        |line: &&str| is_point(line) && jobs.iter().any(|job| line.split_once(job).is_some_and(|(_, rest)| is_victims(rest)));
    body.lines().filter(is_theirs).fold(String::new(), |all, line| all + line + "\n")
}

/// A scrape that nobody keeps: judges that are not ours would see hundreds that differ by a line.
pub(super) fn scrape(addr: SocketAddr, accept: &str) -> String {
    let reply = http(addr, "GET", "/metrics", &[("accept", accept)], b"");
    assert_eq!((reply.status, reply.complete), (200, true), "{}", reply.text());
    String::from_utf8(reply.body).expect("a scrape is text")
}

/// Hits of limits (`limit.NAME`), and what was dropped of both signals (`drop.REASON`).
pub(super) fn counts(server: &Pointsman) -> BTreeMap<String, u64> {
    let reply = http(server.read, "GET", "/metrics/self", &[], b"");
    assert_eq!(reply.status, 200, "{}", reply.text());
    let mut counts = BTreeMap::new();
    for line in reply.text().lines() {
        let is = |metric: &str, label: &str| {
            let rest = line.strip_prefix(metric)?.split_once(&format!("{label}=\""))?.1;
            Some(rest.split_once('"')?.0.to_owned())
        };
        let limit = is("pointsman_limit_hits_total{", "pointsman_limit").map(|name| format!("limit.{name}"));
        let drop = || is("pointsman_pipeline_dropped_total{", "pointsman_drop_reason").map(|name| format!("drop.{name}"));
        let value: Option<u64> = line.rsplit_once(' ').and_then(|(_, value)| value.parse().ok());
        if let (Some(name), Some(value)) = (limit.or_else(drop), value) {
            *counts.entry(name).or_default() += value;
        }
    }
    assert!(!counts.is_empty(), "no counts in {}", reply.text());
    counts
}

/// The memory of a process, as Linux tells it.
pub(super) struct Memory {
    pid: u32,
    begun_kib: std::cell::Cell<u64>,
    begun_cpu: std::cell::Cell<std::time::Duration>,
}

impl Memory {
    pub(super) const fn of(pid: u32) -> Self {
        Self { pid, begun_kib: std::cell::Cell::new(0), begun_cpu: std::cell::Cell::new(std::time::Duration::ZERO) }
    }

    /// From here on.
    pub(super) fn begin(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.pid), "5").expect("the peak can be reset");
        self.begun_kib.set(self.read("VmRSS:"));
        self.begun_cpu.set(cpu(self.pid));
    }

    /// How long it had a processor since.
    pub(super) fn worked(&self) -> std::time::Duration {
        cpu(self.pid).saturating_sub(self.begun_cpu.get())
    }

    /// How much more it took at its peak.
    pub(super) fn grown_kib(&self) -> u64 {
        self.read("VmHWM:").saturating_sub(self.begun_kib.get())
    }

    fn read(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).expect("the process lives");
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("it has memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }
}
