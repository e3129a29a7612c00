//! Samples of a table: one per row, each cell an activation.

use adit_core::unit::{MAX_ACTIVATION, MAX_K};
use adit_table::{Decision, Limits, Options, Table, TableError};

use super::error::{IntakeError, inner_dimension};
use super::parsed::{Matrix, dimensions};

/// Parses the samples, and says how the table was read.
pub(super) fn parse(bytes: &[u8], options: &Options) -> Result<(Matrix, Decision), IntakeError> {
    let limits = Limits { columns: MAX_K as usize, ..Limits::default() };
    match Table::read(bytes, options, limits) {
        Ok(table) => samples(&table),
        // If a cell below the doubtful line is not a sample, report that mistake first.
        Err(doubt @ TableError::Header { .. }) => {
            let below = Table::read(bytes, &Options { header: Some(true), ..*options }, limits).map_err(refused)?;
            samples(&below).and(Err(doubt.into()))
        }
        Err(error) => Err(refused(error)),
    }
}

fn samples(table: &Table<'_>) -> Result<(Matrix, Decision), IntakeError> {
    let decision = table.decision();
    if let Some(column) = decision.unnamed() {
        return Err(IntakeError::csv_cell(1, column, ""));
    }
    let (rows, cols) = dimensions(decision.rows, decision.columns as u64)?;
    let (mut samples, mut values) = (table.rows(), Vec::new());
    while let Some(sample) = samples.next()? {
        for (index, cell) in sample.cells().enumerate() {
            let value = cell.parse().ok().filter(|value| (0..=MAX_ACTIVATION).contains(value));
            values.push(value.ok_or_else(|| IntakeError::csv_cell(sample.line(), index + 1, cell))?);
        }
    }
    Ok((Matrix { rows, cols, values }, decision.clone()))
}

/// Reports text that cannot be cut into a table as a cell that is not a sample.
fn refused(error: TableError) -> IntakeError {
    match error {
        TableError::Columns { got, .. } => inner_dimension(got as u64).err().unwrap_or(IntakeError::Empty),
        TableError::OpenQuote { line, column, cell } => IntakeError::CsvCell { line, column, cell },
        TableError::Delimiter { line, first, alone: true, .. } => IntakeError::CsvCell { line, column: 1, cell: first },
        other => other.into(),
    }
}
