//! The components that add watchers, as data: they grant what roles ask for and no more, and their flags are the binary's.
//! Whether they reach a cluster is not told here.

use super::{Line, granted, objects, one, read, texts};
use pointsman::{
    config::{
        Given,
        watch::{self, KEYS, Scraped, WatchConfig},
    },
    kubernetes::lease::Terms,
};
use pointsman_watch::{Kind, Watcher, controller::Controller, daemon::Daemon, kind, operator::Operator, scrape};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const ROLES: [&str; 3] = ["operator", "controller", "daemon"];
const SECRETS: [Kind; 2] = [Kind::ServerCaSecret, Kind::ServerTlsSecret];

/// The role of this kind, name and namespace.
fn role<'o>(objects: &'o [Value], kind: &str, namespace: Value) -> &'o Value {
    let is_it = |object: &&Value| object["kind"] == kind && object["metadata"]["namespace"] == namespace;
    objects.iter().find(is_it).unwrap_or_else(|| panic!("no {kind} in {namespace}"))
}

/// What it takes to watch these kinds.
fn asked(kinds: &BTreeSet<Kind>, lines: &mut BTreeSet<Line>) {
    for facts in kinds.iter().map(|kind| kind.facts()) {
        let name = facts.fields.and_then(|fields| fields.strip_prefix("metadata.name=")).unwrap_or_default();
        let scope = if facts.namespace.is_some() { "mco" } else { "cluster" };
        for verb in ["get", "list", "watch"] {
            lines.insert((facts.group.into(), facts.plural.into(), verb.into(), name.into(), scope));
        }
    }
}

/// Scenario: the roles of the watchers' account, beside the kinds that each role watches, the Leases of each, and the one object
/// that names the cluster.
/// Guarantees: they are the same, right by right; nothing but our own Leases is written, no Secret is read; the component that adds
/// Secrets adds the two by name.
#[test]
fn watchers_may_read_what_they_watch_and_no_more() {
    let account = objects("components/watch");
    let mut has = granted(&one(&account, "ClusterRole", "pointsman-watch"), "cluster");
    has.extend(granted(role(&account, "Role", json!(kind::NAMESPACE)), "mco"));
    has.extend(granted(role(&account, "Role", json!("pointsman")), "own"));

    let kinds: BTreeSet<Kind> = [Operator::KINDS, Controller::KINDS, Daemon::KINDS].into_iter().flatten().copied().collect();
    let mut wants = BTreeSet::new();
    asked(&kinds.into_iter().filter(|kind| !SECRETS.contains(kind)).collect(), &mut wants);
    wants.insert(("".into(), "namespaces".into(), "get".into(), "kube-system".into(), "cluster"));
    wants.insert(("coordination.k8s.io".into(), "leases".into(), "create".into(), "".into(), "own"));
    for (name, verb) in ROLES.iter().flat_map(|role| ["get", "update"].map(|verb| (Terms::watch("ns", "pod", role).name, verb))) {
        wants.insert(("coordination.k8s.io".into(), "leases".into(), verb.into(), name.into(), "own"));
    }
    let (missing, left_over): (Vec<_>, Vec<_>) = (wants.difference(&has).collect(), has.difference(&wants).collect());
    assert!(missing.is_empty() && left_over.is_empty(), "missing: {missing:?}\nleft over: {left_over:?}");

    let (has, mut wants) = (granted(&objects("components/watch-secrets")[0], "mco"), BTreeSet::new());
    asked(&SECRETS.into(), &mut wants);
    assert_eq!(has, wants);
}

/// Scenario: every object of both components.
/// Guarantees: roles that are bound exist, and are bound to the one account, which every pod runs as; whatever lives in a namespace
/// lives in the one that we install in, but for what is granted where the operator lives.
#[test]
fn manifests_of_watchers_hold_together() {
    for folder in ["components/watch", "components/watch-secrets", "components/watch-scrape"] {
        let objects = objects(folder);
        for object in &objects {
            let (kind, namespace) = (object["kind"].as_str().expect("a kind"), &object["metadata"]["namespace"]);
            let allowed = match kind {
                "ClusterRole" | "ClusterRoleBinding" => vec![Value::Null],
                "Role" | "RoleBinding" => vec![json!("pointsman"), json!(kind::NAMESPACE)],
                _ => vec![json!("pointsman")],
            };
            assert!(allowed.contains(namespace), "{object}");
            if let Some(of) = kind.strip_suffix("Binding") {
                assert_eq!(
                    object["subjects"],
                    json!([{"kind": "ServiceAccount", "name": "pointsman-watch", "namespace": "pointsman"}])
                );
                assert_eq!(
                    (object["roleRef"]["kind"].as_str(), &object["roleRef"]["name"]),
                    (Some(of), &object["metadata"]["name"])
                );
                assert!(role(&objects, of, namespace.clone())["metadata"]["name"] == object["roleRef"]["name"]);
            }
        }
    }
    one(&objects("components/watch"), "ServiceAccount", "pointsman-watch");
}

/// Scenario: the three Deployments, and the patch that lets one of them read Secrets.
/// Guarantees: the flags are what the binary takes; each replica has a Lease of its role; the receiver's certificate is checked with
/// what is mounted; plans come from the Service's own port, and the last one is kept where the pod may write; it asks for no privilege.
#[test]
fn the_pods_of_watchers_fit_the_binary() {
    let all = objects("components/watch");
    let ours = super::audience_of_senders();
    let service = one(&objects("base"), "Service", "pointsman");
    let ports = service["spec"]["ports"].as_array().expect("ports");
    let http_port = &ports.iter().find(|port| port["name"] == "otlp-http").expect("OTLP over HTTP")["port"];
    for role in ROLES {
        let name = format!("pointsman-watch-{role}");
        let deployment = one(&all, "Deployment", &name);
        let pod = &deployment["spec"]["template"];
        assert_eq!(pod["spec"]["serviceAccountName"], "pointsman-watch");
        for labels in [&pod["metadata"]["labels"], &deployment["spec"]["selector"]["matchLabels"]] {
            assert_eq!(labels, &json!({"app.kubernetes.io/name": name}));
        }
        let container = &pod["spec"]["containers"][0];
        let args = texts(&container["args"]);
        let config = config(&args);
        assert_eq!((args[0], config.role.word()), ("watch", role));
        assert!(config.pod.is_some() && config.otlp.url.scheme_str() == Some("https"), "{config:?}");
        let mount = container["volumeMounts"][0]["mountPath"].as_str().expect("a path");
        assert!(config.otlp.ca_file.expect("it checks").starts_with(mount));
        let watch::Controller::Named(url) = config.plans.controller else { panic!("{role} is not told who it obeys") };
        let (service, port) = (config.otlp.url.host(), http_port.as_u64());
        assert_eq!((url.scheme_str(), url.host(), url.port_u16().map(u64::from)), (Some("wss"), service, port));
        let (state, cache) = (&container["volumeMounts"][1], config.plans.cache.expect("the last plan is kept"));
        assert!(cache.starts_with(state["mountPath"].as_str().expect("a path")) && state["readOnly"].is_null(), "{state}");
        let volumes = pod["spec"]["volumes"].as_array().expect("volumes");
        assert!(volumes.iter().any(|volume| volume["name"] == state["name"] && volume["emptyDir"].is_object()), "{volumes:?}");
        assert_eq!(container["env"][2]["name"], "POINTSMAN_POD");
        let (token, shown) = (&container["volumeMounts"][2], config.otlp.token_file.expect("it says who it is"));
        let of = volumes.iter().find(|volume| volume["name"] == token["name"]).expect("it is mounted");
        let of = &of["projected"]["sources"][0]["serviceAccountToken"];
        let path = format!("{}/{}", token["mountPath"].as_str().expect("a path"), of["path"].as_str().expect("a name"));
        assert_eq!((shown.to_str(), &of["audience"], &of["expirationSeconds"]), (Some(&*path), &json!(ours), &json!(3600)));
        let context = &container["securityContext"];
        assert_eq!((&context["allowPrivilegeEscalation"], &context["readOnlyRootFilesystem"]), (&json!(false), &json!(true)));
        assert_eq!(
            (&context["capabilities"]["drop"], &pod["spec"]["securityContext"]["runAsNonRoot"]),
            (&json!(["ALL"]), &json!(true))
        );
    }
    let patch = read(&super::folder().join("components/watch-secrets/kustomization.yaml")).remove(0)["patches"][0].clone();
    assert_eq!(patch["target"], json!({"kind": "Deployment", "name": "pointsman-watch-controller"}));
    let steps: Value = serde_saphyr::from_str(patch["patch"].as_str().expect("text")).expect("YAML");
    let added = steps[0]["value"].as_str().expect("a flag");
    let with_secrets = config(&["watch", "controller", added]);
    assert_eq!(with_secrets.role, watch::Role::Controller { read_secrets: true });
}

/// What a component's patches add to the containers and volumes of a Deployment, by path.
pub(super) fn added(component: &str, deployment: &str) -> Vec<(String, Value)> {
    let kustomization = read(&super::folder().join(component).join("kustomization.yaml")).remove(0);
    let patches = kustomization["patches"].as_array().expect("patches").clone();
    let is_of = |patch: &Value| {
        let name = patch["target"]["name"].as_str().expect("a name").replace("pointsman-watch-", "");
        name.trim_matches(['(', ')']).split('|').any(|role| deployment == role)
    };
    let steps = patches.iter().filter(|patch| is_of(patch)).flat_map(|patch| {
        let steps: Vec<Value> = serde_saphyr::from_str(patch["patch"].as_str().expect("text")).expect("YAML");
        steps
    });
    steps.map(|step| (step["path"].as_str().expect("a path").to_owned(), step["value"].clone())).collect()
}

/// Scenario: the components for the old names and for scrapes, as patches of the three Deployments.
/// Guarantees: every watcher gets the old names; two scrape what is theirs, over TLS with the mounted service CA and the pod's
/// token; the one right they get is what kube-rbac-proxy asks for, and reads no object.
#[test]
fn old_names_and_scrapes_fit_the_binary() {
    for role in ROLES {
        let [(_, flag)] = &added("components/watch-legacy", role)[..] else { panic!("one flag for {role}") };
        assert!(config(&["watch", role, flag.as_str().expect("a flag")]).legacy_metrics);
        let added = added("components/watch-scrape", role);
        let args = added.iter().filter(|(path, _)| path.ends_with("/args/-")).map(|(_, flag)| flag.as_str().expect("a flag"));
        let scrape = config(&["watch", role].into_iter().chain(args).collect::<Vec<_>>()).scrape;
        assert_eq!(scrape.is_some(), role != "operator");
        let Some(scrape) = scrape else { continue };
        let at = |path: &str| &added.iter().find(|(at, _)| at.ends_with(path)).unwrap_or_else(|| panic!("no {path}")).1;
        let (mount, volume) = (at("/volumeMounts/-"), at("/volumes/-"));
        assert_eq!((&mount["name"], &volume["configMap"]["name"]), (&volume["name"], &json!("pointsman-service-ca")));
        assert!(scrape.ca_file.expect("it checks").starts_with(mount["mountPath"].as_str().expect("a path")));
        assert!(scrape.token_file.expect("it shows one").ends_with("serviceaccount/token"));
        match scrape.of {
            Scraped::Controller { url } => {
                let want = (role, Some(scrape::CONTROLLER_NAME), Some(scrape::PORT), scrape::PATH);
                assert_eq!(("controller", url.host(), url.port_u16(), url.path()), want);
            }
            Scraped::Daemons { port } => assert_eq!(("daemon", port), (role, scrape::PORT)),
        }
    }
    let rights = granted(role(&objects("components/watch-scrape"), "Role", json!(kind::NAMESPACE)), "mco");
    assert_eq!(rights, BTreeSet::from([("".into(), "namespace/metrics".into(), "get".into(), "".into(), "mco")]));
}

/// What the binary makes of a command line in a pod.
fn config(args: &[&str]) -> WatchConfig {
    let mut flags = BTreeMap::new();
    for arg in &args[2..] {
        let (key, value) = arg.strip_prefix("--").and_then(|arg| arg.split_once('=')).expect("--key=value");
        let key = KEYS.into_iter().find(|known| *known == key).unwrap_or_else(|| panic!("no flag {key}"));
        flags.insert(key, vec![value.to_owned()]);
    }
    let env = [("POINTSMAN_POD".to_owned(), "pointsman/watch-0".to_owned())].into();
    WatchConfig::read(args[1], &Given { flags, env, in_pod: true, ..Given::default() }).expect("what the binary takes")
}
