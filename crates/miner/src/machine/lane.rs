//! A lane as the machine sees it.

use adit_core::Kind;
use adit_core::sign::LeaseId;
use adit_protocol::mining::TaskGrant;

use super::blocks::Gathered;
use super::config::Device;
use crate::notice::LaneStatus;

/// A lane is switched off after this many failures or refused outputs in a row.
const PATIENCE: u32 = 3;

#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) device: Device,
    pub(crate) work: Work,
    pub(crate) backend: Option<String>,
    pub(crate) why: String,
    /// The kinds that its backend computes.
    pub(crate) kinds: Vec<Kind>,
    pub(crate) progress: f64,
    pub(crate) work_per_s: u64,
    pub(crate) units_valid: u64,
    /// Whether it waits because the key holds as many leases as it may.
    pub(crate) limited: bool,
    /// How often in a row there was no work when it asked.
    pub(crate) asked_in_vain: u32,
    faults: u32,
}

/// What a lane is doing.
#[derive(Debug)]
pub(crate) enum Work {
    /// Its backend is being chosen.
    Starting,
    /// It has no backend that can be trusted.
    Off,
    /// It needs a task but may not ask for one now.
    Idle,
    /// It has asked for a task.
    Asking,
    /// It asks again when its timer is due.
    Waiting,
    /// The unit's input blocks are being fetched.
    Fetching(Assigned, Gathered),
    /// The unit is being computed.
    Computing(Assigned),
    /// The output is being delivered.
    Delivering(LeaseId),
}

/// A task that was accepted.
#[derive(Debug)]
pub(crate) struct Assigned {
    pub(crate) grant: Box<TaskGrant>,
    pub(crate) task_type: String,
}

impl Assigned {
    pub(crate) fn lease(&self) -> LeaseId {
        self.grant.lease.lease
    }
}

impl Lane {
    pub(crate) fn new(device: Device) -> Self {
        Lane {
            device,
            work: Work::Starting,
            backend: None,
            why: String::new(),
            kinds: Vec::new(),
            progress: 0.0,
            work_per_s: 0,
            units_valid: 0,
            limited: false,
            asked_in_vain: 0,
            faults: 0,
        }
    }

    /// The unit whose blocks are fetched or that is computed.
    pub(crate) fn assigned(&self) -> Option<&Assigned> {
        match &self.work {
            Work::Fetching(assigned, _) | Work::Computing(assigned) => Some(assigned),
            _ => None,
        }
    }

    /// Whether a task is under way, from asking for it to the answer about its output.
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self.work, Work::Asking | Work::Fetching(..) | Work::Computing(_) | Work::Delivering(_))
    }

    /// Counts a failure or a refused output; true if that is one too many.
    pub(crate) fn fault(&mut self) -> bool {
        self.faults += 1;
        self.faults >= PATIENCE
    }

    pub(crate) fn worked(&mut self) {
        self.faults = 0;
    }

    pub(crate) fn status(&self, lane: u32) -> LaneStatus {
        LaneStatus {
            lane,
            device: self.device.name().into(),
            backend: self.backend.clone(),
            why: self.why.clone(),
            state: self.state().into(),
            progress: if matches!(self.work, Work::Computing(_)) { self.progress } else { 0.0 },
            work_per_s: self.work_per_s,
            units_valid: self.units_valid,
        }
    }

    fn state(&self) -> &'static str {
        match self.work {
            Work::Starting => "starting",
            Work::Off => "off",
            Work::Idle | Work::Asking => "idle",
            Work::Waiting => "waiting",
            Work::Fetching(..) => "fetching",
            Work::Computing(_) => "computing",
            Work::Delivering(_) => "delivering",
        }
    }
}
