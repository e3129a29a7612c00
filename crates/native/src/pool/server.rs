//! A pool's calls that want a signed statement.

use adit_core::PublicKey;
use adit_core::sign::{Digest, Statement};
use adit_fetch::{Fetch, Request};
use anyhow::{Context, Result, bail, ensure};
use serde::Serialize;
use serde_json::Value;

use crate::server::http;
use crate::text::clean;

/// The largest answer, in bytes.
const MAX_ANSWER: usize = 64 << 10;
/// How long the pool may take, in ms.
const WITHIN_MS: u32 = 30_000;

/// A pool, and its address.
pub(super) struct Server {
    pub(super) url: String,
}

/// What the pool says before anything is signed.
pub(super) struct Offer {
    /// To be used once.
    pub(super) challenge: Digest,
    /// The pool's key.
    pub(super) pool: PublicKey,
    /// The whole answer.
    pub(super) answer: Value,
}

impl Server {
    pub(super) fn at(url: &str) -> Result<Self> {
        let url = url.trim_end_matches('/').to_owned();
        ensure!(
            url.starts_with("http://") || url.starts_with("https://"),
            "{} must begin with https:// or http://",
            clean(&url)
        );
        Ok(Server { url })
    }

    pub(super) async fn offer(&self) -> Result<Offer> {
        let answer = self.post("/api/join/challenge", Vec::new()).await?;
        let text = |key: &str| answer[key].as_str().with_context(|| format!("the pool names no {key}"));
        let challenge = text("challenge")?.parse().context("the pool's challenge is none")?;
        let pool = text("pool")?.parse().context("the pool's key is none")?;
        Ok(Offer { challenge, pool, answer })
    }

    /// Sends a statement with its signature in hex.
    pub(super) async fn send<T: Statement + Serialize>(
        &self,
        path: &str,
        statement: &T,
        signature: &str,
    ) -> Result<Value> {
        let body = serde_json::json!({ "statement": statement, "signature": signature });
        self.post(path, serde_json::to_vec(&body)?).await
    }

    async fn post(&self, path: &str, body: Vec<u8>) -> Result<Value> {
        let request = Request::post_json(format!("{}{path}", self.url), body);
        let response = http()?.fetch(request.max_bytes(MAX_ANSWER).timeout_ms(WITHIN_MS)).await?;
        let answer: Value = serde_json::from_slice(&response.body)
            .with_context(|| format!("{} does not answer as a pool does", clean(&self.url)))?;
        if response.status != 200 {
            bail!("{}", clean(answer["error"].as_str().unwrap_or("the pool refuses")));
        }
        Ok(answer)
    }
}
