//! Leases. A lane gets a run of panels sized to its measured speed, and returns it when the lease ends.

use adit_core::assemble::Run;
use adit_core::reward::{PRICE_VERSION, base_reward};
use adit_core::sign::LeaseId;
use adit_core::statement::{Lease, STATEMENT_VERSION};
use adit_core::{Amount, Kind, PublicKey, Unit};
use adit_protocol::mining::{Input, TaskGrant};
use adit_protocol::{ErrorCode, TaskType};
use futures::future::BoxFuture;

use super::conduct;
use crate::app::App;
use crate::batch::{Batch, Operation};
use crate::error::{Failure, Refusal};
use crate::jobs::state::UnitState;
use crate::jobs::store::{self as jobs, Counted, JobRow};
use crate::jobs::unit_of;
use crate::mining::MAX_LANES;
use crate::mining::conduct::Deed;
use crate::mining::sizing::{is_able, ttl_ms, wanted_panels};
use crate::mining::state::LeaseState;
use crate::mining::store::{self as leases, LaneRow, LeaseRow, kinds_text};
use crate::people::flow::open::open_session;
use crate::random::{random, random_uuid};
use crate::store::DbError;

/// A lane silent for longer than this gets no share of a job's remaining panels.
const AT_WORK_MS: i64 = 30_000;
/// How many jobs to try when a lane cannot take units of the first one.
const JOBS_TRIED: usize = 8;
/// After a reject, how long the miner does not get the same unit again. Others go first, but a network with a single
/// miner still finishes its jobs.
const REFUSED_MS: i64 = 30_000;
/// After this many expiries a unit's panels return to the job and are cut again.
const MAX_EXPIRIES: i64 = 2;

/// Gives a lane a unit: the one it already holds, or a new one.
pub(crate) struct LeaseLane {
    /// The session's id, known only to its owner.
    pub(crate) session: String,
    pub(crate) contributor: String,
    pub(crate) lane: u32,
    /// The kinds the lane computes; `None` keeps the last answer.
    pub(crate) kinds: Option<Vec<Kind>>,
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
        let kinds = self.kinds.as_deref().map_or(kinds, kinds_text);
        let held = match lease {
            Some(lease) => leases::live(batch.db, &lease).await?,
            None => None,
        };
        if let Some(lease) = held {
            let job = jobs::job(batch.db, lease.job).await?.ok_or(DbError::RowNotFound)?;
            let unit = jobs::unit(batch.db, lease.unit).await?.ok_or(DbError::RowNotFound)?;
            let unit = unit_of(&job.template()?, unit.run());
            return Ok(Some(self.leased(lease, unit, job, batch.now_ms)));
        }
        may_have_another(batch, &miner).await?;
        let lanes = batch.lanes_at_work(AT_WORK_MS).await?;
        let mut after = 0;
        for _ in 0..JOBS_TRIED {
            let Some(job) = jobs::next_with_work(batch.db, after, &kinds, batch.now_ms).await? else { break };
            after = job.id;
            let template = job.template()?;
            let speed = leases::speed(batch.db, &session.id, i64::from(self.lane), &job.kind).await?;
            if !is_able(&template, speed) || must_wait(batch, &job, &template, &miner).await? {
                continue;
            }
            if let Some((unit_id, unit)) = take_unit(batch, &job, &template, &miner, speed, lanes).await? {
                let work = unit.work();
                let ttl_ms = ttl_ms(unit.kind(), work, speed);
                let lease = LeaseRow {
                    id: self.lease.0.to_vec(),
                    unit: unit_id,
                    job: job.id,
                    miner: miner.0.to_vec(),
                    session: session.id.clone(),
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
                };
                leases::insert(batch.db, &lease, &kinds).await?;
                return Ok(Some(self.leased(lease, unit, job, batch.now_ms)));
            }
        }
        Ok(None)
    }

    fn leased(&self, lease: LeaseRow, unit: Unit, job: JobRow, now_ms: i64) -> Leased {
        Leased { lease, unit, job, contributor: self.contributor.clone(), now_ms }
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

/// Requests a unit for a lane. Without `kinds`, the lane's last answer applies.
pub(crate) fn lease_lane(
    session: String,
    contributor: String,
    lane: u32,
    kinds: Option<Vec<Kind>>,
) -> Result<LeaseLane, Refusal> {
    let lease: [u8; 32] = random()?;
    let mut id = [0; 16];
    id.copy_from_slice(&lease[..16]);
    Ok(LeaseLane { session, contributor, lane, kinds, lease: LeaseId(id), task: random_uuid() })
}

/// Signs a lease. The coins are prepared in the background while the miner works.
pub(crate) fn grant(app: &App, leased: Leased) -> Result<Granted, Failure> {
    let Leased { lease, unit, job, contributor, now_ms } = leased;
    let statement = statement(app.public_key, &lease, &unit)?;
    let granted = Granted {
        grant: TaskGrant {
            signature: app.key.sign(&statement),
            kind: unit.kind(),
            inputs: unit.blocks().into_iter().map(|(cid, bytes)| Input { cid, bytes }).collect(),
            work: lease.work as u64,
            expires_in_ms: (lease.deadline_ms - now_ms).max(0) as u64,
            job: job.id as u64,
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

/// Fails if a miner's record allows no further lease.
async fn may_have_another(batch: &mut Batch<'_>, miner: &PublicKey) -> Result<(), Failure> {
    let record = conduct::record(batch.db, &miner.0, &batch.conduct()).await?;
    if let Some(ms) = record.quarantined_ms(batch.now_ms) {
        let seconds = ms.div_ceil(1_000);
        let detail = format!(
            "outputs from this key were wrong, so it gets no work for {seconds} s; `adit doctor` checks whether this \
             host computes correctly"
        );
        return Err(Refusal::new(ErrorCode::Quarantined, detail).retry_after(seconds).into());
    }
    if leases::conduct::in_flight(batch.db, &miner.0).await? >= record.in_flight {
        let detail = "this key holds as many leases as its record allows: deliver their outputs to get more";
        return Err(Refusal::new(ErrorCode::TooManyLeases, detail).retry_after(1).into());
    }
    Ok(())
}

/// Whether a miner could not decide the job's units lately, although the coordinator could.
async fn must_wait(batch: &mut Batch<'_>, job: &JobRow, template: &Unit, miner: &PublicKey) -> Result<bool, DbError> {
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

/// Takes a unit of the job: a waiting one, else returned panels, else new ones from the cursor.
async fn take_unit(
    batch: &mut Batch<'_>,
    job: &JobRow,
    template: &Unit,
    miner: &PublicKey,
    speed: u64,
    lanes: u32,
) -> Result<Option<(i64, Unit)>, Failure> {
    if job.has_waiting()
        && let Some(waiting) = jobs::waiting_unit(batch.db, job.id, miner, batch.now_ms - REFUSED_MS).await?
    {
        jobs::move_unit(batch.db, waiting.id, &[UnitState::Waiting], UnitState::Leased, 0).await?;
        jobs::count(batch.db, job.id, Counted { leased: waiting.count, ..Counted::default() }).await?;
        return Ok(Some((waiting.id, unit_of(template, waiting.run()))));
    }
    let left = (job.panels - job.panels_done - job.panels_leased).max(0) as u32;
    let wanted = wanted_panels(template, left, speed, lanes);
    let returned = if job.has_waiting() { jobs::take_returned(batch.db, job.id, wanted).await? } else { None };
    let (run, cut) = match returned {
        Some(run) => (run, 0),
        None => {
            let count = wanted.min((job.panels - job.cursor).max(0) as u32);
            if count == 0 {
                return Ok(None);
            }
            (Run { first: job.cursor as u32, count }, i64::from(count))
        }
    };
    let unit = unit_of(template, run);
    let id = jobs::insert_unit(batch.db, job.id, run, &unit.cid()).await?;
    jobs::count(batch.db, job.id, Counted { leased: i64::from(run.count), cut, ..Counted::default() }).await?;
    Ok(Some((id, unit)))
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
        leases::count_expired(batch.db, &lease.miner).await?;
        conduct::add(batch, &lease.miner, Deed::Expired).await?;
    }
    release_unit(batch, lease.unit, ending).await
}

/// Returns a leased unit: whole, or as panels if it expired too often.
pub(crate) async fn release_unit(batch: &mut Batch<'_>, unit: i64, ending: Ending) -> Result<(), DbError> {
    let Some(unit) = jobs::unit(batch.db, unit).await? else { return Ok(()) };
    if unit.state != UnitState::Leased {
        return Ok(());
    }
    let expired = i64::from(ending == Ending::Expired);
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
