//! What one view changes for the components it reaches, before and after: the engine's own comparison, on observed numbers.
//! Where nothing is observed, declared instruments stand in, and the answer says that it is an estimate.

use super::{
    super::{ToolError, client::Client},
    gather::World,
};
use pointsman_core::{
    fault::code::Code,
    limits::DIFF_LOOKUPS_MAX,
    model::{clock::Wall, component::ComponentKey, instrument::Instrument},
    view::{
        impact::{self, Basis, Cost, Impact},
        plan::{Keys, Plan, ViewSet},
        report::Seen,
        spec::{Mode, State, View},
        write,
    },
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What applying one view comes to.
#[derive(Debug)]
pub(super) struct Difference {
    /// The view as it would be.
    pub(super) view: Arc<View>,
    /// Whether it is new, changed, or as it is.
    pub(super) step: Step,
    /// Series and points, before and after.
    pub(super) impact: Impact,
    /// Each component it reaches.
    pub(super) components: Vec<OfComponent>,
    /// Rules that would not be applied.
    pub(super) held: Vec<Held>,
    /// Readers that lose what they read: reader, instrument.
    pub(super) blank: Vec<(String, Box<str>)>,
    /// The attribute with most values of instruments that change: component, instrument, key, values.
    pub(super) largest: BTreeMap<(ComponentKey, Instrument), (String, u64)>,
}

/// What becomes of the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// There is none of its name.
    New,
    /// Its spec changes.
    Changed,
    /// It is applied already.
    Same,
}

/// Sums of one component.
#[derive(Clone, Debug)]
pub(super) struct OfComponent {
    pub(super) key: ComponentKey,
    pub(super) instances: u64,
    pub(super) series: (u64, u64),
    pub(super) per_minute: (f64, f64),
    pub(super) instruments: (u64, u64),
}

/// A rule that a reader holds back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Held {
    pub(super) instrument: Box<str>,
    pub(super) series: u64,
    pub(super) rule: Box<str>,
    pub(super) reader: String,
    /// PM0401, or PM0402 for attributes.
    pub(super) code: Code,
}

impl Difference {
    /// Whether anything differs.
    pub(super) fn is_one(&self) -> bool {
        self.step != Step::Same
    }
}

/// How many sets are left, as far as it was asked.
type Counted = BTreeMap<(ComponentKey, Instrument, Vec<Box<str>>, Vec<Box<str>>, bool), u64>;

/// Compares the world with and without a view, then takes the view up.
pub(super) async fn difference(client: &Client, world: &mut World, view: &Arc<View>, now: Wall) -> Result<Difference, ToolError> {
    let known = world.views.iter().find(|known| known.id == view.id).map(Arc::clone);
    let step = match &known {
        None => Step::New,
        Some(known) if write::spec(known) == write::spec(view) && known.override_protected == view.override_protected => {
            Step::Same
        }
        Some(_) => Step::Changed,
    };
    // What an API server adds: the age stays, the spec changes now.
    let mut dressed = View { created: known.as_ref().map_or(view.created, |known| known.created), ..(**view).clone() };
    if let Some(known) = &known {
        dressed.origin = known.origin.clone();
    }
    if step != Step::Same && dressed.created.is_some() {
        dressed.origin.changed = Some(now);
    }
    // A dry run is told as if it were in force.
    let acting = Arc::new(View { mode: Mode::Enforce, ..dressed.clone() });
    let (before, after) = (world.compiled(None), world.compiled(Some(&acting)));
    let costs = costs(client, world, (&before, &after), (known.as_deref(), &acting)).await?;
    let mut plans: BTreeMap<&ComponentKey, (Plan, Plan)> = BTreeMap::new();
    for cost in &costs {
        plans.entry(&cost.component).or_insert_with(|| (before.plan(&cost.component, now), after.plan(&cost.component, now)));
    }
    let (counted, largest) = counted(client, world, &costs, &plans).await?;
    let distinct = |key: &ComponentKey, instrument: &Instrument, keys: &Keys| counted.get(&asked(key, instrument, keys)).copied();
    let plan = |key: &ComponentKey, which: fn(&(Plan, Plan)) -> &Plan| {
        plans.get(key).map_or_else(Plan::default, |both| which(both).clone())
    };
    let compared = impact::compare(&|key| plan(key, |both| &both.0), &|key| plan(key, |both| &both.1), &costs, &distinct);
    let difference = Difference {
        view: Arc::new(dressed.clone()),
        step,
        components: components(&costs, &plans, &distinct),
        held: held(&costs, &plans, &acting),
        blank: blank(&after, &costs, &acting, now),
        impact: compared,
        largest,
    };
    world.views.retain(|known| known.id != view.id);
    world.views.push(Arc::new(dressed));
    Ok(difference)
}

/// What the components cost that the view reaches, or reached; declared instruments where no component is known.
async fn costs(
    client: &Client,
    world: &mut World,
    (before, after): (&ViewSet, &ViewSet),
    (known, view): (Option<&View>, &View),
) -> Result<Vec<Cost>, ToolError> {
    let is_reached = |key: &ComponentKey| after.reaches(view, key) || known.is_some_and(|known| before.reaches(known, key));
    let reached: Vec<ComponentKey> = world.components.keys().filter(|key| is_reached(key)).cloned().collect();
    let mut costs = Vec::new();
    for key in &reached {
        costs.extend(world.costs(client, key).await?);
    }
    if !costs.is_empty() {
        return Ok(costs);
    }
    for catalogue in &world.catalogues {
        let namespace = [&catalogue.id.namespace, &view.id.namespace].into_iter().find(|namespace| !namespace.is_empty());
        let namespace = namespace.cloned().unwrap_or_else(|| "default".into());
        let key = ComponentKey { namespace, workload: None, service: catalogue.service.clone() };
        if is_reached(&key) {
            let cost = |declared: &pointsman_core::view::spec::Declared| Cost {
                component: key.clone(),
                instrument: Instrument {
                    scope: declared.scope.clone(),
                    name: declared.name.clone(),
                    kind: declared.kind,
                    unit: declared.unit.clone(),
                },
                instances: 1,
                series: 1,
                per_minute: 1.0,
                basis: Basis::Estimated,
            };
            costs.extend(catalogue.instruments.iter().map(cost));
        }
    }
    Ok(costs)
}

fn asked(
    key: &ComponentKey,
    instrument: &Instrument,
    keys: &Keys,
) -> (ComponentKey, Instrument, Vec<Box<str>>, Vec<Box<str>>, bool) {
    let keep = keys.keep.iter().flatten().cloned().collect();
    (key.clone(), instrument.clone(), keep, keys.drop.iter().cloned().collect(), keys.keep.is_some())
}

type Largest = BTreeMap<(ComponentKey, Instrument), (String, u64)>;

/// Asks for what only the server can count: sets that are left without some keys, and the largest attribute of what changes.
async fn counted(
    client: &Client,
    world: &World,
    costs: &[Cost],
    plans: &BTreeMap<&ComponentKey, (Plan, Plan)>,
) -> Result<(Counted, Largest), ToolError> {
    let (mut counted, mut largest) = (Counted::new(), Largest::new());
    let mut lookups = 0usize;
    for cost in costs.iter().filter(|cost| cost.basis == Basis::Observed) {
        let Some((before, after)) = plans.get(&cost.component) else { continue };
        let (was, will) = (before.decide(&cost.instrument), after.decide(&cost.instrument));
        let ends = was.on && !will.on;
        let shaped = [&was, &will].into_iter().filter(|decision| decision.on && !decision.keys.is_all()).map(|d| &d.keys);
        let mut shapes: Vec<&Keys> = shaped.collect();
        shapes.dedup();
        let everything = Keys::default();
        if ends && shapes.is_empty() {
            shapes.push(&everything);
        }
        for keys in shapes {
            lookups = lookups.saturating_add(1);
            if lookups > DIFF_LOOKUPS_MAX {
                return Ok((counted, largest));
            }
            let Some(left) = world.left(client, &cost.component, &cost.instrument, keys).await? else { continue };
            if let Some(sets) = left.sets {
                counted.insert(asked(&cost.component, &cost.instrument, keys), sets);
            }
            if let Some(most) = left.attributes.into_iter().max_by_key(|attribute| attribute.values).filter(|_| was != will) {
                largest.insert((cost.component.clone(), cost.instrument.clone()), (most.key, most.values));
            }
        }
    }
    Ok((counted, largest))
}

fn components(costs: &[Cost], plans: &BTreeMap<&ComponentKey, (Plan, Plan)>, distinct: impact::Distinct<'_>) -> Vec<OfComponent> {
    let of_one = |(key, (before, after)): (&&ComponentKey, &(Plan, Plan))| {
        let mine: Vec<Cost> = costs.iter().filter(|cost| cost.component == **key).cloned().collect();
        let impact = impact::compare(&|_| before.clone(), &|_| after.clone(), &mine, distinct);
        let on = |plan: &Plan| {
            let on = mine.iter().filter(|cost| plan.decide(&cost.instrument).on).count();
            u64::try_from(on).unwrap_or(u64::MAX)
        };
        OfComponent {
            key: (**key).clone(),
            instances: mine.iter().map(|cost| cost.instances).max().unwrap_or_default(),
            series: (impact.series_before, impact.series_after),
            per_minute: (impact.per_minute_before, impact.per_minute_after),
            instruments: (on(before), on(after)),
        }
    };
    plans.iter().map(of_one).collect()
}

/// Rules of the view that a reader holds back.
fn held(costs: &[Cost], plans: &BTreeMap<&ComponentKey, (Plan, Plan)>, view: &View) -> Vec<Held> {
    let mut held = BTreeSet::new();
    for cost in costs {
        let Some((_, after)) = plans.get(&cost.component) else { continue };
        for (by, reader) in after.explain(&cost.instrument).protected {
            if *by.kind == *view.id.kind && by.namespace == view.id.namespace && by.view == view.id.name {
                let instrument = cost.instrument.name.clone();
                let disables = view.metrics.iter().any(|rule| rule.name == by.rule && rule.state == State::Disabled);
                let code = if disables { Code::TakesInstrument } else { Code::TakesAttribute };
                held.insert(Held { instrument, series: cost.series, rule: by.rule.clone(), reader, code });
            }
        }
    }
    held.into_iter().collect()
}

fn blank(after: &ViewSet, costs: &[Cost], view: &View, now: Wall) -> Vec<(String, Box<str>)> {
    let mut seen: BTreeMap<&ComponentKey, Vec<Instrument>> = BTreeMap::new();
    for cost in costs {
        seen.entry(&cost.component).or_default().push(cost.instrument.clone());
    }
    let seen: Vec<Seen> = seen.into_iter().map(|(key, instruments)| Seen { component: key.clone(), instruments }).collect();
    let reports = after.reports(&seen, now);
    reports.into_iter().find(|report| report.id == view.id).map(|report| report.blank).unwrap_or_default()
}
