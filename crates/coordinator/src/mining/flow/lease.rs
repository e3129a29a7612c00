//! Leases. A lane gets a run of panels sized to its measured speed, and returns it when the lease ends.

use adit_core::assemble::Run;
use adit_core::reward::{PRICE_VERSION, base_reward};
use adit_core::sign::LeaseId;
use adit_core::statement::{Lease, STATEMENT_VERSION};
use adit_core::{Amount, PublicKey, Unit};
use adit_protocol::mining::{Input, TaskAbout, TaskGrant};
use adit_protocol::{ErrorCode, TaskType};
use futures::future::BoxFuture;

use super::conduct;
use super::take::{Asker, Taken};
use crate::app::App;
use crate::batch::{Batch, Operation};
use crate::error::{Failure, Refusal};
use crate::jobs::choice::Choice;
use crate::jobs::state::UnitState;
use crate::jobs::store::{self as jobs, Counted, JobRow, Words};
use crate::jobs::unit_of;
use crate::mining::MAX_LANES;
use crate::mining::conduct::Deed;
use crate::mining::sizing::{ttl_ms, unproven_ttl_ms};
use crate::mining::state::LeaseState;
use crate::mining::store::{self as leases, LaneRow, LeaseRow};
use crate::people::flow::open::open_session;
use crate::random::{random, random_uuid};
use crate::store::DbError;

/// A lane silent for longer than this gets no share of a job's remaining panels.
const AT_WORK_MS: i64 = 30_000;
/// When an unproven key may ask again if others like it hold all that they may.
pub(super) const CROWDED_S: u64 = 1;
/// After this many expiries a unit's panels return to the job and are cut again.
const MAX_EXPIRIES: i64 = 2;

/// Gives a lane a unit: the one it already holds, or a new one.
pub(crate) struct LeaseLane {
    /// The session's id, known only to its owner.
    pub(crate) session: String,
    pub(crate) contributor: String,
    pub(crate) lane: u32,
    /// What the lane takes; `None` keeps the last answer.
    pub(crate) choice: Option<Choice>,
    /// The address block of the caller, if it has one.
    pub(crate) from: Option<Vec<u8>>,
    /// A random id for a new lease.
    pub(crate) lease: LeaseId,
    /// A random id for a new task.
    pub(crate) task: String,
}

/// A lease and what its holder needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Leased {
    pub(crate) lease: LeaseRow,
    pub(crate) unit: Unit,
    /// The unit's panels.
    pub(crate) run: Run,
    pub(crate) job: JobRow,
    pub(crate) contributor: String,
    pub(crate) now_ms: i64,
}

impl Operation for LeaseLane {
    type Output = Option<Leased>;
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<Option<Leased>, Failure>> {
        Box::pin(self.lease(batch))
    }
}

impl LeaseLane {
    pub(crate) async fn lease(&self, batch: &mut Batch<'_>) -> Result<Option<Leased>, Failure> {
        if self.lane >= MAX_LANES {
            return Err(Refusal::new(ErrorCode::InvalidLane, format!("lane must be below {MAX_LANES}")).into());
        }
        let session = open_session(batch, &self.contributor, &self.session).await?;
        let Some(miner) = session.key() else { return Ok(None) };
        let LaneRow { lease, kinds } = leases::lane(batch.db, &session.id, self.lane).await?;
        if let Some(held) = self.held(batch, lease).await? {
            return Ok(Some(held));
        }
        let proven = may_have_another(batch, &miner, self.from.as_deref()).await?;
        let abandons = self.from.as_deref().is_some_and(|block| batch.abandons(block));
        let asker = Asker { miner, proven, abandons, lanes: batch.lanes_at_work(AT_WORK_MS).await? };
        let choice = self.choice.clone().unwrap_or_else(|| Choice::stored(kinds));
        let found = match self.find(batch, &asker, &choice).await? {
            None => self.find_overdue(batch, &asker, &choice).await?,
            found => found,
        };
        match found {
            Some((job, taken, speed)) => Ok(Some(self.issue(batch, &asker, &choice, job, taken, speed).await?)),
            None => Ok(None),
        }
    }

    /// The lane's live lease.
    async fn held(&self, batch: &mut Batch<'_>, lease: Option<Vec<u8>>) -> Result<Option<Leased>, Failure> {
        let Some(lease) = lease else { return Ok(None) };
        let Some(lease) = leases::live(batch.db, &lease).await? else { return Ok(None) };
        let job = jobs::job(batch.db, lease.job).await?.ok_or(DbError::RowNotFound)?;
        let row = jobs::unit(batch.db, lease.unit).await?.ok_or(DbError::RowNotFound)?;
        let taken = Taken { id: row.id, unit: unit_of(&job.template()?, row.run()), run: row.run() };
        Ok(Some(self.leased(lease, taken, job, batch.now_ms)))
    }

    async fn issue(
        &self,
        batch: &mut Batch<'_>,
        asker: &Asker,
        choice: &Choice,
        job: JobRow,
        taken: Taken,
        speed: u64,
    ) -> Result<Leased, DbError> {
        let unit = &taken.unit;
        let work = unit.work();
        let ttl_ms = if asker.proven { ttl_ms(unit.kind(), work, speed) } else { unproven_ttl_ms(unit, speed) };
        let is_unknown = !asker.proven || speed == 0;
        let ttl_ms = if is_unknown { ttl_ms.min(batch.conduct().unknown_ttl_ms) } else { ttl_ms };
        let lease = LeaseRow {
            id: self.lease.0.to_vec(),
            unit: taken.id,
            job: job.id,
            miner: asker.miner.0.to_vec(),
            session: self.session.clone(),
            lane: i64::from(self.lane),
            task: self.task.clone(),
            work: work as i64,
            value: base_reward(unit.kind(), work).nano(),
            ttl_ms: ttl_ms as i64,
            issued_at_ms: batch.now_ms,
            deadline_ms: batch.now_ms + ttl_ms as i64,
            state: LeaseState::Live,
            digest: None,
            verdict: None,
            unproven: (!asker.proven).then_some(unit.input().panels.len() as i64),
            address_block: self.from.clone().filter(|_| !asker.proven),
        };
        leases::insert(batch.db, &lease, choice.text()).await?;
        Ok(self.leased(lease, taken, job, batch.now_ms))
    }

    fn leased(&self, lease: LeaseRow, taken: Taken, job: JobRow, now_ms: i64) -> Leased {
        let Taken { unit, run, .. } = taken;
        Leased { lease, unit, run, job, contributor: self.contributor.clone(), now_ms }
    }
}

/// A signed lease, ready for its holder.
#[derive(Clone, Debug)]
pub(crate) struct Granted {
    pub(crate) grant: TaskGrant,
    pub(crate) task: String,
    pub(crate) session: String,
    pub(crate) contributor: String,
    pub(crate) task_type: TaskType,
    /// Whether the epoch's budget pays, rather than a requester.
    pub(crate) sponsored: bool,
    pub(crate) issued_at_ms: i64,
}

/// Requests a unit for a lane. Without `choice`, the lane's last answer applies. `from` is the caller's address block.
pub(crate) fn lease_lane(
    session: String,
    contributor: String,
    lane: u32,
    choice: Option<Choice>,
    from: Option<Vec<u8>>,
) -> Result<LeaseLane, Refusal> {
    let lease: [u8; 32] = random()?;
    let mut id = [0; 16];
    id.copy_from_slice(&lease[..16]);
    Ok(LeaseLane { session, contributor, lane, choice, from, lease: LeaseId(id), task: random_uuid() })
}

/// Signs a lease. The coins are prepared in the background while the miner works.
pub(crate) fn grant(app: &App, leased: Leased) -> Result<Granted, Failure> {
    let Leased { lease, unit, run, job, contributor, now_ms } = leased;
    let statement = statement(app.public_key, &lease, &unit)?;
    let granted = Granted {
        grant: TaskGrant {
            signature: app.key.sign(&statement),
            kind: unit.kind(),
            inputs: unit.blocks().into_iter().map(|(cid, bytes)| Input { cid, bytes }).collect(),
            work: lease.work as u64,
            expires_in_ms: (lease.deadline_ms - now_ms).max(0) as u64,
            job: job.id as u64,
            about: Some(about(&job, run)),
            unit,
            lease: statement,
        },
        task: lease.task,
        session: lease.session,
        contributor,
        task_type: job.task_type()?,
        sponsored: job.sponsored == 1,
        issued_at_ms: lease.issued_at_ms,
    };
    app.checker.prepare_soon(job);
    Ok(granted)
}

/// What a unit is part of.
fn about(job: &JobRow, run: Run) -> TaskAbout {
    let Words { name, about } = job.words();
    let (part, unit_parts) = (run.first + 1, run.count);
    TaskAbout { name, job: about, part, unit_parts, parts: job.panels as u32, parts_done: job.panels_done as u32 }
}

/// Whether a miner that may have a further lease is proven. Fails if it may not.
async fn may_have_another(batch: &mut Batch<'_>, miner: &PublicKey, from: Option<&[u8]>) -> Result<bool, Failure> {
    let rules = batch.conduct();
    let standing = conduct::standing(batch.db, miner, &rules).await?;
    if let Some(ms) = standing.record.quarantined_ms(batch.now_ms) {
        let seconds = ms.div_ceil(1_000);
        let detail = format!(
            "outputs from this key were wrong, so it gets no work for {seconds} s; `adit doctor` checks whether this \
             host computes correctly"
        );
        return Err(Refusal::new(ErrorCode::Quarantined, detail).retry_after(seconds).into());
    }
    if leases::conduct::in_flight(batch.db, &miner.0).await? >= standing.in_flight(&rules) {
        let detail = "this key holds as many leases as its record allows: deliver their outputs to get more";
        return Err(Refusal::new(ErrorCode::TooManyLeases, detail).retry_after(1).into());
    }
    if !standing.proven
        && let Some(from) = from
        && leases::unproven_of_block(batch.db, from).await? >= i64::from(rules.unproven_per_block)
    {
        let detail = "keys without a verified unit have as many units under way from your network as they may together; \
                      ask again soon";
        return Err(Refusal::new(ErrorCode::TooManyLeases, detail).retry_after(CROWDED_S).into());
    }
    Ok(standing.proven)
}

/// Whether a miner could not decide the job's units lately, although the coordinator could.
pub(super) async fn must_wait(
    batch: &mut Batch<'_>,
    job: &JobRow,
    template: &Unit,
    miner: &PublicKey,
) -> Result<bool, DbError> {
    if template.source().is_none() {
        return Ok(false);
    }
    let (_, resume_at_ms) = leases::unreached::of(batch.db, job.id, &miner.0).await?;
    Ok(resume_at_ms > batch.now_ms)
}

/// The lease statement that the coordinator signs.
fn statement(coordinator: PublicKey, lease: &LeaseRow, unit: &Unit) -> Result<Lease, DbError> {
    Ok(Lease {
        version: STATEMENT_VERSION,
        coordinator,
        lease: lease.id()?,
        unit: unit.cid(),
        miner: lease.miner()?,
        value: Amount::from_nano(lease.value),
        price_version: PRICE_VERSION,
        ttl_ms: lease.ttl_ms as u64,
    })
}

/// Why a lease ends without an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Its deadline passed.
    Expired,
    /// Its session ended or its job was cancelled.
    Dropped,
}

/// Ends a live lease and returns its unit to the job.
pub(crate) async fn give_back(batch: &mut Batch<'_>, lease: &LeaseRow, ending: Ending) -> Result<(), DbError> {
    let state = if ending == Ending::Expired { LeaseState::Expired } else { LeaseState::Dropped };
    if !leases::end(batch.db, &lease.id, state).await? {
        return Ok(());
    }
    if ending == Ending::Expired {
        if lease.unproven.is_some() {
            abandon(batch, lease).await?;
        }
        leases::count_expired(batch.db, &lease.miner).await?;
        conduct::add(batch, &lease.miner, Deed::Expired).await?;
    }
    release_unit(batch, lease.unit, ending).await
}

/// Counts the unit that an unproven key abandoned in its address block, and stops counting its lane among those that share a
/// job.
async fn abandon(batch: &mut Batch<'_>, lease: &LeaseRow) -> Result<(), DbError> {
    if let Some(block) = lease.address_block.as_deref() {
        batch.abandoned(block);
    }
    leases::delete_lane(batch.db, lease).await
}

/// Returns a leased unit: whole, or as panels if it expired too often.
pub(crate) async fn release_unit(batch: &mut Batch<'_>, unit: i64, ending: Ending) -> Result<(), DbError> {
    let Some(unit) = jobs::unit(batch.db, unit).await? else { return Ok(()) };
    if unit.state != UnitState::Leased {
        return Ok(());
    }
    let expired = i64::from(ending == Ending::Expired);
    if leases::second::live_of_unit(batch.db, unit.id).await? > 0 {
        // Another lane still works on it.
        jobs::count(batch.db, unit.job, Counted { expired, ..Counted::default() }).await?;
        return Ok(());
    }
    let too_often = unit.expiries + expired >= MAX_EXPIRIES;
    let state = if too_often { UnitState::Returned } else { UnitState::Waiting };
    jobs::move_unit(batch.db, unit.id, &[UnitState::Leased], state, expired).await?;
    if too_often {
        jobs::insert_returned(batch.db, unit.job, unit.first, unit.count).await?;
    }
    let change = Counted { leased: -unit.count, expired, ..Counted::default() };
    jobs::count(batch.db, unit.job, change).await?;
    Ok(())
}
