//! The text of a row's body with everything that is too long to be written out: repetitions, depth, times.
//! Knows no protocol.

/// When every point was taken, unless a row says otherwise.
pub(super) const TIME: u64 = 1_700_000_000_000_000_000;

/// The text in full.
///
/// ```text
/// @n            a metric name of this row's own          @t        a time, as a member of an object
/// @,9[x#]       x0,x1,…,x8                               @*9[x#]   x0x1…x8
/// @deep(map,9)  a value of nine arrays or maps, one in another; `mixed` takes turns
/// ```
pub(super) fn expand(text: &str, id: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('@') {
        out.push_str(before);
        rest = match after.chars().next() {
            Some('n') => {
                out.push_str(&format!("h_{}", id.replace(['-', '.'], "_")));
                &after[1..]
            }
            Some('t') => {
                out.push_str(&format!("\"timeUnixNano\":\"{TIME}\""));
                &after[1..]
            }
            Some(joint @ (',' | '*')) => repeat(&after[1..], if joint == ',' { "," } else { "" }, id, &mut out),
            Some('d') => {
                let (args, after) = after.strip_prefix("deep(").and_then(|args| args.split_once(')')).expect("@deep(kind,n)");
                let (kind, n) = args.split_once(',').expect("@deep(kind,n)");
                out.push_str(&deep(kind, number(n)));
                after
            }
            other => panic!("no macro: @{other:?}"),
        };
    }
    out.push_str(rest);
    out
}

/// `n[text]` at the start of `rest`; gives what follows.
fn repeat<'a>(rest: &'a str, joint: &str, id: &str, out: &mut String) -> &'a str {
    let (n, inner) = rest.split_once('[').expect("a repetition in brackets");
    let mut depth = 1_usize;
    let end = inner.find(|c| {
        depth = match c {
            '[' => depth + 1,
            ']' => depth - 1,
            _ => depth,
        };
        depth == 0
    });
    let (inner, after) = inner.split_at(end.expect("the repetition ends"));
    let inner = expand(inner, id);
    let n = number(n);
    if inner.contains('#') {
        let copies: Vec<String> = (0..n).map(|index| inner.replace('#', &index.to_string())).collect();
        out.push_str(&copies.join(joint));
    } else {
        out.push_str(&format!("{inner}{joint}").repeat(n.saturating_sub(1)));
        out.push_str(&inner);
    }
    &after[1..]
}

/// A number with a unit or without.
pub(super) fn number(text: &str) -> usize {
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let shift = match unit {
        "" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => panic!("no unit: {text}"),
    };
    digits.parse::<usize>().unwrap_or_else(|error| panic!("{text}: {error}")) << shift
}

/// Whether the level is a map: kinds are `array`, `map`, `mixed`.
pub(super) fn is_map(kind: &str, level: usize) -> bool {
    match kind {
        "array" => false,
        "map" => true,
        "mixed" => level.is_multiple_of(2),
        _ => panic!("no kind of depth: {kind}"),
    }
}

/// A value of `n` arrays or maps, one in another.
pub(super) fn deep(kind: &str, n: usize) -> String {
    let (mut before, mut after) = (String::new(), Vec::new());
    for level in 0..n {
        if is_map(kind, level) {
            before.push_str(r#"{"kvlistValue":{"values":[{"key":"k","value":"#);
            after.push("}]}}");
        } else {
            before.push_str(r#"{"arrayValue":{"values":["#);
            after.push("]}}");
        }
    }
    after.reverse();
    format!(r#"{before}{{"intValue":"1"}}{}"#, after.concat())
}
