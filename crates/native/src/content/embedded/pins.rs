//! Pins in the folder: a list of blocks, and a file that says that all of them are there.

use std::collections::HashSet;
use std::fs;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::PathBuf;

use adit_content::storage::{Pin, StorageError, key};
use adit_content::{Block, Cid, cid};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::files::{Files, Lock};
use crate::content::wanted::disk;

/// A pin as it is stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    cid: String,
    blocks: u64,
    bytes: u64,
}

/// The blocks of a pin under way.
pub(super) struct BlockList {
    root: Cid,
    lines: BufWriter<NamedTempFile>,
    blocks: u64,
    bytes: u64,
}

impl BlockList {
    pub(super) fn add(&mut self, block: &Block) -> Result<(), StorageError> {
        self.blocks += 1;
        self.bytes += block.bytes().len() as u64;
        let written = writeln!(self.lines, "{}", key(block.cid()));
        written.map_err(|error| disk(self.lines.get_ref().path(), &error))
    }
}

impl Files {
    /// Begins to list the blocks of a pin.
    pub(super) fn begin(&self, root: &Cid) -> Result<BlockList, StorageError> {
        // Not in `drafts`, which a sweep empties.
        Ok(BlockList { root: *root, lines: BufWriter::new(self.draft("pins")?), blocks: 0, bytes: 0 })
    }

    /// Commits a pin. Error: a listed block is not in the folder.
    pub(super) fn commit(&self, list: BlockList) -> Result<Pin, StorageError> {
        let BlockList { root, lines, blocks, bytes } = list;
        let _shared = self.lock(Lock::Shared)?;
        self.settle()?;
        let name = key(&root);
        let (lines_path, path) = (self.pin_file(&name, "blocks"), self.pin_file(&name, "json"));
        let lines = lines.into_inner().map_err(|error| disk(&lines_path, error.error()))?;
        self.place_draft(lines, &lines_path)?;
        // A block may have been removed by hand, or found damaged, since it was listed.
        for name in self.list_of(&name)? {
            if !self.place(&name).is_file() {
                self.remove(&lines_path)?;
                return Err(StorageError::missing(&cid::parse(&name).unwrap_or(root)));
            }
        }
        let stored = Stored { cid: root.to_string(), blocks, bytes };
        let text = serde_json::to_vec(&stored).map_err(|error| StorageError::Disk(error.to_string()))?;
        crate::home::write_private(&path, &text).map_err(|error| disk(&path, &error))?;
        Ok(Pin { cid: root, blocks: Some(blocks), bytes: Some(bytes) })
    }

    /// Waits until the disk has what was written, so that a pin outlives a power cut.
    fn settle(&self) -> Result<(), StorageError> {
        #[cfg(target_os = "linux")]
        {
            let folder = fs::File::open(&self.folder).map_err(|error| disk(&self.folder, &error))?;
            rustix::fs::syncfs(&folder).map_err(|error| disk(&self.folder, &error.into()))?;
        }
        Ok(())
    }

    /// A pin, if there is one.
    pub(super) fn pin(&self, root: &Cid) -> Result<Option<Pin>, StorageError> {
        self.stored_pin(&key(root))
    }

    /// At most `limit` pins after `after`, in the order of keys.
    pub(super) fn pins(&self, after: Option<&Cid>, limit: usize) -> Result<Vec<Pin>, StorageError> {
        let after = after.map(key);
        let names = self.pin_names()?;
        let later = names.iter().filter(|name| after.as_ref().is_none_or(|after| *name > after));
        let pins = later.filter_map(|name| self.stored_pin(name).transpose());
        pins.take(limit).collect()
    }

    /// Removes a pin and the blocks that only it holds. False if there was no such pin.
    pub(super) fn unpin(&self, root: &Cid) -> Result<bool, StorageError> {
        let name = key(root);
        let _alone = self.lock(Lock::Alone)?;
        let path = self.pin_file(&name, "json");
        if !path.is_file() {
            return Ok(false);
        }
        self.remove(&path)?;
        let (held, own) = (self.held()?, self.list_of(&name)?);
        for block in own.difference(&held) {
            self.forget(block)?;
        }
        self.remove(&self.pin_file(&name, "blocks"))?;
        Ok(true)
    }

    /// The keys of all pins, in order.
    pub(super) fn pin_names(&self) -> Result<Vec<String>, StorageError> {
        let folder = self.folder.join("pins");
        let files = fs::read_dir(&folder).map_err(|error| disk(&folder, &error))?.flatten();
        let mut names: Vec<String> =
            files.filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".json")?.to_owned())).collect();
        names.sort();
        Ok(names)
    }

    /// The names of the blocks that a pin holds.
    pub(super) fn list_of(&self, name: &str) -> Result<HashSet<String>, StorageError> {
        let path = self.pin_file(name, "blocks");
        let file = match fs::File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(HashSet::new()),
            Err(error) => return Err(disk(&path, &error)),
        };
        let lines: io::Result<_> = BufReader::new(file).lines().collect();
        lines.map_err(|error| disk(&path, &error))
    }

    fn stored_pin(&self, name: &str) -> Result<Option<Pin>, StorageError> {
        let path = self.pin_file(name, "json");
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(disk(&path, &error)),
        };
        let damaged = || StorageError::Disk(format!("{} is damaged: remove it and pin again", path.display()));
        let stored: Stored = serde_json::from_slice(&text).map_err(|_| damaged())?;
        let cid = cid::parse(&stored.cid).map_err(|_| damaged())?;
        Ok(Some(Pin { cid, blocks: Some(stored.blocks), bytes: Some(stored.bytes) }))
    }

    fn pin_file(&self, name: &str, extension: &str) -> PathBuf {
        self.folder.join("pins").join(format!("{name}.{extension}"))
    }
}
