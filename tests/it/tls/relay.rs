//! A server that speaks TLS alone, and beside it relays that put TLS around whatever tests of plain text send it, with the
//! certificate of a sender: every such test becomes one of a sender that is known, inside of TLS.
//! Knows no byte of what is relayed, but whether it begins as HTTP/2.

use super::client::Authority;
use crate::support::{Pointsman, runtime};
use std::{
    fs, io,
    net::{IpAddr, SocketAddr},
    sync::mpsc,
    thread,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncWriteExt, copy},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

/// Whom the relays show.
pub(crate) const SENDER: &str = "system:serviceaccount:shop:hostile";

/// How long is waited for a word.
const MOMENT: Duration = Duration::from_millis(200);

/// The server, whose addresses are those of the relays, and its files.
pub(crate) struct Inside {
    pub(crate) server: Pointsman,
    _folder: TempDir,
}

impl Inside {
    /// Starts both. The relays last as long as the tests.
    pub(crate) fn start(flags: &[&str]) -> Self {
        let (ours, senders, folder) = (Authority::named("ours"), Authority::named("senders"), TempDir::new().expect("a folder"));
        ours.pair().write(folder.path());
        let at = |name: &str| folder.path().join(name).display().to_string();
        fs::write(at("ca.crt"), senders.pem()).expect("the folder takes files");
        let (pair, ca) = (super::flags(folder.path()), at("ca.crt"));
        let own = pair.iter().map(String::as_str).chain(["--otlp-client-ca-file", &ca]);
        let mut server = Pointsman::start(&own.chain(flags.iter().copied()).collect::<Vec<_>>());
        let who = senders.sender(Some(SENDER), (2020, 2090));
        let [h1, h2] = [["http/1.1"], ["h2"]].map(|protocols| ours.client_showing(&who, &protocols));
        for addr in [&mut server.grpc, &mut server.http, &mut server.read] {
            *addr = relay(*addr, [h1.connector(), h2.connector()]);
        }
        Self { server, _folder: folder }
    }
}

/// Where plain text is relayed from.
fn relay(to: SocketAddr, connectors: [tokio_rustls::TlsConnector; 2]) -> SocketAddr {
    let (tell, told) = mpsc::sync_channel(1);
    thread::spawn(move || {
        runtime().block_on(async {
            let socket = TcpSocket::new_v4().expect("a socket");
            // What nobody reads is not kept here: that it waits must show where it comes from.
            socket.set_send_buffer_size(4 << 10).expect("it can be small");
            socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
            let listener = socket.listen(1_024).expect("it listens");
            tell.send(listener.local_addr().expect("it is bound")).expect("somebody waits");
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let Ok((plain, peer)) = listener.accept().await else { return };
                let connectors = connectors.clone();
                connections.spawn(async move { carry(plain, (peer.ip(), to), connectors).await });
            }
        });
    });
    told.recv().expect("it listens")
}

/// One connection to its end, from the address that its peer has.
async fn carry(
    mut plain: TcpStream,
    (from, to): (IpAddr, SocketAddr),
    [h1, h2]: [tokio_rustls::TlsConnector; 2],
) -> io::Result<()> {
    plain.set_nodelay(true)?;
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    socket.set_recv_buffer_size(4 << 10)?;
    let outside = socket.connect(to).await?;
    outside.set_nodelay(true)?;
    let mut first = [0; 3];
    // Who says nothing has its handshake all the same, once it has said so for a while.
    let begins = timeout(MOMENT, plain.peek(&mut first)).await;
    let connector = if matches!(begins, Ok(Ok(3))) && &first == b"PRI" { h2 } else { h1 };
    let name = rustls::pki_types::ServerName::try_from("localhost").expect("a name");
    let (mut hears, mut says) = tokio::io::split(connector.connect(name, outside).await?);
    let (mut from_peer, mut to_peer) = plain.split();
    let there = async {
        let said = copy(&mut from_peer, &mut says).await;
        says.shutdown().await.and(said)
    };
    let back = async {
        copy(&mut hears, &mut to_peer).await.ok();
        to_peer.shutdown().await.ok();
    };
    // What was said before a cut is heard for a moment, though nothing can be said any more.
    tokio::pin!(back);
    tokio::select! {
        () = &mut back => return Ok(()),
        said = there => match said {
            Ok(_) => back.await,
            Err(_) => drop(timeout(MOMENT, back).await),
        },
    }
    Ok(())
}
