//! Who sends, proved on a real API server: more than a hundred ways to speak for somebody else, over every transport, beside a
//! victim whose series, spans and plan are known. Not one may reach them.

mod agents;
mod certificates;
mod lies;
mod town;
mod ways;

use super::access::Stage;
use crate::support::{now, runtime, wait};
use http::HeaderMap;
use lies::{Fate, Lie, in_pieces, in_types, in_words, pair, plain, text, twice};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use pointsman::auth::{
    Denied,
    access::{Oracle, ask::Outage},
    senders::{Grants, Senders},
};
use pointsman_core::model::speaker::Claims;
use std::{collections::BTreeSet, fs, sync::Arc, time::Duration};
use tonic::Code;
use town::{Served, Town};
use ways::{Load, POINTS, Way, body, json_body, send};

/// What the forged send.
const EVIL: Load<'static> = Load { value: 666, secs: 500, span: "evil", attributes: &[] };

/// What came of many requests.
#[derive(Debug, Default)]
struct Sent {
    /// Requests.
    all: u64,
    /// Metrics and spans refused as forged: requests.
    forged: [u64; 2],
    /// Spans that were taken.
    taken_spans: usize,
}

/// Sends each lie in each way that can say it, with one token.
fn tell(served: &Served, authorization: &str, lies: &[Lie]) -> Sent {
    let mut sent = Sent::default();
    for lie in lies {
        for way in Way::ALL {
            let body = match &lie.json {
                _ if !way.is_json() => body(way, &[&lie.fields], EVIL),
                Some(json) => json_body(way, json, EVIL),
                None => continue,
            };
            let answer = send(&served.server, way, authorization, &body);
            sent.all += 1;
            match lie.fate {
                Fate::Refused => {
                    assert_eq!(answer, (Code::PermissionDenied, 0), "{way:?}: {}", lie.what);
                    sent.forged[usize::from(!way.is_metrics())] += 1;
                }
                Fate::Own => {
                    assert_eq!(answer, (Code::Ok, 0), "{way:?}: {}", lie.what);
                    sent.taken_spans += usize::from(!way.is_metrics());
                }
            }
        }
    }
    sent
}

fn all_lies(town: &Town) -> Vec<Lie> {
    let Town { victim, mallory, neighbour, .. } = town;
    let mut all = in_words(victim, mallory, neighbour);
    all.extend(in_types(victim));
    all.extend(twice(victim, mallory));
    all.extend(in_pieces(victim, mallory));
    all
}

/// The value of every attribute of this key: more than one would leave it to the reader which to believe.
fn values<'a>(resource: &'a [KeyValue], key: &str) -> Vec<&'a str> {
    let of = resource.iter().filter(|one| one.key == key).map(|one| match one.value.as_ref().and_then(|v| v.value.as_ref()) {
        Some(Value::StringValue(text)) => text.as_str(),
        other => panic!("{key} is {other:?}"),
    });
    of.collect()
}

/// Every span of a name came with the names of this namespace alone, and with no pod but this one.
fn spans_are_of(served: &Served, span: &str, (namespace, uid): (&str, &str)) -> usize {
    let resources = served.spans.back_end.resources(span);
    for resource in &resources {
        for key in ["k8s.namespace.name", "service.namespace"] {
            assert_eq!(values(resource, key), [namespace], "{span}: {resource:?}");
        }
        let uids = values(resource, "k8s.pod.uid");
        assert!(uids.len() <= 1 && uids.iter().all(|said| said.is_empty() || *said == uid), "{span}: {resource:?}");
    }
    resources.len()
}

/// Scenario: a sender with a token of its own pod claims in every way to be a victim of another namespace, or a neighbour; others
/// with no token that is good for us say that they are the victim; over gRPC and HTTP, in protobuf and JSON, metrics and spans.
/// Guarantees: t01, t02: each is refused, PERMISSION_DENIED or UNAUTHENTICATED, and counted as forged or by its reason; not one
/// lands on the victim's series, whose lines are the same to the byte; no back end sees a span under another's name, nor one
/// attribute twice; who speaks for others is named in the log, once an attribute.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn t01_t02_a_hundred_forged_identities_reach_nobody() {
    let town = Town::build();
    let served = town.server(&[]);
    served.honest(&town, 1, "good");
    let before = served.victims_lines(&town);
    assert!(
        before.len() >= 3 && before.iter().any(|line| line.contains("currency=\"EUR\"") && line.ends_with(" 42")),
        "{before:#?}"
    );

    let mallory = format!("Bearer {}", town.mallorys);
    let lies = all_lies(&town);
    let told = tell(&served, &mallory, &lies);
    assert!(lies.len() >= 60 && told.all >= 300, "{} lies, {told:?}", lies.len());
    let strangers = town.strangers();
    let truth = plain("the victim's", Fate::Refused, &[pair("k8s.namespace.name", text(&town.victim.namespace))]);
    for ((who, authorization), way) in strangers.iter().flat_map(|stranger| Way::ALL.map(|way| (stranger, way))) {
        let json = truth.json.as_ref().expect("plain words");
        let body = if way.is_json() { json_body(way, json, EVIL) } else { body(way, &[&truth.fields], EVIL) };
        assert_eq!(send(&served.server, way, authorization, &body).0, Code::Unauthenticated, "{way:?}: {who}");
    }
    let live = format!("Bearer {}", town.signed(&town.cluster.signing_key(), 4_000_000_000));
    let empty = plain("nothing", Fate::Own, &[]);
    tell(&served, &live, &[empty]); // else a token that has ended would be refused for something else

    assert_eq!(served.victims_lines(&town), before);
    for (signal, forged, points) in [("metrics", told.forged[0], POINTS), ("traces", told.forged[1], 1)] {
        assert_eq!(served.refused(signal, "forged"), (forged * points, forged), "{signal}");
        assert_eq!(served.refused(signal, "unauthenticated"), (0, 3 * strangers.len() as u64), "{signal}");
        let labels = [format!("signal=\"{signal}\""), "reason=\"forged\"".to_owned()];
        assert_eq!(served.own("pointsman_pipeline_dropped_total", &labels.each_ref().map(String::as_str)), forged * points);
    }
    served.honest(&town, 1, "good");
    let whole = told.taken_spans + 3;
    wait("all spans", || (served.spans.back_end.resources("evil").len() >= whole).then_some(()));
    wait("the good ones", || (served.spans.back_end.resources("good").len() == 2).then_some(()));
    assert_eq!(spans_are_of(&served, "evil", (&town.mallory.namespace, &town.mallory.uid)), whole);
    assert_eq!(spans_are_of(&served, "good", (&town.victim.namespace, &town.victim.uid)), 2);
    let logs: Vec<String> = served.server.logs().into_iter().filter(|line| line.contains("speaks for somebody else")).collect();
    let keys: BTreeSet<&str> = ["k8s.namespace.name", "service.namespace", "k8s.pod.name", "k8s.pod.uid"].into();
    assert_eq!(logs.len(), keys.len(), "{logs:#?}");
    assert!(keys.iter().all(|key| logs.iter().any(|line| line.contains(key) && line.contains(":eve\""))), "{logs:#?}");
    let secrets = [&town.mallorys, &town.victims];
    assert!(served.server.logs().iter().all(|line| secrets.iter().all(|token| !line.contains(*token))), "no token is told");
}

/// Scenario: what a victim is known by comes in the attributes of points and of the request's other parts; requests of two
/// resources, of which one is forged.
/// Guarantees: t01: what a point says of itself names nobody; a request that is true in part is taken in part, and says how much
/// of it was refused.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn t01_points_and_neighbours_in_a_request_name_nobody() {
    let town = Town::build();
    let served = town.server(&[]);
    served.honest(&town, 1, "good");
    let before = served.victims_lines(&town);
    let (mallory, v) = (format!("Bearer {}", town.mallorys), town.victim.namespace.as_str());
    let names = [
        ("job", format!("{v}/till")),
        ("instance", "till-1".to_owned()),
        ("service.name", "till".to_owned()),
        ("service.namespace", v.to_owned()),
        ("k8s.namespace.name", v.to_owned()),
        ("service_namespace", v.to_owned()),
        ("exported_job", format!("{v}/till")),
    ];
    let attributes: Vec<KeyValue> = names.iter().map(|(key, value)| pair(key, text(value))).collect();
    let own = plain("its own", Fate::Own, &[pair("service.name", text("till")), pair("service.instance.id", text("till-1"))]);
    for some in (0..attributes.len()).map(|n| &attributes[n..=n]).chain([&attributes[..]]) {
        let load = Load { attributes: some, ..EVIL };
        for way in [Way::MetricsGrpc, Way::MetricsHttp] {
            let answer = send(&served.server, way, &mallory, &body(way, &[&own.fields], load));
            assert_eq!(answer.0, Code::Ok, "{some:?}");
        }
    }
    assert_eq!(served.victims_lines(&town), before);
    let scrape = served.server.scrape();
    let evil: Vec<&str> = scrape.lines().filter(|line| line.starts_with("till_") && line.ends_with(" 666")).collect();
    let job = format!(",job=\"{}/till\"", town.mallory.namespace);
    assert!(evil.len() > 2 && evil.iter().all(|line| line.contains(&job)), "{evil:#?}");

    let forged = plain("the victim's", Fate::Refused, &[pair("service.namespace", text(v))]);
    for way in [Way::MetricsGrpc, Way::MetricsHttp, Way::SpansGrpc, Way::SpansHttp] {
        let refused = if way.is_metrics() { i64::try_from(POINTS).expect("few") } else { 1 };
        for both in [[&own.fields[..], &forged.fields], [&forged.fields, &own.fields]] {
            assert_eq!(send(&served.server, way, &mallory, &body(way, &both, EVIL)), (Code::Ok, refused), "{way:?}");
        }
    }
    assert_eq!(served.victims_lines(&town), before);
    wait("all spans", || (served.spans.back_end.resources("evil").len() >= 4).then_some(()));
    assert_eq!(spans_are_of(&served, "evil", (&town.mallory.namespace, &town.mallory.uid)), 4);
}

/// Scenario: the same lies where false claims are replaced; accounts with grants: for one service, and for one more namespace.
/// Guarantees: t01: all is taken and lands under the sender's own names, none on the victim's series or spans; a service that was
/// not granted is refused all the same, and so is a namespace that was not.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn t01_false_claims_are_replaced_where_that_was_asked_for() {
    let town = Town::build();
    let (m, folder) = (town.mallory.namespace.as_str(), tempfile::tempdir().expect("a folder"));
    let file = folder.path().join("senders.yaml");
    let grant = format!("senders:\n- {{user: 'system:serviceaccount:{m}:bound', namespaces: [friend], services: [bell]}}\n");
    fs::write(&file, grant).expect("the folder takes files");
    let file = file.display().to_string();
    let served = town.server(&["--otlp-identity=relabel", "--otlp-senders-file", &file]);
    served.honest(&town, 1, "good");
    let before = served.victims_lines(&town);
    let lies: Vec<Lie> = all_lies(&town).into_iter().map(|lie| Lie { fate: Fate::Own, ..lie }).collect();
    let told = tell(&served, &format!("Bearer {}", town.mallorys), &lies);
    assert_eq!(served.victims_lines(&town), before);
    let scrape = served.server.scrape();
    let evil: Vec<&str> = scrape.lines().filter(|line| line.starts_with("till_") && line.ends_with(" 666")).collect();
    assert!(!evil.is_empty() && evil.iter().all(|line| line.contains(&format!("job=\"{m}/till\""))), "{evil:#?}");
    wait("all spans", || (served.spans.back_end.resources("evil").len() >= told.taken_spans).then_some(()));
    assert_eq!(spans_are_of(&served, "evil", (m, &town.mallory.uid)), told.taken_spans);
    assert_eq!(served.refused("metrics", "forged").0 + served.refused("traces", "forged").0, 0);

    let bound = format!("Bearer {}", town.another("bound", "bound-1"));
    let of = |what, fate, pairs: &[(&str, &str)]| {
        plain(what, fate, &pairs.iter().map(|(key, value)| pair(key, text(value))).collect::<Vec<_>>())
    };
    let v = town.victim.namespace.as_str();
    let rows = [
        of("the service of its grant", Fate::Own, &[("service.name", "bell")]),
        of("the namespace of its grant", Fate::Own, &[("service.name", "bell"), ("k8s.namespace.name", "friend")]),
        of("another service", Fate::Refused, &[("service.name", "till")]),
        of(
            "another service of its grant's namespace",
            Fate::Refused,
            &[("service.name", "till"), ("k8s.namespace.name", "friend")],
        ),
        of("the victim's service", Fate::Refused, &[("service.name", "till"), ("k8s.namespace.name", v)]),
    ];
    tell(&served, &bound, &rows);
    let replaced = of("the victim's namespace", Fate::Own, &[("service.name", "bell"), ("k8s.namespace.name", v)]);
    tell(&served, &bound, &[replaced]);
    assert_eq!(served.victims_lines(&town), before);
    assert!(!served.server.scrape().contains(&format!("job=\"{v}/bell\"")));
}

/// Scenario: a victim and mallory send the same metric, and neither says a service or anything else of itself.
/// Guarantees: t01: each has series of its own, whose job begins with the namespace of its sender.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn t01_who_says_nothing_of_itself_has_series_of_its_own() {
    let town = Town::build();
    let served = town.server(&[]);
    let nothing = plain("nothing", Fate::Own, &[]);
    for (token, value) in [(&town.victims, 42), (&town.mallorys, 666)] {
        let load = Load { value, ..EVIL };
        let body = body(Way::MetricsHttp, &[&nothing.fields], load);
        assert_eq!(send(&served.server, Way::MetricsHttp, &format!("Bearer {token}"), &body), (Code::Ok, 0));
    }
    let scrape = served.server.scrape();
    let lines: Vec<&str> = scrape.lines().filter(|line| line.starts_with("till_open{")).collect();
    let job = |home: &lies::Home| format!("job=\"{}/unknown_service\"", home.namespace);
    for (home, value) in [(&town.victim, " 42"), (&town.mallory, " 666")] {
        assert!(lines.iter().any(|line| line.contains(&job(home)) && line.ends_with(value)), "{lines:#?}");
    }
    assert_eq!(lines.len(), 2, "{lines:#?}");
}

/// Scenario: whoever owns mallory's namespace writes a view that switches everything off for a service that is called as the victim's.
/// Guarantees: t01: it holds for the service of that name in its own namespace, and not for the victim's.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn t01_a_view_of_one_namespace_does_not_reach_another() {
    let town = Town::build();
    let served = town.server(&[]);
    let (mallory, m) = (format!("Bearer {}", town.mallorys), town.mallory.namespace.as_str());
    let own = plain("its own", Fate::Own, &[pair("service.name", text("till")), pair("service.instance.id", text("till-1"))]);
    let job = format!("job=\"{m}/till\"");
    served.honest(&town, 1, "good");
    tell(&served, &mallory, std::slice::from_ref(&own));
    assert!(served.server.scrape().contains(&job));
    let before = served.victims_lines(&town);
    served.view(&format!(
        "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {{name: quiet, namespace: {m}}}\n\
         spec:\n  targets: [{{serviceName: till}}]\n  metrics:\n  - {{name: off, match: {{instruments: ['*']}}, state: Disabled}}\n"
    ));
    let is_off = |line: &str| line.starts_with("till_") && line.contains(&job);
    wait("the view", || {
        let scrape = served.server.scrape();
        (!scrape.lines().any(is_off)).then_some(())
    });
    served.honest(&town, 1, "good");
    assert_eq!(served.victims_lines(&town), before);
    let flow = served.server.get("/api/v1/flow").json()["item"]["metrics"]["suppressed"].as_u64();
    tell(&served, &mallory, &[own]);
    let after = served.server.get("/api/v1/flow").json()["item"]["metrics"]["suppressed"].as_u64();
    assert!(after > flow, "the sender's own points are what is off: {flow:?}, {after:?}");
}

/// Scenario: a sender is known by a token; then its account is removed, and the clock of the caches goes on.
/// Guarantees: t28: it is known for no longer than a minute of our caches, and the ten seconds for which the server itself
/// remembers; from then on it is nobody.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn t28_sender_of_an_account_that_is_gone_is_refused_within_a_minute() {
    let town = Town::build();
    let (_, ours) = super::rbac::installed();
    let kubeconfig = town.cluster.kubeconfig_with_token("forged-account", ours);
    runtime().block_on(async {
        let stage = Stage::open(&kubeconfig, &["pointsman"], Outage::Refuse).await;
        let oracle = Some(Arc::<pointsman::auth::access::ask::Asked>::clone(&stage.asked) as Arc<dyn Oracle>);
        let senders = Senders { grants: Grants::new(), claims: Claims::Refuse, oracle };
        let mut headers = HeaderMap::new();
        headers.insert("authorization", format!("Bearer {}", town.mallorys).parse().expect("a header"));
        let known = senders.who(None, &headers).await.expect("it is known");
        assert_eq!(
            (&*known.home, known.pod.map(|pod| pod.uid)),
            (&*town.mallory.namespace, Some(town.mallory.uid.as_str().into()))
        );
        town.cluster.kubectl(&["delete", "serviceaccount", "eve", "-n", &town.mallory.namespace]).expect("remove the account");
        stage.later(59);
        assert!(senders.who(None, &headers).await.is_ok(), "it is remembered for a minute");
        let began = now();
        loop {
            stage.later(60);
            match senders.who(None, &headers).await {
                Err(Denied::Unknown) => break,
                other => assert!(began.elapsed() < Duration::from_secs(15), "still {other:?}"),
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
}
