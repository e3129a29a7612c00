//! A person's files on this machine: keys, deliveries under way, known coordinators.

#[cfg(feature = "content")]
mod content_key;
mod journal;
mod kept;
mod key;
mod known;
#[cfg(feature = "serve")]
mod pool_wallets;
mod rustchain_key;

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use directories::ProjectDirs;

#[cfg(feature = "content")]
pub(crate) use content_key::ContentKey;
pub(crate) use journal::Directory;
#[cfg(feature = "mcp")]
pub(crate) use key::Sealing;
#[cfg(any(feature = "content", feature = "mcp"))]
pub(crate) use key::random;
pub(crate) use key::{KeyFile, PASSPHRASE};
pub(crate) use known::{Known, is_loopback};
#[cfg(feature = "serve")]
pub(crate) use pool_wallets::PoolWallets;
pub(crate) use rustchain_key::RustchainKey;

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

    /// The file of the secret that content is sealed with.
    #[cfg(feature = "content")]
    pub(crate) fn content_key(&self) -> PathBuf {
        self.key.with_file_name("content.key")
    }

    /// The folder of the blocks that are kept on this machine.
    #[cfg(feature = "content")]
    pub(crate) fn blocks(&self) -> PathBuf {
        self.key.with_file_name("content")
    }

    /// The file of the token that opens the MCP server over HTTP.
    #[cfg(feature = "mcp")]
    pub(crate) fn mcp_token(&self) -> PathBuf {
        self.key.with_file_name("mcp.token")
    }

    /// The directory of agents' questions to people.
    #[cfg(feature = "mcp")]
    pub(crate) fn mcp_questions(&self) -> PathBuf {
        self.key.with_file_name("mcp.questions")
    }

    /// The file of the key that attests to RustChain.
    pub(crate) fn rustchain_key(&self) -> PathBuf {
        self.key.with_file_name("rustchain.key")
    }

    /// The list of what agents sealed.
    #[cfg(all(feature = "content", feature = "mcp"))]
    pub(crate) fn mcp_sealed(&self) -> PathBuf {
        self.key.with_file_name("mcp.sealed")
    }

    /// The journal's directory.
    pub(crate) fn journal(&self) -> PathBuf {
        self.key.with_extension("journal")
    }

    /// The file of the kernels' forms that won on graphics adapters.
    pub(crate) fn adapters(&self) -> PathBuf {
        self.key.with_extension("adapters.json")
    }

    /// The file that counts a day's bytes.
    pub(crate) fn data(&self) -> PathBuf {
        self.key.with_extension("data.json")
    }

    /// The folder of the replicas that this key holds.
    #[cfg(feature = "store")]
    pub(crate) fn replicas(&self) -> PathBuf {
        self.key.with_extension("replicas")
    }

    /// The list of those replicas.
    #[cfg(feature = "store")]
    pub(crate) fn shelf(&self) -> PathBuf {
        self.key.with_extension("replicas.json")
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
    rename(&draft, path)
}

/// Creates a file that only its owner may read; false if it exists already.
pub(crate) fn make_private(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    make_folder(path)?;
    match write(private().create_new(true), path, bytes) {
        Ok(()) => sync_folder(path).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Appends to a file that only its owner may read, and creates it if there is none.
#[cfg(all(feature = "content", feature = "mcp"))]
pub(crate) fn append_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    make_folder(path)?;
    write(private().create(true).append(true), path, bytes)
}

/// Renames a file within its folder, durably.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_folder(to)
}

/// Syncs a file's folder, without which a new name may not survive a crash.
pub(crate) fn sync_folder(file: &Path) -> io::Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder)?.sync_all()
}

/// Makes a file's folder, for its owner alone.
pub(crate) fn make_folder(file: &Path) -> io::Result<()> {
    let mut folder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    file.parent().map_or(Ok(()), |path| folder.recursive(true).create(path))
}

/// Removes the access of others to a file or folder. Returns whether they had any.
#[cfg(unix)]
pub(crate) fn close(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path)?.permissions().mode();
    if mode & 0o077 == 0 {
        return Ok(false);
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode & !0o077)).map(|()| true)
}

#[cfg(not(unix))]
pub(crate) fn close(_: &Path) -> io::Result<bool> {
    Ok(false)
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
    // A draft left by a crash keeps its mode, and the umask removes bits, so the mode is set again.
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    file.write_all(bytes)?;
    file.sync_all()
}
