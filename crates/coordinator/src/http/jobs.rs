//! Files, jobs, results.

use std::sync::Arc;

use adit_core::content_id::output_cid;
use adit_core::{Cid, Kind};
use adit_protocol::jobs::{DataPlace, Estimate, FileInfo, JobList, JobRequest, JobState, JobView, JobWork};
use adit_protocol::{ErrorCode, TaskType};
use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use serde::Deserialize;

use super::extract::{Body, Operator, Path, Query, read_body};
use super::neonet::random;
use super::{Answer, App, MAX_FILE_BYTES, Shared};
use crate::error::{ApiError, Refusal};
use crate::intake::{self, Format, Parsed};
use crate::service::jobs::{Cancel, StoreFile, Submit, describe};
use crate::service::order::Order;
use crate::service::result::ResultFile;
use crate::service::views::job_view;
use crate::store::db::DbError;
use crate::store::{blocks, jobs, log};

/// The longest name of a job or file.
const MAX_NAME: usize = 200;
/// The most jobs of one list.
const MAX_JOBS: i64 = 200;

#[derive(Deserialize)]
pub(super) struct UploadQuery {
    name: String,
    /// What the file is to be read as, where its name does not say.
    format: Option<String>,
}

/// Takes a file, parses it whole, keeps it.
pub(super) async fn upload(
    State(app): Shared,
    _: Operator,
    Query(query): Query<UploadQuery>,
    body: HttpBody,
) -> Answer<FileInfo> {
    let bytes = read_body(body, MAX_FILE_BYTES).await?.to_vec();
    let extension = query.name.rsplit_once('.').map_or(query.name.as_str(), |(_, extension)| extension);
    let format: Format = query.format.as_deref().unwrap_or(extension).parse().map_err(Refusal::from)?;
    let (content, file, bytes) = blocking(move || {
        let content = describe(&intake::parse(format, &bytes)?);
        let file = output_cid(*blake3::hash(&bytes).as_bytes());
        Ok::<_, Refusal>((content, file, bytes))
    })
    .await??;
    app.store.write(StoreFile { file, format, bytes, max_stored_bytes: app.max_stored_bytes }).await?;
    Ok(Json(FileInfo { file, content }))
}

/// Runs work that would hold a thread up.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| ApiError::new(ErrorCode::Internal, "The coordinator failed while working on this file."))
}

async fn parsed(app: &Arc<App>, file: &Cid) -> Result<Parsed, ApiError> {
    let found = blocks::file(&mut *app.store.read().await?, file).await?;
    let (format, bytes) = found.ok_or_else(|| {
        ApiError::new(ErrorCode::NoSuchFile, format!("no file {file}; upload it first with POST /v1/files"))
    })?;
    let format: Format = format.parse().map_err(Refusal::from)?;
    Ok(blocking(move || intake::parse(format, &bytes)).await?.map_err(Refusal::from)?)
}

async fn order(app: &Arc<App>, work: &JobWork) -> Result<Order, ApiError> {
    let order = match work {
        JobWork::MatmulI8 { a, b } => {
            let (a, b) = (parsed(app, a).await?, parsed(app, b).await?);
            blocking(move || Order::matmul(a, b)).await??
        }
        JobWork::MlpI8 { model, input } => {
            let (model, input) = (parsed(app, model).await?, parsed(app, input).await?);
            blocking(move || Order::inference(model, input)).await??
        }
        JobWork::GradientI8 { model, input, targets } => {
            let (model, input) = (parsed(app, model).await?, parsed(app, input).await?);
            let targets = parsed(app, targets).await?;
            blocking(move || Order::gradient(model, input, targets)).await??
        }
        JobWork::MatmulF32 { a, b } => {
            let (a, b) = (parsed(app, a).await?, parsed(app, b).await?);
            blocking(move || Order::floats(a, b)).await??
        }
        JobWork::HashTree { data: DataPlace::File { file } } => {
            let data = parsed(app, file).await?;
            blocking(move || Order::data(data)).await??
        }
        JobWork::HashTree { data: DataPlace::Source { source, blocks } } => {
            if !app.sources.allow(source) {
                let detail = "this source is not among those that the operator listed: `adit serve --source URL`";
                return Err(ApiError::new(ErrorCode::InvalidParameter, detail));
            }
            Order::elsewhere(source.clone(), parsed(app, blocks).await?)?
        }
        JobWork::HashTree { data: DataPlace::Log { first, count } } => log_segment(app, *first, *count).await?,
    };
    let (bytes, room) = (order.template.output_bytes(), app.max_stored_bytes);
    if bytes > room {
        let detail = format!("the outputs would have {bytes} bytes and the store holds {room}: cut the work");
        return Err(ApiError::new(ErrorCode::InvalidShape, detail));
    }
    Ok(order)
}

/// Entries of the log in one job.
const MAX_ENTRIES: u64 = 65_536;

async fn log_segment(app: &Arc<App>, first: u64, count: u64) -> Result<Order, ApiError> {
    let mut db = app.store.read().await?;
    let size = log::latest_head(&mut db).await?.map_or(0, |(head, _)| head.size);
    if count == 0 || count > MAX_ENTRIES || first.checked_add(count).is_none_or(|end| end > size) {
        let detail = format!("choose 1 to {MAX_ENTRIES} entries of the log, which has {size}");
        return Err(ApiError::new(ErrorCode::InvalidParameter, detail));
    }
    let bytes = log::entries(&mut db, first, count).await?;
    blocking(move || Order::bytes(&bytes)).await
}

/// What the original calls a job, if it fits.
fn task_type(request: &JobRequest, kind: Kind) -> Result<Option<TaskType>, ApiError> {
    let of_log = matches!(&request.work, JobWork::HashTree { data: DataPlace::Log { .. } });
    let named = request.task_type.or(of_log.then_some(TaskType::NetworkProtection));
    match named {
        Some(named) if !named.fits(kind) => {
            let names: Vec<&str> = TaskType::ALL.into_iter().filter(|t| t.fits(kind)).map(TaskType::name).collect();
            let detail = format!("work of {kind} is no {}: it may be {}", named.name(), names.join(" or "));
            Err(ApiError::new(ErrorCode::InvalidParameter, detail))
        }
        named => Ok(named),
    }
}

pub(super) async fn estimate(State(app): Shared, _: Operator, Body(request): Body<JobRequest>) -> Answer<Estimate> {
    Ok(Json(order(&app, &request.work).await?.estimate()))
}

pub(super) async fn submit(State(app): Shared, _: Operator, Body(request): Body<JobRequest>) -> Answer<JobView> {
    if request.name.as_ref().is_some_and(|name| name.len() > MAX_NAME) {
        return Err(ApiError::new(ErrorCode::InvalidParameter, "name is longer than 200 bytes"));
    }
    let mut order = order(&app, &request.work).await?;
    let task_type = task_type(&request, order.template.kind())?;
    let mut inline = None;
    if order.too_small() && !request.demo {
        // Work that small does not pay to delegate: it is computed here, at once.
        if !order.fits_inline() {
            let detail = "checking this work costs as much as doing it, and its result is too large to be computed \
                          here at once: cut it into smaller jobs, or submit it as a demonstration (demo)";
            return Err(ApiError::new(ErrorCode::TooSmall, detail));
        }
        let cpu = app.cpu;
        let computed = blocking(move || (order.compute_inline(&cpu), order)).await?;
        let missing = |_| ApiError::new(ErrorCode::Internal, "The coordinator failed to compute a small job.");
        (inline, order) = (Some(computed.0.map_err(missing)?), computed.1);
    }
    let operation = Submit {
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
    Ok(Json(job_view(&mut *app.store.read().await?, &row, app.clock.now_ms()).await?))
}

pub(super) async fn list(State(app): Shared) -> Answer<JobList> {
    let mut db = app.store.read().await?;
    let mut views = Vec::new();
    for row in jobs::jobs(&mut db, MAX_JOBS).await? {
        views.push(job_view(&mut db, &row, app.clock.now_ms()).await?);
    }
    Ok(Json(JobList { jobs: views }))
}

fn no_such_job() -> ApiError {
    ApiError::new(ErrorCode::NoSuchJob, "no job of this number; `adit jobs list` shows them")
}

pub(super) async fn show(State(app): Shared, Path(job): Path<i64>) -> Answer<JobView> {
    let mut db = app.store.read().await?;
    let row = jobs::job(&mut db, job).await?.ok_or_else(no_such_job)?;
    Ok(Json(job_view(&mut db, &row, app.clock.now_ms()).await?))
}

pub(super) async fn cancel(State(app): Shared, _: Operator, Path(job): Path<i64>) -> Answer<JobView> {
    let (row, _) = app.store.write(Cancel(job)).await?;
    Ok(Json(job_view(&mut *app.store.read().await?, &row, app.clock.now_ms()).await?))
}

/// The result file, unit by unit.
pub(super) async fn result(State(app): Shared, _: Operator, Path(job): Path<i64>) -> Result<Response, ApiError> {
    let mut db = app.store.read().await?;
    let row = jobs::job(&mut db, job).await?.ok_or_else(no_such_job)?;
    if row.state != JobState::Done.name() {
        let detail = format!("the job is {}; its result is there once every unit is verified", row.state);
        return Err(ApiError::new(ErrorCode::NotFinished, detail));
    }
    let template = row.template()?;
    let units = jobs::settled_units(&mut db, job).await?;
    let gone =
        || ApiError::new(ErrorCode::ResultGone, "the result is no longer stored: results are kept for seven days");
    if let Some(first) = units.first()
        && blocks::output(&mut db, first.id).await?.is_empty()
    {
        return Err(gone());
    }
    let view = job_view(&mut db, &row, app.clock.now_ms()).await?;
    drop(db);
    let media_type = template.kind().facts().result.media_type();
    let file = ResultFile::new(&app.store, job, template).await?;
    let (head, last) = (file.head(), (app.clone(), file.clone(), units.clone()));
    let parts = stream::iter(units).then(move |unit| {
        let (app, file) = (app.clone(), file.clone());
        async move { Ok::<_, DbError>(file.part(blocks::output(&mut *app.store.read().await?, unit.id).await?)) }
    });
    let tail = stream::once(async move {
        let (app, file, units) = last;
        file.tail(&app.store, &app.checker, &units).await
    });
    let body = stream::once(async move { Ok(head) }).chain(parts).chain(tail);
    let mut response = HttpBody::from_stream(body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Some(bytes) = view.result_bytes {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    }
    Ok(response)
}
