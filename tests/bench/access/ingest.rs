//! What TLS costs those who push: the same requests over the same protocol, plain, inside of TLS, and with a certificate that says who
//! sends. Knows points and CPU time of three servers that take turns.

use super::Size;
use crate::{
    Part,
    case::Case,
    dial::Target,
    goals,
    run::{Load, compare_at, window},
    send::{Coding, Protocol},
    server::{Peer, Server},
    shape::Shape,
    table::{Worst, median, show},
    tls::{Client, Inside, Keys, SENDER},
};
use anyhow::Result;
use std::fmt::Write;

const SERIES: usize = 100_000;

/// A server, what is sent to it, and points a CPU-second, in millions.
struct Way {
    name: &'static str,
    server: Server,
    load: Load,
    points: Vec<f64>,
}

impl Way {
    fn start(name: &'static str, protocol: Protocol, (flags, client): (Vec<String>, Option<Client>)) -> Result<Self> {
        let case = Case { shape: Shape::Large, series: SERIES, protocol, coding: Coding::None, shuffle: false };
        let server = Server::start_with(Peer::Pointsman, &flags)?;
        let load = Load::new(case, 2)?;
        let mut load = match client {
            Some(client) => load.inside(client),
            None => load,
        };
        load.pass(&server)?;
        Ok(Self { name, server, load, points: Vec::new() })
    }

    fn measure(&mut self, cpu_seconds: f64) -> Result<()> {
        let (sent, cpu, _) = window(&self.server, &mut self.load, cpu_seconds)?;
        self.points.push(sent / cpu / 1e6);
        Ok(())
    }
}

/// Both protocols, in turns.
pub(super) fn measure(keys: &Keys, size: Size) -> Result<Part> {
    let mut part = Part { title: "Ingest inside of TLS".into(), ..Part::default() };
    write!(
        part.text,
        "S1, {SERIES} series, 1,000 points a request on two connections, three servers at once, in turns A B C C B A; every sample is compared at \
         the end. M points per CPU-second of the server, median (worst) of {}; the ratio is the median of pairs:\n\n\
         | over | | M points/CPU-s | of plain |\n| --- | --- | --- | --- |\n",
        size.rounds * 2
    )?;
    for (protocol, inside, goal) in
        [(Protocol::Grpc, Inside::Http2, goals::TLS_GRPC), (Protocol::Http, Inside::Http1, goals::TLS_HTTP)]
    {
        let mut ways = [
            Way::start("plain", protocol, (Vec::new(), None))?,
            Way::start("TLS", protocol, (keys.serving(), Some(keys.client(inside)?)))?,
            Way::start(
                "TLS, a certificate says who",
                protocol,
                ([keys.serving(), keys.sending()].concat(), Some(keys.client_as(SENDER, inside)?)),
            )?,
        ];
        for _ in 0..size.rounds {
            ways.iter_mut().try_for_each(|way| way.measure(size.cpu_seconds))?;
            ways.iter_mut().rev().try_for_each(|way| way.measure(size.cpu_seconds))?;
        }
        let [plain, others @ ..] = &ways;
        let beside =
            |way: &Way| median(&way.points.iter().zip(&plain.points).map(|(own, plain)| own / plain).collect::<Vec<_>>());
        for way in &ways {
            let points = show(&way.points, 2, Worst::Least);
            writeln!(part.text, "| {} | {} | {points} | {:.2} |", protocol.name(Coding::None), way.name, beside(way))?;
        }
        part.figures.take(goal, others.first().map_or(f64::NAN, beside));
        let reader = keys.client(Inside::Http1)?;
        for way in &ways {
            let tls = (way.name != plain.name).then(|| reader.clone());
            compare_at(&Target { address: way.server.read, tls }, way.load.model())?;
        }
    }
    Ok(part)
}
