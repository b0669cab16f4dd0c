mod paging;
mod store;

use super::{Exposition, Scrape};
use crate::{
    expose::{
        ExposeOptions,
        checker::{check_text, sample_of},
        escape::Escaping,
        fake::{Fake, FakeSeries, body, body_with, encoded, table, word},
        names::TranslationStrategy,
        negotiate::{Encoding, Format, Negotiated},
    },
    limits::{CHUNK_BYTES, SLICE_SERIES_MAX},
};
use prometheus_client::encoding::prometheus_protobuf::prometheus_data_model::MetricFamily;
use proptest::prelude::{Just, ProptestConfig, prop, prop_oneof, proptest};
use prost::Message;
use std::collections::BTreeSet;

fn many(series: usize) -> String {
    let lines: String = (0..series).map(|n| format!("n={n:06} path=/a/rather/long/path : {n}\n")).collect();
    format!("resource service.name=s\ngauge many\n{lines}gauge other\n: 1\n")
}

/// Scenario: a body of many slices, in chunks. Guarantees: every chunk is about as large as it should be, and they make up the body.
#[test]
fn a_body_comes_in_chunks() {
    let count = SLICE_SERIES_MAX * 4 + 7;
    let table = many(count);
    let mut scrape = Scrape::new(Fake::parse(&table), ExposeOptions::default(), Negotiated::default(), &[]);
    let (mut whole, mut chunks) = (Vec::new(), 0);
    loop {
        let mut chunk = Vec::new();
        let has_more = scrape.next_chunk(&mut chunk);
        assert!(chunk.len() < CHUNK_BYTES * 2, "{}", chunk.len());
        whole.extend(chunk);
        chunks += 1;
        if !has_more {
            break;
        }
    }
    assert!(chunks > 1);
    assert!(!scrape.next_chunk(&mut whole));
    let text = String::from_utf8(whole).expect("UTF-8");
    assert_eq!(text, body(&table, Format::Text004));
    assert_eq!(text.lines().filter(|line| line.starts_with("many{")).count(), count);
    assert_eq!(check_text(&text), Vec::<String>::new());
}

/// Scenario: a protobuf body whose one family is many times as large as a chunk. Guarantees: what comes at once is about a
/// chunk, and what is held grows by one at most; together they are the families whole, each behind its length.
#[test]
fn a_large_protobuf_family_comes_in_chunks() {
    let count = SLICE_SERIES_MAX * 20 + 7;
    let negotiated = Negotiated { format: Format::Protobuf, ..Negotiated::default() };
    let mut scrape = Scrape::new(Fake::parse(&many(count)), ExposeOptions::default(), negotiated, &[]);
    let (mut whole, mut chunks) = (Vec::new(), 0);
    loop {
        let (mut chunk, before) = (Vec::new(), scrape.writer.held());
        let has_more = scrape.next_chunk(&mut chunk);
        assert!(chunk.len() < CHUNK_BYTES * 3, "{}", chunk.len());
        assert!(scrape.writer.held() < before + CHUNK_BYTES * 3, "{} after {before}", scrape.writer.held());
        chunks += usize::from(!chunk.is_empty());
        whole.extend(chunk);
        if !has_more {
            break;
        }
    }
    assert!(chunks > 5 && whole.len() > CHUNK_BYTES * 5, "{chunks} chunks of {} bytes", whole.len());
    let mut rest = whole.as_slice();
    let mut seen = Vec::new();
    while !rest.is_empty() {
        let family = MetricFamily::decode_length_delimited(&mut rest).expect("a delimited family");
        seen.push((family.name, family.metric.len()));
    }
    let want = [("many", count), ("other", 1)].map(|(name, series)| (name.to_owned(), series));
    assert_eq!(seen, want);
    assert_eq!(scrape.writer.held(), 0);
}

/// What happens to the series between two slices.
type Change = fn(&mut Vec<FakeSeries>);

/// Scenario: series come and go before the place that a scrape has reached. Guarantees: none is written twice, and none that
/// was there all the time is left out.
#[test]
fn series_may_come_and_go_between_slices() {
    let series = |n: &str| Fake::parse(&format!("gauge g\nn={n} : 1")).streams[0].series.borrow()[0].clone();
    let changes: [Change; 4] = [
        |_| {},
        |all| all.truncate(700),
        |all| drop(all.drain(3..90)),
        |all| all.retain(|series| &*series.attributes[0].text > "000600"),
    ];
    for (at, change) in changes.into_iter().enumerate() {
        let lines: String = (0..1500).map(|n| format!("n={n:06} : {n}\n")).collect();
        let source = Fake::parse(&format!("gauge g\n{lines}"));
        let mut scrape = Scrape::new(source.clone(), ExposeOptions::default(), Negotiated::default(), &[]);
        let mut out = Vec::new();
        while *source.visits.borrow() == 0 {
            scrape.step(&mut out);
        }
        {
            let mut all = source.streams[0].series.borrow_mut();
            change(&mut all);
            let newcomers = if at % 2 == 0 { ["000001x", "000002x", "000400x"] } else { ["000002x", "000600x", "zzz"] };
            all.extend(newcomers.iter().map(|n| series(n)));
            all.sort_by(|a, b| a.attributes[0].text.cmp(&b.attributes[0].text));
        }
        while scrape.next_chunk(&mut out) {}
        let text = String::from_utf8(out).expect("UTF-8");
        assert_eq!(check_text(&text), Vec::<String>::new());
        let written: BTreeSet<&str> = text.lines().filter_map(|line| line.split('"').nth(1)).collect();
        for series in source.streams[0].series.borrow().iter().filter(|series| !series.attributes[0].text.contains(['x', 'z'])) {
            assert!(written.contains(&*series.attributes[0].text), "case {at}: {} is left out", series.attributes[0].text);
        }
    }
}

/// Scenario: a series with an empty value far behind its twin. Guarantees: CF-06 though the family began without suspicion.
#[test]
fn a_late_suspicion_still_finds_earlier_series() {
    let lines: String = (0..1200).map(|n| format!("b={n:06} : {n}\n")).collect();
    let table =
        format!("resource service.name=a\ngauge g\n{lines}c= : 1\nresource service.name=a\ngauge g\n: 2\nc= : 3\nb=000700 : 4\n");
    let (out, stats) = body_with(Fake::parse(&table), &ExposeOptions::default(), Negotiated::default(), &[]);
    let text = String::from_utf8(out).expect("UTF-8");
    assert_eq!(check_text(&text), Vec::<String>::new());
    assert_eq!((stats.series, stats.duplicates), (1201, 3));
}

/// Scenario: values that differ in type only, with other keys behind them, over several slices. Guarantees: CF-06 for
/// twins that are not neighbours; the rest is complete.
#[test]
fn twins_may_stand_far_apart() {
    let lines: String = (0..700).map(|n| format!("a=1 b={n:04} : {n}\na=int:1 b={:04} : {n}\n", n * 2)).collect();
    let (out, stats) =
        body_with(Fake::parse(&format!("gauge g\n{lines}")), &ExposeOptions::default(), Negotiated::default(), &[]);
    let text = String::from_utf8(out).expect("UTF-8");
    assert_eq!(check_text(&text), Vec::<String>::new());
    assert_eq!((stats.series, stats.duplicates), (1050, 350));
}

/// Scenario: one metric in two scopes that read alike: by an attribute without a text, or by attributes that are joined.
/// Guarantees: CF-06: no series comes twice.
#[test]
fn scopes_may_read_alike() {
    for (one, other) in [("scope s - - k=", "scope s - -"), ("scope s - - a.b=1 a-b=2", "scope s - - a_b=2;1")] {
        let table = format!("resource service.name=a\n{one}\ngauge g\nn=1 : 1\nn=2 : 1\n{other}\ngauge g\nn=0 : 2\nn=1 : 2\n");
        let (out, stats) = body_with(Fake::parse(&table), &ExposeOptions::default(), Negotiated::default(), &[]);
        let text = String::from_utf8(out).expect("UTF-8");
        assert_eq!(check_text(&text), Vec::<String>::new(), "{text}");
        assert_eq!((stats.series, stats.duplicates), (3, 1), "{text}");
    }
}

/// Scenario: a histogram of two resources that differ in what is promoted to `le` alone. Guarantees: CF-06: what a bucket's own
/// label displaces tells no series from another.
#[test]
fn a_displaced_label_parts_nothing() {
    let options = ExposeOptions { promote: vec!["le".to_owned()], ..ExposeOptions::default() };
    let stream = |le: &str| format!("resource le={le}\nhistogram h\nn=1 : h count=2 sum=1 bounds=1 counts=1,1\n");
    let table = format!("{}{}", stream("a"), stream("b"));
    let (out, _) = body_with(Fake::parse(&table), &options, Negotiated::default(), &[]);
    let text = String::from_utf8(out).expect("UTF-8");
    assert_eq!(check_text(&text), Vec::<String>::new(), "{text}");
    assert_eq!(text.matches("h_count{").count(), 1, "{text}");
}

/// Scenario: a resource with a name, and one whose attribute `job` says the same. Guarantees: RS-04: target info is said once.
#[test]
fn targets_may_read_alike() {
    let table = "resource service.name=a job=x\ngauge g\n: 1\nresource job=a\ngauge h\n: 2\n";
    for format in [Format::Text004, Format::OpenMetrics] {
        let text = body(table, format);
        assert_eq!(text.matches("target_info{job=\"a\"}").count(), 1, "{text}");
        assert_eq!(check_text(&text), Vec::<String>::new(), "{text}");
    }
}

/// Scenario: `name[]` in every spelling. Guarantees: HN-15: families by their names before escaping; unknown ones give nothing.
#[test]
fn families_can_be_asked_for_by_name() {
    let table = "resource service.name=s x=1\ncounter foo.bar\n: 1\ngauge other\n: 2\n";
    let bodies = |names: &[&str], format: Format| {
        let negotiated = Negotiated { format, ..Negotiated::default() };
        String::from_utf8(body_with(Fake::parse(table), &ExposeOptions::default(), negotiated, names).0).expect("UTF-8")
    };
    assert_eq!(bodies(&["foo_bar_total"], Format::Text004), "# TYPE foo_bar_total counter\nfoo_bar_total{job=\"s\"} 1\n");
    assert_eq!(bodies(&["foo_bar", "none"], Format::Text004), "# TYPE foo_bar_total counter\nfoo_bar_total{job=\"s\"} 1\n");
    assert_eq!(bodies(&["none"], Format::Text004), "");
    assert_eq!(bodies(&["none"], Format::OpenMetrics), "# EOF\n");
    assert!(bodies(&["target_info"], Format::Text004).ends_with("target_info{job=\"s\",x=\"1\"} 1\n"));
}

/// Scenario: a stream that is gone, or has no series left, when its turn comes. Guarantees: no head without samples.
#[test]
fn a_family_without_series_leaves_no_trace() {
    assert_eq!(body("gauge gone\ngauge here\n: 1\n", Format::Text004), "# TYPE here gauge\nhere 1\n");
    for format in [Format::OpenMetrics, Format::Protobuf] {
        let negotiated = Negotiated { format, ..Negotiated::default() };
        let (out, _) = body_with(Fake::parse("gauge gone\n"), &ExposeOptions::default(), negotiated, &[]);
        assert_eq!(out, if format == Format::Protobuf { &b""[..] } else { &b"# EOF\n"[..] });
    }
}

/// Scenario: scrapes of one exposition. Guarantees: layouts are made once per epoch and escaping; bodies are equal.
#[test]
fn layouts_are_remembered() {
    let exposition = Exposition::new(Fake::parse(&many(10)), ExposeOptions::default());
    let one = exposition.layout(Escaping::Underscores);
    assert!(std::sync::Arc::ptr_eq(&one, &exposition.layout(Escaping::Underscores)));
    assert!(!std::sync::Arc::ptr_eq(&one, &exposition.layout(Escaping::Dots)));
    assert!(std::sync::Arc::ptr_eq(&one, &exposition.layout(Escaping::Underscores)));
    let body = || {
        let (mut scrape, mut out) = (exposition.scrape(Negotiated::default(), &[]), Vec::new());
        while scrape.next_chunk(&mut out) {}
        out
    };
    assert_eq!(body(), body());
    assert_eq!(exposition.conflicts().list, []);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 128, ..ProptestConfig::default() })]

    /// Scenario: any resources, metrics, attributes and values, under any terms. Guarantees: the checker finds nothing, and
    /// all text formats agree in how many series they hold.
    #[test]
    fn any_state_gives_a_good_body(table in table(), strategy in prop::sample::select(TranslationStrategy::ALL.to_vec()),
                                   escaping in prop::sample::select(Escaping::ALL.to_vec())) {
        let options = ExposeOptions { strategy, ..ExposeOptions::default() };
        for format in [Format::Text004, Format::Text100, Format::OpenMetrics] {
            let negotiated = Negotiated { format, escaping, encoding: Encoding::Identity };
            let (out, stats) = body_with(Fake::parse(&table), &options, negotiated, &[]);
            let text = String::from_utf8(out).expect("UTF-8");
            assert_eq!(check_text(&text), Vec::<String>::new(), "{text}");
            assert!(format == Format::OpenMetrics || stats.unfit == 0);
        }
    }

    /// Scenario: any keys and values, names kept. Guarantees: LB-15, TX-07: reading the body gives back what was sent.
    #[test]
    fn what_is_written_reads_back(name in word(), help in word(), pairs in prop::collection::btree_map(word(), word(), 0..4),
                                  format in prop_oneof![Just(Format::Text004), Just(Format::OpenMetrics)]) {
        let pairs_text: String = pairs.iter().map(|(key, value)| format!("{}={} ", encoded(key), encoded(value))).collect();
        let table = format!("gauge {} - {}\n{pairs_text}: 5\n", encoded(&name), encoded(&help));
        let options = ExposeOptions { strategy: TranslationStrategy::NoTranslation, ..ExposeOptions::default() };
        let negotiated = Negotiated { format, escaping: Escaping::AllowUtf8, encoding: Encoding::Identity };
        let (out, _) = body_with(Fake::parse(&table), &options, negotiated, &[]);
        let text = String::from_utf8(out).expect("UTF-8");
        let sample = text.split('\n').find(|line| !line.starts_with('#')).and_then(sample_of).unwrap_or_default();
        let sent = pairs.into_iter().filter(|(key, value)| !value.is_empty() && !key.trim_matches('_').is_empty() && key != "__name__");
        let want = if name.is_empty() { Vec::new() } else { sent.collect() };
        assert_eq!(sample.labels, want);
        assert_eq!(sample.name, name);
    }
}
