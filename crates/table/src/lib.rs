//! Tables as people write them. One reader decides encoding, delimiter, decimal mark and header, and says what it decided.
//!
//! A file that can be read in two ways is refused, with the option that settles it. Format: RFC 4180, with other delimiters,
//! line ends and encodings. No I/O: the caller has the whole file.
//!
//! ```
//! use adit_table::{Limits, Options, Table};
//!
//! let table = Table::read(b"a;b\r\n1;2\r\n3;4\r\n", &Options::default(), Limits::default())?;
//! assert_eq!(table.decision().to_string(), "UTF-8, semicolon, header row \"a, b\", 2 rows of 2 columns");
//! let mut rows = table.rows();
//! while let Some(row) = rows.next()? {
//!     assert!(row.cells().all(|cell| cell.parse::<u8>().is_ok()), "line {}", row.line());
//! }
//! # Ok::<(), adit_table::TableError>(())
//! ```

mod cell;
mod column;
mod decision;
mod delimiter;
mod encoding;
mod error;
mod header;
mod options;
mod records;

use std::borrow::Cow;

pub use cell::Decimal;
pub use decision::Decision;
pub use delimiter::Delimiter;
pub use encoding::TextEncoding;
pub use error::{HeaderDoubt, TableError};
pub use options::{Options, UnknownOption, header_from};
pub use records::{Record as Row, Records};

use header::Evidence;

/// Limits that hold before anything is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most columns.
    pub columns: usize,
    /// The longest line, in bytes of UTF-8 without quotes and delimiters.
    pub line_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { columns: 1 << 20, line_bytes: 16 << 20 }
    }
}

/// A table that has been read whole: every line has as many cells as the first.
#[derive(Clone, Debug)]
pub struct Table<'a> {
    text: Cow<'a, str>,
    delimiter: Delimiter,
    decimal: Decimal,
    limits: Limits,
    decision: Decision,
}

impl<'a> Table<'a> {
    /// Reads a table and decides what `options` leaves open.
    pub fn read(bytes: &'a [u8], options: &Options, limits: Limits) -> Result<Self, TableError> {
        let encoding::Text { text, encoding, unmarked } = encoding::decode(bytes, options.encoding)?;
        let (delimiter, decimal) = delimiter::decide(&text, options, limits)?;
        let evidence = Evidence::gather(&text, delimiter, decimal, limits)?;
        let header = match options.header {
            Some(said) => said,
            None => evidence.header()?,
        };
        let rows = evidence.rows + u64::from(!header);
        if rows == 0 {
            return Err(TableError::Empty);
        }
        let differs = !header && evidence.differs();
        let columns = evidence.first.len();
        let decision = Decision {
            encoding,
            unmarked,
            delimiter: (columns > 1).then_some(delimiter),
            decimal,
            names: header.then_some(evidence.first),
            differs,
            rows,
            columns,
        };
        Ok(Table { text, delimiter, decimal, limits, decision })
    }

    /// How the table was read; displays as one line.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// The rows, without the header.
    pub fn rows(&self) -> Records<'_> {
        let mut records = Records::new(&self.text, self.delimiter, self.limits);
        if self.decision.names.is_some() {
            records.skip_one();
        }
        records
    }

    /// A cell as a number, with the table's decimal mark.
    pub fn number(&self, cell: &str) -> Option<f64> {
        cell::number(cell, self.decimal)
    }

    /// The column named `wanted`. If that is `None`, the only column, or the only one with one of the `known` names.
    pub fn column(&self, wanted: Option<&str>, known: &[&str]) -> Result<usize, TableError> {
        column::find(&self.decision, wanted, known)
    }
}
