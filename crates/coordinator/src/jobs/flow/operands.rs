//! Loads the operands of units from the blocks that intake stored.

use std::collections::HashMap;

use adit_core::kernel::{MissingBlock, Rows, Weights, from_le_bytes};
use adit_core::unit::Operand;
use adit_core::{Cid, Unit};

use crate::jobs::store::blocks;
use crate::store::{Db, DbError, corrupt};

pub(crate) async fn load_weights(db: &mut Db, unit: &Unit) -> Result<Weights, DbError> {
    let blocks = load_blocks(db, unit.shared_blocks()).await?;
    Weights::gather(&unit.weights(), unit.layers(), |cid| blocks.get(cid).map(Vec::as_slice)).map_err(wrong_block)
}

/// Loads blocks of an active job by CID.
pub(crate) async fn load_blocks(
    db: &mut Db,
    wanted: impl IntoIterator<Item = (Cid, u32)>,
) -> Result<HashMap<Cid, Vec<u8>>, DbError> {
    let mut blocks = HashMap::new();
    for (cid, _) in wanted {
        blocks.insert(cid, load_block(db, &cid).await?);
    }
    Ok(blocks)
}

/// Intake checks every length, so a block of the wrong length means that the database is damaged.
pub(crate) fn wrong_block(_: MissingBlock) -> DbError {
    corrupt("a block has the wrong length")
}

/// Loads a unit's own rows, with their targets if it has any.
pub(crate) async fn load_rows(db: &mut Db, unit: &Unit) -> Result<Rows, DbError> {
    let input = load_operand(db, unit.input()).await?;
    let targets = match unit.targets() {
        Some(targets) => load_operand(db, targets).await?,
        None => Vec::new(),
    };
    Ok(Rows { count: unit.input().rows as usize, input, targets })
}

/// Loads the last layer's bias; empty for a matrix product.
pub(crate) async fn last_bias(db: &mut Db, template: &Unit) -> Result<Vec<i32>, DbError> {
    match template.layers().last() {
        Some(layer) => Ok(from_le_bytes(&load_block(db, &layer.bias).await?)),
        None => Ok(Vec::new()),
    }
}

async fn load_block(db: &mut Db, cid: &Cid) -> Result<Vec<u8>, DbError> {
    blocks::block(db, cid).await?.ok_or_else(|| corrupt("a block of an active job is missing"))
}

async fn load_operand(db: &mut Db, operand: &Operand) -> Result<Vec<i8>, DbError> {
    let mut values = Vec::with_capacity(operand.bytes() as usize);
    for cid in &operand.panels {
        values.extend(load_block(db, cid).await?.into_iter().map(|byte| byte as i8));
    }
    Ok(values)
}
