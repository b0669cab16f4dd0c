//! Every instrument that is declared or sent, with its state over all components that send it.
//! One pass over what is observed; why an instrument is on or off is said beside it, in `explain`.

use super::super::{engine::Engine, statuses};
use crate::web::model::objects::Catalogued;
use pointsman_core::{
    model::{component::ComponentKey, instrument::Instrument},
    state::observe::ObservedComponent,
    view::{
        plan::{Decision, Plan, ViewSet},
        report::Seen,
        spec::{Catalogue, Declared},
        sync,
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// Something a service sends, or declares and may have off, over all of its components.
#[derive(Debug, Default)]
struct Sent {
    on: usize,
    off: usize,
    by: Option<String>,
    series: u64,
}

type ByInstrument<'a> = BTreeMap<&'a Instrument, Sent>;
type ByService<'a> = BTreeMap<&'a str, ByInstrument<'a>>;

/// Declared instruments with what is sent of them, then those that nobody declared; by service, name and scope.
pub(super) fn list(engine: &Engine) -> Vec<Catalogued> {
    let (loaded, observed) = (engine.views.load(), engine.store.observe());
    let now = engine.clock.view_wall();
    let seen = sync::with_declared(statuses::seen(&observed), &engine.sync_state());
    let sent = sent(&seen, &series(&observed), &|key| loaded.views.plan(key, now));
    let mut declared: BTreeSet<(&str, &Instrument)> = BTreeSet::new();
    let mut all = Vec::new();
    for catalogue in loaded.views.catalogues() {
        let sends = sent.get(&*catalogue.service);
        for row in catalogue.instruments.iter() {
            let is_it =
                |instrument: &Instrument| instrument.name == row.name && (row.scope.is_empty() || row.scope == instrument.scope);
            let meant = sends.into_iter().flatten().filter(|(instrument, _)| is_it(instrument));
            let mut total: Option<Sent> = None;
            for (instrument, one) in meant {
                declared.insert((&catalogue.service, instrument));
                total.get_or_insert_default().add(one);
            }
            all.push(Catalogued { readers: readers(&loaded.views, &instrument_of(row)), ..line(catalogue, row, total.as_ref()) });
        }
    }
    for (service, instruments) in &sent {
        let unknown = instruments.iter().filter(|(instrument, _)| !declared.contains(&(*service, **instrument)));
        all.extend(unknown.map(|(instrument, sent)| Catalogued {
            readers: readers(&loaded.views, instrument),
            ..undeclared(service, instrument, sent)
        }));
    }
    all.sort_by(|a, b| (&a.service, &a.name, &a.scope, &a.catalog).cmp(&(&b.service, &b.name, &b.scope, &b.catalog)));
    all
}

/// Who reads an instrument, wherever it is sent.
fn readers(views: &ViewSet, instrument: &Instrument) -> usize {
    views.readers(instrument).len()
}

fn instrument_of(row: &Declared) -> Instrument {
    Instrument { scope: row.scope.clone(), name: row.name.clone(), kind: row.kind, unit: row.unit.clone() }
}

/// Series in a scrape of everything that is sent.
fn series(observed: &[ObservedComponent]) -> BTreeMap<(&ComponentKey, &Instrument), u64> {
    let all = observed.iter().flat_map(|component| component.instruments.iter().map(move |seen| (&component.key, seen)));
    all.map(|(key, seen)| ((key, &seen.instrument), seen.exposed)).collect()
}

fn sent<'a>(
    seen: &'a [Seen],
    series: &BTreeMap<(&ComponentKey, &Instrument), u64>,
    plan_of: &dyn Fn(&ComponentKey) -> Plan,
) -> ByService<'a> {
    let mut all = ByService::new();
    for Seen { component, instruments } in seen {
        let plan = plan_of(component);
        let service = all.entry(&*component.service).or_default();
        for instrument in instruments {
            let Decision { on, by, .. } = plan.decide(instrument);
            let (by, series) = (by.map(|by| by.to_string()), series.get(&(component, instrument)).copied().unwrap_or_default());
            let one = Sent { on: usize::from(on), off: usize::from(!on), by, series };
            service.entry(instrument).or_default().add(&one);
        }
    }
    all
}

impl Sent {
    fn add(&mut self, other: &Self) {
        if self.on == 0 && self.off == 0 {
            self.by.clone_from(&other.by);
        }
        self.on = self.on.saturating_add(other.on);
        self.off = self.off.saturating_add(other.off);
        self.series = self.series.saturating_add(other.series);
    }

    const fn state(&self) -> &'static str {
        match (self.on, self.off) {
            (_, 0) => "On",
            (0, _) => "Off",
            _ => "Mixed",
        }
    }
}

fn line(catalogue: &Catalogue, declared: &Declared, sent: Option<&Sent>) -> Catalogued {
    Catalogued {
        service: catalogue.service.to_string(),
        namespace: catalogue.id.namespace.to_string(),
        catalog: catalogue.id.name.to_string(),
        scope: declared.scope.to_string(),
        name: declared.name.to_string(),
        kind: declared.kind.as_str().to_owned(),
        unit: declared.unit.to_string(),
        level: declared.level.as_str().to_owned(),
        stability: declared.stability.to_string(),
        attributes: declared.attributes.iter().map(ToString::to_string).collect(),
        state: sent.map(|sent| sent.state().to_owned()),
        decided_by: sent.and_then(|sent| sent.by.clone()),
        series: sent.map(|sent| sent.series),
        ..Catalogued::default()
    }
}

fn undeclared(service: &str, instrument: &Instrument, sent: &Sent) -> Catalogued {
    Catalogued {
        service: service.to_owned(),
        scope: instrument.scope.to_string(),
        name: instrument.name.to_string(),
        kind: instrument.kind.as_str().to_owned(),
        unit: instrument.unit.to_string(),
        state: Some(sent.state().to_owned()),
        decided_by: sent.by.clone(),
        series: Some(sent.series),
        ..Catalogued::default()
    }
}
