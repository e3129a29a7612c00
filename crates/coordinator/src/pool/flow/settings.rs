//! Writes the settings of a start into the database, where the view `pool_config` shows them as in the original.

use adit_core::PublicKey;
use adit_rustchain::WalletSecret;
use futures::future::BoxFuture;

use super::books::Entry;
use crate::pool::store::{self, wallets};
use crate::pool::{PoolError, PoolFee};
use crate::store::{Db, DbError};

/// The setting that holds the key that signs the lists.
const KEY: &str = "pool_key";
/// The setting that holds the address of wallet 0.
const TREASURY: &str = "treasury";

/// A start of the pool. Fails if the key or the sub-wallet secret is not the database's.
pub(crate) struct Started {
    key: String,
    rows: Vec<(&'static str, String)>,
    /// The address of wallet 0.
    treasury: Option<String>,
}

impl Started {
    pub(crate) fn new(key: &PublicKey, fee: PoolFee, node: Option<String>, wallets: Option<&WalletSecret>) -> Self {
        let bps = fee.bps();
        let fee = format!("{}.{:04}", bps / 10_000, bps % 10_000);
        let rows = vec![("pool_fee", fee), ("node_url", node.unwrap_or_else(|| "none (local mode)".into()))];
        let treasury = wallets.map(|wallets| wallets.key(0).address().to_string());
        Started { key: key.to_string(), rows, treasury }
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
            if let Some(found) = self.treasury.clone() {
                match store::setting(db, TREASURY).await? {
                    Some(used) if used != found => return Ok(Err(PoolError::OtherWallets { found, used })),
                    Some(_) => {}
                    None => {
                        store::set(db, TREASURY, &found).await?;
                        wallets::insert_sub_wallet(db, 0, &found).await?;
                    }
                }
            }
            for (name, value) in &self.rows {
                store::set(db, name, value).await?;
            }
            store::set(db, "started_at", &(now_ms / 1_000).to_string()).await?;
            Ok(Ok(()))
        })
    }
}
