//! A scrape goes on from slice to slice while series of the real store come, go, and are moved together.

use super::store::{point, request};
use crate::{
    expose::scrape::cursor::{Cursor, Step},
    model::clock::{Mono, Wall},
    state::store::{Store, StoreConfig},
};
use opentelemetry_proto::tonic::metrics::v1::{Gauge, Metric, metric::Data};
use proptest::prelude::{ProptestConfig, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

const SERIES: i64 = 300;
/// Of [`SERIES`], every so manieth is never touched.
const KEPT: i64 = 7;

/// What happens between two slices.
#[derive(Debug, Clone)]
enum Between {
    Ends(i64, i64),
    Comes(i64, i64),
    Tick,
}

fn betweens() -> impl Strategy<Value = Vec<Vec<Between>>> {
    let between = prop_oneof![
        (0..SERIES, 1..SERIES).prop_map(|(from, count)| Between::Ends(from, count)),
        (0..2 * SERIES, 1..40_i64).prop_map(|(from, count)| Between::Comes(from, count)),
        proptest::strategy::Just(Between::Tick),
    ];
    proptest::collection::vec(proptest::collection::vec(between, 0..4), 1..12)
}

/// Pushes a gauge with these series, or ends them.
fn push(store: &Store, ids: impl Iterator<Item = i64>, ends: bool) {
    let point = |id: i64| {
        let mut point = point(vec![super::store::text("n", &format!("{id:04}"))], id);
        point.flags = u32::from(ends);
        point
    };
    let data = Some(Data::Gauge(Gauge { data_points: ids.map(point).collect() }));
    let metric = Metric { name: "g".to_owned(), data, ..Metric::default() };
    let tally = store.ingest(&request("a", vec![metric]), Mono::from_secs(1), Wall(1)).expect("a request");
    assert_eq!(tally.rejected_total(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 96, ..ProptestConfig::default() })]

    /// Scenario: between any two slices series end, others come, and ticks move what is left together.
    /// Guarantees: whoever is there all the time is shown exactly once, and nobody twice.
    #[test]
    fn nobody_is_missed_or_repeated(betweens in betweens(), slice in 1..60_usize) {
        let store = Arc::new(Store::new(StoreConfig { series_max: 10_000, expire_after: Duration::from_secs(300), seeds: [1, 2] }));
        push(&store, 0..SERIES, false);
        let id = store.streams()[0].id;
        let is_kept = |id: &i64| id % KEPT == 0 && *id < SERIES;
        let (mut seen, mut cursor) = (BTreeMap::new(), Cursor::default());
        let (mut betweens, mut slices) = (betweens.into_iter(), 0);
        loop {
            let more = cursor.visit(&store, id, slice, &mut |series| {
                let text = series.labels.entry(series.entries[0]).map(|entry| entry.text.to_owned());
                *seen.entry(text).or_insert(0) += 1;
                Step::Done
            });
            slices += 1;
            prop_assert!(slices < 10_000, "it ends");
            if !more {
                break;
            }
            for between in betweens.next().unwrap_or_default() {
                match between {
                    Between::Ends(from, count) => push(&store, (from..from + count).filter(|id| !is_kept(id)), true),
                    Between::Comes(from, count) => push(&store, (from..from + count).filter(|id| !is_kept(id)), false),
                    Between::Tick => store.expire(Mono::from_secs(1)),
                }
            }
        }
        prop_assert!(seen.values().all(|n| *n == 1), "{seen:?}");
        let seen: BTreeSet<_> = seen.into_keys().flatten().collect();
        let kept = (0..SERIES).filter(is_kept).map(|id| format!("{id:04}"));
        prop_assert_eq!(kept.filter(|id| !seen.contains(id)).collect::<Vec<_>>(), Vec::<String>::new());
    }
}
