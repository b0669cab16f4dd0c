//! Who reads and what the real API server lets them: accounts, their tokens and rights, certificates of several authorities; and
//! pointsman with each configuration of the table. Asks pointsman nothing.

use super::{super::cluster::Cluster, front::Front};
use crate::{
    access::rows,
    support::Pointsman,
    tls::client::{Authority, Client, Pair},
};
use rcgen::DnType;
use std::{collections::BTreeMap, fs, path::Path};
use tempfile::TempDir;

/// OpenShift's scraper.
const SCRAPER: &str = "system:serviceaccount:openshift-monitoring:prometheus-k8s";
/// Questions at will: the table counts them, and waits for none.
const AT_WILL: [&str; 2] = ["--kube-api-qps=1000", "--kube-api-burst=1000"];
/// Accounts with their namespaces.
const ACCOUNTS: [(&str, &str); 5] =
    [("team", "reader"), ("team", "outsider"), ("team", "leaver"), ("team", "asker"), ("openshift-monitoring", "prometheus-k8s")];
/// What they may: `reader` some paths, what is in `default` and metrics of two namespaces more, the group of a certificate the page, the scraper of OpenShift
/// what the manifests of the Machine Config Operator give it.
const RIGHTS: &str = "
kind: ClusterRole
metadata: {name: paths}
rules: [{nonResourceURLs: [/metrics, /free], verbs: [get]}]
---
kind: ClusterRoleBinding
metadata: {name: paths}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: paths}
subjects: [{kind: ServiceAccount, name: reader, namespace: team}]
---
kind: ClusterRole
metadata: {name: page}
rules: [{nonResourceURLs: [/], verbs: [get]}]
---
kind: ClusterRoleBinding
metadata: {name: page}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: page}
subjects: [{kind: Group, apiGroup: rbac.authorization.k8s.io, name: watchers}]
---
kind: ClusterRoleBinding
metadata: {name: asker}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: 'system:auth-delegator'}
subjects: [{kind: ServiceAccount, name: asker, namespace: team}]
---
kind: Role
metadata: {name: reader, namespace: default}
rules:
- {apiGroups: [''], resources: [namespaces/metrics, pods], verbs: [get]}
- {apiGroups: [''], resources: [configmaps], resourceNames: [cm-a], verbs: [get]}
- {apiGroups: [apps], resources: [deployments/scale], verbs: [get]}
---
kind: RoleBinding
metadata: {name: reader, namespace: default}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: reader, namespace: team}]
---
kind: ClusterRole
metadata: {name: namespaces}
rules: [{apiGroups: [''], resources: [namespaces/metrics], verbs: [get]}]
---
kind: RoleBinding
metadata: {name: namespaces, namespace: team}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: namespaces}
subjects: [{kind: ServiceAccount, name: reader, namespace: team}]
---
kind: RoleBinding
metadata: {name: namespaces, namespace: openshift-monitoring}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: namespaces}
subjects: [{kind: ServiceAccount, name: reader, namespace: team}]
---
kind: Role
metadata: {name: scraper, namespace: openshift-machine-config-operator}
rules: [{apiGroups: [''], resources: [namespace/metrics], verbs: [get]}]
---
kind: RoleBinding
metadata: {name: scraper, namespace: openshift-machine-config-operator}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: scraper}
subjects: [{kind: ServiceAccount, name: prometheus-k8s, namespace: openshift-monitoring}]
";

/// An API server of its own, which may be held, and everybody who reads.
pub(in crate::real) struct World {
    pub(in crate::real) cluster: Cluster,
    pub(super) tokens: BTreeMap<&'static str, String>,
    /// Signs for pointsman, and for the front.
    ours: Authority,
    readers: Authority,
    certificates: BTreeMap<&'static str, Pair>,
}

/// Pointsman with one configuration, before an API server that may change.
pub(in crate::real) struct Served {
    pub(in crate::real) server: Pointsman,
    pub(in crate::real) folder: TempDir,
    pub(super) front: Front,
    pub(super) has_tls: bool,
}

impl World {
    pub(in crate::real) fn new() -> Self {
        let cluster = Cluster::bare();
        for namespace in ["team", "openshift-monitoring", "openshift-machine-config-operator"] {
            cluster.kubectl(&["create", "namespace", namespace]).expect("create a namespace");
        }
        for (namespace, account) in ACCOUNTS {
            cluster.kubectl(&["create", "serviceaccount", account, "-n", namespace]).expect("create an account");
        }
        let documents = RIGHTS.split("---\n").map(|one| format!("apiVersion: rbac.authorization.k8s.io/v1\n{one}"));
        cluster.apply(&documents.collect::<Vec<_>>().join("---\n"));
        let tokens = tokens(&cluster);
        cluster.kubectl(&["delete", "serviceaccount", "leaver", "-n", "team"]).expect("remove an account");
        let (ours, readers) = (Authority::named("ours"), Authority::named("readers"));
        let certificates = certificates(&readers);
        Self { cluster, tokens, ours, readers, certificates }
    }

    /// Starts pointsman as a configuration of the table says.
    pub(super) fn serve(&self, cfg: &str) -> Served {
        let (folder, front) = (TempDir::new().expect("a folder"), self.front());
        let flags = self.flags(cfg, &folder, &front);
        let has_tls = !matches!(cfg, "K" | "F");
        let mut all = vec!["serve", "--otlp-grpc=127.0.0.1:0", "--otlp-http=127.0.0.1:0"];
        all.extend(flags.iter().map(String::as_str));
        Served { server: Pointsman::start_as(&all, &[]), folder, front, has_tls }
    }

    fn front(&self) -> Front {
        let server = self.cluster.url.trim_start_matches("https://").parse().expect("an address");
        Front::start(server, &self.ours.pair_for("127.0.0.1"))
    }

    /// The flags of a configuration; its files are in the folder.
    pub(super) fn flags(&self, cfg: &str, folder: &TempDir, front: &Front) -> Vec<String> {
        let file = |name: &str| folder.path().join(name).display().to_string();
        fs::create_dir_all(folder.path().join("views")).expect("the folder takes folders");
        self.ours.pair().write(folder.path());
        fs::write(folder.path().join("readers.crt"), self.readers.pem()).expect("the folder takes files");
        self.kubeconfig(folder.path(), &front.url);
        let mut flags = vec![format!("--kubeconfig={}", file("kubeconfig")), format!("--views={}", file("views"))];
        flags.extend(AT_WILL.iter().filter(|_| cfg != "P").map(|flag| (*flag).to_owned()));
        let rules = |name: &str| format!("--config-file={}", rows::folder().join(format!("{name}.yaml")).display());
        let more: &[&str] = match cfg {
            "A" => &["S", "--allow-paths=/metrics,/metrics/self,/api/*/x,/views/*/x"],
            "I" => &["S", "--ignore-paths=/healthz,/open/*,/api/*/overview"],
            "X" => &["S", "--http2-disable"],
            "L" => &["S", "--log=trace"],
            "O" => &["N", "--allow-openshift-scraper"],
            "R" => &["R", "--auth-token-audiences=aud1"],
            "P" => &["R", "--auth-token-audiences=aud1", "--kube-api-qps=1", "--kube-api-burst=1"],
            "K" => &["S", "--insecure-listen-address=127.0.0.1:0", "--ignore-paths=/metrics/self"],
            "F" => return vec!["--listen=127.0.0.1:0".to_owned()],
            cfg => &[cfg],
        };
        flags.push(rules(more[0]));
        flags.extend(more[1..].iter().map(|flag| (*flag).to_owned()));
        if cfg != "K" {
            flags.push("--secure-listen-address=127.0.0.1:0".to_owned());
            flags.extend(["--tls-cert-file".to_owned(), file("tls.crt"), "--tls-private-key-file".to_owned(), file("tls.key")]);
            flags.extend(["--client-ca-file".to_owned(), file("readers.crt")]);
        }
        flags
    }

    /// Leads to the front as the account that asks; whoever answers there is trusted, the real server and the front.
    fn kubeconfig(&self, folder: &Path, url: &str) {
        let real = fs::read_to_string(&self.cluster.ca).expect("the server has a certificate");
        let ca = folder.join("api.crt");
        fs::write(&ca, format!("{real}\n{}", self.ours.pem())).expect("the folder takes files");
        let text = format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: it\n\
             clusters: [{{name: it, cluster: {{server: {url:?}, certificate-authority: {ca:?}}}}}]\n\
             users: [{{name: it, user: {{token: {:?}}}}}]\n\
             contexts: [{{name: it, context: {{cluster: it, user: it}}}}]\n",
            self.tokens["asker"]
        );
        fs::write(folder.join("kubeconfig"), text).expect("the folder takes files");
    }

    /// A client that trusts us, and shows the certificate of this name, if one is named.
    pub(super) fn client(&self, certificate: Option<&str>, protocols: &[&str]) -> Client {
        match certificate {
            Some(name) => {
                let own = self.certificates.get(name).unwrap_or_else(|| panic!("no certificate {name}"));
                self.ours.client_showing(own, protocols)
            }
            None => self.ours.client(protocols),
        }
    }

    /// Writes a certificate of this name with its key, and our own authority, where a scraper finds them.
    pub(in crate::real) fn write_for_scraper(&self, name: &str, folder: &Path) {
        self.certificates[name].write(folder);
        fs::write(folder.join("ca.crt"), self.ours.pem()).expect("the folder takes files");
    }

    /// Pointsman as in the row `S`, and the token of an account, for whoever scrapes.
    pub(in crate::real) fn serve_static(&self) -> (Served, String) {
        (self.serve("S"), self.tokens["good"].clone())
    }
}

fn tokens(cluster: &Cluster) -> BTreeMap<&'static str, String> {
    let token = |namespace: &str, account: &str, audiences: &[&str]| {
        let mut args = vec!["create", "token", account, "-n", namespace];
        audiences.iter().for_each(|audience| args.extend(["--audience", audience]));
        cluster.kubectl(&args).expect("ask for a token").trim().to_owned()
    };
    let good = token("team", "reader", &[]);
    let (head, signature) = good.rsplit_once('.').expect("a token has three parts");
    let turned: String = signature.chars().rev().collect();
    let tampered = format!("{head}.{turned}");
    let unsigned = format!("{head}.");
    [
        ("fresh", token("team", "reader", &[])),
        ("outsider", token("team", "outsider", &[])),
        ("gone", token("team", "leaver", &[])),
        ("asker", token("team", "asker", &[])),
        ("scraper", token("openshift-monitoring", "prometheus-k8s", &[])),
        ("aud1", token("team", "reader", &["aud1"])),
        ("aud2", token("team", "reader", &["aud2"])),
        ("both", token("team", "reader", &["aud2", "aud1"])),
        ("outsider1", token("team", "outsider", &["aud1"])),
        ("viewer", "viewer-token".to_owned()),
        ("unknown", "n0b0dy-knows-this-one".to_owned()),
        ("unknown2", "n0b0dy-knows-that-one".to_owned()),
        ("unknown3", "n0b0dy-knows-another-one".to_owned()),
        ("tampered", tampered),
        ("unsigned", unsigned),
        ("good", good),
    ]
    .into()
}

fn certificates(readers: &Authority) -> BTreeMap<&'static str, Pair> {
    let (now, other) = ((2020, 2090), Authority::named("readers")); // the same name, another key
    let (cn, o) = (DnType::CommonName, DnType::OrganizationName);
    let again = |last: u64| DnType::CustomDnType(vec![2, 5, 4, last]);
    [
        ("auditor", readers.person(&[(cn.clone(), "auditor")], now)),
        ("scraper", readers.person(&[(cn.clone(), SCRAPER)], now)),
        ("nobody", readers.person(&[(cn.clone(), "nobody-special")], now)),
        ("watcher", readers.person(&[(cn.clone(), "wanda"), (o.clone(), "watchers")], now)),
        ("ops", readers.person(&[(cn.clone(), "op"), (o.clone(), "ops")], now)),
        ("devops", readers.person(&[(cn.clone(), "devop"), (o.clone(), "dev"), (again(10), "ops")], now)),
        ("Ops", readers.person(&[(cn.clone(), "op"), (o.clone(), "Ops")], now)),
        ("master", readers.person(&[(cn.clone(), "root"), (o, "system:masters")], now)),
        ("foreign", other.person(&[(cn.clone(), SCRAPER)], now)),
        ("old", readers.person(&[(cn.clone(), SCRAPER)], (2020, 2021))),
        ("future", readers.person(&[(cn.clone(), SCRAPER)], (2080, 2090))),
        ("nameless", readers.person(&[], now)),
        ("twonames", readers.person(&[(cn, "nobody-special"), (again(3), SCRAPER)], now)),
    ]
    .into()
}
