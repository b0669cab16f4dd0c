//! What each fuzz target does with an input, and what must hold then: one function a target. Fuzzing (`run.sh`) and the replay of the
//! corpora in `tests/it` share them. An oracle is a reader or a model that shares no code with ours.

use super::checker;

// In two crates: each file is named.
#[path = "access.rs"]
mod access;
#[path = "choices.rs"]
mod choices;
#[path = "decode.rs"]
mod decode;
#[path = "exposition.rs"]
mod exposition;
#[path = "names.rs"]
mod names;
#[path = "requests.rs"]
mod requests;
#[path = "small.rs"]
mod small;
#[path = "state.rs"]
mod state;
#[path = "store.rs"]
mod store;
#[path = "transport.rs"]
mod transport;
#[path = "views.rs"]
mod views;
#[path = "whole.rs"]
mod whole;

/// What is done with an input.
pub type Target = fn(&[u8]);

/// Every target by its name: that of its file in `targets`, and of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("access_config", access::access_config),
    ("access_path", access::access_path),
    ("access_token", access::access_token),
    ("attributes", small::attributes),
    ("config", views::config),
    ("delta", state::delta),
    ("exponential", state::exponential),
    ("exposition_openmetrics", exposition::exposition_openmetrics),
    ("exposition_protobuf", exposition::exposition_protobuf),
    ("exposition_text", exposition::exposition_text),
    ("frames", transport::frames),
    ("grpc_framing", transport::grpc_framing),
    ("inflate_gzip", transport::inflate_gzip),
    ("inflate_zstd", transport::inflate_zstd),
    ("metrics_json", decode::metrics_json),
    ("metrics_protobuf", decode::metrics_protobuf),
    ("names", names::names),
    ("negotiation", names::negotiation),
    ("number", small::number),
    ("opamp", whole::opamp),
    ("pattern", small::pattern),
    ("plan", views::plan),
    ("request", whole::request_whole),
    ("sampling", small::sampling),
    ("times", small::times),
    ("trace_answer", small::trace_answer),
    ("traces_json", decode::traces_json),
    ("traces_protobuf", decode::traces_protobuf),
    ("view_yaml", views::view_yaml),
];

/// Does with an input what the target of that name does.
///
/// # Panics
/// When there is no such target, or when something does not hold.
pub fn run(name: &str, input: &[u8]) {
    let found = TARGETS.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("no target {name}")).1(input);
}
