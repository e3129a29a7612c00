use futures::channel::oneshot;
use wgpu::BufferUsages as Usage;

use super::cut::{Cut, Cuts, Extent};
use crate::device::GpuDevice;
use crate::error::GpuError;
use crate::operand::PackedOperand;

/// Buffers of one slice, made once for the largest cut of a product.
#[derive(Debug)]
pub(super) struct Slot {
    cut: wgpu::Buffer,
    rows: wgpu::Buffer,
    sums: wgpu::Buffer,
    staging: wgpu::Buffer,
    bound: wgpu::BindGroup,
}

impl Slot {
    pub(super) fn new(device: &GpuDevice, b: &PackedOperand, cuts: &Cuts) -> Result<Slot, GpuError> {
        let (row_bytes, sum_bytes) = cuts.max_bytes();
        let cut = device.buffer("cut", 32, Usage::UNIFORM | Usage::COPY_DST)?;
        let rows = device.buffer("rows", row_bytes, Usage::STORAGE | Usage::COPY_DST)?;
        let sums = device.buffer("sums", sum_bytes, Usage::STORAGE | Usage::COPY_SRC)?;
        let staging = device.buffer("staging", sum_bytes, Usage::MAP_READ | Usage::COPY_DST)?;
        let bound = device.pipeline().bind(device.device(), [&cut, &rows, &b.buffer, &sums]);
        Ok(Slot { cut, rows, sums, staging, bound })
    }

    /// Uploads the packed rows of a cut, computes it and copies its sums to where the host can map them.
    pub(super) fn launch(&self, device: &GpuDevice, extent: Extent, cut: Cut, rows: &[u8]) -> wgpu::SubmissionIndex {
        let words = [cut.first_strip, cut.strips, cut.tiles, extent.cols, cut.first_word, cut.words, extent.words];
        let words: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        device.queue().write_buffer(&self.cut, 0, &words);
        device.queue().write_buffer(&self.rows, 0, rows);
        let mut encoder = device.device().create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(&device.pipeline().compute);
            pass.set_bind_group(0, &self.bound, &[]);
            pass.dispatch_workgroups(cut.strips, cut.tiles.div_ceil(extent.kernel.groups), 1);
        }
        encoder.copy_buffer_to_buffer(&self.sums, 0, &self.staging, 0, extent.sum_bytes(cut));
        device.queue().submit([encoder.finish()])
    }

    /// Asks for the first `bytes` of the staging buffer.
    pub(super) fn map(&self, bytes: u64) -> oneshot::Receiver<Result<(), wgpu::BufferAsyncError>> {
        let (answer, mapped) = oneshot::channel();
        self.staging.slice(..bytes).map_async(wgpu::MapMode::Read, move |result| {
            // Nobody listens any more when the product was dropped.
            let _ = answer.send(result);
        });
        mapped
    }

    /// Hands the mapped sums to `take` and frees the buffer for the next slice.
    pub(super) fn read(&self, bytes: u64, take: impl FnOnce(&[u8])) -> Result<(), GpuError> {
        let view =
            self.staging.slice(..bytes).get_mapped_range().map_err(|error| GpuError::Device(error.to_string()))?;
        take(&view);
        drop(view);
        self.staging.unmap();
        Ok(())
    }
}
