//! The report on a data set: whether it is present and intact, who checked it and how, and what it holds.

use adit_core::assemble::Run;
use adit_core::kernel::hash_tree::{DIGEST_BYTES, LEAF_BYTES, MISSING, leaves, place, sampled};
use adit_core::sign::LeaseId;
use adit_core::unit::Operand;
use adit_core::{Cid, PublicKey};
use serde_json::{Value, json};

/// The most missing blocks listed; all are counted.
const MAX_LISTED: usize = 1_000;

/// A report being built.
pub(crate) struct Report<'a> {
    data: &'a Operand,
    source: Option<&'a str>,
    table: Option<Value>,
    segments: Vec<Value>,
    missing: Vec<Cid>,
}

impl<'a> Report<'a> {
    /// Starts a report. `table` holds intake's column statistics.
    pub(crate) fn new(data: &'a Operand, source: Option<&'a str>, table: Option<Value>) -> Self {
        Report { data, source, table, segments: Vec::new(), missing: Vec::new() }
    }

    /// Adds a unit's output. Without a lease and a miner, the coordinator computed it.
    pub(crate) fn add(&mut self, run: Run, output: &[u8], by: Option<(LeaseId, PublicKey)>) {
        let part = self.data.run(run.first, run.count);
        let (digests, root) = output.split_at(output.len().saturating_sub(DIGEST_BYTES));
        let gone = digests.as_chunks::<DIGEST_BYTES>().0.iter().zip(0..).filter(|(digest, _)| **digest == MISSING);
        let mut blocks: Vec<_> = gone.filter_map(|(_, leaf)| Some(place(&part, leaf)?.block)).collect();
        blocks.dedup();
        self.missing.extend(blocks);
        self.segments.push(json!({
            "first_block": run.first, "blocks": run.count, "leaves": leaves(&part),
            // Outputs computed here are rehashed whole, not sampled.
            "rehashed": if by.is_some() { sampled(leaves(&part)) } else { leaves(&part) },
            "root": hex::encode(root),
            "lease": by.map(|(lease, _)| lease.to_string()),
            "miner": by.map(|(_, miner)| miner.to_string()),
        }));
    }

    /// The finished report, as JSON.
    pub(crate) fn finish(self) -> Vec<u8> {
        let listed: Vec<String> = self.missing.iter().take(MAX_LISTED).map(ToString::to_string).collect();
        let report = json!({
            "bytes": self.data.bytes(), "blocks": self.data.panels.len(), "leaf_bytes": LEAF_BYTES,
            "source": self.source, "intact": self.missing.is_empty(), "blocks_missing": self.missing.len(),
            "missing": listed, "table": self.table, "segments": self.segments,
        });
        format!("{report:#}\n").into_bytes()
    }
}
