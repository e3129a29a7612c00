//! A pool of miners who share RustChain rewards. It has its own database, port and signing key.
//!
//! A member attests in one of three modes:
//!
//! - *direct*: with its own wallet. The pool relays the attestation to the node byte for byte, the node pays the member, and
//!   the pool takes nothing.
//! - *pooled*: with a sub-wallet that the pool made for the device. The pool signs the attestation, the node pays the
//!   sub-wallet, and the pool takes its fee, divides the rest by published weights and pays the members.
//! - *local*: the pool has no node. It gives challenges and verdicts of its own, in the node's formats.
//!
//! An attestation counts once per device and slot, and only if the wallet's key signed it. At the end of an epoch the pool
//! signs the public list of weights and shares.
//!
//! [`count`] decides which attestations count, [`queue`] keeps to the node's rate limits, and [`payout`] chooses the wallets
//! that pay a member. `adit_rustchain` holds the formulas.
//!
//! The ledger's accounts, in µRTC: `chain` (minus what the node holds for the pool), `sub:ADDRESS` (credited to a sub-wallet
//! and not yet shared), `batch` (being shared), `member:ID`, `fee`, `carry` (shared when nobody had a weight),
//! `treasury`, `out:HASH` (reserved for a transfer), `transit` (between two wallets of the pool), `deficit` (clawed back and
//! not yet repaid, negative), `operator` (minus what the operator gave in local mode).

mod count;
mod flow;
mod http;
mod payout;
mod queue;
mod settings;
mod state;
mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use adit_core::PublicKey;
use adit_core::sign::SecretKey;
use adit_rustchain::{Code, Refusal};
use axum::Router;

pub use settings::{Node, NodeAnswer, PAYOUT_MINIMUM, PoolConfig, PoolFee, Upstream};

use crate::bodies::Bodies;
use crate::clock::Clock;
use crate::directory;
use crate::limits::{Limiter, Wait};
use crate::listen::listen;
use crate::store::{Db, DbError};
use crate::vital::vital_task;
use flow::books::{Books, Failure};
use flow::epochs::{SetFee, Terms, Upkeep};
use flow::node::Relayed;
use queue::Allowance;

/// The interval between two rounds of upkeep.
const TICK: Duration = Duration::from_secs(10);
/// The interval between two readings of the sub-wallets, each followed by payouts: one slot.
const SETTLE: Duration = Duration::from_secs(600);
/// The most answers of the node in the cache.
const MOST_KEPT: usize = 64;
/// The key derivation context of [`PoolApp::salt`]. Changing it would change every device id.
const SALT: &str = "adit pool 2026-11 device ids";

/// The state that all handlers share.
pub(crate) struct PoolApp {
    books: Books,
    terms: Terms,
    node: Option<Node>,
    /// Keys the hash that turns a device's description into its id, so that the database does not reveal serial numbers.
    salt: [u8; 32],
    clock: Clock,
    limiter: Mutex<Limiter>,
    allowance: Mutex<Allowance>,
    kept: Mutex<HashMap<String, (Instant, Relayed)>>,
}

impl PoolApp {
    fn limit(&self, rule: impl FnOnce(&mut Limiter, i64) -> Result<(), Wait>) -> Result<(), Wait> {
        rule(&mut locked(&self.limiter), self.clock.elapsed_ms())
    }

    /// Takes a place under the node's rate limits. Refuses with the wait if none is free.
    fn allow(&self, rule: impl FnOnce(&mut Allowance, i64) -> Result<(), i64>) -> Result<(), Refusal> {
        rule(&mut locked(&self.allowance), self.clock.elapsed_ms()).map_err(|wait_ms| {
            let seconds = u32::try_from(wait_ms.max(1)).unwrap_or(u32::MAX).div_ceil(1_000);
            let text = format!("the pool has reached the node's rate limit for its address; try again in {seconds} s");
            Refusal::saying(Code::RelayFull, text).retry_after(seconds)
        })
    }

    /// The cached answer for `path`, if it is newer than `within`.
    fn kept(&self, path: &str, within: Duration) -> Option<Relayed> {
        let kept = locked(&self.kept);
        kept.get(path).filter(|(at, _)| at.elapsed() < within).map(|(_, answer)| answer.clone())
    }

    fn keep(&self, path: &str, answer: Relayed) {
        let mut kept = locked(&self.kept);
        if kept.len() >= MOST_KEPT {
            kept.clear();
        }
        kept.insert(path.to_owned(), (Instant::now(), answer));
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An open pool. It needs no socket.
pub struct Pool {
    app: Arc<PoolApp>,
    upkeep: Option<tokio::task::JoinHandle<()>>,
    fee_from_epoch: i64,
    // Keeps other processes off the database until it is dropped.
    _lock: File,
}

impl Pool {
    /// Opens the database. Makes it and the pool's key on first use.
    ///
    /// Fails if another process uses the database, a file cannot be read or written, or the key or the sub-wallet secret is
    /// not the one that the database was made with.
    pub async fn open(config: &PoolConfig) -> Result<Pool, PoolError> {
        let path = &config.database;
        let lock = lock(path)?;
        let key = load_or_make_key(path)?;
        directory::make_database(path).map_err(|error| PoolError::Key(Box::new(error)))?;
        let db = Db::open(path, config.durable)?;
        config.clock.begin();
        let books = Books::open(path, db, config.clock.clone()).await?;
        let terms = Terms {
            key: key.clone(),
            epoch_reward: config.epoch_reward,
            wallets: config.wallets.clone().filter(|_| config.node.is_some()),
            payout_minimum: config.payout_minimum,
            fee_payout: config.fee_payout,
        };
        let app = Arc::new(PoolApp {
            books,
            terms,
            node: config.node.clone(),
            salt: blake3::derive_key(SALT, &*key.to_bytes()),
            clock: config.clock.clone(),
            limiter: Mutex::new(Limiter::new(config.limits)),
            allowance: Mutex::default(),
            kept: Mutex::default(),
        });
        let node = config.node.as_ref().map(|node| node.url.clone());
        let fee_from_epoch = app.books.write(SetFee(config.fee.bps())).await?;
        let wallets = app.terms.wallets.as_ref();
        app.books.write(flow::settings::Started::new(&key.public_key(), config.fee, node, wallets)).await??;
        let upkeep = config.clock.runs().then(|| tokio::spawn(vital_task("the pool's upkeep", keep_up(app.clone()))));
        Ok(Pool { app, upkeep, fee_from_epoch, _lock: lock })
    }

    /// The key that signs the pool's lists.
    pub fn public_key(&self) -> PublicKey {
        self.app.terms.key.public_key()
    }

    /// The first epoch with the configured fee. It is in the future if the fee was changed.
    pub fn fee_from_epoch(&self) -> i64 {
        self.fee_from_epoch
    }

    /// Routes all calls.
    pub fn router(&self) -> Router {
        http::router(self.app.clone())
    }

    /// Runs one round of upkeep: closes the epoch if it is over, books what the sub-wallets received, shares it and pays the
    /// members. Fails if the database does.
    pub async fn upkeep(&self) -> Result<(), PoolError> {
        self.app.books.write(Upkeep(self.app.terms.clone())).await?;
        Ok(settle(&self.app).await?)
    }

    /// Checks the books. Returns a sentence for each rule that does not hold.
    pub async fn audit(&self) -> Result<Vec<String>, PoolError> {
        Ok(flow::reads::audit(&self.app).await?)
    }

    /// Commits the queued writes and closes the database.
    pub async fn close(self) {
        self.app.books.close().await;
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(upkeep) = &self.upkeep {
            upkeep.abort();
        }
    }
}

/// Sends open transfers, books and shares what the sub-wallets received, then prepares and sends new transfers.
async fn settle(app: &PoolApp) -> Result<(), Failure> {
    let Some(node) = app.node.as_ref().filter(|_| app.terms.wallets.is_some()) else { return Ok(()) };
    flow::payouts::send_all(app, node).await?;
    if flow::wallets::read_all(app, node).await? {
        app.books.write(flow::shares::ShareAll(app.terms.clone())).await?;
    }
    app.books.write(flow::payouts::Prepare(app.terms.clone())).await?;
    flow::payouts::send_all(app, node).await
}

async fn keep_up(app: Arc<PoolApp>) {
    let mut settled = None;
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match app.books.write(Upkeep(app.terms.clone())).await {
            Err(Failure::Stopping) => return,
            Err(error) => tracing::error!(%error, "the pool's upkeep failed"),
            Ok(()) => {}
        }
        if settled.is_none_or(|at: Instant| at.elapsed() >= SETTLE) {
            settled = Some(Instant::now());
            if let Err(error) = settle(&app).await {
                tracing::error!(%error, "cannot settle the sub-wallets");
            }
        }
    }
}

/// The database's path with `suffix` appended.
fn beside(database: &Path, suffix: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Locks the database against other processes.
fn lock(database: &Path) -> Result<File, PoolError> {
    let path = beside(database, ".lock");
    let failed = |error: io::Error| PoolError::File(path.clone(), error);
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(PoolError::InUse(database.to_owned())),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// The key of a pool that exists, with which its operator speaks for it.
pub fn pool_key(database: &Path) -> Result<SecretKey, PoolError> {
    read_key(database)?.ok_or_else(|| PoolError::NoKey(beside(database, ".key")))
}

/// The key beside the database, readable by its owner alone.
fn read_key(database: &Path) -> Result<Option<SecretKey>, PoolError> {
    let path = beside(database, ".key");
    let text = directory::read_secret(&path).map_err(|error| PoolError::Key(Box::new(error)))?;
    text.map(|text| directory::read_key(&text).ok_or(PoolError::NotAKey(path))).transpose()
}

/// Reads the key file beside the database, or makes one that only its owner can read.
fn load_or_make_key(database: &Path) -> Result<SecretKey, PoolError> {
    let path = beside(database, ".key");
    let key = |error| PoolError::Key(Box::new(error));
    if let Some(secret) = read_key(database)? {
        return Ok(secret);
    }
    if database.is_file() {
        return Err(PoolError::KeyLost(path));
    }
    loop {
        let bytes = crate::random::secret().map_err(PoolError::Random)?;
        // All but about one in 2^128 32-byte strings are valid keys.
        if let Ok(secret) = SecretKey::from_bytes(&bytes) {
            directory::write_secret(&path, &hex::encode(*secret.to_bytes())).map_err(key)?;
            return Ok(secret);
        }
    }
}

/// Runs a pool until `shutdown` resolves. Calls `ready` with the bound address once the pool listens.
///
/// Fails if the address is not available or [`Pool::open`] fails.
pub async fn serve_pool(
    config: PoolConfig,
    ready: impl FnOnce(SocketAddr, &Pool),
    shutdown: impl Future<Output = ()>,
) -> Result<(), PoolError> {
    let listener = tokio::net::TcpListener::bind(config.listen);
    let listener = listener.await.map_err(|error| PoolError::Listen(config.listen, error))?;
    let pool = Pool::open(&config).await?;
    let address = listener.local_addr().map_err(|error| PoolError::Listen(config.listen, error))?;
    ready(address, &pool);
    listen(listener, pool.router(), config.connections, Bodies::default(), shutdown).await;
    pool.close().await;
    Ok(())
}

/// Why a pool cannot start, or fails later.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    /// The address is not available.
    #[error("cannot listen on {0}: {1}; if another program uses the port, choose one with --port")]
    Listen(SocketAddr, io::Error),
    /// Another process uses the database.
    #[error("the database {0} is in use by another pool: stop it, or choose another file with --db-path")]
    InUse(PathBuf),
    /// A file cannot be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// The file of the key or the database cannot be read or written.
    #[error(transparent)]
    Key(Box<crate::error::ServeError>),
    /// The key file does not hold a key.
    #[error("{0} does not hold a secp256k1 key: restore it from a backup, or start with a new database")]
    NotAKey(PathBuf),
    /// The database exists, but its key file is missing.
    #[error(
        "{0} is missing, but its key has signed the lists in the database: restore it from a backup, or start with a new database"
    )]
    KeyLost(PathBuf),
    /// No pool was ever started with this database.
    #[error("{0} is missing: name the pool's database with --db-path")]
    NoKey(PathBuf),
    /// The key is not the one that signed the database's lists.
    #[error("the key beside the database is {found}, but {signer} signed its lists: restore that key")]
    OtherKey {
        /// The key in the file.
        found: String,
        /// The key in the database.
        signer: String,
    },
    /// The database was made with another sub-wallet secret.
    #[error("the sub-wallet secret makes {found}, but the database was made with {used}: restore that secret")]
    OtherWallets {
        /// The address of wallet 0 under the secret.
        found: String,
        /// The address of wallet 0 in the database.
        used: String,
    },
    /// The database cannot be opened or migrated.
    #[error("the pool's database cannot be opened: {0}")]
    Database(#[from] DbError),
    /// A query failed while the pool ran.
    #[error("the pool's database failed: {0}")]
    Books(String),
    /// The operating system gives no random bytes.
    #[error("the operating system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

impl From<Failure> for PoolError {
    fn from(failure: Failure) -> Self {
        PoolError::Books(failure.to_string())
    }
}
