//! The journal as a directory: a file for each delivery under way.

use std::fs;
use std::path::{Path, PathBuf};

use adit_core::sign::LeaseId;
use adit_core::unit::MAX_OUTPUT_BYTES;
use adit_miner::journal::{Journal, JournalError};

/// The largest entry: an output and its statement.
const MAX_ENTRY_BYTES: u64 = MAX_OUTPUT_BYTES + (1 << 16);
const EXTENSION: &str = "delivery";

/// A journal in a directory, which is created when it is first needed.
#[derive(Clone, Debug)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    pub(crate) fn new(path: PathBuf) -> Self {
        Directory(path)
    }

    fn file(&self, lease: LeaseId) -> PathBuf {
        self.0.join(format!("{lease}.{EXTENSION}"))
    }
}

impl Journal for Directory {
    async fn put(&self, lease: LeaseId, entry: Vec<u8>) -> Result<(), JournalError> {
        let file = self.file(lease);
        // Large outputs take a while to write, and the driver has other lanes to serve.
        let written = tokio::task::spawn_blocking(move || write(&file, &entry)).await;
        written.map_err(|error| JournalError(error.to_string()))?.map_err(|error| self.failed(&error))
    }

    async fn remove(&self, lease: LeaseId) -> Result<(), JournalError> {
        match fs::remove_file(self.file(lease)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(self.failed(&error)),
            _ => Ok(()),
        }
    }

    async fn all(&self) -> Result<Vec<(LeaseId, Vec<u8>)>, JournalError> {
        let files = match fs::read_dir(&self.0) {
            Ok(files) => files,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(self.failed(&error)),
        };
        Ok(files.filter_map(|file| read(&file.ok()?.path())).collect())
    }
}

impl Directory {
    fn failed(&self, error: &std::io::Error) -> JournalError {
        JournalError(format!("{}: {error}", self.0.display()))
    }
}

/// Writes for the owner alone. The folder may be of an earlier program, which left it open to others.
fn write(file: &Path, entry: &[u8]) -> std::io::Result<()> {
    super::write_private(file, entry)?;
    file.parent().map_or(Ok(()), |folder| super::close(folder).map(drop))
}

/// An entry, or nothing if the file is not one.
fn read(file: &Path) -> Option<(LeaseId, Vec<u8>)> {
    let lease = file.file_name()?.to_str()?.strip_suffix(EXTENSION)?.strip_suffix('.')?.parse().ok()?;
    let small = fs::metadata(file).ok()?.len() <= MAX_ENTRY_BYTES;
    small.then(|| fs::read(file).ok()).flatten().map(|entry| (lease, entry))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;

    #[tokio::test]
    async fn entries_outlast_the_program_and_other_files_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("miner.journal");
        let (journal, lease) = (Directory::new(path.clone()), LeaseId([7; 16]));
        assert_eq!(journal.all().await, Ok(vec![]));
        journal.put(lease, vec![1, 2]).await.unwrap();
        journal.put(lease, vec![3]).await.unwrap();
        fs::write(path.join("notes.txt"), "hello").unwrap();
        fs::write(path.join("07.delivery"), "short").unwrap();
        assert_eq!(Directory::new(path.clone()).all().await, Ok(vec![(lease, vec![3])]));
        journal.remove(lease).await.unwrap();
        journal.remove(lease).await.unwrap();
        assert_eq!(journal.all().await, Ok(vec![]));
        assert!(path.join("notes.txt").is_file());
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn only_the_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let folder = tempfile::tempdir().unwrap();
        let (path, lease) = (folder.path().join("miner.journal"), LeaseId([7; 16]));
        let journal = Directory::new(path.clone());
        journal.put(lease, vec![1]).await.unwrap();
        assert_eq!((mode(&path), mode(&journal.file(lease))), (0o700, 0o600));
        // An earlier program's journal is closed when it is used.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(journal.file(lease), fs::Permissions::from_mode(0o644)).unwrap();
        journal.put(lease, vec![2]).await.unwrap();
        assert_eq!((mode(&path), mode(&journal.file(lease))), (0o700, 0o600));
    }

    #[test]
    fn a_file_in_the_way_is_an_error_and_no_panic() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("miner.journal");
        fs::write(&path, "in the way").unwrap();
        assert!(block_on(Directory::new(path).all()).is_err());
    }
}
