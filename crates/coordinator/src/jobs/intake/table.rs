//! Column statistics of a table, computed in the pass that reads it.

use adit_table::{Decision, Limits, Options, Table};

use super::error::IntakeError;
use super::parsed::Column;

/// The most columns to keep statistics for.
const MAX_COLUMNS: usize = 4_096;
/// The longest name that is kept, in characters.
const MAX_NAME_CHARS: usize = 100;

/// The row count of a table and its columns.
pub(super) type Totals = (u64, Vec<Column>);

/// Totals a whole table, and says how it was read.
pub(super) fn read(bytes: &[u8], options: &Options) -> Result<(Totals, Decision), IntakeError> {
    let table = Table::read(bytes, options, Limits { columns: MAX_COLUMNS, ..Limits::default() })?;
    let decision = table.decision();
    let mut columns = vec![Column::default(); decision.columns];
    for (column, name) in columns.iter_mut().zip(decision.names.iter().flatten()) {
        column.name = (!name.is_empty()).then(|| name.chars().take(MAX_NAME_CHARS).collect());
    }
    let mut rows = table.rows();
    while let Some(row) = rows.next()? {
        for (column, cell) in columns.iter_mut().zip(row.cells()) {
            match cell.parse() {
                Ok(value) => column.integers.add(value),
                Err(_) if cell.is_empty() => column.empty += 1,
                Err(_) => column.other += 1,
            }
        }
    }
    Ok(((decision.rows, columns), decision.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(bytes: &[u8]) -> Result<Totals, IntakeError> {
        read(bytes, &Options::default()).map(|(totals, _)| totals)
    }

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
