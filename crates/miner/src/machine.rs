//! The miner as a state machine: events in, actions out, without I/O, a clock or randomness of its own.
//!
//! The life of a unit: a lane asks for a task (`work`), the lease is checked (`grant`), missing input blocks are fetched and
//! checked (`fetching`, `blocks`), the lane computes, the output is signed, journaled and sent (`delivery`), and the receipt is
//! checked. The answer already carries the next task. `session` opens, keeps and ends the session around all this, and only
//! `schedule` decides when to retry. The machine never obeys a coordinator whose answers make no sense.
//!
//! ```
//! use adit_core::sign::SecretKey;
//! use adit_miner::machine::{Action, Config, Device, Event, Machine};
//!
//! let key = SecretKey::from_bytes(&[7; 32]).unwrap();
//! let mut machine = Machine::new(Config::new("http://127.0.0.1:8000", key, vec![Device::Cpu]));
//! let actions = machine.handle(Event::Start { journal: vec![] }, 0, 1);
//! let calls = actions.iter().filter_map(|action| match action {
//!     Action::Call { request, .. } => Some(request.url.as_str()),
//!     _ => None,
//! });
//! let calls: Vec<&str> = calls.collect();
//! assert_eq!(calls, ["http://127.0.0.1:8000/api/gas/info", "http://127.0.0.1:8000/ai-energy/register"]);
//! ```

use std::collections::BTreeMap;

use adit_core::PublicKey;
use adit_core::random::SplitMix64;
use adit_core::sign::LeaseId;
use adit_fetch::{FetchError, Request, Response};

use crate::journal::{Entry, JournalError};
use crate::lane::LaneCommand;
use crate::notice::{Notice, Status};
use crate::rules::Reason;

mod answer;
mod blocks;
mod config;
mod delivery;
mod event;
mod fetching;
mod grant;
mod lane;
mod lanes;
mod schedule;
mod session;
mod tally;
mod work;

pub use config::{Choice, Config, Device, default_contributor};
pub use event::{Action, CallId, Event};

use blocks::{Cache, Want, Wanted};
use lane::{Lane, Work};
use schedule::{Schedule, Timer};
use tally::Tally;

/// The time between two statuses while a lane works: often enough to draw a chart.
const STATUS_MS: u64 = 1_000;

/// A miner.
#[derive(Debug)]
pub struct Machine {
    config: Config,
    phase: Phase,
    /// The coordinator's key, pinned as soon as it is known.
    coordinator: Option<PublicKey>,
    calls: BTreeMap<CallId, Call>,
    next_call: u64,
    /// The first call of the open session. Older calls belong to an earlier session, and so does what their answers say.
    session_calls: CallId,
    answers_session: bool,
    schedule: Schedule,
    lanes: Vec<Lane>,
    cache: Cache,
    wanted: Wanted,
    deliveries: BTreeMap<LeaseId, Pending>,
    duty: f64,
    pauses: Vec<String>,
    /// Whether it stops once the units under way are delivered.
    finishing: bool,
    tally: Tally,
    last_retry: Option<(String, u64)>,
    started_at_ms: u64,
    now_ms: u64,
    random: SplitMix64,
    actions: Vec<Action>,
}

#[derive(Debug)]
enum Phase {
    New,
    /// Registering or starting a session. Calls that need a session wait.
    Opening,
    Open(Session),
    Stopping,
    Ended,
}

#[derive(Debug)]
struct Session {
    id: String,
    /// How many lanes may be busy before the first verified unit.
    in_flight: usize,
    proved: bool,
    beat_ms: u64,
}

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Gas,
    Register,
    StartSession,
    Ask(u32),
    Block(Want),
    Deliver(LeaseId),
    Heartbeat,
    Account,
    StopSession,
}

/// A delivery without an answer so far.
#[derive(Debug)]
struct Pending {
    entry: Entry,
    /// Whether it is being journaled or sent, or waits for its timer.
    under_way: bool,
}

/// The answer to a call.
type Answered = Result<Response, FetchError>;

impl Machine {
    /// A miner before its first event.
    pub fn new(config: Config) -> Self {
        Machine {
            phase: Phase::New,
            coordinator: config.pinned,
            calls: BTreeMap::new(),
            next_call: 0,
            session_calls: CallId(0),
            answers_session: true,
            schedule: Schedule::default(),
            lanes: config.devices.iter().map(|device| Lane::new(*device)).collect(),
            cache: Cache::new(config.cache_bytes),
            wanted: Wanted::default(),
            deliveries: BTreeMap::new(),
            duty: config.duty.clamp(0.0, 1.0),
            pauses: Vec::new(),
            finishing: false,
            tally: Tally::default(),
            last_retry: None,
            started_at_ms: 0,
            now_ms: 0,
            random: SplitMix64::new(0),
            actions: Vec::new(),
            config,
        }
    }

    /// Takes an event at `now_ms`, of any clock that does not run backwards, and returns what to do. `random` spreads retries and
    /// need not be secret.
    pub fn handle(&mut self, event: Event, now_ms: u64, random: u64) -> Vec<Action> {
        self.now_ms = self.now_ms.max(now_ms);
        self.random = SplitMix64::new(random);
        if !matches!(self.phase, Phase::Ended) {
            self.take(event);
            self.take_due();
            self.stop_if_finished();
        }
        std::mem::take(&mut self.actions)
    }

    /// When the machine wants an [`Event::Tick`] unless another event comes first.
    pub fn wake_at_ms(&self) -> Option<u64> {
        self.schedule.next()
    }

    /// How it is doing.
    pub fn status(&self) -> Status {
        let lanes = self.lanes.iter().enumerate().map(|(index, lane)| lane.status(index as u32));
        Status {
            account: self.tally.account.clone(),
            lanes: lanes.collect(),
            units_valid: self.tally.units_valid,
            units_invalid: self.tally.units_invalid,
            work_verified: self.tally.work_verified,
            work_per_s: self.tally.work_per_s(self.now_ms, self.started_at_ms),
            earned: self.tally.earned,
            duty: self.duty,
            paused: self.pauses.clone(),
            uptime_ms: self.now_ms - self.started_at_ms,
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Start { journal } => self.start(journal),
            Event::Answer { call, answer } => self.take_answer(call, answer),
            Event::Kept { lease, result } => self.kept(lease, result),
            Event::Lane { lane, event } => self.take_lane_event(lane, event),
            Event::Duty(duty) => {
                self.duty = if duty.is_finite() { duty.clamp(0.0, 1.0) } else { self.duty };
                self.duty_changed();
            }
            Event::Pause(reason) => {
                if reason == Reason::Memory.name() {
                    self.cache.clear();
                }
                if !self.pauses.contains(&reason) {
                    self.pauses.push(reason);
                }
                self.schedule.set(Timer::Status, self.now_ms);
                self.duty_changed();
            }
            Event::Resume(reason) => {
                self.pauses.retain(|known| *known != reason);
                self.schedule.set(Timer::Status, self.now_ms);
                self.duty_changed();
            }
            Event::Hurry => self.schedule.hurry(self.now_ms),
            Event::Finish => self.finishing = true,
            Event::Stop => self.stop(),
            Event::Tick => {}
        }
    }

    fn start(&mut self, journal: Vec<(LeaseId, Vec<u8>)>) {
        if !matches!(self.phase, Phase::New) {
            return;
        }
        self.started_at_ms = self.now_ms;
        self.recover(journal);
        self.ask_gas();
        self.register();
        self.tell_status();
    }

    fn take_answer(&mut self, id: CallId, answer: Answered) {
        let Some(call) = self.calls.remove(&id) else { return };
        if matches!(self.phase, Phase::Stopping) && call != Call::StopSession {
            return;
        }
        self.answers_session = id >= self.session_calls;
        match call {
            Call::Gas => self.gas_answered(answer),
            Call::Register => self.registered(answer),
            Call::StartSession => self.session_started(answer),
            Call::Ask(lane) => self.task_answered(lane, answer),
            Call::Block(want) => self.block_answered(want, answer),
            Call::Deliver(lease) => self.delivered(lease, answer),
            Call::Heartbeat => self.heart_beaten(answer),
            Call::Account => self.account_answered(answer),
            Call::StopSession => self.session_stopped(answer),
        }
    }

    fn take_due(&mut self) {
        for timer in self.schedule.take_due(self.now_ms) {
            match timer {
                Timer::Register => self.register(),
                Timer::Ask(lane) => self.wait_ended(lane),
                Timer::Block(want) => self.block_wait_ended(want),
                Timer::Deliver(lease) => self.send(lease),
                Timer::Overdue(lane) => self.overdue(lane),
                Timer::Heartbeat => self.beat(),
                Timer::Gas => self.ask_gas(),
                Timer::Status => self.tell_status(),
            }
        }
    }

    /// Sends `request`, unless a call for the same purpose is under way.
    fn call(&mut self, call: Call, request: Request) {
        if self.calls.values().any(|known| *known == call) {
            return;
        }
        let id = CallId(self.next_call);
        self.next_call += 1;
        self.calls.insert(id, call);
        self.actions.push(Action::Call { call: id, request });
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.config.server)
    }

    /// Why there was no answer, with the server's address.
    fn away(&self, reason: &str) -> String {
        format!("{}: {reason}", self.config.server)
    }

    fn notice(&mut self, notice: Notice) {
        self.actions.push(Action::Notice(notice));
    }

    fn command(&mut self, lane: u32, command: LaneCommand) {
        self.actions.push(Action::Lane { lane, command });
    }

    /// Retries later. Many lanes may fail at once for the same reason; people are told once.
    fn retry(&mut self, timer: Timer, reason: String, asked_ms: Option<u64>) {
        /// How long the same reason is not repeated.
        const QUIET_MS: u64 = 1_000;
        let in_ms = self.schedule.retry(timer, self.now_ms, asked_ms, &mut self.random);
        let repeated = matches!(&self.last_retry, Some((last, at)) if *last == reason && at + QUIET_MS > self.now_ms);
        if !repeated {
            self.last_retry = Some((reason.clone(), self.now_ms));
            self.notice(Notice::Retry { reason, in_ms });
        }
    }

    fn tell_status(&mut self) {
        /// A lane's change of state is told by itself.
        const EVERY_IDLE_MS: u64 = 5_000;
        self.tally.forget_old(self.now_ms);
        let status = self.status();
        self.notice(Notice::Status(status));
        let waits = |lane: &Lane| matches!(lane.work, Work::Waiting | Work::Off | Work::Asking);
        let is_at_rest = !self.pauses.is_empty() || self.lanes.iter().all(waits);
        self.schedule.set(Timer::Status, self.now_ms + if is_at_rest { EVERY_IDLE_MS } else { STATUS_MS });
    }

    /// Stops if a person asked for it and no unit is under way.
    fn stop_if_finished(&mut self) {
        if self.finishing && self.deliveries.is_empty() && !self.lanes.iter().any(Lane::is_busy) {
            self.stop();
        }
    }

    /// Stops without finishing anything. The journal keeps its entries for the next run.
    fn stop(&mut self) {
        if matches!(self.phase, Phase::Stopping | Phase::Ended) {
            return;
        }
        self.schedule.clear_all();
        for lane in 0..self.lanes.len() {
            if matches!(self.lanes[lane].work, Work::Computing(_)) {
                self.command(lane as u32, LaneCommand::Abandon);
            }
            self.lanes[lane].work = Work::Off;
        }
        self.stop_session();
    }

    fn fatal(&mut self, reason: String) {
        self.notice(Notice::Fatal { reason });
        self.stop();
    }
}

/// Reports why a delivery could not be kept. This costs a unit if the miner crashes, and otherwise nothing.
fn journal_failed(error: &JournalError) -> Notice {
    Notice::Retry { reason: error.to_string(), in_ms: 0 }
}
