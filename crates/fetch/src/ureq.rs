use std::io::Read;
use std::thread;
use std::time::Duration;

use futures::channel::oneshot;
use ureq::http;

use crate::{Fetch, FetchError, Request, Response};

/// HTTP for old machines, without TLS: put a relay that speaks `https` in front. Each request blocks a thread of its own, so
/// any executor will do. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Ureq(ureq::Agent);

impl Ureq {
    /// Connections are kept for later requests.
    pub fn new() -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let config = config.max_redirects(0).max_redirects_will_error(false);
        Ureq(config.user_agent(concat!("adit/", env!("CARGO_PKG_VERSION"))).build().into())
    }
}

impl Default for Ureq {
    fn default() -> Self {
        Self::new()
    }
}

impl Fetch for Ureq {
    async fn fetch(&self, request: Request) -> Result<Response, FetchError> {
        let (answer, answered) = oneshot::channel();
        let agent = self.0.clone();
        let spawned = thread::Builder::new().name("fetch".into()).spawn(move || {
            // Nobody waits any more if this cannot be sent.
            let _ = answer.send(call(&agent, &request));
        });
        spawned.map_err(|error| FetchError::Connect(error.to_string()))?;
        answered.await.unwrap_or_else(|_| Err(FetchError::Interrupted("the request was given up".into())))
    }
}

fn call(agent: &ureq::Agent, request: &Request) -> Result<Response, FetchError> {
    let failed = |error| named(error, request);
    let mut builder = http::Request::builder().method(request.method.name()).uri(&request.url);
    for (name, value) in &request.headers {
        builder = builder.header(*name, value);
    }
    let within = Some(Duration::from_millis(request.timeout_ms.into()));
    let url = |_| FetchError::Url(request.url.clone());
    let response = match &request.body {
        Some(body) => {
            let sent = builder.body(&body[..]).map_err(url)?;
            agent.run(agent.configure_request(sent).timeout_global(within).build())
        }
        None => agent.run(agent.configure_request(builder.body(()).map_err(url)?).timeout_global(within).build()),
    };
    let (parts, body) = response.map_err(failed)?.into_parts();
    let text =
        parts.headers.iter().filter_map(|(name, value)| Some((name.as_str().into(), value.to_str().ok()?.into())));
    let headers = text.collect();
    if body.content_length().is_some_and(|announced| announced > request.max_bytes as u64) {
        return Err(FetchError::TooLarge(request.max_bytes));
    }
    let mut bytes = Vec::new();
    let read = body.into_reader().take(request.max_bytes as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| failed(error.into()))?;
    if bytes.len() > request.max_bytes {
        return Err(FetchError::TooLarge(request.max_bytes));
    }
    Ok(Response { status: parts.status.as_u16(), headers, body: bytes })
}

fn named(error: ureq::Error, request: &Request) -> FetchError {
    use std::io::ErrorKind;
    match error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => FetchError::Url(request.url.clone()),
        ureq::Error::Timeout(_) => FetchError::Timeout(request.timeout_ms),
        ureq::Error::Io(error) if error.kind() == ErrorKind::TimedOut => FetchError::Timeout(request.timeout_ms),
        ureq::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
            FetchError::Connect(error.to_string())
        }
        ureq::Error::TlsRequired => FetchError::Connect("this build speaks http only, not https".into()),
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => FetchError::Connect(error.to_string()),
        error => FetchError::Interrupted(error.to_string()),
    }
}
