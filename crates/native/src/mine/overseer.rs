//! Keeps a person's rules while the miner works: looks at the machine, decides, and tells the miner what has changed.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use adit_miner::driver::Control;
#[cfg(feature = "tui")]
use adit_miner::rules::Break;
use adit_miner::rules::{Decision, Facts, Reason, Rules, decide};
use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender};

use super::data::Day;
use super::device;

/// How often the machine is looked at: soon enough for a laptop that is unplugged, and too seldom to cost anything.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// What a person at the terminal asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Wish {
    /// Pause for a while.
    #[cfg(feature = "tui")]
    Break(Break),
    /// End that pause.
    #[cfg(feature = "tui")]
    GoOn,
    /// Let lanes work for this fraction of the time.
    #[cfg(feature = "tui")]
    Duty(f64),
    /// Take no further unit, and stop once those under way are delivered.
    #[cfg(feature = "tui")]
    Finish,
    /// Stop.
    Stop,
}

/// The rules, and the last decision under them.
pub(super) struct Overseer {
    rules: Rules,
    started: Instant,
    day: Day,
    /// Until when a person paused the miner.
    paused_until_ms: Option<u64>,
    last: Decision,
    facts: Facts,
    person: UnboundedSender<Control>,
}

impl Overseer {
    /// Decides for the first time. Pauses that hold wait in `person` until the miner listens.
    pub(super) async fn open(rules: Rules, day: Day, person: UnboundedSender<Control>) -> Self {
        let last = decide(&Rules::default(), &Facts::default());
        let (started, facts) = (Instant::now(), Facts::default());
        let mut overseer = Overseer { rules, started, day, paused_until_ms: None, last, facts, person };
        overseer.look().await;
        overseer
    }

    /// Runs as long as the miner does. `told` is called with each decision, the facts that it follows from, and whether it
    /// differs from the last.
    pub(super) async fn run(
        mut self,
        mut wishes: UnboundedReceiver<Wish>,
        mut told: impl FnMut(&Decision, &Facts, bool),
    ) -> Infallible {
        told(&self.last, &self.facts, true);
        loop {
            tokio::select! {
                wish = wishes.select_next_some() => self.take(wish),
                () = tokio::time::sleep(self.wait()) => {}
            }
            let changed = self.look().await;
            told(&self.last, &self.facts, changed);
        }
    }

    fn now_ms(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    fn wait(&self) -> Duration {
        let next = self.last.next_change_ms.map(|at_ms| Duration::from_millis(at_ms.saturating_sub(self.now_ms())));
        next.map_or(LOOK_EVERY, |next| next.min(LOOK_EVERY))
    }

    fn take(&mut self, wish: Wish) {
        match wish {
            #[cfg(feature = "tui")]
            Wish::Break(of) => {
                let (now_ms, local) = (self.now_ms(), device::local_time(self.now_ms()));
                self.paused_until_ms = Some(of.until_ms(&Facts { now_ms, local, ..Facts::default() }));
            }
            #[cfg(feature = "tui")]
            Wish::GoOn => self.paused_until_ms = None,
            #[cfg(feature = "tui")]
            Wish::Duty(duty) => {
                let same = self.rules.duty_in_use == self.rules.duty_idle;
                self.rules.duty_idle = duty;
                self.rules.duty_in_use = if same { duty } else { self.rules.duty_in_use.min(duty) };
            }
            #[cfg(feature = "tui")]
            Wish::Finish => self.tell(Control::Finish),
            Wish::Stop => self.tell(Control::Stop),
        }
    }

    /// Looks at the machine and decides. Returns whether anything but the decision's times has changed.
    async fn look(&mut self) -> bool {
        let facts = device::look(&self.rules, self.now_ms()).await;
        let cooling = self.last.pauses.iter().any(|pause| pause.reason == Reason::Heat);
        let data_bytes = Some(self.day.bytes(&device::today(), self.rules.max_data_bytes.is_some()));
        self.facts = Facts { paused_until_ms: self.paused_until_ms, cooling, data_bytes, ..facts };
        let next = decide(&self.rules, &self.facts);
        controls(&self.last, &next).into_iter().for_each(|control| self.tell(control));
        let reasons = |decision: &Decision| decision.pauses.iter().map(|pause| pause.reason).collect::<Vec<_>>();
        let person = |decision: &Decision| decision.pauses.first().filter(|pause| pause.reason == Reason::You).cloned();
        let changed = reasons(&self.last) != reasons(&next)
            || person(&self.last) != person(&next)
            || self.last.duty != next.duty
            || self.last.unknown != next.unknown;
        self.last = next;
        changed
    }

    fn tell(&self, control: Control) {
        // If nobody listens, the program is ending.
        let _ = self.person.unbounded_send(control);
    }
}

/// What the miner has to hear when one decision follows another.
fn controls(last: &Decision, next: &Decision) -> Vec<Control> {
    let has = |decision: &Decision, reason| decision.pauses.iter().any(|pause| pause.reason == reason);
    let name = |reason: Reason| reason.name().to_owned();
    let begins = next.pauses.iter().map(|pause| pause.reason).filter(|reason| !has(last, *reason));
    let ends = last.pauses.iter().map(|pause| pause.reason).filter(|reason| !has(next, *reason));
    let mut controls: Vec<Control> = begins.map(|reason| Control::Pause(name(reason))).collect();
    // The duty changes before the pauses end, so that nothing is computed at an outdated duty.
    controls.extend((next.duty > 0.0 && next.duty != last.duty).then_some(Control::Duty(next.duty)));
    controls.extend(ends.map(|reason| Control::Resume(name(reason))));
    controls
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::channel::mpsc::unbounded;

    #[test]
    fn the_miner_hears_what_has_changed_and_nothing_else() {
        let rules = Rules { pause_on_battery: true, duty_in_use: 0.25, max_celsius: Some(80), ..Rules::default() };
        let of = |on_battery, celsius, idle_ms| {
            let known = Facts { on_battery: Some(on_battery), celsius: Some(celsius), ..Facts::default() };
            decide(&rules, &Facts { idle_ms: Some(idle_ms), ..known })
        };
        let (working, both) = (of(false, 50, 0), of(true, 90, 0));
        let pause = |reason: &str| Control::Pause(reason.into());
        let resume = |reason: &str| Control::Resume(reason.into());
        assert_eq!(controls(&working, &working), []);
        assert_eq!(controls(&working, &both), [pause("battery"), pause("heat")]);
        assert_eq!(controls(&both, &of(false, 90, 0)), [resume("battery")]);
        assert_eq!(controls(&both, &of(false, 50, 900_000)), [Control::Duty(1.0), resume("battery"), resume("heat")]);
    }

    #[tokio::test]
    async fn a_rule_that_holds_from_the_start_pauses_before_the_miner_begins() {
        let (person, mut controls) = unbounded();
        let folder = tempfile::tempdir().unwrap();
        let day = Day::open(folder.path().join("miner.data.json"));
        day.data().add(2_000_000);
        let rules = Rules { max_data_bytes: Some(1_000_000), ..Rules::default() };
        let overseer = Overseer::open(rules, day, person).await;
        assert_eq!(controls.try_recv().ok(), Some(Control::Pause("data".into())));
        assert_eq!(overseer.last.pauses[0].reason, Reason::Data);
    }

    #[cfg(feature = "tui")]
    #[tokio::test]
    async fn a_persons_break_ends_when_they_say_so() {
        let (person, mut controls) = unbounded();
        let folder = tempfile::tempdir().unwrap();
        let day = Day::open(folder.path().join("miner.data.json"));
        let mut overseer = Overseer::open(Rules::default(), day, person).await;
        overseer.take(Wish::Break(Break::Hour));
        assert!(overseer.look().await);
        assert_eq!(controls.try_recv().ok(), Some(Control::Pause("you".into())));
        assert!(overseer.wait() <= LOOK_EVERY);
        overseer.take(Wish::GoOn);
        assert!(overseer.look().await);
        assert_eq!(controls.try_recv().ok(), Some(Control::Duty(1.0)));
        assert_eq!(controls.try_recv().ok(), Some(Control::Resume("you".into())));
        overseer.take(Wish::Duty(0.5));
        assert!(overseer.look().await);
        assert_eq!(controls.try_recv().ok(), Some(Control::Duty(0.5)));
    }
}
