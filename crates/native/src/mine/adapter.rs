//! The graphics adapter that several lanes share: each opens a device of its own, and the first races for all.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use adit_gpu::{AdapterChoice, Graphics, Kernels};
use adit_miner::admission::{ANOTHER_LANE, Contender, Rival, admit};
use adit_miner::lane::LaneEvent;
use anyhow::{Result, bail};

use super::Gpu;
use crate::engines::{graphics, open_processor};

/// What its lanes share.
pub(super) struct Adapter {
    gpu: Gpu,
    /// The file that keeps the forms of the kernels that won.
    memory: PathBuf,
    /// The outcome of the race, once it was run. A lane that asks meanwhile waits.
    race: Mutex<Option<Result<Won, String>>>,
}

/// What the other lanes take over from the first.
struct Won {
    kernels: Kernels,
    others: LaneEvent,
}

impl Adapter {
    pub(super) fn new(gpu: Gpu, memory: PathBuf) -> Self {
        Adapter { gpu, memory, race: Mutex::new(None) }
    }

    /// A device for one more lane, with the event that the lane joins with.
    pub(super) fn open(&self) -> Result<(Graphics, LaneEvent)> {
        let mut race = self.race.lock().unwrap_or_else(PoisonError::into_inner);
        match &*race {
            None => {
                let raced = self.race();
                *race = Some(match &raced {
                    Ok((engine, first)) => Ok(Won { kernels: engine.kernels(), others: another(first) }),
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

    /// Measures the adapter and one core, and decides whether the adapter joins.
    fn race(&self) -> Result<(Graphics, LaneEvent)> {
        let graphics::Opened { engine, kinds, rates } = graphics::open(self.choice(), Some(&self.memory))?;
        let (_, core) = open_processor()?;
        let facts = engine.facts();
        let contender = Contender { name: &graphics::name(&facts), kinds: &kinds, rates };
        let rival = if self.gpu == Gpu::Software { Rival::Waived(core) } else { Rival::Processor(core) };
        let admitted = admit(contender, rival)?;
        let work_per_s = rates.products as u64;
        let ready = LaneEvent::Ready { backend: facts.backend, why: admitted.why, work_per_s, kinds: admitted.kinds };
        Ok((engine, ready))
    }
}

fn another(first: &LaneEvent) -> LaneEvent {
    let mut other = first.clone();
    if let LaneEvent::Ready { why, .. } = &mut other {
        *why = ANOTHER_LANE.into();
    }
    other
}
