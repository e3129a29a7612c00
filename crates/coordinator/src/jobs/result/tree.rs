//! The report on a data set: whether it is present and intact, who checked it and how, and what it holds.

use std::collections::BTreeSet;

use adit_core::assemble::Run;
use adit_core::kernel::hash_tree::{DIGEST_BYTES, LEAF_BYTES, MISSING, leaves, place, sampled};
use adit_core::sign::LeaseId;
use adit_core::unit::Operand;
use adit_core::{BlockState, Cid, PublicKey, Unit};
use serde_json::{Value, json};

/// The most blocks in one list; all are counted.
const MAX_LISTED: usize = 1_000;

/// A report being built.
pub(crate) struct Report<'a> {
    data: &'a Operand,
    source: Option<&'a str>,
    table: Option<Value>,
    segments: Vec<Value>,
    bytes_present: u64,
    missing: Vec<Cid>,
    /// The missing blocks that the source said it does not have, and those whose state is unknown.
    absent: Vec<Cid>,
    unknown: Vec<Cid>,
}

impl<'a> Report<'a> {
    /// Starts a report. `table` holds intake's column statistics.
    pub(crate) fn new(data: &'a Operand, source: Option<&'a str>, table: Option<Value>) -> Self {
        Report {
            data,
            source,
            table,
            segments: Vec::new(),
            bytes_present: 0,
            missing: Vec::new(),
            absent: Vec::new(),
            unknown: Vec::new(),
        }
    }

    /// Adds a unit's output. Without a lease and a miner, the coordinator computed it.
    pub(crate) fn add(&mut self, run: Run, unit: &Unit, output: &[u8], by: Option<(LeaseId, PublicKey)>) {
        let part = unit.input();
        let states = if matches!(unit, Unit::HashTree2(_)) { part.panels.len() } else { 0 };
        let (states, digests) = output.split_at(states.min(output.len()));
        let (digests, root) = digests.split_at(digests.len().saturating_sub(DIGEST_BYTES));
        for (cid, state) in part.panels.iter().zip(states) {
            match BlockState::from_byte(*state) {
                Some(BlockState::Present) => continue,
                Some(BlockState::Absent) => self.absent.push(*cid),
                Some(BlockState::Unknown) | None => self.unknown.push(*cid),
            }
            self.missing.push(*cid);
        }
        let gone = if states.is_empty() { without_digest(part, digests) } else { BTreeSet::new() };
        let lost = |(cid, _): &(Cid, u32)| gone.contains(cid);
        let lost: u64 = part.blocks().filter(lost).map(|(_, bytes)| u64::from(bytes)).sum();
        self.bytes_present += unit.work_done(output).saturating_sub(lost);
        self.missing.extend(&gone);
        self.unknown.extend(gone);
        self.segments.push(json!({
            "first_block": run.first, "blocks": run.count, "leaves": leaves(part),
            // Outputs computed here are rehashed whole, not sampled.
            "rehashed": if by.is_some() { sampled(leaves(part)) } else { leaves(part) },
            "root": hex::encode(root),
            "lease": by.map(|(lease, _)| lease.to_string()),
            "miner": by.map(|(_, miner)| miner.to_string()),
        }));
    }

    /// The finished report, as JSON.
    pub(crate) fn finish(self) -> Vec<u8> {
        let listed = |blocks: &[Cid]| blocks.iter().take(MAX_LISTED).map(ToString::to_string).collect::<Vec<String>>();
        let report = json!({
            "bytes": self.data.bytes(), "blocks": self.data.panels.len(), "leaf_bytes": LEAF_BYTES,
            "source": self.source, "intact": self.missing.is_empty(), "bytes_present": self.bytes_present,
            "blocks_missing": self.missing.len(), "missing": listed(&self.missing),
            "blocks_absent": self.absent.len(), "absent": listed(&self.absent),
            "blocks_unknown": self.unknown.len(), "unknown": listed(&self.unknown),
            "table": self.table, "segments": self.segments,
        });
        format!("{report:#}\n").into_bytes()
    }
}

/// The blocks without digests in an output of `hash_tree/1`, which cannot say why it has none.
fn without_digest(part: &Operand, digests: &[u8]) -> BTreeSet<Cid> {
    let gone = digests.as_chunks::<DIGEST_BYTES>().0.iter().zip(0..).filter(|(digest, _)| **digest == MISSING);
    gone.filter_map(|(_, leaf)| Some(place(part, leaf)?.block)).collect()
}
