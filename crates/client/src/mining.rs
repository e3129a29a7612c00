//! A miner's calls: register, open a session, ask for units, deliver outputs.

use adit_core::statement::Delivery;
use adit_core::{Kind, Signature};
use adit_fetch::{Body, Fetch, Method};
use adit_protocol::mining::Delivered;
use adit_protocol::neonet::{
    HeartbeatRequest, HeartbeatResponse, RegisterRequest, RegisterResponse, StartSessionRequest, StartSessionResponse,
    StopSessionRequest, StopSessionResponse, Task,
};
use adit_protocol::paths;

use crate::call::{encoded, parse, path};
use crate::retry::{Repeat, Sleep};
use crate::{Client, ClientError};

/// The time limit for a delivery besides its upload, and the slowest upload to allow for, in bytes per millisecond.
const DELIVERY_MS: u64 = 60_000;
const SLOWEST: u64 = 16;

impl<F: Fetch, S: Sleep> Client<F, S> {
    /// Registers a contributor. With a key, the answer holds the challenge to sign; registering again gives a new one.
    pub async fn register(&self, request: &RegisterRequest) -> Result<RegisterResponse, ClientError> {
        self.post(paths::REGISTER, request, Repeat::Harmless).await
    }

    /// Opens a session. Its challenge can be used once: after an error, register again.
    pub async fn start_session(&self, request: &StartSessionRequest) -> Result<StartSessionResponse, ClientError> {
        self.post(paths::START_SESSION, request, Repeat::Never).await
    }

    /// A lane's unit, of one of `kinds`; `None` if there is no work. The same lane gets the same unit until it delivers.
    pub async fn task(
        &self,
        contributor: &str,
        session: &str,
        lane: u32,
        kinds: &[Kind],
    ) -> Result<Option<Task>, ClientError> {
        let kinds: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
        let path = format!("{}?lane={lane}&kinds={}", path(paths::TASK, contributor), encoded(&kinds.join(",")));
        let request = self.request(Method::Get, &path).header(paths::SESSION_HEADER, session);
        let url = request.url.clone();
        let response = self.whole(request, Repeat::Harmless).await?;
        if response.status == 204 { Ok(None) } else { parse(&url, &response).map(Some) }
    }

    /// Delivers an output with the miner's signature over `delivery`. Delivering it again gives the same verdict.
    pub async fn deliver(
        &self,
        delivery: &Delivery,
        signature: &Signature,
        session: &str,
        output: impl Into<Body>,
    ) -> Result<Delivered, ClientError> {
        let timeout_ms = u32::try_from(DELIVERY_MS + delivery.length / SLOWEST).unwrap_or(u32::MAX);
        let request = self
            .request(Method::Put, &path(paths::OUTPUT, delivery.lease))
            .header("content-type", "application/octet-stream")
            .header(paths::SESSION_HEADER, session)
            .header(paths::SIGNATURE_HEADER, signature.to_string())
            .header(paths::DIGEST_HEADER, delivery.digest.to_string());
        let request = request.body(output).timeout_ms(timeout_ms).answer_ms(DELIVERY_MS as u32);
        self.json(request, Repeat::Harmless).await
    }

    /// Says that a session is alive.
    pub async fn heartbeat(&self, request: &HeartbeatRequest) -> Result<HeartbeatResponse, ClientError> {
        self.post(paths::HEARTBEAT, request, Repeat::Harmless).await
    }

    /// Ends a session. Ending it again gives the same answer.
    pub async fn stop_session(&self, request: &StopSessionRequest) -> Result<StopSessionResponse, ClientError> {
        self.post(paths::STOP_SESSION, request, Repeat::Harmless).await
    }
}
