//! What needs somebody, and what changed: made of what the other answers say, for the first page and its JSON twin.
//! Decides nothing: every line leads to the page where it comes from.

use super::{
    Sources,
    model::{
        Overview,
        objects::{Component, View},
        screens::Fleet,
    },
};
use pointsman_core::{
    model::clock::Wall,
    view::{time::parse_time, verdict::words},
};
use serde::Serialize;
use std::time::Duration;

/// Lines of each sort at most: the list they come from is one step away.
const LINES_MAX: usize = 20;
/// Changes are told for so long.
const CHANGES_FOR: Duration = Duration::from_secs(24 * 3600);
/// An end is told so long before.
const END_SOON: Duration = Duration::from_secs(3600);
/// And that of a certificate.
const CERTIFICATE_END_SOON: Duration = Duration::from_secs(7 * 24 * 3600);

/// The whole in a few numbers, with what needs somebody and what changed.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Front {
    /// The numbers.
    #[serde(flatten)]
    pub numbers: Overview,
    /// What needs somebody, the worst first: at most 20.
    pub attention: Vec<Attention>,
    /// How many more need somebody.
    pub attention_more: usize,
    /// What was decided in the last 24 hours, the newest first: at most 20.
    pub changes: Vec<Change>,
}

/// Something that needs somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attention {
    /// How bad it is.
    pub severity: Severity,
    /// What it is.
    pub text: String,
    /// The page that says more.
    pub link: String,
}

/// How bad something is, the worst first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Something is lost or refused.
    Error,
    /// Something will be, or is not as it should be.
    #[default]
    Warning,
    /// Good to know.
    Info,
}

/// A decision that changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// When, RFC 3339.
    pub at: String,
    /// The view's namespace, `-` for none, and its name.
    pub view: String,
    /// What changed, in words.
    pub text: String,
    /// The page of the view.
    pub link: String,
}

/// Gathers it.
#[must_use]
pub fn front(sources: &Sources, components: &[Component]) -> Front {
    let (now, views) = ((sources.now)(), (sources.views)());
    let mut all: Vec<Attention> = Vec::new();
    of_components(components, &mut all);
    of_views(&views, now, &mut all);
    of_fleet(&(sources.fleet)(), &mut all);
    of_the_rest(sources, now, &mut all);
    all.sort();
    all.dedup();
    let attention_more = all.len().saturating_sub(LINES_MAX);
    all.truncate(LINES_MAX);
    Front { numbers: (sources.overview)(), attention: all, attention_more, changes: changes(&views, now) }
}

fn of_components(components: &[Component], all: &mut Vec<Attention>) {
    for component in components {
        let Component { namespace, name, .. } = component;
        let link = link(&["components", namespace, name]);
        if component.state == "Silent" {
            let text = format!("component {namespace}/{name} is silent: its last push was at {}", component.last_push);
            all.push(Attention { severity: Severity::Warning, text, link: link.clone() });
        }
        let failed = component.sync.as_ref().map_or(0, |sync| sync.failed);
        if failed > 0 {
            let text = format!("component {namespace}/{name}: {failed} instance{} refused the plan", words::plural(failed));
            all.push(Attention { severity: Severity::Error, text, link });
        }
    }
}

fn of_views(views: &[View], now: Wall, all: &mut Vec<Attention>) {
    for view in views {
        let title = title(view);
        let link = link_of(view);
        let mut tell = |severity, text: String| all.push(Attention { severity, text, link: link.clone() });
        if !view.accepted {
            let rest = if view.kept_last_good { "its last good version is in force" } else { "nothing of it is in force" };
            tell(Severity::Error, format!("view {title} has mistakes: {rest}"));
        }
        let conditions = view.status.iter().flat_map(|status| &status.conditions);
        for condition in conditions.filter(|condition| condition.is_true()) {
            match condition.kind.as_str() {
                "Conflicted" => tell(Severity::Warning, format!("view {title} and another of its tier decide the same")),
                "Protected" => {
                    tell(Severity::Warning, format!("view {title} takes what somebody reads, or is held back from it"))
                }
                "LimitExceeded" => tell(Severity::Warning, format!("view {title} is at its limits")),
                _ => {}
            }
        }
        let ends = view.expires_at.as_deref().and_then(parse_time).filter(|at| *at > now);
        if let Some(at) = ends.filter(|at| words::between(now, *at) < END_SOON) {
            tell(Severity::Info, format!("view {title} ends in {}", words::age(words::between(now, at))));
        }
    }
}

fn of_fleet(fleet: &Fleet, all: &mut Vec<Attention>) {
    for pool in fleet.pools.iter().filter(|pool| !pool.stalled.is_empty()) {
        let text = format!("pool {} stands still: {}", pool.name, pool.stalled.join(", "));
        all.push(Attention { severity: Severity::Error, text, link: link(&["fleet"]) });
    }
    let seconds = |seconds: f64| words::age(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
    for node in fleet.nodes.iter().filter(|node| node.attention) {
        let mut said = vec![format!("node {} is {}", node.name, node.state)];
        if let Some((phase, age)) = node.phases.last().and_then(|phase| Some((phase, phase.seconds?))) {
            let usual = phase.usual_seconds.map_or_else(String::new, |usual| format!(" (usual {})", seconds(usual)));
            said.push(format!("in {} for {}{usual}", phase.name, seconds(age)));
        }
        said.extend(node.why.iter().cloned());
        let text = said.join(", ");
        all.push(Attention { severity: Severity::Warning, text, link: "/fleet?state=attention".to_owned() });
    }
}

fn of_the_rest(sources: &Sources, now: Wall, all: &mut Vec<Attention>) {
    let mut tell = |severity, text: String, to: &str| all.push(Attention { severity, text, link: to.to_owned() });
    let (health, flow, traces) = ((sources.health)(), (sources.flow)(), (sources.traces)());
    for backend in traces.backends.iter().filter(|backend| backend.failing) {
        tell(Severity::Error, format!("traces do not reach {}", backend.url), "/traces");
    }
    for (limit, hits) in health.limits.iter().filter(|(_, hits)| **hits > 0) {
        tell(Severity::Warning, format!("the limit {limit} has bitten {} times", words::whole(*hits)), "/health");
    }
    for (metric, points) in flow.limited.iter().filter(|(_, points)| **points > 0) {
        let text = format!("{metric}: {} points went to the overflow series", words::whole(*points));
        tell(Severity::Warning, text, &link(&["catalog", metric]));
    }
    if !flow.conflicts.is_empty() {
        tell(Severity::Warning, format!("{} metrics want the name of another", flow.conflicts.len()), "/flow");
    }
    for listener in &health.insecure_listeners {
        tell(Severity::Info, format!("{listener} listens without TLS where other hosts can reach it"), "/health");
    }
    let ends = health.certificate_expires_at.as_deref().and_then(parse_time);
    if let Some(at) = ends.filter(|at| *at <= now || words::between(now, *at) < CERTIFICATE_END_SOON) {
        let left = words::age(words::between(now, at));
        let text = if at <= now { "the certificate has ended".to_owned() } else { format!("the certificate ends in {left}") };
        tell(Severity::Error, text, "/health");
    }
    for fault in (sources.faults)().iter().filter(|fault| fault["severity"] == "error") {
        let text = |key: &str| fault[key].as_str().unwrap_or_default();
        tell(Severity::Error, format!("{} {}", text("code"), text("message")), &format!("/errors/{}", text("code")));
    }
}

fn changes(views: &[View], now: Wall) -> Vec<Change> {
    let mut all = Vec::new();
    for view in views {
        for past in view.status.iter().flat_map(|status| &status.history) {
            if parse_time(&past.at).is_some_and(|at| words::between(at, now) < CHANGES_FOR) {
                let text = if past.message.is_empty() { past.reason.clone() } else { past.message.clone() };
                all.push(Change { at: past.at.clone(), view: title(view), text, link: link_of(view) });
            }
        }
    }
    all.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.view.cmp(&b.view)));
    all.truncate(LINES_MAX);
    all
}

/// The namespace, `-` for none, and the name.
pub(super) fn title(view: &View) -> String {
    let namespace = if view.namespace.is_empty() { "-" } else { &view.namespace };
    format!("{namespace}/{}", view.name)
}

/// The page of a view.
pub(super) fn link_of(view: &View) -> String {
    if view.name.is_empty() {
        return "/views".to_owned(); // a file with mistakes may not even say a name
    }
    let namespace = if view.namespace.is_empty() { "-" } else { &view.namespace };
    link(&["views", namespace, &view.name])
}

/// A path of these segments, each of them written so that it is one.
#[must_use]
pub fn link(segments: &[&str]) -> String {
    let encode = |segment: &&str| percent_encoding::utf8_percent_encode(segment, percent_encoding::NON_ALPHANUMERIC).to_string();
    // What is plain in a path stays readable.
    let plain = |text: String| text.replace("%2D", "-").replace("%2E", ".").replace("%5F", "_").replace("%7E", "~");
    segments.iter().map(|segment| format!("/{}", plain(encode(segment)))).collect()
}
