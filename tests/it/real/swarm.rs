//! How long after the API server took a change of a view the gates of a thousand components have closed or opened, each with a
//! session of its own. Times are printed, not asserted: `tests/bench/RESULTS.md` has them; counts are asserted.

use super::cluster::Cluster;
use crate::support::{Pointsman, now, wait};
use kube::{
    Api,
    api::{ApiResource, DynamicObject, Patch, PatchParams},
};
use pointsman_instrument::{
    Identity, Telemetry,
    metric::Counter,
    opamp::{Client, Endpoint, Settings},
    semconv::{attribute::K8S_NAMESPACE_NAME, mco::ControllerReconcileErrors},
};
use serde_json::json;
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};
use tokio::sync::watch;

const COMPONENTS: usize = 1_000;
const CHANGES: usize = 20;
const BETWEEN: Duration = Duration::from_secs(2);
/// How exactly a gate is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// A component of one instance and one instrument.
struct Member {
    errors: Counter<ControllerReconcileErrors>,
    telemetry: Arc<Telemetry>,
}

impl Member {
    fn new(number: usize) -> (Self, Identity) {
        let identity = Identity::new(&format!("member-{number}")).instance("a").with(K8S_NAMESPACE_NAME, "default");
        let telemetry = Telemetry::new(identity.clone(), wall);
        (Self { errors: telemetry.counter(), telemetry }, identity)
    }

    fn is_open(&self) -> bool {
        self.errors.on().is_some()
    }
}

#[expect(clippy::disallowed_methods, reason = "a component reads the clock")]
fn wall() -> SystemTime {
    SystemTime::now()
}

fn switch(on: bool) -> Patch<serde_json::Value> {
    let state = if on { "Enabled" } else { "Disabled" };
    let rule = json!({"name": "one", "match": {"instruments": ["mco.controller.reconcile.errors"]}, "state": state});
    Patch::Merge(json!({"spec": {"metrics": [rule]}}))
}

/// When each gate followed, since the API server answered.
async fn follow(members: &[Member], on: bool, answered: Instant) -> Vec<Duration> {
    let mut times: Vec<Option<Duration>> = vec![None; members.len()];
    let deadline = answered + Duration::from_secs(60);
    while times.iter().any(Option::is_none) {
        for (time, member) in times.iter_mut().zip(members).filter(|(time, _)| time.is_none()) {
            *time = (member.is_open() == on).then(|| answered.elapsed());
        }
        assert!(now() < deadline, "{} gates did not follow", times.iter().filter(|time| time.is_none()).count());
        tokio::time::sleep(LOOK).await;
    }
    times.into_iter().flatten().collect()
}

/// Scenario: a thousand components with a session each; a view that turns their one metric off and on is changed twenty times.
/// Guarantees: every gate follows every change.
#[test]
#[ignore = "needs kube-apiserver, kubectl and etcd: run bash tests/run.sh"]
fn a_thousand_components_follow_a_view() {
    let cluster = Cluster::start();
    let pointsman = Pointsman::start(&["--kubeconfig", &cluster.kubeconfig("admin").display().to_string()]);
    cluster.apply(
        "apiVersion: pointsman.dev/v1alpha1\nkind: TelemetryView\nmetadata: {name: switch, namespace: default}\n\
         spec: {metrics: [{name: one, match: {instruments: [mco.controller.reconcile.errors]}, state: Disabled}]}\n",
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime starts");
    let endpoint = Endpoint::new(&format!("ws://{}", pointsman.http)).expect("it is an endpoint");
    let (stop, stopped) = watch::channel(false);
    let (members, identities): (Vec<Member>, Vec<Identity>) = (0..COMPONENTS).map(Member::new).unzip();
    for (member, identity) in members.iter().zip(&identities) {
        let settings = Settings { endpoint: Some(endpoint.clone()), ..Settings::default() };
        let client = Client::new(member.telemetry.clone(), identity, settings);
        let mut stopped = stopped.clone();
        runtime.spawn(client.run(async move { drop(stopped.wait_for(|stopped| *stopped).await) }, |_| ()));
    }
    wait("every component to obey the first plan", || {
        members.iter().all(|member| member.telemetry.plan_hash().is_some() && !member.is_open()).then_some(())
    });
    let mut times = runtime.block_on(async {
        let resource = ApiResource {
            group: "pointsman.dev".into(),
            version: "v1alpha1".into(),
            api_version: "pointsman.dev/v1alpha1".into(),
            kind: "TelemetryView".into(),
            plural: "telemetryviews".into(),
        };
        let views: Api<DynamicObject> = Api::namespaced_with(cluster.client("admin").await, "default", &resource);
        let mut times = Vec::new();
        for change in 0..CHANGES {
            tokio::time::sleep(BETWEEN).await;
            let on = change % 2 == 0;
            views.patch("switch", &PatchParams::default(), &switch(on)).await.expect("the view is changed");
            times.extend(follow(&members, on, now()).await);
        }
        times
    });
    stop.send(true).expect("clients listen");
    times.sort_unstable();
    assert_eq!(times.len(), COMPONENTS * CHANGES);
    let at = |share: usize| times.get((times.len() - 1) * share / 100).map_or(0.0, |time| time.as_secs_f64() * 1e3);
    eprintln!("| {COMPONENTS} | {CHANGES} | {:.0} | {:.0} | {:.0} |", at(50), at(99), at(100));
}
