//! One accept loop for every listener: connections are capped, wrapped in TLS, timed, aged and ended gracefully.
//! Knows connections, not what is asked on them.

pub mod guarded;
pub mod guests;
pub mod hits;
mod http;
mod spare;
pub mod tls;

use super::tasks::Tasks;
use crate::auth::tls::shown::Shown;
use axum::{Router, response::Response};
use guarded::Patience;
use guests::{Guest, Guests};
use hits::Limit;
use pointsman_core::limits;
use spare::Spare;
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};
use tls::DoorTls;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    time::sleep,
};
use tracing::{debug, warn};

/// A bound address that nobody listens to yet.
#[derive(Debug)]
pub struct Door {
    /// What it is for, as flags and logs call it.
    pub name: &'static str,
    /// Where it is, with the real port.
    pub addr: SocketAddr,
    /// How it speaks TLS; plain text where it does not.
    pub tls: Option<DoorTls>,
    tcp: TcpListener,
}

impl Door {
    /// Takes the address, for plain text.
    ///
    /// # Errors
    /// When it is in use or not ours.
    pub fn open(name: &'static str, addr: SocketAddr) -> io::Result<Self> {
        let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.set_send_buffer_size(limits::SEND_BUFFER_BYTES)?; // connections inherit it
        socket.bind(addr)?;
        let tcp = socket.listen(limits::BACKLOG_MAX)?;
        Ok(Self { name, addr: tcp.local_addr()?, tls: None, tcp })
    }
}

/// What all doors share.
pub struct House {
    /// Who owns the connections.
    pub tasks: Tasks,
    /// Who is connected.
    pub guests: Arc<Guests>,
    /// How long peers may take.
    pub patience: Patience,
    /// Requests in flight on one HTTP/2 connection, and the bytes that each may send ahead of us.
    pub http2: (u32, u32),
    /// Asked to end.
    pub stop: super::drain::Stop,
    /// Requests that panicked.
    pub panics: AtomicU64,
    /// Spreads the ends of connections; any number does.
    pub jitter: AtomicU64,
}

/// What a listener answers with.
#[derive(Clone)]
pub struct Answers {
    /// Where requests go.
    pub router: Router,
    /// The answer to a request that panicked.
    pub on_panic: fn() -> Response,
    /// The answer to a request, of this path, that took too long to answer.
    pub on_late: Arc<dyn Fn(&str) -> Response + Send + Sync>,
    /// Whether only HTTP/2 is of use here: whoever speaks something else is told so where that is HTTP/1, else nothing.
    pub is_http2: bool,
}

/// Who answers the requests of one connection, and what is known of who asks.
struct Desk {
    answers: Answers,
    shown: Option<Arc<Shown>>,
    /// Whether HTTP/2 is refused also to those who begin it without having agreed on it.
    is_only_http1: bool,
}

impl Desk {
    /// What answers this request: it carries what its peer has shown; whether that counts is found out there, each time.
    fn take<B>(&self, request: &mut hyper::Request<B>) -> Answers {
        if let Some(shown) = &self.shown {
            request.extensions_mut().insert(Arc::clone(shown));
        }
        self.answers.clone()
    }
}

/// Accepts until asked to stop. Errors of `accept` never end it, and no peer holds it up: whoever is one too many, or finds
/// no file left, is turned away at once.
pub async fn accept(door: Door, answers: Answers, house: Arc<House>) {
    let (first, last) = limits::ACCEPT_PAUSE_MS;
    let (mut spare, mut pause_ms) = (Spare::new(), first);
    loop {
        let accepted = tokio::select! {
            () = house.stop.asked() => return,
            accepted = door.tcp.accept() => accepted,
        };
        match accepted {
            Ok((tcp, peer)) => {
                pause_ms = first;
                if let Some(guest) = house.guests.let_in(peer.ip()) {
                    house.tasks.spawn(connection(tcp, door.tls.clone(), answers.clone(), Arc::clone(&house), guest));
                }
            }
            Err(error) if is_of_peer(&error) => debug!(%error, "a connection ended before it began"),
            Err(error) => {
                if pause_ms == first {
                    warn!(%error, listener = door.name, "accept failed, trying again");
                }
                if Spare::is_needed(&error) {
                    house.guests.hits().hit(Limit::OpenFiles);
                    house.guests.make_room();
                    spare.turn_away(&door.tcp);
                }
                sleep(Duration::from_millis(pause_ms)).await;
                pause_ms = (pause_ms * 2).min(last);
            }
        }
    }
}

fn is_of_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn connection(tcp: TcpStream, tls: Option<DoorTls>, answers: Answers, house: Arc<House>, guest: Guest) {
    if let Err(error) = tcp.set_nodelay(true) {
        debug!(%error, "a connection ended before it began");
        return;
    }
    let Some(tls) = tls else {
        let desk = Desk { answers, shown: None, is_only_http1: false };
        return http::serve(tcp, desk, house, guest).await;
    };
    let inside = tokio::select! {
        () = house.stop.asked() => return,
        () = guest.told_to_leave() => return,
        inside = tls.shake_hands(tcp) => inside,
    };
    if let Some(inside) = inside {
        let desk = Desk { answers, shown: tls.shown(&inside), is_only_http1: tls.is_only_http1() };
        http::serve(inside, desk, house, guest).await;
    }
}

#[cfg(test)]
mod tests;
