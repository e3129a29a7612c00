//! The loop that carries out the machine's actions: one task without threads or `Send`, so that it also runs in a web worker.

use std::future::Future;

use adit_core::sign::LeaseId;
use adit_fetch::{Fetch, follow};
use futures::channel::mpsc::UnboundedReceiver;
use futures::future::{FutureExt, LocalBoxFuture};
use futures::stream::{FuturesUnordered, StreamExt};
use futures::{pin_mut, select_biased};

use crate::journal::Journal;
use crate::lane::{LaneCommand, LaneEvent};
use crate::machine::{Action, Config, Event, Machine};
use crate::notice::{Notice, Status};

/// A clock and random numbers.
pub trait Runtime {
    /// Milliseconds of a clock that does not run backwards.
    fn now_ms(&self) -> u64;
    /// Waits for `ms` milliseconds.
    fn sleep(&self, ms: u64) -> impl Future<Output = ()>;
    /// 64 random bits that spread retries; they need not be secret.
    fn random(&self) -> u64;
}

/// The lanes, by number.
pub trait Lanes {
    /// Passes a command to a lane. A lane that is gone has already reported [`LaneEvent::Unusable`].
    fn send(&mut self, lane: u32, command: LaneCommand);
}

/// What a host provides.
#[derive(Debug)]
pub struct Host<F, J, R, L> {
    /// The HTTP client.
    pub fetch: F,
    /// Where outputs are kept until they are answered.
    pub journal: J,
    /// The clock and random numbers.
    pub runtime: R,
    /// Where units are computed.
    pub lanes: L,
}

/// What a person asks for, or the host on their behalf.
#[derive(Clone, Debug, PartialEq)]
pub enum Control {
    /// Lanes may work for this fraction of the time, 0.0 ..= 1.0.
    Duty(f64),
    /// A reason to pause: `battery`, `hidden`, … With `memory` alone, units under way go on.
    Pause(String),
    /// This reason to pause no longer holds.
    Resume(String),
    /// Retry now whatever has failed, without waiting.
    Hurry,
    /// Take no further unit, and stop once those under way are delivered.
    Finish,
    /// Stop mining.
    Stop,
}

/// The miner cannot go on; the message says what to do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Fatal(pub String);

/// Mines until it is stopped or cannot go on. `lane_events` carry a lane's index in the configured devices.
pub async fn run<F: Fetch, J: Journal, R: Runtime, L: Lanes>(
    config: Config,
    host: Host<F, J, R, L>,
    mut controls: UnboundedReceiver<Control>,
    mut lane_events: UnboundedReceiver<(u32, LaneEvent)>,
    notify: impl FnMut(Notice),
) -> Result<Status, Fatal> {
    let Host { fetch, journal, runtime, lanes } = host;
    let mut machine = Machine::new(config);
    let mut carrier = Carrier::new(&fetch, &journal, lanes, notify);
    let kept = journal.all().await.unwrap_or_else(|error| {
        (carrier.notify)(Notice::Retry { reason: error.to_string(), in_ms: 0 });
        Vec::new()
    });
    let mut event = Event::Start { journal: kept };
    loop {
        let actions = machine.handle(event, runtime.now_ms(), runtime.random());
        if carrier.carry_out(actions) {
            break;
        }
        let wait_ms = machine.wake_at_ms().unwrap_or(u64::MAX).saturating_sub(runtime.now_ms());
        let tick = runtime.sleep(wait_ms.min(LONGEST_SLEEP_MS)).fuse();
        pin_mut!(tick);
        event = select_biased! {
            control = controls.select_next_some() => control.into(),
            (lane, event) = lane_events.select_next_some() => Event::Lane { lane, event },
            written = carrier.writes.select_next_some() => written,
            answered = carrier.calls.select_next_some() => answered,
            () = tick => Event::Tick,
        };
    }
    while carrier.writes.next().await.is_some() {}
    carrier.fatal.map_or_else(|| Ok(machine.status()), |reason| Err(Fatal(reason)))
}

/// Browsers' timers take 31 bits of milliseconds.
const LONGEST_SLEEP_MS: u64 = 3_600_000;

impl From<Control> for Event {
    fn from(control: Control) -> Self {
        match control {
            Control::Duty(duty) => Event::Duty(duty),
            Control::Pause(reason) => Event::Pause(reason),
            Control::Resume(reason) => Event::Resume(reason),
            Control::Hurry => Event::Hurry,
            Control::Finish => Event::Finish,
            Control::Stop => Event::Stop,
        }
    }
}

/// Carries out actions and collects their results.
struct Carrier<'a, F, J, L, N> {
    fetch: &'a F,
    journal: &'a J,
    lanes: L,
    notify: N,
    calls: FuturesUnordered<LocalBoxFuture<'a, Event>>,
    writes: FuturesUnordered<LocalBoxFuture<'a, Event>>,
    fatal: Option<String>,
}

impl<'a, F: Fetch, J: Journal, L: Lanes, N: FnMut(Notice)> Carrier<'a, F, J, L, N> {
    fn new(fetch: &'a F, journal: &'a J, lanes: L, notify: N) -> Self {
        let (calls, writes) = (FuturesUnordered::new(), FuturesUnordered::new());
        Carrier { fetch, journal, lanes, notify, calls, writes, fatal: None }
    }

    /// Carries out `actions`; true if the machine has ended.
    fn carry_out(&mut self, actions: Vec<Action>) -> bool {
        let mut ended = false;
        for action in actions {
            match action {
                Action::Call { call, request } => {
                    let answer = follow(self.fetch, request);
                    self.calls.push(answer.map(move |answer| Event::Answer { call, answer }).boxed_local());
                }
                Action::Keep { lease, entry } => self.keep(lease, entry),
                Action::Forget { lease } => self.forget(lease),
                Action::Lane { lane, command } => self.lanes.send(lane, command),
                Action::Notice(notice) => {
                    if let Notice::Fatal { reason } = &notice {
                        self.fatal = Some(reason.clone());
                    }
                    (self.notify)(notice);
                }
                Action::Ended => ended = true,
            }
        }
        ended
    }

    fn keep(&mut self, lease: LeaseId, entry: Vec<u8>) {
        let put = self.journal.put(lease, entry);
        self.writes.push(put.map(move |result| Event::Kept { lease, result }).boxed_local());
    }

    /// Ignores a failure: an entry left behind is sent again in the next run, at the cost of one request.
    fn forget(&mut self, lease: LeaseId) {
        self.writes.push(self.journal.remove(lease).map(|_| Event::Tick).boxed_local());
    }
}
