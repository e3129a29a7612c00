//! Chooses the form of the product for an adapter: the fastest that passes the self test.

use std::time::Duration;

use web_time::Instant;

use super::self_test;
use crate::context::Context;
use crate::error::GpuError;
use crate::kernel::{Kernel, Numbers};
use crate::pace::Pace;
use crate::product::Pipeline;
use crate::product::Slot;
use crate::product::cut::Extent;

/// The time after which no further form is tried. Opening, which chooses twice, then takes less than a second unless
/// compilation is slow.
const BUDGET: Duration = Duration::from_millis(350);
/// The raced product, m × k × n: small enough for software, and repeated until hardware can be timed.
const RACE: (u32, u32, u32) = (128, 256, 512);
/// The least time for which a form is measured.
const LEAST_MS: f64 = 10.0;
/// The most repetitions in one submission.
const MOST_TIMES: u32 = 1 << 12;

/// Why no form is used.
pub(super) enum NoKernel {
    /// Every form computes wrong products.
    Wrong,
    Gpu(GpuError),
}

/// The remembered form if it passes the test, else the fastest candidate.
pub(super) async fn choose(
    context: &Context,
    numbers: Numbers,
    remembered: Option<Kernel>,
    candidates: impl Fn() -> Vec<Kernel>,
) -> Result<Pipeline, NoKernel> {
    if let Some(kernel) = remembered.filter(|kernel| kernel.is_sound() && kernel.dot.numbers() == numbers) {
        match contender(context, kernel).await {
            Err(NoKernel::Gpu(lost @ GpuError::Lost(_))) => return Err(NoKernel::Gpu(lost)),
            Err(_) => {}
            Ok((_, pipeline)) => return Ok(pipeline),
        }
    }
    let started = Instant::now();
    let (mut best, mut refused): (Option<(f64, Pipeline)>, _) = (None, NoKernel::Wrong);
    for kernel in candidates() {
        if best.is_some() && started.elapsed() > BUDGET {
            break;
        }
        match contender(context, kernel).await {
            Err(NoKernel::Gpu(lost @ GpuError::Lost(_))) => return Err(NoKernel::Gpu(lost)),
            Err(error) => refused = error,
            Ok((speed, _)) if best.as_ref().is_some_and(|(best, _)| speed <= *best) => {}
            Ok(faster) => best = Some(faster),
        }
    }
    best.map(|(_, pipeline)| pipeline).ok_or(refused)
}

/// Tests and times a form.
async fn contender(context: &Context, kernel: Kernel) -> Result<(f64, Pipeline), NoKernel> {
    let pipeline = prove(context, kernel).await?;
    let speed = race(context, &pipeline).await.map_err(NoKernel::Gpu)?;
    pipeline.pace.set(pipeline.pace.get().at_speed(speed));
    Ok((speed, pipeline))
}

/// Compiles one form and tests it.
async fn prove(context: &Context, kernel: Kernel) -> Result<Pipeline, NoKernel> {
    let pipeline = std::rc::Rc::new(Pipeline::compile(context, kernel).await.map_err(NoKernel::Gpu)?);
    // Drivers compile at the first use, so only the second run shows how long the smallest slice takes.
    let mut took_ms = 0.0;
    for _ in 0..2 {
        let started = Instant::now();
        if !self_test::passes(context, &pipeline).await.map_err(NoKernel::Gpu)? {
            return Err(NoKernel::Wrong);
        }
        took_ms = started.elapsed().as_secs_f64() * 1e3;
    }
    pipeline.pace.set(Pace::new(took_ms));
    // The tests' products have been dropped, so this is the only handle.
    std::rc::Rc::into_inner(pipeline).ok_or_else(|| NoKernel::Gpu(GpuError::Device("a test was left over".into())))
}

/// Multiply-adds per millisecond, without transfers.
async fn race(context: &Context, pipeline: &Pipeline) -> Result<f64, GpuError> {
    let (m, k, n) = RACE;
    let extent = Extent::of(pipeline.kernel, m, k, n);
    let cut = extent.whole();
    let usage = wgpu::BufferUsages::STORAGE;
    let strips = u64::from(n.div_ceil(pipeline.kernel.strip()));
    let right = u64::from(pipeline.kernel.words(k)) * u64::from(pipeline.kernel.strip()) * strips * 4;
    let right = context.buffer("packed operand", right, usage)?;
    let slot = Slot::new(context, pipeline, &right, (extent.row_bytes(cut), extent.sum_bytes(cut)))?;
    let mut times = 1;
    loop {
        let started = Instant::now();
        slot.repeat(context, pipeline, extent, cut, times).await?;
        let took_ms = started.elapsed().as_secs_f64() * 1e3;
        if took_ms >= LEAST_MS || times >= MOST_TIMES {
            return Ok(extent.work_of(cut) as f64 * f64::from(times) / took_ms.max(1e-3));
        }
        times = (f64::from(times) * (2.0 * LEAST_MS / took_ms.max(0.01)).clamp(2.0, 64.0)) as u32;
    }
}
