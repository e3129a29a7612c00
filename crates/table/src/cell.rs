//! Classifies cells: numbers, words, missing values and everything else.

use std::fmt;
use std::str::FromStr;

use crate::options::UnknownOption;

/// The mark between a number's integer and its fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decimal {
    /// `1.5`
    Point,
    /// `1,5`
    Comma,
}

impl FromStr for Decimal {
    type Err = UnknownOption;
    fn from_str(text: &str) -> Result<Self, UnknownOption> {
        match text {
            "." | "point" => Ok(Decimal::Point),
            "," | "comma" => Ok(Decimal::Comma),
            _ => Err(UnknownOption::new("decimal", text, "point or comma")),
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if *self == Decimal::Comma { "comma" } else { "point" })
    }
}

/// What a cell looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Empty,
    /// One of the words for a missing value.
    Missing,
    Integer(i64),
    Fraction,
    /// Dates, symbols, amounts with a unit: neither a number nor a word.
    Other,
    /// A word: its first letter or digit is a letter.
    Name,
}

/// Pandas' words for a missing value, and three marks of statistical tables.
const MISSING: [&str; 14] =
    ["na", "n/a", "nan", "-nan", "null", "none", "nil", "#n/a", "#na", "<na>", "?", "-", "--", "."];

impl Class {
    pub(crate) fn of(cell: &str, decimal: Decimal) -> Self {
        if cell.is_empty() {
            return Class::Empty;
        }
        if let Ok(value) = cell.parse() {
            return Class::Integer(value);
        }
        match number(cell, decimal) {
            Some(value) if value.is_finite() => Class::Fraction,
            Some(_) => Class::Missing,
            None if MISSING.iter().any(|word| cell.eq_ignore_ascii_case(word)) => Class::Missing,
            None if cell.chars().find(|c| c.is_alphanumeric()).is_some_and(char::is_alphabetic) => Class::Name,
            None => Class::Other,
        }
    }

    pub(crate) fn is_number(self) -> bool {
        matches!(self, Class::Integer(_) | Class::Fraction)
    }
}

/// A cell as a number.
pub(crate) fn number(cell: &str, decimal: Decimal) -> Option<f64> {
    match decimal {
        Decimal::Point => cell.parse().ok(),
        Decimal::Comma if cell.contains('.') => None,
        Decimal::Comma => cell.replacen(',', ".", 1).parse().ok(),
    }
}

/// Whether a cell is a number that contains this mark.
pub(crate) fn has_mark(cell: &str, mark: char) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = cell.strip_prefix(['+', '-']).unwrap_or(cell);
    unsigned.split_once(mark).is_some_and(|(whole, part)| digits(whole) && digits(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_told_apart() {
        let classes = [
            ("", Class::Empty),
            ("-3", Class::Integer(-3)),
            ("9223372036854775808", Class::Fraction),
            ("1e5", Class::Fraction),
            ("1.5", Class::Fraction),
            ("1,5", Class::Other),
            ("NaN", Class::Missing),
            ("inf", Class::Missing),
            ("N/A", Class::Missing),
            ("2020-01-31", Class::Other),
            ("10:30 Z", Class::Other),
            ("€", Class::Other),
            ("p0", Class::Name),
            ("_x", Class::Name),
            ("prix_é", Class::Name),
        ];
        for (cell, class) in classes {
            assert_eq!(Class::of(cell, Decimal::Point), class, "{cell}");
        }
        assert_eq!(Class::of("-1,5", Decimal::Comma), Class::Fraction);
        assert_eq!(Class::of("1.5", Decimal::Comma), Class::Other);
        assert!(has_mark("-1,5", ',') && !has_mark("1,5,2", ',') && !has_mark(",5", ',') && !has_mark("1,x", ','));
    }
}
