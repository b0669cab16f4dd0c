//! Spans on their way to back ends: the forwarder by itself, then through the whole binary.
//! Real back ends are asked in `real`.

mod forwarding;
pub(crate) mod scripted;
mod whole;
