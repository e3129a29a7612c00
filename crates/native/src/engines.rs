//! What this machine can multiply with.

use std::time::Instant;

use adit_cpu::Cpu;
use adit_miner::runner::Processor;
use adit_miner::trial::{START_UP_MS, START_UP_SHAPE, work_per_s};
use anyhow::{Context, Result};
use futures::executor::block_on;

#[cfg(feature = "full")]
pub(crate) use graphics::open as open_graphics;

/// A clock for measurements, in milliseconds.
pub(crate) fn clock() -> impl Fn() -> f64 {
    let started = Instant::now();
    move || started.elapsed().as_secs_f64() * 1e3
}

/// Names the processor backend to be used, whatever is the fastest.
pub(crate) const BACKEND: &str = "ADIT_BACKEND";

/// The best processor backend, or the one that [`BACKEND`] names, with what it does a second on one core.
pub(crate) fn open_processor() -> Result<(Processor<Cpu>, f64)> {
    let engine = Processor(processor(std::env::var(BACKEND).ok().as_deref())?);
    let rate = block_on(work_per_s(&engine, START_UP_SHAPE, START_UP_MS, clock()))?;
    Ok((engine, rate))
}

fn processor(asked: Option<&str>) -> Result<Cpu> {
    match asked {
        Some(name) => {
            let backend = name.parse().with_context(|| format!("{BACKEND}={name}"))?;
            Cpu::with(backend).with_context(|| format!("{BACKEND}={name}"))
        }
        None => Cpu::best().context("no processor backend agrees with the start-up vectors"),
    }
}

#[cfg(feature = "full")]
mod graphics {
    use adit_gpu::{AdapterChoice, GpuDevice, GpuError, Options, PackedOperand};
    use adit_miner::runner::{Engine, EngineError};
    use adit_miner::trial::{START_UP_MS, START_UP_SHAPE, first_disagreement, work_per_s};
    use anyhow::{Result, bail};
    use futures::executor::block_on;

    /// A graphics adapter as an engine. It belongs to the thread that opened it.
    pub(crate) struct Graphics(GpuDevice);

    /// Opens an adapter that agrees with the start-up vectors, and measures it.
    pub(crate) fn open(adapters: AdapterChoice) -> Result<(Graphics, f64)> {
        let engine = Graphics(block_on(GpuDevice::open_with(Options { adapters, ..Options::default() }))?);
        if let Some(vector) = block_on(first_disagreement(&engine))? {
            bail!("{} computes vector {vector:?} wrong", engine.name());
        }
        let rate = block_on(work_per_s(&engine, START_UP_SHAPE, START_UP_MS, super::clock()))?;
        Ok((engine, rate))
    }

    impl Graphics {
        /// The adapter's name, and that it is none where it is none.
        pub(crate) fn name(&self) -> String {
            let facts = self.0.facts();
            if facts.software { format!("{} (emulated on the processor)", facts.name) } else { facts.name.clone() }
        }

        /// `vulkan`, `metal`.
        pub(crate) fn backend(&self) -> &str {
            &self.0.facts().backend
        }

        /// Whether the processor stands in for a graphics adapter.
        pub(crate) fn is_software(&self) -> bool {
            self.0.facts().software
        }
    }

    impl Engine for Graphics {
        type Packed = PackedOperand;
        // The device cuts it once more, into dispatches of at most about 50 ms.
        const SLICE_MS: f64 = 80.0;

        fn pack(&self, b: &[i8], k: usize, n: usize) -> Result<PackedOperand, EngineError> {
            self.0.pack(b, k as u32, n as u32).map_err(failed)
        }

        async fn multiply(&self, a: &[i8], rows: usize, b: &PackedOperand, c: &mut [i32]) -> Result<(), EngineError> {
            let mut sums = Vec::with_capacity(c.len());
            self.0.multiply(a, rows as u32, b, &mut sums).await.map_err(failed)?;
            c.copy_from_slice(&sums);
            Ok(())
        }
    }

    fn failed(error: GpuError) -> EngineError {
        EngineError(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_cpu::Backend;

    #[test]
    fn every_backend_that_is_there_can_be_asked_for() {
        for backend in Backend::available() {
            assert_eq!(processor(Some(backend.name())).unwrap().backend(), backend);
        }
        assert_eq!(processor(None).unwrap().backend(), Backend::available()[0]);
        let error = format!("{:#}", processor(Some("sse9")).unwrap_err());
        assert!(error.contains("ADIT_BACKEND=sse9") && error.contains("portable"), "{error}");
    }
}
