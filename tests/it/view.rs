//! The cases of `tests/data/view` as a user sees them: views in a folder, `check` on the file, OTLP in, a scrape out.
//! And views that change under load. What the engine decides inside is tested in core, with the same folders.

#[path = "../../src/core/view/tests/case.rs"]
#[allow(dead_code, reason = "what only the engine needs is read in core")]
pub(crate) mod case;

use crate::support::{Pointsman, run, wait};
use case::{Case, request, samples};
use opentelemetry_proto::tonic::metrics::v1::{AggregationTemporality, metric::Data};
use pointsman::views::dir::{DirSource, Origins};
use pointsman_core::{
    expose::{ExposeOptions, negotiate::negotiate, scrape::Scrape},
    model::clock::{Mono, Wall},
    state::store::{Store, StoreConfig},
};
use prost::Message;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// How many processes run at once.
const LANES: usize = 4;

/// Scenario: every case that a process can run. Guarantees: `check` prints the faults of `out.txt` and says by its exit code whether
/// there are any; the scrape shows what the case says.
#[test]
fn every_case_holds_through_files_check_and_scrape() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/view");
    let entries = fs::read_dir(root).expect("the cases are there");
    let folders: Vec<PathBuf> = entries.map(|entry| entry.expect("it lists").path()).collect();
    let lane = |lane: usize| folders.iter().skip(lane).step_by(LANES).filter(|folder| holds(folder)).count();
    let scraped: usize = thread::scope(|scope| {
        let lanes: Vec<_> = (0..LANES).map(|i| scope.spawn(move || lane(i))).collect();
        lanes.into_iter().map(|lane| lane.join().expect("every case holds")).sum()
    });
    assert!(scraped >= 60, "{scraped} cases were scraped");
}

/// Runs one case; whether it was scraped.
fn holds(folder: &Path) -> bool {
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("each case has this file");
    let case: Case = serde_json::from_str(&read("case.json")).expect("the case is of its form");
    if case.engine_only.is_some() {
        return false;
    }
    check_says(folder, &read("out.txt"));
    let Some(want) = &case.scrape else { return false };
    let views = tempfile::tempdir().expect("a temporary folder");
    fs::write(views.path().join("in.yaml"), read("in.yaml")).expect("the folder is ours");
    let pointsman = Pointsman::start(&["--views", &views.path().display().to_string()]);
    wait("the views", || (pointsman.get("/readyz").status == 200).then_some(()));
    pointsman.push(&request(&case, NOW));
    let want: BTreeSet<String> = want.iter().cloned().collect();
    assert_eq!(samples(&pointsman.scrape()), want, "{}", folder.display());
    true
}

/// The faults in front of `out.txt` are those that `check` prints.
fn check_says(folder: &Path, out: &str) {
    let file = folder.join("in.yaml").display().to_string();
    let (code, printed, _) = run(&["check", "-o", "short", &file], &[]);
    let printed = printed.replace(&format!("{}/", folder.display()), "");
    // What `out.txt` leaves out: instruments that the case's catalogue does not name.
    let told: BTreeSet<&str> = printed.lines().filter(|line| !line.contains("[PM0201]")).collect();
    let twice = told.iter().filter(|line| line.contains("two objects named")).count();
    let want: BTreeSet<&str> = out.lines().filter(|line| line.starts_with("in.yaml:")).collect();
    assert_eq!(told.len() - twice, want.len(), "{}: {printed}", folder.display());
    assert!(want.is_subset(&told), "{}: {printed}", folder.display());
    assert_eq!(code, i32::from(!printed.is_empty()), "{}: {printed}", folder.display());
}

/// 2026-01-01T10:00:00Z: points of a case need a time, and nobody compares it with today.
const NOW: u64 = 1_767_261_600_000_000_000;

/// Scenario: two senders push increments of a counter that no view names, and a counter that a view turns on and off, while the
/// view's file changes a hundred times. Guarantees: no push is refused; the first counter is the sum of every increment, with the
/// start it began with; the second ends as the last file says.
#[test]
fn a_hundred_reloads_lose_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut source = DirSource::new(Origins { dir: Some(folder.path().to_owned()), ..Origins::default() });
    let store = Arc::new(Store::new(StoreConfig { series_max: 1_000, expire_after: Duration::from_secs(300), seeds: [1, 2] }));
    let done = AtomicBool::new(false);
    let pushed: Vec<u64> = thread::scope(|scope| {
        let senders = ["a", "b"].map(|sender| {
            let (store, done) = (&store, &done);
            scope.spawn(move || push_until(done, store, sender))
        });
        for reload in 0..100 {
            reload_and_look(reload, folder.path(), &mut source, &store);
        }
        done.store(true, Ordering::Release);
        senders.map(|sender| sender.join().expect("every push is taken")).to_vec()
    });
    assert!(pushed.iter().all(|n| *n >= 100), "too little load: {pushed:?}");
    let body = scrape(&store);
    let want: Vec<String> =
        ["a", "b"].iter().zip(&pushed).map(|(sender, n)| format!("steady_total{{sender=\"{sender}\"}} {n}")).collect();
    let shown: Vec<String> = samples(&body).into_iter().filter(|line| line.starts_with("steady")).collect();
    assert_eq!(shown, want, "{body}");
    assert!(samples(&body).iter().any(|line| line.starts_with("switched_total")), "{body}");
    assert_eq!(starts(&store), BTreeSet::from([NOW - 1]), "no view speaks of it, so its start is the sender's first");
}

/// Pushes one after the other, a hundred at least; how many there were.
fn push_until(done: &AtomicBool, store: &Store, sender: &str) -> u64 {
    let mut n = 0;
    while !done.load(Ordering::Acquire) || n < 100 {
        n += 1;
        let tally = store.ingest(&push(sender, n), Mono::from_secs(1), Wall(NOW + n)).expect("it is OTLP");
        assert_eq!((tally.received, tally.rejected_total()), (2, 0));
    }
    n
}

/// One change of the file, in force at the next scrape.
fn reload_and_look(reload: u64, folder: &Path, source: &mut DirSource, store: &Arc<Store>) {
    let state = if reload.is_multiple_of(2) { "Disabled" } else { "Enabled" };
    fs::write(folder.join("v.yaml"), view(state)).expect("the folder is ours");
    let loaded = source.poll(Wall(NOW + reload)).expect("the file changed");
    assert!(loaded.faults.is_empty(), "{:?}", loaded.faults);
    store.set_views(loaded.views, Wall(NOW + reload));
    let samples = samples(&scrape(store));
    let switched = samples.iter().any(|line| line.starts_with("switched_total"));
    assert!(!switched || state == "Enabled", "reload {reload}: {samples:?}");
}

/// The start times of the counter that no view names.
fn starts(store: &Store) -> BTreeSet<u64> {
    let mut starts = BTreeSet::new();
    for stream in store.streams().iter().filter(|stream| &*stream.metric.instrument.name == "steady") {
        store.visit(stream.id, 0, 10, &mut |series| {
            starts.insert(series.start);
        });
    }
    starts
}

fn view(state: &str) -> String {
    format!(
        "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: v}}\nspec:\n  reason: test\n  metrics:\n  \
         - {{name: r, match: {{instruments: [switched]}}, state: {state}}}\n"
    )
}

/// The `n`th push of a sender: one more of `steady`, as a delta, and `switched` at `n`, cumulative.
fn push(sender: &str, n: u64) -> Vec<u8> {
    let point = |metric: &str, value: u64| {
        let attributes = serde_json::json!({ "sender": sender });
        serde_json::json!({"service": sender, "metric": metric, "kind": "Counter", "value": value, "attributes": attributes})
    };
    let case = serde_json::json!({"push": [point("steady", 1), point("switched", n)]});
    let case: Case = serde_json::from_value(case).expect("a case");
    let mut request = request(&case, NOW - 1 + n);
    for metric in request.resource_metrics.iter_mut().flat_map(|r| &mut r.scope_metrics).flat_map(|s| &mut s.metrics) {
        let is_delta = metric.name == "steady";
        if let Some(Data::Sum(sum)) = &mut metric.data {
            let temporality = if is_delta { AggregationTemporality::Delta } else { AggregationTemporality::Cumulative };
            sum.set_aggregation_temporality(temporality);
            let start = if is_delta { NOW - 2 + n } else { NOW - 1 };
            sum.data_points.iter_mut().for_each(|point| point.start_time_unix_nano = start);
        }
    }
    request.encode_to_vec()
}

fn scrape(store: &Arc<Store>) -> String {
    let mut scrape = Scrape::new(Arc::clone(store), ExposeOptions::default(), negotiate([], None), &[]);
    let mut body = Vec::new();
    while scrape.next_chunk(&mut body) {}
    crate::judge::keep("text/plain; version=0.0.4", &body);
    String::from_utf8(body).expect("a scrape is text")
}
