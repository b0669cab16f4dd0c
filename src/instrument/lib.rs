//! OpenTelemetry for Rust operators, with names that cannot be mistyped and defaults that cannot hurt.
//!
//! ```
//! use pointsman_instrument::{Identity, Reconcile, Started, start};
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! # let stop = std::future::ready(());
//! let identity = Identity::new("my-operator").instance("my-operator-0");
//! let Started { telemetry, exporter, every, sync } = start(identity, std::env::vars(), std::time::SystemTime::now)?;
//! let turns = Reconcile::new(&telemetry, "ConfigMap");
//! let pushing = tokio::spawn(exporter.run(every, stop, |error| eprintln!("push telemetry: {error}")));
//! # let stop = std::future::ready(());
//! if let Some(sync) = sync {
//!     tokio::spawn(sync.run(stop, |event| eprintln!("plan: {event}")));
//! }
//! turns.begin().success(true);
//! # pushing.await.unwrap();
//! # Ok::<(), pointsman_instrument::Mistakes>(()) }).unwrap();
//! ```
//!
//! How to instrument an operator, with a whole one as an example: `examples/README.md`. Metrics are cumulative on the wire,
//! so that a push that is lost or comes twice does no harm. Where a controller says so, what is off costs nothing at its call
//! site ([`opamp`]). Nothing here knows pointsman's core: this crate is what other
//! operators depend on.

mod body;
pub mod bound;
mod buckets;
mod chance;
pub mod context;
pub mod export;
mod gate;
pub mod gated;
mod glob;
pub mod identity;
pub mod limits;
pub mod losses;
pub mod meters;
pub mod metric;
mod observed;
pub mod opamp;
mod otlp;
mod pace;
pub mod reconcile;
mod recorded;
mod rules;
pub mod semconv;
mod sets;
pub mod setup;
mod shared;
pub mod span;
pub mod state;
mod streams;
pub mod telemetry;
pub mod transport;
mod wire;

pub use context::Context;
pub use export::Exporter;
pub use gated::Gated;
pub use identity::Identity;
pub use meters::Meters;
pub use metric::{Metric, Readings};
pub use opentelemetry::StringValue;
pub use reconcile::{Outcome, Reason, Reconcile, Trigger, Turn};
pub use setup::{Mistakes, Setup, Started, start};
pub use state::{StateSet, flag};
pub use telemetry::Telemetry;
pub use transport::{Protocol, Signal, Target, Transport};
