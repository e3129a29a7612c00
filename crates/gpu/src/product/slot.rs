//! The buffers of a slice, and the dispatch that computes it.

use wgpu::BufferUsages as Usage;

use super::Pipeline;
use super::cut::{Cut, Extent};
use crate::context::Context;
use crate::error::GpuError;

/// The buffers of one slice, made once for the largest cut of a product.
#[derive(Debug)]
pub(crate) struct Slot {
    cut: wgpu::Buffer,
    rows: wgpu::Buffer,
    sums: wgpu::Buffer,
    pub(super) staging: wgpu::Buffer,
    bound: wgpu::BindGroup,
}

impl Slot {
    /// Buffers for the packed operand `right` and for cuts up to these sizes of rows and sums.
    pub(crate) fn new(
        context: &Context,
        pipeline: &Pipeline,
        right: &wgpu::Buffer,
        (row_bytes, sum_bytes): (u64, u64),
    ) -> Result<Slot, GpuError> {
        let cut = context.buffer("cut", 32, Usage::UNIFORM | Usage::COPY_DST)?;
        let rows = context.buffer("rows", row_bytes, Usage::STORAGE | Usage::COPY_DST)?;
        let sums = context.buffer("sums", sum_bytes, Usage::STORAGE | Usage::COPY_SRC)?;
        let staging = context.buffer("staging", sum_bytes, Usage::MAP_READ | Usage::COPY_DST)?;
        let bound = context.bind(&pipeline.compute, &cut, &[&rows, right, &sums]);
        Ok(Slot { cut, rows, sums, staging, bound })
    }

    /// Uploads the packed rows of a cut, computes it, and copies its sums to a buffer that the host can map.
    pub(super) fn launch(
        &self,
        context: &Context,
        pipeline: &Pipeline,
        extent: Extent,
        cut: Cut,
        rows: &[u8],
    ) -> wgpu::SubmissionIndex {
        context.queue.write_buffer(&self.rows, 0, rows);
        self.compute(context, pipeline, extent, cut, 1, extent.sum_bytes(cut))
    }

    /// Computes a cut of the uploaded rows `times` times, and copies the first bytes of its sums.
    fn compute(
        &self,
        context: &Context,
        pipeline: &Pipeline,
        extent: Extent,
        cut: Cut,
        times: u32,
        bytes: u64,
    ) -> wgpu::SubmissionIndex {
        context.queue.write_buffer(&self.cut, 0, &extent.uniform(cut));
        let mut encoder = context.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(&pipeline.compute);
            pass.set_bind_group(0, &self.bound, &[]);
            let [x, y] = extent.workgroups(cut);
            (0..times).for_each(|_| pass.dispatch_workgroups(x, y, 1));
        }
        encoder.copy_buffer_to_buffer(&self.sums, 0, &self.staging, 0, bytes);
        context.queue.submit([encoder.finish()])
    }

    /// Computes a cut `times` times and waits for it.
    pub(crate) async fn repeat(
        &self,
        context: &Context,
        pipeline: &Pipeline,
        extent: Extent,
        cut: Cut,
        times: u32,
    ) -> Result<(), GpuError> {
        const LEAST: u64 = 16;
        let index = self.compute(context, pipeline, extent, cut, times, LEAST);
        context.mapped(index, context.map(&self.staging, LEAST)).await?;
        context.read(&self.staging, LEAST, |_| ())
    }
}
