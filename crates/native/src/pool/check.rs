//! `adit pool check`: recomputes an epoch's public list, offline.

use std::fs;
use std::path::PathBuf;

use adit_core::PublicKey;
use adit_rustchain::list::List;
use anyhow::{Context, Result, ensure};

use crate::show;
use crate::text::clean;

/// Recompute an epoch's public list.
///
/// Every weight is recomputed from its score and slots, every share from the weights, the sums and the root from the rows;
/// and the pool's signature is checked. It cannot tell whether the pool counted the slots honestly, nor what it never
/// published. The file is that of GET /api/epochs/N of the pool.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The list
    file: PathBuf,
    /// The pool's key; a list that another one signed fails [default: any]
    #[arg(long, value_name = "HEX")]
    pool_key: Option<PublicKey>,
    /// Show this member's row too
    #[arg(long, value_name = "WALLET")]
    member: Option<String>,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

/// The largest list that is read, in bytes.
const MAX_BYTES: u64 = 64 << 20;

pub(crate) fn run(args: &Args) -> Result<()> {
    let path = args.file.display();
    let length = fs::metadata(&args.file).with_context(|| path.to_string())?.len();
    ensure!(length <= MAX_BYTES, "{path} is longer than {MAX_BYTES} bytes, so it is no list");
    let text = fs::read(&args.file).with_context(|| path.to_string())?;
    let list: List = serde_json::from_slice(&text).with_context(|| format!("{path} is not a pool's list"))?;
    list.check(args.pool_key.as_ref()).with_context(|| format!("{path} does not add up; the pool is at fault"))?;
    let row = args.member.as_ref().map(|member| {
        let row = list.rows.iter().find(|row| row.member == *member);
        row.with_context(|| format!("{path} has no row of this member: nothing of it counted in the epoch"))
    });
    let row = row.transpose()?;
    if args.json {
        return show::json(&serde_json::json!({ "ok": true, "epoch": list.epoch, "row": row }));
    }
    let epoch = &list.epoch;
    show::result(format_args!(
        "[OK] Epoch {}: {} rows. Every weight and share, the sums and the root were recomputed\n\
         [OK] {} RTC = {} RTC fee ({} basis points) + shares + {} RTC carried\n\
         [OK] Signed by {}{}",
        epoch.epoch,
        list.rows.len(),
        rtc(epoch.gross),
        rtc(epoch.fee),
        epoch.fee_bps,
        rtc(epoch.carry),
        epoch.pool,
        if args.pool_key.is_some() { ", the key you named" } else { "; name the key you expect with --pool-key" },
    ))?;
    if let Some(row) = row {
        let (score, weight, slots) = (rtc(row.score), rtc(row.weight), row.slots);
        show::result(format_args!(
            "[OK] {}: score {score}, {slots} counted slots, weight {weight}, share {} RTC",
            clean(&row.member),
            rtc(row.share)
        ))?;
    }
    Ok(())
}

/// Millionths as a decimal.
fn rtc(micro: i64) -> String {
    format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000)
}
