//! The flags that say when to mine, and the rules that they become.

use std::ops::RangeInclusive;

use adit_miner::rules::{DATA_BYTES, IDLE_AFTER_MS, MEMORY_BYTES, Rules, show_hours};
#[cfg(feature = "hours")]
use adit_miner::rules::{Span, hours};

/// When to mine. A miner that may not work pauses, says why, and goes on by itself.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "When to mine")]
pub(crate) struct When {
    /// The fraction of the time that lanes work, above 0 and up to 1
    #[arg(long, value_name = "PART", default_value = "1", value_parser = part_of_idle)]
    throttle: f64,
    /// The same while somebody uses this machine, from 0 to 1; 0 pauses [default: as --throttle]
    #[arg(long, value_name = "PART", value_parser = part_in_use)]
    throttle_in_use: Option<f64>,
    /// Mine only while nobody has used this machine for this long, from 1m to 24h, such as 10m; with --throttle-in-use,
    /// how long until that no longer holds [default: 5m]
    #[arg(long, value_name = "SPAN", value_parser = span)]
    when_idle: Option<u64>,
    /// Mine only in these hours of the local week, such as "mon-fri 18:00-08:00, sat-sun" [default: always]
    #[cfg(feature = "hours")]
    #[arg(long, value_name = "HOURS", value_parser = Hours::read)]
    hours: Option<Hours>,
    /// Pause while this machine runs on battery
    #[arg(long)]
    pause_on_battery: bool,
    /// Pause while the connection is paid by volume
    #[arg(long)]
    pause_on_metered: bool,
    /// Pause for the rest of the day after this much data, received and sent, from 1MB to 1PB, such as 2GB
    #[arg(long, value_name = "SIZE", value_parser = |text: &str| size(text, DATA_BYTES, "from 1MB to 1PB"))]
    max_data: Option<u64>,
    /// Take no further unit while the miner has more memory than this, from 64MB to 16TB, such as 1GB
    #[arg(long, value_name = "SIZE", value_parser = |text: &str| size(text, MEMORY_BYTES, "from 64MB to 16TB"))]
    max_memory: Option<u64>,
    /// Pause while this machine is hotter than this, in °C from 30 to 110, until it is 5 °C cooler
    #[arg(long, value_name = "CELSIUS", value_parser = clap::value_parser!(u64).range(30..=110))]
    max_temperature: Option<u64>,
}

/// Spans of the week, in a type of its own: clap takes a vector for a flag that may be repeated.
#[cfg(feature = "hours")]
#[derive(Clone, Debug)]
struct Hours(Vec<Span>);

#[cfg(feature = "hours")]
impl Hours {
    fn read(text: &str) -> Result<Self, adit_miner::rules::HoursError> {
        hours(text).map(Hours)
    }
}

impl When {
    /// The most memory that the miner may have.
    pub(super) fn max_memory_bytes(&self) -> Option<usize> {
        self.max_memory.map(|most| usize::try_from(most).unwrap_or(usize::MAX))
    }

    pub(super) fn rules(&self) -> Rules {
        let defaults = Rules::default();
        let in_use = if self.when_idle.is_some() { 0.0 } else { self.throttle };
        Rules {
            #[cfg(feature = "hours")]
            hours: self.hours.clone().map_or(Vec::new(), |hours| hours.0),
            duty_idle: self.throttle,
            duty_in_use: self.throttle_in_use.unwrap_or(in_use),
            idle_after_ms: self.when_idle.unwrap_or(defaults.idle_after_ms),
            pause_on_battery: self.pause_on_battery,
            pause_on_metered: self.pause_on_metered,
            max_data_bytes: self.max_data,
            max_memory_bytes: self.max_memory,
            max_celsius: self.max_temperature,
            ..defaults
        }
    }
}

/// The rules that restrict a miner, a line each.
pub(super) fn shown(rules: &Rules) -> Vec<String> {
    let percent = |part: f64| format!("{:.0} % of the time", part * 100.0);
    let mut lines = Vec::new();
    if rules.duty_idle < 1.0 {
        lines.push(format!("Throttle: {}", percent(rules.duty_idle)));
    }
    if rules.duty_in_use != rules.duty_idle {
        let part = if rules.duty_in_use > 0.0 { percent(rules.duty_in_use) } else { "paused".into() };
        lines.push(format!("In use: {part}, until {} min idle", rules.idle_after_ms.div_ceil(60_000)));
    }
    if !rules.hours.is_empty() {
        lines.push(format!("Hours: {}", show_hours(&rules.hours)));
    }
    if rules.pause_on_battery {
        lines.push("On battery: paused".into());
    }
    if rules.pause_on_metered {
        lines.push("On a metered connection: paused".into());
    }
    let megabytes = |name: &str, bytes: Option<u64>| Some(format!("{name}: at most {} MB", bytes? / 1_000_000));
    lines.extend(megabytes("Data per day", rules.max_data_bytes));
    lines.extend(megabytes("Memory", rules.max_memory_bytes));
    lines.extend(rules.max_celsius.map(|celsius| format!("Temperature: below {celsius} °C")));
    lines
}

fn part(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| "it is not a number".to_owned())
}

fn part_of_idle(text: &str) -> Result<f64, String> {
    part(text).and_then(|part| {
        if part > 0.0 && part <= 1.0 { Ok(part) } else { Err("it must be above 0 and at most 1".into()) }
    })
}

fn part_in_use(text: &str) -> Result<f64, String> {
    part(text)
        .and_then(|part| if (0.0..=1.0).contains(&part) { Ok(part) } else { Err("it must be from 0 to 1".into()) })
}

/// `90s`, `10m`, `2h`, in milliseconds.
fn span(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 4] = [("s", 1_000), ("m", 60_000), ("min", 60_000), ("h", 3_600_000)];
    measured(text, &UNITS, IDLE_AFTER_MS).ok_or_else(|| "it must be from 1m to 24h: write 90s, 10m or 2h".into())
}

/// `500MB`, `2GB`, `1GiB`, in bytes.
fn size(text: &str, range: RangeInclusive<u64>, shown: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 7] = [
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
        ("PB", 1_000_000_000_000_000),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
    ];
    measured(text, &UNITS, range).ok_or_else(|| format!("it must be {shown}: write 500MB, 2GB or 1GiB"))
}

/// A whole number and its unit, if the product is in range.
fn measured(text: &str, units: &[(&str, u64)], range: RangeInclusive<u64>) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit.trim()))?;
    number.parse::<u64>().ok()?.checked_mul(*factor).filter(|value| range.contains(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        when: When,
    }

    fn rules(words: &[&str]) -> Result<Rules, String> {
        let parsed = Command::try_parse_from(["adit"].iter().chain(words));
        parsed.map(|command| command.when.rules()).map_err(|error| error.to_string())
    }

    #[test]
    fn flags_become_rules_that_hold() {
        assert_eq!(rules(&[]), Ok(Rules::default()));
        let words = "--throttle 0.5 --when-idle 10m --pause-on-battery --pause-on-metered --max-data 2GB --max-memory 1GiB --max-temperature 80";
        let chosen = rules(&words.split(' ').collect::<Vec<_>>()).unwrap();
        let expected = Rules {
            duty_idle: 0.5,
            duty_in_use: 0.0,
            idle_after_ms: 600_000,
            pause_on_battery: true,
            pause_on_metered: true,
            max_data_bytes: Some(2_000_000_000),
            max_memory_bytes: Some(1 << 30),
            max_celsius: Some(80),
            ..Rules::default()
        };
        assert_eq!((chosen.check(), &chosen), (Ok(()), &expected));
        assert_eq!(
            shown(&chosen),
            [
                "Throttle: 50 % of the time",
                "In use: paused, until 10 min idle",
                "On battery: paused",
                "On a metered connection: paused",
                "Data per day: at most 2000 MB",
                "Memory: at most 1073 MB",
                "Temperature: below 80 °C"
            ]
        );
        let both = rules(&["--throttle-in-use", "0.25"]).unwrap();
        assert_eq!((both.duty_in_use, both.duty_idle, both.idle_after_ms), (0.25, 1.0, 300_000));
    }

    #[cfg(feature = "hours")]
    #[test]
    fn hours_are_read_and_refused_with_an_example() {
        let chosen = rules(&["--hours", "mon-fri 18:00-08:00, sat-sun"]).unwrap();
        assert_eq!(adit_miner::rules::show_hours(&chosen.hours), "mon-fri 18:00-08:00, sat-sun");
        assert!(rules(&["--hours", "evenings"]).unwrap_err().contains("write \"mon-fri 18:00-08:00, sat-sun\""));
    }

    #[test]
    fn every_number_outside_of_its_range_is_refused_with_the_range() {
        for (flag, value, range) in [
            ("--throttle", "0", "above 0 and at most 1"),
            ("--throttle", "NaN", "above 0 and at most 1"),
            ("--throttle-in-use", "-0.1", "from 0 to 1"),
            ("--when-idle", "59s", "from 1m to 24h"),
            ("--when-idle", "25h", "from 1m to 24h"),
            ("--when-idle", "10", "write 90s"),
            ("--max-data", "999999", "from 1MB to 1PB"),
            ("--max-data", "2PB", "from 1MB to 1PB"),
            ("--max-memory", "63MB", "from 64MB to 16TB"),
            ("--max-memory", "99999999999999999999GB", "from 64MB to 16TB"),
            ("--max-temperature", "29", "30..=110"),
            ("--max-temperature", "111", "30..=110"),
        ] {
            let refused = rules(&[&format!("{flag}={value}")]).unwrap_err();
            assert!(refused.contains(range), "{flag} {value}: {refused}");
        }
    }
}
