//! What a sender is told: the export response with its partial success, and `google.rpc.Status` for what was refused
//! whole; each in protobuf and in JSON. Every text is cut, so a reply stays far below 4 MiB. Knows no transport.

use super::DecodeError;
use crate::{
    limits::{REMARKS_MAX, REPLY_TEXT_BYTES_MAX},
    model::reject::Tally,
    wire::{value::json_string, write},
};
use std::{cmp::Reverse, fmt::Write, time::Duration};

/// `ExportMetricsServiceResponse` or `ExportTraceServiceResponse`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    rejected: u64,
    message: String,
    rejected_key: &'static str,
}

/// What became of the points of a request.
#[must_use]
pub fn metrics_reply(tally: &Tally) -> Reply {
    Reply { rejected: tally.rejected_total(), message: message(tally, "data point"), rejected_key: "rejectedDataPoints" }
}

/// What became of the spans of a request.
#[must_use]
pub fn traces_reply(tally: &Tally) -> Reply {
    Reply { rejected: tally.rejected_total(), message: message(tally, "span"), rejected_key: "rejectedSpans" }
}

/// Reasons with their counts, most first, then the remarks; empty when there is nothing to say.
fn message(tally: &Tally, item: &str) -> String {
    let mut reasons: Vec<_> = tally.rejected.iter().filter(|(_, count)| **count > 0).collect();
    reasons.sort_by_key(|(_, count)| Reverse(**count));
    let mut text = String::new();
    for (reason, count) in reasons {
        text.push_str(if text.is_empty() { "rejected " } else { "; " });
        let plural = if *count == 1 { "" } else { "s" };
        write!(text, "{count} {item}{plural}: {}", reason.text()).expect("writing to a string does not fail");
    }
    for remark in tally.remarks.iter().take(REMARKS_MAX) {
        text.push_str(if text.is_empty() { "" } else { "; " });
        text.push_str(cut(remark));
    }
    text
}

impl Reply {
    /// Whether there is nothing to tell: then `partial_success` is not set, and the protobuf form is empty.
    #[must_use]
    pub fn is_full_success(&self) -> bool {
        self.rejected == 0 && self.message.is_empty()
    }

    /// The response in protobuf.
    #[must_use]
    pub fn to_protobuf(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if !self.is_full_success() {
            write::nested(&mut out, 1, |out| {
                if self.rejected > 0 {
                    write::uint(out, 1, self.rejected);
                }
                if !self.message.is_empty() {
                    write::bytes(out, 2, self.message.as_bytes());
                }
            });
        }
        out
    }

    /// The response in JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        if self.is_full_success() {
            return "{}".to_owned();
        }
        let mut out = "{\"partialSuccess\":{".to_owned();
        if self.rejected > 0 {
            write!(out, "\"{}\":\"{}\"", self.rejected_key, self.rejected).expect("writing to a string does not fail");
        }
        if !self.message.is_empty() {
            out.push_str(if self.rejected > 0 { ",\"errorMessage\":" } else { "\"errorMessage\":" });
            json_string(&self.message, &mut out);
        }
        out.push_str("}}");
        out
    }
}

/// `google.rpc.Code`, those we answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum Code {
    /// The request is not OTLP.
    InvalidArgument = 3,
    /// No such path.
    NotFound = 5,
    /// Known, but not allowed.
    PermissionDenied = 7,
    /// Too large, or too much.
    ResourceExhausted = 8,
    /// No such method, type or encoding.
    Unimplemented = 12,
    /// Our fault.
    Internal = 13,
    /// Not now: try again.
    Unavailable = 14,
    /// Who are you?
    Unauthenticated = 16,
}

/// `google.rpc.Status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// What kind of refusal it is.
    pub code: Code,
    /// What was wrong, for a person.
    pub message: String,
    /// The field that is wrong, and how: `google.rpc.BadRequest`.
    pub violation: Option<(String, String)>,
    /// When to come back: `google.rpc.RetryInfo`.
    pub retry_after: Option<Duration>,
}

const BAD_REQUEST: &str = "type.googleapis.com/google.rpc.BadRequest";
const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

impl Status {
    /// A status without details.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), violation: None, retry_after: None }
    }

    /// The same with a time after which to come back.
    #[must_use]
    pub fn with_retry_after(self, retry_after: Duration) -> Self {
        Self { retry_after: Some(retry_after), ..self }
    }

    /// The status in protobuf.
    #[must_use]
    pub fn to_protobuf(&self) -> Vec<u8> {
        let mut out = Vec::new();
        write::uint(&mut out, 1, i64::from(self.code as i32).cast_unsigned());
        write::bytes(&mut out, 2, cut(&self.message).as_bytes());
        let any = |out: &mut Vec<u8>, name: &str, body: &dyn Fn(&mut Vec<u8>)| {
            write::nested(out, 3, |out| {
                write::bytes(out, 1, name.as_bytes());
                write::nested(out, 2, body);
            });
        };
        if let Some((field, description)) = &self.violation {
            any(&mut out, BAD_REQUEST, &|out| {
                write::nested(out, 1, |out| {
                    write::bytes(out, 1, cut(field).as_bytes());
                    write::bytes(out, 2, cut(description).as_bytes());
                });
            });
        }
        if let Some(after) = self.retry_after {
            any(&mut out, RETRY_INFO, &|out| {
                write::nested(out, 1, |out| {
                    write::uint(out, 1, after.as_secs());
                    write::uint(out, 2, u64::from(after.subsec_nanos()));
                });
            });
        }
        out
    }

    /// The status in JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = format!("{{\"code\":{},\"message\":", self.code as i32);
        json_string(cut(&self.message), &mut out);
        let mut details = Vec::new();
        if let Some((field, description)) = &self.violation {
            let mut detail = format!("{{\"@type\":\"{BAD_REQUEST}\",\"fieldViolations\":[{{\"field\":");
            json_string(cut(field), &mut detail);
            detail.push_str(",\"description\":");
            json_string(cut(description), &mut detail);
            details.push(detail + "}]}");
        }
        if let Some(after) = self.retry_after {
            details.push(format!("{{\"@type\":\"{RETRY_INFO}\",\"retryDelay\":\"{}\"}}", seconds(after)));
        }
        if !details.is_empty() {
            out.push_str(",\"details\":[");
            out.push_str(&details.join(","));
            out.push(']');
        }
        out + "}"
    }
}

impl From<&DecodeError> for Status {
    fn from(error: &DecodeError) -> Self {
        let violation = Some((error.place.clone(), error.what.to_owned()));
        Self { violation, ..Self::new(Code::InvalidArgument, error.to_string()) }
    }
}

/// A duration as protobuf's JSON writes it: no, three or nine digits of fraction.
fn seconds(duration: Duration) -> String {
    let (secs, nanos) = (duration.as_secs(), duration.subsec_nanos());
    match nanos {
        0 => format!("{secs}s"),
        nanos if nanos.is_multiple_of(1_000_000) => format!("{secs}.{:03}s", duration.subsec_millis()),
        nanos => format!("{secs}.{nanos:09}s"),
    }
}

/// The beginning of a text that may echo the request.
fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(REPLY_TEXT_BYTES_MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
