//! HTTP as this build has it, and the few calls that need no token.

use adit_fetch::{Fetch, FetchError, Request};
use adit_protocol::ErrorBody;
use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;

/// With TLS.
#[cfg(feature = "full")]
pub(crate) type Http = adit_fetch::Reqwest;
/// Without TLS.
#[cfg(not(feature = "full"))]
pub(crate) type Http = adit_fetch::Ureq;

/// The address that `--server` has unless it is given.
pub(crate) const DEFAULT_SERVER: &str = "http://127.0.0.1:8000";

pub(crate) fn open() -> Result<Http> {
    #[cfg(feature = "full")]
    let http = Http::new().context("HTTP cannot be used on this machine")?;
    #[cfg(not(feature = "full"))]
    let http = Http::new();
    Ok(http)
}

/// The body of a GET, or an error that says what the server says.
pub(crate) async fn get_bytes(http: &impl Fetch, url: &str, max_bytes: usize) -> Result<Vec<u8>> {
    let request = Request::get(url).max_bytes(max_bytes).timeout_ms(60_000);
    let advice = "start one with `adit serve`, or name another with --server";
    let response = match http.fetch(request).await {
        Ok(response) => response,
        Err(error @ FetchError::Connect(_)) => bail!("{url}: {error}: {advice}"),
        Err(error) => return Err(error).context(url.to_owned()),
    };
    if response.status == 200 {
        return Ok(response.body);
    }
    match serde_json::from_slice::<ErrorBody>(&response.body) {
        Ok(error) => bail!("{url}: {} ({})", error.message(), error.code.name()),
        Err(_) => bail!("{url} answered {}; is it a coordinator?", response.status),
    }
}

/// The JSON that a GET gives.
pub(crate) async fn get<T: DeserializeOwned>(http: &impl Fetch, url: &str) -> Result<T> {
    let body = get_bytes(http, url, 8 << 20).await?;
    serde_json::from_slice(&body).with_context(|| format!("{url} does not answer as this version expects"))
}
