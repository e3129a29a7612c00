//! A miner's files on this machine: its key, deliveries under way, known coordinators.

mod journal;
mod key;
mod known;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use directories::ProjectDirs;

pub(crate) use journal::Directory;
pub(crate) use key::{KeyFile, PASSPHRASE};
pub(crate) use known::{Known, is_loopback};

/// The places of a miner's files, all beside its key.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    key: PathBuf,
}

impl Home {
    /// Beside `key`, or in the person's data directory.
    pub(crate) fn find(key: Option<&Path>) -> Result<Self> {
        if let Some(key) = key {
            return Ok(Home { key: key.to_owned() });
        }
        let directories = ProjectDirs::from("", "", "adit");
        let directories = directories.context("this account has no home directory: name a key file with --key")?;
        Ok(Home { key: directories.data_local_dir().join("miner.key") })
    }

    /// The key's file.
    pub(crate) fn key(&self) -> &Path {
        &self.key
    }

    /// The journal's directory.
    pub(crate) fn journal(&self) -> PathBuf {
        self.key.with_extension("journal")
    }

    /// The file of what was measured on graphics adapters.
    pub(crate) fn adapters(&self) -> PathBuf {
        self.key.with_extension("adapters.json")
    }

    /// The known coordinators' file.
    pub(crate) fn known(&self) -> PathBuf {
        self.key.with_extension("coordinators.json")
    }
}

/// Writes a file that only its owner may read, whole or not at all.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    make_folder(path)?;
    let draft = path.with_extension(format!("{}.part", std::process::id()));
    write(private().create(true).truncate(true), &draft, bytes)?;
    fs::rename(&draft, path)
}

/// Creates a file that only its owner may read; false if it exists already.
fn make_private(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    make_folder(path)?;
    match write(private().create_new(true), path, bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

fn make_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn write(options: &OpenOptions, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
