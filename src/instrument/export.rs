//! From what a [`Telemetry`] collects to a receiver: pushes in order, keeps the spans of a failed push, waits longer after
//! each failure. Starts no task: the caller owns [`Exporter::run`].

#[cfg(test)]
mod tests;

use crate::{
    limits::{ANSWERED_ATTEMPTS_MAX, BACKOFF_MAX, BACKOFF_MIN, FIRST_PUSH_MAX, FLUSH_ATTEMPTS, FLUSH_MAX, PARTIAL_PUSHES_MAX},
    telemetry::{Spans, Telemetry},
    transport::{SendError, Signal, Transport},
};
use std::{pin::pin, sync::Arc, time::Duration};

/// How long a failed last push waits before the next attempt.
const FLUSH_PAUSE: Duration = Duration::from_millis(200);

/// Pushes what a [`Telemetry`] collects.
pub struct Exporter {
    telemetry: Arc<Telemetry>,
    metrics: Option<Transport>,
    traces: Option<Transport>,
    /// Spans on their way, and how often a receiver answered that it did not take them. While there are some, further
    /// spans wait in the telemetry, where they are bounded. Metrics need no such memory: the next push says all of it.
    unsent: Option<(Spans, u32)>,
    /// Pushes in a row of whose points the receiver refused some.
    partial: u32,
    /// Points and spans the receiver refused.
    rejected: u64,
    /// Requests that failed.
    failed: u64,
}

impl Exporter {
    /// Metrics and traces over this transport.
    #[must_use]
    pub fn new(telemetry: Arc<Telemetry>, transport: Transport) -> Self {
        Self::split(telemetry, Some(transport.clone()), Some(transport))
    }

    /// Metrics and traces over a transport each. A signal without one is not sent; its spans are not kept.
    #[must_use]
    pub fn split(telemetry: Arc<Telemetry>, metrics: Option<Transport>, traces: Option<Transport>) -> Self {
        Self { telemetry, metrics, traces, unsent: None, partial: 0, rejected: 0, failed: 0 }
    }

    /// Collects and sends once. Of a signal that fails the rest is not tried: metrics say all of it with the next push,
    /// and spans go out again with it, in their order. May be dropped at any time: no span is lost by it.
    ///
    /// # Errors
    /// The first request that failed; the other signal was tried all the same.
    pub async fn push(&mut self) -> Result<(), SendError> {
        let metrics = self.push_metrics().await;
        let traces = self.push_spans().await;
        metrics.and(traces)
    }

    async fn push_metrics(&mut self) -> Result<(), SendError> {
        let Some(transport) = self.metrics.clone() else { return Ok(()) };
        let telemetry = self.telemetry.clone();
        let mut metrics = telemetry.metrics();
        let (plan, before) = (metrics.plan_hash(), self.rejected);
        for body in metrics.by_ref() {
            let answer = transport.send(Signal::Metrics, body, plan).await;
            self.count(answer)?;
        }
        // What was refused may have been a last value or an end: it is said again, unless that goes on.
        self.partial = if self.rejected == before { 0 } else { self.partial.saturating_add(1) };
        if self.partial == 0 || self.partial > PARTIAL_PUSHES_MAX {
            metrics.arrived();
        }
        Ok(())
    }

    async fn push_spans(&mut self) -> Result<(), SendError> {
        while let Some((spans, answered)) = self.unsent.take().or_else(|| self.telemetry.take_spans().map(|s| (s, 0))) {
            let Some(transport) = self.traces.clone() else { continue };
            let (body, count, plan) = (spans.body.clone(), spans.count, spans.plan);
            self.unsent = Some((spans, answered));
            let answer = transport.send(Signal::Traces, body, plan).await;
            let again = match &answer {
                Err(error) if error.answered() => error.retryable() && answered + 1 < ANSWERED_ATTEMPTS_MAX,
                Err(error) => error.retryable(),
                Ok(_) => false,
            };
            match &mut self.unsent {
                Some((_, attempts)) if again => *attempts += u32::from(answer.as_ref().is_err_and(SendError::answered)),
                _ => self.unsent = None,
            }
            if answer.is_err() && !again {
                self.telemetry.spans_lost(count);
            }
            self.count(answer)?;
        }
        Ok(())
    }

    fn count(&mut self, answer: Result<u64, SendError>) -> Result<(), SendError> {
        match answer {
            Ok(rejected) => self.rejected = self.rejected.saturating_add(rejected),
            Err(error) => {
                self.failed = self.failed.saturating_add(1);
                return Err(error);
            }
        }
        Ok(())
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

    /// Pushes soon, then every `every` until `stop` is ready, then once more, with a few attempts and a deadline. After a
    /// failure that may pass it comes back sooner at first, then later and later, never before the receiver asked it to.
    /// Failures are told to `on_error`.
    pub async fn run(mut self, every: Duration, stop: impl Future<Output = ()>, mut on_error: impl FnMut(&SendError)) {
        let mut stop = pin!(stop);
        let mut failures = 0;
        let mut wait = every.min(FIRST_PUSH_MAX).mul_f64(self.telemetry.spread());
        loop {
            tokio::select! {
                () = &mut stop => break,
                () = tokio::time::sleep(wait) => {}
            }
            let pushed = tokio::select! {
                () = &mut stop => break,
                pushed = self.push() => pushed,
            };
            wait = match pushed {
                Ok(()) => {
                    failures = 0;
                    every
                }
                Err(error) => {
                    failures += 1;
                    on_error(&error);
                    if error.retryable() { pause(failures, error.retry_after(), self.telemetry.spread()) } else { every }
                }
            };
        }
        if let Ok(Err(error)) = tokio::time::timeout(FLUSH_MAX, self.flush()).await {
            on_error(&error);
        }
    }

    async fn flush(&mut self) -> Result<(), SendError> {
        for attempt in 1..FLUSH_ATTEMPTS {
            match self.push().await {
                Err(error) if error.retryable() => tokio::time::sleep(FLUSH_PAUSE.saturating_mul(attempt)).await,
                ended => return ended,
            }
        }
        self.push().await
    }
}

/// How long to wait after so many failures in a row: doubled each time, spread over its upper half, so that senders that
/// failed together do not come back together. What the receiver asks for is the least, up to the longest wait.
fn pause(failures: u32, asked: Option<Duration>, spread: f64) -> Duration {
    let doubled = BACKOFF_MIN.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX)).min(BACKOFF_MAX);
    let spread = doubled.mul_f64(0.5 + spread / 2.0);
    spread.max(asked.unwrap_or_default().min(BACKOFF_MAX))
}
