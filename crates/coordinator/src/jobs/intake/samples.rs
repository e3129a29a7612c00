//! Parses samples from a `.csv` file: one per line, each cell an activation. Format: RFC 4180.

use std::str::FromStr;

use adit_core::unit::{MAX_ACTIVATION, MAX_ROWS};
use csv::{ByteRecord, ErrorKind, Position, ReaderBuilder, Trim};

use super::error::{IntakeError, at_most, inner_dimension};
use super::parsed::{Matrix, dimensions};

/// Parses the samples. Skips the first line if every cell is a name: it has a letter and is not a number (NaN and 1e5
/// are numbers).
pub(super) fn parse(bytes: &[u8]) -> Result<Matrix, IntakeError> {
    let mut reader = ReaderBuilder::new().has_headers(false).trim(Trim::All).from_reader(bytes);
    let (mut record, mut values) = (ByteRecord::new(), Vec::new());
    let (mut rows, mut cols, mut first) = (0u64, 0u64, true);
    while reader.read_byte_record(&mut record).map_err(|error| refused(bytes, &error))? {
        if std::mem::take(&mut first) {
            cols = record.len() as u64;
            inner_dimension(cols)?;
            if record.iter().all(is_name) {
                continue;
            }
        }
        rows += 1;
        at_most("rows", rows, u64::from(MAX_ROWS))?;
        for (index, cell) in record.iter().enumerate() {
            let value = number::<i8>(cell).filter(|value| (0..=MAX_ACTIVATION).contains(value));
            let refused = || IntakeError::csv_cell(line_of(bytes, record.position()), index + 1, cell);
            values.push(value.ok_or_else(refused)?);
        }
    }
    let (rows, cols) = dimensions(rows, cols)?;
    Ok(Matrix { rows, cols, values })
}

pub(super) fn is_name(cell: &[u8]) -> bool {
    let has_letter = std::str::from_utf8(cell).is_ok_and(|text| text.contains(char::is_alphabetic));
    has_letter && number::<f64>(cell).is_none()
}

pub(super) fn number<T: FromStr>(cell: &[u8]) -> Option<T> {
    std::str::from_utf8(cell).ok()?.parse().ok()
}

pub(super) fn refused(bytes: &[u8], error: &csv::Error) -> IntakeError {
    match error.kind() {
        ErrorKind::UnequalLengths { pos, expected_len, len } => {
            let line = line_of(bytes, pos.as_ref());
            IntakeError::CsvWidth { line, expected: *expected_len, got: *len }
        }
        _ => IntakeError::csv(error),
    }
}

/// The line a record starts on. The reader takes its position before any blank lines ahead of the record.
pub(super) fn line_of(bytes: &[u8], position: Option<&Position>) -> u64 {
    let (start, line) = position.map_or((0, 1), |position| (position.byte() as usize, position.line()));
    let breaks = bytes.iter().skip(start).take_while(|byte| matches!(byte, b'\r' | b'\n'));
    line + breaks.filter(|byte| **byte == b'\n').count() as u64
}
