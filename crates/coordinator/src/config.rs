//! The settings of a coordinator. [`crate::range`] says which values they may have.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use adit_core::Amount;
use adit_protocol::jobs::Priority;

use crate::bodies::Bodies;
use crate::clock::Clock;
use crate::content::Storage;
#[cfg(feature = "faults")]
use crate::faults::Faults;
use crate::limits::Limits;
use crate::listen::Connections;
use crate::mining::Conduct;
use crate::operate::Retention;
use crate::source::Sources;
use crate::web::Web;

/// A coordinator's configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The address to listen on. Port 0 lets the system choose.
    pub listen: SocketAddr,
    /// The directory for the database, key, token and lock. Created if missing.
    pub data: PathBuf,
    /// The page's built files, served at `/`.
    pub web: Option<Web>,
    /// What an epoch may pay for sponsored work.
    pub epoch_budget: Amount,
    /// The length of an epoch, in ms.
    pub epoch_ms: i64,
    /// The highest priority of a requester's job, which pays for itself. The operator's own jobs may have any.
    pub most_priority: Priority,
    /// The most bytes the database may hold; a fuller one refuses new jobs.
    pub max_stored_bytes: u64,
    /// Further host names to answer under. Operators may always call under addresses and `localhost`; while it listens on
    /// loopback, everybody must call under those of loopback or one of these.
    pub hosts: Vec<String>,
    /// Further origins whose pages are answered while it listens on loopback, as `https://adit.example`. On other addresses
    /// pages of every origin are.
    pub origins: Vec<String>,
    /// Limits of connections.
    pub connections: Connections,
    /// Rate limits for callers.
    pub limits: Limits,
    /// Caps on the bodies of requests and answers.
    pub bodies: Bodies,
    /// Limits that depend on a miner's record.
    pub conduct: Conduct,
    /// Windows and limits of storage.
    pub storage: Storage,
    /// How long what has ended is kept.
    pub retention: Retention,
    /// Whether commits wait for the disk. If not, a power loss may undo work that was already confirmed.
    pub durable: bool,
    /// The clock.
    pub clock: Clock,
    /// Which statements fail, for tests.
    #[cfg(feature = "faults")]
    pub faults: Faults,
    /// The gateways to fetch remote blocks from.
    pub sources: Sources,
    /// How many lines of the log could not be written, counted by whoever writes it and shown in the metrics.
    pub log_lines_lost: Arc<AtomicUsize>,
}

impl Config {
    /// Defaults: 1 NNET in ten minutes, 32 GiB.
    pub fn new(listen: SocketAddr, data: PathBuf) -> Self {
        Config {
            listen,
            data,
            web: None,
            epoch_budget: Amount::from_nano(adit_core::amount::NANO_PER_NNET),
            epoch_ms: 600_000,
            most_priority: Priority::Normal,
            max_stored_bytes: 32 << 30,
            hosts: Vec::new(),
            origins: Vec::new(),
            connections: Connections::default(),
            limits: Limits::default(),
            bodies: Bodies::default(),
            conduct: Conduct::default(),
            storage: Storage::default(),
            retention: Retention::default(),
            durable: true,
            clock: Clock::default(),
            #[cfg(feature = "faults")]
            faults: Faults::default(),
            sources: Sources::default(),
            log_lines_lost: Arc::default(),
        }
    }
}
