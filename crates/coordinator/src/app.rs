//! The state that every call shares: the database, the coordinator's key, and the operator's settings.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use adit_core::PublicKey;
use adit_core::sign::{LeaseId, SecretKey};
use adit_cpu::Cpu;
use adit_protocol::ErrorCode;
use adit_protocol::jobs::Priority;
use zeroize::Zeroizing;

use crate::batch::Store;
use crate::bodies::Bodies;
use crate::bodies::budget::Budget;
use crate::clock::Clock;
use crate::content::Storage;
use crate::error::Refusal;
use crate::http::authority::Authority;
use crate::limits::{AddressBlock, Checked, Limiter, Wait};
use crate::mining::conduct::Conduct;
use crate::mining::flow::arrivals::Arrivals;
use crate::mining::flow::verify::Checker;
use crate::money::Terms;
use crate::operate::{Audits, Requests};
use crate::source::Sources;

pub(crate) struct App {
    pub(crate) store: Store,
    pub(crate) checker: Checker,
    /// For jobs too small to delegate.
    pub(crate) cpu: Cpu,
    pub(crate) key: SecretKey,
    pub(crate) public_key: PublicKey,
    /// The operator's token.
    pub(crate) token: String,
    pub(crate) terms: Terms,
    pub(crate) conduct: Conduct,
    pub(crate) storage: Storage,
    /// The secret that replicas are sealed with.
    pub(crate) storage_key: Zeroizing<[u8; 32]>,
    pub(crate) clock: Clock,
    /// The highest priority of a job that pays for itself.
    pub(crate) most_priority: Priority,
    pub(crate) max_stored_bytes: u64,
    pub(crate) authority: Arc<Authority>,
    pub(crate) sources: Sources,
    pub(crate) keyless_sessions: u32,
    pub(crate) limiter: Mutex<Limiter>,
    pub(crate) started: Instant,
    pub(crate) requests: Requests,
    pub(crate) log_lines_lost: Arc<AtomicUsize>,
    pub(crate) bodies: Bodies,
    /// Memory for outputs that arrive, and for the inputs that they are checked against.
    pub(crate) outputs: Budget,
    /// Memory for answers that are being sent.
    pub(crate) answers: Budget,
    pub(crate) arrivals: Arrivals,
    pub(crate) audits: Arc<Audits>,
}

/// Refuses a caller over its rate limit and says when to retry.
pub(crate) fn too_many(wait: Wait, what: &str) -> Refusal {
    let seconds = wait.ms.div_ceil(1_000).max(1);
    Refusal::new(ErrorCode::TooManyRequests, format!("{what}; try again in {seconds} s")).retry_after(seconds)
}

impl App {
    /// Applies the rate limit on a key's requests for work.
    pub(crate) fn may_ask(&self, key: PublicKey) -> Result<(), Refusal> {
        let allowed = self.limit(|limiter, now_ms| limiter.ask(key, now_ms));
        allowed.map_err(|wait| too_many(wait, "this key asks for work too often"))
    }

    /// Applies the request limits to a delivery. `proven` is the live lease whose key signed it; without one it counts as
    /// an ordinary request.
    pub(crate) fn may_deliver(&self, from: Option<AddressBlock>, proven: Option<LeaseId>) -> Result<(), Refusal> {
        let allowed = self.limit(|limiter, now_ms| match proven {
            Some(lease) => limiter.deliver(lease, from, now_ms),
            None => limiter.call(from, now_ms),
        });
        allowed.map_err(|wait| too_many(wait, "too many deliveries without a signature for a live lease"))
    }

    /// Refuses to check more outputs while the checks of the key or of its address block wasted too many bytes.
    pub(crate) fn begin_check(&self, who: Checked, in_advance: u64) -> Result<(), Refusal> {
        let allowed = self.limit(|limiter, now_ms| limiter.begin_check(who, in_advance, now_ms));
        allowed.map_err(|wait| too_many(wait, "too many outputs from this key or this network were damaged or wrong"))
    }

    /// Counts the bytes that a check has wasted.
    pub(crate) fn end_check(&self, who: Checked, in_advance: u64, wasted: u64) {
        self.limit(|limiter, now_ms| limiter.end_check(who, in_advance, wasted, now_ms));
    }

    pub(crate) fn limit<T>(&self, rule: impl FnOnce(&mut Limiter, i64) -> T) -> T {
        rule(&mut self.limiter.lock().unwrap_or_else(PoisonError::into_inner), self.clock.elapsed_ms())
    }
}
