//! Adit's kernels for processors: x86, ARM and WebAssembly SIMD, chosen at run time, and a portable fallback.
//!
//! [`Cpu`] multiplies, [`FastFold`] checks, [`Pace`] cuts multiplying into short slices, and [`sha256_each`] hashes
//! many short messages. Integer results have the same bits as the references in `adit-core`; a backend that differs is
//! not used.
//!
//! ```
//! use adit_core::kernel::{Product, matmul_i8};
//! use adit_cpu::Cpu;
//!
//! let (m, k, n) = (5, 70, 20);
//! let a: Vec<i8> = (0..m * k).map(|i| i as i8).collect();
//! let b: Vec<i8> = (0..k * n).map(|i| (i * 7) as i8).collect();
//!
//! let cpu = Cpu::best()?;
//! let packed = cpu.pack(&b, k, n);
//! let mut c = vec![0; m * n];
//! cpu.multiply(&a, m, &packed, &mut c);
//! assert_eq!(c, matmul_i8(&a, &b, m, k, n));
//! # Ok::<(), adit_cpu::CpuError>(())
//! ```

mod backend;
mod blocks;
mod cpu;
mod float;
mod fold;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_feature = "relaxed-simd"))]
mod narrow;
mod pace;
mod packed;
#[cfg(any(test, all(target_arch = "wasm32", target_feature = "simd128")))]
mod race;
mod sha256;
mod strassen;
mod sums;
mod tile;
mod wide;

pub use backend::{Backend, UnknownBackend};
pub use cpu::{Cpu, CpuError};
pub use fold::{FastFold, Held};
pub use pace::Pace;
pub use packed::Packed;
pub use sha256::sha256_each;
