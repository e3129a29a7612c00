//! Backs up a coordinator at work and restores it elsewhere: the ledger is balanced, and log and job continue.

use std::net::SocketAddr;
use std::path::Path;

use adit_coordinator::backup::{BackupError, back_up, restore};
use adit_coordinator::{Clock, ServeError};
use adit_core::log::{Hash, verify_consistency};
use adit_protocol::jobs::JobState;
use adit_protocol::paths;
use adit_protocol::records::{ConsistencyProof, SignedHead};
use adit_support::program::{self, Program, Served};
use adit_support::scene::LEASE_MS;
use adit_support::{Client, Scene, Server, files, without_admission};
use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

/// Asserts that the server's log continues the log of an older head, and returns the new head.
async fn continues(server: &Server, old: &SignedHead) -> Result<SignedHead> {
    let reader = Client::new(server, "reader", 9)?;
    let new: SignedHead = reader.api().log_head().await?;
    server.key().verify(&new.head, &new.signature)?;
    let path = format!("{}?from={}&to={}", paths::LOG_CONSISTENCY, old.head.size, new.head.size);
    let proof: ConsistencyProof = reader.get(&path).await?.json()?;
    let path: Vec<Hash> = proof.path.iter().map(|digest| digest.0).collect();
    let (old, now) = (&old.head, &new.head);
    ensure!(verify_consistency(old.size, &old.root.0, now.size, &now.root.0, &path), "another log");
    Ok(new)
}

#[tokio::test]
async fn a_job_backed_up_while_it_is_mined_goes_on_elsewhere() -> Result<()> {
    let folder = TempDir::new()?;
    let server = Server::start_with(without_admission).await?;
    let mut miner = Client::new(&server, "miner", 1)?;
    let (m, k, n) = (1_200, 256, 200);
    let (a, b) = (files::values(21, (m * k) as usize), files::values(22, (k * n) as usize));
    let product = adit_core::kernel::matmul_i8(&a, &b, m as usize, k as usize, n as usize);
    let job = miner.submit_matmul(files::npy(m, k, &a), files::npy(k, n, &b)).await?.job;
    miner.open().await?;
    // A lease that is live in the backup and will never be delivered.
    miner.task(1).await?.context("no lease")?;
    let grant = miner.task(0).await?.and_then(|task| task.adit).context("no lease")?;
    let output = miner.compute(&grant).await?;
    miner.deliver(&grant, output).await?;
    let before: SignedHead = miner.api().log_head().await?;

    // Back up continuously while a miner delivers.
    let data = server.data().to_owned();
    let (files_of, done) = (folder.path().to_owned(), std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)));
    let mined = done.clone();
    let backups = tokio::task::spawn_blocking(move || -> Result<usize> {
        let mut made = 0;
        while made == 0 || !mined.load(std::sync::atomic::Ordering::Relaxed) {
            back_up(&data, &files_of.join(format!("{made}.backup")))?;
            made += 1;
        }
        Ok(made)
    });
    miner.mine(&server.key()).await?;
    done.store(true, std::sync::atomic::Ordering::Relaxed);
    let made = backups.await??;
    let last: SignedHead = miner.api().log_head().await?;

    let mut sizes = Vec::new();
    for number in 0..made {
        let data = TempDir::new()?;
        let found = restore(&folder.path().join(format!("{number}.backup")), data.path()).await?;
        assert_eq!(found.coordinator, server.key());
        sizes.push(found.log_size);
        if number != made / 2 {
            continue;
        }
        let restored = Server::start_in(data, Clock::default(), |_| {}).await?;
        assert_eq!((restored.key(), restored.token()), (server.key(), server.token()));
        restored.assert_balanced().await?;
        continues(&restored, &before).await?;
        // Leases expire, and a new miner finishes the job.
        restored.advance(LEASE_MS).await?;
        let mut heir = Client::new(&restored, "heir", 2)?;
        heir.open().await?;
        heir.mine(&restored.key()).await?;
        assert_eq!(heir.job(job).await?.state, JobState::Done);
        ensure!(files::npy_values(&heir.result(job).await?) == product, "the result is wrong");
        continues(&restored, &before).await?;
        restored.assert_balanced().await?;
    }
    ensure!(
        sizes.is_sorted() && sizes.iter().all(|size| (before.head.size..=last.head.size).contains(size)),
        "{sizes:?}"
    );
    println!("{made} backups, of logs of {sizes:?} receipts");
    server.assert_balanced().await
}

#[tokio::test]
async fn an_incomplete_backup_is_refused_and_leaves_nothing() -> Result<()> {
    let folder = TempDir::new()?;
    let scene = Scene::start().await?;
    let mut miner = scene.stranger("miner", 1).await?;
    miner.mine(&scene.server.key()).await?;
    let good = folder.path().join("good");
    back_up(scene.server.data(), &good)?;
    ensure!(matches!(back_up(scene.server.data(), &good), Err(BackupError::Exists(_))));
    let empty = TempDir::new()?;
    ensure!(matches!(back_up(empty.path(), &folder.path().join("none")), Err(BackupError::NoCoordinator(..))));

    let bytes = std::fs::read(&good)?;
    let changed = |statements: &str| -> Result<Vec<u8>> {
        let path = folder.path().join("changed");
        std::fs::write(&path, &bytes)?;
        rusqlite::Connection::open(&path)?.execute_batch(statements)?;
        Ok(std::fs::read(&path)?)
    };
    let mut flipped = bytes.clone();
    flipped[bytes.len() / 2..].iter_mut().step_by(64).for_each(|byte| *byte ^= 1);
    for (name, bytes, words) in [
        ("empty", Vec::new(), "not a backup"),
        ("text", b"this is no database at all, but a text of some length".repeat(99), "not a backup"),
        ("cut", bytes[..bytes.len() / 2].to_vec(), "not a backup"),
        ("flipped", flipped, "not a backup"),
        ("newer", changed("PRAGMA user_version = 99")?, "newer"),
        ("keyless", changed("DELETE FROM rider WHERE name = 'coordinator.key'")?, "holds no coordinator.key"),
        (
            "another's",
            changed("UPDATE rider SET bytes = CAST(hex(zeroblob(31)) || '07' AS BLOB) WHERE name = 'coordinator.key'")?,
            "another key",
        ),
        ("richer", changed("UPDATE account SET balance = balance + 1 WHERE id = 'budget'")?, "ledger"),
        (
            "shorter",
            changed("DELETE FROM receipt WHERE log_index = 1; DELETE FROM lease WHERE log_index = 1")?,
            "restored",
        ),
        (
            "rewritten",
            changed("UPDATE receipt SET bytes = (SELECT bytes FROM receipt WHERE log_index = 0) WHERE log_index = 1")?,
            "head is not that",
        ),
    ] {
        let path = folder.path().join("tried");
        std::fs::write(&path, bytes)?;
        let data = TempDir::new()?;
        let error = restore(&path, data.path()).await.err().with_context(|| format!("{name} was restored"))?;
        ensure!(error.to_string().contains(words), "{name}: {error}");
        let left: Vec<_> = std::fs::read_dir(data.path())?.map(|entry| entry.map(|entry| entry.file_name())).collect();
        ensure!(left.iter().all(|name| name.as_ref().is_ok_and(|name| name == "lock")), "{name}: {left:?}");
        // A valid backup can still be restored there.
        restore(&good, data.path()).await?;
    }
    // Nothing is overwritten, and the running coordinator is not disturbed.
    let taken = restore(&good, scene.server.data()).await;
    ensure!(matches!(taken, Err(BackupError::Directory(ServeError::InUse(_)))), "{taken:?}");
    std::fs::write(empty.path().join("mine"), "")?;
    ensure!(matches!(restore(&good, empty.path()).await, Err(BackupError::NotEmpty(_))));
    let half = TempDir::new()?;
    std::fs::write(half.path().join("adit.sqlite.part"), "")?;
    let started = Server::start_in(half, Clock::default(), |_| {}).await;
    ensure!(started.err().context("it started")?.to_string().contains("was interrupted"));
    scene.server.assert_balanced().await
}

/// Runs a command and returns whether it succeeded and what it printed.
async fn run(program: &Path, arguments: &[&str]) -> Result<(bool, String)> {
    let mut child = Program::start(program, arguments)?;
    let succeeded = child.ended().await?.success();
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    Ok((succeeded, child.said().join("\n")))
}

#[tokio::test]
async fn the_program_backs_up_beside_a_running_coordinator_and_after_its_death() -> Result<()> {
    let Some(program) = program::find()? else { return Ok(()) };
    let (data, folder) = (TempDir::new()?, TempDir::new()?);
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let served = Served::start(&program, any_port, data.path()).await?;
    std::fs::write(data.path().join("adit.toml"), "epoch-seconds = 77\n")?;
    let from = data.path().to_str().context("a path that is not UTF-8")?;
    let path = |name: &str| folder.path().join(name).to_str().map(str::to_owned).context("a path that is not UTF-8");
    let (file, to) = (path("one.backup")?, path("restored")?);
    let (succeeded, said) = run(&program, &["backup", "--data", from, &file]).await?;
    ensure!(succeeded && !said.contains(&served.token), "{said}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 1, "a draft was left");
    let (succeeded, said) = run(&program, &["restore", &file, "--data", from]).await?;
    ensure!(!succeeded && said.contains("in use by another coordinator"), "{said}");
    let (succeeded, said) = run(&program, &["backup", "--data", from, &file]).await?;
    ensure!(!succeeded && said.contains("already exists"), "{said}");

    // A coordinator that died leaves a write-ahead log beside its database, which is part of it.
    let token = served.token.clone();
    drop(served);
    let second = path("two.backup")?;
    let (succeeded, said) = run(&program, &["backup", "--data", from, &second]).await?;
    ensure!(succeeded, "{said}");
    let (succeeded, said) = run(&program, &["restore", &second, "--data", &to]).await?;
    ensure!(succeeded && !said.contains(&token), "{said}");
    for secret in ["coordinator.key", "admin.token", "adit.toml"] {
        assert_eq!(std::fs::read(data.path().join(secret))?, std::fs::read(Path::new(&to).join(secret))?, "{secret}");
    }
    let database = std::fs::read(Path::new(&to).join("adit.sqlite"))?;
    ensure!(!database.windows(token.len()).any(|window| window == token.as_bytes()), "the token is in the database");
    let restored = Served::start(&program, any_port, Path::new(&to)).await?;
    assert_eq!(restored.token, token);
    Ok(())
}
