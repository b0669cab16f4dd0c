//! The gates at the source against the traps they must not fall into: a table of what can happen, for every kind of
//! instrument, with a real sender, a real store and a scrape of it, held against a model. Nothing here needs a network.

mod kinds;
mod liberal;
mod model;
mod property;
mod rig;
mod table;
mod third_party;

use rig::Rig;
use std::collections::BTreeSet;
use table::Scenario;

/// So many scenarios there are, and none goes unseen.
const SCENARIOS: usize = 52;

/// Scenario: every row of the table: what happens to an instrument of one kind while views switch and shape it, pushes get
/// lost or come twice, hours pass, and the controller starts anew.
/// Guarantees: after every single step the scrape has exactly the series, values and starts of the model.
#[test]
fn every_row_of_the_table_shows_what_the_model_says() {
    let (mut rows, mut scenarios, mut kinds, mut faults) = (0, BTreeSet::new(), BTreeSet::new(), Vec::new());
    for scenario in Scenario::all() {
        scenarios.insert(scenario.steps.iter().map(|step| format!("{step:?}")).collect::<String>());
        for kind in scenario.kinds() {
            let mut rig = Rig::new(kind);
            rows += 1;
            kinds.insert(kind);
            let fault = scenario.steps.iter().enumerate().find_map(|(at, step)| {
                let fault = rig.step(step).err()?;
                Some(format!("{kind:?}, {}: step {} {step:?}: {fault}", scenario.name, at + 1))
            });
            faults.extend(fault);
            let turned_off = scenario.steps.iter().any(|step| step.turns_off());
            if rig.looks[0] == 0 || (turned_off && rig.looks[1] == 0) {
                faults.push(format!("{kind:?}, {}: never showed a series, or never none: {:?}", scenario.name, rig.looks));
            }
        }
    }
    assert!(faults.is_empty(), "{} of {rows} rows failed:\n{}", faults.len(), faults.join("\n"));
    assert!(scenarios.len() >= SCENARIOS, "{} scenarios that differ", scenarios.len());
    assert!(rows >= 40 && kinds.len() == kinds::Kind::ALL.len(), "{rows} rows of {} kinds", kinds.len());
}
