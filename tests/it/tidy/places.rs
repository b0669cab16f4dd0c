//! Time, tasks and chance come from one place each; everything else is handed them. `instrument` is what strangers depend
//! on, and makes ids of spans itself. Tests may help themselves.

use super::{
    Breach, Rule,
    directions::{Seen, paths},
    tree::Source,
};

struct Place {
    rule: Rule,
    files: &'static [&'static str],
    /// Ends of paths.
    calls: &'static [&'static str],
    todo: &'static str,
}

const PLACES: [Place; 3] = [
    Place {
        rule: Rule::Clock,
        // A plan's parts end by the clock of the runtime's timers too, which no caller of the library has to hand over.
        files: &["src/app/clock.rs", "src/instrument/opamp/client.rs"],
        calls: &["Instant::now", "SystemTime::now", "SystemTime::elapsed", "Instant::elapsed"],
        todo: "take `now` as an argument; only app/clock.rs reads time",
    },
    Place {
        rule: Rule::Spawn,
        // A library has nobody to hand a file that may hang to: it is read aside, and waited for.
        files: &["src/app/tasks.rs", "src/instrument/opamp/files.rs"],
        calls: &[
            "tokio::spawn",
            "task::spawn",
            "spawn_blocking",
            "spawn_local",
            "thread::spawn",
            "thread::Builder",
            "Handle::spawn",
        ],
        todo: "return the future, or hand it to app/tasks.rs, which owns every task and waits for it",
    },
    Place {
        rule: Rule::Randomness,
        files: &["src/app/surroundings.rs", "src/instrument/chance.rs"],
        calls: &["getrandom", "rand", "fastrand", "RandomState::new", "RandomState::default"],
        todo: "take a seed or a random number as an argument; only app/surroundings.rs makes them",
    },
];

pub(super) fn check(source: &Source) -> Vec<Breach> {
    if source.is_test {
        return Vec::new();
    }
    let seen = paths(source);
    let mut breaches = Vec::new();
    for Place { rule, files, calls, todo } in PLACES {
        let elsewhere = !files.contains(&source.path.as_str());
        let hits = seen.iter().filter(|seen| elsewhere && calls.iter().any(|call| reaches(seen, call)));
        breaches.extend(hits.map(|seen| source.breach(seen.line, rule, todo)));
    }
    breaches
}

/// Whether the path ends in this call, or begins with this crate.
fn reaches(seen: &Seen, call: &str) -> bool {
    let call: Vec<&str> = call.split("::").collect();
    let path: Vec<&str> = seen.path.iter().map(String::as_str).collect();
    path.ends_with(&call) || (call.len() == 1 && path.first() == call.first())
}
