//! One accept loop for every listener: connections are capped, wrapped in TLS, timed, aged and ended gracefully, and
//! a panic in one request answers that request. Knows HTTP connections, not what is asked on them.

pub mod guarded;
pub mod tls;

use super::tasks::Tasks;
use crate::{
    auth::Denied,
    control::socket::{Afterwards, Upgrade},
};
use axum::{Router, body::Body, response::Response};
use guarded::{Activity, Guarded, Handling};
use http::header;
use hyper::{service::service_fn, upgrade::OnUpgrade};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use parking_lot::Mutex;
use pointsman_core::limits;
use std::{
    convert::Infallible,
    future::Future,
    io,
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};
use tls::DoorTls;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tower::ServiceExt;
use tracing::{debug, error, warn};

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
    pub async fn open(name: &'static str, addr: SocketAddr) -> io::Result<Self> {
        let tcp = TcpListener::bind(addr).await?;
        Ok(Self { name, addr: tcp.local_addr()?, tls: None, tcp })
    }
}

/// What all doors share.
#[derive(Debug)]
pub struct House {
    /// Who owns the connections.
    pub tasks: Tasks,
    /// One permit per connection.
    pub permits: Arc<Semaphore>,
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
    /// Where they go instead over a connection of somebody who may not ask.
    pub denied: Arc<dyn Fn(Denied) -> Router + Send + Sync>,
    /// The answer to a request that panicked.
    pub on_panic: fn() -> Response,
}

/// Accepts until asked to stop. Errors of `accept` never end it: out of file descriptors, it waits and tries again.
pub async fn accept(door: Door, answers: Answers, house: Arc<House>) {
    let mut pause_ms = 10;
    loop {
        let next = async {
            let permit = Arc::clone(&house.permits).acquire_owned().await;
            (permit, door.tcp.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            () = house.stop.asked() => return,
            next = next => next,
        };
        let Ok(permit) = permit else { return };
        match accepted {
            Ok((tcp, _peer)) => {
                pause_ms = 10;
                house.tasks.spawn(connection(tcp, door.tls.clone(), answers.clone(), Arc::clone(&house), permit));
            }
            Err(error) if is_of_peer(&error) => debug!(%error, "a connection ended before it began"),
            Err(error) => {
                warn!(%error, listener = door.name, "accept failed, trying again");
                sleep(Duration::from_millis(pause_ms)).await;
                pause_ms = (pause_ms * 2).min(1_000);
            }
        }
    }
}

fn is_of_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

async fn connection(tcp: TcpStream, tls: Option<DoorTls>, answers: Answers, house: Arc<House>, permit: OwnedSemaphorePermit) {
    let _permit = permit; // held until the connection is gone
    if let Err(error) = tcp.set_nodelay(true) {
        debug!(%error, "a connection ended before it began");
        return;
    }
    let Some(tls) = tls else { return serve(tcp, answers, house).await };
    let inside = tokio::select! {
        () = house.stop.asked() => return,
        inside = tls.shake_hands(tcp) => inside,
    };
    if let Some(inside) = inside {
        let answers = match tls.may_ask(&inside) {
            Ok(()) => answers,
            Err(why) => Answers { router: (answers.denied)(why), ..answers },
        };
        serve(inside, answers, house).await;
    }
}

/// What goes on over a connection that is no longer HTTP; while it does, the stream takes it for a request that is handled.
struct Upgraded {
    stream: OnUpgrade,
    afterwards: Afterwards,
    _handling: Handling,
}

type Slot = Arc<Mutex<Option<Upgraded>>>;

/// A connection to its end: first HTTP, then whatever a request made of it, for as long as that takes.
async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, answers: Answers, house: Arc<House>) {
    let slot = Slot::default();
    serve_http(stream, answers, house, &slot).await;
    let upgraded = slot.lock().take();
    if let Some(Upgraded { stream, afterwards, _handling }) = upgraded {
        match stream.await {
            Ok(stream) => afterwards(Box::new(TokioIo::new(stream))).await,
            Err(error) => debug!(%error, "a connection broke as it was upgraded"),
        }
    }
}

/// Lets a request that asks for it make something else of its connection.
fn upgradable(request: &mut hyper::Request<hyper::body::Incoming>, activity: &Arc<Activity>, slot: &Slot) {
    if !request.headers().contains_key(header::UPGRADE) {
        return;
    }
    let (stream, activity, slot) = (hyper::upgrade::on(&mut *request), Arc::clone(activity), Arc::clone(slot));
    request.extensions_mut().insert(Upgrade(Arc::new(move |afterwards| {
        *slot.lock() = Some(Upgraded { stream: stream.clone(), afterwards, _handling: activity.begin() });
    })));
}

async fn serve_http(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    answers: Answers,
    house: Arc<House>,
    slot: &Slot,
) {
    let age = age(&house);
    let builder = builder(&house.tasks);
    let activity = Arc::new(Activity::default());
    let service = service_fn(|mut request: hyper::Request<hyper::body::Incoming>| {
        let (router, house, on_panic) = (answers.router.clone(), Arc::clone(&house), answers.on_panic);
        let handling = activity.begin();
        upgradable(&mut request, &activity, slot);
        async move {
            let _handling = handling; // until the head of the answer is there: all of the request is read by then
            let caught = caught(router.oneshot(request.map(Body::new))).await;
            Ok::<_, Infallible>(match caught {
                Some(Ok(response)) => response,
                Some(Err(never)) => match never {},
                None => {
                    house.panics.fetch_add(1, Ordering::Relaxed);
                    on_panic()
                }
            })
        }
    });
    let mut served =
        pin!(builder.serve_connection_with_upgrades(TokioIo::new(Guarded::new(stream, Arc::clone(&activity))), service));
    tokio::select! {
        ended = served.as_mut() => return ended_as(ended),
        () = house.stop.asked() => {}
        () = sleep(age) => {}
    }
    served.as_mut().graceful_shutdown();
    match timeout(Duration::from_millis(limits::CONNECTION_GRACE_MS_MAX), served).await {
        Ok(ended) => ended_as(ended),
        Err(_) => debug!("a connection did not end when asked and was cut"),
    }
}

fn ended_as(ended: Result<(), Box<dyn std::error::Error + Send + Sync>>) {
    if let Err(error) = ended {
        debug!(error = %error, "a connection broke");
    }
}

/// The maximal age of one more connection: a tenth more or less than the limit, evenly spread.
fn age(house: &House) -> Duration {
    let base = limits::CONNECTION_AGE_MS_MAX;
    // Steps of the golden ratio spread any run of numbers evenly; no randomness is needed.
    let step = house.jitter.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
    let tenth = base / 10;
    Duration::from_millis(base - tenth + (step >> 11) % (2 * tenth))
}

fn builder(tasks: &Tasks) -> Builder<Tasks> {
    let mut builder = Builder::new(tasks.clone());
    builder
        .http1()
        .timer(TokioTimer::new())
        .half_close(true) // a body cut short is answered with 400
        .header_read_timeout(None) // `Guarded` tells a slow head from a pause between requests
        .max_buf_size(limits::HTTP1_BUFFER_BYTES_MAX)
        .max_headers(limits::HTTP1_HEADERS_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .adaptive_window(false)
        .initial_stream_window_size(limits::HTTP2_STREAM_WINDOW_BYTES)
        .initial_connection_window_size(limits::HTTP2_CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(limits::HTTP2_STREAMS_MAX)
        .max_header_list_size(limits::HTTP2_HEADER_BYTES_MAX)
        .max_local_error_reset_streams(limits::HTTP2_LOCAL_RESETS_MAX)
        .max_pending_accept_reset_streams(limits::HTTP2_PENDING_RESETS_MAX)
        .keep_alive_interval(Duration::from_millis(limits::PING_EVERY_MS))
        .keep_alive_timeout(Duration::from_millis(limits::PING_ANSWER_MS_MAX));
    builder
}

/// The future's output, or nothing when it panicked. Safe to go on: no lock of ours poisons, no state is half written
/// where a panic can happen.
async fn caught<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    std::future::poll_fn(move |cx| match catch_unwind(AssertUnwindSafe(|| Pin::as_mut(&mut future).poll(cx))) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Some(output)),
        Err(_) => {
            error!("a request panicked");
            Poll::Ready(None)
        }
    })
    .await
}

#[cfg(test)]
mod tests;
