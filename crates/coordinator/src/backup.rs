//! Backs up and restores a coordinator's directory.
//!
//! A backup is one file: an SQLite snapshot of the coordinator's database, with the key, token and settings in a table
//! of their own. It is made *beside* the running coordinator, not through it: in WAL mode another program can read a
//! consistent state while the coordinator writes. So it needs no call, token or pause, and works on a stopped
//! coordinator too.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use adit_core::PublicKey;

use crate::directory::{self, DATABASE, KEY, LOCK, SETTINGS, STORAGE_KEY, TOKEN, UNFINISHED};
use crate::operate::store::audit;
use crate::private;
use crate::receipts::store as log;
use crate::store::snapshot::{self, Rider};
use crate::store::{Db, DbError};

/// Files stored with the database, and whether a coordinator needs them.
const RIDERS: [(&str, bool); 4] = [(KEY, true), (TOKEN, true), (STORAGE_KEY, false), (SETTINGS, false)];

/// Why a backup or restore failed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The directory holds no coordinator.
    #[error("{0} holds no coordinator: {1} is missing")]
    NoCoordinator(PathBuf, &'static str),
    /// The backup file already exists; it is never overwritten.
    #[error("{0} already exists: choose another name, or move it away")]
    Exists(PathBuf),
    /// A file cannot be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// The database cannot be copied.
    #[error("the database cannot be copied: {0}")]
    Database(#[from] DbError),
    /// The file is damaged, or not a backup.
    #[error("{0} is not a backup that can be restored: {1}")]
    NotABackup(PathBuf, DbError),
    /// The backup lacks a required file.
    #[error("{0} is not a backup that can be restored: it holds no {1}")]
    Missing(PathBuf, &'static str),
    /// The target directory is not empty; nothing is overwritten.
    #[error("{0} is not empty: restore into a new directory")]
    NotEmpty(PathBuf),
    /// A coordinator uses the directory, or a secret cannot be written.
    #[error(transparent)]
    Directory(#[from] crate::error::ServeError),
}

/// The contents of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The coordinator's key.
    pub coordinator: PublicKey,
    /// The number of receipts in the log.
    pub log_size: u64,
}

/// Backs up the directory `data` to `file`, completely or not at all. Only its owner can read the file.
pub fn back_up(data: &Path, file: &Path) -> Result<(), BackupError> {
    let in_file = |error| BackupError::File(file.to_owned(), error);
    if file.exists() {
        return Err(BackupError::Exists(file.to_owned()));
    }
    if !data.join(DATABASE).is_file() {
        return Err(BackupError::NoCoordinator(data.to_owned(), DATABASE));
    }
    let riders = read_riders(data)?;
    let draft = draft_of(file);
    private::create(&draft).map_err(in_file)?;
    let written = snapshot::take(&data.join(DATABASE), &draft, &riders).map_err(BackupError::from).and_then(|()| {
        File::open(&draft).and_then(|draft| draft.sync_all()).map_err(in_file)?;
        private::rename(&draft, file).map_err(in_file)
    });
    if written.is_err() {
        remove_database(&draft);
    }
    written
}

/// Restores a backup into the directory `data`, which must be new or empty. On failure it stays that way.
pub async fn restore(file: &Path, data: &Path) -> Result<Summary, BackupError> {
    is_free(data)?;
    let _lock = directory::take(data)?;
    let restored = fill(file, data).await;
    if restored.is_err() {
        remove_database(&data.join(UNFINISHED));
        for (name, _) in RIDERS {
            let _ = fs::remove_file(data.join(name));
        }
    }
    restored
}

fn read_riders(data: &Path) -> Result<Vec<Rider>, BackupError> {
    let mut riders = Vec::new();
    for (name, needed) in RIDERS {
        match fs::read(data.join(name)) {
            Ok(bytes) => riders.push(Rider { name: name.to_owned(), bytes }),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !needed => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(BackupError::NoCoordinator(data.to_owned(), name));
            }
            Err(error) => return Err(BackupError::File(data.join(name), error)),
        }
    }
    Ok(riders)
}

/// Checks that the directory is empty and not in use.
fn is_free(data: &Path) -> Result<(), BackupError> {
    let names = match fs::read_dir(data) {
        Ok(entries) => entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<io::Result<Vec<_>>>(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => Err(error),
    };
    let names = names.map_err(|error| BackupError::File(data.to_owned(), error))?;
    if names.iter().any(|name| name == LOCK) {
        directory::take(data)?;
    }
    if names.iter().all(|name| name == LOCK) { Ok(()) } else { Err(BackupError::NotEmpty(data.to_owned())) }
}

/// Writes the files. The database is renamed into place last, so that a coordinator never starts on a partial restore.
async fn fill(file: &Path, data: &Path) -> Result<Summary, BackupError> {
    let draft = data.join(UNFINISHED);
    let mut source = File::open(file).map_err(|error| BackupError::File(file.to_owned(), error))?;
    let copied = private::create(&draft).and_then(|mut draft| io::copy(&mut source, &mut draft));
    copied.map_err(|error| BackupError::File(draft.clone(), error))?;

    let not_a_backup = |error| BackupError::NotABackup(file.to_owned(), error);
    let mut db = Db::open(&draft, true).map_err(not_a_backup)?;
    let riders = snapshot::unpack(&mut db).await.map_err(not_a_backup)?;
    let missing = |name| BackupError::Missing(file.to_owned(), name);
    let mut texts = Vec::new();
    for (name, needed) in RIDERS {
        match riders.iter().find(|rider| rider.name == name).map(|rider| String::from_utf8_lossy(&rider.bytes)) {
            Some(text) => texts.push((name, text)),
            None if needed => return Err(missing(name)),
            None => {}
        }
    }
    let key = texts.iter().find(|(name, _)| *name == KEY).and_then(|(_, text)| directory::read_key(text));
    let coordinator = key.ok_or_else(|| missing(KEY))?.public_key();
    let log_size = check(&mut db, &coordinator).await.map_err(not_a_backup)?;
    drop(db);

    for (name, text) in texts {
        directory::write_secret(&data.join(name), &text)?;
    }
    let named = File::open(&draft).and_then(|draft| draft.sync_all());
    let database = data.join(DATABASE);
    let named = named.and_then(|()| private::rename(&draft, &database));
    named.map_err(|error| BackupError::File(database, error))?;
    Ok(Summary { coordinator, log_size })
}

/// Checks that the books balance and that the log matches the head signed by `key`. Returns the log's size.
async fn check(db: &mut Db, key: &PublicKey) -> Result<u64, DbError> {
    if log::signer(db).await?.is_some_and(|signer| signer != *key) {
        return Err(DbError::Corrupt("the database is signed by another key"));
    }
    let broken = audit(db).await?;
    if !broken.is_empty() {
        tracing::error!(?broken, "the ledger is not consistent");
        return Err(DbError::Corrupt("the ledger is not consistent"));
    }
    let computed = log::recompute(db).await?;
    let Some((head, signature)) = log::latest_head(db).await? else { return Ok(0) };
    if head.size != computed.size() || head.root.0 != computed.root() {
        return Err(DbError::Corrupt("the log's head is not that of its receipts"));
    }
    key.verify(&head, &signature).map_err(|_| DbError::Corrupt("the log's head is signed by another key"))?;
    Ok(head.size)
}

fn draft_of(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    file.with_file_name(name)
}

/// Deletes a database and SQLite's files beside it.
fn remove_database(path: &Path) {
    for file in directory::files_of(path) {
        let _ = fs::remove_file(file);
    }
}
