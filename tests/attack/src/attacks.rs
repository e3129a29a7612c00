//! The attacks, a file for each kind of fault.

mod browser;
mod files;
mod paid;
mod starved;

use std::path::PathBuf;

use anyhow::Result;
use futures::FutureExt;
use futures::future::BoxFuture;

/// What every attack needs.
pub(crate) struct Stage {
    /// The program under attack.
    pub(crate) program: PathBuf,
    /// The built page.
    pub(crate) web: PathBuf,
}

/// One attack.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// What it does.
    pub(crate) tried: &'static str,
    /// Carries it out, and reports the outcome.
    pub(crate) run: fn(&Stage) -> BoxFuture<'_, Result<Outcome>>,
}

/// The outcome of an attack.
pub(crate) struct Outcome {
    /// Whether the program withstood it.
    pub(crate) held: bool,
    /// What was observed, for the table.
    pub(crate) seen: String,
}

impl Outcome {
    fn new(held: bool, seen: impl Into<String>) -> Result<Self> {
        Ok(Outcome { held, seen: seen.into() })
    }
}

/// Makes the table of attacks.
macro_rules! attacks {
    ($($name:literal, $tried:literal, $run:path;)*) => {
        /// Every attack, in the order in which they run.
        pub(crate) const ATTACKS: &[Attack] =
            &[$(Attack { name: $name, tried: $tried, run: |stage| $run(stage).boxed() },)*];
    };
}

attacks! {
    "absence", "a gateway answers 503 to everything, so that every block looks missing", paid::absence;
    "floats", "one row a little off, before rows of zeros", paid::floats_lie;
    "free-keys", "154 fresh keys of one address block take what they get and deliver nothing", paid::free_keys;
    "budget", "an epoch's budget of 4,000,000,000 NNET", paid::budget;
    "keyless", "a session without a key under an id that a key has proved", paid::keyless;
    "slow-readers", "200 readers of one result that never read", starved::slow_readers;
    "slow-senders", "as many deliveries as leases are given, of which only the headers come", starved::slow_senders;
    "half-requests", "1,030 half-requests, and then a request to stop", starved::half_requests;
    "unsigned", "6,000 deliveries without a signature from one address block", starved::unsigned;
    "wrong-outputs", "fresh keys of one address block deliver zeros against large weights", starved::wrong_outputs;
    "open-directory", "a data directory that everyone may read", files::open_directory;
    "twice", "a second coordinator on the same data, by a link, and after its folder was renamed", files::twice;
    "wrong-key", "another key beside the database, and a key whose database is gone", files::wrong_key;
    "full-disk", "a disk that is full while the coordinator runs", files::full_disk;
    "origins", "a web page, and another name, that reach for a coordinator on loopback", browser::origins;
    "frames", "a page that frames ours", browser::frames;
    "deputy", "a coordinator that sends a miner to a private address", browser::deputy;
}
