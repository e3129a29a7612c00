//! Takes a unit of a job for a lane: one that waits, else returned panels, else new ones from the cursor.

use adit_core::assemble::Run;
use adit_core::{PublicKey, Unit};

use crate::batch::Batch;
use crate::error::Failure;
use crate::jobs::state::UnitState;
use crate::jobs::store::{self as jobs, Counted, JobRow, Wanted};
use crate::jobs::unit_of;
use crate::mining::admission::{PROVEN_FIRST_MS, free_panels, most_beside};
use crate::mining::sizing::wanted_panels;
use crate::mining::store as leases;
use crate::store::DbError;

/// After a reject, how long the miner does not get the same unit again. Others go first, but a network with a single
/// miner still finishes its jobs.
const REFUSED_MS: i64 = 30_000;

/// Unproven keys share what they may take of a job as if this many lanes were at work, so that several can begin.
const UNPROVEN_LANES: u32 = 4;

/// A miner that asks for a unit for one of its lanes.
pub(super) struct Asker {
    pub(super) miner: PublicKey,
    pub(super) proven: bool,
    /// Whether unproven keys abandon too many units in its address block.
    pub(super) abandons: bool,
    /// The lanes among which a job's last panels are shared.
    pub(super) lanes: u32,
}

/// A unit that nobody else holds.
pub(super) struct Taken {
    pub(super) id: i64,
    pub(super) unit: Unit,
    pub(super) run: Run,
}

/// What a job has for a lane.
pub(super) enum Found {
    Unit(Taken),
    /// Work, but it is left to proven keys for now.
    Crowded,
    Nothing,
}

/// Takes a unit of the job.
pub(super) async fn take_unit(
    batch: &mut Batch<'_>,
    job: &JobRow,
    template: &Unit,
    asker: &Asker,
    speed: u64,
) -> Result<Found, Failure> {
    let Some(reach) = reach(batch, job, asker).await? else { return Ok(Found::Crowded) };
    if let Some(taken) = take_waiting(batch, job, template, &reach.waiting).await? {
        return Ok(Found::Unit(taken));
    }
    let wanted = wanted_panels(template, reach.panels, speed, reach.lanes);
    if let Some(taken) = cut_unit(batch, job, template, wanted).await? {
        return Ok(Found::Unit(taken));
    }
    // An unproven key may have been refused some of the waiting units.
    let anything = any_waiting(batch, asker);
    let left = !asker.proven && jobs::waiting_unit(batch.db, job.id, &anything).await?.is_some();
    Ok(if left { Found::Crowded } else { Found::Nothing })
}

/// What a lane may take of a job.
struct Reach {
    waiting: Wanted,
    /// Panels to share.
    panels: u32,
    /// The lanes that share them.
    lanes: u32,
}

/// What the lane may take of the job; `None` if other unproven keys hold all that they may.
async fn reach(batch: &mut Batch<'_>, job: &JobRow, asker: &Asker) -> Result<Option<Reach>, DbError> {
    let (waiting, panels) = (any_waiting(batch, asker), job.waiting());
    let rules = batch.conduct();
    if asker.proven || rules.unproven_part <= 1 {
        return Ok(Some(Reach { waiting, panels: panels as u32, lanes: asker.lanes }));
    }
    let held = leases::unproven_of_job(batch.db, job.id).await?;
    let free = free_panels(&rules, panels, held, asker.abandons);
    let beside = most_beside(&rules, jobs::active(batch.db).await?);
    let beside = leases::unproven(batch.db, beside).await? < beside;
    let most_panels = if beside { i64::MAX } else { free };
    let waiting = Wanted { most_panels, expired_before_ms: batch.now_ms - PROVEN_FIRST_MS, ..waiting };
    let free = if beside { free.max(1) } else { free };
    Ok((free > 0).then_some(Reach { waiting, panels: free as u32, lanes: UNPROVEN_LANES }))
}

/// Any waiting unit for which the miner had no wrong output lately.
fn any_waiting(batch: &Batch<'_>, asker: &Asker) -> Wanted {
    let refused_before_ms = batch.now_ms - REFUSED_MS;
    Wanted { miner: asker.miner, refused_before_ms, most_panels: i64::MAX, expired_before_ms: i64::MAX }
}

/// Takes a unit that was leased before.
async fn take_waiting(
    batch: &mut Batch<'_>,
    job: &JobRow,
    template: &Unit,
    wanted: &Wanted,
) -> Result<Option<Taken>, DbError> {
    if !job.has_waiting() {
        return Ok(None);
    }
    let Some(unit) = jobs::waiting_unit(batch.db, job.id, wanted).await? else { return Ok(None) };
    jobs::move_unit(batch.db, unit.id, &[UnitState::Waiting], UnitState::Leased, 0).await?;
    jobs::count(batch.db, job.id, Counted { leased: unit.count, ..Counted::default() }).await?;
    Ok(Some(Taken { id: unit.id, unit: unit_of(template, unit.run()), run: unit.run() }))
}

/// Makes a unit of at most `wanted` panels: returned ones, else new ones.
async fn cut_unit(batch: &mut Batch<'_>, job: &JobRow, template: &Unit, wanted: u32) -> Result<Option<Taken>, DbError> {
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
    Ok(Some(Taken { id, unit, run }))
}
