//! The state behind the screen: notices and keys change it, drawing reads it.

use std::collections::{BTreeMap, VecDeque};

use adit_core::Amount;
use adit_core::statement::Verdict;
use adit_miner::notice::{LaneStatus, Notice, Status};
use adit_miner::rules::{Break, Decision, Fact, Facts, Reason};
use adit_miner::trial::quantity;
use adit_protocol::mining::TaskAbout;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::mine::banner::Banner;
use crate::mine::overseer::Wish;
use crate::mine::pauses;
use crate::text::clean;

/// Samples of the rate that are kept, one each second.
const RATES: usize = 600;
/// Receipts and messages that are kept.
const LINES: usize = 100;
/// The change of the throttle by one press, in hundredths of the time.
const STEP: u32 = 5;

/// Everything that is drawn. All text in it is clean.
pub(super) struct View {
    pub(super) server: String,
    pub(super) contributor: String,
    pub(super) coordinator: Option<String>,
    pub(super) session: Session,
    pub(super) status: Status,
    /// When the open epoch closes and pays.
    pub(super) payment_at_ms: u64,
    /// What each lane computes.
    pub(super) tasks: BTreeMap<u32, Task>,
    /// Verified multiply-accumulates per second, one sample each second, newest last.
    pub(super) rates: VecDeque<u64>,
    /// Newest first.
    pub(super) receipts: VecDeque<Receipt>,
    /// Newest first.
    pub(super) messages: VecDeque<Message>,
    /// Hundredths of the time that lanes may work.
    pub(super) throttle: u32,
    /// Why nothing is computed, and what ends that.
    pub(super) paused: Option<String>,
    /// Whether a person's own pause holds.
    pub(super) on_break: bool,
    /// The facts that people were told are unknown.
    unknown: Vec<Fact>,
    /// Whether it stops after the units under way.
    pub(super) finishing: bool,
    /// The miner's memory, its data today and the machine's temperature, as far as they are known.
    pub(super) memory_bytes: Option<u64>,
    pub(super) data_bytes: Option<u64>,
    pub(super) celsius: Option<u64>,
    pub(super) help: bool,
    pub(super) now_ms: u64,
    sampled: u64,
}

/// A unit under way, and what it is part of.
pub(super) struct Task {
    pub(super) job: u64,
    /// What NeoNet calls the work.
    pub(super) kind: String,
    pub(super) work: u64,
    pub(super) name: Option<String>,
    pub(super) requester: Option<String>,
    /// The first and the last of its parts, and how many the job has.
    pub(super) parts: Option<(u32, u32, u32)>,
}

impl Task {
    fn new(job: u64, task_type: &str, work: u64, about: Option<&TaskAbout>) -> Self {
        let parts = about.map(|about| (about.part, about.part + about.unit_parts.max(1) - 1, about.parts));
        let name = about.and_then(|about| about.name.as_deref()).map(clean);
        let requester = about.and_then(|about| about.job.requester.as_deref()).map(clean);
        Task { job, kind: clean(task_type), work, name, requester, parts }
    }
}

/// The state of the session.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Session {
    Opening,
    Open,
    Waiting,
    /// The coordinator does not answer.
    Away {
        again_at_ms: u64,
    },
    Ending,
    Ended,
}

/// A verdict as a line.
pub(super) struct Receipt {
    pub(super) at_ms: u64,
    pub(super) lane: u32,
    pub(super) verdict: Verdict,
    pub(super) kind: String,
    pub(super) work: u64,
    pub(super) reward: Amount,
    pub(super) strength: String,
}

/// A message with its time.
pub(super) struct Message {
    pub(super) at_ms: u64,
    pub(super) bad: bool,
    pub(super) text: String,
}

/// What a key does.
#[derive(Debug, PartialEq)]
pub(super) enum Act {
    Nothing,
    Tell(Wish),
    QuitAtOnce,
}

impl View {
    pub(super) fn new(banner: &Banner<'_>) -> Self {
        let config = banner.config;
        let mut view = View::empty(&config.server, &config.contributor, banner.rules.duty_idle);
        view.say(format!("Key {}", banner.key.key.public_key()), false, 0);
        let made = if banner.key.made { "made just now, " } else { "" };
        view.say(format!("Key file {} ({made}{})", banner.home.key().display(), banner.key.sealing), false, 0);
        view
    }

    pub(super) fn empty(server: &str, contributor: &str, duty: f64) -> Self {
        View {
            server: clean(server),
            contributor: clean(contributor),
            coordinator: None,
            session: Session::Opening,
            status: Status::default(),
            payment_at_ms: 0,
            tasks: BTreeMap::new(),
            rates: VecDeque::new(),
            receipts: VecDeque::new(),
            messages: VecDeque::new(),
            throttle: (duty * 100.0).round() as u32,
            paused: None,
            on_break: false,
            unknown: Vec::new(),
            finishing: false,
            memory_bytes: None,
            data_bytes: None,
            celsius: None,
            help: false,
            now_ms: 0,
            sampled: 0,
        }
    }

    /// Moves time on, with a sample of the rate for every second.
    pub(super) fn tick(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
        while self.sampled < now_ms / 1_000 {
            self.sampled += 1;
            self.rates.push_back(self.status.work_per_s);
            self.rates.drain(..self.rates.len().saturating_sub(RATES));
        }
    }

    /// Takes a decision and the facts that it follows from.
    pub(super) fn decided(&mut self, decision: &Decision, facts: &Facts, now_ms: u64) {
        for fact in &decision.unknown {
            if !self.unknown.contains(fact) {
                self.unknown.push(*fact);
                self.say(pauses::unknown(*fact).into(), true, now_ms);
            }
        }
        self.on_break = decision.pauses.iter().any(|pause| pause.reason == Reason::You);
        self.paused = pauses::sentence(decision, facts.now_ms);
        (self.memory_bytes, self.data_bytes) = (facts.memory_bytes, facts.data_bytes);
        self.celsius = facts.celsius;
    }

    pub(super) fn warn(&mut self, text: &str, now_ms: u64) {
        self.say(text.to_owned(), true, now_ms);
    }

    pub(super) fn notice(&mut self, notice: Notice, now_ms: u64) {
        match notice {
            Notice::Gas(gas) => {
                let level = gas.congestion_level;
                self.say(format!("Fee {:.6} NEO, congestion {level}", gas.neo_transfer_fee), false, now_ms);
            }
            Notice::Registered { contributor, coordinator_key } => {
                self.contributor = clean(&contributor);
                self.coordinator = Some(coordinator_key.to_string());
            }
            Notice::SessionStarted { resumed } => {
                self.go_on();
                self.say(if resumed { "Session resumed" } else { "Session started" }.to_owned(), false, now_ms);
            }
            Notice::Lane(lane) => self.lane(lane, now_ms),
            Notice::TaskStarted { lane, task_type, job, work, about, .. } => {
                self.go_on();
                self.tasks.insert(lane, Task::new(job, &task_type, work, about.as_deref()));
            }
            Notice::Fetching { lane, job, bytes } => {
                self.say(
                    format!("Lane {lane} fetches {}B of inputs for job {job}", quantity(bytes as f64)),
                    false,
                    now_ms,
                );
            }
            Notice::TaskComputed { .. } | Notice::Beacon { .. } => {}
            Notice::Verdict { lane, verdict, reward, receipt } => {
                let receipt = receipt.receipt;
                let (kind, work, strength) = (clean(&receipt.kind.to_string()), receipt.work, receipt.strength());
                self.verdict(Receipt { at_ms: now_ms, lane, verdict, kind, work, reward, strength });
            }
            Notice::TaskDropped { lane, reason } => {
                self.tasks.remove(&lane);
                self.say(format!("Lane {lane} dropped its unit: {reason}"), true, now_ms);
            }
            Notice::Retry { reason, in_ms } => {
                if in_ms > 0 && self.session != Session::Ending {
                    self.session = Session::Away { again_at_ms: now_ms + in_ms };
                }
                self.say(reason, true, now_ms);
            }
            Notice::NoWork { lane, .. } => self.no_work(lane),
            Notice::Limited { lane, reason, .. } => {
                self.no_work(lane);
                self.say(reason, false, now_ms);
            }
            Notice::Status(status) => self.status(status, now_ms),
            Notice::Stopped { .. } => self.session = Session::Ended,
            Notice::Fatal { reason } => self.say(reason, true, now_ms),
        }
    }

    fn status(&mut self, status: Status, now_ms: u64) {
        // An account is asked for less often than a status is told.
        if let Some(account) = status.account.as_ref().filter(|account| self.status.account.as_ref() != Some(*account))
        {
            self.payment_at_ms = now_ms + account.next_payment_ms;
        }
        self.status = cleaned(status);
    }

    fn verdict(&mut self, receipt: Receipt) {
        self.go_on();
        self.tasks.remove(&receipt.lane);
        self.receipts.push_front(receipt);
        self.receipts.truncate(LINES);
    }

    fn no_work(&mut self, lane: u32) {
        self.tasks.remove(&lane);
        if self.tasks.is_empty() && self.session != Session::Ending {
            self.session = Session::Waiting;
        }
    }

    /// Shows the session as open, unless it is ending.
    fn go_on(&mut self) {
        if self.session != Session::Ending {
            self.session = Session::Open;
        }
    }

    fn lane(&mut self, lane: LaneStatus, now_ms: u64) {
        let (number, why) = (lane.lane, lane.why.clone());
        match &lane.backend {
            Some(backend) => self.say(format!("Lane {number}: {backend}: {why}"), false, now_ms),
            None => self.say(format!("Lane {number} is off: {why}"), false, now_ms),
        }
        let lane = cleaned_lane(lane);
        match self.status.lanes.iter_mut().find(|known| known.lane == number) {
            Some(known) => *known = lane,
            None => self.status.lanes.push(lane),
        }
    }

    /// Adds a message. One that repeats the last only renews its time.
    fn say(&mut self, text: String, bad: bool, at_ms: u64) {
        let text = clean(&text);
        if self.messages.front().is_some_and(|last| last.text == text) {
            self.messages.pop_front();
        }
        self.messages.push_front(Message { at_ms, bad, text });
        self.messages.truncate(LINES);
    }

    pub(super) fn press(&mut self, key: KeyEvent) -> Act {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if control => self.quit(),
            KeyCode::Char('q') => self.quit(),
            KeyCode::Char('?') => {
                self.help = !self.help;
                Act::Nothing
            }
            KeyCode::Char('p') if self.on_break => Act::Tell(Wish::GoOn),
            KeyCode::Char('p') => Act::Tell(Wish::Break(Break::QuarterHour)),
            KeyCode::Char('h') => Act::Tell(Wish::Break(Break::Hour)),
            KeyCode::Char('t') => Act::Tell(Wish::Break(Break::Tomorrow)),
            KeyCode::Char('f') if self.session != Session::Ending => {
                self.finishing = true;
                Act::Tell(Wish::Finish)
            }
            KeyCode::Char('+' | '=') => self.throttle_to(self.throttle + STEP),
            KeyCode::Char('-') => self.throttle_to(self.throttle.saturating_sub(STEP)),
            _ => {
                self.help = false;
                Act::Nothing
            }
        }
    }

    /// Ends the session the first time, the program the second time.
    fn quit(&mut self) -> Act {
        if self.session == Session::Ending {
            return Act::QuitAtOnce;
        }
        self.session = Session::Ending;
        Act::Tell(Wish::Stop)
    }

    fn throttle_to(&mut self, hundredths: u32) -> Act {
        self.throttle = hundredths.clamp(STEP, 100);
        Act::Tell(Wish::Duty(f64::from(self.throttle) / 100.0))
    }
}

fn cleaned(status: Status) -> Status {
    let lanes = status.lanes.into_iter().map(cleaned_lane).collect();
    let paused = status.paused.iter().map(|reason| clean(reason)).collect();
    Status { lanes, paused, ..status }
}

fn cleaned_lane(lane: LaneStatus) -> LaneStatus {
    let (device, why, state) = (clean(&lane.device), clean(&lane.why), clean(&lane.state));
    LaneStatus { device, why, state, backend: lane.backend.as_deref().map(clean), ..lane }
}
