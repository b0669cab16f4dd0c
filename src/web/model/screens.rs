//! What the screens fleet, cost and traces show, field by field, and their JSON twins with them. Fields are only ever added.
//! Plain values: nothing here is computed, and nothing knows where it came from.

use super::objects::AttributeCost;
use serde::Serialize;
use std::collections::BTreeMap;

/// Pools and nodes, from the series that watchers push.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fleet {
    /// Whether there are such series; else `missing` says why nothing is shown.
    pub known: bool,
    /// Why there is nothing to show, and what would change that.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub missing: String,
    /// Metrics without which a part of this is not known: off, or never sent.
    pub off: Vec<Off>,
    /// Whether there were more series than are looked at: some pools or nodes may be missing.
    pub cut: bool,
    /// Pools, by name.
    pub pools: Vec<Pool>,
    /// How many more there are.
    pub pools_more: usize,
    /// Nodes: what needs somebody first, then what is under way, then by name.
    pub nodes: Vec<Node>,
    /// How many more there are: `?after=N` skips the first N.
    pub nodes_more: usize,
    /// What phases took, of each pool in the order of an update.
    pub usual: Vec<Usual>,
}

/// A metric that is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Off {
    /// OTel name.
    pub metric: String,
    /// What is not shown without it.
    pub shows: String,
    /// Why: who turned it off, or that nobody sent it.
    pub why: String,
    /// The line of a view that turns it on; empty where it is on.
    pub enable: String,
}

/// A pool.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// Machines by what they are counted as: `total`, `updated`, `ready`, `unavailable`, `degraded`.
    pub machines: BTreeMap<String, u64>,
    /// Conditions that hold.
    pub conditions: Vec<String>,
    /// Whether it is paused.
    pub paused: bool,
    /// Whether a config waits.
    pub pending: bool,
    /// For how long, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_seconds: Option<f64>,
    /// Why it stands still.
    pub stalled: Vec<String>,
    /// How many machines may be away at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_unavailable: Option<u64>,
    /// What half of the updates of its nodes took at most, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual_update_seconds: Option<f64>,
    /// About how long until all machines are updated, in seconds: rounds of as many as may be away, each of the usual time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_seconds: Option<f64>,
    /// The phase in which most time went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slowest_phase: Option<Slowest>,
}

/// The phase in which most time of updates went.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Slowest {
    /// Its name.
    pub phase: String,
    /// Its share of the time of all phases that hold no others, 0 to 1.
    pub share: f64,
}

/// A node.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its pool.
    pub pool: String,
    /// What its daemon says of it.
    pub state: String,
    /// For how long, in seconds; absent while it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_seconds: Option<f64>,
    /// Phases it is in, in the order of an update.
    pub phases: Vec<Phase>,
    /// What stands in its way.
    pub why: Vec<String>,
    /// Whether somebody should look: it failed, or is in a phase for more than three times the usual time.
    pub attention: bool,
}

/// A phase that goes on.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// For how long, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// What half of them took at most in this pool, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual_seconds: Option<f64>,
}

/// What a phase took in a pool, over all updates that were seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usual {
    /// The pool.
    pub pool: String,
    /// The phase.
    pub phase: String,
    /// How often it was seen to end.
    pub count: u64,
    /// What half of them took at most, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50_seconds: Option<f64>,
    /// What 95 of 100 took at most, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95_seconds: Option<f64>,
}

/// What metrics cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// Series held.
    pub series: u64,
    /// Series that may be held.
    pub series_max: u64,
    /// Bytes that streams hold, roughly.
    pub bytes: u64,
    /// Points a minute, of what is known.
    pub points_per_minute: f64,
    /// Components, the dearest first.
    pub components: Vec<CostOfComponent>,
    /// How many more there are.
    pub components_more: usize,
    /// Instruments, the dearest first.
    pub instruments: Vec<CostOfInstrument>,
    /// How many more there are: `?after=N` skips the first N.
    pub instruments_more: usize,
    /// Whether there were more instruments than are remembered.
    pub cut: bool,
}

/// What a component costs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CostOfComponent {
    /// Namespace and name, as in the path of its page.
    pub component: String,
    /// Processes that push.
    pub instances: u64,
    /// Attribute sets as they were sent, before views.
    pub sets_sent: u64,
    /// Series in a scrape.
    pub series: u64,
    /// Points a minute, of what is known.
    pub points_per_minute: f64,
    /// Bytes that its streams hold, roughly.
    pub bytes: u64,
    /// Points that views suppressed since it came.
    pub points_suppressed: u64,
}

/// What an instrument of a component costs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CostOfInstrument {
    /// Namespace and name of the component.
    pub component: String,
    /// Instrumentation scope.
    pub scope: String,
    /// OTel name.
    pub name: String,
    /// As on the wire.
    pub kind: String,
    /// Whether it is on.
    pub on: bool,
    /// Who decided that; absent where a catalogue or the default did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// Attribute sets as they were sent, before views.
    pub sets_sent: u64,
    /// Series in a scrape.
    pub series: u64,
    /// Points a minute; absent until two requests were seen apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points_per_minute: Option<f64>,
    /// Bytes that its streams hold, roughly; texts of attributes are shared and not in it.
    pub bytes: u64,
    /// Points that went to the overflow series.
    pub points_overflowed: u64,
    /// What each attribute costs, the greatest saving first; looked at for the dearest of one component alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Vec<AttributeCost>>,
}

/// One reconcile loop, from its histogram.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Loop {
    /// Namespace and name of the component.
    pub component: String,
    /// OTel name of the histogram.
    pub metric: String,
    /// What tells it from other loops: attributes but the result, as `key=value`.
    pub of: String,
    /// Turns since its series began.
    pub turns: u64,
    /// Turns that failed, where the result is among the attributes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<u64>,
    /// Turns a minute between two looks; absent until there were two apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turns_per_minute: Option<f64>,
    /// What half of the turns took at most, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50_seconds: Option<f64>,
    /// What 95 of 100 took at most, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95_seconds: Option<f64>,
    /// What 99 of 100 took at most, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99_seconds: Option<f64>,
    /// Whether a percentile lies beyond the last bound, so that it is at least what is said.
    pub beyond: bool,
}

/// One of the slowest turns of the last hour, from its span.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SlowTurn {
    /// Its trace in hexadecimal.
    pub trace_id: String,
    /// Itself.
    pub span_id: String,
    /// Its name.
    pub name: String,
    /// Who sent it.
    pub component: String,
    /// When it began.
    pub start: String,
    /// How long it took.
    pub duration_seconds: f64,
    /// `Unset`, `Ok` or `Error`.
    pub status: &'static str,
    /// Where a trace viewer shows it; absent without `--trace-link`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// Where points or spans came from.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inflow {
    /// Namespace and name of the component.
    pub component: String,
    /// Processes that push.
    pub instances: u64,
    /// Points received since it came.
    pub received: u64,
    /// Points that views suppressed since it came.
    pub suppressed: u64,
    /// Points a minute, of what is known.
    pub points_per_minute: f64,
    /// Series in a scrape.
    pub series: u64,
}

/// What did not go on, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Drop {
    /// `points`, `spans`, `requests` or `series`.
    pub what: &'static str,
    /// Where: `ingest`, `views`, `limit`, `scrape`, or the URL of a back end.
    pub stage: String,
    /// Why, in a word that metrics and logs use too.
    pub reason: String,
    /// Why, in a sentence, where there is one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// How many since the start.
    pub count: u64,
}
