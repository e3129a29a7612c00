//! A coordinator's directory: its files, its lock, its secrets.

use std::path::Path;

use adit_core::sign::SecretKey;

use crate::error::ServeError;
use crate::random::secret;

/// The database.
pub(crate) const DATABASE: &str = "adit.sqlite";
/// The coordinator's key.
pub(crate) const KEY: &str = "coordinator.key";
/// The operator's token.
pub(crate) const TOKEN: &str = "admin.token";
/// The settings, where the operator keeps them here.
pub(crate) const SETTINGS: &str = "adit.toml";
/// Held while a program works in the directory.
pub(crate) const LOCK: &str = "lock";
/// A database that is being restored; renamed when everything else is there.
pub(crate) const UNFINISHED: &str = "adit.sqlite.part";

/// Makes the directory, for its owner alone, and locks it for this process.
pub(crate) fn take(data: &Path) -> Result<std::fs::File, ServeError> {
    let failed = |error| ServeError::File(data.to_owned(), error);
    let mut folder = std::fs::DirBuilder::new();
    // The database holds open sessions, which are secrets.
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

/// The coordinator's key. It is made before the database: one without it would be signed on by another.
pub(crate) fn load_or_make_key(data: &Path) -> Result<SecretKey, ServeError> {
    let path = &data.join(KEY);
    if let Some(text) = read_if_there(path)? {
        return read_key(&text).ok_or_else(|| ServeError::Key(path.to_owned()));
    }
    if data.join(DATABASE).exists() {
        return Err(ServeError::KeyLost(path.to_owned()));
    }
    loop {
        // All but a 2^-128 part of 32-byte strings are keys.
        if let Ok(key) = SecretKey::from_bytes(&secret()?) {
            write_private(path, &hex::encode(*key.to_bytes()))?;
            return Ok(key);
        }
    }
}

pub(crate) fn load_or_make_token(path: &Path) -> Result<String, ServeError> {
    if let Some(text) = read_if_there(path)? {
        // An empty token would be anybody's.
        let token = text.trim();
        return if token.len() < 16 { Err(ServeError::Token(path.to_owned())) } else { Ok(token.to_owned()) };
    }
    let token = hex::encode(secret()?);
    write_private(path, &token)?;
    Ok(token)
}

/// The key that a file's text holds.
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

/// Writes a secret that only its owner may read: the whole of it or, after a crash, nothing.
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
