//! Adit's coordinator, which splits jobs into units, leases them to miners, verifies the outputs and pays for them.
//!
//! Each domain has a folder: [`jobs`], [`mining`], [`content`], [`people`], [`money`], [`receipts`], [`operate`],
//! [`neonet`], [`pool`]. In it, `http` parses requests and formats answers, `flow` loads data, applies the rules and saves,
//! and `store` holds the SQL. Every other file is a rule: a pure function of its arguments. `http` never uses the store,
//! and rules use neither. Domains share only flows and rules. [`store`] is the database engine, and [`batch`] is what its
//! writer applies.
//!
//! The path of a unit: `jobs/intake` and `jobs/order` (panels) → `jobs/flow` (job) → `mining/flow/lease` (unit, lease)
//! → `mining/http` and `mining/flow/delivery` (output) → `mining/flow/verify` over `mining/check` (verification) →
//! `mining/flow/settle` (verdict, money, receipt) → `money/flow` (payment).
//!
//! [`Coordinator::router`] works without a socket; [`serve`] listens on one.

mod app;
pub mod backup;
mod batch;
mod blocking;
mod bodies;
mod clock;
mod config;
mod content;
mod directory;
mod error;
#[cfg(feature = "faults")]
mod faults;
mod http;
mod jobs;
mod limits;
mod listen;
mod mining;
mod money;
mod neonet;
mod operate;
mod page;
mod people;
mod pool;
mod private;
mod random;
pub mod range;
#[cfg(test)]
mod reads;
mod receipts;
mod source;
mod store;
mod vital;
mod web;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use adit_core::PublicKey;
use axum::Router;

pub use bodies::Bodies;
pub use clock::Clock;
pub use config::Config;
pub use content::Storage;
pub use error::ServeError;
#[cfg(feature = "faults")]
pub use faults::Faults;
pub use jobs::intake;
pub use limits::{Limits, Rate};
pub use listen::{Connections, listen};
pub use mining::Conduct;
pub use neonet::gas;
pub use operate::Retention;
pub use pool::{
    Node, NodeAnswer, PAYOUT_MINIMUM, Pool, PoolConfig, PoolError, PoolFee, Upstream, pool_key, serve_pool,
};
pub use source::{BlockAnswer, BlockSource, Patience, Sources};
pub use store::DbError;
pub use web::{Embedded, Web};

use app::App;
use batch::Store;
use bodies::budget::Budget;
use http::Routes;
use http::authority::Authority;
use limits::Limiter;
use mining::flow::arrivals::Arrivals;
use mining::flow::verify::Checker;
use money::Terms;
use operate::flow::audit;
use operate::flow::upkeep::Upkeep;
use operate::{Audits, Requests};
use store::Db;
use vital::vital_task;

/// An open coordinator that keeps its leases and epochs, with or without a socket.
pub struct Coordinator {
    app: Arc<App>,
    upkeep: Arc<Upkeep>,
    /// Upkeep and audits; none if time does not pass by itself.
    background: Vec<tokio::task::JoinHandle<()>>,
    // Held while the directory is in use.
    _lock: directory::Lock,
}

/// Starts upkeep and audits.
fn in_background(
    store: &Store,
    clock: &Clock,
    upkeep: &Arc<Upkeep>,
    audits: &Arc<Audits>,
) -> Vec<tokio::task::JoinHandle<()>> {
    let upkeep = upkeep.clone();
    let audits = audit::run(store.clone(), clock.clone(), audits.clone());
    let ticks = vital_task("upkeep", async move { upkeep.run().await });
    vec![tokio::spawn(ticks), tokio::spawn(audits)]
}

impl Coordinator {
    /// Opens the directory. Creates the key, token and database on first use, and otherwise resumes.
    pub async fn open(config: &Config) -> Result<Self, ServeError> {
        range::check(config)?;
        let lock = directory::take(&config.data)?;
        let directory::Key { secret: key, is_named } = directory::load_or_make_key(&config.data)?;
        let storage_key = directory::load_or_make_storage_key(&config.data.join(directory::STORAGE_KEY))?;
        let token = directory::load_or_make_token(&config.data.join(directory::TOKEN))?;
        let public_key = key.public_key();
        let path = config.data.join(directory::DATABASE);
        directory::make_database(&path)?;
        let mut db = Db::open(&path, config.durable)?;
        belong_together(&mut db, &config.data, &public_key, is_named).await?;
        #[cfg(feature = "faults")]
        db.fail_at(config.faults.clone());
        config.clock.begin();
        let store = Store::open(&path, db, config.clock.clone(), config.conduct, key.clone()).await?;
        let terms = Terms { epoch_budget: config.epoch_budget, epoch_ms: config.epoch_ms };
        store.write(money::flow::OpenFirst(terms)).await?;
        if !is_named {
            directory::name_key(&config.data)?;
        }
        let checker = Checker::new(store.clone(), config.sources.clone())?;
        let (kept, clock) = (config.retention, &config.clock);
        let upkeep = Arc::new(Upkeep::new(store.clone(), clock.clone(), terms, kept, config.storage));
        let audits = Arc::new(Audits::default());
        let background = if clock.runs() { in_background(&store, clock, &upkeep, &audits) } else { Vec::new() };
        let app = Arc::new(App {
            store,
            checker,
            cpu: adit_cpu::Cpu::best()?,
            key,
            public_key,
            token,
            terms,
            conduct: config.conduct,
            storage: config.storage,
            storage_key,
            clock: config.clock.clone(),
            most_priority: config.most_priority,
            max_stored_bytes: config.max_stored_bytes,
            authority: Arc::new(Authority::new(config)),
            sources: config.sources.clone(),
            keyless_sessions: config.limits.keyless_sessions,
            limiter: Mutex::new(Limiter::new(config.limits)),
            started: Instant::now(),
            requests: Requests::default(),
            log_lines_lost: config.log_lines_lost.clone(),
            audits,
            bodies: config.bodies,
            outputs: Budget::new(config.bodies.outputs()),
            answers: Budget::new(config.bodies.answers()),
            arrivals: Arrivals::default(),
        });
        Ok(Coordinator { app, upkeep, background, _lock: lock })
    }

    /// The coordinator's key.
    pub fn public_key(&self) -> PublicKey {
        self.app.public_key
    }

    /// The operator's token.
    pub fn token(&self) -> &str {
        &self.app.token
    }

    /// The router for all calls; `web` are the page's files. Limits by address need the caller's address, which
    /// [`listen()`] adds.
    pub fn router(&self, web: Option<&Web>) -> Router {
        http::router(self.app.clone(), calls(), web)
    }

    /// The broken invariants of the ledger, units and log, one sentence each.
    pub async fn audit(&self) -> Result<Vec<String>, DbError> {
        operate::store::audit(&mut *self.app.store.read().await?).await
    }

    /// Runs one round of upkeep now: ends what is overdue, closes the epoch if it is due, and deletes what is too old,
    /// except soon after a start or after a step of the wall clock.
    pub async fn upkeep(&self) -> Result<(), ServeError> {
        Ok(self.upkeep.round().await?)
    }

    /// Commits queued operations and closes the directory.
    pub async fn close(self) {
        self.background.iter().for_each(tokio::task::JoinHandle::abort);
        self.app.store.close().await;
    }
}

impl Drop for Coordinator {
    fn drop(&mut self) {
        self.background.iter().for_each(tokio::task::JoinHandle::abort);
    }
}

/// Checks that this key signed the database. Only a key without a name may come to an empty one.
async fn belong_together(db: &mut Db, data: &Path, key: &PublicKey, is_named: bool) -> Result<(), ServeError> {
    let path = data.join(directory::KEY);
    match receipts::store::signer(db).await? {
        Some(signer) if signer != *key => Err(ServeError::OtherKey { path, found: *key, signer }),
        None if is_named && db.is_empty()? => Err(ServeError::DatabaseLost(data.join(directory::DATABASE), path)),
        _ => Ok(()),
    }
}

fn calls() -> Routes {
    let domains = [
        neonet::http::routes,
        people::http::routes,
        mining::http::routes,
        receipts::http::routes,
        jobs::http::routes,
        content::http::routes,
        money::http::routes,
        operate::http::routes,
    ];
    domains.into_iter().fold(Routes::new(), |calls, domain| calls.merge(domain()))
}

/// Runs a coordinator until `shutdown` resolves, then finishes open requests, for as long as [`Connections::drain_ms`]
/// allows. `ready` receives the address.
pub async fn serve(
    config: Config,
    ready: impl FnOnce(SocketAddr, &Coordinator),
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let listener = tokio::net::TcpListener::bind(config.listen);
    let listener = listener.await.map_err(|error| ServeError::Listen(config.listen, error))?;
    let coordinator = Coordinator::open(&config).await?;
    let address = listener.local_addr().map_err(ServeError::Server)?;
    ready(address, &coordinator);
    let router = coordinator.router(config.web.as_ref());
    listen(listener, router, config.connections, config.bodies, shutdown).await;
    coordinator.close().await;
    Ok(())
}
