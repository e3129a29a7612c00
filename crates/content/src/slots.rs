//! The slot of a name in a sharded folder: some bits of the name's hash for each level.

/// The multicodec of the one hash function in use, murmur3-x64-64.
pub(crate) const HASH: u64 = 0x22;

/// The number of slots of the shards of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slots {
    bits: u32,
}

impl Slots {
    /// The number that we write: 256.
    pub(crate) const WRITTEN: Slots = Slots { bits: 8 };

    /// A number of slots that is accepted: a power of two and a multiple of 8, at most 1,024.
    pub(crate) fn of(fanout: u64) -> Option<Self> {
        let may = fanout.is_power_of_two() && (8..=1024).contains(&fanout);
        may.then(|| Slots { bits: fanout.trailing_zeros() })
    }

    pub(crate) fn count(self) -> u64 {
        1 << self.bits
    }

    /// Hexadecimal digits before each name.
    pub(crate) fn width(self) -> usize {
        format!("{:X}", self.count() - 1).len()
    }

    pub(crate) fn prefix(self, slot: u64) -> String {
        format!("{slot:0width$X}", width = self.width())
    }

    /// The slot of a link's name, and the rest of the name.
    pub(crate) fn split(self, name: &[u8]) -> Option<(u64, &[u8])> {
        let (digits, rest) = name.split_at_checked(self.width())?;
        let slot = u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        // Also refuses lower case and signs.
        (slot < self.count() && self.prefix(slot).as_bytes() == digits).then_some((slot, rest))
    }
}

/// A name's path through the shards: its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Path(u64);

impl Path {
    pub(crate) fn of(name: &[u8]) -> Self {
        // Reading from memory does not fail.
        let hash = murmur3::murmur3_x64_128(&mut &name[..], 0).unwrap_or_default() as u64;
        // The bytes of the hash in big-endian order, the lowest bits of the first byte first.
        Path(hash.swap_bytes())
    }

    /// The slot at a level; `None` where the hash has no bits left.
    pub(crate) fn slot(self, slots: Slots, level: u32) -> Option<u64> {
        let shift = slots.bits * level;
        (shift + slots.bits <= u64::BITS).then(|| self.0 >> shift & (slots.count() - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_other_number_of_slots_is_read() {
        for fanout in [8, 16, 64, 256, 1024] {
            assert_eq!(Slots::of(fanout).map(Slots::count), Some(fanout));
        }
        for fanout in [0, 1, 4, 12, 100, 255, 2048, 1 << 40, u64::MAX] {
            assert_eq!(Slots::of(fanout), None, "{fanout}");
        }
    }

    #[test]
    fn a_prefix_has_one_spelling() {
        let slots = Slots::WRITTEN;
        assert_eq!(slots.split(b"0Aname"), Some((10, &b"name"[..])));
        assert_eq!(slots.split(b"FF"), Some((255, &b""[..])));
        for name in [&b"0aname"[..], b"+1name", b"G0", b"", b"A", b"\xff\xff"] {
            assert_eq!(slots.split(name), None);
        }
        assert_eq!(Slots::of(1024).unwrap().split(b"3FFx"), Some((1023, &b"x"[..])));
        assert_eq!(Slots::of(1024).unwrap().split(b"400x"), None);
        assert_eq!(Slots::of(8).unwrap().split(b"7x"), Some((7, &b"x"[..])));
    }

    #[test]
    fn a_hash_has_64_bits() {
        let path = Path(0xff);
        assert_eq!((path.slot(Slots::WRITTEN, 0), path.slot(Slots::WRITTEN, 7)), (Some(255), Some(0)));
        assert_eq!(path.slot(Slots::WRITTEN, 8), None);
        assert_eq!(path.slot(Slots::of(1024).unwrap(), 6), None);
    }
}
