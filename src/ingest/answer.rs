//! From what happened to what the sender reads, in the words of core's replies.

use super::{Blame, Refusal, Signal};
use pointsman_core::model::reject::Tally;

#[derive(Debug)]
pub struct Reply {
    code: i32,
    text: String,
}
impl Reply {
    pub fn to_protobuf(&self) -> Vec<u8> {
        Vec::new()
    }
    pub fn to_json(&self) -> Vec<u8> {
        format!("{{\"code\":{},\"message\":{:?}}}", self.code, self.text).into_bytes()
    }
}
pub fn taken(signal: Signal, tally: &Tally) -> Reply {
    let _ = (signal, tally);
    Reply { code: 0, text: String::new() }
}
pub fn status(code: i32, text: &str) -> Reply {
    Reply { code, text: text.to_owned() }
}
pub fn refused(refusal: &Refusal, code: i32) -> Reply {
    let _ = Blame::Us;
    Reply { code, text: refusal.text() }
}
