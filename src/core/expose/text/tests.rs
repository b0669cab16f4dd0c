use crate::expose::{
    ExposeOptions,
    fake::Fake,
    negotiate::{Format, Negotiated},
    scrape::Scrape,
};
use expect_test::{Expect, expect};

/// A whole body.
fn body(table: &str, format: Format) -> String {
    let mut scrape =
        Scrape::new(Fake::parse(table), ExposeOptions::default(), Negotiated { format, ..Negotiated::default() }, &[]);
    let mut out = Vec::new();
    while scrape.next_chunk(&mut out) {}
    String::from_utf8(out).expect("a text body is UTF-8")
}

fn check(table: &str, want: Expect) {
    want.assert_eq(&body(table, Format::Text004));
}

/// Scenario: gauges and counters of two instances. Guarantees: families and series in order, target info first, names translated.
#[test]
fn numbers_come_out_as_lines() {
    check(
        "
        resource service.name=shop service.namespace=web service.instance.id=2 k8s.node.name=n2 @2
        scope lib 1.0 -
        counter http.requests - Requests%0Aseen
        code=int:200 method=GET : 5
        code=int:500 method=GET : 1
        gauge temp Cel
        : 20.5
        resource service.name=shop service.namespace=web service.instance.id=1 @1
        counter http.requests - Requests%0Aseen
        code=int:200 path=a%22b : 7
        ",
        expect![[r##"
            # HELP target_info Target metadata
            # TYPE target_info gauge
            target_info{instance="2",job="web/shop",k8s_node_name="n2"} 1
            # HELP http_requests_total Requests\nseen
            # TYPE http_requests_total counter
            http_requests_total{code="200",instance="1",job="web/shop",otel_scope_name="lib",otel_scope_version="1.0",path="a\"b"} 7
            http_requests_total{code="200",instance="2",job="web/shop",method="GET",otel_scope_name="lib",otel_scope_version="1.0"} 5
            http_requests_total{code="500",instance="2",job="web/shop",method="GET",otel_scope_name="lib",otel_scope_version="1.0"} 1
            # TYPE temp_celsius gauge
            temp_celsius{instance="2",job="web/shop",otel_scope_name="lib",otel_scope_version="1.0"} 20.5
        "##]],
    );
}
