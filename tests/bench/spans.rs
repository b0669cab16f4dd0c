//! How many spans a server forwards in a second of its CPU time, between a sender and a real OTLP server in this process
//! that counts every span it gets. Knows spans by their ids only.

use crate::{
    Part, goals,
    send::{Coding, Protocol, Senders, Signal},
    server::{Peer, Server},
    table::{Worst, median, show},
    wire::{Piece, What},
};
use anyhow::{Result, anyhow, ensure};
use hyper::server::conn::http2;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    service::TowerToHyperService,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
    trace_service_server::{TraceService, TraceServiceServer},
};
use std::{
    fmt::Write,
    fs,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, runtime::Runtime};
use tonic::{Request, Response, Status, codec::CompressionEncoding};

/// Spans of one request, as batches of an SDK.
const SPANS: usize = 512;
/// No more spans than this are under way, so that no queue overflows.
const UNDER_WAY: u64 = 20_000;
const PATIENCE: Duration = Duration::from_secs(30);
/// Spans of the bench begin with this; the server's own spans arrive too.
const NAME: &str = "bench GET /api/v1/items";
const VIEW: &str = "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {name: bench}\nspec:\n  reason: bench\n  traces:\n  - {name: probes, match: {spans: [\"GET /healthz*\"]}, state: Disabled}\n";

/// A back end that counts.
#[derive(Clone, Default)]
struct Sink {
    /// One bit per number of a span.
    seen: Arc<Mutex<Vec<u64>>>,
    once: Arc<AtomicU64>,
    again: Arc<AtomicU64>,
}

#[tonic::async_trait]
impl TraceService for Sink {
    async fn export(&self, request: Request<ExportTraceServiceRequest>) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let scopes = request.get_ref().resource_spans.iter().flat_map(|resource| &resource.scope_spans);
        for span in scopes.flat_map(|scope| &scope.spans).filter(|span| span.name == NAME) {
            let id = <[u8; 8]>::try_from(span.span_id.as_slice()).map_err(|_| Status::internal("a span id has 8 bytes"))?;
            let number = u64::from_le_bytes(id);
            let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
            if seen.len() <= word {
                seen.resize(word + 1, 0);
            }
            let counter = if seen[word] & bit == 0 { &self.once } else { &self.again };
            seen[word] |= bit;
            counter.fetch_add(1, Ordering::Relaxed);
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Sink {
    fn start(&self, runtime: &Runtime, gzip: bool) -> Result<SocketAddr> {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let mut service = TraceServiceServer::new(self.clone()).max_decoding_message_size(64 << 20);
        if gzip {
            service = service.accept_compressed(CompressionEncoding::Gzip);
        }
        // It ends with its runtime.
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = TowerToHyperService::new(service.clone());
                // A client that goes away is no concern of the sink: what is missing is counted.
                tokio::spawn(http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service));
            }
        });
        Ok(address)
    }
}

/// A request of spans whose ids are numbers that go on from request to request.
struct Batch {
    piece: Piece,
    next: u64,
}

impl Batch {
    fn new() -> Self {
        let mut resource = Piece::default();
        resource.attribute(1, "service.name", "bench-sender".into());
        let mut spans = Piece::default();
        for at in 0..SPANS {
            spans.nest(2, span(at));
        }
        let mut resource_spans = Piece::default();
        resource_spans.nest(1, resource);
        resource_spans.nest(2, spans);
        let mut request = Piece::default();
        request.nest(1, resource_spans);
        Self { piece: request, next: 1 }
    }

    fn advance(&mut self) -> &[u8] {
        for mark in &self.piece.marks {
            let (at, number) = (mark.at as usize, self.next + u64::from(mark.point));
            self.piece.bytes[at..at + 8].copy_from_slice(&number.to_le_bytes());
        }
        self.next += SPANS as u64;
        &self.piece.bytes
    }
}

/// A span of five attributes; of both of its ids eight bytes are its number.
fn span(at: usize) -> Piece {
    let mut out = Piece::default();
    for (field, rest) in [(1, 8), (2, 0)] {
        let mut id = Piece::default();
        id.mark(What::Value, at);
        id.bytes.extend([0; 8]);
        id.bytes.extend(std::iter::repeat_n(7, rest));
        out.nest(field, id);
    }
    out.text(5, NAME);
    out.bytes.extend([6 << 3, 2]); // of a server
    for (field, time) in [(7, 1_700_000_000_000_000_000_u64), (8, 1_700_000_000_004_200_000)] {
        out.bytes.push(field << 3 | 1);
        out.bytes.extend(time.to_le_bytes());
    }
    for (key, value) in [
        ("http.request.method", "GET".to_owned()),
        ("http.route", "/api/v1/items".to_owned()),
        ("url.scheme", "https".to_owned()),
        ("server.address", format!("worker-{:03}.internal", at % 250)),
        ("user_agent.original", "bench/1.0 (linux; amd64)".to_owned()),
    ] {
        out.attribute(9, key, value.as_str().into());
    }
    out
}

/// One round: spans per CPU-second, every span once.
fn round(gzip: bool, view: bool, cpu_seconds: f64) -> Result<f64> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let sink = Sink::default();
    let address = sink.start(&runtime, gzip)?;
    let folder = tempfile::tempdir()?;
    let mut flags = vec!["--traces-to".to_owned(), format!("http://{address}")];
    if view {
        fs::write(folder.path().join("view.yaml"), VIEW)?;
        flags.extend(["--views".to_owned(), folder.path().display().to_string()]);
    }
    let server = Server::start_with(Peer::Pointsman, &flags)?;
    let mut sender = Senders::connect(Signal::Traces, (Protocol::Grpc, Coding::None), server.grpc, 1)?;
    let mut batch = Batch::new();
    let arrive = |sent: u64, under_way: u64| -> Result<()> {
        let began = Instant::now();
        while sink.once.load(Ordering::Relaxed) + under_way < sent {
            ensure!(began.elapsed() < PATIENCE, "of {sent} spans {} arrived", sink.once.load(Ordering::Relaxed));
            thread::sleep(Duration::from_micros(200));
        }
        Ok(())
    };
    let before = server.cpu_seconds()?;
    let mut sent = 0;
    while server.cpu_seconds()? - before < cpu_seconds {
        for _ in 0..16 {
            sender.send(0, batch.advance())?;
            sent += SPANS as u64;
            arrive(sent, UNDER_WAY)?;
        }
    }
    arrive(sent, 0)?;
    let cpu = server.cpu_seconds()? - before;
    drop(server);
    let (once, again) = (sink.once.load(Ordering::Relaxed), sink.again.load(Ordering::Relaxed));
    ensure!((once, again) == (sent, 0), "{sent} spans were sent, {once} arrived, {again} of them again");
    runtime.shutdown_timeout(Duration::from_secs(5));
    Ok(sent as f64 / cpu)
}

/// Measures forwarding with and without a rule of a view, to back ends that know gzip and that do not.
pub(crate) fn measure(rounds: usize, cpu_seconds: f64) -> Result<Part> {
    let mut part = Part { title: "Spans forwarded".into(), ..Part::default() };
    write!(
        part.text,
        "{SPANS} spans a request over gRPC, 5 attributes, {} bytes a span, to one back end in the bench's process that counts them: \
         every span arrived once. M spans per CPU-second of the server, median (worst) of {rounds}:\n\n\
         | back end takes | no view | one rule of a view |\n| --- | --- | --- |\n",
        Batch::new().piece.bytes.len() / SPANS
    )?;
    for gzip in [true, false] {
        let mut seen = [Vec::new(), Vec::new()];
        for at in 0..rounds {
            for view in [at % 2 == 1, at % 2 == 0] {
                let speed = round(gzip, view, cpu_seconds)? / 1e6;
                seen.get_mut(usize::from(view)).ok_or_else(|| anyhow!("there are two"))?.push(speed);
            }
        }
        let [none, ruled] = seen;
        let name = if gzip { "gzip" } else { "plain only" };
        writeln!(part.text, "| {name} | {} | {} |", show(&none, 2, Worst::Least), show(&ruled, 2, Worst::Least))?;
        part.figures.take(if gzip { goals::SPANS } else { goals::SPANS_PLAIN }, median(&none));
    }
    Ok(part)
}
