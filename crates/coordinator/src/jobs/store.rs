//! SQL for jobs, their units, and returned panels.

pub(crate) mod blocks;
pub(crate) mod forget;
pub(crate) mod summary;

use adit_core::assemble::Run;
use adit_core::kind::{HashTree, HashTree2};
use adit_core::{Cid, Kind, PublicKey, Unit};
use adit_protocol::TaskType;
use adit_protocol::jobs::{JobAbout, JobState, Priority};

use self::summary::Size;
use super::choice::Choice;
use super::state::UnitState;
use crate::store::{Db, DbError, corrupt, counter, from_row, sql, sql_as, text_enum};

/// Means any job, where a job may be named.
const ANY_JOB: i64 = -1;

text_enum!(JobState);
text_enum!(Priority);
text_enum!(TaskType);
text_enum!(UnitState);

/// A job with its plan, for those who lease, check and assemble its units.
#[derive(Clone, Debug)]
pub(crate) struct JobRow {
    pub(crate) id: i64,
    pub(crate) kind: String,
    pub(crate) state: JobState,
    pub(crate) sponsored: i64,
    pub(crate) template: Vec<u8>,
    pub(crate) panels: i64,
    pub(crate) cursor: i64,
    pub(crate) panels_done: i64,
    pub(crate) panels_leased: i64,
    pub(crate) coin_seed: Vec<u8>,
    pub(crate) coin_generation: i64,
    pub(crate) task_type: Option<TaskType>,
    name: Option<String>,
    description: Option<String>,
    requester: Option<String>,
    link: Option<String>,
    open_source: i64,
    /// Until when it waits because its source gave no answer, and how often in a row that was.
    pub(crate) resume_at_ms: i64,
    pub(crate) pauses: i64,
}

from_row!(JobRow {
    id,
    kind,
    state,
    sponsored,
    template,
    panels,
    cursor,
    panels_done,
    panels_leased,
    coin_seed,
    coin_generation,
    task_type,
    name,
    description,
    requester,
    link,
    open_source,
    resume_at_ms,
    pauses
});

impl JobRow {
    /// The unit that would cover the whole job. Its input may exceed the limit for a unit.
    pub(crate) fn template(&self) -> Result<Unit, DbError> {
        let template = adit_core::encoding::decode(&self.template);
        Ok(match template.map_err(|_| corrupt("a job's template does not decode"))? {
            // It began as the first version and goes on as the second.
            Unit::HashTree(HashTree { data, source: Some(source) }) if self.kind == Kind::HashTree2.name() => {
                Unit::HashTree2(HashTree2 { data, source })
            }
            template => template,
        })
    }

    /// Panels that are neither done nor leased.
    pub(crate) fn waiting(&self) -> i64 {
        (self.panels - self.panels_done - self.panels_leased).max(0)
    }

    /// Whether cut panels wait to be leased again.
    pub(crate) fn has_waiting(&self) -> bool {
        self.cursor > self.panels_done + self.panels_leased
    }

    /// NeoNet's task type for the job.
    pub(crate) fn task_type(&self) -> Result<TaskType, DbError> {
        task_type_of(self.task_type, &self.kind)
    }

    /// The requester's words about it.
    pub(crate) fn words(&self) -> Words {
        let (description, requester, link) = (self.description.clone(), self.requester.clone(), self.link.clone());
        let about = JobAbout { description, requester, link, open_source: self.open_source == 1 };
        Words { name: self.name.clone(), about }
    }

    pub(crate) fn seed(&self) -> Result<[u8; 32], DbError> {
        self.coin_seed.as_slice().try_into().map_err(|_| corrupt("a seed has the wrong length"))
    }
}

fn kind_of(text: &str) -> Result<Kind, DbError> {
    text.parse().map_err(|_| corrupt("a job of an unknown kind"))
}

fn task_type_of(named: Option<TaskType>, kind: &str) -> Result<TaskType, DbError> {
    named.map_or_else(|| kind_of(kind).map(TaskType::of), Ok)
}

/// A job's name and what it is about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    pub(crate) name: Option<String>,
    pub(crate) about: JobAbout,
}

#[derive(Clone, Debug)]
pub(crate) struct NewJob {
    pub(crate) words: Words,
    pub(crate) kind: Kind,
    pub(crate) demo: bool,
    pub(crate) sponsored: bool,
    pub(crate) template: Unit,
    pub(crate) panels: u32,
    pub(crate) coin_seed: [u8; 32],
    pub(crate) task_type: Option<TaskType>,
    pub(crate) facts: Option<String>,
    pub(crate) priority: Priority,
    pub(crate) size: Size,
}

pub(crate) async fn insert(db: &mut Db, job: &NewJob, now_ms: i64) -> Result<i64, DbError> {
    let text =
        "INSERT INTO job (name, kind, state, demo, sponsored, panels, coin_seed, created_at_ms, task_type, facts,
                description, requester, link, open_source, priority)
                VALUES ($1, $2, 'active', $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id";
    let Words { name, about } = &job.words;
    let query = sql(text).bind(name.as_deref()).bind(job.kind.name()).bind(i64::from(job.demo));
    let query = query.bind(i64::from(job.sponsored)).bind(i64::from(job.panels)).bind(&job.coin_seed[..]);
    let query = query.bind(now_ms).bind(job.task_type).bind(job.facts.as_deref());
    let query = query.bind(about.description.as_deref()).bind(about.requester.as_deref());
    let query = query.bind(about.link.as_deref()).bind(i64::from(about.open_source));
    let query = query.bind(job.priority);
    let id = query.fetch_one(&mut *db).await?.try_get(0)?;
    let text = "INSERT INTO job_template (job, template) VALUES ($1, $2)";
    sql(text).bind(id).bind(job.template.to_bytes()).execute(&mut *db).await?;
    summary::set_size(db, id, job.size).await?;
    Ok(id)
}

pub(crate) async fn job(db: &mut Db, id: i64) -> Result<Option<JobRow>, DbError> {
    let text = "SELECT * FROM job JOIN job_template ON job_template.job = job.id WHERE id = $1";
    sql_as(text).bind(id).fetch_optional(db).await
}

/// The oldest active job, from job `from` on, that has panels to lease, suits a lane's choice and does not wait for its
/// source; and its priority.
pub(crate) async fn next_with_work(
    db: &mut Db,
    from: i64,
    choice: &Choice,
    now_ms: i64,
) -> Result<Option<(i64, Priority)>, DbError> {
    let text =
        "SELECT id, priority FROM job WHERE kind = $1 AND state = 'active' AND panels > panels_done + panels_leased
                AND id >= $2 AND resume_at_ms <= $3 AND open_source >= $4 AND (id = $5 OR $5 < 0) ORDER BY id LIMIT 1";
    let (open_source, only) = (i64::from(choice.open_source()), choice.job().unwrap_or(ANY_JOB));
    let mut oldest: Option<(i64, Priority)> = None;
    for kind in choice.kinds() {
        let query = sql(text).bind(kind).bind(from).bind(now_ms).bind(open_source).bind(only);
        if let Some(row) = query.fetch_optional(&mut *db).await? {
            let id = row.try_get(0)?;
            if oldest.is_none_or(|(oldest, _)| id < oldest) {
                oldest = Some((id, row.try_get(1)?));
            }
        }
    }
    Ok(oldest)
}

/// At most `limit` active jobs that suit a lane's choice and have every panel done or leased, oldest first.
pub(crate) async fn all_leased(db: &mut Db, choice: &Choice, now_ms: i64, limit: i64) -> Result<Vec<i64>, DbError> {
    let text = "SELECT id FROM job WHERE kind = $1 AND state = 'active' AND panels <= panels_done + panels_leased
                AND resume_at_ms <= $2 AND open_source >= $4 AND (id = $5 OR $5 < 0) ORDER BY id LIMIT $3";
    let (open_source, only) = (i64::from(choice.open_source()), choice.job().unwrap_or(ANY_JOB));
    let mut found = Vec::new();
    for kind in choice.kinds() {
        let query = sql(text).bind(kind).bind(now_ms).bind(limit).bind(open_source).bind(only);
        for row in query.fetch_all(&mut *db).await? {
            found.push(row.try_get(0)?);
        }
    }
    found.sort_unstable();
    found.truncate(limit as usize);
    Ok(found)
}

/// Has a job wait for its source until `resume_at_ms`.
pub(crate) async fn pause(db: &mut Db, job: i64, resume_at_ms: i64) -> Result<(), DbError> {
    let text = "UPDATE job SET resume_at_ms = $2, pauses = pauses + 1 WHERE id = $1";
    sql(text).bind(job).bind(resume_at_ms).execute(db).await?;
    Ok(())
}

/// Ends a job's wait: its source answers again.
pub(crate) async fn resume(db: &mut Db, job: i64) -> Result<(), DbError> {
    sql("UPDATE job SET resume_at_ms = 0, pauses = 0 WHERE id = $1 AND pauses > 0").bind(job).execute(db).await?;
    Ok(())
}

/// Intake's findings about a job's input, as JSON.
pub(crate) async fn facts(db: &mut Db, job: i64) -> Result<Option<String>, DbError> {
    sql("SELECT facts FROM job WHERE id = $1").bind(job).fetch_one(db).await?.try_get(0)
}

/// The number of active jobs.
pub(crate) async fn active(db: &mut Db) -> Result<i64, DbError> {
    counter(db, "jobs active").await
}

/// The number of active jobs, and of all jobs.
pub(crate) async fn counts(db: &mut Db) -> Result<(i64, i64), DbError> {
    Ok((counter(db, "jobs active").await?, counter(db, "jobs").await?))
}

#[derive(Clone, Debug)]
pub(crate) struct UnitRow {
    pub(crate) id: i64,
    pub(crate) job: i64,
    pub(crate) first: i64,
    pub(crate) count: i64,
    pub(crate) cid: String,
    pub(crate) state: UnitState,
    pub(crate) expiries: i64,
}

from_row!(UnitRow { id, job, first, count, cid, state, expiries });

impl UnitRow {
    pub(crate) fn run(&self) -> Run {
        Run { first: self.first as u32, count: self.count as u32 }
    }
}

/// Which of a job's waiting units a miner may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) miner: PublicKey,
    /// The miner's last invalid or inconclusive output for it was before this.
    pub(crate) refused_before_ms: i64,
    pub(crate) most_panels: i64,
    /// The last lease that expired with it did so before this.
    pub(crate) expired_before_ms: i64,
}

/// A unit that can be leased again unchanged.
pub(crate) async fn waiting_unit(db: &mut Db, job: i64, wanted: &Wanted) -> Result<Option<UnitRow>, DbError> {
    let text = "SELECT * FROM unit WHERE job = $1 AND state = 'waiting' AND count <= $4 AND NOT EXISTS
           (SELECT 1 FROM lease JOIN receipt ON receipt.lease = lease.id WHERE lease.unit = unit.id
            AND lease.miner = $2 AND lease.verdict IN ('invalid', 'inconclusive') AND receipt.at_ms >= $3)
         AND ($5 = 9223372036854775807 OR COALESCE((SELECT MAX(CASE WHEN lease.state = 'expired' THEN deadline_ms END)
            FROM lease WHERE lease.unit = unit.id), 0) < $5)
         ORDER BY first LIMIT 1";
    let query = sql_as(text).bind(job).bind(&wanted.miner.0[..]).bind(wanted.refused_before_ms);
    query.bind(wanted.most_panels).bind(wanted.expired_before_ms).fetch_optional(db).await
}

pub(crate) async fn unit(db: &mut Db, id: i64) -> Result<Option<UnitRow>, DbError> {
    let text = "SELECT * FROM unit WHERE id = $1";
    sql_as(text).bind(id).fetch_optional(db).await
}

pub(crate) async fn unit_by_cid(db: &mut Db, cid: &Cid) -> Result<Option<UnitRow>, DbError> {
    let text = "SELECT * FROM unit WHERE cid = $1 LIMIT 1";
    sql_as(text).bind(cid.to_string()).fetch_optional(db).await
}

pub(crate) async fn insert_inline_unit(db: &mut Db, job: i64, run: Run, cid: &Cid) -> Result<i64, DbError> {
    let id = insert_unit(db, job, run, cid).await?;
    move_unit(db, id, &[UnitState::Leased], UnitState::Inline, 0).await?;
    Ok(id)
}

/// A job's finished units, in panel order.
pub(crate) async fn settled_units(db: &mut Db, job: i64) -> Result<Vec<UnitRow>, DbError> {
    let text = "SELECT * FROM unit WHERE job = $1 AND state IN ('settled', 'inline') ORDER BY first";
    sql_as(text).bind(job).fetch_all(db).await
}

pub(crate) async fn insert_unit(db: &mut Db, job: i64, run: Run, cid: &Cid) -> Result<i64, DbError> {
    let text = "INSERT INTO unit (job, first, count, cid, state) VALUES ($1, $2, $3, $4, 'leased') RETURNING id";
    let query = sql(text).bind(job).bind(i64::from(run.first)).bind(i64::from(run.count)).bind(cid.to_string());
    query.fetch_one(db).await?.try_get(0)
}

/// Changes a unit's state. Returns false if it was in none of the states `from`.
pub(crate) async fn move_unit(
    db: &mut Db,
    id: i64,
    from: &[UnitState],
    to: UnitState,
    expiries: i64,
) -> Result<bool, DbError> {
    let text = "UPDATE unit SET state = $2, expiries = expiries + $3 WHERE id = $1 AND state IN ($4, $5)";
    let (first, last) = (from.first().copied(), from.last().copied());
    let query = sql(text).bind(id).bind(to).bind(expiries).bind(first).bind(last);
    Ok(query.execute(db).await? == 1)
}

/// Takes at most `wanted` returned panels.
pub(crate) async fn take_returned(db: &mut Db, job: i64, wanted: u32) -> Result<Option<Run>, DbError> {
    let row = sql("SELECT first, count FROM returned WHERE job = $1 ORDER BY first LIMIT 1").bind(job);
    let Some(row) = row.fetch_optional(&mut *db).await? else { return Ok(None) };
    let (first, count): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    let taken = count.min(i64::from(wanted.max(1)));
    delete_returned(db, job, first, count).await?;
    if taken < count {
        insert_returned(db, job, first + taken, count - taken).await?;
    }
    Ok(Some(Run { first: first as u32, count: taken as u32 }))
}

pub(crate) async fn insert_returned(db: &mut Db, job: i64, first: i64, count: i64) -> Result<(), DbError> {
    sql("INSERT INTO returned (job, first, count) VALUES ($1, $2, $3)")
        .bind(job)
        .bind(first)
        .bind(count)
        .execute(db)
        .await?;
    Ok(())
}

/// Takes exactly this range of returned panels. Returns false if part of it is gone.
pub(crate) async fn delete_returned(db: &mut Db, job: i64, first: i64, count: i64) -> Result<bool, DbError> {
    let text = "DELETE FROM returned WHERE job = $1 AND first = $2 AND count = $3";
    Ok(sql(text).bind(job).bind(first).bind(count).execute(db).await? == 1)
}

/// Changes to a job's counters.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) cut: i64,
    pub(crate) leased: i64,
    pub(crate) done: i64,
    pub(crate) valid: i64,
    pub(crate) invalid: i64,
    pub(crate) expired: i64,
    pub(crate) spent: i64,
}

/// Applies the changes. Returns whether every panel is done.
pub(crate) async fn count(db: &mut Db, job: i64, change: Counted) -> Result<bool, DbError> {
    let text = "UPDATE job SET panels_leased = panels_leased + $2, panels_done = panels_done + $3,
                units_valid = units_valid + $4, units_invalid = units_invalid + $5, leases_expired = leases_expired + $6,
                spent = MIN(spent, 9223372036854775807 - $7) + $7, cursor = cursor + $8 WHERE id = $1 RETURNING panels_done = panels";
    let query = sql(text).bind(job).bind(change.leased).bind(change.done).bind(change.valid);
    let row = query.bind(change.invalid).bind(change.expired).bind(change.spent).bind(change.cut).fetch_one(db).await?;
    Ok(row.try_get::<i64>(0)? == 1)
}

/// Ends an active job. Returns false if it had already ended.
pub(crate) async fn end(db: &mut Db, job: i64, state: JobState, now_ms: i64) -> Result<bool, DbError> {
    let text = "UPDATE job SET state = $2, ended_at_ms = $3 WHERE id = $1 AND state = 'active'";
    Ok(sql(text).bind(job).bind(state).bind(now_ms).execute(db).await? == 1)
}

/// Replaces a job's coins, once per generation.
pub(crate) async fn replace_coins(db: &mut Db, job: i64, generation: i64, seed: &[u8; 32]) -> Result<(), DbError> {
    let text =
        "UPDATE job SET coin_seed = $3, coin_generation = coin_generation + 1 WHERE id = $1 AND coin_generation = $2";
    sql(text).bind(job).bind(generation).bind(&seed[..]).execute(db).await?;
    Ok(())
}
