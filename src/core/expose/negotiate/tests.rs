use super::{Encoding, Negotiated, negotiate};
use expect_test::{Expect, expect};

/// Cases are (rule, Accept lines); the text is each Content-Type.
fn check(cases: &[(&str, &[&str])], want: Expect) {
    let line = |(rule, accept): &(&str, &[&str])| {
        format!("{rule} {}: {}\n", accept.join(" // "), negotiate(accept.iter().copied(), []).content_type())
    };
    want.assert_eq(&cases.iter().map(line).collect::<String>());
}

const PROTO: &str = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";

/// Scenario: what Prometheus sends. Guarantees: HN-01: its first choice that we have.
#[test]
fn prometheus_gets_its_first_choice() {
    let prometheus_2 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                        text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
    let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
                        application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
                        text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
    let with_proto = format!("{PROTO};q=1,{prometheus_2};q=0.1");
    let prefers_text = format!("{PROTO};q=0.6,{prometheus_2}");
    check(
        &[("2", &[prometheus_2]), ("3", &[prometheus_3]), ("native", &[&with_proto]), ("text first", &[&prefers_text])],
        expect![[r#"
            2 application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1: application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores
            3 application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2: application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8
            native application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=1,application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1;q=0.1: application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores
            text first application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1: application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores
        "#]],
    );
}

/// Scenario: what browsers, curl and others send. Guarantees: HN-01 to HN-06, OM-14, TX-10.
#[test]
fn the_best_supported_clause_decides() {
    check(
        &[
            ("HN-02 nothing", &[]),
            ("HN-02", &["*/*"]),
            ("HN-02", &["text/*"]),
            ("HN-02", &["*/*;escaping=allow-utf-8"]),
            ("HN-02", &["application/json, image/png"]),
            ("HN-02", &["application/*"]),
            ("HN-02 a browser", &["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"]),
            ("HN-01", &[PROTO]),
            ("HN-01 no encoding", &["application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily"]),
            ("HN-01 q=0", &["application/openmetrics-text;q=0, text/plain;version=1.0.0;q=0.1"]),
            ("HN-01 all q=0", &["text/plain;q=0"]),
            ("HN-01 tie, ours", &["text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0"]),
            ("HN-01 tie, more specific", &["application/openmetrics-text, text/plain;version=0.0.4"]),
            ("HN-01 bad q", &["text/plain;version=0.0.4;q=x, application/openmetrics-text;version=1.0.0;q=0.9"]),
            ("HN-03", &["text/plain;version=1.0.0;escaping=dots"]),
            ("HN-03", &["text/plain;version=1.0.0;escaping=values"]),
            ("HN-03 unknown", &["text/plain;version=1.0.0;escaping=rot13"]),
            ("HN-03 another clause's", &["text/plain;version=1.0.0, application/openmetrics-text;escaping=allow-utf-8;q=0.1"]),
            ("HN-05", &["text/plain;q=0.1", "application/openmetrics-text;version=1.0.0"]),
            ("HN-06", &["Text/Plain ; VERSION = \"1.0.0\" ; Escaping=\"allow-utf-8\""]),
            ("HN-06", &["text/plain;x=\"a,b;\\\"c\";version=1.0.0"]),
            ("OM-14", &["application/openmetrics-text"]),
            ("OM-14", &["application/openmetrics-text;version=0.0.1"]),
            ("OM-15", &["application/openmetrics-text;version=2.0.0, text/plain;q=0.1"]),
            ("TX-01", &["text/plain;version=0.0.4;escaping=allow-utf-8"]),
            ("TX-10", &["text/plain;version=1.0.0"]),
        ],
        expect![[r#"
            HN-02 nothing : text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            HN-02 */*: text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            HN-02 text/*: text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            HN-02 */*;escaping=allow-utf-8: text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            HN-02 application/json, image/png: text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            HN-02 application/*: text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            HN-02 a browser text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8: text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            HN-01 application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited: application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores
            HN-01 no encoding application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily: text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            HN-01 q=0 application/openmetrics-text;q=0, text/plain;version=1.0.0;q=0.1: text/plain; version=1.0.0; charset=utf-8; escaping=underscores
            HN-01 all q=0 text/plain;q=0: text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            HN-01 tie, ours text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0: application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores
            HN-01 tie, more specific application/openmetrics-text, text/plain;version=0.0.4: text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            HN-01 bad q text/plain;version=0.0.4;q=x, application/openmetrics-text;version=1.0.0;q=0.9: text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            HN-03 text/plain;version=1.0.0;escaping=dots: text/plain; version=1.0.0; charset=utf-8; escaping=dots
            HN-03 text/plain;version=1.0.0;escaping=values: text/plain; version=1.0.0; charset=utf-8; escaping=values
            HN-03 unknown text/plain;version=1.0.0;escaping=rot13: text/plain; version=1.0.0; charset=utf-8; escaping=underscores
            HN-03 another clause's text/plain;version=1.0.0, application/openmetrics-text;escaping=allow-utf-8;q=0.1: text/plain; version=1.0.0; charset=utf-8; escaping=underscores
            HN-05 text/plain;q=0.1 // application/openmetrics-text;version=1.0.0: application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores
            HN-06 Text/Plain ; VERSION = "1.0.0" ; Escaping="allow-utf-8": text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8
            HN-06 text/plain;x="a,b;\"c";version=1.0.0: text/plain; version=1.0.0; charset=utf-8; escaping=underscores
            OM-14 application/openmetrics-text: application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores
            OM-14 application/openmetrics-text;version=0.0.1: text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            OM-15 application/openmetrics-text;version=2.0.0, text/plain;q=0.1: text/plain; version=0.0.4; charset=utf-8; escaping=underscores
            TX-01 text/plain;version=0.0.4;escaping=allow-utf-8: text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8
            TX-10 text/plain;version=1.0.0: text/plain; version=1.0.0; charset=utf-8; escaping=underscores
        "#]],
    );
}

/// Scenario: Accept-Encoding lines. Guarantees: HN-12.
#[test]
fn bodies_are_compressed_only_when_asked() {
    let cases: [(&[&str], Encoding); 12] = [
        (&[], Encoding::Identity),
        (&["gzip"], Encoding::Gzip),
        (&["GZip;q=0.5, deflate"], Encoding::Gzip),
        (&["gzip;q=0"], Encoding::Identity),
        (&["br, deflate"], Encoding::Identity),
        (&["deflate, gzip, br, zstd"], Encoding::Zstd),
        (&["zstd;q=0.5, gzip"], Encoding::Gzip),
        (&["zstd;q=0, gzip;q=0.1"], Encoding::Gzip),
        (&["*"], Encoding::Gzip),
        (&["gzip;q=0, *"], Encoding::Identity),
        (&["identity, gzip;q=0.5"], Encoding::Identity),
        (&["deflate", "gzip"], Encoding::Gzip),
    ];
    for (lines, want) in cases {
        let Negotiated { encoding, .. } = negotiate([], lines.iter().copied());
        assert_eq!(encoding, want, "{lines:?}");
    }
}
