//! Cuts an operand into panels. The caller stores the blocks.

use alloc::vec::Vec;

use crate::content_id::{MAX_BLOCK_BYTES, block_cid};
use crate::unit::operand::Operand;

/// A panel has at least this many rows if a block can hold them, so that a unit is worth its overhead.
const MIN_PANEL_ROWS: u32 = 8;
/// A small operand is cut into about this many panels, so that several miners can share it.
const WANTED_PANELS: u32 = 64;

/// Rows of a panel, for an operand whose panels are shared out among miners.
///
/// A panel is at most one block (1 MiB). A small operand is cut finer, into about 64 panels of at least 8 rows.
pub fn shared_out_panel_rows(rows: u32, cols: u32) -> u32 {
    whole_panel_rows(cols).min(rows.div_ceil(WANTED_PANELS).max(MIN_PANEL_ROWS))
}

/// Rows of a panel, for an operand that every unit needs whole: as many as a block holds.
pub fn whole_panel_rows(cols: u32) -> u32 {
    (MAX_BLOCK_BYTES as u32 / cols.max(1)).max(1)
}

/// Cuts row-major `bytes`, exactly rows × cols of them, into panels of `panel_rows`. Returns the operand, and its blocks in order.
pub fn cut(bytes: &[u8], rows: u32, cols: u32, panel_rows: u32) -> (Operand, Vec<&[u8]>) {
    let panel_bytes = (panel_rows as usize * cols as usize).max(1);
    let blocks: Vec<&[u8]> = bytes.chunks(panel_bytes).collect();
    let panels = blocks.iter().map(|block| block_cid(block)).collect();
    (Operand { rows, cols, panel_rows, panels }, blocks)
}

/// An operand of ones, for tests in which only the shape matters.
#[cfg(test)]
pub(crate) fn ones(rows: u32, cols: u32, panel_rows: u32) -> Operand {
    cut(&alloc::vec![1; (rows * cols) as usize], rows, cols, panel_rows).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn panels_cover_the_operand_once(rows in 1u32..200, cols in 1u32..50) {
            let bytes: Vec<u8> = (0..rows * cols).map(|i| i as u8).collect();
            let (operand, blocks) = cut(&bytes, rows, cols, shared_out_panel_rows(rows, cols));
            prop_assert_eq!(operand.validate(crate::unit::MAX_ROWS), Ok(()));
            prop_assert_eq!(&blocks.concat(), &bytes);
            for ((_, size), block) in operand.blocks().zip(blocks) {
                prop_assert_eq!(size as usize, block.len());
            }
        }

        #[test]
        fn a_panel_fits_in_a_block(rows in 1u32..1 << 24, cols in 1u32..1 << 20) {
            let panel_rows = shared_out_panel_rows(rows, cols);
            prop_assert!(panel_rows >= 1);
            prop_assert!(u64::from(panel_rows.min(rows)) * u64::from(cols) <= MAX_BLOCK_BYTES as u64);
        }
    }
}
