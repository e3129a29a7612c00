//! Why a call failed, and what to do next.

use adit_core::Cid;
use adit_fetch::{FetchError, Response};
use adit_protocol::{ErrorBody, ErrorCode};

/// A call that failed. Its text says what to do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The server does not answer.
    #[error("no answer from {server}: {error}; {}", advice(.error))]
    Away {
        /// The server as the caller named it.
        server: String,
        /// What went wrong.
        error: FetchError,
    },
    /// The coordinator named a host that is not public, and the caller has not allowed it.
    #[error("{0}")]
    NotPublic(FetchError),
    /// The call was not sent: its address cannot be used, or would give a secret away.
    #[error("{0}")]
    Unsent(FetchError),
    /// The coordinator refuses the call.
    #[error("{message} ({})", .code.name())]
    Refused {
        /// The stable code.
        code: ErrorCode,
        /// The coordinator's own sentence.
        message: String,
        /// When to ask again.
        retry_after_ms: Option<u64>,
    },
    /// The response does not come from a coordinator.
    #[error("{url} answered {status}; is it a coordinator?")]
    Stranger {
        /// What was asked.
        url: String,
        /// The HTTP status of the response.
        status: u16,
        /// When to ask again.
        retry_after_ms: Option<u64>,
    },
    /// The response has the wrong shape: this client and the coordinator differ in version.
    #[error("{url} does not answer as this version expects: {reason}")]
    Unexpected {
        /// What was asked.
        url: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The bytes do not match their CID.
    #[error("{url} sent bytes that do not match {cid}: use another source")]
    Damaged {
        /// What was asked.
        url: String,
        /// The CID that was asked for.
        cid: Cid,
    },
    /// The log does not extend an earlier head: keep the receipt and ask the coordinator's operator.
    #[error("{0}")]
    Log(String),
    /// The unit is larger than the caller is willing to load.
    #[error("this unit has {bytes} bytes of inputs and output, over the limit of {most}")]
    TooMuch {
        /// The size of the inputs and the output.
        bytes: u64,
        /// The caller's cap.
        most: u64,
    },
}

/// What to do about a call without an answer.
fn advice(error: &FetchError) -> &'static str {
    match error {
        FetchError::Connect(_) => "start a coordinator with `adit serve`, or give another address",
        _ => "try again, or give another address",
    }
}

impl ClientError {
    pub(crate) fn of_fetch(server: &str, url: &str, error: FetchError) -> Self {
        match error {
            FetchError::TooLarge(_) => ClientError::Unexpected { url: url.into(), reason: error.to_string() },
            FetchError::Url(_) | FetchError::NoScheme(_) => {
                // Name the server as the caller wrote it; the path is ours.
                let error = match error {
                    FetchError::NoScheme(_) => FetchError::NoScheme(server.into()),
                    _ => FetchError::Url(server.into()),
                };
                ClientError::Unsent(error)
            }
            FetchError::TokenInClear { .. } => ClientError::Unsent(error),
            FetchError::NotPublic { .. } => ClientError::NotPublic(error),
            error => ClientError::Away { server: server.into(), error },
        }
    }

    pub(crate) fn of_refusal(url: &str, response: &Response) -> Self {
        let retry_after_ms = response.retry_after_ms();
        match serde_json::from_slice::<ErrorBody>(&response.body) {
            Ok(body) => ClientError::Refused { code: body.code, message: body.message(), retry_after_ms },
            Err(_) => ClientError::Stranger { url: url.into(), status: response.status, retry_after_ms },
        }
    }

    /// The coordinator's code, if it refused the call.
    pub fn code(&self) -> Option<ErrorCode> {
        match self {
            ClientError::Refused { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Whether the coordinator is unreachable, perhaps only for a while: the same call may succeed later.
    pub fn is_away(&self) -> bool {
        matches!(self, ClientError::Away { .. }) || matches!(self.status(), Some(502..=504))
    }

    /// Whether the same call may succeed later.
    pub fn is_temporary(&self) -> bool {
        self.is_away() || self.status() == Some(429)
    }

    /// When the coordinator asked to be called again.
    pub fn retry_after_ms(&self) -> Option<u64> {
        match self {
            ClientError::Refused { retry_after_ms, .. } | ClientError::Stranger { retry_after_ms, .. } => {
                *retry_after_ms
            }
            _ => None,
        }
    }

    /// The status of a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            ClientError::Refused { code, .. } => Some(code.status()),
            ClientError::Stranger { status, .. } => Some(*status),
            _ => None,
        }
    }
}
