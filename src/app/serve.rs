//! `pointsman serve`: bind everything, so that addresses are known; then run until asked to stop.
//! Knows which part stands behind which door, and nothing of what a part does.

use super::{
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
    surroundings,
    tasks::Tasks,
    ticks,
};
use crate::{
    auth::tls::pair::Offer,
    config::{self, Config},
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

/// Bound, not running.
pub struct App {
    engine: Arc<Engine>,
    cluster: Option<Client>,
    grpc: Door,
    http: Door,
    read: Door,
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
    let addresses = [("otlp-grpc", config.otlp_grpc), ("otlp-http", config.otlp_http), ("listen", config.listen)];
    let cluster = client(config.cluster.as_ref()).await;
    let (engine, mut faults) = match Engine::new(config, clock) {
        Ok(engine) => (Some(engine), Vec::new()),
        Err(faults) => (None, faults),
    };
    let cluster = cluster.unwrap_or_else(|fault| {
        faults.push(fault);
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
        (Some(engine), Some(grpc), Some(http), Some(read)) => Ok(App { engine: Arc::new(engine), cluster, grpc, http, read }),
        _ => Err(BindError::Faults(faults)),
    }
}

/// A client of the cluster that views come from. It connects to nothing yet: the API server may be away.
async fn client(config: Option<&config::Cluster>) -> Result<Option<Client>, Fault> {
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
        let Self { engine, cluster, grpc, http, read } = self;
        let (front, back) = (Tasks::default(), Tasks::default());
        let (back_stopper, back_stop) = drain::pair();
        ticks::start(&engine, cluster, &back, &back_stop);
        let house = Arc::new(House {
            tasks: front.clone(),
            guests: Guests::new(caps(&engine.config), engine.clock.now(), Arc::clone(&engine.numbers.connections)),
            patience: Patience::default(),
            stop: stop.clone(),
            panics: AtomicU64::new(0),
            jitter: AtomicU64::new(surroundings::random()),
        });
        for (door, answers) in [(grpc, grpc_answers(&engine).await), (http, http_answers(&engine)), (read, read_answers(&engine))]
        {
            front.vital(door.name, accept(door, answers, Arc::clone(&house)));
        }
        let (control, asked) = (Arc::clone(&engine.control), stop.clone());
        front.vital("control", control.run(async move { asked.asked().await }));
        if engine.config.insecure {
            for listener in engine.config.insecure_listeners() {
                warn!(listener, "plain text can be reached from other hosts: --insecure was given");
            }
        }
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

async fn grpc_answers(engine: &Engine) -> Answers {
    let (health, service) = tonic_health::server::health_reporter();
    for name in ["", grpc::METRICS_SERVICE, grpc::TRACES_SERVICE] {
        health.set_service_status(name, tonic_health::ServingStatus::Serving).await;
    }
    let others = axum::Router::new().route_service("/grpc.health.v1.Health/{method}", service);
    let router = grpc::router(&engine.ingest, others);
    let ingest = Arc::clone(&engine.ingest);
    let denied = Arc::new(move |denied| grpc::denied(&ingest, denied));
    let late = Arc::clone(&engine.ingest);
    let on_late = Arc::new(move |path: &str| grpc::on_late(&late, path));
    Answers { router, denied, on_panic: grpc::on_panic, on_late, is_http2: true }
}

fn http_answers(engine: &Engine) -> Answers {
    mixed(engine, ingest::http::router(&engine.ingest).merge(engine.control.router()))
}

/// Nobody is denied here, as nobody is asked.
fn read_answers(engine: &Arc<Engine>) -> Answers {
    let router = expose::http::router(engine.read_side(), engine.own_side()).merge(web::router(api::sources(engine)));
    mixed(engine, web::guard::guarded(router))
}

fn mixed(engine: &Engine, router: axum::Router) -> Answers {
    let ingest = Arc::clone(&engine.ingest);
    let denied = Arc::new(move |denied| ingest::http::denied(&ingest, denied));
    let late = Arc::clone(&engine.ingest);
    let on_late = Arc::new(move |path: &str| ingest::http::on_late(&late, path));
    Answers { router, denied, on_panic: ingest::http::on_panic, on_late, is_http2: false }
}
