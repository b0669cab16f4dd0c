//! Caps: what is refused, what folds into the overflow series, and that a flood leaves no trace.

use super::{
    points::request,
    script::{Script, check_capped},
};
use crate::{
    limits::TIME_SKEW_SECS,
    model::{
        clock::{Mono, SECOND, Wall},
        reject::Reason,
        speaker::{Claims, Names, Pod, Speaker},
    },
    state::{
        counts::Limit,
        room::Room,
        store::{Store, StoreConfig},
    },
};
use expect_test::expect;
use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::InstrumentationScope,
    metrics::v1::{
        Metric, ResourceMetrics, ScopeMetrics, Summary, SummaryDataPoint, metric, summary_data_point::ValueAtQuantile,
    },
};
use prost::Message;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

/// Scenario: more series than `--max-series`.
/// Guarantees: the rest is refused by name of the limit (RV-04), known series go on.
#[test]
fn max_series_refuses() {
    check_capped(
        |_, series_max| *series_max = 2,
        "push 1 a
         gauge g{k=1} 1 0..5
         gauge g{k=2} 1 0..5
         gauge g{k=3} 1 0..5
         push 2 b
         gauge g{k=1} 1 0..5
         push 3 a
         gauge g{k=1} 2 0..6
         gauge g{k=2} 0..6 stale
         gauge g{k=3} 2 0..6
         show
         stats",
        expect![[r#"
            1: 1 series_limit
            2: 1 series_limit
            svc/a g
              {k=1} 2 0..6
              {k=3} 2 0..6
            stats series=2 streams=1 resources=2 components=1 series=2
        "#]],
    );
}

/// Scenario: more series of one metric than its cap: deltas, cumulative sums, gauges, histograms, a retried request.
/// Guarantees: deltas add up exactly, cumulative points add up over one request, gauges show the newest; the reply
/// says so and refuses nothing.
#[test]
fn a_metric_over_its_cap_folds() {
    check_capped(
        |caps, _| caps.series_per_metric = 1,
        "push 1 a
         counter+ d{k=1} 1 1..5
         counter+ d{k=2} 2 1..5
         counter+ d{k=3} 3 1..5
         push 2 a
         counter+ d{k=2} 2 1..5
         counter+ d{k=3} 3 1..5
         push 3 a
         counter+ d{k=2} 4 5..6
         show
         push 4 b
         counter c{k=1} 10 1..5
         counter c{k=2} 20 1..5
         counter c{k=3} 30 1..5
         gauge g{k=1} 1 0..5
         gauge g{k=2} 2 0..7
         gauge g{k=3} 3 0..6
         hist+ h{k=1} le=1,2 c=1,1,1 1..5
         hist+ h{k=2} le=1,2 c=1,1,1 1..5
         hist+ h{k=3} le=2,3 c=1,1,1 1..5
         push 5 b
         counter c{k=2} 21 1..6
         counter c{k=3} 31 1..6
         show
         stats",
        expect![[r#"
            1: 2 points went to otel.metric.overflow: series limit per metric reached
            2: 2 points went to otel.metric.overflow: series limit per metric reached
            3: 1 points went to otel.metric.overflow: series limit per metric reached
            svc/a d
              {k=1} 1 1..5
              {otel.metric.overflow=true} 9 1..6
            4: 6 points went to otel.metric.overflow: series limit per metric reached
            5: 2 points went to otel.metric.overflow: series limit per metric reached
            svc/a d
              {k=1} 1 1..5
              {otel.metric.overflow=true} 9 1..6
            svc/b c
              {k=1} 10 1..5
              {otel.metric.overflow=true} 52 0..6
            svc/b g
              {k=1} 1 0..5
              {otel.metric.overflow=true} 2 0..7
            svc/b h
              {k=1} n=3 sum=None le=[1.0, 2.0] [1, 1, 1] 1..5
              {otel.metric.overflow=true} n=6 sum=None le=[2.0] [3, 3] 1..5
            stats series=8 streams=4 resources=2 components=1 retried=2 overflow=13 metric_series=13
        "#]],
    );
}

/// Scenario: the cap of a component; a sender that has an overflow series of its own.
/// Guarantees: folded with a remark; both overflow series are one and add up.
#[test]
fn a_component_over_its_cap_folds() {
    check_capped(
        |caps, _| caps.series_per_component = 2,
        "push 1 a
         counter+ c{k=1} 1 1..5
         counter+ c{otel.metric.overflow=true} 5 1..5
         counter+ c{k=2} 2 1..5
         push 2 a
         counter+ c{otel.metric.overflow=true} 7 5..6
         show
         stats",
        expect![[r#"
            1: 1 points went to otel.metric.overflow: series limit per component reached
            svc/a c
              {k=1} 1 1..5
              {otel.metric.overflow=true} 14 1..6
            stats series=2 streams=1 resources=1 components=1 overflow=1 component_series=1
        "#]],
    );
}

/// Scenario: the label texts of a component fill their cap.
/// Guarantees: sets that come later are folded with a remark; those that were admitted go on.
#[test]
fn texts_over_their_cap_fold() {
    check_capped(
        |caps, _| caps.label_bytes_per_component = 6,
        "push 1 a
         counter+ c{k=one} 1 1..5
         counter+ c{k=two} 2 1..5
         counter+ c{k=three} 4 1..5
         push 2 a
         counter+ c{k=two} 3 5..6
         show",
        expect![[r#"
            1: 1 points went to otel.metric.overflow: series limit per component reached
            svc/a c
              {k=one} 1 1..5
              {k=two} 5 1..6
              {otel.metric.overflow=true} 4 1..5
        "#]],
    );
}

/// Scenario: a view limits a metric; later the limit rises.
/// Guarantees: later sets fold without a remark (RV-04); admitted series stay; raised, they are admitted again.
#[test]
fn a_view_limits_a_metric() {
    check_capped(
        |_, _| {},
        "views {name: r, match: {instruments: [c]}, cardinality: {limit: 2}}
         push 1 a
         counter c{k=1} 1 1..5
         counter c{k=2} 2 1..5
         counter c{k=3} 3 1..5
         counter c{k=4} 4 1..5
         counter other{k=1} 1 1..5
         show
         views {name: r, match: {instruments: [c]}, cardinality: {limit: 3}}
         push 2 a
         counter c{k=3} 3 1..6
         counter c{k=4} 5 1..6
         show
         stats",
        expect![[r#"
            svc/a c
              {k=1} 1 1..5
              {k=2} 2 1..5
              {otel.metric.overflow=true} 7 0..5
            svc/a other
              {k=1} 1 1..5
            svc/a c
              {k=1} 1 1..5
              {k=2} 2 1..5
              {k=3} 3 1..6
              {otel.metric.overflow=true} 5 0..6
            svc/a other
              {k=1} 1 1..5
            stats series=5 streams=2 resources=1 components=1 overflow=3 view_series=3
        "#]],
    );
}

/// Scenario: more components, resources and metrics than may be known.
/// Guarantees: their points are refused and counted; the others go on.
#[test]
fn heads_are_capped() {
    check_capped(
        |caps, _| (caps.components, caps.resources_per_component, caps.streams_per_resource) = (1, 2, 1),
        "push 1 a
         gauge g{} 1 0..5
         gauge h{k=1} 1 0..5
         gauge h{k=2} 1 0..5
         push 1 b
         gauge g{} 1 0..5
         push 1 c
         gauge g{} 1 0..5
         push 1 other/a
         gauge g{} 1 0..5
         push 2 a
         gauge g{} 2 0..6
         show
         stats",
        expect![[r#"
            1: 2 stream_limit
            1: 1 stream_limit
            1: 1 stream_limit
            svc/a g
              {} 2 0..6
            svc/b g
              {} 1 0..5
            stats series=2 streams=2 resources=2 components=1 streams=3
        "#]],
    );
}

/// Scenario: 10,000 sets beyond the cap, each with text of its own.
/// Guarantees: memory stays where it was: what is not admitted is not interned.
#[test]
fn a_flood_leaves_no_trace() {
    let mut script = Script::default();
    script.run("views {name: r, match: {instruments: [c]}, cardinality: {limit: 1}}");
    let flood = |from: usize| {
        let points: Vec<String> =
            (from..from + 1_000).map(|i| format!("counter+ c{{user=u{i}}} 1 {}..{}", from + 1, from + 2)).collect();
        let points: Vec<&str> = points.iter().map(|point| &**point).collect();
        script.store.ingest(&request("a", &points).encode_to_vec(), Mono(1), Wall(1)).unwrap();
        script.store.stats().memory_bytes
    };
    flood(0);
    let early = flood(1_000);
    let late = (2..10).map(|i| flood(i * 1_000)).max();
    assert_eq!(late, Some(early));
    assert!(script.run("show").contains("{otel.metric.overflow=true} 9999 "));
    assert_eq!(script.store.limited(), [("c".to_owned(), 9999)], "counted for the metric, once each");
}

/// Scenario: series come and are withdrawn by their sender, round after round, each with text of its own; scopes too,
/// whose metrics are off.
/// Guarantees: what was withdrawn is forgotten: memory stays where it was, and no cap fills up for good.
#[test]
fn what_is_withdrawn_is_forgotten() {
    let script = Script::default();
    let round = |n: u64| {
        for (value, flag) in [("1", ""), ("", " stale")] {
            let points: Vec<String> =
                (0..2_000).map(|i| format!("gauge g{{user=u{n}_{i}}} {value} 0..{}{flag}", n + 1)).collect();
            let points: Vec<&str> = points.iter().map(|point| &**point).collect();
            script.store.ingest(&request("a", &points).encode_to_vec(), Mono::from_secs(n), Wall(1)).unwrap();
        }
        script.store.expire(Mono::from_secs(n));
        script.store.stats().memory_bytes
    };
    let early = (1..4).map(round).max();
    let late = (4..20).map(round).max();
    assert!(late <= early, "{late:?} of {early:?} bytes");
}

/// Scenario: 20,000 series of which a twentieth is replaced between any two ticks, until all were replaced 20 times.
/// Guarantees: memory stays within 15 % of what the first full turnover came to, and 25 % of what it was before any.
#[test]
fn churn_does_not_grow_memory() {
    const SERIES: u64 = 20_000;
    const STEPS: u64 = 20;
    let mut caps = super::script::generous();
    caps.label_bytes_per_component = 64 << 20;
    let script = Script::with_caps(caps, 50_000);
    let push = |ids: std::ops::Range<u64>, at: u64, flag: &str| {
        let point = |id| format!("gauge g{{user=user-{id:08},route=r{}}} 1 0..{at}{flag}", id % 50);
        let points: Vec<String> = ids.map(point).collect();
        let points: Vec<&str> = points.iter().map(|point| &**point).collect();
        let tally = script.store.ingest(&request("a", &points).encode_to_vec(), Mono::from_secs(1), Wall(1)).unwrap();
        assert_eq!(tally.rejected_total(), 0);
    };
    push(0..SERIES, 1, "");
    let fresh = script.store.stats().memory_bytes;
    let turnover = |n: u64| {
        let mut most = 0;
        for step in n * STEPS..(n + 1) * STEPS {
            let (count, at) = (SERIES / STEPS, step + 2);
            push(step * count..(step + 1) * count, at, " stale");
            push(SERIES + step * count..SERIES + (step + 1) * count, at, "");
            script.store.expire(Mono::from_secs(1));
            most = most.max(script.store.stats().memory_bytes);
        }
        assert_eq!(script.store.stats().series, SERIES);
        most
    };
    let first = turnover(0);
    let later: Vec<u64> = (1..20).map(turnover).collect();
    assert!(later.iter().all(|bytes| bytes * 100 <= fresh * 125), "{fresh} bytes, then {later:?}");
    assert!(later.iter().all(|bytes| bytes * 100 <= first * 115), "{first} bytes, then {later:?}");
}

/// Scenario: the scopes of a living instance change all the time, and what they send is off.
/// Guarantees: scopes that nothing uses any more make room.
#[test]
fn scopes_come_and_go() {
    let mut caps = super::script::generous();
    caps.streams_per_resource = 10;
    let mut script = Script::with_caps(caps, 1_000);
    script.run("views {name: off, match: {instruments: [g]}, state: Disabled}");
    for n in 1..40 {
        let second = n * 100;
        assert_eq!(
            script.run(&format!("push {second} a@scope{n}\n gauge g{{}} 1 0..{second}\nexpire {second}")),
            format!("{second}: 1 suppressed\n")
        );
    }
}

/// Scenario: a metric's name, unit and description, and a summary's quantiles, at their limit and one more.
/// Guarantees: the one is kept, the other refused with a reason; a metric of the same request is not touched.
#[test]
fn long_texts_and_many_quantiles_are_refused() {
    let script = Script::default();
    let push = |name: usize, unit: usize, description: usize, quantiles: u32| {
        let quantile = |i: u32| ValueAtQuantile { quantile: f64::from(i) / 2_000.0, value: 1.0 };
        let point = SummaryDataPoint {
            time_unix_nano: 5,
            quantile_values: (0..quantiles).map(quantile).collect(),
            ..SummaryDataPoint::default()
        };
        let metric = |name: String, unit: usize, description: usize| Metric {
            name,
            unit: "u".repeat(unit),
            description: "d".repeat(description),
            data: Some(metric::Data::Summary(Summary { data_points: vec![point.clone()] })),
            ..Metric::default()
        };
        let metrics = vec![metric("n".repeat(name), unit, description), metric("good".to_owned(), 0, 0)];
        let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
        let resource_metrics = vec![ResourceMetrics { scope_metrics, ..ResourceMetrics::default() }];
        let body = ExportMetricsServiceRequest { resource_metrics }.encode_to_vec();
        script.store.ingest(&body, Mono::from_secs(1), Wall::from_secs(1)).expect("a request").rejected
    };
    assert_eq!(push(4_096, 4_096, 4_096, 1_024), BTreeMap::new());
    let too_long = BTreeMap::from([(Reason::TextTooLong, 1)]);
    assert_eq!([push(4_097, 0, 0, 1), push(1, 4_097, 0, 1), push(1, 0, 4_097, 1)], [0; 3].map(|_| too_long.clone()));
    assert_eq!(push(1, 0, 0, 1_025), BTreeMap::from([(Reason::TooManyBuckets, 2)]));
}

/// Scenario: scopes with a name, attributes, or something unknown larger than any that is kept; then one that is not.
/// Guarantees: their points are refused with what fits, and the next scope's are kept.
#[test]
fn large_scopes_are_refused() {
    let script = Script::default();
    let good = request("a", &["gauge g{} 1 0..5"]);
    let push = |change: &dyn Fn(&mut InstrumentationScope)| {
        let mut body = good.clone();
        let scopes = &mut body.resource_metrics[0].scope_metrics;
        scopes.insert(0, scopes[0].clone());
        change(scopes[0].scope.get_or_insert_default());
        script.store.ingest(&body.encode_to_vec(), Mono::from_secs(1), Wall(1)).expect("a request").rejected
    };
    let attributes = |count: usize, bytes: usize| -> Vec<_> {
        (0..count).map(|n| super::points::pair(&format!("k{n}"), &"v".repeat(bytes))).collect()
    };
    let reasons = |reason| BTreeMap::from([(reason, 1)]);
    assert_eq!(push(&|scope| scope.name = "n".repeat(1 << 20)), reasons(Reason::TextTooLong));
    assert_eq!(push(&|scope| scope.attributes = attributes(1, 1 << 20)), reasons(Reason::AttributeTooLong));
    assert_eq!(push(&|scope| scope.attributes = attributes(200, 4_000)), reasons(Reason::TooManyAttributes));
    assert_eq!(push(&|scope| scope.attributes = attributes(128, 4_096)), BTreeMap::new());
}

/// Scenario: 500 counters that a view makes one group end.
/// Guarantees: what the group remembers them by is part of the memory that the store reports.
#[test]
fn what_groups_remember_is_counted() {
    let mut script = Script::default();
    script.run("views {name: r, match: {instruments: [c]}, attributes: {drop: [k]}}");
    let push = |at: u32, flag: &str| {
        let points: Vec<String> = (0..500).map(|k| format!("counter c{{k={k}}} 1 1..{at}{flag}")).collect();
        let points: Vec<&str> = points.iter().map(|point| &**point).collect();
        script.store.ingest(&request("a", &points).encode_to_vec(), Mono::from_secs(1), Wall(1)).expect("a request");
        script.store.stats().memory_bytes
    };
    let before = push(5, "");
    let after = push(6, " stale");
    assert!(after >= before + 500 * 32, "{before} bytes, then {after}");
}

/// Memory that is there until a test says otherwise.
#[derive(Debug, Default)]
struct Tap(AtomicBool);

impl Room for Tap {
    fn take(&self, _: usize) -> bool {
        !self.0.load(Relaxed)
    }

    fn give_back(&self, _: usize) {}
}

/// Scenario: no memory is left; a known metric comes with another description.
/// Guarantees: its points are kept under the old one, and the new one is taken over when there is memory again.
#[test]
fn a_new_description_waits_for_memory() {
    let tap = Arc::new(Tap::default());
    let mut script = Script::default();
    script.store = script.store.within(Arc::<Tap>::clone(&tap));
    let push = |description: &str, time: u32| {
        let mut body = request("a", &[&format!("counter c{{}} {time} 1..{time}")]);
        body.resource_metrics[0].scope_metrics[0].metrics[0].description = description.to_owned();
        let tally = script.store.ingest(&body.encode_to_vec(), Mono::from_secs(1), Wall(1)).unwrap();
        assert_eq!(tally.rejected_total(), 0);
        script.store.streams()[0].metric.description.to_string()
    };
    assert_eq!(push("old", 2), "old");
    tap.0.store(true, Relaxed);
    assert_eq!(push("new", 3), "old");
    tap.0.store(false, Relaxed);
    assert_eq!(push("new", 4), "new");
    assert!(script.run("show").contains("{} 4 1..4"));
}

/// Scenario: metrics whose newest point is at our clock, just within the skew that is let pass, beyond it on either side, at the
/// end of all time, or refused.
/// Guarantees: all that can be kept is kept; those beyond it count once a metric, however many points they have (T14).
#[test]
fn a_clock_that_is_off_is_counted() {
    let (begin, skew) = (1_700_000_000 * SECOND, TIME_SKEW_SECS * SECOND);
    let store = Script::default().store;
    let rows = [
        (begin, 1, 0),
        (begin + skew, 1, 0),
        (begin - skew, 1, 0),
        (begin + skew + 1, 1, 1),
        (begin - skew - 1, 1, 1),
        (1, 1, 1),
        (u64::MAX, 5, 1),
        (0, 1, 0),
    ];
    for (at, (time, points, hits)) in rows.into_iter().enumerate() {
        let before = store.stats().limits;
        let data_points = (0..points).map(|i| SummaryDataPoint { time_unix_nano: time.saturating_sub(i), ..Default::default() });
        let data = Some(metric::Data::Summary(Summary { data_points: data_points.collect() }));
        let metrics = vec![Metric { name: format!("m{at}"), data, ..Metric::default() }];
        let scope_metrics = vec![ScopeMetrics { metrics, ..ScopeMetrics::default() }];
        let resource_metrics = vec![ResourceMetrics { scope_metrics, ..ResourceMetrics::default() }];
        let body = ExportMetricsServiceRequest { resource_metrics }.encode_to_vec();
        let tally = store.ingest(&body, Mono(1), Wall(begin)).expect("a request");
        assert_eq!(tally.rejected_total(), u64::from(time == 0), "{time}");
        let rose: Vec<u64> = before.iter().zip(store.stats().limits).map(|((_, a), (_, b))| b - a).collect();
        assert_eq!((rose[Limit::TimeSkew as usize], rose.iter().sum()), (hits, hits), "{time}");
    }
}

/// Scenario: two pods of an account, and somebody who proved nothing, begin more series than a sender may have; one of the pods
/// falls silent and comes back.
/// Guarantees: t34: what is too much of one sender is refused by the name of that limit and counted; what is known of it goes on;
/// another pod, and whoever is not asked, has a share of its own; what ended is given back.
#[test]
fn t03_no_sender_takes_the_series_of_others() {
    let store = Store::new(StoreConfig { series_max: 100, expire_after: Duration::from_secs(300), seeds: [1, 2] }).sharing(2);
    let speaker = |uid: &str| Speaker {
        name: "system:serviceaccount:shop:cart".into(),
        home: "shop".into(),
        namespaces: Names::none(),
        services: Names::All,
        pod: Some(Pod { name: "cart".into(), uid: uid.into() }),
        claims: Claims::Refuse,
    };
    let push = |instance: &str, by: Option<&Speaker>, names: &str, secs: u64| {
        let points: Vec<String> = names.chars().map(|name| format!("gauge {name}{{}} 1 0..5")).collect();
        let body = request(instance, &points.iter().map(String::as_str).collect::<Vec<_>>()).encode_to_vec();
        let tally = store.ingest_from(&body, by, Mono::from_secs(secs), Wall::from_secs(secs)).unwrap();
        tally.rejected.get(&Reason::SenderSeriesLimit).copied().unwrap_or(0)
    };
    let (one, other) = (speaker("u-1"), speaker("u-2"));
    assert_eq!(push("i-1", Some(&one), "abcd", 1), 2);
    assert_eq!(push("i-1", Some(&one), "abc", 2), 1, "what is known goes on");
    assert_eq!(push("i-2", Some(&other), "ab", 2), 0, "a share of its own");
    assert_eq!(push("i-3", None, "abcd", 2), 0, "nobody asked");
    let hits = || store.stats().limits.iter().find(|(limit, _)| *limit == Limit::SenderSeries).map(|(_, hits)| *hits);
    assert_eq!((store.stats().series, hits()), (8, Some(3)));
    store.expire(Mono::from_secs(400));
    assert_eq!((store.stats().series, push("i-1", Some(&one), "cde", 401)), (0, 1), "what ended is given back");
}
