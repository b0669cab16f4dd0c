//! Readings of the pools as they are now: whatever their objects say, at each export.
//! Remembers nothing.

use super::Operator;
use crate::watch::Observed;
use pointsman_instrument::semconv::mco;

/// Registers them.
pub(super) fn observe(observed: &Observed<Operator>) {
    observed.metric::<mco::PoolPaused>(|seen, readings| {
        for (name, pool) in seen.world.pools.iter() {
            readings.set(i64::from(pool.spec.paused), mco::PoolPaused { pool_name: name.to_owned().into() });
        }
    });
}
