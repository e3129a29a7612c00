//! What a lane computes with: a processor, which answers at once, or a graphics adapter, which answers later.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::future::Future;

use super::float::FloatMatrix;
use super::hash_tree::Leaves;
use super::inputs::MissingBlock;
use super::layers::PackedLayer;
use super::pass::RowPass;
use super::product::{LEAVES_AT_ONCE, Product};
use super::step::{Right, Step};
use crate::kind::name::Kind;
use crate::log::Hash;

/// An engine multiplies and hashes. It stays on the thread that made it, so neither it nor its futures need be `Send`.
pub trait Engine {
    /// An int8 operand in the engine's layout.
    type Packed;
    /// An f32 operand in the engine's layout.
    type PackedFloats;
    /// How long one call should take at most, in milliseconds.
    const SLICE_MS: f64;
    /// The most leaves that are hashed at once.
    const LEAVES: usize;

    /// The kinds that it computes if it matches their vectors.
    fn kinds(&self) -> &'static [Kind] {
        &Kind::ALL
    }

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

    /// Whether rows go through all these layers in one [pass](Engine::pass) instead of product by product.
    fn passes(&self, _layers: &[PackedLayer<Self::Packed>]) -> bool {
        false
    }

    /// Computes all products of some rows and hands every tensor to the pass.
    fn pass(&self, _pass: RowPass<'_, Self::Packed>) -> impl Future<Output = Result<(), EngineError>> {
        async { Err(EngineError::Refused("this engine multiplies step by step".into())) }
    }

    /// Packs a matrix of f32.
    fn pack_floats(&self, b: FloatMatrix) -> Result<Self::PackedFloats, EngineError>;

    /// Writes rows × n sums of row-major `a` (rows × k) times the packed operand, in f32.
    fn multiply_floats(
        &self,
        a: &[f32],
        rows: usize,
        b: &Self::PackedFloats,
        out: &mut [f32],
    ) -> impl Future<Output = Result<(), EngineError>>;

    /// The digests of at most [`Engine::LEAVES`] leaves.
    fn hash(&self, leaves: Leaves<'_>) -> impl Future<Output = Result<Vec<Hash>, EngineError>>;

    /// Restores a lost engine. Operands that it packed before can no longer be used.
    fn recover(&self) -> impl Future<Output = Result<(), EngineError>> {
        async { Err(EngineError::Refused("this engine cannot be restored".into())) }
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
pub enum EngineError {
    /// The engine does not support the operation.
    #[error("{0}")]
    Refused(String),
    /// The engine is lost, along with every operand that it packed: see [`Engine::recover`].
    #[error("{0}")]
    Lost(String),
}

impl From<MissingBlock> for EngineError {
    fn from(missing: MissingBlock) -> Self {
        EngineError::Refused(missing.to_string())
    }
}

/// A processor as an engine. Its futures are ready at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Processor<P>(pub P);

impl<P: Product> Engine for Processor<P> {
    type Packed = P::Packed;
    type PackedFloats = FloatMatrix;
    const SLICE_MS: f64 = 30.0;
    const LEAVES: usize = LEAVES_AT_ONCE;

    fn pack(&self, b: &[i8], k: usize, n: usize) -> Result<P::Packed, EngineError> {
        Ok(self.0.pack(b, k, n))
    }

    async fn multiply(&self, a: &[i8], rows: usize, b: &P::Packed, out: &mut [i32]) -> Result<(), EngineError> {
        self.0.multiply(a, rows, b, out);
        Ok(())
    }

    fn pack_floats(&self, b: FloatMatrix) -> Result<FloatMatrix, EngineError> {
        Ok(b)
    }

    async fn multiply_floats(
        &self,
        a: &[f32],
        rows: usize,
        b: &FloatMatrix,
        out: &mut [f32],
    ) -> Result<(), EngineError> {
        self.0.multiply_f32(a, rows, b, out);
        Ok(())
    }

    async fn hash(&self, leaves: Leaves<'_>) -> Result<Vec<Hash>, EngineError> {
        Ok(self.0.leaves(&leaves))
    }
}
