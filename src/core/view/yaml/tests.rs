//! Texts to trees, and texts that are none.

use super::{Node, Value, documents, from_json};
use expect_test::{Expect, expect};

fn show(node: &Node) -> String {
    let at = format!("{}:{}+{}", node.at.line, node.at.column, node.at.len);
    match &node.value {
        Value::List(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => {
            let entry =
                |(key, value): &(super::Key, Node)| format!("{}@{}:{} {}", key.text, key.at.line, key.at.column, show(value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        other => format!("{other:?}@{at}"),
    }
}

fn check(text: &str, want: Expect) {
    let lines = documents(text).into_iter().map(|read| match read {
        Ok(node) => show(&node) + "\n",
        Err(error) => format!("{}:{} {error}\n", error.at.line, error.at.column),
    });
    want.assert_eq(&lines.collect::<String>());
}

/// Scenario: scalars of every sort, quoted and not. Guarantees: types as YAML's core schema has them, each at its place.
#[test]
fn scalars_have_the_types_of_the_core_schema() {
    check(
        "a: [1, -2.5, 1e3, 0x1F, .5, .inf, 1.2.3, 2026-01-01T10:00:00Z, 4h, 1m]\nb: [true, False, yes, \"true\", '7', ~, null, ]\nc: |\n  text\nd:\n",
        expect![[r#"
            {a@1:1 [Number("1")@1:5+1, Number("-2.5")@1:8+4, Number("1e3")@1:14+3, Number("0x1F")@1:19+4, Number(".5")@1:25+2, Number(".inf")@1:29+4, Text("1.2.3")@1:35+5, Text("2026-01-01T10:00:00Z")@1:42+20, Text("4h")@1:64+2, Text("1m")@1:68+2], b@2:1 [Bool(true)@2:5+4, Bool(false)@2:11+5, Text("yes")@2:18+3, Text("true")@2:23+6, Text("7")@2:31+3, Null@2:36+1, Null@2:39+4], c@3:1 Text("text\n")@4:3+1, d@5:1 Null@5:2+1}
        "#]],
    );
}

/// Scenario: several documents, empty ones, one that is broken. Guarantees: each is read on its own and lines go on counting.
#[test]
fn documents_are_read_on_their_own() {
    check(
        "# nothing\n---\na: 1\n---\n\n--- # more\nb: [\n---\nc: 3\n...\n",
        expect![[r#"
        {a@3:1 Number("1")@3:4+1}
        7:4 unclosed bracket '['
        {c@9:1 Number("3")@9:4+1}
    "#]],
    );
}

/// Scenario: what could grow without bound, or means two things. Guarantees: refused, with its place.
#[test]
fn what_is_not_plain_data_is_refused() {
    for (text, want) in [
        (
            "a: &x [1]\nb: *x\n",
            expect![[r#"
            1:7 anchors are not read: write the value out
        "#]],
        ),
        (
            "a: *x\n",
            expect![[r#"
            1:4 while parsing node, found unknown anchor
        "#]],
        ),
        (
            "a: !!binary aGk=\n",
            expect![[r#"
            1:13 tags are not read: quote the value instead
        "#]],
        ),
        (
            "%YAML 1.2\n---\na: 1\n",
            expect![[r#"
            1:1 YAML directives are disallowed
            {a@3:1 Number("1")@3:4+1}
        "#]],
        ),
        (
            "a: 1\nb: 2\na: 3\n",
            expect![[r#"
            3:1 key `a` stands here again, first in line 1
        "#]],
        ),
        (
            "[a]: 1\n",
            expect![[r#"
            1:1 a key must be text
        "#]],
        ),
        (
            "a:\n\t- b\n",
            expect![[r#"
            2:2 tabs disallowed within this context (block indentation)
        "#]],
        ),
        (
            "a: 1\n...\nb: 2\n",
            expect![[r#"
            3:1 a second document begins without `---`
        "#]],
        ),
    ] {
        check(text, want);
    }
}

/// Scenario: nesting without end, in flow, in blocks and in JSON. Guarantees: refused at once; nothing overflows.
#[test]
fn depth_is_bounded() {
    let block: String = (0..5_000).map(|i| " ".repeat(i) + "a:\n").collect();
    for text in ["[".repeat(50_000), "{a: ".repeat(50_000), "- ".repeat(50_000), block] {
        let read = documents(&text).pop().expect("it is a document");
        assert!(read.is_err(), "{}", text.get(..20).unwrap_or_default());
    }
    let deep = (0..100).fold(serde_json::json!(1), |inner, _| serde_json::json!([inner]));
    assert_eq!(from_json(&deep).map_err(|error| error.to_string()), Err("nested deeper than 24".into()));
}

/// Scenario: a document of very many values. Guarantees: refused when there are too many.
#[test]
fn size_is_bounded() {
    let text = "a: [".to_owned() + &"1,".repeat(250_000) + "]";
    let read = documents(&text).pop().expect("it is a document");
    assert_eq!(read.map_err(|error| error.to_string()).err(), Some("more than 200000 values".into()));
}
