//! Where the coordinator looks for blocks that it does not hold: the gateways that jobs name as their data's source.

use std::fmt;
use std::sync::Arc;

use adit_core::Cid;
use futures::future::BoxFuture;

/// Asks a gateway for blocks.
pub trait BlockSource: Send + Sync {
    /// The bytes of `cid` from `source`, an address without a slash at its end; none where it does not give them, or gives
    /// others than the name says.
    fn block<'a>(&'a self, source: &'a str, cid: &'a Cid) -> BoxFuture<'a, Option<Vec<u8>>>;
}

/// The gateways that jobs may name, and how they are asked. By default there are none: a coordinator fetches from nowhere
/// that its operator has not listed.
#[derive(Clone, Default)]
pub struct Sources {
    allowed: Vec<String>,
    through: Option<Arc<dyn BlockSource>>,
}

impl Sources {
    /// These addresses, asked through `through`.
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
