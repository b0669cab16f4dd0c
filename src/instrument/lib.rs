//! OpenTelemetry for Rust operators, with names that cannot be mistyped and defaults that cannot hurt.
//!
//! ```
//! use pointsman_instrument::{Exporter, Identity, Telemetry, Transport, semconv::pointsman::LimitHits};
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let telemetry = Telemetry::new(Identity::new("my-operator").instance("my-operator-0"), std::time::SystemTime::now);
//! let hits = telemetry.counter::<LimitHits>();
//! if let Some(hits) = hits.on() { hits.add(1, LimitHits { limit: "series_max".into() }) }
//! let mut exporter = Exporter::new(telemetry, Transport::grpc("http://127.0.0.1:4317").unwrap());
//! assert!(exporter.push().await.is_err()); // nobody listens here; else `exporter.run(every, stop)` in a task of yours
//! # });
//! ```
//!
//! Metrics are cumulative on the wire, so that a push that is lost or comes twice does no harm.
//! Nothing here knows pointsman's core: this crate is what other operators depend on.

mod body;
mod chance;
pub mod context;
pub mod export;
pub mod identity;
pub mod limits;
pub mod losses;
pub mod metric;
mod observed;
mod otlp;
pub mod reconcile;
mod recorded;
pub mod semconv;
mod sets;
pub mod setup;
pub mod span;
pub mod state;
pub mod telemetry;
pub mod transport;
mod wire;

pub use context::Context;
pub use export::Exporter;
pub use identity::Identity;
pub use metric::{Metric, Readings};
pub use opentelemetry::StringValue;
pub use reconcile::{Outcome, Reason, Reconcile, Trigger, Turn};
pub use setup::{Mistakes, Setup, Started, start};
pub use state::{StateSet, flag};
pub use telemetry::Telemetry;
pub use transport::{Protocol, Signal, Target, Transport};
