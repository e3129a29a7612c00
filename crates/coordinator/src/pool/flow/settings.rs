//! What a start writes into the database, as the pool proxy's table `pool_config` shows it.

use adit_core::PublicKey;
use futures::future::BoxFuture;

use super::books::Entry;
use crate::pool::store;
use crate::pool::{PoolError, PoolFee};
use crate::store::{Db, DbError};

/// The name of the key that signed the lists.
const KEY: &str = "pool_key";

/// A start of the pool.
pub(crate) struct Started {
    key: String,
    rows: Vec<(&'static str, String)>,
}

impl Started {
    pub(crate) fn new(key: &PublicKey, fee: PoolFee, node: Option<String>) -> Self {
        let bps = fee.bps();
        let fee = format!("{}.{:04}", bps / 10_000, bps % 10_000);
        let rows = vec![("pool_fee", fee), ("node_url", node.unwrap_or_else(|| "none (local mode)".into()))];
        Started { key: key.to_string(), rows }
    }
}

impl Entry for Started {
    type Output = Result<(), PoolError>;
    fn apply<'a>(&'a self, db: &'a mut Db, now_ms: i64) -> BoxFuture<'a, Result<Self::Output, DbError>> {
        Box::pin(async move {
            match store::setting(db, KEY).await? {
                Some(signer) if signer != self.key => {
                    return Ok(Err(PoolError::OtherKey { found: self.key.clone(), signer }));
                }
                _ => store::set(db, KEY, &self.key).await?,
            }
            for (name, value) in &self.rows {
                store::set(db, name, value).await?;
            }
            store::set(db, "started_at", &(now_ms / 1_000).to_string()).await?;
            Ok(Ok(()))
        })
    }
}
