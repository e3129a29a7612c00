//! Files, jobs and results over HTTP.

use adit_protocol::ErrorCode;
use adit_protocol::jobs::{Estimate, FileInfo, JobDescription, JobList, JobRequest, JobView};
use adit_protocol::paths;
use adit_table::Options;
use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::{Extension, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;

use super::flow::{self, ResultStream};
use crate::http::call::Call;
use crate::http::error::ApiError;
use crate::http::extract::{Body, Operator, Path, Query, read_body};
use crate::http::pieces::in_pieces;
use crate::http::shed::Caller;
use crate::http::{Answer, Routes, Shared};

/// The tag of these calls in the API description.
const TAG: &str = "jobs";
const MAX_FILE_BYTES: usize = 256 << 20;

/// The calls that requesters make.
pub(crate) fn routes() -> Routes {
    let get = |path, summary| Call::get(TAG, path, summary);
    let post = |path, summary| Call::post(TAG, path, summary).by_operator();
    Routes::new()
        .call(
            post(paths::FILES, "Uploads an input: .npy, .csv or .safetensors.")
                .query::<UploadQuery>()
                .takes_bytes("The file.")
                .gives::<FileInfo>("What the file holds, and the name by which jobs refer to it."),
            upload,
        )
        .call(
            post(paths::ESTIMATE, "Estimates a job's price and size without submitting it.")
                .takes::<JobRequest>()
                .gives::<Estimate>("The estimate."),
            estimate,
        )
        .call(
            post(paths::ESTIMATE_DESCRIBED, "Estimates a job of files that are described, not uploaded.")
                .takes::<JobDescription>()
                .gives::<Estimate>("The estimate."),
            estimate_described,
        )
        .call(post(paths::JOBS, "Submits a job.").takes::<JobRequest>().gives::<JobView>("The job."), submit)
        .call(get(paths::JOBS, "Jobs, newest first.").query::<JobsQuery>().gives::<JobList>("At most 200 jobs."), list)
        .call(get(paths::JOB, "A job's progress, and the reason if it is stuck.").gives::<JobView>("The job."), show)
        .call(
            Call::delete(TAG, paths::JOB, "Cancels a job. Its verified units stay paid.")
                .by_operator()
                .gives::<JobView>("The job."),
            cancel,
        )
        .call(
            get(paths::JOB_RESULT, "A finished job's result file.")
                .by_operator()
                .gives_bytes("application/octet-stream", "A .npy file, or a .csv file of classes (text/csv)."),
            result,
        )
}

#[derive(Deserialize, IntoParams)]
struct UploadQuery {
    /// The file's name. Its extension gives the format, unless `format` does.
    name: String,
    /// The file's format: `npy`, `npy_f32`, `csv`, `safetensors`, `data`, `table` or `blocks`.
    format: Option<String>,
    /// Whether a table's first line holds names: `yes`, `no`, or `auto` (the default) to refuse what is in doubt.
    header: Option<String>,
    /// What separates a table's cells: `comma`, `semicolon`, `tab` or `pipe`. By default what cuts every line alike.
    delimiter: Option<String>,
    /// A table's encoding, as `latin1` or `utf-16le`. By default UTF-8, or UTF-16 where the bytes show it.
    encoding: Option<String>,
    /// A table's decimal mark: `point` or `comma`.
    decimal: Option<String>,
}

impl UploadQuery {
    /// How a table is to be read.
    fn options(&self) -> Result<Options, ApiError> {
        let said = [
            ("header", &self.header),
            ("delimiter", &self.delimiter),
            ("encoding", &self.encoding),
            ("decimal", &self.decimal),
        ];
        let mut options = Options::default();
        for (name, value) in said {
            let Some(value) = value else { continue };
            let set = options.set(name, value);
            set.map_err(|error| ApiError::new(ErrorCode::InvalidParameter, error.to_string()))?;
        }
        Ok(options)
    }
}

async fn upload(State(app): Shared, _: Operator, Query(query): Query<UploadQuery>, body: HttpBody) -> Answer<FileInfo> {
    let options = query.options()?;
    let bytes = read_body(&app, body, MAX_FILE_BYTES).await?;
    Ok(Json(flow::upload(&app, &query.name, query.format.as_deref(), options, bytes).await?))
}

async fn estimate(State(app): Shared, _: Operator, Body(request): Body<JobRequest>) -> Answer<Estimate> {
    Ok(Json(flow::estimate(&app, &request).await?))
}

async fn estimate_described(State(app): Shared, _: Operator, Body(job): Body<JobDescription>) -> Answer<Estimate> {
    Ok(Json(flow::estimate_described(&app, &job).await?))
}

async fn submit(State(app): Shared, _: Operator, Body(request): Body<JobRequest>) -> Answer<JobView> {
    Ok(Json(flow::submit(&app, request).await?))
}

#[derive(Deserialize, IntoParams)]
struct JobsQuery {
    /// Only jobs with a smaller number: `next` of the page before.
    before: Option<u64>,
    /// How many jobs at most: 1 to 200, by default 200.
    limit: Option<i64>,
    /// Whether to list only jobs that have ended, or only those that have not. By default both.
    ended: Option<bool>,
}

async fn list(State(app): Shared, Query(query): Query<JobsQuery>) -> Answer<JobList> {
    Ok(Json(flow::list(&app, query.before, query.limit, query.ended).await?))
}

async fn show(State(app): Shared, Path(job): Path<i64>) -> Answer<JobView> {
    Ok(Json(flow::show(&app, job).await?))
}

async fn cancel(State(app): Shared, _: Operator, Path(job): Path<i64>) -> Answer<JobView> {
    Ok(Json(flow::cancel(&app, job).await?))
}

/// Streams the result file, unit by unit.
async fn result(
    State(app): Shared,
    _: Operator,
    Path(job): Path<i64>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, ApiError> {
    let ResultStream { media_type, bytes, parts } = flow::result(app.clone(), job).await?;
    let mut response = in_pieces(app, caller, parts).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Some(bytes) = bytes {
        response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    }
    Ok(response)
}
