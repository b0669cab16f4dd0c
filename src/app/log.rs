//! The log goes to stderr: text for people, JSON for machines. Names that strangers chose stand in it, and command nothing.
//! Knows what a line looks like, not what is logged.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal, Write},
};
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

/// Starts it, with a filter that was checked. The client of the API server logs each request that fails as an error; whoever asked
/// says so once, so it is heard only where the filter names it.
pub(super) fn start(filter: &str) {
    let quiet = if filter.contains("kube_client") { filter.to_owned() } else { format!("{filter},kube_client=off") };
    let filter = EnvFilter::try_new(quiet).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter);
    let set = if io::stderr().is_terminal() {
        // This form escapes what commands a terminal by itself.
        builder.with_writer(io::stderr).with_target(false).try_init()
    } else {
        builder.with_writer(Escaped).json().flatten_event(true).with_current_span(false).try_init()
    };
    if let Err(error) = set {
        tracing::debug!(%error, "logs were set up before");
    }
}

/// Stderr for lines of JSON. JSON leaves U+007F to U+009F as they are, some of which command a terminal that shows the log.
struct Escaped;

impl<'a> MakeWriter<'a> for Escaped {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}

impl Write for Escaped {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        io::stderr().lock().write_all(escaped(&String::from_utf8_lossy(line)).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// The same JSON: these characters stand only within its texts.
fn escaped(json: &str) -> String {
    json.chars().fold(String::with_capacity(json.len()), |mut out, c| {
        if ('\u{7f}'..='\u{9f}').contains(&c) {
            // A String takes all text.
            write!(out, "\\u{:04x}", u32::from(c)).ok();
        } else {
            out.push(c);
        }
        out
    })
}
