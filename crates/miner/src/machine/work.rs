//! From asking for a task to starting it on its lane.

use std::mem;

use adit_core::sign::LeaseId;
use adit_fetch::Request;
use adit_protocol::neonet::Task;
use adit_protocol::{ErrorCode, TaskType, paths};

use super::answer::{Answer, is_session_lost, readable};
use super::blocks::Gathered;
use super::lane::{Assigned, Lane, Work};
use super::{Answered, Call, Machine, Phase, STATUS_MS, Timer, grant};
use crate::lane::LaneCommand;
use crate::notice::Notice;

/// The largest task: it names its panels, which takes a few hundred bytes, or a few MiB if they are many.
pub(super) const TASK_BYTES: usize = 8 << 20;
/// When to ask again if the coordinator does not say.
const ASK_AGAIN_MS: u64 = 2_000;

impl Machine {
    /// Finds work for every idle lane.
    pub(super) fn employ_all(&mut self) {
        for lane in 0..self.lanes.len() as u32 {
            self.employ(lane);
        }
    }

    /// Asks for a task for an idle lane, if it may have one now.
    pub(super) fn employ(&mut self, index: u32) {
        let Phase::Open(session) = &self.phase else { return };
        if !self.may_begin(index) {
            return;
        }
        let path = paths::with(paths::TASK, &self.config.contributor.to_lowercase());
        let kinds: Vec<&str> = self.lanes[index as usize].kinds.iter().map(|kind| kind.name()).collect();
        let mut url = format!("{}?lane={index}&kinds={}", self.url(&path), kinds.join(","));
        if self.config.choice.open_source {
            url.push_str("&open_source=true");
        }
        if let Some(job) = self.config.choice.job {
            url.push_str(&format!("&job={job}"));
        }
        let request = Request::get(url).header(paths::SESSION_HEADER, session.id.clone()).max_bytes(TASK_BYTES);
        let lane = &mut self.lanes[index as usize];
        (lane.work, lane.limited) = (Work::Asking, false);
        self.call(Call::Ask(index), request);
    }

    /// Whether an idle lane may take a unit: a session is open, nothing pauses or ends it, and no limit is reached.
    pub(super) fn may_begin(&self, index: u32) -> bool {
        let Phase::Open(session) = &self.phase else { return false };
        let busy = self.lanes.iter().filter(|lane| lane.is_busy()).count();
        let allowed = session.proved || busy < session.in_flight;
        let wanted = self.config.max_units.is_none_or(|max| self.tally.verdicts + (busy as u64) < max);
        let idle = matches!(self.lanes[index as usize].work, Work::Idle);
        idle && allowed && wanted && !self.finishing && !self.is_paused()
    }

    pub(super) fn task_answered(&mut self, index: u32, answer: Answered) {
        if !matches!(self.lanes[index as usize].work, Work::Asking) {
            return;
        }
        match Answer::<Task>::of(answer) {
            Answer::Given(task) => self.accept(index, task),
            Answer::Nothing { asked_ms } => self.no_work(index, asked_ms),
            Answer::Refused(code, reason) if is_session_lost(code) => {
                self.lanes[index as usize].work = Work::Idle;
                self.session_lost(reason);
            }
            Answer::Refused(ErrorCode::InvalidLane, reason) => self.switch_off(index, reason),
            Answer::Refused(_, reason) | Answer::Nonsense(reason) => {
                self.ask_later(index, format!("task: {reason}"), None)
            }
            Answer::Later { code: Some(ErrorCode::TooManyLeases), reason, asked_ms } => {
                self.limited(index, reason, asked_ms)
            }
            Answer::Later { reason, asked_ms, .. } => self.ask_later(index, self.away(&reason), asked_ms),
        }
    }

    /// Accepts a task if every check of it passes.
    pub(super) fn accept(&mut self, index: u32, task: Task) {
        let Some(coordinator) = self.coordinator else { return };
        let Some(granted) = task.adit else {
            return self.ask_later(index, "the task carries no lease".into(), None);
        };
        if let Err(error) = grant::check(&granted, &coordinator, &self.config.key.public_key()) {
            return self.ask_later(index, format!("the task is invalid: {error}"), None);
        }
        if !self.lanes[index as usize].kinds.contains(&granted.kind) {
            return self.ask_later(index, format!("this lane does not compute {}", granted.kind), None);
        }
        if granted.unit.source().is_some_and(|source| !self.may_ask_source(source)) {
            return self.ask_later(index, "the unit's source is no https address".into(), None);
        }
        let lease = granted.lease.lease;
        if self.deliveries.contains_key(&lease) {
            // Computed before a restart: its output is already being delivered.
            self.lanes[index as usize].work = Work::Delivering(lease);
            return self.adopt(lease, index);
        }
        if self.lanes.iter().any(|lane| lane.assigned().is_some_and(|assigned| assigned.lease() == lease)) {
            return self.ask_later(index, "the task is another lane's".into(), None);
        }
        let Ok(gathered) = Gathered::new(granted.unit.blocks()) else {
            return self.ask_later(index, "the unit gives one block two sizes".into(), None);
        };
        self.lanes[index as usize].asked_in_vain = 0;
        self.schedule.set(Timer::Status, self.now_ms + STATUS_MS);
        self.schedule.clear(Timer::Ask(index));
        let give_up_at_ms = self.now_ms.saturating_add(granted.expires_in_ms).saturating_add(granted.lease.ttl_ms);
        self.schedule.set(Timer::Overdue(index), give_up_at_ms);
        let task_type = readable(&task.task_type);
        let task_type = if task_type.is_empty() { TaskType::of(granted.kind).name().into() } else { task_type };
        let assigned = Assigned { grant: Box::new(granted), task_type };
        self.fetch(index, assigned, gathered);
    }

    /// Whether a source may be asked: it has an https address, or the coordinator too is reached over http.
    fn may_ask_source(&self, source: &str) -> bool {
        source.starts_with("https://") || self.config.server.starts_with("http://")
    }

    pub(super) fn start_if_complete(&mut self, index: u32) {
        let lane = &mut self.lanes[index as usize];
        let Work::Fetching(_, gathered) = &lane.work else { return };
        let Some(blocks) = gathered.complete() else { return };
        let Work::Fetching(assigned, _) = mem::replace(&mut lane.work, Work::Idle) else { return };
        lane.progress = 0.0;
        let grant = &assigned.grant;
        let (lease, job, work) = (assigned.lease(), grant.job, grant.work);
        let (task_type, kind) = (assigned.task_type.clone(), grant.kind);
        let about = grant.about.clone().map(|about| Box::new(about.shown()));
        let started = Notice::TaskStarted { lane: index, lease, task_type, kind, job, work, about };
        let start = LaneCommand::Start { lease, unit: grant.unit.clone(), blocks };
        lane.work = Work::Computing(assigned);
        self.notice(started);
        self.command(index, start);
    }

    pub(super) fn computing_failed(&mut self, index: u32, reason: &str) {
        if self.lanes[index as usize].fault() {
            return self.switch_off(index, format!("it failed too often: {reason}"));
        }
        self.give_up(index, format!("it could not be computed: {reason}"));
    }

    /// The lease ended so long ago that somebody else has done the unit.
    pub(super) fn overdue(&mut self, index: u32) {
        if self.lanes[index as usize].assigned().is_some() {
            self.give_up(index, "its lease ended before it was computed".into());
        }
    }

    /// Drops the lane's unit and asks for another one later.
    pub(super) fn give_up(&mut self, index: u32, reason: String) {
        self.drop_unit(index, reason);
        self.lanes[index as usize].work = Work::Waiting;
        self.schedule.retry(Timer::Ask(index), self.now_ms, None, &mut self.random);
        self.forget_unneeded();
    }

    /// Drops the units of these leases, which the coordinator says nobody needs any more, and asks for others.
    pub(super) fn stop_in_vain(&mut self, vain: &[LeaseId]) {
        for index in 0..self.lanes.len() as u32 {
            let lane = &self.lanes[index as usize];
            if lane.assigned().is_some_and(|assigned| vain.contains(&assigned.lease())) {
                self.drop_unit(index, "another miner delivered it first, or its job has ended".into());
                self.lanes[index as usize].work = Work::Idle;
            }
        }
        self.forget_unneeded();
        self.employ_all();
    }

    fn drop_unit(&mut self, index: u32, reason: String) {
        if matches!(self.lanes[index as usize].work, Work::Computing(_)) {
            self.command(index, LaneCommand::Abandon);
        }
        self.schedule.clear(Timer::Overdue(index));
        self.notice(Notice::TaskDropped { lane: index, reason });
    }

    /// A lane that has asked in vain for a while asks less often, so that an idle miner costs little. It asks at most four
    /// seconds apart, unless the coordinator wants more, because a new job should not wait for it.
    pub(super) fn no_work(&mut self, index: u32, asked_ms: Option<u64>) {
        const EAGER_ASKS: u32 = 5;
        const PATIENT_MS: u64 = 4_000;
        let lane = &mut self.lanes[index as usize];
        lane.asked_in_vain = lane.asked_in_vain.saturating_add(1);
        let asked_ms = asked_ms.unwrap_or(ASK_AGAIN_MS);
        let asked_ms = if lane.asked_in_vain > EAGER_ASKS { asked_ms.max(PATIENT_MS) } else { asked_ms };
        let in_ms = self.wait(index, Some(asked_ms));
        self.notice(Notice::NoWork { lane: index, in_ms });
    }

    /// The key holds as many leases as it may for now. Each verified unit lets it hold one more.
    fn limited(&mut self, index: u32, reason: String, asked_ms: Option<u64>) {
        let in_ms = self.wait(index, asked_ms);
        self.lanes[index as usize].limited = true;
        self.notice(Notice::Limited { lane: index, reason, in_ms });
    }

    /// Makes a lane wait and ask again when the coordinator says. Returns the wait in ms.
    fn wait(&mut self, index: u32, asked_ms: Option<u64>) -> u64 {
        self.schedule.clear(Timer::Ask(index));
        let in_ms = super::schedule::spread(asked_ms.unwrap_or(ASK_AGAIN_MS), &mut self.random);
        self.schedule.set(Timer::Ask(index), self.now_ms + in_ms);
        self.lanes[index as usize].work = Work::Waiting;
        in_ms
    }

    /// After a verified unit, one more lane may hold a lease.
    pub(super) fn end_limited_wait(&mut self) {
        let limited = |lane: &Lane| lane.limited && matches!(lane.work, Work::Waiting);
        if let Some(index) = self.lanes.iter().position(limited) {
            self.schedule.clear(Timer::Ask(index as u32));
            self.lanes[index].work = Work::Idle;
        }
    }

    pub(super) fn ask_later(&mut self, index: u32, reason: String, asked_ms: Option<u64>) {
        self.lanes[index as usize].work = Work::Waiting;
        self.retry(Timer::Ask(index), reason, asked_ms);
    }

    pub(super) fn wait_ended(&mut self, index: u32) {
        if matches!(self.lanes[index as usize].work, Work::Waiting) {
            self.lanes[index as usize].work = Work::Idle;
            self.employ(index);
        }
    }
}
