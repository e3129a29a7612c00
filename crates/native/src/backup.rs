//! `adit backup` and `adit restore`: writes a coordinator's directory into one file, and back.

use std::path::PathBuf;

use anyhow::Result;

use crate::show;

/// Write a coordinator's directory into one file, while it runs or not.
///
/// The file holds the coordinator's key and the operators' token: whoever reads it is the coordinator.
#[derive(clap::Args)]
pub(crate) struct BackupArgs {
    /// The coordinator's directory
    #[arg(long, value_name = "DIR", env = "ADIT_DATA", default_value = ".adit")]
    data: PathBuf,
    /// The backup; must not exist yet
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Restore a coordinator's directory from a backup, after checking all of it.
///
/// The restored coordinator knows nothing of what happened after the backup. Never run both.
#[derive(clap::Args)]
pub(crate) struct RestoreArgs {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The directory to restore into; must be new or empty
    #[arg(long, value_name = "DIR", env = "ADIT_DATA", default_value = ".adit")]
    data: PathBuf,
}

pub(crate) fn back_up(args: &BackupArgs) -> Result<()> {
    adit_coordinator::backup::back_up(&args.data, &args.file)?;
    let (file, data) = (args.file.display(), args.data.display());
    Ok(show::result(format_args!("[OK] {file} holds all of {data}, its key and token too: keep it secret"))?)
}

pub(crate) async fn restore(args: &RestoreArgs) -> Result<()> {
    let found = adit_coordinator::backup::restore(&args.file, &args.data).await?;
    let (data, size, key) = (args.data.display(), found.log_size, found.coordinator);
    Ok(show::result(format_args!(
        "[OK] {data} is whole: ledger, log of {size} receipts, key {key}\n\
         [OK] Run it with `adit serve --data {data}`, and never beside the one that was backed up"
    ))?)
}
