//! What the JSON API shows, gathered from the engine.
//! Decides nothing: every number is counted elsewhere.

mod catalog;
mod components;
mod explain;
mod views;

use super::{engine::Engine, screens};
use crate::{
    ingest::Signal,
    traces::{
        forward::BackendState,
        recent::{RecentSpan, RecentTrace, SpanStatus},
    },
    web::{
        Sources,
        model::{
            Backend, Conflict, Fault, Flow, Health, LastError, Overview, Party, Span, Stream, Trace, Traces, screens::SlowTurn,
        },
    },
};
use pointsman_core::{
    expose::layout,
    fault::render,
    model::{
        clock::{Mono, Wall},
        reject::Reason,
    },
    view::time::format_time,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

/// Closures over the engine.
#[must_use]
pub fn sources(engine: &Arc<Engine>) -> Sources {
    Sources {
        now: get(engine, |engine| engine.clock.wall()),
        is_ready: get(engine, |engine| {
            let certificates = &engine.numbers.certificates;
            let has_ended = certificates.as_ref().is_some_and(|certificates| certificates.has_ended());
            engine.is_ready.load(Ordering::Relaxed) && !has_ended
        }),
        overview: get(engine, overview),
        components: get(engine, components::list),
        component: {
            let engine = Arc::clone(engine);
            Arc::new(move |namespace, name| off_the_reactor(|| components::one(&engine, namespace, name)))
        },
        left: {
            let engine = Arc::clone(engine);
            Arc::new(move |query| off_the_reactor(|| components::left(&engine, query)))
        },
        views: get(engine, views::list),
        catalog: {
            let engine = Arc::clone(engine);
            Arc::new(move || off_the_reactor(|| catalog::list(&engine)))
        },
        explain: {
            let engine = Arc::clone(engine);
            Arc::new(move |name, component| off_the_reactor(|| explain::explain(&engine, name, component)))
        },
        consumers: get(engine, views::consumers),
        fleet: {
            let engine = Arc::clone(engine);
            Arc::new(move || off_the_reactor(|| screens::fleet(&engine)))
        },
        cost: {
            let engine = Arc::clone(engine);
            Arc::new(move |component| off_the_reactor(|| screens::cost(&engine, component)))
        },
        flow: {
            let engine = Arc::clone(engine);
            Arc::new(move || off_the_reactor(|| flow(&engine)))
        },
        traces: {
            let engine = Arc::clone(engine);
            Arc::new(move || off_the_reactor(|| traces(&engine)))
        },
        health: get(engine, health),
        faults: get(engine, faults),
    }
}

fn get<T>(engine: &Arc<Engine>, read: fn(&Engine) -> T) -> crate::web::Get<T>
where
    T: 'static,
{
    let engine = Arc::clone(engine);
    Arc::new(move || read(&engine))
}

/// For answers that take more than a moment: other requests go on meanwhile.
fn off_the_reactor<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

/// The time of day of a moment on the monotonic clock.
fn wall_of(engine: &Engine, at: Mono) -> Wall {
    let ago = engine.clock.mono().since(at);
    Wall(engine.clock.wall().0.saturating_sub(u64::try_from(ago.as_nanos()).unwrap_or(u64::MAX)))
}

fn overview(engine: &Engine) -> Overview {
    let (stats, loaded) = (engine.store.stats(), engine.views.load());
    let received = |signal| engine.ingest.stats.taken(signal).received;
    Overview {
        release: env!("CARGO_PKG_VERSION"),
        ready: engine.is_ready.load(Ordering::Relaxed),
        uptime_seconds: engine.clock.mono().since(Default::default()).as_secs(),
        components: usize::try_from(stats.components).unwrap_or(usize::MAX),
        instances: usize::try_from(stats.resources).unwrap_or(usize::MAX),
        series: stats.series,
        views: loaded.objects.iter().filter(|object| object.is_view()).count(),
        faults: loaded.faults.len(),
        points_received: received(Signal::Metrics),
        spans_received: received(Signal::Traces),
    }
}

fn flow(engine: &Engine) -> Flow {
    let mut flow = counted(engine);
    flow.inflows = screens::inflows(engine);
    flow.drops = screens::drops(engine, &flow);
    flow
}

fn counted(engine: &Engine) -> Flow {
    let stream = |signal| {
        let taken = engine.ingest.stats.taken(signal);
        Stream {
            requests: taken.requests,
            bytes: taken.bytes,
            received: taken.received,
            suppressed: taken.suppressed,
            rejected: by_code(&taken.rejected),
            requests_refused: taken.refused,
        }
    };
    let mut traces = stream(Signal::Traces);
    traces.suppressed = engine.traces.totals().suppressed.values().fold(0, |sum: u64, n| sum.saturating_add(*n));
    let conflicts = engine.numbers.conflicts.list();
    Flow {
        metrics: stream(Signal::Metrics),
        traces,
        series_exposed: engine.numbers.exported.load(Ordering::Relaxed),
        scrape_omitted: engine.numbers.omitted().into_iter().map(|(omission, n)| (omission.as_str(), n)).collect(),
        adjusted: engine.numbers.adjusted().into_iter().map(|(adjustment, n)| (adjustment.as_str(), n)).collect(),
        limited: engine.store.limited().into_iter().collect(),
        conflicts: conflicts.list.into_iter().map(conflict).collect(),
        conflicts_left_out: conflicts.left_out,
        ..Flow::default()
    }
}

/// Reasons by their words: several may have the same.
fn by_code(rejected: &BTreeMap<Reason, u64>) -> BTreeMap<&'static str, u64> {
    let mut by_code: BTreeMap<&'static str, u64> = BTreeMap::new();
    for (reason, n) in rejected {
        let slot = by_code.entry(reason.code()).or_default();
        *slot = slot.saturating_add(*n);
    }
    by_code
}

fn conflict(conflict: layout::Conflict) -> Conflict {
    let layout::Conflict { family, kind, kept, lost } = conflict;
    let party = |party: layout::Party| {
        let layout::Party { component, metric, wanted } = party;
        Party { component: component.to_string(), metric: metric.into(), wanted: wanted.into() }
    };
    Conflict { family: family.into(), kind: kind.as_str(), kept: party(kept), lost: party(lost) }
}

fn traces(engine: &Engine) -> Traces {
    Traces {
        backends: engine.traces.backends().iter().map(backend).collect(),
        recent: engine.traces.recent().into_iter().map(|recent| trace(engine, recent)).collect(),
        loops: screens::loops(engine).to_vec(),
        slowest: engine.traces.slow(engine.clock.mono()).iter().map(|turn| slow_turn(engine, turn)).collect(),
        ..Traces::default()
    }
}

fn slow_turn(engine: &Engine, turn: &crate::traces::slow::SlowTurn) -> SlowTurn {
    let (trace_id, span) = (hex(&turn.trace_id), span(&turn.span));
    SlowTurn {
        link: link(engine, &trace_id),
        trace_id,
        span_id: span.span_id,
        name: span.name,
        component: span.component,
        start: span.start,
        duration_seconds: span.duration_seconds,
        status: span.status,
    }
}

/// Where a trace viewer shows a trace, if we were told of one.
fn link(engine: &Engine, trace_id: &str) -> Option<String> {
    engine.config.trace_link.as_ref().map(|link| link.of(trace_id))
}

fn backend(state: &BackendState) -> Backend {
    Backend {
        url: state.url.clone(),
        sent: state.counts.sent,
        dropped: state.counts.dropped.iter().map(|(reason, n)| (reason.code(), *n)).collect(),
        exports_failed: state.counts.exports_failed,
        failing: state.counts.failing,
        queue_bytes: state.queued.bytes,
        queue_bytes_max: state.queue_bytes_max,
        last_error: state.counts.last_error.as_ref().map(|e| LastError { at: format_time(e.at), text: e.text.clone() }),
    }
}

fn trace(engine: &Engine, trace: RecentTrace) -> Trace {
    let trace_id = hex(&trace.trace_id);
    let link = link(engine, &trace_id);
    Trace { trace_id, link, spans: trace.spans.iter().map(span).collect(), omitted: trace.omitted }
}

fn span(span: &RecentSpan) -> Span {
    Span {
        span_id: hex(&span.span_id),
        parent_span_id: span.parent.as_ref().map(|id| hex(id)),
        name: span.name.to_string(),
        component: span.component.to_string(),
        start: format_time(span.start),
        duration_seconds: span.duration.as_secs_f64(),
        status: match span.status {
            SpanStatus::Unset => "Unset",
            SpanStatus::Ok => "Ok",
            SpanStatus::Error => "Error",
        },
    }
}

fn health(engine: &Engine) -> Health {
    let stats = engine.store.stats();
    let (heap_bytes, heap_bytes_max) = engine.ingest.budget.heap();
    Health {
        heap_bytes,
        heap_bytes_max,
        flight_bytes: engine.ingest.budget.bytes(),
        series: stats.series,
        series_max: engine.config.max_series,
        state_bytes: stats.memory_bytes,
        memory_limit_bytes: engine.config.memory_limit,
        limits: engine.numbers.limits().into_iter().collect(),
        insecure_listeners: engine.config.insecure_listeners(),
        certificate_expires_at: engine.numbers.certificates.as_ref().and_then(|certificates| certificates.expires_at()),
        tls_profile: engine.numbers.certificates.as_ref().map(|certificates| certificates.profile()),
        views_read_at: format_time(Wall(engine.numbers.views_read_at.load(Ordering::Relaxed))),
    }
}

fn faults(engine: &Engine) -> Vec<Fault> {
    let of_tls = engine.numbers.certificates.as_ref().map(|certificates| certificates.faults()).unwrap_or_default();
    engine.views.load().faults.iter().chain(&of_tls).map(render::json).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
