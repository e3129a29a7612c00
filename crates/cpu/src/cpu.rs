//! The product on a processor, on a backend that passed the start-up vectors.

use adit_core::kernel::Product;
use adit_core::kernel::float::{self as reference, FloatMatrix};
use adit_core::kernel::hash_tree::{self, Leaves};
use adit_core::log::Hash;
use adit_core::vectors;

use crate::tile::AnyTile;
use crate::{Backend, Packed, blocks, float, sha256};

/// A backend that computed the start-up vectors correctly.
#[derive(Clone, Copy, Debug)]
pub struct Cpu {
    tile: AnyTile,
}

/// Why a backend is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CpuError {
    /// The processor or the build lacks the backend.
    #[error("this processor or this build has no {0}")]
    Unavailable(Backend),
    /// The backend computes wrong values.
    #[error("{backend} computes vector {vector:?} wrong")]
    Disagrees {
        /// The backend.
        backend: Backend,
        /// The first vector that it computes wrongly.
        vector: &'static str,
    },
}

impl Cpu {
    /// The fastest backend that computes the start-up vectors correctly. It fails only if the portable backend does,
    /// and then the processor or the compiler is broken.
    pub fn best() -> Result<Self, CpuError> {
        let mut outcome = Err(CpuError::Unavailable(Backend::Portable));
        for backend in Backend::available() {
            outcome = Self::with(backend);
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }

    /// The given backend, if it is available and computes the start-up vectors correctly.
    pub fn with(backend: Backend) -> Result<Self, CpuError> {
        let cpu = Cpu { tile: AnyTile::new(backend).ok_or(CpuError::Unavailable(backend))? };
        match cpu.first_disagreement(|_| {}) {
            None => Ok(cpu),
            Some(vector) => Err(CpuError::Disagrees { backend, vector }),
        }
    }

    /// The backend in use.
    pub fn backend(&self) -> Backend {
        self.tile.backend()
    }

    fn first_disagreement(&self, spoil: impl Fn(&mut Packed)) -> Option<&'static str> {
        let pack = |b: &[i8], k, n| {
            let mut packed = self.pack(b, k, n);
            spoil(&mut packed);
            packed
        };
        vectors::first_disagreement(pack, |a, rows, b, out| self.multiply(a, rows, b, out))
    }
}

/// # Panics
/// If an operand's length does not match its dimensions.
impl Product for Cpu {
    type Packed = Packed;

    fn pack(&self, b: &[i8], k: usize, n: usize) -> Packed {
        Packed::new(self.tile, b, k, n)
    }

    /// Takes any [`Packed`] and multiplies on the backend for which it was packed.
    fn multiply(&self, a: &[i8], rows: usize, b: &Packed, out: &mut [i32]) {
        blocks::multiply(a, rows, b, out);
    }

    /// In WebAssembly, hashes one leaf in each lane of a vector. Elsewhere the `sha2` crate is faster.
    fn leaves(&self, leaves: &Leaves<'_>) -> Vec<Hash> {
        let vectors = matches!(self.backend(), Backend::Simd128 | Backend::Relaxed);
        let [a, b, c, d] = leaves.bytes[..] else { return leaves.digests() };
        if !vectors {
            return leaves.digests();
        }
        let heads: [_; 4] =
            std::array::from_fn(|place| hash_tree::head(&leaves.lease, leaves.first + place as u64, a.len()));
        sha256::four_of(heads.each_ref().map(|head| head.as_slice()), [a, b, c, d]).to_vec()
    }

    /// The portable backend uses the reference.
    fn multiply_f32(&self, a: &[f32], rows: usize, b: &FloatMatrix, out: &mut [f32]) {
        match self.backend() {
            Backend::Portable => reference::multiply(a, rows, b, out),
            _ => float::multiply(a, rows, b, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tile::{Tile, with_tile};

    #[test]
    fn every_available_backend_agrees() {
        for backend in Backend::available() {
            assert_eq!(Cpu::with(backend).map(|cpu| cpu.backend()), Ok(backend));
        }
        assert_eq!(Cpu::best().map(|cpu| cpu.backend()), Ok(Backend::available()[0]));
    }

    fn offset<T: Tile>(_: T) -> i32 {
        T::OFFSET
    }

    #[test]
    fn a_spoilt_packing_is_noticed() {
        for backend in Backend::available() {
            let cpu = Cpu::with(backend).unwrap();
            let first = cpu.first_disagreement(|packed| packed.values[0] ^= 1);
            assert!(first.is_some(), "{backend}: a wrong value");
            let swapped = cpu.first_disagreement(|packed| {
                let last = packed.values.len() - 1;
                packed.values.swap(0, last);
            });
            assert!(swapped.is_some(), "{backend}: two values in each other's place");
            // Without an offset all sums start at zero, and not every loop reads that.
            if with_tile!(cpu.tile, tile => offset(tile)) != 0 {
                let started = cpu.first_disagreement(|packed| packed.start[0] += 1);
                assert!(started.is_some(), "{backend}: a sum that starts elsewhere");
            }
        }
    }

    #[test]
    fn an_unavailable_backend_is_named() {
        for backend in Backend::ALL.into_iter().filter(|backend| !Backend::available().contains(backend)) {
            assert_eq!(Cpu::with(backend).unwrap_err(), CpuError::Unavailable(backend));
        }
    }
}
