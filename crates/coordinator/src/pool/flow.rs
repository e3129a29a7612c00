//! The pool's use cases: challenges, attestations, confirmed devices, membership, epochs, shares, payouts, and reads.

pub(super) mod books;
pub(super) mod challenge;
pub(super) mod claim;
pub(super) mod confirm;
pub(super) mod epochs;
pub(super) mod join;
pub(super) mod node;
pub(super) mod payouts;
pub(super) mod pooled;
pub(super) mod reads;
pub(super) mod record;
pub(super) mod settings;
pub(super) mod shares;
pub(super) mod submit;
pub(super) mod wallets;
