//! Takes the place of `adapter` in a build without the feature `gpu`.

use std::path::PathBuf;

use adit_core::kernel::engine::Processor;
use adit_cpu::Cpu;
use adit_miner::lane::LaneEvent;
use anyhow::{Result, bail};

use super::Gpu;

pub(super) struct Adapter;

impl Adapter {
    pub(super) fn new(_: Gpu, _: PathBuf) -> Self {
        Adapter
    }

    pub(super) fn open(&self) -> Result<(Processor<Cpu>, LaneEvent)> {
        bail!("this build computes on processors alone")
    }
}
