//! kube-rbac-proxy: most of its flags are ours by the same names; the others are said to be left out, and why.
//! Knows its flags; how they are printed is decided elsewhere.

use super::{
    Plan, Request,
    args::{self, Arg},
    rules::{self, FOLDER, KEY, Needs},
    scene::{Scene, value},
    serve::{self, Flag},
    tree::Told,
};
use crate::config::place::WITHOUT_EFFECT;

/// Flags that are ours, too.
const KEPT: [&str; 19] = [
    "allow-paths",
    "auth-token-audiences",
    "client-ca-file",
    "config-file",
    "http2-disable",
    "http2-max-concurrent-streams",
    "http2-max-size",
    "ignore-paths",
    "insecure-listen-address",
    "kube-api-burst",
    "kube-api-qps",
    "kubeconfig",
    "proxy-endpoints-port",
    "secure-listen-address",
    "tls-cert-file",
    "tls-cipher-suites",
    "tls-min-version",
    "tls-private-key-file",
    "tls-reload-interval",
];
const LISTS: [&str; 4] = ["allow-paths", "ignore-paths", "auth-token-audiences", "tls-cipher-suites"];
const SWITCHES: [&str; 8] = [
    "http2-disable",
    "logtostderr",
    "alsologtostderr",
    "add-dir-header",
    "one-output",
    "skip-headers",
    "skip-log-headers",
    "upstream-force-h2c",
];
fn is_list(name: &str) -> bool {
    LISTS.contains(&name)
}

fn is_switch(name: &str) -> bool {
    let name = name.replace('_', "-");
    SWITCHES.contains(&name.as_str()) || name == "auth-header-fields-enabled"
}

/// Why a flag is left out.
fn reason(name: &str) -> &'static str {
    match name {
        "upstream" => "pointsman serves the series itself: let the component push OTLP to it instead of being scraped behind it",
        _ if name.starts_with("upstream-") => "pointsman serves the series itself",
        _ if name.starts_with("auth-header-") => "there is no server behind pointsman that would have to be told who reads",
        _ if name.starts_with("oidc-") => {
            "another authenticator would decide who gets in, and `serve` refuses it: the API server says whose a token is"
        }
        // All others of that list are about logs.
        _ if WITHOUT_EFFECT.contains(&name) => "pointsman logs to standard error; what, --log says",
        "help" | "version" => "it is a question, not a setting",
        _ => "it is no flag of kube-rbac-proxy that convert knows: look what it did",
    }
}

/// What `serve` is to be told.
pub(super) fn plan(request: &Request<'_>, scene: &Scene, told: &mut Told) -> Plan {
    let args: Vec<Arg> = args::read(&scene.words, is_switch, told);
    let args: Vec<Arg> = args.into_iter().map(|arg| Arg { name: arg.name.replace('_', "-"), ..arg }).collect();
    let args = args::last_of(args, is_list, told);
    let mut flags = Vec::new();
    for arg in &args {
        match KEPT.into_iter().find(|name| *name == arg.name).and_then(serve::known) {
            None => told.left_out(arg.place.clone(), &arg.flag(), reason(&arg.name)),
            // Go takes an empty text for a flag that was not given.
            Some(_) if arg.value().is_empty() => {}
            Some("insecure-listen-address") if !value(&args, "secure-listen-address").is_empty() => {
                let why = "the read side has one address, and --secure-listen-address is it";
                told.left_out(arg.place.clone(), &arg.flag(), why);
            }
            Some(name) => flags.extend(flag(name, arg, told)),
        }
    }
    if !flags.iter().any(|flag: &Flag| flag.name.ends_with("listen-address")) && !args.is_empty() {
        let place = args.first().map(|arg| arg.place.clone()).unwrap_or_default();
        told.wrong(place, "this", "no address to listen on is among the arguments", "add --secure-listen-address");
    }
    let file = match flags.iter().find(|flag| flag.name == "config-file") {
        Some(flag) => rules::find(scene, flag, told),
        None => {
            let namespace = scene.workload.as_ref().map(|workload| workload.object.namespace.as_str()).unwrap_or_default();
            let (value, place) = (format!("{FOLDER}/{KEY}"), Default::default());
            flags.push(Flag { name: "config-file", value, place });
            Some(rules::made(None, request.namespace.unwrap_or(namespace)))
        }
    };
    if let Some(Needs::EachValue(resource)) = file.as_ref().map(|file| Needs::of(&file.rules)) {
        let place = flags.iter().find(|flag| flag.name == "config-file").map(|flag| flag.place.clone()).unwrap_or_default();
        let why = format!(
            "what is asked for depends on each request: readers keep `get {}` where they have it",
            rules::full(&resource)
        );
        told.left_out(place, "Role", &why);
    }
    Plan { flags, file }
}

/// The flag as ours.
fn flag(name: &'static str, arg: &Arg, told: &mut Told) -> Option<Flag> {
    let mut value = arg.value().to_owned();
    if name == "kube-api-qps" || name == "kube-api-burst" {
        let number = value.parse::<f64>().ok().filter(|number| number.is_finite());
        match number {
            Some(number) if number <= 0.0 => {
                told.left_out(
                    arg.place.clone(),
                    &arg.flag(),
                    "without a number above 0 pointsman asks as often as it usually may",
                );
                return None;
            }
            Some(number) if number.fract() != 0.0 => {
                let whole = number.trunc().max(1.0).to_string();
                let why = format!("it is a whole number here: {whole}");
                told.left_out(arg.place.clone(), &format!("{}={value}", arg.flag()), &why);
                value = whole;
            }
            _ => {}
        }
    }
    Some(Flag { name, value, place: arg.place.clone() })
}
