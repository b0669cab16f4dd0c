use crate::{
    expose::{
        ExposeOptions,
        checker::{Pairs, sample_of},
        escape::Escaping,
        fake::{Fake, body_with, table},
        names::TranslationStrategy,
        negotiate::{Encoding, Format, Negotiated},
        number::push_f64,
    },
    model::point::Buckets,
};
use expect_test::{Expect, expect};
use prometheus_client::encoding::prometheus_protobuf::prometheus_data_model::{
    Exemplar, Histogram, LabelPair, MetricFamily, MetricType,
};
use proptest::prelude::{ProptestConfig, any, prop, proptest};
use prost::Message;
use std::fmt::Write;

fn families(table: &str, options: &ExposeOptions, escaping: Escaping) -> Vec<MetricFamily> {
    let negotiated = Negotiated { format: Format::Protobuf, escaping, encoding: Encoding::Identity };
    let (out, _) = body_with(Fake::parse(table), options, negotiated, &[]);
    let mut rest = out.as_slice();
    let mut families = Vec::new();
    while !rest.is_empty() {
        families.push(MetricFamily::decode_length_delimited(&mut rest).expect("a delimited family"));
    }
    families
}

fn pairs(labels: &[LabelPair]) -> Pairs {
    labels.iter().map(|pair| (pair.name.clone(), pair.value.clone())).collect()
}

fn time(time: Option<(i64, i32)>) -> String {
    time.map_or_else(|| "none".to_owned(), |(seconds, nanos)| format!("{seconds}.{nanos:09}"))
}

fn exemplar(exemplar: &Exemplar) -> String {
    format!("{} {:?} at {}", exemplar.value, pairs(&exemplar.label), time(exemplar.timestamp.map(|at| (at.seconds, at.nanos))))
}

/// A histogram in words; native buckets as absolute (index, count).
fn histogram(histogram: &Histogram) -> String {
    let mut out = format!(
        "count {} sum {} since {}\n",
        histogram.sample_count,
        histogram.sample_sum,
        time(histogram.start_timestamp.map(|at| (at.seconds, at.nanos)))
    );
    for bucket in &histogram.bucket {
        let with = bucket.exemplar.as_ref().map(|e| format!(" exemplar {}", exemplar(e))).unwrap_or_default();
        writeln!(out, "    le {} {}{with}", bucket.upper_bound, bucket.cumulative_count).expect("strings take everything");
    }
    if histogram.zero_threshold != 0.0 {
        let sides =
            [(&histogram.negative_span, &histogram.negative_delta), (&histogram.positive_span, &histogram.positive_delta)];
        let [negative, positive] = sides.map(|(spans, deltas)| {
            let spans: Vec<(i32, u32)> = spans.iter().map(|span| (span.offset, span.length)).collect();
            format!("{spans:?} {deltas:?} = {:?}", counts(&spans, deltas))
        });
        let (schema, zero, threshold) = (histogram.schema, histogram.zero_count, histogram.zero_threshold);
        writeln!(out, "    schema {schema} zero {zero} within {threshold:e}\n    negative {negative}\n    positive {positive}")
            .expect("strings take everything");
    }
    for e in &histogram.exemplars {
        writeln!(out, "    exemplar {}", exemplar(e)).expect("strings take everything");
    }
    out
}

/// What spans and deltas mean: each bucket's index with its count.
fn counts(spans: &[(i32, u32)], deltas: &[i64]) -> Vec<(i64, i64)> {
    let (mut index, mut count) = (0i64, 0i64);
    let mut deltas = deltas.iter();
    let mut all = Vec::new();
    for (offset, length) in spans {
        index += i64::from(*offset);
        for _ in 0..*length {
            count += deltas.next().expect("a delta for each bucket");
            all.push((index, count));
            index += 1;
        }
    }
    assert_eq!(deltas.next(), None);
    all
}

fn check(table: &str, want: Expect) {
    let mut out = String::new();
    for family in families(table, &ExposeOptions::default(), Escaping::default()) {
        let kind = MetricType::try_from(family.r#type).expect("a known type");
        writeln!(out, "{} {kind:?} unit {:?} help {:?}", family.name, family.unit, family.help).expect("strings take everything");
        for metric in &family.metric {
            let counter = metric.counter.as_ref().map(|counter| {
                let with = counter.exemplar.as_ref().map(|e| format!(" exemplar {}", exemplar(e))).unwrap_or_default();
                format!(
                    "counter {} since {}{with}\n",
                    counter.value,
                    time(counter.start_timestamp.map(|at| (at.seconds, at.nanos)))
                )
            });
            let gauge = metric.gauge.as_ref().map(|gauge| format!("gauge {}\n", gauge.value));
            let untyped = metric.untyped.as_ref().map(|untyped| format!("untyped {}\n", untyped.value));
            let summary = metric.summary.as_ref().map(|summary| {
                let quantiles: Vec<(f64, f64)> = summary.quantile.iter().map(|q| (q.quantile, q.value)).collect();
                let since = time(summary.start_timestamp.map(|at| (at.seconds, at.nanos)));
                format!("summary count {} sum {} {quantiles:?} since {since}\n", summary.sample_count, summary.sample_sum)
            });
            let histogram = metric.histogram.as_ref().map(histogram);
            let values: String = [counter, gauge, untyped, summary, histogram].into_iter().flatten().collect();
            write!(out, "  {:?} {values}", pairs(&metric.label)).expect("strings take everything");
        }
    }
    want.assert_eq(&out);
}

/// Scenario: numbers, classic histograms and summaries. Guarantees: PB-01 to PB-05, TM-03, TM-04, EX-06 to EX-08, NH-11.
#[test]
fn classic_kinds_in_protobuf() {
    check(
        "
        resource service.name=s os.type=linux
        counter done By Bytes
        a=1 : 5 start=1500000000 time=2000000000 ex=1@1000000001/1/2/k.x:v ex=2@999/3/4
        : 6 start=2000000000 time=2000000000
        gauge temp Cel
        : 20.5 ex=1@2/1/2
        gauge/unknown odd
        : NaN
        gauge/info build
        : 1
        histogram latency s
        z=1 le=x a= : h count=6 sum=2.5 bounds=0.1,1 counts=1,2,3 start=5 time=1000000000 ex=0.1@3/1/2 ex=0.5 ex=7@9/5
        nosum=1 : h count=1
        summary rpc s
        : s count=10 sum=12.5 q=0.5:1,1:NaN start=1 time=2
        ",
        expect![[r#"
            target_info Gauge unit "" help "Target metadata"
              [("job", "s"), ("os_type", "linux")] gauge 1
            build_info Gauge unit "" help ""
              [("job", "s")] gauge 1
            done_bytes_total Counter unit "bytes" help "Bytes"
              [("job", "s")] counter 6 since none
              [("a", "1"), ("job", "s")] counter 5 since 1.500000000 exemplar 1 [("k_x", "v"), ("span_id", "0202020202020202"), ("trace_id", "01010101010101010101010101010101")] at 1.000000001
            latency_seconds Histogram unit "seconds" help ""
              [("job", "s"), ("z", "1")] count 6 sum 2.5 since 0.000000005
                le 0.1 1 exemplar 0.1 [("span_id", "0202020202020202"), ("trace_id", "01010101010101010101010101010101")] at 0.000000003
                le 1 3 exemplar 0.5 [] at none
                le inf 6 exemplar 7 [("trace_id", "05050505050505050505050505050505")] at 0.000000009
              [("job", "s"), ("nosum", "1")] count 1 sum 0 since none
                le inf 1
            odd Untyped unit "" help ""
              [("job", "s")] untyped NaN
            rpc_seconds Summary unit "seconds" help ""
              [("job", "s")] summary count 10 sum 12.5 [(0.5, 1.0), (1.0, NaN)] since 0.000000001
            temp_celsius Gauge unit "celsius" help ""
              [("job", "s")] gauge 20.5
        "#]],
    );
}

/// Scenario: exponential histograms, one empty, one that no scraper reads. Guarantees: NH-01, NH-03, NH-04, NH-08, NH-13, NH-16.
#[test]
fn native_histograms_in_protobuf() {
    let table = "
        exponentialhistogram size By
        a=1 : e count=37 sum=4.5 scale=8 zero=0 positive=3:10,0,0,20,5,2 ex=1@5/1/2 ex=2@0 time=7
        a=2 : e count=9 sum=-1 scale=-4 zero=1 threshold=0.5 positive=-3:1,2 negative=-2:5,0,0
        a=3 : e count=0 sum=0
        a=4 : e count=1 sum=1 scale=9 positive=0:1
        a=5 : e count=1 sum=1 scale=0 positive=2147483647:1
        a=6 : e count=2 sum=1 scale=0 positive=-1000000000:1 negative=1000000000:1
        ";
    check(
        table,
        expect![[r#"
        size_bytes Histogram unit "bytes" help ""
          [("a", "1")] count 37 sum 4.5 since none
            schema 8 zero 0 within 1e-128
            negative [] [] = []
            positive [(4, 1), (2, 3)] [10, 10, -15, -3] = [(4, 10), (7, 20), (8, 5), (9, 2)]
            exemplar 2 [] at 0.000000007
            exemplar 1 [("span_id", "0202020202020202"), ("trace_id", "01010101010101010101010101010101")] at 0.000000005
          [("a", "2")] count 9 sum -1 since none
            schema -4 zero 1 within 5e-1
            negative [(-1, 1)] [5] = [(-1, 5)]
            positive [(-2, 2)] [1, 1] = [(-2, 1), (-1, 2)]
          [("a", "3")] count 0 sum 0 since none
            schema 0 zero 0 within 1e-128
            negative [] [] = []
            positive [] [] = []
          [("a", "6")] count 2 sum 1 since none
            schema 0 zero 0 within 1e-128
            negative [(1000000001, 1)] [1] = [(1000000001, 1)]
            positive [(-999999999, 1)] [1] = [(-999999999, 1)]
    "#]],
    );
    let negotiated = Negotiated { format: Format::Protobuf, ..Negotiated::default() };
    let (_, stats) = body_with(Fake::parse(table), &ExposeOptions::default(), negotiated, &[]);
    assert_eq!((stats.series, stats.unfit), (4, 2));
}

/// Every sample a scraper would make of the families, in order.
fn samples(families: &[MetricFamily]) -> Vec<(String, Pairs, f64)> {
    let mut all = Vec::new();
    for family in families {
        for metric in &family.metric {
            let labels = pairs(&metric.label);
            let mut add = |suffix: &str, special: Option<(&str, f64)>, value: f64| {
                let mut labels = labels.clone();
                labels.extend(special.map(|(name, at)| (name.to_owned(), text(at))));
                labels.sort();
                all.push((format!("{}{suffix}", family.name), labels, value));
            };
            metric.gauge.iter().for_each(|gauge| add("", None, gauge.value));
            metric.counter.iter().for_each(|counter| add("", None, counter.value));
            metric.untyped.iter().for_each(|untyped| add("", None, untyped.value));
            if let Some(summary) = &metric.summary {
                summary.quantile.iter().for_each(|q| add("", Some(("quantile", q.quantile)), q.value));
                add("_sum", None, summary.sample_sum);
                add("_count", None, count(summary.sample_count));
            }
            if let Some(histogram) = &metric.histogram {
                histogram.bucket.iter().for_each(|b| add("_bucket", Some(("le", b.upper_bound)), count(b.cumulative_count)));
                add("_sum", None, histogram.sample_sum);
                add("_count", None, count(histogram.sample_count));
            }
        }
    }
    all
}

fn text(value: f64) -> String {
    let mut out = Vec::new();
    push_f64(&mut out, value);
    String::from_utf8(out).expect("a number is ASCII")
}

fn count(count: u64) -> f64 {
    f64::from(u32::try_from(count).expect("tests count little"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 96, ..ProptestConfig::default() })]

    /// Scenario: any state, under any terms. Guarantees: protobuf and text hold the same samples in the same order.
    #[test]
    fn protobuf_agrees_with_text(table in table(), strategy in prop::sample::select(TranslationStrategy::ALL.to_vec()),
                                 escaping in prop::sample::select(Escaping::ALL.to_vec())) {
        let options = ExposeOptions { strategy, ..ExposeOptions::default() };
        let negotiated = Negotiated { format: Format::Text004, escaping, encoding: Encoding::Identity };
        let text = String::from_utf8(body_with(Fake::parse(&table), &options, negotiated, &[]).0).expect("UTF-8");
        let lines = text.split_terminator('\n').filter(|line| !line.starts_with("# "));
        let show = |(name, labels, value): (String, Pairs, f64)| format!("{name} {labels:?} {value:?}");
        let want: Vec<String> = lines
            .map(|line| sample_of(line).map(|sample| show((sample.name, sample.labels, sample.value))).expect("a sample"))
            .collect();
        let got: Vec<String> = samples(&families(&table, &options, escaping)).into_iter().map(show).collect();
        assert_eq!(got, want, "{text}");
    }

    /// Scenario: any buckets. Guarantees: NH-03: spans and deltas mean the same buckets, one index up, empty ones left out.
    #[test]
    fn spans_mean_the_buckets(offset in -1_000_000i32..1_000_000, dense in prop::collection::vec(prop::option::of(any::<u32>()), 0..40)) {
        let buckets = Buckets { offset, counts: dense.iter().map(|count| count.map_or(0, u64::from)).collect() };
        let sparse = super::Sparse::of(&buckets).expect("it fits");
        let want: Vec<(i64, i64)> = (i64::from(offset) + 1..).zip(dense.iter().map(|count| i64::from(count.unwrap_or(0)))).filter(|(_, count)| *count > 0).collect();
        assert_eq!(counts(&sparse.spans, &sparse.deltas), want);
        assert!(sparse.spans.iter().skip(1).all(|(gap, _)| *gap > 0));
    }
}
