//! What it costs to know the views of a large cluster: compile them, plan every component, decide every declared instrument.
//! Runs in this process, on one thread; knows neither servers nor OTLP.

use anyhow::{Context, Result, ensure};
use pointsman_core::{
    fault::Source,
    model::{
        clock::Wall,
        component::ComponentKey,
        instrument::{Instrument, Kind},
    },
    view::{
        plan::ViewSet,
        read::{Known, Object, text},
        spec::{Catalogue, View},
    },
};
use std::{fmt::Write, fs, sync::Arc, time::Duration};

const VIEWS: usize = 1_000;
const RULES: usize = 64;
const NAMESPACES: usize = 100;
const COMPONENTS: usize = 500;
const CATALOGUES: usize = 20;
const INSTRUMENTS: usize = 100;
const NOW: Wall = Wall::from_secs(1_767_261_600);

/// Measures it so many times; one line each.
pub(crate) fn measure(rounds: usize) -> Result<String> {
    let (views, catalogues) = objects()?;
    let mut out = String::new();
    for _ in 0..rounds {
        let began = cpu()?;
        let set = ViewSet::compile(views.clone(), catalogues.clone());
        let compiled = cpu()?;
        let plans: Vec<_> = (0..COMPONENTS).map(|at| set.plan(&component(at), NOW)).collect();
        let planned = cpu()?;
        let mut on = 0;
        for (at, plan) in plans.iter().enumerate() {
            let catalogue = catalogues.get(at % CATALOGUES).context("every component has a catalogue")?;
            for row in catalogue.instruments.iter() {
                let (scope, name, unit) = (row.scope.clone(), row.name.clone(), row.unit.clone());
                on += usize::from(plan.decide(&Instrument { scope, name, kind: row.kind, unit }).on);
            }
        }
        let decided = cpu()?;
        ensure!(on > 0 && on < COMPONENTS * INSTRUMENTS, "the views decide something");
        writeln!(
            out,
            "{VIEWS} views × {RULES} rules, {NAMESPACES} namespaces, {COMPONENTS} components, {CATALOGUES} catalogues × {INSTRUMENTS} \
             instruments: compile {:.0} ms, plans {:.0} ms, decisions {:.0} ms, together {:.0} ms CPU",
            (compiled - began).as_secs_f64() * 1e3,
            (planned - compiled).as_secs_f64() * 1e3,
            (decided - planned).as_secs_f64() * 1e3,
            (decided - began).as_secs_f64() * 1e3,
        )?;
    }
    Ok(out)
}

fn component(at: usize) -> ComponentKey {
    let namespace = format!("ns{}", at % NAMESPACES).into();
    ComponentKey { namespace, workload: None, service: format!("service{}", at % CATALOGUES).into() }
}

type Objects = (Vec<Arc<View>>, Vec<Arc<Catalogue>>);

/// Views as users write them: a third of the rules names an area, the rest single instruments, in any spelling.
fn objects() -> Result<Objects> {
    let (mut views, mut catalogues): Objects = Default::default();
    let yaml = (0..CATALOGUES).map(catalogue).chain((0..VIEWS).map(view));
    for yaml in yaml {
        let source = Arc::new(Source { name: "bench".into(), text: yaml.into() });
        for read in text(&source, &Known { first_seen: &|_, _| NOW, namespace: "default" }) {
            match read.object.with_context(|| format!("{:?}", read.faults))? {
                Object::View(view) => views.push(view),
                Object::Catalogue(catalogue) => catalogues.push(catalogue),
            }
        }
    }
    Ok((views, catalogues))
}

fn view(at: usize) -> String {
    let mut yaml = format!(
        "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: v{at}, namespace: ns{}}}\nspec:\n  reason: bench\n  metrics:\n",
        at % NAMESPACES
    );
    for rule in 0..RULES {
        let (area, metric) = ((at + rule) % 10, (at * 7 + rule) % 10);
        let pattern = match rule % 6 {
            0 => format!("area{area}.*"),
            1 => format!("area{area}.m?tric{metric}.*"),
            2 => format!("area{area}_metric{metric}_v{}_bytes_total", rule % 3),
            _ => format!("area{area}.metric{metric}.v{}", rule % 3),
        };
        let says = match rule % 3 {
            0 => "state: Disabled",
            1 => "state: Enabled",
            _ => "attributes: {drop: [host, zone]}, cardinality: {limit: 500}",
        };
        yaml += &format!("  - {{name: r{rule}, match: {{instruments: [\"{pattern}\"], kinds: [Counter]}}, {says}}}\n");
    }
    yaml
}

fn catalogue(at: usize) -> String {
    let mut yaml = format!(
        "apiVersion: pointsman.dev/v1alpha1\nkind: InstrumentCatalog\nmetadata: {{name: c{at}}}\nspec:\n  serviceName: service{at}\n  instruments:\n"
    );
    for row in 0..INSTRUMENTS {
        let name = format!("area{}.metric{}.v{}", row % 10, row / 10, at % 3);
        yaml += &format!("  - {{name: {name}, kind: {}, unit: By, level: Standard}}\n", Kind::Counter.as_str());
    }
    yaml
}

/// What this process has used of the processors so far.
fn cpu() -> Result<Duration> {
    let text = fs::read_to_string("/proc/self/schedstat").context("read what the process used")?;
    let nanos = text.split(' ').next().and_then(|field| field.parse().ok()).context("it begins with nanoseconds")?;
    Ok(Duration::from_nanos(nanos))
}
