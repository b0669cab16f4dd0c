//! What was typed. Checks nothing but its own form: values stay text, `config` says what they mean.
//! Knows no other module.

mod access;
mod assets;
mod convert;
mod manual;

pub use access::{AccessArgs, SenderArgs};
pub use assets::AssetsArgs;
use clap::{Args, CommandFactory, Parser, Subcommand};
pub use convert::ConvertArgs;
pub use manual::{CompletionArgs, DocsArgs, ManArgs};
use std::{collections::BTreeMap, ffi::OsString, path::PathBuf};

/// Exit codes, as every help page ends.
const EXIT_CODES: &str = "Exit codes: 0 fine; 1 findings or differences; 2 bad usage or input; 3 cannot reach.";

const SERVE_EXAMPLES: &str = "Examples:
  pointsman serve --views ./views
  pointsman serve --kubeconfig ~/.kube/config --state-dir ./state

Every flag is also an environment variable (--max-body is POINTSMAN_MAX_BODY) and a key of the YAML file given by
--config (max-body). A flag wins over the environment, which wins over the file.

Exit codes: 0 fine; 1 findings or differences; 2 bad usage or input; 3 cannot reach.";

const WATCH_EXAMPLES: &str = "Examples:
  pointsman watch operator --kubeconfig ~/.kube/config
  pointsman watch daemon --kubeconfig ~/.kube/config --node worker-0 --otlp http://127.0.0.1:4317

Every flag is also an environment variable (--legacy-metrics is POINTSMAN_LEGACY_METRICS) and a key of the YAML file
given by --config (legacy-metrics). A flag wins over the environment, which wins over the file.

Exit codes: 0 fine; 1 findings or differences; 2 bad usage or input; 3 cannot reach.";

const DEMO_EXAMPLES: &str = "Examples:
  pointsman demo
  pointsman demo --scenario drain-stuck
  pointsman demo --once --scenario label-flood --seed 7

Exit codes: 0 fine; 1 findings or differences; 2 bad usage or input; 3 cannot reach.";

const CHECK_EXAMPLES: &str = "Examples:
  pointsman check views/quiet.yaml
  pointsman check --output json views/

Exit codes: 0 fine; 1 findings or differences; 2 bad usage or input; 3 cannot reach.";

const EXPLAIN_EXAMPLES: &str = "Examples:
  pointsman explain PM0104
  pointsman explain pointsman.series.active --component pointsman

Exit codes: 0 fine; 1 findings or differences; 2 bad usage or input; 3 cannot reach.";

const DIFF_EXAMPLES: &str = "Examples:
  pointsman diff -f views/quiet.yaml
  pointsman diff --output json -f views/

Exit codes: 0 fine; 1 findings or differences; 2 bad usage or input; 3 cannot reach.";

const CATALOG_EXAMPLES: &str = "Examples:
  pointsman catalog list
  pointsman catalog show pointsman.series.active

Exit codes: 0 fine; 1 findings or differences; 2 bad usage or input; 3 cannot reach.";

const GET_EXAMPLES: &str = "Examples:
  pointsman get views
  pointsman get components --output json

Exit codes: 0 fine; 1 findings or differences; 2 bad usage or input; 3 cannot reach.";

const VERSION_EXAMPLES: &str = "Examples:
  pointsman version
  pointsman version --output json

Exit codes: 0 fine; 1 findings or differences; 2 bad usage or input; 3 cannot reach.";

/// Decides which metrics and spans of an operator flow, in which shape, and where to.
#[derive(Debug, Parser)]
#[command(name = "pointsman", version, disable_help_subcommand = true, after_help = EXIT_CODES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run the state controller: OTLP in, views applied, Prometheus formats and traces out.
    #[command(after_help = SERVE_EXAMPLES, allow_negative_numbers = true)]
    Serve(Box<ServeArgs>),
    /// Watch a Machine Config Operator, and push what its objects mean as OTLP: metrics, and traces of rollouts.
    #[command(after_help = WATCH_EXAMPLES)]
    Watch(Box<WatchArgs>),
    /// Show it all without a cluster: the server, and a simulated cluster that pushes OTLP into it.
    #[command(after_help = DEMO_EXAMPLES)]
    Demo(DemoArgs),
    /// Print every mistake in view files, offline.
    #[command(after_help = CHECK_EXAMPLES)]
    Check(CheckArgs),
    /// Print why an instrument or span is on, off or missing; or what a code means.
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArgs),
    /// Print what applying view files would change, before they are applied.
    #[command(after_help = DIFF_EXAMPLES)]
    Diff(DiffArgs),
    /// Print the instruments that are declared or sent.
    #[command(after_help = CATALOG_EXAMPLES)]
    Catalog(CatalogArgs),
    /// Print views or components as the server knows them now.
    #[command(after_help = GET_EXAMPLES)]
    Get(GetArgs),
    /// Turn who may read behind oauth-proxy or kube-rbac-proxy into who may read pointsman.
    #[command(after_help = convert::EXAMPLES)]
    Convert(ConvertArgs),
    /// Print or write what is shipped within: manifests, the chart, dashboards, rules, runbooks.
    #[command(after_help = assets::EXAMPLES)]
    Assets(AssetsArgs),
    /// Print a document, or which there are.
    #[command(after_help = manual::DOCS_EXAMPLES)]
    Docs(DocsArgs),
    /// Print the manual page of a verb, or write them all.
    #[command(after_help = manual::MAN_EXAMPLES)]
    Man(ManArgs),
    /// Print what a shell reads to complete verbs and flags.
    #[command(after_help = manual::COMPLETION_EXAMPLES)]
    Completion(CompletionArgs),
    /// Print the version.
    #[command(after_help = VERSION_EXAMPLES)]
    Version(VersionArgs),
}

/// Flags of `pointsman serve`, as text.
#[derive(Debug, Default, Args)]
pub struct ServeArgs {
    /// A YAML file with the same keys as the flags.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where to take OTLP over gRPC [default: 127.0.0.1:4317].
    #[arg(long, value_name = "ADDR")]
    pub otlp_grpc: Vec<String>,
    /// Where to take OTLP over HTTP [default: 127.0.0.1:4318].
    #[arg(long, value_name = "ADDR")]
    pub otlp_http: Vec<String>,
    /// Where to serve /metrics, the JSON API and health [default: 127.0.0.1:9464].
    #[arg(long, value_name = "ADDR")]
    pub listen: Vec<String>,
    /// A folder of views and catalogues, re-read on change.
    #[arg(long, value_name = "DIR")]
    pub views: Vec<String>,
    /// The cluster to read views from [default in a pod: its own].
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Vec<String>,
    /// Our own pod, as namespace/name: needed to run active and standby.
    #[arg(long, value_name = "NAMESPACE/NAME")]
    pub pod: Vec<String>,
    /// Namespaces whose alerts, rules and autoscalers protect what they read everywhere.
    #[arg(long, value_name = "LIST")]
    pub protecting_namespaces: Vec<String>,
    /// A certificate chain in PEM: every listener speaks TLS with it, and takes over a new one.
    #[arg(long, value_name = "FILE")]
    pub tls_cert_file: Vec<String>,
    /// Its private key in PEM.
    #[arg(long, value_name = "FILE")]
    pub tls_private_key_file: Vec<String>,
    /// The terms of TLS.
    #[command(flatten)]
    pub tls: TlsArgs,
    /// A catalogue file; may be given several times.
    #[arg(long, value_name = "FILE")]
    pub catalog: Vec<String>,
    /// An OTLP back end for traces; may be given several times.
    #[arg(long, value_name = "URL")]
    pub traces_to: Vec<String>,
    /// Where a trace viewer shows a trace, for links of the page: https://jaeger.example/trace/{trace_id}.
    #[arg(long, value_name = "URL")]
    pub trace_link: Vec<String>,
    /// A folder for what must survive a restart.
    #[arg(long, value_name = "DIR")]
    pub state_dir: Vec<String>,
    /// How OTLP names become Prometheus names [default: UnderscoreEscapingWithSuffixes].
    #[arg(long, value_name = "NAME")]
    pub translation_strategy: Vec<String>,
    /// Whether series carry otel_scope_* labels [default: true].
    #[arg(long, value_name = "BOOL")]
    pub scope_labels: Vec<String>,
    /// Whether gauges of unit 1 end in _ratio [default: true].
    #[arg(long, value_name = "BOOL")]
    pub ratio_suffix: Vec<String>,
    /// Whether the instance label falls back to pod, container or host without service.instance.id [default: true].
    #[arg(long, value_name = "BOOL")]
    pub instance_fallback: Vec<String>,
    /// Resource attributes that become labels of every series.
    #[arg(long, value_name = "LIST")]
    pub promote_resource_attributes: Vec<String>,
    /// How long after its last push a resource ends [default: 5m].
    #[arg(long, value_name = "DURATION")]
    pub expire_after: Vec<String>,
    /// Largest request body, also after decompression [default: 64MiB, or what --memory-limit leaves room for].
    #[arg(long, value_name = "SIZE")]
    pub max_body: Vec<String>,
    /// Series kept at once [default: half the memory limit / 256 B].
    #[arg(long, value_name = "N")]
    pub max_series: Vec<String>,
    /// Connections of one address [default: 2048, and loopback as many as there may be].
    #[arg(long, value_name = "N")]
    pub connections_per_address: Vec<String>,
    /// Questions a second to the API server about tokens and rights of readers [default: 5]; about tokens of senders twenty
    /// times as many.
    #[arg(long, value_name = "N")]
    pub kube_api_qps: Vec<String>,
    /// Such questions at once, after a quiet time [default: 10].
    #[arg(long, value_name = "N")]
    pub kube_api_burst: Vec<String>,
    /// Memory to stay within [default: 90 % of the cgroup's limit, else 1GiB].
    #[arg(long, value_name = "SIZE")]
    pub memory_limit: Vec<String>,
    /// Allow plain text on addresses that other hosts can reach.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub insecure: Vec<String>,
    /// What to log: error, warn, info, debug, trace, or a filter per module [default: info].
    #[arg(long, value_name = "FILTER")]
    pub log: Vec<String>,
    /// Who may read.
    #[command(flatten)]
    pub access: AccessArgs,
    /// Who may send.
    #[command(flatten)]
    pub senders: SenderArgs,
}

/// Flags of `pointsman watch`, as text.
#[derive(Debug, Default, Args)]
pub struct WatchArgs {
    /// Whose objects: pools and versions; configs, settings and builds; nodes and their updates.
    #[arg(value_name = "ROLE", value_parser = ["operator", "controller", "daemon"])]
    pub role: String,
    /// A YAML file with the same keys as the flags.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where to push; over HTTP where the port is 4318, else over gRPC [default: http://127.0.0.1:4317].
    #[arg(long, value_name = "URL")]
    pub otlp: Vec<String>,
    /// Certificates to trust there, in PEM [default: those of the system].
    #[arg(long, value_name = "FILE")]
    pub otlp_ca_file: Vec<String>,
    /// The name that its certificate must be for, where it is not the one in the URL.
    #[arg(long, value_name = "NAME")]
    pub otlp_server_name: Vec<String>,
    /// A file with the bearer token to show there, re-read when it changes.
    #[arg(long, value_name = "FILE")]
    pub otlp_token_file: Vec<String>,
    /// Who tells over OpAMP what is pushed, reached as --otlp is; or off, and all is
    /// [default: /v1/opamp at port 4318 of the host of --otlp, where that has port 4317 or 4318].
    #[arg(long, value_name = "URL")]
    pub opamp: Vec<String>,
    /// A file with a plan of what is pushed, re-read when it changes.
    #[arg(long, value_name = "FILE")]
    pub plan_file: Vec<String>,
    /// Where to keep the last plan that --opamp told, for the next start.
    #[arg(long, value_name = "FILE")]
    pub plan_cache: Vec<String>,
    /// The kill switch: with off no plan is taken from anywhere, and declared levels decide [default: on].
    #[arg(long, value_name = "SWITCH")]
    pub sync: Vec<String>,
    /// The cluster to watch [default in a pod: its own].
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Vec<String>,
    /// Our own pod, as namespace/name: of several replicas one pushes [default: this one does].
    #[arg(long, value_name = "NAMESPACE/NAME")]
    pub pod: Vec<String>,
    /// Watch this node alone, without traces; for the daemon.
    #[arg(long, value_name = "NAME")]
    pub node: Vec<String>,
    /// Watch all nodes, which is what happens without --node; for the daemon.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub all_nodes: Vec<String>,
    /// Push the names of the operator's own metrics too, for alerts that read them.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub legacy_metrics: Vec<String>,
    /// Read the two secrets of the machine-config-server, to tell when its certificates end; for the controller.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub read_secrets: Vec<String>,
    /// Ask the controller at its own endpoint too for what no object tells; for the controller.
    #[arg(long, value_name = "URL")]
    pub scrape_mcc: Vec<String>,
    /// Ask each node's daemon at this port of the node too for what no object tells; for the daemon.
    #[arg(long, value_name = "PORT")]
    pub scrape_mcd: Vec<String>,
    /// Certificates to trust there, in PEM, like those of the service CA [default: those of the system].
    #[arg(long, value_name = "FILE")]
    pub scrape_ca_file: Vec<String>,
    /// A file with the bearer token to show there, re-read for each round.
    #[arg(long, value_name = "FILE")]
    pub scrape_token_file: Vec<String>,
    /// The name that certificates there must be for [default: that of the daemons' Service; the host of --scrape-mcc].
    #[arg(long, value_name = "NAME")]
    pub scrape_server_name: Vec<String>,
    /// How often to ask each endpoint [default: 30s].
    #[arg(long, value_name = "DURATION")]
    pub scrape_interval: Vec<String>,
    /// How often to push [default: 15s].
    #[arg(long, value_name = "DURATION")]
    pub interval: Vec<String>,
    /// What to log: error, warn, info, debug, trace, or a filter per module [default: info].
    #[arg(long, value_name = "FILTER")]
    pub log: Vec<String>,
}

/// What `pointsman demo` may tell: the names of its scenarios, and what each is about.
pub const SCENARIOS: [(&str, &str); 9] = [
    ("story", "a blocked drain, a flood of labels, a view against it, and the end of both"),
    ("happy", "one rollout, two nodes at a time, and nothing goes wrong"),
    ("drain-stuck", "a PodDisruptionBudget holds up one node for more than three hours"),
    ("reboot-fail", "one node cannot be made to boot and is Degraded, until an attempt works"),
    ("label-flood", "every attempt of one node sends a new error text, until a limit and a view bite"),
    ("silent-daemon", "the daemon of one node stops, its series end, and it comes back"),
    ("render-fail", "a MachineConfig cannot be merged, so that no update can begin, and is mended"),
    ("cert-expiry", "an authority ends in six days, and the new one does not reach a paused pool"),
    ("paused-forgotten", "a pool is paused for more than a day while an update waits, then let go on"),
];

fn scenarios() -> clap::builder::PossibleValuesParser {
    SCENARIOS.map(|(name, about)| clap::builder::PossibleValue::new(name).help(about)).into()
}

/// Flags of `pointsman demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Nodes of the simulated pool.
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub nodes: u32,
    /// Simulated seconds in a second [default: 60; 90 or 120 for long scenarios].
    #[arg(long, value_name = "X", value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub speed: Option<u32>,
    /// Durations, names and ids follow from it.
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub seed: u64,
    /// What goes wrong.
    #[arg(long, value_name = "NAME", default_value = "story", value_parser = scenarios())]
    pub scenario: String,
    /// End after so much time, as in 30s [default: at Ctrl-C].
    #[arg(long = "for", value_name = "DURATION", conflicts_with = "once")]
    pub for_time: Option<String>,
    /// Run once on simulated time, print what happened, end. The same seed prints the same.
    #[arg(long, conflicts_with_all = ["send_to", "traces_to"])]
    pub once: bool,
    /// Push to this OTLP receiver and serve nothing; over HTTP where the port is 4318, else over gRPC.
    #[arg(long, value_name = "URL", conflicts_with = "traces_to")]
    pub send_to: Option<String>,
    /// An OTLP back end for traces; may be given several times.
    #[arg(long, value_name = "URL")]
    pub traces_to: Vec<String>,
    /// Where a trace viewer shows a trace, for links of the page: https://jaeger.example/trace/{trace_id}.
    #[arg(long, value_name = "URL")]
    pub trace_link: Vec<String>,
}

/// Flags of `pointsman check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// How to print what was found.
    #[arg(long, short, value_name = "FORM", default_value = "table", value_parser = ["table", "short", "json"])]
    pub output: String,
    /// Files, or folders of *.yaml and *.yml.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Where to ask, and how to print the answer: the same for every verb that asks a server.
#[derive(Debug, Args)]
pub struct ServerArgs {
    /// The server's read side; behind a path of a proxy, too.
    #[arg(long, value_name = "URL", env = "POINTSMAN_SERVER", hide_env_values = true, default_value = "http://127.0.0.1:9464")]
    pub server: String,
    /// A file with a bearer token.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Certificates to trust, in PEM [default: the system's].
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// How to print the answer.
    #[arg(long, short, value_name = "FORM", default_value = "table", value_parser = ["table", "json"])]
    pub output: String,
}

/// Flags of `pointsman explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// An instrument in either spelling, span:NAME, or a code such as PM0104.
    #[arg(value_name = "WHAT")]
    pub what: String,
    /// Of this component only: its service, workload or object name, with or without NAMESPACE/.
    #[arg(long, value_name = "NAME")]
    pub component: Option<String>,
    /// Where to ask.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Flags of `pointsman diff`.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// View files, or folders of *.yaml and *.yml; may be given several times.
    #[arg(long = "file", short = 'f', value_name = "FILE", required = true, num_args = 1..)]
    pub files: Vec<PathBuf>,
    /// Where to ask.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Flags of `pointsman catalog`.
#[derive(Debug, Args)]
pub struct CatalogArgs {
    /// Print a list, or one instrument in full [default: list].
    #[arg(value_name = "WHAT", default_value = "list", value_parser = ["list", "show"])]
    pub what: String,
    /// The instrument to show, in either spelling.
    #[arg(value_name = "NAME", required_if_eq("what", "show"))]
    pub name: Option<String>,
    /// Where to ask.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Flags of `pointsman get`.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// Of what.
    #[arg(value_name = "KIND", value_parser = ["views", "view", "components", "component"])]
    pub kind: String,
    /// Of this name only.
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Of this namespace only.
    #[arg(long, short, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// Where to ask.
    #[command(flatten)]
    pub server: ServerArgs,
}

/// Flags of `pointsman version`.
#[derive(Debug, Args)]
pub struct VersionArgs {
    /// How to print it.
    #[arg(long, short, value_name = "FORM", default_value = "table", value_parser = ["table", "json"])]
    pub output: String,
}

/// Flags by name, each with everything that was given for it, in order.
pub type Typed = BTreeMap<&'static str, Vec<String>>;

/// Takes out the flags that the verb does not know, so that all of them can be reported, and what is left be read.
/// Answers with the indexes of those flags.
#[must_use]
pub fn split_unknown(args: Vec<OsString>) -> (Vec<OsString>, Vec<usize>) {
    let cli = Cli::command();
    let verb = args.get(1).and_then(|verb| cli.find_subcommand(verb));
    let Some(verb) = verb.filter(|verb| ["serve", "watch"].contains(&verb.get_name())) else { return (args, Vec::new()) };
    let is_known = |name: &str| name == "help" || verb.get_arguments().any(|arg| arg.get_long() == Some(name));
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    let mut after_unknown = false;
    for (i, arg) in args.into_iter().enumerate() {
        let text = arg.to_string_lossy().into_owned();
        match text.strip_prefix("--").map(|flag| flag.split_once('=').map_or((flag, false), |(name, _)| (name, true))) {
            Some((name, has_value)) if !name.is_empty() && !is_known(name) => {
                unknown.push(i);
                after_unknown = !has_value;
            }
            // What follows an unknown flag is taken for its value.
            _ if after_unknown && !text.starts_with('-') => after_unknown = false,
            _ => {
                after_unknown = false;
                known.push(arg);
            }
        }
    }
    (known, unknown)
}

/// Flags of what listeners offer inside of TLS, and whom they ask, as text.
#[derive(Debug, Default, Args)]
pub struct TlsArgs {
    /// The authority, in PEM, whose certificates say who reads.
    #[arg(long, value_name = "FILE")]
    pub client_ca_file: Vec<String>,
    /// Versions and suites of TLS: Old, Intermediate, Modern, Custom with the two flags that follow, or `cluster`: what the
    /// OpenShift cluster says in `apiservers.config.openshift.io/cluster`, whoever has to adhere to it, and as it changes.
    #[arg(long, value_name = "NAME")]
    pub tls_profile: Vec<String>,
    /// The oldest version of TLS, VersionTLS12 or VersionTLS13; older ones are served as 1.2.
    #[arg(long, value_name = "NAME")]
    pub tls_min_version: Vec<String>,
    /// Suites of TLS, by the names of Go or OpenSSL.
    #[arg(long, value_name = "LIST")]
    pub tls_cipher_suites: Vec<String>,
    /// Offer HTTP/2 to gRPC alone, where TLS is spoken.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub http2_disable: Vec<String>,
    /// Requests in flight on one HTTP/2 connection, at most 100 [default: 100].
    #[arg(long, value_name = "NUMBER")]
    pub http2_max_concurrent_streams: Vec<String>,
    /// Bytes that one HTTP/2 stream may send ahead, at most 64KiB [default: 64KiB].
    #[arg(long, value_name = "SIZE")]
    pub http2_max_size: Vec<String>,
    /// Between two looks at certificates and authorities, at most 10s [default: 2s].
    #[arg(long, value_name = "DURATION")]
    pub tls_reload_interval: Vec<String>,
}

impl ServeArgs {
    /// The flags that were given, `config` apart. The names are also the keys of the file.
    #[must_use]
    pub fn typed(&self) -> Typed {
        let Self {
            config: _,
            otlp_grpc,
            otlp_http,
            listen,
            views,
            kubeconfig,
            pod,
            protecting_namespaces,
            tls_cert_file,
            tls_private_key_file,
            tls,
            catalog,
            traces_to,
            trace_link,
            state_dir,
            translation_strategy,
            scope_labels,
            ratio_suffix,
            instance_fallback,
            promote_resource_attributes,
            expire_after,
            max_body,
            max_series,
            connections_per_address,
            kube_api_qps,
            kube_api_burst,
            memory_limit,
            insecure,
            log,
            access,
            senders,
        } = self;
        let all = [
            ("otlp-grpc", otlp_grpc),
            ("otlp-http", otlp_http),
            ("listen", listen),
            ("views", views),
            ("kubeconfig", kubeconfig),
            ("pod", pod),
            ("protecting-namespaces", protecting_namespaces),
            ("tls-cert-file", tls_cert_file),
            ("tls-private-key-file", tls_private_key_file),
            ("catalog", catalog),
            ("traces-to", traces_to),
            ("trace-link", trace_link),
            ("state-dir", state_dir),
            ("translation-strategy", translation_strategy),
            ("scope-labels", scope_labels),
            ("ratio-suffix", ratio_suffix),
            ("instance-fallback", instance_fallback),
            ("promote-resource-attributes", promote_resource_attributes),
            ("expire-after", expire_after),
            ("max-body", max_body),
            ("max-series", max_series),
            ("connections-per-address", connections_per_address),
            ("kube-api-qps", kube_api_qps),
            ("kube-api-burst", kube_api_burst),
            ("memory-limit", memory_limit),
            ("insecure", insecure),
            ("log", log),
        ];
        let mut typed = given(&all);
        typed.extend(access.typed());
        typed.extend(senders.typed());
        typed.extend(tls.typed());
        typed
    }
}

impl TlsArgs {
    fn typed(&self) -> Typed {
        let Self {
            client_ca_file,
            tls_profile,
            tls_min_version,
            tls_cipher_suites,
            http2_disable,
            http2_max_concurrent_streams,
            http2_max_size,
            tls_reload_interval,
        } = self;
        given(&[
            ("client-ca-file", client_ca_file),
            ("tls-profile", tls_profile),
            ("tls-min-version", tls_min_version),
            ("tls-cipher-suites", tls_cipher_suites),
            ("http2-disable", http2_disable),
            ("http2-max-concurrent-streams", http2_max_concurrent_streams),
            ("http2-max-size", http2_max_size),
            ("tls-reload-interval", tls_reload_interval),
        ])
    }
}

impl WatchArgs {
    /// The flags that were given, `config` apart. The names are also the keys of the file.
    #[must_use]
    pub fn typed(&self) -> Typed {
        let Self {
            role: _,
            config: _,
            otlp,
            otlp_ca_file,
            otlp_server_name,
            otlp_token_file,
            opamp,
            plan_file,
            plan_cache,
            sync,
            kubeconfig,
            pod,
            node,
            all_nodes,
            legacy_metrics,
            read_secrets,
            scrape_mcc,
            scrape_mcd,
            scrape_ca_file,
            scrape_token_file,
            scrape_server_name,
            scrape_interval,
            interval,
            log,
        } = self;
        given(&[
            ("otlp", otlp),
            ("otlp-ca-file", otlp_ca_file),
            ("otlp-server-name", otlp_server_name),
            ("otlp-token-file", otlp_token_file),
            ("opamp", opamp),
            ("plan-file", plan_file),
            ("plan-cache", plan_cache),
            ("sync", sync),
            ("kubeconfig", kubeconfig),
            ("pod", pod),
            ("node", node),
            ("all-nodes", all_nodes),
            ("legacy-metrics", legacy_metrics),
            ("read-secrets", read_secrets),
            ("scrape-mcc", scrape_mcc),
            ("scrape-mcd", scrape_mcd),
            ("scrape-ca-file", scrape_ca_file),
            ("scrape-token-file", scrape_token_file),
            ("scrape-server-name", scrape_server_name),
            ("scrape-interval", scrape_interval),
            ("interval", interval),
            ("log", log),
        ])
    }
}

fn given(all: &[(&'static str, &Vec<String>)]) -> Typed {
    all.iter().filter(|(_, values)| !values.is_empty()).map(|(name, values)| (*name, (*values).clone())).collect()
}
