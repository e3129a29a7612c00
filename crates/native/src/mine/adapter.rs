//! The graphics adapter, which several lanes share: each opens a device of its own there, and the first races for all.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use adit_gpu::{AdapterChoice, Graphics, Kernels};
use adit_miner::lane::LaneEvent;
use anyhow::{Result, bail};

use super::Gpu;
use crate::engines::{graphics, open_processor};

/// What its lanes have to know of it.
pub(super) struct Adapter {
    gpu: Gpu,
    /// The file that remembers which forms of the kernels won.
    memory: PathBuf,
    /// What came of the race, once it was run: whoever asks meanwhile waits for it.
    race: Mutex<Option<Result<Won, String>>>,
}

/// What the other lanes take over: the first may be at work already and would spoil their measurements.
struct Won {
    kernels: Kernels,
    others: LaneEvent,
}

impl Adapter {
    pub(super) fn new(gpu: Gpu, memory: PathBuf) -> Self {
        Adapter { gpu, memory, race: Mutex::new(None) }
    }

    /// A device for one more lane, with what the lane says when it joins.
    pub(super) fn open(&self) -> Result<(Graphics, LaneEvent)> {
        let mut race = self.race.lock().unwrap_or_else(PoisonError::into_inner);
        match &*race {
            None => {
                let raced = self.race();
                *race = Some(match &raced {
                    Ok((engine, first)) => Ok(Won { kernels: engine.kernels(), others: beside(first) }),
                    Err(error) => Err(format!("{error:#}")),
                });
                raced
            }
            Some(Ok(won)) => Ok((graphics::open_again(self.choice(), won.kernels)?, won.others.clone())),
            Some(Err(reason)) => bail!("{reason}"),
        }
    }

    fn choice(&self) -> AdapterChoice {
        if self.gpu == Gpu::Software { AdapterChoice::Software } else { AdapterChoice::Any }
    }

    /// Measures the adapter beside one core. It joins for the kinds at which it is the faster, or if it is asked for.
    fn race(&self) -> Result<(Graphics, LaneEvent)> {
        let graphics::Opened { engine, mut kinds, rates } = graphics::open(self.choice(), Some(&self.memory))?;
        let (_, core) = open_processor()?;
        let facts = engine.facts();
        let (name, race) = (graphics::name(&facts), format!("{rates}; one core: {core}"));
        let why = if self.gpu == Gpu::Software {
            format!("{name}, as asked: {race}")
        } else {
            kinds = rates.won(&kinds, &core);
            if kinds.is_empty() {
                bail!("{name} lost its race: {race}");
            }
            let won: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
            format!("{name} won its race at {}: {race}", won.join(", "))
        };
        let ready = LaneEvent::Ready { backend: facts.backend, why, work_per_s: rates.products as u64, kinds };
        Ok((engine, ready))
    }
}

fn beside(first: &LaneEvent) -> LaneEvent {
    let mut others = first.clone();
    if let LaneEvent::Ready { why, .. } = &mut others {
        *why = "the same adapter: it computes for one lane while the other reads, delivers and fetches".into();
    }
    others
}
