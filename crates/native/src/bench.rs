//! `adit bench`: how fast each backend multiplies here, and which one a miner would choose.

use adit_core::kernel::engine::{Engine, Processor};
use adit_cpu::{Backend, Cpu};
use adit_miner::trial::{Shape, quantity, work_per_s};
use anyhow::Result;
use futures::executor::block_on;
use serde::Serialize;

use crate::engines::clock;
use crate::mine::Gpu;
use crate::report;

/// Measure what this machine computes with: products of n × n int8 matrices, one lane at a time.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Sizes of the products
    #[arg(long = "n", value_name = "N", value_delimiter = ',', default_values_t = [256, 512, 1024],
        value_parser = clap::value_parser!(u32).range(1..=8192))]
    sizes: Vec<u32>,
    /// Whether to measure the graphics adapter too
    #[arg(long, value_enum, default_value_t = Gpu::Auto)]
    gpu: Gpu,
    /// How long to measure each, at least, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 300.0)]
    least_ms: f64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report {
    engines: Vec<Measured>,
    chosen: String,
    why: String,
}

#[derive(Serialize)]
struct Measured {
    engine: String,
    /// Multiply-accumulates a second, by size.
    work_per_s: Vec<(u32, u64)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl Measured {
    /// The rate at the largest size.
    fn rate(&self) -> u64 {
        self.work_per_s.iter().max_by_key(|(n, _)| *n).map_or(0, |(_, rate)| *rate)
    }
}

pub(crate) fn run(args: Args) -> Result<()> {
    let mut engines = Vec::new();
    for backend in Backend::available() {
        engines.push(match Cpu::with(backend) {
            Ok(cpu) => measure(format!("cpu {backend}"), &Processor(cpu), &args)?,
            Err(error) => failed(format!("cpu {backend}"), error.to_string()),
        });
    }
    engines.extend(graphics(&args)?);
    let report = choose(engines);
    if args.json {
        return report::print_json(&report);
    }
    print(&report, &args.sizes);
    Ok(())
}

fn measure<E: Engine>(engine: String, backend: &E, args: &Args) -> Result<Measured> {
    let mut rates = Vec::new();
    for n in &args.sizes {
        let size = *n as usize;
        let shape = Shape { rows: size, k: size, n: size };
        rates.push((*n, block_on(work_per_s(backend, shape, args.least_ms, clock()))? as u64));
    }
    Ok(Measured { engine, work_per_s: rates, error: None })
}

fn failed(engine: String, error: String) -> Measured {
    Measured { engine, work_per_s: Vec::new(), error: Some(error) }
}

#[cfg(feature = "full")]
fn graphics(args: &Args) -> Result<Option<Measured>> {
    use adit_gpu::AdapterChoice;

    use crate::engines::graphics;
    let adapters = match args.gpu {
        Gpu::Off => return Ok(None),
        Gpu::Auto => AdapterChoice::Any,
        Gpu::Software => AdapterChoice::Software,
    };
    Ok(Some(match graphics::open(adapters, None) {
        Ok((engine, _)) => {
            let facts = engine.facts();
            measure(format!("gpu {} {}", facts.backend, graphics::name(&facts)), &engine, args)?
        }
        Err(error) => failed("gpu".into(), format!("{error:#}")),
    }))
}

#[cfg(not(feature = "full"))]
fn graphics(_: &Args) -> Result<Option<Measured>> {
    Ok(None)
}

/// Lanes run on the first processor backend that agrees; a graphics lane joins where it beats one of them.
fn choose(engines: Vec<Measured>) -> Report {
    let of = |device: &'static str| {
        engines.iter().filter(move |engine| engine.engine.starts_with(device) && engine.error.is_none())
    };
    let (cpu, gpu) = (of("cpu").next(), of("gpu").next());
    let (chosen, why) = match (cpu, gpu) {
        (Some(cpu), Some(gpu)) if gpu.rate() > cpu.rate() => {
            (format!("{} on every core, and {}", cpu.engine, gpu.engine), "the graphics adapter beats one core".into())
        }
        (Some(cpu), gpu) => {
            let lost = gpu.map_or("there is no graphics adapter", |_| "the graphics adapter does not beat one core");
            (format!("{} on every core", cpu.engine), format!("the first that agrees with the vectors; {lost}"))
        }
        (None, _) => ("nothing".into(), "no processor backend agrees with the vectors".into()),
    };
    Report { engines, chosen, why }
}

fn print(report: &Report, sizes: &[u32]) {
    let head: String = sizes.iter().map(|n| format!("{:>16}", format!("n = {n}"))).collect();
    println!("{:<28}{head}   multiply-accumulates a second, one lane", "engine");
    for Measured { engine, work_per_s, error } in &report.engines {
        let rates: String = work_per_s.iter().map(|(_, rate)| format!("{:>16}", quantity(*rate as f64))).collect();
        println!("{engine:<28}{rates}{}", error.as_ref().map(|error| format!("   {error}")).unwrap_or_default());
    }
    println!("a miner chooses {}: {}", report.chosen, report.why);
}
