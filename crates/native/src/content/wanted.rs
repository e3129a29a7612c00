//! Incomplete pins: those under way, and those that failed. A person lists them, retries them, or gives them up.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use adit_content::storage::{StorageError, key};
use adit_content::{Cid, cid};
use serde::{Deserialize, Serialize};

/// The longest reason that is kept, in characters.
const MAX_REASON: usize = 500;

/// The list of incomplete pins, a file for each.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    folder: PathBuf,
}

/// An incomplete pin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) cid: Cid,
    /// How often it was tried.
    pub(crate) tries: u32,
    /// Why the last try failed; `None` while it is under way, and if the program was stopped.
    pub(crate) error: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    cid: String,
    tries: u32,
    error: Option<String>,
}

impl Wanted {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Wanted { folder }
    }

    /// Notes that a pin is being tried.
    pub(crate) fn begin(&self, root: &Cid) -> Result<(), StorageError> {
        let tries = self.find(root)?.map_or(0, |wish| wish.tries);
        self.store(&Wish { cid: *root, tries: tries.saturating_add(1), error: None })
    }

    /// Notes why a pin failed.
    pub(crate) fn fail(&self, root: &Cid, why: &str) -> Result<(), StorageError> {
        let tries = self.find(root)?.map_or(1, |wish| wish.tries);
        self.store(&Wish { cid: *root, tries, error: Some(why.chars().take(MAX_REASON).collect()) })
    }

    /// Takes a pin off the list. False if it was not on it.
    pub(crate) fn end(&self, root: &Cid) -> Result<bool, StorageError> {
        let path = self.path(root);
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(disk(&path, &error)),
        }
    }

    /// Everything on the list, in the order of keys.
    pub(crate) fn all(&self) -> Result<Vec<Wish>, StorageError> {
        let files = match fs::read_dir(&self.folder) {
            Ok(files) => files,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(disk(&self.folder, &error)),
        };
        let mut roots: Vec<Cid> = files
            .flatten()
            .filter_map(|file| cid::parse(file.file_name().to_str()?.strip_suffix(".json")?).ok())
            .collect();
        roots.sort_by_key(key);
        roots.iter().filter_map(|root| self.find(root).transpose()).collect()
    }

    /// A pin on the list.
    pub(crate) fn find(&self, root: &Cid) -> Result<Option<Wish>, StorageError> {
        let path = self.path(root);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(disk(&path, &error)),
        };
        // A file that cannot be read still says by its name what is wanted.
        let stored = serde_json::from_slice(&text).ok();
        let stored = stored.unwrap_or_else(|| Stored { cid: root.to_string(), tries: 1, error: None });
        let cid = cid::parse(&stored.cid).unwrap_or(*root);
        Ok(Some(Wish { cid, tries: stored.tries, error: stored.error }))
    }

    fn store(&self, wish: &Wish) -> Result<(), StorageError> {
        let path = self.path(&wish.cid);
        let stored = Stored { cid: wish.cid.to_string(), tries: wish.tries, error: wish.error.clone() };
        let text = serde_json::to_vec(&stored).map_err(|error| StorageError::Disk(error.to_string()))?;
        crate::home::write_private(&path, &text).map_err(|error| disk(&path, &error))
    }

    fn path(&self, root: &Cid) -> PathBuf {
        self.folder.join(format!("{}.json", key(root)))
    }
}

/// The storage error for a failed file operation.
pub(super) fn disk(path: &Path, error: &io::Error) -> StorageError {
    let text = format!("{}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StorageError::DiskFull(text),
        _ => StorageError::Disk(text),
    }
}
