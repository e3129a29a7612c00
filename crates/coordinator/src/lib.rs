//! Adit's coordinator: jobs, leases, verification, ledger, epochs, receipts.
//!
//! `http` parses into types and `service` decides; `store` writes. Bytes and mathematics are checked before the one
//! writer is asked. [`Coordinator::router`] works without a socket, [`serve`] puts it on one.
//!
//! A unit's way through these files: `intake` → `service/jobs` (order, panels) → `service/lease` (unit, lease) →
//! `http/delivery` → `service/check` (verification) → `service/settle` (verdict, money, receipt) →
//! `service/epoch` (payment).

pub mod backup;
mod clock;
mod directory;
mod error;
mod faults;
mod http;
pub mod intake;
mod service;
mod source;
mod store;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use adit_core::{Amount, PublicKey};
use axum::Router;

pub use clock::Clock;
pub use faults::Faults;
use service::check::Checker;
pub use service::conduct::Conduct;
use service::limits::Limiter;
pub use service::limits::{Limits, Rate};
use service::{Terms, epoch, upkeep};
pub use source::{BlockSource, Sources};
pub use store::DbError;
use store::{Store, WriteError};

/// How a coordinator is run.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where it listens. Port 0 lets the system choose.
    pub listen: SocketAddr,
    /// Its directory: database, key, token, lock. Made if it is not there.
    pub data: PathBuf,
    /// The page's built files, served at `/`.
    pub web: Option<PathBuf>,
    /// What an epoch may pay for sponsored work.
    pub block_budget: Amount,
    /// How long an epoch lasts, in ms.
    pub epoch_ms: i64,
    /// The most that the database may hold, in bytes; a fuller store refuses new jobs.
    pub max_stored_bytes: u64,
    /// Names by which operators reach it, beside addresses and `localhost`.
    pub hosts: Vec<String>,
    /// How often callers may call.
    pub limits: Limits,
    /// What a miner's record allows it.
    pub conduct: Conduct,
    /// Whether a commit waits for the disk. Without, a loss of power may take what was answered.
    pub durable: bool,
    /// What time it is.
    pub clock: Clock,
    /// What fails.
    pub faults: Faults,
    /// How it comes to blocks that gateways hold.
    pub sources: Sources,
}

impl Config {
    /// Defaults: 1 NNET in ten minutes, 32 GiB.
    pub fn new(listen: SocketAddr, data: PathBuf) -> Self {
        Config {
            listen,
            data,
            web: None,
            block_budget: Amount::from_nano(adit_core::amount::NANO_PER_NNET),
            epoch_ms: 600_000,
            max_stored_bytes: 32 << 30,
            hosts: Vec::new(),
            limits: Limits::default(),
            conduct: Conduct::default(),
            durable: true,
            clock: Clock::default(),
            faults: Faults::default(),
            sources: Sources::default(),
        }
    }
}

/// Why a coordinator does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The port.
    #[error("cannot listen on {0}: {1}; another program may use the port, choose one with --listen")]
    Listen(SocketAddr, std::io::Error),
    /// The directory.
    #[error("the directory {0} is in use by another coordinator; stop it or choose one with --data")]
    InUse(PathBuf),
    /// A restore was cut off.
    #[error("a restore into {0} did not end: empty the directory and restore again")]
    Unfinished(PathBuf),
    /// A file of the directory.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// The key's file.
    #[error("{0} does not hold a secp256k1 key; restore it from a backup, or begin in a new directory")]
    Key(PathBuf),
    /// The key's file is gone, and what it signed is not.
    #[error(
        "{0} is missing beside a database that its key has signed; restore it from a backup, or begin in a new directory"
    )]
    KeyLost(PathBuf),
    /// The token's file.
    #[error("{0} does not hold a token of at least 16 characters; remove it to get a new one")]
    Token(PathBuf),
    /// The database.
    #[error("the database cannot be opened: {0}")]
    Database(#[from] DbError),
    /// A write of the start.
    #[error("the database does not take the first writes: {0}")]
    Store(String),
    /// No arithmetic agrees with the vectors.
    #[error("this processor's arithmetic does not agree with the test vectors: {0}")]
    Arithmetic(#[from] adit_cpu::CpuError),
    /// The operating system has no randomness.
    #[error("the operating system gives no random bytes: {0}")]
    Random(#[from] getrandom::Error),
    /// The server failed.
    #[error("the server failed: {0}")]
    Server(std::io::Error),
}

impl From<WriteError> for ServeError {
    fn from(error: WriteError) -> Self {
        ServeError::Store(error.to_string())
    }
}

/// A coordinator, open and keeping its leases and epochs, with or without a socket.
pub struct Coordinator {
    app: Arc<http::App>,
    /// None where time does not pass by itself.
    upkeep: Option<tokio::task::JoinHandle<()>>,
    // Held for as long as the directory is in use.
    _lock: std::fs::File,
}

impl Coordinator {
    /// Opens the directory: makes key, token and database at first, and takes up what was under way otherwise.
    pub async fn open(config: &Config) -> Result<Self, ServeError> {
        let lock = directory::take(&config.data)?;
        let key = directory::load_or_make_key(&config.data)?;
        let token = directory::load_or_make_token(&config.data.join(directory::TOKEN))?;
        let public_key = key.public_key();
        let store = Store::open(config, key.clone()).await?;
        let terms = Terms { block_budget: config.block_budget, epoch_ms: config.epoch_ms };
        store.write(epoch::OpenFirst(terms)).await?;
        let checker = Checker::new(store.clone(), config.sources.clone())?;
        let upkeep = config.clock.runs().then(|| tokio::spawn(upkeep::run(store.clone(), terms)));
        let app = Arc::new(http::App {
            store,
            checker,
            cpu: adit_cpu::Cpu::best()?,
            key,
            public_key,
            token,
            terms,
            conduct: config.conduct,
            clock: config.clock.clone(),
            max_stored_bytes: config.max_stored_bytes,
            hosts: config.hosts.clone(),
            sources: config.sources.clone(),
            keyless_sessions: config.limits.keyless_sessions,
            limiter: std::sync::Mutex::new(Limiter::new(config.limits)),
            started: Instant::now(),
            requests: http::Requests::default(),
            audited: tokio::sync::Mutex::default(),
            activity: tokio::sync::Mutex::default(),
            output_bytes: tokio::sync::Semaphore::new(http::OUTPUT_BYTES_AT_ONCE),
        });
        Ok(Coordinator { app, upkeep, _lock: lock })
    }

    /// The coordinator's key.
    pub fn public_key(&self) -> PublicKey {
        self.app.public_key
    }

    /// The operator's token.
    pub fn token(&self) -> &str {
        &self.app.token
    }

    /// Everything that it serves; `web` is the page's directory. A socket's server tells it who calls, for the limits by
    /// address: `into_make_service_with_connect_info::<SocketAddr>()`.
    pub fn router(&self, web: Option<&Path>) -> Router {
        http::router(self.app.clone(), web)
    }

    /// What the ledger and the units promise; each sentence is one that does not hold.
    pub async fn audit(&self) -> Result<Vec<String>, DbError> {
        store::audit::audit(&mut *self.app.store.read().await?).await
    }

    /// Does at once what is done by and by: ends what is overdue, closes the epoch if its time is over, tidies up.
    pub async fn upkeep(&self) -> Result<(), ServeError> {
        upkeep::round(&self.app.store, self.app.terms).await?;
        Ok(upkeep::tidy(&self.app.store).await?)
    }

    /// Commits what was accepted and closes the directory.
    pub async fn close(self) {
        self.app.store.close().await;
    }
}

impl Drop for Coordinator {
    fn drop(&mut self) {
        if let Some(upkeep) = &self.upkeep {
            upkeep.abort();
        }
    }
}

/// Runs a coordinator until `shutdown` is ready; requests under way are answered first. `ready` is told the address.
pub async fn serve(
    config: Config,
    ready: impl FnOnce(SocketAddr, &Coordinator),
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let listener = tokio::net::TcpListener::bind(config.listen);
    let listener = listener.await.map_err(|error| ServeError::Listen(config.listen, error))?;
    let coordinator = Coordinator::open(&config).await?;
    let address = listener.local_addr().map_err(ServeError::Server)?;
    ready(address, &coordinator);
    let router = coordinator.router(config.web.as_deref());
    let router = router.into_make_service_with_connect_info::<SocketAddr>();
    let served = axum::serve(listener, router).with_graceful_shutdown(shutdown).await;
    coordinator.close().await;
    served.map_err(ServeError::Server)
}
