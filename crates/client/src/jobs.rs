//! A requester's calls: upload files, submit jobs, follow them, fetch results.

use adit_fetch::{Body, Fetch, Incoming, Method, NO_LIMIT_MS};
use adit_protocol::jobs::{Estimate, FileInfo, JobDescription, JobList, JobRequest, JobView};
use adit_protocol::paths;

use crate::call::{encoded, path};
use crate::retry::{Repeat, Sleep};
use crate::{Client, ClientError};

/// How long a coordinator may take to read a file that has arrived.
const INTAKE_MS: u32 = 600_000;

impl<F: Fetch, S: Sleep> Client<F, S> {
    /// Uploads a file. `format` says how to read it if the extension of its name does not. Needs the token.
    pub async fn upload(
        &self,
        name: &str,
        format: Option<&str>,
        file: impl Into<Body>,
    ) -> Result<FileInfo, ClientError> {
        self.upload_table(name, format, &[], file).await
    }

    /// Uploads a table, and says how to read it: `header`, `delimiter`, `encoding`, `decimal`. Needs the token.
    pub async fn upload_table(
        &self,
        name: &str,
        format: Option<&str>,
        options: &[(&str, String)],
        file: impl Into<Body>,
    ) -> Result<FileInfo, ClientError> {
        let mut path = format!("{}?name={}", paths::FILES, encoded(name));
        let format = format.map(|format| ("format", format.to_owned()));
        for (key, value) in format.iter().chain(options) {
            path.push_str(&format!("&{key}={}", encoded(value)));
        }
        // A file is named by its digest: the second upload finds it there.
        let request = self.request(Method::Post, &path);
        let request = request.body(file).timeout_ms(NO_LIMIT_MS).answer_ms(INTAKE_MS);
        self.json(request, Repeat::Harmless).await
    }

    /// The size and price of a job, without submitting it. Needs the token.
    pub async fn estimate(&self, job: &JobRequest) -> Result<Estimate, ClientError> {
        self.post(paths::ESTIMATE, job, Repeat::Harmless).await
    }

    /// The size and price of a job whose files are only described. Needs the token.
    pub async fn estimate_described(&self, job: &JobDescription) -> Result<Estimate, ClientError> {
        self.post(paths::ESTIMATE_DESCRIBED, job, Repeat::Harmless).await
    }

    /// Submits a job. Needs the token. After an error look at the list of jobs: a second call submits a second job.
    pub async fn submit(&self, job: &JobRequest) -> Result<JobView, ClientError> {
        self.post(paths::JOBS, job, Repeat::Never).await
    }

    /// The newest jobs, newest first: the first page.
    pub async fn jobs(&self) -> Result<JobList, ClientError> {
        self.get(paths::JOBS).await
    }

    /// The page of jobs that follows one with this `next`.
    pub async fn jobs_before(&self, next: u64) -> Result<JobList, ClientError> {
        self.get(&format!("{}?before={next}", paths::JOBS)).await
    }

    /// One job.
    pub async fn job(&self, job: u64) -> Result<JobView, ClientError> {
        self.get(&path(paths::JOB, job)).await
    }

    /// Cancels a job; verified units stay paid. Needs the token.
    pub async fn cancel(&self, job: u64) -> Result<JobView, ClientError> {
        self.json(self.request(Method::Delete, &path(paths::JOB, job)), Repeat::Never).await
    }

    /// A finished job's result. Needs the token.
    pub async fn result(&self, job: u64) -> Result<Download, ClientError> {
        self.download(&path(paths::JOB_RESULT, job)).await
    }

    /// A file, as it arrives.
    pub(crate) async fn download(&self, path: &str) -> Result<Download, ClientError> {
        let request = self.request(Method::Get, path);
        let url = request.url.clone();
        let request = request.max_bytes(usize::MAX).timeout_ms(NO_LIMIT_MS);
        let incoming = self.open(request, Repeat::Harmless).await?;
        Ok(Download { incoming, server: self.server.clone(), url })
    }
}

/// A file that is still arriving.
#[derive(Debug)]
pub struct Download {
    incoming: Incoming,
    server: String,
    url: String,
}

impl Download {
    /// The next chunk; `None` at the end. After an error fetch the file from its beginning.
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, ClientError> {
        let chunk = self.incoming.chunk().await;
        chunk.map_err(|error| ClientError::of_fetch(&self.server, &self.url, error))
    }

    /// The rest of the file.
    pub async fn whole(mut self) -> Result<Vec<u8>, ClientError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}
