//! Migrations of the database schema.
//!
//! A database stores its version in `PRAGMA user_version`. [`bring_up`] runs the missing steps, each in its own
//! transaction, and refuses a database written by a newer program.
//!
//! To change the schema, add a file `migrations/N-what.sql` and append it to [`STEPS`]. Never change `schema.sql` or an
//! earlier step, because databases in the field have already run them. Give a new column a default that is correct for
//! existing rows. A step is plain SQL without BEGIN and COMMIT.

use super::{Db, DbError, sql};

/// The step at index N upgrades a database from version N to N + 1. Databases older than version numbers report version
/// 0 and already have their tables, so the first step does nothing to them.
const STEPS: &[&str] = &[
    include_str!("schema.sql"),
    include_str!("migrations/2-base-fee.sql"),
    include_str!("migrations/3-conduct.sql"),
    include_str!("migrations/4-kinds.sql"),
    include_str!("migrations/5-sources.sql"),
    include_str!("migrations/6-unreached.sql"),
    include_str!("migrations/7-unproven.sql"),
    include_str!("migrations/8-counters.sql"),
    include_str!("migrations/9-retention.sql"),
    include_str!("migrations/10-about.sql"),
    include_str!("migrations/11-job-lists.sql"),
    include_str!("migrations/12-second.sql"),
    include_str!("migrations/13-priority.sql"),
    include_str!("migrations/14-days.sql"),
    include_str!("migrations/15-storage.sql"),
    include_str!("migrations/16-sites.sql"),
];

/// Upgrades an empty or older database to the current version.
pub(crate) async fn bring_up(db: &mut Db) -> Result<(), DbError> {
    migrate(db, STEPS).await
}

/// Upgrades a database to a version of the past.
#[cfg(test)]
pub(crate) async fn bring_up_to(db: &mut Db, version: usize) -> Result<(), DbError> {
    migrate(db, &STEPS[..version]).await
}

/// Runs those of `steps` that a database has not run yet; for databases other than the coordinator's.
pub(crate) async fn migrate(db: &mut Db, steps: &[&str]) -> Result<(), DbError> {
    let known = steps.len() as i64;
    let found = version(db).await?;
    if found > known {
        return Err(DbError::Newer { found, known });
    }
    for (step, next) in steps.iter().zip(1..).skip(found.max(0) as usize) {
        run(db, step, next)?;
        if found > 0 {
            tracing::info!(version = next, "the database was brought up to a newer version");
        }
    }
    Ok(())
}

async fn version(db: &mut Db) -> Result<i64, DbError> {
    sql("PRAGMA user_version").fetch_one(db).await?.try_get(0)
}

/// Runs a whole step, or none of it.
fn run(db: &mut Db, step: &str, version: i64) -> Result<(), DbError> {
    db.batch("BEGIN IMMEDIATE")?;
    let done = db.batch(step).and_then(|()| db.batch(&format!("PRAGMA user_version = {version}; COMMIT")));
    if done.is_err() {
        // The transaction may have ended already; then there is nothing to roll back.
        let _ = db.batch("ROLLBACK");
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(folder: &tempfile::TempDir) -> Db {
        Db::open(&folder.path().join("test.sqlite"), true).unwrap()
    }

    async fn rows(db: &mut Db, text: &str) -> Vec<i64> {
        let rows = sql(text.to_owned()).fetch_all(db).await.unwrap();
        rows.iter().map(|row| row.try_get(0).unwrap()).collect()
    }

    const FIRST: &str = "CREATE TABLE thing (id INTEGER PRIMARY KEY); INSERT INTO thing VALUES (1)";
    const SECOND: &str = "ALTER TABLE thing ADD COLUMN weight INTEGER NOT NULL DEFAULT 7";

    #[tokio::test]
    async fn a_database_runs_each_step_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut db = database(&folder);
        migrate(&mut db, &[FIRST]).await.unwrap();
        migrate(&mut db, &[FIRST]).await.unwrap();
        migrate(&mut db, &[FIRST, SECOND]).await.unwrap();
        assert_eq!(rows(&mut db, "SELECT weight FROM thing").await, [7]);
        assert_eq!(version(&mut db).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_step_that_fails_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut db = database(&folder);
        let broken = "INSERT INTO thing VALUES (2); INSERT INTO nothing VALUES (3)";
        migrate(&mut db, &[FIRST, broken]).await.unwrap_err();
        assert_eq!(version(&mut db).await.unwrap(), 1);
        assert_eq!(rows(&mut db, "SELECT id FROM thing").await, [1]);
        migrate(&mut db, &[FIRST, SECOND]).await.unwrap();
        assert_eq!(version(&mut db).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_newer_database_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut db = database(&folder);
        migrate(&mut db, &[FIRST, SECOND]).await.unwrap();
        let error = migrate(&mut db, &[FIRST]).await.unwrap_err();
        assert!(error.to_string().contains("version 2") && error.to_string().contains("up to 1"), "{error}");
        assert_eq!(version(&mut db).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn a_new_database_passes_the_audit() {
        let folder = tempfile::tempdir().unwrap();
        let mut db = database(&folder);
        bring_up(&mut db).await.unwrap();
        assert_eq!(version(&mut db).await.unwrap(), STEPS.len() as i64);
        assert_eq!(crate::operate::store::audit(&mut db).await.unwrap(), Vec::<String>::new());
    }
}
