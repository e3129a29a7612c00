//! Writes what blocks hold as a file or folder. Strangers made the blocks, so names, links, sizes and counts are checked.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use adit_content::name::{check_name, stays_inside};
use adit_content::walk::stat;
use adit_content::{Cid, FileWalk, Limits, List, Stat, Walk};
use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use super::source::Source;
use super::{apart, files};
use crate::output::Output;
use crate::show;

/// The most names that are listed or written.
pub(super) const MAX_ENTRIES: usize = 2_000_000;
/// The deepest folder that is written.
const MAX_DEPTH: usize = 200;

/// Where the output goes, and how large it may be.
pub(super) struct To {
    pub(super) path: PathBuf,
    /// Whether a file that exists is replaced.
    pub(super) force: bool,
    pub(super) max_bytes: u64,
    pub(super) json: bool,
}

/// Writes what `open` finds: a source of blocks, and the root of what to write.
pub(super) async fn export<S: Source + 'static>(
    open: impl FnOnce() -> Result<(S, Cid)> + Send + 'static,
    to: To,
) -> Result<()> {
    let To { path: to, force, max_bytes, json } = to;
    let (mut source, root, what) = apart(move || {
        let (mut source, root) = open()?;
        let what = stat(&source.block(&root)?)?;
        Ok((source, root, what))
    })
    .await?;
    let (bytes, standard) = match what {
        Stat::File(bytes) => {
            ensure!(bytes <= max_bytes, "the file has {bytes} bytes, and --max-bytes is {max_bytes}");
            let output = Output::prepare(&to, force).await?;
            output.room_for(bytes)?;
            let ((), bytes) = files::write_to(&output, move |out| write_file(&mut source, root, out)).await?;
            (bytes, output.is_standard())
        }
        Stat::Folder => {
            let to = to.clone();
            (apart(move || Unpacked::write(source, root, &to, max_bytes)).await?, false)
        }
        Stat::Symlink(target) => bail!("it is a symbolic link to {target:?}, not a file or folder"),
    };
    let report = json!({ "cid": root.to_string(), "output": to, "bytes": bytes });
    let text = format!("{} ({bytes} bytes)", to.display());
    if standard {
        show::message(if json { report.to_string() } else { text });
        return Ok(());
    }
    if json { show::json(&report) } else { Ok(show::result(text)?) }
}

/// Writes a file's bytes.
pub(super) fn write_file(source: &mut impl Source, root: Cid, out: &mut dyn Write) -> Result<()> {
    let mut walk = FileWalk::new(root, Limits::default());
    while let Some(bytes) = walk.next_from(|cid| source.block(cid))? {
        out.write_all(&bytes)?;
    }
    Ok(())
}

/// A folder that is being written.
pub(super) struct Unpacked<S> {
    source: S,
    entries: usize,
    bytes: u64,
    max_bytes: u64,
}

impl<S: Source> Unpacked<S> {
    /// Writes a folder beside its place and moves it there once it is whole.
    pub(super) fn write(source: S, root: Cid, to: &Path, max_bytes: u64) -> Result<u64> {
        let named = || to.display().to_string();
        ensure!(fs::symlink_metadata(to).is_err(), "{} exists: name a folder that does not", to.display());
        let beside = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let draft = tempfile::Builder::new().prefix(".adit-").suffix(".part").tempdir_in(beside).with_context(named)?;
        let mut unpacked = Unpacked { source, entries: 0, bytes: 0, max_bytes };
        let whole = draft.path().join("whole");
        unpacked.folder(root, &whole, 0)?;
        fs::rename(&whole, to).with_context(named)?;
        Ok(unpacked.bytes)
    }

    fn folder(&mut self, root: Cid, to: &Path, depth: usize) -> Result<()> {
        ensure!(depth <= MAX_DEPTH, "folders are nested more than {MAX_DEPTH} deep");
        fs::create_dir(to).context("a folder cannot be made")?;
        let mut walk = List::new(root, Limits::default());
        while let Some(entry) = walk.next_from(|cid| self.source.block(cid))? {
            check_name(&entry.name)?;
            self.entries += 1;
            ensure!(self.entries <= MAX_ENTRIES, "more than {MAX_ENTRIES} files and folders");
            self.entry(entry.cid, &to.join(&entry.name), depth).with_context(|| format!("{:?}", entry.name))?;
        }
        Ok(())
    }

    fn entry(&mut self, cid: Cid, to: &Path, depth: usize) -> Result<()> {
        match stat(&self.source.block(&cid)?)? {
            Stat::Folder => self.folder(cid, to, depth + 1),
            Stat::Symlink(target) => link(&target, to, depth),
            Stat::File(bytes) => {
                self.bytes = self.bytes.saturating_add(bytes);
                ensure!(self.bytes <= self.max_bytes, "more than {} bytes: --max-bytes allows more", self.max_bytes);
                // A name can exist already where the disk takes names that differ only in case for the same.
                let mut out = BufWriter::new(File::create_new(to)?);
                write_file(&mut self.source, cid, &mut out)?;
                Ok(out.flush()?)
            }
        }
    }
}

fn link(target: &str, to: &Path, depth: usize) -> Result<()> {
    ensure!(stays_inside(target, depth), "the link leads to {target:?}, out of the folder");
    #[cfg(unix)]
    std::os::unix::fs::symlink(target, to)?;
    #[cfg(not(unix))]
    bail!("{}: links are not written on this system", to.display());
    #[cfg(unix)]
    Ok(())
}
