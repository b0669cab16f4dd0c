//! YAML as it is written: in the order given, with comments, and quoted where it would be read as something else.
//! Knows nothing of what it says.

use pointsman_core::view::yaml::{Node, Value};

/// Something to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Yaml {
    /// A number, a switch or nothing, as it is spelt.
    Plain(String),
    /// A text.
    Text(String),
    /// A text of several lines.
    Block(String),
    /// A list.
    List(Vec<Item>),
    /// A map.
    Map(Vec<Pair>),
}

/// A line of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// `# …`
    Comment(String),
    /// `- …`
    Is(Yaml),
}

/// A line of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Pair {
    /// `# …`
    Comment(String),
    /// `key: …`
    Is(String, Yaml),
}

/// A text as a value.
pub(super) fn text(text: &str) -> Yaml {
    Yaml::Text(text.to_owned())
}

/// A text of several lines, as a block where that gives it back.
pub(super) fn lines(text: &str) -> Yaml {
    let text = format!("{}\n", text.trim_end());
    if is_block(&text) { Yaml::Block(text) } else { Yaml::Text(text) }
}

/// `true` or `false`.
pub(super) fn switch(on: bool) -> Yaml {
    Yaml::Plain(on.to_string())
}

/// A line of a map.
pub(super) fn pair(key: &str, value: Yaml) -> Pair {
    Pair::Is(key.to_owned(), value)
}

/// A map of texts; those that are empty are left out.
pub(super) fn texts(pairs: &[(&str, &str)]) -> Yaml {
    Yaml::Map(pairs.iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| pair(key, text(value))).collect())
}

/// A list of texts.
pub(super) fn list(items: &[&str]) -> Yaml {
    Yaml::List(items.iter().map(|item| Item::Is(text(item))).collect())
}

/// A list of one value.
pub(super) fn only(value: Yaml) -> Yaml {
    Yaml::List(vec![Item::Is(value)])
}

impl From<&Node> for Yaml {
    fn from(node: &Node) -> Self {
        match &node.value {
            Value::Null => Self::Plain("null".to_owned()),
            Value::Bool(on) => switch(*on),
            Value::Number(number) => Self::Plain(number.to_string()),
            Value::Text(text) if text.contains('\n') && is_block(text) => Self::Block(text.to_string()),
            Value::Text(plain) => text(plain),
            Value::List(items) => Self::List(items.iter().map(|item| Item::Is(item.into())).collect()),
            Value::Map(entries) => Self::Map(entries.iter().map(|(key, value)| pair(&key.text, value.into())).collect()),
        }
    }
}

impl Yaml {
    /// The value, over as many lines as it takes; the last one ends.
    pub(super) fn write(&self) -> String {
        self.lines().into_iter().flat_map(|line| [line, "\n".to_owned()]).collect()
    }

    /// Where it fits on the line of its key.
    fn short(&self) -> Option<String> {
        match self {
            Self::Plain(text) => Some(text.clone()),
            Self::Text(text) => Some(scalar(text)),
            Self::List(items) if items.is_empty() => Some("[]".to_owned()),
            Self::Map(pairs) if pairs.is_empty() => Some("{}".to_owned()),
            Self::Block(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    fn lines(&self) -> Vec<String> {
        if let Some(short) = self.short() {
            return vec![short];
        }
        match self {
            Self::List(items) => items.iter().flat_map(Item::lines).collect(),
            Self::Map(pairs) => pairs.iter().flat_map(Pair::lines).collect(),
            Self::Block(text) => text.lines().map(str::to_owned).collect(),
            Self::Plain(_) | Self::Text(_) => Vec::new(),
        }
    }
}

impl Item {
    fn lines(&self) -> Vec<String> {
        match self {
            Self::Comment(text) => comment(text),
            Self::Is(Yaml::Block(text)) => {
                let mut lines = vec![format!("- {}", header(text))];
                lines.extend(text.lines().map(|line| indented(line, "  ")));
                lines
            }
            Self::Is(value) => {
                // What a first line would comment on is not the item.
                let lines = value.lines();
                let begin = lines.iter().take_while(|line| line.starts_with('#')).count();
                let mark = |(i, line): (usize, &String)| if i == begin { format!("- {line}") } else { indented(line, "  ") };
                lines.iter().enumerate().map(mark).collect()
            }
        }
    }
}

impl Pair {
    fn lines(&self) -> Vec<String> {
        let (key, value) = match self {
            Self::Comment(text) => return comment(text),
            Self::Is(key, value) => (scalar(key), value),
        };
        if let Some(short) = value.short() {
            return vec![format!("{key}: {short}")];
        }
        let (head, indent) = match value {
            Yaml::Block(text) => (format!("{key}: {}", header(text)), "  "),
            Yaml::List(_) => (format!("{key}:"), ""),
            _ => (format!("{key}:"), "  "),
        };
        let mut lines = vec![head];
        lines.extend(value.lines().iter().map(|line| indented(line, indent)));
        lines
    }
}

fn comment(text: &str) -> Vec<String> {
    text.lines().map(|line| format!("# {line}").trim_end().to_owned()).collect()
}

fn indented(line: &str, indent: &str) -> String {
    if line.is_empty() { String::new() } else { format!("{indent}{line}") }
}

/// Whether a block gives the text back as it is.
fn is_block(text: &str) -> bool {
    let is_plain = |c: char| c == '\n' || (!c.is_control() && c != '\u{feff}');
    !text.starts_with([' ', '\n']) && !text.ends_with("\n\n") && text.chars().all(is_plain)
}

fn header(text: &str) -> &'static str {
    if text.ends_with('\n') { "|" } else { "|-" }
}

/// Without quotes where every reader of YAML takes it for this text.
fn scalar(text: &str) -> String {
    const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_./=@+$(),*%".contains(c) || c == ':';
    // `30s`, but no number in whatever base, no time of day and no date.
    let is_time = text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || "hms".contains(c))
        && text.ends_with(|c: char| c.is_ascii_alphabetic());
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || "/$_".contains(c)) || text.starts_with("--") || is_time;
    let is_mark = text.starts_with("---") || text.ends_with(':');
    let is_word = WORDS.iter().any(|word| word.eq_ignore_ascii_case(text));
    if begins && text.chars().all(is_safe) && !is_mark && !is_word {
        text.to_owned()
    } else {
        serde_json::Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::{Item, Pair, Yaml, list, pair, switch, text, texts};
    use pointsman_core::view::yaml::{documents, to_json};

    fn back(yaml: &Yaml) -> serde_json::Value {
        let written = yaml.write();
        let [Ok(node)] = &documents(&written)[..] else { panic!("one document: {written}") };
        to_json(node)
    }

    /// Scenario: texts that YAML would take for something else, among them all that Go templates and arguments hold.
    /// Guarantees: each is read again as the same text, as a value, as a key and as an item.
    #[test]
    fn texts_stay_texts() {
        let all = [
            "a",
            "",
            "true",
            "No",
            "null",
            "~",
            "9001",
            "1e3",
            "0x1",
            "-",
            "--a=b",
            "---",
            "a: b",
            "a #b",
            "#a",
            "{a}",
            "[a]",
            "--tls-cipher-suites={{join .X \",\"}}",
            "--secure-listen-address=[$(IP)]:9001",
            "*a",
            "&a",
            "!a",
            "'",
            "\"",
            "a:",
            "0.0.0.0:9001",
            "30s",
            ".5",
            "a\tb",
            " a",
            "é",
            "%a",
            "@a",
            "`a`",
            "--openshift-sar={\"resource\":\"namespaces\"}",
        ];
        for one in all {
            assert_eq!(back(&Yaml::Map(vec![pair("k", text(one))]))["k"], one);
            assert_eq!(back(&list(&["first", one]))[1], one);
            assert_eq!(back(&Yaml::Map(vec![pair(one, switch(true))]))[one], true);
        }
    }

    /// Scenario: lists in maps in lists, blocks, comments, empty ones. Guarantees: this form, and read again it is the same.
    #[test]
    fn the_form_is_that_of_kubernetes() {
        let yaml = Yaml::Map(vec![
            Pair::Comment("why\n\nand how".to_owned()),
            pair(
                "list",
                Yaml::List(vec![
                    Item::Comment("first".to_owned()),
                    Item::Is(Yaml::Map(vec![
                        Pair::Comment("of it".to_owned()),
                        pair("name", text("a")),
                        pair("args", list(&["serve", "b c"])),
                    ])),
                    Item::Is(list(&["x", "y"])),
                    Item::Is(Yaml::Block("l\n\nm\n".to_owned())),
                ]),
            ),
            pair("block", Yaml::Block("a:\n  b: c".to_owned())),
            pair("empty", Yaml::Map(Vec::new())),
            pair("some", texts(&[("a", "1"), ("b", "")])),
        ]);
        let want = "# why\n#\n# and how\nlist:\n# first\n  # of it\n- name: a\n  args:\n  - serve\n  - \"b c\"\n- - x\n  - \"y\"\n- |\n  l\n\n  m\n\
                    block: |-\n  a:\n    b: c\nempty: {}\nsome:\n  a: \"1\"\n";
        assert_eq!(yaml.write(), want);
        let json = back(&yaml);
        assert_eq!(json["list"][0]["args"][1], "b c");
        assert_eq!(json["list"][2], "l\n\nm\n");
        assert_eq!(json["block"], "a:\n  b: c");
    }
}
