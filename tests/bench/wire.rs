//! Bytes of a request under construction that remember where in them lies what changes from push to push.
//! Knows how protobuf frames fields; not what they mean.

/// What a place holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Time,
    Start,
    Value,
    Count,
    Sum,
    Buckets,
    Generation,
}

/// A place that is written anew before each push.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    pub(crate) at: u32,
    pub(crate) point: u32,
    pub(crate) what: What,
}

/// Encoded bytes and the places in them.
#[derive(Default)]
pub(crate) struct Piece {
    pub(crate) bytes: Vec<u8>,
    pub(crate) marks: Vec<Mark>,
}

impl Piece {
    /// Notes that what comes next is written anew for the `point`th point of the request.
    pub(crate) fn mark(&mut self, what: What, point: usize) {
        self.marks.push(Mark { at: self.bytes.len() as u32, point: point as u32, what });
    }

    /// A field of eight bytes, zero for now.
    pub(crate) fn fixed(&mut self, field: u8, what: What, point: usize) {
        self.bytes.push(field << 3 | 1);
        self.mark(what, point);
        self.bytes.extend([0; 8]);
    }

    pub(crate) fn text(&mut self, field: u8, text: &str) {
        self.nest(field, Self { bytes: text.as_bytes().to_vec(), marks: Vec::new() });
    }

    /// A `KeyValue` with a string value.
    pub(crate) fn attribute(&mut self, field: u8, key: &str, value: Self) {
        let mut any = Self::default();
        any.nest(1, value);
        let mut pair = Self::default();
        pair.text(1, key);
        pair.nest(2, any);
        self.nest(field, pair);
    }

    /// Appends `inner` as the length-delimited `field`, and moves its places to where they lie now.
    pub(crate) fn nest(&mut self, field: u8, inner: Self) {
        self.bytes.push(field << 3 | 2);
        let mut length = inner.bytes.len();
        while length >= 0x80 {
            self.bytes.push((length & 0x7f) as u8 | 0x80);
            length >>= 7;
        }
        self.bytes.push(length as u8);
        self.append(inner);
    }

    /// Appends `inner` as it is.
    pub(crate) fn append(&mut self, inner: Self) {
        let base = self.bytes.len() as u32;
        self.marks.extend(inner.marks.iter().map(|mark| Mark { at: mark.at + base, ..*mark }));
        self.bytes.extend(inner.bytes);
    }
}

impl From<&str> for Piece {
    fn from(text: &str) -> Self {
        Self { bytes: text.as_bytes().to_vec(), marks: Vec::new() }
    }
}
