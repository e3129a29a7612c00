use futures::channel::oneshot;
use web_time::Instant;

use crate::device::GpuDevice;
use crate::error::GpuError;
use crate::operand::PackedOperand;
use crate::{layout, shape};

mod cut;
mod slot;

use cut::{Cut, Cuts, Extent};
use slot::Slot;

/// Slices on the device at once: one is computed while the host packs or reads the other.
const SLOTS: usize = 2;

/// How far a product has come, in multiply-adds, padding included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Done so far.
    pub done: u64,
    /// All there is to do.
    pub total: u64,
}

impl Progress {
    /// Whether the output is whole.
    pub fn is_done(&self) -> bool {
        self.done == self.total
    }
}

/// A product under way. It holds handles, not borrows, and computes nothing between two steps. Stop is drop.
#[derive(Debug)]
pub struct Product<A> {
    device: GpuDevice,
    a: A,
    b: PackedOperand,
    cuts: Cuts,
    slots: Vec<Slot>,
    rows: Vec<u8>,
    sums: Vec<i32>,
    progress: Progress,
}

impl GpuDevice {
    /// Rows `a` (`m x k` row-major) times the packed operand: appends `m x n` i32, row-major, to `out`. The work is cut
    /// into slices that stay under 100 ms and within the device's limits. On an error `out` is as it was.
    ///
    /// Errors: [`GpuError::Shape`], [`GpuError::TooLarge`], [`GpuError::Device`], [`GpuError::Lost`].
    pub async fn multiply(&self, a: &[i8], m: u32, b: &PackedOperand, out: &mut Vec<i32>) -> Result<(), GpuError> {
        let mut product = self.start(a, m, b)?;
        while !product.step().await?.is_done() {}
        let mut sums = product.sums;
        if out.is_empty() {
            *out = sums;
        } else {
            out.append(&mut sums);
        }
        Ok(())
    }

    /// Starts a product of rows `a` (`m x k` row-major) with the packed operand, to be computed step by step. Nothing
    /// is computed yet.
    ///
    /// Errors: [`GpuError::Shape`] and [`GpuError::TooLarge`].
    pub fn start<A: AsRef<[i8]>>(&self, a: A, m: u32, b: &PackedOperand) -> Result<Product<A>, GpuError> {
        shape::check("a", a.as_ref(), m, b.k)?;
        let sums = zeros(u64::from(m) * u64::from(b.n))?;
        let cuts = Cuts::new(Extent::of(self.kernel(), m, b.k, b.n), self.max_bytes());
        let progress = Progress { done: 0, total: cuts.work() };
        Ok(Product { device: self.clone(), a, b: b.clone(), cuts, slots: Vec::new(), rows: Vec::new(), sums, progress })
    }
}

impl<A: AsRef<[i8]>> Product<A> {
    /// Computes the next slice, about 50 ms of work; when it returns, nothing runs on the device any more. A product
    /// without work (m, k or n is 0) is done before its first step.
    ///
    /// If an error is returned, or the future is dropped before it ends, the product cannot go on: drop it.
    pub async fn step(&mut self) -> Result<Progress, GpuError> {
        self.device.check()?;
        let started = Instant::now();
        let mut under_way = Vec::with_capacity(SLOTS);
        for slot in 0..SLOTS {
            let budget = self.device.pace().get().budget() / SLOTS as u64;
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
        let mut pace = self.device.pace().get();
        pace.observe(work, started.elapsed().as_secs_f64() * 1e3);
        self.device.pace().set(pace);
        Ok(self.progress)
    }

    /// How far it has come.
    pub fn progress(&self) -> Progress {
        self.progress
    }

    /// The sums, `m x n` row-major, once it is done; `None` before.
    pub fn into_sums(self) -> Option<Vec<i32>> {
        self.progress.is_done().then_some(self.sums)
    }

    fn launch(&mut self, slot: usize, cut: Cut) -> Result<Landing, GpuError> {
        if self.slots.len() == slot {
            self.slots.push(Slot::new(&self.device, &self.b, &self.cuts)?);
        }
        let (tiles, words) = (cut.tiles(), cut.words());
        let rows = self.device.kernel().rows as usize;
        layout::pack_rows(self.a.as_ref(), self.b.k as usize, rows, tiles, words, &mut self.rows);
        let slot = &self.slots[slot];
        let index = slot.launch(&self.device, self.cuts.extent(), cut, &self.rows);
        Ok(Landing { index, mapped: slot.map(self.cuts.extent().sum_bytes(cut)) })
    }

    async fn land(&mut self, slot: usize, cut: Cut, landing: Landing) -> Result<(), GpuError> {
        self.device.mapped(landing.index, landing.mapped).await?;
        let extent = self.cuts.extent();
        let n = self.b.n as usize;
        let (row, col) = extent.corner(cut);
        let width = extent.width(cut).min(n - col);
        let out = &mut self.sums[row * n + col..];
        self.slots[slot]
            .read(extent.sum_bytes(cut), |packed| layout::add_rows(packed, extent.width(cut), out, n, width))
    }
}

/// A slice on the device.
struct Landing {
    index: wgpu::SubmissionIndex,
    mapped: oneshot::Receiver<Result<(), wgpu::BufferAsyncError>>,
}

fn zeros(entries: u64) -> Result<Vec<i32>, GpuError> {
    let too_large = GpuError::TooLarge { what: "product", bytes: entries.saturating_mul(4), limit: isize::MAX as u64 };
    let mut sums = Vec::new();
    let Ok(len) = usize::try_from(entries) else { return Err(too_large) };
    sums.try_reserve_exact(len).map_err(|_| too_large)?;
    sums.resize(len, 0);
    Ok(sums)
}
