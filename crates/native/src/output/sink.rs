//! A result on its way to its place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::NamedTempFile;
use tokio::fs::File;
use tokio::io::AsyncWriteExt;

use super::{Output, Target, To};
use crate::home;
use crate::show::{self, Unwritten};

/// What is written of a result so far. Dropped before [`Sink::finish`], it leaves no file behind.
pub(crate) struct Sink {
    named: PathBuf,
    way: Way,
    bytes: u64,
}

enum Way {
    Standard(File),
    Stream(File),
    Draft(Box<Draft>),
}

/// A draft, its file as it is written to, and the file whose place it takes.
struct Draft {
    draft: NamedTempFile,
    file: File,
    target: Target,
}

impl Sink {
    pub(super) async fn open(output: &Output) -> Result<Self> {
        let named = output.named.clone();
        let way = match &output.to {
            To::Standard => Way::Standard(File::from_std(show::standard_output().map_err(Unwritten::from)?)),
            To::Stream(path) => {
                let opened = File::options().write(true).open(path).await;
                Way::Stream(opened.with_context(|| named.display().to_string())?)
            }
            To::File(target) => {
                let draft = target.draft()?;
                let file = draft.as_file().try_clone().with_context(|| named.display().to_string())?;
                Way::Draft(Box::new(Draft { draft, file: File::from_std(file), target: target.clone() }))
            }
        };
        Ok(Sink { named, way, bytes: 0 })
    }

    /// Writes the next bytes.
    pub(crate) async fn write(&mut self, chunk: &[u8]) -> Result<()> {
        self.bytes += chunk.len() as u64;
        match &mut self.way {
            Way::Standard(out) => Ok(out.write_all(chunk).await.map_err(Unwritten::from)?),
            Way::Stream(file) => file.write_all(chunk).await.with_context(|| self.named.display().to_string()),
            Way::Draft(draft) => draft.file.write_all(chunk).await.with_context(|| self.named.display().to_string()),
        }
    }

    /// Puts the whole result in its place, and says how many bytes it has.
    pub(crate) async fn finish(self) -> Result<u64> {
        let named = || self.named.display().to_string();
        match self.way {
            Way::Standard(mut out) => out.flush().await.map_err(Unwritten::from)?,
            Way::Stream(mut file) => file.flush().await.with_context(named)?,
            Way::Draft(whole) => {
                let Draft { draft, mut file, target } = *whole;
                file.flush().await.with_context(named)?;
                keep(draft, &target, &self.named).with_context(named)?;
            }
        }
        Ok(self.bytes)
    }
}

/// Puts a draft in the place of its file, durably.
fn keep(draft: NamedTempFile, target: &Target, named: &Path) -> Result<()> {
    if let Some(before) = &target.before {
        keep_owner(draft.as_file(), before);
        if !target.secret {
            draft.as_file().set_permissions(before.permissions())?;
        }
    }
    draft.as_file().sync_all()?;
    let path = &target.path;
    let kept = if target.force || target.before.is_some() {
        draft.persist(path).map_err(|error| error.error)
    } else {
        draft.persist_noclobber(path).map_err(|error| error.error)
    };
    match kept {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            bail!("{} was made by another program meanwhile; --force replaces it", named.display())
        }
        kept => kept.map(drop)?,
    }
    Ok(home::sync_folder(path)?)
}

/// Gives a draft to the owner of the file that it replaces, where the system lets us.
#[cfg(unix)]
fn keep_owner(draft: &fs::File, before: &fs::Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let _ = fchown(draft, Some(before.uid()), Some(before.gid()));
}

#[cfg(not(unix))]
fn keep_owner(_: &fs::File, _: &fs::Metadata) {}
