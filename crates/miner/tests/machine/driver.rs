//! The driver's loop with real lanes, on one thread in virtual time.

use std::cell::{Cell, RefCell};

use adit_core::Kind;
use adit_core::kernel::Scalar;
use adit_core::kernel::engine::Processor;
use adit_core::statement::Verdict;
use adit_fetch::Scripted;
use adit_miner::driver::{Control, Fatal, Host, Lanes, Runtime, run};
use adit_miner::journal::{Journal, Memory};
use adit_miner::lane::{LaneCommand, LaneEvent};
use adit_miner::notice::Notice;
use adit_miner::runner::LaneRunner;
use futures::FutureExt;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::executor::block_on;

use crate::twin::Twin;
use crate::world::config;

/// Time passes only while every task waits.
#[derive(Default)]
struct Virtual(Cell<u64>);

impl Runtime for &Virtual {
    fn now_ms(&self) -> u64 {
        self.0.get()
    }

    async fn sleep(&self, ms: u64) {
        self.0.set(self.0.get() + ms.max(1));
    }

    fn random(&self) -> u64 {
        self.0.get()
    }
}

/// Lanes that compute as soon as they are told.
struct Direct {
    runners: Vec<LaneRunner<Processor<Scalar>>>,
    said: UnboundedSender<(u32, LaneEvent)>,
}

impl Direct {
    fn new(lanes: u32) -> (Self, UnboundedReceiver<(u32, LaneEvent)>) {
        let (said, heard) = unbounded();
        for lane in 0..lanes {
            let event = LaneEvent::Ready {
                backend: "scalar".into(),
                why: "a test".into(),
                work_per_s: 1,
                kinds: Kind::ALL.to_vec(),
            };
            said.unbounded_send((lane, event)).unwrap();
        }
        let runners = (0..lanes).map(|_| LaneRunner::new(Processor(Scalar))).collect();
        (Direct { runners, said }, heard)
    }
}

impl Lanes for Direct {
    fn send(&mut self, lane: u32, command: LaneCommand) {
        let runner = &mut self.runners[lane as usize];
        runner.obey(command);
        while let Some(slice) = runner.slice(|| 0.0).now_or_never().flatten() {
            if let Some(event) = slice.event {
                self.said.unbounded_send((lane, event)).unwrap();
            }
        }
    }
}

#[test]
fn the_loop_mines_the_wanted_number_of_units() {
    let twin = RefCell::new(Twin::new(4));
    let (runtime, journal) = (Virtual::default(), Memory::default());
    let (lanes, heard) = Direct::new(2);
    let (_person, controls) = unbounded();
    let mut wanted = config(2);
    wanted.max_units = Some(5);
    let fetch = Scripted::new(|request| Ok(twin.borrow_mut().answer(request)));
    let mut verdicts = Vec::new();
    let host = Host { fetch, journal: &journal, runtime: &runtime, lanes };
    let status = block_on(run(wanted, host, controls, heard, |notice| {
        if let Notice::Verdict { verdict, .. } = notice {
            verdicts.push(verdict);
        }
    }));
    assert_eq!(status.unwrap().units_valid, 5);
    assert_eq!(verdicts, [Verdict::Valid; 5]);
    assert_eq!(block_on(journal.all()), Ok(vec![]));
}

#[test]
fn a_person_can_stop_the_loop() {
    let twin = RefCell::new(Twin::new(0));
    let runtime = Virtual::default();
    let (lanes, heard) = Direct::new(1);
    let (person, controls) = unbounded();
    let fetch = Scripted::new(|request| Ok(twin.borrow_mut().answer(request)));
    let host = Host { fetch: &fetch, journal: Memory::default(), runtime: &runtime, lanes };
    let stopped = block_on(run(config(1), host, controls, heard, |notice| {
        if matches!(notice, Notice::NoWork { .. }) {
            person.unbounded_send(Control::Stop).unwrap();
        }
    }));
    assert!(stopped.is_ok());
    assert!(fetch.seen().last().unwrap().url.ends_with("/stop-session"));
}

#[test]
fn a_miner_that_cannot_go_on_says_why() {
    let runtime = Virtual::default();
    let (lanes, heard) = Direct::new(1);
    let (_person, controls) = unbounded();
    let fetch = Scripted::new(|_| Ok(adit_fetch::Response::new(200, r#"{"success":true}"#)));
    let host = Host { fetch, journal: Memory::default(), runtime: &runtime, lanes };
    let Err(Fatal(reason)) = block_on(run(config(1), host, controls, heard, |_| {})) else { panic!("it went on") };
    assert!(reason.contains("no Adit coordinator"), "{reason}");
}
