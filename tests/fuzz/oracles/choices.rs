//! Choices taken from the bytes of an input: what a structured target makes its case from. Zeros once they are used up, so that
//! every input is a case.

/// What is left of an input.
pub(crate) struct Choices<'a>(pub(crate) &'a [u8]);

impl<'a> Choices<'a> {
    pub(crate) fn byte(&mut self) -> u8 {
        self.0.split_off_first().copied().unwrap_or(0)
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n.max(1)
    }

    pub(crate) fn yes(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub(crate) fn u64(&mut self) -> u64 {
        match self.below(5) {
            0 => u64::from(self.byte()),
            1 => u64::MAX - u64::from(self.byte()),
            2 => 1_700_000_000_000_000_000 + u64::from(self.byte()),
            3 => 1 << (self.byte() & 63),
            _ => u64::from_le_bytes(std::array::from_fn(|_| self.byte())),
        }
    }

    pub(crate) fn double(&mut self) -> f64 {
        match self.below(8) {
            0 => f64::NAN,
            1 => f64::INFINITY,
            2 => f64::NEG_INFINITY,
            3 => f64::from_bits(self.u64()),
            4 => -f64::from(self.byte()),
            _ => f64::from(self.byte()) / 8.0,
        }
    }

    /// Text up to the next zero, a word that means something, or nothing.
    pub(crate) fn text(&mut self) -> String {
        const WORDS: [&str; 12] = [
            "service.name",
            "service.instance.id",
            "a",
            "a.b",
            "a_b",
            "job",
            "le",
            "quantile",
            "__name__",
            "otel.scope.name",
            "\"\\\n",
            "ü\u{1f980}",
        ];
        match self.below(4) {
            0 => self.pick(&WORDS).to_owned(),
            1 => format!("{}{}", self.pick(&WORDS), self.byte() % 4),
            _ => {
                let end = self.0.iter().position(|byte| *byte == 0).unwrap_or(self.0.len()).min(24);
                let (text, rest) = self.0.split_at(end);
                self.0 = rest.get(1..).unwrap_or_default();
                String::from_utf8_lossy(text).into_owned()
            }
        }
    }

    /// Up to `max` of something.
    pub(crate) fn list<T>(&mut self, max: usize, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let len = self.below(max + 1);
        (0..len).map(|_| item(self)).collect()
    }

    /// Everything that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }
}
