//! Options that override what the reader would decide about a table.

use crate::{Decimal, Delimiter, TextEncoding};

/// How to read a table. The reader decides what is `None` from the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whether the first line holds names.
    pub header: Option<bool>,
    /// The delimiter.
    pub delimiter: Option<Delimiter>,
    /// The encoding.
    pub encoding: Option<TextEncoding>,
    /// The decimal mark.
    pub decimal: Option<Decimal>,
}

impl Options {
    /// Whether everything is left to the reader.
    pub fn is_empty(&self) -> bool {
        *self == Options::default()
    }

    /// The options that are set, as names and values that [`Options::set`] reads.
    pub fn pairs(&self) -> Vec<(&'static str, String)> {
        let header = self.header.map(|said| if said { "yes" } else { "no" }.to_owned());
        let delimiter = self.delimiter.map(|said| said.to_string());
        let encoding = self.encoding.map(|said| said.to_string());
        let decimal = self.decimal.map(|said| said.to_string());
        let all = [("header", header), ("delimiter", delimiter), ("encoding", encoding), ("decimal", decimal)];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// Sets the option of this name.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), UnknownOption> {
        match name {
            "header" => self.header = header_from(value)?,
            "delimiter" => self.delimiter = Some(value.parse()?),
            "encoding" => self.encoding = Some(value.parse()?),
            "decimal" => self.decimal = Some(value.parse()?),
            _ => return Err(UnknownOption::new("option", name, "header, delimiter, encoding or decimal")),
        }
        Ok(())
    }
}

/// Whether there is a header: `yes`, `no`, or `auto` to leave it to the reader.
pub fn header_from(text: &str) -> Result<Option<bool>, UnknownOption> {
    match text {
        "yes" => Ok(Some(true)),
        "no" => Ok(Some(false)),
        "auto" => Ok(None),
        _ => Err(UnknownOption::new("header", text, "yes, no or auto")),
    }
}

/// An unknown option, or a value that an option does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {value:?}, but must be {wanted}")]
pub struct UnknownOption {
    name: &'static str,
    value: String,
    wanted: &'static str,
}

impl UnknownOption {
    pub(crate) fn new(name: &'static str, value: &str, wanted: &'static str) -> Self {
        UnknownOption { name, value: crate::error::shortened(value), wanted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_survive_as_text() {
        let mut said = Options::default();
        for (name, value) in [("header", "no"), ("delimiter", ";"), ("encoding", "latin1"), ("decimal", ",")] {
            said.set(name, value).unwrap();
        }
        let mut again = Options::default();
        said.pairs().iter().for_each(|(name, value)| again.set(name, value).unwrap());
        assert_eq!((again, again.pairs().len()), (said, 4));
        assert!(Options::default().pairs().is_empty());
    }

    #[test]
    fn unknown_values_are_refused_with_the_known_ones() {
        for (name, value) in
            [("header", "maybe"), ("delimiter", "x"), ("encoding", "latin"), ("decimal", ";"), ("x", "y")]
        {
            let refused = Options::default().set(name, value).unwrap_err().to_string();
            assert!(refused.contains("must be"), "{refused}");
        }
        let long = "x".repeat(5000);
        assert!(Options::default().set("header", &long).unwrap_err().to_string().len() < 300);
    }
}
