//! A wgpu device and queue, with the operations that kernels need: buffers, pipelines, mapping.

use futures::channel::oneshot;
#[cfg(not(target_arch = "wasm32"))]
use std::time::Duration;

use crate::error::GpuError;
use crate::fault::Fault;

/// Resolves when a buffer is mapped.
pub(crate) type Mapped = oneshot::Receiver<Result<(), wgpu::BufferAsyncError>>;

/// A device, its queue, and the faults that its driver has reported. Cheap to clone.
///
/// Waits block the calling thread natively, and yield to the event loop in browsers.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    fault: Fault,
}

impl Context {
    pub(crate) fn new(device: wgpu::Device, queue: wgpu::Queue) -> Context {
        let fault = Fault::watch(&device);
        Context { device, queue, fault }
    }

    /// Closes the device. Work in progress ends with [`GpuError::Lost`].
    pub(crate) fn close(&self) {
        self.device.destroy();
        self.call_back();
    }

    /// Fails with the fault that the driver has reported since the last check.
    pub(crate) fn check(&self) -> Result<(), GpuError> {
        self.fault.check()
    }

    /// The size of the largest buffer that a kernel may read.
    pub(crate) fn max_bytes(&self) -> u64 {
        let limits = self.device.limits();
        limits.max_storage_buffer_binding_size.min(limits.max_buffer_size)
    }

    /// A buffer of `bytes`, and of four words at least, if the device's limits allow it.
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
        Ok(self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(what),
            size,
            usage,
            mapped_at_creation: false,
        }))
    }

    /// Compiles `wgsl`. If the driver refuses, that is an error, not a fault.
    pub(crate) async fn pipeline(
        &self,
        what: &str,
        wgsl: &str,
        entry: &str,
    ) -> Result<wgpu::ComputePipeline, GpuError> {
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let module = trusted_module(&self.device, what, wgsl);
        let compute = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(what),
            layout: None,
            module: &module,
            entry_point: Some(entry),
            compilation_options: wgpu::PipelineCompilationOptions {
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache: None,
        });
        match scope.pop().await {
            None => Ok(compute),
            Some(error) => Err(GpuError::Device(error.to_string())),
        }
    }

    /// Binds a uniform buffer and other buffers to group 0, in the order of their bindings.
    pub(crate) fn bind(
        &self,
        compute: &wgpu::ComputePipeline,
        uniforms: &wgpu::Buffer,
        buffers: &[&wgpu::Buffer],
    ) -> wgpu::BindGroup {
        self.bind_at(compute, uniforms, 0, buffers)
    }

    /// Binds 32 bytes of uniforms and whole buffers to group 0, in the order of their bindings.
    pub(crate) fn bind_at(
        &self,
        compute: &wgpu::ComputePipeline,
        uniforms: &wgpu::Buffer,
        offset: u64,
        buffers: &[&wgpu::Buffer],
    ) -> wgpu::BindGroup {
        let uniform = wgpu::BufferBinding { buffer: uniforms, offset, size: std::num::NonZeroU64::new(32) };
        let mut entries = vec![wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::Buffer(uniform) }];
        entries.extend(
            (1u32..)
                .zip(buffers)
                .map(|(binding, buffer)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() }),
        );
        let layout = &compute.get_bind_group_layout(0);
        self.device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries })
    }

    /// Requests that the first `bytes` of a staging buffer be mapped.
    pub(crate) fn map(&self, staging: &wgpu::Buffer, bytes: u64) -> Mapped {
        let (answer, mapped) = oneshot::channel();
        staging.slice(..bytes).map_async(wgpu::MapMode::Read, move |result| {
            // The receiver is gone if the work was dropped.
            let _ = answer.send(result);
        });
        mapped
    }

    /// Waits until a buffer is mapped; submission `index` precedes that.
    pub(crate) async fn mapped(&self, index: wgpu::SubmissionIndex, mapped: Mapped) -> Result<(), GpuError> {
        self.wait(index)?;
        let answer = mapped.await;
        self.check()?;
        match answer {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(GpuError::Device(error.to_string())),
            Err(oneshot::Canceled) => Err(GpuError::Lost("the driver dropped a result".into())),
        }
    }

    /// Passes the mapped bytes to `take` and unmaps the buffer.
    pub(crate) fn read(&self, staging: &wgpu::Buffer, bytes: u64, take: impl FnOnce(&[u8])) -> Result<(), GpuError> {
        let view = staging.slice(..bytes).get_mapped_range().map_err(|error| GpuError::Device(error.to_string()))?;
        take(&view);
        drop(view);
        staging.unmap();
        Ok(())
    }

    /// Browsers invoke callbacks on their own.
    #[cfg(target_arch = "wasm32")]
    fn wait(&self, _: wgpu::SubmissionIndex) -> Result<(), GpuError> {
        Ok(())
    }

    #[cfg(target_arch = "wasm32")]
    fn call_back(&self) {}

    /// Native drivers must be polled.
    #[cfg(not(target_arch = "wasm32"))]
    fn wait(&self, index: wgpu::SubmissionIndex) -> Result<(), GpuError> {
        /// A driver that takes this long for one slice hangs.
        const HUNG: Duration = Duration::from_secs(60);
        if self.poll(wgpu::PollType::Wait { submission_index: Some(index), timeout: Some(HUNG) }) {
            return self.check();
        }
        self.call_back();
        self.check()?;
        Err(GpuError::Lost("the driver does not answer".into()))
    }

    /// Polls the driver, because it reports a lost device only then.
    #[cfg(not(target_arch = "wasm32"))]
    fn call_back(&self) {
        self.poll(wgpu::PollType::Poll);
    }

    /// Whether polling succeeded. wgpu panics if the driver loses the device while it is polled.
    #[cfg(not(target_arch = "wasm32"))]
    fn poll(&self, how: wgpu::PollType) -> bool {
        let poll = std::panic::AssertUnwindSafe(|| self.device.poll(how));
        matches!(std::panic::catch_unwind(poll), Ok(Ok(_)))
    }
}

/// Compiles without wgpu's checks of indices and loops, which cost up to a third of the speed. Browsers always check.
#[allow(unsafe_code)]
fn trusted_module(device: &wgpu::Device, what: &str, wgsl: &str) -> wgpu::ShaderModule {
    let text = wgpu::ShaderModuleDescriptor { label: Some(what), source: wgpu::ShaderSource::Wgsl(wgsl.into()) };
    // SAFETY: this crate wrote the shader. Its loops are bounded by counts in the uniform that the host writes. Its
    // indices stay inside the buffers: the host sizes them for everything that the uniform allows, packed operands hold
    // whole strips, and invocations outside return or write nothing.
    unsafe { device.create_shader_module_trusted(text, wgpu::ShaderRuntimeChecks::unchecked()) }
}
