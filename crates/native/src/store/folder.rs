//! The replicas on this machine: a folder of files, and the list of them beside the key, so that a folder that was emptied is noticed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use adit_miner::store::{Place, PlaceError};
use anyhow::{Context, Result, bail};

use crate::home::{sync_folder, write_private};

/// A folder that this program alone fills.
#[derive(Debug)]
pub(super) struct Folder {
    folder: PathBuf,
    index: PathBuf,
    /// Locked, so that no second program takes replicas into this folder.
    _lock: File,
}

impl Folder {
    /// Opens the folder, whose index is at `index`.
    pub(super) fn open(folder: &Path, index: PathBuf) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let lock = File::create(index.with_extension("lock")).with_context(|| index.display().to_string())?;
        if let Err(fs::TryLockError::WouldBlock) = lock.try_lock() {
            bail!("another `adit store` holds {}: stop it, or give another --key", folder.display());
        }
        Ok(Folder { folder: folder.to_owned(), index, _lock: lock })
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }
}

/// The methods block, as native commands may: nothing else runs on this thread.
impl Place for Folder {
    fn name(&self) -> String {
        self.folder.display().to_string()
    }

    async fn length(&self, file: &str) -> Option<u64> {
        fs::metadata(self.path(file)).ok().map(|found| found.len())
    }

    async fn read(&self, file: &str, offset: u64, bytes: usize) -> Option<Vec<u8>> {
        let mut file = File::open(self.path(file)).ok()?;
        let mut read = vec![0; bytes];
        file.seek(SeekFrom::Start(offset)).ok()?;
        file.read_exact(&mut read).ok()?;
        Some(read)
    }

    async fn append(&self, file: &str, bytes: &[u8]) -> Result<(), PlaceError> {
        let path = self.path(file);
        let append = || {
            let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        append().map_err(|error| failed(&path, &error))
    }

    async fn write(&self, file: &str, bytes: &[u8]) -> Result<(), PlaceError> {
        let path = self.path(file);
        write_private(&path, bytes).map_err(|error| failed(&path, &error))
    }

    async fn rename(&self, from: &str, to: &str) -> Result<(), PlaceError> {
        let to = self.path(to);
        let rename = || {
            fs::rename(self.path(from), &to)?;
            sync_folder(&to)
        };
        rename().map_err(|error| failed(&to, &error))
    }

    async fn remove(&self, file: &str) -> Result<(), PlaceError> {
        let path = self.path(file);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&path, &error)),
            _ => Ok(()),
        }
    }

    async fn index(&self) -> Result<Option<Vec<u8>>, PlaceError> {
        match fs::read(&self.index) {
            Ok(index) => Ok(Some(index)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&self.index, &error)),
        }
    }

    async fn keep_index(&self, index: &[u8]) -> Result<(), PlaceError> {
        write_private(&self.index, index).map_err(|error| failed(&self.index, &error))
    }
}

fn failed(path: &Path, error: &io::Error) -> PlaceError {
    let text = format!("{}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            PlaceError::Full(text)
        }
        _ => PlaceError::Failed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;

    #[test]
    fn files_are_written_read_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let place = Folder::open(&folder.path().join("replicas"), folder.path().join("index.json")).unwrap();
        block_on(async {
            assert_eq!((place.length("a").await, place.read("a", 0, 1).await), (None, None));
            place.append("a.part", b"he").await.unwrap();
            place.append("a.part", b"ld").await.unwrap();
            place.rename("a.part", "a").await.unwrap();
            assert_eq!((place.length("a").await, place.length("a.part").await), (Some(4), None));
            assert_eq!((place.read("a", 1, 2).await, place.read("a", 3, 2).await), (Some(b"el".to_vec()), None));
            place.write("a", b"whole").await.unwrap();
            assert_eq!(place.read("a", 0, 5).await.unwrap(), b"whole");
            place.remove("a").await.unwrap();
            place.remove("a").await.unwrap();
            assert_eq!(place.index().await.unwrap(), None);
            place.keep_index(b"{}").await.unwrap();
            assert_eq!(place.index().await.unwrap().unwrap(), b"{}");
        });
        let second = Folder::open(&folder.path().join("replicas"), folder.path().join("index.json"));
        assert!(second.unwrap_err().to_string().contains("another `adit store`"));
    }
}
