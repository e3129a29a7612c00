//! Prints a miner's notices, in the lines that users of NeoNet's miner know or as JSON.

use std::io::Write;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use adit_core::Amount;
use adit_core::statement::Verdict;
use adit_miner::notice::{LaneStatus, Notice, Status};
use adit_miner::rules::{Decision, Ends, Fact};
use adit_miner::trial::quantity;
use adit_protocol::mining::TaskAbout;
use adit_protocol::neonet::GasInfo;
use serde::Serialize;

use super::banner::Banner;
use super::pauses;
use crate::amount::{clock, nnet};
use crate::text::clean;

/// The time between two lines of status.
const STATUS_EVERY: Duration = Duration::from_secs(30);

/// Prints notices.
pub(super) struct Printer<W> {
    out: W,
    json: bool,
    total: Amount,
    gas_shown: bool,
    waiting: bool,
    status_at: Instant,
    last: Option<Status>,
    /// Why it pauses and until when.
    paused: Option<String>,
    /// The facts that people were told are unknown.
    unknown: Vec<Fact>,
}

/// A line of JSON: an object with the time (Unix, ms).
#[derive(Serialize)]
struct Timed<'a, T> {
    #[serde(flatten)]
    of: &'a T,
    at_ms: u64,
}

/// The lines of JSON that are not notices of the miner.
#[derive(Serialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
enum Extra<'a> {
    /// What the rules allow from now on. Instants are Unix ms.
    Rules {
        #[serde(flatten)]
        decision: Decision,
    },
    /// Something that a person should know.
    Warning { reason: &'a str },
}

/// `value` as a line of JSON with the time.
pub(super) fn timed(value: &impl Serialize) -> String {
    // Everything that is printed can be written as JSON.
    serde_json::to_string(&Timed { of: value, at_ms: unix_ms() }).unwrap_or_default()
}

fn unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

impl<W: Write> Printer<W> {
    /// Prints to `out`, which gets whole lines. Mining goes on whether it takes them or not.
    pub(super) fn new(out: W, json: bool) -> Self {
        let (total, status_at) = (Amount::ZERO, Instant::now());
        let (gas_shown, waiting) = (false, false);
        Printer { out, json, total, gas_shown, waiting, status_at, last: None, paused: None, unknown: Vec::new() }
    }

    pub(super) fn banner(&mut self, banner: &Banner<'_>) {
        if !self.json {
            banner.to_string().lines().for_each(|line| self.line(line));
        }
    }

    pub(super) fn warn(&mut self, text: &str) {
        match self.json {
            true => self.write(&timed(&Extra::Warning { reason: text })),
            false => self.line(&format!("[WARN] {text}")),
        }
    }

    /// Says what the rules allow, `now_ms` being the time on the decision's clock.
    pub(super) fn decided(&mut self, decision: &Decision, now_ms: u64) {
        if self.json {
            let decision = since_1970(decision.clone(), now_ms);
            return self.write(&timed(&Extra::Rules { decision }));
        }
        for fact in &decision.unknown {
            if !self.unknown.contains(fact) {
                self.unknown.push(*fact);
                self.warn(pauses::unknown(*fact));
            }
        }
        let paused = pauses::sentence(decision, now_ms);
        match (&self.paused, &paused) {
            (before, Some(after)) if before.as_ref() != Some(after) => self.line(&format!("[PAUSE] {after}")),
            (Some(_), None) => self.line("[INFO] Mining goes on"),
            _ => {}
        }
        self.paused = paused;
    }

    pub(super) fn notice(&mut self, notice: Notice) {
        if matches!(notice, Notice::Beacon { .. }) {
            // It holds the session's secret, and a log may be read by others.
            return;
        }
        if self.json {
            return self.write(&timed(&notice));
        }
        match notice {
            Notice::Gas(gas) => self.gas(&gas),
            Notice::Registered { contributor, coordinator_key } => {
                self.line(&format!("[OK] Registered as {contributor} with coordinator {coordinator_key}"));
            }
            Notice::SessionStarted { resumed } => self.session(resumed),
            Notice::Lane(lane) => self.lane(&lane),
            Notice::TaskStarted { lane, lease, task_type, job, work, about, .. } => {
                self.waiting = false;
                let (lease, work) = (lease.to_string(), quantity(work as f64));
                let id = &lease[..8];
                self.line(&format!(
                    "[TASK] Processing: {task_type} (ID: {id}...) | Lane {lane} | Job {job}{} | {work} operations",
                    about.map_or(String::new(), |about| told_about(&about))
                ));
            }
            Notice::Fetching { lane, job, bytes } => {
                let bytes = quantity(bytes as f64);
                self.line(&format!("[INFO] Fetching {bytes}B of inputs | Lane {lane} | Job {job}"));
            }
            Notice::TaskComputed { lane, busy_ms, .. } => {
                self.line(&format!("[DONE] Computed in {busy_ms:.0}ms | Lane {lane}"));
            }
            Notice::Verdict { lane, verdict, reward, receipt } => {
                self.verdict(lane, verdict, reward, &receipt.receipt.strength())
            }
            Notice::TaskDropped { lane, reason } => {
                self.line(&format!("[WARN] Lane {lane} dropped its unit: {reason}"))
            }
            Notice::Retry { reason, in_ms } => self.line(&format!("[WARN] {reason}{}", again(in_ms))),
            Notice::NoWork { in_ms, .. } => self.no_work("There is no work now", in_ms),
            Notice::Limited { reason, in_ms, .. } => self.no_work(&reason, in_ms),
            Notice::Status(status) => self.status(status),
            Notice::Stopped { summary } => self.stopped(summary.is_some()),
            // The program's last line reports it.
            Notice::Fatal { .. } | Notice::Beacon { .. } => {}
        }
    }

    /// Prints fees in full the first time, then in one line.
    fn gas(&mut self, gas: &GasInfo) {
        let GasInfo { neo_transfer_fee, token_transfer_fee, active_providers, congestion_level, fee_model } = gas;
        if self.gas_shown {
            return self.line(&format!(
                "[GAS] Fee: {neo_transfer_fee:.6} NEO | Congestion: {congestion_level} | Providers: {active_providers}"
            ));
        }
        self.gas_shown = true;
        self.line(&format!("[GAS] Network Fee Model: {fee_model}"));
        self.line(&format!("[GAS] NEO Transfer Fee: {neo_transfer_fee:.6} NEO"));
        self.line(&format!("[GAS] Token Transfer Fee: {token_transfer_fee:.6} NEO"));
        self.line(&format!("[GAS] Congestion Level: {congestion_level}"));
        self.line(&format!("[GAS] Active Providers: {active_providers}"));
    }

    fn session(&mut self, resumed: bool) {
        if resumed {
            return self.line("[OK] Session resumed");
        }
        self.line("[OK] Session started");
        self.line("[MINING] Starting task processing...");
        self.line("[INFO] Press Ctrl+C to stop");
    }

    fn lane(&mut self, lane: &LaneStatus) {
        let LaneStatus { lane, device, backend, why, .. } = lane;
        match backend {
            Some(backend) => self.line(&format!("[INFO] Lane {lane}: {device}, {backend}: {why}")),
            None => self.line(&format!("[INFO] Lane {lane}: {device} is off: {why}")),
        }
    }

    fn verdict(&mut self, lane: u32, verdict: Verdict, reward: Amount, strength: &str) {
        match verdict {
            Verdict::Valid => {
                self.total = self.total.checked_add(reward).unwrap_or(self.total);
                let (reward, total) = (nnet(reward), nnet(self.total));
                self.line(&format!("[REWARD] +{reward} | Total: {total} | Verified: {strength} | Lane {lane}"));
            }
            Verdict::Invalid => {
                self.line(&format!("[ERROR] Lane {lane}: the output was refused as wrong, nothing is paid"))
            }
            Verdict::TooLate => self.line(&format!("[WARN] Lane {lane}: another miner's output was there first")),
            Verdict::Inconclusive => {
                self.line(&format!("[WARN] Lane {lane}: the check could not decide, nothing is paid"))
            }
        }
    }

    /// Printed once, until there is work again.
    fn no_work(&mut self, why: &str, in_ms: u64) {
        if !self.waiting {
            self.waiting = true;
            self.line(&format!("[INFO] {why}{}", again(in_ms)));
        }
    }

    fn status(&mut self, status: Status) {
        if self.status_at.elapsed() >= STATUS_EVERY {
            self.status_at = Instant::now();
            let paused = self.paused.as_ref().map_or(String::new(), |paused| format!(" | Paused: {paused}"));
            self.line(&format!("{}{paused}", shown(&status)));
        }
        self.last = Some(status);
    }

    fn stopped(&mut self, ended: bool) {
        if let Some(status) = &self.last {
            let line = shown(status);
            self.line(&line);
        }
        self.line(if ended { "[OK] Session ended" } else { "[OK] Stopped" });
    }

    /// Prints text from the network so that it cannot act on the terminal.
    fn line(&mut self, text: &str) {
        self.write(&clean(text));
    }

    fn write(&mut self, text: &str) {
        // What is lost is counted where the lines are written.
        let _ = self.out.write_all(format!("{text}\n").as_bytes());
    }
}

/// A status as one line.
pub(super) fn shown(status: &Status) -> String {
    let Status { units_valid, earned, work_per_s, .. } = status;
    let mut line = format!("[STATUS] Tasks: {units_valid} | Rewards: {}", nnet(*earned));
    line += &format!(" | {} operations/s verified", quantity(*work_per_s as f64));
    if let Some(account) = &status.account {
        let (expected, next) = (nnet(account.expected), clock(account.next_payment_ms));
        line += &format!(" | Expected: {expected} in {next} | Paid: {}", nnet(account.posted));
    }
    line
}

/// The decision with its instants moved from a clock that shows `now_ms` to the wall clock.
fn since_1970(mut decision: Decision, now_ms: u64) -> Decision {
    let unix = |at_ms: u64| unix_ms().saturating_add(at_ms.saturating_sub(now_ms));
    decision.next_change_ms = decision.next_change_ms.map(unix);
    for pause in &mut decision.pauses {
        if let Ends::At { at_ms, .. } = &mut pause.ends {
            *at_ms = unix(*at_ms);
        }
    }
    decision
}

/// A job's name, which part of it a unit is, and for whom.
fn told_about(about: &TaskAbout) -> String {
    let name = about.name.as_ref().map_or(String::new(), |name| format!(" \"{name}\""));
    let requester = about.job.requester.as_ref().map_or(String::new(), |requester| format!(" for {requester}"));
    format!("{name}, part {} of {}{requester}", about.part, about.parts)
}

fn again(in_ms: u64) -> String {
    match in_ms {
        0 => String::new(),
        ms => format!("; again in {:.1} s", ms as f64 / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::Kind;
    use adit_core::sign::LeaseId;
    use adit_miner::rules::{Facts, Rules, decide};

    fn printed(json: bool, notices: Vec<Notice>) -> String {
        let mut out = Vec::new();
        let mut printer = Printer::new(&mut out, json);
        notices.into_iter().for_each(|notice| printer.notice(notice));
        String::from_utf8(out).unwrap()
    }

    fn gas() -> Notice {
        Notice::Gas(GasInfo {
            neo_transfer_fee: 0.012453,
            token_transfer_fee: 0.006227,
            active_providers: 5,
            congestion_level: "medium".into(),
            fee_model: "EIP-1559 Dynamic".into(),
        })
    }

    #[test]
    fn lines_are_those_that_users_know() {
        let lease = LeaseId([0x7a; 16]);
        let (task_type, kind) = ("matrix_ops".into(), Kind::MatmulI8);
        let started = Notice::TaskStarted { lane: 0, lease, task_type, kind, job: 3, work: 2_000_000, about: None };
        let computed = Notice::TaskComputed { lane: 0, lease, busy_ms: 156.4 };
        assert_eq!(
            printed(false, vec![gas(), gas(), Notice::SessionStarted { resumed: false }, started, computed]),
            "[GAS] Network Fee Model: EIP-1559 Dynamic\n\
             [GAS] NEO Transfer Fee: 0.012453 NEO\n\
             [GAS] Token Transfer Fee: 0.006227 NEO\n\
             [GAS] Congestion Level: medium\n\
             [GAS] Active Providers: 5\n\
             [GAS] Fee: 0.012453 NEO | Congestion: medium | Providers: 5\n\
             [OK] Session started\n\
             [MINING] Starting task processing...\n\
             [INFO] Press Ctrl+C to stop\n\
             [TASK] Processing: matrix_ops (ID: 7a7a7a7a...) | Lane 0 | Job 3 | 2.0 M operations\n\
             [DONE] Computed in 156ms | Lane 0\n"
        );
    }

    #[test]
    fn waiting_is_said_once_and_the_end_with_a_status() {
        let no_work = || Notice::NoWork { lane: 0, in_ms: 2_000 };
        let status = Status { units_valid: 2, earned: Amount::from_nano(130_000_000), ..Status::default() };
        let stopped = Notice::Stopped { summary: None };
        assert_eq!(
            printed(false, vec![no_work(), no_work(), Notice::Status(status), stopped]),
            "[INFO] There is no work now; again in 2.0 s\n\
             [STATUS] Tasks: 2 | Rewards: 0.130000 NNET | 0 operations/s verified\n\
             [OK] Stopped\n"
        );
    }

    #[test]
    fn json_is_one_notice_a_line() {
        let text = printed(true, vec![gas(), Notice::Stopped { summary: None }]);
        let kinds: Vec<String> = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["notice"].to_string())
            .collect();
        assert_eq!(kinds, ["\"gas\"", "\"stopped\""]);
        let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        assert!(first["at_ms"].as_u64().unwrap() > 1_700_000_000_000 && first["active_providers"] == 5, "{text}");
    }

    #[test]
    fn a_pause_is_told_once_with_its_end_and_so_is_what_is_unknown() {
        let rules = Rules {
            pause_on_battery: true,
            max_celsius: Some(80),
            max_data_bytes: Some(1_000_000),
            ..Rules::default()
        };
        let of = |on_battery| {
            let facts = Facts { on_battery: Some(on_battery), data_bytes: Some(0), ..Facts::default() };
            decide(&rules, &facts)
        };
        let said = |json| {
            let mut out = Vec::new();
            let mut printer = Printer::new(&mut out, json);
            [of(true), of(true), of(false)].iter().for_each(|decision| printer.decided(decision, 0));
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            said(false),
            "[WARN] this machine does not tell its temperature: --max-temperature has no effect\n\
             [PAUSE] on battery, until it is plugged in\n\
             [INFO] Mining goes on\n"
        );
        let first: serde_json::Value = serde_json::from_str(said(true).lines().next().unwrap()).unwrap();
        let pause = serde_json::json!([{ "reason": "battery", "ends": "plugged_in" }]);
        assert_eq!((&first["notice"], &first["pauses"]), (&"rules".into(), &pause));
    }

    #[test]
    fn instants_on_the_wire_are_of_the_wall_clock() {
        let rules = Rules::default();
        let decision = decide(&rules, &Facts { now_ms: 5, paused_until_ms: Some(60_005), ..Facts::default() });
        let before = unix_ms();
        let Ends::At { at_ms, .. } = since_1970(decision, 5).pauses[0].ends else {
            panic!("a break ends at an instant")
        };
        assert!((before + 60_000..=unix_ms() + 60_000).contains(&at_ms));
    }
}
