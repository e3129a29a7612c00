//! Adit's kernels for graphics adapters, on wgpu, native and in browsers.
//!
//! The product of 8-bit integers, `i8 (m x k) * i8 (k x n) -> i32 (m x n)`, is exact on every adapter; that of f32 has
//! a rounding error. Opening a [`GpuDevice`] tests and races the forms of its kernels. The caller packs the shared
//! operand once with [`GpuDevice::pack`] and keeps it. Rows are then multiplied with it in one call
//! ([`GpuDevice::multiply`]) or slice by slice ([`GpuDevice::start`], [`Product::step`]), so that a lane can sleep or
//! stop between slices; dropping a [`Product`] stops it.
//!
//! ```no_run
//! # async fn example() -> Result<(), adit_gpu::GpuError> {
//! let device = adit_gpu::GpuDevice::open().await?;
//! let weights = device.pack(&[1i8, 2, 3, 4, 5, 6], 2, 3)?;
//! let mut sums = Vec::new();
//! device.multiply(&[7, 8], 1, &weights, &mut sums).await?;
//! assert_eq!(sums, [39, 54, 69]);
//! # Ok(())
//! # }
//! ```

mod context;
mod desktop;
mod device;
mod element;
mod engine;
mod error;
mod fault;
mod hashing;
mod kernel;
mod layout;
mod operand;
mod pace;
mod pass;
mod product;
mod shape;

pub use desktop::without_desktop;
pub use device::{AdapterChoice, AdapterFacts, GpuDevice};
pub use element::Element;
pub use engine::Graphics;
pub use error::GpuError;
pub use kernel::{Dot, Family, Kernel, Kernels, Numbers, UnknownKernel};
pub use operand::PackedOperand;
pub use product::{Product, Progress};
