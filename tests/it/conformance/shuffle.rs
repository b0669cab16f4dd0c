//! Shuffles what OTLP leaves unordered: resources, scopes, metrics, points, attributes.
//! Lists of attributes with a key twice keep their order, since of duplicates the last wins.

use serde_json::Value;
use std::collections::BTreeSet;

/// A small deterministic generator (SplitMix64), so that a printed seed is enough to see a failure again.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % n as u64).expect("below a usize")
    }

    fn shuffle(&mut self, list: &mut [Value]) {
        for i in (1..list.len()).rev() {
            list.swap(i, self.below(i + 1));
        }
    }
}

/// Lists whose order means nothing.
const UNORDERED: [&str; 6] = ["resourceMetrics", "scopeMetrics", "metrics", "dataPoints", "attributes", "exemplars"];

/// Shuffles a whole request in place; seed 0 leaves it as it is.
pub(crate) fn request(value: &mut Value, seed: u64) {
    if seed > 0 {
        walk(value, &mut Dice::new(seed));
    }
}

fn walk(value: &mut Value, dice: &mut Dice) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields.iter_mut() {
                walk(inner, dice);
                if let Value::Array(list) = inner
                    && UNORDERED.contains(&name.as_str())
                    && (name != "attributes" || keys_differ(list))
                {
                    dice.shuffle(list);
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| walk(inner, dice)),
        _ => {}
    }
}

fn keys_differ(attributes: &[Value]) -> bool {
    let mut seen = BTreeSet::new();
    attributes.iter().all(|attribute| seen.insert(attribute.get("key").and_then(Value::as_str).unwrap_or("")))
}
