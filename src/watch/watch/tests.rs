use super::{Now, Observed, Seen, Shared, Watch, Watcher, attach};
use crate::{
    cases,
    kind::Kind,
    world::{Change, World},
};
use jiff::Timestamp;
use parking_lot::Mutex;
use pointsman_instrument::{
    Identity, Telemetry,
    semconv::mco::{PoolMaxUnavailable, PoolPaused},
    span::Place,
    telemetry::PlanSource,
};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

static READS: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];

fn read(number: usize) {
    READS[number].fetch_add(1, Ordering::Relaxed);
}

/// Counts how often each of its metrics is read.
struct Counting;

impl Watcher for Counting {
    const ROLE: &'static str = "counting";
    const KINDS: &'static [Kind] = &[];

    fn changed(&mut self, _change: &Change, _world: &World, _now: Timestamp) -> Option<Place> {
        None
    }

    fn tick(&mut self, _world: &World, _now: Timestamp) {}

    fn attach(&mut self, _telemetry: &Arc<Telemetry>, _world: &World, _now: Timestamp) {}

    fn begin(&self, _world: &World) {}

    fn detach(&mut self) {}

    fn observe(observed: &Observed<Self>) {
        observed.metric::<PoolPaused>(|_: &Seen<'_, Self>, _| read(0));
        observed.metric::<PoolMaxUnavailable>(|_: &Seen<'_, Self>, _| read(1));
    }
}

/// Scenario: two metrics of a role are read; then a plan turns one off, and the role's state is in use while they are collected.
/// Guarantees: one that is off is not read, and does not even wait for the state.
#[test]
fn a_metric_that_is_off_is_not_read() {
    let telemetry = Telemetry::new(Identity::new("pointsman-watch"), || std::time::UNIX_EPOCH);
    let shared: Shared<Counting> = Arc::new(Mutex::new(Watch::new(Counting)));
    attach(&shared, &telemetry, &(Arc::new(|| Timestamp::UNIX_EPOCH) as Now));
    let collect = || telemetry.metrics().for_each(drop);
    let reads = || READS.each_ref().map(|count| count.load(Ordering::Relaxed));
    collect();
    assert_eq!(reads(), [1, 1]);
    telemetry.obey(&cases::plan(&["mco.pool.paused".to_owned()]), 0, PlanSource::Controller);
    collect();
    assert_eq!(reads(), [1, 2]);
    telemetry.obey(&cases::plan(&["mco.pool.*".to_owned()]), 0, PlanSource::Controller);
    let held = shared.lock();
    collect();
    drop(held);
    assert_eq!(reads(), [1, 2]);
}
