//! What requesters do with jobs, independent of HTTP.

pub(crate) mod end;
pub(crate) mod operands;
mod orders;
pub(crate) mod outputs;
mod result;
pub(crate) mod sizes;
mod submit;
mod uploads;
mod view;

use adit_protocol::jobs::{Estimate, JobDescription, JobList, JobRequest, JobView, MAX_NAME_BYTES, Priority, is_line};
use adit_protocol::{ErrorCode, TaskType};

pub(crate) use result::{ResultStream, result};
pub(crate) use uploads::upload;

use crate::app::App;
use crate::blocking::blocking;
use crate::error::{Failure, Refusal};
use crate::jobs::described::described;
use crate::jobs::no_such_job;
use crate::jobs::order::{Order, task_type};
use crate::jobs::store::{self as jobs, Words, summary};
use crate::mining::sizing::{expected_ms, expected_units};
use crate::mining::store as leases;
use crate::page::Page;
use crate::random::random;

/// The most jobs in one listing.
const MAX_JOBS: i64 = 200;

/// Estimates what a job costs.
pub(crate) async fn estimate(app: &App, request: &JobRequest) -> Result<Estimate, Failure> {
    with_time(app, orders::order(app, &request.work).await?.estimate()).await
}

/// Estimates what a job costs whose files are only described.
pub(crate) async fn estimate_described(app: &App, job: &JobDescription) -> Result<Estimate, Failure> {
    let order = described(job.kind, &job.files)?;
    orders::outputs_fit(app, &order)?;
    with_time(app, order.estimate()).await
}

/// Adds how long the lanes now at work would take.
async fn with_time(app: &App, mut estimate: Estimate) -> Result<Estimate, Failure> {
    let mut db = app.store.read().await?;
    let pace = leases::pace(&mut db, estimate.kind.name()).await?;
    let others = jobs::active(&mut db).await?;
    estimate.lanes = pace.lanes;
    estimate.units = expected_units(estimate.work, estimate.panels, pace);
    estimate.expected_ms = expected_ms(estimate.work, others as u64, pace);
    Ok(estimate)
}

/// Creates a job. One too small to delegate is computed here right away.
pub(crate) async fn submit(app: &App, request: JobRequest) -> Result<JobView, Failure> {
    let words = words(&request)?;
    let most = if request.budget.is_none() { Priority::High } else { app.most_priority };
    if request.priority > most {
        let detail = format!("the operator gives requesters' jobs {} priority at most", most.name());
        return Err(Refusal::new(ErrorCode::InvalidParameter, detail).into());
    }
    let order = orders::order(app, &request.work).await?;
    let task_type: Option<TaskType> = task_type(&request, order.template.kind())?;
    let inline_wanted = order.too_small() && !request.demo;
    let (order, inline) = if inline_wanted { compute_inline(app, order).await? } else { (order, None) };
    let operation = submit::Submit {
        order,
        words,
        demo: request.demo,
        task_type,
        budget: request.budget,
        priority: request.priority,
        coin_seed: random()?,
        inline,
        max_stored_bytes: app.max_stored_bytes,
    };
    let (job, _) = app.store.write(operation).await?;
    show(app, job).await
}

/// What a requester says of the job. An empty name counts as none.
fn words(request: &JobRequest) -> Result<Words, Refusal> {
    let name = request.name.clone().filter(|name| !name.is_empty());
    let unfit = |field, wanted| Refusal::new(ErrorCode::InvalidParameter, format!("{field} must be {wanted}"));
    if name.as_deref().is_some_and(|name| !is_line(name, MAX_NAME_BYTES)) {
        return Err(unfit("name", "one line of at most 200 bytes without control characters"));
    }
    match request.about.problem() {
        Some((field, wanted)) => Err(unfit(field, wanted)),
        None => Ok(Words { name, about: request.about.clone() }),
    }
}

async fn compute_inline(app: &App, order: Order) -> Result<(Order, Option<submit::Outputs>), Failure> {
    if !order.fits_inline() {
        let detail = "checking this work costs as much as doing it, and its result is too large to compute here at \
                      once: split it into smaller jobs, or submit it as a demonstration (demo)";
        return Err(Refusal::new(ErrorCode::TooSmall, detail).into());
    }
    let cpu = app.cpu;
    let (computed, order) = blocking(move || (order.compute_inline(&cpu), order)).await?;
    let missing = |_| Refusal::new(ErrorCode::Internal, "The coordinator failed to compute a small job.");
    Ok((order, Some(computed.map_err(missing)?)))
}

/// Lists at most `limit` jobs with a number below `before`, newest first: those that have ended, or not, or all.
pub(crate) async fn list(
    app: &App,
    before: Option<u64>,
    limit: Option<i64>,
    ended: Option<bool>,
) -> Result<JobList, Failure> {
    let mut db = app.store.read().await?;
    let page = Page::of(before, limit, MAX_JOBS, MAX_JOBS);
    let crowd = view::Crowd::now(&mut db, app.clock.now_ms()).await?;
    let rows = summary::jobs(&mut db, page.before, page.rows(), ended).await?;
    let (rows, next) = page.cut(rows, |row| row.id as u64);
    Ok(JobList { jobs: rows.iter().map(|row| view::job(row, crowd)).collect::<Result<_, _>>()?, next })
}

/// Shows one job and, if it is stuck, why.
pub(crate) async fn show(app: &App, job: i64) -> Result<JobView, Failure> {
    let mut db = app.store.read().await?;
    let row = summary::job(&mut db, job).await?.ok_or_else(no_such_job)?;
    let crowd = view::Crowd::now(&mut db, app.clock.now_ms()).await?;
    Ok(view::job(&row, crowd)?)
}

/// Cancels a job. Verified work stays paid.
pub(crate) async fn cancel(app: &App, job: i64) -> Result<JobView, Failure> {
    app.store.write(end::Cancel(job)).await?;
    show(app, job).await
}
