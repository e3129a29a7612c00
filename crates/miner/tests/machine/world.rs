//! A machine's world in virtual time: a network to the twin, a journal, and lanes that compute with the reference kernels.

use std::collections::BTreeMap;

use adit_core::kernel::Scalar;
use adit_core::kernel::engine::Processor;
use adit_core::sign::{Digest, LeaseId};
use adit_core::statement::Verdict;
use adit_core::{Cid, Kind, Unit};
use adit_fetch::{FetchError, Reach, Request, Response};
use adit_miner::lane::{BlockBytes, LaneCommand, LaneEvent};
use adit_miner::machine::{Action, Config, Device, Event, Machine};
use adit_miner::notice::Notice;
use adit_miner::runner::LaneRunner;
use futures::executor::block_on;

use crate::twin::{Twin, miner_key};

pub(crate) type Answered = Result<Response, FetchError>;
/// Answers a request in place of the network; it may call the twin for the honest answer.
pub(crate) type Network = Box<dyn FnMut(&Request, &mut Twin, u64) -> Answered>;

/// What a lane computes of a unit.
pub(crate) type Compute = Box<dyn FnMut(u32, &LeaseId, &Unit, &[(Cid, BlockBytes)]) -> Vec<u8>>;

/// How long answers and units take.
pub(crate) const ANSWER_MS: u64 = 10;
pub(crate) const UNIT_MS: u64 = 1_000;

pub(crate) struct World {
    pub(crate) machine: Machine,
    pub(crate) twin: Twin,
    pub(crate) network: Network,
    pub(crate) compute: Compute,
    /// Lanes begin units and never finish them.
    pub(crate) lane_is_silent: bool,
    /// The network holds no body after it has answered, as a real one does.
    pub(crate) drops_bodies: bool,
    pub(crate) now_ms: u64,
    pub(crate) journal: BTreeMap<LeaseId, Vec<u8>>,
    pub(crate) requests: Vec<(u64, Request)>,
    pub(crate) commands: Vec<(u32, LaneCommand)>,
    pub(crate) notices: Vec<(u64, Notice)>,
    pub(crate) ended: bool,
    /// Delays by address: the answer to the n-th such request takes this long.
    pub(crate) slow_answer: Option<(&'static str, usize, u64)>,
    queue: BTreeMap<(u64, u64), Event>,
    serial: u64,
}

pub(crate) fn honest() -> Network {
    Box::new(|request, twin, _| Ok(twin.answer(request)))
}

pub(crate) fn config(lanes: usize) -> Config {
    Config::new("http://coordinator", miner_key(), vec![Device::Cpu; lanes])
}

/// What a lane makes of absent and unknown blocks.
fn in_a_lane(lease: &LeaseId, unit: &Unit, blocks: &[(Cid, BlockBytes)]) -> Vec<u8> {
    let mut runner = LaneRunner::new(Processor(Scalar));
    runner.obey(LaneCommand::Start { lease: *lease, unit: unit.clone(), blocks: blocks.to_vec() });
    loop {
        match block_on(runner.slice(|| 0.0)).unwrap().event {
            Some(LaneEvent::Done { output, .. }) => return output,
            Some(LaneEvent::Failed { reason, .. }) => panic!("{reason}"),
            _ => {}
        }
    }
}

impl World {
    pub(crate) fn new(lanes: usize, units: u32) -> Self {
        Self::with(config(lanes), Twin::new(units), honest(), BTreeMap::new())
    }

    pub(crate) fn with(config: Config, twin: Twin, network: Network, journal: BTreeMap<LeaseId, Vec<u8>>) -> Self {
        let lanes = config.devices.len();
        let mut world = World {
            machine: Machine::new(config),
            twin,
            network,
            compute: Box::new(|_, lease, unit, blocks| {
                if matches!(unit, Unit::HashTree2(_)) {
                    return in_a_lane(lease, unit, blocks);
                }
                let block = |cid: &Cid| blocks.iter().find(|(known, _)| known == cid).map(|(_, block)| &block[..]);
                unit.output(&Scalar, lease, block).unwrap()
            }),
            lane_is_silent: false,
            drops_bodies: false,
            now_ms: 0,
            journal,
            requests: Vec::new(),
            commands: Vec::new(),
            notices: Vec::new(),
            ended: false,
            slow_answer: None,
            queue: BTreeMap::new(),
            serial: 0,
        };
        let kept = world.journal.iter().map(|(lease, entry)| (*lease, entry.clone())).collect();
        world.at(0, Event::Start { journal: kept });
        for lane in 0..lanes as u32 {
            let event = LaneEvent::Ready {
                backend: "scalar".into(),
                why: "a test".into(),
                work_per_s: 1,
                kinds: Kind::ALL.to_vec(),
            };
            world.at(0, Event::Lane { lane, event });
        }
        world
    }

    pub(crate) fn at(&mut self, at_ms: u64, event: Event) {
        self.serial += 1;
        self.queue.insert((at_ms, self.serial), event);
    }

    /// Lets time pass until `until_ms` or until nothing is due.
    pub(crate) fn run(&mut self, until_ms: u64) {
        while !self.ended {
            let event_at = self.queue.keys().next().map(|(at, _)| *at);
            let Some(next) = [event_at, self.machine.wake_at_ms()].into_iter().flatten().min() else { return };
            if next > until_ms {
                self.now_ms = until_ms;
                return;
            }
            self.now_ms = self.now_ms.max(next);
            let event = match self.queue.first_entry() {
                Some(entry) if entry.key().0 <= self.now_ms => entry.remove(),
                _ => Event::Tick,
            };
            self.serial += 1;
            let actions = self.machine.handle(event, self.now_ms, self.serial);
            for action in actions {
                self.carry_out(action);
            }
        }
    }

    fn carry_out(&mut self, action: Action) {
        assert!(!self.ended, "nothing follows the end: {action:?}");
        match action {
            Action::Call { call, mut request } => {
                let answer = (self.network)(&request, &mut self.twin, self.now_ms);
                let answer = match answer {
                    Ok(response) if response.body.len() > request.max_bytes => {
                        Err(FetchError::TooLarge(request.max_bytes))
                    }
                    answer => answer,
                };
                let url = request.url.clone();
                if self.drops_bodies {
                    request.body = None;
                }
                self.requests.push((self.now_ms, request));
                let takes_ms = match self.slow_answer {
                    Some((part, which, slow_ms)) if url.contains(part) && self.sent(part).len() == which => slow_ms,
                    _ => ANSWER_MS,
                };
                self.at(self.now_ms + takes_ms, Event::Answer { call, answer });
            }
            Action::Keep { lease, entry } => {
                self.journal.insert(lease, entry);
                self.at(self.now_ms, Event::Kept { lease, result: Ok(()) });
            }
            Action::Forget { lease } => {
                self.journal.remove(&lease);
            }
            Action::Lane { lane, command } => {
                if let LaneCommand::Start { lease, unit, blocks } = &command
                    && !self.lane_is_silent
                {
                    let output = (self.compute)(lane, lease, unit, blocks);
                    let digest = Digest(*blake3::hash(&output).as_bytes());
                    let event = LaneEvent::Done { lease: *lease, output, digest, busy_ms: UNIT_MS as f64 };
                    self.at(self.now_ms + UNIT_MS, Event::Lane { lane, event });
                }
                self.commands.push((lane, command));
            }
            Action::Notice(notice) => self.notices.push((self.now_ms, notice)),
            Action::Ended => self.ended = true,
        }
    }

    pub(crate) fn started(&self) -> usize {
        self.commands.iter().filter(|(_, command)| matches!(command, LaneCommand::Start { .. })).count()
    }

    pub(crate) fn verdicts(&self) -> Vec<Verdict> {
        let verdict = |notice: &Notice| match notice {
            Notice::Verdict { verdict, .. } => Some(*verdict),
            _ => None,
        };
        self.notices.iter().filter_map(|(_, notice)| verdict(notice)).collect()
    }

    /// The times at which requests with `part` in their address were sent.
    pub(crate) fn sent(&self, part: &str) -> Vec<u64> {
        self.requests.iter().filter(|(_, request)| request.url.contains(part)).map(|(at, _)| *at).collect()
    }

    /// Where requests with `part` in their address might go.
    pub(crate) fn reaches(&self, part: &str) -> Vec<Reach> {
        self.requests
            .iter()
            .filter(|(_, request)| request.url.contains(part))
            .map(|(_, request)| request.reach)
            .collect()
    }

    pub(crate) fn said(&self, part: &str) -> bool {
        self.notices.iter().any(|(_, notice)| format!("{notice:?}").contains(part))
    }
}
