use super::classic;
use crate::model::point::{Buckets, ExpHistogram, Histogram};
use proptest::prelude::{ProptestConfig, any, prop, proptest};

fn histogram(scale: i32, positive: (i32, &[u64]), negative: (i32, &[u64])) -> ExpHistogram {
    let side = |(offset, counts): (i32, &[u64])| Buckets { offset, counts: counts.to_vec() };
    let zero_count = 7;
    let count = positive.1.iter().chain(negative.1).sum::<u64>() + zero_count;
    ExpHistogram { count, sum: 1.5, scale, zero_count, zero_threshold: 0.0, positive: side(positive), negative: side(negative) }
}

fn counts(histogram: &ExpHistogram, bounds: &[f64]) -> Vec<u64> {
    classic(histogram, bounds).counts.to_vec()
}

/// Scenario: bounds on bucket ends, between them and beyond. Guarantees: NH-09: the first bound at or above the end counts it.
#[test]
fn buckets_count_at_the_first_bound_above() {
    // Buckets (1, 2], (2, 4], (4, 8]; [-2, -1), [-4, -2).
    let both = histogram(0, (0, &[1, 2, 4]), (0, &[10, 20]));
    assert_eq!(counts(&both, &[2.0, 4.0, 8.0]), [38, 2, 4, 0]);
    assert_eq!(counts(&both, &[3.0]), [38, 6]);
    assert_eq!(counts(&both, &[-3.0, -2.0, -1.0, 0.0, 7.0]), [0, 20, 10, 7, 3, 4]);
    assert_eq!(counts(&both, &[100.0]), [44, 0]);
    // At scale 1 a bucket ends at the square root of two.
    assert_eq!(counts(&histogram(1, (0, &[5, 6]), (0, &[])), &[1.5, 2.0]), [12, 6, 0]);
    assert_eq!(counts(&histogram(-2, (-1, &[5]), (0, &[])), &[0.5, 1.0]), [7, 5, 0]);
}

/// Scenario: no bounds. Guarantees: count and sum alone.
#[test]
fn without_bounds_there_are_no_buckets() {
    let want = Histogram { count: 8, sum: Some(1.5), ..Histogram::default() };
    assert_eq!(classic(&histogram(3, (0, &[1]), (0, &[])), &[]), want);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Scenario: any buckets and bounds. Guarantees: no observation is lost or counted twice.
    #[test]
    fn counts_add_up(scale in -4i32..=8, offset in any::<i32>(), side in prop::collection::vec(0u64..1000, 0..40),
                     bounds in prop::collection::btree_set(-1_000_000i32..1_000_000, 1..8)) {
        let bounds: Vec<f64> = bounds.into_iter().map(|bound| f64::from(bound) / 100.0).collect();
        let exponential = histogram(scale, (offset, &side), (offset.wrapping_neg(), &side));
        let classic = classic(&exponential, &bounds);
        assert_eq!(classic.counts.iter().sum::<u64>(), exponential.count);
        assert_eq!(classic.counts.len(), bounds.len() + 1);
    }
}
