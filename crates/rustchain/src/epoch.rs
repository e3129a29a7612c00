//! RustChain's time: slots of 600 s since the genesis, and epochs of 144 slots.

/// The genesis (Unix, s): 2025-12-02.
pub const GENESIS_S: i64 = 1_764_706_927;
/// The length of a slot, in seconds.
pub const SLOT_S: i64 = 600;
/// The slots of an epoch: 24 hours.
pub const SLOTS: i64 = 144;
/// The reward that the whole network pays in an epoch, in µRTC.
pub const POT_MICRO: i64 = 1_500_000;
/// The supply, in RTC.
pub const SUPPLY_RTC: i64 = 8_388_608;

/// The slot of a time (Unix, s). Below 0 before the genesis.
pub fn slot(at_s: i64) -> i64 {
    (at_s - GENESIS_S).div_euclid(SLOT_S)
}

/// The epoch of a slot.
pub fn epoch_of(slot: i64) -> i64 {
    slot.div_euclid(SLOTS)
}

/// The epoch of a time (Unix, s).
pub fn epoch(at_s: i64) -> i64 {
    epoch_of(slot(at_s))
}

/// When a slot begins (Unix, s).
pub fn slot_start_s(slot: i64) -> i64 {
    GENESIS_S + slot * SLOT_S
}

/// When an epoch begins (Unix, s).
pub fn epoch_start_s(epoch: i64) -> i64 {
    slot_start_s(epoch * SLOTS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_and_epochs_begin_where_they_do() {
        assert_eq!((slot(GENESIS_S), slot(GENESIS_S - 1), slot(GENESIS_S + 599), slot(GENESIS_S + 600)), (0, -1, 0, 1));
        // A slot and its epoch, from an answer of the node.
        assert_eq!(epoch_of(50_853), 353);
        assert_eq!((epoch(epoch_start_s(353)), epoch(epoch_start_s(353) - 1)), (353, 352));
        // The year 2040, beyond 32 bits of seconds.
        assert_eq!(slot(2_208_988_800), 740_469);
    }
}
