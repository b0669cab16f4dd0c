//! Those who come again and again while certificates change: each in a way of its own, and all of them may.
//! Knows how to come and what a good answer is; not what changes meanwhile.

use super::super::{
    POINT,
    client::{Authority, Client},
};
use crate::support::{DEADLINE, runtime};
use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, metrics_service_client::MetricsServiceClient,
};
use rustls::HandshakeKind;
use std::{
    future::Future,
    io::{Read, Write},
    net::SocketAddr,
    sync::{
        Mutex, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};
use tokio::runtime::Runtime;
use tonic::transport::Channel;

/// Who signs what a visitor shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum As {
    Sender,
    Reader,
    Nobody,
}

/// How a visitor speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// One request on a connection of its own.
    Http1,
    /// The same in HTTP/2.
    Http2,
    /// An export on a channel of its own.
    Grpc,
    /// Exports on one channel, for as long as the certificate that opened it is the visitor's.
    KeptGrpc,
}

/// One visitor: who, how, and whether sessions are resumed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visitor(As, By, bool);

pub(super) const VISITORS: [Visitor; 10] = [
    Visitor(As::Sender, By::Http1, false),
    Visitor(As::Sender, By::Http1, true),
    Visitor(As::Sender, By::Http2, true),
    Visitor(As::Sender, By::Grpc, false),
    Visitor(As::Sender, By::Grpc, true),
    Visitor(As::Sender, By::KeptGrpc, false),
    Visitor(As::Reader, By::Http1, true),
    Visitor(As::Reader, By::Http2, false),
    Visitor(As::Nobody, By::Http1, true),
    Visitor(As::Nobody, By::Http2, false),
];

/// The certificates that visitors have at one time.
pub(super) struct Crowd {
    /// Another number when there are others.
    pub(super) generation: usize,
    clients: Vec<Client>,
    reader: Client,
}

/// Whom certificates name, who has a rule as a reader, and a namespace as a sender.
const NAME: &str = "system:serviceaccount:shop:scraper";

/// Somebody of an authority, who is sender and reader by name.
pub(super) fn one(ours: &Authority, authority: &Authority) -> Client {
    ours.client_showing(&authority.sender(Some(NAME), (2020, 2090)), &["http/1.1"])
}

impl Crowd {
    pub(super) fn new(generation: usize, ours: &Authority, senders: &Authority, readers: &Authority) -> Self {
        let client = |Visitor(who, by, resumes): Visitor| {
            let protocols: &[&str] = if by == By::Http1 { &["http/1.1"] } else { &["h2"] };
            let client = match who {
                As::Sender => ours.client_showing(&senders.sender(Some(NAME), (2020, 2090)), protocols),
                As::Reader => ours.client_showing(&readers.sender(Some(NAME), (2020, 2090)), protocols),
                As::Nobody => ours.client(protocols),
            };
            if resumes { client.remembering() } else { client }
        };
        Self { generation, clients: VISITORS.map(client).to_vec(), reader: one(ours, readers) }
    }

    /// One that may read what the rules say.
    pub(super) fn reader(&self) -> Client {
        self.reader.clone()
    }
}

/// What all visits came to.
#[derive(Debug, Default)]
pub(super) struct Totals {
    done: [AtomicUsize; VISITORS.len()],
    resumed: AtomicUsize,
    failures: Mutex<Vec<String>>,
}

impl Totals {
    pub(super) fn done(&self) -> usize {
        self.done.iter().map(|done| done.load(Ordering::Relaxed)).sum()
    }

    /// Of the visitor who came least.
    pub(super) fn least(&self) -> usize {
        self.done.iter().map(|done| done.load(Ordering::Relaxed)).min().unwrap_or(0)
    }

    pub(super) fn resumed(&self) -> usize {
        self.resumed.load(Ordering::Relaxed)
    }

    #[track_caller]
    pub(super) fn assert_no_failure(&self) {
        let failures = self.failures.lock().expect("nobody has panicked");
        assert!(failures.is_empty(), "{} of {} failed: {failures:#?}", failures.len(), self.done());
    }

    /// The figures, for whoever runs many changes.
    #[expect(clippy::print_stderr, reason = "figures are for whoever asks for them")]
    pub(super) fn say(&self, changes: &str) {
        eprintln!("{changes}; {} requests, none failed, {} on resumed sessions", self.done(), self.resumed());
    }
}

/// Comes again and again until told to stop.
pub(super) fn come(at: usize, doors: [SocketAddr; 3], crowd: &RwLock<Crowd>, (totals, stop): (&Totals, &AtomicBool)) {
    let mut visit = Visit { visitor: VISITORS[at], doors, runtime: runtime(), kept: None };
    while !stop.load(Ordering::Relaxed) {
        {
            let crowd = crowd.read().expect("nobody has panicked");
            match visit.once(&crowd.clients[at], crowd.generation) {
                Ok(is_resumed) => {
                    totals.done[at].fetch_add(1, Ordering::Relaxed);
                    totals.resumed.fetch_add(is_resumed.into(), Ordering::Relaxed);
                }
                Err(why) => totals.failures.lock().expect("nobody has panicked").push(format!("{:?}: {why}", visit.visitor)),
            }
        }
        thread::sleep(Duration::from_millis(10));
    }
}

struct Visit {
    visitor: Visitor,
    doors: [SocketAddr; 3],
    runtime: Runtime,
    kept: Option<(usize, Channel)>,
}

impl Visit {
    /// One visit; answers whether its session was resumed, where that can be seen.
    fn once(&mut self, client: &Client, generation: usize) -> Result<bool, String> {
        let [grpc, http, read] = self.doors;
        let Visitor(who, by, _) = self.visitor;
        let (addr, method, path, body) = match who {
            As::Sender => (http, "POST", "/v1/metrics", POINT),
            As::Reader => (read, "GET", "/metrics", ""),
            As::Nobody => (read, "GET", "/livez", ""),
        };
        match by {
            By::Http1 => http1(client, addr, (method, path, body)),
            By::Http2 => self.in_time(client.http2(addr, method, path, body)).and_then(|status| good(status, false)),
            By::Grpc => self.in_time(async {
                let channel = client.channel(grpc).await.map_err(words)?;
                export(channel).await
            }),
            By::KeptGrpc => {
                let kept = self.kept.take().filter(|(of, _)| *of == generation);
                let channel = match kept {
                    Some((_, channel)) => channel,
                    None => self.in_time(async { client.channel(grpc).await.map_err(words) })?,
                };
                self.kept = Some((generation, channel.clone()));
                self.in_time(export(channel))
            }
        }
    }

    fn in_time<T>(&self, visit: impl Future<Output = Result<T, String>>) -> Result<T, String> {
        self.runtime
            .block_on(async { tokio::time::timeout(DEADLINE, visit).await.unwrap_or_else(|_| Err("no answer".to_owned())) })
    }
}

fn good(status: u16, is_resumed: bool) -> Result<bool, String> {
    if status == 200 { Ok(is_resumed) } else { Err(format!("status {status}")) }
}

/// An error with its causes.
fn words(error: impl std::error::Error) -> String {
    format!("{error}: {error:?}")
}

fn http1(client: &Client, addr: SocketAddr, (method, path, body): (&str, &str, &str)) -> Result<bool, String> {
    let mut stream = client.connect(addr).map_err(words)?;
    let is_resumed = stream.conn.handshake_kind() == Some(HandshakeKind::Resumed);
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).map_err(words)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).map_err(words)?;
    let reply = crate::support::parse(&answer);
    if reply.complete { good(reply.status, is_resumed) } else { Err("the answer is cut".to_owned()) }
}

async fn export(channel: Channel) -> Result<bool, String> {
    MetricsServiceClient::new(channel).export(ExportMetricsServiceRequest::default()).await.map_err(words)?;
    Ok(false)
}
