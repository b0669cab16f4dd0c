//! Tests against what users run: Prometheus, Jaeger and the OpenTelemetry SDKs of three languages.
//! All are ignored by default, because they need what `bash tests/run.sh` builds; a peer that is missing is a failure.

mod admission;
mod alerts;
mod cluster;
mod exposition;
mod fleet;
mod gated;
mod jaeger;
mod kinds;
mod latency;
mod opamp;
mod outage;
mod peers;
mod plan_files;
mod plans;
mod precedence;
pub(crate) mod prometheus;
mod proxy;
mod quickstart;
mod rbac;
mod rollout;
mod rules;
mod rust_sender;
mod script;
mod senders;
mod stage;
mod standby;
mod steady;
mod story;
mod swarm;
mod sync_standby;
mod sync_story;
mod traces;
mod tree;
mod watchers;
mod watching;
mod writing;
