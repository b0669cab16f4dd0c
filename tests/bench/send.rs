//! Senders that cost little beside the server they load: ready bytes over one kept connection, one request at a time.
//! gRPC goes through tonic with a codec that copies bytes; HTTP/1.1 is written by hand. Knows nothing of what it sends.

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use pointsman_instrument::transport::raw::RawCodec;
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};
use tokio::runtime::{Builder, Runtime};
use tonic::{
    Request,
    client::Grpc,
    codegen::http::uri::PathAndQuery,
    transport::{Channel, Endpoint},
};

/// How requests travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Grpc,
    Http,
}

/// One connection to a server.
pub(crate) enum Sender {
    Grpc(Box<(Runtime, Grpc<Channel>)>),
    Http(BufReader<TcpStream>, SocketAddr),
}

impl Sender {
    /// Connects to the server's address for this protocol.
    pub(crate) fn connect(protocol: Protocol, address: SocketAddr) -> Result<Self> {
        match protocol {
            Protocol::Grpc => {
                let runtime = Builder::new_current_thread().enable_all().build()?;
                let endpoint = Endpoint::try_from(format!("http://{address}"))?
                    .tcp_nodelay(true)
                    .initial_stream_window_size(1 << 20)
                    .initial_connection_window_size(1 << 20);
                let channel = runtime.block_on(endpoint.connect()).context("connect over gRPC")?;
                Ok(Self::Grpc(Box::new((runtime, Grpc::new(channel)))))
            }
            Protocol::Http => {
                let stream = TcpStream::connect(address)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(Duration::from_secs(30)))?;
                Ok(Self::Http(BufReader::new(stream), address))
            }
        }
    }

    /// Sends one request and wants it accepted whole.
    pub(crate) fn send(&mut self, body: &[u8]) -> Result<()> {
        match self {
            Self::Grpc(both) => {
                let (runtime, grpc) = both.as_mut();
                let message = Bytes::copy_from_slice(body);
                let path = PathAndQuery::from_static("/opentelemetry.proto.collector.metrics.v1.MetricsService/Export");
                let reply = runtime.block_on(async {
                    grpc.ready().await?;
                    Ok::<_, anyhow::Error>(grpc.unary(Request::new(message), path, RawCodec).await?)
                })?;
                accepted(reply.get_ref())
            }
            Self::Http(stream, address) => {
                let head = format!(
                    "POST /v1/metrics HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n",
                    body.len()
                );
                stream.get_mut().write_all(head.as_bytes())?;
                stream.get_mut().write_all(body)?;
                accepted(&read_reply(stream)?)
            }
        }
    }
}

/// A full success has no `partial_success`, or one without a rejected count: at most a tag and a zero length.
fn accepted(reply: &[u8]) -> Result<()> {
    ensure!(reply.len() <= 2, "the server rejected points: {}", String::from_utf8_lossy(reply));
    Ok(())
}

fn read_reply(stream: &mut BufReader<TcpStream>) -> Result<Vec<u8>> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    let status = line.trim_end().to_owned();
    let mut length = 0;
    loop {
        line.clear();
        stream.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    if !status.contains(" 200 ") {
        bail!("the server answered {status}: {}", String::from_utf8_lossy(&body));
    }
    Ok(body)
}
