//! What lanes report, and how much they may work.

use crate::lane::{LaneCommand, LaneEvent};
use crate::notice::Notice;
use crate::rules::Reason;

use super::answer::readable;
use super::lane::{Lane, Work};
use super::{Device, Machine, Timer};

impl Machine {
    pub(super) fn take_lane_event(&mut self, index: u32, event: LaneEvent) {
        let Some(lane) = self.lanes.get_mut(index as usize) else { return };
        match event {
            LaneEvent::Ready { backend, why, work_per_s, kinds } => {
                lane.kinds = kinds;
                self.lane_ready(index, backend, why, work_per_s);
            }
            LaneEvent::Unusable { reason } => self.switch_off(index, reason),
            LaneEvent::Progress { lease, done_rows, rows } => {
                if lane.assigned().is_some_and(|assigned| assigned.lease() == lease) {
                    lane.progress = f64::from(done_rows) / f64::from(rows.max(1));
                }
            }
            LaneEvent::Done { lease, output, digest, busy_ms } => {
                if is_computing(lane, &lease) {
                    self.computed(index, output, digest, busy_ms);
                }
            }
            LaneEvent::Failed { lease, reason } => {
                if is_computing(lane, &lease) {
                    self.computing_failed(index, &readable(&reason));
                }
            }
        }
    }

    fn lane_ready(&mut self, index: u32, backend: String, why: String, work_per_s: u64) {
        let duty = self.lane_duty(index);
        let lane = &mut self.lanes[index as usize];
        if !matches!(lane.work, Work::Starting) {
            return;
        }
        (lane.backend, lane.why, lane.work_per_s) = (Some(backend), why, work_per_s);
        lane.work = Work::Idle;
        let status = lane.status(index);
        self.command(index, LaneCommand::Duty(duty));
        self.notice(Notice::Lane(status));
        self.employ(index);
    }

    /// Switches off a lane that has no backend or one that cannot be trusted. The others go on.
    pub(super) fn switch_off(&mut self, index: u32, reason: String) {
        let lane = &mut self.lanes[index as usize];
        if matches!(lane.work, Work::Off) {
            return;
        }
        let computing = matches!(lane.work, Work::Computing(_));
        (lane.work, lane.why) = (Work::Off, readable(&reason));
        let status = lane.status(index);
        if computing {
            self.command(index, LaneCommand::Abandon);
        }
        self.schedule.clear(Timer::Ask(index));
        self.schedule.clear(Timer::Overdue(index));
        self.forget_unneeded();
        self.tell_duty();
        self.notice(Notice::Lane(status));
        if self.lanes.iter().all(|lane| matches!(lane.work, Work::Off)) {
            self.fatal(format!("no lane can work: {}", readable(&reason)));
        }
    }

    pub(super) fn duty_changed(&mut self) {
        self.tell_duty();
        self.employ_all();
        let status = self.status();
        self.notice(Notice::Status(status));
    }

    fn tell_duty(&mut self) {
        for lane in 0..self.lanes.len() as u32 {
            if !matches!(self.lanes[lane as usize].work, Work::Starting | Work::Off) {
                self.command(lane, LaneCommand::Duty(self.lane_duty(lane)));
            }
        }
    }

    /// Whether no unit may be begun.
    pub(super) fn is_paused(&self) -> bool {
        self.duty == 0.0 || !self.pauses.is_empty()
    }

    /// Lanes that share an adapter also share its duty. At full duty there is nothing to share: while the adapter works for one,
    /// the other waits.
    fn lane_duty(&self, index: u32) -> f64 {
        let duty = self.effective_duty();
        let device = self.lanes[index as usize].device;
        let at_work = |lane: &&Lane| lane.device == device && !matches!(lane.work, Work::Off);
        match device {
            Device::Gpu if duty < 1.0 => duty / self.lanes.iter().filter(at_work).count().max(1) as f64,
            _ => duty,
        }
    }

    /// The duty after pauses. A lack of memory alone does not stop units under way, because delivering them frees their
    /// memory.
    fn effective_duty(&self) -> f64 {
        if self.pauses.iter().all(|reason| *reason == Reason::Memory.name()) { self.duty } else { 0.0 }
    }
}

fn is_computing(lane: &Lane, lease: &adit_core::sign::LeaseId) -> bool {
    matches!(&lane.work, Work::Computing(assigned) if assigned.lease() == *lease)
}
