//! A graphics adapter as the engine of a lane.

use std::cell::RefCell;

use adit_core::kernel::PackedLayer;
use adit_core::kernel::engine::{Engine, EngineError};
use adit_core::kernel::float::FloatMatrix;
use adit_core::kernel::hash_tree::Leaves;
use adit_core::kernel::pass::RowPass;
use adit_core::log::Hash;

use crate::device::{AdapterChoice, AdapterFacts, GpuDevice};
use crate::error::GpuError;
use crate::kernel::Kernels;
use crate::operand::PackedOperand;

/// A device that reopens after a loss.
#[derive(Debug)]
pub struct Graphics {
    device: RefCell<GpuDevice>,
    adapters: AdapterChoice,
}

impl Graphics {
    /// Opens a device. Errors: see [`GpuDevice::open_with`].
    pub async fn open(
        adapters: AdapterChoice,
        remembered: impl FnOnce(&AdapterFacts) -> Option<Kernels>,
    ) -> Result<Graphics, GpuError> {
        let device = GpuDevice::open_with(adapters, remembered).await?;
        Ok(Graphics { device: RefCell::new(device), adapters })
    }

    /// What the adapter reports about itself.
    pub fn facts(&self) -> AdapterFacts {
        self.device().facts().clone()
    }

    /// The forms of the product in use. Callers may remember them for this adapter.
    pub fn kernels(&self) -> Kernels {
        self.device().kernels()
    }

    /// The current device.
    pub fn device(&self) -> GpuDevice {
        self.device.borrow().clone()
    }
}

impl Engine for Graphics {
    type Packed = PackedOperand<i8>;
    type PackedFloats = PackedOperand<f32>;
    // The device cuts this further, into dispatches of about 50 ms at most.
    const SLICE_MS: f64 = 80.0;
    const LEAVES: usize = 256;

    fn pack(&self, b: &[i8], k: usize, n: usize) -> Result<PackedOperand<i8>, EngineError> {
        self.device().pack(b, k as u32, n as u32).map_err(failed)
    }

    async fn multiply(&self, a: &[i8], rows: usize, b: &PackedOperand<i8>, out: &mut [i32]) -> Result<(), EngineError> {
        let mut sums = Vec::new();
        self.device().multiply(a, rows as u32, b, &mut sums).await.map_err(failed)?;
        out.copy_from_slice(&sums);
        Ok(())
    }

    fn passes(&self, layers: &[PackedLayer<PackedOperand<i8>>]) -> bool {
        self.device().passes(layers)
    }

    async fn pass(&self, pass: RowPass<'_, PackedOperand<i8>>) -> Result<(), EngineError> {
        self.device().pass(pass).await.map_err(failed)
    }

    fn pack_floats(&self, b: FloatMatrix) -> Result<PackedOperand<f32>, EngineError> {
        self.device().pack(&b.values, b.rows as u32, b.cols as u32).map_err(failed)
    }

    async fn multiply_floats(
        &self,
        a: &[f32],
        rows: usize,
        b: &PackedOperand<f32>,
        out: &mut [f32],
    ) -> Result<(), EngineError> {
        let mut sums = Vec::new();
        self.device().multiply(a, rows as u32, b, &mut sums).await.map_err(failed)?;
        out.copy_from_slice(&sums);
        Ok(())
    }

    async fn hash(&self, leaves: Leaves<'_>) -> Result<Vec<Hash>, EngineError> {
        self.device().hash(leaves).await.map_err(failed)
    }

    async fn recover(&self) -> Result<(), EngineError> {
        // A driver that opens no device right after a loss may open one later.
        let lost = |error: GpuError| EngineError::Lost(error.to_string());
        // The winners of the first race need not race again.
        let kernels = self.kernels();
        let device = GpuDevice::open_with(self.adapters, |_| Some(kernels)).await.map_err(lost)?;
        self.device.replace(device);
        Ok(())
    }
}

fn failed(error: GpuError) -> EngineError {
    match error {
        GpuError::Lost(_) => EngineError::Lost(error.to_string()),
        _ => EngineError::Refused(error.to_string()),
    }
}
