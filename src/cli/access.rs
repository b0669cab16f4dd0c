//! Flags about who may read, by the names that kube-rbac-proxy gives them, and about who may send.
//! Knows no other module than the command line's own.

use super::{Typed, given};
use clap::Args;

/// Flags of who may read, as text.
#[derive(Debug, Default, Args)]
pub struct AccessArgs {
    /// Who may read, in the form of kube-rbac-proxy: rules, or what to ask the API server.
    #[arg(long, value_name = "FILE")]
    pub config_file: Vec<String>,
    /// Where to serve what is read, with TLS.
    #[arg(long, value_name = "ADDR")]
    pub secure_listen_address: Vec<String>,
    /// Where to serve what is read, in plain text.
    #[arg(long, value_name = "ADDR")]
    pub insecure_listen_address: Vec<String>,
    /// A further port on that address where health is served with TLS, at /healthz alone; 0 = none.
    #[arg(long, value_name = "PORT")]
    pub proxy_endpoints_port: Vec<String>,
    /// Patterns of the only paths that are there, like /metrics,/api/*/views.
    #[arg(long, value_name = "LIST")]
    pub allow_paths: Vec<String>,
    /// Patterns of paths where nobody is asked who reads.
    #[arg(long, value_name = "LIST")]
    pub ignore_paths: Vec<String>,
    /// Whom bearer tokens of readers must be for [default: the API server].
    #[arg(long, value_name = "LIST")]
    pub auth_token_audiences: Vec<String>,
    /// Let OpenShift's scraper read /metrics without asking the API server what it may.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub allow_openshift_scraper: Vec<String>,
}

impl AccessArgs {
    pub(super) fn typed(&self) -> Typed {
        let Self {
            config_file,
            secure_listen_address,
            insecure_listen_address,
            proxy_endpoints_port,
            allow_paths,
            ignore_paths,
            auth_token_audiences,
            allow_openshift_scraper,
        } = self;
        given(&[
            ("config-file", config_file),
            ("secure-listen-address", secure_listen_address),
            ("insecure-listen-address", insecure_listen_address),
            ("proxy-endpoints-port", proxy_endpoints_port),
            ("allow-paths", allow_paths),
            ("ignore-paths", ignore_paths),
            ("auth-token-audiences", auth_token_audiences),
            ("allow-openshift-scraper", allow_openshift_scraper),
        ])
    }
}

/// Flags of who may send, as text.
#[derive(Debug, Default, Args)]
pub struct SenderArgs {
    /// The authority, in PEM, whose certificates those who send OTLP or OpAMP may show.
    #[arg(long, value_name = "FILE")]
    pub otlp_client_ca_file: Vec<String>,
    /// Whom bearer tokens of senders must be for [default where other hosts can send: pointsman].
    #[arg(long, value_name = "LIST")]
    pub otlp_token_audiences: Vec<String>,
    /// Whom senders may speak for besides themselves, as a YAML file.
    #[arg(long, value_name = "FILE")]
    pub otlp_senders_file: Vec<String>,
    /// What becomes of a resource that claims to be somebody else's: refuse or relabel [default: refuse].
    #[arg(long, value_name = "POLICY")]
    pub otlp_identity: Vec<String>,
    /// Requests a second that each sender may send [default: any number].
    #[arg(long, value_name = "COUNT")]
    pub sender_max_requests: Vec<String>,
    /// Bytes a second that each sender may send, counted after decompression [default: any number].
    #[arg(long, value_name = "SIZE")]
    pub sender_max_bytes: Vec<String>,
    /// Series that each sender may have begun [default: half of --max-series].
    #[arg(long, value_name = "COUNT")]
    pub sender_max_series: Vec<String>,
}

impl SenderArgs {
    pub(super) fn typed(&self) -> Typed {
        let Self {
            otlp_client_ca_file,
            otlp_token_audiences,
            otlp_senders_file,
            otlp_identity,
            sender_max_requests,
            sender_max_bytes,
            sender_max_series,
        } = self;
        given(&[
            ("otlp-client-ca-file", otlp_client_ca_file),
            ("otlp-token-audiences", otlp_token_audiences),
            ("otlp-senders-file", otlp_senders_file),
            ("otlp-identity", otlp_identity),
            ("sender-max-requests", sender_max_requests),
            ("sender-max-bytes", sender_max_bytes),
            ("sender-max-series", sender_max_series),
        ])
    }
}
