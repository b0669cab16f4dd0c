use super::{Claims, Forged, Names, Pod, Speaker};
use std::collections::BTreeMap;

fn speaker(namespaces: &[&str], services: Names, claims: Claims) -> Speaker {
    let pod = Some(Pod { name: "cart-1".into(), uid: "u-1".into() });
    let namespaces = Names::Only(namespaces.iter().map(|&name| name.into()).collect());
    Speaker { name: "system:serviceaccount:shop:cart".into(), home: "shop".into(), namespaces, services, pod, claims }
}

fn said(speaker: &Speaker, claims: &[(&'static str, &'static str)]) -> String {
    let all: BTreeMap<_, _> = [("service.name", "till")].iter().chain(claims).copied().collect();
    match speaker.correct(|key| all.get(key).copied()) {
        Ok(corrections) => corrections.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" "),
        Err(Forged(claim)) => format!("! {}", claim.key()),
    }
}

const OWN: &str = "k8s.namespace.name=shop service.namespace=shop k8s.pod.name=cart-1 k8s.pod.uid=u-1";

/// Scenario: resources of a pod that say nothing, the truth, and one falsehood each, by both policies.
/// Guarantees: what is not said is filled in; the truth is left alone; a falsehood is refused by its attribute, or replaced;
/// an empty claim is none.
#[test]
fn t01_a_resource_is_its_speakers() {
    let truth =
        [("k8s.namespace.name", "shop"), ("service.namespace", "shop"), ("k8s.pod.name", "cart-1"), ("k8s.pod.uid", "u-1")];
    let [strict, mending] = [Claims::Refuse, Claims::Relabel].map(|claims| speaker(&[], Names::All, claims));
    for speaker in [&strict, &mending] {
        assert_eq!(said(speaker, &[]), OWN);
        assert_eq!(said(speaker, &truth), "");
        assert_eq!(said(speaker, &truth.map(|(key, _)| (key, ""))), OWN);
    }
    for (key, own) in truth {
        let mut claims = truth;
        for (claimed, value) in &mut claims {
            if *claimed == key {
                *value = "bank";
            }
        }
        assert_eq!(said(&strict, &claims), format!("! {key}"));
        assert_eq!(said(&mending, &claims), format!("{key}={own}"));
    }
}

/// Scenario: somebody who may speak for another namespace, for one service; and somebody who may speak for all.
/// Guarantees: what they were allowed goes, with any pod; a service is never relabelled; the namespace of the service follows
/// that of the resource where it says none.
#[test]
fn t01_who_speaks_for_others_says_for_whom() {
    let gateway = speaker(&["bank"], Names::Only(["till".into()].into()), Claims::Relabel);
    assert_eq!(said(&gateway, &[("k8s.namespace.name", "bank"), ("k8s.pod.name", "till-7")]), "service.namespace=bank");
    assert_eq!(said(&gateway, &[("k8s.namespace.name", "bank"), ("service.namespace", "shop")]), "");
    assert_eq!(said(&gateway, &[("k8s.namespace.name", "mint")]), "k8s.namespace.name=shop service.namespace=shop");
    assert_eq!(said(&gateway, &[("service.name", "vault")]), "! service.name");
    let all = Speaker { namespaces: Names::All, services: Names::All, claims: Claims::Refuse, ..gateway };
    assert_eq!(said(&all, &[("k8s.namespace.name", "mint"), ("service.namespace", "x"), ("service.name", "vault")]), "");
}

/// Scenario: a process that names its instance, with nothing said of its pod, with the truth and with a falsehood.
/// Guarantees: t01: it is given no pod, so that whoever takes over under that name goes on; a false pod is false all the same.
#[test]
fn t01_who_names_its_instance_is_given_no_pod() {
    let [strict, mending] = [Claims::Refuse, Claims::Relabel].map(|claims| speaker(&[], Names::All, claims));
    let named = ("service.instance.id", "i-1");
    for speaker in [&strict, &mending] {
        assert_eq!(said(speaker, &[named]), "k8s.namespace.name=shop service.namespace=shop");
        assert_eq!(said(speaker, &[named, ("k8s.pod.uid", "u-1")]), "k8s.namespace.name=shop service.namespace=shop");
        assert_eq!(said(speaker, &[("service.instance.id", "")]), OWN);
    }
    assert_eq!(said(&strict, &[named, ("k8s.pod.uid", "u-2")]), "! k8s.pod.uid");
    let mended = "k8s.namespace.name=shop service.namespace=shop k8s.pod.uid=u-1";
    assert_eq!(said(&mending, &[named, ("k8s.pod.uid", "u-2")]), mended);
}

/// Scenario: resources that say no service, or an empty one, of somebody who may speak for any and of somebody for one.
/// Guarantees: t01: they get the name that OpenTelemetry has for that, so that there is always a job that begins with the namespace.
#[test]
fn t01_a_resource_without_a_service_gets_one() {
    for services in [Names::All, Names::Only(["till".into()].into())] {
        let speaker = speaker(&[], services, Claims::Refuse);
        assert_eq!(said(&speaker, &[("service.name", "")]), format!("{OWN} service.name=unknown_service"));
        let all = speaker.correct(|_| None).expect("nothing is claimed");
        assert_eq!(all.last(), Some(&("service.name", "unknown_service".into())));
    }
}
