//! Content from several trustless gateways. Specification: <https://specs.ipfs.tech/http-gateways/trustless-gateway/>.
//!
//! Everything below a root is requested as one CAR; single blocks, and what the CAR lacks, as raw blocks. Every block is hashed
//! before it is passed on. A gateway that sends wrong bytes is not asked again; one that is busy is left alone for a while;
//! when one is slower than its own 90th percentile, a second one is asked as well.

mod car;
mod policy;
mod raw;
#[cfg(test)]
mod tests;
mod whole;

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use adit_fetch::{Fetch, FetchError, Response};

use crate::cid::{Block, Cid};
use crate::name::Shown;
use crate::storage::{Blocks, Later};

pub use policy::{Choice, Failure, Policy, Standing};

/// Time, as a host provides it.
pub trait Clock: Send + Sync + 'static {
    /// Milliseconds since an arbitrary start; they never decrease.
    fn now_ms(&self) -> u64;

    /// Waits for `ms` milliseconds.
    fn sleep(&self, ms: u64) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// Several gateways as one source of blocks.
pub struct Gateways<F, C>(Arc<Shared<F, C>>);

struct Shared<F, C> {
    fetch: F,
    clock: C,
    policy: Mutex<Policy>,
}

impl<F, C> Gateways<F, C> {
    /// The gateways at these addresses, such as `https://trustless-gateway.link`.
    pub fn new(fetch: F, clock: C, urls: impl IntoIterator<Item = String>) -> Self {
        Gateways(Arc::new(Shared { fetch, clock, policy: Mutex::new(Policy::new(urls)) }))
    }

    /// What is known about each gateway.
    pub fn standings(&self) -> Vec<Standing> {
        self.0.policy().standings().to_vec()
    }
}

impl<F, C> Shared<F, C> {
    fn policy(&self) -> MutexGuard<'_, Policy> {
        self.policy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn url(&self, index: usize) -> String {
        self.policy().standings().get(index).map(|one| one.url.clone()).unwrap_or_default()
    }
}

impl<F: Fetch + Send + Sync + 'static, C: Clock> Blocks for Gateways<F, C> {
    fn block<'a>(&'a self, cid: &'a Cid) -> Later<'a, Block> {
        Box::pin(self.0.raw(cid, None))
    }

    fn whole(&self, root: &Cid) -> Option<Arc<dyn Blocks>> {
        Some(Arc::new(whole::Whole::new(self.0.clone(), *root)))
    }
}

/// What a status other than 200 says about a gateway.
fn refusal(head: &Response) -> Failure {
    let why = format!("answers {}", head.status);
    match head.status {
        429 | 500..=599 => Failure::Busy { why, retry_after_ms: head.retry_after_ms() },
        _ => Failure::Missing(why),
    }
}

/// What a failed exchange says about a gateway.
fn lost(error: &FetchError) -> Failure {
    match error {
        FetchError::TooLarge(most) => Failure::Wrong(format!("sends more than {most} bytes for one block")),
        FetchError::Url(_) | FetchError::NoScheme(_) | FetchError::TokenInClear { .. } => {
            Failure::Wrong(error.to_string())
        }
        _ => Failure::Lost(error.to_string()),
    }
}

/// Checks that an answer has this media type; the error names another one. An answer without a type may be anything.
fn check_type(header: Option<&str>, wanted: &str) -> Result<(), String> {
    let named = header.map(|text| text.split(';').next().unwrap_or_default().trim());
    match named {
        Some(other) if !other.eq_ignore_ascii_case(wanted) && other != "application/octet-stream" => {
            Err(format!("sends {} in place of {wanted}", Shown(other)))
        }
        _ => Ok(()),
    }
}
