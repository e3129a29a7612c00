//! The coordinator's directory: who may read it, who may serve it, and whether its files belong together.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use adit_coordinator::backup::{back_up, restore};
use adit_coordinator::{Config, Coordinator, ServeError};
use adit_core::PublicKey;
use adit_support::mortal::any_port;
use adit_support::program::{self, Program, Served};
use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

const DATABASE: &str = "adit.sqlite";
const KEY: &str = "coordinator.key";

async fn open(data: &Path) -> Result<Coordinator, ServeError> {
    Coordinator::open(&Config::new(any_port(), data.to_owned())).await
}

/// The error of a coordinator that cannot be opened.
async fn refusal(data: &Path) -> Result<String> {
    Ok(open(data).await.err().with_context(|| format!("{} was opened", data.display()))?.to_string())
}

/// Opens a coordinator once, so that its directory is whole.
async fn served(data: &Path) -> Result<PublicKey> {
    let coordinator = open(data).await?;
    let key = coordinator.public_key();
    coordinator.close().await;
    Ok(key)
}

fn mode(path: &Path) -> Result<u32> {
    Ok(fs::metadata(path)?.permissions().mode() & 0o777)
}

fn set_mode(path: &Path, mode: u32) -> Result<()> {
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
}

/// Fails if anybody but the owner may do anything with the directory or a file in it.
fn is_closed(data: &Path) -> Result<usize> {
    let files = fs::read_dir(data)?.map(|file| Ok(file?.path())).collect::<Result<Vec<_>>>()?;
    for path in files.iter().map(AsRef::as_ref).chain([data]) {
        ensure!(mode(path)? & 0o077 == 0, "{} has mode {:o}", path.display(), mode(path)?);
    }
    Ok(files.len())
}

#[tokio::test]
async fn a_directory_is_its_owners_alone_whatever_the_umask() -> Result<()> {
    let Some(program) = program::find()? else { return Ok(()) };
    for umask in ["000", "0277"] {
        let folder = TempDir::new()?;
        let data = folder.path().join("data");
        let (data, adit) = (data.display().to_string(), program.display().to_string());
        let script = format!("umask {umask}; exec '{adit}' serve --listen 127.0.0.1:0 --data '{data}'");
        let mut child = Program::start(Path::new("/bin/sh"), &["-c", &script])?;
        child.line("Coordinator on http://").await?;
        // The database with its log and its index, the key, the token, the lock.
        ensure!(is_closed(Path::new(&data))? >= 6, "{umask}");
        ensure!(mode(Path::new(&data))? == 0o700 && mode(&Path::new(&data).join(KEY))? == 0o600, "{umask}");
        child.kill().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_directory_that_was_open_is_closed_or_refused() -> Result<()> {
    let data = TempDir::new()?;
    served(data.path()).await?;
    for name in [DATABASE, KEY, "admin.token"] {
        set_mode(&data.path().join(name), 0o644)?;
    }
    fs::write(data.path().join("adit.sqlite-wal"), "")?;
    set_mode(&data.path().join("adit.sqlite-wal"), 0o666)?;
    set_mode(data.path(), 0o755)?;
    let coordinator = open(data.path()).await?;
    is_closed(data.path())?;
    coordinator.close().await;

    // A directory of something else is not ours to close.
    let home = TempDir::new()?;
    fs::write(home.path().join("notes.txt"), "")?;
    set_mode(home.path(), 0o755)?;
    let said = refusal(home.path()).await?;
    ensure!(said.contains(&format!("chmod go= '{}'", home.path().display())), "{said}");
    ensure!(mode(home.path())? == 0o755 && fs::read_dir(home.path())?.count() == 1);
    set_mode(home.path(), 0o700)?;
    served(home.path()).await?;
    Ok(())
}

#[tokio::test]
async fn a_directory_is_served_once_under_every_name() -> Result<()> {
    let folder = TempDir::new()?;
    let at = |name: &str| folder.path().join(name);
    let first = open(&at("first")).await?;
    let taken = async |data: &Path| match open(data).await {
        Err(ServeError::InUse(_)) => Ok(()),
        other => Err(anyhow::anyhow!("{}: {:?}", data.display(), other.err())),
    };
    taken(&at("first")).await?;
    symlink(at("first"), at("link"))?;
    taken(&at("link")).await?;
    // The lock file is lost.
    fs::remove_file(at("first/lock"))?;
    taken(&at("first")).await?;
    taken(&at("link")).await?;
    // Another directory, whose database is the first one's.
    fs::create_dir(at("other"))?;
    set_mode(&at("other"), 0o700)?;
    fs::copy(at("first").join(KEY), at("other").join(KEY))?;
    symlink(at("first").join(DATABASE), at("other").join(DATABASE))?;
    taken(&at("other")).await?;
    // The directory is renamed, and loses its lock file again.
    fs::rename(at("first"), at("renamed"))?;
    fs::remove_file(at("renamed/lock"))?;
    taken(&at("renamed")).await?;
    first.close().await;
    // Hard links are refused even when nobody serves: which name counts, only the operator knows.
    fs::hard_link(at("renamed").join(DATABASE), at("twin"))?;
    let said = refusal(&at("renamed")).await?;
    ensure!(said.contains("second name") && said.contains("-samefile"), "{said}");
    fs::remove_file(at("twin"))?;
    served(&at("renamed")).await?;
    Ok(())
}

#[tokio::test]
async fn a_bind_mount_is_not_a_second_directory() -> Result<()> {
    let Some(program) = program::find()? else { return Ok(()) };
    let folder = TempDir::new()?;
    let (data, bound) = (folder.path().join("data"), folder.path().join("bound"));
    fs::create_dir(&bound)?;
    let script = format!("mount --bind '{0}' '{0}'", bound.display());
    let unshare = |script: String| ["-rm".to_owned(), "/bin/sh".to_owned(), "-c".to_owned(), script];
    if !std::process::Command::new("unshare").args(unshare(script)).status().is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: this account may not make namespaces, which bind mounts need");
        return Ok(());
    }
    let _served = Served::start(&program, any_port(), &data).await?;
    fs::remove_file(data.join("lock"))?;
    let (from, to) = (data.display(), bound.display());
    let serve = format!("exec '{}' serve --listen 127.0.0.1:0 --data '{to}'", program.display());
    let script = unshare(format!("mount --bind '{from}' '{to}' && {serve}"));
    let arguments: Vec<&str> = script.iter().map(String::as_str).collect();
    let mut second = Program::start(Path::new("unshare"), &arguments)?;
    second.line("in use by another coordinator").await?;
    ensure!(!second.ended().await?.success());
    Ok(())
}

#[tokio::test]
async fn a_key_and_a_database_that_do_not_belong_together_are_refused() -> Result<()> {
    let (one, two) = (TempDir::new()?, TempDir::new()?);
    let (key, other) = (served(one.path()).await?, served(two.path()).await?);
    // No receipt names a key yet.
    let (path, kept) = (one.path().join(KEY), fs::read(one.path().join(KEY))?);
    fs::copy(two.path().join(KEY), &path)?;
    let said = refusal(one.path()).await?;
    ensure!([&key, &other].iter().all(|key| said.contains(&key.to_string())), "{said}");
    ensure!(said.contains("put that key back") && said.contains("backup"), "{said}");
    // A backup of such a directory is not restored either.
    let backup = two.path().join("one.backup");
    back_up(one.path(), &backup)?;
    let empty = TempDir::new()?;
    let error = restore(&backup, empty.path()).await.err().context("it was restored")?.to_string();
    ensure!(error.contains("another key"), "{error}");

    fs::write(&path, kept)?;
    assert_eq!(served(one.path()).await?, key);
    Ok(())
}

#[tokio::test]
async fn a_missing_database_is_noticed() -> Result<()> {
    let data = TempDir::new()?;
    let key = served(data.path()).await?;
    let (database, kept) = (data.path().join(DATABASE), data.path().join("kept"));
    fs::rename(&database, &kept)?;
    for vanished in ["missing", "empty", "a link to nothing"] {
        match vanished {
            "empty" => fs::write(&database, "")?,
            "a link to nothing" => symlink(data.path().join("nowhere"), &database)?,
            _ => {}
        }
        let said = refusal(data.path()).await?;
        let told = said.contains("is missing or empty") && said.contains("adit restore");
        ensure!(told || vanished == "a link to nothing" && said.contains(DATABASE), "{vanished}: {said}");
        ensure!(!data.path().join("nowhere").exists());
        let _ = fs::remove_file(&database);
    }
    fs::rename(&kept, &database)?;
    assert_eq!(served(data.path()).await?, key);
    Ok(())
}

#[tokio::test]
async fn a_first_start_that_was_cut_short_is_finished() -> Result<()> {
    let data = TempDir::new()?;
    let key = served(data.path()).await?;
    // The key has no name yet; the database is whole, then empty, then missing.
    let (named, unnamed) = (data.path().join(KEY), data.path().join("coordinator.key.new"));
    for left in ["whole", "empty", "missing"] {
        fs::rename(&named, &unnamed)?;
        match left {
            "empty" => fs::write(data.path().join(DATABASE), "")?,
            "missing" => fs::remove_file(data.path().join(DATABASE))?,
            _ => {}
        }
        assert_eq!(served(data.path()).await?, key, "{left}");
        ensure!(named.is_file() && !unnamed.exists(), "{left}");
    }
    Ok(())
}
