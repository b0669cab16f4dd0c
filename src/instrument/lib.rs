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
//! Metrics go through the SDK and are cumulative on the wire, so that a push that is lost or comes twice does no harm.
//! Nothing here knows pointsman's core: this crate is what other operators depend on.

mod ended;
pub mod export;
pub mod metric;
pub mod reconcile;
pub mod semconv;
pub mod span;
pub mod transport;

pub use export::{Exporter, Identity, Telemetry};
pub use metric::{Metric, Readings};
pub use opentelemetry::StringValue;
pub use reconcile::{Outcome, Reconcile};
pub use transport::{Signal, Transport};
