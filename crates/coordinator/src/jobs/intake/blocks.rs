//! Parses a list of blocks held elsewhere: a `.csv` with the header `cid,bytes` and one block per line, in order.

use adit_core::Cid;
use adit_core::content_id::{MAX_BLOCK_BYTES, is_block_cid};
use adit_core::unit::Operand;

use adit_table::{Decision, Limits, Options, Table};

use super::error::IntakeError;

/// More columns than the two that a list has, to say what the others are.
const MAX_COLUMNS: usize = 4_096;

/// Parses the list into an operand, and says how the table was read. All blocks but the last have the same size, as a
/// fixed-size chunker cuts them.
pub(super) fn read(bytes: &[u8], options: &Options) -> Result<(Operand, Decision), IntakeError> {
    let options = Options { header: options.header.or(Some(true)), ..*options };
    let table = Table::read(bytes, &options, Limits { columns: MAX_COLUMNS, ..Limits::default() })?;
    let decision = table.decision();
    if decision.names.as_deref().is_none_or(|names| names != ["cid", "bytes"]) {
        return Err(IntakeError::BlockList { line: 1, wrong: "the first line is not `cid,bytes`" });
    }
    let (mut panels, mut sizes): (Vec<Cid>, Vec<u32>) = (Vec::new(), Vec::new());
    let mut rows = table.rows();
    while let Some(row) = rows.next()? {
        let wrong = |wrong| IntakeError::BlockList { line: row.line(), wrong };
        let cid = row.cell(0).parse().ok().filter(is_block_cid);
        panels.push(cid.ok_or_else(|| wrong("the name is not the CID of a raw sha2-256 block"))?);
        let size = row.cell(1).parse().ok().filter(|bytes| (1..=MAX_BLOCK_BYTES as u32).contains(bytes));
        sizes.push(size.ok_or_else(|| wrong("the size is not a number from 1 to 1048576"))?);
        if let [.., before, _] = sizes[..]
            && before != sizes[0]
        {
            return Err(wrong("the block before it differs in size from the first: only the last may be smaller"));
        }
    }
    let (Some(first), Some(last)) = (sizes.first(), sizes.last()) else { return Err(IntakeError::Empty) };
    if last > first {
        let wrong = "the last block is larger than the first";
        return Err(IntakeError::BlockList { line: last_line(&table)?, wrong });
    }
    let rows = sizes.iter().map(|bytes| u64::from(*bytes)).sum();
    super::error::at_most("bytes", rows, u64::from(u32::MAX))?;
    let panel_rows = *first;
    Ok((Operand { rows: rows as u32, cols: 1, panel_rows, panels }, decision.clone()))
}

/// The line of the last row.
fn last_line(table: &Table<'_>) -> Result<u64, IntakeError> {
    let (mut rows, last) = (table.rows(), table.decision().rows);
    for _ in 1..last {
        rows.next()?;
    }
    Ok(rows.next()?.map_or(last, |row| row.line()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::content_id::{block_cid, output_cid};

    #[test]
    fn a_list_becomes_an_operand_and_bad_lines_are_refused() {
        let (a, b) = (block_cid(&[1; 9]), block_cid(&[2; 4]));
        let read = |text: String| read(text.as_bytes(), &Options::default()).map(|(operand, _)| operand);
        let operand = read(format!("cid,bytes\n{a},9\n{a},9\n{b},4\n")).unwrap();
        assert_eq!((operand.rows, operand.panel_rows, operand.panels), (22, 9, vec![a, a, b]));
        let other = output_cid([0; 32]);
        for (text, line) in [
            (format!("name,bytes\n{a},9\n"), 1),
            (format!("cid,bytes\n{a},9\nnothing,9\n"), 3),
            (format!("cid,bytes\n{other},9\n"), 2),
            (format!("cid,bytes\n{a},0\n"), 2),
            (format!("cid,bytes\n{a},1048577\n"), 2),
            (format!("cid,bytes\n{a},9\n{b},4\n{a},9\n"), 4),
            (format!("cid,bytes\n{b},4\n{a},9\n"), 3),
            (format!("cid,bytes\r\r{b},4\r\r{a},9\r"), 5),
        ] {
            match read(text.clone()) {
                Err(IntakeError::BlockList { line: found, .. }) => assert_eq!(found, line, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        assert_eq!(read("cid,bytes\n".into()), Err(IntakeError::Empty));
    }
}
