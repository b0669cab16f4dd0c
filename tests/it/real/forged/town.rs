//! Two namespaces of a real cluster with accounts and pods, tokens of every kind for them, and a process that asks the server whose
//! they are. Knows who is who, not what anybody says.

use super::{
    super::{access::token, cluster::Cluster, rbac::installed},
    lies::{Home, pair, text},
    ways::{Listening, Load, Way, body, send},
};
use crate::support::{Pointsman, wait};
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use rustls::pki_types::{PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::{Value as Json, json};
use std::fs;
use tempfile::TempDir;
use tonic::Code;

/// Who lives there, and what proves it.
pub(super) struct Town {
    pub(super) cluster: &'static Cluster,
    pub(super) victim: Home,
    pub(super) mallory: Home,
    pub(super) neighbour: Home,
    /// Bound to the pods of the two.
    pub(super) victims: String,
    pub(super) mallorys: String,
}

impl Town {
    /// A new one: no two tests share it.
    pub(super) fn build() -> Self {
        let (cluster, _) = installed();
        let [v, m] = ["victim", "mallory"].map(|prefix| cluster.namespace(prefix));
        let accounts = [(&v, "till"), (&m, "eve"), (&m, "bound")];
        let pods = [(&v, "till-1", "till"), (&m, "eve-1", "eve"), (&m, "eve-2", "eve"), (&m, "bound-1", "bound")];
        let accounts = accounts.map(|(namespace, name)| {
            format!("apiVersion: v1\nkind: ServiceAccount\nmetadata: {{name: {name}, namespace: {namespace}}}\n---\n")
        });
        let objects = pods.map(|(namespace, name, account)| {
            format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}}}\n\
                 spec: {{serviceAccountName: {account}, containers: [{{name: a, image: a}}]}}\n---\n"
            )
        });
        cluster.apply(&[accounts.concat(), objects.concat()].concat());
        let home = |namespace: &str, pod: &str| {
            let uid =
                cluster.kubectl(&["get", "pod", pod, "-n", namespace, "-o", "jsonpath={.metadata.uid}"]).expect("it is there");
            Home { namespace: namespace.to_owned(), pod: pod.to_owned(), uid }
        };
        let [victim, mallory, neighbour] = [home(&v, "till-1"), home(&m, "eve-1"), home(&m, "eve-2")];
        let bound = |home: &Home, account: &str| bound(cluster, home, account);
        let (victims, mallorys) = (bound(&victim, "till"), bound(&mallory, "eve"));
        Self { cluster, victim, mallory, neighbour, victims, mallorys }
    }

    /// A token of an account of mallory's namespace that is bound to one of its pods.
    pub(super) fn another(&self, account: &str, pod: &str) -> String {
        let (cluster, namespace) = (self.cluster, self.mallory.namespace.clone());
        bound(cluster, &Home { namespace, pod: pod.to_owned(), uid: String::new() }, account)
    }

    /// A process that asks this cluster, with views of a folder and a back end for spans.
    pub(super) fn server(&self, more: &[&str]) -> Served {
        let (_, ours) = installed();
        let kubeconfig = self.cluster.kubeconfig_with_token("forged-account", ours).display().to_string();
        let (views, spans) = (TempDir::new().expect("a folder"), Listening::start());
        let (folder, url) = (views.path().display().to_string(), spans.url());
        // Readers are in plain text wherever senders are.
        let doors = ["serve", "--otlp-grpc=127.0.0.1:0", "--otlp-http=127.0.0.1:0", "--insecure-listen-address=127.0.0.1:0"];
        let asked =
            ["--otlp-token-audiences=pointsman", "--kube-api-qps=500", "--kube-api-burst=1000", "--kubeconfig", &kubeconfig];
        let flags = [&doors[..], &asked, &["--views", &folder, "--traces-to", &url], more].concat();
        let server = Pointsman::start_as(&flags, &[]);
        wait("the views", || (server.get("/readyz").status == 200).then_some(()));
        Served { server, views, spans }
    }

    /// What proves nobody, or not to us: what it is, and the value of `authorization`.
    pub(super) fn strangers(&self) -> Vec<(&'static str, String)> {
        let (cluster, m) = (self.cluster, self.mallory.namespace.as_str());
        let bearer = |token: &str| format!("Bearer {token}");
        let of = |more: &[&str]| token(cluster, m, "eve", more);
        let parts: Vec<&str> = self.mallorys.split('.').collect();
        let [head, claims, seal] = parts[..] else { panic!("a token has three parts") };
        let victims: Vec<&str> = self.victims.split('.').collect();
        let no_seal = format!("{}.{}.", encode(br#"{"alg":"none"}"#), victims[1]);
        let other = rcgen::KeyPair::generate().expect("a key").serialize_pem();
        let gone = self.gone();
        vec![
            ("nothing", String::new()),
            ("an empty token", "Bearer ".to_owned()),
            ("no token", bearer("nobody-knows-me")),
            ("another scheme", format!("Basic {}", self.mallorys)),
            ("for the API server", bearer(&of(&[]))),
            ("for others", bearer(&of(&["--audience", "others"]))),
            ("one that has ended", bearer(&self.signed(&cluster.signing_key(), 1_500_000_000))),
            ("one by another key", bearer(&self.signed(other.as_bytes(), 4_000_000_000))),
            ("the victim's claims under its own seal", bearer(&format!("{head}.{}.{seal}", victims[1]))),
            ("the victim's, without a seal", bearer(&no_seal)),
            ("the victim's, torn", bearer(&self.victims.chars().take(self.victims.len() - 9).collect::<String>())),
            ("its own without a head", bearer(&format!(".{claims}.{seal}"))),
            ("two tokens", format!("Bearer {} {}", self.mallorys, self.victims)),
            ("of an account that is gone", bearer(&gone)),
            ("a static user's name", bearer(&format!("system:serviceaccount:{}:till", self.victim.namespace))),
        ]
    }

    /// A token of an account that was removed before anybody asked about it.
    fn gone(&self) -> String {
        let (cluster, m) = (self.cluster, self.mallory.namespace.as_str());
        cluster.kubectl(&["create", "serviceaccount", "gone", "-n", m]).expect("make an account");
        let gone = token(cluster, m, "gone", &["--audience", "pointsman"]);
        cluster.kubectl(&["delete", "serviceaccount", "gone", "-n", m]).expect("remove the account");
        gone
    }

    /// A token for us of mallory's account, by a key, which ends at a moment.
    pub(super) fn signed(&self, key: &[u8], until: u64) -> String {
        let m = &self.mallory.namespace;
        let uid = self.cluster.kubectl(&["get", "serviceaccount", "eve", "-n", m, "-o", "jsonpath={.metadata.uid}"]);
        let uid = uid.expect("it is there");
        let claims = json!({
            "iss": "https://kubernetes.default.svc", "aud": ["pointsman"], "sub": format!("system:serviceaccount:{m}:eve"),
            "iat": 1_400_000_000_u64, "nbf": 1_400_000_000_u64, "exp": until,
            "kubernetes.io": {"namespace": m, "serviceaccount": {"name": "eve", "uid": uid}},
        });
        sign(key, &claims)
    }
}

fn bound(cluster: &Cluster, Home { namespace, pod, .. }: &Home, account: &str) -> String {
    let bound = ["--audience", "pointsman", "--bound-object-kind", "Pod", "--bound-object-name", pod];
    token(cluster, namespace, account, &bound)
}

/// A token of these claims.
fn sign(key: &[u8], claims: &Json) -> String {
    let key = PrivatePkcs8KeyDer::from_pem_slice(key).expect("a key");
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key.secret_pkcs8_der()).expect("a key of this kind");
    let signed = format!("{}.{}", encode(br#"{"alg":"ES256"}"#), encode(claims.to_string().as_bytes()));
    let seal = key.sign(&SystemRandom::new(), signed.as_bytes()).expect("it signs");
    format!("{signed}.{}", encode(seal.as_ref()))
}

/// Base64 of URLs, without padding.
fn encode(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = three.iter().chain(&[0, 0]).take(3).fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte));
        let letters = [bits >> 18, bits >> 12, bits >> 6, bits].map(|bits| char::from(LETTERS[bits & 63]));
        text.extend(&letters[..three.len() + 1]);
    }
    text
}

/// A process, the folder of its views, and where its spans go.
pub(super) struct Served {
    pub(super) server: Pointsman,
    pub(super) views: TempDir,
    pub(super) spans: Listening,
}

impl Served {
    /// What the victim sends of itself, in this second, with a span of this name.
    pub(super) fn honest(&self, town: &Town, secs: u64, span: &str) {
        let victim = &town.victim;
        let said = [
            ("service.name", "till"),
            ("service.instance.id", "till-1"),
            ("k8s.namespace.name", &victim.namespace),
            ("service.namespace", &victim.namespace),
            ("k8s.pod.name", &victim.pod),
            ("k8s.pod.uid", &victim.uid),
        ];
        let said: Vec<KeyValue> = said.iter().map(|(key, value)| pair(key, text(value))).collect();
        let lie = super::lies::plain("the truth", super::lies::Fate::Own, &said);
        let load = Load { value: 42, secs, span, attributes: &[pair("currency", text("EUR"))] };
        for way in [Way::MetricsGrpc, Way::SpansHttp] {
            let answer = send(&self.server, way, &format!("Bearer {}", town.victims), &body(way, &[&lie.fields], load));
            assert_eq!(answer, (Code::Ok, 0), "the victim is heard");
        }
    }

    /// Every line of a scrape that has the names of the victim.
    pub(super) fn victims_lines(&self, town: &Town) -> Vec<String> {
        // The label itself, not one whose name ends so.
        let jobs = ["{", ","].map(|before| format!("{before}job=\"{}/till\"", town.victim.namespace));
        let scrape = self.server.scrape();
        scrape.lines().filter(|line| jobs.iter().any(|job| line.contains(job))).map(str::to_owned).collect()
    }

    /// What the API says was refused of a signal: points by reason, requests by reason.
    pub(super) fn refused(&self, signal: &str, reason: &str) -> (u64, u64) {
        let flow = self.server.get("/api/v1/flow").json()["item"][signal].clone();
        let of = |of: &str| flow[of][reason].as_u64().unwrap_or(0);
        (of("rejected"), of("requestsRefused"))
    }

    /// A number of our own metrics: of the line that begins so and has these labels.
    pub(super) fn own(&self, begins: &str, labels: &[&str]) -> u64 {
        let own = self.server.get("/metrics/self").text();
        let mut lines = own.lines().filter(|line| line.starts_with(begins) && labels.iter().all(|label| line.contains(label)));
        let line = lines.next().unwrap_or_else(|| panic!("{begins} {labels:?}: {own}"));
        line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")
    }

    /// The file of a view.
    pub(super) fn view(&self, text: &str) {
        fs::write(self.views.path().join("view.yaml"), text).expect("the folder takes files");
    }
}
