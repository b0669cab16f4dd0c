//! The command line of `convert`: which proxy, and where its manifests are.
//! Knows no other module.

use clap::Args;
use std::path::PathBuf;

/// How its help page ends.
pub(super) const EXAMPLES: &str = "Examples:
  pointsman convert --from kube-rbac-proxy deployment.yaml configmap.yaml > access.yaml
  pointsman convert --from oauth-proxy --container machine-config-daemon/oauth-proxy manifests/*.yaml > access.yaml
  kubectl get deployment,service,configmap -n shop -o yaml | pointsman convert --from kube-rbac-proxy - > access.yaml
  kubectl apply --server-side --force-conflicts -f access.yaml

Standard output gets what is translated; standard error a line for each flag or key that is left out, and why.

Exit codes: 0 all translated; 1 something left out; 2 unreadable, or bad usage.";

/// Flags of `pointsman convert`.
#[derive(Debug, Args)]
pub struct ConvertArgs {
    /// What to write: who may read pointsman.
    #[arg(long, value_name = "WHAT", default_value = "access", value_parser = ["access"])]
    pub to: String,
    /// The proxy that pointsman takes the place of.
    #[arg(long, value_name = "PROXY", value_parser = ["oauth-proxy", "kube-rbac-proxy"])]
    pub from: String,
    /// Ask for the same right as the proxy did, instead of `get` on `namespace/metrics` in one namespace; for oauth-proxy.
    #[arg(long)]
    pub equal: bool,
    /// The proxy's container, where its image, name and arguments do not tell: NAME, or WORKLOAD/NAME.
    #[arg(long, value_name = "NAME")]
    pub container: Option<String>,
    /// The namespace of what names none.
    #[arg(long, short, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// Files of YAML: workloads, ConfigMaps, roles, ServiceMonitors, Services; or of arguments, one a line. - is standard input.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}
