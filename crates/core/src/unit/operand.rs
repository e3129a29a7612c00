//! An operand: a matrix cut into row panels, each of them a block named by its CID.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::error::UnitError;
use crate::content_id::{Cid, MAX_BLOCK_BYTES, is_block_cid};

/// The most columns of an operand: a row is at most one block.
pub const MAX_COLS: u32 = MAX_BLOCK_BYTES as u32;
/// The most rows of an operand.
pub const MAX_ROWS: u32 = 1 << 24;

/// A row-major matrix of bytes, cut into row panels that are raw blocks. The integer kinds read the bytes as i8.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Operand {
    /// Rows of all panels together.
    pub rows: u32,
    /// Columns of one byte. `matmul_f32` reads four of them as one little-endian f32; `hash_tree` has a single one.
    pub cols: u32,
    /// Rows of every panel but the last, which may have fewer.
    pub panel_rows: u32,
    /// The panels' CIDs, from the top.
    pub panels: Vec<Cid>,
}

impl Operand {
    /// Size of the whole operand in bytes.
    pub fn bytes(&self) -> u64 {
        u64::from(self.rows) * u64::from(self.cols)
    }

    /// Every panel's CID with its size in bytes.
    pub fn blocks(&self) -> impl Iterator<Item = (Cid, u32)> + '_ {
        self.panels.iter().enumerate().map(|(index, cid)| (*cid, self.rows_of_panel(index as u32) * self.cols))
    }

    /// Rows of panel `index`.
    pub fn rows_of_panel(&self, index: u32) -> u32 {
        let start = u64::from(index) * u64::from(self.panel_rows);
        u64::from(self.rows).saturating_sub(start).min(u64::from(self.panel_rows)) as u32
    }

    /// The operand made of `count` panels from `first` on.
    pub fn run(&self, first: u32, count: u32) -> Operand {
        let panels: Vec<Cid> = self.panels.iter().skip(first as usize).take(count as usize).copied().collect();
        let rows = (first..first + panels.len() as u32).map(|index| self.rows_of_panel(index)).sum();
        Operand { rows, cols: self.cols, panel_rows: self.panel_rows, panels }
    }

    /// Checks dimensions, panel count and panel size.
    pub fn validate(&self, max_rows: u32) -> Result<(), UnitError> {
        if self.rows == 0 || self.rows > max_rows || self.cols == 0 || self.cols > MAX_COLS {
            return Err(UnitError::Dimension);
        }
        let panel_bytes = u64::from(self.panel_rows.min(self.rows)) * u64::from(self.cols);
        if self.panel_rows == 0 || self.panels.len() as u32 != self.rows.div_ceil(self.panel_rows) {
            return Err(UnitError::Panels);
        }
        if panel_bytes > MAX_BLOCK_BYTES as u64 || !self.panels.iter().all(is_block_cid) {
            return Err(UnitError::Block);
        }
        Ok(())
    }
}
