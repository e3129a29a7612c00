//! Targets for the miner's state machine: altered answers, arbitrary reports from lanes, and a corrupted journal.

use adit_core::Kind;
use adit_core::sign::{Digest, LeaseId};
use adit_fetch::{FetchError, Request, Response};
use adit_miner::journal::JournalError;
use adit_miner::lane::{LaneCommand, LaneEvent};
use adit_miner::machine::{Action, CallId, Config, Device, Event, Machine};
use adit_protocol::paths;
use serde::Serialize;

use crate::input::{as_piece, field, piece};
use crate::samples::{SOURCE, Sample, miner as key, samples};
use crate::words;

/// The statuses of made-up answers.
const STATUSES: [u16; 12] = [200, 201, 204, 302, 400, 403, 404, 409, 410, 422, 429, 503];

/// What happens in a step, chosen by its first byte.
#[derive(Clone, Copy)]
enum Step {
    /// The oldest call gets the honest answer.
    True,
    /// The oldest call gets the honest answer with some bytes replaced.
    Patched,
    /// The oldest call gets any status, body and Retry-After.
    Made,
    /// The oldest call fails.
    Failed,
    /// Time passes until the machine wants a tick.
    Tick,
    /// A lane finishes its unit.
    Done,
    /// A lane reports anything.
    Lane,
    /// The person or the host intervenes.
    Person,
}

const STEPS: [Step; 8] =
    [Step::True, Step::Patched, Step::Made, Step::Failed, Step::Tick, Step::Done, Step::Lane, Step::Person];

/// A machine and its pending calls and commands.
struct World {
    machine: Machine,
    sample: &'static Sample,
    calls: Vec<(CallId, Request)>,
    kept: Vec<LeaseId>,
    /// The last journal entry.
    entry: Option<Vec<u8>>,
    started: Option<(u32, LeaseId)>,
    now_ms: u64,
    ended: bool,
}

pub(super) fn miner(mut bytes: &[u8]) {
    let [which, lanes] = field(&mut bytes);
    let sample = &samples()[usize::from(which) % samples().len()];
    let mut world = World::new(sample, usize::from(lanes % 3) + 1);
    world.tell(Event::Start { journal: Vec::new() });
    // No input may cause much work in one step. This catches a machine that triggers itself forever.
    for _ in 0..400 {
        if bytes.is_empty() || world.ended {
            break;
        }
        world.step(&mut bytes);
    }
    world.machine.status();
}

/// Restores a journal of any bytes, and answers the calls that follow.
pub(super) fn journal(bytes: &[u8]) {
    let mut world = World::new(&samples()[0], 1);
    world.tell(Event::Start { journal: vec![(LeaseId([3; 16]), bytes.to_vec()), (LeaseId([4; 16]), bytes.to_vec())] });
    for _ in 0..6 {
        world.answer(Response::new);
    }
}

impl World {
    fn new(sample: &'static Sample, lanes: usize) -> Self {
        let mut config = Config::new("http://coordinator", key(), vec![Device::Cpu; lanes]);
        config.cache_bytes = 64;
        let (calls, kept) = (Vec::new(), Vec::new());
        World {
            machine: Machine::new(config),
            sample,
            calls,
            kept,
            entry: None,
            started: None,
            now_ms: 1,
            ended: false,
        }
    }

    fn tell(&mut self, event: Event) {
        for action in self.machine.handle(event, self.now_ms, self.now_ms) {
            assert!(!self.ended, "nothing follows the end: {action:?}");
            match action {
                Action::Call { call, request } => self.calls.push((call, request)),
                Action::Keep { lease, entry } => {
                    self.kept.push(lease);
                    self.entry = Some(entry);
                }
                Action::Lane { lane, command: LaneCommand::Start { lease, .. } } => self.started = Some((lane, lease)),
                Action::Ended => self.ended = true,
                Action::Lane { .. } | Action::Forget { .. } | Action::Notice(_) => {}
            }
        }
        while let Some(lease) = self.kept.pop() {
            self.tell(Event::Kept { lease, result: Ok(()) });
        }
    }

    fn step(&mut self, bytes: &mut &[u8]) {
        let [step] = field(bytes);
        match STEPS[usize::from(step) % STEPS.len()] {
            Step::True => self.answer(Response::new),
            Step::Patched => {
                let (at, patch) = (u16::from_le_bytes(field(bytes)), piece(bytes));
                self.answer(|status, mut body: Vec<u8>| {
                    let at = usize::from(at) % (body.len() + 1);
                    body.splice(at..(at + patch.len()).min(body.len()), patch.iter().copied());
                    Response::new(status, body)
                });
            }
            Step::Made => {
                let ([status], retry_after, body) = (field(bytes), piece(bytes), piece(bytes));
                let response = Response::new(STATUSES[usize::from(status) % STATUSES.len()], body);
                let retry_after = String::from_utf8_lossy(retry_after).into_owned();
                self.answer(|_, _| response.with_header("retry-after", retry_after));
            }
            Step::Failed => self.fail(),
            Step::Tick => {
                self.now_ms = self.machine.wake_at_ms().unwrap_or(self.now_ms).max(self.now_ms);
                self.tell(Event::Tick);
            }
            Step::Done => self.finish(),
            Step::Lane => {
                let ([lane, kind], reason) = (field(bytes), piece(bytes));
                self.tell(Event::Lane { lane: u32::from(lane % 5), event: self.lane_event(kind, reason) });
            }
            Step::Person => {
                let [what, value] = field(bytes);
                self.tell(person(what, value));
            }
        }
    }

    /// Answers the oldest call with the honest answer as `make` changes it.
    fn answer(&mut self, make: impl FnOnce(u16, Vec<u8>) -> Response) {
        if self.calls.is_empty() {
            return;
        }
        let (call, request) = self.calls.remove(0);
        let (status, body) = truth(self.sample, &request);
        self.tell(Event::Answer { call, answer: Ok(make(status, body)) });
    }

    fn fail(&mut self) {
        if !self.calls.is_empty() {
            let (call, request) = self.calls.remove(0);
            self.tell(Event::Answer { call, answer: Err(FetchError::Timeout(request.timeout_ms)) });
        }
    }

    fn finish(&mut self) {
        let Some((lane, lease)) = self.started.take() else { return };
        let output = self.sample.output.clone();
        let digest = Digest(*blake3::hash(&output).as_bytes());
        self.tell(Event::Lane { lane, event: LaneEvent::Done { lease, output, digest, busy_ms: 5.0 } });
    }

    fn lane_event(&self, kind: u8, text: &[u8]) -> LaneEvent {
        let reason = String::from_utf8_lossy(text).into_owned();
        let lease = self.started.map_or(LeaseId([3; 16]), |(_, lease)| lease);
        let numbers = |at: usize| text.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes);
        let (first, second) = (numbers(0), numbers(8));
        match kind % 5 {
            0 => {
                LaneEvent::Ready { backend: reason.clone(), why: reason, work_per_s: first, kinds: Kind::ALL.to_vec() }
            }
            1 => LaneEvent::Unusable { reason },
            2 => LaneEvent::Progress { lease, done_rows: first as u32, rows: second as u32 },
            3 => {
                let digest = Digest(*blake3::hash(text).as_bytes());
                LaneEvent::Done { lease, output: text.to_vec(), digest, busy_ms: f64::from_bits(first) }
            }
            _ => LaneEvent::Failed { lease, reason },
        }
    }
}

fn person(what: u8, value: u8) -> Event {
    match what % 6 {
        0 => Event::Duty(f64::from(value) / 100.0),
        1 => Event::Duty(f64::NAN),
        2 => Event::Pause("battery".into()),
        3 => Event::Resume("battery".into()),
        4 => Event::Kept { lease: LeaseId([value; 16]), result: Err(JournalError("full".into())) },
        _ => Event::Stop,
    }
}

/// The answer of an honest coordinator.
fn truth(sample: &Sample, request: &Request) -> (u16, Vec<u8>) {
    let path = request.url.trim_start_matches("http://coordinator").trim_start_matches(SOURCE);
    let ends = |template: &str| path.starts_with(template.split('{').next().unwrap_or(template));
    if ends(paths::REGISTER) {
        given(&words::registered())
    } else if ends(paths::START_SESSION) {
        given(&words::started())
    } else if ends(paths::TASK) {
        given(&words::task(sample))
    } else if ends(paths::OUTPUT) {
        given(&words::delivered(sample))
    } else if ends(paths::BLOCK) {
        let name = path.split(['/', '?']).nth(2).and_then(|name| name.parse().ok());
        let block = name.and_then(|cid| sample.block(&cid));
        block.map_or((404, Vec::new()), |block| (200, block.to_vec()))
    } else {
        (404, br#"{"detail":"Not Found","code":"no_such_path"}"#.to_vec())
    }
}

fn given(answer: &impl Serialize) -> (u16, Vec<u8>) {
    (200, serde_json::to_vec(answer).expect("our own words"))
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for which in 0..samples().len() as u8 {
        let ready = [&[6, 0, 0][..], &as_piece(&[1; 16])].concat();
        let patched = [&[which, 2][..], &ready, &[1, 40, 0], &as_piece(b"x"), &[0; 12]].concat();
        let made = [&[2, 10][..], &as_piece(b"99999999999"), &as_piece(br#"{"detail":"x","code":"y"}"#)].concat();
        seeds.extend([well(which), patched, [&[which, 1][..], &made, &[4, 0, 3, 4]].concat()]);
    }
    seeds
}

pub(super) fn journal_seeds() -> Vec<Vec<u8>> {
    let entry = |sample: &'static Sample| {
        let mut world = World::new(sample, 1);
        world.tell(Event::Start { journal: Vec::new() });
        let well = well(0);
        let mut steps = &well[2..];
        while !steps.is_empty() {
            world.step(&mut steps);
        }
        world.entry
    };
    samples().iter().filter_map(entry).collect()
}

/// A seed in which all goes well: a lane is ready, calls are answered, the unit is computed and delivered.
fn well(which: u8) -> Vec<u8> {
    let ready = [&[6, 0, 0][..], &as_piece(&[1; 16])].concat();
    // A block that its source lacks is looked for again, some wake-ups later.
    let again = [4, 4, 4, 4, 4, 0, 0];
    [&[which, 0][..], &ready, &[0; 16], &again, &[5, 0, 0, 0, 4, 0, 0, 7, 5, 0, 0]].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_goes_all_the_way() {
        assert_eq!(journal_seeds().len(), samples().len(), "a unit was computed and kept");
        for which in 0..samples().len() as u8 {
            let mut world = World::new(&samples()[usize::from(which)], 1);
            world.tell(Event::Start { journal: Vec::new() });
            let well = well(which);
            let mut steps = &well[2..];
            while !steps.is_empty() {
                world.step(&mut steps);
            }
            assert_eq!(world.machine.status().units_valid, 1);
        }
    }
}
