//! A processor's lane that computes one unit again and again: from its blocks to an output with its digest.

use std::time::Instant;

use adit_core::kernel::engine::{Engine, Processor};
use adit_core::sign::Digest;
use adit_cpu::Cpu;
use adit_miner::lane::{BlockBytes, LaneCommand, LaneEvent};
use adit_miner::runner::LaneRunner;
use anyhow::{Context, Result, bail, ensure};
use futures::executor::block_on;

use crate::timed;
use crate::unit::{BenchUnit, LEASE};

/// A lane with its unit.
pub struct Lane<'a> {
    runner: LaneRunner<Processor<Cpu>>,
    unit: &'a BenchUnit,
    start: LaneCommand,
    keeps: bool,
}

impl<'a> Lane<'a> {
    /// A lane that takes the buffers of its outputs again if it `keeps` them, and fresh ones otherwise.
    pub fn new(cpu: Cpu, unit: &'a BenchUnit, keeps: bool) -> Self {
        let cids = unit.unit.blocks().into_iter().map(|(cid, _)| cid);
        let blocks = cids.zip(unit.blocks.iter().cloned().map(BlockBytes::new)).collect();
        let start = LaneCommand::Start { lease: LEASE, unit: unit.unit.clone(), blocks };
        Lane { runner: LaneRunner::new(Processor(cpu)), unit, start, keeps }
    }

    /// Computes the unit. Returns the milliseconds and, on Linux, the page faults that it took.
    pub fn run(&mut self) -> Result<(f64, Option<u64>)> {
        let before = page_faults();
        let (ms, done) = timed(|| {
            self.runner.obey(self.start.clone());
            let (output, digest) = finish(&mut self.runner)?;
            ensure!(Some(digest) == self.unit.digest, "the lane computes something else");
            if self.keeps {
                self.runner.obey(LaneCommand::Reuse(output));
            } else {
                self.runner.free_buffers();
            }
            Ok(())
        });
        let faults = page_faults().zip(before).map(|(after, before)| after - before);
        done.map(|()| (ms, faults))
    }
}

/// Lets `runner` finish its unit. Returns the output and its digest.
pub fn finish<E: Engine>(runner: &mut LaneRunner<E>) -> Result<(Vec<u8>, Digest)> {
    let began = Instant::now();
    let now_ms = || began.elapsed().as_secs_f64() * 1e3;
    loop {
        match block_on(runner.slice(now_ms)).context("an idle lane")?.event {
            Some(LaneEvent::Done { output, digest, .. }) => return Ok((output, digest)),
            Some(LaneEvent::Failed { reason, .. }) => bail!("{reason}"),
            _ => {}
        }
    }
}

/// This thread's page faults so far that needed no disk, as getrusage counts them: proc_pid_stat(5), field 10. `None` on
/// systems without that file.
fn page_faults() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").ok()?;
    // The second field is a name in parentheses, which may itself contain both.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    fields.split_whitespace().nth(7)?.parse().ok()
}
