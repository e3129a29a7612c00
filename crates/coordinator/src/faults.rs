//! Failures of the database on demand: with them, tests show that no operation is ever half done.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Makes one of the writer's next statements fail. Clones share what is ordered.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Statements until one fails; 0: none will.
    left: Arc<AtomicU32>,
}

impl Faults {
    /// Orders that the `statement`-th statement from now on fails, counted from 1; 0 takes the order back. What begins
    /// and commits a transaction counts too.
    pub fn fail(&self, statement: u32) {
        self.left.store(statement, Ordering::Release);
    }

    /// Whether a failure that was ordered is still to come.
    pub fn is_pending(&self) -> bool {
        self.left.load(Ordering::Acquire) > 0
    }

    /// Counts a statement; true for the one that fails.
    pub(crate) fn strikes(&self) -> bool {
        let counted = self.left.try_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1));
        counted == Ok(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_statement_fails() {
        let faults = Faults::default();
        assert!(!faults.strikes());
        faults.fail(2);
        assert_eq!(
            [faults.strikes(), faults.is_pending(), faults.strikes(), faults.strikes()],
            [false, true, true, false]
        );
        assert!(!faults.is_pending());
    }
}
