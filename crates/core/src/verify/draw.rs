//! Numbers drawn from a secret stream.

/// A number below `all`, uniform to one part in 2^64 / `all`.
pub(crate) fn below(stream: &mut blake3::OutputReader, all: u64) -> u64 {
    let mut bytes = [0; 8];
    stream.fill(&mut bytes);
    // The high half of the product.
    ((u128::from(u64::from_le_bytes(bytes)) * u128::from(all)) >> 64) as u64
}
