//! A coordinator in this process, on a free loopback port.

use std::path::Path;

use adit_coordinator::{Clock, Config, Coordinator};
use adit_core::{Amount, PublicKey};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A running coordinator.
pub struct Server {
    /// Its URL.
    pub url: String,
    coordinator: Option<Coordinator>,
    serving: JoinHandle<()>,
    clock: Clock,
    data: TempDir,
}

impl Server {
    /// Starts with an empty directory and a long epoch.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(|_| {}).await
    }

    /// Starts with an empty directory and a changed configuration.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> anyhow::Result<Self> {
        Self::start_in(TempDir::new()?, Clock::default(), change).await
    }

    /// Starts in an existing directory.
    pub async fn start_in(data: TempDir, clock: Clock, change: impl FnOnce(&mut Config)) -> anyhow::Result<Self> {
        let mut config = Config::new("127.0.0.1:0".parse()?, data.path().to_owned());
        config.epoch_ms = 3_600_000;
        config.clock = clock.clone();
        change(&mut config);
        let listener = TcpListener::bind(config.listen).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let coordinator = Coordinator::open(&config).await?;
        let (router, connections, bodies) =
            (coordinator.router(config.web.as_ref()), config.connections, config.bodies);
        let serving = tokio::spawn(async move {
            adit_coordinator::listen(listener, router, connections, bodies, std::future::pending()).await;
        });
        Ok(Server { url, coordinator: Some(coordinator), serving, clock, data })
    }

    /// Stops without telling clients, and starts again in the same directory.
    pub async fn restart(mut self, change: impl FnOnce(&mut Config)) -> anyhow::Result<Self> {
        self.serving.abort();
        if let Some(coordinator) = self.coordinator.take() {
            coordinator.close().await;
        }
        Self::start_in(self.data, self.clock, change).await
    }

    /// Advances the clock and runs the upkeep, which ends whatever is overdue.
    pub async fn advance(&self, ms: i64) -> anyhow::Result<()> {
        self.clock.advance(ms);
        self.upkeep().await
    }

    /// Runs the upkeep.
    pub async fn upkeep(&self) -> anyhow::Result<()> {
        self.coordinator()?.upkeep().await?;
        Ok(())
    }

    /// Its clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    fn coordinator(&self) -> anyhow::Result<&Coordinator> {
        self.coordinator.as_ref().ok_or_else(|| anyhow::anyhow!("stopped"))
    }

    /// The operator's token.
    pub fn token(&self) -> &str {
        self.coordinator.as_ref().map_or("", Coordinator::token)
    }

    /// The coordinator's key.
    pub fn key(&self) -> PublicKey {
        self.coordinator.as_ref().map_or(PublicKey([0; 33]), Coordinator::public_key)
    }

    /// Its directory.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Fails if the audit finds a broken invariant of ledger or units.
    pub async fn assert_balanced(&self) -> anyhow::Result<()> {
        let broken = self.coordinator()?.audit().await?;
        anyhow::ensure!(broken.is_empty(), "{broken:?}");
        Ok(())
    }
}

/// Lets fresh keys hold as many leases as they like, for tests of something else.
pub fn without_admission(config: &mut Config) {
    (config.conduct.first_in_flight, config.conduct.unproven_part) = (16, 1);
}

/// An epoch's budget that pays every test in full.
pub const LARGE_BUDGET: Amount = Amount::from_nano(1_000_000_000_000);
