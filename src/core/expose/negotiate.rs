//! What a scraper asked for: format, escaping and encoding from Accept and Accept-Encoding.
//! Knows header values only; never refuses: whoever asks for nothing we have gets text 0.0.4.

use super::escape::Escaping;
use std::{borrow::Cow, collections::BTreeMap};

#[cfg(test)]
mod tests;

/// An exposition format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// Prometheus text 0.0.4.
    #[default]
    Text004,
    /// Prometheus text 1.0.0.
    Text100,
    /// OpenMetrics text 1.0.0.
    OpenMetrics,
    /// Delimited `io.prometheus.client.MetricFamily` messages.
    Protobuf,
}

/// A content coding of the body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// As it is.
    #[default]
    Identity,
    /// `gzip`
    Gzip,
    /// `zstd`
    Zstd,
}

/// What was agreed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Negotiated {
    /// The format.
    pub format: Format,
    /// What becomes of names that are not legacy-valid.
    pub escaping: Escaping,
    /// How the body is compressed.
    pub encoding: Encoding,
}

impl Encoding {
    /// The value of Content-Encoding; `None` means no such header.
    #[must_use]
    pub const fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Zstd => Some("zstd"),
        }
    }
}

impl Negotiated {
    /// The value of Content-Type.
    #[must_use]
    pub fn content_type(&self) -> String {
        let kind = match self.format {
            Format::Text004 => "text/plain; version=0.0.4; charset=utf-8",
            Format::Text100 => "text/plain; version=1.0.0; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Format::Protobuf => "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
        };
        format!("{kind}; escaping={}", self.escaping)
    }
}

/// Reads all Accept and Accept-Encoding lines of a request; several lines are one list.
#[must_use]
pub fn negotiate<'a>(
    accept: impl IntoIterator<Item = &'a str>,
    accept_encoding: impl IntoIterator<Item = &'a str>,
) -> Negotiated {
    let best = accept.into_iter().flat_map(|line| split(line, ',')).filter_map(|clause| Offer::read(&clause)).fold(
        None,
        |best: Option<Offer>, offer| if best.is_none_or(|best| offer.beats(best)) { Some(offer) } else { Some(best?) },
    );
    let (format, escaping) = best.map_or_else(Default::default, |offer| (offer.format, offer.escaping));
    Negotiated { format, escaping, encoding: encoding_of(accept_encoding) }
}

/// A clause of Accept that names something we have.
#[derive(Clone, Copy, Debug)]
struct Offer {
    thousandths: u16, // of q
    specific: u8,     // 0 for `*/*`, up to 3 for a type with version
    format: Format,
    escaping: Escaping,
}

impl Offer {
    fn read(clause: &str) -> Option<Self> {
        let mut parts = split(clause, ';').into_iter();
        let media = parts.next()?.to_ascii_lowercase();
        let params = Params::read(parts);
        let version = params.get("version");
        let (specific, format) = match media.as_str() {
            "*/*" | "*" => (0, Format::Text004),
            "text/*" => (1, Format::Text004),
            "text/plain" => match version {
                None => (2, Format::Text004),
                Some("0.0.4") => (3, Format::Text004),
                Some("1.0.0") => (3, Format::Text100),
                Some(_) => return None,
            },
            "application/openmetrics-text" => match version {
                None => (2, Format::OpenMetrics),
                Some("1.0.0") => (3, Format::OpenMetrics),
                Some(_) => return None,
            },
            "application/vnd.google.protobuf"
                if params.get("proto") == Some("io.prometheus.client.MetricFamily")
                    && params.get("encoding") == Some("delimited") =>
            {
                (3, Format::Protobuf)
            }
            _ => return None,
        };
        let asked = params.get("escaping").and_then(|text| Escaping::ALL.into_iter().find(|escaping| escaping.as_str() == text));
        // A wildcard asked for nothing in particular, so its parameters mean nothing.
        let escaping = asked.filter(|_| specific > 1).unwrap_or_default();
        let thousandths = params.thousandths();
        (thousandths > 0).then_some(Self { thousandths, specific, format, escaping })
    }

    fn beats(self, other: Self) -> bool {
        let rank = |offer: Self| (offer.thousandths, offer.specific, offer.format as u8);
        rank(self) > rank(other)
    }
}

/// The parameters of a clause, names in lower case.
struct Params(BTreeMap<String, String>);

impl Params {
    fn read<'a>(parts: impl Iterator<Item = Cow<'a, str>>) -> Self {
        let pair = |part: Cow<'a, str>| {
            let (name, value) = part.split_once('=')?;
            Some((name.trim().to_ascii_lowercase(), unquoted(value.trim())))
        };
        Self(parts.filter_map(pair).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A `q` that does not read counts as none.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=1000 before")]
    fn thousandths(&self) -> u16 {
        let q = self.get("q").and_then(|text| text.parse::<f64>().ok()).filter(|q| q.is_finite()).unwrap_or(1.0);
        (q * 1000.0).round().clamp(0.0, 1000.0) as u16
    }
}

fn encoding_of<'a>(accept_encoding: impl IntoIterator<Item = &'a str>) -> Encoding {
    let mut asked: BTreeMap<String, u16> = BTreeMap::new();
    for clause in accept_encoding.into_iter().flat_map(|line| split(line, ',')) {
        let mut parts = split(&clause, ';').into_iter();
        if let Some(name) = parts.next() {
            asked.insert(name.to_ascii_lowercase(), Params::read(parts).thousandths());
        }
    }
    let q_of = |names: &[&str]| names.iter().find_map(|name| asked.get(*name).copied());
    let gzip = q_of(&["gzip", "x-gzip", "*"]).unwrap_or(0);
    let zstd = q_of(&["zstd"]).unwrap_or(0);
    let identity = q_of(&["identity"]).unwrap_or(0);
    if zstd > 0 && zstd >= gzip && zstd >= identity {
        Encoding::Zstd
    } else if gzip > 0 && gzip >= identity {
        Encoding::Gzip
    } else {
        Encoding::Identity
    }
}

/// Splits at `separator` outside of quoted strings; empty parts are left out.
fn split(text: &str, separator: char) -> Vec<Cow<'_, str>> {
    let mut is_quoted = false;
    let mut is_escaped = false;
    let parts = text.split(|c: char| {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ => return c == separator && !is_quoted,
        }
        false
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).map(Cow::Borrowed).collect()
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else { return value.to_owned() };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}
