//! Views: any text as YAML, and what its views decide. A view that is taken is written and read as itself; a plan that is offered is
//! one that components take.

use super::choices::Choices;
use pointsman::config::{Config, Given};
use pointsman_core::{
    fault::{Fault, Place, Source, render},
    model::{
        clock::Wall,
        component::ComponentKey,
        instrument::{Instrument, Kind},
    },
    view::{
        lint,
        plan::ViewSet,
        read::{self, Known, Object},
        spec::{Declared, View},
        sync::Reported,
        write,
    },
};
use pointsman_instrument::opamp::plan::{Plan, PlanHash};
use std::{hint::black_box, sync::Arc};

const NOW: Wall = Wall::from_secs(1_767_261_600);

/// Any text as YAML: the reader ends, each fault has a place within the text, and what is taken comes back from what is written.
/// What the views decide is decided twice alike, and the plan for a component is one that its library reads and verifies.
pub fn view_yaml(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let known = Known { first_seen: &|_, _| NOW, namespace: "default" };
    let source = Arc::new(Source { name: "in.yaml".into(), text: text.as_ref().into() });
    let (mut views, mut catalogues) = (Vec::new(), Vec::new());
    for read in read::text(&source, &known) {
        read.faults.iter().for_each(|fault| well_placed(fault, &text));
        assert!(read.object.is_some() || read.faults.iter().any(Fault::is_error), "refused without a reason");
        match read.object {
            Some(Object::View(view)) => {
                comes_back(&view, &known);
                views.push(view);
            }
            Some(Object::Catalogue(catalogue)) => catalogues.push(catalogue),
            None => {}
        }
    }
    if views.is_empty() && catalogues.is_empty() {
        return;
    }
    lint::views(&views, &catalogues).iter().for_each(|fault| well_placed(fault, &text));
    let declared =
        |of: &Declared| Instrument { scope: of.scope.clone(), name: of.name.clone(), kind: of.kind, unit: of.unit.clone() };
    let instruments: Vec<Instrument> =
        catalogues.iter().flat_map(|catalogue| catalogue.instruments.iter().map(declared)).collect();
    let (one, two) = (ViewSet::compile(views.clone(), catalogues.clone()), ViewSet::compile(views, catalogues));
    for component in components() {
        let (first, second) = (one.plan(&component, NOW), two.plan(&component, NOW));
        assert_eq!(first.hash(), second.hash(), "one set of views, two plans");
        for instrument in instruments.iter().cloned().chain(instruments_anyway()) {
            let decision = first.decide(&instrument);
            assert_eq!(decision, first.decide(&instrument));
            assert_eq!(decision, second.decide(&instrument));
        }
        let offer = one.offer(&component, &Reported::default(), NOW);
        Plan::verify(&offer.body).expect("what is offered is sealed");
        let plan = Plan::read(&offer.body).expect("what is offered is read");
        assert_eq!(plan.hash, PlanHash(offer.hash));
        assert_eq!(plan.next.len(), offer.next.len());
    }
}

fn components() -> Vec<ComponentKey> {
    let of = |pairs: &[(&str, &str)]| {
        ComponentKey::from_resource(|key| pairs.iter().find(|(known, _)| *known == key).map(|(_, value)| *value))
    };
    vec![
        of(&[("service.name", "shop"), ("k8s.namespace.name", "default")]),
        of(&[("service.name", "api"), ("k8s.namespace.name", "team-a"), ("k8s.deployment.name", "api")]),
        of(&[]),
    ]
}

fn instruments_anyway() -> impl Iterator<Item = Instrument> {
    let names = [("", "http.server.duration", "s"), ("scope", "x", ""), ("a", "queue.depth", "{item}")];
    names.into_iter().zip([Kind::Histogram, Kind::Counter, Kind::Gauge]).map(|((scope, name, unit), kind)| Instrument {
        scope: scope.into(),
        name: name.into(),
        kind,
        unit: unit.into(),
    })
}

pub(crate) fn well_placed(fault: &Fault, text: &str) {
    assert!(!fault.message.is_empty(), "{fault:?}");
    if let Place::Text { line, column, .. } = &fault.place {
        let lines = u32::try_from(text.split(['\n', '\r']).count()).unwrap_or(u32::MAX);
        assert!((1..=lines + 1).contains(line) && *column >= 1, "line {line} of {lines}: {fault:?}");
        // Line breaks of YAML are more than `\n`; a column is within what stands between two of those.
        let longest = text.split('\n').map(|line| line.chars().count()).max().unwrap_or(0);
        assert!(*column as usize <= longest + 2, "column {column} of {longest}: {fault:?}");
    }
    // What the author wrote is shown, and controls no terminal.
    let (terminal, short) = (render::terminal(fault), render::short(fault));
    assert!(!terminal.contains(|c: char| c.is_control() && c != '\n') && !terminal.is_empty(), "{terminal:?}");
    assert!(!short.contains(char::is_control) && !short.is_empty(), "{short:?}");
    assert!(render::json(fault).is_object());
}

/// The view without the places where its parts stand.
fn placeless(view: &View) -> View {
    let mut view = view.clone();
    view.place = Place::Nowhere;
    if let Some(expiry) = &mut view.expiry {
        expiry.place = Place::Nowhere;
    }
    for rule in &mut view.metrics {
        rule.place = Place::Nowhere;
        rule.matches.places.clear();
    }
    view.traces.iter_mut().for_each(|rule| rule.place = Place::Nowhere);
    view
}

fn comes_back(view: &View, known: &Known<'_>) {
    let written = write::object(view);
    let again = read::json(&written, known);
    let Some(Object::View(again)) = again.object else { panic!("{written} is refused: {:?}", again.faults) };
    assert_eq!(placeless(&again), placeless(view), "written as {written}");
}

/// Any text as a plan: what is read has one meaning; its seal does not depend on the hash that stands in it, and is the hash that
/// makes it whole.
pub fn plan(input: &[u8]) {
    let mut from = Choices(input);
    let passed = usize::from(from.byte() % 4);
    let text = from.rest();
    let seal = Plan::seal(text);
    let verified = Plan::verify(text);
    assert!(verified.is_err() || seal.is_some(), "what is sealed has a seal");
    let Ok(plan) = Plan::read(text) else { return };
    assert_eq!(plan, Plan::read(text).expect("it was read"));
    black_box(plan.hash_after(passed));
    plan.instruments.iter().for_each(|line| {
        black_box(line.after(passed).interval());
    });
    assert_eq!(PlanHash::read(&plan.hash.to_string()).expect("a hash is read as it is written"), plan.hash);
    let Some(seal) = seal else { return };
    if verified.is_ok() {
        assert_eq!(seal, plan.hash);
    }
    // Put into the place of what stands there, it is verified.
    let Ok(text) = std::str::from_utf8(text) else { return };
    let stated = format!("{:?}", plan.hash.to_string());
    if text.matches(&stated).count() == 1 {
        let sealed = text.replace(&stated, &format!("\"{seal}\""));
        assert_eq!(Plan::seal(sealed.as_bytes()), Some(seal), "the seal of {text}");
        Plan::verify(sealed.as_bytes()).expect("its own seal");
    }
}

/// Any text as a configuration file: what is wrong has its place; what is taken is taken again alike, and a flag wins over it.
pub fn config(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut given = Given { file: Some(("pointsman.yaml".to_owned(), text.as_ref().to_owned())), ..Given::default() };
    match Config::read(&given) {
        Err(faults) => {
            assert!(faults.iter().any(Fault::is_error), "refused without a reason");
            faults.iter().for_each(|fault| well_placed(fault, &text));
        }
        Ok(config) => {
            assert_eq!(Config::read(&given).as_ref(), Ok(&config));
            assert!(config.insecure || config.insecure_listeners().is_empty(), "plain text off loopback that nobody asked for");
            given.flags.insert("max-series", vec!["7".to_owned()]);
            assert_eq!(Config::read(&given), Ok(Config { max_series: 7, ..config }));
        }
    }
}
