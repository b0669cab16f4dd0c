//! Sums without loss: whole numbers stay whole, and doubles carry the error that rounding left behind.
//! Knows no time and no series.

use crate::model::point::Number;

/// A running sum. Whole numbers are exact up to 2^127; with the first double it goes on as double, compensated.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Total {
    whole: i128,
    double: Option<Compensated>,
}

/// A double and what rounding cut off it so far (Neumaier's variant of compensated summation).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Compensated {
    /// The rounded sum.
    pub(crate) sum: f64,
    /// To be added to it.
    pub(crate) error: f64,
}

impl Compensated {
    /// Adds a double.
    #[inline]
    pub(crate) fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        if sum.is_finite() {
            self.error += if self.sum.abs() >= value.abs() { (self.sum - sum) + value } else { (value - sum) + self.sum };
        }
        self.sum = sum;
    }

    /// The sum, rounded once.
    #[inline]
    pub(crate) fn value(self) -> f64 {
        if self.sum.is_finite() { self.sum + self.error } else { self.sum }
    }
}

impl Total {
    /// Nothing yet.
    pub(crate) const fn new() -> Self {
        Self { whole: 0, double: None }
    }

    /// Adds a number.
    pub(crate) fn add(&mut self, number: Number) {
        match number {
            Number::Int(i) => self.whole = self.whole.saturating_add(i128::from(i)),
            Number::Double(d) => self.double.get_or_insert_default().add(d),
        }
    }

    /// Takes a number away that was added before.
    pub(crate) fn subtract(&mut self, number: Number) {
        match number {
            Number::Int(i) => self.whole = self.whole.saturating_sub(i128::from(i)),
            Number::Double(d) => self.double.get_or_insert_default().add(-d),
        }
    }

    /// The sum: whole while only whole numbers were added and it fits, else double.
    pub(crate) fn value(&self) -> Number {
        match (self.double, i64::try_from(self.whole)) {
            (None, Ok(whole)) => Number::Int(whole),
            (double, _) => {
                let mut sum = double.unwrap_or_default();
                let (high, low) = split(self.whole);
                sum.add(high);
                sum.add(low);
                Number::Double(sum.value())
            }
        }
    }
}

/// Adds `increment` to what a slot holds; `error` is the slot's compensation and used once it is a double.
pub(crate) fn accumulate(old: Number, error: &mut f64, increment: Number) -> Number {
    if let (Number::Int(a), Number::Int(b)) = (old, increment)
        && let Some(sum) = a.checked_add(b)
    {
        return Number::Int(sum);
    }
    let mut sum = match old {
        // What a slot shows has its error added in; taking it out again gives back both halves.
        Number::Double(shown) => Compensated { sum: shown, error: *error },
        Number::Int(i) => {
            let (high, low) = split(i128::from(i));
            Compensated { sum: high, error: low }
        }
    };
    match increment {
        Number::Double(d) => sum.add(d),
        Number::Int(i) => {
            let (high, low) = split(i128::from(i));
            sum.add(high);
            sum.add(low);
        }
    }
    // Renormalise: the slot shows the rounded value, `error` keeps only what rounding cut off it.
    let shown = sum.value();
    *error = if shown.is_finite() { (sum.sum - shown) + sum.error } else { 0.0 };
    Number::Double(shown)
}

/// A whole number as two doubles: the nearest, and the rest.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "the second double is what the first lost")]
fn split(whole: i128) -> (f64, f64) {
    let high = whole as f64;
    (high, whole.saturating_sub(high as i128) as f64)
}
