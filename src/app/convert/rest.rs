//! What was read and has no place in the output: said once each, so that nothing goes unread.
//! Never says what is in a Secret.

use super::{
    Proxy,
    patch::idle_volumes,
    rules::RulesFile,
    scene::{Object, Scene, pairs},
    tree::{Told, entries, get},
};

/// Annotations of a ServiceAccount that made it an OAuth client begin so.
const REDIRECT: &str = "serviceaccounts.openshift.io/oauth-redirect";
/// The label of a ConfigMap that is filled with authorities to trust.
const BUNDLE: &str = "config.openshift.io/inject-trusted-cabundle";
/// Kinds that are looked at, and stay as they are.
const LOOKED_AT: [&str; 6] = ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "Service", "ServiceMonitor"];

/// Says it.
pub(super) fn tell(from: Proxy, scene: &Scene, file: Option<&RulesFile>, told: &mut Told) {
    if let Some(workload) = &scene.workload {
        for (volume, of) in idle_volumes(workload) {
            let why = format!("nothing reads the volume any more, nor {of}: remove both from the manifests");
            told.left_out(workload.object.place(), &volume, &why);
        }
    }
    for object in &scene.objects {
        match object.kind.as_str() {
            "ConfigMap" => map(object, file, told),
            "Secret" if is_of_cookies(object) => {
                told.left_out(object.place(), &object.called(), "there are no cookies any more that it could sign");
            }
            "Secret" => {}
            "ServiceAccount" => account(object, told),
            "Route" if from == Proxy::OauthProxy => {
                let why = "people came in by it with a browser; whoever comes now shows a token: remove it, or keep it for them";
                told.left_out(object.place(), &object.called(), why);
            }
            kind if LOOKED_AT.contains(&kind) => {}
            _ => told.left_out(object.place(), &object.called(), "nothing of it is about this proxy: it stays as it is"),
        }
    }
}

fn map(object: &Object, file: Option<&RulesFile>, told: &mut Told) {
    if file.is_some_and(|file| !file.is_new && file.map == object.name) {
        return;
    }
    let is_bundle = pairs(&object.doc.node, &["metadata", "labels"]).iter().any(|(key, _)| key == BUNDLE);
    let why = if is_bundle {
        "the trusted CA bundle was for logging in: remove it where nothing else mounts it"
    } else {
        "no flag names a file of it"
    };
    told.left_out(object.place(), &object.called(), why);
}

fn is_of_cookies(object: &Object) -> bool {
    let keys = ["data", "stringData"].into_iter().filter_map(|part| get(&object.doc.node, &[part])).flat_map(entries);
    object.name.contains("cookie") || keys.into_iter().any(|(key, _)| key.text.contains("session") || key.text.contains("cookie"))
}

fn account(object: &Object, told: &mut Told) {
    let all = get(&object.doc.node, &["metadata", "annotations"]).map(entries).unwrap_or_default();
    for (key, _) in all.iter().filter(|(key, _)| key.text.starts_with(REDIRECT)) {
        told.left_out(object.doc.place(key.at), &key.text, "nobody is redirected any more: remove it from the ServiceAccount");
    }
}
