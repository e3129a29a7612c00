//! The coordinator's directory: its files, lock and secrets.
//!
//! The lock is on the folder that the database's path resolves to, beside the one on the lock file that earlier
//! programs take. A folder keeps its lock under every name: renamed, behind a symbolic link or a bind mount, and when
//! the lock file is deleted. The lock is not on the database itself: closing a second descriptor of it would drop the
//! locks that SQLite holds.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use adit_core::sign::SecretKey;
use zeroize::Zeroizing;

use crate::error::ServeError;
use crate::private;
use crate::random::secret;

pub(crate) const DATABASE: &str = "adit.sqlite";
pub(crate) const KEY: &str = "coordinator.key";
/// The key until the first start has made the database.
const NEW_KEY: &str = "coordinator.key.new";
pub(crate) const TOKEN: &str = "admin.token";
/// The secret that replicas are sealed with. Without it no replica can be opened.
pub(crate) const STORAGE_KEY: &str = "storage.key";
/// The settings file, if the operator keeps it here.
pub(crate) const SETTINGS: &str = "adit.toml";
/// Locked while a program uses the directory.
pub(crate) const LOCK: &str = "lock";
/// A database being restored, renamed once everything else is in place.
pub(crate) const UNFINISHED: &str = "adit.sqlite.part";

/// Keeps other coordinators off a directory while it lives.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
    _folder: Option<File>,
}

/// Creates the directory for its owner alone, and locks it for this process.
pub(crate) fn take(data: &Path) -> Result<Lock, ServeError> {
    let failed = |error| ServeError::File(data.to_owned(), error);
    if !private::make_folder(data).map_err(failed)? && private::is_open(data).map_err(failed)? {
        if !is_ours(data).map_err(failed)? {
            return Err(ServeError::OpenToOthers(data.to_owned()));
        }
        close(data)?;
    }
    let path = data.join(LOCK);
    let file = open_lock(&path).map_err(|error| ServeError::File(path.clone(), error))?;
    let file = locked(file, data, &path)?;
    let folder = match real_folder(data)? {
        // Folders cannot be opened as files elsewhere.
        Some(folder) if cfg!(unix) => Some(locked(File::open(&folder).map_err(failed)?, data, &folder)?),
        _ => None,
    };
    if data.join(UNFINISHED).exists() {
        return Err(ServeError::Unfinished(data.to_owned()));
    }
    Ok(Lock { _file: file, _folder: folder })
}

/// Whether closing the directory to others costs nobody anything: it is empty, or holds a coordinator.
fn is_ours(data: &Path) -> io::Result<bool> {
    let names = fs::read_dir(data)?.map(|entry| entry.map(|entry| entry.file_name()));
    let names = names.collect::<io::Result<Vec<_>>>()?;
    let holds = |wanted: &str| names.iter().any(|name| name == wanted);
    Ok([DATABASE, KEY, NEW_KEY, UNFINISHED].into_iter().any(holds)
        || names.iter().all(|name| name == LOCK || name == SETTINGS))
}

fn open_lock(path: &Path) -> io::Result<File> {
    match private::create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => File::options().write(true).open(path),
        made => made,
    }
}

fn locked(file: File, data: &Path, path: &Path) -> Result<File, ServeError> {
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ServeError::InUse(data.to_owned())),
        Err(TryLockError::Error(error)) => Err(ServeError::File(path.to_owned(), error)),
    }
}

/// The folder in which the database is, or will be, once every link is followed.
fn real_folder(data: &Path) -> Result<Option<PathBuf>, ServeError> {
    let path = data.join(DATABASE);
    match fs::canonicalize(&path) {
        Ok(real) => {
            has_one_name(&real)?;
            Ok(real.parent().map(Path::to_owned))
        }
        // SQLite would follow the link and make a database there.
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.is_symlink() => {
            Err(ServeError::File(path, error))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Some(data.to_owned())),
        Err(error) => Err(ServeError::File(path, error)),
    }
}

/// Refuses a database with a second hard link. In another folder it would have another lock, and another write-ahead
/// log.
#[cfg(unix)]
fn has_one_name(database: &Path) -> Result<(), ServeError> {
    use std::os::unix::fs::MetadataExt;
    match fs::metadata(database) {
        Ok(found) if found.nlink() > 1 => Err(ServeError::Linked(database.to_owned())),
        Ok(_) => Ok(()),
        Err(error) => Err(ServeError::File(database.to_owned(), error)),
    }
}

#[cfg(not(unix))]
fn has_one_name(_: &Path) -> Result<(), ServeError> {
    Ok(())
}

/// Closes a file or folder to others, or says how to.
fn close(path: &Path) -> Result<(), ServeError> {
    match private::close(path) {
        Ok(true) => {
            tracing::warn!(path = %path.display(), "was open to other users of this machine; it is closed now");
            Ok(())
        }
        Ok(false) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(ServeError::StaysOpen(path.to_owned(), error)),
    }
}

/// The coordinator's key.
pub(crate) struct Key {
    pub(crate) secret: SecretKey,
    /// Whether the key has its final name, so that it has signed a database.
    pub(crate) is_named: bool,
}

/// Loads or creates the coordinator's key. A new key gets its final name from [`name_key`] once the database exists. So a
/// key under that name without a database means that the database is lost, and a database without a key that the key is.
pub(crate) fn load_or_make_key(data: &Path) -> Result<Key, ServeError> {
    let (path, new) = (data.join(KEY), data.join(NEW_KEY));
    let has_database = data.join(DATABASE).is_file();
    if let Some(text) = read_secret(&path)? {
        let secret = read_key(&text).ok_or_else(|| ServeError::Key(path.clone()))?;
        return if has_database {
            Ok(Key { secret, is_named: true })
        } else {
            Err(ServeError::DatabaseLost(data.join(DATABASE), path))
        };
    }
    if let Some(secret) = read_secret(&new)?.as_deref().and_then(read_key) {
        return Ok(Key { secret, is_named: false });
    }
    if has_database {
        return Err(ServeError::KeyLost(path));
    }
    loop {
        // All but about one in 2^128 32-byte strings are valid keys.
        if let Ok(secret) = SecretKey::from_bytes(&secret()?) {
            write_secret(&new, &hex::encode(*secret.to_bytes()))?;
            return Ok(Key { secret, is_named: false });
        }
    }
}

/// Gives a new key its final name.
pub(crate) fn name_key(data: &Path) -> Result<(), ServeError> {
    let path = data.join(KEY);
    private::rename(&data.join(NEW_KEY), &path).map_err(|error| ServeError::File(path, error))
}

pub(crate) fn load_or_make_token(path: &Path) -> Result<String, ServeError> {
    if let Some(text) = read_secret(path)? {
        // With an empty token anyone would be the operator.
        let token = text.trim();
        return if token.len() < 16 { Err(ServeError::Token(path.to_owned())) } else { Ok(token.to_owned()) };
    }
    let token = hex::encode(secret()?);
    write_secret(path, &token)?;
    Ok(token)
}

/// Loads or creates the secret that replicas are sealed with.
pub(crate) fn load_or_make_storage_key(path: &Path) -> Result<Zeroizing<[u8; 32]>, ServeError> {
    if let Some(text) = read_secret(path)?.map(Zeroizing::new) {
        let bytes = hex::decode(text.trim()).map(Zeroizing::new).ok();
        let bytes = bytes.and_then(|bytes| bytes.as_slice().try_into().ok());
        return bytes.map(Zeroizing::new).ok_or_else(|| ServeError::StorageKey(path.to_owned()));
    }
    let bytes = Zeroizing::new(secret()?);
    write_secret(path, &Zeroizing::new(hex::encode(*bytes)))?;
    Ok(bytes)
}

/// Makes an empty database if there is none. SQLite gives its permissions to the files that it makes beside it.
pub(crate) fn make_database(path: &Path) -> Result<(), ServeError> {
    match private::create(path) {
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(ServeError::File(path.to_owned(), error)),
    }
    files_of(path).iter().try_for_each(|file| close(file))
}

/// A database and the files that SQLite makes beside it.
pub(crate) fn files_of(database: &Path) -> [PathBuf; 4] {
    ["", "-journal", "-wal", "-shm"].map(|suffix| {
        let mut name = database.as_os_str().to_owned();
        name.push(suffix);
        name.into()
    })
}

/// Parses a key file.
pub(crate) fn read_key(text: &str) -> Option<SecretKey> {
    let bytes: [u8; 32] = hex::decode(text.trim()).ok()?.try_into().ok()?;
    SecretKey::from_bytes(&bytes).ok()
}

pub(crate) fn read_secret(path: &Path) -> Result<Option<String>, ServeError> {
    close(path)?;
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ServeError::File(path.to_owned(), error)),
    }
}

/// Writes a secret that only its owner can read.
pub(crate) fn write_secret(path: &Path, text: &str) -> Result<(), ServeError> {
    private::write(path, text.as_bytes()).map_err(|error| ServeError::File(path.to_owned(), error))
}
