//! All views together: what each reaches, in which tier it stands, and the plan that results for one component.
//! Knows nothing of instruments that are sent: `decide` asks the plan about them.

use super::{
    document,
    facts::Facts,
    memo::Indexed,
    pattern::Precision,
    plan::{Compiled, Inner, Placed, Plan, RuleRef, ViewSet},
    protect::{Guard, Readers},
    spec::{Baseline, Catalogue, MetricRule, Mode, ObjectId, Reach, Selector, Target, View},
};
use crate::model::{clock::Wall, component::ComponentKey};
use std::{cmp::Reverse, sync::Arc};

/// The label that Kubernetes puts on every namespace: the only one that can be told from a name.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

impl ViewSet {
    /// Compiles all views against all catalogues. A [`View`] cannot fail here: what is doubtful is for `lint` to say.
    #[must_use]
    pub fn compile(views: Vec<Arc<View>>, catalogues: Vec<Arc<Catalogue>>) -> Self {
        Self::compile_with(views, catalogues, Arc::default())
    }

    /// Compiles beside what a cluster knows: labels of namespaces, and who reads which metric.
    #[must_use]
    pub fn compile_with(views: Vec<Arc<View>>, catalogues: Vec<Arc<Catalogue>>, facts: Arc<Facts>) -> Self {
        let mut catalogues: Vec<Arc<Indexed>> = catalogues.into_iter().map(|c| Arc::new(Indexed::new(c))).collect();
        // A catalogue of one namespace speaks before one for all; then the name decides.
        catalogues.sort_by_key(|c| (c.catalogue.id.namespace.is_empty(), c.catalogue.id.clone()));
        let mut views: Vec<Compiled> = views.into_iter().map(compiled).collect();
        views.sort_by_cached_key(|c| (age(&c.view), c.view.id.namespace.clone(), c.view.id.name.clone(), c.view.id.kind));
        let readers = Arc::new(Readers::of(&facts));
        Self { views: views.into(), catalogues: catalogues.into(), reported: Arc::default(), facts, readers }
    }

    /// The plan for one component at one moment: a pure function.
    #[must_use]
    pub fn plan(&self, component: &ComponentKey, now: Wall) -> Plan {
        self.plan_as_if(component, now, None)
    }

    /// The plan as if one more view were in force.
    pub(super) fn plan_as_if(&self, component: &ComponentKey, now: Wall, also: Option<&ObjectId>) -> Plan {
        self.plan_of(component, &|view| is_active(view, now) || Some(&view.id) == also)
    }

    /// The plan as if exactly the views that `acts` says were in force.
    pub(super) fn plan_of(&self, component: &ComponentKey, acts: &dyn Fn(&View) -> bool) -> Plan {
        let mut plan = Plan { hash: [0; 16], inner: Arc::new(self.inner_of(component, acts, None)) };
        plan.hash = document::hash(&plan, component);
        plan
    }

    /// What such a plan decides from. `own` is what some instances declare of themselves, where that is not known of the component.
    pub(super) fn inner_of(&self, component: &ComponentKey, acts: &dyn Fn(&View) -> bool, own: Option<Arc<Indexed>>) -> Inner {
        let (facts, readers) = (Arc::clone(&self.facts), Arc::clone(&self.readers));
        let mut inner = Inner { namespace: component.namespace.clone(), facts, readers, ..Inner::default() };
        for compiled in self.views.iter().filter(|c| acts(&c.view) && reaches(&c.view, component, &self.facts)) {
            let (tier, created) = (tier(&compiled.view), age(&compiled.view));
            let expires = compiled.view.expiry.as_ref().map(|expiry| expiry.at);
            let guard = Guard::of(tier, compiled.view.override_protected.is_some(), compiled.view.origin.changed);
            if compiled.view.baseline != Baseline::Inherit {
                let by = Arc::clone(&compiled.by);
                inner.baselines.push(Placed { tier, created, expires, guard, by, says: compiled.view.baseline });
            }
            inner.rules.extend(compiled.metrics.iter().map(|(rule, by)| {
                let (says, by) = (Arc::clone(rule), Arc::clone(by));
                Placed { tier, created, expires, guard, by, says }
            }));
            inner.spans.extend(compiled.traces.iter().map(|(rule, by)| {
                let (says, by) = (Arc::clone(rule), Arc::clone(by));
                Placed { tier, created, expires, guard, by, says }
            }));
        }
        // Views come in order of age and name, their rules as written: stable sorts leave that as it is.
        inner.rules.sort_by_key(|placed| Reverse(placed.tier));
        inner.baselines.sort_by_key(|placed| Reverse(placed.tier));
        inner.spans.sort_by_key(|placed| Reverse(placed.tier));
        inner.catalogues = self.catalogues.iter().filter(|c| speaks_for(&c.catalogue, component)).map(Arc::clone).collect();
        inner.declared = inner.catalogues.len();
        inner.catalogues.extend(self.reported.get(component).map(Arc::clone));
        inner.catalogues.extend(own);
        inner.named = inner.catalogues.iter().map(|indexed| named(indexed, &inner.rules)).collect();
        inner
    }

    /// The next moment at which a view expires, so that plans must be asked for again.
    #[must_use]
    pub fn next_expiry(&self, now: Wall) -> Option<Wall> {
        self.views.iter().filter_map(|c| c.view.expiry.as_ref()).map(|expiry| expiry.at).filter(|at| *at > now).min()
    }

    /// A view by its name.
    #[must_use]
    pub fn view(&self, id: &ObjectId) -> Option<&Arc<View>> {
        self.views.iter().map(|compiled| &compiled.view).find(|view| view.id == *id)
    }

    /// Whether a view speaks of a component, in force or not.
    #[must_use]
    pub fn reaches(&self, view: &View, component: &ComponentKey) -> bool {
        reaches(view, component, &self.facts)
    }

    /// The views that act on a component at this moment, the strongest first.
    #[must_use]
    pub fn applied(&self, component: &ComponentKey, now: Wall) -> Vec<&ObjectId> {
        let acting = self.views.iter().map(|compiled| &compiled.view).filter(|view| is_active(view, now));
        let mut acting: Vec<&Arc<View>> = acting.filter(|view| self.reaches(view, component)).collect();
        acting.sort_by_key(|view| Reverse(tier(view)));
        acting.into_iter().map(|view| &view.id).collect()
    }

    /// What the cluster knew when this was compiled.
    #[must_use]
    pub fn facts(&self) -> &Arc<Facts> {
        &self.facts
    }

    /// Every declared instrument that is known, by catalogue; without what components report of themselves.
    pub fn catalogues(&self) -> impl Iterator<Item = &Arc<Catalogue>> {
        self.catalogues.iter().map(|indexed| &indexed.catalogue)
    }
}

/// For each row of a catalogue the rules whose patterns name it, and how exactly the best of them does.
fn named(indexed: &Indexed, rules: &[Placed<Arc<MetricRule>>]) -> Vec<Vec<(usize, Precision)>> {
    let mut named: Vec<Vec<(usize, Precision)>> = vec![Vec::new(); indexed.catalogue.instruments.len()];
    for (at, rule) in rules.iter().enumerate() {
        for pattern in &rule.says.matches.instruments {
            let precision = pattern.precision();
            indexed.rows(pattern, &mut |row| {
                let Some(rules) = named.get_mut(row) else { return };
                match rules.last_mut() {
                    Some((last, best)) if *last == at => *best = precision.max(*best),
                    _ => rules.push((at, precision)),
                }
            });
        }
    }
    named
}

fn compiled(view: Arc<View>) -> Compiled {
    let by = |rule: &str| {
        let (namespace, name) = (view.id.namespace.clone(), view.id.name.clone());
        Arc::new(RuleRef { kind: view.id.kind.into(), namespace, view: name, rule: rule.into() })
    };
    let metrics = view.metrics.iter().map(|rule| (Arc::new(rule.clone()), by(&rule.name))).collect();
    let traces = view.traces.iter().map(|rule| (Arc::new(rule.clone()), by(&rule.name))).collect();
    Compiled { by: by(""), metrics, traces, view }
}

/// Age for the order of precedence: what has no time counts as younger than all that has one.
pub(super) fn age(view: &View) -> Wall {
    view.created.unwrap_or(Wall(u64::MAX))
}

/// Whether a view acts at this moment.
pub(super) fn is_active(view: &View, now: Wall) -> bool {
    view.mode == Mode::Enforce && !has_expired(view, now)
}

/// Whether a view's time is over.
pub(super) fn has_expired(view: &View, now: Wall) -> bool {
    view.expiry.as_ref().is_some_and(|expiry| expiry.at <= now)
}

/// The tier of a view that has not expired: 0 is the catalogue's.
pub(super) fn tier(view: &View) -> u8 {
    match &view.reach {
        Reach::Cluster { overrides: true, .. } => 5,
        Reach::Cluster { overrides: false, .. } => 1,
        Reach::Namespace if view.expiry.is_some() => 4,
        Reach::Namespace if !view.targets.is_empty() => 3,
        Reach::Namespace => 2,
    }
}

/// Whether a view speaks of a component, as far as it is known which labels namespaces have.
pub(super) fn reaches(view: &View, component: &ComponentKey, facts: &Facts) -> bool {
    let namespace = match &view.reach {
        Reach::Namespace => view.id.namespace == component.namespace,
        Reach::Cluster { selector, .. } => selects(selector, &component.namespace, facts),
    };
    namespace && (view.targets.is_empty() || view.targets.iter().any(|target| is_target(target, component)))
}

/// The label that carries the name always holds; others where the cluster lists the namespace.
pub(super) fn selects(selector: &Selector, namespace: &str, facts: &Facts) -> bool {
    let named = selector.names.is_empty() || selector.names.iter().any(|pattern| pattern.matches(namespace));
    let listed = facts.namespaces.get(namespace);
    let holds = |key: &str, value: &str| match key {
        NAME_LABEL => value == namespace,
        _ => listed.and_then(|labels| labels.get(key)).is_some_and(|found| **found == *value),
    };
    named && selector.labels.iter().all(|(key, value)| holds(key, value))
}

fn is_target(target: &Target, component: &ComponentKey) -> bool {
    match target {
        Target::Service(pattern) => pattern.matches(&component.service),
        Target::Workload { kind, name } => component.workload.as_ref().is_some_and(|w| w.kind == *kind && w.name == *name),
    }
}

fn speaks_for(catalogue: &Catalogue, component: &ComponentKey) -> bool {
    let namespace = &catalogue.id.namespace;
    catalogue.service == component.service && (namespace.is_empty() || *namespace == component.namespace)
}
