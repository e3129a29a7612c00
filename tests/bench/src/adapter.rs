//! Lanes that share a graphics adapter, each in a thread with its own device, as the miner runs them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Instant;

use adit_core::sign::Digest;
use adit_cpu::Cpu;
use adit_gpu::{AdapterChoice, Graphics, Kernels};
use adit_miner::lane::{BlockBytes, LaneCommand};
use adit_miner::runner::LaneRunner;
use anyhow::{Context, Result, ensure};
use futures::executor::block_on;

use crate::lane::finish;
use crate::unit::{BenchUnit, LEASE};
use crate::{Shape, operands};

/// A unit of this shape, with its output as the processor computes it.
pub fn unit(shape: Shape, cpu: &Cpu) -> Result<BenchUnit> {
    let (weights, rows) = operands(shape);
    let BenchUnit { unit, blocks, .. } = BenchUnit::new(&weights, &rows, &[]);
    let named: BTreeMap<_, _> = unit.blocks().into_iter().map(|(cid, _)| cid).zip(&blocks).collect();
    let output = unit.output(cpu, &LEASE, |cid| named.get(cid).map(|block| &block[..]))?;
    Ok(BenchUnit { unit, blocks, digest: Some(Digest(*blake3::hash(&output).as_bytes())) })
}

/// Idle lanes, ready for units.
pub struct Lanes(Vec<Lane>);

struct Lane {
    units: Sender<usize>,
    done: Receiver<Result<()>>,
}

impl Lanes {
    /// Opens `count` lanes and lets each compute the unit once, to warm up.
    pub fn open(count: usize, kernels: Kernels, unit: &Arc<BenchUnit>) -> Result<Self> {
        let lanes = (0..count).map(|_| {
            let ((units, told), (say, done), unit) = (channel(), channel(), unit.clone());
            thread::spawn(move || {
                let worked = work(kernels, &unit, &told, &say);
                let _ = say.send(worked);
            });
            Lane { units, done }
        });
        let lanes = Lanes(lanes.collect());
        lanes.run(count)?;
        Ok(lanes)
    }

    /// Divides `units` among the lanes and returns the milliseconds until all are computed and hashed.
    pub fn run(&self, units: usize) -> Result<f64> {
        let began = Instant::now();
        for lane in &self.0 {
            lane.units.send(units / self.0.len()).context("a lane is gone")?;
        }
        self.0.iter().try_for_each(|lane| lane.done.recv().context("a lane is gone")?)?;
        Ok(began.elapsed().as_secs_f64() * 1e3)
    }
}

fn work(kernels: Kernels, unit: &BenchUnit, told: &Receiver<usize>, say: &Sender<Result<()>>) -> Result<()> {
    let engine = block_on(Graphics::open(AdapterChoice::Any, |_| Some(kernels)))?;
    let mut runner = LaneRunner::new(engine);
    let cids = unit.unit.blocks().into_iter().map(|(cid, _)| cid);
    let blocks: Vec<_> = cids.zip(unit.blocks.iter().cloned().map(BlockBytes::new)).collect();
    while let Ok(count) = told.recv() {
        for _ in 0..count {
            let start = LaneCommand::Start { lease: LEASE, unit: unit.unit.clone(), blocks: blocks.clone() };
            runner.obey(start);
            ensure!(Some(finish(&mut runner)?.1) == unit.digest, "the adapter and the processor disagree");
        }
        say.send(Ok(()))?;
    }
    Ok(())
}
