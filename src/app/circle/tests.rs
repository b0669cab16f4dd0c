use super::own_back_ends;
use std::net::SocketAddr;

/// Scenario: back ends on our ports, under each of our names, and others that only look like it.
/// Guarantees: exactly those that lead back to us are refused.
#[tokio::test]
async fn back_ends_that_are_ourselves_are_found() {
    let cases = [
        ("http://127.0.0.1:4317", "127.0.0.1:4317", true),
        ("http://localhost:4317", "127.0.0.1:4317", true),
        ("http://0.0.0.0:4317", "127.0.0.1:4317", true),
        ("http://127.0.0.1:4317", "0.0.0.0:4317", true),
        ("http://127.9.9.9:4317", "0.0.0.0:4317", true),
        ("http://127.0.0.1:4317", "[::]:4317", true),
        ("http://[::1]:4317", "[::1]:4317", true),
        ("http://127.0.0.1:4318", "127.0.0.1:4317", false),
        ("http://127.0.0.2:4317", "127.0.0.1:4317", false),
        ("http://[::1]:4317", "127.0.0.1:4317", false),
        ("http://192.0.2.1:4317", "0.0.0.0:4317", false),
        ("http://name.invalid:4317", "0.0.0.0:4317", false),
    ];
    for (url, listener, expected) in cases {
        let listener: SocketAddr = listener.parse().expect("an address");
        let faults = own_back_ends(&[url.to_owned()], &[listener]).await;
        assert_eq!(!faults.is_empty(), expected, "{url} against {listener}: {faults:?}");
    }
}
