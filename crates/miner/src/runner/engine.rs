//! What a lane computes with.

use std::future::Future;

use adit_core::Kind;
use adit_core::kernel::float::FloatMatrix;
use adit_core::kernel::{MissingBlock, Product, Right, Step, hash_tree};
use adit_core::log::Hash;
use adit_core::sign::LeaseId;

/// What multiplies: a processor at once, a graphics adapter when it is done.
pub trait Engine {
    /// An operand in the layout that the engine likes.
    type Packed;
    /// How long one call of [`multiply`](Engine::multiply) should take, in milliseconds.
    const SLICE_MS: f64;
    /// Packs row-major `b`, k × n.
    fn pack(&self, b: &[i8], k: usize, n: usize) -> Result<Self::Packed, EngineError>;
    /// Writes rows × n sums of row-major `a` (rows × k) times the packed operand.
    fn multiply(
        &self,
        a: &[i8],
        rows: usize,
        b: &Self::Packed,
        out: &mut [i32],
    ) -> impl Future<Output = Result<(), EngineError>>;

    /// The kinds that it computes, if it agrees with their vectors.
    fn kinds(&self) -> &'static [Kind] {
        &Kind::PRODUCTS
    }

    /// Writes rows × n sums of row-major `a` (rows × k) times `b`, in f32; for engines whose kinds have it.
    fn multiply_f32(
        &self,
        _a: &[f32],
        _rows: usize,
        _b: &FloatMatrix,
        _out: &mut [f32],
    ) -> impl Future<Output = Result<(), EngineError>> {
        async { Err(EngineError("this lane does not multiply floats".into())) }
    }

    /// The digests of four leaves of one length: see [`hash_tree::four_leaves`].
    fn four_leaves(&self, lease: &LeaseId, first: u64, bytes: [&[u8]; 4]) -> [Hash; 4] {
        hash_tree::four_leaves(lease, first, bytes)
    }

    /// Computes the product of a step.
    fn carry_out(&self, step: Step<'_, Self::Packed>) -> impl Future<Output = Result<(), EngineError>> {
        let Step { left, rows, right, sums } = step;
        async move {
            match right {
                Right::Packed(packed) => self.multiply(left, rows, packed, sums).await,
                Right::Fresh { values, k, n } => self.multiply(left, rows, &self.pack(values, k, n)?, sums).await,
            }
        }
    }
}

/// The engine gave no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EngineError(pub String);

impl From<MissingBlock> for EngineError {
    fn from(missing: MissingBlock) -> Self {
        EngineError(missing.to_string())
    }
}

/// A processor as an engine: its futures are ready at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Processor<P>(pub P);

impl<P: Product> Engine for Processor<P> {
    type Packed = P::Packed;
    const SLICE_MS: f64 = 30.0;

    fn pack(&self, b: &[i8], k: usize, n: usize) -> Result<P::Packed, EngineError> {
        Ok(self.0.pack(b, k, n))
    }

    async fn multiply(&self, a: &[i8], rows: usize, b: &P::Packed, out: &mut [i32]) -> Result<(), EngineError> {
        self.0.multiply(a, rows, b, out);
        Ok(())
    }

    fn kinds(&self) -> &'static [Kind] {
        &Kind::ALL
    }

    fn four_leaves(&self, lease: &LeaseId, first: u64, bytes: [&[u8]; 4]) -> [Hash; 4] {
        self.0.four_leaves(lease, first, bytes)
    }

    async fn multiply_f32(&self, a: &[f32], rows: usize, b: &FloatMatrix, out: &mut [f32]) -> Result<(), EngineError> {
        self.0.multiply_f32(a, rows, b, out);
        Ok(())
    }
}
