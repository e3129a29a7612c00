//! Injects database failures, with which tests show that no operation is ever left half done.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Makes a later statement of the writer fail. Clones share their state.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Statements until one fails; 0 for none.
    left: Arc<AtomicU32>,
}

impl Faults {
    /// Makes the `statement`-th statement from now fail, counted from 1; 0 cancels. BEGIN and COMMIT count, too.
    pub fn fail(&self, statement: u32) {
        self.left.store(statement, Ordering::Release);
    }

    /// Whether a requested failure has yet to occur.
    pub fn is_pending(&self) -> bool {
        self.left.load(Ordering::Acquire) > 0
    }

    /// Counts a statement. Returns true for the one that must fail.
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
