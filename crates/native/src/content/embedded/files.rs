//! The folder: a file for each block, named by its CID.
//!
//! ```text
//! blocks/ni/bafkreifz…ni   a block, in a folder named by its last two letters
//! drafts/                  blocks being written; what a crash left there is removed
//! pins/bafk….json          a pin, which exists only with this file
//! pins/bafk….blocks        the blocks that it holds, one a line
//! wanted/bafk….json        an incomplete pin: under way, or failed
//! lock                     shared while a block is added, exclusive while blocks are removed
//! ```
//!
//! A pin stores parents before children. So the blocks of an incomplete pin are found from its root, and stay when others are
//! removed.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use adit_content::cid::MAX_BLOCK_BYTES;
use adit_content::storage::{StorageError, Usage, key};
use adit_content::walk::links;
use adit_content::{Block, Cid};
use tempfile::NamedTempFile;

use crate::content::wanted::{Wanted, disk};

/// The folder of blocks, pins and incomplete pins.
pub(super) struct Files {
    pub(super) folder: PathBuf,
    wanted: Wanted,
    max_bytes: u64,
    /// The bytes of all blocks, once they were counted. What other processes add is seen when they are counted again.
    used: Mutex<Option<u64>>,
}

impl Files {
    /// Opens the folder, or makes it.
    pub(super) fn open(folder: &Path, max_bytes: u64) -> Result<Self, StorageError> {
        for name in ["blocks", "drafts", "pins", "wanted"] {
            crate::home::make_folder(&folder.join(name).join("file")).map_err(|error| disk(folder, &error))?;
        }
        let wanted = Wanted::new(folder.join("wanted"));
        Ok(Files { folder: folder.to_owned(), wanted, max_bytes, used: Mutex::new(None) })
    }

    /// The list of incomplete pins.
    pub(super) fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Reads a block, if it is here. A damaged one is removed, so that it can be fetched again.
    pub(super) fn read(&self, cid: &Cid) -> Result<Option<Block>, StorageError> {
        let path = self.place(&key(cid));
        match fs::metadata(&path) {
            Ok(found) if found.len() <= MAX_BLOCK_BYTES as u64 => {}
            Ok(_) => return self.remove(&path).map(|()| None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(disk(&path, &error)),
        }
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(disk(&path, &error)),
        };
        match Block::verify(*cid, bytes.into()) {
            Ok(block) => Ok(Some(block)),
            Err(_) => self.remove(&path).map(|()| None),
        }
    }

    /// Stores a block. If there is no room for it, blocks that no pin holds are removed first.
    pub(super) fn keep(&self, block: &Block) -> Result<(), StorageError> {
        let path = self.place(&key(block.cid()));
        if path.exists() {
            return Ok(());
        }
        let length = block.bytes().len() as u64;
        if self.used()? + length > self.max_bytes {
            self.sweep()?;
            let used = self.used()?;
            if used + length > self.max_bytes {
                return Err(StorageError::Full { used, max: self.max_bytes });
            }
        }
        let _shared = self.lock(Lock::Shared)?;
        let mut draft = self.draft("drafts")?;
        draft.write_all(block.bytes()).map_err(|error| disk(&path, &error))?;
        self.place_draft(draft, &path)?;
        let mut used = self.count();
        *used = used.map(|used| used + length);
        Ok(())
    }

    /// Counts pins, blocks and bytes.
    pub(super) fn usage(&self) -> Result<Usage, StorageError> {
        let (mut blocks, mut bytes) = (0, 0);
        self.each_block(|_, found| {
            blocks += 1;
            bytes += found.len();
            Ok(())
        })?;
        *self.count() = Some(bytes);
        let pins = Some(self.pin_names()?.len() as u64);
        Ok(Usage { pins, blocks: Some(blocks), bytes: Some(bytes), max_bytes: Some(self.max_bytes) })
    }

    /// Gives up an incomplete pin and removes what there is of it. False if there was none.
    pub(super) fn give_up(&self, root: &Cid) -> Result<bool, StorageError> {
        let was = self.wanted.end(root)?;
        if was {
            self.sweep()?;
        }
        Ok(was)
    }

    /// Removes all blocks that no pin holds, complete or not.
    fn sweep(&self) -> Result<(), StorageError> {
        let _alone = self.lock(Lock::Alone)?;
        let held = self.held()?;
        let drafts = self.folder.join("drafts");
        for draft in fs::read_dir(&drafts).map_err(|error| disk(&drafts, &error))?.flatten() {
            let _ = fs::remove_file(draft.path());
        }
        let mut used = 0;
        self.each_block(|path, found| {
            if path.file_name().and_then(|name| name.to_str()).is_some_and(|name| held.contains(name)) {
                used += found.len();
                return Ok(());
            }
            self.remove(path)
        })?;
        *self.count() = Some(used);
        Ok(())
    }

    /// The names of all blocks that must stay.
    pub(super) fn held(&self) -> Result<HashSet<String>, StorageError> {
        let mut held = HashSet::new();
        for name in self.pin_names()? {
            held.extend(self.list_of(&name)?);
        }
        for wish in self.wanted.all()? {
            self.reach(wish.cid, &mut held)?;
        }
        Ok(held)
    }

    /// Adds the names of what is here below `root`.
    fn reach(&self, root: Cid, held: &mut HashSet<String>) -> Result<(), StorageError> {
        let (mut waiting, mut seen) = (vec![root], HashSet::new());
        while let Some(cid) = waiting.pop() {
            let name = key(&cid);
            if !seen.insert(name.clone()) {
                continue;
            }
            let Some(block) = self.read(&cid)? else { continue };
            held.insert(name);
            // A malformed block has no links, and its pin fails.
            waiting.extend(links(&block).unwrap_or_default());
        }
        Ok(())
    }

    fn used(&self) -> Result<u64, StorageError> {
        let counted = *self.count();
        match counted {
            Some(used) => Ok(used),
            None => Ok(self.usage()?.bytes.unwrap_or_default()),
        }
    }

    fn count(&self) -> std::sync::MutexGuard<'_, Option<u64>> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `what` with every block's file.
    fn each_block(
        &self,
        mut what: impl FnMut(&Path, &fs::Metadata) -> Result<(), StorageError>,
    ) -> Result<(), StorageError> {
        let folder = self.folder.join("blocks");
        for group in fs::read_dir(&folder).map_err(|error| disk(&folder, &error))?.flatten() {
            let Ok(files) = fs::read_dir(group.path()) else { continue };
            for file in files.flatten() {
                // Another process may have removed it.
                let Ok(found) = file.metadata() else { continue };
                what(&file.path(), &found)?;
            }
        }
        Ok(())
    }

    /// Where a block of this name is.
    pub(super) fn place(&self, name: &str) -> PathBuf {
        let group = &name[name.len().saturating_sub(2)..];
        self.folder.join("blocks").join(group).join(name)
    }

    /// A temporary file in a folder of this one, so on the same disk as the place that it is moved to.
    pub(super) fn draft(&self, folder: &str) -> Result<NamedTempFile, StorageError> {
        let folder = self.folder.join(folder);
        NamedTempFile::new_in(&folder).map_err(|error| disk(&folder, &error))
    }

    /// Moves a draft to its place.
    pub(super) fn place_draft(&self, draft: NamedTempFile, path: &Path) -> Result<(), StorageError> {
        crate::home::make_folder(path).map_err(|error| disk(path, &error))?;
        draft.persist(path).map(drop).map_err(|error| disk(path, &error.error))
    }

    /// Removes a file, if it is still there.
    pub(super) fn remove(&self, path: &Path) -> Result<(), StorageError> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk(path, &error)),
            _ => Ok(()),
        }
    }

    /// Removes a block.
    pub(super) fn forget(&self, name: &str) -> Result<(), StorageError> {
        let path = self.place(name);
        let length = fs::metadata(&path).map_or(0, |found| found.len());
        self.remove(&path)?;
        let mut used = self.count();
        *used = used.map(|used| used.saturating_sub(length));
        Ok(())
    }

    /// Locks the folder, for threads of this process and for others, until the returned file is dropped.
    pub(super) fn lock(&self, how: Lock) -> Result<File, StorageError> {
        let path = self.folder.join("lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(|error| disk(&path, &error))?;
        let locked = match how {
            Lock::Shared => file.lock_shared(),
            Lock::Alone => file.lock(),
        };
        locked.map_err(|error| disk(&path, &error))?;
        Ok(file)
    }
}

/// How the folder is locked.
#[derive(Clone, Copy)]
pub(super) enum Lock {
    /// For those who add blocks.
    Shared,
    /// For one who removes blocks.
    Alone,
}
