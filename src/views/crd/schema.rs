//! What the derived schemas need before an API server likes them: no `nullable`, formats it knows, plain descriptions.
//! Knows JSON schema, no field of ours.

use serde_json::Value;

/// Mends a whole definition in place.
pub(super) fn tidy(value: &mut Value) {
    match value {
        Value::Object(map) => {
            // An optional field is one that may be absent: a null would have to mean something.
            if map.get("nullable").is_some_and(Value::is_boolean) {
                map.remove("nullable");
            }
            // The server knows no unsigned formats, and warns of them at every apply.
            if let Some(Value::String(format)) = map.get_mut("format")
                && format.starts_with("uint")
            {
                format.remove(0);
            }
            if let Some(Value::Array(words)) = map.get_mut("enum") {
                words.retain(|word| !word.is_null());
            }
            for bound in ["minimum", "maximum"] {
                if let Some(value) = map.get_mut(bound) {
                    whole(value);
                }
            }
            if let Some(Value::String(text)) = map.get_mut("description") {
                *text = text.replace('\n', " ");
            }
            map.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

/// Bounds of whole numbers are whole numbers: `160`, not `160.0`.
fn whole(value: &mut Value) {
    let text = value.to_string();
    if let Some(Ok(number)) = text.strip_suffix(".0").map(str::parse::<i64>) {
        *value = number.into();
    }
}
