//! A coordinator's HTTP API as typed calls: for the command line, agents, the page's checks and tests.
//!
//! [`Client`] takes HTTP from its host (see [`adit_fetch`]) and runs wherever that does, browsers included. Errors say what to
//! do next. A call is retried only if the host provides [`Sleep`] and sending it twice does no harm.
//!
//! | module | calls |
//! |---|---|
//! | `mining` | register, session, task, delivery, heartbeat |
//! | `jobs` | files, estimate, submit, list, cancel, result |
//! | `records` | overview, accounts, ledger, epochs, health |
//! | `receipts` | receipts, log head and its growth, units, blocks, outputs |
//! | `storage` | what is stored with miners, replicas, challenges |
//! | `network` | counters, fees and supply, as NeoNet's clients know them |
//! | `evidence` | everything that a receipt refers to, fetched and checked again |
//!
//! ```
//! use adit_client::Client;
//! use adit_fetch::{Response, Scripted};
//!
//! let fetch = Scripted::new(|_| Ok(Response::new(404, r#"{"detail":"no job 7","code":"no_such_job"}"#)));
//! let client = Client::new(fetch, "http://127.0.0.1:8000");
//! let error = futures::executor::block_on(client.job(7)).unwrap_err();
//! assert_eq!(error.to_string(), "no job 7 (no_such_job)");
//! ```

mod call;
mod error;
mod evidence;
mod jobs;
mod mining;
mod network;
mod receipts;
mod records;
mod retry;
mod storage;

pub use error::ClientError;
pub use evidence::{Confirmed, Evidence, Gather};
pub use jobs::Download;
pub use receipts::fetch_block;
pub use retry::{Once, Sleep};
pub use storage::PinOrder;

/// Calls to one coordinator.
#[derive(Clone, Debug)]
pub struct Client<F, S = Once> {
    fetch: F,
    server: String,
    token: Option<String>,
    sleep: S,
    tries: u32,
}

impl<F> Client<F> {
    /// A client of the coordinator at `server`, which sends every call once.
    pub fn new(fetch: F, server: impl Into<String>) -> Self {
        let mut server = server.into();
        server.truncate(server.trim_end_matches('/').len());
        Client { fetch, server, token: None, sleep: Once, tries: 1 }
    }
}

impl<F, S> Client<F, S> {
    /// Sends the operator's token with every call to the coordinator.
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Sends a call up to `tries` times if repeating it does no harm.
    pub fn with_retries<T: Sleep>(self, sleep: T, tries: u32) -> Client<F, T> {
        let Client { fetch, server, token, .. } = self;
        Client { fetch, server, token, sleep, tries }
    }

    /// The coordinator's address, without a slash at its end.
    pub fn server(&self) -> &str {
        &self.server
    }
}
