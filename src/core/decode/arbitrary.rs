//! Test support: arbitrary OTLP requests out of arbitrary bytes, and every legal way to write them differently.
//! Bytes are the source, so that proptest can shrink what it finds.

pub(super) mod messages;
pub(super) mod scramble;
pub(super) mod to_json;

/// Choices, taken from bytes; zeros once they are used up.
pub(super) struct Source<'a>(pub(super) &'a [u8]);

impl Source<'_> {
    pub(super) fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or(0)
    }

    pub(super) fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n
    }

    pub(super) fn yes(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub(super) fn u64(&mut self) -> u64 {
        match self.below(5) {
            0 => 0,
            1 => u64::from(self.byte()),
            2 => u64::MAX,
            3 => 1_700_000_000_000_000_000 + u64::from(self.byte()),
            _ => u64::from_le_bytes(std::array::from_fn(|_| self.byte())),
        }
    }

    pub(super) fn double(&mut self) -> f64 {
        match self.below(6) {
            0 => 0.0,
            1 => f64::NAN,
            2 => f64::INFINITY,
            3 => f64::NEG_INFINITY,
            4 => f64::from(self.byte()) / 8.0,
            _ => f64::from_bits(self.u64()),
        }
    }

    pub(super) fn string(&mut self) -> String {
        match self.below(4) {
            0 => String::new(),
            1 => "service.name".to_owned(),
            2 => "\"quoted\"\n\\ü\u{1f980}\0".to_owned(),
            _ => "x".repeat(self.below(200)),
        }
    }

    pub(super) fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.byte()).collect()
    }

    /// Up to `max` of something.
    pub(super) fn list<T>(&mut self, max: usize, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let len = self.below(max + 1);
        (0..len).map(|_| item(self)).collect()
    }
}
