//! How an uploaded file is to be read: its format, and the options for a table.

use std::fmt;
use std::str::FromStr;

use adit_core::Cid;
use adit_core::content_id::output_cid;
use adit_table::Options;

use super::{Format, IntakeError};

/// How a file is to be read. Stored beside it as text (`csv header=no`), so that a job reads it the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The format.
    pub format: Format,
    /// The options for a table; empty for other files.
    pub options: Options,
}

impl Reading {
    /// A file of this format. Refuses options for a file that is not a table.
    pub fn new(format: Format, options: Options) -> Result<Self, IntakeError> {
        let is_table = matches!(format, Format::Csv | Format::Table | Format::Blocks);
        match options.pairs().first() {
            Some((option, _)) if !is_table => Err(IntakeError::NotATable { option, format: format.name() }),
            _ => Ok(Reading { format, options }),
        }
    }

    /// A file's name: the digest of its bytes, and of the options if there are any, because they change what it holds.
    pub fn name(&self, bytes: &[u8]) -> Cid {
        let digest = if self.options.is_empty() {
            blake3::hash(bytes)
        } else {
            let mut hasher = blake3::Hasher::new_derive_key("adit table and how to read it, version 1");
            hasher.update(blake3::hash(bytes).as_bytes());
            hasher.update(self.to_string().as_bytes());
            hasher.finalize()
        };
        output_cid(*digest.as_bytes())
    }
}

impl From<Format> for Reading {
    fn from(format: Format) -> Self {
        Reading { format, options: Options::default() }
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.format.name())?;
        self.options.pairs().iter().try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}

impl FromStr for Reading {
    type Err = IntakeError;
    fn from_str(text: &str) -> Result<Self, IntakeError> {
        let mut words = text.split(' ');
        let format = words.next().unwrap_or_default().parse()?;
        let mut options = Options::default();
        for word in words {
            let set = word.split_once('=').is_some_and(|(name, value)| options.set(name, value).is_ok());
            set.then_some(()).ok_or_else(|| IntakeError::unknown_format(text))?;
        }
        Reading::new(format, options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_survives_as_text_and_names_the_file() {
        let plain = Reading::from(Format::Csv);
        assert_eq!((plain.to_string().as_str(), "csv".parse()), ("csv", Ok(plain)));
        assert_eq!(plain.name(b"1,2\n"), output_cid(*blake3::hash(b"1,2\n").as_bytes()));
        let mut options = Options::default();
        for (name, value) in [("header", "no"), ("delimiter", "tab"), ("encoding", "latin1"), ("decimal", "comma")] {
            options.set(name, value).unwrap();
        }
        let said = Reading::new(Format::Table, options).unwrap();
        assert_eq!(said.to_string(), "table header=no delimiter=tab encoding=windows-1252 decimal=comma");
        assert_eq!(said.to_string().parse(), Ok(said));
        assert_ne!(said.name(b"1,2\n"), plain.name(b"1,2\n"));
        let refused = Reading::new(Format::Npy, options).unwrap_err();
        assert_eq!(refused.code(), "not_a_table");
        for text in ["csv header=perhaps", "csv x=1", "csv header", "npy header=no", ""] {
            assert!(text.parse::<Reading>().is_err(), "{text:?}");
        }
    }
}
