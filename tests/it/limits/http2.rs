//! HTTP/2 as no client speaks it: frames by hand, by the ten thousand. `POINTSMAN_FRAMES=1000000` sends more of them.
//! Knows frames, not what a request means.

use super::{cpu, hits, memory_kib, socket};
use crate::support::{DEADLINE, Pointsman, now, runtime, wait};
use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::tcp::OwnedReadHalf,
    time::{sleep, timeout},
};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const NOBODY_KNOWS: u8 = 0x77;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const CANCEL: [u8; 4] = [0, 0, 0, 8];
/// `POST / http`, from the static table.
const POST: &[u8] = &[0x83, 0x86, 0x84];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short payload").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A field `x` with a value of so many bytes, which enters the table of the other end or not.
fn field(representation: u8, bytes: u32) -> Vec<u8> {
    let mut field = vec![representation, 1, b'x', 0x7f];
    let mut rest = bytes - 0x7f;
    while rest >= 0x80 {
        field.push(u8::try_from(rest & 0x7f).expect("seven bits") | 0x80);
        rest >>= 7;
    }
    field.push(u8::try_from(rest).expect("seven bits"));
    field.resize(field.len() + usize::try_from(bytes).expect("small"), b'a');
    field
}

/// What becomes of a connection that is spoken to so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is ended, time and again.
    Ends,
    /// It goes on: this is allowed, and costs little.
    GoesOn,
}

struct Kind {
    name: &'static str,
    fate: Fate,
    /// How many of them go out, of a hundred that go out of the others.
    percent: usize,
    opening: fn() -> Vec<u8>,
    /// The next frames, on a stream that was not used yet, and how many they are.
    next: fn(u32) -> (Vec<u8>, usize),
}

fn nothing() -> Vec<u8> {
    Vec::new()
}

fn open_request() -> Vec<u8> {
    frame(HEADERS, END_HEADERS, 1, POST)
}

fn open_head() -> Vec<u8> {
    frame(HEADERS, 0, 1, POST)
}

/// A request, and something on its stream.
fn request_and(flags: u8, stream: u32, then: &[u8]) -> (Vec<u8>, usize) {
    ([&frame(HEADERS, END_HEADERS | flags, stream, POST), then].concat(), 2)
}

const KINDS: [Kind; 16] = [
    Kind {
        name: "rapid reset",
        fate: Fate::Ends,
        percent: 100,
        opening: nothing,
        next: |stream| request_and(END_STREAM, stream, &frame(RST_STREAM, 0, stream, &CANCEL)),
    },
    Kind {
        name: "reset by a window of nothing",
        fate: Fate::Ends,
        percent: 100,
        opening: nothing,
        next: |stream| request_and(0, stream, &frame(WINDOW_UPDATE, 0, stream, &[0; 4])),
    },
    Kind {
        name: "reset by a window beyond its end",
        fate: Fate::Ends,
        percent: 100,
        opening: nothing,
        next: |stream| request_and(0, stream, &frame(WINDOW_UPDATE, 0, stream, &[0x7f, 0xff, 0xff, 0xff])),
    },
    Kind {
        name: "reset by data after the end",
        fate: Fate::Ends,
        percent: 100,
        opening: nothing,
        next: |stream| request_and(END_STREAM, stream, &frame(DATA, 0, stream, b"x")),
    },
    Kind {
        name: "heads that do not end",
        fate: Fate::Ends,
        percent: 100,
        opening: open_head,
        next: |_| (frame(CONTINUATION, 0, 1, &[]).repeat(50), 50),
    },
    Kind {
        name: "empty data",
        fate: Fate::Ends,
        percent: 100,
        opening: open_request,
        next: |_| (frame(DATA, 0, 1, &[]).repeat(50), 50),
    },
    Kind {
        name: "settings",
        fate: Fate::GoesOn,
        percent: 100,
        opening: nothing,
        next: |_| (frame(SETTINGS, 0, 0, &[]).repeat(50), 50),
    },
    Kind {
        name: "pings",
        fate: Fate::GoesOn,
        percent: 100,
        opening: nothing,
        next: |_| (frame(PING, 0, 0, &[7; 8]).repeat(50), 50),
    },
    Kind {
        name: "a window of nothing",
        fate: Fate::Ends,
        percent: 100,
        opening: nothing,
        next: |_| (frame(WINDOW_UPDATE, 0, 0, &[0; 4]).repeat(50), 50),
    },
    Kind {
        name: "windows, a byte at a time",
        fate: Fate::GoesOn,
        percent: 100,
        opening: nothing,
        next: |_| (frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]).repeat(50), 50),
    },
    Kind {
        name: "heads that are too large",
        fate: Fate::GoesOn,
        percent: 5,
        opening: nothing,
        next: |stream| {
            let first = [POST, &field(0, 12_000)].concat();
            let rest = frame(CONTINUATION, END_HEADERS, stream, &field(0, 12_000));
            ([frame(HEADERS, END_STREAM, stream, &first), rest].concat(), 2)
        },
    },
    Kind {
        name: "heads that grow",
        fate: Fate::Ends,
        percent: 10,
        opening: nothing,
        next: |stream| {
            let grows = [POST, &field(0x40, 3_000), &[0xbe; 10_000]].concat(); // 30 MB, as it were
            (frame(HEADERS, END_STREAM | END_HEADERS, stream, &grows), 1)
        },
    },
    Kind {
        name: "streams of the other side",
        fate: Fate::Ends,
        percent: 100,
        opening: nothing,
        next: |stream| (frame(HEADERS, END_STREAM | END_HEADERS, stream + 1, POST), 1),
    },
    Kind {
        name: "resets of streams that never were",
        fate: Fate::Ends,
        percent: 100,
        opening: nothing,
        next: |stream| (frame(RST_STREAM, 0, stream + 1_000_000, &CANCEL), 1),
    },
    Kind {
        name: "priorities",
        fate: Fate::GoesOn,
        percent: 100,
        opening: nothing,
        next: |stream| (frame(PRIORITY, 0, stream, &[0, 0, 0, 0, 1]), 1),
    },
    Kind {
        name: "frames that nobody knows",
        fate: Fate::GoesOn,
        percent: 100,
        opening: nothing,
        next: |_| (frame(NOBODY_KNOWS, 0xff, 0, &[7; 20]).repeat(50), 50),
    },
];

/// What became of a flood.
#[derive(Debug, Default)]
struct Outcome {
    frames: usize,
    connections: usize,
    /// Connections that ended with GOAWAY.
    gone: usize,
    /// Connections that ended after something, and whose GOAWAY a reset overtook.
    cut: usize,
    refused: usize,
}

/// Reads to the end: whether anything came, and whether that was GOAWAY at last.
async fn hear(mut reader: OwnedReadHalf) -> (bool, bool) {
    let (mut anything, mut head, mut payload) = (false, [0; 9], Vec::new());
    while reader.read_exact(&mut head).await.is_ok() {
        anything = true;
        payload.resize(usize::try_from(u32::from_be_bytes([0, head[0], head[1], head[2]])).expect("short"), 0);
        if reader.read_exact(&mut payload).await.is_err() || head[3] == GOAWAY {
            return (true, head[3] == GOAWAY);
        }
    }
    (anything, false)
}

/// Sends frames of a kind on one connection after the other, until all are out, or no connection is had any more.
async fn flood(from: [u8; 4], to: SocketAddr, kind: &Kind, frames: usize) -> Outcome {
    let mut outcome = Outcome::default();
    while outcome.frames < frames && outcome.refused < 3 {
        let (reader, mut writer) = socket(from).expect("a socket").connect(to).await.expect("the port answers").into_split();
        outcome.connections += 1;
        let mut hears = std::pin::pin!(hear(reader));
        let preface = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &frame(SETTINGS, 0, 0, &[])[..], &(kind.opening)()].concat();
        let (mut stream, mut ended) = (3, None);
        let mut is_open = writer.write_all(&preface).await.is_ok();
        while is_open && ended.is_none() && outcome.frames < frames {
            let (mut bytes, mut count) = (Vec::new(), 0);
            while count < 50 {
                let (more, of_them) = (kind.next)(stream);
                bytes.extend(more);
                (stream, count) = (stream + 2, count + of_them);
            }
            // Whoever is not read is not heard either: what comes back is taken while we speak.
            let speaks = async {
                let is_open = writer.write_all(&bytes).await.is_ok();
                sleep(Duration::from_millis(1)).await;
                is_open
            };
            tokio::select! {
                how = &mut hears => ended = Some(how),
                still = timeout(4 * DEADLINE, speaks) => is_open = still.expect("whoever is not ended is heard"),
            }
            outcome.frames += count;
        }
        if ended.is_none() {
            let patience = if is_open && kind.fate == Fate::GoesOn { Duration::from_millis(500) } else { DEADLINE };
            ended = timeout(patience, &mut hears).await.ok();
        }
        match ended {
            Some((_, true)) => outcome.gone += 1,
            Some((false, false)) => outcome.refused += 1,
            Some((true, false)) => outcome.cut += 1,
            None => {}
        }
    }
    outcome
}

/// Ends whoever looks at it, whether a test goes well or not.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Scenario: peers, each from an address of its own, send floods of sixteen kinds: resets and what provokes them, heads without
/// an end or beyond all size, empty frames, settings, pings, streams that cannot be; a scraper asks meanwhile.
/// Guarantees: what no client needs ends the connection, every time, and counts; the rest costs no memory; whoever begins
/// anew too often is refused; the scraper is always answered (T8).
#[test]
fn t08_floods_of_frames_are_ended_or_absorbed() {
    let frames = std::env::var("POINTSMAN_FRAMES").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    floods(&Pointsman::start(&[]), frames);
}

/// Floods of every kind, of so many frames, while somebody good scrapes.
pub(crate) fn floods(server: &Pointsman, frames: usize) {
    server.scrape();
    let before = memory_kib(server, "VmRSS");
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        let ends = Ends(&is_over);
        let scraper = scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                server.scrape(); // within the deadline of every answer here
                thread::sleep(Duration::from_millis(50));
            }
        });
        for (number, kind) in (2..).zip(&KINDS) {
            let to = [server.grpc, server.http, server.read][usize::from(number) % 3];
            let (counted, worked, began) = (hits(server, "http2"), cpu(server.pid()), now());
            let outcome = runtime().block_on(flood([127, 0, 0, number], to, kind, frames * kind.percent / 100));
            let (worked, took) = (cpu(server.pid()).saturating_sub(worked), began.elapsed());
            // Without optimisation, and with the scrapes beside it: 50 us a frame.
            let frames = u32::try_from(outcome.frames).expect("not that many");
            let work_max = took / 4 + Duration::from_millis(100) + frames * Duration::from_micros(50);
            assert!(worked < work_max, "{}: {worked:?} of a processor for {frames} frames in {took:?}", kind.name);
            let grown = memory_kib(server, "VmRSS").saturating_sub(before);
            assert!(grown < 48 << 10, "{}: {grown} KiB", kind.name);
            match kind.fate {
                Fate::Ends => {
                    assert!(outcome.gone > 0, "{}: {outcome:?}", kind.name);
                    // But for the last one, for which too few frames may have been left.
                    let ended = outcome.gone + outcome.cut + outcome.refused;
                    assert!(ended + 1 >= outcome.connections, "{}: {outcome:?}", kind.name);
                    let gone = u64::try_from(outcome.gone).expect("few");
                    wait("each of them to count", || (hits(server, "http2") >= counted + gone).then_some(()));
                }
                Fate::GoesOn => assert_eq!((outcome.connections, outcome.gone), (1, 0), "{}: {outcome:?}", kind.name),
            }
        }
        drop(ends);
        scraper.join().expect("whoever is good is always served");
    });
}

/// Scenario: a peer breaks HTTP/2 and comes again, more often than anybody by accident; another address asks.
/// Guarantees: after its budget the peer reads nothing any more but the end, which is counted; the other is served.
#[test]
fn t08_a_new_connection_is_no_fresh_budget() {
    let server = Pointsman::start(&["--connections-per-address", "1000"]);
    let kind = KINDS.iter().find(|kind| kind.name == "a window of nothing").expect("it is there");
    let outcome = runtime().block_on(flood(super::HOSTILE, server.grpc, kind, usize::MAX));
    assert_eq!(outcome.refused, 3, "{outcome:?}");
    assert!(outcome.gone > 100 && outcome.connections < 1_000, "{outcome:?}");
    server.push_grpc(Default::default()).expect("somebody else is served");
    assert!(hits(&server, "reconnects") >= 3);
    assert!(hits(&server, "http2") > 100);
}
