//! A miner and requester for tests: correct calls go through the typed API, and deliberately wrong ones are sent as they
//! are.

use std::collections::HashMap;

use adit_client::fetch_block;
use adit_core::content_id::MAX_BLOCK_BYTES;
use adit_core::kernel::hash_tree::TreeHasher;
use adit_core::kernel::{LEAVES_AT_ONCE, Scalar};
use adit_core::kind::HashTree2;
use adit_core::sign::{Digest, LeaseId, SecretKey};
use adit_core::statement::{Delivery, SessionStart};
use adit_core::{Cid, Found, Kind, PublicKey, Signature, Unit};
use adit_fetch::{Fetch, FetchError, Incoming, Request, Reqwest};
use adit_protocol::jobs::{JobRequest, JobView, JobWork};
use adit_protocol::mining::{Delivered, RegisterGrant, RegisterKey, SignedStart, TaskGrant};
use adit_protocol::neonet::{RegisterRequest, StartSessionRequest, Task};
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

/// How long a client waits for a block of data elsewhere.
const LOOK_MS: u32 = 2_000;

/// The typed API.
pub type Api = adit_client::Client<Caller>;

/// The header that names the caller of a request through a proxy.
const FORWARDED: &str = "x-forwarded-for";

/// HTTP as a caller whose address a proxy on loopback names.
#[derive(Clone)]
pub struct Caller {
    fetch: Reqwest,
    address: Option<String>,
}

impl Fetch for Caller {
    async fn open(&self, mut request: Request) -> Result<Incoming, FetchError> {
        request.headers.extend(self.address.clone().map(|address| (FORWARDED, address)));
        self.fetch.open(request).await
    }
}

/// One miner or requester.
pub struct Client {
    http: reqwest::Client,
    fetch: Caller,
    api: Api,
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
        let fetch = Caller { fetch: Reqwest::new()?, address: None };
        Ok(Client {
            http: reqwest::Client::new(),
            api: Api::new(fetch.clone(), url).with_token(token),
            fetch,
            url: url.to_owned(),
            token: token.to_owned(),
            key: SecretKey::from_bytes(&[key; 32])?,
            contributor: contributor.to_owned(),
            session: String::new(),
            blocks: HashMap::new(),
        })
    }

    /// The same client at another address, which a proxy on loopback names.
    pub fn from_address(mut self, address: &str) -> Self {
        self.fetch.address = Some(address.to_owned());
        self.api = Api::new(self.fetch.clone(), &self.url).with_token(&self.token);
        self
    }

    /// Continues with a coordinator that restarted at another address.
    pub fn move_to(&mut self, server: &crate::Server) {
        self.url.clone_from(&server.url);
        self.api = Api::new(self.fetch.clone(), &server.url).with_token(&self.token);
    }

    /// The typed API, with the operator's token.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// A request that the test may change before it sends it.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.fetch.address {
            Some(address) => request.header(FORWARDED, address),
            None => request,
        }
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
        let request = JobRequest { demo: true, ..JobRequest::new(work) };
        Ok(self.api.submit(&request).await?)
    }

    async fn file(&self, name: &str, bytes: Vec<u8>) -> Result<Cid> {
        Ok(self.api.upload(name, None, bytes).await?.file)
    }

    /// Uploads two matrices and submits a job for their product.
    pub async fn submit_matmul(&self, a: Vec<u8>, b: Vec<u8>) -> Result<JobView> {
        let (a, b) = (self.file("A.npy", a).await?, self.file("B.npy", b).await?);
        self.submit(JobWork::MatmulI8 { a, b }).await
    }

    /// Uploads a model and samples and submits an inference job.
    pub async fn submit_inference(&self, model: Vec<u8>, input: Vec<u8>) -> Result<JobView> {
        let (model, input) = (self.file("M.safetensors", model).await?, self.file("X.csv", input).await?);
        self.submit(JobWork::MlpI8 { model, input }).await
    }

    /// Uploads a model, samples and targets and submits a gradient job.
    pub async fn submit_gradient(&self, model: Vec<u8>, input: Vec<u8>, targets: Vec<u8>) -> Result<JobView> {
        let (model, input) = (self.file("M.safetensors", model).await?, self.file("X.csv", input).await?);
        let targets = self.file("T.npy", targets).await?;
        self.submit(JobWork::GradientI8 { model, input, targets }).await
    }

    /// A job's state.
    pub async fn job(&self, job: u64) -> Result<JobView> {
        Ok(self.api.job(job).await?)
    }

    /// A finished job's result file.
    pub async fn result(&self, job: u64) -> Result<Vec<u8>> {
        Ok(self.api.result(job).await?.whole().await?)
    }

    /// Registers with the key and gets a challenge.
    pub async fn register(&self) -> Result<RegisterGrant> {
        let request = RegisterRequest {
            contributor_id: self.contributor.clone(),
            cpu_cores: 4,
            gpu_memory_mb: 0,
            gpu_model: None,
            adit: Some(RegisterKey { public_key: self.key.public_key(), payout: None }),
        };
        self.api.register(&request).await?.adit.context("no challenge")
    }

    /// The statement that answers the grant's challenge.
    pub fn start_statement(&self, grant: &RegisterGrant) -> SessionStart {
        start_statement(grant, &self.contributor.to_lowercase(), self.key.public_key())
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
        let adit = Some(SignedStart { statement, signature });
        let request = StartSessionRequest { contributor_id: self.contributor.clone(), adit };
        self.session = self.api.start_session(&request).await?.session_id;
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
        Ok(self.api.task(&self.contributor, &self.session, lane, &Kind::ALL).await?)
    }

    /// The unit's correct output, computed with the reference. A block that the unit's own source lacks counts as
    /// missing.
    pub async fn compute(&mut self, grant: &TaskGrant) -> Result<Vec<u8>> {
        if let Unit::HashTree2(tree) = &grant.unit {
            return Ok(self.look_and_hash(tree, &grant.lease.lease).await);
        }
        let source = grant.unit.source();
        for input in grant.inputs.iter().filter(|input| !self.blocks.contains_key(&input.cid)).collect::<Vec<_>>() {
            match fetch_block(&self.fetch, source.unwrap_or(&self.url), &input.cid).await {
                Ok(block) => drop(self.blocks.insert(input.cid, block)),
                Err(error) if source.is_some() && error.status() == Some(404) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let find = |cid: &Cid| self.blocks.get(cid).map(Vec::as_slice);
        Ok(grant.unit.output(&Scalar, &grant.lease.lease, find)?)
    }

    /// The output over data elsewhere, after one look at each block, up to the first unknown one.
    async fn look_and_hash(&mut self, tree: &HashTree2, lease: &LeaseId) -> Vec<u8> {
        let mut found = HashMap::new();
        for cid in &tree.data.panels {
            let url = format!("{}{}?format=raw", tree.source, with(paths::BLOCK, &cid.to_string()));
            let request = Request::get(url).max_bytes(MAX_BLOCK_BYTES).timeout_ms(LOOK_MS);
            let look = match self.fetch.fetch(request).await {
                Ok(answer) => Found::in_answer(cid, answer.status, answer.body),
                Err(_) => Found::Unknown,
            };
            if let Found::Present(block) = &look {
                self.blocks.insert(*cid, block.clone());
            }
            if look == Found::Unknown {
                break;
            }
            found.insert(*cid, look);
        }
        let look = |cid: &Cid| found.get(cid).map_or(Found::Unknown, Found::as_slice);
        let mut hasher = TreeHasher::elsewhere(*lease, &tree.data, look);
        while let Some(leaves) = hasher.next(LEAVES_AT_ONCE) {
            let digests = leaves.digests();
            hasher.take(&digests);
        }
        hasher.into_output()
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

    /// Delivers an output, signed by this client's key, and returns the answer as it is.
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
            let delivery = self.delivery(&grant, &output);
            let answer = self.api.deliver(&delivery, &self.key.sign(&delivery), &self.session, output).await?;
            answer.receipt.verify(coordinator)?;
            task = answer.next.clone();
            delivered.push(answer);
        }
        Ok(delivered)
    }
}

/// The statement with which a key answers a grant's challenge.
pub fn start_statement(grant: &RegisterGrant, contributor: &str, public_key: PublicKey) -> SessionStart {
    SessionStart {
        coordinator: grant.coordinator_key,
        challenge: grant.challenge,
        expires_at_ms: grant.expires_at_ms,
        contributor: contributor.to_owned(),
        public_key,
        payout: None,
        origin: "native".into(),
        share: None,
    }
}
