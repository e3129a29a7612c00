//! A coordinator on a real disk that is full: it says so, answers reads, and goes on once there is room.
#![cfg(target_os = "linux")]

use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use adit_protocol::paths;
use adit_protocol::records::{Health, Overview};
use adit_support::program::{self, Program};
use adit_support::{Client, Reply};
use anyhow::{Context, Result, ensure};
use serde_json::json;
use tempfile::TempDir;

/// A file system of 8 MiB, in a namespace of its own, which lives as long as the process that holds it.
struct Disk {
    holder: Program,
    folder: TempDir,
}

impl Disk {
    /// `None` if this account may not mount.
    async fn mount() -> Result<Option<Disk>> {
        let folder = TempDir::new()?;
        let mount = format!("mount -t tmpfs -o size=8m none '{}'", folder.path().display());
        let allowed = std::process::Command::new("unshare").args(["-rm", "/bin/sh", "-c", &mount]).status();
        if !allowed.is_ok_and(|status| status.success()) {
            ensure!(std::env::var_os("CI").is_none(), "no file system can be mounted, not even in a namespace");
            eprintln!("SKIPPED: this account may not mount a file system, not even in a namespace");
            return Ok(None);
        }
        let hold = format!("{mount} && echo mounted && exec sleep 3600");
        let mut holder = Program::start(Path::new("unshare"), &["-rm", "/bin/sh", "-c", &hold])?;
        holder.line("mounted").await?;
        Ok(Some(Disk { holder, folder }))
    }

    /// A file on the disk, as this process reaches it.
    fn file(&self, name: &str) -> Result<PathBuf> {
        let root = format!("/proc/{}/root", self.holder.id()?);
        Ok(Path::new(&root).join(self.folder.path().strip_prefix("/")?).join(name))
    }

    /// Leaves no room at all.
    fn fill(&self) -> Result<()> {
        let mut ballast = std::fs::File::options().create(true).append(true).open(self.file("ballast")?)?;
        for size in [1 << 16, 1] {
            loop {
                match ballast.write(&vec![0; size]) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::StorageFull => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// Starts a coordinator on the disk.
    fn serve(&self, program: &Path) -> Result<Program> {
        let (holder, data) = (self.holder.id()?.to_string(), self.folder.path().join("data").display().to_string());
        let program = program.display().to_string();
        let enter = ["--preserve-credentials", "-U", "-m", "-t", &holder, "--", &program];
        let serve = ["serve", "--listen", "127.0.0.1:0", "--data", &data];
        Program::start(Path::new("nsenter"), &[&enter[..], &serve].concat())
    }

    async fn client(&self, served: &mut Program) -> Result<Client> {
        let line = served.line("Coordinator on http://").await?;
        let url = line.split_whitespace().find(|word| word.starts_with("http://")).context("no address")?;
        let token = std::fs::read_to_string(self.file("data/admin.token")?)?;
        Client::at(url.trim_end_matches(','), token.trim(), "miner", 1)
    }
}

async fn register(client: &Client, name: &str) -> Result<Reply> {
    client.post(paths::REGISTER, &json!({ "contributor_id": name })).await
}

/// Asserts that the coordinator says what is wrong, and answers reads.
async fn is_full(client: &Client) -> Result<()> {
    // A write or two may still find room in the log that is there.
    let mut number = 0;
    let refused = loop {
        let reply = register(client, &format!("late-{number}")).await?;
        if reply.status != 200 {
            break reply;
        }
        number += 1;
        ensure!(number < 10_000, "the disk never was full");
    };
    ensure!(refused.status == 507 && refused.headers.contains_key("retry-after"), "{}", refused.status);
    let reply = client.get(paths::HEALTH).await?;
    let health: Health = serde_json::from_slice(&reply.body)?;
    ensure!(reply.status == 503 && health.status == "failing", "{health:?}");
    ensure!(health.last_error.as_ref().is_some_and(|error| error.error.contains("full")), "{health:?}");
    let metrics = client.get(paths::METRICS).await?;
    ensure!(String::from_utf8_lossy(&metrics.body).contains("\nadit_writes_failing 1\n"));
    client.get(paths::OVERVIEW).await?.json::<Overview>()?;
    Ok(())
}

#[tokio::test]
async fn a_full_disk_is_reported_and_survived() -> Result<()> {
    let Some(program) = program::find()? else { return Ok(()) };
    let Some(disk) = Disk::mount().await? else { return Ok(()) };
    let mut served = disk.serve(&program)?;
    let client = disk.client(&mut served).await?;
    ensure!(register(&client, "early").await?.status == 200);
    disk.fill()?;
    is_full(&client).await?;

    // Dead and started again, it answers reads and says the same.
    served.kill().await?;
    let mut served = disk.serve(&program)?;
    let client = disk.client(&mut served).await?;
    ensure!(client.get("/ai-energy/contributor/early").await?.status == 200);
    disk.fill()?;
    is_full(&client).await?;

    // With room it goes on by itself.
    std::fs::remove_file(disk.file("ballast")?)?;
    while client.get(paths::HEALTH).await?.status != 200 {
        ensure!(served.is_running()?, "{:#?}", served.said());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    ensure!(register(&client, "later").await?.status == 200);
    let health: Health = client.get(paths::HEALTH).await?.json()?;
    ensure!(health.status == "ok" && health.last_error.is_some(), "{health:?}");
    ensure!(client.api().ledger().await?.balanced);
    ensure!(served.terminate().await?.success());
    Ok(())
}
