//! oauth-proxy: addresses and files map one to one; who may read becomes a file of rules; whatever was for people who log in
//! with a browser is said to be left out. Knows its flags; how ours are printed is decided elsewhere.

use super::{
    Plan, Request,
    args::{self, Arg},
    reviews::{self, Review},
    rights,
    rules::{self, FOLDER, KEY, Needs},
    scene::{Scene, value},
    serve::{self, Flag},
    tree::Told,
};
use crate::auth::access::{Resource, rules::SCRAPER};
use pointsman_core::fault::Place;

/// Flags that are ours by another name.
const MAPPED: [(&str, &str); 6] = [
    ("https-address", "secure-listen-address"),
    ("http-address", "insecure-listen-address"),
    ("tls-cert", "tls-cert-file"),
    ("tls-key", "tls-private-key-file"),
    ("tls-client-ca", "client-ca-file"),
    ("kubeconfig", "kubeconfig"),
];
/// Where it listens when nothing is said, with a certificate and without one.
const USUAL: [&str; 2] = [":8443", "127.0.0.1:4180"];
const REVIEWS: [&str; 2] = ["openshift-sar", "openshift-delegate-urls"];
const OPEN: [&str; 2] = ["skip-auth-regex", "bypass-auth-for"];
const LISTS: [&str; 7] =
    ["upstream", "upstream-ca", "openshift-ca", "email-domain", "skip-auth-regex", "bypass-auth-for", "bypass-auth-except-for"];
const SWITCHES: [&str; 16] = [
    "set-xauthrequest",
    "pass-basic-auth",
    "pass-user-headers",
    "pass-access-token",
    "pass-user-bearer-token",
    "pass-host-header",
    "skip-provider-button",
    "skip-auth-preflight",
    "ssl-insecure-skip-verify",
    "display-htpasswd-form",
    "proxy-websockets",
    "cookie-secure",
    "cookie-httponly",
    "request-logging",
    "version",
    "help",
];
const BROWSER: &str = "nobody logs in with a browser any more: whoever reads shows a token, or a certificate";
const PEOPLE: &str = "it said which people may log in with a browser; from now on they show a token, and the right alone decides";

fn is_list(name: &str) -> bool {
    LISTS.contains(&name)
}

fn is_switch(name: &str) -> bool {
    SWITCHES.contains(&name)
}

/// Why a flag is left out.
fn reason(name: &str) -> &'static str {
    match name {
        "upstream" => "pointsman serves the series itself: let the component push OTLP to it instead of being scraped behind it",
        "ssl-insecure-skip-verify" | "set-xauthrequest" | "proxy-websockets" | "signature-key" => {
            "there is no server behind pointsman"
        }
        _ if name.starts_with("upstream-") || name.starts_with("pass-") => "there is no server behind pointsman",
        _ if name.starts_with("cookie-") => "there are no cookies any more: the Secret that they were signed with may go",
        "openshift-ca" => "the trusted CA bundle was for logging in: the API server is reached with the CA of the pod's account",
        "openshift-group" | "email-domain" | "authenticated-emails-file" | "htpasswd-file" => PEOPLE,
        "openshift-sar-by-host" => {
            "it asked people who log in with a browser for other rights by the name of the host; the host decides nothing here"
        }
        "openshift-service-account" => {
            "it was the OAuth client; the account of the pod still needs `system:auth-delegator`, to ask whose a token is"
        }
        "redirect-url" => "nobody is redirected any more: the OAuth redirect annotation of the ServiceAccount may go, too",
        "provider"
        | "client-id"
        | "client-secret"
        | "client-secret-file"
        | "login-url"
        | "logout-url"
        | "redeem-url"
        | "profile-url"
        | "validate-url"
        | "scope"
        | "approval-prompt"
        | "skip-provider-button"
        | "custom-templates-dir"
        | "footer"
        | "proxy-prefix"
        | "display-htpasswd-form"
        | "basic-auth-password"
        | "openshift-review-url" => BROWSER,
        "bypass-auth-except-for" => {
            "it left all other paths open; from now on every path is asked about, unless --ignore-paths names it"
        }
        "skip-auth-preflight" => "a request of the method OPTIONS is asked who makes it, like any other",
        "config" => "what that file says is not read: give its settings as arguments, and convert again",
        "request-logging" => "pointsman logs to standard error; what, --log says",
        "debug-address" => "pointsman has no such port; /metrics/self tells how it is",
        "help" | "version" => "it is a question, not a setting",
        _ if name.starts_with("authentication-") || name.starts_with("authorization-") || name.starts_with("requestheader-") => {
            "how the API server is asked is decided by --kubeconfig and --kube-api-qps alone"
        }
        _ => "it is no flag of oauth-proxy that convert knows: look what it did",
    }
}

/// What `serve` is to be told.
pub(super) fn plan(request: &Request<'_>, scene: &Scene, told: &mut Told) -> Plan {
    let args = args::last_of(args::read(&scene.words, is_switch, told), is_list, told);
    let mut flags = addresses(&args, told);
    let (mut said, mut open) = (Vec::new(), Vec::new());
    for arg in &args {
        let name = arg.name.as_str();
        match MAPPED.iter().find(|(own, _)| *own == name) {
            Some((_, ours)) if !ours.ends_with("listen-address") && !arg.value().is_empty() => {
                let place = arg.place.clone();
                flags.extend(serve::known(ours).map(|name| Flag { name, value: arg.value().to_owned(), place }));
            }
            Some(_) => {}
            None if REVIEWS.contains(&name) => {}
            None if OPEN.contains(&name) => match literal(arg.value()) {
                Some(path) => open.push((path, arg.place.clone())),
                None => {
                    let why = format!(
                        "no pattern of paths means the same as `{}`: name the paths that stay open in --ignore-paths",
                        arg.value()
                    );
                    told.left_out(arg.place.clone(), &arg.flag(), &why);
                }
            },
            // Of a flag that is given several times one line is enough.
            None if said.contains(&name) => {}
            None => {
                told.left_out(arg.place.clone(), &arg.flag(), reason(name));
                said.push(name);
            }
        }
    }
    if let Some((_, place)) = open.first() {
        let paths: Vec<&str> = open.iter().map(|(path, _)| path.as_str()).collect();
        flags.push(Flag { name: "ignore-paths", value: paths.join(","), place: place.clone() });
    }
    let file = resource(request, scene, &args, told).map(|(resource, namespace)| rules::made(Some(&resource), &namespace));
    flags.push(Flag { name: "config-file", value: format!("{FOLDER}/{KEY}"), place: Place::Nowhere });
    Plan { flags, file }
}

/// Where it listens: pointsman has one read side, with TLS where there was a certificate.
fn addresses(args: &[Arg], told: &mut Told) -> Vec<Flag> {
    let of = |name: &str| args.iter().rev().find(|arg| arg.name == name);
    let (https, http) = (of("https-address"), of("http-address"));
    let has_tls = !value(args, "tls-cert").is_empty() && https.is_none_or(|arg| !arg.value().is_empty());
    let (ours, arg, usual) =
        if has_tls { ("secure-listen-address", https, USUAL[0]) } else { ("insecure-listen-address", http, USUAL[1]) };
    let other = if has_tls { http } else { https };
    if let Some(other) = other.filter(|other| !other.value().is_empty()) {
        let why = if has_tls { "the read side has one address, the one with TLS" } else { "there is no --tls-cert for it" };
        told.left_out(other.place.clone(), &other.flag(), why);
    }
    let value = arg.map(Arg::value).filter(|value| !value.is_empty()).unwrap_or(usual);
    let value = value.strip_prefix("http://").unwrap_or(value).to_owned();
    let place = arg.map(|arg| arg.place.clone()).unwrap_or_default();
    serve::known(ours).map(|name| Flag { name, value, place }).into_iter().collect()
}

/// The one path that a regular expression is for; `None` = it is for others, too.
fn literal(regex: &str) -> Option<String> {
    let inner = regex.strip_prefix('^')?.strip_suffix('$')?.replace("\\.", "\u{0}");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/-_\u{0}".contains(c);
    (inner.starts_with('/') && inner.chars().all(is_plain)).then(|| inner.replace('\u{0}', "."))
}

/// What readers are to be asked for, and the namespace that it is about.
fn resource(request: &Request<'_>, scene: &Scene, args: &[Arg], told: &mut Told) -> Option<(Resource, String)> {
    let before = told.mistakes.len();
    let old = old(args, told);
    let namespace = namespace(request, scene, old.as_ref().map(|(review, _)| review));
    if told.mistakes.len() > before {
        return None;
    }
    match (old, namespace) {
        (Some((old, place)), namespace) if request.equal => {
            verb(&old, &place, told);
            Some((old.resource, namespace.unwrap_or_default()))
        }
        (None, _) if request.equal => {
            let why = "there is no right to keep: neither --openshift-sar nor --openshift-delegate-urls is among the arguments";
            told.wrong(Place::Nowhere, "with --equal", why, "leave out --equal");
            None
        }
        (_, None) => {
            let why = "no namespace is named in what was read, and the right to read is one of a namespace";
            told.wrong(Place::Nowhere, "this", why, "name it with --namespace");
            None
        }
        (old, Some(namespace)) => {
            let [api_version, resource, subresource] = ["v1", "namespace", "metrics"].map(str::to_owned);
            let resource = Resource { namespace: namespace.clone(), api_version, resource, subresource, ..Resource::default() };
            match old {
                Some((old, place)) => narrowed(scene, (&old, &place), &resource, told),
                None => {
                    let why = "whoever could log in could read; from now on it takes a right";
                    told.left_out(Place::Nowhere, "every user of the cluster", why);
                }
            }
            Some((resource, namespace))
        }
    }
}

/// The namespace of what is read.
fn namespace(request: &Request<'_>, scene: &Scene, old: Option<&Review>) -> Option<String> {
    let of_workload = scene.workload.as_ref().map(|workload| workload.object.namespace.clone());
    let of_others = [scene.service(), scene.monitor()].into_iter().flatten().map(|object| object.namespace.clone());
    let of_old = old.map(|review| review.resource.namespace.clone());
    let all = request.namespace.map(str::to_owned).into_iter().chain(of_workload).chain(of_others).chain(of_old);
    all.into_iter().find(|name| !name.is_empty())
}

/// Who read with the old right needs the new one.
fn narrowed(scene: &Scene, (old, place): (&Review, &Place), new: &Resource, told: &mut Told) {
    if old.resource == *new {
        verb(old, place, told);
        return;
    }
    let scraper = SCRAPER.replace(':', "/");
    let scraper = scraper.strip_prefix("system/serviceaccount/").unwrap_or(&scraper).to_owned();
    let had = rights::who_has(scene, &old.verb, &Needs::Resource(old.resource.clone()));
    let others: Vec<String> = had.into_iter().filter(|who| !who.ends_with(&scraper)).collect();
    let others = if others.is_empty() {
        "look who else has the old right".to_owned()
    } else {
        format!("bind these, too, if they read here: {}", others.join(", "))
    };
    let why = format!(
        "readers need Role {} from now on (`get namespace/metrics` in {}), which is bound to {scraper} alone; {others}",
        rights::NAME,
        new.namespace
    );
    told.left_out(place.clone(), &old.words(), &why);
}

/// The verb was the same for every request; now the method says it, and only GET and HEAD are served.
fn verb(old: &Review, place: &Place, told: &mut Told) {
    if old.verb != "get" {
        let said = if old.verb.is_empty() { "no verb" } else { &old.verb };
        let why = format!(
            "{said} was asked for whatever the method; from now on the method says the verb, and reading is `get`: grant that"
        );
        told.left_out(place.clone(), "verb", &why);
    }
}

/// The right that a token needed to scrape, else the one that people needed; and what of both is not kept.
fn old(args: &[Arg], told: &mut Told) -> Option<(Review, Place)> {
    let given = |name: &str| args.iter().rev().find(|arg| arg.name == name && !arg.value().is_empty());
    let [sar, delegate] = REVIEWS.map(given);
    let people = sar.map(|arg| (reviews::of_people(arg, told), arg));
    let tokens = delegate.map(|arg| (reviews::of_tokens(arg, told), arg));
    let chosen = tokens.as_ref().and_then(|(all, arg)| delegated(all, arg, told));
    if let Some((all, arg)) = &people {
        for more in all.iter().skip(1) {
            let why = format!("{} asked for several rights at once; one is asked for here", arg.flag());
            told.left_out(arg.place.clone(), &more.words(), &why);
        }
        let what = match (all.first(), &chosen) {
            (Some(first), Some((delegated, _))) if first != delegated => {
                format!(" They needed `{}`, tokens need `{}`.", first.words(), delegated.words())
            }
            _ => String::new(),
        };
        let why =
            format!("it let people in who log in with a browser; from now on they show a token, like everybody else.{what}");
        told.left_out(arg.place.clone(), &arg.flag(), why.trim_end_matches('.'));
        if delegate.is_none() {
            let why = "tokens were not taken at all without it; from now on whoever has the right may read with one";
            told.left_out(arg.place.clone(), "--openshift-delegate-urls", why);
        }
    }
    chosen.or_else(|| people.and_then(|(all, arg)| all.into_iter().next().map(|review| (review, arg.place.clone()))))
}

/// Of the map of prefixes the entry for `/metrics`: the same is asked for on every path from now on.
fn delegated(all: &[(String, Review)], arg: &Arg, told: &mut Told) -> Option<(Review, Place)> {
    if all.is_empty() {
        return None;
    }
    if !all.iter().any(|(prefix, _)| prefix == "/" || prefix.is_empty()) {
        let why = "it has no entry for `/`: on a path that none of its prefixes begins no token was looked at; from now on every \
                   path is asked about";
        told.left_out(arg.place.clone(), &arg.flag(), why);
    }
    let chosen = all.iter().find(|(prefix, _)| "/metrics".starts_with(prefix.as_str()));
    let Some((_, review)) = chosen else {
        let why = "none of its prefixes begins /metrics, so no token could read it; from now on whoever has the right may";
        told.left_out(arg.place.clone(), &arg.flag(), why);
        return None;
    };
    for (prefix, other) in all.iter().filter(|(_, other)| other != review) {
        let why = format!(
            "one right is asked for on every path, the one of /metrics: `{}`; `{}` was asked for there",
            review.words(),
            other.words()
        );
        told.left_out(arg.place.clone(), &format!("{} {prefix}", arg.flag()), &why);
    }
    Some((review.clone(), arg.place.clone()))
}
