//! The way to the API server: a client with time-outs and a name, from a kubeconfig file or from within a pod.
//! Makes clients and connects to nothing; what is asked is for others.

use kube::{
    Client, Config,
    client::ClientBuilder,
    config::{InClusterError, KubeConfigOptions, Kubeconfig, KubeconfigError},
};
use pointsman_core::limits::{CLUSTER_CONNECT_MS_MAX, CLUSTER_REQUEST_MS_MAX};
use std::{
    future::Future,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    time::Duration,
};
use tokio::time::timeout;
use tower::{BoxError, util::MapFutureLayer};

/// A client in the making.
pub type Connecting = Pin<Box<dyn Future<Output = Result<Client, ConnectError>> + Send>>;
/// Makes a new client, with credentials and authorities as they stand now.
pub type Connect = Arc<dyn Fn() -> Connecting + Send + Sync>;

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The file is not there, or not a kubeconfig.
    #[error("read the kubeconfig {}", path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<KubeconfigError>,
    },
    /// The file is no YAML of a kubeconfig. What stands there is not repeated: it may be a token or a key.
    #[error("read the kubeconfig {}: it is none, from line {line}, column {column} on", path.display())]
    NoKubeconfig {
        /// The file.
        path: PathBuf,
        /// Where it stops being one, from 1; 0 = nobody knows.
        line: u64,
        /// In characters.
        column: u64,
    },
    /// No kubeconfig was named, and this is no pod.
    #[error("find the cluster that this pod runs in")]
    InCluster(#[source] InClusterError),
    /// Certificates or tokens are not what they should be.
    #[error("set up a client of the API server")]
    Client(#[source] Box<kube::Error>),
}

/// A client of the cluster that a kubeconfig names, or of the one this pod runs in. It has connected to nothing yet.
///
/// A connection takes at most 5 s, the head of an answer 10 s; bodies have no time-out, since watches last. Nothing is
/// tried again: who asks knows best when.
///
/// # Errors
/// The kubeconfig cannot be read, this is no pod, or the credentials are unusable.
pub async fn client(kubeconfig: Option<&Path>) -> Result<Client, ConnectError> {
    let mut config = match kubeconfig {
        Some(path) => {
            let told = |source| told(path, source);
            let file = Kubeconfig::read_from(path).map_err(told)?;
            Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.map_err(told)?
        }
        None => Config::incluster().map_err(ConnectError::InCluster)?,
    };
    config.connect_timeout = Some(Duration::from_millis(CLUSTER_CONNECT_MS_MAX));
    config.write_timeout = Some(Duration::from_millis(CLUSTER_REQUEST_MS_MAX));
    config.read_timeout = None;
    config.default_retry = false;
    let name = concat!("pointsman/", env!("CARGO_PKG_VERSION"));
    config.headers.push((http::header::USER_AGENT, http::HeaderValue::from_static(name)));
    let builder = ClientBuilder::try_from(config).map_err(|error| ConnectError::Client(Box::new(error)))?;
    Ok(builder.with_layer(&MapFutureLayer::new(in_time)).build())
}

fn told(path: &Path, error: KubeconfigError) -> ConnectError {
    let path = path.to_owned();
    match error {
        KubeconfigError::Parse(error) => {
            let (line, column) = error.location().map_or((0, 0), |at| (at.line(), at.column()));
            ConnectError::NoKubeconfig { path, line, column }
        }
        source => ConnectError::Kubeconfig { path, source: Box::new(source) },
    }
}

/// Makes clients of one cluster again and again.
#[must_use]
pub fn connector(kubeconfig: Option<PathBuf>) -> Connect {
    Arc::new(move || {
        let kubeconfig = kubeconfig.clone();
        Box::pin(async move { client(kubeconfig.as_deref()).await })
    })
}

/// An API server that takes a connection and never answers must not hold a request for ever.
fn in_time<B, E: Into<BoxError>>(
    answer: impl Future<Output = Result<http::Response<B>, E>> + Send + 'static,
) -> Pin<Box<dyn Future<Output = Result<http::Response<B>, BoxError>> + Send>> {
    Box::pin(async move {
        match timeout(Duration::from_millis(CLUSTER_REQUEST_MS_MAX), answer).await {
            Ok(answer) => answer.map_err(Into::into),
            Err(elapsed) => Err(elapsed.into()),
        }
    })
}
