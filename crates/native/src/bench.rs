//! `adit bench`: measures each backend on this machine and shows which one a miner would choose.

use adit_core::Kind;
use adit_core::kernel::engine::{Engine, Processor};
use adit_core::kernel::float;
use adit_cpu::{Backend, Cpu};
use adit_miner::trial::{Rates, Shape, bytes_per_s, floats_per_s, quantity, work_per_s};
use anyhow::Result;
use futures::executor::block_on;
use serde::Serialize;

use crate::engines::clock;
use crate::mine::Gpu;
use crate::show;

/// Measure this machine's backends, one lane at a time: products of n × n matrices and hashing of trees.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Sizes of the products, from 1 to 8192
    #[arg(long = "n", value_name = "N", value_delimiter = ',', default_values_t = [256, 512, 1024],
        value_parser = clap::value_parser!(u32).range(1..=8192))]
    sizes: Vec<u32>,
    /// Whether to measure the graphics adapter as well
    #[arg(long, value_enum, default_value_t = Gpu::Auto)]
    gpu: Gpu,
    /// The least time for each measurement, in milliseconds from 1 to 60000
    #[arg(long, value_name = "MS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    least_ms: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was measured, and what a miner would choose.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) engines: Vec<Measured>,
    pub(crate) chosen: String,
    pub(crate) why: String,
}

#[derive(Serialize)]
pub(crate) struct Measured {
    pub(crate) engine: String,
    /// int8 multiply-accumulates per second, by size.
    pub(crate) work_per_s: Vec<(u32, u64)>,
    /// f32 multiply-accumulates per second, at the largest size.
    pub(crate) floats_per_s: u64,
    /// Bytes per second hashed as the leaves of a tree.
    pub(crate) bytes_per_s: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

impl Measured {
    /// The rates at the largest size.
    fn rates(&self) -> Rates {
        let products = self.work_per_s.iter().max_by_key(|(n, _)| *n).map_or(0, |(_, rate)| *rate);
        let [products, floats, bytes] = [products, self.floats_per_s, self.bytes_per_s].map(|rate| rate as f64);
        Rates { products, floats, bytes }
    }
}

pub(crate) fn run(args: Args) -> Result<()> {
    let report =
        choose(processors(&args.sizes, args.least_ms).chain(graphics(&args).transpose()).collect::<Result<_>>()?);
    if args.json {
        return show::json(&report);
    }
    Ok(show::result(text(&report, &args.sizes))?)
}

/// Measures the processor's backends, one at each step.
pub(crate) fn processors(sizes: &[u32], least_ms: u32) -> impl ExactSizeIterator<Item = Result<Measured>> {
    let measured = move |backend: Backend| match Cpu::with(backend) {
        Ok(cpu) => measure(format!("cpu {backend}"), &Processor(cpu), sizes, least_ms),
        Err(error) => Ok(failed(format!("cpu {backend}"), error.to_string())),
    };
    Backend::available().into_iter().map(measured)
}

fn measure<E: Engine>(engine: String, backend: &E, sizes: &[u32], least_ms: u32) -> Result<Measured> {
    let (mut rates, least_ms) = (Vec::new(), f64::from(least_ms));
    let square = |n: u32| Shape { rows: n as usize, k: n as usize, n: n as usize };
    for n in sizes {
        rates.push((*n, block_on(work_per_s(backend, square(*n), least_ms, clock()))? as u64));
    }
    let largest = sizes.iter().copied().max().unwrap_or(1).min(float::MAX_K);
    let floats_per_s = block_on(floats_per_s(backend, square(largest), least_ms, clock()))? as u64;
    let bytes_per_s = block_on(bytes_per_s(backend, least_ms, clock()))? as u64;
    Ok(Measured { engine, work_per_s: rates, floats_per_s, bytes_per_s, error: None })
}

fn failed(engine: String, error: String) -> Measured {
    Measured { engine, work_per_s: Vec::new(), floats_per_s: 0, bytes_per_s: 0, error: Some(error) }
}

#[cfg(feature = "gpu")]
fn graphics(args: &Args) -> Result<Option<Measured>> {
    use adit_gpu::AdapterChoice;

    use crate::engines::graphics;
    let adapters = match args.gpu {
        Gpu::Off => return Ok(None),
        Gpu::Auto => AdapterChoice::Any,
        Gpu::Software => AdapterChoice::Software,
    };
    Ok(Some(match graphics::open(adapters, None) {
        Ok(graphics::Opened { engine, .. }) => {
            let facts = engine.facts();
            measure(format!("gpu {} {}", facts.backend, graphics::name(&facts)), &engine, &args.sizes, args.least_ms)?
        }
        Err(error) => failed("gpu".into(), format!("{error:#}")),
    }))
}

#[cfg(not(feature = "gpu"))]
fn graphics(_: &Args) -> Result<Option<Measured>> {
    Ok(None)
}

/// Lanes run on the first processor backend that agrees. A graphics lane joins for the kinds at which it beats one of them.
pub(crate) fn choose(engines: Vec<Measured>) -> Report {
    let of = |device: &'static str| {
        engines.iter().filter(move |engine| engine.engine.starts_with(device) && engine.error.is_none())
    };
    let (chosen, why) = match (of("cpu").next(), of("gpu").next()) {
        (Some(cpu), Some(gpu)) => {
            let won = gpu.rates().won(&Kind::ALL, &cpu.rates());
            let won: Vec<&str> = won.iter().map(|kind| kind.name()).collect();
            if won.is_empty() {
                let why = "the first that agrees with the vectors; the graphics adapter beats one core at nothing";
                (format!("{} on every core", cpu.engine), why.into())
            } else {
                let why = format!("the graphics adapter beats one core at {}", won.join(", "));
                (format!("{} on every core, and {}", cpu.engine, gpu.engine), why)
            }
        }
        (Some(cpu), None) => {
            let why = "the first that agrees with the vectors; there is no graphics adapter";
            (format!("{} on every core", cpu.engine), why.into())
        }
        (None, _) => ("nothing".into(), "no processor backend agrees with the vectors".into()),
    };
    Report { engines, chosen, why }
}

fn text(report: &Report, sizes: &[u32]) -> String {
    let column = |text: &str| format!("{text:>16}");
    let width = report.engines.iter().map(|measured| measured.engine.len()).max().unwrap_or(0);
    let heads: String = sizes.iter().map(|n| column(&format!("int8, n = {n}"))).collect();
    let mut lines = vec![
        "int8 and f32 products in multiply-accumulates per second, hashing in bytes per second, one lane\n".to_owned(),
        format!("{:<width$}{heads}{}{}", "engine", column("f32"), column("hashing")),
    ];
    for Measured { engine, work_per_s, floats_per_s, bytes_per_s, error } in &report.engines {
        let Some(error) = error else {
            let rates = work_per_s.iter().map(|(_, rate)| rate).chain([floats_per_s, bytes_per_s]);
            let rates: String = rates.map(|rate| column(&quantity(*rate as f64))).collect();
            lines.push(format!("{engine:<width$}{rates}"));
            continue;
        };
        lines.push(format!("{engine:<width$}  {error}"));
    }
    lines.push(format!("\na miner chooses {}: {}", report.chosen, report.why));
    lines.join("\n")
}
