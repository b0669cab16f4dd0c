//! A request out of the last cell of a row: a source, then stages behind ` | ` that spoil it.
//! Sends nothing, and knows no limit: what must come of it stands in the row.

use super::{
    deep,
    text::{expand, number},
};
use flate2::{Compress, Compression, FlushCompress, write::GzEncoder};
use pointsman_core::decode::json;
use std::io::Write;

/// A request, before a way is chosen.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) json: Vec<u8>,
    /// Nothing where JSON was written that says nothing.
    pub(super) protobuf: Option<Vec<u8>>,
    pub(super) is_trace: bool,
    pub(super) encoding: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) method: Option<String>,
    pub(super) path: Option<String>,
    pub(super) content_type: Option<String>,
    pub(super) length: Option<String>,
    pub(super) chunked: bool,
    pub(super) frame: Option<(u8, u32)>,
}

/// Makes the request that the cell describes.
///
/// ```text
/// sources: good    request {…}    spans {…}    points {…},{…}    metric {…}    deep PLACE KIND N    text …    hex …
///          zeros N    gzip-bomb N    zstd-bomb LOG N: streams of that many zeros, the second with a window of 2^LOG
/// stages:  spoil (BAD becomes text that is no UTF-8)    gzip    zstd    twice    head N    cut N    flip N    add HEX
///          encoded NAME (says so, and flags the gRPC message)    trace    frame FLAG LENGTH    chunked (says so)
///          chunks (is so: one chunk, and the last)
///          header K: V    method M    path P    type T    length N
/// ```
pub(super) fn message(cell: &str, id: &str) -> Message {
    let mut stages = cell.split(" | ");
    let mut message = source(stages.next().unwrap_or_default(), id);
    stages.for_each(|stage| message.apply(stage));
    message
}

fn source(text: &str, id: &str) -> Message {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = || expand(rest, id);
    let points = |points: &str| metric(&expand(&format!(r#"{{"name":"@n","gauge":{{"dataPoints":[{points}]}}}}"#), id));
    match word {
        "good" => points(r#"{"asDouble":1,@t}"#),
        "points" => points(&rest()),
        "metric" => metric(&rest()),
        "request" => of_json(rest(), false),
        "spans" => of_json(
            format!(
                r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"hostile"}}}}]}},"scopeSpans":[{{"scope":{{"name":"hostile"}},"spans":[{}]}}]}}]}}"#,
                rest()
            ),
            true,
        ),
        "deep" => {
            let rest = rest();
            let args: Vec<&str> = rest.split(' ').collect();
            let [place, kind, n] = args[..] else { panic!("deep PLACE KIND N: {text}") };
            deep::message(place, kind, number(n), id)
        }
        "text" => bytes(rest().into_bytes()),
        "hex" => bytes(hex(&rest())),
        "zeros" => bytes(vec![0; number(&rest())]),
        "gzip-bomb" => bytes(gzip_bomb(number(&rest()))),
        "zstd-bomb" => {
            let rest = rest();
            let (log, n) = rest.split_once(' ').expect("zstd-bomb LOG N");
            bytes(zstd_bomb(u8::try_from(number(log)).expect("a small number"), number(n)))
        }
        _ => panic!("no such source: {word}"),
    }
}

/// One metric, in a resource and a scope.
fn metric(metric: &str) -> Message {
    of_json(
        format!(
            r#"{{"resourceMetrics":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"hostile"}}}}]}},"scopeMetrics":[{{"scope":{{"name":"hostile"}},"metrics":[{metric}]}}]}}]}}"#
        ),
        false,
    )
}

fn of_json(text: String, is_trace: bool) -> Message {
    let rewrite = if is_trace { json::traces_to_protobuf } else { json::metrics_to_protobuf };
    Message { protobuf: rewrite(text.as_bytes()).ok(), json: text.into_bytes(), is_trace, ..Message::default() }
}

fn bytes(bytes: Vec<u8>) -> Message {
    Message { json: bytes.clone(), protobuf: Some(bytes), ..Message::default() }
}

impl Message {
    fn apply(&mut self, stage: &str) {
        let (word, rest) = stage.split_once(' ').unwrap_or((stage, ""));
        match word {
            "trace" => self.is_trace = true,
            "encoded" => self.encoding = Some(rest.to_owned()),
            "method" => self.method = Some(rest.to_owned()),
            "path" => self.path = Some(expand(rest, "")),
            "type" => self.content_type = Some(rest.to_owned()),
            "length" => self.length = Some(rest.to_owned()),
            "chunked" => self.chunked = true,
            "chunks" => {
                self.chunked = true;
                self.json = in_chunks(&self.json);
                self.protobuf = self.protobuf.as_deref().map(in_chunks);
            }
            "header" => {
                let (name, value) = rest.split_once(": ").expect("header K: V");
                self.headers.push((name.to_owned(), expand(value, "")));
            }
            "frame" => {
                let (flag, length) = rest.split_once(' ').expect("frame FLAG LENGTH");
                self.frame = Some((flag.parse().expect("a flag"), length.parse().expect("a length")));
            }
            _ => {
                self.json = changed(word, rest, &self.json);
                self.protobuf = self.protobuf.as_ref().map(|bytes| changed(word, rest, bytes));
            }
        }
    }
}

/// One chunk, and the last.
fn in_chunks(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n0\r\n\r\n"].concat()
}

fn changed(word: &str, rest: &str, bytes: &[u8]) -> Vec<u8> {
    match word {
        "spoil" => spoil(bytes),
        "gzip" => gzip(bytes),
        "zstd" => zstd::stream::encode_all(bytes, 1).expect("a vector takes all"),
        "twice" => [bytes, bytes].concat(),
        "head" => bytes[..number(rest)].to_vec(),
        "cut" => bytes[..bytes.len() - number(rest)].to_vec(),
        "flip" => {
            let mut bytes = bytes.to_vec();
            let at = bytes.len() - number(rest);
            bytes[at] ^= 0xff;
            bytes
        }
        "add" => [bytes, &hex(&expand(rest, ""))].concat(),
        _ => panic!("no such stage: {word}"),
    }
}

fn spoil(bytes: &[u8]) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let places: Vec<usize> = bytes.windows(3).enumerate().filter(|(_, three)| *three == b"BAD").map(|(at, _)| at).collect();
    assert!(!places.is_empty(), "nothing to spoil");
    places.into_iter().for_each(|at| out[at + 1] = 0xff);
    out
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()));
    pairs.collect::<Option<_>>().unwrap_or_else(|| panic!("not hex: {text:.80}"))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("a vector takes all");
    encoder.finish().expect("a vector takes all")
}

/// A gzip stream of zeros: one piece of a MiB, compressed once and repeated, and no end.
fn gzip_bomb(n: usize) -> Vec<u8> {
    let mut compress = Compress::new(Compression::best(), false);
    let mut piece = Vec::with_capacity(64 << 10);
    compress.compress_vec(&vec![0; 1 << 20], &mut piece, FlushCompress::Full).expect("it compresses");
    assert_eq!(compress.total_in(), 1 << 20, "all of it");
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    (0..n >> 20).for_each(|_| out.extend_from_slice(&piece));
    out
}

/// A zstd frame of zeros: blocks of 128 KiB, four bytes each.
fn zstd_bomb(window_log: u8, n: usize) -> Vec<u8> {
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0, (window_log - 10) << 3];
    let blocks = (n >> 17).max(1);
    for block in 1..=blocks {
        let head: u32 = (128 << 10 << 3) | (1 << 1) | u32::from(block == blocks);
        out.extend_from_slice(&head.to_le_bytes()[..3]);
        out.push(0);
    }
    out
}
