//! Column statistics of a table, computed in the pass that reads it. Format: RFC 4180.

use csv::{ByteRecord, ReaderBuilder, Trim};

use super::error::{IntakeError, at_most};
use super::parsed::Column;
use super::samples::{is_name, number, refused};

/// The most columns to keep statistics for.
const MAX_COLUMNS: u64 = 4_096;

/// Parses a whole table into its row count and columns. The first line is a header if every cell is a name.
pub(super) fn parse(bytes: &[u8]) -> Result<(u64, Vec<Column>), IntakeError> {
    let mut reader = ReaderBuilder::new().has_headers(false).trim(Trim::All).from_reader(bytes);
    let (mut record, mut columns, mut rows) = (ByteRecord::new(), Vec::<Column>::new(), 0u64);
    while reader.read_byte_record(&mut record).map_err(|error| refused(bytes, &error))? {
        if columns.is_empty() {
            at_most("columns", record.len() as u64, MAX_COLUMNS)?;
            columns.resize_with(record.len(), Column::default);
            if record.iter().all(is_name) {
                for (column, name) in columns.iter_mut().zip(&record) {
                    column.name = Some(String::from_utf8_lossy(name).chars().take(100).collect());
                }
                continue;
            }
        }
        rows += 1;
        for (column, cell) in columns.iter_mut().zip(&record) {
            match number::<i64>(cell) {
                Some(value) => column.integers.add(value),
                None if cell.is_empty() => column.empty += 1,
                None => column.other += 1,
            }
        }
    }
    if rows == 0 { Err(IntakeError::Empty) } else { Ok((rows, columns)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_summed_one_by_one() {
        let (rows, columns) = parse(b"amount,note\n3,a\n-4,\n5,7\n9223372036854775808,\"x,y\"\n").unwrap();
        assert_eq!((rows, columns.len()), (4, 2));
        assert_eq!(columns[0].name.as_deref(), Some("amount"));
        assert_eq!((columns[0].integers.count, columns[0].integers.sum, columns[0].other), (3, 4, 1));
        assert_eq!((columns[1].integers.sum, columns[1].empty, columns[1].other), (7, 1, 2));
        let (rows, columns) = parse(b"1,2\n3,4\n").unwrap();
        assert_eq!((rows, &columns[1].name, columns[1].integers.squares), (2, &None, Some(20)));
    }

    #[test]
    fn files_that_are_not_tables_are_refused() {
        assert_eq!(parse(b""), Err(IntakeError::Empty));
        assert_eq!(parse(b"name\n"), Err(IntakeError::Empty));
        assert_eq!(parse(b"1,2\n3\n").unwrap_err().code(), "csv_width");
    }
}
