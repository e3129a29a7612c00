//! A unit's rows through all its layers without coming back to the host: only the sums are read, while the next part is
//! computed.

use std::cell::RefCell;

use adit_core::kernel::PreparedLayer;
use adit_core::kernel::gradient::Tensor;
use adit_core::kernel::pass::Pass;

use crate::context::{Context, Mapped};
use crate::device::GpuDevice;
use crate::error::GpuError;
use crate::kernel::Numbers;
use crate::operand::PackedOperand;

mod plan;

use plan::{Plan, Step};

/// A pass goes through the device in so many parts: the sums of one are read while the next is computed. More parts hide
/// more of the reading and cost more dispatches; `examples/passes.rs` shows how much.
const PARTS: usize = 2;
/// Parts on the device at once.
const SLOTS: usize = 2;

/// What passes need beside the product, and the plan of the last model.
#[derive(Debug)]
pub(crate) struct Passes {
    follow: wgpu::ComputePipeline,
    gather: wgpu::ComputePipeline,
    plan: RefCell<Option<Plan>>,
}

type Layer = PreparedLayer<PackedOperand<i8>>;

impl Passes {
    pub(crate) async fn compile(context: &Context) -> Result<Passes, GpuError> {
        let text = include_str!("pass/small.wgsl");
        let follow = context.pipeline("follow", text, "follow").await?;
        let gather = context.pipeline("gather", text, "gather").await?;
        Ok(Passes { follow, gather, plan: RefCell::new(None) })
    }
}

impl GpuDevice {
    /// Whether rows go through these layers in one pass: where there are several products, none too much for the device or
    /// for a slice.
    pub fn passes(&self, layers: &[PreparedLayer<PackedOperand<i8>>]) -> bool {
        let least = self.pipeline(Numbers::Integers).kernel.height();
        let work: u64 = layers.iter().map(|layer| layer.k as u64 * layer.n as u64).sum();
        let gradient = layers.last().is_some_and(|layer| layer.requant.is_some());
        (gradient || layers.len() > 1)
            && self.rows_per_slice(3 * work) >= least as usize
            && Plan::fits(self, layers, gradient, least)
    }

    /// Computes all products of a pass.
    ///
    /// Errors: [`GpuError::TooLarge`], [`GpuError::Device`], [`GpuError::Lost`].
    pub async fn pass(&self, pass: Pass<'_, PackedOperand<i8>>) -> Result<(), GpuError> {
        self.pass_in_parts(pass, PARTS).await
    }

    /// The same in so many parts, for measurements: with one, nothing hides that its sums are read.
    ///
    /// Errors: see [`GpuDevice::pass`].
    pub async fn pass_in_parts(&self, mut pass: Pass<'_, PackedOperand<i8>>, parts: usize) -> Result<(), GpuError> {
        self.context().check()?;
        let height = self.pipeline(Numbers::Integers).kernel.height() as usize;
        let mut most_rows = pass.rows.div_ceil(parts).next_multiple_of(height).min(plan::MOST_ROWS);
        while most_rows > height && !Plan::fits(self, pass.layers, pass.is_gradient(), most_rows as u32) {
            most_rows = (most_rows / 2).next_multiple_of(height);
        }
        // Two passes of a device are never under way at once: its lane owns it.
        let kept = self.small().plan.take().filter(|plan| plan.serves(pass.layers, most_rows as u32));
        let plan = match kept {
            Some(plan) => plan,
            None => Plan::new(self, &pass, most_rows as u32)?,
        };
        let mut under_way = std::collections::VecDeque::new();
        for (part, first) in (0..pass.rows).step_by(most_rows).enumerate() {
            if under_way.len() == SLOTS {
                self.land(&plan, under_way.pop_front(), &mut pass).await?;
            }
            let rows = most_rows.min(pass.rows - first);
            under_way.push_back(self.launch(&plan, part % SLOTS, &pass, first, rows)?);
        }
        while !under_way.is_empty() {
            self.land(&plan, under_way.pop_front(), &mut pass).await?;
        }
        self.small().plan.replace(Some(plan));
        Ok(())
    }
}

/// A part on the device.
struct Landing {
    slot: usize,
    first: usize,
    rows: usize,
    bytes: u64,
    index: wgpu::SubmissionIndex,
    mapped: Mapped,
}

impl GpuDevice {
    /// Uploads `rows` rows from `first` on and computes them.
    fn launch(
        &self,
        plan: &Plan,
        slot: usize,
        pass: &Pass<'_, PackedOperand<i8>>,
        first: usize,
        rows: usize,
    ) -> Result<Landing, GpuError> {
        let (context, buffers) = (self.context(), &plan.slots[slot]);
        let part = |values: &'_ [i8]| -> Vec<u8> {
            let width = values.len() / pass.rows;
            plan::words_of_rows(&values[first * width..][..rows * width], width)
        };
        context.queue.write_buffer(&buffers.values[0], 0, &part(pass.input));
        if pass.is_gradient() {
            context.queue.write_buffer(&buffers.values[plan::targets(pass.layers)], 0, &part(pass.targets));
        }
        context.queue.write_buffer(&buffers.uniforms, 0, &plan.uniforms(rows as u32));
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
        let index = context.queue.submit([encoder.finish()]);
        Ok(Landing { slot, first, rows, bytes, index, mapped: context.map(&buffers.staging, bytes) })
    }

    /// Waits for a part and hands its sums over.
    async fn land(
        &self,
        plan: &Plan,
        landing: Option<Landing>,
        pass: &mut Pass<'_, PackedOperand<i8>>,
    ) -> Result<(), GpuError> {
        let Some(Landing { slot, first, rows, bytes, index, mapped }) = landing else { return Ok(()) };
        self.context().mapped(index, mapped).await?;
        self.context().read(&plan.slots[slot].staging, bytes, |mut sums| {
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
        })
    }
}
