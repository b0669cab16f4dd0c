use super::{
    super::ask::Filter,
    super::model::{
        Flow, Span, Trace, Traces,
        screens::{Cost, CostOfInstrument, Drop, Fleet, Inflow, Loop, Node, Phase, Pool, Usual},
    },
    cost, fleet, flow, traces,
};
use pointsman_core::limits::API_ITEMS_MAX;

fn q(text: &str) -> Filter {
    Filter { q: text.to_owned(), ..Filter::default() }
}

fn sort(text: &str) -> Filter {
    Filter { sort: text.to_owned(), ..Filter::default() }
}

fn node(name: &str, pool: &str, phase: &str, seconds: Option<f64>) -> Node {
    let phases = vec![Phase { name: phase.to_owned(), seconds, usual_seconds: None }];
    Node { name: name.to_owned(), pool: pool.to_owned(), state: "Working".to_owned(), phases, ..Node::default() }
}

fn names(nodes: &[Node]) -> Vec<&str> {
    nodes.iter().map(|node| node.name.as_str()).collect()
}

/// Scenario: two pools with nodes, sought by a phase in other letters, by a pool, and by what is not there; in each order.
/// Guarantees: rows that match and no other, with the pool of a node that matches; orders as they are called.
#[test]
fn nodes_are_chosen_and_ordered() {
    let pool = |name: &str| Pool { name: name.to_owned(), ..Pool::default() };
    let usual = |pool: &str| Usual { pool: pool.to_owned(), ..Usual::default() };
    let all = Fleet {
        pools: vec![pool("infra"), pool("worker")],
        nodes: vec![
            node("c", "worker", "Drained", Some(5.0)),
            node("b", "infra", "Cordoned", Some(7.5)),
            node("a", "worker", "x", None),
        ],
        usual: vec![usual("infra"), usual("worker")],
        ..Fleet::default()
    };
    let of = |asked: Filter| fleet(&all, &asked).0;
    assert_eq!(names(&of(q("DRAIN")).nodes), ["c"]);
    assert_eq!((of(q("DRAIN")).pools.len(), &*of(q("DRAIN")).pools[0].name, of(q("DRAIN")).usual.len()), (1, "worker", 1));
    assert_eq!(names(&of(q("infra")).nodes), ["b"]);
    let none = of(q("<script>"));
    assert!(none.nodes.is_empty() && none.pools.is_empty() && none.usual.is_empty());
    let orders = ["attention", "name", "pool", "age"].map(|order| names(&of(sort(order)).nodes).concat());
    assert_eq!(orders, ["cba", "abc", "bac", "bca"]);
}

/// Scenario: more nodes than a table shows, page by page, and from beyond the end. Guarantees: each row once, and how many follow.
#[test]
fn long_tables_have_pages() {
    let n = API_ITEMS_MAX + 3;
    let nodes = (0..n).map(|i| node(&format!("{i:04}"), "worker", "x", None)).collect();
    let all = Fleet { nodes, ..Fleet::default() };
    let page = |after| fleet(&all, &Filter { after, ..Filter::default() }).0;
    let (first, second, beyond) = (page(0), page(API_ITEMS_MAX), page(usize::MAX));
    assert_eq!((first.nodes.len(), first.nodes_more), (API_ITEMS_MAX, 3));
    assert_eq!((second.nodes.len(), second.nodes_more, second.nodes[0].name.as_str()), (3, 0, "1000"));
    assert_eq!((beyond.nodes.len(), beyond.nodes_more), (0, 0));
}

/// Scenario: instruments of two components, by component, by who decided, and in each order. Guarantees: as asked; sums stay those
/// of all.
#[test]
fn costs_are_chosen_and_ordered() {
    let one = |component: &str, name: &str, points: Option<f64>, bytes: u64| CostOfInstrument {
        component: component.to_owned(),
        name: name.to_owned(),
        points_per_minute: points,
        bytes,
        decided_by: (name == "c").then(|| "TelemetryView shop/quiet/noise".to_owned()),
        ..CostOfInstrument::default()
    };
    let instruments = vec![one("x/a", "c", None, 5), one("x/a", "a", Some(0.5), 1), one("x/b", "b", Some(0.25), 9)];
    let all = Cost { series: 77, instruments, ..Cost::default() };
    let told = |asked: &Filter| {
        let (cost, _) = cost(&all, asked);
        assert_eq!(cost.series, 77);
        cost.instruments.iter().map(|one| one.name.clone()).collect::<String>()
    };
    let orders = ["series", "points", "bytes", "name"].map(|order| told(&sort(order)));
    assert_eq!(orders, ["cab", "abc", "bca", "abc"]);
    assert_eq!(told(&Filter { component: "a".to_owned(), ..Filter::default() }), "ca");
    assert_eq!((told(&q("quiet/NOISE")), told(&q("x/b"))), ("c".to_owned(), "b".to_owned()));
}

/// Scenario: drops, senders, loops and traces, sought by a reason and by a name. Guarantees: rows that match; counters are of all.
#[test]
fn flow_and_traces_are_chosen() {
    let drop = |reason: &str| Drop { what: "points", reason: reason.to_owned(), count: 1, ..Drop::default() };
    let inflow = |component: &str, received| Inflow { component: component.to_owned(), received, ..Inflow::default() };
    let all = Flow {
        series_exposed: 5,
        drops: vec![drop("no_time"), drop("level")],
        inflows: vec![inflow("x/a", 9), inflow("x/b", 3)],
        ..Flow::default()
    };
    let (found, _) = flow(all.clone(), &q("no_TIME"));
    assert_eq!((found.drops.len(), found.inflows.len(), found.series_exposed), (1, 0, 5));
    assert_eq!(flow(all, &Filter { component: "x/b".to_owned(), ..sort("name") }).0.inflows, [inflow("x/b", 3)]);

    let one = |of: &str, turns, errors, p99| Loop { of: of.to_owned(), turns, errors, p99_seconds: p99, ..Loop::default() };
    let span = |name: &str| Span { name: name.to_owned(), ..Span::default() };
    let trace = |name: &str| Trace { spans: vec![span("root"), span(name)], ..Trace::default() };
    let all = Traces {
        loops: vec![one("a", 1, None, Some(9.0)), one("b", 5, Some(2), None), one("c", 3, Some(0), Some(0.1))],
        recent: vec![trace("drain"), trace("boot")],
        ..Traces::default()
    };
    let orders = ["name", "p99", "turns", "errors"].map(|order| {
        let loops = traces(all.clone(), &sort(order)).0.loops;
        loops.iter().map(|one| one.of.clone()).collect::<String>()
    });
    assert_eq!(orders, ["abc", "acb", "bca", "bca"]);
    assert_eq!(traces(all, &q("Drain")).0.recent.len(), 1);
}
