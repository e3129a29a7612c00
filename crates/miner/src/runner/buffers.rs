//! Buffers that outputs are written to, taken again by the lane's next unit.
//!
//! The system hands out memory page by page when it is first written, and on a fast backend that costs more than
//! computing what is written there.

use adit_core::kernel::buffer::sized;
use adit_core::sign::Digest;
use adit_core::unit::MAX_OUTPUT_BYTES;

/// The most bytes of a buffer that is kept.
const KEPT_BYTES: usize = MAX_OUTPUT_BYTES as usize;
/// Values that are turned into bytes and hashed while they are cached: a power of two, so that BLAKE3 hashes many of its
/// chunks at once.
const VALUES_AT_ONCE: usize = 16 << 10;

/// What a lane keeps for its next unit: at most one buffer for sums, of either type, and one for bytes.
#[derive(Debug, Default)]
pub(super) struct Buffers {
    sums: Vec<i32>,
    floats: Vec<f32>,
    bytes: Vec<u8>,
}

impl Buffers {
    pub(super) fn take_sums(&mut self) -> Vec<i32> {
        std::mem::take(&mut self.sums)
    }

    pub(super) fn take_floats(&mut self) -> Vec<f32> {
        std::mem::take(&mut self.floats)
    }

    /// Keeps the bytes of an output that is no longer needed.
    pub(super) fn keep_bytes(&mut self, bytes: Vec<u8>) {
        if bytes.capacity() > self.bytes.capacity() && bytes.capacity() <= KEPT_BYTES {
            self.bytes = bytes;
        }
    }

    /// The bytes of an output and their digest. Its sums are kept.
    pub(super) fn sums_delivered(&mut self, sums: Vec<i32>) -> (Vec<u8>, Digest) {
        let delivered = deliver(&sums, i32::to_le_bytes, std::mem::take(&mut self.bytes));
        (self.sums, self.floats) = (kept(sums), Vec::new());
        delivered
    }

    /// The bytes of an output and their digest. Its sums are kept.
    pub(super) fn floats_delivered(&mut self, sums: Vec<f32>) -> (Vec<u8>, Digest) {
        let delivered = deliver(&sums, f32::to_le_bytes, std::mem::take(&mut self.bytes));
        (self.sums, self.floats) = (Vec::new(), kept(sums));
        delivered
    }
}

fn kept<T>(values: Vec<T>) -> Vec<T> {
    if values.capacity() * size_of::<T>() <= KEPT_BYTES { values } else { Vec::new() }
}

fn deliver<T: Copy>(values: &[T], to_bytes: impl Fn(T) -> [u8; 4], buffer: Vec<u8>) -> (Vec<u8>, Digest) {
    let (mut output, mut hasher) = (sized(buffer, 4 * values.len()), blake3::Hasher::new());
    for (values, bytes) in values.chunks(VALUES_AT_ONCE).zip(output.chunks_mut(4 * VALUES_AT_ONCE)) {
        bytes.as_chunks_mut().0.iter_mut().zip(values).for_each(|(bytes, value)| *bytes = to_bytes(*value));
        hasher.update(bytes);
    }
    (output, Digest(*hasher.finalize().as_bytes()))
}

#[cfg(test)]
impl Buffers {
    /// Fills buffers of `len` values with what no unit computes.
    pub(super) fn poison(&mut self, len: usize) {
        *self = Buffers { sums: vec![0x5a5a_5a5a; len], floats: vec![f32::NAN; len], bytes: vec![0xa5; 4 * len] };
    }

    /// The bytes that it keeps.
    pub(super) fn held_bytes(&self) -> usize {
        4 * (self.sums.capacity() + self.floats.capacity()) + self.bytes.capacity()
    }
}
