//! Handing out units: cut from the job at the moment of asking, to the speed that was measured.

use adit_core::assemble::Run;
use adit_core::reward::{PRICE_VERSION, base_reward};
use adit_core::sign::LeaseId;
use adit_core::{Kind, PublicKey, Unit};
use adit_protocol::ErrorCode;
use futures::future::BoxFuture;

use super::MAX_LANES;
use super::conduct::{self, Deed};
use super::people::open_session;
use crate::error::Refusal;
use crate::store::db::DbError;
use crate::store::jobs::{self, Counted, JobRow, unit_of};
use crate::store::leases::{self, LaneRow, LeaseRow};
use crate::store::{Batch, Operation, WriteError};

/// How long a unit should take a lane.
const TARGET_MS: u64 = 2_000;
/// The shortest lease: a unit takes at most a third of it.
const MIN_TTL_MS: u64 = 30_000;
/// The longest.
const MAX_TTL_MS: u64 = 3_600_000;
/// A lane that was not heard of for so long does not count when a job's rest is shared out.
const AT_WORK_MS: i64 = 30_000;
/// So many jobs are tried for a lane that may not have the first one's units.
const JOBS_TRIED: usize = 8;
/// So long a unit is not given again to a miner whose output for it was refused: others get their turn first, and a
/// network of one miner still ends.
const REFUSED_MS: i64 = 30_000;
/// After so many expiries a unit's panels go back to its job, to be cut anew.
const MAX_EXPIRIES: i64 = 2;

/// The kinds of a lane as its row holds them: each between commas.
pub(crate) fn kinds_text(kinds: &[Kind]) -> String {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    format!(",{},", names.join(","))
}

/// How many panels a lane gets.
///
/// Enough for [`TARGET_MS`] at its speed, so that a steady lane needs few requests; never more than its part of what is
/// left when `lanes` share it, so that nobody waits for the last unit; never over a unit's caps.
fn wanted_panels(template: &Unit, panels_left: u32, speed: u64, lanes: u32) -> u32 {
    let panel = unit_of(template, Run { first: 0, count: 1 });
    let work = if speed == 0 { template.kind().facts().first_work } else { speed.saturating_mul(TARGET_MS) / 1_000 };
    let by_speed = work / panel.work().max(1);
    let by_share = u64::from(panels_left.div_ceil(2 * lanes.max(1)));
    by_speed.min(by_share).min(template.most_panels()).clamp(1, u64::from(u32::MAX)) as u32
}

/// What a delivered unit adds to the speed that is `known` of its lane, 0 if nothing is: work a second.
///
/// A small unit is computed before its inputs are there and its output is back: it says how fast the lane is at least, and
/// that may be far too little. A lane that is held too slow for all that is left would never be measured again.
pub(crate) fn measured(kind: Kind, work: u64, elapsed_ms: u64, known: u64) -> Option<u64> {
    let speed = work.saturating_mul(1_000) / elapsed_ms.max(1);
    // Of the rest only what kept a slow lane busy: a tiny one that took long was delivered late.
    let took_long = elapsed_ms >= MIN_TTL_MS / 3 && work >= kind.facts().first_work >> 8;
    let tells = work >= kind.facts().first_work || took_long;
    (tells || known > 0 && speed > known).then_some(speed)
}

/// How long a lane may take: at least three times what its speed says.
fn ttl_ms(kind: Kind, work: u64, speed: u64) -> u64 {
    let speed = if speed == 0 { kind.facts().slowest } else { speed };
    (work.saturating_mul(3_000) / speed.max(1)).clamp(MIN_TTL_MS, MAX_TTL_MS)
}

/// Whether a lane is fast enough for the least that is leased: what it was measured at decides, and nothing that it says.
fn is_able(template: &Unit, speed: u64) -> bool {
    let least = unit_of(template, Run { first: 0, count: 1 }).work();
    speed == 0 || least.saturating_mul(3_000) / speed <= MAX_TTL_MS
}

/// Gives a lane its unit: the one it has, or a new one.
pub(crate) struct LeaseLane {
    /// The session's id: its owner's secret.
    pub(crate) session: String,
    /// The contributor's id.
    pub(crate) contributor: String,
    /// The lane's number.
    pub(crate) lane: u32,
    /// The kinds that it computes; what it said last if it does not say.
    pub(crate) kinds: Option<Vec<Kind>>,
    /// Random: the lease's id, if it is new.
    pub(crate) lease: LeaseId,
    /// Random: the task's id, if it is new.
    pub(crate) task: String,
}

/// A lease with all that its holder is told.
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
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<Option<Leased>, WriteError>> {
        Box::pin(self.lease(batch))
    }
}

impl LeaseLane {
    pub(crate) async fn lease(&self, batch: &mut Batch<'_>) -> Result<Option<Leased>, WriteError> {
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
            let Some(job) = jobs::next_with_work(batch.db, after, &kinds).await? else { break };
            after = job.id;
            let template = job.template()?;
            let speed = leases::speed(batch.db, &session.id, i64::from(self.lane), &job.kind).await?;
            if !is_able(&template, speed) {
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
                    state: "live".to_owned(),
                    digest: None,
                    verdict: None,
                };
                leases::insert(batch.db, &lease, &kinds).await?;
                return Ok(Some(self.leased(lease, unit, job, batch.now_ms)));
            }
        }
        Ok(None)
    }
}

impl LeaseLane {
    fn leased(&self, lease: LeaseRow, unit: Unit, job: JobRow, now_ms: i64) -> Leased {
        Leased { lease, unit, job, contributor: self.contributor.clone(), now_ms }
    }
}

/// Whether a miner's record allows it another lease.
async fn may_have_another(batch: &mut Batch<'_>, miner: &PublicKey) -> Result<(), WriteError> {
    let record = conduct::record(batch.db, &miner.0, &batch.conduct).await?;
    if let Some(ms) = record.quarantined_ms(batch.now_ms) {
        let seconds = ms.div_ceil(1_000);
        let detail = format!(
            "outputs of this key were wrong, so it gets no work for {seconds} s; `adit doctor` checks whether this host \
             computes rightly"
        );
        return Err(Refusal::new(ErrorCode::Quarantined, detail).retry_after(seconds).into());
    }
    if crate::store::conduct::in_flight(batch.db, &miner.0).await? >= record.in_flight {
        let detail = "this key has as many units under way as its record allows: deliver them, and it may have more";
        return Err(Refusal::new(ErrorCode::TooManyLeases, detail).retry_after(1).into());
    }
    Ok(())
}

/// The statement that a lease's holder gets signed.
pub(crate) fn statement(
    coordinator: PublicKey,
    lease: &LeaseRow,
    unit: &Unit,
) -> Result<adit_core::statement::Lease, DbError> {
    Ok(adit_core::statement::Lease {
        version: adit_core::statement::STATEMENT_VERSION,
        coordinator,
        lease: lease.id()?,
        unit: unit.cid(),
        miner: lease.miner()?,
        value: adit_core::Amount::from_nano(lease.value),
        price_version: PRICE_VERSION,
        ttl_ms: lease.ttl_ms as u64,
    })
}

/// Takes a unit of the job: one that waits as it is, panels that came back, or new ones from the cursor.
async fn take_unit(
    batch: &mut Batch<'_>,
    job: &JobRow,
    template: &Unit,
    miner: &PublicKey,
    speed: u64,
    lanes: u32,
) -> Result<Option<(i64, Unit)>, WriteError> {
    if job.has_waiting()
        && let Some(waiting) = jobs::waiting_unit(batch.db, job.id, miner, batch.now_ms - REFUSED_MS).await?
    {
        jobs::move_unit(batch.db, waiting.id, ["waiting", "waiting"], "leased", 0).await?;
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
    /// Its time ran out.
    Expired,
    /// Its session ended or its job was cancelled.
    Dropped,
}

/// Ends a live lease and gives its unit back to the job.
pub(crate) async fn give_back(batch: &mut Batch<'_>, lease: &LeaseRow, ending: Ending) -> Result<(), DbError> {
    let state = if ending == Ending::Expired { "expired" } else { "dropped" };
    if !leases::end(batch.db, &lease.id, state).await? {
        return Ok(());
    }
    if ending == Ending::Expired {
        leases::count_expired(batch.db, &lease.miner).await?;
        conduct::add(batch, &lease.miner, Deed::Expired).await?;
    }
    release_unit(batch, lease.unit, ending).await
}

/// Gives a leased unit back: to wait as it is, or in panels after it expired too often.
pub(crate) async fn release_unit(batch: &mut Batch<'_>, unit: i64, ending: Ending) -> Result<(), DbError> {
    let Some(unit) = jobs::unit(batch.db, unit).await? else { return Ok(()) };
    if unit.state != "leased" {
        return Ok(());
    }
    let expired = i64::from(ending == Ending::Expired);
    let state = if unit.expiries + expired >= MAX_EXPIRIES { "returned" } else { "waiting" };
    jobs::move_unit(batch.db, unit.id, ["leased", "leased"], state, expired).await?;
    if state == "returned" {
        jobs::insert_returned(batch.db, unit.job, unit.first, unit.count).await?;
    }
    let change = Counted { leased: -unit.count, expired, ..Counted::default() };
    jobs::count(batch.db, unit.job, change).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::kind::{HashTree, MatmulI8};
    use adit_core::split::cut;

    fn template(rows: u32, k: u32, n: u32, panel_rows: u32) -> Unit {
        let operand =
            |rows: u32, cols: u32, panel_rows: u32| cut(&vec![0; (rows * cols) as usize], rows, cols, panel_rows).0;
        Unit::MatmulI8(MatmulI8 { a: operand(rows, k, panel_rows), b: operand(k, n, k) })
    }

    #[test]
    fn speed_share_and_caps_decide_the_size() {
        // A panel is 8 · 64 · 64 = 32 768 multiply-accumulates.
        let template = template(800, 64, 64, 8);
        assert_eq!(wanted_panels(&template, 100, 16_384 * 10, 1), 10);
        assert_eq!(wanted_panels(&template, 100, u64::MAX, 1), 50);
        assert_eq!(wanted_panels(&template, 100, u64::MAX, 10), 5);
        assert_eq!(wanted_panels(&template, 100, 1, 1), 1);
        assert_eq!(wanted_panels(&template, 0, 1, 0), 1);
    }

    #[test]
    fn a_lease_lasts_at_least_three_times_the_work() {
        assert_eq!(ttl_ms(Kind::MatmulI8, 100_000_000, 1_000_000), 300_000);
        assert_eq!(ttl_ms(Kind::MatmulI8, 1, 1_000_000), MIN_TTL_MS);
        assert_eq!(ttl_ms(Kind::HashTree, u64::MAX, 0), 3_600_000);
    }

    #[test]
    fn a_lane_that_would_take_hours_is_not_able() {
        // A panel is 32 768 multiply-accumulates.
        let template = template(800, 64, 64, 8);
        assert!(is_able(&template, 0) && is_able(&template, 30) && !is_able(&template, 20));
    }

    #[test]
    fn what_was_over_in_a_moment_makes_no_lane_slow() {
        let measured = |work, elapsed_ms, known| measured(Kind::MatmulI8, work, elapsed_ms, known);
        assert_eq!([measured(1, 100, 0), measured(1, 100, 20), measured(1_000, 20_000, 0)], [None; 3]);
        assert_eq!(measured(1 << 20, 100, 1_000), Some((1 << 20) * 10));
        assert_eq!(measured(1 << 26, 1_000, 1 << 30), Some(1 << 26));
        assert_eq!(measured(1_000_000, 20_000, 1 << 30), Some(50_000));
    }

    #[test]
    fn a_tree_is_cut_by_its_bytes() {
        let (block, blocks) = (1u32 << 20, 200);
        let data = cut(&vec![0; (block * blocks) as usize], block * blocks, 1, block).0;
        let template = Unit::HashTree(HashTree { data, source: None });
        assert_eq!(wanted_panels(&template, blocks, 0, 1), 4);
        assert_eq!(wanted_panels(&template, blocks, u64::MAX, 1), 64);
    }
}
