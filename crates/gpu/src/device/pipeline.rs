use std::borrow::Cow;

use crate::error::GpuError;
use crate::kernel::Kernel;

/// A compiled kernel. Bindings of group 0: 0 the cut (uniform), 1 rows, 2 packed operand, 3 sums.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) kernel: Kernel,
    pub(crate) compute: wgpu::ComputePipeline,
}

impl Pipeline {
    /// Compiles the kernel; the driver's refusal is an error, not a fault.
    pub(super) async fn new(device: &wgpu::Device, kernel: Kernel) -> Result<Pipeline, GpuError> {
        let scope = device.push_error_scope(wgpu::ErrorFilter::Validation);
        let module = module(device, &kernel.wgsl());
        let compute = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some("product"),
            layout: None,
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions {
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache: None,
        });
        match scope.pop().await {
            None => Ok(Pipeline { kernel, compute }),
            Some(error) => Err(GpuError::Device(error.to_string())),
        }
    }

    /// Binds the buffers of a slice.
    pub(crate) fn bind(&self, device: &wgpu::Device, buffers: [&wgpu::Buffer; 4]) -> wgpu::BindGroup {
        let entries: Vec<_> = (0u32..)
            .zip(buffers)
            .map(|(binding, buffer)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() })
            .collect();
        device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("product"),
            layout: &self.compute.get_bind_group_layout(0),
            entries: &entries,
        })
    }
}

/// wgpu's own checks of every index and loop cost up to a third of the speed. In browsers they cannot be left out.
#[allow(unsafe_code)]
fn module(device: &wgpu::Device, wgsl: &str) -> wgpu::ShaderModule {
    let text =
        wgpu::ShaderModuleDescriptor { label: Some("product"), source: wgpu::ShaderSource::Wgsl(Cow::Borrowed(wgsl)) };
    // SAFETY: the text is our own and every loop in it is bounded by `cut.words`. Its indices stay inside the buffers:
    // `product::Slot` sizes rows and sums for the whole cut, the packed operand holds every strip whole, and
    // invocations outside the cut return first.
    unsafe { device.create_shader_module_trusted(text, wgpu::ShaderRuntimeChecks::unchecked()) }
}
