//! Snapshots of the database at one instant, which also contain the directory's other files.

use std::path::Path;
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use super::{Db, DbError, migrations, sql};

/// How long to wait for a lock, which readers in WAL mode rarely need.
const PAUSE: Duration = Duration::from_millis(20);

/// A file of the directory that is stored in the snapshot.
pub(crate) struct Rider {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// Copies the database `from` to `to` and stores the riders in the copy. The copy is one read transaction, which in WAL
/// mode sees a single state and does not block the writer, nor wait for it.
pub(crate) fn take(from: &Path, to: &Path, riders: &[Rider]) -> Result<(), DbError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(from, flags)?;
    let mut copy = Connection::open(to)?;
    Backup::new(&source, &mut copy)?.run_to_completion(i32::MAX, PAUSE, None)?;
    // Keep everything in one file, without a write-ahead log.
    copy.pragma_update(None, "journal_mode", "delete")?;
    copy.execute_batch("CREATE TABLE rider (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT")?;
    for rider in riders {
        copy.execute("INSERT INTO rider (name, bytes) VALUES (?1, ?2)", (&rider.name, &rider.bytes))?;
    }
    copy.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Removes the riders from a snapshot and returns them. Checks the copy and upgrades it to this program's version.
pub(crate) async fn unpack(copy: &mut Db) -> Result<Vec<Rider>, DbError> {
    let found = sql("PRAGMA integrity_check(1)").fetch_one(copy).await?;
    if found.try_get::<&str>(0)? != "ok" {
        return Err(DbError::Corrupt("SQLite's integrity check fails"));
    }
    let rows = sql("SELECT name, bytes FROM rider").fetch_all(copy).await?;
    let riders = rows.iter().map(|row| Ok(Rider { name: row.try_get(0)?, bytes: row.try_get(1)? }));
    let riders = riders.collect::<Result<_, DbError>>()?;
    // Secrets are overwritten, not merely unlinked.
    copy.batch("PRAGMA secure_delete = ON; DROP TABLE rider")?;
    migrations::bring_up(copy).await?;
    Ok(riders)
}
