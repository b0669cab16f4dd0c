use super::{latest, latest_within};
use crate::model::point::{Exemplar, Number};

fn exemplar(value: f64, time: u64) -> Exemplar {
    Exemplar { value: Number::Double(value), time, trace_id: None, span_id: None, attributes: Vec::new() }
}

/// Scenario: exemplars in no order, on the edges of buckets. Guarantees: EX-06, EX-07, EX-11: the newest within, edges included above.
#[test]
fn the_newest_within_a_bucket_is_chosen() {
    let all = [exemplar(0.5, 3), exemplar(1.0, 9), exemplar(2.0, 1), exemplar(-7.0, 2), exemplar(f64::NAN, 99), exemplar(0.7, 3)];
    let time = |above: f64, le: f64| latest_within(&all, above, le).map(|exemplar| (exemplar.value.as_f64(), exemplar.time));
    assert_eq!(time(f64::NEG_INFINITY, 0.0), Some((-7.0, 2)));
    assert_eq!(time(0.0, 0.9), Some((0.7, 3)));
    assert_eq!(time(0.0, 1.0), Some((1.0, 9)));
    assert_eq!(time(1.0, f64::INFINITY), Some((2.0, 1)));
    assert_eq!(time(2.0, f64::INFINITY), None);
    assert_eq!(latest(all.iter()).map(|exemplar| exemplar.time), Some(99));
}
