//! When a certificate is valid, and whom it names: two times and the common name of RFC 5280, read out of its DER.
//! Knows as much of the encoding as leads there, and nothing else that a certificate says. It is here, and not beside the
//! listeners that use it too, because this crate knows none of the others, and others may know this one.

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
/// 2.5.4.3
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// 2.5.4.10
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];
/// UTF8String, PrintableString, IA5String: the forms of text whose bytes are UTF-8.
const TEXTS: [u8; 3] = [0x0c, 0x13, 0x16];
/// `[0] EXPLICIT`, around the version.
const VERSION: u8 = 0xa0;

/// From when to when, in seconds since 1970; earlier is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub from_secs: u64,
    /// The last.
    pub until_secs: u64,
}

impl Validity {
    /// Of a certificate in DER; `None` when it is not where it should be.
    #[must_use]
    pub fn of(certificate: &[u8]) -> Option<Self> {
        let mut times = Der(from_validity(certificate)?.take(SEQUENCE)?);
        Some(Self { from_secs: times.time()?, until_secs: times.time()? })
    }

    /// Whether the certificate is valid at this moment, in seconds since 1970.
    #[must_use]
    pub fn holds(&self, at_secs: u64) -> bool {
        (self.from_secs..=self.until_secs).contains(&at_secs)
    }

    /// Whether it has ended before this moment, in seconds since 1970.
    #[must_use]
    pub fn has_ended(&self, at_secs: u64) -> bool {
        at_secs > self.until_secs
    }
}

/// The common name of a certificate's subject, in DER; `None` when it has none, an empty one, or one that is no text.
#[must_use]
pub fn common_name(certificate: &[u8]) -> Option<&str> {
    let mut rest = from_validity(certificate)?;
    rest.take(SEQUENCE)?;
    let mut subject = Der(rest.take(SEQUENCE)?);
    while !subject.0.is_empty() {
        let mut set = Der(subject.take(SET)?);
        while !set.0.is_empty() {
            let mut pair = Der(set.take(SEQUENCE)?);
            if pair.take(OBJECT_IDENTIFIER)? == COMMON_NAME {
                let tag = *TEXTS.iter().find(|tag| pair.0.first() == Some(tag))?;
                return std::str::from_utf8(pair.take(tag)?).ok().filter(|name| !name.is_empty());
            }
        }
    }
    None
}

/// Whom a certificate names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject<'a> {
    /// All of them, in order.
    pub common_names: Vec<&'a str>,
    /// All of them, in order.
    pub organizations: Vec<&'a str>,
}

/// The subject of a certificate in DER; `None` when it cannot be read, or one of the two is empty or no text.
#[must_use]
pub fn subject(certificate: &[u8]) -> Option<Subject<'_>> {
    let mut rest = from_validity(certificate)?;
    rest.take(SEQUENCE)?;
    let (mut names, mut subject) = (Der(rest.take(SEQUENCE)?), Subject::default());
    while !names.0.is_empty() {
        let mut set = Der(names.take(SET)?);
        while !set.0.is_empty() {
            let mut pair = Der(set.take(SEQUENCE)?);
            let texts = match pair.take(OBJECT_IDENTIFIER)? {
                COMMON_NAME => &mut subject.common_names,
                ORGANIZATION => &mut subject.organizations,
                _ => continue,
            };
            let tag = *TEXTS.iter().find(|tag| pair.0.first() == Some(tag))?;
            texts.push(std::str::from_utf8(pair.take(tag)?).ok().filter(|text| !text.is_empty())?);
        }
    }
    Some(subject)
}

/// What a certificate says from its two times on: these, then its subject.
fn from_validity(certificate: &[u8]) -> Option<Der<'_>> {
    let mut tbs = Der(Der(Der(certificate).take(SEQUENCE)?).take(SEQUENCE)?);
    if tbs.0.first() == Some(&VERSION) {
        tbs.take(VERSION)?;
    }
    for before in [INTEGER, SEQUENCE, SEQUENCE] {
        tbs.take(before)?; // serial number, signature algorithm, issuer
    }
    Some(tbs)
}

/// What is left to read.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The contents of the next value, which has to be of this kind.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&found, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match usize::from(first) {
            short @ 0..0x80 => (short, rest),
            long => {
                let (bytes, rest) = rest.split_at_checked(long & 0x7f)?;
                let digit = |n: usize, byte: &u8| n.checked_mul(256)?.checked_add(usize::from(*byte));
                (bytes.iter().try_fold(0, digit)?, rest)
            }
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        (found == tag).then_some(value)
    }

    /// The next value as a time: `YYMMDDHHMMSSZ` means 1950 to 2049, `YYYYMMDDHHMMSSZ` any year.
    fn time(&mut self) -> Option<u64> {
        let tag = *self.0.first()?;
        let digits = self.take(tag)?.strip_suffix(b"Z")?;
        let (year, rest) = match tag {
            UTC_TIME => (two(digits, 0)?, digits.get(2..)?),
            GENERALIZED_TIME => (two(digits, 0)? * 100 + two(digits, 2)?, digits.get(4..)?),
            _ => return None,
        };
        let year = match tag {
            UTC_TIME if year < 50 => 2000 + year,
            UTC_TIME => 1900 + year,
            _ => year,
        };
        let [month, day, hour, minute, second] = [0, 2, 4, 6, 8].map(|at| two(rest, at));
        let days = days_since_1970(year, month?, day?)?;
        Some(((days * 24 + hour?) * 60 + minute?) * 60 + second?)
    }
}

/// Two digits.
fn two(text: &[u8], at: usize) -> Option<u64> {
    let digit = |at: usize| text.get(at).filter(|byte| byte.is_ascii_digit()).map(|byte| u64::from(byte - b'0'));
    Some(digit(at)? * 10 + digit(at + 1)?)
}

/// Days from 1970 to a day; 0 before.
fn days_since_1970(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // A year that begins in March has its leap day at its end, and months whose lengths are a straight line.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day;
    Some(days.saturating_sub(719_469)) // 1 March of the year 0 to 1 January 1970, and one because days begin at 1
}

#[cfg(test)]
mod tests;
