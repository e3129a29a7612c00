//! `adit pool confirm`: what the operator of a pool without a node has seen of a device.

use std::path::PathBuf;

use adit_coordinator::pool_key;
use adit_rustchain::member::{Confirm, Hardware, VERSION};
use adit_rustchain::table;
use anyhow::{Context, Result, ensure};

use super::server::Server;
use crate::show;
use crate::text::clean;

/// Confirm what a device is, after you have seen it.
///
/// A pool without a node believes no claim about hardware, so every device scores 1.0 until you confirm it; from its next
/// slot on it scores what the table gives its family. A confirmation ends when another wallet takes the device over. It is
/// signed with the pool's key, which lies beside the database.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The device's id: `adit.device` in GET /api/miner/WALLET of the pool
    device: String,
    /// Its family, as PowerPC or x86
    #[arg(long, requires = "arch", required_unless_present = "withdraw")]
    family: Option<String>,
    /// Its architecture, as g4 or 486
    #[arg(long, requires = "family")]
    arch: Option<String>,
    /// Take back what you confirmed
    #[arg(long, conflicts_with_all = ["family", "arch"])]
    withdraw: bool,
    /// The pool
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pool: String,
    /// The database's file
    #[arg(long, value_name = "FILE", env = "POOL_DB_PATH", default_value = "./pool_proxy.db")]
    db_path: PathBuf,
    /// Print the member's row as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let hardware = args.family.as_deref().zip(args.arch.as_deref()).map(|(family, arch)| table::listed(family, arch));
    let hardware = hardware.transpose()?.map(|(family, arch)| Hardware { arch, family: family.to_owned() });
    let key = pool_key(&args.db_path)?;
    let server = Server::at(&args.pool)?;
    let offer = server.offer().await?;
    ensure!(
        offer.pool == key.public_key(),
        "{} is signed by {}, and the key beside {} is another: name that pool's database with --db-path",
        clean(&server.url),
        offer.pool,
        args.db_path.display()
    );
    let statement =
        Confirm { challenge: offer.challenge, device: args.device, hardware, pool: offer.pool, version: VERSION };
    let row = server.send("/api/confirm", &statement, &key.sign(&statement).to_string()).await?;
    if args.json {
        return show::json(&row);
    }
    let wallet = clean(row["wallet"].as_str().context("the pool names no wallet")?);
    let score = row["hardware_score"].as_f64().context("the pool names no score")?;
    let what = match &statement.hardware {
        Some(Hardware { family, arch }) => format!("{family} {arch}"),
        None => "not confirmed any more".to_owned(),
    };
    show::result(format_args!("[OK] Device {} of {wallet} is {what}; it scores {score}", clean(&statement.device)))?;
    Ok(())
}
