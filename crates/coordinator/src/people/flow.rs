//! Registration, sessions and heartbeats of miners.
//!
//! An id belongs to the first key *proved* for it. Registering reserves nothing and reveals nothing; only the signed
//! start of a session claims the id. A client without a key may register and open a session too, but it gets copies of
//! units and earns nothing.

use adit_core::PublicKey;
use adit_core::sign::{Challenge, LeaseId};
use adit_core::statement::SiteShare;
use adit_protocol::ErrorCode;
use adit_protocol::mining::{RegisterKey, SignedStart};
use adit_protocol::neonet::RegisterRequest;
use futures::future::BoxFuture;

pub(crate) mod end;
mod give_back;
mod name;
pub(crate) mod open;

pub(crate) use give_back::ReturnUnits;
pub(crate) use name::choose_name;

use end::end_session;
use open::{open_session, own_session};

use super::CHALLENGE_MS;
use super::identity::{contributor_id, payout_address};
use super::store::{self as people, ChallengeRow, ContributorRow, SessionRow};
use crate::batch::{Batch, Operation};
use crate::error::{Failure, Refusal};
use crate::mining::store as leases;
use crate::store::DbError;

/// The longest hardware claim.
const MAX_CLAIM: usize = 128;

/// Registers a contributor and issues a challenge for its key.
pub(crate) struct Register {
    contributor: ContributorRow,
    key: Option<RegisterKey>,
    challenge: Challenge,
}

pub(crate) struct Registered {
    pub(crate) contributor: ContributorRow,
    /// Whether the contributor is new.
    pub(crate) new: bool,
    /// When the challenge expires.
    pub(crate) expires_at_ms: i64,
}

impl Register {
    /// Validates the request; `challenge` is random.
    pub(crate) fn new(request: RegisterRequest, challenge: Challenge) -> Result<Self, Refusal> {
        let id = contributor_id(&request.contributor_id)?;
        let gpu_model = request.gpu_model.filter(|model| !model.is_empty());
        if gpu_model.as_ref().is_some_and(|model| model.len() > MAX_CLAIM) {
            return Err(Refusal::new(ErrorCode::InvalidContributor, "gpu_model is longer than 128 bytes"));
        }
        let mut key = request.adit;
        if let Some(key) = &mut key {
            if !key.public_key.is_valid() {
                return Err(Refusal::new(ErrorCode::InvalidPublicKey, "adit.public_key is not a point of secp256k1"));
            }
            key.payout = key.payout.as_deref().map(payout_address).transpose()?;
        }
        let contributor = ContributorRow {
            id,
            miner: None,
            cpu_cores: request.cpu_cores.clamp(0, 1 << 20),
            gpu_memory_mb: request.gpu_memory_mb.clamp(0, 1 << 40),
            gpu_model,
            registered_at_ms: 0,
        };
        Ok(Register { contributor, key, challenge })
    }
}

impl Operation for Register {
    type Output = Registered;
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<Registered, Failure>> {
        Box::pin(async move {
            let row = ContributorRow { registered_at_ms: batch.now_ms, ..self.contributor.clone() };
            let new = people::insert_contributor(batch.db, &row).await?;
            let found = people::contributor(batch.db, &row.id).await?;
            let contributor = found.ok_or(DbError::RowNotFound)?;
            let expires_at_ms = batch.now_ms + CHALLENGE_MS;
            if let Some(key) = &self.key {
                let challenge = ChallengeRow {
                    contributor: row.id,
                    miner: key.public_key,
                    payout: key.payout.clone(),
                    expires_at_ms,
                };
                people::insert_challenge(batch.db, &self.challenge, &challenge).await?;
            }
            Ok(Registered { contributor, new, expires_at_ms })
        })
    }
}

/// Opens a session, or finds the open one.
pub(crate) struct StartSession {
    pub(crate) contributor: String,
    /// Proof of the key, with its signature checked by [`StartSession::new`].
    start: Option<SignedStart>,
    /// A random id for a new session.
    session: String,
    /// The most sessions without a key open at once.
    max_keyless: u32,
}

pub(crate) struct Started {
    pub(crate) session: SessionRow,
    pub(crate) new: bool,
}

impl StartSession {
    /// Checks the signature, off the writer thread.
    pub(crate) fn new(
        contributor: &str,
        start: Option<SignedStart>,
        coordinator: &PublicKey,
        session: String,
        max_keyless: u32,
    ) -> Result<Self, Refusal> {
        let contributor = contributor_id(contributor)?;
        if let Some(SignedStart { statement, signature }) = &start {
            if statement.coordinator != *coordinator || statement.contributor != contributor {
                let detail = "the signed statement names another coordinator or contributor; register again";
                return Err(Refusal::new(ErrorCode::StatementMismatch, detail));
            }
            if statement.share.is_some_and(|share| !share.is_valid()) {
                let detail =
                    "the share names no point of secp256k1, or a part that is not within 1 to 10000 basis points";
                return Err(Refusal::new(ErrorCode::InvalidShare, detail));
            }
            if statement.public_key.verify(statement, signature).is_err() {
                let detail = "adit.signature is not a low-s signature by adit.statement.public_key over the statement";
                return Err(Refusal::new(ErrorCode::InvalidSignature, detail));
            }
        }
        Ok(StartSession { contributor, start, session, max_keyless })
    }

    /// The part that goes to a site, as the last signed statement says.
    fn share(&self) -> Option<&SiteShare> {
        self.start.as_ref()?.statement.share.as_ref()
    }

    /// Consumes the challenge and returns the proved key.
    async fn prove(&self, batch: &mut Batch<'_>) -> Result<Option<PublicKey>, Failure> {
        let Some(SignedStart { statement, .. }) = &self.start else { return Ok(None) };
        let challenge = people::challenge(batch.db, &statement.challenge).await?;
        let challenge = challenge.filter(|challenge| challenge.expires_at_ms >= batch.now_ms).ok_or_else(|| {
            Refusal::new(
                ErrorCode::ChallengeUsed,
                "the challenge is unknown, used or too old; register again for a new one",
            )
        })?;
        let same = challenge.contributor == self.contributor
            && challenge.miner == statement.public_key
            && challenge.payout == statement.payout.as_ref().map(|payout| payout.to_ascii_lowercase())
            && challenge.expires_at_ms == statement.expires_at_ms;
        if !same {
            let detail = "the signed statement does not name the key, payout and expiry that were registered";
            return Err(Refusal::new(ErrorCode::StatementMismatch, detail).into());
        }
        let owner = people::contributor(batch.db, &self.contributor).await?.and_then(|row| row.key());
        if owner.is_some_and(|owner| owner != statement.public_key) {
            let detail = "this contributor_id belongs to another key; choose another id";
            return Err(Refusal::new(ErrorCode::ContributorTaken, detail).into());
        }
        people::delete_challenge(batch.db, &statement.challenge).await?;
        people::claim_contributor(batch.db, &self.contributor, &statement.public_key).await?;
        let payout = challenge.payout.as_deref();
        people::see_miner(batch.db, &statement.public_key, &self.contributor, payout, batch.now_ms).await?;
        Ok(Some(statement.public_key))
    }
}

impl Operation for StartSession {
    type Output = Started;
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<Started, Failure>> {
        Box::pin(async move {
            let registered = people::contributor(batch.db, &self.contributor).await?.ok_or_else(|| {
                Refusal::new(ErrorCode::RegisterFirst, "Not registered. Call /ai-energy/register first")
            })?;
            let key = self.prove(batch).await?;
            if key.is_none() && registered.key().is_some() {
                // Without this, anyone could add hours to the record of an id that a key has proved.
                let detail = "this contributor_id belongs to a key; start with its signature, or choose another id";
                return Err(Refusal::new(ErrorCode::ContributorTaken, detail).into());
            }
            if let Some(session) = people::open_session(batch.db, &self.contributor, key.as_ref()).await? {
                people::touch_session(batch.db, &session.id, &self.contributor, batch.now_ms).await?;
                people::share_session(batch.db, &session.id, self.share()).await?;
                return Ok(Started { session, new: false });
            }
            if key.is_none() && people::keyless_sessions(batch.db).await? >= i64::from(self.max_keyless) {
                let detail = "too many sessions without a key are open; register with a key, or try again later";
                return Err(Refusal::new(ErrorCode::TooManyRequests, detail).retry_after(60).into());
            }
            people::insert_session(batch.db, &self.session, &self.contributor, key.as_ref(), batch.now_ms).await?;
            people::share_session(batch.db, &self.session, self.share()).await?;
            let session = people::session(batch.db, &self.session).await?.ok_or(DbError::RowNotFound)?;
            Ok(Started { session, new: true })
        })
    }
}

/// Keeps a session open.
pub(crate) struct Heartbeat {
    pub(crate) contributor: String,
    pub(crate) session: String,
}

/// An open session, as its heartbeat finds it.
pub(crate) struct Beaten {
    pub(crate) session: SessionRow,
    pub(crate) now_ms: i64,
    /// The leases on which its lanes work in vain.
    pub(crate) vain: Vec<LeaseId>,
}

impl Operation for Heartbeat {
    type Output = Beaten;
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<Beaten, Failure>> {
        Box::pin(async move {
            let session = open_session(batch, &self.contributor, &self.session).await?;
            let vain = leases::second::vain(batch.db, &session.id).await?;
            Ok(Beaten { session, now_ms: batch.now_ms, vain })
        })
    }
}

/// Ends a session and returns its leases. Repeating it gives the same answer.
pub(crate) struct StopSession {
    pub(crate) contributor: String,
    pub(crate) session: String,
}

impl Operation for StopSession {
    type Output = SessionRow;
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<SessionRow, Failure>> {
        Box::pin(async move {
            let session = own_session(batch, &self.contributor, &self.session).await?;
            end_session(batch, &session.id).await?;
            Ok(people::session(batch.db, &session.id).await?.ok_or(DbError::RowNotFound)?)
        })
    }
}
