//! A pull reader over JSON text (RFC 8259, strictly): the caller says what it expects next. The text is UTF-8 already.
//! Knows no message; errors say what was expected, callers know where.

use super::number::{double, integer, number_len};
use crate::limits::JSON_UNKNOWN_KEYS_MAX;
use std::{borrow::Cow, collections::BTreeSet};

/// What was expected or is wrong.
pub(super) type What = &'static str;

/// A place in the text.
pub(super) struct Text<'a> {
    len: usize,
    rest: &'a [u8],
}

/// Where the first byte is that may not simply stand in a string, eight bytes at a time.
#[inline]
pub(super) fn special(text: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..b' ');
    let (words, rest) = text.as_chunks::<8>();
    let mut at = 0_usize;
    for word in words {
        let word = u64::from_le_bytes(*word);
        // A byte of `x` that is zero sets its high bit, as those do that are below a space; above the first such byte
        // bits may be wrong, below it none is.
        let zero = |x: u64| x.wrapping_sub(ONES) & !x;
        let below = |byte: u64| word.wrapping_sub(ONES.wrapping_mul(byte)) & !word;
        let is = |byte: u8| zero(word ^ ONES.wrapping_mul(u64::from(byte)));
        let found = (is(b'"') | is(b'\\') | below(0x20)) & ONES.wrapping_mul(0x80);
        if found != 0 {
            return Some(at.saturating_add(found.trailing_zeros() as usize / 8));
        }
        at = at.saturating_add(8);
    }
    rest.iter().position(is_special).map(|place| at.saturating_add(place))
}

impl<'a> Text<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { len: text.len(), rest: text }
    }

    /// How many bytes were read.
    pub(super) fn offset(&self) -> usize {
        self.len.saturating_sub(self.rest.len())
    }

    /// The next byte that is no white space; not taken.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        while let Some((&byte, rest)) = self.rest.split_first() {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.rest = rest;
        }
        None
    }

    /// Takes `byte`, or fails.
    #[inline]
    pub(super) fn take(&mut self, byte: u8, expected: What) -> Result<(), What> {
        if self.peek() != Some(byte) {
            return Err(if self.rest.is_empty() { "cut off" } else { expected });
        }
        self.rest = self.rest.get(1..).unwrap_or_default();
        Ok(())
    }

    fn taken(&mut self, byte: u8) -> bool {
        self.take(byte, "").is_ok()
    }

    /// Whether the object or list goes on: takes the comma before its next member, or its end.
    #[inline]
    pub(super) fn more(&mut self, end: u8, first: &mut bool) -> Result<bool, What> {
        if self.taken(end) {
            return Ok(false);
        }
        if !std::mem::replace(first, false) {
            self.take(b',', "expected a comma or the end")?;
        }
        Ok(true)
    }

    /// Nothing may follow the request.
    pub(super) fn end(&mut self) -> Result<(), What> {
        self.peek().map_or(Ok(()), |_| Err("text after the request"))
    }

    /// The key of a member, with its colon.
    #[inline]
    pub(super) fn key(&mut self) -> Result<Cow<'a, [u8]>, What> {
        let key = self.quoted("expected a key")?;
        self.take(b':', "expected a colon")?;
        Ok(key)
    }

    /// Takes `null`, if that is next.
    #[inline]
    pub(super) fn null(&mut self) -> Result<bool, What> {
        if self.peek() == Some(b'n') { self.word(b"null").map(|()| true) } else { Ok(false) }
    }

    pub(super) fn boolean(&mut self) -> Result<bool, What> {
        match self.peek() {
            Some(b't') => self.word(b"true").map(|()| true),
            Some(b'f') => self.word(b"false").map(|()| false),
            _ => Err("expected true or false"),
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), What> {
        self.rest = self.rest.strip_prefix(word).ok_or("expected a value")?;
        Ok(())
    }

    /// Whether a string is next.
    pub(super) fn at_string(&mut self) -> bool {
        self.peek() == Some(b'"')
    }

    /// A string, without its escapes.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Cow<'a, [u8]>, What> {
        self.quoted("expected a string")
    }

    #[inline]
    fn quoted(&mut self, expected: What) -> Result<Cow<'a, [u8]>, What> {
        self.take(b'"', expected)?;
        let plain = self.plain()?;
        if self.rest.first() == Some(&b'"') {
            self.rest = self.rest.get(1..).unwrap_or_default();
            return Ok(Cow::Borrowed(plain));
        }
        self.escaped(plain.to_vec()).map(Cow::Owned)
    }

    /// Everything up to a quote or a backslash.
    fn plain(&mut self) -> Result<&'a [u8], What> {
        let len = special(self.rest).ok_or("cut off")?;
        let (plain, rest) = self.rest.split_at_checked(len).ok_or("cut off")?;
        self.rest = rest;
        if rest.first().is_some_and(|&byte| byte < b' ') { Err("control character in a string") } else { Ok(plain) }
    }

    /// The rest of a string that has escapes.
    fn escaped(&mut self, mut out: Vec<u8>) -> Result<Vec<u8>, What> {
        loop {
            let (&byte, rest) = self.rest.split_first().ok_or("cut off")?;
            self.rest = rest;
            if byte == b'"' {
                return Ok(out);
            }
            let (&escape, rest) = self.rest.split_first().ok_or("cut off")?;
            self.rest = rest;
            match escape {
                b'"' | b'\\' | b'/' => out.push(escape),
                b'b' => out.push(8),
                b'f' => out.push(12),
                b'n' => out.push(b'\n'),
                b'r' => out.push(b'\r'),
                b't' => out.push(b'\t'),
                b'u' => {
                    let c = self.unicode()?;
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                _ => return Err("illegal escape in a string"),
            }
            out.extend_from_slice(self.plain()?);
        }
    }

    /// The digits of `\u`, and those of the second half of a pair.
    fn unicode(&mut self) -> Result<char, What> {
        let first = self.four_digits()?;
        if !matches!(first, 0xd800..=0xdbff) {
            return char::from_u32(first).ok_or("lone surrogate in a string");
        }
        self.rest = self.rest.strip_prefix(b"\\u").ok_or("lone surrogate in a string")?;
        let second = self.four_digits()?;
        let units = [first, second].map(|unit| u16::try_from(unit).unwrap_or_default());
        char::decode_utf16(units).next().and_then(Result::ok).ok_or("lone surrogate in a string")
    }

    fn four_digits(&mut self) -> Result<u32, What> {
        let (digits, rest) = self.rest.split_first_chunk::<4>().ok_or("cut off")?;
        self.rest = rest;
        digits.iter().try_fold(0_u32, |value, digit| {
            let digit = char::from(*digit).to_digit(16).ok_or("illegal escape in a string")?;
            Ok(value.wrapping_shl(4) | digit)
        })
    }

    /// The text of a number, quoted or not (RJ-05, RJ-06).
    fn number(&mut self) -> Result<Cow<'a, [u8]>, What> {
        if self.at_string() {
            return self.string();
        }
        let len = number_len(self.rest).ok_or("expected a number")?;
        let (number, rest) = self.rest.split_at_checked(len).ok_or("cut off")?;
        self.rest = rest;
        Ok(Cow::Borrowed(number))
    }

    /// A whole number that fits its type.
    pub(super) fn integer<T: TryFrom<i128>>(&mut self) -> Result<T, What> {
        T::try_from(integer(&self.number()?)?).map_err(|_| "integer out of range")
    }

    pub(super) fn double(&mut self) -> Result<f64, What> {
        let quoted = self.at_string();
        let text = self.number()?;
        match text.as_ref() {
            b"NaN" if quoted => Ok(f64::NAN),
            b"Infinity" if quoted => Ok(f64::INFINITY),
            b"-Infinity" if quoted => Ok(f64::NEG_INFINITY),
            text => double(text),
        }
    }

    /// Steps over any value: `depth` is how many objects and lists may still nest.
    pub(super) fn skip(&mut self, depth: usize) -> Result<(), What> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => self.skip_object(depth.checked_sub(1).ok_or("nested too deeply")?),
            Some(b'[') => {
                let depth = depth.checked_sub(1).ok_or("nested too deeply")?;
                self.take(b'[', "expected a list")?;
                let mut first = true;
                while self.more(b']', &mut first)? {
                    self.skip(depth)?;
                }
                Ok(())
            }
            Some(b't' | b'f') => self.boolean().map(drop),
            Some(b'n') => self.word(b"null"),
            Some(_) => self.number().map(drop).map_err(|_| "expected a value"),
            None => Err("cut off"),
        }
    }

    fn skip_object(&mut self, depth: usize) -> Result<(), What> {
        self.take(b'{', "expected an object")?;
        let mut keys = BTreeSet::new();
        let mut first = true;
        while self.more(b'}', &mut first)? {
            remember(&mut keys, self.key()?)?;
            self.skip(depth)?;
        }
        Ok(())
    }
}

/// Adds the name of a field that nobody knows to those of its object.
pub(super) fn remember<'a>(unknown: &mut BTreeSet<Cow<'a, [u8]>>, key: Cow<'a, [u8]>) -> Result<(), What> {
    if unknown.len() == JSON_UNKNOWN_KEYS_MAX {
        return Err("too many unknown fields");
    }
    if unknown.insert(key) { Ok(()) } else { Err("duplicate key") }
}
