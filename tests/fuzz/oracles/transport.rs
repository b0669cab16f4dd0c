//! What lies between the socket and the decoder: framing of calls, inflating, WebSocket frames. The models read all bytes at once;
//! ours read them as they come.

use super::choices::Choices;
use axum::{Router, body::Body};
use bytes::Bytes;
use http::{Method, Request};
use http_body::Frame;
use parking_lot::Mutex;
use pointsman::{
    auth::senders::told::Told,
    control::frames::{Frames, Incoming, code},
    ingest::{
        Ingest, Refusal,
        admit::{Budget, Held, Sizes},
        grpc,
        inflate::{Encoding, inflate},
        stats::Stats,
    },
};
use pointsman_core::{
    limits::{INFLATE_FREE_BYTES, INFLATE_RATIO_MAX, SYNC_FLIGHT_BYTES_MAX, SYNC_MESSAGE_BYTES_MAX},
    model::reject::Tally,
};
use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    pin::{Pin, pin},
    sync::{Arc, LazyLock},
    task::{Context, Poll, Waker},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    runtime::{Builder, Runtime},
    sync::Semaphore,
};
use tower::ServiceExt;

/// One for all inputs: a runtime costs threads.
pub(crate) static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(1).enable_time().build().expect("a runtime"));

/// A body in pieces, of which one may be broken.
pub(crate) struct Pieces(pub(crate) VecDeque<io::Result<Bytes>>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(self.0.pop_front().map(|piece| piece.map(Frame::data)))
    }
}

impl Pieces {
    /// Bytes cut into pieces of these lengths and a last one, and perhaps broken off before that.
    pub(crate) fn of(bytes: &[u8], lengths: &[u8], is_broken: bool) -> Self {
        let mut pieces = VecDeque::new();
        let mut rest = bytes;
        for length in lengths {
            let (piece, after) = rest.split_at(usize::from(*length).min(rest.len()));
            pieces.push_back(Ok(Bytes::copy_from_slice(piece)));
            rest = after;
        }
        if is_broken {
            pieces.push_back(Err(io::Error::other("reset")));
        }
        pieces.push_back(Ok(Bytes::copy_from_slice(rest)));
        Self(pieces)
    }
}

const MESSAGE_MAX: usize = 96;
/// A frame and what it is inflated to, each in a buffer of its cap.
const HELD_MAX: usize = 2 * (MESSAGE_MAX + 5);

/// Memory that is never short: what is taken of it is counted all the same.
pub(crate) fn budget() -> Arc<Budget> {
    Budget::new(Sizes { heap: usize::MAX >> 1, flight: usize::MAX >> 2 }, || 0, 0)
}

/// Any flag, length and pieces of a unary call: the status of a model that has all bytes at hand, the very message where there is
/// one, and no byte of the budget kept.
pub fn grpc_framing(input: &[u8]) {
    let mut from = Choices(input);
    let encoding = from.pick(&["", "identity", "gzip", "zstd", "br", "gzip, gzip"]);
    let (lengths, is_broken) = (from.list(6, Choices::byte), from.below(16) == 0);
    let mut body = Vec::new();
    if from.yes() {
        // Framed as it should be: what follows is the message.
        body.push(from.byte() % 3);
        body.extend_from_slice(&u32::try_from(from.0.len()).unwrap_or(u32::MAX).to_be_bytes());
    }
    body.extend_from_slice(from.rest());
    let pieces = Pieces::of(&body, &lengths, is_broken);
    let (expected, peak) = model_of_call(&pieces, encoding);
    let taken: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
    let (sink, budget) = (Arc::clone(&taken), budget());
    let (watched, most) = (Arc::clone(&budget), Arc::new(Mutex::new(0)));
    let seen = Arc::clone(&most);
    let ingest = Arc::new(Ingest {
        metrics: Arc::new(move |body, _| {
            sink.lock().push(body.to_vec());
            *seen.lock() = watched.bytes();
            Ok(Tally::default())
        }),
        traces: Arc::new(|_, _| Ok(Tally::default())),
        exported: Arc::new(|_, _, _| {}),
        budget: Arc::clone(&budget),
        body_bytes_max: MESSAGE_MAX,
        body_time_max: Duration::from_secs(5),
        stats: Stats::default(),
        paced: None,
        told: Told::default(),
    });
    let mut request = Request::builder().method(Method::POST).uri(grpc::METRICS).header("content-type", "application/grpc");
    if !encoding.is_empty() {
        request = request.header("grpc-encoding", encoding);
    }
    let request = request.body(Body::new(pieces)).expect("a request");
    let answer = RUNTIME.block_on(grpc::router(&ingest, Router::new()).oneshot(request)).expect("it is infallible");
    let status = answer.headers().get("grpc-status").map_or("0", |status| status.to_str().expect("a number")).to_owned();
    drop(answer);
    let taken = std::mem::take(&mut *taken.lock());
    match expected {
        Call::Message(message) => assert_eq!((status.as_str(), taken.as_slice()), ("0", [message].as_slice())),
        Call::Status(codes) => {
            assert!(codes.contains(&status.as_str()), "{status}, expected one of {codes:?}");
            assert!(taken.is_empty() || status == "0");
        }
    }
    assert!(*most.lock() <= peak, "{} bytes are held for {peak}", most.lock());
    assert_eq!(budget.bytes(), 0, "everything is given back");
}

enum Call {
    Message(Vec<u8>),
    Status(&'static [&'static str]),
}

/// What becomes of a call, and how much of the budget it may hold.
fn model_of_call(pieces: &Pieces, encoding: &str) -> (Call, usize) {
    let encoded = match encoding {
        "" | "identity" => false,
        "gzip" | "zstd" => true,
        _ => return (Call::Status(&["12"]), 0),
    };
    let mut all = Vec::new();
    for piece in &pieces.0 {
        let Ok(piece) = piece else { return (Call::Status(&["3"]), HELD_MAX) };
        all.extend_from_slice(piece);
        if all.len() > MESSAGE_MAX + 5 {
            return (Call::Status(&["8"]), HELD_MAX);
        }
    }
    let call = match all.split_first_chunk::<5>() {
        None => Call::Status(&["13"]),
        Some(([flag, length @ ..], message)) => {
            let length = u32::from_be_bytes(*length) as usize;
            match flag {
                _ if length > MESSAGE_MAX => Call::Status(&["8"]),
                _ if message.len() < length => Call::Status(&["3"]),
                _ if message.len() > length => Call::Status(&["13"]),
                0 => Call::Message(message.to_vec()),
                // What inflating comes to has a target of its own.
                1 if encoded => Call::Status(&["0", "3", "8"]),
                _ => Call::Status(&["13"]),
            }
        }
    };
    // A buffer doubles up to its cap.
    (call, if encoded { HELD_MAX } else { (2 * all.len()).min(MESSAGE_MAX + 5) })
}

/// Any bytes as gzip.
pub fn inflate_gzip(input: &[u8]) {
    inflates(input, Encoding::Gzip);
}

/// Any bytes as zstd.
pub fn inflate_zstd(input: &[u8]) {
    inflates(input, Encoding::Zstd);
}

/// Raw bytes, or such as were compressed and perhaps damaged: what comes out is what a reader without caps gets, or it is refused
/// where that is refused too, or for a cap that it exceeds. No more is held than a cap allows.
fn inflates(input: &[u8], encoding: Encoding) {
    let mut from = Choices(input);
    let limit = from.pick(&[64, 4_096, 4 << 20]);
    let (body, plain) = match from.below(3) {
        0 => (from.rest().to_vec(), None),
        damage => {
            let times = from.pick(&[1, 1, 2, 16, 256, 8_192]);
            let (at, flip) = (usize::from(from.byte()), from.byte());
            // Half a megabyte more than may come of any body: enough for a bomb, and soon packed.
            let most = (INFLATE_FREE_BYTES + (1 << 19)) / from.0.len().max(1);
            let plain = from.rest().repeat(times.min(most));
            let mut body = deflated(&plain, encoding);
            if damage == 1 || flip == 0 {
                (body, Some(plain))
            } else {
                match flip % 4 {
                    0 => body.truncate(at % body.len()),
                    1 => body.extend_from_slice(&deflated(b"more", encoding)),
                    2 => body.push(flip),
                    _ => {
                        let at = at % body.len();
                        body[at] ^= flip;
                    }
                }
                (body, None)
            }
        }
    };
    let budget = budget();
    let held = Held::made(budget.share(), body.len(), || Ok::<_, Refusal>(body.clone())).expect("it fits");
    let grown = body.len().saturating_mul(INFLATE_RATIO_MAX).max(INFLATE_FREE_BYTES);
    let cap = limit.min(grown);
    let reference = reference(&body, encoding, limit.max(grown) + 1);
    assert!(plain.is_none() || reference.is_some(), "what was compressed can be read");
    match (inflate(encoding, &held, limit), &reference) {
        (Ok(out), Some((whole, ends))) => {
            assert!(out.len() <= cap && *ends, "taken beyond a cap, or with something behind it");
            assert!(*out == **whole, "another text");
            assert!(plain.is_none_or(|plain| *out == *plain), "another text than was compressed");
            let held = budget.bytes();
            assert!((body.len() + out.len()..=body.len() + 2 * out.len()).contains(&held), "{held} bytes are accounted for");
        }
        (Ok(_), None) => panic!("taken, and no reader reads it"),
        (Err(Refusal::TooLarge { .. }), Some((whole, _))) => {
            assert!(whole.len() > limit, "{} bytes are not too large", whole.len())
        }
        (Err(Refusal::Bomb), Some((whole, _))) => assert!(whole.len() > grown, "{} bytes are no bomb", whole.len()),
        (Err(Refusal::Corrupt(_)), Some((whole, ends))) => assert!(!ends || whole.len() > cap, "a whole body is refused"),
        // Damaged only behind a cap that was reached first.
        (Err(Refusal::Corrupt(_) | Refusal::TooLarge { .. } | Refusal::Bomb), None) => {}
        (Err(other), _) => panic!("refused as {other}"),
    }
    drop(held);
    assert_eq!(budget.bytes(), 0, "everything is given back");
}

fn deflated(plain: &[u8], encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::Zstd => zstd::stream::encode_all(plain, 1).expect("zstd works"),
        _ => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(plain).and_then(|()| encoder.finish()).expect("gzip works")
        }
    }
}

/// Up to about so many bytes of what comes out, and whether that is all of a single stream; `None` where it is damaged before.
fn reference(body: &[u8], encoding: Encoding, max: usize) -> Option<(Vec<u8>, bool)> {
    match encoding {
        Encoding::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(body).ok()?.single_frame();
            decoder.window_log_max(23).ok()?;
            let out = read_some(&mut decoder, max)?;
            let is_all = out.len() < max && decoder.finish().is_empty();
            Some((out, is_all))
        }
        _ => {
            let mut decoder = flate2::bufread::GzDecoder::new(body);
            let out = read_some(&mut decoder, max)?;
            let is_all = out.len() < max && decoder.into_inner().is_empty();
            Some((out, is_all))
        }
    }
}

/// Reads in steps as large as ours: zstd checks the announced size only of what fits into one.
fn read_some(decoder: &mut impl Read, max: usize) -> Option<Vec<u8>> {
    let (mut out, mut step) = (Vec::new(), vec![0; 16 << 10]);
    loop {
        let read = decoder.read(&mut step).ok()?;
        out.extend_from_slice(&step[..read]);
        if read == 0 || out.len() >= max {
            return Some(out);
        }
    }
}

/// A stream that hands out pieces, and takes everything.
struct Stream<'a> {
    rest: &'a [u8],
    steps: Vec<usize>,
    at: usize,
}

impl AsyncRead for Stream<'_> {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let step = self.steps.get(self.at).copied().unwrap_or(usize::MAX).max(1);
        self.at += 1;
        let (piece, rest) = self.rest.split_at(step.min(self.rest.len()).min(buf.remaining()));
        buf.put_slice(piece);
        self.rest = rest;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream<'_> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Any bytes in any pieces as frames of a WebSocket: what comes out is what a reader of the whole gets, and all room is given back.
pub fn frames(input: &[u8]) {
    let mut from = Choices(input);
    let steps = from.list(8, |from| usize::from(from.byte()));
    let bytes = from.rest();
    let flight = Arc::new(Semaphore::new(SYNC_FLIGHT_BYTES_MAX));
    let mut frames = Frames::new(Stream { rest: bytes, steps, at: 0 }, Arc::clone(&flight));
    let mut came = Vec::new();
    loop {
        let next = {
            let Poll::Ready(next) = pin!(frames.next()).poll(&mut Context::from_waker(Waker::noop())) else {
                panic!("nothing is waited for")
            };
            next
        };
        match next {
            Incoming::Message(message) => came.push(format!("message {message:?}")),
            Incoming::Ping(payload) => came.push(format!("ping {payload:?}")),
            Incoming::Gone => break came.push("gone".to_owned()),
            Incoming::Wrong(code) => break came.push(format!("wrong {code}")),
        }
    }
    assert_eq!(came, model_of_frames(bytes));
    drop(frames);
    assert_eq!(flight.available_permits(), SYNC_FLIGHT_BYTES_MAX);
}

fn model_of_frames(mut rest: &[u8]) -> Vec<String> {
    let mut came = Vec::new();
    let mut open: Option<Vec<u8>> = None;
    let end = loop {
        match one_frame(&mut rest, open.as_ref().map(Vec::len)) {
            Err(end) => break end,
            Ok((9, _, payload)) => came.push(format!("ping {payload:?}")),
            Ok((10, ..)) => {}
            Ok((8, ..)) => break "gone".to_owned(),
            Ok((_, is_last, payload)) => {
                let mut message = open.take().unwrap_or_default();
                message.extend(payload);
                if !is_last {
                    open = Some(message);
                } else if message.first() == Some(&0) {
                    came.push(format!("message {:?}", &message[1..]));
                } else {
                    break format!("wrong {}", code::PROTOCOL);
                }
            }
        }
    };
    came.push(end);
    came
}

/// One frame as RFC 6455 has it: opcode, whether it is the last, payload.
fn one_frame(rest: &mut &[u8], open: Option<usize>) -> Result<(u8, bool, Vec<u8>), String> {
    let mut take = |n: usize| -> Result<&[u8], String> { rest.split_off(..n).ok_or_else(|| "gone".to_owned()) };
    let wrong = |code: u16| Err(format!("wrong {code}"));
    let head = take(2)?;
    let (first, second) = (head[0], head[1]);
    let (opcode, is_last) = (first & 15, first >= 128);
    if opcode == 1 {
        return wrong(code::UNSUPPORTED);
    }
    let is_control = (8..=10).contains(&opcode);
    let fits = is_control || (opcode == 0 && open.is_some()) || (opcode == 2 && open.is_none());
    if first & 0b0111_0000 != 0 || second < 128 || !fits {
        return wrong(code::PROTOCOL);
    }
    let length = match second - 128 {
        126 => take(2)?.iter().fold(0_u64, |length, byte| length << 8 | u64::from(*byte)),
        127 => take(8)?.iter().fold(0_u64, |length, byte| length << 8 | u64::from(*byte)),
        short => u64::from(short),
    };
    if is_control && (!is_last || length > 125) {
        return wrong(code::PROTOCOL);
    }
    let before = open.unwrap_or(0) as u64;
    if !is_control && before.saturating_add(length) > SYNC_MESSAGE_BYTES_MAX as u64 + 1 {
        return wrong(code::TOO_BIG);
    }
    let mask: Vec<u8> = take(4)?.to_vec();
    let payload = take(usize::try_from(length).map_err(|_| "gone".to_owned())?)?;
    Ok((opcode, is_last, payload.iter().enumerate().map(|(at, byte)| byte ^ mask[at % 4]).collect()))
}
