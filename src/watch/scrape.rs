//! What the operator's own endpoints say in the Prometheus text format 0.0.4: the few families that are read, strictly and
//! within bounds; lines of others are passed over. Knows no server: who fetches hands in the body, or why there is none.

use crate::limits::{self, SCRAPE_LABEL_BYTES_MAX, SCRAPE_LABELS_MAX, SCRAPE_LINES_MAX, SCRAPE_SAMPLES_MAX};

/// Where kube-rbac-proxy listens, before controller and daemons alike.
pub const PORT: u16 = 9_001;
/// The path.
pub const PATH: &str = "/metrics";
/// The name in the certificate of every daemon's endpoint.
pub const DAEMON_NAME: &str = "machine-config-daemon.openshift-machine-config-operator.svc";
/// The name of the controller's endpoint, and in its certificate.
pub const CONTROLLER_NAME: &str = "machine-config-controller.openshift-machine-config-operator.svc";

/// Whose endpoint it is.
///
/// Who fetches needs: for the daemons `Daemon::scrape_targets`, port [`PORT`] and [`PATH`], HTTPS with the name [`DAEMON_NAME`]
/// whatever the address, a bearer token whose owner may `get` `namespace/metrics` in the operator's namespace, the service CA
/// (a ConfigMap into which OpenShift injects it), and a cap of [`limits::SCRAPE_BYTES_MAX`] on the body. For the controller
/// [`CONTROLLER_NAME`] is address and name. Every answer goes to `Watch::take_scrape`, failures too: they are readings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// The controller's: the one that leads.
    Controller,
    /// The daemon's on this node.
    Node(Box<str>),
}

/// Why there is nothing to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScrapeFailure {
    /// No answer, or none over TLS that can be trusted.
    Away,
    /// The token does not open it.
    Forbidden,
    /// Another status than 200.
    Refused,
    /// Longer than [`limits::SCRAPE_BYTES_MAX`], or of too many lines.
    TooLarge,
    /// It is not in the text format.
    NotText,
}

/// A family that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// `mcc_sub_controller_state`: when each sub-controller last succeeded.
    SubControllerState,
    /// `mcd_kubelet_state`: health checks of the kubelet that failed in a row.
    KubeletState,
    /// `mcd_local_unsupported_packages`: packages layered onto the node.
    UnsupportedPackages,
    /// `mcd_pivot_errors_total`: a gauge: OS updates that failed since the last good one.
    PivotErrors,
    /// `mcd_reboots_failed_total`: reboots that could not be begun, since the daemon began.
    RebootsFailed,
}

/// Names and values of labels.
pub type Labels = Vec<(Box<str>, Box<str>)>;

/// A sample, with the labels that it came with.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its family.
    pub family: Family,
    /// Names and values, in order.
    pub labels: Labels,
    /// Finite, and never below 0.
    pub value: f64,
}

/// What a body holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scraped {
    /// The samples of families that are read.
    pub samples: Vec<Sample>,
    /// Lines of these families that say nothing that can be used, and samples beyond [`SCRAPE_SAMPLES_MAX`].
    pub flaws: u64,
}

impl Family {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "mcc_sub_controller_state" => Self::SubControllerState,
            "mcd_kubelet_state" => Self::KubeletState,
            "mcd_local_unsupported_packages" => Self::UnsupportedPackages,
            "mcd_pivot_errors_total" => Self::PivotErrors,
            "mcd_reboots_failed_total" => Self::RebootsFailed,
            _ => return None,
        })
    }
}

impl Sample {
    /// The value of a label; empty: it has none of that name.
    #[must_use]
    pub fn label(&self, name: &str) -> &str {
        self.labels.iter().find(|(known, _)| **known == *name).map_or("", |(_, value)| value)
    }
}

/// Reads a body.
///
/// # Errors
/// It is too large, or some line is none of the format: then it is a page of somebody else's.
pub fn read(body: &str) -> Result<Scraped, ScrapeFailure> {
    if body.len() > limits::SCRAPE_BYTES_MAX {
        return Err(ScrapeFailure::TooLarge);
    }
    let mut scraped = Scraped::default();
    for (number, line) in body.lines().enumerate() {
        if number >= SCRAPE_LINES_MAX {
            return Err(ScrapeFailure::TooLarge);
        }
        let line = line.trim_matches([' ', '\t']);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, rest) = name_of(line, true).ok_or(ScrapeFailure::NotText)?;
        if !rest.starts_with(['{', ' ', '\t']) {
            return Err(ScrapeFailure::NotText);
        }
        let Some(family) = Family::of(name) else { continue };
        match sample(family, rest) {
            Some(sample) if scraped.samples.len() < SCRAPE_SAMPLES_MAX => scraped.samples.push(sample),
            _ => scraped.flaws += 1,
        }
    }
    Ok(scraped)
}

/// Labels, value, and a time that nobody needs.
fn sample(family: Family, rest: &str) -> Option<Sample> {
    let (labels, rest) = labels(rest.trim_start_matches([' ', '\t']))?;
    let mut words = rest.split_ascii_whitespace();
    let value: f64 = words.next()?.parse().ok()?;
    let is_time = |word: &str| word.parse::<i64>().is_ok();
    if !words.next().is_none_or(is_time) || words.next().is_some() {
        return None;
    }
    (value.is_finite() && value >= 0.0).then_some(Sample { family, labels, value })
}

/// A list of labels, and what comes after the space behind it.
fn labels(text: &str) -> Option<(Labels, &str)> {
    let mut labels: Labels = Vec::new();
    let Some(mut rest) = text.strip_prefix('{') else { return Some((labels, text)) };
    loop {
        rest = rest.trim_start_matches([' ', '\t']);
        if let Some(rest) = rest.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, after) = name_of(rest, false)?;
        let after = after.trim_start_matches([' ', '\t']).strip_prefix('=')?.trim_start_matches([' ', '\t']);
        let (value, after) = quoted(after.strip_prefix('"')?)?;
        let is_new = labels.iter().all(|(known, _)| **known != *name);
        if !is_new || labels.len() >= SCRAPE_LABELS_MAX || name.len() > SCRAPE_LABEL_BYTES_MAX {
            return None;
        }
        labels.push((name.into(), value.into()));
        rest = after.trim_start_matches([' ', '\t']);
        // A comma may stand after the last one too.
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None if rest.starts_with('}') => {}
            None => return None,
        }
    }
}

/// A text up to the quote that ends it, without its escapes.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                escaped @ ('\\' | '"') => value.push(escaped),
                _ => return None,
            },
            _ => value.push(char),
        }
        if value.len() > SCRAPE_LABEL_BYTES_MAX {
            return None;
        }
    }
    None
}

/// A name at the beginning, of a metric or of a label, and what comes after it.
fn name_of(text: &str, is_metric: bool) -> Option<(&str, &str)> {
    let is_part = |char: char| char.is_ascii_alphanumeric() || char == '_' || (is_metric && char == ':');
    let end = text.find(|char| !is_part(char)).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end)?;
    (!name.is_empty() && !name.starts_with(|char: char| char.is_ascii_digit())).then_some((name, rest))
}

#[cfg(test)]
mod tests;
