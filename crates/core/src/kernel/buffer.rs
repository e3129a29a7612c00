//! Buffers that are used again. The system hands out memory page by page when it is first written, and on a fast backend
//! that costs more than computing what is written there.

use alloc::vec::Vec;

/// `buffer` with `len` values that may be anything. Memory is allocated only if it has too little.
pub fn sized<T: Clone + Default>(mut buffer: Vec<T>, len: usize) -> Vec<T> {
    if buffer.capacity() < len {
        drop(buffer);
        return alloc::vec![T::default(); len];
    }
    buffer.resize(len, T::default());
    buffer
}
