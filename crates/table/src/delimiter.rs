//! The delimiter of a table: the one that splits every line into the same number of cells.

use std::fmt;
use std::str::FromStr;

use crate::cell::has_mark;
use crate::error::{TableError, shortened};
use crate::options::UnknownOption;
use crate::records::{Records, line_at};
use crate::{Decimal, Limits, Options};

/// What separates the cells of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delimiter {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// A tab.
    Tab,
    /// `|`
    Pipe,
}

impl Delimiter {
    /// All delimiters, the standard's first.
    pub const ALL: [Delimiter; 4] = [Delimiter::Comma, Delimiter::Semicolon, Delimiter::Tab, Delimiter::Pipe];

    pub(crate) const fn byte(self) -> u8 {
        match self {
            Delimiter::Comma => b',',
            Delimiter::Semicolon => b';',
            Delimiter::Tab => b'\t',
            Delimiter::Pipe => b'|',
        }
    }
}

impl FromStr for Delimiter {
    type Err = UnknownOption;
    fn from_str(text: &str) -> Result<Self, UnknownOption> {
        match text {
            "," | "comma" => Ok(Delimiter::Comma),
            ";" | "semicolon" => Ok(Delimiter::Semicolon),
            "\t" | "\\t" | "tab" => Ok(Delimiter::Tab),
            "|" | "pipe" => Ok(Delimiter::Pipe),
            _ => Err(UnknownOption::new("delimiter", text, "comma, semicolon, tab or pipe")),
        }
    }
}

impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Delimiter::Comma => "comma",
            Delimiter::Semicolon => "semicolon",
            Delimiter::Tab => "tab",
            Delimiter::Pipe => "pipe",
        })
    }
}

/// The delimiter is decided from whole lines at the start of the file, about this many bytes.
const SAMPLE_BYTES: usize = 256 << 10;

const BREAKS: [char; 2] = ['\n', '\r'];

/// How a delimiter splits the sample.
struct Cut {
    delimiter: Delimiter,
    lines: u64,
    /// Cells in the first line.
    width: usize,
    /// Whether every line has as many.
    alike: bool,
    /// Cells that are numbers with a decimal point, with a decimal comma, or anything else with a comma in it.
    points: u64,
    commas: u64,
    others: u64,
}

impl Cut {
    fn fits(&self) -> bool {
        self.alike && self.width > 1
    }
}

/// Decides the delimiter and the decimal mark.
pub(crate) fn decide(text: &str, options: &Options, limits: Limits) -> Result<(Delimiter, Decimal), TableError> {
    let sample = sample(text);
    if let Some(delimiter) = sep_line(sample) {
        return Err(TableError::SepLine { delimiter });
    }
    let asked = |delimiter: &Delimiter| options.delimiter.is_none_or(|said| said == *delimiter);
    let cuts: Vec<Cut> =
        Delimiter::ALL.into_iter().filter(asked).filter_map(|delimiter| cut(sample, delimiter, limits)).collect();
    let delimiter = match options.delimiter {
        Some(said) => said,
        None => best(&cuts, options.decimal, sample)?,
    };
    let chosen = cuts.iter().find(|cut| cut.delimiter == delimiter);
    if options.delimiter.is_none() && chosen.is_some_and(|cut| cut.width == 1) && are_numbers_between_blanks(sample) {
        return Err(TableError::Blanks);
    }
    let commas = chosen.is_some_and(|cut| cut.commas > 0 && cut.points == 0);
    let auto = if commas { Decimal::Comma } else { Decimal::Point };
    Ok((delimiter, options.decimal.unwrap_or(auto)))
}

fn best(cuts: &[Cut], decimal: Option<Decimal>, sample: &str) -> Result<Delimiter, TableError> {
    let fits: Vec<&Cut> = cuts.iter().filter(|cut| cut.fits()).collect();
    let doubt = |seen: &[&Cut]| {
        let seen = seen.iter().map(|cut| cut.delimiter.to_string()).collect::<Vec<_>>().join(" and ");
        let blank = sample.len() - sample.trim_start_matches(BREAKS).len();
        let first = sample[blank..].split(BREAKS).next().unwrap_or_default();
        let alone = cuts.iter().all(|cut| cut.lines < 2);
        TableError::Delimiter { line: line_at(sample, blank), first: shortened(first.trim()), seen, alone }
    };
    match fits[..] {
        // A delimiter that splits at least the first line gives the most useful error about the others.
        [] => {
            let cuts_first: Vec<&Cut> = cuts.iter().filter(|cut| cut.width > 1).collect();
            match cuts_first[..] {
                [only] if only.lines > 1 => Ok(only.delimiter),
                [only] if only.delimiter != Delimiter::Comma => Err(doubt(&[only])),
                _ => Ok(Delimiter::Comma),
            }
        }
        [only] if only.delimiter == Delimiter::Comma || only.lines > 1 => Ok(only.delimiter),
        // The commas are decimal marks.
        [with_comma, other]
            if with_comma.delimiter == Delimiter::Comma
                && other.lines > 1
                && (decimal == Some(Decimal::Comma)
                    || decimal.is_none() && other.commas > 0 && other.others == 0 && other.points == 0) =>
        {
            Ok(other.delimiter)
        }
        _ => Err(doubt(&fits)),
    }
}

fn cut(sample: &str, delimiter: Delimiter, limits: Limits) -> Option<Cut> {
    let mut records = Records::new(sample, delimiter, limits);
    let mut cut = Cut { delimiter, lines: 0, width: 0, alike: true, points: 0, commas: 0, others: 0 };
    loop {
        match records.next() {
            Ok(Some(record)) => {
                if cut.lines == 0 {
                    cut.width = record.width();
                }
                cut.lines += 1;
                cut.alike &= record.width() == cut.width;
                for cell in record.cells() {
                    if has_mark(cell, ',') {
                        cut.commas += 1;
                    } else if cell.contains(',') {
                        cut.others += 1;
                    } else if has_mark(cell, '.') {
                        cut.points += 1;
                    }
                }
            }
            Ok(None) => return Some(cut),
            // The sample may end within quotes.
            Err(TableError::OpenQuote { .. }) => return (cut.lines > 0).then_some(cut),
            Err(_) => return None,
        }
    }
}

/// Whether every line has as many words as the first, and all below it are numbers.
fn are_numbers_between_blanks(sample: &str) -> bool {
    let mut lines = sample.split(BREAKS).filter(|line| !line.trim().is_empty());
    let words = lines.next().map_or(0, |first| first.split_whitespace().count());
    let mut below = lines.peekable();
    let numbers = |line: &str| line.split_whitespace().all(|word| word.parse::<f64>().is_ok());
    words > 1 && below.peek().is_some() && below.all(|line| numbers(line) && line.split_whitespace().count() == words)
}

/// Whole lines from the start of the text.
fn sample(text: &str) -> &str {
    let mut middle = SAMPLE_BYTES.min(text.len());
    while !text.is_char_boundary(middle) {
        middle -= 1;
    }
    if middle == text.len() {
        return text;
    }
    let end = text[..middle].rfind(BREAKS).or_else(|| text[middle..].find(BREAKS).map(|at| middle + at));
    &text[..end.unwrap_or(text.len())]
}

/// The line `sep=;` that Excel reads and writes.
fn sep_line(sample: &str) -> Option<char> {
    let first = sample.split(BREAKS).next().unwrap_or_default();
    let mut rest = first.strip_prefix("sep=").or_else(|| first.strip_prefix("SEP="))?.chars();
    let delimiter = rest.next()?;
    rest.next().is_none().then_some(delimiter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(text: &str) -> Result<(Delimiter, Decimal), TableError> {
        decide(text, &Options::default(), Limits::default())
    }

    #[test]
    fn the_delimiter_that_splits_every_line_equally_is_chosen() {
        use Decimal::{Comma as WithComma, Point};
        for (text, wanted) in [
            ("a,b\n1,2\n", (Delimiter::Comma, Point)),
            ("a;b\n1;2\n", (Delimiter::Semicolon, Point)),
            ("a\tb\n1\t2\n", (Delimiter::Tab, Point)),
            ("a|b\r1|2\r", (Delimiter::Pipe, Point)),
            ("1,5;2,5\n3,5;4,5\n", (Delimiter::Semicolon, WithComma)),
            ("a;b\n1,5;2\n", (Delimiter::Semicolon, WithComma)),
            ("a;b\n1.5;\"x, y\"\n", (Delimiter::Semicolon, Point)),
            ("id,tags\n1,x;y;z\n2,\n", (Delimiter::Comma, Point)),
            ("\"a;b\",c\n\"d;e\",f\n", (Delimiter::Comma, Point)),
            ("class\n3\n4\n", (Delimiter::Comma, Point)),
            ("first name\nAnn Lee\nBob Ray\n", (Delimiter::Comma, Point)),
            // Ragged: the error that follows names the line.
            ("a;b\n1\n", (Delimiter::Semicolon, Point)),
            ("1,2\n3\n", (Delimiter::Comma, Point)),
        ] {
            assert_eq!(decided(text), Ok(wanted), "{text:?}");
        }
    }

    #[test]
    fn ambiguous_delimiters_and_single_lines_are_refused() {
        for text in ["a;x,b;y\n1;2,3;4\n", "1;2\n", "1,5;2,5\n", "a\tb,c\n1\t2,x\n"] {
            assert!(matches!(decided(text), Err(TableError::Delimiter { .. })), "{text:?}: {:?}", decided(text));
        }
        assert_eq!(decided("a b c\n1 2 3\n4  5 6\n"), Err(TableError::Blanks));
        assert_eq!(decided("sep=;\na;b\n1;2\n"), Err(TableError::SepLine { delimiter: ';' }));
        let said = Options { delimiter: Some(Delimiter::Semicolon), ..Options::default() };
        let cut = decide("a;x,b;y\n1;2,3;4\n", &said, Limits::default());
        assert_eq!(cut, Ok((Delimiter::Semicolon, Decimal::Comma)));
    }
}
