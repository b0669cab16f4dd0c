//! What a scrape shows of the flooded metric and of one daemon: the demo tells what it sees there, not what it expects.
//! Reads a body of Prometheus text; fetches it too, from the demo's own server.

use anyhow::{Context, ensure};
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;

/// Largest body that is looked at.
const BODY_BYTES_MAX: usize = 16 << 20;
const FLOODED: &str = "mcd_update_state";
const COUNTER: &str = "pointsman_instrument_points_total";

/// The flooded metric and one daemon in one scrape.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// Series of all daemons.
    pub(crate) all: usize,
    /// Series of the daemon on the node that the scenario is about, the overflow series included.
    pub(crate) node: usize,
    /// Whether that daemon has an overflow series.
    pub(crate) overflow: bool,
    /// Points that this daemon has counted since it started.
    pub(crate) points: u64,
}

impl Look {
    /// Reads a body; `node` is the one that the scenario is about.
    pub(crate) fn read(body: &str, node: &str) -> Self {
        let instance = format!("instance=\"machine-config-daemon-{node}\"");
        let mut look = Self::default();
        for line in body.lines() {
            let is_of = |family: &str| line.strip_prefix(family).is_some_and(|rest| rest.starts_with('{'));
            let is_node = || line.contains(&instance);
            if is_of(FLOODED) {
                look.all += 1;
                look.node += usize::from(is_node());
                look.overflow |= line.contains("otel_metric_overflow=\"true\"") && is_node();
            } else if is_of(COUNTER) && is_node() {
                look.points += line.rsplit_once(' ').and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
            }
        }
        look
    }
}

/// The series of each family, in the order of the body.
pub(crate) fn families(body: &str) -> Vec<(String, usize)> {
    let mut out: Vec<(String, usize)> = Vec::new();
    for line in body.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            out.push((rest.split(' ').next().unwrap_or_default().to_owned(), 0));
        } else if let (false, Some((_, n))) = (line.starts_with('#') || line.is_empty(), out.last_mut()) {
            *n += 1;
        }
    }
    out
}

/// Fetches `/metrics` as any scraper would.
pub(crate) async fn fetch(address: SocketAddr) -> anyhow::Result<String> {
    let stream = tokio::net::TcpStream::connect(address).await.context("reach our own server")?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = http::Request::get("/metrics").header(http::header::HOST, address.to_string());
    let request = request.header(http::header::CONNECTION, "close").body(Empty::<bytes::Bytes>::new())?;
    let exchange = async {
        let answer = sender.send_request(request).await?;
        ensure!(answer.status().is_success(), "scrape our own server: status {}", answer.status());
        let body = Limited::new(answer.into_body(), BODY_BYTES_MAX).collect().await.map_err(anyhow::Error::from_boxed)?;
        String::from_utf8(body.to_bytes().to_vec()).context("read the scrape as text")
    };
    let mut exchange = std::pin::pin!(exchange);
    tokio::select! {
        body = &mut exchange => body,
        // The server may close with the last byte: what was read of it still counts.
        _ = connection => exchange.await,
    }
}
