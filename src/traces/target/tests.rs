use super::{Target, TargetError};
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

/// A trick, and what becomes of it: the host and port that it names, letter by letter, or why it is none.
type Trick = (&'static str, Result<&'static str, TargetError>);

/// Nothing here is looked up, decoded, normalised or followed.
const TRICKS: [Trick; 64] = [
    // Schemes that reach files, sockets and other protocols.
    ("file:///etc/passwd", Err(TargetError::NotUrl)),
    ("file://localhost/etc/passwd", Err(TargetError::Scheme)),
    ("unix:///var/run/docker.sock", Err(TargetError::NotUrl)),
    ("unix://socket", Err(TargetError::Scheme)),
    ("gopher://a:70/_x", Err(TargetError::Scheme)),
    ("dict://a:11211", Err(TargetError::Scheme)),
    ("ftp://a", Err(TargetError::Scheme)),
    ("ldap://a", Err(TargetError::Scheme)),
    ("data:text/plain,x", Err(TargetError::NotUrl)),
    ("javascript:alert(1)", Err(TargetError::NotUrl)),
    ("http+unix://%2Fvar%2Frun%2Fx.sock", Err(TargetError::NotUrl)),
    ("httpx://a", Err(TargetError::Scheme)),
    ("https://a", Err(TargetError::Https)),
    ("//a:4317", Err(TargetError::NotUrl)),
    ("http:a:4317", Err(TargetError::NotUrl)),
    ("http:/a:4317", Err(TargetError::NotUrl)),
    ("http:///a:4317", Err(TargetError::NotUrl)),
    ("http://", Err(TargetError::NotUrl)),
    ("http://:4317", Err(TargetError::NotUrl)),
    // One host for who reads it, another for who parses it.
    ("http://good@evil:4317", Err(TargetError::Credentials)),
    ("http://good:4317@evil", Err(TargetError::Credentials)),
    ("http://good@evil@worse", Err(TargetError::Credentials)),
    ("http://@evil", Err(TargetError::Credentials)),
    ("http://good%40evil", Err(TargetError::NotUrl)),
    ("http://good\\@evil", Err(TargetError::NotUrl)),
    ("http://good\\.evil", Err(TargetError::NotUrl)),
    ("http://good#@evil", Err(TargetError::Path)),
    ("http://good:4317#@evil:1", Err(TargetError::Path)),
    ("http://good?@evil", Err(TargetError::Path)),
    ("http://good/@evil", Err(TargetError::Path)),
    ("http://good/../evil", Err(TargetError::Path)),
    ("http://good//evil", Err(TargetError::Path)),
    ("http://good;evil", Ok("good;evil:4317")),
    ("http://good,evil", Ok("good,evil:4317")),
    ("http://good evil", Err(TargetError::NotUrl)),
    (" http://good", Err(TargetError::NotUrl)),
    ("http://good ", Err(TargetError::NotUrl)),
    ("http://good\tevil", Err(TargetError::NotUrl)),
    ("http://good\r\nhost: evil", Err(TargetError::NotUrl)),
    ("http://good\0evil", Err(TargetError::NotUrl)),
    ("http://ev\u{131}l", Err(TargetError::NotUrl)),
    ("http://evil\u{3002}com", Err(TargetError::NotUrl)),
    ("http://\u{ff11}27.0.0.1", Err(TargetError::NotUrl)),
    ("http://127.0.0.1%2eevil", Err(TargetError::NotUrl)),
    // Addresses in disguise: they go to the resolver as they stand, and to nobody who knows better.
    ("http://127.1", Ok("127.1:4317")),
    ("http://2130706433", Ok("2130706433:4317")),
    ("http://0x7f000001", Ok("0x7f000001:4317")),
    ("http://0177.0.0.1", Ok("0177.0.0.1:4317")),
    ("http://localhost.", Ok("localhost.:4317")),
    ("http://169.254.169.254", Ok("169.254.169.254:4317")),
    ("http://[::ffff:169.254.169.254]", Ok("[::ffff:169.254.169.254]:4317")),
    ("http://[fe80::1%25eth0]", Ok("[fe80::1%25eth0]:4317")),
    ("http://[::1", Err(TargetError::NotUrl)),
    ("http://::1", Err(TargetError::NotUrl)),
    ("http://[::1]evil", Err(TargetError::Port)),
    // Ports that are none.
    ("http://a:", Err(TargetError::Port)),
    ("http://a:0", Err(TargetError::Port)),
    ("http://a:65536", Err(TargetError::Port)),
    ("http://a:4317x", Err(TargetError::Port)),
    ("http://a:-1", Err(TargetError::Port)),
    ("http://a:+1", Err(TargetError::Port)),
    ("http://a:1:2", Err(TargetError::NotUrl)),
    ("http://a:00065", Ok("a:65")),
    ("HTTP://A", Ok("A:4317")),
];

/// Scenario: tricks that make one parser see another host than the next one, or reach what nobody meant.
/// Guarantees: each is refused with a reason, or names the host and port that stand in it, letter by letter.
#[test]
fn t22_urls_are_refused_or_taken_as_they_stand() {
    let is = |url: &str| Target::parse(url).map(|target| target.uri().authority().map_or(String::new(), ToString::to_string));
    let wrong: Vec<String> = TRICKS
        .iter()
        .map(|(url, want)| (url, is(url), want.clone().map(str::to_owned)))
        .filter(|(_, is, want)| is != want)
        .map(|(url, is, want)| format!("{url:?}: {is:?} instead of {want:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(TRICKS.len() >= 60);
}
