//! When a call is retried, and after how long a pause.

use std::future::{Future, ready};

use adit_fetch::MaybeSend;

use crate::{Client, ClientError};

/// The longest pause that a coordinator may ask for; beyond it the call fails, and its error says when to come back.
const LONGEST_MS: u64 = 60_000;
/// The first pause where the coordinator asks for none; it doubles with every try.
const FIRST_MS: u64 = 250;

/// How the host waits between retries.
pub trait Sleep {
    /// Waits for `ms` milliseconds.
    fn sleep(&self, ms: u64) -> impl Future<Output = ()> + MaybeSend;
}

/// Never waits: every call is sent once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Once;

impl Sleep for Once {
    fn sleep(&self, _: u64) -> impl Future<Output = ()> + MaybeSend {
        ready(())
    }
}

/// Whether a call may be sent more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    Harmless,
    Never,
}

impl<F, S: Sleep> Client<F, S> {
    /// Waits until the call may be sent again, or returns the error if it may not.
    pub(crate) async fn pause(&self, error: ClientError, tried: u32, repeat: Repeat) -> Result<(), ClientError> {
        let backoff = FIRST_MS << tried.saturating_sub(1).min(8);
        let wait_ms = error.retry_after_ms().unwrap_or(backoff.min(LONGEST_MS));
        let may = repeat == Repeat::Harmless && tried < self.tries && error.is_temporary() && wait_ms <= LONGEST_MS;
        if !may {
            return Err(error);
        }
        self.sleep.sleep(wait_ms).await;
        Ok(())
    }
}
