//! SQL for blocks, uploaded files, and outputs.

use adit_core::Cid;

use crate::store::{Db, DbError, sql};

/// The longest piece of a stored output.
pub(crate) const PIECE_BYTES: usize = 1 << 20;

/// Stores a job's block under its CID. An existing block is kept.
pub(crate) async fn insert(db: &mut Db, job: i64, cid: &Cid, bytes: &[u8]) -> Result<(), DbError> {
    let cid = cid.to_string();
    sql("INSERT INTO block (cid, bytes) VALUES ($1, $2) ON CONFLICT (cid) DO NOTHING")
        .bind(&cid)
        .bind(bytes)
        .execute(&mut *db)
        .await?;
    sql("INSERT INTO job_block (job, cid) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(job)
        .bind(&cid)
        .execute(db)
        .await?;
    Ok(())
}

pub(crate) async fn block(db: &mut Db, cid: &Cid) -> Result<Option<Vec<u8>>, DbError> {
    let row = sql("SELECT bytes FROM block WHERE cid = $1").bind(cid.to_string()).fetch_optional(db).await?;
    row.map(|row| row.try_get(0)).transpose()
}

/// Stores an uploaded file unchanged. If it already exists, extends how long it is kept.
pub(crate) async fn insert_file(
    db: &mut Db,
    file: &Cid,
    format: &str,
    bytes: &[u8],
    now_ms: i64,
) -> Result<(), DbError> {
    let cid = file.to_string();
    let text = "INSERT INTO file (cid, format, bytes, used_at_ms) VALUES ($1, $2, $3, $4)
                ON CONFLICT (cid) DO UPDATE SET used_at_ms = excluded.used_at_ms, format = excluded.format";
    sql(text).bind(&cid).bind(format).bind(bytes.len() as i64).bind(now_ms).execute(&mut *db).await?;
    // The file is wanted again, so its pieces are no longer to be deleted.
    sql("DELETE FROM forgotten_file WHERE file = $1").bind(&cid).execute(&mut *db).await?;
    for (piece, bytes) in bytes.chunks(PIECE_BYTES).enumerate() {
        sql("INSERT INTO file_piece (file, piece, bytes) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(&cid)
            .bind(piece as i64)
            .bind(bytes)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

/// An uploaded file's format and bytes.
pub(crate) async fn file(db: &mut Db, file: &Cid) -> Result<Option<(String, Vec<u8>)>, DbError> {
    let cid = file.to_string();
    let row = sql("SELECT format FROM file WHERE cid = $1").bind(&cid).fetch_optional(&mut *db).await?;
    let Some(row) = row else { return Ok(None) };
    let text = "SELECT bytes FROM file_piece WHERE file = $1 ORDER BY piece";
    let mut bytes = Vec::new();
    for row in sql(text).bind(&cid).fetch_all(db).await? {
        bytes.extend_from_slice(row.try_get(0)?);
    }
    Ok(Some((row.try_get(0)?, bytes)))
}

pub(crate) async fn insert_output(db: &mut Db, unit: i64, output: &[u8]) -> Result<(), DbError> {
    for (piece, bytes) in output.chunks(PIECE_BYTES).enumerate() {
        sql("INSERT INTO output (unit, piece, bytes) VALUES ($1, $2, $3)")
            .bind(unit)
            .bind(piece as i64)
            .bind(bytes)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

/// A settled unit's output; empty once its job's result is not kept any more.
pub(crate) async fn output(db: &mut Db, unit: i64) -> Result<Vec<u8>, DbError> {
    let text = "SELECT bytes FROM output WHERE unit = $1 AND EXISTS
                (SELECT 1 FROM unit JOIN job ON job.id = unit.job WHERE unit.id = $1 AND kept = 1) ORDER BY piece";
    let mut output = Vec::new();
    for row in sql(text).bind(unit).fetch_all(db).await? {
        output.extend_from_slice(row.try_get(0)?);
    }
    Ok(output)
}

/// Whether a settled unit's output is still stored.
pub(crate) async fn has_output(db: &mut Db, unit: i64) -> Result<bool, DbError> {
    let text = "SELECT 1 FROM output JOIN unit ON unit.id = output.unit JOIN job ON job.id = unit.job
                WHERE output.unit = $1 AND kept = 1 LIMIT 1";
    Ok(sql(text).bind(unit).fetch_optional(db).await?.is_some())
}

/// Treats jobs and files with times after `now_ms`, from a clock that was wrong, as if those times were now.
pub(crate) async fn rebase(db: &mut Db, now_ms: i64) -> Result<(), DbError> {
    let future = [
        "UPDATE job SET ended_at_ms = $1 WHERE ended_at_ms > $1",
        "UPDATE file SET used_at_ms = $1 WHERE used_at_ms > $1",
        // A source that is tried too early costs one look.
        "UPDATE job SET resume_at_ms = $1 WHERE resume_at_ms > $1",
    ];
    for text in future {
        sql(text).bind(now_ms).execute(&mut *db).await?;
    }
    Ok(())
}

/// The length of a settled unit's output; 0 once its job's result is not kept any more.
pub(crate) async fn output_bytes(db: &mut Db, unit: i64) -> Result<u64, DbError> {
    let text = "SELECT COALESCE(SUM(LENGTH(bytes)), 0) FROM output WHERE unit = $1 AND EXISTS
                (SELECT 1 FROM unit JOIN job ON job.id = unit.job WHERE unit.id = $1 AND kept = 1)";
    Ok(sql(text).bind(unit).fetch_one(db).await?.try_get::<i64>(0)? as u64)
}

/// A piece of a settled unit's output, of [`PIECE_BYTES`] unless it is the last. `None` after the last.
pub(crate) async fn output_piece(db: &mut Db, unit: i64, piece: i64) -> Result<Option<Vec<u8>>, DbError> {
    let text = "SELECT bytes FROM output WHERE unit = $1 AND piece = $2";
    let row = sql(text).bind(unit).bind(piece).fetch_optional(db).await?;
    row.map(|row| row.try_get(0)).transpose()
}
