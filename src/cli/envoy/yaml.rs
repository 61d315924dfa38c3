//! JSON values as YAML in block style.

use serde_json::Value;

/// Words that YAML takes for something else than text.
const RESERVED: [&str; 9] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];

/// Prints a value as one document.
pub(super) fn block(value: &Value) -> String {
    let mut out = String::new();
    write(&mut out, value, 0);
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

/// Writes a value whose lines, but for the first, are indented by `depth` steps.
fn write(out: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (index, (key, value)) in fields.iter().enumerate() {
                if index > 0 {
                    indent(out, depth);
                }
                out.push_str(&text(key));
                out.push(':');
                write_behind(out, value, depth);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    indent(out, depth);
                }
                out.push_str("- ");
                write(out, item, depth + 1);
                end_line(out);
            }
        }
        Value::String(value) => out.push_str(&text(value)),
        scalar => out.push_str(&scalar.to_string()),
    }
}

/// Writes what stands behind a key: a scalar on the same line, anything else below.
fn write_behind(out: &mut String, value: &Value, depth: usize) {
    let below = match value {
        // Items of a list stand at the height of their key.
        Value::Array(items) => (!items.is_empty()).then_some(depth),
        Value::Object(fields) => (!fields.is_empty()).then_some(depth + 1),
        _ => None,
    };
    match below {
        Some(depth) => {
            out.push('\n');
            indent(out, depth);
            write(out, value, depth);
        }
        None => {
            out.push(' ');
            write(out, value, depth);
        }
    }
    end_line(out);
}

fn indent(out: &mut String, depth: usize) {
    out.push_str(&"  ".repeat(depth));
}

fn end_line(out: &mut String) {
    if !out.ends_with('\n') {
        out.push('\n');
    }
}

/// A text as it is where YAML cannot mistake it, else in quotes.
fn text(value: &str) -> String {
    let plain = value.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '/'))
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_./-".contains(&byte))
        && !RESERVED.contains(&value.to_ascii_lowercase().as_str());
    // A JSON text is a double-quoted YAML one.
    if plain { value.to_owned() } else { Value::from(value).to_string() }
}

#[cfg(test)]
mod tests {
    use super::block;
    use serde_json::json;

    #[test]
    fn values_are_written_in_blocks() {
        let value = json!({
            "a": {"b": [1, {"c": "x", "d": []}, [true, null]], "e": {}},
            "@type": "t/x.y-z",
            "list": ["", "10s", "no", "a: b", "new\nline"],
        });
        let expected = "\
\"@type\": t/x.y-z
a:
  b:
  - 1
  - c: x
    d: []
  - - true
    - null
  e: {}
list:
- \"\"
- \"10s\"
- \"no\"
- \"a: b\"
- \"new\\nline\"
";
        assert_eq!(block(&value), expected);
        assert_eq!(block(&json!([])), "[]\n");
    }
}
