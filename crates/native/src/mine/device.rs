//! What this machine reports about itself: power, temperature, memory, idleness and the time of the week.
//!
//! Linux reports most of it in files. Elsewhere, and where a file is missing, the fact is unknown.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[cfg(feature = "hours")]
use adit_miner::rules::{DAY, HOUR};
use adit_miner::rules::{Facts, LocalTime, Rules};

/// Reads the facts that people see and that `rules` ask about, at `now_ms` of the caller's clock.
pub(super) async fn look(rules: &Rules, now_ms: u64) -> Facts {
    let asks_idle = rules.duty_in_use != rules.duty_idle;
    Facts {
        now_ms,
        local: local_time(now_ms),
        idle_ms: if asks_idle { idle_ms().await } else { None },
        on_battery: rules.pause_on_battery.then(|| on_battery(Path::new("/sys/class/power_supply"))).flatten(),
        memory_bytes: memory_bytes(),
        celsius: celsius(Path::new("/sys/class")),
        metered: if rules.pause_on_metered { metered().await } else { None },
        ..Facts::default()
    }
}

/// The time of the local week.
#[cfg(feature = "hours")]
pub(super) fn local_time(now_ms: u64) -> Option<LocalTime> {
    let now = jiff::ZonedDateTime::now();
    let day = now.weekday().to_monday_zero_offset() as u32;
    let minute = day * DAY + now.hour() as u32 * HOUR + now.minute() as u32;
    let left_ms = 60_000_u64.saturating_sub(now.second() as u64 * 1_000 + now.millisecond() as u64);
    Some(LocalTime { minute, next_minute_ms: now_ms + left_ms })
}

#[cfg(not(feature = "hours"))]
pub(super) fn local_time(_: u64) -> Option<LocalTime> {
    None
}

/// The local day.
#[cfg(feature = "hours")]
pub(super) fn today() -> String {
    jiff::ZonedDateTime::now().date().to_string()
}

/// The day in UTC, as a number.
#[cfg(not(feature = "hours"))]
pub(super) fn today() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (now.as_secs() / 86_400).to_string()
}

/// Whether a machine with these power supplies runs on battery. One without a battery does not.
fn on_battery(supplies: &Path) -> Option<bool> {
    let supplies: Vec<PathBuf> = entries(supplies)?;
    let is = |supply: &Path, name: &str, value: &str| text(&supply.join(name)).is_some_and(|text| text == value);
    if supplies.iter().any(|supply| is(supply, "online", "1") && !is(supply, "type", "Battery")) {
        return Some(false);
    }
    // A mouse has a battery too.
    let own = |supply: &&PathBuf| is(supply, "type", "Battery") && !is(supply, "scope", "Device");
    Some(supplies.iter().filter(own).any(|battery| is(battery, "status", "Discharging")))
}

/// The hottest sensor, in °C.
fn celsius(class: &Path) -> Option<u64> {
    let zones = entries(&class.join("thermal")).unwrap_or_default().into_iter().map(|zone| zone.join("temp"));
    let chips = entries(&class.join("hwmon")).unwrap_or_default();
    let sensors = chips.iter().filter_map(|chip| entries(chip)).flatten().filter(|file| is_sensor(file));
    // A sensor that is not connected shows an absurd value.
    let plausible = |millidegrees: &u64| (1_000..=125_000).contains(millidegrees);
    let read = zones.chain(sensors).filter_map(|file| text(&file)?.parse().ok()).filter(plausible);
    read.max().map(|millidegrees| millidegrees / 1_000)
}

fn is_sensor(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("temp") && name.ends_with("_input")
}

/// The memory of this process.
fn memory_bytes() -> Option<u64> {
    resident(&fs::read_to_string("/proc/self/status").ok()?)
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1_024)
}

/// For how long nobody has used this machine, as the login manager knows it: desktops report it, and it watches terminals.
async fn idle_ms() -> Option<u64> {
    let answer = said_by("loginctl", &["show", "--property=IdleHint", "--property=IdleSinceHint"]).await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    idle(&answer, now)
}

/// Whether the connection is paid by volume, as NetworkManager knows it.
async fn metered() -> Option<bool> {
    const WHAT: [&str; 6] = [
        "--system",
        "get-property",
        "org.freedesktop.NetworkManager",
        "/org/freedesktop/NetworkManager",
        "org.freedesktop.NetworkManager",
        "Metered",
    ];
    is_metered(&said_by("busctl", &WHAT).await?)
}

/// NMMetered of NetworkManager's D-Bus API: 1 and 3 are yes and a guess of yes, 2 and 4 no and a guess of no, 0 unknown.
fn is_metered(answer: &str) -> Option<bool> {
    match answer.trim() {
        "u 1" | "u 3" => Some(true),
        "u 2" | "u 4" => Some(false),
        _ => None,
    }
}

/// What a program of the system writes, unless it is not there or does not answer at once.
async fn said_by(program: &str, arguments: &[&str]) -> Option<String> {
    const PATIENCE: Duration = Duration::from_secs(2);
    if !cfg!(target_os = "linux") {
        return None;
    }
    let mut ask = tokio::process::Command::new(program);
    let answer = ask.args(arguments).kill_on_drop(true).stdin(Stdio::null()).stderr(Stdio::null()).output();
    let answer = tokio::time::timeout(PATIENCE, answer).await.ok()?.ok()?;
    String::from_utf8(answer.stdout).ok()
}

fn idle(answer: &str, now: Duration) -> Option<u64> {
    let value = |name: &str| answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    match value("IdleHint")? {
        "no" => Some(0),
        "yes" => {
            let since = Duration::from_micros(value("IdleSinceHint")?.parse().ok()?);
            Some(now.saturating_sub(since).as_millis() as u64)
        }
        _ => None,
    }
}

fn entries(folder: &Path) -> Option<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).ok()?;
    Some(entries.filter_map(|entry| Some(entry.ok()?.path())).collect())
}

fn text(file: &Path) -> Option<String> {
    fs::read_to_string(file).ok().map(|text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of small files.
    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{text}\n")).unwrap();
        }
        folder
    }

    #[test]
    fn a_machine_runs_on_battery_if_its_own_discharges_and_nothing_powers_it() {
        let of = |files: &[(&str, &str)]| on_battery(folder(files).path());
        let battery = [("BAT0/type", "Battery"), ("BAT0/status", "Discharging")];
        assert_eq!(of(&battery), Some(true));
        assert_eq!(of(&[&battery[..], &[("AC/type", "Mains"), ("AC/online", "0")]].concat()), Some(true));
        assert_eq!(of(&[&battery[..], &[("AC/type", "Mains"), ("AC/online", "1")]].concat()), Some(false));
        assert_eq!(of(&[("BAT0/type", "Battery"), ("BAT0/status", "Charging")]), Some(false));
        let mouse = [("hid/type", "Battery"), ("hid/scope", "Device"), ("hid/status", "Discharging")];
        assert_eq!(of(&mouse), Some(false));
        assert_eq!(of(&[]), Some(false));
        assert_eq!(on_battery(Path::new("/nonexistent")), None);
    }

    #[test]
    fn the_hottest_plausible_sensor_counts() {
        let of = |files: &[(&str, &str)]| celsius(folder(files).path());
        let zones = [("thermal/thermal_zone0/temp", "48500"), ("thermal/cooling_device0/type", "Fan")];
        assert_eq!(of(&zones), Some(48));
        let chip = [("hwmon/hwmon0/temp1_input", "71999"), ("hwmon/hwmon0/temp1_max", "100000")];
        assert_eq!(of(&[&zones[..], &chip, &[("hwmon/hwmon0/temp2_input", "-128000")]].concat()), Some(71));
        assert_eq!(of(&[("hwmon/hwmon0/temp1_input", "255000"), ("hwmon/hwmon0/in0_input", "900")]), None);
    }

    #[test]
    fn the_login_managers_words_are_understood() {
        let now = Duration::from_secs(1_000);
        assert_eq!(idle("IdleHint=no\nIdleSinceHint=0\n", now), Some(0));
        assert_eq!(idle("IdleHint=yes\nIdleSinceHint=400000000\n", now), Some(600_000));
        assert_eq!(idle("IdleHint=yes\nIdleSinceHint=4000000000\n", now), Some(0));
        assert_eq!(idle("Failed to connect to bus\n", now), None);
    }

    #[test]
    fn the_network_managers_word_is_understood() {
        let words = ["u 0\n", "u 1\n", "u 2\n", "u 3\n", "u 4\n", "", "Failed to get property\n"];
        let expected = [None, Some(true), Some(false), Some(true), Some(false), None, None];
        assert_eq!(words.map(is_metered), expected);
    }

    #[test]
    fn memory_is_read_from_the_status() {
        assert_eq!(resident("Name:\tadit\nVmRSS:\t   20480 kB\n"), Some(20 << 20));
        assert_eq!(resident("Name:\tadit\n"), None);
    }

    #[cfg(feature = "hours")]
    #[test]
    fn the_next_minute_is_at_most_a_minute_ahead() {
        let local = local_time(5_000).unwrap();
        assert!(local.minute < 7 * DAY && (5_000..=65_000).contains(&local.next_minute_ms), "{local:?}");
    }
}
