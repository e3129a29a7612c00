//! A unit's inputs, gathered from its blocks.

use alloc::vec::Vec;

use crate::content_id::Cid;
use crate::unit::operand::Operand;

/// An input block is missing, or has another length than the unit says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("input block {0} is missing or has the wrong length")]
pub struct MissingBlock(pub Cid);

/// Gathers an operand's panels into one row-major matrix.
pub fn gather<'a>(operand: &Operand, block: impl Fn(&Cid) -> Option<&'a [u8]>) -> Result<Vec<i8>, MissingBlock> {
    let mut values = Vec::with_capacity(operand.bytes() as usize);
    for (cid, bytes) in operand.blocks() {
        let panel = block(&cid).filter(|panel| panel.len() == bytes as usize).ok_or(MissingBlock(cid))?;
        values.extend(panel.iter().map(|byte| *byte as i8));
    }
    Ok(values)
}

/// A unit's own rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// The number of rows.
    pub count: usize,
    /// A or X, row-major.
    pub input: Vec<i8>,
    /// A gradient's targets, row-major; empty for other kinds.
    pub targets: Vec<i8>,
}

impl Rows {
    /// Gathers them from the blocks of `input` and of a gradient's `targets`.
    pub fn gather<'a>(
        input: &Operand,
        targets: Option<&Operand>,
        block: impl Fn(&Cid) -> Option<&'a [u8]>,
    ) -> Result<Self, MissingBlock> {
        let targets = targets.map_or(Ok(Vec::new()), |targets| gather(targets, &block))?;
        Ok(Rows { count: input.rows as usize, input: gather(input, block)?, targets })
    }
}
