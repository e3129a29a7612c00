//! One call: the request, its retries, and the typed response.

use std::fmt::Display;

use adit_fetch::{Fetch, Incoming, Method, Request, Response, follow};
use adit_protocol::paths::with;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::retry::{Repeat, Sleep};
use crate::{Client, ClientError};

/// The largest JSON answer: a list of receipts with their proofs.
const MAX_JSON_BYTES: usize = 8 << 20;
/// The time limit for an answer of JSON.
const JSON_MS: u32 = 60_000;

/// A path with its one parameter, which may hold any characters.
pub(crate) fn path(template: &str, value: impl Display) -> String {
    with(template, &encoded(&value.to_string()))
}

/// A query parameter's value.
pub(crate) fn encoded(value: &str) -> String {
    utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()
}

impl<F: Fetch, S: Sleep> Client<F, S> {
    pub(crate) fn request(&self, method: Method, path: &str) -> Request {
        let request = Request::new(method, format!("{}{path}", self.server));
        let request = request.max_bytes(MAX_JSON_BYTES).timeout_ms(JSON_MS);
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {token}")),
            None => request,
        }
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.json(self.request(Method::Get, path), Repeat::Harmless).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
        repeat: Repeat,
    ) -> Result<T, ClientError> {
        self.send(self.request(Method::Post, path), body, repeat).await
    }

    /// Sends `body` as JSON.
    pub(crate) async fn send<T: DeserializeOwned>(
        &self,
        request: Request,
        body: &impl Serialize,
        repeat: Repeat,
    ) -> Result<T, ClientError> {
        let unspoken = |error: serde_json::Error| unexpected(&request.url, &error);
        let json = serde_json::to_vec(body).map_err(unspoken)?;
        // Jobs are planned and small ones computed before they are answered.
        self.json(request.json(json).answer_ms(JSON_MS), repeat).await
    }

    pub(crate) async fn json<T: DeserializeOwned>(&self, request: Request, repeat: Repeat) -> Result<T, ClientError> {
        let url = request.url.clone();
        parse(&url, &self.whole(request, repeat).await?)
    }

    /// A response with status 200..=299 and its whole body.
    pub(crate) async fn whole(&self, request: Request, repeat: Repeat) -> Result<Response, ClientError> {
        let mut tried = 0;
        loop {
            tried += 1;
            let error = match follow(&self.fetch, request.clone()).await {
                Ok(response) if is_success(response.status) => return Ok(response),
                Ok(response) => ClientError::of_refusal(&request.url, &response),
                Err(error) => ClientError::of_fetch(&self.server, &request.url, error),
            };
            self.pause(error, tried, repeat).await?;
        }
    }

    /// A response with status 200..=299 whose body is still arriving.
    pub(crate) async fn open(&self, request: Request, repeat: Repeat) -> Result<Incoming, ClientError> {
        let mut tried = 0;
        loop {
            tried += 1;
            match self.once(request.clone()).await {
                Ok(incoming) => return Ok(incoming),
                Err(error) => self.pause(error, tried, repeat).await?,
            }
        }
    }

    async fn once(&self, request: Request) -> Result<Incoming, ClientError> {
        let url = request.url.clone();
        let failed = |error| ClientError::of_fetch(&self.server, &url, error);
        let incoming = self.fetch.open(request).await.map_err(failed)?;
        if is_success(incoming.status) {
            return Ok(incoming);
        }
        Err(ClientError::of_refusal(&url, &incoming.whole().await.map_err(failed)?))
    }
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// Parses a JSON body as `T`.
pub(crate) fn parse<T: DeserializeOwned>(url: &str, response: &Response) -> Result<T, ClientError> {
    serde_json::from_slice(&response.body).map_err(|error| unexpected(url, &error))
}

pub(crate) fn unexpected(url: &str, reason: &impl Display) -> ClientError {
    ClientError::Unexpected { url: url.into(), reason: reason.to_string() }
}
