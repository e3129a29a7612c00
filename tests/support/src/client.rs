//! A client without rules of its own: it sends whatever a test wants, valid or not.

use std::collections::HashMap;

use adit_core::kernel::Scalar;
use adit_core::sign::{Digest, SecretKey};
use adit_core::statement::{Delivery, SessionStart};
use adit_core::{Cid, Kind, PublicKey, Signature};
use adit_protocol::jobs::{FileInfo, JobRequest, JobView, JobWork};
use adit_protocol::mining::{Delivered, RegisterGrant, RegisterKey, SignedStart, TaskGrant};
use adit_protocol::neonet::{RegisterResponse, StartSessionResponse, Task};
use adit_protocol::paths::{self, with};
use adit_protocol::{ErrorBody, ErrorCode};
use anyhow::{Context, Result, ensure};
use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A complete answer.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub body: Vec<u8>,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
}

impl Reply {
    /// Parses the body as JSON. Fails unless the status is 200.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        ensure!(self.status == 200, "{}: {}", self.status, String::from_utf8_lossy(&self.body));
        serde_json::from_slice(&self.body).with_context(|| String::from_utf8_lossy(&self.body).into_owned())
    }

    /// The error's code. Fails unless the body is one of our errors and its code fits the status.
    pub fn code(&self) -> Result<ErrorCode> {
        let text = String::from_utf8_lossy(&self.body);
        let error: ErrorBody =
            serde_json::from_slice(&self.body).with_context(|| format!("{}: {text}", self.status))?;
        ensure!(self.status.as_u16() == error.code.status(), "{} with {text}", self.status);
        ensure!(!error.message().is_empty(), "an error without a message");
        Ok(error.code)
    }
}

/// A miner or requester.
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: String,
    /// Its key.
    pub key: SecretKey,
    /// Its id.
    pub contributor: String,
    /// Its session, once open.
    pub session: String,
    blocks: HashMap<Cid, Vec<u8>>,
}

impl Client {
    /// A client whose key is 32 times the byte `key`.
    pub fn new(server: &crate::Server, contributor: &str, key: u8) -> Result<Self> {
        Self::at(&server.url, server.token(), contributor, key)
    }

    /// A client of the coordinator at `url`.
    pub fn at(url: &str, token: &str, contributor: &str, key: u8) -> Result<Self> {
        Ok(Client {
            http: reqwest::Client::new(),
            url: url.to_owned(),
            token: token.to_owned(),
            key: SecretKey::from_bytes(&[key; 32])?,
            contributor: contributor.to_owned(),
            session: String::new(),
            blocks: HashMap::new(),
        })
    }

    /// Continues with a coordinator that restarted at another address.
    pub fn move_to(&mut self, server: &crate::Server) {
        self.url.clone_from(&server.url);
    }

    /// A request that the test may change before it sends it.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    /// Sends a request.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Result<Reply> {
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Reply { status, headers, body: response.bytes().await?.to_vec() })
    }

    /// Sends a GET.
    pub async fn get(&self, path: &str) -> Result<Reply> {
        self.send(self.request(Method::GET, path)).await
    }

    /// Sends a POST with JSON.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Reply> {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// A request with the operator's token.
    pub fn as_operator(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.request(method, path).bearer_auth(&self.token)
    }

    /// Uploads a file.
    pub async fn upload(&self, name: &str, bytes: Vec<u8>) -> Result<Reply> {
        self.send(self.as_operator(Method::POST, &format!("{}?name={name}", paths::FILES)).body(bytes)).await
    }

    /// Uploads a file in the given format.
    pub async fn upload_as(&self, format: &str, bytes: Vec<u8>) -> Result<Reply> {
        let path = format!("{}?name=F&format={format}", paths::FILES);
        self.send(self.as_operator(Method::POST, &path).body(bytes)).await
    }

    /// Submits a demonstration job.
    pub async fn submit(&self, work: JobWork) -> Result<JobView> {
        let request = JobRequest { work, demo: true, budget: None, name: None, task_type: None };
        self.send(self.as_operator(Method::POST, paths::JOBS).json(&request)).await?.json()
    }

    /// Uploads two matrices and submits a job for their product.
    pub async fn submit_matmul(&self, a: Vec<u8>, b: Vec<u8>) -> Result<JobView> {
        let a: FileInfo = self.upload("A.npy", a).await?.json()?;
        let b: FileInfo = self.upload("B.npy", b).await?.json()?;
        self.submit(JobWork::MatmulI8 { a: a.file, b: b.file }).await
    }

    /// Uploads a model and samples and submits an inference job.
    pub async fn submit_inference(&self, model: Vec<u8>, input: Vec<u8>) -> Result<JobView> {
        let model: FileInfo = self.upload("M.safetensors", model).await?.json()?;
        let input: FileInfo = self.upload("X.csv", input).await?.json()?;
        self.submit(JobWork::MlpI8 { model: model.file, input: input.file }).await
    }

    /// Uploads a model, samples and targets and submits a gradient job.
    pub async fn submit_gradient(&self, model: Vec<u8>, input: Vec<u8>, targets: Vec<u8>) -> Result<JobView> {
        let model: FileInfo = self.upload("M.safetensors", model).await?.json()?;
        let input: FileInfo = self.upload("X.csv", input).await?.json()?;
        let targets: FileInfo = self.upload("T.npy", targets).await?.json()?;
        self.submit(JobWork::GradientI8 { model: model.file, input: input.file, targets: targets.file }).await
    }

    /// A job's state.
    pub async fn job(&self, job: u64) -> Result<JobView> {
        self.get(&with(paths::JOB, &job.to_string())).await?.json()
    }

    /// A finished job's result file.
    pub async fn result(&self, job: u64) -> Result<Vec<u8>> {
        let reply = self.send(self.as_operator(Method::GET, &with(paths::JOB_RESULT, &job.to_string()))).await?;
        ensure!(reply.status == 200, "{}", String::from_utf8_lossy(&reply.body));
        Ok(reply.body)
    }

    /// Registers with the key and gets a challenge.
    pub async fn register(&self) -> Result<RegisterGrant> {
        let adit = RegisterKey { public_key: self.key.public_key(), payout: None };
        let body = json!({ "contributor_id": self.contributor, "adit": adit });
        let response: RegisterResponse = self.post(paths::REGISTER, &body).await?.json()?;
        response.adit.context("no challenge")
    }

    /// The statement that answers the grant's challenge.
    pub fn start_statement(&self, grant: &RegisterGrant) -> SessionStart {
        SessionStart {
            coordinator: grant.coordinator_key,
            challenge: grant.challenge,
            expires_at_ms: grant.expires_at_ms,
            contributor: self.contributor.to_lowercase(),
            public_key: self.key.public_key(),
            payout: None,
            origin: "native".into(),
        }
    }

    /// Sends a signed start.
    pub async fn start_with(&self, statement: SessionStart, signature: Signature) -> Result<Reply> {
        let body = json!({ "contributor_id": self.contributor, "adit": SignedStart { statement, signature } });
        self.post(paths::START_SESSION, &body).await
    }

    /// Registers and opens a session.
    pub async fn open(&mut self) -> Result<()> {
        let statement = self.start_statement(&self.register().await?);
        let signature = self.key.sign(&statement);
        let started: StartSessionResponse = self.start_with(statement, signature).await?.json()?;
        self.session = started.session_id;
        Ok(())
    }

    /// Asks for a task of any kind for a lane.
    pub async fn ask(&self, lane: u32) -> Result<Reply> {
        let kinds = Kind::ALL.map(Kind::name).join(",");
        self.ask_for(lane, &kinds).await
    }

    /// Asks for a task of one of `kinds` for a lane.
    pub async fn ask_for(&self, lane: u32, kinds: &str) -> Result<Reply> {
        let path = format!("{}?lane={lane}&kinds={kinds}", with(paths::TASK, &self.contributor));
        self.send(self.request(Method::GET, &path).header(paths::SESSION_HEADER, &self.session)).await
    }

    /// A task for a lane, or `None` if there is no work.
    pub async fn task(&self, lane: u32) -> Result<Option<Task>> {
        let reply = self.ask(lane).await?;
        if reply.status == StatusCode::NO_CONTENT { Ok(None) } else { reply.json().map(Some) }
    }

    /// The unit's correct output, computed with the reference. A block that the unit's own source lacks counts as
    /// missing.
    pub async fn compute(&mut self, grant: &TaskGrant) -> Result<Vec<u8>> {
        let place = grant.unit.source().unwrap_or(&self.url).to_owned();
        for input in &grant.inputs {
            if !self.blocks.contains_key(&input.cid) {
                let path = format!("{place}{}?format=raw", with(paths::BLOCK, &input.cid.to_string()));
                let reply = self.send(self.http.get(path)).await?;
                if reply.status == StatusCode::NOT_FOUND && grant.unit.source().is_some() {
                    continue;
                }
                ensure!(
                    adit_core::content_id::block_matches(&input.cid, &reply.body),
                    "a block does not match its CID"
                );
                self.blocks.insert(input.cid, reply.body);
            }
        }
        let find = |cid: &Cid| self.blocks.get(cid).map(Vec::as_slice);
        Ok(grant.unit.output(&Scalar, &grant.lease.lease, find)?)
    }

    /// A block that this client fetched for a unit.
    pub fn block(&self, cid: &Cid) -> Option<&[u8]> {
        self.blocks.get(cid).map(Vec::as_slice)
    }

    /// The statement that a miner signs about its output.
    pub fn delivery(&self, grant: &TaskGrant, output: &[u8]) -> Delivery {
        let digest = Digest(*blake3::hash(output).as_bytes());
        Delivery { lease: grant.lease.lease, unit: grant.lease.unit, digest, length: output.len() as u64 }
    }

    /// Delivers any bytes with any statement and signature.
    pub async fn deliver_as(&self, delivery: &Delivery, signature: &Signature, output: Vec<u8>) -> Result<Reply> {
        let path = with(paths::OUTPUT, &delivery.lease.to_string());
        let request = self.request(Method::PUT, &path).header(paths::SIGNATURE_HEADER, signature.to_string());
        self.send(request.header(paths::DIGEST_HEADER, delivery.digest.to_string()).body(output)).await
    }

    /// Delivers an output, signed with this client's key.
    pub async fn deliver(&self, grant: &TaskGrant, output: Vec<u8>) -> Result<Reply> {
        let delivery = self.delivery(grant, &output);
        let signature = self.key.sign(&delivery);
        self.deliver_as(&delivery, &signature, output).await
    }

    /// Mines until there is no work, checks every receipt, and returns the answers.
    pub async fn mine(&mut self, coordinator: &PublicKey) -> Result<Vec<Delivered>> {
        let mut delivered: Vec<Delivered> = Vec::new();
        let mut task = self.task(0).await?;
        while let Some(Task { adit: Some(grant), .. }) = task {
            coordinator.verify(&grant.lease, &grant.signature)?;
            ensure!(grant.unit.cid() == grant.lease.unit, "the lease is for another unit");
            let output = self.compute(&grant).await?;
            let answer: Delivered = self.deliver(&grant, output).await?.json()?;
            answer.receipt.verify(coordinator)?;
            task = answer.next.clone();
            delivered.push(answer);
        }
        Ok(delivered)
    }
}
