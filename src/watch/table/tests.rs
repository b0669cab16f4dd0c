use super::{Delta, Health, News, Raw, Table, Trouble};
use crate::api::Read;
use expect_test::{Expect, expect};
use serde::Deserialize;

/// An object whose name in the table is all that is known of it.
#[derive(Debug, Deserialize, PartialEq)]
struct Number(u32);

impl Read for Number {}

/// A list as `name=JSON`, with commas.
fn list(text: &str) -> Vec<Raw> {
    let raw = |(name, json): (&str, &str)| Raw {
        name: name.into(),
        json: serde_json::value::RawValue::from_string(json.to_owned()).expect("it is JSON"),
    };
    text.split(',').filter_map(|one| one.split_once('=')).map(raw).collect()
}

fn told(deltas: &[Delta<Number>]) -> String {
    let value = |number: &Option<std::sync::Arc<Number>>| number.as_ref().map_or_else(|| "-".to_owned(), |n| n.0.to_string());
    let one = |delta: &Delta<Number>| {
        let first = if delta.is_first { " (first)" } else { "" };
        format!("{} {}>{}{first}", delta.name, value(&delta.before), value(&delta.after))
    };
    deltas.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// News by their first word, and what each changed.
fn check(news: &[&str], want: &Expect) {
    let (mut table, mut health) = (Table::default(), Health::default());
    let mut out = String::new();
    for text in news {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let news = match word {
            "begun" => News::Begun,
            "part" => News::Part(list(rest)),
            "listed" => News::Listed(list(rest)),
            "applied" => News::Applied(list(rest).remove(0)),
            other => panic!("no news {other}"),
        };
        let deltas = told(&table.take(news, 3, &mut health));
        out += &format!("{text}: [{deltas}] {} objects\n", table.len());
    }
    out += &format!("{:?}", health.flaws);
    want.assert_eq(&out);
}

/// Scenario: a list in parts; one that breaks off after a part, and begins anew. Guarantees: nothing changes before a list is
/// whole, and then all of it at once; parts of the one that broke off are forgotten.
#[test]
fn a_list_in_parts_swaps_whole() {
    check(
        &[
            "begun",
            "part a=1",
            "listed b=2",
            "begun",
            "part a=9,c=9",
            "begun",
            "part a=1",
            "part b=3",
            "listed",
            "begun",
            "listed b=3",
        ],
        &expect![[r#"
            begun: [] 0 objects
            part a=1: [] 0 objects
            listed b=2: [a ->1 (first), b ->2 (first)] 2 objects
            begun: [] 2 objects
            part a=9,c=9: [] 2 objects
            begun: [] 2 objects
            part a=1: [] 2 objects
            part b=3: [] 2 objects
            listed: [b 2>3] 2 objects
            begun: [] 2 objects
            listed b=3: [a 1>-] 1 objects
            {}"#]],
    );
}

/// Scenario: objects that cannot be read, and too many, in parts. Guarantees: the last good one stays; the cap counts all parts.
#[test]
fn bad_and_too_many_objects_in_parts_are_counted() {
    check(
        &["listed a=1", "begun", r#"part a="x",b=2"#, "part c=3,d=4", r#"listed e="x""#, "applied a=5"],
        &expect![[r#"
        listed a=1: [a ->1 (first)] 1 objects
        begun: [] 1 objects
        part a="x",b=2: [] 1 objects
        part c=3,d=4: [] 1 objects
        listed e="x": [b ->2, c ->3] 3 objects
        applied a=5: [a 1>5] 3 objects
        {Undecodable: 2, Limit: 1}"#]],
    );
}

/// Scenario: every trouble, and then a list as a follower tells it: empty where the kind is not defined. Guarantees: a list ends
/// that the server is away, and nothing else does but that it is told.
#[test]
fn a_list_ends_no_trouble_but_being_away() {
    let mut out = String::new();
    for trouble in [Trouble::Away, Trouble::Missing, Trouble::Forbidden] {
        let (mut table, mut health) = (Table::<Number>::default(), Health::default());
        for news in
            [News::Trouble(Some(trouble)), News::Begun, News::Part(list("a=1")), News::Listed(Vec::new()), News::Trouble(None)]
        {
            table.take(news, 3, &mut health);
            out += &format!("{:?} ", health.trouble);
        }
        out += "\n";
    }
    expect![[r#"
        Some(Away) Some(Away) Some(Away) None None 
        Some(Missing) Some(Missing) Some(Missing) Some(Missing) None 
        Some(Forbidden) Some(Forbidden) Some(Forbidden) Some(Forbidden) None 
    "#]]
    .assert_eq(&out);
}
