//! One agent on a WebSocket: what it says is answered, and what is due to it is sent when it is. The session runs within the
//! connection that was upgraded, whoever owns that. Knows frames and what the sessions say, not what that means.

use super::{
    Control, Reply,
    agents::{GOING_AWAY, SessionId, Via},
    frames::{Frames, Incoming, code},
    http::{later, plain},
};
use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use pointsman_core::{limits::SYNC_PROOF_LOOK_MS, model::speaker::Speaker};
use pointsman_instrument::semconv::attribute::PointsmanSyncRefusal as Refusal;
use std::{
    future::{Future, pending},
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Notify,
    time::sleep,
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// Bytes both ways.
pub trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

/// What goes on over a connection once it is no longer HTTP.
pub type Afterwards = Box<dyn FnOnce(Box<dyn Duplex>) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

/// An extension of requests on connections that can be upgraded: it is told what goes on then.
#[derive(Clone)]
pub struct Upgrade(pub Arc<dyn Fn(Afterwards) + Send + Sync>);

/// An extension of requests whose sender has proved who it is: for how long that stands.
#[derive(Clone)]
pub enum Proof {
    /// For so long; then it has to be given anew, for nothing is left that could be asked about.
    Lasts(Duration),
    /// For as long as it is found to stand.
    Stands(Arc<dyn Fn() -> bool + Send + Sync>),
}

impl Proof {
    /// Waits until it no longer stands; where nobody was asked for any, for ever. Those that last end a little sooner, each at a
    /// time of its own, so that not all come again at once.
    async fn ended(proof: Option<Self>, random: u64) {
        match proof {
            None => pending().await,
            Some(Self::Lasts(time)) => {
                let tenth = u64::try_from(time.as_millis()).unwrap_or(u64::MAX) / 10;
                sleep(time.saturating_sub(Duration::from_millis(random % tenth.max(1)))).await;
            }
            Some(Self::Stands(stands)) => {
                while stands() {
                    sleep(Duration::from_millis(SYNC_PROOF_LOOK_MS)).await;
                }
            }
        }
    }
}

/// A connection that the sessions know of, until it is dropped.
struct Open {
    control: Arc<Control>,
    session: SessionId,
    wake: Arc<Notify>,
    by: Option<Arc<Speaker>>,
    proof: Option<Proof>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.control.closed(self.session);
    }
}

/// A request that wants to become a WebSocket.
pub(super) async fn upgrade(State(control): State<Arc<Control>>, request: Request) -> Response {
    let headers = request.headers();
    if !has(headers, &header::UPGRADE, "websocket") || !has(headers, &header::CONNECTION, "upgrade") {
        let mut response = plain(StatusCode::UPGRADE_REQUIRED, "OpAMP: open a WebSocket, or POST application/x-protobuf\n");
        response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        return response;
    }
    let is_13 = headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
    let (Some(key), Some(Upgrade(upgrade)), true) =
        (headers.get(header::SEC_WEBSOCKET_KEY), request.extensions().get::<Upgrade>(), is_13)
    else {
        let mut response = plain(StatusCode::BAD_REQUEST, "a WebSocket begins with HTTP/1.1, a key and version 13\n");
        response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return response;
    };
    let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key.as_bytes())) else {
        return plain(StatusCode::BAD_REQUEST, "the key is none\n");
    };
    let open = match control.open() {
        Ok((session, wake)) => {
            let (by, proof) = (request.extensions().get().cloned(), request.extensions().get().cloned());
            Open { control, session, wake, by, proof }
        }
        Err(why) => {
            control.refuse(why);
            return later(&control, StatusCode::SERVICE_UNAVAILABLE, Body::empty());
        }
    };
    upgrade(Box::new(move |stream| Box::pin(talk(open, stream))));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let head = response.headers_mut();
    head.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    head.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    head.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    response
}

/// Whether a word is in a list of words.
fn has(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|one| one.trim().eq_ignore_ascii_case(word))
}

/// Until one of both ends.
async fn talk(open: Open, stream: Box<dyn Duplex>) {
    let Open { control, session, wake, by, proof } = &open;
    let mut frames = Frames::new(stream, Arc::clone(&control.flight));
    let mut unproven = pin!(Proof::ended(proof.clone(), (control.settings.random)()));
    loop {
        match control.step(*session) {
            Ok(None) => {}
            Err(code) => return frames.close(code).await,
            Ok(Some(offer)) => {
                if frames.send(&offer).await.is_err() {
                    return;
                }
                continue;
            }
        }
        let incoming = tokio::select! {
            () = unproven.as_mut() => return frames.close(GOING_AWAY).await, // it comes again, with what proves it now
            () = wake.notified() => continue,
            incoming = frames.next() => incoming,
        };
        match incoming {
            Incoming::Gone => return,
            Incoming::Ping(payload) => {
                if frames.pong(&payload).await.is_err() {
                    return;
                }
            }
            Incoming::Wrong(code) => {
                control.refuse(if code == code::TOO_BIG {
                    Refusal::TooLarge
                } else if code == code::LATER {
                    Refusal::TooMany
                } else {
                    Refusal::Malformed
                });
                return frames.close(code).await;
            }
            Incoming::Message(message) => {
                let Reply { out, refused, ends } = control.hear(Via::Socket(*session), &message, by.as_deref());
                drop(message);
                if frames.send(&out).await.is_err() {
                    return;
                }
                if ends {
                    let code = match refused {
                        Some(Refusal::Malformed) => code::INVALID,
                        Some(Refusal::Forged) => code::POLICY,
                        _ => code::LATER,
                    };
                    return frames.close(code).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
