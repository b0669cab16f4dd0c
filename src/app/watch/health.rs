//! How the watch of each kind fares, as metrics of the watcher itself: what followers counted on the way, and what the role
//! could not read. Every kind and reason is there from the start, so that the first error shows as an increase.

use crate::kubernetes::{Clock, follow};
use pointsman_core::model::clock::Mono;
use pointsman_instrument::{
    Telemetry,
    semconv::{
        attribute::{PointsmanWatchError as WatchError, PointsmanWatchKind as WatchKind},
        pointsman::{WatchCacheObjects, WatchErrors, WatchEvents, WatchLag},
    },
};
use pointsman_watch::{Kind, Watcher, api::Flaw, table, watch::Shared};
use std::{collections::BTreeMap, sync::Arc};

/// The follower of each kind.
pub(in crate::app) type Followed = Arc<[(Kind, Arc<follow::Health>)]>;

/// What is told of one kind.
#[derive(Debug, Default)]
struct Row {
    events: u64,
    objects: u64,
    errors: BTreeMap<WatchError, u64>,
    /// When it was last known to be current.
    current: Mono,
}

/// Registers the metrics of this role's watches.
pub(in crate::app) fn observe<W: Watcher>(telemetry: &Arc<Telemetry>, shared: &Shared<W>, followed: &Followed, now: &Clock) {
    let began = (now)().0;
    let rows = {
        let (shared, followed) = (Arc::clone(shared), Arc::clone(followed));
        Arc::new(move || rows(&shared, &followed, began))
    };
    let read = Arc::clone(&rows);
    telemetry.observe::<WatchEvents>(move |readings| {
        read().into_iter().for_each(|(watch_kind, row)| readings.set(row.events, WatchEvents { watch_kind }));
    });
    let read = Arc::clone(&rows);
    telemetry.observe::<WatchCacheObjects>(move |readings| {
        for (watch_kind, row) in read() {
            readings.set(i64::try_from(row.objects).unwrap_or(i64::MAX), WatchCacheObjects { watch_kind });
        }
    });
    let read = Arc::clone(&rows);
    telemetry.observe::<WatchErrors>(move |readings| {
        for (watch_kind, row) in read() {
            for watch_error in WatchError::ALL {
                let count = row.errors.get(&watch_error).copied().unwrap_or(0);
                readings.set(count, WatchErrors { watch_kind, watch_error });
            }
        }
    });
    let now = Arc::clone(now);
    telemetry.observe::<WatchLag>(move |readings| {
        let at = (now)().0;
        for (watch_kind, row) in rows() {
            readings.set(at.since(row.current).as_secs_f64(), WatchLag { watch_kind });
        }
    });
}

fn rows<W: Watcher>(shared: &Shared<W>, followed: &Followed, began: Mono) -> BTreeMap<WatchKind, Row> {
    let read = shared.lock().world().health().clone();
    let mut rows: BTreeMap<WatchKind, Row> = BTreeMap::new();
    for (kind, followed) in followed.iter() {
        let Some(word) = WatchKind::ALL.into_iter().find(|word| word.as_str() == kind.facts().kind) else { continue };
        let (health, now) = (read.get(kind).cloned().unwrap_or_default(), followed.now());
        // Two kinds of ours may be one to the API: the one that lags speaks for both.
        let current = now.current.unwrap_or(began);
        let row = rows.entry(word).or_insert_with(|| Row { current, ..Row::default() });
        row.current = row.current.min(current);
        row.events = row.events.saturating_add(health.events);
        row.objects = row.objects.saturating_add(u64::try_from(health.objects).unwrap_or(u64::MAX));
        for (error, count) in errors(&health, now) {
            let sum = row.errors.entry(error).or_default();
            *sum = sum.saturating_add(count);
        }
    }
    rows
}

/// What went wrong, by its word.
fn errors(read: &table::Health, followed: follow::HealthNow) -> Vec<(WatchError, u64)> {
    let flaws = read.flaws.iter().map(|(flaw, count)| {
        let word = match flaw {
            Flaw::Undecodable => WatchError::Undecodable,
            Flaw::Limit => WatchError::Limit,
            Flaw::UnknownValue => WatchError::UnknownValue,
            Flaw::BadTime => WatchError::BadTime,
        };
        (word, *count)
    });
    let follow::HealthNow { errors, nameless, forbidden, missing, left_out, .. } = followed;
    let away = errors.saturating_sub(nameless).saturating_sub(forbidden);
    let of_follower = [
        (WatchError::Nameless, nameless),
        (WatchError::Forbidden, forbidden),
        (WatchError::Missing, missing),
        (WatchError::Away, away),
        (WatchError::Limit, left_out),
    ];
    flaws.chain(of_follower).collect()
}
