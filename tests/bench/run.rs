//! One round: start a server, send every series once to make them, measure sending, check the scrape, measure scrapes.
//! Knows what a number means; how it is shown is `table`'s.

use crate::{
    body::Body,
    case::{Block, Case, Effort},
    check::{self, Model},
    dial::Target,
    scrape::{self, Ask, GZIP, PLAIN},
    send::{Coding, Protocol, Senders, Signal},
    server::{Peer, Server},
    shape::Shape,
    tls::Client,
};
use anyhow::{Context, Result, anyhow, ensure};
use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

/// What one round measured.
pub(crate) struct Round {
    pub(crate) peer: Peer,
    pub(crate) case: Case,
    pub(crate) points_per_cpu_second: f64,
    pub(crate) points_per_second: f64,
    pub(crate) bytes_per_point: f64,
    pub(crate) resident_bytes: f64,
    /// Growth over the idle process, a series.
    pub(crate) bytes_per_series: f64,
    /// None: not measured, or cut off by the server.
    pub(crate) plain: Option<Scrape>,
    pub(crate) gzip: Option<Scrape>,
    pub(crate) cut_off: bool,
}

/// What one scrape cost the server, on average.
pub(crate) struct Scrape {
    pub(crate) cpu_ms: f64,
    pub(crate) wall_ms: f64,
    pub(crate) bytes: usize,
}

/// What became of a scrape that did not come whole, or not at all.
const CUT_OFF: &str = "the scrape was cut off";
/// How long one measurement may take when the server gets little CPU time.
const WALL_MAX: Duration = Duration::from_secs(120);
/// What nobody pushes any more ends after this under churn.
const CHURN_EXPIRE: &str = "10s";
/// An expiry tick of the server passes in less.
const CHURN_PAUSE: Duration = Duration::from_millis(5_500);
/// Between measured scrapes, so that none is answered with the body of the one before.
pub(crate) const SCRAPE_PAUSE: Duration = Duration::from_millis(300);

/// Requests and who sends them.
pub(crate) struct Load {
    pub(crate) case: Case,
    pub(crate) bodies: Vec<Body>,
    connections: usize,
    /// One per thread that sends, connected with the first pass.
    senders: Vec<Senders>,
    churn_since: Instant,
    tls: Option<Client>,
}

impl Load {
    /// Makes the requests of a case.
    pub(crate) fn new(case: Case, connections: usize) -> Result<Self> {
        let points = case.shape.points();
        ensure!(case.series >= points && case.series.is_multiple_of(points), "series come in multiples of {points} here");
        let body = |instance| Body::new(case.shape, case.protocol.form(), case.shuffle, instance);
        let bodies = (0..case.instances()).map(body).collect::<Result<_>>()?;
        let connections = case.shape.connections().unwrap_or(connections);
        Ok(Self { case, bodies, connections, senders: Vec::new(), churn_since: Instant::now(), tls: None })
    }

    /// The same, sent inside of TLS.
    pub(crate) fn inside(self, client: Client) -> Self {
        Self { tls: Some(client), ..self }
    }

    /// What was sent so far.
    pub(crate) fn model(&self) -> Model<'_> {
        Model { shape: self.case.shape, bodies: &self.bodies }
    }

    /// Sends every body once.
    pub(crate) fn pass(&mut self, server: &Server) -> Result<u64> {
        self.push(server, &|| false)
    }

    /// Sends whole passes over all bodies, split over the connections, while `wanted`; returns the number of points sent.
    pub(crate) fn push(&mut self, server: &Server, wanted: &(dyn Fn() -> bool + Sync)) -> Result<u64> {
        // Two threads load one server; more would only take its processors.
        let threads = self.connections.clamp(1, 2).min(self.bodies.len());
        let (share, case, since) = (self.bodies.len().div_ceil(threads), self.case, self.churn_since);
        if self.senders.is_empty() {
            let each = self.connections.div_ceil(threads).min(share);
            let wire = (case.protocol, case.coding);
            let connect = |_| Senders::connect(Signal::Metrics, wire, self.target(server), each);
            self.senders = (0..threads).map(connect).collect::<Result<_>>()?;
        }
        let (sent, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            let send = |(mine, sender)| {
                let (sent, stop) = (&sent, &stop);
                scope.spawn(move || Turns { case, since, sent, stop, wanted }.run(sender, mine))
            };
            let senders: Vec<_> = self.bodies.chunks_mut(share).zip(&mut self.senders).map(send).collect();
            senders.into_iter().try_for_each(|sender| sender.join().map_err(|_| anyhow!("a sender panicked"))?)
        })?;
        Ok(sent.load(Ordering::Relaxed))
    }
}

/// One sender at work.
struct Turns<'a> {
    case: Case,
    since: Instant,
    sent: &'a AtomicU64,
    stop: &'a AtomicBool,
    wanted: &'a (dyn Fn() -> bool + Sync),
}

impl Turns<'_> {
    fn run(&self, sender: &mut Senders, bodies: &mut [Body]) -> Result<()> {
        let points = self.case.shape.points();
        // Asking costs a file read: not after every request.
        let patience = 50_000 / points;
        loop {
            for (turn, body) in bodies.iter_mut().enumerate() {
                if self.case.shape == Shape::Churn {
                    body.churn(self.since.elapsed());
                }
                body.advance()?;
                sender.send(turn, body.bytes())?;
                self.sent.fetch_add(points as u64, Ordering::Relaxed);
                if turn % patience == 0 && !(self.wanted)() {
                    self.stop.store(true, Ordering::Relaxed);
                }
            }
            if self.stop.load(Ordering::Relaxed) || !(self.wanted)() {
                return Ok(());
            }
        }
    }
}

/// Sends for so much CPU time of the server. Answers points, the CPU time they took, and the time.
pub(crate) fn window(server: &Server, load: &mut Load, cpu_seconds: f64) -> Result<(f64, f64, f64)> {
    let (started, before) = (Instant::now(), server.cpu_seconds()?);
    let wanted = || server.cpu_seconds().map_or(0.0, |cpu| cpu - before) < cpu_seconds && started.elapsed() < WALL_MAX;
    let sent = load.push(server, &wanted)? as f64;
    Ok((sent, server.cpu_seconds()? - before, started.elapsed().as_secs_f64()))
}

/// Runs one round; an error means that the server did not keep what it accepted.
pub(crate) fn measure(peer: Peer, block: &Block) -> Result<Round> {
    let Block { case, effort, .. } = *block;
    let mut load = Load::new(case, effort.connections)?;
    let churns = case.shape == Shape::Churn;
    let server = Server::start_expiring(peer, &[], if churns { CHURN_EXPIRE } else { "1h" })?;
    let idle_bytes = server.resident_bytes()?;
    // The first pass makes the series; it is not measured.
    load.pass(&server)?;
    load.churn_since = Instant::now();
    let (sent, cpu, wall) = window(&server, &mut load, effort.cpu_seconds)?;
    let resident_bytes = server.resident_bytes()?;
    if churns {
        load.settle(&server)?;
    }
    let mut round = Round {
        peer,
        case,
        points_per_cpu_second: sent / cpu,
        points_per_second: sent / wall,
        bytes_per_point: travelling_bytes(&load)?,
        resident_bytes,
        bytes_per_series: (resident_bytes - idle_bytes) / case.series as f64,
        plain: None,
        gzip: None,
        cut_off: false,
    };
    if let Err(error) = compare(&server, load.model()) {
        // What the peer does is the peer's affair, but it is told.
        ensure!(peer == Peer::Collector && format!("{error:#}").contains(CUT_OFF), error);
        round.cut_off = true;
        return Ok(round);
    }
    if effort.scrapes > 0 {
        round.plain = Some(scrapes(&server, PLAIN, (effort, &mut load))?);
        round.gzip = Some(scrapes(&server, GZIP, (effort, &mut load))?);
    }
    Ok(round)
}

/// Compares the plain text with what was sent; of exponential histograms the protobuf too.
pub(crate) fn compare(server: &Server, model: Model<'_>) -> Result<()> {
    compare_at(&server.read.into(), model)
}

/// The same of a server that is spoken to in its own way.
pub(crate) fn compare_at(target: &Target, model: Model<'_>) -> Result<()> {
    check::text(&scrape::read(target, PLAIN).context(CUT_OFF)?, model).context("compare the text with what was sent")?;
    if model.shape == Shape::Exponentials {
        let ask = Ask { format: scrape::Format::Protobuf, gzip: false };
        check::protobuf(&scrape::read(target, ask).context(CUT_OFF)?, model)
            .context("compare the protobuf with what was sent")?;
    }
    Ok(())
}

fn travelling_bytes(load: &Load) -> Result<f64> {
    let body = load.bodies.first().context("there is a body")?;
    let coding = load.case.coding;
    let bytes = if coding == Coding::None { body.bytes().len() } else { crate::send::encode(coding, body.bytes())?.len() };
    Ok(bytes as f64 / load.case.shape.points() as f64)
}

fn scrapes(server: &Server, ask: Ask, (effort, load): (Effort, &mut Load)) -> Result<Scrape> {
    let (mut cpu, mut wall, mut bytes) = (0.0, 0.0, 0);
    for _ in 0..effort.scrapes {
        load.one(server)?;
        thread::sleep(SCRAPE_PAUSE);
        let before = server.fine_cpu_seconds()?;
        let scraped = scrape::scrape(server.read, ask, false)?;
        cpu += server.fine_cpu_seconds()? - before;
        wall += scraped.whole.as_secs_f64();
        bytes = scraped.bytes;
    }
    let count = effort.scrapes as f64;
    Ok(Scrape { cpu_ms: cpu * 1e3 / count, wall_ms: wall * 1e3 / count, bytes })
}

impl Load {
    /// Lets what was replaced end: passes without churn, and the time in which they are noticed.
    pub(crate) fn settle(&mut self, server: &Server) -> Result<()> {
        ensure!(self.bodies.iter().any(|body| body.replaced() > 0), "the window was too short for any series to be replaced");
        self.churn_since = Instant::now() + Duration::from_secs(3600);
        for _ in 0..3 {
            self.pass(server)?;
        }
        for _ in 0..2 {
            thread::sleep(CHURN_PAUSE);
            self.pass(server)?;
        }
        Ok(())
    }

    fn target(&self, server: &Server) -> Target {
        let address = match self.case.protocol {
            Protocol::Grpc => server.grpc,
            Protocol::Http | Protocol::Json => server.http,
        };
        Target { address, tls: self.tls.clone() }
    }

    /// Sends the first body alone, so that the state is not the one of before.
    pub(crate) fn one(&mut self, server: &Server) -> Result<()> {
        let (wire, target) = ((self.case.protocol, self.case.coding), self.target(server));
        let body = self.bodies.first_mut().context("there is a body")?;
        body.advance()?;
        Senders::connect(Signal::Metrics, wire, target, 1)?.send(0, body.bytes())?;
        Ok(())
    }
}
