use crate::expose::{checker::check_text, fake::body, negotiate::Format};
use expect_test::{Expect, expect};

/// The body in Prometheus text, which the checker must like.
fn check(table: &str, want: Expect) {
    let body = body(table, Format::Text004);
    assert_eq!(check_text(&body), Vec::<String>::new(), "{body}");
    want.assert_eq(&body);
}

/// Scenario: gauges and counters of two instances. Guarantees: families and series in order, target info first, names translated.
#[test]
fn numbers_come_out_as_lines() {
    check(
        "
        resource service.name=shop service.namespace=web service.instance.id=2 k8s.node.name=n2 @2
        scope lib 1.0 -
        counter http.requests - Requests%0Aseen%5C
        code=int:200 method=GET : 5
        code=int:500 method=GET : 1
        gauge temp Cel
        : 20.5
        resource service.name=shop service.namespace=web service.instance.id=1 @1
        counter http.requests - Requests%0Aseen%5C
        code=int:200 path=a%22b : 7
        ",
        expect![[r##"
            # HELP target_info Target metadata
            # TYPE target_info gauge
            target_info{instance="2",job="web/shop",k8s_node_name="n2"} 1
            # HELP http_requests_total Requests\nseen\\
            # TYPE http_requests_total counter
            http_requests_total{code="200",instance="1",job="web/shop",path="a\"b"} 7
            http_requests_total{code="200",instance="2",job="web/shop",method="GET",otel_scope_name="lib",otel_scope_version="1.0"} 5
            http_requests_total{code="500",instance="2",job="web/shop",method="GET",otel_scope_name="lib",otel_scope_version="1.0"} 1
            # TYPE temp_celsius gauge
            temp_celsius{instance="2",job="web/shop",otel_scope_name="lib",otel_scope_version="1.0"} 20.5
        "##]],
    );
}

/// Scenario: an explicit histogram, one without sum, one without buckets. Guarantees: TY-08, TY-10, TX-08, TX-09.
#[test]
fn histograms_have_cumulative_buckets() {
    check(
        "
        histogram latency s
        path=/ : h count=6 sum=2.5 bounds=0.1,1,1000000 counts=1,2,0,3 start=1 time=2 ex=0.05@3/1/2
        : h count=6 bounds=1 counts=4,2
        zone=a : h count=2 sum=7
        ",
        expect![[r##"
            # TYPE latency_seconds histogram
            latency_seconds_bucket{le="1"} 4
            latency_seconds_bucket{le="+Inf"} 6
            latency_seconds_count 6
            latency_seconds_bucket{le="0.1",path="/"} 1
            latency_seconds_bucket{le="1",path="/"} 3
            latency_seconds_bucket{le="1e+06",path="/"} 3
            latency_seconds_bucket{le="+Inf",path="/"} 6
            latency_seconds_sum{path="/"} 2.5
            latency_seconds_count{path="/"} 6
            latency_seconds_bucket{le="+Inf",zone="a"} 2
            latency_seconds_sum{zone="a"} 7
            latency_seconds_count{zone="a"} 2
        "##]],
    );
}

/// Scenario: an exponential histogram, negative buckets included, without and with a view's bounds. Guarantees: NH-09.
#[test]
fn exponential_histograms_keep_their_sum() {
    check(
        "
        exponentialhistogram size By
        : e count=9 sum=-4.5 scale=2 zero=1 positive=3:1,0,2 negative=0:5
        view=yes : e count=9 sum=-4.5 scale=0 zero=1 positive=3:1,0,2 negative=0:5 bounds=0,20,100
        ",
        expect![[r##"
            # TYPE size_bytes histogram
            size_bytes_bucket{le="+Inf"} 9
            size_bytes_sum -4.5
            size_bytes_count 9
            size_bytes_bucket{le="0",view="yes"} 6
            size_bytes_bucket{le="20",view="yes"} 7
            size_bytes_bucket{le="100",view="yes"} 9
            size_bytes_bucket{le="+Inf",view="yes"} 9
            size_bytes_sum{view="yes"} -4.5
            size_bytes_count{view="yes"} 9
        "##]],
    );
}

/// Scenario: a summary, with a quantile that is not a number. Guarantees: TY-15.
#[test]
fn summaries_have_quantiles() {
    check(
        "
        summary rpc s
        method=get : s count=10 sum=12.5 q=0:0.1,0.5:1,0.99:NaN,1:4
        : s count=0 sum=0
        ",
        expect![[r##"
            # TYPE rpc_seconds summary
            rpc_seconds_sum 0
            rpc_seconds_count 0
            rpc_seconds{method="get",quantile="0"} 0.1
            rpc_seconds{method="get",quantile="0.5"} 1
            rpc_seconds{method="get",quantile="0.99"} NaN
            rpc_seconds{method="get",quantile="1"} 4
            rpc_seconds_sum{method="get"} 12.5
            rpc_seconds_count{method="get"} 10
        "##]],
    );
}

/// Scenario: gauges with `prometheus.type`. Guarantees: TY-02, TX-04: only types that the format knows.
#[test]
fn special_types_are_gauges() {
    check(
        "
        gauge/info build
        version=1 : 1
        gauge/stateset phase
        phase=up : 1
        phase=down : 0
        gauge/unknown odd
        : 3
        gauge/unkown odder
        : 3
        gauge/none plain
        : 3
        updowncounter/info other_info s
        : 1
        ",
        expect![[r##"
            # TYPE build_info gauge
            build_info{version="1"} 1
            # TYPE odd untyped
            odd 3
            # TYPE odder untyped
            odder 3
            # TYPE other_info gauge
            other_info 1
            # TYPE phase gauge
            phase{phase="down"} 0
            phase{phase="up"} 1
            # TYPE plain gauge
            plain 3
        "##]],
    );
}

/// Scenario: labels that need escaping, that are empty, and values of every sort. Guarantees: TX-03, TX-06, LB-11, TY-05.
#[test]
fn lines_survive_odd_text() {
    check(
        "
        gauge odd
        a=x%5Cy%22z%0Aw : 1
        a= b=1 : NaN
        a= : Infinity
        a=%C3%A9 : -inf
        a=big : 9223372036854775807
        a=small : 1e-9
        ",
        expect![[r##"
            # TYPE odd gauge
            odd +Inf
            odd{b="1"} NaN
            odd{a="big"} 9223372036854775807
            odd{a="small"} 1e-09
            odd{a="x\\y\"z\nw"} 1
            odd{a="é"} -Inf
        "##]],
    );
}
