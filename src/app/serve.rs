//! `pointsman serve`: bind everything, so that addresses are known; then run until asked to stop.
//! Knows which part stands behind which door, and nothing of what a part does.

use super::{
    access::{self, Guard},
    api, circle,
    clock::Clock,
    drain::{self, Stop, Stopper},
    engine::Engine,
    listen::{
        Answers, Door, House, accept,
        guarded::Patience,
        guests::{Caps, Guests},
        tls::DoorTls,
    },
    oracle::Desk,
    senders::{self, Deny},
    surroundings,
    tasks::Tasks,
    ticks,
};
use crate::{
    auth::{
        access::{
            Oracle,
            judge::{Judge, Nobody, Refusals},
        },
        senders::Senders,
        tls::pair::Offer,
    },
    config::{ApiServer, Config, access::ReadAccess, send::SendAccess},
    expose,
    ingest::{self, grpc},
    kubernetes::connect,
    web,
};
use kube::Client;
use pointsman_core::{
    fault::{Fault, Place, code::Code},
    limits,
};
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tracing::{info, warn};

/// What the further door is for, as its flag says.
const PROXY_ENDPOINTS: &str = "proxy-endpoints-port";

/// Bound, not running.
pub struct App {
    engine: Arc<Engine>,
    cluster: Option<Client>,
    judge: Option<Judge>,
    senders: Option<Arc<Senders>>,
    back: Tasks,
    grpc: Door,
    http: Door,
    read: Door,
    /// Where health is served and nothing else.
    more: Option<Door>,
}

/// Why nothing was bound.
#[derive(Debug)]
pub enum BindError {
    /// What was given does not fit this machine: all of it.
    Faults(Vec<Fault>),
    /// Anything else.
    Other(anyhow::Error),
}

/// The addresses in use, with their real ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// OTLP over gRPC.
    pub otlp_grpc: SocketAddr,
    /// OTLP over HTTP.
    pub otlp_http: SocketAddr,
    /// The read side.
    pub listen: SocketAddr,
}

/// Takes the three addresses.
///
/// # Errors
/// Every address that cannot be had.
pub async fn bind(config: Config, clock: Clock) -> Result<App, BindError> {
    let access = (config.access.clone(), config.senders.clone());
    let addresses = [("otlp-grpc", config.otlp_grpc), ("otlp-http", config.otlp_http), ("listen", config.listen)];
    let addresses = addresses.into_iter().chain(config.proxy_endpoints.map(|addr| (PROXY_ENDPOINTS, addr)));
    let cluster = client(config.api_server.as_ref()).await;
    let (engine, mut faults) = match Engine::new(config, clock) {
        Ok(engine) => (Some(engine), Vec::new()),
        Err(faults) => (None, faults),
    };
    let cluster = cluster.unwrap_or_else(|fault| {
        faults.push(fault);
        None
    });
    let back = Tasks::default();
    let desk = engine.as_ref().zip(cluster.clone()).map(|(engine, client)| Desk::new(engine, client, &back));
    let judge = judge(&access.0, desk.as_ref(), engine.as_ref().map(|engine| &engine.numbers.readers_refused));
    let judge = judge.unwrap_or_else(|mistakes| {
        faults.extend(mistakes);
        None
    });
    let senders = senders_of(&access.1, desk.as_ref()).unwrap_or_else(|mistakes| {
        faults.extend(mistakes);
        None
    });
    let mut doors = Vec::new();
    for (name, addr) in addresses {
        match Door::open(name, addr) {
            Ok(mut door) => {
                door.tls = engine.as_ref().and_then(|engine| door_tls(engine, name));
                doors.push(door);
            }
            Err(error) => faults.push(cannot_bind(name, addr, &error)),
        }
    }
    if let Some(engine) = &engine {
        let urls: Vec<String> = engine.traces.backends().into_iter().map(|backend| backend.url).collect();
        let ours: Vec<SocketAddr> = doors.iter().map(|door| door.addr).collect();
        faults.extend(circle::own_back_ends(&urls, &ours).await);
    }
    if !faults.is_empty() {
        return Err(BindError::Faults(faults));
    }
    let mut doors = doors.into_iter();
    match (engine, doors.next(), doors.next(), doors.next()) {
        (Some(engine), Some(grpc), Some(http), Some(read)) => {
            let (engine, senders, more) = (Arc::new(engine), senders.map(Arc::new), doors.next());
            Ok(App { engine, cluster, judge, senders, back, grpc, http, read, more })
        }
        _ => Err(BindError::Faults(faults)),
    }
}

/// Who judges readers. Where there is no API server, nobody knows what rules and certificates do not say.
fn judge(
    access: &Option<ReadAccess>,
    desk: Option<&Desk>,
    refusals: Option<&Arc<Refusals>>,
) -> Result<Option<Judge>, Vec<Fault>> {
    let audiences = || access.as_ref().map(|access| access.audiences.clone()).unwrap_or_default();
    let oracle = desk.map_or_else(|| Arc::new(Nobody) as Arc<dyn Oracle>, |desk| desk.for_readers(audiences()));
    access::judge(access.as_ref(), oracle, refusals.unwrap_or(&Arc::default()))
}

/// Who judges senders.
fn senders_of(access: &Option<SendAccess>, desk: Option<&Desk>) -> Result<Option<Senders>, Vec<Fault>> {
    let audiences = access.as_ref().map(|access| access.audiences.clone()).filter(|audiences| !audiences.is_empty());
    let oracle = audiences.zip(desk).map(|(audiences, desk)| desk.for_senders(audiences));
    senders::senders(access.as_ref(), oracle)
}

/// A client of the API server that views come from, and that is asked who comes. It connects to nothing yet: it may be away.
async fn client(config: Option<&ApiServer>) -> Result<Option<Client>, Fault> {
    let Some(config) = config else { return Ok(None) };
    match connect::client(config.kubeconfig.as_deref()).await {
        Ok(client) => Ok(Some(client)),
        Err(error) => {
            let why = format!("{:#}", anyhow::Error::new(error));
            let from = config.kubeconfig.as_ref().map_or_else(|| "this pod".to_owned(), |path| path.display().to_string());
            let place = Place::Setting("--kubeconfig".into());
            Err(Fault::new(Code::CannotRead, place, &["use", &format!("the cluster of {from}"), &why]))
        }
    }
}

/// Every door shows the certificate, where there is one; only gRPC has no use for HTTP/1.
fn door_tls(engine: &Engine, name: &str) -> Option<DoorTls> {
    let offer = match name {
        "otlp-grpc" => Offer::Grpc,
        "otlp-http" => Offer::Http,
        "listen" if engine.config.listen_plain => return None,
        _ => Offer::Read,
    };
    engine.numbers.certificates.clone().map(|certificates| DoorTls { certificates, offer })
}

fn cannot_bind(name: &str, addr: SocketAddr, error: &io::Error) -> Fault {
    let place = Place::Setting(format!("--{name}").into());
    let addr = addr.to_string();
    match error.kind() {
        io::ErrorKind::AddrInUse => Fault::new(Code::PortInUse, place, &[&addr]),
        _ => {
            let what = format!("cannot listen on {addr}: {error}");
            Fault::new(Code::BadSetting, place, &[name, "the listener", &what]).with_hint("name an address of this machine")
        }
    }
}

impl App {
    /// Where we are.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        Addresses { otlp_grpc: self.grpc.addr, otlp_http: self.http.addr, listen: self.read.addr }
    }

    /// What runs behind the doors.
    #[must_use]
    pub fn engine(&self) -> &Arc<Engine> {
        &self.engine
    }

    /// Serves until asked to stop, then finishes what is in flight: first what comes in, then what goes out.
    ///
    /// # Errors
    /// When a part without which we must not go on has failed.
    pub async fn run(self, stopper: Stopper, stop: Stop) -> anyhow::Result<()> {
        let addresses = self.addresses();
        let Self { engine, cluster, judge, senders, back, grpc, http, read, more } = self;
        warn_of(&engine.config, judge.as_ref());
        let read_answers = read_answers(&engine, judge);
        let front = Tasks::default();
        let (back_stopper, back_stop) = drain::pair();
        ticks::start(&engine, cluster, &back, &back_stop);
        let house = Arc::new(House {
            tasks: front.clone(),
            guests: Guests::new(caps(&engine.config), engine.clock.now(), Arc::clone(&engine.numbers.connections)),
            patience: Patience::default(),
            http2: (engine.config.http2_streams, engine.config.http2_stream_bytes),
            stop: stop.clone(),
            panics: AtomicU64::new(0),
            jitter: AtomicU64::new(surroundings::random()),
        });
        let sent = [(grpc, grpc_answers(&engine, senders.as_ref()).await), (http, http_answers(&engine, senders.as_ref()))];
        let more = more.map(|door| (door, mixed(&engine, web::health::alone())));
        for (door, answers) in sent.into_iter().chain([(read, read_answers)]).chain(more) {
            front.vital(door.name, accept(door, answers, Arc::clone(&house)));
        }
        let (control, asked) = (Arc::clone(&engine.control), stop.clone());
        front.vital("control", control.run(async move { asked.asked().await }));
        let tls = engine.config.tls.is_some();
        info!(otlp_grpc = %addresses.otlp_grpc, otlp_http = %addresses.otlp_http, listen = %addresses.listen, tls, "ready");
        let failed = tokio::select! {
            () = stop.asked() => None,
            name = front.failed() => Some(name),
            name = back.failed() => Some(name),
        };
        if let Some(name) = failed {
            stopper.ask();
            anyhow::bail!("the {name} task panicked");
        }
        engine.is_ready.store(false, Ordering::Relaxed);
        tokio::select! { // the second asking cuts the first short; what is lost then was asked for
            complete = drained(&engine, &front, &back, &back_stopper) => info!(complete, "ended"),
            () = stop.now() => warn!("ended at once: asked twice"),
        }
        Ok(())
    }
}

/// What works, but probably not as meant.
fn warn_of(config: &Config, judge: Option<&Judge>) {
    if config.insecure {
        for listener in config.insecure_listeners() {
            warn!(listener, "plain text can be reached from other hosts: --insecure was given");
        }
    }
    if !config.without_effect.is_empty() {
        let flags = config.without_effect.join(" ");
        warn!(flags, "these flags are for a proxy and have no effect here");
    }
    for rule in judge.map(|judge| judge.rules.for_everybody()).unwrap_or_default() {
        warn!(rule, "a static rule names neither a user nor a group: it is for everybody who has proved who they are");
    }
}

/// As many connections as there are files and memory for. Who asks for a cap on one address means every address.
fn caps(config: &Config) -> Caps {
    Caps {
        all: surroundings::connections_max().min(config.heap_bytes / 2 / limits::CONNECTION_BYTES),
        per_address: config.connections_per_address.unwrap_or(limits::CONNECTIONS_PER_ADDRESS_MAX),
        of_loopback: config.connections_per_address.is_some(),
    }
}

/// Ends the front, then the back; each has half of the time. Answers whether nothing was cut off.
async fn drained(engine: &Engine, front: &Tasks, back: &Tasks, back_stopper: &Stopper) -> bool {
    let half = Duration::from_millis(limits::DRAIN_MS_MAX / 2);
    let front = front.finish(half).await;
    engine.own.push();
    back_stopper.ask();
    back.finish(half).await && front
}

async fn grpc_answers(engine: &Engine, senders: Option<&Arc<Senders>>) -> Answers {
    let (health, service) = tonic_health::server::health_reporter();
    for name in ["", grpc::METRICS_SERVICE, grpc::TRACES_SERVICE] {
        health.set_service_status(name, tonic_health::ServingStatus::Serving).await;
    }
    let others = axum::Router::new().route_service("/grpc.health.v1.Health/{method}", service);
    let router = asked(engine, senders, grpc::denied, grpc::router(&engine.ingest, others));
    let late = Arc::clone(&engine.ingest);
    let on_late = Arc::new(move |path: &str| grpc::on_late(&late, path));
    Answers { router, on_panic: grpc::on_panic, on_late, is_http2: true }
}

fn http_answers(engine: &Engine, senders: Option<&Arc<Senders>>) -> Answers {
    let router = ingest::http::router(&engine.ingest).merge(engine.control.router());
    mixed(engine, asked(engine, senders, ingest::http::denied, router))
}

/// The router, where senders are asked behind the question who they are.
fn asked(engine: &Engine, senders: Option<&Arc<Senders>>, deny: Deny, router: axum::Router) -> axum::Router {
    let Some(senders) = senders else { return router };
    let (senders, ingest) = (Arc::clone(senders), Arc::clone(&engine.ingest));
    senders::guarded(senders::Guard { senders, ingest, deny, clock: engine.clock }, router)
}

fn read_answers(engine: &Arc<Engine>, judge: Option<Judge>) -> Answers {
    let router = expose::http::router(engine.read_side(), engine.own_side()).merge(web::router(api::sources(engine)));
    let router = match judge {
        Some(judge) => access::guarded(Guard { judge, clock: engine.clock }, router),
        None => router,
    };
    mixed(engine, web::guard::guarded(router))
}

fn mixed(engine: &Engine, router: axum::Router) -> Answers {
    let late = Arc::clone(&engine.ingest);
    let on_late = Arc::new(move |path: &str| ingest::http::on_late(&late, path));
    Answers { router, on_panic: ingest::http::on_panic, on_late, is_http2: false }
}
