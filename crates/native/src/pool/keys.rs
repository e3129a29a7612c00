//! `adit pool keys export`: prints the keys of a pool's sub-wallets, for a backup or for use elsewhere.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::home::{PASSPHRASE, PoolWallets};
use crate::show;

/// Print the Ed25519 seeds of the pool's sub-wallets, unencrypted.
///
/// Anyone with a seed can spend what its wallet holds, including members' money. ADIT_PASSPHRASE opens the file.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The database's file; the sealed secret is stored beside it
    #[arg(long, value_name = "FILE", env = "POOL_DB_PATH", default_value = "./pool_proxy.db")]
    db_path: PathBuf,
    /// How many keys to print, from wallet 0 (the treasury), from 1 to 100000
    #[arg(long, value_name = "NUMBER", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: u32,
}

pub(crate) fn export(args: &Args) -> Result<()> {
    let passphrase = super::passphrase().with_context(|| format!("set {PASSPHRASE} to open the sealed secret"))?;
    let path = super::wallets_path(&args.db_path);
    let secret = PoolWallets::open(&path, &passphrase)?.with_context(|| format!("{} is missing", path.display()))?;
    for index in 0..args.count {
        let key = secret.key(index);
        show::json(&serde_json::json!({
            "index": index,
            "address": key.address().to_string(),
            "seed": hex::encode(*key.seed()),
        }))?;
    }
    Ok(())
}
