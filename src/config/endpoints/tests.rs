use super::super::tests::given;
use crate::config::Config;
use pointsman_core::fault::render;

const TLS: [&str; 4] = ["--tls-cert-file", "a", "--tls-private-key-file", "b"];

/// Scenario: the port with and without TLS, none, the read side's own, and what is no port.
/// Guarantees: it is on the address of the read side; 0 is none; each mistake is one fault at its flag.
#[test]
fn the_port_is_on_the_address_of_the_read_side() {
    let of = |more: &[&str]| {
        let config = Config::read(&given(&[&TLS, more].concat(), &[], "")).expect("nothing is wrong");
        config.proxy_endpoints.map(|addr| addr.to_string())
    };
    assert_eq!(of(&["--proxy-endpoints-port=9643"]).as_deref(), Some("127.0.0.1:9643"));
    assert_eq!(of(&["--secure-listen-address=[::1]:1", "--proxy-endpoints-port=2"]).as_deref(), Some("[::1]:2"));
    assert_eq!((of(&["--proxy-endpoints-port=0"]), of(&[])), (None, None));
    let faults = |args: &[&str]| {
        let faults = Config::read(&given(args, &[], "")).expect_err("something is wrong");
        faults.iter().map(render::terminal).collect::<Vec<_>>()
    };
    for (args, what) in [
        (vec!["--proxy-endpoints-port=9643"], "it is about TLS, and there is none"),
        ([&TLS[..], &["--proxy-endpoints-port=9464"]].concat(), "the read side has this port"),
        ([&TLS[..], &["--proxy-endpoints-port=70000"]].concat(), "`70000` is not a port"),
    ] {
        let all = faults(&args);
        assert!(all.len() == 1 && all.iter().all(|one| one.contains(what) && one.contains("proxy-endpoints-port")), "{all:?}");
    }
}
