//! A plan as canonical JSON: compact, fields in one order, sets sorted. Its hash is the first half of the SHA-256 over it
//! without the hash; that of each step is the hash of what is offered once the step has passed. Knows how much may travel.

use super::{
    super::{plan::Inner, spec::State, time},
    Done, Steps,
    lines::{Can, Line, Says},
    tail::{Entry, Rest, Tail},
};
use crate::{
    limits::{PLAN_BYTES_MAX, PLAN_LINES_MAX},
    model::clock::Wall,
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The version of the form.
const SCHEMA: u32 = 1;
/// Spans, and the tail, may each take so much of what travels: a quarter.
const SHARE: usize = 4;
/// Bytes for what is not a line: the component, the hash, the steps.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// Why writing cannot fail.
const IS_JSON: &str = "a plan has text keys and finite numbers only";

/// A plan before it is written.
pub(super) struct Draft<'a> {
    component: String,
    lines: Vec<Line<'a>>,
    /// The line of each instrument that never changes, written.
    written: Vec<Option<String>>,
    tail: Vec<Entry<'a>>,
    rest: Rest<'a>,
    spans: Vec<Entry<'a>>,
    moments: Vec<Wall>,
    /// Lines that a cap cut off: they are the last of `lines`.
    pub(super) left_out: usize,
    is_span_left_out: bool,
}

#[derive(Serialize)]
struct LineAfter<'l> {
    scope: &'l str,
    name: &'l str,
    #[serde(flatten)]
    now: &'l Says,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    then: Vec<ThenAfter<'l>>,
}

#[derive(Serialize)]
struct ThenAfter<'l> {
    step: usize,
    #[serde(flatten)]
    says: &'l Says,
}

#[derive(Serialize)]
struct Next {
    at: String,
    hash: String,
}

/// How much may still be written.
struct Room {
    lines: usize,
    bytes: usize,
}

impl<'a> Draft<'a> {
    /// Cuts off what would be too much: from the end of the spans, which are made then; of the tail, or else of the
    /// instruments, and then what is not declared stays on, so that nothing is off that the controller has on.
    pub(super) fn new(component: String, lines: Vec<Line<'a>>, tail: Tail<'a>, spans: Vec<Entry<'a>>, steps: &Steps) -> Self {
        let whole = Room { lines: PLAN_LINES_MAX, bytes: PLAN_BYTES_MAX - HEAD_BYTES_MAX };
        let share = || Room { lines: whole.lines / SHARE, bytes: whole.bytes / SHARE };
        let Tail { entries: mut tail, mut rest } = tail;
        let mut spans = spans;
        let (mut room, all_spans) = (share(), spans.len());
        spans.truncate(spans.iter().take_while(|span| room.takes(json(span).len())).count());
        let of_spans = share().less(&room);
        room = share();
        let of_tail = tail.iter().take_while(|entry| room.takes(json(entry).len())).count();
        if of_tail < tail.len() {
            tail.truncate(of_tail);
            rest = Rest::ON;
        }
        let mut room = whole.less(&of_spans).less(&share().less(&room));
        let written: Vec<String> = lines.iter().map(|line| line.after(0)).collect();
        let fitting = written.iter().take_while(|line| room.takes(line.len())).count();
        let left_out = lines.len().saturating_sub(fitting);
        if left_out > 0 {
            (tail, rest) = (Vec::new(), Rest::ON);
        }
        let written = lines.iter().zip(written).map(|(line, text)| (line.says.len() == 1).then_some(text)).collect();
        let is_span_left_out = spans.len() < all_spans;
        Self { component, lines, written, tail, rest, spans, moments: steps.0.clone(), left_out, is_span_left_out }
    }

    /// What of each rule that decides something is done at the source.
    pub(super) fn done(&self, inner: &Inner, can: &Can<'_>) -> Done {
        let mut done = Done::new();
        let mut add = |by: &Arc<_>, is_done: bool| {
            done.entry(Arc::as_ptr(by)).or_insert_with(|| (Arc::clone(by), true)).1 &= is_done;
        };
        let fitting = self.lines.len().saturating_sub(self.left_out);
        for (at, line) in self.lines.iter().enumerate() {
            line.deciders.iter().for_each(|(by, is_done)| add(by, *is_done && at < fitting));
        }
        for rule in &inner.spans {
            let is_off = rule.says.sampling.is_none() && rule.says.state != State::Inherit;
            add(&rule.by, is_off && can.reported.spans && !self.is_span_left_out);
        }
        done
    }

    /// The hash, and the whole plan.
    pub(super) fn write(&self) -> ([u8; 16], Arc<[u8]>) {
        let head = format!("{{\"schema\":{SCHEMA},\"component\":{}", json(&self.component));
        let mut next: Vec<Next> = Vec::new(); // from the last to the first
        for (step, at) in (1usize..).zip(&self.moments).collect::<Vec<_>>().into_iter().rev() {
            let hash = hex(&hash(&head, &self.text_after(step, &next)));
            next.push(Next { at: time::format_time(*at), hash });
        }
        let text = self.text_after(0, &next);
        let hash = hash(&head, &text);
        let body = format!("{head},\"hash\":\"{}\"{text}", hex(&hash));
        (hash, body.into_bytes().into())
    }

    /// Everything behind the hash, once so many steps have passed.
    fn text_after(&self, passed: usize, next: &[Next]) -> String {
        let fitting = self.lines.len().saturating_sub(self.left_out);
        let mut text = String::with_capacity(128 * (fitting + 1));
        text.push_str(",\"instruments\":[");
        let lines = self.lines.iter().zip(&self.written).take(fitting);
        push_all(&mut text, lines, |text, (line, written)| match written {
            Some(written) => text.push_str(written),
            None => text.push_str(&line.after(passed)),
        });
        text.push_str("],\"tail\":[");
        push_all(&mut text, self.tail.iter().filter_map(|entry| entry.after(passed)), |text, entry| text.push_str(&json(&entry)));
        text.push_str("],\"baseline\":");
        text.push_str(&json(&self.rest));
        text.push_str(",\"spans\":[");
        push_all(&mut text, self.spans.iter().filter_map(|entry| entry.after(passed)), |text, entry| {
            text.push_str(&json(&entry))
        });
        text.push_str("],\"next\":[");
        push_all(&mut text, next.iter().rev(), |text, next| text.push_str(&json(next)));
        text.push_str("]}");
        text
    }
}

impl Line<'_> {
    /// The line once so many steps have passed.
    fn after(&self, passed: usize) -> String {
        let over = self.says.partition_point(|(from, _)| *from <= passed);
        let (before, then) = self.says.split_at_checked(over).unwrap_or_default();
        let Some((_, now)) = before.last() else { return String::new() };
        let then = then.iter().map(|(from, says)| ThenAfter { step: from.saturating_sub(passed), says }).collect();
        json(&LineAfter { scope: self.scope, name: self.name, now, then })
    }
}

impl Room {
    /// Whether one more line has room; then it takes it.
    fn takes(&mut self, bytes: usize) -> bool {
        let left = self.lines.checked_sub(1).zip(self.bytes.checked_sub(bytes.saturating_add(1)));
        match left {
            Some((lines, bytes)) => {
                *self = Self { lines, bytes };
                true
            }
            None => false,
        }
    }

    fn less(&self, other: &Self) -> Self {
        Self { lines: self.lines.saturating_sub(other.lines), bytes: self.bytes.saturating_sub(other.bytes) }
    }
}

fn push_all<T>(text: &mut String, all: impl Iterator<Item = T>, push: impl Fn(&mut String, T)) {
    for (at, one) in all.enumerate() {
        if at > 0 {
            text.push(',');
        }
        push(text, one);
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect(IS_JSON)
}

fn hash(head: &str, text: &str) -> [u8; 16] {
    let digest = Sha256::new().chain_update(head).chain_update(text).finalize();
    let mut hash = [0; 16];
    for (half, byte) in hash.iter_mut().zip(digest) {
        *half = byte;
    }
    hash
}

pub(super) fn hex(hash: &[u8; 16]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
