use super::{FamilyName, NameInput, TranslationStrategy, has_name, label_name, metric_name};
use crate::model::instrument::Kind;
use expect_test::{Expect, expect};

const DEFAULT: TranslationStrategy = TranslationStrategy::UnderscoreEscapingWithSuffixes;

fn kind_of(letter: char) -> Kind {
    match letter {
        'c' => Kind::Counter,
        'u' => Kind::UpDownCounter,
        'g' => Kind::Gauge,
        'h' => Kind::Histogram,
        'e' => Kind::ExponentialHistogram,
        's' => Kind::Summary,
        other => panic!("no kind {other}"),
    }
}

fn named(kind: char, name: &str, unit: &str, strategy: TranslationStrategy) -> String {
    match metric_name(&NameInput { name, unit, kind: kind_of(kind), strategy, ratio_suffix: true }) {
        Some(FamilyName { name, unit_word }) if unit_word.is_empty() => name,
        Some(FamilyName { name, unit_word }) => format!("{name} [{unit_word}]"),
        None => "refused".to_owned(),
    }
}

/// Cases are (rule, kind, name, unit); the text is every family name under the strategy, with its unit word.
fn check(strategy: TranslationStrategy, cases: &[(&str, char, &str, &str)], want: Expect) {
    let line = |&(rule, kind, name, unit): &(_, _, _, _)| {
        format!("{rule} {kind} {name:?} {unit:?}: {}\n", named(kind, name, unit, strategy))
    };
    want.assert_eq(&cases.iter().map(line).collect::<String>());
}

/// Scenario: names with characters Prometheus never had. Guarantees: each run becomes one `_`, nothing else changes.
#[test]
fn characters_become_underscores_and_runs_become_one() {
    let cases = [
        ("NM-01", 'g', "foo", ""),
        ("NM-01", 'g', "_foo", ""),
        ("NM-02", 'g', "foo.bar-baz:qux", ""),
        ("NM-02", 'g', "温度.cpu", ""),
        ("NM-03", 'g', "foo__bar", ""),
        ("NM-03", 'g', "foo._.bar", ""),
        ("NM-03", 'c', "foo.", ""),
        ("NM-04", 'g', "3.14 digits", ""),
        ("NM-04", 'c', "3", ""),
        ("NM-05", 'g', "", ""),
        ("NM-05", 'g', "._.", ""),
        ("NM-05", 'c', "温度", "s"),
        ("NM-24", 'g', "a\u{0}b\nc", ""),
    ];
    check(
        DEFAULT,
        &cases,
        expect![[r#"
            NM-01 g "foo" "": foo
            NM-01 g "_foo" "": _foo
            NM-02 g "foo.bar-baz:qux" "": foo_bar_baz:qux
            NM-02 g "温度.cpu" "": _cpu
            NM-03 g "foo__bar" "": foo_bar
            NM-03 g "foo._.bar" "": foo_bar
            NM-03 c "foo." "": foo_total
            NM-04 g "3.14 digits" "": _3_14_digits
            NM-04 c "3" "": _3_total
            NM-05 g "" "": refused
            NM-05 g "._." "": refused
            NM-05 c "温度" "s": refused
            NM-24 g "a\0b\nc" "": a_b_c
        "#]],
    );
}

/// The text is each unit with the name that a histogram `x` gets from it.
fn check_units(units: &str, want: Expect) {
    let words: Vec<String> = units.split(", ").map(|unit| format!("{unit}: {}", named('h', "x", unit, DEFAULT))).collect();
    want.assert_eq(&words.join("\n"));
}

/// Scenario: every unit that has a word. Guarantees: NM-06: the words of the specification, and one alias.
#[test]
fn units_become_words() {
    check_units(
        "d, h, min, s, ms, us, ns, By, KiBy, MiBy, GiBy, TiBy, kBy, KBy, MBy, GBy, TBy, m, V, A, J, W, g, Cel, Hz, %",
        expect![[r#"
            d: x_days [days]
            h: x_hours [hours]
            min: x_minutes [minutes]
            s: x_seconds [seconds]
            ms: x_milliseconds [milliseconds]
            us: x_microseconds [microseconds]
            ns: x_nanoseconds [nanoseconds]
            By: x_bytes [bytes]
            KiBy: x_kibibytes [kibibytes]
            MiBy: x_mebibytes [mebibytes]
            GiBy: x_gibibytes [gibibytes]
            TiBy: x_tebibytes [tebibytes]
            kBy: x_kilobytes [kilobytes]
            KBy: x_kilobytes [kilobytes]
            MBy: x_megabytes [megabytes]
            GBy: x_gigabytes [gigabytes]
            TBy: x_terabytes [terabytes]
            m: x_meters [meters]
            V: x_volts [volts]
            A: x_amperes [amperes]
            J: x_joules [joules]
            W: x_watts [watts]
            g: x_grams [grams]
            Cel: x_celsius [celsius]
            Hz: x_hertz [hertz]
            %: x_percent [percent]"#]],
    );
}

/// Scenario: annotations, rates, units without a word, and none. Guarantees: NM-07 to NM-11.
#[test]
fn other_units_are_cleaned_up() {
    check_units(
        "1, , {}, {packet}, {packets}V, By{net}/s, V{open, m/s, By/s, 1/s, {x}/s, By/{x}, 1/m, 1/h, 1/d, 1/w, 1/mo, 1/y, s/1, \
         custom_unit, °F, km/h,  s , __test $/°C, +=.:!* & #",
        expect![[r#"
            1: x
            : x
            {}: x
            {packet}: x
            {packets}V: x_volts [volts]
            By{net}/s: x_bytes_per_second [bytes_per_second]
            V{open: x_volts [volts]
            m/s: x_meters_per_second [meters_per_second]
            By/s: x_bytes_per_second [bytes_per_second]
            1/s: x_per_second [per_second]
            {x}/s: x_per_second [per_second]
            By/{x}: x_bytes [bytes]
            1/m: x_per_minute [per_minute]
            1/h: x_per_hour [per_hour]
            1/d: x_per_day [per_day]
            1/w: x_per_week [per_week]
            1/mo: x_per_month [per_month]
            1/y: x_per_year [per_year]
            s/1: x_seconds [seconds]
            custom_unit: x_custom_unit [custom_unit]
            °F: x_F [F]
            km/h: x_km_per_hour [km_per_hour]
             s : x_seconds [seconds]
            __test $/°C: x_test_per_C [test_per_C]
            +=.:!* & #: x_: [:]"#]],
    );
}

/// Scenario: names that carry their suffixes already, or something like them. Guarantees: each suffix once, on a token boundary.
#[test]
fn suffixes_come_once_and_in_order() {
    let cases = [
        ("NM-12", 'g', "uptime", "s"),
        ("NM-12", 'g', "uptime_seconds", "s"),
        ("NM-12", 'g', "uptime.seconds.max", "s"),
        ("NM-12", 'g', "io_bytes_per_second", "By/s"),
        ("NM-12", 'g', "io_bytes", "By/s"),
        ("NM-12", 'g', "x_custom_unit", "custom_unit"),
        ("NM-12", 'g', "nanoseconds", "s"),
        ("NM-13", 'c', "requests", "1"),
        ("NM-13", 'c', "foo_total", "s"),
        ("NM-13", 'c', "foo_seconds_total", "s"),
        ("NM-13", 'c', "foo_total_bar", ""),
        ("NM-13", 'c', "total_foo", ""),
        ("NM-13", 'c', "_total_foo", ""),
        ("NM-14", 'g', "usage", "1"),
        ("NM-14", 'g', "usage_ratio", "1"),
        ("NM-14", 'g', "ratio", "1"),
        ("NM-15", 'u', "items", "1"),
        ("NM-15", 'u', "items_total", "s"),
        ("NM-15", 'h', "size", "1"),
        ("NM-15", 'e', "size", "1"),
        ("NM-15", 's', "size", "1"),
        ("NM-21", 'c', "subtotal", ""),
        ("NM-23", 'c', "total", ""),
        ("NM-23", 'c', "total", "s"),
    ];
    check(
        DEFAULT,
        &cases,
        expect![[r#"
            NM-12 g "uptime" "s": uptime_seconds [seconds]
            NM-12 g "uptime_seconds" "s": uptime_seconds [seconds]
            NM-12 g "uptime.seconds.max" "s": uptime_seconds_max [seconds]
            NM-12 g "io_bytes_per_second" "By/s": io_bytes_per_second [bytes_per_second]
            NM-12 g "io_bytes" "By/s": io_bytes_per_second [bytes_per_second]
            NM-12 g "x_custom_unit" "custom_unit": x_custom_unit [custom_unit]
            NM-12 g "nanoseconds" "s": nanoseconds_seconds [seconds]
            NM-13 c "requests" "1": requests_total
            NM-13 c "foo_total" "s": foo_seconds_total [seconds]
            NM-13 c "foo_seconds_total" "s": foo_seconds_total [seconds]
            NM-13 c "foo_total_bar" "": foo_bar_total
            NM-13 c "total_foo" "": foo_total
            NM-13 c "_total_foo" "": _foo_total
            NM-14 g "usage" "1": usage_ratio
            NM-14 g "usage_ratio" "1": usage_ratio
            NM-14 g "ratio" "1": ratio
            NM-15 u "items" "1": items
            NM-15 u "items_total" "s": items_total_seconds [seconds]
            NM-15 h "size" "1": size
            NM-15 e "size" "1": size
            NM-15 s "size" "1": size
            NM-21 c "subtotal" "": subtotal_total
            NM-23 c "total" "": total_total
            NM-23 c "total" "s": seconds_total [seconds]
        "#]],
    );
}

/// Scenario: the same metrics under the other three strategies. Guarantees: each strategy does what it is named after.
#[test]
fn strategies_differ_in_characters_and_suffixes() {
    let cases = [
        ("", 'c', "foo.bar", "By"),
        ("", 'c', "foo__total", ""),
        ("", 'g', "1.x", "1"),
        ("", 'c', "._.", ""),
        ("", 'c', "温度", ""),
        ("", 'g', "", ""),
    ];
    check(
        TranslationStrategy::UnderscoreEscapingWithoutSuffixes,
        &cases.map(|(_, kind, name, unit)| ("NM-17", kind, name, unit)),
        expect![[r#"
            NM-17 c "foo.bar" "By": foo_bar [bytes]
            NM-17 c "foo__total" "": foo_total
            NM-17 g "1.x" "1": _1_x
            NM-17 c "._." "": refused
            NM-17 c "温度" "": refused
            NM-17 g "" "": refused
        "#]],
    );
    check(
        TranslationStrategy::NoUtf8EscapingWithSuffixes,
        &cases.map(|(_, kind, name, unit)| ("NM-18", kind, name, unit)),
        expect![[r#"
            NM-18 c "foo.bar" "By": foo.bar_bytes_total [bytes]
            NM-18 c "foo__total" "": foo_total
            NM-18 g "1.x" "1": 1.x_ratio
            NM-18 c "._." "": ._._total
            NM-18 c "温度" "": 温度_total
            NM-18 g "" "": refused
        "#]],
    );
    check(
        TranslationStrategy::NoTranslation,
        &cases.map(|(_, kind, name, unit)| ("NM-19", kind, name, unit)),
        expect![[r#"
            NM-19 c "foo.bar" "By": foo.bar [bytes]
            NM-19 c "foo__total" "": foo__total
            NM-19 g "1.x" "1": 1.x
            NM-19 c "._." "": ._.
            NM-19 c "温度" "": 温度
            NM-19 g "" "": refused
        "#]],
    );
}

/// Scenario: counters of which nothing is left without the word `total`. Guarantees: the suffix all the same (NM-13).
#[test]
fn nm_13_a_counter_called_total_has_a_suffix() {
    let cases = [
        ("NM-13", 'c', "total", ""),
        ("NM-13", 'c', "total.", ""),
        ("NM-13", 'c', "_total_", ""),
        ("NM-13", 'c', "total_", "By"),
    ];
    check(
        DEFAULT,
        &cases,
        expect![[r#"
            NM-13 c "total" "": total_total
            NM-13 c "total." "": total_total
            NM-13 c "_total_" "": total_total
            NM-13 c "total_" "By": bytes_total [bytes]
        "#]],
    );
}

/// Scenario: counters whose names end in letters of other scripts, with the suffix already. Guarantees: the letters stay (NM-18).
#[test]
fn nm_18_letters_of_any_script_stay_before_a_suffix() {
    let cases = [("NM-18", 'c', "温度_total", ""), ("NM-18", 'c', "menü_total", "s"), ("NM-18", 'c', "ö.total", "")];
    check(
        TranslationStrategy::NoUtf8EscapingWithSuffixes,
        &cases,
        expect![[r#"
            NM-18 c "温度_total" "": 温度_total
            NM-18 c "menü_total" "s": menü_seconds_total [seconds]
            NM-18 c "ö.total" "": ö_total
        "#]],
    );
}

/// Scenario: strategies by name. Guarantees: four exact values (NM-16), and a refusal that lists them.
#[test]
fn strategies_are_read_by_their_exact_names() {
    for strategy in TranslationStrategy::ALL {
        assert_eq!(strategy.to_string().parse(), Ok(strategy));
    }
    assert_eq!(TranslationStrategy::default(), DEFAULT);
    let error = "notranslation".parse::<TranslationStrategy>().expect_err("names are exact").to_string();
    for strategy in TranslationStrategy::ALL {
        assert!(error.contains(strategy.as_str()), "{error}");
    }
}

/// Scenario: names of which nothing is left, or something. Guarantees: NM-05: known before a point is taken.
#[test]
fn a_name_may_be_no_name() {
    assert!(!has_name("", TranslationStrategy::NoTranslation));
    assert!(!has_name("._.", DEFAULT));
    assert!(has_name("._.", TranslationStrategy::NoTranslation));
    assert!(has_name("._.x", DEFAULT));
}

/// Scenario: gauges of unit `1` with the switch off. Guarantees: no `_ratio` (NM-14).
#[test]
fn the_ratio_suffix_is_a_switch() {
    let name = NameInput { name: "usage", unit: "1", kind: Kind::Gauge, strategy: DEFAULT, ratio_suffix: false };
    assert_eq!(metric_name(&name).expect("it has a name").name, "usage");
}

/// Scenario: attribute keys of every sort, under a strategy that replaces and one that does not.
/// Guarantees: LB-02 to LB-06, and none of them yields `__name__` or nothing but underscores.
#[test]
fn attribute_keys_become_label_names() {
    let cases = [
        ("LB-02", "http.method"),
        ("LB-02", "a:b--c__d"),
        ("LB-02", "trailing___"),
        ("LB-02", "字x"),
        ("LB-03", "123label"),
        ("LB-04", "__x__"),
        ("LB-04", "__a..b__c__"),
        ("LB-04", "__x"),
        ("LB-04", "__name__"),
        ("LB-04", "____"),
        ("LB-05", ""),
        ("LB-05", "_"),
        ("LB-05", "..."),
        ("LB-05", "ようこそ"),
        ("LB-06", "_x"),
    ];
    let show = |name: Option<String>| name.unwrap_or_else(|| "dropped".to_owned());
    let line = |&(rule, key): &(&str, &str)| {
        let kept = label_name(key, TranslationStrategy::NoTranslation);
        format!("{rule} {key:?}: {} / {}\n", show(label_name(key, DEFAULT)), show(kept))
    };
    expect![[r#"
        LB-02 "http.method": http_method / http.method
        LB-02 "a:b--c__d": a_b_c_d / a:b--c__d
        LB-02 "trailing___": trailing_ / trailing___
        LB-02 "字x": _x / 字x
        LB-03 "123label": key_123label / 123label
        LB-04 "__x__": __x__ / __x__
        LB-04 "__a..b__c__": __a_b_c__ / __a..b__c__
        LB-04 "__x": _x / __x
        LB-04 "__name__": dropped / dropped
        LB-04 "____": dropped / dropped
        LB-05 "": dropped / dropped
        LB-05 "_": dropped / dropped
        LB-05 "...": dropped / ...
        LB-05 "ようこそ": dropped / ようこそ
        LB-06 "_x": _x / _x
    "#]]
    .assert_eq(&cases.iter().map(line).collect::<String>());
}
