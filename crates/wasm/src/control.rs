//! The package `control`: the miner's machine and driver, for the control worker.

use adit_core::statement::SiteShare;
use adit_fetch::Browser;
use adit_miner::driver::{Control, Host};
use adit_miner::lane::LaneEvent;
use adit_miner::machine::{Choice, Config, Device};
use adit_miner::rules;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use wasm_bindgen::prelude::*;

pub use crate::host::ControlHost;
use crate::host::{Clock, Database, Workers};
use crate::key::secret_key;
use crate::values::to_js;

/// The most input blocks that are kept for later units. It is small because a tab shares the device's memory.
const CACHE_BYTES: usize = 128 << 20;

/// Says when a miner may work: `Rules` and `Facts` of worker/wire.ts as JSON give a `Decision`. The error says which value is wrong.
#[wasm_bindgen]
pub fn decide(rules: &str, facts: &str) -> Result<JsValue, JsError> {
    Ok(to_js(&rules::decide(&rules::Rules::parse(rules)?, &rules::Facts::parse(facts)?))?)
}

/// When a `Break` of worker/wire.ts ends if it begins now, given `Facts` as JSON.
#[wasm_bindgen]
pub fn break_until_ms(of: &str, facts: &str) -> Result<f64, JsError> {
    Ok(rules::Break::parse(of)?.until_ms(&rules::Facts::parse(facts)?) as f64)
}

/// A miner that runs once, from Start to Stop.
#[wasm_bindgen]
pub struct Miner {
    controls: UnboundedSender<Control>,
    lane_events: UnboundedSender<(u32, LaneEvent)>,
    inbox: Option<Inbox>,
    config: Config,
    host: ControlHost,
}

type Inbox = (UnboundedReceiver<Control>, UnboundedReceiver<(u32, LaneEvent)>);

#[wasm_bindgen]
impl Miner {
    /// A miner that does not run yet. Lanes are numbered from 0: the processor's first, then the graphics adapter's. `pinned`
    /// is the coordinator's key, if it is known.
    #[wasm_bindgen(constructor)]
    #[allow(clippy::too_many_arguments)] // JavaScript would have to build an object only for it to be taken apart.
    pub fn new(
        server: &str,
        origin: String,
        cpu_lanes: usize,
        gpu: bool,
        duty: f64,
        pinned: Option<String>,
        secret: &[u8],
        host: ControlHost,
    ) -> Result<Miner, JsError> {
        let pinned = pinned.map(|key| key.parse()).transpose()?;
        let key = secret_key(secret)?;
        let config = Config {
            origin,
            pinned,
            duty,
            cache_bytes: CACHE_BYTES,
            ..Config::new(server, key, Device::lanes(cpu_lanes, gpu))
        };
        let (controls, control_inbox) = unbounded();
        let (lane_events, lane_inbox) = unbounded();
        Ok(Miner { controls, lane_events, inbox: Some((control_inbox, lane_inbox)), config, host })
    }

    /// The number of its lanes.
    #[wasm_bindgen(getter)]
    pub fn lanes(&self) -> usize {
        self.config.devices.len()
    }

    /// Mines until it is stopped or fails; the error says why. It can be called once.
    pub fn run(&mut self) -> js_sys::Promise {
        let (inbox, config, host) = (self.inbox.take(), self.config.clone(), self.host.clone());
        wasm_bindgen_futures::future_to_promise(async move {
            let (controls, lane_events) = inbox.ok_or_else(|| JsError::new("this miner has run already"))?;
            let tell = |notice| match to_js(&notice) {
                Ok(notice) => host.tell(notice),
                Err(error) => wasm_bindgen::throw_val(error.into()),
            };
            let surroundings = Host {
                fetch: Browser,
                journal: Database(host.clone()),
                runtime: Clock(host.clone()),
                lanes: Workers(host.clone()),
            };
            adit_miner::run(config, surroundings, controls, lane_events, tell).await.map_err(JsError::from)?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Restricts the jobs to work for, before it runs: to those that are open to everybody, or to one.
    pub fn choose(&mut self, open_source: bool, job: Option<f64>) {
        self.config.choice = Choice { open_source, job: job.map(|job| job as u64) };
    }

    /// Gives a part of what it earns, in basis points, to the key of a site, before it runs. The error says what is wrong.
    pub fn share(&mut self, site: &str, site_bps: u32) -> Result<(), JsError> {
        let share = SiteShare { site: site.parse()?, site_bps };
        if !share.is_valid() {
            return Err(JsError::new("a site's share is a key and a part within 1 to 10000 basis points"));
        }
        self.config.share = Some(share);
        Ok(())
    }

    /// Sets the fraction of the time that lanes may work.
    pub fn duty(&self, duty: f64) {
        self.tell(Control::Duty(duty));
    }

    /// Adds a reason to pause.
    pub fn pause(&self, reason: String) {
        self.tell(Control::Pause(reason));
    }

    /// Removes a reason to pause.
    pub fn resume(&self, reason: String) {
        self.tell(Control::Resume(reason));
    }

    /// Retries now whatever has failed.
    pub fn hurry(&self) {
        self.tell(Control::Hurry);
    }

    /// Takes no further unit, and stops once those under way are delivered.
    pub fn finish(&self) {
        self.tell(Control::Finish);
    }

    /// Ends the session, and then [`Miner::run`].
    pub fn stop(&self) {
        self.tell(Control::Stop);
    }

    /// Reports that a lane has a backend.
    pub fn lane_ready(&self, lane: u32, backend: String, why: String, work_per_s: f64, kinds: Vec<String>) {
        // A kind that this package does not know is not one that it could lease.
        let kinds = kinds.iter().filter_map(|kind| kind.parse().ok()).collect();
        self.report(lane, LaneEvent::Ready { backend, why, work_per_s: work_per_s as u64, kinds });
    }

    /// Reports that a lane cannot work.
    pub fn lane_unusable(&self, lane: u32, reason: String) {
        self.report(lane, LaneEvent::Unusable { reason });
    }

    /// Reports that a slice of a unit is computed.
    pub fn unit_progress(&self, lane: u32, lease: &str, done_rows: u32, rows: u32) -> Result<(), JsError> {
        self.report(lane, LaneEvent::Progress { lease: lease.parse()?, done_rows, rows });
        Ok(())
    }

    /// Reports that a unit is computed.
    pub fn unit_done(
        &self,
        lane: u32,
        lease: &str,
        digest: &str,
        busy_ms: f64,
        output: Vec<u8>,
    ) -> Result<(), JsError> {
        self.report(lane, LaneEvent::Done { lease: lease.parse()?, output, digest: digest.parse()?, busy_ms });
        Ok(())
    }

    /// Reports that a unit could not be computed.
    pub fn unit_failed(&self, lane: u32, lease: &str, reason: String) -> Result<(), JsError> {
        self.report(lane, LaneEvent::Failed { lease: lease.parse()?, reason });
        Ok(())
    }

    fn report(&self, lane: u32, event: LaneEvent) {
        // It fails after the miner has ended, when lanes no longer matter.
        let _ = self.lane_events.unbounded_send((lane, event));
    }

    fn tell(&self, control: Control) {
        // It fails after the miner has ended, when there is nothing to control.
        let _ = self.controls.unbounded_send(control);
    }
}
