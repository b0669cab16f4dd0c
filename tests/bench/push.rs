//! One sender of many that do not wait for one another: a connection that is opened when it is needed, and requests of which each is
//! taken, or refused with the time to come again. Knows neither what is sent nor how often.

use crate::{
    dial::{Open, Target},
    send::{Coding, Protocol, dial_from},
};
use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use pointsman_instrument::transport::raw::RawCodec;
use std::{net::Ipv4Addr, time::Duration};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, split};
use tonic::{Code, Request, client::Grpc, codegen::http::uri::PathAndQuery, transport::Channel};

const EXPORT: &str = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
/// When a sender comes again that was told to by gRPC: between the least and the most that it is ever told.
const GRPC_AFTER: Duration = Duration::from_secs(7);

/// A connection of one sender.
pub(crate) struct Wire {
    target: Target,
    from: Option<Ipv4Addr>,
    now: Now,
}

enum Now {
    Http(Option<BufReader<Open>>),
    Grpc(Option<Grpc<Channel>>),
}

impl Wire {
    /// None yet.
    pub(crate) fn new(protocol: Protocol, target: Target, from: Option<Ipv4Addr>) -> Self {
        Self { target, from, now: if protocol == Protocol::Grpc { Now::Grpc(None) } else { Now::Http(None) } }
    }

    /// Whether there is one.
    pub(crate) fn is_open(&self) -> bool {
        match &self.now {
            Now::Http(connection) => connection.is_some(),
            Now::Grpc(client) => client.is_some(),
        }
    }

    /// Lets it go.
    pub(crate) fn close(&mut self) {
        match &mut self.now {
            Now::Http(connection) => *connection = None,
            Now::Grpc(client) => *client = None,
        }
    }

    /// Opens it, where it is not.
    pub(crate) async fn open(&mut self) -> Result<()> {
        let Self { target, from, now } = self;
        match now {
            Now::Http(connection) if connection.is_none() => *connection = Some(BufReader::new(target.open(*from).await?)),
            Now::Grpc(client) if client.is_none() => *client = Some(dial_from(target, *from, Coding::None).await?),
            Now::Http(_) | Now::Grpc(_) => {}
        }
        Ok(())
    }

    /// Sends a request; when to come again, where it was refused.
    pub(crate) async fn exchange(&mut self, body: &Bytes) -> Result<Option<Duration>> {
        self.open().await?;
        match &mut self.now {
            Now::Http(connection) => http(self.target.address, connection, body).await,
            Now::Grpc(client) => grpc(client.as_mut().context("just connected")?, body.clone()).await,
        }
    }
}

async fn grpc(client: &mut Grpc<Channel>, body: Bytes) -> Result<Option<Duration>> {
    client.ready().await?;
    match client.unary(Request::new(body), PathAndQuery::from_static(EXPORT), RawCodec).await {
        Ok(reply) => {
            ensure!(reply.get_ref().len() <= 2, "points were rejected: {}", String::from_utf8_lossy(reply.get_ref()));
            Ok(None)
        }
        // It has to say when; that the words are right is tested elsewhere.
        Err(status) if status.code() == Code::Unavailable && !status.details().is_empty() => Ok(Some(GRPC_AFTER)),
        Err(status) => Err(status.into()),
    }
}

async fn http(address: std::net::SocketAddr, connection: &mut Option<BufReader<Open>>, body: &[u8]) -> Result<Option<Duration>> {
    let mut stream = connection.take().context("just connected")?;
    let head = format!(
        "POST /v1/metrics HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let request = [head.as_bytes(), body].concat();
    let (mut reader, mut writer) = split(&mut stream);
    let mut reader = BufReader::new(&mut reader);
    // Who is refused is told so before all was sent, and then sends no more. What TLS holds back is written at last.
    let (sent, answer) = {
        let write = async {
            writer.write_all(&request).await?;
            writer.flush().await
        };
        let read = read_answer(&mut reader);
        tokio::pin!(write, read);
        tokio::select! {
            biased;
            answer = &mut read => (false, answer),
            sent = &mut write => (sent.is_ok(), read.await),
        }
    };
    let Answer { status, length, after, closes } = answer?;
    drop(reader);
    if sent && !closes {
        *connection = Some(stream);
    }
    match (status, after) {
        (200, _) if length == 0 => Ok(None),
        (503, Some(after)) => Ok(Some(after)),
        _ => bail!("answered {status} in {length} bytes"),
    }
}

/// An answer, whose body was read and left.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) length: usize,
    /// When to come again.
    pub(crate) after: Option<Duration>,
    pub(crate) closes: bool,
}

/// Reads one to its end.
pub(crate) async fn read_answer(stream: &mut (impl AsyncBufReadExt + Unpin)) -> Result<Answer> {
    let mut answer = Answer { status: 0, length: 0, after: None, closes: false };
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            bail!("closed");
        }
        let line = line.trim_end().to_ascii_lowercase();
        match line.split_once(": ") {
            Some(("content-length", n)) => answer.length = n.parse()?,
            Some(("retry-after", secs)) => answer.after = Some(Duration::from_secs(secs.parse()?)),
            Some(("connection", "close")) => answer.closes = true,
            None if line.is_empty() => break,
            None => answer.status = line.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0),
            Some(_) => {}
        }
    }
    stream.read_exact(&mut vec![0; answer.length]).await?;
    Ok(answer)
}
