//! OTLP over gRPC: one unary call a request, on a channel that connects when it is needed. A channel on which a request
//! got no answer is left for a new one, so that a peer that vanished does not hold it for a quarter of an hour.

use super::{
    SendError, Signal, Target,
    connect::{Connector, headers},
    raw::RawCodec,
};
use crate::{limits::RESPONSE_BYTES_MAX, opamp::plan::PlanHash};
use bytes::Bytes;
use http::uri::PathAndQuery;
use parking_lot::Mutex;
use std::{error::Error, sync::Arc};
use tonic::{
    Request, Response,
    codec::CompressionEncoding::Gzip,
    metadata::MetadataMap,
    transport::{Channel, Endpoint},
};

/// A receiver over gRPC, with its channel once there is one. Clones share it.
#[derive(Clone)]
pub struct Grpc {
    target: Arc<Target>,
    channel: Arc<Mutex<Option<Channel>>>,
}

impl Grpc {
    pub(super) fn new(target: Arc<Target>) -> Self {
        Self { target, channel: Arc::default() }
    }

    pub(super) async fn send(&self, signal: Signal, body: Bytes, plan: Option<PlanHash>) -> Result<Bytes, SendError> {
        let timeout = self.target.timeout;
        let answer = tokio::time::timeout(timeout, self.call(signal, body, plan)).await;
        let answer = answer.unwrap_or(Err(SendError::Slow(timeout)));
        if matches!(&answer, Err(error) if !error.answered()) {
            self.channel.lock().take();
        }
        answer
    }

    async fn call(&self, signal: Signal, body: Bytes, plan: Option<PlanHash>) -> Result<Bytes, SendError> {
        let path = match signal {
            Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
            Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        };
        let mut request = Request::new(body);
        *request.metadata_mut() = MetadataMap::from_headers(headers(&self.target, plan)?);
        let mut grpc =
            tonic::client::Grpc::new(self.channel()?).accept_compressed(Gzip).max_decoding_message_size(RESPONSE_BYTES_MAX);
        if self.target.gzip {
            grpc = grpc.send_compressed(Gzip);
        }
        grpc.ready().await.map_err(SendError::reach)?;
        let answer = grpc.unary(request, PathAndQuery::from_static(path), RawCodec).await;
        answer.map(Response::into_inner).map_err(|status| match status.source() {
            // Made on our side of the wire: whatever its code, the receiver did not say it.
            Some(_) => SendError::reach(status),
            None => SendError::Grpc(status.code(), Box::new(status)),
        })
    }

    /// The channel, new if there is none. It connects over our own connector, so that for tonic the address is plain; what
    /// the receiver sees as origin is the real one.
    fn channel(&self) -> Result<Channel, SendError> {
        let mut held = self.channel.lock();
        if let Some(channel) = &*held {
            return Ok(channel.clone());
        }
        let (scheme, authority) = (if self.target.is_tls() { "https" } else { "http" }, self.target.authority());
        let origin = http::Uri::builder().scheme(scheme).authority(authority.as_str()).path_and_query("/").build();
        let endpoint = Endpoint::from_shared(format!("http://{authority}")).map_err(SendError::reach)?;
        let endpoint = endpoint.origin(origin.map_err(SendError::reach)?).connect_timeout(self.target.timeout);
        let channel = endpoint.connect_with_connector_lazy(Connector(self.target.clone()));
        *held = Some(channel.clone());
        Ok(channel)
    }
}
