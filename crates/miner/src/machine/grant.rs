//! Checks that a task is leased to this miner, by the coordinator it knows, at the known price.

use adit_core::PublicKey;
use adit_core::reward::{PRICE_VERSION, base_reward};
use adit_core::sign::InvalidSignature;
use adit_core::statement::STATEMENT_VERSION;
use adit_core::unit::UnitError;
use adit_protocol::mining::TaskGrant;

/// Why a task is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum GrantError {
    #[error("the lease is of another version")]
    Version,
    #[error("the lease is of another coordinator")]
    Coordinator,
    #[error("the lease is not signed by the coordinator")]
    Signature,
    #[error("the lease is another miner's")]
    Miner,
    #[error("the unit cannot be computed: {0}")]
    Unit(#[from] UnitError),
    #[error("the unit is not the leased one")]
    UnitCid,
    #[error("the task's kind or work differs from its unit's")]
    Facts,
    #[error("the base reward does not follow from the work and the price")]
    Value,
    #[error("the lease has ended")]
    Ended,
}

/// Checks everything that can be checked before the inputs are there.
pub(crate) fn check(grant: &TaskGrant, coordinator: &PublicKey, miner: &PublicKey) -> Result<(), GrantError> {
    let TaskGrant { lease, unit, .. } = grant;
    if lease.version != STATEMENT_VERSION {
        return Err(GrantError::Version);
    }
    if lease.coordinator != *coordinator {
        return Err(GrantError::Coordinator);
    }
    coordinator.verify(lease, &grant.signature).map_err(|InvalidSignature| GrantError::Signature)?;
    if lease.miner != *miner {
        return Err(GrantError::Miner);
    }
    unit.validate()?;
    if unit.cid() != lease.unit {
        return Err(GrantError::UnitCid);
    }
    if grant.kind != unit.kind() || grant.work != unit.work() {
        return Err(GrantError::Facts);
    }
    // Under a price list that this program does not know, the value is the coordinator's claim.
    if lease.price_version == PRICE_VERSION && lease.value != base_reward(grant.kind, grant.work) {
        return Err(GrantError::Value);
    }
    if grant.expires_in_ms == 0 || grant.expires_in_ms > lease.ttl_ms { Err(GrantError::Ended) } else { Ok(()) }
}
