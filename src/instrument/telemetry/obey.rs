//! How a process obeys: what it has, what it was told, and what became of that.
//! Decides nothing: `rules` does.

use super::{PlanSource, Telemetry};
use crate::{
    metric::Meta,
    opamp::{
        messages::{Instrument, RuleReport},
        plan::{Plan, PlanHash},
    },
    rules::{Cannot, Decision, Rules},
};
use std::sync::{Arc, atomic::Ordering};

impl Telemetry {
    /// Every instrument that was made so far, ordered by scope and name.
    pub fn catalogue(&self) -> Vec<Instrument> {
        let mut all: Vec<_> = self.recorded.lock().values().map(|one| (one.meta(), false)).collect();
        all.extend(self.observed.lock().values().map(|one| (one.meta(), true)));
        all.extend(self.gated.lock().values().map(|one| (one.meta, true)));
        all.sort_by_key(|(meta, observed)| (meta.scope, meta.name, *observed));
        // One that is recorded and observed is a mistake of its owner; once is enough.
        all.dedup_by_key(|(meta, _)| (meta.scope, meta.name));
        all.into_iter().map(|(meta, observed)| entry(meta, observed)).collect()
    }

    /// Grows when an instrument is made.
    pub fn catalogue_version(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// Ready once [`Self::catalogue_version`] has grown since the last call: for one waiter.
    pub(crate) async fn catalogue_changed(&self) {
        self.news.notified().await;
    }

    /// Does from now on what this plan says, of whose steps so many have passed. What it does not change stays untouched:
    /// values, starts, everything. Answers what became of each rule.
    pub fn obey(&self, plan: &Arc<Plan>, passed: usize, source: PlanSource) -> Vec<RuleReport> {
        self.follow(Rules::plan(plan, passed), source)
    }

    /// Does from now on what is declared: Essential and Standard are on, others are off, spans are made.
    pub fn obey_defaults(&self) {
        self.follow(Rules::Defaults, PlanSource::Defaults);
    }

    fn follow(&self, rules: Rules, source: PlanSource) -> Vec<RuleReport> {
        let mut held = self.rules.write();
        *held = rules;
        let rules = &*held;
        self.gates_spans.store(rules.gates_spans(), Ordering::Release);
        let recorded: Vec<_> = self.recorded.lock().values().cloned().collect();
        let observed: Vec<_> = self.observed.lock().values().cloned().collect();
        let gated: Vec<_> = self.gated.lock().values().cloned().collect();
        let mut report = rules.report();
        let mut decide = |meta: &Meta, observed, cannot: &[Cannot]| -> Decision<'_> {
            let mut decision = rules.decide(meta, observed);
            decision.without(cannot);
            report.add(meta, &decision);
            decision
        };
        recorded.iter().for_each(|one| one.obey(&decide(one.meta(), false, &[]).orders));
        observed.iter().for_each(|one| one.obey(&decide(one.meta(), true, &[]).orders));
        gated.iter().for_each(|one| one.obey(decide(one.meta, true, one.cannot()).orders.on));
        self.shared.obeys(source);
        report.finish()
    }

    /// The name of the plan that is obeyed; none where there is no plan.
    pub fn plan_hash(&self) -> Option<PlanHash> {
        self.rules.read().hash()
    }

    /// Whether spans of this name are made. Without a plan that says otherwise it costs one load.
    pub fn lives(&self, scope: &str, name: &str) -> bool {
        !self.off && (!self.gates_spans.load(Ordering::Relaxed) || self.rules.read().lives(scope, name))
    }
}

fn entry(meta: &Meta, observed: bool) -> Instrument {
    Instrument {
        scope: meta.scope.to_owned(),
        name: meta.name.to_owned(),
        kind: meta.kind.as_str().to_owned(),
        unit: meta.unit.to_owned(),
        level: meta.level.as_str().to_owned(),
        observed,
        attributes: meta.attributes.iter().map(|key| (*key).to_owned()).collect(),
    }
}
