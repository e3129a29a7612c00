//! What the check of an output reads, in bytes, and who is held to a budget of it.
//!
//! The figure follows from the unit alone, so budgets do not depend on how fast or how busy the host is. A right output
//! costs a pass over its rows. A wrong one costs much more, because the operands that the job shares are read twice:
//! once to find the value that shows it, and once to fold them with new coins.

use adit_core::Unit;

/// Valid outputs that make up for one wrong output. Units take at least sixteen times the work of their check, so a key
/// with this record has computed far more than its wrong outputs cost.
const VALID_FOR_ONE_WRONG: i64 = 16;

/// Bytes that the check of one unit's output reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CheckCost {
    /// The unit's own rows and the output.
    pub(crate) pass: u64,
    /// What a search for a wrong value reads.
    pub(crate) search: u64,
    /// The operands that new coins are folded with.
    pub(crate) fold: u64,
}

impl CheckCost {
    pub(crate) fn of(unit: &Unit) -> Self {
        let bytes = |blocks: Vec<(_, u32)>| blocks.iter().map(|(_, bytes)| u64::from(*bytes)).sum::<u64>();
        let (own, shared) = (bytes(unit.checked_blocks()), bytes(unit.shared_blocks()));
        // Without shared operands, the search samples the unit's own data.
        let search = if shared > 0 { shared } else { unit.input().bytes() };
        CheckCost { pass: own + unit.output_bytes(), search, fold: shared }
    }

    /// What the check may take before the verdict is known.
    pub(crate) fn in_advance(&self) -> u64 {
        self.pass + self.search
    }
}

/// Whether a key's record pays for the checks of its outputs, so that others in its address block cannot hold it up.
pub(crate) fn pays_for_itself(valid: i64, wrong: i64) -> bool {
    valid >= VALID_FOR_ONE_WRONG.saturating_mul(wrong.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use adit_core::kind::{HashTree, MatmulI8};
    use adit_core::split::cut;

    use super::*;

    #[test]
    fn a_wrong_output_costs_its_jobs_shared_operands_twice() {
        let operand = |rows: u32, cols: u32| cut(&vec![1; (rows * cols) as usize], rows, cols, 2).0;
        let product = Unit::MatmulI8(MatmulI8 { a: operand(4, 30), b: operand(30, 5) });
        let cost = CheckCost::of(&product);
        assert_eq!(cost, CheckCost { pass: 4 * 30 + 4 * 4 * 5, search: 150, fold: 150 });
        assert_eq!(cost.in_advance(), 350);
        let tree = Unit::HashTree(HashTree { data: cut(&[0; 640], 640, 1, 64).0, source: None });
        assert_eq!(CheckCost::of(&tree), CheckCost { pass: tree.output_bytes(), search: 640, fold: 0 });
    }

    #[test]
    fn a_record_pays_only_while_it_is_long_enough() {
        assert_eq!(
            [(0, 0), (15, 0), (16, 0), (31, 1), (32, 1)].map(|(v, w)| pays_for_itself(v, w)),
            [false, false, true, false, true]
        );
        assert!(!pays_for_itself(i64::MAX - 1, i64::MAX));
    }
}
