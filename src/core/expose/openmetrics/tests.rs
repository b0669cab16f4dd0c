use crate::expose::{
    ExposeOptions,
    checker::check_text,
    escape::Escaping,
    fake::{Fake, body, body_with},
    names::TranslationStrategy,
    negotiate::{Encoding, Format, Negotiated},
};
use expect_test::{Expect, expect};

/// The body in OpenMetrics, which the checker must like.
fn check(table: &str, want: Expect) {
    let body = body(table, Format::OpenMetrics);
    assert_eq!(check_text(&body), Vec::<String>::new(), "{body}");
    want.assert_eq(&body);
}

/// Scenario: one of each kind, with exemplars and start times. Guarantees: OM-01 to OM-09, EX-01 to EX-10, TM-03, TM-04.
#[test]
fn every_kind_in_openmetrics() {
    check(
        "
        resource service.name=s os.type=linux
        counter done - Says%20%22done%22
        a=1 : 5 start=1500000000 time=2000000000 ex=1@1000000001/1/2/k.x:v ex=2@999/3/4
        a=2 : 6 start=2000000000 time=2000000000
        a=3 : 7 start=0 time=2000000000 ex=1
        gauge temp Cel
        : 20 ex=1@2/1/2
        histogram latency s
        : h count=6 sum=2.5 bounds=0.1,1,1000000 counts=1,2,0,3 start=5 time=1000000000 ex=0.1@3/1/2 ex=0.05@2/1/2 ex=0.5 ex=7@9/5
        neg=bounds : h count=1 sum=2.5 bounds=-1,1 counts=0,1
        neg=sum : h count=1 sum=-2.5 bounds=0,1 counts=1,0
        nosum=1 : h count=1 bounds=1 counts=1,0
        exponentialhistogram size By
        : e count=9 sum=4.5 scale=2 zero=1 positive=3:1,0,7 ex=1@5/1/2
        summary rpc s
        : s count=10 sum=12.5 q=0.5:1,1:4 start=1 time=2
        nan=1 : s count=10 sum=NaN
        ",
        expect![[r##"
            # TYPE target info
            # HELP target Target metadata
            target_info{job="s",os_type="linux"} 1
            # TYPE done counter
            # HELP done Says \"done\"
            done_total{a="1",job="s"} 5 # {k_x="v",span_id="0202020202020202",trace_id="01010101010101010101010101010101"} 1 1.000000001
            done_created{a="1",job="s"} 1.5
            done_total{a="2",job="s"} 6
            done_total{a="3",job="s"} 7 # {} 1
            # TYPE latency_seconds histogram
            # UNIT latency_seconds seconds
            latency_seconds_bucket{job="s",le="0.1"} 1 # {span_id="0202020202020202",trace_id="01010101010101010101010101010101"} 0.1 0.000000003
            latency_seconds_bucket{job="s",le="1.0"} 3 # {} 0.5
            latency_seconds_bucket{job="s",le="1e+06"} 3 # {trace_id="05050505050505050505050505050505"} 7 0.000000009
            latency_seconds_bucket{job="s",le="+Inf"} 6
            latency_seconds_sum{job="s"} 2.5
            latency_seconds_count{job="s"} 6
            latency_seconds_created{job="s"} 0.000000005
            latency_seconds_bucket{job="s",le="-1.0",neg="bounds"} 0
            latency_seconds_bucket{job="s",le="1.0",neg="bounds"} 1
            latency_seconds_bucket{job="s",le="+Inf",neg="bounds"} 1
            latency_seconds_bucket{job="s",le="0.0",neg="sum"} 1
            latency_seconds_bucket{job="s",le="1.0",neg="sum"} 1
            latency_seconds_bucket{job="s",le="+Inf",neg="sum"} 1
            latency_seconds_bucket{job="s",le="1.0",nosum="1"} 1
            latency_seconds_bucket{job="s",le="+Inf",nosum="1"} 1
            # TYPE rpc_seconds summary
            # UNIT rpc_seconds seconds
            rpc_seconds{job="s",quantile="0.5"} 1
            rpc_seconds{job="s",quantile="1.0"} 4
            rpc_seconds_sum{job="s"} 12.5
            rpc_seconds_count{job="s"} 10
            rpc_seconds_created{job="s"} 0.000000001
            rpc_seconds_count{job="s",nan="1"} 10
            # TYPE size_bytes histogram
            # UNIT size_bytes bytes
            size_bytes_bucket{job="s",le="+Inf"} 9 # {span_id="0202020202020202",trace_id="01010101010101010101010101010101"} 1 0.000000005
            size_bytes_sum{job="s"} 4.5
            size_bytes_count{job="s"} 9
            # TYPE temp_celsius gauge
            # UNIT temp_celsius celsius
            temp_celsius{job="s"} 20
            # EOF
        "##]],
    );
}

/// Scenario: infos and state sets, good and bad. Guarantees: OM-11, TY-02: what does not fit is left out, and counted.
#[test]
fn infos_and_state_sets_keep_their_rules() {
    let table = "
        gauge/info build
        version=1 : 1
        version=2 : 2
        gauge/stateset phase
        phase=up : 1
        phase=down : 0.0
        phase=odd : 2
        other=up : 1
        gauge/unknown odd
        : 3
        ";
    check(
        table,
        expect![[r##"
        # TYPE build info
        build_info{version="1"} 1
        # TYPE odd unknown
        odd 3
        # TYPE phase stateset
        phase{phase="down"} 0
        phase{phase="up"} 1
        # EOF
    "##]],
    );
    let negotiated = Negotiated { format: Format::OpenMetrics, ..Negotiated::default() };
    let (_, stats) = body_with(Fake::parse(table), &ExposeOptions::default(), negotiated, &[]);
    assert_eq!((stats.series, stats.unfit), (4, 3));
}

/// Scenario: exemplars with more than 128 characters. Guarantees: EX-04: the largest attribute goes first, ids never.
#[test]
fn long_exemplars_lose_their_largest_attributes() {
    let long = "x".repeat(70);
    check(
        &format!(
            "
            counter c
            : 1 ex=1@1/1/2/long:{long}/short:yes/trace_id:no
            k=2 : 1 ex=1@1///long:{long}/span.id:no
            "
        ),
        expect![[r##"
            # TYPE c counter
            c_total 1 # {short="yes",span_id="0202020202020202",trace_id="01010101010101010101010101010101"} 1 0.000000001
            c_total{k="2"} 1 # {long="xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"} 1 0.000000001
            # EOF
        "##]],
    );
}

/// Scenario: nothing at all. Guarantees: HN-11.
#[test]
fn nothing_is_an_end_alone() {
    check("", expect![["# EOF\n"]]);
}

/// Scenario: a strategy without suffixes, names kept. Guarantees: OM-04, TX-07: a counter without `_total` is unknown, names are quoted.
#[test]
fn counters_without_total_are_unknown() {
    let table = "
        counter foo.bar By Help
        a.b=1 c=2 : 5 start=1 time=2 ex=1@1/1/2
        : 6
        counter x_total
        : 7
        gauge/info y.info
        : 1
        histogram h.x s
        a.b=1 : h count=1 sum=1 bounds=1 counts=1,0
        ";
    let options = ExposeOptions { strategy: TranslationStrategy::NoTranslation, ..ExposeOptions::default() };
    let negotiated = Negotiated { format: Format::OpenMetrics, escaping: Escaping::AllowUtf8, encoding: Encoding::Identity };
    let (out, _) = body_with(Fake::parse(table), &options, negotiated, &[]);
    let body = String::from_utf8(out).expect("UTF-8");
    assert_eq!(check_text(&body), Vec::<String>::new(), "{body}");
    expect![[r##"
        # TYPE "foo.bar" unknown
        # HELP "foo.bar" Help
        {"foo.bar"} 6
        {"foo.bar","a.b"="1",c="2"} 5
        # TYPE "h.x" histogram
        {"h.x_bucket","a.b"="1",le="1.0"} 1
        {"h.x_bucket","a.b"="1",le="+Inf"} 1
        {"h.x_sum","a.b"="1"} 1
        {"h.x_count","a.b"="1"} 1
        # TYPE x counter
        x_total 7
        # TYPE "y.info" gauge
        {"y.info"} 1
        # EOF
    "##]]
    .assert_eq(&body);
}
