//! One export to one back end: OTLP/gRPC with raw bytes in and out, compressed, with a time limit. Retries nothing and
//! counts nothing: it only says what the answer means. Uses no proxy, follows no redirect, reads no more than the limit.

use super::target::Target;
use bytes::Bytes;
use http::uri::PathAndQuery;
use pointsman_core::{
    limits::{TRACE_ANSWER_BYTES_MAX, TRACE_EXPORT_SECS_MAX},
    traces::{
        answer::{self, Partial},
        retry,
    },
};
use pointsman_instrument::transport::raw::RawCodec;
use std::{error::Error, time::Duration};
use tonic::{
    Code, Request, Status,
    client::Grpc,
    codec::CompressionEncoding,
    transport::{Channel, Endpoint},
};

const EXPORT: PathAndQuery = PathAndQuery::from_static("/opentelemetry.proto.collector.trace.v1.TraceService/Export");
const USER_AGENT: &str = concat!("pointsman/", env!("CARGO_PKG_VERSION"));

/// What an answer, or its absence, means for the batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Taken, perhaps without some spans or with a remark.
    Taken(Option<Partial>),
    /// To be sent again, after this delay where the back end names one.
    Retry {
        /// `RetryInfo`.
        asked: Option<Duration>,
        /// For people.
        error: String,
    },
    /// Refused for good.
    Refused {
        /// Whether a part of the batch may be welcome: the content is at fault, not who sends it where.
        is_content: bool,
        /// For people.
        error: String,
    },
}

/// A connection that is made when first used and again when lost.
#[derive(Debug)]
pub struct Client {
    channel: Channel,
    compress: bool,
}

impl Client {
    /// Connects to nothing yet. Must be called within a runtime.
    #[must_use]
    pub fn new(target: &Target) -> Self {
        let limit = Duration::from_secs(TRACE_EXPORT_SECS_MAX);
        let endpoint = Endpoint::from(target.uri().clone())
            .connect_timeout(limit)
            .http2_keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(20));
        let endpoint = endpoint.user_agent(USER_AGENT).expect("a package name and version are a header value");
        Self { channel: endpoint.connect_lazy(), compress: true }
    }

    /// Sends one `ExportTraceServiceRequest`. A back end that does not know gzip is asked once more without.
    pub async fn export(&mut self, request: Bytes) -> Outcome {
        let mut answer = self.attempt(request.clone()).await;
        if self.compress && answer.as_ref().is_err_and(|status| status.code() == Code::Unimplemented) {
            self.compress = false;
            answer = self.attempt(request).await;
            self.compress = answer.is_err(); // it was something else that is unimplemented
        }
        match answer {
            Ok(response) => Outcome::Taken(answer::partial_success(&response)),
            Err(status) => judge(&status),
        }
    }

    async fn attempt(&self, request: Bytes) -> Result<Bytes, Status> {
        let mut grpc = Grpc::new(self.channel.clone())
            .accept_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(TRACE_ANSWER_BYTES_MAX)
            .max_encoding_message_size(usize::MAX); // batches are cut by whoever made them
        if self.compress {
            grpc = grpc.send_compressed(CompressionEncoding::Gzip);
        }
        let limit = Duration::from_secs(TRACE_EXPORT_SECS_MAX);
        let call = async {
            grpc.ready().await.map_err(|error| Status::from_error(error.into()))?;
            let mut request = Request::new(request);
            request.set_timeout(limit);
            grpc.unary(request, EXPORT, RawCodec).await
        };
        match tokio::time::timeout(limit, call).await {
            Ok(answer) => answer.map(tonic::Response::into_inner),
            Err(_) => Err(Status::deadline_exceeded(format!("no answer within {TRACE_EXPORT_SECS_MAX} s"))),
        }
    }
}

/// OTLP's rules for an answer that is not OK.
fn judge(status: &Status) -> Outcome {
    let asked = answer::retry_delay(status.details());
    let error = words(status);
    // A status with a source was made on this side, out of a broken connection: the back end decided nothing.
    if status.source().is_some() || retry::is_retryable(status.code().into(), asked) {
        return Outcome::Retry { asked, error };
    }
    let is_content = matches!(status.code(), Code::InvalidArgument | Code::ResourceExhausted | Code::Internal | Code::Unknown);
    Outcome::Refused { is_content, error }
}

/// The code, the message and its deepest cause: "tcp connect error" alone helps nobody.
fn words(status: &Status) -> String {
    let mut text = format!("{:?}: {}", status.code(), status.message());
    let mut cause = status.source();
    while let Some(error) = cause {
        cause = error.source();
        if cause.is_none() {
            text = format!("{text}: {error}");
        }
    }
    answer::excerpt(text.as_bytes())
}
