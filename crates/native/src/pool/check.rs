//! `adit pool check`: checks an epoch's public list offline.

use std::fs;
use std::path::PathBuf;

use adit_core::PublicKey;
use adit_rustchain::list::List;
use anyhow::{Context, Result, ensure};

use crate::show;
use crate::text::clean;

/// Check an epoch's public list.
///
/// Recomputes every weight from its score and slots, every share from the weights, and the sums and the root from the rows,
/// and checks the pool's signature. It cannot tell whether the pool counted the slots honestly, or left anything out of its
/// lists. Download the file from the pool at /api/epochs/N.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The list's file
    file: PathBuf,
    /// The pool's key; a list signed by another key fails [default: any key]
    #[arg(long, value_name = "HEX")]
    pool_key: Option<PublicKey>,
    /// Show this member's row too
    #[arg(long, value_name = "WALLET")]
    member: Option<String>,
    /// Print the outcome as JSON
    #[arg(long)]
    json: bool,
}

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 64 << 20;

pub(crate) fn run(args: &Args) -> Result<()> {
    let path = args.file.display();
    let length = fs::metadata(&args.file).with_context(|| path.to_string())?.len();
    ensure!(length <= MAX_BYTES, "{path} is longer than {MAX_BYTES} bytes, so it is not a pool's list");
    let text = fs::read(&args.file).with_context(|| path.to_string())?;
    let list: List = serde_json::from_slice(&text).with_context(|| format!("{path} is not a pool's list"))?;
    list.check(args.pool_key.as_ref())
        .with_context(|| format!("{path} does not add up; the pool that published it is at fault"))?;
    let row = args.member.as_ref().map(|member| {
        let row = list.rows.iter().find(|row| row.member == *member);
        row.with_context(|| format!("{path} has no row for this member: none of its attestations counted in the epoch"))
    });
    let row = row.transpose()?;
    if args.json {
        return show::json(&serde_json::json!({ "ok": true, "epoch": list.epoch, "row": row }));
    }
    let epoch = &list.epoch;
    show::result(format_args!(
        "[OK] Epoch {}: {} rows. All weights and shares, the sums and the root are correct\n\
         [OK] {} RTC = {} RTC fee ({} basis points) + shares + {} RTC carried\n\
         [OK] Signed by {}{}",
        epoch.epoch,
        list.rows.len(),
        rtc(epoch.gross),
        rtc(epoch.fee),
        epoch.fee_bps,
        rtc(epoch.carry),
        epoch.pool,
        if args.pool_key.is_some() { ", the key that you named" } else { "; name the key you expect with --pool-key" },
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

/// A value in 1e-6 with six decimals.
fn rtc(micro: i64) -> String {
    format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000)
}
