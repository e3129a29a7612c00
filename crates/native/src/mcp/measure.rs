//! Measures this machine for the tools: a short `adit bench` on the processor.

use adit_mcp::backend::{Bench, EngineRates, Pending, Rates, Told};
use adit_mcp::{Code, ToolError};
use futures::channel::mpsc::{UnboundedSender, unbounded};
use futures::future::FutureExt;
use futures::stream::StreamExt;

use crate::bench::{self, Measured, Report};

/// The size of the products, and the least time for each measurement.
const SIZE: u32 = 512;
const LEAST_MS: u32 = 100;

/// Measures on a thread of its own, since it takes a core for seconds.
pub(super) struct Measure;

/// The number of backends, and the latest measurement.
struct Step {
    of: u32,
    measured: anyhow::Result<Measured>,
}

impl Bench for Measure {
    fn run<'a>(&'a self, told: Told<'a>) -> Pending<'a, Rates> {
        async move {
            let (teller, mut steps) = unbounded();
            tokio::task::spawn_blocking(move || measure(&teller));
            let mut engines = Vec::new();
            while let Some(Step { of, measured }) = steps.next().await {
                let measured = measured.map_err(|error| ToolError::new(Code::Internal, format!("{error:#}")))?;
                engines.push(measured);
                told(engines.len() as u32, of, "backends measured");
            }
            Ok(rates(bench::choose(engines)))
        }
        .boxed()
    }
}

/// Measures backend by backend, as long as somebody listens.
fn measure(teller: &UnboundedSender<Step>) {
    let measured = bench::processors(&[SIZE], LEAST_MS);
    let of = measured.len() as u32;
    for measured in measured {
        if teller.unbounded_send(Step { of, measured }).is_err() {
            return;
        }
    }
}

fn rates(Report { engines, chosen, why }: Report) -> Rates {
    let engine = |Measured { engine, work_per_s, floats_per_s, bytes_per_s, error }: Measured| {
        let work_per_s = work_per_s.first().map_or(0, |(_, rate)| *rate);
        EngineRates { engine, work_per_s, floats_per_s, bytes_per_s, error }
    };
    Rates { engines: engines.into_iter().map(engine).collect(), chosen, why }
}
