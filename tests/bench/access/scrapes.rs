//! What it costs a server to know who scrapes: the same small store, read inside of TLS by who is not asked, by a certificate and a
//! rule, and by a token that a real API server judged a moment ago. Knows cost as CPU time of the server.

use super::{MIB, Size, cluster::Cluster};
use crate::{
    Part,
    body::{Body, Form},
    dial::Target,
    goals,
    scrape::Reader,
    send::{Coding, Protocol, Senders, Signal},
    server::{Peer, Server},
    shape::Shape,
    table::{Worst, median, show},
    tls::{Client, Inside, Keys, SCRAPER},
};
use anyhow::Result;
use std::fmt::Write;

/// Pushes the series of one small request to a server that asks no sender.
pub(super) fn fill(server: &Server, keys: &Keys) -> Result<()> {
    let mut body = Body::new(Shape::Small, Form::Protobuf, false, 0)?;
    body.advance()?;
    let target = Target::inside(server.http, &keys.client(Inside::Http1)?);
    Senders::connect(Signal::Metrics, (Protocol::Http, Coding::None), target, 1)?.send(0, body.bytes())?;
    Ok(())
}

/// A server, who reads it, and what that cost, in milliseconds a scrape.
struct Kind {
    name: &'static str,
    server: Server,
    client: Client,
    token: Option<String>,
    kept: Vec<f64>,
    fresh: Vec<f64>,
}

impl Kind {
    fn start(name: &'static str, keys: &Keys, more: Vec<String>, (client, token): (Client, Option<String>)) -> Result<Self> {
        let server = Server::start_with(Peer::Pointsman, &[keys.serving(), more].concat())?;
        fill(&server, keys)?;
        Ok(Self { name, server, client, token, kept: Vec::new(), fresh: Vec::new() })
    }

    /// A batch of scrapes; the one before it is not counted, and brings what is remembered up to date.
    fn batch(&self, scrapes: usize, keeps: bool) -> Result<f64> {
        let target = Target::inside(self.server.read, &self.client);
        let mut reader = Reader::new(target, self.token.as_deref(), keeps);
        reader.scrape()?;
        let before = self.server.fine_cpu_seconds()?;
        for _ in 0..scrapes {
            reader.scrape()?;
        }
        Ok((self.server.fine_cpu_seconds()? - before) * 1e3 / scrapes as f64)
    }
}

/// Measures all three in turns.
pub(super) fn measure(keys: &Keys, cluster: &Cluster, size: Size) -> Result<Part> {
    let nobody = || keys.client(Inside::Http1);
    let mut kinds = [
        Kind::start("nobody is asked", keys, Vec::new(), (nobody()?, None))?,
        Kind::start("certificate, a rule", keys, keys.reading(), (keys.client_as(SCRAPER, Inside::Http1)?, None))?,
        Kind::start("token, the API server", keys, cluster.flags(), (nobody()?, Some(cluster.token()?)))?,
    ];
    for round in 0..size.rounds * 2 {
        let mut order: Vec<&mut Kind> = kinds.iter_mut().collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for kind in order {
            kind.kept.push(kind.batch(size.scrapes, true)?);
            kind.fresh.push(kind.batch((size.scrapes / 10).max(1), false)?);
        }
    }
    let mut part = Part { title: "Who scrapes".into(), ..Part::default() };
    write!(
        part.text,
        "100 series, text, three servers at once, in turns A B C C B A: {} batches of {} scrapes on one connection, and of {} with a \
         connection and its handshake each. CPU ms of the server a scrape, median (worst); the difference is the median of pairs:\n\n\
         | who reads | kept connection | difference | own connection | difference | RSS, MiB |\n| --- | --- | --- | --- | --- | --- |\n",
        size.rounds * 2,
        size.scrapes,
        (size.scrapes / 10).max(1)
    )?;
    let [first, ..] = &kinds;
    let beside =
        |own: &[f64], others: &[f64]| median(&own.iter().zip(others).map(|(own, other)| own - other).collect::<Vec<_>>());
    for (kind, goal) in kinds.iter().zip([None, Some(goals::READ_CERTIFICATE), Some(goals::READ_TOKEN)]) {
        let (kept, fresh) = (beside(&kind.kept, &first.kept), beside(&kind.fresh, &first.fresh));
        writeln!(
            part.text,
            "| {} | {} | {kept:.4} | {} | {fresh:.4} | {:.1} |",
            kind.name,
            show(&kind.kept, 4, Worst::Most),
            show(&kind.fresh, 4, Worst::Most),
            kind.server.resident_bytes()? / MIB
        )?;
        if let Some(goal) = goal {
            part.figures.take(goal, kept);
        }
    }
    Ok(part)
}
