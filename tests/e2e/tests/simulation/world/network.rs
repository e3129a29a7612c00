//! The simulated network, which loses and repeats requests and loses replies.

use adit_protocol::ErrorCode;
use adit_support::Reply;
use anyhow::{Result, ensure};
use axum::http::{HeaderMap, Method};

use super::World;
use crate::wire::request;

/// A request as it is sent, once or twice.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl World {
    /// Sends a request, which may be lost or arrive twice, and whose answer may be lost. Returns the coordinator's
    /// answers and whether the last one arrives.
    pub(super) async fn send(&mut self, call: Call) -> Result<(Vec<Reply>, bool)> {
        let [request_lost, reply_lost, twice] = self.lost;
        if self.chance(request_lost) {
            self.note("  the request is lost".to_owned());
            return Ok((Vec::new(), false));
        }
        let times = if self.chance(twice) { 2 } else { 1 };
        let mut replies = Vec::new();
        for _ in 0..times {
            let ordered = self.house.faults.is_pending();
            let Call { method, path, headers, body } = &call;
            let sent = request(method.clone(), path, headers.clone(), body.clone().into());
            let reply = self.house.send(sent).await;
            self.note(format!("  {}", what_is_said(&reply)));
            self.failed_as_ordered(&reply, ordered)?;
            replies.push(reply);
        }
        let arrives = !self.chance(reply_lost);
        if !arrives {
            self.note("  the reply is lost".to_owned());
        }
        replies.retain(|reply| reply.status.as_u16() < 500);
        let last_is_there = replies.len() == times;
        Ok((replies, arrives && last_is_there))
    }

    /// Asserts that a 5xx comes from an injected fault.
    pub(super) fn failed_as_ordered(&self, reply: &Reply, ordered: bool) -> Result<()> {
        if reply.status.as_u16() < 500 {
            return Ok(());
        }
        ensure!(
            ordered && !self.house.faults.is_pending(),
            "{}: {}",
            reply.status,
            String::from_utf8_lossy(&reply.body)
        );
        Ok(())
    }
}

/// An answer without random ids.
pub(super) fn what_is_said(reply: &Reply) -> String {
    let code = reply.code().map_or("", ErrorCode::name);
    let verdict = reply.json::<serde_json::Value>().ok().and_then(|body| body["verdict"].as_str().map(str::to_owned));
    format!("{} {code}{}", reply.status.as_u16(), verdict.unwrap_or_default())
}

pub(crate) fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect()
}

pub(crate) fn post(path: &str, body: &serde_json::Value) -> Call {
    let headers = headers(&[("content-type", "application/json")]);
    Call { method: Method::POST, path: path.to_owned(), headers, body: body.to_string().into_bytes() }
}
