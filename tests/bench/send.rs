//! Senders that cost little beside the server they load: ready bytes over kept connections, one request at a time.
//! gRPC goes through tonic with a codec that copies bytes; HTTP/1.1 is written by hand. Knows nothing of what it sends.

use crate::{
    body::Form,
    dial::{Stream, Target},
};
use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use pointsman_instrument::transport::raw::RawCodec;
use std::{
    borrow::Cow,
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr},
};
use tokio::runtime::{Builder, Runtime};
use tonic::{Request, client::Grpc, codec::CompressionEncoding, codegen::http::uri::PathAndQuery, transport::Channel};

/// How requests travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Grpc,
    Http,
    Json,
}

/// How requests are compressed, by the sender, at its library's usual level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    None,
    Gzip,
    Zstd,
}

/// Protocols as options name them.
pub(crate) const PROTOCOLS: [(&str, Protocol); 3] =
    [("grpc", Protocol::Grpc), ("http", Protocol::Http), ("json", Protocol::Json)];
/// Encodings as options name them.
pub(crate) const CODINGS: [(&str, Coding); 3] = [("none", Coding::None), ("gzip", Coding::Gzip), ("zstd", Coding::Zstd)];

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    Metrics,
    Traces,
}

impl Protocol {
    /// How the request itself is written.
    pub(crate) fn form(self) -> Form {
        if self == Self::Json { Form::Json } else { Form::Protobuf }
    }

    /// As the tables name it.
    pub(crate) fn name(self, coding: Coding) -> String {
        let name = match self {
            Self::Grpc => "gRPC",
            Self::Http => "HTTP",
            Self::Json => "HTTP JSON",
        };
        match coding {
            Coding::None => name.to_owned(),
            Coding::Gzip => format!("{name}, gzip"),
            Coding::Zstd => format!("{name}, zstd"),
        }
    }
}

/// Connections to one server, used in turn.
pub(crate) struct Senders {
    signal: Signal,
    protocol: Protocol,
    coding: Coding,
    target: Target,
    connections: Connections,
}

enum Connections {
    Grpc(Runtime, Vec<Grpc<Channel>>),
    Http(Vec<BufReader<Stream>>),
}

impl Senders {
    /// Opens so many connections to the server's address for this protocol.
    pub(crate) fn connect(
        signal: Signal,
        (protocol, coding): (Protocol, Coding),
        target: impl Into<Target>,
        count: usize,
    ) -> Result<Self> {
        let target = target.into();
        let connections = if protocol == Protocol::Grpc {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let clients = (0..count).map(|_| runtime.block_on(dial_from(&target, None, coding))).collect::<Result<_>>()?;
            Connections::Grpc(runtime, clients)
        } else {
            Connections::Http((0..count).map(|_| open(&target)).collect::<Result<_>>()?)
        };
        Ok(Self { signal, protocol, coding, target, connections })
    }

    /// Sends one request on the `turn`th connection and wants it accepted whole. Answers how many bytes it took.
    pub(crate) fn send(&mut self, turn: usize, body: &[u8]) -> Result<usize> {
        match &mut self.connections {
            Connections::Grpc(runtime, clients) => {
                let at = turn % clients.len();
                let client = clients.get_mut(at).context("there is a connection")?;
                let message = Bytes::copy_from_slice(body);
                let path = PathAndQuery::from_static(match self.signal {
                    Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
                    Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
                });
                let reply = runtime.block_on(async {
                    client.ready().await?;
                    Ok::<_, anyhow::Error>(client.unary(Request::new(message), path, RawCodec).await?)
                })?;
                accepted(reply.get_ref())?;
                Ok(body.len())
            }
            Connections::Http(streams) => {
                let at = turn % streams.len();
                let stream = streams.get_mut(at).context("there is a connection")?;
                let body = encode(self.coding, body)?;
                let head = head(self.signal, self.protocol, self.coding, (self.target.address, body.len()));
                let reply = match exchange(stream, &head, &body)? {
                    Some(reply) => reply,
                    None => {
                        // It rested for so long that the server closed it: as every client, we open another.
                        *stream = open(&self.target)?;
                        exchange(stream, &head, &body)?.context("the server closed a new connection")?
                    }
                };
                if self.protocol == Protocol::Json {
                    let text = String::from_utf8_lossy(&reply);
                    ensure!(!text.contains("rejected") && text.len() < 40, "the server rejected points: {text}");
                } else {
                    accepted(&reply)?;
                }
                Ok(body.len())
            }
        }
    }
}

/// A client of gRPC, over a connection from an address of this host where one is given.
pub(crate) async fn dial_from(target: &Target, from: Option<Ipv4Addr>, coding: Coding) -> Result<Grpc<Channel>> {
    let client = Grpc::new(target.channel(from).await?);
    Ok(match coding {
        Coding::None => client,
        // The Collector answers as it was asked.
        Coding::Gzip => client.send_compressed(CompressionEncoding::Gzip).accept_compressed(CompressionEncoding::Gzip),
        Coding::Zstd => client.send_compressed(CompressionEncoding::Zstd).accept_compressed(CompressionEncoding::Zstd),
    })
}

/// The request as it travels.
pub(crate) fn encode(coding: Coding, body: &[u8]) -> Result<Cow<'_, [u8]>> {
    Ok(match coding {
        Coding::None => Cow::Borrowed(body),
        Coding::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(body)?;
            Cow::Owned(encoder.finish()?)
        }
        Coding::Zstd => Cow::Owned(zstd::bulk::compress(body, zstd::DEFAULT_COMPRESSION_LEVEL)?),
    })
}

fn head(signal: Signal, protocol: Protocol, coding: Coding, (address, length): (SocketAddr, usize)) -> String {
    let path = if signal == Signal::Metrics { "/v1/metrics" } else { "/v1/traces" };
    let kind = if protocol == Protocol::Json { "json" } else { "x-protobuf" };
    let encoding = match coding {
        Coding::None => "",
        Coding::Gzip => "content-encoding: gzip\r\n",
        Coding::Zstd => "content-encoding: zstd\r\n",
    };
    format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/{kind}\r\n{encoding}content-length: {length}\r\n\r\n"
    )
}

/// A full success has no `partial_success`, or one without a rejected count: at most a tag and a zero length.
fn accepted(reply: &[u8]) -> Result<()> {
    ensure!(reply.len() <= 2, "the server rejected points: {}", String::from_utf8_lossy(reply));
    Ok(())
}

fn open(target: &Target) -> Result<BufReader<Stream>> {
    Ok(BufReader::with_capacity(1024, target.connect()?))
}

/// One request and its answer; none when the server had closed the connection before.
fn exchange(stream: &mut BufReader<Stream>, head: &str, body: &[u8]) -> Result<Option<Vec<u8>>> {
    let closed = |error: &std::io::Error| matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset);
    let written = stream.get_mut().write_all(head.as_bytes()).and_then(|()| stream.get_mut().write_all(body));
    let mut status = String::new();
    match written.and_then(|()| stream.read_line(&mut status)) {
        Ok(0) => return Ok(None),
        Err(error) if closed(&error) => return Ok(None),
        other => other?,
    };
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        }
    }
    let mut reply = vec![0; length];
    stream.read_exact(&mut reply)?;
    if !status.contains(" 200 ") {
        bail!("the server answered {}: {}", status.trim_end(), String::from_utf8_lossy(&reply));
    }
    Ok(Some(reply))
}
