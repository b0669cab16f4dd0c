use super::super::tests::given;
use crate::config::{Config, send::SendAccess};
use pointsman_core::{
    fault::render,
    model::speaker::{Claims, Rates},
};

const TLS: [&str; 4] = ["--tls-cert-file", "a", "--tls-private-key-file", "b"];

fn faults(args: &[&str]) -> Vec<String> {
    let faults = Config::read(&given(args, &[], "")).err().unwrap_or_default();
    faults.iter().map(render::terminal).collect()
}

fn read(args: &[&str]) -> Option<SendAccess> {
    Config::read(&given(args, &[], "")).expect("nothing is wrong").senders
}

/// Scenario: each way to ask senders, alone, on loopback; other hosts can reach a listener, with and without leave.
/// Guarantees: t02: asked with any of three flags, and wherever other hosts can send; tokens must be for us unless certificates
/// are asked for instead; not asked only on loopback, or where that was allowed.
#[test]
fn t02_senders_are_asked_wherever_others_can_send() {
    assert_eq!(read(&[]), None);
    let of_us = Some(SendAccess { audiences: vec!["pointsman".to_owned()], ..SendAccess::default() });
    assert_eq!(
        read(&["--otlp-senders-file=f", "--kubeconfig=k"]).map(|access| access.audiences),
        Some(vec!["pointsman".to_owned()])
    );
    assert_eq!(read(&["--otlp-token-audiences=a,b", "--kubeconfig=k"]).map(|access| access.audiences.len()), Some(2));
    let by_certificate = [&TLS[..], &["--otlp-client-ca-file", "c"]].concat();
    assert_eq!(read(&by_certificate), Some(SendAccess::default()));
    assert_eq!(read(&[&by_certificate[..], &["--kubeconfig=k"]].concat()), of_us, "tokens count beside certificates");
    for listener in ["--otlp-grpc=0.0.0.0:1", "--otlp-http=[::]:1"] {
        assert_eq!(read(&[&TLS[..], &[listener, "--kubeconfig=k"]].concat()), of_us);
        assert_eq!(read(&[listener, "--insecure"]), None);
        assert_eq!(read(&[&TLS[..], &[listener, "--insecure", "--kubeconfig=k"]].concat()), of_us, "that is about plain text");
    }
    let mending = read(&["--otlp-token-audiences=a", "--kubeconfig=k", "--otlp-identity=relabel"]);
    assert_eq!(mending.map(|access| access.claims), Some(Claims::Relabel));
}

/// Scenario: nobody could ever prove who they are; a policy that is none; a policy where nobody is asked.
/// Guarantees: t02: one fault each, before anything is bound, that says what would be right.
#[test]
fn t02_what_nobody_could_pass_refuses_the_start() {
    let rows: [(&[&str], &str); 10] = [
        (&["--otlp-token-audiences=", "--otlp-senders-file=f", "--kubeconfig=k"], "nobody could send"),
        (&["--insecure-listen-address=0.0.0.0:1", "--insecure", "--client-ca-file=c", "--config-file=f"], "nobody could read"),
        (&["--sender-max-bytes=1MiB"], "nobody is asked who sends"),
        (&["--sender-max-requests=1"], "nobody is asked who sends"),
        (&["--sender-max-series=1"], "nobody is asked who sends"),
        (&["--otlp-grpc=0.0.0.0:1"], "nobody could send"),
        (&["--listen=0.0.0.0:1"], "nobody could read"),
        (&["--otlp-token-audiences=a"], "nobody could send"),
        (&["--otlp-identity=relabel"], "nobody is asked who sends"),
        (&["--otlp-identity=shrug", "--otlp-token-audiences=a", "--kubeconfig=k"], "`shrug` is not a policy"),
    ];
    for (args, want) in rows {
        let all = faults(&[&TLS[..], args].concat());
        assert!(all.len() == 1 && all[0].contains(want), "{args:?}: {all:?}");
    }
}

/// Scenario: senders are asked, with and without a word about how much each may send; and nobody is asked.
/// Guarantees: t34: no sender may take all series unless that was said; rates are only held to where they were given.
#[test]
fn t03_one_sender_may_not_take_everything() {
    let config = |more: &[&str]| {
        let args = [&["--otlp-token-audiences=a", "--kubeconfig=k", "--max-series=101"], more].concat();
        Config::read(&given(&args, &[], "")).expect("nothing is wrong")
    };
    let usual = config(&[]);
    assert_eq!((usual.sender_max_series, usual.senders.map(|access| access.rates)), (Some(51), Some(Rates::default())));
    let said = config(&["--sender-max-series=101", "--sender-max-requests=5", "--sender-max-bytes=1MiB"]);
    let rates = Rates { requests: Some(5), bytes: Some(1 << 20) };
    assert_eq!((said.sender_max_series, said.senders.map(|access| access.rates)), (Some(101), Some(rates)));
    assert_eq!(Config::read(&given(&[], &[], "")).expect("nothing is wrong").sender_max_series, None);
}
