//! The graphics adapter's part of the package `bench`.

use adit_gpu::{GpuDevice, PackedOperand};
use wasm_bindgen::prelude::*;

/// Products with one B of int8 that lies on the adapter.
#[wasm_bindgen]
pub struct GpuIntegerProduct {
    device: GpuDevice,
    b: PackedOperand,
    k: usize,
}

#[wasm_bindgen]
impl GpuIntegerProduct {
    /// Opens the adapter and takes row-major `b`, k × n, there.
    pub async fn open(b: Vec<i8>, k: usize, n: usize) -> Result<GpuIntegerProduct, JsError> {
        let device = GpuDevice::open().await?;
        let b = device.pack(&b, k as u32, n as u32)?;
        Ok(GpuIntegerProduct { device, b, k })
    }

    /// Row-major `a` times B: taken there, multiplied, brought back.
    pub async fn multiply(&self, a: Vec<i8>) -> Result<Vec<i32>, JsError> {
        let mut sums = Vec::new();
        self.device.multiply(&a, (a.len() / self.k) as u32, &self.b, &mut sums).await?;
        Ok(sums)
    }
}
