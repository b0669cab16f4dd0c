//! One round: start a server, send every series once to make them, measure sending, check the scrape, measure scrapes.
//! Knows what a number means; how it is shown is `table`'s.

use crate::{
    Options,
    body::{Body, POINTS},
    scrape::{self, Encoding},
    send::{Protocol, Sender},
    server::{Peer, Server},
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
    pub(crate) protocol: Protocol,
    pub(crate) series: usize,
    pub(crate) points_per_cpu_second: f64,
    pub(crate) points_per_second: f64,
    pub(crate) bytes_per_point: f64,
    pub(crate) resident_bytes: f64,
    /// Growth over the idle process, a series.
    pub(crate) bytes_per_series: f64,
    pub(crate) plain: Scrape,
    pub(crate) gzip: Scrape,
}

/// What one scrape cost the server, on average.
pub(crate) struct Scrape {
    pub(crate) cpu_ms: f64,
    pub(crate) wall_ms: f64,
    pub(crate) bytes: usize,
}

/// How long one measurement may take when the server gets little CPU time.
const WALL_MAX: Duration = Duration::from_secs(180);

/// Runs one round; an error means that the server did not keep what it accepted.
pub(crate) fn measure(peer: Peer, protocol: Protocol, series: usize, options: &Options) -> Result<Round> {
    ensure!(series >= POINTS && series.is_multiple_of(POINTS), "--series comes in multiples of {POINTS}");
    let mut bodies: Vec<Body> = (0..series / POINTS).map(Body::new).collect();
    let server = Server::start(peer)?;
    let idle_bytes = server.resident_bytes()?;
    let address = match protocol {
        Protocol::Grpc => server.grpc,
        Protocol::Http => server.http,
    };
    // The first pass makes the series; it is not measured.
    let once = |_: u64| false;
    push(&mut bodies, protocol, address, options.connections, &once)?;

    let (started, cpu_before) = (Instant::now(), server.cpu_seconds()?);
    let wanted = |_: u64| {
        let cpu = server.cpu_seconds().map_or(0.0, |cpu| cpu - cpu_before);
        cpu < options.cpu_seconds && started.elapsed() < WALL_MAX
    };
    let sent = push(&mut bodies, protocol, address, options.connections, &wanted)? as f64;
    let wall = started.elapsed().as_secs_f64();
    let cpu = server.cpu_seconds()? - cpu_before;
    let resident_bytes = server.resident_bytes()?;

    let body = scrape::scrape(server.read, Encoding::Plain)?;
    let expected = |series: usize| bodies.get(series / POINTS).map_or(f64::NAN, |body| body.expected(series));
    scrape::check(&body, series, expected).context("compare the scrape with what was sent")?;
    Ok(Round {
        peer,
        protocol,
        series,
        points_per_cpu_second: sent / cpu,
        points_per_second: sent / wall,
        bytes_per_point: bodies.first().context("at least one body")?.bytes.len() as f64 / POINTS as f64,
        resident_bytes,
        bytes_per_series: (resident_bytes - idle_bytes) / series as f64,
        plain: scrapes(&server, Encoding::Plain, options)?,
        gzip: scrapes(&server, Encoding::Gzip, options)?,
    })
}

/// Sends whole passes over all bodies, split over the connections, while `wanted`; returns the number of points sent.
fn push(
    bodies: &mut [Body],
    protocol: Protocol,
    address: std::net::SocketAddr,
    connections: usize,
    wanted: &(dyn Fn(u64) -> bool + Sync),
) -> Result<u64> {
    let (sent, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let share = bodies.len().div_ceil(connections.max(1));
    thread::scope(|scope| {
        let senders: Vec<_> = bodies
            .chunks_mut(share)
            .map(|mine| {
                let (sent, stop) = (&sent, &stop);
                scope.spawn(move || -> Result<()> {
                    let mut sender = Sender::connect(protocol, address)?;
                    loop {
                        for body in &mut *mine {
                            body.advance();
                            sender.send(&body.bytes)?;
                            let total = sent.fetch_add(POINTS as u64, Ordering::Relaxed);
                            // Asking costs a file read: not after every request.
                            if total.is_multiple_of(50 * POINTS as u64) && !wanted(total) {
                                stop.store(true, Ordering::Relaxed);
                            }
                        }
                        if stop.load(Ordering::Relaxed) || !wanted(0) {
                            return Ok(());
                        }
                    }
                })
            })
            .collect();
        senders.into_iter().try_for_each(|sender| sender.join().map_err(|_| anyhow!("a sender panicked"))?)
    })?;
    Ok(sent.load(Ordering::Relaxed))
}

fn scrapes(server: &Server, encoding: Encoding, options: &Options) -> Result<Scrape> {
    let (started, cpu_before) = (Instant::now(), server.cpu_seconds()?);
    let (mut count, mut bytes, mut cpu) = (0.0, 0, 0.0);
    // At 10 ms a tick, a fifth of the ingest measurement is enough for 5 %.
    while cpu < options.cpu_seconds / 5.0 && started.elapsed() < WALL_MAX || count < 5.0 {
        bytes = scrape::scrape(server.read, encoding)?.len();
        count += 1.0;
        cpu = server.cpu_seconds()? - cpu_before;
    }
    Ok(Scrape { cpu_ms: cpu * 1000.0 / count, wall_ms: started.elapsed().as_secs_f64() * 1000.0 / count, bytes })
}
