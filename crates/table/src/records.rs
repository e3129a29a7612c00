//! Records of delimited text: quoted cells, doubled quotes, every line end.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use crate::error::{TableError, shortened};
use crate::{Delimiter, Limits};

/// Reads the rows of a table one by one into a reused buffer.
pub struct Records<'a> {
    text: &'a str,
    reader: Reader,
    at: usize,
    limits: Limits,
    cells: Vec<u8>,
    ends: Vec<usize>,
    skipped: bool,
}

/// A row of a table. Spaces around its cells are trimmed.
#[derive(Clone, Copy, Debug)]
pub struct Record<'r> {
    text: &'r str,
    start: usize,
    cells: &'r str,
    ends: &'r [usize],
}

impl<'a> Records<'a> {
    pub(crate) fn new(text: &'a str, delimiter: Delimiter, limits: Limits) -> Self {
        let reader = ReaderBuilder::new().delimiter(delimiter.byte()).build();
        let (cells, ends) = (vec![0; limits.line_bytes.min(4096)], vec![0; limits.columns.min(64)]);
        Records { text, reader, at: 0, limits, cells, ends, skipped: true }
    }

    /// Skips the first record.
    pub(crate) fn skip_one(&mut self) {
        self.skipped = false;
    }

    /// The next row, or `None` after the last. Empty lines are skipped.
    #[expect(clippy::should_implement_trait, reason = "a row borrows the buffer, so this cannot be an iterator")]
    pub fn next(&mut self) -> Result<Option<Record<'_>>, TableError> {
        if !std::mem::replace(&mut self.skipped, true) {
            self.read()?;
        }
        let Some((start, bytes, count)) = self.read()? else { return Ok(None) };
        // The text is UTF-8 and is split at ASCII characters only.
        let cells = std::str::from_utf8(&self.cells[..bytes]).unwrap_or_default();
        Ok(Some(Record { text: self.text, start, cells, ends: &self.ends[..count] }))
    }

    /// Reads a record into the buffers: its start in the text, its bytes and its cells.
    fn read(&mut self) -> Result<Option<(usize, usize, usize)>, TableError> {
        let all = self.text.as_bytes();
        self.at += all[self.at..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let start = self.at;
        if start == all.len() {
            return Ok(None);
        }
        // Cells over the limit are counted and dropped.
        let (mut bytes, mut count, mut dropped) = (0, 0, 0);
        loop {
            let rest = &all[self.at..];
            // A line break ends the last record, unless a quote is open.
            let ended = rest.is_empty();
            let input = if ended { b"\n" } else { rest };
            let (result, read, written, cells) =
                self.reader.read_record(input, &mut self.cells[bytes..], &mut self.ends[count..]);
            self.at += if ended { 0 } else { read };
            bytes += written;
            count += cells;
            match result {
                ReadRecordResult::Record => break,
                ReadRecordResult::End => return Ok(None),
                ReadRecordResult::InputEmpty if ended => return Err(self.unclosed(start, bytes, count)),
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if dropped > 0 => bytes = 0,
                ReadRecordResult::OutputFull => {
                    let long = || TableError::LongLine { line: line_at(self.text, start), max: self.limits.line_bytes };
                    grow(&mut self.cells, self.limits.line_bytes).then_some(()).ok_or_else(long)?;
                }
                ReadRecordResult::OutputEndsFull if grow(&mut self.ends, self.limits.columns) => {}
                ReadRecordResult::OutputEndsFull => {
                    dropped += count;
                    count = 0;
                }
            }
        }
        if dropped > 0 {
            return Err(TableError::Columns { got: dropped + count, max: self.limits.columns });
        }
        Ok(Some((start, bytes, count)))
    }

    fn unclosed(&self, start: usize, bytes: usize, count: usize) -> TableError {
        let from = count.checked_sub(1).map_or(0, |last| self.ends[last]);
        let cell = self.cells.get(from..bytes).unwrap_or_default();
        let cell = shortened(String::from_utf8_lossy(cell).trim());
        TableError::OpenQuote { line: line_at(self.text, start), column: count + 1, cell }
    }
}

/// Doubles a buffer up to a limit. Returns false if it has already reached that.
fn grow<T: Clone + Default>(buffer: &mut Vec<T>, max: usize) -> bool {
    let larger = (2 * buffer.len()).min(max);
    let grows = larger > buffer.len();
    buffer.resize(larger, T::default());
    grows
}

impl<'r> Record<'r> {
    /// The cells, from left to right.
    pub fn cells(&self) -> impl ExactSizeIterator<Item = &'r str> + use<'r> {
        let (cells, ends) = (self.cells, self.ends);
        (0..ends.len()).map(move |index| cell(cells, ends, index))
    }

    /// A cell, counted from 0; empty beyond the last.
    pub fn cell(&self, index: usize) -> &'r str {
        if index < self.ends.len() { cell(self.cells, self.ends, index) } else { "" }
    }

    /// The number of cells.
    pub fn width(&self) -> usize {
        self.ends.len()
    }

    /// The line on which the row starts, counted from 1. LF, CRLF and CR alone end a line. Counts all lines before it, so
    /// ask for it only where something is wrong.
    pub fn line(&self) -> u64 {
        line_at(self.text, self.start)
    }
}

fn cell<'r>(cells: &'r str, ends: &[usize], index: usize) -> &'r str {
    let from = index.checked_sub(1).map_or(0, |before| ends[before]);
    cells.get(from..ends[index]).unwrap_or_default().trim()
}

/// The line of a place in a text, counted from 1.
pub(crate) fn line_at(text: &str, at: usize) -> u64 {
    let bytes = text.as_bytes();
    let ends = |index: usize| match bytes[index] {
        b'\n' => true,
        b'\r' => bytes.get(index + 1) != Some(&b'\n'),
        _ => false,
    };
    1 + (0..at.min(bytes.len())).filter(|index| ends(*index)).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, limits: Limits) -> Result<Vec<(u64, Vec<String>)>, TableError> {
        let (mut records, mut all) = (Records::new(text, Delimiter::Comma, limits), Vec::new());
        while let Some(record) = records.next()? {
            all.push((record.line(), record.cells().map(str::to_owned).collect()));
        }
        Ok(all)
    }

    #[test]
    fn every_line_end_counts_as_one_line() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["a, b ", "", "\"1", "2\",\"3\"\"\"", "4"].join(end);
            let cells = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
            let quoted = format!("1{end}2");
            let wanted = vec![(1, cells(&["a", "b"])), (3, cells(&[&quoted, "3\""])), (5, cells(&["4"]))];
            assert_eq!(read(&text, Limits::default()), Ok(wanted), "{text:?}");
        }
    }

    #[test]
    fn limits_hold_and_name_the_place() {
        let limits = Limits { columns: 100, line_bytes: 5000 };
        let wide = "1,".repeat(250);
        assert_eq!(read(&wide, limits), Err(TableError::Columns { got: 251, max: 100 }));
        assert!(read(&"1,".repeat(99), limits).is_ok());
        let long = format!("1,2\n3,{}\n", "x".repeat(5000));
        assert_eq!(read(&long, limits), Err(TableError::LongLine { line: 2, max: 5000 }));
    }

    #[test]
    fn a_quote_that_never_ends_is_refused_where_it_begins() {
        for end in ["", "\n", "\n\n"] {
            let open = read(&format!("1,2\n3,\"4\n5,6{end}"), Limits::default());
            assert_eq!(open, Err(TableError::OpenQuote { line: 2, column: 2, cell: "4\n5,6".into() }));
        }
        assert!(read("1,\"2\"", Limits::default()).is_ok());
        assert!(read("1,\"2\n\"", Limits::default()).is_ok());
    }
}
