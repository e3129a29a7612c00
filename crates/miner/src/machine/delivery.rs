//! From a computed output to a checked receipt.

use std::sync::Arc;

use adit_core::reward::base_reward;
use adit_core::sign::{Digest, LeaseId};
use adit_core::statement::{Delivery, ReceiptError, Verdict};
use adit_core::{Amount, PublicKey};
use adit_fetch::{Method, Request};
use adit_protocol::mining::{Delivered, TaskGrant};
use adit_protocol::{ErrorCode, paths};

use super::answer::{Answer, is_session_lost};
use super::lane::Work;
use super::work::TASK_BYTES;
use super::{Action, Answered, Call, Machine, Pending, Phase, Timer, journal_failed};
use crate::journal::{Entry, JournalError};
use crate::lane::LaneCommand;
use crate::notice::Notice;

/// How long an upload may take, plus a time in proportion to its size.
const UPLOAD_MS: u64 = 60_000;
/// The slowest upload that is waited for, in bytes per millisecond.
const SLOWEST: u64 = 32;
/// A delivery is given up after this many invalid answers.
const PATIENCE: u32 = 6;

impl Machine {
    /// Resumes the deliveries that an earlier run left in the journal.
    pub(super) fn recover(&mut self, journal: Vec<(LeaseId, Vec<u8>)>) {
        for (lease, bytes) in journal {
            match Entry::from_bytes(&bytes) {
                Ok(entry) if entry.delivery.lease == lease => {
                    self.deliveries.insert(lease, Pending { entry, under_way: false });
                }
                // Damaged by a crash, or written by an older program: there is nothing to send.
                _ => self.actions.push(Action::Forget { lease }),
            }
        }
    }

    /// Signs a computed output and journals it before it is sent.
    pub(super) fn computed(&mut self, index: u32, output: Vec<u8>, digest: Digest, busy_ms: f64) {
        let lane = &mut self.lanes[index as usize];
        let Some(assigned) = lane.assigned() else { return };
        let (grant, lease) = (&assigned.grant, assigned.lease());
        if output.len() as u64 != grant.unit.output_bytes() {
            return self.computing_failed(index, "the output has the wrong length");
        }
        let (unit, (work, value)) = (grant.lease.unit, owed(grant, &output));
        let coordinator = grant.lease.coordinator;
        let delivery = Delivery { lease, unit, digest, length: output.len() as u64 };
        lane.work_per_s = (work as f64 * 1e3 / busy_ms.max(0.001)) as u64;
        lane.work = Work::Delivering(lease);
        let signature = self.config.key.sign(&delivery);
        let output = Arc::new(output);
        let entry = Entry { coordinator, delivery, signature, value, work, lane: index, output };
        self.schedule.clear(Timer::Overdue(index));
        self.notice(Notice::TaskComputed { lane: index, lease, busy_ms });
        self.actions.push(Action::Keep { lease, entry: entry.to_bytes() });
        self.deliveries.insert(lease, Pending { entry, under_way: true });
    }

    pub(super) fn kept(&mut self, lease: LeaseId, result: Result<(), JournalError>) {
        if let Err(error) = result {
            self.notice(journal_failed(&error));
        }
        self.send(lease);
    }

    /// Sends what an earlier session or an earlier run left behind.
    pub(super) fn send_all(&mut self) {
        let left: Vec<LeaseId> =
            self.deliveries.iter().filter(|(_, pending)| !pending.under_way).map(|(lease, _)| *lease).collect();
        for lease in left {
            self.send(lease);
        }
    }

    pub(super) fn send(&mut self, lease: LeaseId) {
        let Some(pending) = self.deliveries.get_mut(&lease) else { return };
        let ours = self.coordinator == Some(pending.entry.coordinator);
        let Phase::Open(session) = &self.phase else {
            pending.under_way = false;
            return;
        };
        pending.under_way = ours;
        if !ours {
            return;
        }
        let (entry, session) = (&pending.entry, session.id.clone());
        let timeout_ms = UPLOAD_MS + entry.delivery.length / SLOWEST;
        let path = paths::with(paths::OUTPUT, &lease.to_string());
        let request = Request::new(Method::Put, format!("{}{path}", self.config.server))
            .header("content-type", "application/octet-stream")
            .header(paths::SESSION_HEADER, session)
            .header(paths::SIGNATURE_HEADER, entry.signature.to_string())
            .header(paths::DIGEST_HEADER, entry.delivery.digest.to_string())
            .body(entry.output.clone())
            .max_bytes(TASK_BYTES)
            .timeout_ms(u32::try_from(timeout_ms).unwrap_or(u32::MAX))
            .answer_ms(UPLOAD_MS as u32);
        self.call(Call::Deliver(lease), request);
    }

    /// Has a lane wait for the answer to an output that an earlier run computed.
    pub(super) fn adopt(&mut self, lease: LeaseId, index: u32) {
        self.schedule.clear(Timer::Ask(index));
        if let Some(pending) = self.deliveries.get_mut(&lease) {
            pending.entry.lane = index;
            if !pending.under_way {
                self.send(lease);
            }
        }
    }

    pub(super) fn delivered(&mut self, lease: LeaseId, answer: Answered) {
        match Answer::<Delivered>::of(answer) {
            Answer::Given(delivered) => self.check_and_settle(lease, delivered),
            Answer::Refused(code, reason) if is_session_lost(code) => {
                self.unsent(lease);
                self.session_lost(reason);
            }
            Answer::Refused(ErrorCode::DigestMismatch, reason) => self.send_later(lease, reason),
            Answer::Refused(code, reason) => self.drop_delivery(lease, &format!("{reason} ({})", code.name())),
            Answer::Nothing { asked_ms } => self.send_again(lease, "the delivery was not answered".into(), asked_ms),
            Answer::Later { reason, asked_ms, .. } => self.send_again(lease, self.away(&reason), asked_ms),
            Answer::Nonsense(reason) => self.send_later(lease, format!("delivery: {reason}")),
        }
    }

    fn check_and_settle(&mut self, lease: LeaseId, delivered: Delivered) {
        let Some(pending) = self.deliveries.get(&lease) else { return };
        match check(&delivered, &pending.entry, &self.config.key.public_key()) {
            Ok(()) => self.settle(lease, delivered),
            Err(problem) => self.send_later(lease, format!("the receipt does not hold: {problem}")),
        }
    }

    fn settle(&mut self, lease: LeaseId, delivered: Delivered) {
        let Some(Pending { entry, .. }) = self.deliveries.remove(&lease) else { return };
        self.schedule.clear(Timer::Deliver(lease));
        self.actions.push(Action::Forget { lease });
        let (verdict, index) = (delivered.verdict, entry.lane);
        self.give_back(index, entry.output);
        self.tally.count(verdict, entry.work, entry.value, self.now_ms);
        let reward = if verdict == Verdict::Valid { entry.value } else { Amount::ZERO };
        let receipt = Box::new(delivered.receipt);
        self.notice(Notice::Verdict { lane: index, verdict, reward, receipt });
        if let Phase::Open(session) = &mut self.phase
            && verdict == Verdict::Valid
        {
            session.proved = true;
            self.end_limited_wait();
        }
        let waits = matches!(self.lanes.get(index as usize), Some(lane) if is_delivering(&lane.work, lease));
        if waits {
            self.learn(index, verdict);
        }
        if self.config.max_units.is_some_and(|max| self.tally.verdicts >= max) {
            self.tell_status();
            return self.stop();
        }
        if waits {
            self.go_on(index, delivered.next, delivered.retry_after_ms);
        }
        self.tell_status();
        self.employ_all();
    }

    /// Gives a lane the buffer of its output, unless something still reads it.
    fn give_back(&mut self, index: u32, output: Arc<Vec<u8>>) {
        if let Ok(buffer) = Arc::try_unwrap(output)
            && (index as usize) < self.lanes.len()
        {
            self.command(index, LaneCommand::Reuse(buffer));
        }
    }

    /// A lane whose outputs are refused again and again has a faulty backend.
    fn learn(&mut self, index: u32, verdict: Verdict) {
        let lane = &mut self.lanes[index as usize];
        lane.work = Work::Idle;
        match verdict {
            Verdict::Valid => {
                lane.units_valid += 1;
                lane.worked();
            }
            Verdict::Invalid if lane.fault() => {
                self.switch_off(index, "its outputs are refused: the backend computes wrongly".into());
            }
            _ => {}
        }
    }

    /// The answer to a delivery carries the next task, so that a steady lane makes one request a unit. A task that is not
    /// taken now can be asked for later: the lane holds it until its lease ends.
    fn go_on(&mut self, index: u32, next: Option<adit_protocol::neonet::Task>, retry_after_ms: u64) {
        match next {
            _ if !self.may_begin(index) => {}
            Some(task) => self.accept(index, task),
            None => self.no_work(index, Some(retry_after_ms).filter(|ms| *ms > 0)),
        }
    }

    /// Retries until there is an answer: the same lease always gets the same one.
    fn send_again(&mut self, lease: LeaseId, reason: String, asked_ms: Option<u64>) {
        if self.deliveries.contains_key(&lease) {
            self.retry(Timer::Deliver(lease), reason, asked_ms);
        }
    }

    /// Retries like [`send_again`](Self::send_again), but gives up in the end: an invalid answer may never become valid.
    fn send_later(&mut self, lease: LeaseId, reason: String) {
        if self.schedule.failures(Timer::Deliver(lease)) >= PATIENCE {
            return self.drop_delivery(lease, &reason);
        }
        self.send_again(lease, reason, None);
    }

    fn unsent(&mut self, lease: LeaseId) {
        if let Some(pending) = self.deliveries.get_mut(&lease) {
            pending.under_way = false;
        }
    }

    fn drop_delivery(&mut self, lease: LeaseId, reason: &str) {
        let Some(Pending { entry, .. }) = self.deliveries.remove(&lease) else { return };
        self.schedule.clear(Timer::Deliver(lease));
        self.actions.push(Action::Forget { lease });
        let index = entry.lane;
        self.give_back(index, entry.output);
        self.notice(Notice::TaskDropped { lane: index, reason: reason.into() });
        if matches!(self.lanes.get(index as usize), Some(lane) if is_delivering(&lane.work, lease)) {
            self.lanes[index as usize].work = Work::Idle;
            self.employ(index);
        }
    }
}

/// The work that an output says was done, and its base reward: what the receipt has to state.
fn owed(grant: &TaskGrant, output: &[u8]) -> (u64, Amount) {
    match grant.unit.work_done(output) {
        whole if whole == grant.work => (whole, grant.lease.value),
        part => (part, base_reward(grant.kind, part).min(grant.lease.value)),
    }
}

fn is_delivering(work: &Work, lease: LeaseId) -> bool {
    matches!(work, Work::Delivering(delivering) if *delivering == lease)
}

/// What is wrong with an answer to a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum AnswerError {
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    #[error("it is for something else")]
    NotOurs,
    #[error("it says another verdict than the answer")]
    Verdict,
    #[error("it says another base reward than the lease and the output")]
    Value,
}

/// Checks that the receipt holds under the key that leased the unit, and that it is for this delivery.
fn check(delivered: &Delivered, entry: &Entry, miner: &PublicKey) -> Result<(), AnswerError> {
    let receipt = &delivered.receipt.receipt;
    delivered.receipt.verify(&entry.coordinator)?;
    if delivered.lease != entry.delivery.lease || receipt.delivery() != entry.delivery || receipt.miner != *miner {
        return Err(AnswerError::NotOurs);
    }
    if receipt.verdict != delivered.verdict {
        return Err(AnswerError::Verdict);
    }
    if receipt.value != entry.value || receipt.work != entry.work { Err(AnswerError::Value) } else { Ok(()) }
}
