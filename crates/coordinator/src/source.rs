//! Where the coordinator fetches blocks it does not hold: the gateways that jobs name as the source of their data.

use std::fmt;
use std::sync::Arc;

use adit_core::Cid;
use futures::future::BoxFuture;

/// Fetches blocks from a gateway.
pub trait BlockSource: Send + Sync {
    /// Fetches the bytes of `cid` from `source`, an address without a trailing slash. Returns `None` if the gateway
    /// does not have them, or if they do not match the CID.
    fn block<'a>(&'a self, source: &'a str, cid: &'a Cid) -> BoxFuture<'a, Option<Vec<u8>>>;
}

/// The gateways that jobs may name, and how to query them. The default is none: a coordinator fetches only from
/// gateways that its operator has listed.
#[derive(Clone, Default)]
pub struct Sources {
    allowed: Vec<String>,
    through: Option<Arc<dyn BlockSource>>,
}

impl Sources {
    /// Allows the addresses `allowed`, queried with `through`.
    pub fn new(allowed: Vec<String>, through: impl BlockSource + 'static) -> Self {
        Sources { allowed, through: Some(Arc::new(through)) }
    }

    /// Whether a job may name `source`.
    pub(crate) fn allow(&self, source: &str) -> bool {
        self.allowed.iter().any(|allowed| allowed == source)
    }

    pub(crate) async fn block(&self, source: &str, cid: &Cid) -> Option<Vec<u8>> {
        if !self.allow(source) {
            return None;
        }
        self.through.as_ref()?.block(source, cid).await
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sources").field(&self.allowed).finish()
    }
}
