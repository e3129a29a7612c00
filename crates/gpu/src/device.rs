use std::cell::Cell;
use std::rc::Rc;
#[cfg(not(target_arch = "wasm32"))]
use std::time::Duration;

use futures::channel::oneshot;
use web_time::Instant;

use crate::error::GpuError;
use crate::kernel::Kernel;
use crate::pace::Pace;

mod adapter;
mod fault;
pub(crate) mod pipeline;
mod self_test;

pub use adapter::{AdapterChoice, AdapterFacts};
use fault::Fault;
use pipeline::Pipeline;

/// How to open a device.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Which adapters will do.
    pub adapters: AdapterChoice,
    /// The form of the kernel, for measurements; `None` takes the best one that the adapter passes.
    pub kernel: Option<Kernel>,
}

/// A GPU that has computed a small product rightly. A cheap handle: clones share one device. It belongs to one thread.
///
/// Natively every wait blocks the calling thread; in browsers it yields to the event loop.
#[derive(Debug, Clone)]
pub struct GpuDevice(Rc<Shared>);

#[derive(Debug)]
struct Shared {
    facts: AdapterFacts,
    device: wgpu::Device,
    queue: wgpu::Queue,
    pipeline: Pipeline,
    fault: Fault,
    pace: Cell<Pace>,
}

impl GpuDevice {
    /// Opens the best adapter there is, a software one if there is no other.
    ///
    /// Errors: see [`GpuDevice::open_with`].
    pub async fn open() -> Result<GpuDevice, GpuError> {
        GpuDevice::open_with(Options::default()).await
    }

    /// Opens an adapter, compiles the kernel and tests it.
    ///
    /// Errors: [`GpuError::NoAdapter`], [`GpuError::Device`] if the driver refuses, [`GpuError::Wrong`] if it computes
    /// wrong products.
    pub async fn open_with(options: Options) -> Result<GpuDevice, GpuError> {
        let (instance, adapter) = adapter::find(options.adapters).await?;
        let facts = adapter::facts(&adapter);
        let (device, queue) = adapter::device(&adapter).await?;
        let fault = Fault::watch(&device);
        let packed = wgpu::WgslLanguageFeatures::Packed4x8IntegerDotProduct;
        let packed = instance.wgsl_language_features().contains(packed);
        let kernels = match options.kernel {
            Some(kernel) if kernel.is_sound() => vec![kernel],
            Some(kernel) => return Err(GpuError::Device(format!("no such form: {kernel:?}"))),
            None => Kernel::candidates(facts.software, packed),
        };
        let mut refused = GpuError::Wrong(facts.name.clone());
        for kernel in kernels {
            match prove(&facts, &device, &queue, &fault, kernel).await {
                Err(lost @ GpuError::Lost(_)) => return Err(lost),
                Err(error) => refused = error,
                proved => return proved,
            }
        }
        Err(refused)
    }

    /// What the adapter says of itself.
    pub fn facts(&self) -> &AdapterFacts {
        &self.0.facts
    }

    /// The form of the kernel in use.
    pub fn kernel(&self) -> Kernel {
        self.0.pipeline.kernel
    }

    /// Rows of a unit that take about one slice at the speed lately seen, if a row takes `work_per_row` multiply-adds.
    pub fn rows_per_slice(&self, work_per_row: u64) -> usize {
        let rows = self.pace().get().budget() / work_per_row.max(1);
        usize::try_from(rows).unwrap_or(usize::MAX).max(1)
    }

    /// Gives the device up at once. What is under way on any of its handles ends with [`GpuError::Lost`].
    pub fn close(&self) {
        self.0.device.destroy();
        self.call_back();
    }

    pub(crate) fn queue(&self) -> &wgpu::Queue {
        &self.0.queue
    }

    pub(crate) fn device(&self) -> &wgpu::Device {
        &self.0.device
    }

    pub(crate) fn pipeline(&self) -> &Pipeline {
        &self.0.pipeline
    }

    pub(crate) fn pace(&self) -> &Cell<Pace> {
        &self.0.pace
    }

    /// The fault that the driver has reported since the last check, if any.
    pub(crate) fn check(&self) -> Result<(), GpuError> {
        self.0.fault.check()
    }

    /// The largest buffer that a kernel may read.
    pub(crate) fn max_bytes(&self) -> u64 {
        let limits = self.0.device.limits();
        limits.max_storage_buffer_binding_size.min(limits.max_buffer_size)
    }

    /// A buffer of `bytes` (at least one vector of four words), if the device's limits allow it.
    pub(crate) fn buffer(
        &self,
        what: &'static str,
        bytes: u64,
        usage: wgpu::BufferUsages,
    ) -> Result<wgpu::Buffer, GpuError> {
        let limit = self.max_bytes();
        if bytes > limit {
            return Err(GpuError::TooLarge { what, bytes, limit });
        }
        let size = bytes.max(16);
        Ok(self.0.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(what),
            size,
            usage,
            mapped_at_creation: false,
        }))
    }

    /// Waits until `staging` is mapped, which follows submission `index`.
    pub(crate) async fn mapped(
        &self,
        index: wgpu::SubmissionIndex,
        mapped: oneshot::Receiver<Result<(), wgpu::BufferAsyncError>>,
    ) -> Result<(), GpuError> {
        self.wait(index)?;
        let answer = mapped.await;
        self.check()?;
        match answer {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(GpuError::Device(error.to_string())),
            Err(oneshot::Canceled) => Err(GpuError::Lost("the driver dropped a result".into())),
        }
    }

    /// Browsers call back by themselves.
    #[cfg(target_arch = "wasm32")]
    fn wait(&self, _: wgpu::SubmissionIndex) -> Result<(), GpuError> {
        Ok(())
    }

    #[cfg(target_arch = "wasm32")]
    fn call_back(&self) {}

    /// Native drivers have to be waited for.
    #[cfg(not(target_arch = "wasm32"))]
    fn wait(&self, index: wgpu::SubmissionIndex) -> Result<(), GpuError> {
        /// A driver that takes this long for one slice is hung.
        const HUNG: Duration = Duration::from_secs(60);
        if self.poll(wgpu::PollType::Wait { submission_index: Some(index), timeout: Some(HUNG) }) {
            return self.check();
        }
        self.call_back();
        self.check()?;
        Err(GpuError::Lost("the driver does not answer".into()))
    }

    /// Lets the driver report a loss, which it does only when polled.
    #[cfg(not(target_arch = "wasm32"))]
    fn call_back(&self) {
        self.poll(wgpu::PollType::Poll);
    }

    /// Whether the driver answered. wgpu panics when a driver reports the device as lost while it is waited for.
    #[cfg(not(target_arch = "wasm32"))]
    fn poll(&self, how: wgpu::PollType) -> bool {
        let poll = std::panic::AssertUnwindSafe(|| self.0.device.poll(how));
        matches!(std::panic::catch_unwind(poll), Ok(Ok(_)))
    }
}

/// Compiles one form of the kernel and tests it.
async fn prove(
    facts: &AdapterFacts,
    device: &wgpu::Device,
    queue: &wgpu::Queue,
    fault: &Fault,
    kernel: Kernel,
) -> Result<GpuDevice, GpuError> {
    let shared = Shared {
        facts: facts.clone(),
        device: device.clone(),
        queue: queue.clone(),
        pipeline: Pipeline::new(device, kernel).await?,
        fault: fault.clone(),
        pace: Cell::new(Pace::new(0.0)),
    };
    let opened = GpuDevice(Rc::new(shared));
    // Drivers compile at the first use: only the second run shows how long the smallest slice takes.
    self_test::run(&opened).await?;
    let started = Instant::now();
    self_test::run(&opened).await?;
    opened.pace().set(Pace::new(started.elapsed().as_secs_f64() * 1e3));
    Ok(opened)
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
        let bytes = device.max_bytes() + 4;
        let refused = device.buffer("rows", bytes, wgpu::BufferUsages::STORAGE).map(|_| ());
        assert_eq!(refused, Err(GpuError::TooLarge { what: "rows", bytes, limit: bytes - 4 }));
    }
}
