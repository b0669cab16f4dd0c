//! An explanation as the terminal prints it: a heading, then a line per fact, each under its own word.
//! Text that a user wrote cannot command a terminal; nothing is wider than 120 columns but what is to be pasted.

use super::{
    answer::{Attribute, Effect, Enforced, Explained, Limit, Overruled, Verdict, Voice},
    words::{age, between, moment, plural, whole},
};
use crate::{fault::render::clean, model::clock::Wall, view::time::parse_time};

/// Widest line.
const COLUMNS_MAX: usize = 120;
/// Digits of a plan's hash that are shown.
const PLAN_DIGITS: usize = 8;
/// Where the facts begin.
const MARGIN: usize = 14;

/// The text of one explanation, as of its own moment. Every line ends in a line feed.
#[must_use]
pub fn text(explained: &Explained) -> String {
    let now = parse_time(&explained.at).unwrap_or_default();
    let mut out = Lines { out: String::new(), now };
    out.whole(&heading(explained, now));
    if explained.verdict == Verdict::NeverSeen {
        never_seen(&mut out, explained);
    } else {
        decision(&mut out, explained);
        observed(&mut out, explained);
        names(&mut out, explained);
        if !explained.undo.is_empty() {
            let word = if explained.verdict == Verdict::Off && explained.undo.starts_with("enable") { "turn on" } else { "undo" };
            out.whole(&format!(" {word:<width$}{}", clean(&explained.undo), width = MARGIN.saturating_sub(1)));
        }
        if !explained.overruled.is_empty() {
            out.fact("precedence", &explained.precedence);
        }
    }
    out.out
}

struct Lines {
    out: String,
    now: Wall,
}

impl Lines {
    /// A line as it is.
    fn whole(&mut self, line: &str) {
        self.out.push_str(line.trim_end());
        self.out.push('\n');
    }

    /// A fact under its word, wrapped.
    fn fact(&mut self, word: &str, fact: &str) {
        let mut line = format!(" {word:<width$}", width = MARGIN.saturating_sub(1));
        let mut filled = MARGIN;
        let mut is_first = true;
        for part in clean(fact).split(' ') {
            let width = part.chars().count().saturating_add(usize::from(!is_first));
            if !is_first && filled.saturating_add(width) > COLUMNS_MAX {
                self.whole(&line);
                line = " ".repeat(MARGIN);
                filled = MARGIN;
                is_first = true;
            }
            if !is_first {
                line.push(' ');
            }
            line.push_str(part);
            filled = filled.saturating_add(width);
            is_first = false;
        }
        self.whole(&line);
    }

    fn ago(&self, text: &str) -> String {
        parse_time(text).map_or_else(|| text.to_owned(), |at| format!("{} ago", age(between(at, self.now))))
    }

    fn at(&self, text: &str) -> String {
        parse_time(text).map_or_else(|| text.to_owned(), |at| moment(at, self.now))
    }
}

fn heading(explained: &Explained, now: Wall) -> String {
    let mut parts = vec![clean(&explained.name)];
    let sample = explained.sample.map_or_else(String::new, |sample| format!(" {sample}"));
    parts.push(format!("{}{sample}", explained.verdict.as_str()));
    if let Some(component) = &explained.component {
        let service = if component.service.is_empty() { &component.name } else { &component.service };
        let instances = component.instances;
        parts.push(clean(&format!("{}/{service}, {instances} instance{}", component.namespace, plural(instances))));
    }
    if let Some(since) = explained.since.as_deref().and_then(parse_time) {
        parts.push(format!("since {} ({})", moment(since, now), age(between(since, now))));
    }
    if let Some(until) = explained.until.as_deref().and_then(parse_time) {
        let word = if explained.verdict == Verdict::Off { "on again" } else { "until" };
        parts.push(format!("{word} {} (in {})", moment(until, now), age(between(now, until))));
    }
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if line.chars().count().saturating_add(part.chars().count()) < COLUMNS_MAX - 3 => {
                line.push_str("   ");
                line.push_str(&part);
            }
            Some(_) => lines.push(format!("{:MARGIN$}{part}", "")),
            None => lines.push(part),
        }
    }
    lines.join("\n")
}

fn never_seen(out: &mut Lines, explained: &Explained) {
    out.fact("meaning", "no component has sent it since the server began, and no catalogue declares it");
    if !explained.closest.is_empty() {
        out.fact("closest", &explained.closest.join("   "));
    }
    refused(out, explained);
}

fn refused(out: &mut Lines, explained: &Explained) {
    let refused = explained.refused.iter().map(|refused| format!("{} points: {}", whole(refused.points), refused.why));
    let refused: Vec<String> = refused.collect();
    if !refused.is_empty() {
        out.fact("refused", &format!("{}   (since the start, of every metric: not counted by name)", refused.join("   ·   ")));
    }
}

fn decision(out: &mut Lines, explained: &Explained) {
    if let Some(decided) = &explained.decided_by {
        out.fact("decided by", &format!("{}   ({})", title(decided), tier(decided)));
    }
    let mut reason = Vec::new();
    if !explained.reason.is_empty() {
        reason.push(format!("\"{}\"", explained.reason));
    }
    if let Some(applied) = &explained.applied {
        let at = applied.at.as_ref().map(|at| format!("applied {}", out.at(at)));
        let by = applied.manager.as_ref().map(|manager| format!("by {manager}, user unknown"));
        let words: Vec<String> =
            [at, by, applied.place.as_ref().map(|place| format!("in {place}"))].into_iter().flatten().collect();
        reason.extend((!words.is_empty()).then(|| words.join(" ")));
    }
    if !reason.is_empty() {
        out.fact(if explained.reason.is_empty() { "applied" } else { "reason" }, &reason.join("   "));
    }
    for (i, overruled) in explained.overruled.iter().enumerate() {
        out.fact(if i == 0 { "overruled" } else { "" }, &lost(overruled));
    }
    if explained.overruled_more > 0 {
        out.fact("", &format!("and {} more", explained.overruled_more));
    }
    for (i, shape) in explained.shaped_by.iter().enumerate() {
        out.fact(if i == 0 { "shaped by" } else { "" }, &title(shape));
    }
    for held in &explained.held_back {
        let undo = "to apply it all the same, annotate its view with pointsman.dev/override-protected: \"why\"";
        out.fact("held back", &format!("{}: {} reads it   ({undo})", held.rule, held.reader));
    }
}

/// Who says what, in the words of a view.
fn title(voice: &Voice) -> String {
    if voice.kind.is_empty() {
        let who = if voice.tier_words == super::tier_words(0) { "catalogue: " } else { "nobody: " };
        return format!("{who}{}", voice.says);
    }
    let slash = if voice.namespace.is_empty() { "" } else { "/" };
    let who = format!("{} {}{slash}{}", voice.kind, voice.namespace, voice.view);
    let aspect = if voice.aspect == "state" || voice.aspect == "sampling" { String::new() } else { format!("{} ", voice.aspect) };
    if voice.rule.is_empty() {
        format!("{who}: {aspect}{}", voice.says)
    } else {
        format!("{who}, rule {}: {aspect}{}", voice.rule, voice.says)
    }
}

fn tier(voice: &Voice) -> String {
    if voice.kind.is_empty() { format!("tier {}", voice.tier) } else { format!("tier {}: {}", voice.tier, voice.tier_words) }
}

fn lost(overruled: &Overruled) -> String {
    let by = match overruled.lost_by.as_str() {
        "tier" => "lower tier",
        "specificity" => "less specific match",
        "age" => "younger view",
        "name" => "later name",
        "rule order" => "later rule",
        "kind" => "does not fit the kind",
        "protection" => "held back: somebody reads it",
        other => other,
    };
    format!("tier {} {}   ({by})", overruled.voice.tier, title(&overruled.voice))
}

fn observed(out: &mut Lines, explained: &Explained) {
    let decides = !explained.shaped_by.is_empty() || explained.decided_by.as_ref().is_some_and(|by| !by.kind.is_empty());
    if let Some(said) = explained.enforced.as_ref().filter(|_| decides || explained.verdict == Verdict::Off) {
        enforced(out, said, explained.verdict);
    }
    if let Some(effect) = &explained.effect {
        let overflowed = effect.points_overflowed;
        let past = match explained.limit {
            None if overflowed > 0 => format!("   ·   {} of them overflowed under an earlier limit", whole(overflowed)),
            _ => String::new(),
        };
        out.fact("effect", &format!("{}{past}", said(effect, explained.verdict)));
    }
    if let Some(limit) = &explained.limit {
        out.fact("limit", &bitten(limit, explained.effect.as_ref()));
        if let Some(Attribute { key, values, series_without }) = explained.attributes.first() {
            let left = format!("{} series would be left without it", whole(*series_without));
            out.fact("largest", &format!("attribute {key}, {} value{}: {left}", whole(*values), plural(*values)));
        }
    }
    if explained.verdict == Verdict::Refused {
        refused(out, explained);
    }
    if let Some(component) = &explained.component {
        let pushed = component.last_push.as_deref().map(|at| out.ago(at));
        let pushed = pushed.map_or_else(|| "does not push".to_owned(), |ago| format!("last push {ago}"));
        let sent = explained.effect.as_ref().and_then(|effect| effect.last_sent.as_deref()).map(|at| out.ago(at));
        let more = match (explained.verdict, sent) {
            (Verdict::Silent, Some(sent)) => format!("   ·   it last carried this instrument {sent}"),
            (Verdict::NotSent, _) => {
                "   ·   it never carried this instrument: nothing was recorded, or its library has it off".to_owned()
            }
            _ => String::new(),
        };
        let meant = if explained.name.starts_with("span:") { String::new() } else { more };
        let library = if component.library.is_empty() { String::new() } else { format!(" ({})", component.library) };
        let takes = match component.connected {
            0 => String::new(),
            n => format!("   ·   {n} of {} connected{library}", component.instances),
        };
        out.fact("component", &format!("{pushed}{takes}{meant}"));
    }
    if let Some(trace) = &explained.last_trace {
        out.fact("last trace", trace);
    }
    if explained.instrument.is_some() {
        let readers = explained.read_by.join("   ·   ");
        out.fact("read by", if readers.is_empty() { "no alert, rule or autoscaler that is known" } else { &readers });
    }
}

/// Where it is done, since when, and why not at the source.
fn enforced(out: &mut Lines, enforced: &Enforced, verdict: Verdict) {
    let Enforced { source, controller, pending, failed, unsupported, .. } = *enforced;
    let all = source.saturating_add(controller);
    out.fact("enforced", &format!("source {source} of {all}   ·   controller {controller}"));
    if enforced.plan.is_empty() {
        out.fact("", "no session: none of its instances takes plans, so they send all of it");
        return;
    }
    let plan: String = enforced.plan.chars().take(PLAN_DIGITS).collect();
    if source > 0 {
        let done = if verdict == Verdict::Off { "gated" } else { "done" };
        let since = enforced.since.as_deref().map_or_else(String::new, |at| format!(" since {}", out.at(at)));
        out.fact("", &format!("{done} at source{since} by {source}/{all} instances   (plan {plan})"));
    }
    if pending > 0 {
        let since = enforced.pending_since.as_deref().map_or_else(String::new, |at| format!(" since {}", out.at(at)));
        out.fact("", &format!("pending: {pending} instance{} did not answer{since}   (plan {plan})", plural(pending)));
    }
    if failed > 0 {
        let words: Vec<String> = enforced.refusals.iter().map(|words| format!("\"{words}\"")).collect();
        let said = if words.is_empty() { String::new() } else { format!(": {}", words.join(" and ")) };
        out.fact("", &format!("failed: {failed} instance{} refused the plan {plan}{said}", plural(failed)));
    }
    if unsupported > 0 {
        out.fact("", &format!("no session: {unsupported} instance{} without plans", plural(unsupported)));
    }
    for left in &enforced.left {
        out.fact("", &format!("{} at the controller: {}", left.aspect, left.why));
    }
}

fn said(effect: &Effect, verdict: Verdict) -> String {
    let sets = format!("{} attribute set{}", whole(effect.sets_sent), plural(effect.sets_sent));
    if verdict == Verdict::Off {
        let suppressed = effect.points_suppressed;
        let points = format!("{} point{} suppressed here by this rule", whole(suppressed), plural(suppressed));
        let ended = if effect.sets_sent == 0 { String::new() } else { format!("{sets} sent, none exposed   ·   ") };
        return if suppressed == 0 { format!("{sets} sent, none exposed") } else { format!("{ended}{points}") };
    }
    let points = effect.points;
    format!("{sets} sent, {} series exposed   ·   {} point{} received", whole(effect.series), whole(points), plural(points))
}

fn bitten(limit: &Limit, effect: Option<&Effect>) -> String {
    let sets = limit.sets.map_or_else(|| "series of the server".to_owned(), |sets| format!("{sets} attribute sets per instance"));
    let points = effect.map_or(0, |effect| effect.points_overflowed);
    let share = match limit.overflow_percent {
        0 => "less than 1 %".to_owned(),
        percent => format!("{percent} %"),
    };
    format!("{sets}, set by {}   ·   {} points ({share}) went to otel.metric.overflow=true", limit.by, whole(points))
}

fn names(out: &mut Lines, explained: &Explained) {
    if let Some(exposed) = &explained.exposed_as {
        let because = if exposed.because.is_empty() { String::new() } else { format!("   ({})", exposed.because.join("; ")) };
        out.fact("exposed as", &format!("{}{because}", exposed.names.join(", ")));
    }
    let uncatalogued = explained.instrument.as_ref().is_some_and(|details| details.level.is_none());
    if uncatalogued {
        out.fact("catalogue", "does not declare it: its level is unknown, so only rules and a baseline None turn it off");
    }
}
