//! A coordinator with something to store, and time that a test moves.

use adit_client::PinOrder;
use adit_coordinator::Config;
use adit_core::Amount;
use adit_protocol::storage::{Answered, Challenge, PinView};
use adit_support::server::LARGE_BUDGET;
use adit_support::{Client, Holder, Server, files};
use anyhow::{Context, Result, bail};

/// A window, and the time in which a holder has to ask after its moment.
pub(crate) const WINDOW_MS: i64 = 3_600_000;
const STEP_MS: i64 = 60_000;

pub(crate) struct Town {
    pub(crate) server: Server,
    pub(crate) operator: Client,
}

impl Town {
    pub(crate) async fn start() -> Result<Self> {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Result<Self> {
        let server = Server::start_with(|config| {
            (config.epoch_budget, config.epoch_ms) = (LARGE_BUDGET, 300 * 24 * WINDOW_MS);
            change(config);
        });
        let server = server.await?;
        let operator = Client::new(&server, "operator", 99)?;
        Ok(Town { server, operator })
    }

    /// Stores some bytes, paid by the epoch's budget.
    pub(crate) async fn put(&self, bytes: usize, replicas: u32) -> Result<(PinView, Vec<u8>)> {
        let content = content(bytes);
        let order = PinOrder { name: "archive".into(), replicas, hours: 720, sponsored: true, ..PinOrder::default() };
        Ok((self.operator.api().put_pin(&order, content.clone()).await?, content))
    }

    pub(crate) async fn holder(&self, name: &str, key: u8) -> Result<Holder> {
        Holder::open(&self.server, name, key).await
    }

    /// Lets a minute pass.
    pub(crate) async fn step(&self) -> Result<()> {
        self.server.advance(STEP_MS).await
    }

    /// Lets time pass until a holder is asked. It asks every minute, which keeps its session.
    pub(crate) async fn until_asked(&self, holder: &Holder) -> Result<Challenge> {
        for _ in 0..3 * WINDOW_MS / STEP_MS {
            if let Some(challenge) = holder.challenge().await? {
                return Ok(challenge);
            }
            self.step().await?;
        }
        bail!("nobody asked")
    }

    /// Passes the next window.
    pub(crate) async fn pass(&self, holder: &Holder) -> Result<Answered> {
        let challenge = self.until_asked(holder).await?;
        holder.answer(&challenge).await
    }

    /// What a holder's account is owed and has.
    pub(crate) async fn owed(&self, holder: &Holder) -> Result<(Amount, Amount)> {
        let account = adit_support::scene::account(&holder.client).await?.context("no account")?;
        Ok((account.pending, account.posted))
    }
}

/// Bytes that do not repeat.
pub(crate) fn content(bytes: usize) -> Vec<u8> {
    files::values(77, bytes).into_iter().map(|value| value as u8).collect()
}
