//! What an answer means to the miner. Everything in it is hostile until it is parsed.

use adit_fetch::{FetchError, Response};
use adit_protocol::ErrorBody;
use adit_protocol::ErrorCode;
use serde::de::DeserializeOwned;

/// A parsed answer.
#[derive(Debug)]
pub(crate) enum Answer<T> {
    /// What was asked for.
    Given(T),
    /// Nothing for now (204).
    Nothing { asked_ms: Option<u64> },
    /// No; asking again would not help.
    Refused(ErrorCode, String),
    /// Not now: the server is away or busy, or a limit is reached.
    Later { code: Option<ErrorCode>, reason: String, asked_ms: Option<u64> },
    /// Not an answer to this request.
    Nonsense(String),
}

impl<T: DeserializeOwned> Answer<T> {
    pub(crate) fn of(answer: Result<Response, FetchError>) -> Self {
        let response = match answer {
            Ok(response) => response,
            Err(error @ FetchError::TooLarge(_)) => return Answer::Nonsense(error.to_string()),
            Err(error) => return Answer::Later { code: None, reason: error.to_string(), asked_ms: None },
        };
        match response.status {
            204 => Answer::Nothing { asked_ms: response.retry_after_ms() },
            200..=299 => match serde_json::from_slice(&response.body) {
                Ok(given) => Answer::Given(given),
                Err(error) => Answer::Nonsense(format!("the answer does not have the expected shape ({error})")),
            },
            _ => Self::of_error(&response),
        }
    }

    fn of_error(response: &Response) -> Self {
        let asked_ms = response.retry_after_ms();
        let busy = matches!(response.status, 408 | 425 | 429 | 500..=599);
        match serde_json::from_slice::<ErrorBody>(&response.body) {
            Ok(body) if busy => Answer::Later { code: Some(body.code), reason: readable(&body.message()), asked_ms },
            Ok(body) => Answer::Refused(body.code, readable(&body.message())),
            Err(_) if busy => {
                Answer::Later { code: None, reason: format!("it answered {}", response.status), asked_ms }
            }
            Err(_) => Answer::Nonsense(format!("it answered {} without a reason", response.status)),
        }
    }
}

/// Whether a refusal means that the coordinator no longer knows our session.
pub(crate) fn is_session_lost(code: ErrorCode) -> bool {
    use ErrorCode::*;
    matches!(code, NoSession | NotYourSession | NotRegistered | RegisterFirst)
}

/// A peer's message, made safe to show: one short line without control characters.
pub(crate) fn readable(text: &str) -> String {
    let shown = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    shown.take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Answer<u32> {
        Answer::of(Ok(Response::new(status, body).with_header("retry-after", "2")))
    }

    #[test]
    fn every_status_has_a_meaning() {
        assert!(matches!(of(200, "7"), Answer::Given(7)));
        assert!(matches!(of(200, "seven"), Answer::Nonsense(_)));
        assert!(matches!(of(204, ""), Answer::Nothing { asked_ms: Some(2_000) }));
        assert!(matches!(of(503, "<html>"), Answer::Later { asked_ms: Some(2_000), .. }));
        assert!(matches!(of(404, "<html>"), Answer::Nonsense(_)));
        assert!(matches!(of(302, ""), Answer::Nonsense(_)));
        let expired = r#"{"detail":"gone","code":"lease_expired"}"#;
        assert!(matches!(of(410, expired), Answer::Refused(ErrorCode::LeaseExpired, _)));
        let busy = r#"{"detail":"stopping","code":"unavailable"}"#;
        assert!(matches!(of(503, busy), Answer::Later { reason, .. } if reason == "stopping"));
        assert!(matches!(Answer::<u32>::of(Err(FetchError::Timeout(1))), Answer::Later { asked_ms: None, .. }));
        assert!(matches!(Answer::<u32>::of(Err(FetchError::TooLarge(1))), Answer::Nonsense(_)));
    }

    #[test]
    fn a_peers_message_cannot_control_a_terminal() {
        assert_eq!(readable("a\u{1b}[2Jb\nc"), "a [2Jb c");
        assert_eq!(readable(&"x".repeat(1_000)).len(), 300);
    }
}
