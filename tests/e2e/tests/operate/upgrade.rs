//! Opens a database of an earlier version: nothing in it is lost, and its job continues.

use adit_coordinator::{Clock, Config, Coordinator};
use adit_core::log::{Hash, verify_consistency};
use adit_protocol::jobs::JobState;
use adit_protocol::paths;
use adit_protocol::records::{ConsistencyProof, SignedHead};
use adit_support::{Client, Server, files};
use anyhow::{Context, Result, ensure};
use rusqlite::Connection;
use tempfile::TempDir;

/// A dump from the program before schemas had versions. Frozen, like databases in the field.
const UNVERSIONED: &str = include_str!("../../../vectors/store/unversioned.sql");

/// Longer than any lease, in whichever year this runs.
const YEARS_MS: i64 = 20 * 365 * 24 * 3_600_000;

/// A data directory with that database and the key that signed its log.
fn directory() -> Result<TempDir> {
    let data = TempDir::new()?;
    Connection::open(data.path().join("adit.sqlite"))?.execute_batch(UNVERSIONED)?;
    let key = UNVERSIONED.lines().find_map(|line| line.strip_prefix("-- The key that signed its log: "));
    std::fs::write(data.path().join("coordinator.key"), key.context("no key")?)?;
    Ok(data)
}

#[tokio::test]
async fn a_database_from_before_versions_goes_on() -> Result<()> {
    let data = directory()?;
    let before: i64 =
        Connection::open(data.path().join("adit.sqlite"))?
            .query_row("SELECT MAX(size) FROM log_head", [], |row| row.get(0))?;
    let server = Server::start_in(data, Clock::default(), |_| {}).await?;
    server.assert_balanced().await?;
    let mut miner = Client::new(&server, "late", 9)?;
    let old: SignedHead = miner.api().log_head().await?;
    assert_eq!(old.head.size, before as u64);
    server.key().verify(&old.head, &old.signature)?;

    // The lease in the dump has expired. Another miner does its unit and the rest of the job.
    server.advance(YEARS_MS).await?;
    miner.open().await?;
    miner.mine(&server.key()).await?;
    let job = miner.job(1).await?;
    assert_eq!((job.state, job.panels_done), (JobState::Done, job.panels));
    let (m, k, n) = adit_support::scene::SHAPE;
    let (a, b) = (files::values(11, (m * k) as usize), files::values(12, (k * n) as usize));
    let product = adit_core::kernel::matmul_i8(&a, &b, m as usize, k as usize, n as usize);
    ensure!(files::npy_values(&miner.result(1).await?) == product, "the result is wrong");

    let new: SignedHead = miner.api().log_head().await?;
    ensure!(new.head.size > old.head.size);
    let path = format!("{}?from={}&to={}", paths::LOG_CONSISTENCY, old.head.size, new.head.size);
    let proof: ConsistencyProof = miner.get(&path).await?.json()?;
    let path: Vec<Hash> = proof.path.iter().map(|digest| digest.0).collect();
    let (old, new) = (&old.head, &new.head);
    ensure!(verify_consistency(old.size, &old.root.0, new.size, &new.root.0, &path), "another log");
    server.assert_balanced().await
}

#[tokio::test]
async fn a_newer_database_is_refused_with_a_sentence() -> Result<()> {
    let data = directory()?;
    let file = data.path().join("adit.sqlite");
    Connection::open(&file)?.pragma_update(None, "user_version", 99)?;
    let config = Config::new("127.0.0.1:0".parse()?, data.path().to_owned());
    let error = Coordinator::open(&config).await.err().context("it opened")?.to_string();
    ensure!(error.contains("version 99") && error.contains("newer"), "{error}");
    let version: i64 = Connection::open(&file)?.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    assert_eq!(version, 99);
    Ok(())
}
