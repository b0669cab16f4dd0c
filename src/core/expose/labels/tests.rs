use super::{Plan, Sides, Terms};
use crate::{
    expose::{
        ExposeOptions,
        checker::check_text,
        fake::{Fake, body_with},
        layout::{Constant, Origin},
        negotiate::Negotiated,
    },
    model::point::Number,
    state::visit::{Labels, Series, Value},
};
use expect_test::{Expect, expect};
use proptest::prelude::{prop, proptest};
use std::{collections::BTreeSet, sync::Arc};

/// The body, and how many attributes and series it left out.
fn check(table: &str, want: Expect) {
    let (out, stats) = body_with(Fake::parse(table), &ExposeOptions::default(), Negotiated::default(), &[]);
    let body = String::from_utf8(out).expect("UTF-8");
    assert_eq!(check_text(&body), Vec::<String>::new(), "{body}");
    want.assert_eq(&format!("{body}lost {}, duplicates {}\n", stats.lost_attributes, stats.duplicates));
}

/// Scenario: keys that become one name. Guarantees: LB-07, LB-08: joined in byte order of the keys, empty values take part.
#[test]
fn colliding_keys_are_joined() {
    check(
        "
        gauge g
        a.b=1 a_b=2 : 1
        a.b= a_b=x : 2
        a.b=x a_b= : 3
        a.b=%22 a_b=%5C a-b=%0A : 4
        ",
        expect![[r##"
            # TYPE g gauge
            g{a_b="\n;\";\\"} 4
            g{a_b=";x"} 2
            g{a_b="1;2"} 1
            g{a_b="x;"} 3
            lost 0, duplicates 0
        "##]],
    );
}

/// Scenario: attributes that must not come out. Guarantees: LB-04, LB-05, LB-12, RS-11: dropped, counted, the point stays.
#[test]
fn some_attributes_are_lost() {
    check(
        "
        resource service.name=s
        gauge g
        __name__=x ...=y k=1 : 1
        job=mine instance=theirs : 2
        le=5 quantile=6 : 3
        histogram h
        le=mine a=1 z=1 : h count=2 sum=1 bounds=1 counts=1,1
        summary q
        quantile=mine le=5 : s count=1 sum=1 q=0.5:1
        exponentialhistogram e
        le=mine : e count=1 sum=1 positive=1:1
        ",
        expect![[r##"
            # TYPE e histogram
            e_bucket{job="s",le="+Inf"} 1
            e_sum{job="s"} 1
            e_count{job="s"} 1
            # TYPE g gauge
            g{job="s",k="1"} 1
            g{instance="theirs",job="s"} 2
            g{job="s",le="5",quantile="6"} 3
            # TYPE h histogram
            h_bucket{a="1",job="s",le="1",z="1"} 1
            h_bucket{a="1",job="s",le="+Inf",z="1"} 2
            h_sum{a="1",job="s",z="1"} 1
            h_count{a="1",job="s",z="1"} 2
            # TYPE q summary
            q{job="s",le="5",quantile="0.5"} 1
            q_sum{job="s",le="5"} 1
            q_count{job="s",le="5"} 1
            lost 6, duplicates 0
        "##]],
    );
}

/// Scenario: series that end up with the same labels, for every reason there is, found late as well as early.
/// Guarantees: CF-06: the first in order is written, once; the others are counted.
#[test]
fn equal_labels_come_once() {
    check(
        "
        resource service.name=s
        gauge types
        a=int:1 : 1
        a=1 : 2
        a=2 : 3
        gauge empty
        : 1
        a= : 2
        a= b=1 : 3
        b=1 : 4
        b=2 : 5
        gauge keys
        a.b=1 : 1
        a_b=1 : 2
        a_b=2 : 3
        gauge lost
        : 1
        job=x : 2
        job=y : 3
        ",
        expect![[r##"
            # TYPE empty gauge
            empty{job="s"} 1
            empty{b="1",job="s"} 3
            empty{b="2",job="s"} 5
            # TYPE keys gauge
            keys{a_b="1",job="s"} 1
            keys{a_b="2",job="s"} 3
            # TYPE lost gauge
            lost{job="s"} 1
            # TYPE types gauge
            types{a="1",job="s"} 2
            types{a="2",job="s"} 3
            lost 2, duplicates 6
        "##]],
    );
}

/// Scenario: two metrics whose names become one, in one scope. Guarantees: CF-06, CF-08: one family, one sample per label set.
#[test]
fn two_metrics_may_be_one_family() {
    check(
        "
        resource service.name=s
        scope lib - -
        gauge foo_bar
        a=1 : 1
        a=3 : 3
        gauge foo.bar
        a=1 : 10
        a=2 : 20
        resource service.name=s service.instance.id=1
        scope lib - -
        gauge foo.bar
        : 30
        ",
        expect![[r##"
            # TYPE foo_bar gauge
            foo_bar{a="1",job="s",otel_scope_name="lib"} 10
            foo_bar{a="2",job="s",otel_scope_name="lib"} 20
            foo_bar{a="3",job="s",otel_scope_name="lib"} 3
            foo_bar{instance="1",job="s",otel_scope_name="lib"} 30
            lost 0, duplicates 1
        "##]],
    );
}

/// Scenario: one stream spells as an attribute what another has as a constant. Guarantees: CF-06 even then.
#[test]
fn an_attribute_may_equal_a_constant() {
    check(
        "
        resource service.name=s
        gauge g
        otel_scope_name=lib : 1
        otel_scope_name=other : 2
        scope lib - -
        gauge g
        : 3
        ",
        expect![[r##"
            # TYPE g gauge
            g{job="s",otel_scope_name="lib"} 1
            g{job="s",otel_scope_name="other"} 2
            lost 0, duplicates 1
        "##]],
    );
}

proptest! {
    /// Scenario: series of one key set in any order, with empty values, values to escape, and keys that are joined; now and
    /// then the ids of values mean something else.
    /// Guarantees: text that stays from the series before is the text that would be written anew, on both sides of `le`.
    #[test]
    fn what_stays_is_what_would_be_written(
        texts in prop::collection::vec("[a\"]{0,3}", 6),
        others in prop::collection::vec("[b\\\\]{0,3}", 6),
        rows in prop::collection::vec((prop::array::uniform4(0u32..6), prop::bool::weighted(0.1)), 1..40),
    ) {
        let constant = |name: &str, origin: Origin| Constant { name: name.into(), key: name.into(), origin, text: "x\"y".into() };
        let constants: Arc<[Constant]> = [constant("job", Origin::Identity), constant("joined", Origin::Scope)].into();
        let le: Arc<str> = "le".into();
        let terms = Terms { constants: &constants, special: Some(&le), taken: &BTreeSet::new() };
        let keys = [("a", "a"), ("joined", "joined"), ("k", "k"), ("z", "z")].map(|(key, name)| (key, Some(Arc::from(name))));
        let plan = Plan::new(terms, &keys);
        let (mut now, mut then) = (Labels::of_texts(&texts), Labels::of_texts(&others));
        let mut sides = Sides::default();
        sides.compile(&plan);
        for (entries, is_reused) in rows {
            if is_reused {
                std::mem::swap(&mut now, &mut then);
                sides.forget();
            }
            let value = Value::Number(Number::Int(1));
            let series = Series { labels: &now, shape: 0, entries: &entries, start: 0, time: 0, value, exemplars: &[], bounds: &[] };
            sides.write(&plan, &series);
            let mut anew = Sides::default();
            anew.before.write_slowly(&plan, plan.before(), &series);
            anew.after.write_slowly(&plan, plan.after(), &series);
            let text = |sides: &Sides| [&sides.before, &sides.after].map(|pairs| String::from_utf8_lossy(pairs.text()).into_owned());
            assert_eq!(text(&sides), text(&anew));
        }
    }
}
