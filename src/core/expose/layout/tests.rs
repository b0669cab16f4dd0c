use super::Layout;
use crate::expose::{
    ExposeOptions, Source,
    checker::check_text,
    escape::Escaping,
    fake::{Fake, body, body_with},
    names::TranslationStrategy,
    negotiate::{Encoding, Format, Negotiated},
};
use expect_test::{Expect, expect};
use std::fmt::Write;

/// The text body, then the conflicts: the same in both text formats, as far as series go.
fn check(table: &str, want: Expect) {
    check_with(table, &ExposeOptions::default(), Escaping::default(), want);
}

fn check_with(table: &str, options: &ExposeOptions, escaping: Escaping, want: Expect) {
    let source = Fake::parse(table);
    let layout = Layout::new(&source.streams(), options, escaping);
    let mut text = String::new();
    for format in [Format::Text004, Format::OpenMetrics] {
        let negotiated = Negotiated { format, escaping, encoding: Encoding::Identity };
        let body = String::from_utf8(body_with(source.clone(), options, negotiated, &[]).0).expect("UTF-8");
        assert_eq!(check_text(&body), Vec::<String>::new(), "{body}");
        if format == Format::Text004 {
            text = body;
        }
    }
    for conflict in &layout.conflicts.list {
        let (kept, lost) = (&conflict.kept, &conflict.lost);
        writeln!(
            text,
            "! {:?} of {}: {} {} {:?} over {} {} {:?}",
            conflict.kind,
            conflict.family,
            kept.component.service,
            kept.metric,
            kept.wanted,
            lost.component.service,
            lost.metric,
            lost.wanted
        )
        .expect("strings take everything");
    }
    want.assert_eq(&text);
}

/// Scenario: one family, two types. Guarantees: CF-01, CF-02: the type most components report, else the fixed order.
#[test]
fn one_type_wins() {
    check(
        "
        resource service.name=a
        gauge jobs
        : 1
        counter foo
        : 10
        gauge foo.total
        : 11
        resource service.name=b
        histogram jobs
        : h count=1 sum=1
        gauge foo.total
        : 12
        resource service.name=c
        gauge jobs
        : 3
        summary queue
        : s count=1 sum=1
        resource service.name=d
        counter queue
        : 4
        exponentialhistogram size
        : e count=0
        resource service.name=e
        histogram size
        : h count=1 sum=1
        ",
        expect![[r##"
            # TYPE foo_total gauge
            foo_total{job="a"} 11
            foo_total{job="b"} 12
            # TYPE jobs gauge
            jobs{job="a"} 1
            jobs{job="c"} 3
            # TYPE queue summary
            queue_sum{job="c"} 1
            queue_count{job="c"} 1
            # TYPE size histogram
            size_bucket{job="e",le="+Inf"} 1
            size_sum{job="e"} 1
            size_count{job="e"} 1
            ! Clash of foo_total: a foo.total "foo_total" over a foo "foo_total"
            ! Type of jobs: a jobs "gauge" over b jobs "histogram"
            ! Type of queue_total: c queue "summary" over d queue "counter"
            ! Type of size: e size "histogram" over d size "native histogram"
        "##]],
    );
}

/// Scenario: families whose samples would share a name. Guarantees: CF-07: each name belongs to one family in every format.
#[test]
fn one_family_owns_a_name() {
    check(
        "
        resource service.name=a
        histogram foo
        : h count=1 sum=1
        gauge foo.count
        : 1
        gauge foo.created
        : 1
        gauge foo.other
        : 1
        counter bar
        : 1
        resource service.name=b
        gauge bar_created
        : 1
        gauge bar_total
        : 1
        gauge bar
        : 1
        resource service.name=c
        gauge bar_created
        : 1
        gauge/info build
        : 1
        gauge build
        : 2
        gauge target
        : 1
        ",
        expect![[r##"
            # TYPE bar_created gauge
            bar_created{job="b"} 1
            bar_created{job="c"} 1
            # TYPE bar_total gauge
            bar_total{job="b"} 1
            # TYPE build_info gauge
            build_info{job="c"} 1
            # TYPE foo histogram
            foo_bucket{job="a",le="+Inf"} 1
            foo_sum{job="a"} 1
            foo_count{job="a"} 1
            # TYPE foo_other gauge
            foo_other{job="a"} 1
            # TYPE target gauge
            target{job="c"} 1
            ! Type of bar: a bar "counter" over b bar "gauge"
            ! Clash of bar_total: b bar_created "bar_created" over a bar "bar_total"
            ! Type of build: c build "info" over c build "gauge"
            ! Clash of foo_count: a foo "foo" over a foo.count "foo_count"
            ! Clash of foo_created: a foo "foo" over a foo.created "foo_created"
        "##]],
    );
}

/// Scenario: descriptions and units that differ. Guarantees: CF-03, CF-05, SC-05: one HELP, no false UNIT, all points stay.
#[test]
fn one_description_is_shown() {
    check(
        "
        resource service.name=a
        scope one - -
        gauge foo - Short
        : 1
        scope two - -
        gauge foo - A longer one
        : 2
        resource service.name=b
        gauge foo - B longer one
        : 3
        gauge foo
        k=v : 4
        ",
        expect![[r##"
            # HELP foo A longer one
            # TYPE foo gauge
            foo{job="a",otel_scope_name="one"} 1
            foo{job="a",otel_scope_name="two"} 2
            foo{job="b",k="v"} 4
            foo{job="b"} 3
            ! Help of foo: a foo "A longer one" over a foo "Short"
            ! Help of foo: a foo "A longer one" over b foo "B longer one"
        "##]],
    );
    let options = ExposeOptions { strategy: TranslationStrategy::UnderscoreEscapingWithoutSuffixes, ..ExposeOptions::default() };
    let units = "
        resource service.name=a
        gauge t_seconds ms
        : 1
        resource service.name=b
        gauge t_seconds s
        : 2
        ";
    check_with(
        units,
        &options,
        Escaping::default(),
        expect![[r##"
        # TYPE t_seconds gauge
        t_seconds{job="a"} 1
        t_seconds{job="b"} 2
        ! Unit of t_seconds: a t_seconds "milliseconds" over b t_seconds "seconds"
    "##]],
    );
}

/// Scenario: resources of every sort. Guarantees: RS-01 to RS-05, RS-08: who they are, and what is told of them.
#[test]
fn resources_have_an_identity() {
    check(
        "
        resource service.name=both service.namespace=ns service.instance.id=i extra=1
        gauge g
        : 1
        resource service.name=fallback host.name=h k8s.pod.name=p service.instance.id=
        gauge g
        : 2
        resource service.instance.id=only
        gauge g
        : 3
        resource service.namespace=ns
        gauge g
        a=4 : 4
        resource extra=5
        gauge g
        a=5 : 5
        resource
        gauge g
        a=6 : 6
        resource service.name=plain a.b=x a_b= empty=
        gauge g
        a=7 : 7
        ",
        expect![[r##"
            # HELP target_info Target metadata
            # TYPE target_info gauge
            target_info{extra="5"} 1
            target_info{host_name="h",instance="p",job="fallback",k8s_pod_name="p"} 1
            target_info{extra="1",instance="i",job="ns/both"} 1
            target_info{a_b="x;",job="plain"} 1
            # TYPE g gauge
            g{a="6"} 6
            g{a="5"} 5
            g{a="4"} 4
            g{instance="only"} 3
            g{instance="p",job="fallback"} 2
            g{instance="i",job="ns/both"} 1
            g{a="7",job="plain"} 7
        "##]],
    );
}

/// Scenario: two resources with one job and instance. Guarantees: RS-05, RS-14, CF-06: the newer one wins, whole.
#[test]
fn the_newer_resource_wins() {
    check(
        "
        resource service.name=s service.instance.id=1 version=old @5
        gauge g
        : 1
        a=only-old : 1
        resource service.name=s service.instance.id=1 version=new @6
        gauge g
        : 2
        ",
        expect![[r##"
            # HELP target_info Target metadata
            # TYPE target_info gauge
            target_info{instance="1",job="s",version="new"} 1
            # TYPE g gauge
            g{instance="1",job="s"} 2
            g{a="only-old",instance="1",job="s"} 1
            ! Target of target_info: s  "job=\"s\" instance=\"1\"" over s  "job=\"s\" instance=\"1\""
        "##]],
    );
}

/// Scenario: scopes with versions, attributes, and names that collide. Guarantees: SC-01, SC-02, SC-05, LB-07.
#[test]
fn scopes_become_labels() {
    let table = "
        resource service.name=s
        scope lib 1.0 http://x k.x=v name=never version.=never schema.url=also
        gauge g
        : 1
        otel.scope.name=mine otel_scope_version=2 : 2
        scope - - - only=this
        gauge g
        : 3
        ";
    check(
        table,
        expect![[r##"
        # TYPE g gauge
        g{job="s",otel_scope_only="this"} 3
        g{job="s",otel_scope_k_x="v",otel_scope_name="lib",otel_scope_schema_url="http://x",otel_scope_version="1.0",otel_scope_version_="never"} 1
        g{job="s",otel_scope_k_x="v",otel_scope_name="mine;lib",otel_scope_schema_url="http://x",otel_scope_version="1.0;2",otel_scope_version_="never"} 2
    "##]],
    );
    let options = ExposeOptions { scope_labels: false, ..ExposeOptions::default() };
    check_with(
        table,
        &options,
        Escaping::default(),
        expect![[r##"
        # TYPE g gauge
        g{job="s"} 3
        g{job="s",otel_scope_name="mine",otel_scope_version="2"} 2
    "##]],
    );
}

/// Scenario: resource attributes promoted, some of whose names are taken. Guarantees: RS-09, RS-10.
#[test]
fn promoted_attributes_override_nothing() {
    let promote = ["k8s.node.name", "k8s.node.name", "job", "taken", "absent", "a.b", "a_b"];
    let options = ExposeOptions {
        promote: promote.iter().map(|key| (*key).to_owned()).collect(),
        instance_fallback: false,
        ..ExposeOptions::default()
    };
    let table = "
        resource service.name=s k8s.node.name=n job=j taken=resource a.b=1 a_b=2 host.id=h
        gauge g
        : 1
        taken=point : 2
        ";
    check_with(
        table,
        &options,
        Escaping::default(),
        expect![[r##"
        # HELP target_info Target metadata
        # TYPE target_info gauge
        target_info{a_b="1;2",host_id="h",job="s",k8s_node_name="n",taken="resource"} 1
        # TYPE g gauge
        g{a_b="1;2",job="s",k8s_node_name="n",taken="resource"} 1
        g{a_b="1;2",job="s",k8s_node_name="n",taken="point"} 2
    "##]],
    );
}

/// Scenario: names that are one after escaping. Guarantees: NM-20, LB-09: families merge, labels join again.
#[test]
fn escaping_joins_what_it_makes_equal() {
    let options = ExposeOptions { strategy: TranslationStrategy::NoTranslation, ..ExposeOptions::default() };
    let table = "
        gauge foo.bar
        a.b=1 a_b=2 a:b=3 : 1
        gauge foo_bar
        a_b=3 : 2
        ";
    check_with(
        table,
        &options,
        Escaping::Underscores,
        expect![[r##"
        # TYPE foo_bar gauge
        foo_bar{a_b="1;3;2"} 1
        foo_bar{a_b="3"} 2
    "##]],
    );
    check_with(
        table,
        &options,
        Escaping::AllowUtf8,
        expect![[r##"
        # TYPE "foo.bar" gauge
        {"foo.bar","a.b"="1","a:b"="3",a_b="2"} 1
        # TYPE foo_bar gauge
        foo_bar{a_b="3"} 2
    "##]],
    );
    check_with(
        table,
        &options,
        Escaping::Dots,
        expect![[r##"
        # TYPE foo_bar gauge
        foo_bar{a_b="3"} 2
        # TYPE foo_dot_bar gauge
        foo_dot_bar{a__b="3",a_b="2",a_dot_b="1"} 1
    "##]],
    );
    check_with(
        table,
        &options,
        Escaping::Values,
        expect![[r##"
        # TYPE U__foo_2e_bar gauge
        U__foo_2e_bar{U__a_2e_b="1",U__a_3a_b="3",a_b="2"} 1
        # TYPE foo_bar gauge
        foo_bar{a_b="3"} 2
    "##]],
    );
}

/// Scenario: `foo.bar`, a counter in bytes, under four strategies and three escapings. Guarantees: NM-20's twelve cells.
#[test]
fn strategy_comes_before_escaping() {
    let mut table = String::new();
    for strategy in TranslationStrategy::ALL {
        for escaping in [Escaping::AllowUtf8, Escaping::Underscores, Escaping::Values] {
            let options = ExposeOptions { strategy, ..ExposeOptions::default() };
            let layout = Layout::new(&Fake::parse("counter foo.bar By\n: 1").streams(), &options, escaping);
            let names: Vec<&str> = layout.families.iter().map(|family| &*family.names.full).collect();
            writeln!(table, "{strategy} {escaping}: {}", names.join(" ")).expect("strings take everything");
        }
    }
    expect![[r#"
        UnderscoreEscapingWithSuffixes allow-utf-8: foo_bar_bytes_total
        UnderscoreEscapingWithSuffixes underscores: foo_bar_bytes_total
        UnderscoreEscapingWithSuffixes values: foo_bar_bytes_total
        UnderscoreEscapingWithoutSuffixes allow-utf-8: foo_bar
        UnderscoreEscapingWithoutSuffixes underscores: foo_bar
        UnderscoreEscapingWithoutSuffixes values: foo_bar
        NoUTF8EscapingWithSuffixes allow-utf-8: foo.bar_bytes_total
        NoUTF8EscapingWithSuffixes underscores: foo_bar_bytes_total
        NoUTF8EscapingWithSuffixes values: U__foo_2e_bar__bytes__total
        NoTranslation allow-utf-8: foo.bar
        NoTranslation underscores: foo_bar
        NoTranslation values: U__foo_2e_bar
    "#]]
    .assert_eq(&table);
}

/// Scenario: a view renamed one metric, and turned the winner of a conflict off. Guarantees: NM-01, CF-10.
#[test]
fn the_visible_set_decides() {
    check(
        "
        resource service.name=b
        counter old.name->new.name s
        : 4
        gauge jobs
        : 1
        ",
        expect![[r##"
            # TYPE jobs gauge
            jobs{job="b"} 1
            # TYPE new_name_seconds_total counter
            new_name_seconds_total{job="b"} 4
        "##]],
    );
}

/// Scenario: the same table, its streams in every order. Guarantees: CF-09: the same body.
#[test]
fn the_order_of_arrival_does_not_matter() {
    let blocks = [
        "resource service.name=a service.instance.id=1 v=1 @1\nscope x - -\ngauge g\n: 1\ncounter c - one\n: 1\n",
        "resource service.name=a service.instance.id=1 v=2 @1\nscope x - -\ngauge g\n: 2\ncounter c - two\nk=v : 1\n",
        "resource service.name=b\nscope y - -\nhistogram g\n: h count=1 sum=1\ngauge c.total\n: 7\n",
        "resource\ngauge h.sum\n: 1\nsummary h\n: s count=1 sum=1\n",
    ];
    let want = body(&blocks.concat(), Format::Text004);
    assert!(want.contains("g_bucket{") && want.contains("h_sum"), "{want}");
    for order in [[1, 0, 2, 3], [3, 2, 1, 0], [2, 3, 0, 1], [0, 3, 1, 2]] {
        let table: String = order.iter().filter_map(|at| blocks.get(*at)).copied().collect();
        assert_eq!(body(&table, Format::Text004), want);
    }
}
