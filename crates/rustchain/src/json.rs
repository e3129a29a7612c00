//! JSON that keeps the text of its numbers, and the canonical form that RustChain signs.
//!
//! The node parses a payload and writes it again with Python's `json.dumps(sort_keys=True, separators=(",", ":"))` before it
//! checks a signature. So a number must be written as Python writes it: integers of any size as they are, floats as Python's
//! `repr` does. Parsers that turn numbers into `f64` lose the difference, hence our own scanner.
//!
//! Refused although Python reads it, because programs disagree on it: `NaN`, `Infinity`, floats that overflow,
//! duplicate keys, lone surrogates, integers of more than 4,300 digits, nesting deeper than 64.

mod canonical;
mod number;
mod scan;

use std::collections::BTreeMap;

pub use number::Number;
pub use scan::JsonError;

/// The most bytes of a text: the largest body that the node accepts.
pub const MAX_BYTES: usize = 1 << 20;
/// The deepest nesting.
pub const MAX_DEPTH: usize = 64;
/// The most digits of an integer; Python refuses more.
pub const MAX_DIGITS: usize = 4_300;

/// An object, its keys in the order of their code points.
pub type Object = BTreeMap<String, Json>;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it was written.
    Number(Number),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Json>),
    /// An object.
    Object(Object),
}

impl Json {
    /// Reads a whole UTF-8 text.
    pub fn parse(bytes: &[u8]) -> Result<Json, JsonError> {
        scan::parse(bytes)
    }

    /// Writes it as Python's `json.dumps(sort_keys=True, separators=(",", ":"))` does: ASCII, without spaces.
    pub fn canonical(&self) -> String {
        let mut text = String::new();
        canonical::write(&mut text, self);
        text
    }

    /// An object of these members.
    pub fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
        Json::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    }

    /// The member of an object.
    pub fn member(&self, key: &str) -> Option<&Json> {
        self.as_object()?.get(key)
    }

    /// The object, if it is one.
    pub fn as_object(&self) -> Option<&Object> {
        if let Json::Object(object) = self { Some(object) } else { None }
    }

    /// The elements, if it is an array.
    pub fn as_list(&self) -> Option<&[Json]> {
        if let Json::List(list) = self { Some(list) } else { None }
    }

    /// The text, if it is a string.
    pub fn as_text(&self) -> Option<&str> {
        if let Json::Text(text) = self { Some(text) } else { None }
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<&Number> {
        if let Json::Number(number) = self { Some(number) } else { None }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Json::Bool(value) = self { Some(*value) } else { None }
    }

    /// Whether it is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Json::Null)
    }
}

/// The canonical form of an object.
pub fn canonical_of(object: &Object) -> String {
    let mut text = String::new();
    canonical::write_object(&mut text, object.iter());
    text
}

/// The canonical form of an object without some of its members.
pub fn canonical_without(object: &Object, keys: &[&str]) -> String {
    let mut text = String::new();
    canonical::write_object(&mut text, object.iter().filter(|(key, _)| !keys.contains(&key.as_str())));
    text
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Json::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Json::Text(text)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Json::Bool(value)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Self {
        Json::Number(Number::integer(value))
    }
}

impl From<Number> for Json {
    fn from(number: Number) -> Self {
        Json::Number(number)
    }
}

impl From<Vec<Json>> for Json {
    fn from(list: Vec<Json>) -> Self {
        Json::List(list)
    }
}

impl From<Object> for Json {
    fn from(object: Object) -> Self {
        Json::Object(object)
    }
}
