//! The graphics adapter's kernels in the package `bench`.

use adit_gpu::{GpuDevice, PackedOperand};
use wasm_bindgen::prelude::*;

macro_rules! product {
    ($(#[$doc:meta])* $name:ident, $element:ty, $sum:ty) => {
        $(#[$doc])*
        #[wasm_bindgen]
        pub struct $name {
            device: GpuDevice,
            b: PackedOperand<$element>,
            k: usize,
        }

        #[wasm_bindgen]
        impl $name {
            /// Opens the adapter and uploads row-major `b`, k × n.
            pub async fn open(b: Vec<$element>, k: usize, n: usize) -> Result<$name, JsError> {
                let device = GpuDevice::open().await?;
                let b = device.pack(&b, k as u32, n as u32)?;
                Ok($name { device, b, k })
            }

            /// Uploads row-major `a`, multiplies it by B and reads the product back.
            pub async fn multiply(&self, a: Vec<$element>) -> Result<Vec<$sum>, JsError> {
                let mut sums = Vec::new();
                self.device.multiply(&a, (a.len() / self.k) as u32, &self.b, &mut sums).await?;
                Ok(sums)
            }
        }
    };
}

product!(
    /// Products with an int8 matrix B in the adapter's memory.
    GpuIntegerProduct, i8, i32
);
product!(
    /// Products with an f32 matrix B in the adapter's memory.
    GpuFloatProduct, f32, f32
);
