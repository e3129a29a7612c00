//! Pauses in words: why a miner pauses, and when it goes on or what makes it go on.

use adit_miner::rules::{DAY, Decision, Ends, Fact, HOUR, Pause, Reason, WEEK};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// Why it pauses and what ends that, as one sentence without its period; nothing if it works.
pub(super) fn sentence(decision: &Decision, now_ms: u64) -> Option<String> {
    let parts: Vec<String> = decision.pauses.iter().map(|pause| shown(pause, now_ms)).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn shown(pause: &Pause, now_ms: u64) -> String {
    format!("{}, until {}", why(pause.reason), end(pause.ends, now_ms))
}

fn why(reason: Reason) -> &'static str {
    match reason {
        Reason::You => "paused by you",
        Reason::Hours => "outside of your hours",
        Reason::InUse => "somebody uses this machine",
        Reason::Battery => "on battery",
        Reason::Hidden => "not seen",
        Reason::Pressure => "other programs need the processor",
        Reason::Metered => "the connection is billed by volume",
        Reason::Data => "today's data is used up",
        Reason::Memory => "too much memory is used",
        Reason::Heat => "too hot",
    }
}

fn end(ends: Ends, now_ms: u64) -> String {
    match ends {
        Ends::At { at_ms, minute: Some(minute) } => time(minute, at_ms.saturating_sub(now_ms)),
        Ends::At { at_ms, minute: None } => format!("{} from now", span(at_ms.saturating_sub(now_ms))),
        Ends::NextDay => "tomorrow".into(),
        Ends::Idle { after_ms } => format!("nobody has for {}", span(after_ms)),
        Ends::PluggedIn => "it is plugged in".into(),
        Ends::Visible => "it is seen".into(),
        Ends::Calm => "they are done".into(),
        Ends::Unmetered => "it is not".into(),
        Ends::LessMemory { bytes } => format!("it is at most {} MB", bytes / 1_000_000),
        Ends::Cooler { celsius } => format!("{celsius} °C"),
    }
}

/// A time of day, with its weekday if it is more than a day ahead.
fn time(minute: u32, ahead_ms: u64) -> String {
    let (day, of_day) = (minute % WEEK / DAY, minute % DAY);
    let clock = format!("{:02}:{:02}", of_day / HOUR, of_day % HOUR);
    if ahead_ms < u64::from(DAY) * 60_000 { clock } else { format!("{} {clock}", DAYS[day as usize]) }
}

/// A duration in whole minutes or hours, rounded up.
fn span(ms: u64) -> String {
    match ms.div_ceil(60_000) {
        minutes @ ..120 => format!("{minutes} min"),
        minutes => format!("{} h", minutes.div_ceil(60)),
    }
}

/// What it means that this machine does not report a fact.
pub(super) fn unknown(fact: Fact) -> &'static str {
    match fact {
        Fact::LocalTime => "the local time is not known here: --hours has no effect",
        Fact::Idle => "this machine does not tell whether somebody uses it: --when-idle has no effect",
        Fact::Battery => "this machine does not tell whether it runs on battery: --pause-on-battery has no effect",
        Fact::Data => "the data of this day is not known: --max-data has no effect",
        Fact::Memory => "this machine does not tell the miner's memory: --max-memory has no effect",
        Fact::Temperature => "this machine does not tell its temperature: --max-temperature has no effect",
        Fact::Metered => {
            "this machine does not tell whether its connection is metered: --pause-on-metered has no effect"
        }
        Fact::Hidden | Fact::Pressure => "a rule asks about what this machine does not tell",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_pause_says_what_ends_it() {
        let of = |reason, ends| {
            let pauses = vec![Pause { reason, ends }];
            sentence(&Decision { pauses, duty: 0.0, unknown: vec![], next_change_ms: None }, 0).unwrap()
        };
        let at = |hours: u64, minute| Ends::At { at_ms: hours * 3_600_000, minute };
        assert_eq!(of(Reason::You, at(1, Some(1_110))), "paused by you, until 18:30");
        assert_eq!(of(Reason::Hours, at(30, Some(DAY + 1_080))), "outside of your hours, until Tue 18:00");
        assert_eq!(of(Reason::You, at(1, None)), "paused by you, until 60 min from now");
        assert_eq!(
            of(Reason::InUse, Ends::Idle { after_ms: 600_000 }),
            "somebody uses this machine, until nobody has for 10 min"
        );
        assert_eq!(of(Reason::Heat, Ends::Cooler { celsius: 75 }), "too hot, until 75 °C");
        let none = Decision { pauses: vec![], duty: 1.0, unknown: vec![], next_change_ms: None };
        assert_eq!(sentence(&none, 0), None);
    }
}
