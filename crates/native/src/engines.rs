//! The backends that this machine can compute with.

use std::time::Instant;

use adit_core::kernel::engine::{Engine, Processor};
use adit_cpu::Cpu;
use adit_miner::trial::{Rates, START_UP_MS};
use anyhow::{Context, Result};
use futures::executor::block_on;

#[cfg(feature = "gpu")]
pub(crate) mod graphics;

/// A clock for measurements, in milliseconds.
pub(crate) fn clock() -> impl Fn() -> f64 {
    let started = Instant::now();
    move || started.elapsed().as_secs_f64() * 1e3
}

/// The environment variable that selects a processor backend, even if another is faster.
pub(crate) const BACKEND: &str = "ADIT_BACKEND";

/// The best processor backend, or the one that [`BACKEND`] names, with its speed on one core.
pub(crate) fn open_processor() -> Result<(Processor<Cpu>, Rates)> {
    let engine = Processor(processor(std::env::var(BACKEND).ok().as_deref())?);
    let rates = block_on(Rates::measure(&engine, engine.kinds(), START_UP_MS, clock()))?;
    Ok((engine, rates))
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
