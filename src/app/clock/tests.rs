use super::Clock;
use std::time::Duration;

/// Scenario: the demo's clock, sixty times as fast.
/// Guarantees: views see the faster time, senders the true one, and neither runs backwards.
#[test]
fn a_fast_clock_is_fast_for_views_only() {
    let clock = Clock::at_speed(60);
    let (first, began) = (clock.view_wall(), clock.wall());
    let deadline = clock.mono().0 + 20_000_000;
    while clock.mono().0 < deadline {
        std::hint::spin_loop();
    }
    let (views, world) = (clock.view_wall().0 - first.0, clock.wall().0 - began.0);
    assert!(views >= 60 * 20_000_000, "{views} ns by the views' clock");
    assert!(u128::from(world) < Duration::from_secs(60).as_nanos(), "{world} ns by the senders' clock");
}
