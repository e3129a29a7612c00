//! Adit's coordinator: jobs, leases, verification, ledger, epochs, receipts.
//!
//! `http` parses into types and `service` decides; `store` writes. Bytes and mathematics are checked before the one
//! writer is asked. [`Coordinator::router`] works without a socket, [`serve`] puts it on one.
//!
//! A unit's way through these files: `intake` → `service/jobs` (order, panels) → `service/lease` (unit, lease) →
//! `http/delivery` → `service/check` (verification) → `service/settle` (verdict, money, receipt) →
//! `service/epoch` (payment).

mod clock;
mod error;
mod http;
pub mod intake;
mod service;
mod store;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use adit_core::sign::SecretKey;
use adit_core::{Amount, PublicKey};
use axum::Router;

pub use clock::Clock;
use service::check::Checker;
use service::{Terms, epoch, upkeep};
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
    /// What time it is.
    pub clock: Clock,
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
            clock: Clock::default(),
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
    /// A file of the directory.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// The key's file.
    #[error("{0} does not hold a secp256k1 key; restore it from a backup, or move it away to begin with a new key")]
    Key(PathBuf),
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
    upkeep: tokio::task::JoinHandle<()>,
    // Held for as long as the directory is in use.
    _lock: std::fs::File,
}

impl Coordinator {
    /// Opens the directory: makes key, token and database at first, and takes up what was under way otherwise.
    pub async fn open(config: &Config) -> Result<Self, ServeError> {
        let lock = take_directory(&config.data)?;
        let key = load_or_make_key(&config.data.join("coordinator.key"))?;
        let token = load_or_make_token(&config.data.join("admin.token"))?;
        let public_key = key.public_key();
        let store = Store::open(&config.data.join("adit.sqlite"), key.clone(), config.clock.clone()).await?;
        let terms = Terms { block_budget: config.block_budget, epoch_ms: config.epoch_ms };
        store.write(epoch::OpenFirst(terms)).await?;
        let checker = Checker::new(store.clone())?;
        let upkeep = tokio::spawn(upkeep::run(store.clone(), terms));
        let app = Arc::new(http::App {
            store,
            checker,
            cpu: adit_cpu::Cpu::best()?,
            key,
            public_key,
            token,
            terms,
            clock: config.clock.clone(),
            max_stored_bytes: config.max_stored_bytes,
            hosts: config.hosts.clone(),
            started: Instant::now(),
            requests: http::Requests::default(),
            audited: tokio::sync::Mutex::default(),
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

    /// Everything that it serves; `web` is the page's directory.
    pub fn router(&self, web: Option<&Path>) -> Router {
        http::router(self.app.clone(), web)
    }

    /// What the ledger and the units promise; each sentence is one that does not hold.
    pub async fn audit(&self) -> Result<Vec<String>, DbError> {
        store::audit::audit(&mut *self.app.store.read().await?).await
    }

    /// Does at once what is done twice a second: ends what is overdue, closes the epoch if its time is over.
    pub async fn upkeep(&self) -> Result<(), ServeError> {
        Ok(upkeep::round(&self.app.store, self.app.terms).await?)
    }

    /// Commits what was accepted and closes the directory.
    pub async fn close(self) {
        self.app.store.close().await;
        self.upkeep.abort();
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
    let served = axum::serve(listener, router).with_graceful_shutdown(shutdown).await;
    coordinator.close().await;
    served.map_err(ServeError::Server)
}

/// Makes the directory and locks it for this process.
fn take_directory(data: &Path) -> Result<std::fs::File, ServeError> {
    let failed = |error| ServeError::File(data.to_owned(), error);
    std::fs::create_dir_all(data).map_err(failed)?;
    let lock = std::fs::File::create(data.join("lock")).map_err(failed)?;
    lock.try_lock().map_err(|_| ServeError::InUse(data.to_owned()))?;
    Ok(lock)
}

fn load_or_make_key(path: &Path) -> Result<SecretKey, ServeError> {
    if let Some(text) = read_if_there(path)? {
        let bytes: Option<[u8; 32]> = hex::decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
        return bytes
            .and_then(|bytes| SecretKey::from_bytes(&bytes).ok())
            .ok_or_else(|| ServeError::Key(path.to_owned()));
    }
    loop {
        // All but a 2^-128 part of 32-byte strings are keys.
        if let Ok(key) = SecretKey::from_bytes(&store::secret()?) {
            write_private(path, &hex::encode(*key.to_bytes()))?;
            return Ok(key);
        }
    }
}

fn load_or_make_token(path: &Path) -> Result<String, ServeError> {
    if let Some(text) = read_if_there(path)? {
        // An empty token would be anybody's.
        let token = text.trim();
        return if token.len() < 16 { Err(ServeError::Token(path.to_owned())) } else { Ok(token.to_owned()) };
    }
    let token = hex::encode(store::secret()?);
    write_private(path, &token)?;
    Ok(token)
}

fn read_if_there(path: &Path) -> Result<Option<String>, ServeError> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ServeError::File(path.to_owned(), error)),
    }
}

/// Writes a secret that only its owner may read: the whole of it or, after a crash, nothing.
fn write_private(path: &Path, text: &str) -> Result<(), ServeError> {
    use std::io::Write;
    let draft = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&draft).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&draft, path)
    });
    written.map_err(|error| ServeError::File(path.to_owned(), error))
}
