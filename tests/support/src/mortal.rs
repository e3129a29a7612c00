//! The real program as a coordinator that tests kill and restart, and what must hold after every start.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use adit_core::PublicKey;
use adit_core::log::{Hash, verify_consistency};
use adit_protocol::paths;
use adit_protocol::records::{ConsistencyProof, Health, LedgerTotals, SignedHead};
use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::Client;
use crate::program::{Program, Served};

/// Loopback with a port that the system chooses.
pub fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// A coordinator that tests kill and restart in the same directory.
pub struct Mortal {
    program: PathBuf,
    data: TempDir,
    flags: Vec<&'static str>,
    served: Option<Served>,
    key: PublicKey,
    head: Option<SignedHead>,
}

impl Mortal {
    /// Starts it with additional flags for `adit serve`.
    pub async fn start(program: PathBuf, flags: &[&'static str]) -> Result<Self> {
        let data = TempDir::new()?;
        let served = Served::start_with(&program, any_port(), data.path(), flags).await?;
        let health: Health = Client::at(&served.url, &served.token, "reader", 9)?.api().health().await?;
        let (key, flags) = (health.coordinator_key, flags.to_vec());
        Ok(Mortal { program, data, flags, served: Some(served), key, head: None })
    }

    /// Its key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// Its directory.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// A client of it.
    pub fn client(&self, contributor: &str, key: u8) -> Result<Client> {
        let served = self.served.as_ref().context("the coordinator is dead")?;
        Client::at(&served.url, &served.token, contributor, key)
    }

    fn url(&self) -> &str {
        self.served.as_ref().map_or("", |served| &served.url)
    }

    /// Starts a miner for it, with a key of its own.
    pub fn mine(&self, folder: &Path, name: &str, throttle: &str) -> Result<Program> {
        let key = folder.join(format!("{name}.key"));
        let key = key.to_str().context("a path that is not UTF-8")?;
        let arguments = ["mine", "--server", self.url(), "--id", name, "--cpu", "1", "--gpu", "off"];
        Program::start(&self.program, &[&arguments[..], &["--key", key, "--throttle", throttle]].concat())
    }

    /// Kills it with SIGKILL, starts it again, and checks what must hold after every start: the same key, a balanced
    /// ledger, and a log that continues the old one.
    pub async fn die_and_rise(&mut self) -> Result<()> {
        let served = self.served.take().context("the coordinator is dead")?;
        self.served = Some(served.killed_and_started(&self.program, self.data.path(), &self.flags).await?);
        let reader = self.client("reader", 9)?;
        let health: Health = reader.api().health().await?;
        ensure!(health.coordinator_key == self.key, "another key");
        self.is_in_order().await
    }

    /// Kills it with SIGKILL.
    pub async fn die(&mut self) -> Result<()> {
        self.served.take().context("the coordinator is dead")?.killed().await
    }

    /// Fails unless the ledger is balanced and the log continues the last one seen.
    pub async fn is_in_order(&mut self) -> Result<()> {
        let reader = self.client("reader", 9)?;
        let totals: LedgerTotals = reader.api().audit().await?;
        ensure!(totals.balanced, "{totals:?}");
        let reply = reader.get(paths::LOG_HEAD).await?;
        if reply.status == 404 {
            ensure!(self.head.is_none(), "the log is gone");
            return Ok(());
        }
        let new: SignedHead = reply.json()?;
        self.key.verify(&new.head, &new.signature)?;
        if let Some(old) = &self.head {
            let path = format!("{}?from={}&to={}", paths::LOG_CONSISTENCY, old.head.size, new.head.size);
            let proof: ConsistencyProof = reader.get(&path).await?.json()?;
            let path: Vec<Hash> = proof.path.iter().map(|digest| digest.0).collect();
            let (old, new) = (&old.head, &new.head);
            ensure!(verify_consistency(old.size, &old.root.0, new.size, &new.root.0, &path), "another log");
        }
        self.head = Some(new);
        Ok(())
    }
}
