//! What requesters do with jobs, independent of HTTP.

pub(crate) mod end;
pub(crate) mod operands;
mod orders;
pub(crate) mod outputs;
mod result;
mod submit;
mod uploads;
mod view;

use adit_protocol::jobs::{Estimate, JobRequest, JobView};
use adit_protocol::{ErrorCode, TaskType};

pub(crate) use result::{ResultStream, result};
pub(crate) use uploads::upload;

use crate::app::App;
use crate::blocking::blocking;
use crate::error::{Failure, Refusal};
use crate::jobs::no_such_job;
use crate::jobs::order::{Order, task_type};
use crate::jobs::store::{self as jobs, JobRow};
use crate::random::random;

/// The longest job or file name.
const MAX_NAME: usize = 200;
/// The most jobs in one listing.
const MAX_JOBS: i64 = 200;

/// Estimates what a job costs.
pub(crate) async fn estimate(app: &App, request: &JobRequest) -> Result<Estimate, Failure> {
    Ok(orders::order(app, &request.work).await?.estimate())
}

/// Creates a job. One too small to delegate is computed here right away.
pub(crate) async fn submit(app: &App, request: JobRequest) -> Result<JobView, Failure> {
    if request.name.as_ref().is_some_and(|name| name.len() > MAX_NAME) {
        return Err(Refusal::new(ErrorCode::InvalidParameter, "name is longer than 200 bytes").into());
    }
    let order = orders::order(app, &request.work).await?;
    let task_type: Option<TaskType> = task_type(&request, order.template.kind())?;
    let inline_wanted = order.too_small() && !request.demo;
    let (order, inline) = if inline_wanted { compute_inline(app, order).await? } else { (order, None) };
    let operation = submit::Submit {
        order,
        name: request.name,
        demo: request.demo,
        task_type,
        budget: request.budget,
        coin_seed: random()?,
        inline,
        max_stored_bytes: app.max_stored_bytes,
    };
    let (row, _) = app.store.write(operation).await?;
    view_of(app, &row).await
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

/// Lists jobs, newest first.
pub(crate) async fn list(app: &App) -> Result<Vec<JobView>, Failure> {
    let mut db = app.store.read().await?;
    let mut views = Vec::new();
    for row in jobs::jobs(&mut db, MAX_JOBS).await? {
        views.push(view::job(&mut db, &row, app.clock.now_ms()).await?);
    }
    Ok(views)
}

/// Shows one job and, if it is stuck, why.
pub(crate) async fn show(app: &App, job: i64) -> Result<JobView, Failure> {
    let row = jobs::job(&mut *app.store.read().await?, job).await?.ok_or_else(no_such_job)?;
    view_of(app, &row).await
}

/// Cancels a job. Verified work stays paid.
pub(crate) async fn cancel(app: &App, job: i64) -> Result<JobView, Failure> {
    let (row, _) = app.store.write(end::Cancel(job)).await?;
    view_of(app, &row).await
}

async fn view_of(app: &App, row: &JobRow) -> Result<JobView, Failure> {
    Ok(view::job(&mut *app.store.read().await?, row, app.clock.now_ms()).await?)
}
