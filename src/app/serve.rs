//! `pointsman serve`: bind everything, so that addresses are known; then run until asked to stop.

use super::{
    clock::Clock,
    drain::{Stop, Stopper},
    listen::{Answers, Door, House, accept},
    surroundings,
    tasks::Tasks,
};
use crate::config::Config;
use axum::Router;
use pointsman_core::{
    fault::{Fault, Place, code::Code},
    limits,
};
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};
use tokio::sync::Semaphore;
use tracing::{info, warn};

/// Bound, not running.
#[derive(Debug)]
pub struct App {
    config: Config,
    clock: Clock,
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
    let mut faults = Vec::new();
    let mut doors = Vec::new();
    for (name, addr) in [("otlp-grpc", config.otlp_grpc), ("otlp-http", config.otlp_http), ("listen", config.listen)] {
        match Door::open(name, addr).await {
            Ok(door) => doors.push(door),
            Err(error) => faults.push(cannot_bind(name, addr, &error)),
        }
    }
    let mut doors = doors.into_iter();
    match (doors.next(), doors.next(), doors.next()) {
        (Some(grpc), Some(http), Some(read)) => Ok(App { config, clock, grpc, http, read }),
        _ => Err(BindError::Faults(faults)),
    }
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

    /// Serves until asked to stop, then finishes what is in flight.
    ///
    /// # Errors
    /// When a part without which we must not go on has failed.
    pub async fn run(self, stopper: Stopper, stop: Stop) -> anyhow::Result<()> {
        let tasks = Tasks::default();
        let house = Arc::new(House {
            tasks: tasks.clone(),
            permits: Arc::new(Semaphore::new(surroundings::connections_max())),
            stop: stop.clone(),
            panics: AtomicU64::new(0),
            jitter: AtomicU64::new(0),
        });
        let addresses = self.addresses();
        let Self { config, clock: _clock, grpc, http, read } = self;
        for door in [grpc, http, read] {
            let answers = Answers { router: Router::new(), on_panic: || axum::response::Response::default() };
            tasks.vital(door.name, accept(door, answers, Arc::clone(&house)));
        }
        if config.insecure {
            for listener in config.insecure_listeners() {
                warn!(listener, "plain text can be reached from other hosts: --insecure was given");
            }
        }
        info!(otlp_grpc = %addresses.otlp_grpc, otlp_http = %addresses.otlp_http, listen = %addresses.listen, "ready");
        let failed = tokio::select! {
            () = stop.asked() => None,
            name = tasks.failed() => Some(name),
        };
        if let Some(name) = failed {
            stopper.ask();
            anyhow::bail!("the {name} task panicked");
        }
        tokio::select! {
            ended = tasks.finish(Duration::from_millis(limits::DRAIN_MS_MAX)) => info!(complete = ended, "ended"),
            () = stop.now() => warn!("ended at once: asked twice"),
        }
        Ok(())
    }
}
