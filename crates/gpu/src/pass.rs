//! Sends a unit's rows through all layers on the device, without going back to the host: only sums are read.

use std::cell::RefCell;

use adit_core::kernel::PackedLayer;
use adit_core::kernel::gradient::Tensor;
use adit_core::kernel::pass::RowPass;

use crate::context::Context;
use crate::device::GpuDevice;
use crate::error::GpuError;
use crate::kernel::Numbers;
use crate::operand::PackedOperand;

mod plan;

use plan::{Plan, Step};

/// The kernels that passes need beside the product, and the plan of the last model.
#[derive(Debug)]
pub(crate) struct Passes {
    follow: wgpu::ComputePipeline,
    gather: wgpu::ComputePipeline,
    plan: RefCell<Option<Plan>>,
}

type Layer = PackedLayer<PackedOperand<i8>>;

impl Passes {
    pub(crate) async fn compile(context: &Context) -> Result<Passes, GpuError> {
        let text = include_str!("pass/small.wgsl");
        let follow = context.pipeline("follow", text, "follow").await?;
        let gather = context.pipeline("gather", text, "gather").await?;
        Ok(Passes { follow, gather, plan: RefCell::new(None) })
    }
}

impl GpuDevice {
    /// Whether rows go through these layers in one pass: if there are several products, and each fits the device and a
    /// slice.
    pub fn passes(&self, layers: &[PackedLayer<PackedOperand<i8>>]) -> bool {
        let least = self.pipeline(Numbers::Integers).kernel.height();
        let work: u64 = layers.iter().map(|layer| layer.k as u64 * layer.n as u64).sum();
        let gradient = layers.last().is_some_and(|layer| layer.requant.is_some());
        (gradient || layers.len() > 1)
            && self.rows_per_slice(3 * work) >= least as usize
            && Plan::fits(self, layers, gradient, least)
    }

    /// Computes all products of a pass. Reading the sums does not overlap with computing here: the adapter's other lane
    /// computes meanwhile.
    ///
    /// Errors: [`GpuError::TooLarge`], [`GpuError::Device`], [`GpuError::Lost`].
    pub async fn pass(&self, mut pass: RowPass<'_, PackedOperand<i8>>) -> Result<(), GpuError> {
        self.context().check()?;
        let height = self.pipeline(Numbers::Integers).kernel.height() as usize;
        let mut most_rows = pass.rows.next_multiple_of(height).min(plan::MOST_ROWS);
        while most_rows > height && !Plan::fits(self, pass.layers, pass.is_gradient(), most_rows as u32) {
            most_rows = (most_rows / 2).next_multiple_of(height);
        }
        // A device runs one pass at a time, because one lane owns it.
        let kept = self.small().plan.take().filter(|plan| plan.serves(pass.layers, most_rows as u32));
        let plan = match kept {
            Some(plan) => plan,
            None => Plan::new(self, &pass, most_rows as u32)?,
        };
        for first in (0..pass.rows).step_by(most_rows) {
            let rows = most_rows.min(pass.rows - first);
            self.compute(&plan, &mut pass, first, rows).await?;
        }
        self.small().plan.replace(Some(plan));
        Ok(())
    }

    /// Computes `rows` rows, starting at `first`.
    async fn compute(
        &self,
        plan: &Plan,
        pass: &mut RowPass<'_, PackedOperand<i8>>,
        first: usize,
        rows: usize,
    ) -> Result<(), GpuError> {
        self.upload(plan, pass, first, rows);
        let (context, staging) = (self.context(), &plan.buffers.staging);
        let (index, bytes) = self.launch(plan, rows);
        context.mapped(index, context.map(staging, bytes)).await?;
        context.read(staging, bytes, |sums| hand_over(plan, pass, first, rows, sums))
    }

    fn upload(&self, plan: &Plan, pass: &RowPass<'_, PackedOperand<i8>>, first: usize, rows: usize) {
        let (queue, buffers) = (&self.context().queue, &plan.buffers);
        let part = |values: &[i8]| {
            let width = values.len() / pass.rows;
            plan::words_of_rows(&values[first * width..][..rows * width], width)
        };
        queue.write_buffer(&buffers.values[0], 0, &part(pass.input));
        if pass.is_gradient() {
            queue.write_buffer(&buffers.values[plan::targets(pass.layers)], 0, &part(pass.targets));
        }
        queue.write_buffer(&buffers.uniforms, 0, &plan.uniforms(rows as u32));
    }

    /// Starts to compute the uploaded rows, and returns the size of all sums in bytes.
    fn launch(&self, plan: &Plan, rows: usize) -> (wgpu::SubmissionIndex, u64) {
        let (context, buffers) = (self.context(), &plan.buffers);
        let mut encoder = context.device.create_command_encoder(&Default::default());
        let mut bytes = 0;
        for (step, bound) in plan.steps.iter().zip(&buffers.bound) {
            {
                let mut pass = encoder.begin_compute_pass(&Default::default());
                pass.set_pipeline(match step {
                    Step::Gather { .. } => &self.small().gather,
                    Step::Follow { .. } => &self.small().follow,
                    Step::Multiply { .. } => &self.pipeline(Numbers::Integers).compute,
                });
                pass.set_bind_group(0, bound, &[]);
                let [x, y] = plan.workgroups(step, rows as u32);
                pass.dispatch_workgroups(x, y, 1);
            }
            if let Step::Multiply { .. } = step {
                let size = plan.sum_bytes(step, rows as u32);
                encoder.copy_buffer_to_buffer(&buffers.sums, 0, &buffers.staging, bytes, size);
                bytes += size;
            }
        }
        (context.queue.submit([encoder.finish()]), bytes)
    }
}

/// Passes on the sums of all products, one product after the other.
fn hand_over(plan: &Plan, pass: &mut RowPass<'_, PackedOperand<i8>>, first: usize, rows: usize, mut sums: &[u8]) {
    for step in &plan.steps {
        let Step::Multiply { tensor, .. } = *step else { continue };
        let (mine, rest) = sums.split_at(plan.sum_bytes(step, rows as u32) as usize);
        sums = rest;
        let stride = plan.sum_stride(step) * 4;
        let of_rows = !matches!(tensor, Tensor::Weights(_));
        for (row, sums) in mine.chunks_exact(stride).enumerate() {
            let row = if of_rows { first + row } else { row };
            pass.take(tensor, row, sums.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes)));
        }
    }
}
