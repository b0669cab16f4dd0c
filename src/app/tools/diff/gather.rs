//! What the server knows, as values of the engine: views, catalogues, readers, components and what they send.
//! Asks for a component's instruments only when somebody needs them.

use super::super::{ToolError, ask, client::Client};
use crate::web::model::objects::{self, Catalogued, Component, ComponentDetail, Left, SentInstrument};
use pointsman_core::{
    fault::Place,
    model::{
        clock::Wall,
        component::{ComponentKey, Workload},
        instrument::{Instrument, Kind, Level},
    },
    view::{
        facts::{Consumer, Facts, Read},
        impact::{Basis, Cost},
        pattern::Pattern,
        plan::{Keys, ViewSet},
        read::{self, API_VERSION, Known, Object},
        spec::{self, Catalogue, Declared, ObjectId, Origin, Term, View},
        time::parse_time,
    },
};
use serde_json::json;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What the server knows.
#[derive(Debug)]
pub(super) struct World {
    /// When it said so, RFC 3339.
    pub(super) at: String,
    /// Views in force, those of the files as they are taken up.
    pub(super) views: Vec<Arc<View>>,
    /// Catalogues.
    pub(super) catalogues: Vec<Arc<Catalogue>>,
    /// Readers and namespaces.
    pub(super) facts: Arc<Facts>,
    /// Components by the address of their details.
    pub(super) components: BTreeMap<ComponentKey, String>,
    /// What those cost of whom it was asked.
    pub(super) costs: BTreeMap<ComponentKey, Vec<Cost>>,
    ends: BTreeMap<ObjectId, Wall>,
}

/// Everything but what components send.
pub(super) async fn world(client: &Client, now: Wall) -> Result<World, ToolError> {
    let views = ask::all::<objects::View>(client, "/views").await?;
    let catalogued = ask::all::<Catalogued>(client, "/catalog").await?.said;
    let components = ask::all::<Component>(client, "/components").await?.said;
    let consumers = ask::all::<objects::Consumer>(client, "/consumers").await?.said;
    let mut world = World {
        at: views.at,
        views: Vec::new(),
        catalogues: catalogues(catalogued),
        facts: Arc::new(facts(&consumers, &components)),
        components: components
            .iter()
            .map(|one| (key(one), format!("/components/{}/{}", ask::encoded(&one.namespace), ask::encoded(&one.name))))
            .collect(),
        costs: BTreeMap::new(),
        ends: BTreeMap::new(),
    };
    for told in &views.said {
        let kind = [spec::VIEW, spec::CLUSTER_VIEW].into_iter().find(|kind| *kind == told.kind);
        let (Some(kind), Some(end)) = (kind, told.expires_at.as_deref().and_then(parse_time)) else { continue };
        let id = ObjectId { kind, namespace: told.namespace.as_str().into(), name: told.name.as_str().into() };
        world.ends.insert(id, end);
    }
    let known = views.said.iter().filter_map(|told| view(told, &world, now)).collect();
    world.views = known;
    Ok(world)
}

impl World {
    /// The views in force, compiled; with another in the place of one of them, or beside them.
    pub(super) fn compiled(&self, instead: Option<&Arc<View>>) -> ViewSet {
        let others = self.views.iter().filter(|view| instead.is_none_or(|instead| instead.id != view.id));
        let views = others.chain(instead).map(Arc::clone).collect();
        ViewSet::compile_with(views, self.catalogues.clone(), Arc::clone(&self.facts))
    }

    /// When the term of an object was first seen, as far as the server knows its end.
    pub(super) fn first_seen(&self, id: &ObjectId, term: &Term) -> Option<Wall> {
        let end = self.ends.get(id)?;
        let known = self.views.iter().find(|view| view.id == *id).and_then(|view| view.expiry.as_ref());
        if known.is_some_and(|expiry| expiry.term != *term) {
            return None;
        }
        match term {
            Term::After(after) => Some(Wall(end.0.saturating_sub(u64::try_from(after.as_nanos()).unwrap_or(u64::MAX)))),
            Term::At(at) => Some(Wall(at.0.saturating_sub(1))),
        }
    }

    /// What a component sends; asks the server the first time.
    pub(super) async fn costs(&mut self, client: &Client, key: &ComponentKey) -> Result<Vec<Cost>, ToolError> {
        if let Some(costs) = self.costs.get(key) {
            return Ok(costs.clone());
        }
        let Some(path) = self.components.get(key) else { return Ok(Vec::new()) };
        let mut instruments: Vec<SentInstrument> = Vec::new();
        loop {
            let page = ask::one::<ComponentDetail>(client, &format!("{path}?after={}", instruments.len())).await;
            let page = match page {
                Ok(page) => page.said,
                // It ended since the list was made.
                Err(ToolError::Client(error)) if error.is_missing() => break,
                Err(error) => return Err(error),
            };
            let is_last = page.instruments.is_empty() || !page.instruments_truncated;
            instruments.extend(page.instruments);
            if is_last {
                break;
            }
        }
        let costs: Vec<Cost> = instruments.iter().map(|sent| cost(key, sent)).collect();
        self.costs.insert(key.clone(), costs.clone());
        Ok(costs)
    }

    /// How many attribute sets of an instrument are left when only some keys stay.
    pub(super) async fn left(
        &self,
        client: &Client,
        key: &ComponentKey,
        instrument: &Instrument,
        keys: &Keys,
    ) -> Result<Option<Left>, ToolError> {
        let Some(path) = self.components.get(key) else { return Ok(None) };
        let listed = |keys: &BTreeSet<Box<str>>| keys.iter().map(|key| ask::encoded(key)).collect::<Vec<_>>().join(",");
        // A comma separates keys: one that holds a comma cannot be asked for.
        if keys.drop.iter().chain(keys.keep.iter().flatten()).any(|key| key.contains(',')) {
            return Ok(None);
        }
        let keep = keys.keep.as_ref().map_or_else(String::new, |keep| format!("&keep={}", listed(keep)));
        let (name, scope) = (ask::encoded(&instrument.name), ask::encoded(&instrument.scope));
        let (kind, drop) = (instrument.kind.as_str(), listed(&keys.drop));
        match ask::one::<Left>(client, &format!("{path}?metric={name}&scope={scope}&kind={kind}&drop={drop}{keep}")).await {
            Ok(answer) => Ok(Some(answer.said)),
            Err(ToolError::Client(error)) if error.is_missing() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn key(component: &Component) -> ComponentKey {
    let workload = component.workload.as_ref().map(|w| Workload { kind: w.kind.as_str().into(), name: w.name.as_str().into() });
    ComponentKey { namespace: component.namespace.as_str().into(), workload, service: component.service.as_str().into() }
}

fn cost(key: &ComponentKey, sent: &SentInstrument) -> Cost {
    #[expect(clippy::cast_precision_loss, reason = "a rate is an estimate")]
    let assumed = sent.sets_sent as f64;
    Cost {
        component: key.clone(),
        instrument: Instrument {
            scope: sent.scope.as_str().into(),
            name: sent.name.as_str().into(),
            kind: kind(&sent.kind),
            unit: sent.unit.as_str().into(),
        },
        instances: u64::try_from(sent.instances).unwrap_or(u64::MAX),
        series: sent.sets_sent,
        per_minute: sent.points_per_minute.unwrap_or(assumed),
        basis: Basis::Observed,
    }
}

fn kind(word: &str) -> Kind {
    Kind::ALL.into_iter().find(|kind| kind.as_str() == word).unwrap_or(Kind::Gauge)
}

/// The view that is in force, as the engine knows it; `None` where there is none.
fn view(told: &objects::View, world: &World, now: Wall) -> Option<Arc<View>> {
    let spec = told.spec.as_ref().filter(|_| told.accepted || told.kept_last_good)?;
    let mut metadata = json!({"name": told.name});
    if !told.namespace.is_empty() {
        metadata["namespace"] = told.namespace.as_str().into();
    }
    if let Some(created) = &told.created {
        metadata["creationTimestamp"] = created.as_str().into();
    }
    if let Some(reason) = &told.override_protected {
        metadata["annotations"] = json!({"pointsman.dev/override-protected": reason});
    }
    let object = json!({"apiVersion": API_VERSION, "kind": told.kind, "metadata": metadata, "spec": spec});
    let first_seen = |id: &ObjectId, term: &Term| world.first_seen(id, term).unwrap_or(now);
    let read = read::json(&object, &Known { first_seen: &first_seen, namespace: "default" });
    let Some(Object::View(view)) = read.object else { return None };
    let origin = Origin {
        generation: told.generation,
        manager: told.author.as_deref().map(Into::into),
        changed: told.changed.as_deref().and_then(parse_time),
        ..Origin::default()
    };
    Some(Arc::new(View { origin, ..(*view).clone() }))
}

fn catalogues(rows: Vec<Catalogued>) -> Vec<Arc<Catalogue>> {
    let mut by_id: BTreeMap<(String, String, String), Vec<Declared>> = BTreeMap::new();
    for row in rows.into_iter().filter(|row| !row.catalog.is_empty()) {
        let level = Level::ALL.into_iter().find(|level| level.as_str() == row.level).unwrap_or(Level::Standard);
        let declared = Declared {
            scope: row.scope.into(),
            name: row.name.into(),
            kind: kind(&row.kind),
            unit: row.unit.into(),
            level,
            stability: row.stability.into(),
            attributes: row.attributes.into_iter().map(Into::into).collect(),
        };
        by_id.entry((row.namespace, row.catalog, row.service)).or_default().push(declared);
    }
    let catalogue = |((namespace, name, service), instruments): ((String, String, String), Vec<Declared>)| {
        let id = ObjectId { kind: spec::CATALOG, namespace: namespace.into(), name: name.into() };
        Arc::new(Catalogue {
            id,
            place: Place::Nowhere,
            service: service.into(),
            schema_url: "".into(),
            instruments: instruments.into(),
        })
    };
    by_id.into_iter().map(catalogue).collect()
}

fn facts(consumers: &[objects::Consumer], components: &[Component]) -> Facts {
    let read = |read: &objects::Read| Read {
        metric: Pattern::new(&read.metric),
        labels: read.labels.iter().map(|label| label.as_str().into()).collect(),
        since: read.since.as_deref().and_then(parse_time),
    };
    let consumer = |one: &objects::Consumer| {
        Arc::new(Consumer {
            kind: one.kind.as_str().into(),
            namespace: one.namespace.as_str().into(),
            name: one.name.as_str().into(),
            entry: one.entry.as_str().into(),
            reads: one.reads.iter().map(read).collect(),
        })
    };
    let labels = |one: &Component| {
        let labels = one.namespace_labels.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into()));
        (one.namespace.as_str().into(), labels.collect())
    };
    let everywhere = consumers.iter().filter(|one| one.protects_everywhere);
    Facts {
        namespaces: components.iter().filter(|one| !one.namespace_labels.is_empty()).map(labels).collect(),
        consumers: consumers.iter().map(consumer).collect(),
        protecting: everywhere.map(|one| one.namespace.as_str().into()).collect(),
    }
}
