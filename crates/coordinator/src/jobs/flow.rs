//! The use cases of jobs.

mod end;
pub(crate) mod operands;
mod orders;
mod result;
mod submit;
mod view;

use adit_core::Cid;
use adit_core::content_id::output_cid;
use adit_protocol::jobs::{Estimate, FileInfo, JobRequest, JobView};
use adit_protocol::{ErrorCode, TaskType};
use bytes::Bytes;

pub(crate) use end::finish;
pub(crate) use result::{ResultStream, result};

use crate::app::App;
use crate::blocking::blocking;
use crate::error::{Failure, Refusal};
use crate::jobs::intake::{self, Format, IntakeError, Parsed};
use crate::jobs::order::{Order, describe, task_type};
use crate::jobs::store::{self as jobs, JobRow, blocks};
use crate::random::random;

/// The longest name of a job or file.
const MAX_NAME: usize = 200;
/// The most jobs of one list.
const MAX_JOBS: i64 = 200;

/// Takes a file, parses it whole, and keeps it. `format` overrides what its name says.
pub(crate) async fn upload(app: &App, name: &str, format: Option<&str>, bytes: Bytes) -> Result<FileInfo, Failure> {
    let extension = name.rsplit_once('.').map_or(name, |(_, extension)| extension);
    let format: Format = format.unwrap_or(extension).parse().map_err(Refusal::from)?;
    let bytes = bytes.to_vec();
    let parse = move || {
        let content = describe(&intake::parse(format, &bytes)?);
        Ok::<_, IntakeError>((content, output_cid(*blake3::hash(&bytes).as_bytes()), bytes))
    };
    let (content, file, bytes) = blocking(parse).await?.map_err(Refusal::from)?;
    let max_stored_bytes = app.max_stored_bytes;
    app.store.write(submit::StoreFile { file, format, bytes, max_stored_bytes }).await?;
    Ok(FileInfo { file, content })
}

/// A file that was uploaded before.
async fn uploaded(app: &App, file: &Cid) -> Result<Parsed, Failure> {
    let found = blocks::file(&mut *app.store.read().await?, file).await?;
    let (format, bytes) = found.ok_or_else(|| {
        Refusal::new(ErrorCode::NoSuchFile, format!("no file {file}; upload it first with POST /v1/files"))
    })?;
    let format: Format = format.parse().map_err(Refusal::from)?;
    Ok(blocking(move || intake::parse(format, &bytes)).await?.map_err(Refusal::from)?)
}

/// What a job would cost.
pub(crate) async fn estimate(app: &App, request: &JobRequest) -> Result<Estimate, Failure> {
    Ok(orders::order(app, &request.work).await?.estimate())
}

/// Makes a job. One that is too small to delegate is computed here, at once.
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
        let detail = "checking this work costs as much as doing it, and its result is too large to be computed here at \
                      once: cut it into smaller jobs, or submit it as a demonstration (demo)";
        return Err(Refusal::new(ErrorCode::TooSmall, detail).into());
    }
    let cpu = app.cpu;
    let (computed, order) = blocking(move || (order.compute_inline(&cpu), order)).await?;
    let missing = |_| Refusal::new(ErrorCode::Internal, "The coordinator failed to compute a small job.");
    Ok((order, Some(computed.map_err(missing)?)))
}

/// Jobs, newest first.
pub(crate) async fn list(app: &App) -> Result<Vec<JobView>, Failure> {
    let mut db = app.store.read().await?;
    let mut views = Vec::new();
    for row in jobs::jobs(&mut db, MAX_JOBS).await? {
        views.push(view::job(&mut db, &row, app.clock.now_ms()).await?);
    }
    Ok(views)
}

/// One job, and why it does not move where it does not.
pub(crate) async fn show(app: &App, job: i64) -> Result<JobView, Failure> {
    let row = jobs::job(&mut *app.store.read().await?, job).await?.ok_or_else(no_such_job)?;
    view_of(app, &row).await
}

/// Ends a job before it is done. What was verified stays paid.
pub(crate) async fn cancel(app: &App, job: i64) -> Result<JobView, Failure> {
    let (row, _) = app.store.write(end::Cancel(job)).await?;
    view_of(app, &row).await
}

async fn view_of(app: &App, row: &JobRow) -> Result<JobView, Failure> {
    Ok(view::job(&mut *app.store.read().await?, row, app.clock.now_ms()).await?)
}

fn no_such_job() -> Refusal {
    Refusal::new(ErrorCode::NoSuchJob, "no job of this number; `adit jobs list` shows them")
}
