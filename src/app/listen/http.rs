//! HTTP on one connection, from its first byte to its end: requests are timed, a panic in one answers that request, and
//! the connection is ended when it is old, or when its room is needed. Knows HTTP, not what is asked.

use super::{
    super::tasks::Tasks,
    Answers, Desk, House,
    guarded::{Abort, Activity, Guarded, Handling},
    guests::Guest,
    hits::Limit,
};
use crate::{
    control::socket::{Afterwards, Upgrade},
    ingest::body::discard,
};
use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{Version, header};
use http_body::{Body as _, Frame, SizeHint};
use hyper::{body::Incoming, service::service_fn, upgrade::OnUpgrade};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use parking_lot::Mutex;
use pointsman_core::limits;
use std::{
    convert::Infallible,
    error::Error,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Notify,
    time::{sleep, timeout},
};
use tower::ServiceExt;
use tracing::{debug, error};

/// What goes on over a connection that is no longer HTTP; while it does, the stream takes it for a request that is handled.
struct Upgraded {
    stream: OnUpgrade,
    afterwards: Afterwards,
    _handling: Handling,
}

type Slot = Arc<Mutex<Option<Upgraded>>>;

/// A connection to its end: first HTTP, then whatever a request made of it, for as long as that takes.
pub(super) async fn serve<S>(stream: S, desk: Desk, house: Arc<House>, guest: Guest)
where
    S: AsyncRead + AsyncWrite + Abort + Unpin + Send + 'static,
{
    let (slot, activity) = (Slot::default(), Arc::new(Activity::of(guest)));
    tokio::select! {
        () = serve_http(stream, desk, house, &slot, &activity) => {}
        () = activity.guest().told_to_leave() => return debug!("an idle connection made room"),
    }
    let upgraded = slot.lock().take();
    if let Some(Upgraded { stream, afterwards, _handling }) = upgraded {
        match stream.await {
            Ok(stream) => afterwards(Box::new(TokioIo::new(stream))).await,
            Err(error) => debug!(%error, "a connection broke as it was upgraded"),
        }
    }
}

/// Lets a request that asks for it make something else of its connection.
fn upgradable(request: &mut hyper::Request<Incoming>, activity: &Arc<Activity>, slot: &Slot) {
    if !request.headers().contains_key(header::UPGRADE) {
        return;
    }
    let (stream, activity, slot) = (hyper::upgrade::on(&mut *request), Arc::clone(activity), Arc::clone(slot));
    request.extensions_mut().insert(Upgrade(Arc::new(move |afterwards| {
        *slot.lock() = Some(Upgraded { stream: stream.clone(), afterwards, _handling: activity.begin() });
    })));
}

async fn serve_http<S>(stream: S, desk: Desk, house: Arc<House>, slot: &Slot, activity: &Arc<Activity>)
where
    S: AsyncRead + AsyncWrite + Abort + Unpin + Send + 'static,
{
    let (age, grace) = (age(&house), house.patience.grace);
    let guarded = Guarded::new(stream, Arc::clone(activity), house.patience);
    let guarded = match (desk.answers.is_http2, desk.is_only_http1) {
        (true, _) => guarded.speaking_http2(),
        (false, true) => guarded.speaking_http1(),
        (false, false) => guarded,
    };
    let builder = builder(&house.tasks, house.http2);
    let service = service_fn(|mut request: hyper::Request<Incoming>| {
        let handling = activity.begin();
        upgradable(&mut request, activity, slot);
        let answers = desk.take(&mut request);
        let answered = answer(request, answers, Arc::clone(&house), Arc::clone(activity));
        async move { Ok::<_, Infallible>(answered.await.map(|body| Answer { body, _handling: handling })) }
    });
    let mut served = pin!(builder.serve_connection_with_upgrades(TokioIo::new(guarded), service));
    tokio::select! {
        ended = served.as_mut() => return ended_as(ended, activity.guest()),
        () = house.stop.asked() => {}
        () = sleep(age) => {}
    }
    served.as_mut().graceful_shutdown();
    match timeout(grace, served).await {
        Ok(ended) => ended_as(ended, activity.guest()),
        Err(_) => {
            activity.guest().hit(Limit::GraceTime);
            debug!("a connection did not end when asked and was cut");
        }
    }
}

/// The answer to one request, whatever happens to whoever makes it.
async fn answer(request: hyper::Request<Incoming>, answers: Answers, house: Arc<House>, activity: Arc<Activity>) -> Response {
    let Answers { router, on_panic, on_late, .. } = answers;
    let (rest, uri) = (Arc::new(Rest::default()), request.uri().clone());
    // Who waits to be asked for its body is not asked. A stream is reset after what was on its way: frames that cross the
    // answer still mean what they did.
    let is_asked = request.headers().contains_key(header::EXPECT);
    let unread_max = match request.version() {
        _ if is_asked => 0,
        Version::HTTP_2 => limits::HTTP2_STREAM_WINDOW_BYTES as usize,
        _ => limits::DISCARD_BYTES_MAX,
    };
    let asked = request.map(|incoming| Body::new(Asked { incoming: Some(incoming), is_begun: false, rest: Arc::clone(&rest) }));
    let late = async {
        rest.is_whole.notified().await;
        sleep(house.patience.handler).await;
    };
    let caught = tokio::select! {
        biased;
        caught = caught(router.oneshot(asked)) => caught,
        () = late => {
            activity.guest().hit(Limit::HandlerTime);
            return on_late(uri.path());
        }
    };
    if unread_max > 0 {
        rest.discard(unread_max).await;
    }
    match caught {
        Some(Ok(response)) => response,
        Some(Err(never)) => match never {},
        None => {
            house.panics.fetch_add(1, Ordering::Relaxed);
            on_panic()
        }
    }
}

/// What is left of a request's body once nobody waits for more of it: from then on the answer is our affair.
#[derive(Default)]
struct Rest {
    is_whole: Notify,
    unread: Mutex<Option<Incoming>>,
}

impl Rest {
    /// Lets the peer finish, within bounds.
    async fn discard(&self, bytes_max: usize) {
        let unread = self.unread.lock().take();
        if let Some(unread) = unread {
            discard(pin!(unread), bytes_max).await;
        }
    }
}

/// A request's body. Whoever began to read it knows best when to stop.
struct Asked {
    incoming: Option<Incoming>,
    is_begun: bool,
    rest: Arc<Rest>,
}

impl http_body::Body for Asked {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.is_begun = true;
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
        let poll = Pin::new(incoming).poll_frame(cx);
        if matches!(poll, Poll::Ready(None | Some(Err(_)))) {
            self.incoming = None;
            self.rest.is_whole.notify_one();
        }
        poll
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Incoming::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(|| SizeHint::with_exact(0), Incoming::size_hint)
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        *self.rest.unread.lock() = self.incoming.take().filter(|incoming| !self.is_begun && !incoming.is_end_stream());
        self.rest.is_whole.notify_one();
    }
}

/// The body of an answer; its request is in flight until it is written or given up.
struct Answer {
    body: Body,
    _handling: Handling,
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Says why a connection broke, and counts what the peer did.
fn ended_as(ended: Result<(), Box<dyn Error + Send + Sync>>, guest: &Guest) {
    let Err(error) = ended else { return };
    debug!(error = %error, "a connection broke");
    let Some(error) = error.downcast_ref::<hyper::Error>() else { return };
    if error.is_parse_too_large() {
        guest.hit(Limit::HeadBytes);
    }
    let by_us = error.source().and_then(|source| source.downcast_ref::<h2::Error>()).filter(|error| error.is_library());
    if by_us.is_some_and(h2::Error::is_go_away) {
        guest.hit(Limit::Http2);
        guest.misbehaved();
    }
}

/// The maximal age of one more connection: a tenth more or less than the limit, evenly spread.
fn age(house: &House) -> Duration {
    spread(house.patience.age, &house.jitter)
}

/// A tenth more or less.
pub(super) fn spread(base: Duration, jitter: &AtomicU64) -> Duration {
    // Steps of the golden ratio spread any run of numbers evenly; no randomness is needed.
    let step = jitter.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
    let thousandths = u32::try_from((step >> 11) % 200).unwrap_or(0);
    base * (900 + thousandths) / 1_000
}

fn builder(tasks: &Tasks, (streams, stream_bytes): (u32, u32)) -> Builder<Tasks> {
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
        .initial_stream_window_size(stream_bytes)
        .initial_connection_window_size(limits::HTTP2_CONNECTION_WINDOW_BYTES)
        .max_concurrent_streams(streams)
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
