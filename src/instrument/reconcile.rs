//! One turn of a reconcile loop: counted, timed, and a span when it changed something, failed, or holds other spans.
//! A turn that is dropped before it ends counts as cancelled, never as success. Knows no loop and no queue.

#[cfg(test)]
mod tests;

use crate::{
    context::Context,
    metric::{Counter, Histogram},
    semconv::{
        attribute::PointsmanResult,
        pointsman::{self as names, ReconcileCount, ReconcileDuration, ReconcileErrors},
    },
    span::{Finished, Place, Span, SpanId},
    telemetry::Telemetry,
};
use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

pub use crate::semconv::attribute::PointsmanReconcileTrigger as Trigger;

/// The class of an error of which nothing more is said.
const OTHER: &str = "_OTHER";

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Something was changed.
    Changed,
    /// There was nothing to do.
    Unchanged,
    /// It failed, and nothing is said of why: [`Turn::failure`] says it.
    Failed,
}

/// Why turns of a loop fail: an enum of the operator, whose words become attribute values. A closed set, never the text
/// of an error.
pub trait Reason {
    /// The word.
    fn as_str(&self) -> &'static str;
}

/// Measures the turns of one loop.
pub struct Reconcile {
    telemetry: Arc<Telemetry>,
    kind: &'static str,
    /// Of its spans.
    name: Cow<'static, str>,
    controller: Option<&'static str>,
    count: Counter<ReconcileCount>,
    duration: Histogram<ReconcileDuration>,
    errors: Counter<ReconcileErrors>,
}

/// A turn that has begun. Dropped without an end it is cancelled.
#[must_use]
pub struct Turn<'a> {
    of: &'a Reconcile,
    start: SystemTime,
    place: Place,
    /// Another process is its parent.
    remote: bool,
    /// Its trace is recorded.
    sampled: bool,
    /// Its span is on; else others stand where its parent does.
    lives: bool,
    /// Someone knows its place, and may refer to it.
    known: AtomicBool,
    links: Vec<Place>,
    about: About,
    ended: bool,
}

/// What is known of a turn, for its span.
#[derive(Default)]
struct About {
    object: Option<String>,
    waited: Option<Duration>,
    retry: Option<u32>,
    trigger: Option<Trigger>,
}

impl Reconcile {
    /// For a loop that reconciles objects of this kind; a few kinds, never names.
    #[must_use]
    pub fn new(telemetry: &Arc<Telemetry>, kind: &'static str) -> Self {
        Self {
            telemetry: telemetry.clone(),
            kind,
            name: span(kind, PointsmanResult::Unchanged).name(),
            controller: None,
            count: telemetry.counter(),
            duration: telemetry.histogram(),
            errors: telemetry.counter(),
        }
    }

    /// The loop's name, for operators with several.
    #[must_use]
    pub fn controller(mut self, name: &'static str) -> Self {
        self.controller = Some(name);
        self
    }

    /// Begins a turn.
    pub fn begin(&self) -> Turn<'_> {
        let (trace, id) = self.telemetry.new_ids();
        let lives = self.telemetry.lives(names::Reconcile::SCOPE, &self.name);
        Turn {
            of: self,
            start: self.telemetry.now(),
            place: Place::root(trace, if lives { id } else { SpanId::INVALID }),
            remote: false,
            sampled: true,
            lives,
            known: AtomicBool::new(false),
            links: Vec::new(),
            about: About::default(),
            ended: false,
        }
    }
}

impl Turn<'_> {
    /// Which object it is about; it stands on the span alone.
    pub fn object(mut self, name: &str) -> Self {
        self.about.object = Some(name.to_owned());
        self
    }

    /// How long the object waited in the queue.
    pub fn waited(mut self, time: Duration) -> Self {
        self.about.waited = Some(time);
        self
    }

    /// Which retry of the object it is; 0 for the first try.
    pub fn retry(mut self, number: u32) -> Self {
        self.about.retry = Some(number);
        self
    }

    /// Why the object came up.
    pub fn trigger(mut self, trigger: Trigger) -> Self {
        self.about.trigger = Some(trigger);
        self
    }

    /// Goes on with the trace of another process, as an annotation of the object tells it. Where that trace is not
    /// recorded, this turn makes no span either.
    pub fn child_of(mut self, context: Context) -> Self {
        self.place = if self.lives { context.place().child(self.place.id) } else { context.place() };
        (self.remote, self.sampled) = (true, context.sampled);
        self
    }

    /// Points to a span that it followed from without being part of it.
    pub fn linked_to(mut self, other: Place) -> Self {
        self.links.extend(Some(other).filter(|other| other.lives()));
        self
    }

    /// Where its span stands: for children, and for measurements made in it. From now on it makes a span, whatever its
    /// outcome. Where its span is off, it is the place of its parent, or of no span.
    pub fn place(&self) -> Place {
        self.known.store(true, Ordering::Relaxed);
        self.place
    }

    /// A place for a span that is part of this turn; none where the trace is not recorded.
    pub fn child(&self) -> Option<Place> {
        self.sampled.then(|| self.place().child(self.of.telemetry.new_ids().1))
    }

    /// The same as [`Self::place`], to be written into an annotation of an object that someone else acts on.
    pub fn context(&self) -> Context {
        Context { sampled: self.sampled, ..Context::of(self.place()) }
    }

    /// Ends the turn, with the number of faults it found in what users wrote.
    pub fn end(self, outcome: Outcome, faults: u32) {
        match outcome {
            Outcome::Changed => self.finish(PointsmanResult::Changed, None, faults),
            Outcome::Unchanged => self.finish(PointsmanResult::Unchanged, None, faults),
            Outcome::Failed => self.finish(PointsmanResult::Failed, Some(OTHER), faults),
        }
    }

    /// Ends a turn that went well; whether it `changed` something.
    pub fn success(self, changed: bool) {
        self.end(if changed { Outcome::Changed } else { Outcome::Unchanged }, 0);
    }

    /// Ends a turn that failed, and says why.
    pub fn failure(self, reason: impl Reason) {
        self.finish(PointsmanResult::Failed, Some(reason.as_str()), 0);
    }

    fn finish(mut self, result: PointsmanResult, error: Option<&'static str>, faults: u32) {
        self.ended = true;
        self.record(result, error, faults);
    }

    fn record(&mut self, result: PointsmanResult, error: Option<&'static str>, faults: u32) {
        let of = self.of;
        let end = of.telemetry.now();
        let object_kind = || of.kind.into();
        let has_span = self.sampled && self.lives && (result != PointsmanResult::Unchanged || self.known.load(Ordering::Relaxed));
        if let Some(count) = of.count.on() {
            count.add(1, ReconcileCount { object_kind: object_kind(), result });
        }
        if let (Some(class), Some(errors)) = (error, of.errors.on()) {
            errors.add(1, ReconcileErrors { object_kind: object_kind(), error_type: class.into() });
        }
        if let Some(duration) = of.duration.on() {
            let took = end.duration_since(self.start).unwrap_or_default().as_secs_f64();
            let metric = ReconcileDuration { object_kind: object_kind(), result };
            if has_span { duration.record_in(took, metric, self.place) } else { duration.record(took, metric) }
        }
        if has_span {
            let span = self.span(result, error, faults);
            of.telemetry.span(self.finished(span, result, error, end));
        }
    }

    fn span(&mut self, result: PointsmanResult, error: Option<&'static str>, faults: u32) -> names::Reconcile {
        let About { object, waited, retry, trigger } = std::mem::take(&mut self.about);
        names::Reconcile {
            faults: i64::from(faults),
            error_type: error.map(Into::into),
            controller_name: self.of.controller.map(Into::into),
            object_name: object.map(Into::into),
            queue_latency: waited.map(|time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX)),
            reconcile_retry: retry.map(i64::from),
            reconcile_trigger: trigger,
            ..span(self.of.kind, result)
        }
    }

    fn finished(
        &mut self,
        span: names::Reconcile,
        result: PointsmanResult,
        error: Option<&'static str>,
        end: SystemTime,
    ) -> Finished {
        let mut finished = Finished::new(span, self.place, self.start, end);
        finished.links = std::mem::take(&mut self.links);
        finished.remote_parent = self.remote;
        match result {
            PointsmanResult::Failed => finished.failed(error.unwrap_or(OTHER)),
            PointsmanResult::Cancelled => finished.failed(result.as_str()),
            PointsmanResult::Changed | PointsmanResult::Unchanged => finished,
        }
    }
}

/// The span of a turn of which nothing more is known.
fn span(kind: &'static str, result: PointsmanResult) -> names::Reconcile {
    names::Reconcile {
        object_kind: kind.into(),
        result,
        faults: 0,
        error_type: None,
        controller_name: None,
        object_name: None,
        queue_latency: None,
        reconcile_retry: None,
        reconcile_trigger: None,
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.record(PointsmanResult::Cancelled, None, 0);
        }
    }
}
