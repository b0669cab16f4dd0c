use super::{Percentile, Spread};
use pointsman_core::{
    model::point::{Buckets, ExpHistogram, Histogram},
    state::visit::Value,
};

fn explicit(bounds: &[f64], counts: &[u64]) -> Histogram {
    Histogram { count: counts.iter().sum(), sum: Some(1.0), bounds: bounds.into(), counts: counts.into() }
}

/// Scenario: a histogram with known places, in seconds and in milliseconds.
/// Guarantees: percentiles lie on straight lines between bounds; beyond the last bound they are at least that.
#[test]
fn percentiles_lie_between_bounds() {
    let histogram = explicit(&[1.0, 2.0, 4.0], &[0, 50, 45, 5]);
    for (unit, times) in [(1.0, 1.0), (0.001, 0.001)] {
        let mut spread = Spread::default();
        spread.add(Value::Histogram(&histogram), unit);
        let at = |share: f64| spread.percentile(share).map(|p| (p.seconds / times, p.beyond));
        let near = |share: f64, seconds: f64| at(share).is_some_and(|(found, beyond)| (found - seconds).abs() < 1e-9 && !beyond);
        assert!(near(0.25, 1.5) && near(0.5, 2.0) && near(0.95, 4.0), "{spread:?}");
        assert_eq!(spread.percentile(0.99), Some(Percentile { seconds: 4.0 * unit, beyond: true }));
        assert_eq!(spread.count, 100);
    }
}

/// Scenario: nothing, empty buckets, a histogram without buckets, and a bound that is no duration.
/// Guarantees: no percentile is made up.
#[test]
fn nothing_has_no_percentile() {
    let mut spread = Spread::default();
    assert_eq!(spread.percentile(0.5), None);
    spread.add(Value::Histogram(&explicit(&[1.0], &[0, 0])), 1.0);
    spread.add(Value::Histogram(&Histogram { count: 7, sum: None, bounds: Box::default(), counts: Box::default() }), 1.0);
    spread.add(Value::Histogram(&explicit(&[-1.0], &[3, 0])), 1.0);
    assert_eq!((spread.percentile(0.5), spread.count), (None, 10));
}

/// Scenario: two histograms with other bounds, then an exponential one of scale 0, whose bucket `i` ends at `2^(i+1)`.
/// Guarantees: counts of both add up; a percentile of the exponential one lies in its bucket.
#[test]
fn forms_add_up() {
    let mut spread = Spread::default();
    spread.add(Value::Histogram(&explicit(&[1.0], &[10, 0])), 1.0);
    spread.add(Value::Histogram(&explicit(&[8.0], &[10, 0])), 1.0);
    assert_eq!((spread.count, spread.seconds(0.5), spread.seconds(1.0)), (20, Some(1.0), Some(8.0)));
    let positive = Buckets { offset: 1, counts: vec![0, 4] };
    let exponential = ExpHistogram { count: 4, positive, ..ExpHistogram::default() };
    let mut spread = Spread::default();
    spread.add(Value::Exponential(&exponential), 1.0);
    assert_eq!((spread.seconds(0.0), spread.seconds(1.0)), (Some(4.0), Some(8.0)));
}
