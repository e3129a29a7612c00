//! One run of a miner with its lanes, rules and journal, whatever shows it.

use std::time::{Duration, Instant};

use adit_miner::driver::{Control, Fatal, Host, Runtime};
use adit_miner::machine::Config;
use adit_miner::notice::{Notice, Status};
use adit_miner::rules::{Decision, Facts};
use anyhow::Result;
use futures::channel::mpsc::{UnboundedReceiver, unbounded};

use super::adapter::Adapter;
use super::data::{Counted, Day};
use super::lanes::{Ends, Threads};
use super::overseer::{Overseer, Wish};
use super::setup::Setup;
use crate::home::{Directory, Home, Known};
use crate::server::{Http, http_to};

/// A miner that has not begun yet.
pub(super) struct Session {
    fetch: Counted<Http>,
    overseer: Overseer,
    controls: UnboundedReceiver<Control>,
    journal: Directory,
    adapter: Adapter,
}

impl Session {
    /// Opens what a miner needs beside its configuration.
    pub(super) async fn open(setup: &Setup, home: &Home) -> Result<Self> {
        let (person, controls) = unbounded();
        let day = Day::open(home.data());
        let fetch = Counted(http_to(&setup.sources)?, day.data());
        let overseer = Overseer::open(setup.when.rules(), day, person).await;
        let (journal, adapter) = (Directory::new(home.journal()), Adapter::new(setup.gpu, home.adapters()));
        Ok(Session { fetch, overseer, controls, journal, adapter })
    }

    /// Mines until told otherwise, or until it cannot go on. The lanes may end later.
    pub(super) async fn run(
        self,
        config: Config,
        wishes: UnboundedReceiver<Wish>,
        notify: impl FnMut(Notice),
        told: impl FnMut(&Decision, &Facts, bool),
    ) -> (Result<Status, Fatal>, Ends) {
        let Session { fetch, overseer, controls, journal, adapter } = self;
        let (lanes, ends, lane_events) = Threads::start(&config.devices, adapter);
        let host = Host { fetch, journal, runtime: Tokio::new(), lanes };
        let mined = tokio::select! {
            mined = adit_miner::run(config, host, controls, lane_events, notify) => mined,
            never = overseer.run(wishes, told) => match never {},
        };
        (mined, ends)
    }
}

/// Keeps the coordinator's key once it is known. Returns what went wrong, if anything.
pub(super) fn pin(known: &mut Known, server: &str, notice: &Notice) -> Option<String> {
    let Notice::Registered { coordinator_key, .. } = notice else { return None };
    let error = known.pin(server, *coordinator_key).err()?;
    Some(format!("the coordinator's key could not be kept: {error:#}"))
}

/// This process's clock and randomness.
struct Tokio(Instant);

impl Tokio {
    fn new() -> Self {
        Tokio(Instant::now())
    }
}

impl Runtime for Tokio {
    fn now_ms(&self) -> u64 {
        self.0.elapsed().as_millis() as u64
    }

    async fn sleep(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        // It only spreads retries, so zeros do no harm.
        let _ = getrandom::fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}
