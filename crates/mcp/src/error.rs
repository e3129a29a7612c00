//! Why a tool failed, and what to do next.

use adit_client::ClientError;
use serde::Serialize;

use crate::escape::escape_line;

/// The longest sentence of an error, in characters.
const MOST_CHARS: usize = 600;
/// When to try again if a peer does not answer, because it may only be starting.
const SOON_MS: u64 = 5_000;

/// Why a tool failed: a code for programs, and a sentence that says what to do next.
///
/// It travels as JSON in a tool result marked `isError`. It is not structured content, because the TypeScript SDK before 2.0
/// checks even an error's against the tool's output schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct ToolError {
    /// The code.
    pub code: Code,
    /// The sentence.
    pub message: String,
    /// When to try again, if that can help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// The stable code of an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The arguments do not fit the tool.
    BadArguments,
    /// initialize_miner comes first.
    NotInitialized,
    /// A person has to approve the call first.
    NeedsApproval,
    /// A person said no.
    Declined,
    /// The operator has not configured what the call needs.
    NotConfigured,
    /// The coordinator, a gateway or a node does not answer.
    Unavailable,
    /// The coordinator, a gateway or a node refuses the call.
    Refused,
    /// There is no such thing.
    NotFound,
    /// It is larger than what is handled here.
    TooLarge,
    /// It was sealed for another key, or changed since.
    NotOpened,
    /// It costs more than the call allows.
    TooExpensive,
    /// Too much waits for a person, or is under way.
    Busy,
    /// The client cancelled the call.
    Cancelled,
    /// There is no payment on a chain yet.
    NoPayment,
    /// The fault is not the caller's.
    Internal,
}

impl ToolError {
    /// An error. Whatever is in the sentence is made safe to show.
    pub fn new(code: Code, message: impl AsRef<str>) -> Self {
        ToolError { code, message: escape_line(message.as_ref(), MOST_CHARS), retry_after_ms: None }
    }

    /// An error that may be gone later.
    pub fn retry_after_ms(mut self, ms: u64) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }
}

impl From<ClientError> for ToolError {
    fn from(error: ClientError) -> Self {
        let code = match error.status() {
            _ if error.is_away() => Code::Unavailable,
            Some(404) => Code::NotFound,
            Some(429) => Code::Busy,
            Some(_) => Code::Refused,
            None if matches!(error, ClientError::TooMuch { .. }) => Code::TooLarge,
            None => Code::Unavailable,
        };
        let later = error.retry_after_ms().or(error.is_temporary().then_some(SOON_MS));
        ToolError { retry_after_ms: later, ..ToolError::new(code, error.to_string()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_protocol::ErrorCode;

    #[test]
    fn a_refusal_keeps_its_sentence_and_its_time_and_acts_on_nobody() {
        let message = "no job 7\u{202e}\u{1b}[2J".to_owned();
        let refused = ClientError::Refused { code: ErrorCode::NoSuchJob, message, retry_after_ms: Some(9) };
        let error = ToolError::from(refused);
        assert_eq!((error.code, error.retry_after_ms), (Code::NotFound, Some(9)));
        assert_eq!(error.message, "no job 7\\u{202e}\\u{1b}[2J (no_such_job)");
        let json = serde_json::to_value(ToolError::new(Code::NoPayment, "later")).unwrap();
        assert_eq!(json, serde_json::json!({ "code": "no_payment", "message": "later" }));
    }
}
