//! Which spans of a request go on. Two walks: the first marks the traces of errors and slow spans, the second writes,
//! so that the order of spans within a request does not matter. Knows neither where plans come from nor where spans go.

use super::{
    answer::fields,
    batch::{Batch, BatchWriter},
    kept::KeptTraces,
    sample,
};
use crate::{
    decode::{DecodeError, RawResource, RawScope, RawSpan, SpanSink, spans},
    limits::TRACE_BATCH_BYTES_MAX,
    model::{
        clock::Mono,
        component::ComponentKey,
        reject::{Reason, Tally},
        speaker::{Claim, Forged, Speaker},
        workloads::Workloads,
    },
    view::plan::{Plan, RuleRef, SpanDecision},
    wire::attributes::{read_attributes, with_attributes},
};
use std::{collections::BTreeMap, sync::Arc};

/// `status.code` of a span that failed.
const STATUS_ERROR: i32 = 2;

/// What spans are judged by.
#[derive(Clone, Copy)]
pub struct Judge<'j> {
    /// The plan of a component.
    pub plan_of: &'j dyn Fn(&ComponentKey) -> Arc<Plan>,
    /// Who owns which pod.
    pub workloads: &'j Workloads,
    /// Traces of which a span was kept for an error or for being slow.
    pub kept: &'j KeptTraces,
    /// When this is.
    pub now: Mono,
    /// Who says it, where that was proven.
    pub speaker: Option<&'j Speaker>,
}

/// Why a view took a span away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cut {
    /// Its rule is off.
    Off,
    /// Its trace is not in the sample.
    Sampled,
}

/// What became of a request.
#[derive(Debug, Default, PartialEq)]
pub struct Filtered {
    /// The spans that go on.
    pub batches: Vec<Batch>,
    /// Received, refused with reasons, and suppressed.
    pub tally: Tally,
    /// The suppressed ones by the rule that did it.
    pub suppressed: BTreeMap<(Option<Arc<RuleRef>>, Cut), u64>,
    /// Spans that go on without a `trace_state` that was too long.
    pub cut_states: u64,
}

/// A span that goes on, with where it came from.
#[derive(Debug, Clone, Copy)]
pub struct KeptSpan<'a> {
    /// Who sent it.
    pub component: &'a ComponentKey,
    /// Its trace.
    pub trace_id: [u8; 16],
    /// Itself.
    pub span_id: [u8; 8],
    /// Its name.
    pub name: &'a str,
    /// The rest, raw.
    pub raw: RawSpan<'a>,
}

/// Judges every span of an `ExportTraceServiceRequest`; `seen` is shown those that go on.
///
/// # Errors
/// When the frame does not parse: then nothing is marked and nothing goes on.
pub fn filter(body: &[u8], judge: Judge<'_>, seen: &mut dyn FnMut(&KeptSpan<'_>)) -> Result<Filtered, DecodeError> {
    spans::check(body)?;
    spans::walk(body, &mut Marker { place: Place::new(judge) });
    let writer = BatchWriter::new(TRACE_BATCH_BYTES_MAX);
    let mut sink = Sorter { place: Place::new(judge), writer, filtered: Filtered::default(), seen };
    spans::walk(body, &mut sink);
    let Sorter { writer, filtered, .. } = sink;
    Ok(Filtered { batches: writer.finish(), ..filtered })
}

/// Where in the request the walk is, as far as decisions need it.
struct Place<'j> {
    judge: Judge<'j>,
    component: Result<ComponentKey, Reason>,
    plan: Option<Arc<Plan>>, // asked for at the first span of a resource: many resources may have none
    scope: Result<Box<str>, Reason>,
    /// The resource with what its sender should have said, where that is not what it said.
    corrected: Option<Vec<u8>>,
}

/// A span that is sound, and what its rule says.
struct Judged<'a> {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    name: &'a str,
    decision: Option<SpanDecision>,
}

impl<'j> Place<'j> {
    fn new(judge: Judge<'j>) -> Self {
        let component = Ok(ComponentKey::from_resource(|_| None));
        Self { judge, component, plan: None, scope: Ok("".into()), corrected: None }
    }

    fn resource(&mut self, resource: &RawResource<'_>) {
        self.plan = None;
        self.scope = Ok("".into());
        // A head that a strict back end cannot read would take the whole batch along.
        let sound = spans::resource_flaw(resource).map_or(Ok(()), Err);
        self.corrected = None;
        self.component = sound.and_then(|()| self.read(resource));
    }

    /// The component of a resource, by what its sender may say.
    fn read(&mut self, resource: &RawResource<'_>) -> Result<ComponentKey, Reason> {
        let (attributes, duplicates) = read_attributes(resource.raw, 1)?;
        let said = |key: &str| attributes.iter().find(|a| &*a.key == key).map(|a| &*a.text);
        let corrections = self.judge.speaker.map_or(Ok(Vec::new()), |speaker| speaker.correct(said));
        let mut corrections = corrections.map_err(|Forged(claim)| Reason::Forged(claim))?;
        // Of equal keys the last one was judged; a back end may believe the first.
        if duplicates > 0 && self.judge.speaker.is_some() {
            let judged = Claim::ALL.into_iter().filter_map(|claim| Some((claim.key(), said(claim.key())?)));
            let more: Vec<_> = judged.filter(|(key, _)| corrections.iter().all(|(corrected, _)| corrected != key)).collect();
            corrections.extend(more.into_iter().map(|(key, text)| (key, text.into())));
        }
        if !corrections.is_empty() {
            self.corrected = Some(with_attributes(resource.raw, 1, &corrections)?);
        }
        let corrected = |key: &str| corrections.iter().find(|(corrected, _)| *corrected == key).map(|(_, text)| &**text);
        Ok(ComponentKey::from_resource_in(|key| corrected(key).or_else(|| said(key)), self.judge.workloads))
    }

    fn scope(&mut self, scope: &RawScope<'_>) {
        let name = fields(scope.raw, 1).last().copied().unwrap_or_default();
        let name = std::str::from_utf8(name).map(Into::into).map_err(|_| Reason::NotUtf8);
        self.scope = spans::scope_flaw(scope).map_or(name, Err);
    }

    fn judge<'a>(&mut self, span: &RawSpan<'a>) -> Result<Judged<'a>, Reason> {
        let trace_id = <[u8; 16]>::try_from(span.trace_id).map_err(|_| Reason::BadId)?;
        let span_id = <[u8; 8]>::try_from(span.span_id).map_err(|_| Reason::BadId)?;
        let component = self.component.as_ref().map_err(|reason| *reason)?;
        let scope = self.scope.as_ref().map_err(|reason| *reason)?;
        let name = std::str::from_utf8(span.name).map_err(|_| Reason::NotUtf8)?;
        let plan = self.plan.get_or_insert_with(|| (self.judge.plan_of)(component));
        Ok(Judged { trace_id, span_id, name, decision: plan.decide_span(scope, name) })
    }
}

impl Judged<'_> {
    /// Whether its rule keeps this span whatever the sample says.
    fn is_kept_for_itself(&self, span: &RawSpan<'_>) -> bool {
        self.decision.as_ref().is_some_and(|rule| {
            let failed = rule.keep_errors && span.status_code == STATUS_ERROR;
            let slow = rule.keep_slower_ns.is_some_and(|limit| span.end.saturating_sub(span.start) >= limit);
            rule.on && (failed || slow)
        })
    }
}

/// The first walk: remembers which traces stay whole.
struct Marker<'j> {
    place: Place<'j>,
}

impl SpanSink for Marker<'_> {
    fn resource(&mut self, resource: &RawResource<'_>) {
        self.place.resource(resource);
    }

    fn scope(&mut self, scope: &RawScope<'_>) {
        self.place.scope(scope);
    }

    fn span(&mut self, span: &RawSpan<'_>) {
        if let Ok(judged) = self.place.judge(span)
            && judged.is_kept_for_itself(span)
            && spans::flaw(span).is_none()
        {
            self.place.judge.kept.mark(judged.trace_id, self.place.judge.now);
        }
    }
}

/// The second walk: writes what goes on, counts the rest.
struct Sorter<'j, 's> {
    place: Place<'j>,
    writer: BatchWriter,
    filtered: Filtered,
    seen: &'s mut dyn FnMut(&KeptSpan<'_>),
}

impl Sorter<'_, '_> {
    /// What takes this span away, if anything does.
    fn cut(&self, judged: &Judged<'_>, span: &RawSpan<'_>) -> Option<Cut> {
        let rule = judged.decision.as_ref()?;
        let Judge { kept, now, .. } = self.place.judge;
        if !rule.on {
            return Some(Cut::Off);
        }
        let stays =
            sample::keeps(&judged.trace_id, rule.sample) || judged.is_kept_for_itself(span) || kept.holds(&judged.trace_id, now);
        (!stays).then_some(Cut::Sampled)
    }

    fn suppress(&mut self, rule: Option<SpanDecision>, cut: Cut) {
        self.filtered.tally.suppressed = self.filtered.tally.suppressed.saturating_add(1);
        let count = self.filtered.suppressed.entry((rule.and_then(|rule| rule.by), cut)).or_default();
        *count = count.saturating_add(1);
    }
}

impl SpanSink for Sorter<'_, '_> {
    fn resource(&mut self, resource: &RawResource<'_>) {
        self.place.resource(resource);
        let raw = self.place.corrected.as_deref().unwrap_or(resource.raw);
        self.writer.resource(&RawResource { raw, schema_url: resource.schema_url });
    }

    fn scope(&mut self, scope: &RawScope<'_>) {
        self.place.scope(scope);
        self.writer.scope(scope);
    }

    fn span(&mut self, span: &RawSpan<'_>) {
        self.filtered.tally.received = self.filtered.tally.received.saturating_add(1);
        let judged = match (spans::flaw(span), self.place.judge(span)) {
            (None, Ok(judged)) => judged,
            (Some(reason), _) | (None, Err(reason)) => return self.filtered.tally.reject(reason, 1),
        };
        if let Some(cut) = self.cut(&judged, span) {
            return self.suppress(judged.decision, cut);
        }
        let shorter = spans::without_long_states(span.raw);
        self.filtered.cut_states = self.filtered.cut_states.saturating_add(u64::from(shorter.is_some()));
        self.writer.span(shorter.as_deref().unwrap_or(span.raw));
        if let Ok(component) = &self.place.component {
            let Judged { trace_id, span_id, name, .. } = judged;
            (self.seen)(&KeptSpan { component, trace_id, span_id, name, raw: *span });
        }
    }
}

#[cfg(test)]
mod tests;
