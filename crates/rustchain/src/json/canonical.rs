//! Writes the canonical form.

use std::fmt::Write;

use super::Json;

pub(super) fn write(text: &mut String, value: &Json) {
    match value {
        Json::Null => text.push_str("null"),
        Json::Bool(true) => text.push_str("true"),
        Json::Bool(false) => text.push_str("false"),
        Json::Number(number) => number.write_canonical(text),
        Json::Text(string) => write_string(text, string),
        Json::List(list) => {
            text.push('[');
            for (index, element) in list.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(text, element);
            }
            text.push(']');
        }
        Json::Object(object) => write_object(text, object.iter()),
    }
}

pub(super) fn write_object<'a>(text: &mut String, members: impl Iterator<Item = (&'a String, &'a Json)>) {
    text.push('{');
    for (index, (key, value)) in members.enumerate() {
        if index > 0 {
            text.push(',');
        }
        write_string(text, key);
        text.push(':');
        write(text, value);
    }
    text.push('}');
}

/// Everything outside of printable ASCII is escaped, as UTF-16.
fn write_string(text: &mut String, string: &str) {
    text.push('"');
    for char in string.chars() {
        match char {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            ' '..='~' => text.push(char),
            _ => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    // Writing to a string cannot fail.
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
        }
    }
    text.push('"');
}
