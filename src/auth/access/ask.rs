//! What an API server said about tokens and rights, for how long that holds, and how often it may be asked.
//! Every moment is handed in; knows no connections.

pub mod cache;
pub mod rate;
