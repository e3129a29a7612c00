//! Why a table is refused, and the option that settles it.

use crate::{Decision, TextEncoding};

/// Why a table is refused. The message says what was seen and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The file is an archive.
    #[error("the file is a {what} archive, not a table: {advice}")]
    Packed {
        /// The archive's format.
        what: &'static str,
        /// How to unpack it.
        advice: &'static str,
    },
    /// The text is not UTF-8, and no encoding is named.
    #[error("line {line} is not UTF-8 (byte 0x{byte:02x}): name the encoding, as in --encoding latin1")]
    NotUtf8 {
        /// Line, counted from 1.
        line: u64,
        /// The first byte that is not UTF-8.
        byte: u8,
    },
    /// The text is not in its encoding.
    #[error("the file is not {encoding}: name its encoding with --encoding")]
    Undecodable {
        /// The encoding that was named or found.
        encoding: TextEncoding,
    },
    /// The byte order mark at the start of the file contradicts the option.
    #[error("the file starts with the byte order mark of {mark}, but --encoding says {said}: omit --encoding")]
    Mark {
        /// The encoding that was named.
        said: TextEncoding,
        /// The encoding of the mark.
        mark: TextEncoding,
    },
    /// The text contains a zero byte.
    #[error(
        "line {line} has a zero byte, so the file is not text: if it is UTF-16, use --encoding utf-16le or utf-16be"
    )]
    Zero {
        /// Line, counted from 1.
        line: u64,
    },
    /// No delimiter splits every line into the same number of cells, or several do.
    #[error("line {line} is {first:?}, and {}: name the delimiter with --delimiter comma, semicolon, tab or pipe", cuts(.seen, .alone))]
    Delimiter {
        /// The first line that is not blank, counted from 1.
        line: u64,
        /// Its text, shortened.
        first: String,
        /// The delimiters that fit.
        seen: String,
        /// Whether the file has only one line.
        alone: bool,
    },
    /// The cells are separated by spaces.
    #[error(
        "the numbers in a line are separated by spaces, which cannot separate cells here: use commas or tabs instead"
    )]
    Blanks,
    /// The first line names the delimiter, as Excel does.
    #[error("line 1 is `sep={delimiter}`, which only Excel reads: remove it")]
    SepLine {
        /// The delimiter that it names.
        delimiter: char,
    },
    /// The first line may hold names, or values.
    #[error("line 1 is `{first}`, {doubt}. Say --header yes if it holds names, --header no if it holds values")]
    Header {
        /// The first line, shortened.
        first: String,
        /// What makes it doubtful.
        doubt: HeaderDoubt,
    },
    /// A row is longer or shorter than the first.
    #[error("line {line} has {got} columns, but the first line has {expected}: {}", widths(.counts))]
    Width {
        /// Line, counted from 1.
        line: u64,
        /// Columns in the first line.
        expected: usize,
        /// Columns in this line.
        got: usize,
        /// Whether the first line starts with the numbers of rows and columns.
        counts: bool,
    },
    /// There are too many columns.
    #[error("{got} columns, but at most {max} are allowed")]
    Columns {
        /// Columns of the widest line so far.
        got: usize,
        /// The limit.
        max: usize,
    },
    /// A line is too long.
    #[error("line {line} is longer than {max} bytes; is a quote missing?")]
    LongLine {
        /// Line, counted from 1.
        line: u64,
        /// The limit.
        max: usize,
    },
    /// A quote is never closed.
    #[error("line {line}, column {column}: the quote before {cell:?} is never closed")]
    OpenQuote {
        /// Line, counted from 1.
        line: u64,
        /// Column, counted from 1.
        column: usize,
        /// The cell's text, shortened.
        cell: String,
    },
    /// There are no rows.
    #[error("the table has no rows: send at least one value")]
    Empty,
    /// It is not clear which column is meant.
    #[error("{}; the columns are {columns}: name one with --column", no_column(.wanted))]
    Column {
        /// The name that was asked for.
        wanted: Option<String>,
        /// The columns, shortened.
        columns: String,
    },
}

/// Why it is unclear whether the first line is a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderDoubt {
    /// It starts with the number of rows below it.
    #[error("which starts with the number of rows below it: remove it if it only counts them")]
    Counts,
    /// It counts up by one, as pandas' default names do.
    #[error("which counts up by one, as default column names do")]
    Consecutive,
    /// It holds years above other numbers.
    #[error("whose numbers are years above other numbers")]
    Years,
    /// It holds names and values.
    #[error("which mixes words and numbers above columns of numbers")]
    Mixed,
    /// It differs in type from the others.
    #[error("which differs in type from every line below")]
    Differs,
    /// It holds words, and no column below holds numbers or dates.
    #[error("whose words stand above words")]
    Words,
    /// A word in it appears in its column again.
    #[error("whose words are also values")]
    Repeated,
    /// Its first cell is empty, above a column that counts the rows.
    #[error("whose first cell is empty above a column that counts the rows")]
    Index,
}

impl TableError {
    /// The stable code that programs match on.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Packed { .. } | Self::LongLine { .. } | Self::OpenQuote { .. } => "csv_malformed",
            // The code that a cell gets which is not a number.
            Self::NotUtf8 { .. } | Self::Undecodable { .. } | Self::Mark { .. } | Self::Zero { .. } => "csv_cell",
            Self::Delimiter { .. } | Self::Blanks | Self::SepLine { .. } => "table_delimiter",
            Self::Header { .. } => "table_header",
            Self::Width { .. } => "csv_width",
            Self::Columns { .. } => "dimension_too_large",
            Self::Empty => "empty",
            Self::Column { .. } => "table_column",
        }
    }

    pub(crate) fn column(wanted: Option<&str>, decision: &Decision) -> Self {
        let names = decision.names.iter().flatten().map(|name| if name.is_empty() { "(no name)" } else { name });
        let mut columns = shortened(&names.collect::<Vec<_>>().join(", "));
        if columns.is_empty() {
            columns = format!("{} without names", decision.columns);
        }
        TableError::Column { wanted: wanted.map(shortened), columns }
    }
}

fn cuts(seen: &str, alone: &bool) -> String {
    if *alone {
        format!("one line cannot tell whether a {seen} separates its cells")
    } else {
        format!("{seen} each split every line into equally many cells")
    }
}

fn widths(counts: &bool) -> &'static str {
    if *counts {
        "line 1 looks like the numbers of rows and columns; remove it"
    } else {
        "give every line the same number"
    }
}

fn no_column(wanted: &Option<String>) -> String {
    match wanted {
        Some(wanted) => format!("there is no single column named {wanted:?}"),
        None => "it is not clear which column is meant".into(),
    }
}

/// Shortens untrusted text for a message, and replaces its control characters except line breaks.
pub(crate) fn shortened(text: &str) -> String {
    const MAX_CHARS: usize = 100;
    let mut chars = text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c });
    let mut short: String = chars.by_ref().take(MAX_CHARS).collect();
    if chars.next().is_some() {
        short.push('…');
    }
    short
}
