//! `bench soak`: runs the load of `bench server` for minutes and fails if the coordinator's memory grows.
//!
//! Jobs arrive as fast as they are done and epochs close every minute, so a leak per job, lease, session or epoch would
//! show. The database does grow, because it keeps results for their requesters.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use adit_bench::load::{Coordinator, Load, SESSIONS, SHAPE};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

/// The default duration.
const MINUTES: f64 = 10.0;
/// The fraction of the run, at its start, that does not count, because caches and the allocator's arenas still fill.
const WARM_UP: f64 = 0.2;
/// The most by which median memory may grow from the first to the second half of the rest.
const MOST_GROWTH_BYTES: u64 = 8 << 20;
/// Jobs open at any time.
const JOBS: usize = 200;
/// Short epochs, so that some close during the run.
const EPOCH_MS: i64 = 60_000;
/// The time between samples.
const STEP: Duration = Duration::from_secs(1);

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match arguments.split_first() {
        Some((serve, rest)) if serve == "serve" => runtime.block_on(Coordinator::run(rest)),
        _ => runtime.block_on(measure(&Flags::parse(&arguments)?)),
    }
}

struct Flags {
    minutes: f64,
    json: Option<PathBuf>,
}

impl Flags {
    fn parse(arguments: &[String]) -> Result<Self> {
        let mut flags = Flags { minutes: MINUTES, json: None };
        for pair in arguments.chunks(2) {
            match pair {
                [flag, minutes] if flag == "--minutes" => flags.minutes = minutes.parse().context("--minutes")?,
                [flag, file] if flag == "--json" => flags.json = Some(file.into()),
                _ => bail!("usage: [--minutes N] [--json FILE]"),
            }
        }
        ensure!(flags.minutes > 0.0 && flags.minutes < 10_000.0, "--minutes is out of range");
        Ok(flags)
    }
}

/// Measurements at one moment.
struct Sample {
    at: Duration,
    units: u64,
    resident_bytes: u64,
    open_files: usize,
    stored_bytes: u64,
}

async fn measure(flags: &Flags) -> Result<()> {
    let data = tempfile::TempDir::new()?;
    let coordinator = Coordinator::start(data.path(), EPOCH_MS)?;
    let load = Load::new(&coordinator).await?;
    load.submit(JOBS).await?;
    println!("driving {SESSIONS} sessions for {} minutes, {JOBS} jobs at any time ...", flags.minutes);
    let (start, cpu) = (Instant::now(), coordinator.process.processor_s()?);
    let until = start + Duration::from_secs_f64(60.0 * flags.minutes);
    let drivers = load.drive(&coordinator, until);
    println!("{:>6} {:>9} {:>12} {:>10} {:>14}", "minute", "units/s", "memory MiB", "open files", "stored B/unit");
    let (fed, samples) = tokio::join!(load.keep_up(until), watch(&load, &coordinator, data.path(), start, until));
    fed?;
    for driver in drivers {
        driver.await??;
    }
    let cpu = coordinator.process.processor_s()? - cpu;
    load.is_in_order().await?;
    coordinator.stop()?;
    report(flags, &samples?, load.units() as f64 / cpu)
}

/// Takes samples until the end and prints a line every minute.
async fn watch(
    load: &Load,
    coordinator: &Coordinator,
    data: &Path,
    start: Instant,
    until: Instant,
) -> Result<Vec<Sample>> {
    let (mut samples, mut printed) = (Vec::new(), 0);
    while Instant::now() + STEP < until {
        tokio::time::sleep(STEP).await;
        samples.push(Sample {
            at: start.elapsed(),
            units: load.units(),
            resident_bytes: coordinator.process.resident_bytes()?,
            open_files: coordinator.process.open_files()?,
            stored_bytes: stored_bytes(data)?,
        });
        let minutes = minutes(&samples);
        if let Some(minute) = minutes.get(printed).filter(|_| minutes.len() > printed + 1) {
            println!("{minute}");
            printed += 1;
        }
    }
    minutes(&samples).iter().skip(printed).for_each(|minute| println!("{minute}"));
    Ok(samples)
}

fn stored_bytes(data: &Path) -> Result<u64> {
    let mut bytes = 0;
    for file in std::fs::read_dir(data)? {
        // A file may vanish after it was listed.
        bytes += file?.metadata().map_or(0, |file| file.len());
    }
    Ok(bytes)
}

/// One minute's summary.
struct Minute {
    number: usize,
    units_per_s: f64,
    resident_bytes: u64,
    open_files: usize,
    stored_bytes_per_unit: u64,
}

impl std::fmt::Display for Minute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Minute { number, units_per_s, open_files, stored_bytes_per_unit, .. } = self;
        let mib = mib(self.resident_bytes);
        write!(f, "{number:>6} {units_per_s:>9.0} {mib:>12.1} {open_files:>10} {stored_bytes_per_unit:>14}")
    }
}

fn minutes(samples: &[Sample]) -> Vec<Minute> {
    let (mut before, mut minutes) = ((Duration::ZERO, 0), Vec::new());
    for minute in samples.chunk_by(|a, b| a.at.as_secs() / 60 == b.at.as_secs() / 60) {
        let Some(last) = minute.last() else { continue };
        let took = (last.at - before.0).as_secs_f64();
        minutes.push(Minute {
            number: minutes.len() + 1,
            units_per_s: (last.units - before.1) as f64 / took,
            resident_bytes: median(minute),
            open_files: minute.iter().map(|sample| sample.open_files).max().unwrap_or(0),
            stored_bytes_per_unit: last.stored_bytes / last.units.max(1),
        });
        before = (last.at, last.units);
    }
    minutes
}

/// The median of the resident bytes.
fn median(samples: &[Sample]) -> u64 {
    let mut bytes: Vec<u64> = samples.iter().map(|sample| sample.resident_bytes).collect();
    bytes.sort_unstable();
    bytes.get(bytes.len() / 2).copied().unwrap_or(0)
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn report(flags: &Flags, samples: &[Sample], units_per_processor_s: f64) -> Result<()> {
    let warm = &samples[(samples.len() as f64 * WARM_UP) as usize..];
    let (first, second) = warm.split_at(warm.len() / 2);
    let (first, second) = (median(first), median(second));
    let (last, peak) =
        (samples.last().context("no sample")?, samples.iter().map(|sample| sample.resident_bytes).max().unwrap_or(0));
    let units_per_s = last.units as f64 / last.at.as_secs_f64();
    println!("verified units            {} in {:.0} s, {units_per_s:.0} a second", last.units, last.at.as_secs_f64());
    println!("units a processor second  {units_per_processor_s:.0}");
    println!("memory, halves after warm-up  {:.1} and {:.1} MiB, at most {:.1}", mib(first), mib(second), mib(peak));
    println!("machine                   {}", adit_bench::machine());
    if let Some(file) = &flags.json {
        let minute = |minute: &Minute| -> Value {
            json!({
                "units_per_s": minute.units_per_s, "resident_bytes": minute.resident_bytes,
                "open_files": minute.open_files, "stored_bytes_per_unit": minute.stored_bytes_per_unit,
            })
        };
        let report = json!({
            "minutes": minutes(samples).iter().map(minute).collect::<Vec<_>>(), "units": last.units,
            "units_per_s": units_per_s, "units_per_processor_s": units_per_processor_s,
            "resident_bytes_first_half": first, "resident_bytes_second_half": second,
            "shape": [SHAPE.0, SHAPE.1, SHAPE.2], "sessions": SESSIONS, "machine": adit_bench::machine(),
        });
        std::fs::write(file, serde_json::to_string_pretty(&report)?)?;
    }
    let most = first + MOST_GROWTH_BYTES;
    ensure!(second <= most, "memory grows to {:.1} MiB, more than the limit of {:.1}", mib(second), mib(most));
    Ok(())
}
