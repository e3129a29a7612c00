//! The coordinator's directory: its files, lock and secrets.

use std::path::Path;

use adit_core::sign::SecretKey;

use crate::error::ServeError;
use crate::random::secret;

pub(crate) const DATABASE: &str = "adit.sqlite";
pub(crate) const KEY: &str = "coordinator.key";
pub(crate) const TOKEN: &str = "admin.token";
/// The settings file, if the operator keeps it here.
pub(crate) const SETTINGS: &str = "adit.toml";
/// Locked while a program uses the directory.
pub(crate) const LOCK: &str = "lock";
/// A database being restored, renamed once everything else is in place.
pub(crate) const UNFINISHED: &str = "adit.sqlite.part";

/// Creates the directory for its owner alone, and locks it for this process.
pub(crate) fn take(data: &Path) -> Result<std::fs::File, ServeError> {
    let failed = |error| ServeError::File(data.to_owned(), error);
    let mut folder = std::fs::DirBuilder::new();
    // The database contains open session ids, which are secret.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.recursive(true).create(data).map_err(failed)?;
    let lock = std::fs::File::create(data.join(LOCK)).map_err(failed)?;
    lock.try_lock().map_err(|_| ServeError::InUse(data.to_owned()))?;
    if data.join(UNFINISHED).exists() {
        return Err(ServeError::Unfinished(data.to_owned()));
    }
    Ok(lock)
}

/// Loads or creates the coordinator's key. It is created before the database, so that no log is continued under a new
/// key.
pub(crate) fn load_or_make_key(data: &Path) -> Result<SecretKey, ServeError> {
    let path = &data.join(KEY);
    if let Some(text) = read_if_there(path)? {
        return read_key(&text).ok_or_else(|| ServeError::Key(path.to_owned()));
    }
    if data.join(DATABASE).exists() {
        return Err(ServeError::KeyLost(path.to_owned()));
    }
    loop {
        // All but about one in 2^128 32-byte strings are valid keys.
        if let Ok(key) = SecretKey::from_bytes(&secret()?) {
            write_private(path, &hex::encode(*key.to_bytes()))?;
            return Ok(key);
        }
    }
}

pub(crate) fn load_or_make_token(path: &Path) -> Result<String, ServeError> {
    if let Some(text) = read_if_there(path)? {
        // With an empty token anyone would be the operator.
        let token = text.trim();
        return if token.len() < 16 { Err(ServeError::Token(path.to_owned())) } else { Ok(token.to_owned()) };
    }
    let token = hex::encode(secret()?);
    write_private(path, &token)?;
    Ok(token)
}

/// Parses a key file.
pub(crate) fn read_key(text: &str) -> Option<SecretKey> {
    let bytes: [u8; 32] = hex::decode(text.trim()).ok()?.try_into().ok()?;
    SecretKey::from_bytes(&bytes).ok()
}

fn read_if_there(path: &Path) -> Result<Option<String>, ServeError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ServeError::File(path.to_owned(), error)),
    }
}

/// Writes a secret that only its owner can read. After a crash the file is complete or absent.
pub(crate) fn write_private(path: &Path, text: &str) -> Result<(), ServeError> {
    use std::io::Write;
    let draft = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&draft).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&draft, path)
    });
    written.map_err(|error| ServeError::File(path.to_owned(), error))
}
