//! The set-up of an operator's telemetry from the standard variables of OpenTelemetry, and a few of ours for pods that
//! cannot resolve names. Reads no environment itself: it is handed the variables. Every mistake is told at once.

mod read;
#[cfg(test)]
mod tests;

use crate::{
    export::Exporter,
    identity::Identity,
    opamp,
    telemetry::Telemetry,
    transport::{Target, Transport},
};
use read::Variables;
use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// One variable that cannot be used. Its value is not shown: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Its name.
    pub variable: String,
    /// What is wrong, and what would be right.
    pub what: String,
}

/// Every variable that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "set up telemetry from the environment")?;
        self.0.iter().try_for_each(|Mistake { variable, what }| write!(f, "\n  {variable}: {what}"))
    }
}

impl std::error::Error for Mistakes {}

/// What the environment asks for.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Who sends.
    pub identity: Identity,
    /// Time between two pushes.
    pub every: Duration,
    /// Nothing is recorded or sent.
    pub off: bool,
    /// Where metrics go; nowhere with `OTEL_METRICS_EXPORTER=none`.
    pub metrics: Option<Target>,
    /// Where traces go; nowhere with `OTEL_TRACES_EXPORTER=none`.
    pub traces: Option<Target>,
    /// Where plans come from, if they do.
    pub sync: Option<opamp::Settings>,
    /// Plans were turned off: the declared levels decide. Without this and `sync` everything is on.
    pub sync_off: bool,
}

/// Telemetry that is ready. Nothing is sent until someone runs the exporter.
pub struct Started {
    /// Hands out handles.
    pub telemetry: Arc<Telemetry>,
    /// Sends: spawn `exporter.run(every, stop, on_error)`.
    pub exporter: Exporter,
    /// Time between two pushes.
    pub every: Duration,
    /// Keeps the telemetry to its plan, where plans come from somewhere: spawn `sync.run(stop, on_event)` too. What is there
    /// at the start is obeyed already.
    pub sync: Option<opamp::Client>,
}

/// Everything in one call: what the environment asks for, made. What it says of the sender wins over `identity`.
///
/// # Errors
/// Every variable that cannot be used.
pub fn start(
    identity: Identity,
    variables: impl IntoIterator<Item = (String, String)>,
    now: impl Fn() -> SystemTime + Send + Sync + 'static,
) -> Result<Started, Mistakes> {
    Setup::read(identity, variables).map(|setup| setup.start(now))
}

impl Setup {
    /// Reads `OTEL_SDK_DISABLED`, `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_METRIC_EXPORT_INTERVAL`,
    /// `OTEL_{METRICS,TRACES}_EXPORTER`, and `OTEL_EXPORTER_OTLP_{ENDPOINT,PROTOCOL,HEADERS,TIMEOUT,COMPRESSION,
    /// CERTIFICATE,CLIENT_CERTIFICATE,CLIENT_KEY}`, each also as `OTEL_EXPORTER_OTLP_{METRICS,TRACES}_…`. Ours:
    /// `POINTSMAN_OTLP_SERVICE`, a Service of the pod's namespace whose address Kubernetes put into the environment;
    /// `POINTSMAN_OTLP_SERVER_NAME`, the name in the receiver's certificate; `POINTSMAN_OTLP_TOKEN_FILE`. Of plans:
    /// `POINTSMAN_OPAMP_ENDPOINT`, `POINTSMAN_OPAMP_HEADERS`, `POINTSMAN_PLAN_FILE`, `POINTSMAN_PLAN_CACHE`, and
    /// `POINTSMAN_SYNC=off`.
    ///
    /// # Errors
    /// Every variable that cannot be used.
    pub fn read(identity: Identity, variables: impl IntoIterator<Item = (String, String)>) -> Result<Self, Mistakes> {
        let mut variables = Variables::new(variables);
        let mut setup = Self {
            identity: variables.identity(identity),
            every: variables.every(),
            off: variables.off(),
            metrics: variables.target("METRICS"),
            traces: variables.target("TRACES"),
            sync: None,
            sync_off: variables.sync_off(),
        };
        // Who turned plans off need not have the rest of them right.
        if !setup.sync_off {
            setup.sync = variables.sync();
        }
        // Who turned telemetry off need not have the rest right.
        if variables.mistakes.is_empty() || setup.off { Ok(setup) } else { Err(Mistakes(variables.mistakes)) }
    }

    /// Makes it. `now` is the wall clock of every point and span.
    #[must_use]
    pub fn start(self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Started {
        let Self { identity, every, off, metrics, traces, sync, sync_off } = self;
        let telemetry = Telemetry::builder(identity.clone()).off(off).build(now);
        if sync_off {
            telemetry.obey_defaults();
        }
        let sync = sync.filter(|_| !off).map(|settings| opamp::Client::new(telemetry.clone(), &identity, settings));
        // One connection where both go to the same place.
        let same = metrics == traces;
        let metrics = metrics.filter(|_| !off).map(Transport::from);
        let traces = if same { metrics.clone() } else { traces.filter(|_| !off).map(Transport::from) };
        let exporter = Exporter::split(telemetry.clone(), metrics, traces);
        Started { telemetry, exporter, every, sync }
    }
}
