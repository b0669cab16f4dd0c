//! Differences as people read them, and as one document for machines.
//! Computes nothing but the words.

use super::judge::{Difference, OfComponent, Step};
use pointsman_core::{
    fault::render::clean,
    view::{
        impact::{Basis, Change, short_number},
        spec::{Mode, Term},
        time::{format_duration, format_time},
        verdict::{
            tier_of, tier_words,
            words::{count, plural},
        },
        write,
    },
};
use serde_json::{Value, json};
use std::io::{self, Write};

/// Where the numbers begin, at least and at most.
const NAME_WIDTHS: std::ops::RangeInclusive<usize> = 28..=36;

/// One block for each view.
pub(super) fn text(out: &mut dyn Write, differences: &[Difference]) -> io::Result<()> {
    for (i, difference) in differences.iter().enumerate() {
        if i > 0 {
            writeln!(out)?;
        }
        block(out, difference)?;
    }
    Ok(())
}

fn block(out: &mut dyn Write, difference: &Difference) -> io::Result<()> {
    let view = &difference.view;
    writeln!(out, "{}", heading(difference))?;
    if difference.step == Step::Same {
        return Ok(());
    }
    writeln!(out, "  basis: {}", basis(difference))?;
    let width = name_width(difference);
    if !difference.components.is_empty() {
        writeln!(out, "  {:width$}{:<24}{:<20}instruments", "", "series", "points/min")?;
    }
    for component in &difference.components {
        writeln!(out, "  {}", sums(component, width))?;
    }
    for change in &difference.impact.instruments {
        writeln!(out, "  {}", changed(change, difference, width))?;
    }
    for held in &difference.held {
        let name = format!("= {}", clean(&held.instrument));
        let what = format!("{} held back", short_number(held.series));
        let why = format!("{}: PROTECTED, {} reads it ({})", held.rule, held.reader, held.code.id());
        writeln!(out, "  {}{what:<24}{}", padded(&name, width), clean(&why))?;
    }
    for (reader, instrument) in &difference.blank {
        writeln!(out, "  goes blank   {}   reads {}", clean(reader), clean(instrument))?;
    }
    if view.mode == Mode::DryRun {
        writeln!(out, "  mode DryRun: this is what it would change; nothing changes until it says Enforce")?;
    }
    Ok(())
}

fn heading(difference: &Difference) -> String {
    let (view, tier) = (&difference.view, tier_of(&difference.view));
    let (sign, after) = match difference.step {
        Step::New => ("+", ""),
        Step::Changed => ("~", "   changed"),
        Step::Same => ("=", "   no difference"),
    };
    let mode = if view.mode == Mode::DryRun { "DryRun" } else { "Enforce" };
    let expiry = view.expiry.as_ref().map_or_else(String::new, |expiry| match (&expiry.term, difference.step) {
        (Term::After(after), Step::New) => format!("   expires {} after it is created", format_duration(*after)),
        _ => format!("   expires {}", format_time(expiry.at)),
    });
    clean(&format!("{sign} {}   {mode}   tier {tier} ({}){expiry}{after}", view.id, tier_words(tier)))
}

fn basis(difference: &Difference) -> String {
    let components = difference.components.len();
    let instances = difference.components.iter().fold(0, |sum: u64, one| sum.saturating_add(one.instances));
    let word = if difference.impact.basis == Basis::Observed { "observed" } else { "estimated" };
    if components == 0 {
        return "nothing: it reaches no component that is known".to_owned();
    }
    let of = u64::try_from(components).unwrap_or(u64::MAX);
    format!("{word}, {instances} instance{} of {components} component{}", plural(instances), plural(of))
}

/// So wide that most names fit.
fn name_width(difference: &Difference) -> usize {
    let changes = difference.impact.instruments.iter().map(|change| change.instrument.name.chars().count().saturating_add(3));
    let components = difference.components.iter().map(|one| one.key.service.chars().count().saturating_add(1));
    changes.chain(components).max().unwrap_or_default().clamp(*NAME_WIDTHS.start(), *NAME_WIDTHS.end())
}

/// A name, and at least one blank behind it.
fn padded(name: &str, width: usize) -> String {
    let blank = if name.chars().count() < width { "" } else { " " };
    format!("{name:<width$}{blank}")
}

fn percent((before, after): (u64, u64)) -> String {
    if before == 0 || before == after {
        return String::new();
    }
    let change = i128::from(after).saturating_sub(i128::from(before)).saturating_mul(100) / i128::from(before);
    format!(" ({change:+} %)")
}

fn sums(one: &OfComponent, width: usize) -> String {
    let (before, after) = one.series;
    let series = format!("{} -> {}{}", short_number(before), short_number(after), percent(one.series));
    let points = format!("{} -> {}", count(one.per_minute.0), count(one.per_minute.1));
    let name = clean(if one.key.service.is_empty() { "(no service.name)" } else { &one.key.service });
    format!("{}{series:<24}{points:<20}{} -> {}", padded(&name, width), one.instruments.0, one.instruments.1)
}

fn changed(change: &Change, difference: &Difference, width: usize) -> String {
    let sign = match change.on {
        (true, false) => "-",
        (false, true) => "+",
        _ => "~",
    };
    let name = clean(&format!("{sign} {}", change.instrument.name));
    let series = format!("{} -> {}", short_number(change.series_before), short_number(change.series_after));
    let rule = change.by.as_ref().map_or("baseline", |by| if by.rule.is_empty() { "baseline" } else { &by.rule });
    let says = match change.on {
        (true, false) => "off",
        (false, true) => "on",
        _ => "shaped",
    };
    let largest = difference.largest.get(&(change.component.clone(), change.instrument.clone()));
    let largest = largest
        .map_or_else(String::new, |(key, values)| format!("   largest attribute {key}, {values} value{}", plural(*values)));
    let why = clean(&format!("{rule}: {says}{largest}"));
    format!("{}{series:<24}{why}", padded(&name, width)).trim_end().to_owned()
}

/// One document.
pub(super) fn json(at: &str, differences: &[Difference]) -> Value {
    let items: Vec<Value> = differences.iter().map(item).collect();
    json!({"version": 1, "at": at, "items": items, "truncated": false})
}

fn item(difference: &Difference) -> Value {
    let Difference { view, step, impact, components, held, blank, largest } = difference;
    let step = match step {
        Step::New => "New",
        Step::Changed => "Changed",
        Step::Same => "Same",
    };
    let sums = |one: &OfComponent| {
        json!({
            "namespace": one.key.namespace, "name": one.key.object_name(), "instances": one.instances,
            "seriesBefore": one.series.0, "seriesAfter": one.series.1,
            "pointsPerMinuteBefore": one.per_minute.0, "pointsPerMinuteAfter": one.per_minute.1,
            "instrumentsBefore": one.instruments.0, "instrumentsAfter": one.instruments.1,
        })
    };
    let change = |change: &Change| {
        let most = largest.get(&(change.component.clone(), change.instrument.clone()));
        json!({
            "namespace": change.component.namespace, "component": change.component.object_name(),
            "scope": change.instrument.scope, "name": change.instrument.name,
            "onBefore": change.on.0, "onAfter": change.on.1,
            "seriesBefore": change.series_before, "seriesAfter": change.series_after,
            "pointsPerMinuteBefore": change.per_minute_before, "pointsPerMinuteAfter": change.per_minute_after,
            "by": change.by.as_ref().map(ToString::to_string),
            "largestAttribute": most.map(|(key, values)| json!({"key": key, "values": values})),
        })
    };
    json!({
        "kind": view.id.kind, "namespace": view.id.namespace, "name": view.id.name, "step": step, "tier": tier_of(view),
        "spec": write::spec(view), "basis": impact.basis,
        "seriesBefore": impact.series_before, "seriesAfter": impact.series_after,
        "pointsPerMinuteBefore": impact.per_minute_before, "pointsPerMinuteAfter": impact.per_minute_after,
        "components": components.iter().map(sums).collect::<Vec<_>>(),
        "instruments": impact.instruments.iter().map(change).collect::<Vec<_>>(),
        "heldBack": held.iter().map(|held| json!({
            "name": held.instrument, "series": held.series, "rule": held.rule, "reader": held.reader, "code": held.code.id(),
        })).collect::<Vec<_>>(),
        "blank": blank.iter().map(|(reader, name)| json!({"reader": reader, "name": name})).collect::<Vec<_>>(),
    })
}
