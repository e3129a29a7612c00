//! Where a result goes: into a plain file, into a device or pipe, or to standard output (`-`).
//!
//! A plain file appears whole or not at all: a draft beside it takes its place at the end. A link stays, and what it leads to
//! is replaced. Whatever can be found wrong is found by [`Output::check`], before a job is paid for.

mod sink;
#[cfg(all(test, unix))]
mod tests;

use std::fs::{self, Metadata};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use tempfile::NamedTempFile;

use crate::show;
use sink::Sink;

/// How many links may lead to a file.
const MAX_LINKS: usize = 40;

/// A place for a result.
#[derive(Debug)]
pub(crate) struct Output {
    /// The place as it was named.
    named: PathBuf,
    to: To,
}

#[derive(Debug)]
enum To {
    Standard,
    /// A device, pipe or socket, which is written to directly.
    Stream(PathBuf),
    File(Target),
}

/// A plain file, at the end of all links.
#[derive(Clone, Debug)]
struct Target {
    path: PathBuf,
    /// The existing file, if there is one.
    before: Option<Metadata>,
    /// Whether one that appears meanwhile is replaced.
    force: bool,
    /// Whether only its owner may read it, from its first byte.
    secret: bool,
}

impl Output {
    /// Checks everything that can be checked before there is a result. A file that exists is replaced only by `force`, or if
    /// `may_replace` says so.
    pub(crate) fn check(named: &Path, force: bool, may_replace: impl FnOnce() -> bool) -> Result<Self> {
        let to = To::find(named, force)?;
        match &to {
            To::Standard => {}
            To::Stream(path) => may_write(path)?,
            To::File(target) => {
                if target.before.is_some() {
                    may_write(&target.path)?;
                    let refusal = "it exists; --force replaces it";
                    ensure!(force || may_replace(), "{}: {refusal}", named.display());
                }
                // Shows that a draft can be made, and removes it again.
                target.draft()?;
            }
        }
        Ok(Output { named: named.to_owned(), to })
    }

    /// Checks, and asks a person at the terminal about a file that exists.
    pub(crate) async fn prepare(named: &Path, force: bool) -> Result<Self> {
        let path = named.to_owned();
        // On a thread of its own, because a person takes their time, and may press Ctrl-C meanwhile.
        tokio::task::spawn_blocking(move || Output::check(&path, force, || ask(&path))).await?
    }

    /// Fails if a result of this many bytes does not fit the disk.
    pub(crate) fn room_for(&self, bytes: u64) -> Result<()> {
        let To::File(target) = &self.to else { return Ok(()) };
        let folder = folder(&target.path);
        let free = free_bytes(folder).unwrap_or(u64::MAX);
        let named = self.named.display();
        ensure!(bytes <= free, "{named}: the result takes {bytes} bytes, and {} has {free} left", folder.display());
        Ok(())
    }

    /// Whether the result goes to standard output, so that nothing else may.
    pub(crate) fn is_standard(&self) -> bool {
        matches!(self.to, To::Standard)
    }

    /// Keeps the result from everyone but its owner, whatever file it replaces.
    pub(crate) fn secret(mut self) -> Self {
        if let To::File(target) = &mut self.to {
            target.secret = true;
        }
        self
    }

    /// Begins to write. Waits for the reader of a named pipe.
    pub(crate) async fn open(&self) -> Result<Sink> {
        Sink::open(self).await
    }
}

impl To {
    fn find(named: &Path, force: bool) -> Result<To> {
        if is_standard(named) {
            return Ok(To::Standard);
        }
        let path = follow(named)?;
        if is_descriptor(&path) {
            return Ok(To::Stream(path));
        }
        let before = match fs::metadata(&path) {
            Ok(found) if found.is_dir() => bail!("{} is a folder: name a file in it", named.display()),
            Ok(found) if found.is_file() => Some(found),
            Ok(_) => return Ok(To::Stream(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).context(named.display().to_string()),
        };
        let folder = folder(&path);
        ensure!(folder.is_dir(), "{}: there is no folder {}", named.display(), folder.display());
        ensure!(!ends_in_slash(&path), "{}: there is no such folder", named.display());
        Ok(To::File(Target { path, before, force, secret: false }))
    }
}

impl Target {
    /// A draft beside the file, with a name of its own. Dropping it deletes it.
    fn draft(&self) -> Result<NamedTempFile> {
        let mut draft = tempfile::Builder::new();
        draft.prefix(".adit-").suffix(".part");
        // The mode of any new file, less what the umask removes.
        #[cfg(unix)]
        draft.permissions(std::os::unix::fs::PermissionsExt::from_mode(if self.secret { 0o600 } else { 0o666 }));
        let folder = folder(&self.path);
        draft.tempfile_in(folder).with_context(|| format!("cannot make a file in {}", folder.display()))
    }
}

/// Whether a name stands for a standard stream: `-`, or the device of standard output.
fn is_standard(named: &Path) -> bool {
    ["-", "/dev/stdout"].iter().any(|name| named.as_os_str() == *name)
}

/// Whether a path leads to an open file of this process, whatever that is.
fn is_descriptor(path: &Path) -> bool {
    let folders = ["/dev/fd", "/proc/self/fd"];
    folders.iter().any(|folder| path.starts_with(folder)) || path == Path::new("/dev/stderr") || is_standard(path)
}

/// Follows links, also to a file that does not exist yet.
fn follow(named: &Path) -> Result<PathBuf> {
    let mut path = named.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&path) {
            Ok(next) if !is_descriptor(&path) => path = folder(&path).join(next),
            _ => return Ok(path),
        }
    }
    bail!("{}: more than {MAX_LINKS} links lead on from it", named.display())
}

fn folder(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn ends_in_slash(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().last().is_some_and(|last| std::path::is_separator(char::from(*last)))
}

/// Asks whether a file may be replaced; no, if nobody is there to answer.
fn ask(named: &Path) -> bool {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return false;
    }
    show::message(format_args!("{} exists. Replace it? Type y and Enter for yes:", named.display()));
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer);
    read.is_ok() && ["y", "yes"].contains(&answer.trim().to_lowercase().as_str())
}

#[cfg(unix)]
fn may_write(path: &Path) -> Result<()> {
    let allowed = rustix::fs::access(path, rustix::fs::Access::WRITE_OK);
    allowed.with_context(|| format!("{} may not be written to", path.display()))
}

#[cfg(not(unix))]
fn may_write(path: &Path) -> Result<()> {
    let locked = fs::metadata(path).is_ok_and(|found| found.permissions().readonly());
    ensure!(!locked, "{} may not be written to", path.display());
    Ok(())
}

/// The bytes left on a folder's disk, if known.
#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok().filter(|disk| disk.f_blocks > 0)?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}
