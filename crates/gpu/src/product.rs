//! A product on the device, computed slice by slice.

use std::cell::Cell;
use std::rc::Rc;

use web_time::Instant;

use crate::context::{Context, Mapped};
use crate::element::Element;
use crate::error::GpuError;
use crate::kernel::Kernel;
use crate::operand::PackedOperand;
use crate::pace::Pace;
use crate::{layout, shape};

pub(crate) mod cut;
mod slot;

use cut::{Cut, Cuts, Extent};
pub(crate) use slot::Slot;

/// Slices in flight: the device computes one while the host packs or reads the other.
const SLOTS: usize = 2;

/// A compiled form of the product, and its pace. Bindings: 0 the cut (uniform), 1 rows, 2 packed operand, 3 sums.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub(crate) kernel: Kernel,
    pub(crate) compute: wgpu::ComputePipeline,
    pub(crate) pace: Cell<Pace>,
}

impl Pipeline {
    pub(crate) async fn compile(context: &Context, kernel: Kernel) -> Result<Pipeline, GpuError> {
        let compute = context.pipeline("product", &kernel.wgsl(), "main").await?;
        Ok(Pipeline { kernel, compute, pace: Cell::new(Pace::new(0.0)) })
    }
}

/// A product's progress in multiply-adds, padding included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Done so far.
    pub done: u64,
    /// The whole work.
    pub total: u64,
}

impl Progress {
    /// Whether the output is complete.
    pub fn is_done(&self) -> bool {
        self.done == self.total
    }
}

/// A product in progress. It holds handles, not borrows, computes only within steps, and stops when dropped.
#[derive(Debug)]
pub struct Product<T: Element, A> {
    context: Context,
    pipeline: Rc<Pipeline>,
    a: A,
    b: PackedOperand<T>,
    cuts: Cuts,
    slots: Vec<Slot>,
    rows: Vec<u8>,
    sums: Vec<T::Sum>,
    progress: Progress,
}

impl<T: Element, A: AsRef<[T]>> Product<T, A> {
    /// Prepares rows `a` times `b`, which is packed for this pipeline.
    pub(crate) fn start(
        context: &Context,
        pipeline: &Rc<Pipeline>,
        a: A,
        m: u32,
        b: &PackedOperand<T>,
    ) -> Result<Self, GpuError> {
        shape::check("a", a.as_ref(), m, b.k)?;
        let sums = zeros(u64::from(m) * u64::from(b.n))?;
        let cuts = Cuts::new(Extent::of(pipeline.kernel, m, b.k, b.n), context.max_bytes());
        let progress = Progress { done: 0, total: cuts.work() };
        let (context, pipeline, b) = (context.clone(), pipeline.clone(), b.clone());
        Ok(Product { context, pipeline, a, b, cuts, slots: Vec::new(), rows: Vec::new(), sums, progress })
    }

    /// Computes the next slice, about 50 ms of work. When it returns, the device is idle. A product without work (m, k
    /// or n is 0) is done before its first step.
    ///
    /// After an error, or if the future is dropped before it completes, the product is unusable and must be dropped.
    pub async fn step(&mut self) -> Result<Progress, GpuError> {
        self.context.check()?;
        let started = Instant::now();
        let mut under_way = Vec::with_capacity(SLOTS);
        for slot in 0..SLOTS {
            let budget = self.pipeline.pace.get().budget() / SLOTS as u64;
            let Some(cut) = self.cuts.next(budget) else { break };
            under_way.push((cut, self.launch(slot, cut)?));
        }
        if under_way.is_empty() {
            let abandoned = || GpuError::Device("an earlier slice of this product was abandoned".into());
            return if self.progress.is_done() { Ok(self.progress) } else { Err(abandoned()) };
        }
        let mut work = 0;
        for (slot, (cut, landing)) in under_way.into_iter().enumerate() {
            self.land(slot, cut, landing).await?;
            work += self.cuts.extent().work_of(cut);
        }
        self.progress.done += work;
        let mut pace = self.pipeline.pace.get();
        pace.observe(work, started.elapsed().as_secs_f64() * 1e3);
        self.pipeline.pace.set(pace);
        Ok(self.progress)
    }

    /// The progress so far.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// The sums, `m x n` row-major; `None` if the product is not done.
    pub fn into_sums(self) -> Option<Vec<T::Sum>> {
        self.progress.is_done().then_some(self.sums)
    }

    /// Computes the rest and appends the sums to `out`.
    pub(crate) async fn finish(mut self, out: &mut Vec<T::Sum>) -> Result<(), GpuError> {
        while !self.progress.is_done() {
            self.step().await?;
        }
        if out.is_empty() {
            *out = self.sums;
        } else {
            out.append(&mut self.sums);
        }
        Ok(())
    }

    fn launch(&mut self, slot: usize, cut: Cut) -> Result<Landing, GpuError> {
        if self.slots.len() == slot {
            self.slots.push(Slot::new(&self.context, &self.pipeline, &self.b.buffer, self.cuts.max_bytes())?);
        }
        let (tiles, words) = (cut.tiles(), cut.words());
        let height = self.pipeline.kernel.height() as usize;
        layout::pack_rows(self.a.as_ref(), self.b.k as usize, height, tiles, words, &mut self.rows);
        let (slot, extent) = (&self.slots[slot], self.cuts.extent());
        let index = slot.launch(&self.context, &self.pipeline, extent, cut, &self.rows);
        Ok(Landing { index, mapped: self.context.map(&slot.staging, extent.sum_bytes(cut)) })
    }

    async fn land(&mut self, slot: usize, cut: Cut, landing: Landing) -> Result<(), GpuError> {
        self.context.mapped(landing.index, landing.mapped).await?;
        let extent = self.cuts.extent();
        let n = self.b.n as usize;
        let (row, col) = extent.corner(cut);
        let stride = extent.width_quads(cut) as usize * 4;
        let width = stride.min(n - col);
        let out = &mut self.sums[row * n + col..];
        let take = |packed: &[u8]| layout::add_rows::<T>(packed, stride, out, n, width);
        self.context.read(&self.slots[slot].staging, extent.sum_bytes(cut), take)
    }
}

/// A slice in flight on the device.
struct Landing {
    index: wgpu::SubmissionIndex,
    mapped: Mapped,
}

fn zeros<T: Clone + Default>(entries: u64) -> Result<Vec<T>, GpuError> {
    let too_large = GpuError::TooLarge { what: "product", bytes: entries.saturating_mul(4), limit: isize::MAX as u64 };
    let mut sums = Vec::new();
    let Ok(len) = usize::try_from(entries) else { return Err(too_large) };
    sums.try_reserve_exact(len).map_err(|_| too_large)?;
    sums.resize(len, T::default());
    Ok(sums)
}
