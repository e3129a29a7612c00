//! The report about a data set: whether it is there and intact, by whom and how that was found, and what it holds.

use adit_core::kernel::hash_tree::{DIGEST_BYTES, LEAF_BYTES, MISSING, leaves, place, sampled};
use adit_core::unit::Operand;
use serde_json::{Value, json};

use crate::store::db::DbError;
use crate::store::jobs::UnitRow;
use crate::store::log::corrupt;
use crate::store::{Store, blocks, jobs, leases};

/// Blocks that are listed as missing, at most; all are counted.
const MAX_LISTED: usize = 1_000;

/// The whole report, as JSON.
pub(super) async fn report(
    store: &Store,
    job: i64,
    data: &Operand,
    source: Option<&str>,
    units: &[UnitRow],
) -> Result<Vec<u8>, DbError> {
    let mut db = store.read().await?;
    let facts = jobs::facts(&mut db, job).await?;
    let table: Option<Value> =
        facts.map(|facts| serde_json::from_str(&facts)).transpose().map_err(|_| corrupt("facts"))?;
    let (mut segments, mut missing) = (Vec::new(), Vec::new());
    for unit in units {
        let part = data.run(unit.first as u32, unit.count as u32);
        let output = blocks::output(&mut db, unit.id).await?;
        let (digests, root) = output.split_at(output.len().saturating_sub(DIGEST_BYTES));
        let gone = digests.as_chunks::<DIGEST_BYTES>().0.iter().zip(0..).filter(|(digest, _)| **digest == MISSING);
        let mut blocks: Vec<_> = gone.filter_map(|(_, leaf)| Some(place(&part, leaf)?.block)).collect();
        blocks.dedup();
        missing.extend(blocks);
        let lease = leases::settled(&mut db, unit.id).await?;
        segments.push(json!({
            "first_block": unit.first, "blocks": unit.count, "leaves": leaves(&part),
            // What was computed here was not sampled.
            "rehashed": if lease.is_some() { sampled(leaves(&part)) } else { leaves(&part) },
            "root": hex::encode(root),
            "lease": lease.as_ref().map(|lease| lease.id().map(|id| id.to_string())).transpose()?,
            "miner": lease.as_ref().map(|lease| lease.miner().map(|key| key.to_string())).transpose()?,
        }));
    }
    let listed: Vec<String> = missing.iter().take(MAX_LISTED).map(ToString::to_string).collect();
    let report = json!({
        "bytes": data.bytes(), "blocks": data.panels.len(), "leaf_bytes": LEAF_BYTES, "source": source,
        "intact": missing.is_empty(), "blocks_missing": missing.len(), "missing": listed,
        "table": table, "segments": segments,
    });
    Ok(format!("{report:#}\n").into_bytes())
}
