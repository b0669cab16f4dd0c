use super::Target;
use expect_test::expect;

/// Scenario: URLs as users type them. Guarantees: the default port is OTLP/gRPC's; what cannot be served is refused with
/// words that say what would be right, never taken and failed later.
#[test]
fn a_url_is_a_target_or_says_why_not() {
    let urls = [
        "http://jaeger:4317",
        "http://jaeger",
        "http://[::1]:4317/",
        "http://127.0.0.1:4318/v1/traces",
        "https://jaeger:4317",
        "grpc://jaeger:4317",
        "jaeger:4317",
        "jaeger",
        "http://me:secret@jaeger:4317",
        "http://jaeger:4317/?a=b",
        "",
    ];
    let text: Vec<String> = urls
        .iter()
        .map(|url| match Target::parse(url) {
            Ok(target) => format!("{url:?} -> {target}"),
            Err(error) => format!("{url:?} -> {error:?}"),
        })
        .collect();
    expect![[r#"
        "http://jaeger:4317" -> http://jaeger:4317
        "http://jaeger" -> http://jaeger:4317
        "http://[::1]:4317/" -> http://[::1]:4317
        "http://127.0.0.1:4318/v1/traces" -> Path
        "https://jaeger:4317" -> Https
        "grpc://jaeger:4317" -> Scheme
        "jaeger:4317" -> NotUrl
        "jaeger" -> NotUrl
        "http://me:secret@jaeger:4317" -> Credentials
        "http://jaeger:4317/?a=b" -> Path
        "" -> NotUrl"#]]
    .assert_eq(&text.join("\n"));
}
