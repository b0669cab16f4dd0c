use super::{Escaping, is_legacy_label_name, is_legacy_metric_name, push_help, push_name, push_value};
use expect_test::expect;
use proptest::prelude::{ProptestConfig, any, proptest};

/// Scenario: metric and label names under each scheme (HN-07 to HN-10, NM-20).
/// Guarantees: legacy-valid names stay; a `:` is legal in metric names only.
#[test]
fn each_scheme_escapes_its_own_way() {
    let names = ["foo_bar", "foo.bar", "label with 😱", "a:b", "1st", "no:good bad_x.é", ""];
    let line = |name: &&str| {
        let show = |escaping: Escaping| format!("{} | {}", escaping.metric(name), escaping.label(name));
        let all: Vec<String> = Escaping::ALL.iter().map(|escaping| format!("  {escaping}: {}\n", show(*escaping))).collect();
        format!("{name:?}\n{}", all.concat())
    };
    expect![[r#"
        "foo_bar"
          allow-utf-8: foo_bar | foo_bar
          underscores: foo_bar | foo_bar
          dots: foo_bar | foo_bar
          values: foo_bar | foo_bar
        "foo.bar"
          allow-utf-8: foo.bar | foo.bar
          underscores: foo_bar | foo_bar
          dots: foo_dot_bar | foo_dot_bar
          values: U__foo_2e_bar | U__foo_2e_bar
        "label with 😱"
          allow-utf-8: label with 😱 | label with 😱
          underscores: label_with__ | label_with__
          dots: label__with____ | label__with____
          values: U__label_20_with_20__1f631_ | U__label_20_with_20__1f631_
        "a:b"
          allow-utf-8: a:b | a:b
          underscores: a:b | a_b
          dots: a:b | a__b
          values: a:b | U__a_3a_b
        "1st"
          allow-utf-8: 1st | 1st
          underscores: _st | _st
          dots: __st | __st
          values: U___31_st | U___31_st
        "no:good bad_x.é"
          allow-utf-8: no:good bad_x.é | no:good bad_x.é
          underscores: no:good_bad_x__ | no_good_bad_x__
          dots: no:good__bad__x_dot___ | no__good__bad__x_dot___
          values: U__no:good_20_bad__x_2e__e9_ | U__no_3a_good_20_bad__x_2e__e9_
        ""
          allow-utf-8:  | 
          underscores:  | 
          dots:  | 
          values: U__ | U__
    "#]]
    .assert_eq(&names.iter().map(line).collect::<String>());
}

fn written(write: impl Fn(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).expect("what is written is UTF-8")
}

fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some(escaped)) => out.push(escaped),
            (plain, _) => out.push(plain),
        }
    }
    out
}

/// Scenario: text with every character that means something. Guarantees: TX-03 for values, HELP and quoted names.
#[test]
fn what_means_something_gets_a_backslash() {
    let text = "a\\b\"c\nd\re";
    assert_eq!(written(|out| push_value(out, text)), "a\\\\b\\\"c\\nd\re");
    assert_eq!(written(|out| push_help(out, text)), "a\\\\b\"c\\nd\re");
    assert_eq!(written(|out| push_name(out, "a\"b", false)), "\"a\\\"b\"");
    assert_eq!(written(|out| push_name(out, "ab", true)), "ab");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Scenario: any name. Guarantees: every scheme but one yields a legacy-valid name, and `values` tells any two apart.
    #[test]
    fn escaped_names_are_legacy_valid(name in any::<String>(), other in any::<String>()) {
        for escaping in [Escaping::Underscores, Escaping::Dots, Escaping::Values] {
            if !name.is_empty() {
                assert!(is_legacy_metric_name(&escaping.metric(&name)));
                assert!(is_legacy_label_name(&escaping.label(&name)));
            }
        }
        assert_eq!(Escaping::Values.metric(&name) == Escaping::Values.metric(&other), name == other);
    }

    /// Scenario: any text as value and as HELP. Guarantees: it is one line, and reading it gives the text back (LB-15).
    #[test]
    fn escaped_text_reads_back(text in any::<String>()) {
        for line in [written(|out| push_value(out, &text)), written(|out| push_help(out, &text))] {
            assert!(!line.contains('\n'));
            assert_eq!(unescaped(&line), text);
        }
    }
}
