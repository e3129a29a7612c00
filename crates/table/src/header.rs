//! Decides whether the first line of a table holds names. If the rows below do not settle it, the table is refused.

use std::collections::HashSet;

use crate::cell::Class;
use crate::error::{HeaderDoubt, TableError, shortened};
use crate::records::Records;
use crate::{Decimal, Delimiter, Limits};

/// What the first line and the columns below it look like.
pub(crate) struct Evidence {
    /// The first line.
    pub(crate) first: Vec<String>,
    /// The lines below.
    pub(crate) rows: u64,
    classes: Vec<Class>,
    columns: Vec<Below>,
    /// The first column counts the rows, from 0 or 1.
    counts_rows: bool,
}

/// The cells of a column below its first.
#[derive(Clone, Default)]
struct Below {
    integers: u64,
    fractions: u64,
    others: u64,
    names: u64,
    /// The smallest and the largest integer.
    range: Option<(i64, i64)>,
    /// Whether the first line's cell occurs again.
    repeats: bool,
}

impl Below {
    fn add(&mut self, cell: &str, class: Class, first: &str) {
        match class {
            Class::Integer(value) => {
                self.integers += 1;
                self.range = Some(self.range.map_or((value, value), |(low, high)| (low.min(value), high.max(value))));
            }
            Class::Fraction => self.fractions += 1,
            Class::Other => self.others += 1,
            Class::Name => {
                self.names += 1;
                self.repeats |= cell == first;
            }
            Class::Empty | Class::Missing => {}
        }
    }

    fn numbers(&self) -> bool {
        self.integers + self.fractions > 0 && self.others + self.names == 0
    }

    fn words(&self) -> bool {
        self.names > 0 && self.integers + self.fractions + self.others == 0
    }

    fn dates(&self) -> bool {
        self.others > 0 && self.integers + self.fractions + self.names == 0
    }

    fn outside(&self, value: i64) -> bool {
        self.range.is_none_or(|(low, high)| value < low || value > high)
    }
}

/// The numbers that count as years in column names.
const YEARS: std::ops::RangeInclusive<i64> = 1500..=2100;

impl Evidence {
    /// Reads a whole table. Every line must have as many cells as the first.
    pub(crate) fn gather(
        text: &str,
        delimiter: Delimiter,
        decimal: Decimal,
        limits: Limits,
    ) -> Result<Self, TableError> {
        let mut records = Records::new(text, delimiter, limits);
        let Some(record) = records.next()? else { return Err(TableError::Empty) };
        let first: Vec<String> = record.cells().map(str::to_owned).collect();
        let classes: Vec<Class> = first.iter().map(|cell| Class::of(cell, decimal)).collect();
        let columns = vec![Below::default(); first.len()];
        let mut evidence = Evidence { first, rows: 0, classes, columns, counts_rows: true };
        let mut start = None;
        while let Some(record) = records.next()? {
            if record.width() != evidence.first.len() {
                let (line, got) = (record.line(), record.width());
                let counts = evidence.counts_columns(got);
                return Err(TableError::Width { line, expected: evidence.first.len(), got, counts });
            }
            for (index, cell) in record.cells().enumerate() {
                let class = Class::of(cell, decimal);
                evidence.columns[index].add(cell, class, &evidence.first[index]);
                if index == 0 {
                    let from = *start.get_or_insert(if class == Class::Integer(1) { 1 } else { 0 });
                    evidence.counts_rows &= class == Class::Integer(from + evidence.rows as i64);
                }
            }
            evidence.rows += 1;
        }
        Ok(evidence)
    }

    /// Whether the first line holds names.
    pub(crate) fn header(&self) -> Result<bool, TableError> {
        self.decide().map_err(|doubt| TableError::Header { first: shortened(&self.first.join(",")), doubt })
    }

    /// Whether the first line differs in type from the others.
    pub(crate) fn differs(&self) -> bool {
        self.cells().any(|(class, below)| proves(class, below) || contradicts(class, below))
    }

    fn decide(&self) -> Result<bool, HeaderDoubt> {
        let is_word = |class: &Class| *class == Class::Name;
        let mut filled = self.classes.iter().filter(|class| **class != Class::Empty).peekable();
        let words = filled.peek().is_some() && filled.all(is_word);
        if self.rows == 0 {
            return Ok(words);
        }
        if self.columns.iter().any(|below| below.repeats) {
            return Err(HeaderDoubt::Repeated);
        }
        if self.cells().any(|(class, below)| proves(class, below)) {
            return self.proved();
        }
        let unnamed = self.classes[0] == Class::Empty && self.counts_rows;
        if words {
            let index = unnamed && self.rows > 1 && self.classes[1..].iter().all(is_word);
            return if index { Ok(true) } else { Err(HeaderDoubt::Words) };
        }
        if self.all(|class| class == Class::Name || matches!(class, Class::Integer(_))) && self.are_years() {
            return if self.classes.iter().any(is_word) { Ok(true) } else { Err(HeaderDoubt::Years) };
        }
        if self.counts() {
            return Err(HeaderDoubt::Counts);
        }
        if unnamed {
            return Err(HeaderDoubt::Index);
        }
        if self.is_consecutive() {
            return Err(HeaderDoubt::Consecutive);
        }
        if self.is_apart() { Err(HeaderDoubt::Differs) } else { Ok(false) }
    }

    /// A word above numbers is a name; then every number beside it must look like one.
    fn proved(&self) -> Result<bool, HeaderDoubt> {
        if self.classes.contains(&Class::Missing) {
            return Err(HeaderDoubt::Mixed);
        }
        if !self.classes.iter().any(|class| class.is_number()) {
            return Ok(true);
        }
        if self.counts() {
            return Err(HeaderDoubt::Counts);
        }
        let all_integers = !self.classes.contains(&Class::Fraction);
        let outside = self.integers().all(|(value, below)| below.outside(value));
        let values: Vec<i64> = self.integers().map(|(value, _)| value).collect();
        let labels = values.len() > 1 && steps(&values, 1) || self.are_years();
        if all_integers && outside && labels { Ok(true) } else { Err(HeaderDoubt::Mixed) }
    }

    fn cells(&self) -> impl Iterator<Item = (Class, &Below)> {
        self.classes.iter().copied().zip(&self.columns)
    }

    fn integers(&self) -> impl Iterator<Item = (i64, &Below)> {
        self.cells().filter_map(|(class, below)| match class {
            Class::Integer(value) => Some((value, below)),
            _ => None,
        })
    }

    fn all(&self, is: impl Fn(Class) -> bool) -> bool {
        self.classes.iter().all(|class| is(*class))
    }

    /// The integers are different years, and none of the numbers below is one.
    fn are_years(&self) -> bool {
        let mut seen = HashSet::new();
        let other = |below: &Below| match below.range {
            Some((low, high)) => high < *YEARS.start() || low > *YEARS.end(),
            None => below.others + below.names == 0,
        };
        let mut years = self.integers().peekable();
        years.peek().is_some()
            && years.all(|(value, below)| YEARS.contains(&value) && seen.insert(value) && other(below))
    }

    /// Whether the first line begins with the numbers of rows and columns, as in scikit-learn's data sets.
    fn counts(&self) -> bool {
        match self.classes[..] {
            [Class::Integer(rows), Class::Integer(columns), ..] => {
                let width = self.first.len() as i64;
                let bare = self.first.len() == 2 && self.rows > 2;
                rows == self.rows as i64 && columns <= width && (bare || !self.all(Class::is_number))
            }
            _ => false,
        }
    }

    /// As [`counts`](Evidence::counts), where the lines below are wider or narrower.
    fn counts_columns(&self, width: usize) -> bool {
        match self.classes[..] {
            [Class::Integer(_), Class::Integer(columns), ..] => {
                self.rows == 0 && (columns == width as i64 || columns + 1 == width as i64)
            }
            _ => false,
        }
    }

    /// Whether the integers are consecutive. One or two of them are names only if they start at 0, as pandas numbers columns.
    fn is_consecutive(&self) -> bool {
        let values: Vec<i64> = self.integers().map(|(value, _)| value).collect();
        let alone = values.len() == self.first.len();
        let others = self.all(|class| matches!(class, Class::Integer(_) | Class::Name | Class::Empty));
        let outside = || self.integers().all(|(value, below)| below.outside(value));
        let many = match values[..] {
            [] => false,
            [only] => alone && only == 0,
            [0, 1] => alone || outside(),
            [_, _] => false,
            _ => true,
        };
        many && others && steps(&values, 1)
    }

    /// Whether a number stands above nothing but words, or integers above nothing but fractions in every column.
    fn is_apart(&self) -> bool {
        let fractions = |(class, below): (Class, &Below)| {
            matches!(class, Class::Integer(_)) && below.numbers() && below.integers == 0
        };
        let contradicted = self.cells().any(|(class, below)| contradicts(class, below));
        contradicted || self.first.len() > 1 && self.cells().all(fractions)
    }
}

/// Whether the cell cannot be a value of its column: a word, a date or a symbol above numbers, or a word above dates.
fn proves(class: Class, below: &Below) -> bool {
    match class {
        Class::Name => below.numbers() || below.dates(),
        Class::Other => below.numbers(),
        _ => false,
    }
}

/// Whether the cell cannot be the name of its column: a number above words or dates, or a date above words or nothing.
fn contradicts(class: Class, below: &Below) -> bool {
    match class {
        Class::Integer(_) | Class::Fraction => below.words() || below.dates(),
        Class::Other => below.words() || below.integers + below.fractions + below.others + below.names == 0,
        _ => false,
    }
}

fn steps(values: &[i64], step: i64) -> bool {
    values.windows(2).all(|pair| pair[0].checked_add(step) == Some(pair[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Result<bool, HeaderDoubt> {
        let evidence = Evidence::gather(text, Delimiter::Comma, Decimal::Point, Limits::default());
        evidence.expect("a table").decide()
    }

    #[test]
    fn names_above_values_are_a_header() {
        for text in [
            "a,b\n1,2\n",
            "a\n",
            "€,$\n1,2\n",
            "2020-01,2020-02\n1,2\n",
            "region,2020-01,2020-02\nX,1,2\n",
            "region,2023,2024\nX,1,2\nY,3,4\n",
            "id,7,8\n1,2,3\n",
            ",a\n0,1\n",
            ",name\n0,Ann\n1,Bob\n",
            "a,,b\n1,2,3\n",
            "day\n2020-01-01\n",
            "name,year\nAnn,1990\n",
        ] {
            assert_eq!(header(text), Ok(true), "{text:?}");
        }
    }

    #[test]
    fn values_above_values_are_no_header() {
        for text in [
            "1,2\n3,4\n",
            "0,1\n",
            "Ann,0,1\nBob,1,0\nEve,0,1\n",
            "1,NaN\n",
            "NaN,1e5\n2,3\n",
            "Ann,5\nBob,6\n",
            "2020-01-01\n2020-01-02\n",
            "2019,2020\n2020,2021\n",
            "?,5\n1,2\n",
            "5%,€\n6%,€\n",
            "1990,2000\n1500,2100\n",
            "5,a\n1.5,b\n",
        ] {
            assert_eq!(header(text), Ok(false), "{text:?}");
        }
    }

    #[test]
    fn doubt_is_refused() {
        use HeaderDoubt::*;
        for (text, doubt) in [
            ("0,1,2\n5,6,7\n8,1,2\n", Consecutive),
            ("0,1\n5,6\n8,1\n", Consecutive),
            ("7,8,9\n1,1,1\n", Consecutive),
            (",0,1,2\n0,5,6,7\n1,8,9,3\n", Index),
            (",0\n0,5\n1,6\n", Index),
            (",name\n0,Ann\n", Words),
            (",name\n5,Ann\n7,Bob\n", Words),
            ("a,b\nx,y\n", Words),
            ("0\n5\n", Consecutive),
            ("0\n1\n2\n", Consecutive),
            ("0,1,2\n3,4,5\n6,7,8\n", Consecutive),
            ("0,1\n5,6\n", Consecutive),
            ("region,0,1\nX,5,6\n", Consecutive),
            ("region,1,2,3\nX,2,2,6\n", Consecutive),
            ("2024,2020\n1,2\n", Years),
            ("2023\n5\n", Years),
            ("€,$\nAnn,Bob\n", Differs),
            ("2023,2024\n1,2\n3,4\n", Years),
            ("2020,2025,2030\n1,2,3\n", Years),
            ("2,2,red,blue\n1,2,0,1\n3,4,1,0\n", Counts),
            ("3,2\n1,2\n3,4\n5,6\n", Counts),
            ("O,5\n1,2\n3,4\n", Mixed),
            ("a,NA\n1,2\n", Mixed),
            ("id,1,2,3\n7,1,0,2\n", Mixed),
            ("Ann,Oslo\nBob,Oslo\n", Repeated),
            ("a,a\nx,a\n", Repeated),
            ("1,2\nAnn,Bob\nEve,Joe\n", Differs),
            ("1,2\n0.5,0.6\n0.7,0.1\n", Differs),
        ] {
            assert_eq!(header(text), Err(doubt), "{text:?}");
        }
    }

    #[test]
    fn a_short_first_line_of_counts_is_told_from_a_ragged_table() {
        let read = |text| Evidence::gather(text, Delimiter::Comma, Decimal::Point, Limits::default()).err();
        let width = |expected, got, counts| Some(TableError::Width { line: 2, expected, got, counts });
        assert_eq!(read("178,3,a,b\n1,2,3\n"), width(4, 3, true));
        assert_eq!(read("1,2\r3\r"), width(2, 1, false));
    }
}
