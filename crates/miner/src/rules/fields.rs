//! Reads the fields of a JSON object one by one. Pages carry this code; what serde derives for the same purpose is five
//! times as large.

use serde_json::{Map, Value};

use super::RulesError;

/// What is left of an object, and the first thing that was wrong with it.
pub(super) struct Fields {
    left: Map<String, Value>,
    problem: Option<RulesError>,
}

impl Fields {
    /// Reads an object.
    pub(super) fn parse(json: &str) -> Result<Self, RulesError> {
        serde_json::from_slice(json.as_bytes()).map_or(Err(RulesError::NoObject), Self::of)
    }

    /// Takes an object apart.
    pub(super) fn of(value: Value) -> Result<Self, RulesError> {
        match value {
            Value::Object(left) => Ok(Fields { left, problem: None }),
            _ => Err(RulesError::NoObject),
        }
    }

    /// Ends with the first problem; a field that nobody took is one.
    pub(super) fn end(self) -> Result<(), RulesError> {
        let unknown = self.left.into_iter().next().map(|(name, _)| RulesError::Unknown(name));
        self.problem.or(unknown).map_or(Ok(()), Err)
    }

    pub(super) fn whole(&mut self, name: &'static str) -> Option<u64> {
        let value = self.take(name)?;
        self.or_problem(value.as_u64(), name, "a whole number")
    }

    pub(super) fn number(&mut self, name: &'static str) -> Option<f64> {
        let value = self.take(name)?;
        self.or_problem(value.as_f64(), name, "a number")
    }

    pub(super) fn flag(&mut self, name: &'static str) -> Option<bool> {
        let value = self.take(name)?;
        self.or_problem(value.as_bool(), name, "true or false")
    }

    pub(super) fn list(&mut self, name: &'static str) -> Option<Vec<Value>> {
        let list = match self.take(name)? {
            Value::Array(list) => Some(list),
            _ => None,
        };
        self.or_problem(list, name, "a list")
    }

    /// A field that is there and not null.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.left.remove(name).filter(|value| !value.is_null())
    }

    fn or_problem<T>(&mut self, value: Option<T>, name: &'static str, must: &'static str) -> Option<T> {
        if value.is_none() && self.problem.is_none() {
            self.problem = Some(RulesError::Type { name, must });
        }
        value
    }
}
