//! From what a [`Telemetry`] collects to a receiver: pushes in order, keeps the spans of a failed push, waits longer after
//! each failure. Starts no task: the caller owns [`Exporter::run`].

#[cfg(test)]
mod tests;

use crate::{
    limits::FLUSH_ATTEMPTS,
    telemetry::Telemetry,
    transport::{SendError, Signal, Transport},
};
use bytes::Bytes;
use std::{sync::Arc, time::Duration};

/// How long a failed last push waits before the next attempt.
const FLUSH_PAUSE: Duration = Duration::from_millis(200);

/// Pushes what a [`Telemetry`] collects.
pub struct Exporter {
    telemetry: Arc<Telemetry>,
    transport: Transport,
    /// Spans whose push failed. Metrics need no such memory: the next collection says all of it again.
    unsent: Option<Bytes>,
    /// Points and spans the receiver refused.
    rejected: u64,
    /// Pushes that failed.
    failed: u64,
}

impl Exporter {
    /// Over this transport.
    #[must_use]
    pub fn new(telemetry: Arc<Telemetry>, transport: Transport) -> Self {
        Self { telemetry, transport, unsent: None, rejected: 0, failed: 0 }
    }

    /// Collects and sends once. Spans of a failed push go out again with the next one.
    ///
    /// # Errors
    /// The first request that failed; the others were tried all the same.
    pub async fn push(&mut self) -> Result<(), SendError> {
        let telemetry = self.telemetry.clone();
        let unsent = self.unsent.take().map(|body| (Signal::Traces, body));
        let mut result = Ok(());
        for (signal, body) in unsent.into_iter().chain(telemetry.collect()) {
            match self.transport.send(signal, body.clone()).await {
                Ok(rejected) => {
                    self.rejected = self.rejected.saturating_add(rejected);
                    if signal == Signal::Metrics {
                        self.telemetry.metrics_arrived();
                    }
                }
                Err(error) => {
                    self.failed = self.failed.saturating_add(1);
                    if signal == Signal::Traces && error.retryable() {
                        self.unsent = Some(body);
                    }
                    result = result.and(Err(error));
                }
            }
        }
        result
    }

    /// Points and spans that the receiver refused so far.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.rejected
    }

    /// Requests that failed so far.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// Pushes every `every` until `stop` is ready, then once more, with a few attempts. Failures are told to `on_error`.
    pub async fn run(mut self, every: Duration, stop: impl Future<Output = ()>, mut on_error: impl FnMut(&SendError)) {
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                () = tokio::time::sleep(every) => {}
            }
            if let Err(error) = self.push().await {
                on_error(&error);
            }
        }
        for attempt in 1..=FLUSH_ATTEMPTS {
            match self.push().await {
                Ok(()) => return,
                Err(error) if attempt == FLUSH_ATTEMPTS || !error.retryable() => return on_error(&error),
                Err(_) => tokio::time::sleep(FLUSH_PAUSE.saturating_mul(attempt)).await,
            }
        }
    }
}
