//! Turns errors of `reqwest` into messages that say what to do.

use std::error::Error;
use std::io;
use std::time::Duration;

use super::place;
use crate::proxy::through;
use crate::reach::Place;
use crate::request::scheme;
use crate::{AllowedHost, FetchError, Options, Reach, Request};

/// Who was asked, and how.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) place: Place,
    /// The longest silence.
    pub(super) silence: Duration,
    /// The longest silence before the answer.
    pub(super) answer: Duration,
    url: String,
    tls: bool,
    /// The proxy in between, without its password.
    proxy: Option<String>,
    timeout_ms: u32,
    connect_ms: u32,
}

impl Asked {
    /// Fails for an address that cannot be used, and for a secret that a proxy would read.
    pub(super) fn of(request: &Request, options: &Options) -> Result<Self, FetchError> {
        let (tls, place) = (scheme(&request.url)?, place(&request.url)?);
        let proxy = options.proxies.choose(tls, place.host(), place.port()).map(ToString::to_string);
        let mut asked = Asked {
            place,
            silence: Duration::from_millis(options.silence_ms.into()),
            answer: Duration::from_millis(options.silence_ms.max(request.answer_ms).into()),
            url: request.url.clone(),
            tls,
            proxy,
            timeout_ms: request.timeout_ms,
            connect_ms: options.connect_ms,
        };
        if !asked.is_anywhere(request.reach, &options.allowed) {
            asked.proxy = None;
        }
        match &asked.proxy {
            Some(proxy) if !tls && request.headers.iter().any(|(name, _)| *name == "authorization") => {
                Err(FetchError::TokenInClear { proxy: proxy.clone(), host: asked.place.host().to_string() })
            }
            _ => Ok(asked),
        }
    }

    pub(super) fn is_anywhere(&self, reach: Reach, allowed: &[AllowedHost]) -> bool {
        reach == Reach::Anywhere || self.place.is_allowed(allowed)
    }

    pub(super) fn named(&self, error: reqwest::Error) -> FetchError {
        let error = error.without_url();
        if error.is_builder() {
            FetchError::Url(self.url.clone())
        } else if error.is_connect() && error.is_timeout() {
            self.connect(format!("no connection to {} within {} ms", self.place, self.connect_ms))
        } else if error.is_timeout() {
            FetchError::Timeout(self.timeout_ms)
        } else if error.is_connect() {
            self.connect(self.not_connected(&error))
        } else {
            FetchError::Interrupted(self.through(self.broken(&error)))
        }
    }

    fn connect(&self, sentence: String) -> FetchError {
        FetchError::Connect(self.through(sentence))
    }

    fn through(&self, sentence: String) -> String {
        through(sentence, self.proxy.as_ref())
    }

    fn not_connected(&self, error: &reqwest::Error) -> String {
        let (place, cause) = (&self.place, innermost_cause(error));
        if causes(error).any(is_refused) {
            format!("{place} refuses connections ({cause})")
        } else if causes(error).any(|cause| cause.to_string().contains("dns error")) {
            let unknown = self.proxy.as_ref().map_or_else(|| place.host().to_string(), |_| "of the proxy".into());
            format!("the name {unknown} cannot be looked up ({cause})")
        } else if cause.contains("corrupt message") {
            format!("{place} does not speak TLS: use http instead of https ({cause})")
        } else if cause.contains("expired") || cause.contains("not valid yet") {
            format!("{place}: {cause}; is this machine's clock right?")
        } else {
            format!("{place}: {cause}")
        }
    }

    fn broken(&self, error: &reqwest::Error) -> String {
        let cause = innermost_cause(error);
        if !self.tls && cause.contains("invalid HTTP") {
            return format!("{} does not answer in HTTP: if it speaks TLS, use https instead of http", self.place);
        }
        cause
    }
}

pub(super) fn silent(waited: Duration) -> FetchError {
    FetchError::Silent(waited.as_millis().try_into().unwrap_or(u32::MAX))
}

fn is_refused(cause: &(dyn Error + 'static)) -> bool {
    cause.downcast_ref().is_some_and(|error: &io::Error| error.kind() == io::ErrorKind::ConnectionRefused)
}

fn causes<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(error.source(), |&error| error.source())
}

/// The innermost cause is the most specific: the layers above it only say that something failed.
pub(super) fn innermost_cause(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
