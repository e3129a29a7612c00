//! A bad week of operations: modes, links, keys, disks.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use adit_protocol::paths;
use adit_support::files;
use adit_support::mortal::any_port;
use adit_support::program::Served;
use anyhow::{Context, Result};

use super::starved::{ends, limited};
use super::{Outcome, Stage};
use crate::target::Target;

fn mode(path: &Path) -> Result<u32> {
    Ok(std::fs::metadata(path)?.permissions().mode() & 0o777)
}

pub(super) async fn open_directory(stage: &Stage) -> Result<Outcome> {
    let folder = tempfile::TempDir::new()?;
    let data = folder.path().join("data");
    std::fs::create_dir(&data)?;
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755))?;
    let served = Served::start(&stage.program, any_port(), &data).await;
    let Ok(served) = served else { return Outcome::new(true, "the directory is refused") };
    let mut open = Vec::new();
    for entry in std::fs::read_dir(&data)? {
        let entry = entry?;
        if entry.file_type()?.is_file() && mode(&entry.path())? & 0o077 != 0 {
            open.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    let folder_mode = mode(&data)?;
    served.killed().await?;
    let seen = format!("the folder's mode is {folder_mode:o}; files that others may read: {}", open.len());
    Outcome::new(folder_mode & 0o077 == 0 || open.is_empty(), seen)
}

pub(super) async fn twice(stage: &Stage) -> Result<Outcome> {
    let folder = tempfile::TempDir::new()?;
    let data = folder.path().join("data");
    let served = Served::start(&stage.program, any_port(), &data).await?;
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&data, &link)?;
    let by_link = refuses(stage, &link).await?;
    let renamed = folder.path().join("renamed");
    std::fs::rename(&data, &renamed)?;
    let after_rename = refuses(stage, &renamed).await?;
    for entry in std::fs::read_dir(&renamed)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().contains("lock") {
            std::fs::remove_file(entry.path())?;
        }
    }
    let without_lock = refuses(stage, &renamed).await?;
    served.killed().await?;
    let seen =
        format!("refused by a link: {by_link}, after a rename: {after_rename}, without its lock file: {without_lock}");
    Outcome::new(by_link && after_rename && without_lock, seen)
}

/// Whether a coordinator refuses to start on a directory.
async fn refuses(stage: &Stage, data: &Path) -> Result<bool> {
    let data = data.to_str().context("a path that is not UTF-8")?;
    Ok(ends(&stage.program, &["serve", "--listen", "127.0.0.1:0", "--data", data]).await?.0)
}

pub(super) async fn wrong_key(stage: &Stage) -> Result<Outcome> {
    let (one, other) = (Target::start(&stage.program, &[]).await?, Target::start(&stage.program, &[]).await?);
    let (mine, theirs) = (one.data, other.data);
    one.served.killed().await?;
    other.served.killed().await?;
    std::fs::copy(theirs.path().join("coordinator.key"), mine.path().join("coordinator.key"))?;
    let swapped = refuses(stage, mine.path()).await?;
    for entry in std::fs::read_dir(theirs.path())? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().contains("sqlite") {
            std::fs::remove_file(entry.path())?;
        }
    }
    let vanished = refuses(stage, theirs.path()).await?;
    let seen = format!("another key is refused: {swapped}, a lost database: {vanished}");
    Outcome::new(swapped && vanished, seen)
}

pub(super) async fn full_disk(stage: &Stage) -> Result<Outcome> {
    // A limit on the size of files stands in for the full disk: writes fail, reads do not.
    let program = limited(stage, "trap '' XFSZ\nulimit -f 16384")?;
    let target = Target::start(&program, &[]).await?;
    let client = target.client("requester", 1)?;
    let (mut failed, mut number) = (0, 0);
    // Large uploads fail first; what is left is filled with small ones.
    for bytes in [1 << 20, 1 << 12] {
        let mut in_a_row = 0;
        while in_a_row < 8 && number < 4_096 {
            let reply = client.upload_as("data", files::bytes(number, bytes)).await?;
            in_a_row = if reply.status == 200 { 0 } else { in_a_row + 1 };
            failed += usize::from(reply.status != 200);
            number += 1;
        }
    }
    let health = client.get(paths::HEALTH).await?;
    let seen = format!("{failed} of {number} uploads failed; health answers {}", health.status);
    Outcome::new(failed > 0 && health.status != 200, seen)
}
