//! Lanes as threads: each makes its own backend and computes until the driver is gone.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use adit_core::kernel::engine::Engine;
use adit_miner::driver::Lanes;
use adit_miner::lane::{LaneCommand, LaneEvent};
use adit_miner::machine::Device;
use adit_miner::runner::{KEPT_IDLE_MS, LaneRunner};
use adit_miner::trial;
use anyhow::Result;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::executor::block_on;

use super::adapter::Adapter;
use crate::engines::{BACKEND, clock, open_processor};

type Said = UnboundedSender<(u32, LaneEvent)>;

/// The lanes' threads, by lane.
pub(super) struct Threads(Vec<Sender<LaneCommand>>);

/// The threads' handles.
pub(super) struct Ends(Vec<JoinHandle<()>>);

impl Threads {
    /// Starts a lane for each device. The receiver yields the lanes' events.
    pub(super) fn start(devices: &[Device], adapter: Adapter) -> (Self, Ends, UnboundedReceiver<(u32, LaneEvent)>) {
        let (said, heard) = unbounded();
        let adapter = Arc::new(adapter);
        let threads =
            devices.iter().enumerate().map(|(lane, device)| spawn(lane as u32, *device, adapter.clone(), said.clone()));
        let (commands, ends): (Vec<_>, Vec<_>) = threads.unzip();
        (Threads(commands), Ends(ends.into_iter().flatten().collect()), heard)
    }
}

impl Ends {
    /// Waits until every lane has ended, which it does when its commands end. Graphics drivers crash if the program exits while
    /// they work; a driver that hangs is left behind.
    pub(super) async fn wait(self) {
        /// Enough for an emulated adapter to compile a kernel.
        const PATIENCE: Duration = Duration::from_secs(10);
        let deadline = Instant::now() + PATIENCE;
        while !self.0.iter().all(JoinHandle::is_finished) && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Lanes for Threads {
    fn send(&mut self, lane: u32, command: LaneCommand) {
        if let Some(thread) = self.0.get(lane as usize) {
            // A lane that is gone has reported that.
            let _ = thread.send(command);
        }
    }
}

fn spawn(
    lane: u32,
    device: Device,
    adapter: Arc<Adapter>,
    said: Said,
) -> (Sender<LaneCommand>, Option<JoinHandle<()>>) {
    let (commands, told) = channel();
    let to_say = said.clone();
    let thread = thread::Builder::new().name(format!("lane {lane}")).spawn(move || {
        let worked = match device {
            Device::Cpu => processor(lane, &told, &to_say),
            Device::Gpu => graphics(lane, &adapter, &told, &to_say),
        };
        if let Err(error) = worked {
            say(&to_say, lane, LaneEvent::Unusable { reason: format!("{error:#}") });
        }
    });
    let thread = thread.inspect_err(|error| {
        say(&said, lane, LaneEvent::Unusable { reason: format!("cannot start a thread: {error}") });
    });
    (commands, thread.ok())
}

fn processor(lane: u32, told: &Receiver<LaneCommand>, said: &Said) -> Result<()> {
    let (engine, rates) = open_processor()?;
    let chosen = if std::env::var_os(BACKEND).is_some() { "asked for by ADIT_BACKEND" } else { "the fastest here" };
    let why = format!("{chosen}, agrees with the vectors: {rates}");
    let kinds = block_on(trial::kinds(&engine))?;
    let (backend, work_per_s) = (engine.0.backend().to_string(), rates.products as u64);
    say(said, lane, LaneEvent::Ready { backend, why, work_per_s, kinds });
    work(lane, engine, told, said);
    Ok(())
}

fn graphics(lane: u32, adapter: &Adapter, told: &Receiver<LaneCommand>, said: &Said) -> Result<()> {
    let (engine, joined) = adapter.open()?;
    say(said, lane, joined);
    work(lane, engine, told, said);
    Ok(())
}

/// Computes until the other end of `told` is gone.
fn work<E: Engine>(lane: u32, engine: E, told: &Receiver<LaneCommand>, said: &Said) {
    let mut runner = LaneRunner::new(engine);
    let now_ms = clock();
    let mut rest_ms = 0.0;
    loop {
        let command = if runner.is_idle() {
            told.recv_timeout(Duration::from_millis(KEPT_IDLE_MS)).or_else(|_| {
                runner.free_buffers();
                told.recv().map_err(|_| RecvTimeoutError::Disconnected)
            })
        } else {
            told.recv_timeout(Duration::from_secs_f64(rest_ms / 1e3))
        };
        match command {
            Ok(command) => {
                runner.obey(command);
                rest_ms = 0.0;
                continue;
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if let Some(slice) = block_on(runner.slice(&now_ms)) {
            rest_ms = slice.rest_ms;
            if let Some(event) = slice.event {
                say(said, lane, event);
            }
        }
    }
}

fn say(said: &Said, lane: u32, event: LaneEvent) {
    // When the program ends, nobody listens.
    let _ = said.unbounded_send((lane, event));
}
