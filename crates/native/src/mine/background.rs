//! A miner in the background: it prints nothing, and reports its state when asked.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use adit_core::PublicKey;
use adit_miner::machine::{Config, default_contributor};
use adit_miner::notice::{Notice, Status};
use adit_miner::rules::Decision;
use anyhow::{Context, Result};
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use tokio::sync::watch;

use super::overseer::Wish;
use super::session::{Session, pin};
use super::setup::Setup;
use super::{passphrase, pauses};
use crate::home::{Home, KeyFile, Known};

/// How long a start waits to learn whether the coordinator answers.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long a stop waits for the session to end.
const END_WITHIN: Duration = Duration::from_secs(10);

/// A miner that can be started and stopped.
pub(crate) struct Background {
    setup: Setup,
    gateways: Vec<String>,
    home: Home,
    running: Mutex<Option<Running>>,
    /// Starts and stops come one after the other.
    turn: tokio::sync::Mutex<()>,
}

/// A miner on a thread of its own.
struct Running {
    wishes: UnboundedSender<Wish>,
    seen: watch::Receiver<Seen>,
    since: Instant,
}

/// How a miner is doing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) state: State,
    /// How long it has been running, or ran.
    pub(crate) uptime: Duration,
    pub(crate) status: Status,
    /// Why the rules pause it.
    pub(crate) paused: Option<String>,
    /// What went wrong last.
    pub(crate) problem: Option<String>,
}

/// What a miner is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum State {
    #[default]
    Stopped,
    Connecting,
    Mining,
    Failed,
}

impl State {
    fn is_over(self) -> bool {
        matches!(self, State::Stopped | State::Failed)
    }
}

impl Background {
    /// A miner with these flags that has not started. It asks these gateways for input blocks.
    pub(crate) fn new(setup: Setup, gateways: Vec<String>, home: Home) -> Self {
        Background { setup, gateways, home, running: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// Opens the key, or creates it at first use. Returns the miner's id and its public key.
    pub(crate) fn identify(&self) -> Result<(String, PublicKey)> {
        let key = self.key()?.key.public_key();
        Ok((self.setup.id.clone().unwrap_or_else(|| default_contributor(&key)), key))
    }

    /// Starts the miner, and waits a little for the coordinator's answer. Returns whether it was stopped before.
    pub(crate) async fn start(&self) -> Result<bool> {
        let _turn = self.turn.lock().await;
        if self.running().as_ref().is_some_and(|running| !running.seen.borrow().state.is_over()) {
            return Ok(false);
        }
        let known = Known::load(self.home.known())?;
        let config = self.setup.config(&self.key()?, &known, &self.gateways)?;
        let (wishes, wished) = unbounded();
        let (teller, seen) = watch::channel(Seen { state: State::Connecting, ..Seen::default() });
        let (setup, home) = (self.setup.clone(), self.home.clone());
        let began = thread::Builder::new().name("miner".into());
        let began = began.spawn(move || run(&setup, &home, config, known, wished, &teller));
        began.context("cannot start the miner's thread")?;
        let mut watched = seen.clone();
        *self.running() = Some(Running { wishes, seen, since: Instant::now() });
        let answered = watched.wait_for(|seen| seen.state != State::Connecting || seen.problem.is_some());
        // A miner that is still connecting goes on by itself.
        drop(tokio::time::timeout(CONNECT_WITHIN, answered).await);
        Ok(true)
    }

    /// Stops the miner, and waits for the session's end. Returns whether it was running before.
    pub(crate) async fn stop(&self) -> Result<bool> {
        let _turn = self.turn.lock().await;
        let Some((wishes, mut seen)) = self.running().as_ref().map(|of| (of.wishes.clone(), of.seen.clone())) else {
            return Ok(false);
        };
        if seen.borrow().state.is_over() {
            return Ok(false);
        }
        // A miner that no longer listens is ending by itself.
        let _ = wishes.unbounded_send(Wish::Stop);
        let ended = tokio::time::timeout(END_WITHIN, seen.wait_for(|seen| seen.state.is_over()));
        let waited = ended.await.is_ok();
        anyhow::ensure!(waited, "the miner is still ending its session: ask get_mining_status in a few seconds");
        Ok(true)
    }

    /// How it is doing, or how it did last.
    pub(crate) fn seen(&self) -> Seen {
        let running = self.running();
        let Some(Running { seen, since, .. }) = running.as_ref() else { return Seen::default() };
        let seen = seen.borrow().clone();
        let uptime = if seen.state.is_over() { seen.uptime } else { since.elapsed() };
        Seen { uptime, ..seen }
    }

    fn key(&self) -> Result<KeyFile> {
        KeyFile::open_or_make(self.home.key(), passphrase().as_deref())
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Mines on this thread until told otherwise.
fn run(
    setup: &Setup,
    home: &Home,
    config: Config,
    known: Known,
    wishes: UnboundedReceiver<Wish>,
    teller: &watch::Sender<Seen>,
) {
    let since = Instant::now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = runtime.map_err(anyhow::Error::from).and_then(|runtime| {
        let ended = runtime.block_on(mine(setup, home, config, known, wishes, teller));
        runtime.shutdown_background();
        ended
    });
    teller.send_modify(|seen| {
        seen.uptime = since.elapsed();
        match ended {
            Ok(status) => (seen.state, seen.status) = (State::Stopped, status),
            Err(error) => (seen.state, seen.problem) = (State::Failed, Some(format!("{error:#}"))),
        }
    });
}

async fn mine(
    setup: &Setup,
    home: &Home,
    config: Config,
    mut known: Known,
    wishes: UnboundedReceiver<Wish>,
    teller: &watch::Sender<Seen>,
) -> Result<Status> {
    let server = config.server.clone();
    let notify = |notice: Notice| {
        let wrong = pin(&mut known, &server, &notice);
        teller.send_modify(|seen| {
            seen.problem = wrong.or(seen.problem.take());
            seen.hear(notice);
        });
    };
    let told = |decision: &Decision, facts: &adit_miner::rules::Facts, _| {
        teller.send_modify(|seen| seen.paused = pauses::sentence(decision, facts.now_ms));
    };
    let (mined, ends) = Session::open(setup, home).await?.run(config, wishes, notify, told).await;
    ends.wait().await;
    Ok(mined?)
}

impl Seen {
    fn hear(&mut self, notice: Notice) {
        match notice {
            Notice::SessionStarted { .. } => (self.state, self.problem) = (State::Mining, None),
            Notice::Status(status) => self.status = status,
            Notice::Retry { reason, .. } | Notice::TaskDropped { reason, .. } | Notice::Fatal { reason } => {
                self.problem = Some(reason);
            }
            Notice::Verdict { verdict, .. } => {
                let refused = "an output was refused as wrong: this machine may compute wrongly, see `adit doctor`";
                self.problem = (verdict == adit_core::statement::Verdict::Invalid).then(|| refused.to_owned());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        setup: Setup,
    }

    /// Without a coordinator, the miner tries again, says why, and stops when told to.
    #[tokio::test]
    async fn a_miner_without_a_coordinator_says_so_and_stops() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("miner.key");
        let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let server = format!("http://{nowhere}");
        let words = ["adit", "--server", &server, "--cpu", "1", "--gpu", "off"];
        let setup = Command::try_parse_from(words).unwrap().setup;
        let miner = Background::new(setup, Vec::new(), Home::find(Some(&key)).unwrap());
        assert!(!miner.stop().await.unwrap());
        assert_eq!(miner.seen().state, State::Stopped);
        assert!(miner.start().await.unwrap());
        assert!(!miner.start().await.unwrap());
        let seen = miner.seen();
        assert_eq!(seen.state, State::Connecting);
        assert!(seen.problem.is_some_and(|problem| !problem.is_empty()));
        assert!(miner.stop().await.unwrap());
        assert_eq!(miner.seen().state, State::Stopped);
        assert!(key.exists());
    }
}
