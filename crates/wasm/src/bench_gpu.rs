//! The graphics adapter's part of the package `bench`.

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
            /// Opens the adapter and takes row-major `b`, k × n, there.
            pub async fn open(b: Vec<$element>, k: usize, n: usize) -> Result<$name, JsError> {
                let device = GpuDevice::open().await?;
                let b = device.pack(&b, k as u32, n as u32)?;
                Ok($name { device, b, k })
            }

            /// Row-major `a` times B: taken there, multiplied, brought back.
            pub async fn multiply(&self, a: Vec<$element>) -> Result<Vec<$sum>, JsError> {
                let mut sums = Vec::new();
                self.device.multiply(&a, (a.len() / self.k) as u32, &self.b, &mut sums).await?;
                Ok(sums)
            }
        }
    };
}

product!(
    /// Products with one B of int8 that lies on the adapter.
    GpuIntegerProduct, i8, i32
);
product!(
    /// The same of f32.
    GpuFloatProduct, f32, f32
);
