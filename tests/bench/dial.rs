//! Connections to a server, plain or inside of TLS, for threads and for tasks; tasks may say which address of this host they come
//! from. Knows bytes only.

use crate::tls::Client;
use anyhow::{Context, Result};
use hyper_util::rt::TokioIo;
use rustls::{ClientConnection, StreamOwned};
use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpSocket,
};
use tonic::transport::{Channel, Endpoint};

/// How long a thread waits for a byte.
const READ_MAX: Duration = Duration::from_secs(120);

/// Where a server listens, and how it is spoken to.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<Client>,
}

/// A connection of a thread.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

/// What a task reads and writes.
pub(crate) trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}
/// A connection of a task.
pub(crate) type Open = Box<dyn Io>;

impl From<SocketAddr> for Target {
    fn from(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }
}

impl From<&Self> for Target {
    fn from(other: &Self) -> Self {
        other.clone()
    }
}

impl Target {
    /// Inside of TLS.
    pub(crate) fn inside(address: SocketAddr, client: &Client) -> Self {
        Self { address, tls: Some(client.clone()) }
    }

    /// A connection, after its handshake.
    pub(crate) fn connect(&self) -> Result<Stream> {
        let mut tcp = TcpStream::connect(self.address)?;
        tcp.set_nodelay(true)?;
        tcp.set_read_timeout(Some(READ_MAX))?;
        let Some(client) = &self.tls else { return Ok(Stream::Plain(tcp)) };
        let mut connection = client.begin()?;
        while connection.is_handshaking() {
            connection.complete_io(&mut tcp).context("shake hands")?;
        }
        Ok(Stream::Tls(Box::new(StreamOwned::new(connection, tcp))))
    }

    /// The same for a task, from an address of this host where one is given.
    pub(crate) async fn open(&self, from: Option<Ipv4Addr>) -> Result<Open> {
        let socket = TcpSocket::new_v4()?;
        if let Some(from) = from {
            socket.bind((from, 0).into())?;
        }
        let tcp = socket.connect(self.address).await.context("connect")?;
        tcp.set_nodelay(true)?;
        let Some(client) = &self.tls else { return Ok(Box::new(tcp)) };
        let (connector, name) = client.connector()?;
        Ok(Box::new(connector.connect(name, tcp).await.context("shake hands")?))
    }

    /// A channel of gRPC over such connections.
    pub(crate) async fn channel(&self, from: Option<Ipv4Addr>) -> Result<Channel> {
        let endpoint = Endpoint::try_from(format!("http://{}", self.address))?
            .tcp_nodelay(true)
            .timeout(Duration::from_secs(60))
            .initial_stream_window_size(1 << 16)
            .initial_connection_window_size(1 << 20);
        if self.tls.is_none() && from.is_none() {
            return endpoint.connect().await.context("connect over gRPC");
        }
        let target = self.clone();
        let connect = tower::service_fn(move |_: http::Uri| {
            let target = target.clone();
            async move { Ok::<_, io::Error>(TokioIo::new(target.open(from).await.map_err(io::Error::other)?)) }
        });
        endpoint.connect_with_connector(connect).await.context("connect over gRPC")
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}
