//! Opens, keeps and ends the session.

use adit_core::statement::SessionStart;
use adit_fetch::Request;
use adit_protocol::mining::{HeartbeatNews, RegisterGrant, RegisterKey, SignedStart};
use adit_protocol::neonet::{
    GasInfo, HeartbeatRequest, RegisterRequest, RegisterResponse, StartSessionRequest, StartSessionResponse,
    StopSessionRequest, StopSessionResponse,
};
use adit_protocol::records::Account;
use adit_protocol::{ErrorCode, paths};
use serde::{Deserialize, Serialize};

use super::answer::{Answer, is_session_lost};
use super::{Action, Answered, Call, CallId, Machine, Phase, Session, Timer, Work};
use crate::notice::Notice;

/// The longest time between two heartbeats, and between two looks at the account.
const BEAT_MS: u64 = 30_000;
/// How often to ask for fees, which change slowly.
const GAS_MS: u64 = 300_000;
/// How long the call that ends the session may take: nobody waits long for a miner to stop.
const STOP_MS: u32 = 5_000;
/// The largest answer, other than a task.
const ANSWER_BYTES: usize = 256 << 10;
/// A session's id is a UUID.
const SESSION_ID_BYTES: usize = 64;

/// The part of a heartbeat's answer that the miner uses.
#[derive(Deserialize)]
struct Beaten {
    #[serde(default)]
    adit: Option<HeartbeatNews>,
}

impl Machine {
    pub(super) fn ask_gas(&mut self) {
        self.schedule.set(Timer::Gas, self.now_ms + GAS_MS);
        self.call(Call::Gas, Request::get(self.url(paths::GAS_INFO)).max_bytes(ANSWER_BYTES));
    }

    /// Fees are for display only, so a failed call is ignored.
    pub(super) fn gas_answered(&mut self, answer: Answered) {
        if let Answer::Given(gas) = Answer::<GasInfo>::of(answer) {
            self.notice(Notice::Gas(gas));
        }
    }

    pub(super) fn register(&mut self) {
        self.phase = Phase::Opening;
        let request = RegisterRequest {
            contributor_id: self.config.contributor.clone(),
            cpu_cores: self.config.cpu_cores,
            gpu_memory_mb: self.config.gpu_memory_mb,
            gpu_model: self.config.gpu_model.clone(),
            adit: Some(RegisterKey { public_key: self.config.key.public_key(), payout: self.config.payout.clone() }),
        };
        self.post(Call::Register, paths::REGISTER, &request);
    }

    pub(super) fn registered(&mut self, answer: Answered) {
        match Answer::<RegisterResponse>::of(answer) {
            Answer::Given(RegisterResponse { adit: Some(grant), .. }) => self.pin_and_start(grant),
            Answer::Given(_) => self.fatal(format!(
                "{} is no Adit coordinator: it leases no units that could be verified. Give another --server, or mine there \
                 unverified with `adit mine --original`",
                self.config.server
            )),
            Answer::Refused(code, reason) => self.fatal(format!("registration refused: {reason} ({})", code.name())),
            Answer::Nothing { asked_ms } => self.retry(Timer::Register, "registration: no answer".into(), asked_ms),
            Answer::Later { reason, asked_ms, .. } => self.retry(Timer::Register, self.away(&reason), asked_ms),
            Answer::Nonsense(reason) => self.retry(Timer::Register, format!("registration: {reason}"), None),
        }
    }

    fn pin_and_start(&mut self, grant: RegisterGrant) {
        let key = grant.coordinator_key;
        if let Some(known) = self.coordinator.filter(|known| *known != key) {
            return self.fatal(format!(
                "the coordinator's key is {key}, but it was {known} before. If it was replaced on purpose, {}; \
                 otherwise somebody is in between",
                self.config.repin
            ));
        }
        if !key.is_valid() {
            return self.retry(Timer::Register, "the coordinator sent an invalid key".into(), None);
        }
        self.coordinator = Some(key);
        let contributor = self.config.contributor.to_lowercase();
        self.notice(Notice::Registered { contributor: contributor.clone(), coordinator_key: key });
        for lane in grant.limits.max_lanes as usize..self.lanes.len() {
            self.switch_off(lane as u32, format!("the coordinator allows {} lanes", grant.limits.max_lanes));
        }
        let statement = SessionStart {
            coordinator: key,
            challenge: grant.challenge,
            expires_at_ms: grant.expires_at_ms,
            contributor: contributor.clone(),
            public_key: self.config.key.public_key(),
            payout: self.config.payout.clone(),
            origin: self.config.origin.clone(),
            share: self.config.share,
        };
        let signature = self.config.key.sign(&statement);
        let adit = Some(SignedStart { statement, signature });
        self.post(Call::StartSession, paths::START_SESSION, &StartSessionRequest { contributor_id: contributor, adit });
    }

    /// A challenge can be used once, so after a failure the miner registers again.
    pub(super) fn session_started(&mut self, answer: Answered) {
        match Answer::<StartSessionResponse>::of(answer) {
            Answer::Given(response) => self.open(response),
            Answer::Refused(
                code @ (ErrorCode::ContributorTaken | ErrorCode::InvalidPayout | ErrorCode::InvalidShare),
                reason,
            ) => {
                self.fatal(format!("the session was refused: {reason} ({})", code.name()));
            }
            Answer::Refused(_, reason) | Answer::Nonsense(reason) => {
                self.retry(Timer::Register, format!("starting a session: {reason}"), None);
            }
            Answer::Nothing { asked_ms } => {
                self.retry(Timer::Register, "starting a session: no answer".into(), asked_ms)
            }
            Answer::Later { reason, asked_ms, .. } => self.retry(Timer::Register, self.away(&reason), asked_ms),
        }
    }

    fn open(&mut self, response: StartSessionResponse) {
        let id = response.session_id;
        let usable = !id.is_empty() && id.len() <= SESSION_ID_BYTES && id.bytes().all(|byte| byte.is_ascii_graphic());
        let Some(grant) = response.adit.filter(|_| usable) else {
            return self.retry(Timer::Register, "starting a session: the answer has no session".into(), None);
        };
        self.schedule.clear(Timer::Register);
        let beat_ms = BEAT_MS.min(grant.idle_ms / 3).max(1_000);
        self.schedule.set(Timer::Heartbeat, self.now_ms + beat_ms);
        self.take_account(grant.account);
        let in_flight = (grant.in_flight as usize).max(1);
        let body = id.clone();
        self.phase = Phase::Open(Session { id, in_flight, proved: false, beat_ms });
        self.session_calls = CallId(self.next_call);
        self.notice(Notice::SessionStarted { resumed: !response.success });
        self.notice(Notice::Beacon { url: self.url(paths::RETURN_UNITS), body });
        self.send_all();
        self.employ_all();
    }

    /// The coordinator no longer knows the session, as after a restart. Units under way go on, because a lease outlives it.
    pub(super) fn session_lost(&mut self, reason: String) {
        if !matches!(self.phase, Phase::Open(_)) {
            return;
        }
        if !self.answers_session {
            // An answer to an older call; the session has been replaced since.
            self.send_all();
            return self.employ_all();
        }
        self.phase = Phase::Opening;
        self.schedule.clear(Timer::Heartbeat);
        for lane in 0..self.lanes.len() as u32 {
            if matches!(self.lanes[lane as usize].work, Work::Waiting) {
                self.schedule.clear(Timer::Ask(lane));
                self.lanes[lane as usize].work = Work::Idle;
            }
        }
        self.retry(Timer::Register, format!("the session is gone: {reason}"), None);
    }

    pub(super) fn beat(&mut self) {
        let Phase::Open(session) = &self.phase else { return };
        let beat = HeartbeatRequest {
            contributor_id: self.config.contributor.to_lowercase(),
            session_id: session.id.clone(),
            cpu_usage: 0.0,
            gpu_usage: 0.0,
            tasks_completed: 0,
        };
        self.schedule.set(Timer::Heartbeat, self.now_ms + session.beat_ms);
        self.post(Call::Heartbeat, paths::HEARTBEAT, &beat);
        let account = paths::with(paths::ACCOUNT, &self.config.key.public_key().to_string());
        self.call(Call::Account, Request::get(self.url(&account)).max_bytes(ANSWER_BYTES));
    }

    /// A heartbeat renews nothing; it only shows whether the session is still known.
    pub(super) fn heart_beaten(&mut self, answer: Answered) {
        match Answer::<Beaten>::of(answer) {
            Answer::Refused(code, reason) if is_session_lost(code) => self.session_lost(reason),
            Answer::Given(Beaten { adit: Some(HeartbeatNews { vain }) }) => self.stop_in_vain(&vain),
            _ => {}
        }
    }

    /// The account is for display only: if the call fails, the last one stays.
    pub(super) fn account_answered(&mut self, answer: Answered) {
        if let Answer::Given(account) = Answer::<Account>::of(answer) {
            self.take_account(account);
        }
    }

    fn take_account(&mut self, account: Account) {
        if account.key == self.config.key.public_key() {
            self.tally.account = Some(account);
        }
    }

    /// Ends the session, if there is one.
    pub(super) fn stop_session(&mut self) {
        let Phase::Open(session) = &self.phase else {
            return self.end(None);
        };
        let contributor_id = self.config.contributor.to_lowercase();
        let request = StopSessionRequest { contributor_id, session_id: session.id.clone() };
        self.phase = Phase::Stopping;
        self.post_within(Call::StopSession, paths::STOP_SESSION, &request, STOP_MS);
    }

    pub(super) fn session_stopped(&mut self, answer: Answered) {
        match Answer::<StopSessionResponse>::of(answer) {
            Answer::Given(response) => self.end(Some(response.summary)),
            _ => self.end(None),
        }
    }

    fn end(&mut self, summary: Option<adit_protocol::neonet::SessionSummary>) {
        self.phase = Phase::Ended;
        self.notice(Notice::Stopped { summary });
        self.actions.push(Action::Ended);
    }

    fn post(&mut self, call: Call, path: &str, body: &impl Serialize) {
        self.post_within(call, path, body, adit_fetch::DEFAULT_TIMEOUT_MS);
    }

    fn post_within(&mut self, call: Call, path: &str, body: &impl Serialize, timeout_ms: u32) {
        // Our requests hold nothing that JSON cannot express.
        let json = serde_json::to_vec(body).unwrap_or_default();
        let request = Request::post_json(self.url(path), json).max_bytes(ANSWER_BYTES).timeout_ms(timeout_ms);
        self.call(call, request);
    }
}
