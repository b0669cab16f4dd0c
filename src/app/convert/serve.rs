//! The flags of `pointsman serve` that are printed, read as `serve` itself reads them: a mistake shows now, not in the pod.
//! Knows no proxy.

use super::tree::Told;
use crate::{
    auth::{
        access::paths::Glob,
        tls::profile::{Asked, Mistake, Profile},
    },
    config::{
        Config, Given, KEYS, Value,
        place::CommandLine,
        values::{List, Listen},
    },
};
use pointsman_core::fault::{Fault, Place, code::Code};
use std::collections::BTreeMap;

/// A flag of `serve`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Flag {
    /// Without its dashes.
    pub(super) name: &'static str,
    /// Its value.
    pub(super) value: String,
    /// Where what it comes from stands.
    pub(super) place: Place,
}

impl Flag {
    /// As an argument.
    pub(super) fn word(&self) -> String {
        format!("--{}={}", self.name, self.value)
    }

    /// Whether something else fills its value in: Kubernetes a variable, whoever renders the manifest a template.
    pub(super) fn is_filled_in(&self) -> bool {
        self.value.contains("$(") || self.value.contains("{{")
    }
}

/// The flag of a name that `serve` has.
pub(super) fn known(name: &str) -> Option<&'static str> {
    KEYS.into_iter().find(|key| *key == name)
}

/// Whether plain text on this address must be allowed. An address that is not known yet may be any.
pub(super) fn is_open(address: &str) -> bool {
    Listen::read(address).ok().is_none_or(|Listen(address)| !address.ip().is_loopback())
}

/// Says what `serve` would refuse, at the flag that it comes from.
pub(super) fn check(flags: &[Flag], told: &mut Told) {
    let sample = |flag: &Flag| {
        let is_address = flag.name.ends_with("listen-address");
        match (flag.is_filled_in(), is_address) {
            (false, _) => Some(flag.clone()),
            // Which address it is decides nothing here, that there is one does.
            (true, true) => Some(Flag { value: "127.0.0.1:1".to_owned(), ..flag.clone() }),
            (true, false) if flag.name.ends_with("-file") => Some(flag.clone()),
            (true, false) => None,
        }
    };
    let flags: Vec<Flag> = flags.iter().filter_map(sample).collect();
    let mut typed: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for flag in &flags {
        typed.entry(flag.name).or_default().push(flag.value.clone());
    }
    let begin = ["pointsman".to_owned(), "serve".to_owned()];
    let args: Vec<String> = begin.into_iter().chain(flags.iter().map(Flag::word)).collect();
    let given = Given {
        flags: typed,
        command_line: CommandLine { args: args.clone(), unknown: Vec::new() },
        env: BTreeMap::new(),
        file: None,
        cgroup_bytes: None,
        program_bytes: 0,
        // What is printed runs in one.
        in_pod: true,
    };
    for mut fault in Config::read(&given).err().unwrap_or_default() {
        if let Some(flag) = flag_at(&args, &flags, &fault.place) {
            fault.place = flag.place.clone();
        }
        told.mistakes.push(fault);
    }
    patterns(&flags, told);
    names(&flags, told);
}

/// The flag that a place on the command line is in.
fn flag_at<'f>(args: &[String], flags: &'f [Flag], place: &Place) -> Option<&'f Flag> {
    let Place::Text { column, .. } = place else { return None };
    let column = usize::try_from(*column).unwrap_or(usize::MAX);
    let mut end = 0usize;
    for (i, arg) in args.iter().enumerate() {
        end = end.saturating_add(arg.chars().count()).saturating_add(1);
        if column <= end {
            return i.checked_sub(2).and_then(|i| flags.get(i));
        }
    }
    None
}

fn patterns(flags: &[Flag], told: &mut Told) {
    for flag in flags.iter().filter(|flag| ["allow-paths", "ignore-paths"].contains(&flag.name)) {
        let all = List::read(&flag.value).map(|List(all)| all).unwrap_or_default();
        for pattern in all.iter().filter(|pattern| Glob::read(pattern).is_none()) {
            let (from, what) = (format!("--{}", flag.name), format!("`{pattern}` is no pattern of paths"));
            let fault = Fault::new(Code::BadSetting, flag.place.clone(), &[flag.name, &from, &what]);
            told.mistakes.push(fault.with_hint("write it like /api/*/views"));
        }
    }
}

/// Versions and suites of TLS: what nobody knows is a mistake, what is not served is said to be left out.
fn names(flags: &[Flag], told: &mut Told) {
    let of = |name: &str| flags.iter().find(|flag| flag.name == name);
    let (version, suites) = (of("tls-min-version"), of("tls-cipher-suites"));
    let listed = suites.and_then(|flag| List::read(&flag.value).ok()).map(|List(all)| all);
    let asked = Asked { profile: None, min_version: version.map(|flag| flag.value.as_str()), suites: listed.as_deref() };
    let place = |flag: Option<&Flag>| flag.map(|flag| flag.place.clone()).unwrap_or_default();
    match Profile::of(asked) {
        Ok(profile) => {
            for name in profile.left_out() {
                let flag = if name.starts_with("VersionTLS") { version } else { suites };
                told.left_out(place(flag), name, "pointsman does not serve it; the flag stays, and the rest of it is served");
            }
        }
        Err(mistakes) => {
            for mistake in mistakes {
                let (flag, why) = match mistake {
                    Mistake::Version(name) => (version, format!("nobody knows the version {name}")),
                    Mistake::Suite(name) => (suites, format!("nobody knows the suite {name}")),
                    _ => (suites, "no suite of it is served".to_owned()),
                };
                let name = flag.map_or("tls-cipher-suites", |flag| flag.name);
                let fault = Fault::new(Code::BadSetting, place(flag), &[name, &format!("--{name}"), &why]);
                let like = if name == "tls-min-version" { "VersionTLS12" } else { "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" };
                told.mistakes.push(fault.with_hint(format!("use the names of Go, like {like}")));
            }
        }
    }
}
