//! How a table was read, as a type and as one line of text.

use std::fmt;

use crate::error::shortened;
use crate::{Decimal, Delimiter, TextEncoding};

/// How a table is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The encoding.
    pub encoding: TextEncoding,
    /// Whether the encoding is UTF-16, recognised without a byte order mark.
    pub unmarked: bool,
    /// The delimiter, if there is more than one column.
    pub delimiter: Option<Delimiter>,
    /// The decimal mark.
    pub decimal: Decimal,
    /// The header row; a column without a name has an empty one.
    pub names: Option<Vec<String>>,
    /// Whether the first row is read as values although it differs in type from the others.
    pub differs: bool,
    /// The number of rows, without the header.
    pub rows: u64,
    /// The number of columns.
    pub columns: usize,
}

impl Decision {
    /// The first column without a name in a header row, counted from 1.
    pub fn unnamed(&self) -> Option<usize> {
        let names = self.names.as_ref()?;
        names.iter().position(String::is_empty).map(|index| index + 1)
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.encoding)?;
        if self.unmarked {
            f.write_str(" without a mark")?;
        }
        if let Some(delimiter) = self.delimiter {
            write!(f, ", {delimiter}")?;
        }
        if self.decimal == Decimal::Comma {
            f.write_str(", decimal comma")?;
        }
        match &self.names {
            Some(names) => write!(f, ", header row \"{}\"", summary(names))?,
            None => f.write_str(", no header row")?,
        }
        if let Some(column) = self.unnamed() {
            write!(f, ", column {column} has no name")?;
        }
        if self.differs {
            f.write_str(", row 1 differs in type from the others")?;
        }
        let rows = if self.rows == 1 { "row" } else { "rows" };
        let columns = if self.columns == 1 { "column" } else { "columns" };
        write!(f, ", {} {rows} of {} {columns}", grouped(self.rows), grouped(self.columns as u64))
    }
}

fn summary(names: &[String]) -> String {
    let (first, last) = (names.first().map_or("", String::as_str), names.last().map_or("", String::as_str));
    let short =
        if names.len() > 3 { format!("{} … {}", shortened(first), shortened(last)) } else { names.join(", ") };
    shortened(&short).replace('\n', " ")
}

/// A number with a comma between thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use crate::{Limits, Options, Table};

    fn said(bytes: &[u8], options: &[(&str, &str)]) -> String {
        let mut chosen = Options::default();
        options.iter().for_each(|(name, value)| chosen.set(name, value).expect("an option"));
        Table::read(bytes, &chosen, Limits::default()).expect("a table").decision().to_string()
    }

    #[test]
    fn a_decision_is_one_line() {
        let digits = (0..64).map(|index| format!("p{index}")).collect::<Vec<_>>().join(",");
        let rows = format!("{}\n", ["3"; 64].join(",")).repeat(1797);
        let line = "UTF-8, comma, header row \"p0 … p63\", 1,797 rows of 64 columns";
        assert_eq!(said(format!("{digits}\n{rows}").as_bytes(), &[]), line);
        assert_eq!(said(b"class\n3\n", &[]), "UTF-8, header row \"class\", 1 row of 1 column");
        let line = "UTF-8, semicolon, decimal comma, no header row, 2 rows of 2 columns";
        assert_eq!(said(b"1,5;2,5\n3,5;4,5\n", &[]), line);
        let line = "UTF-16LE without a mark, no header row, 2 rows of 1 column";
        assert_eq!(said(b"1\0\n\x002\0\n\0", &[]), line);
        let line = "UTF-8, comma, header row \", a\", column 1 has no name, 2 rows of 2 columns";
        assert_eq!(said(b",a\n0,5\n1,6\n", &[]), line);
        let line = "UTF-8, comma, no header row, row 1 differs in type from the others, 2 rows of 2 columns";
        assert_eq!(said(b"a,b\n1,2\n", &[("header", "no")]), line);
        let controls = said("a\u{1b}[2J,b\n1,2\n".as_bytes(), &[]);
        assert!(!controls.contains('\u{1b}'), "{controls}");
    }
}
