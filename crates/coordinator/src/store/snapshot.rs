//! A copy of the database as it was at one instant, with the directory's other files in it.

use std::path::Path;
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use super::{Db, DbError, migrations, sql};

/// Waits for a lock, which readers of a database in WAL mode hardly ever need.
const PAUSE: Duration = Duration::from_millis(20);

/// A file of the directory, which rides along.
pub(crate) struct Rider {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// Copies the database `from` into `to`, and puts the riders into the copy. The one who writes `from` is not in the way,
/// nor held up: the copy is made in one read transaction, which in WAL mode sees one state and blocks nobody.
pub(crate) fn take(from: &Path, to: &Path, riders: &[Rider]) -> Result<(), DbError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(from, flags)?;
    let mut copy = Connection::open(to)?;
    Backup::new(&source, &mut copy)?.run_to_completion(i32::MAX, PAUSE, None)?;
    // One file, without a write-ahead log beside it.
    copy.pragma_update(None, "journal_mode", "delete")?;
    copy.execute_batch("CREATE TABLE rider (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT")?;
    for rider in riders {
        copy.execute("INSERT INTO rider (name, bytes) VALUES (?1, ?2)", (&rider.name, &rider.bytes))?;
    }
    copy.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// Takes the riders out of a copy, which is then a database again: of this program's version, whole.
pub(crate) async fn unpack(copy: &mut Db) -> Result<Vec<Rider>, DbError> {
    let found = sql("PRAGMA integrity_check(1)").fetch_one(copy).await?;
    if found.try_get::<&str>(0)? != "ok" {
        return Err(DbError::Corrupt("SQLite's integrity check fails"));
    }
    let rows = sql("SELECT name, bytes FROM rider").fetch_all(copy).await?;
    let riders = rows.iter().map(|row| Ok(Rider { name: row.try_get(0)?, bytes: row.try_get(1)? }));
    let riders = riders.collect::<Result<_, DbError>>()?;
    // Secrets are overwritten, not only forgotten.
    copy.batch("PRAGMA secure_delete = ON; DROP TABLE rider")?;
    migrations::bring_up(copy).await?;
    Ok(riders)
}
