//! Opens a graphics adapter and computes products on it.

use std::rc::Rc;

use crate::context::Context;
use crate::element::Element;
use crate::error::GpuError;
use crate::hashing::Hashing;
use crate::kernel::{Kernel, Kernels, Numbers};
use crate::operand::PackedOperand;
use crate::pass::Passes;
use crate::product::{Pipeline, Product};

mod adapter;
mod self_test;
mod tune;

pub use adapter::{AdapterChoice, AdapterFacts};

/// A GPU that has passed a self test. Clones share one device, which belongs to one thread.
///
/// Waits block the calling thread natively, and yield to the event loop in browsers.
#[derive(Debug, Clone)]
pub struct GpuDevice(Rc<Shared>);

#[derive(Debug)]
struct Shared {
    facts: AdapterFacts,
    context: Context,
    integers: Rc<Pipeline>,
    floats: Rc<Pipeline>,
    small: Passes,
    hashing: Hashing,
}

impl GpuDevice {
    /// Opens the best adapter, a software one if there is no other. Errors: see [`GpuDevice::open_with`].
    pub async fn open() -> Result<GpuDevice, GpuError> {
        GpuDevice::open_with(AdapterChoice::Any, |_| None).await
    }

    /// Opens an adapter, then compiles, tests and races its kernels, in less than a second. If `remembered` names the
    /// forms that won on this adapter before, they are only tested; if they fail, the race runs again.
    ///
    /// Errors: [`GpuError::NoAdapter`]; [`GpuError::Device`] if the driver refuses; [`GpuError::Wrong`] if it computes
    /// wrong products.
    pub async fn open_with(
        adapters: AdapterChoice,
        remembered: impl FnOnce(&AdapterFacts) -> Option<Kernels>,
    ) -> Result<GpuDevice, GpuError> {
        let (instance, adapter) = adapter::find(adapters).await?;
        let facts = adapter::facts(&adapter);
        let remembered = remembered(&facts);
        let (device, queue) = adapter::device(&adapter).await?;
        let context = Context::new(device, queue);
        let packed = wgpu::WgslLanguageFeatures::Packed4x8IntegerDotProduct;
        let packed = instance.wgsl_language_features().contains(packed);
        let choose = async |numbers, remembered: Option<Kernel>| {
            let candidates = || Kernel::candidates(numbers, facts.software, facts.subgroup, packed);
            tune::choose(&context, numbers, remembered, candidates).await.map(Rc::new).map_err(|error| match error {
                tune::NoKernel::Wrong => GpuError::Wrong(facts.name.clone()),
                tune::NoKernel::Gpu(error) => error,
            })
        };
        let integers = choose(Numbers::Integers, remembered.map(|kernels| kernels.integers)).await?;
        let floats = choose(Numbers::Floats, remembered.map(|kernels| kernels.floats)).await?;
        let (small, hashing) = (Passes::compile(&context).await?, Hashing::compile(&context).await?);
        Ok(GpuDevice(Rc::new(Shared { facts, context, integers, floats, small, hashing })))
    }

    /// What the adapter reports about itself.
    pub fn facts(&self) -> &AdapterFacts {
        &self.0.facts
    }

    /// The forms of the product in use. Callers may remember them for this adapter.
    pub fn kernels(&self) -> Kernels {
        Kernels { integers: self.0.integers.kernel, floats: self.0.floats.kernel }
    }

    /// Uploads `b` (`k x n`, row-major) in the layout that the kernel reads. Keep the result while more rows may come
    /// for it.
    ///
    /// Errors: [`GpuError::Shape`], [`GpuError::KTooLarge`], [`GpuError::TooLarge`].
    pub fn pack<T: Element>(&self, b: &[T], k: u32, n: u32) -> Result<PackedOperand<T>, GpuError> {
        PackedOperand::upload(self.context(), self.pipeline(T::NUMBERS).kernel, b, k, n)
    }

    /// Multiplies rows `a` (`m x k`, row-major) with the packed operand and appends `m x n` sums, row-major, to `out`.
    /// The work is cut into slices under 100 ms and within the device's limits. On an error `out` stays unchanged.
    ///
    /// Errors: [`GpuError::Shape`], [`GpuError::TooLarge`], [`GpuError::Device`], [`GpuError::Lost`].
    pub async fn multiply<T: Element>(
        &self,
        a: &[T],
        m: u32,
        b: &PackedOperand<T>,
        out: &mut Vec<T::Sum>,
    ) -> Result<(), GpuError> {
        self.start(a, m, b)?.finish(out).await
    }

    /// Prepares a product of rows `a` (`m x k`, row-major) with the packed operand. [`Product::step`] computes it.
    ///
    /// Errors: [`GpuError::Shape`] and [`GpuError::TooLarge`].
    pub fn start<T: Element, A: AsRef<[T]>>(
        &self,
        a: A,
        m: u32,
        b: &PackedOperand<T>,
    ) -> Result<Product<T, A>, GpuError> {
        Product::start(self.context(), self.pipeline(T::NUMBERS), a, m, b)
    }

    /// The number of integer rows, of `work_per_row` multiply-adds each, that take about one slice at the recent speed.
    pub fn rows_per_slice(&self, work_per_row: u64) -> usize {
        let rows = self.0.integers.pace.get().budget() / work_per_row.max(1);
        usize::try_from(rows).unwrap_or(usize::MAX).max(1)
    }

    /// Closes the device. Work in progress on any of its clones ends with [`GpuError::Lost`].
    pub fn close(&self) {
        self.context().close();
    }

    pub(crate) fn context(&self) -> &Context {
        &self.0.context
    }

    pub(crate) fn small(&self) -> &Passes {
        &self.0.small
    }

    pub(crate) fn hashing(&self) -> &Hashing {
        &self.0.hashing
    }

    pub(crate) fn pipeline(&self, numbers: Numbers) -> &Rc<Pipeline> {
        match numbers {
            Numbers::Integers => &self.0.integers,
            Numbers::Floats => &self.0.floats,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_over_the_limit_are_refused() {
        let Ok(device) = futures::executor::block_on(GpuDevice::open()) else {
            assert!(std::env::var_os("CI").is_none(), "no Vulkan adapter, and CI must have one");
            eprintln!("skipped: no Vulkan adapter");
            return;
        };
        let bytes = device.context().max_bytes() + 4;
        let refused = device.context().buffer("rows", bytes, wgpu::BufferUsages::STORAGE).map(|_| ());
        assert_eq!(refused, Err(GpuError::TooLarge { what: "rows", bytes, limit: bytes - 4 }));
    }
}
