//! Where replicas lie.

use std::cell::RefCell;
use std::collections::BTreeMap;

/// Files by name, and beside them an index that outlives them. Names are CIDs, with endings of letters after a dot.
pub trait Place {
    /// How people know it.
    fn name(&self) -> String;
    /// The length of a file; `None` if it is gone.
    fn length(&self, file: &str) -> impl Future<Output = Option<u64>>;
    /// So many bytes of a file from `offset` on; `None` if they cannot be read.
    fn read(&self, file: &str, offset: u64, bytes: usize) -> impl Future<Output = Option<Vec<u8>>>;
    /// Adds bytes to the end of a file, which is made if there is none. When it returns they survive a crash.
    fn append(&self, file: &str, bytes: &[u8]) -> impl Future<Output = Result<(), PlaceError>>;
    /// Writes a file as a whole.
    fn write(&self, file: &str, bytes: &[u8]) -> impl Future<Output = Result<(), PlaceError>>;
    /// Gives a file another name.
    fn rename(&self, from: &str, to: &str) -> impl Future<Output = Result<(), PlaceError>>;
    /// Removes a file, if there is one.
    fn remove(&self, file: &str) -> impl Future<Output = Result<(), PlaceError>>;
    /// The index; `None` if there is none yet.
    fn index(&self) -> impl Future<Output = Result<Option<Vec<u8>>, PlaceError>>;
    /// Keeps the index, whole or not at all.
    fn keep_index(&self, index: &[u8]) -> impl Future<Output = Result<(), PlaceError>>;
}

/// Why a file cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// There is no room.
    #[error("{0}")]
    Full(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

/// A place in memory, for tests.
#[derive(Debug, Default)]
pub struct Memory {
    /// The files.
    pub files: RefCell<BTreeMap<String, Vec<u8>>>,
    /// The index.
    pub index: RefCell<Option<Vec<u8>>>,
    /// The most bytes of all files.
    pub room: Option<usize>,
}

impl Memory {
    fn fits(&self, more: usize) -> Result<(), PlaceError> {
        let held: usize = self.files.borrow().values().map(Vec::len).sum();
        let fits = self.room.is_none_or(|room| held + more <= room);
        if fits { Ok(()) } else { Err(PlaceError::Full("no room in memory".into())) }
    }
}

impl Place for Memory {
    fn name(&self) -> String {
        "memory".into()
    }

    async fn length(&self, file: &str) -> Option<u64> {
        self.files.borrow().get(file).map(|bytes| bytes.len() as u64)
    }

    async fn read(&self, file: &str, offset: u64, bytes: usize) -> Option<Vec<u8>> {
        let offset = usize::try_from(offset).ok()?;
        self.files.borrow().get(file)?.get(offset..offset.checked_add(bytes)?).map(<[u8]>::to_vec)
    }

    async fn append(&self, file: &str, bytes: &[u8]) -> Result<(), PlaceError> {
        self.fits(bytes.len())?;
        self.files.borrow_mut().entry(file.to_owned()).or_default().extend(bytes);
        Ok(())
    }

    async fn write(&self, file: &str, bytes: &[u8]) -> Result<(), PlaceError> {
        self.fits(bytes.len())?;
        self.files.borrow_mut().insert(file.to_owned(), bytes.to_vec());
        Ok(())
    }

    async fn rename(&self, from: &str, to: &str) -> Result<(), PlaceError> {
        let mut files = self.files.borrow_mut();
        let bytes = files.remove(from).ok_or_else(|| PlaceError::Failed(format!("{from} is gone")))?;
        files.insert(to.to_owned(), bytes);
        Ok(())
    }

    async fn remove(&self, file: &str) -> Result<(), PlaceError> {
        self.files.borrow_mut().remove(file);
        Ok(())
    }

    async fn index(&self) -> Result<Option<Vec<u8>>, PlaceError> {
        Ok(self.index.borrow().clone())
    }

    async fn keep_index(&self, index: &[u8]) -> Result<(), PlaceError> {
        *self.index.borrow_mut() = Some(index.to_vec());
        Ok(())
    }
}
