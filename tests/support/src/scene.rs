//! A coordinator with one job, for tests that do something bad before an honest miner finishes it.

use adit_core::kernel::matmul_i8;
use adit_core::{Amount, PublicKey};
use adit_protocol::ErrorCode;
use adit_protocol::jobs::{JobState, JobView};
use adit_protocol::mining::{Delivered, TaskGrant};
use adit_protocol::paths::{self, with};
use adit_protocol::records::{Account, ReceiptList};
use anyhow::{Context, Result, ensure};

use crate::{Client, Server, files, without_admission};

/// Rows, inner dimension and columns of the job's product.
pub const SHAPE: (u32, u32, u32) = (64, 48, 40);

/// Longer than any lease in a scene, and shorter than an idle session or an epoch.
pub const LEASE_MS: i64 = 300_000;

/// A coordinator, its job, and an honest miner that has done nothing yet.
pub struct Scene {
    /// The coordinator.
    pub server: Server,
    /// The honest miner. Its session opens at the end.
    pub honest: Client,
    /// The job, which has eight panels and so several units.
    pub job: u64,
    /// The correct result.
    pub product: Vec<i32>,
}

impl Scene {
    /// Starts a coordinator that trusts fresh keys, and submits a sponsored product.
    pub async fn start() -> Result<Self> {
        Self::on(Server::start_with(without_admission).await?).await
    }

    /// Submits a sponsored product to this coordinator.
    pub async fn on(server: Server) -> Result<Self> {
        let honest = Client::new(&server, "honest", 200)?;
        let (m, k, n) = SHAPE;
        let (a, b) = (files::values(11, (m * k) as usize), files::values(12, (k * n) as usize));
        let job = honest.submit_matmul(files::npy(m, k, &a), files::npy(k, n, &b)).await?.job;
        Ok(Scene { product: matmul_i8(&a, &b, m as usize, k as usize, n as usize), server, honest, job })
    }

    /// A stranger with a session of its own.
    pub async fn stranger(&self, contributor: &str, key: u8) -> Result<Client> {
        let mut client = Client::new(&self.server, contributor, key)?;
        client.open().await?;
        Ok(client)
    }

    /// Takes a lease for lane 0 of `client`.
    pub async fn lease(&self, client: &Client) -> Result<TaskGrant> {
        client.task(0).await?.and_then(|task| task.adit).context("no lease")
    }

    /// Asserts that nothing was lost: once other leases have expired, the honest miner finishes the job with the
    /// correct result, is paid for every unit that it did, and the ledger is balanced.
    pub async fn ends_well(mut self) -> Result<()> {
        self.server.assert_balanced().await?;
        self.server.advance(LEASE_MS).await?;
        let before = account(&self.honest).await?.map_or(0, |account| account.pending.nano());
        self.honest.open().await?;
        let delivered: Vec<Delivered> = self.honest.mine(&self.server.key()).await?;
        let job: JobView = self.honest.job(self.job).await?;
        ensure!(job.state == JobState::Done, "{job:?}");
        let result = files::npy_values(&self.honest.result(self.job).await?);
        ensure!(result == self.product, "the result is wrong");
        let earned: i64 = delivered.iter().map(|answer| answer.reward.nano()).sum();
        let account = account(&self.honest).await?.context("the honest miner has no account")?;
        ensure!(account.pending.nano() == before + earned, "{account:?}");
        self.server.assert_balanced().await
    }

    /// Asserts that the client was paid nothing and is owed nothing.
    pub async fn earned_nothing(&self, client: &Client) -> Result<()> {
        if let Some(account) = account(client).await? {
            ensure!((account.pending, account.posted) == (Amount::ZERO, Amount::ZERO), "{account:?}");
            ensure!(account.units_valid == 0 && account.work_verified == 0, "{account:?}");
        }
        Ok(())
    }

    /// The receipts of a key.
    pub async fn receipts(&self, miner: &PublicKey) -> Result<ReceiptList> {
        self.honest.get(&format!("{}?miner={miner}&limit=100", paths::RECEIPTS)).await?.json()
    }
}

/// A client's account, if its key has one.
pub async fn account(client: &Client) -> Result<Option<Account>> {
    let reply = client.get(&with(paths::ACCOUNT, &client.key.public_key().to_string())).await?;
    if reply.status == 404 {
        ensure!(reply.code()? == ErrorCode::NotRegistered);
        return Ok(None);
    }
    reply.json().map(Some)
}
