//! The ranges of settings. Within them, every sum of times, bytes or amounts fits in 64 bits.

use std::fmt::{self, Display};
use std::str::FromStr;

use adit_core::Amount;

use crate::bodies::Bodies;
use crate::config::Config;
use crate::content::Storage;
use crate::error::ServeError;
use crate::limits::{Limits, Rate};
use crate::listen::Connections;
use crate::mining::Conduct;
use crate::operate::Retention;

const DAY_MS: i64 = 24 * 3_600_000;
/// The longest epoch, in ms: a leap year.
const MAX_EPOCH_MS: i64 = 366 * DAY_MS;
/// The longest time to keep what has ended, in ms: a century.
const MAX_KEPT_MS: i64 = 36_525 * DAY_MS;
/// The most bytes of bodies in memory: a tebibyte.
const MAX_BODY_BYTES: u64 = 1 << 40;
/// The most bytes that a database may hold: a pebibyte.
const MAX_STORED_BYTES: u64 = 1 << 50;

/// A whole number from `LEAST` to `MOST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole<const LEAST: u64, const MOST: u64>(u64);

/// The length of an epoch, in seconds.
pub type EpochSeconds = Whole<1, { MAX_EPOCH_MS as u64 / 1_000 }>;
/// The most that a database may hold, in GiB.
pub type StoreGib = Whole<1, { MAX_STORED_BYTES >> 30 }>;

/// How often holders of replicas are challenged, in seconds.
pub type StorageSeconds = Whole<1, 86_400>;

/// A number of connections.
pub type MaxConnections = Whole<1, 1_000_000>;
/// How long the program waits for open requests when it stops, in seconds.
pub type DrainSeconds = Whole<1, 86_400>;

/// A text is not a whole number, or is outside of its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a whole number from {least} to {most}")]
pub struct NotWhole {
    least: u64,
    most: u64,
}

impl<const LEAST: u64, const MOST: u64> Whole<LEAST, MOST> {
    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl<const LEAST: u64, const MOST: u64> FromStr for Whole<LEAST, MOST> {
    type Err = NotWhole;
    fn from_str(text: &str) -> Result<Self, NotWhole> {
        let number = text.parse().ok().filter(|number| (LEAST..=MOST).contains(number));
        number.map(Whole).ok_or(NotWhole { least: LEAST, most: MOST })
    }
}

impl<const LEAST: u64, const MOST: u64> Display for Whole<LEAST, MOST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What an epoch may pay: an amount that is not negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget(Amount);

/// A text is not a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an amount that is not negative, from 0 to {} NNET", Amount::from_nano(i64::MAX))]
pub struct NotABudget;

impl Budget {
    /// The amount.
    pub fn get(self) -> Amount {
        self.0
    }
}

impl FromStr for Budget {
    type Err = NotABudget;
    fn from_str(text: &str) -> Result<Self, NotABudget> {
        text.parse().ok().filter(|amount| *amount >= Amount::ZERO).map(Budget).ok_or(NotABudget)
    }
}

/// A number among the settings, and the least and the most that it may be.
type Ranged = (&'static str, i128, i128, i128);

/// Refuses settings outside of their ranges.
pub(crate) fn check(config: &Config) -> Result<(), ServeError> {
    for (name, value, least, most) in ranged(config) {
        if !(least..=most).contains(&value) {
            return Err(ServeError::OutOfRange { name, value, least, most });
        }
    }
    Ok(())
}

fn ranged(config: &Config) -> Vec<Ranged> {
    let parts = [numbers(config), connections(&config.connections), limits(&config.limits), bodies(&config.bodies)];
    let records = [conduct(&config.conduct), retention(&config.retention), storage(&config.storage)];
    parts.into_iter().chain(records).flatten().collect()
}

fn numbers(config: &Config) -> Vec<Ranged> {
    vec![
        ("epoch_budget", config.epoch_budget.nano().into(), 0, i64::MAX.into()),
        ("epoch_ms", config.epoch_ms.into(), 1, MAX_EPOCH_MS.into()),
        ("max_stored_bytes", config.max_stored_bytes.into(), 0, MAX_STORED_BYTES.into()),
    ]
}

fn connections(connections: &Connections) -> Vec<Ranged> {
    let Connections { most, most_of_block, head_ms, probe_ms, drain_ms, linger_ms, linger_bytes } = *connections;
    vec![
        ("connections.most", most as i128, 1, 1_000_000),
        ("connections.most_of_block", most_of_block as i128, 1, 1_000_000),
        ("connections.head_ms", head_ms.into(), 1, DAY_MS.into()),
        ("connections.probe_ms", probe_ms.into(), 1, DAY_MS.into()),
        ("connections.drain_ms", drain_ms.into(), 0, DAY_MS.into()),
        ("connections.linger_ms", linger_ms.into(), 0, DAY_MS.into()),
        ("connections.linger_bytes", linger_bytes.into(), 0, MAX_BODY_BYTES.into()),
    ]
}

fn limits(limits: &Limits) -> Vec<Ranged> {
    let Limits { all, block, joins, block_joins, key, lease, wasted_bytes, block_wasted_bytes, keyless_sessions } =
        *limits;
    let mut ranged = vec![("limits.keyless_sessions", keyless_sessions.into(), 0, 1_000_000)];
    macro_rules! rates {
        ($($rate:ident),*) => { $(
            let Rate { per_s, burst } = $rate;
            ranged.push((concat!("limits.", stringify!($rate), ".per_s"), per_s.into(), 1, 1_000_000_000));
            ranged.push((concat!("limits.", stringify!($rate), ".burst"), burst.into(), 1, 1 << 31));
        )* };
    }
    rates!(all, block, joins, block_joins, key, lease, wasted_bytes, block_wasted_bytes);
    ranged
}

fn bodies(bodies: &Bodies) -> Vec<Ranged> {
    let Bodies { answer_bytes, block_answer_bytes, output_bytes, block_output_bytes, key_output_bytes, .. } = *bodies;
    let Bodies { least_bytes_per_s, grace_ms, longest_output_ms, .. } = *bodies;
    let bytes = |name, bytes: u64| (name, bytes.into(), 1, MAX_BODY_BYTES.into());
    vec![
        bytes("bodies.answer_bytes", answer_bytes),
        bytes("bodies.block_answer_bytes", block_answer_bytes),
        bytes("bodies.output_bytes", output_bytes),
        bytes("bodies.block_output_bytes", block_output_bytes),
        bytes("bodies.key_output_bytes", key_output_bytes),
        ("bodies.least_bytes_per_s", least_bytes_per_s.into(), 0, 1_000_000_000),
        ("bodies.grace_ms", grace_ms.into(), 0, DAY_MS.into()),
        ("bodies.longest_output_ms", longest_output_ms.into(), 1, DAY_MS.into()),
    ]
}

fn conduct(conduct: &Conduct) -> Vec<Ranged> {
    let Conduct { first_in_flight, least_in_flight, most_in_flight, quarantine_ms, .. } = *conduct;
    let Conduct { unproven_per_block, abandoned_per_block, unproven_part, unknown_ttl_ms, second_after, .. } = *conduct;
    vec![
        ("conduct.first_in_flight", first_in_flight.into(), 0, 65_536),
        ("conduct.least_in_flight", least_in_flight.into(), 0, 65_536),
        ("conduct.most_in_flight", most_in_flight.into(), 1, 65_536),
        ("conduct.quarantine_ms", quarantine_ms.into(), 0, DAY_MS.into()),
        ("conduct.unproven_per_block", unproven_per_block.into(), 0, u32::MAX.into()),
        ("conduct.abandoned_per_block", abandoned_per_block.into(), 0, 65_536),
        ("conduct.unproven_part", unproven_part.into(), 1, 65_536),
        ("conduct.unknown_ttl_ms", unknown_ttl_ms.into(), 1_000, DAY_MS.into()),
        ("conduct.second_after", second_after.into(), 0, 65_536),
    ]
}

fn retention(retention: &Retention) -> Vec<Ranged> {
    let Retention { sessions_ms, leases_ms, passers_by_ms, results_ms, activity_ms, batch } = *retention;
    let kept = |name, ms: i64| (name, ms.into(), 0, MAX_KEPT_MS.into());
    vec![
        kept("retention.sessions_ms", sessions_ms),
        kept("retention.leases_ms", leases_ms),
        kept("retention.passers_by_ms", passers_by_ms),
        kept("retention.results_ms", results_ms),
        kept("retention.activity_ms", activity_ms),
        ("retention.batch", batch.into(), 1, 10_000),
    ]
}

fn storage(storage: &Storage) -> Vec<Ranged> {
    let Storage { window_ms, answer_ms, ask_within_ms, first_bytes, silence_ms, arrival_ms } = *storage;
    let time = |name, ms: u64| (name, ms.into(), 1, MAX_KEPT_MS.into());
    vec![
        ("storage.window_ms", window_ms.into(), 1, DAY_MS.into()),
        ("storage.answer_ms", answer_ms.into(), 1, DAY_MS.into()),
        ("storage.ask_within_ms", ask_within_ms.into(), 1, DAY_MS.into()),
        ("storage.first_bytes", first_bytes.into(), 0, MAX_BODY_BYTES.into()),
        time("storage.silence_ms", silence_ms),
        time("storage.arrival_ms", arrival_ms),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> Config {
        Config::new("127.0.0.1:0".parse().unwrap(), "nowhere".into())
    }

    /// How to change a setting, its least and its most.
    type Case = (&'static str, fn(&mut Config, i128), i128, i128);

    /// Every numeric setting.
    const CASES: [Case; 56] = [
        ("epoch_budget", |c, n| c.epoch_budget = Amount::from_nano(n as i64), 0, i64::MAX as i128),
        ("epoch_ms", |c, n| c.epoch_ms = n as i64, 1, MAX_EPOCH_MS as i128),
        ("max_stored_bytes", |c, n| c.max_stored_bytes = n as u64, 0, MAX_STORED_BYTES as i128),
        ("connections.most", |c, n| c.connections.most = n as usize, 1, 1_000_000),
        ("connections.most_of_block", |c, n| c.connections.most_of_block = n as usize, 1, 1_000_000),
        ("connections.head_ms", |c, n| c.connections.head_ms = n as u64, 1, DAY_MS as i128),
        ("connections.probe_ms", |c, n| c.connections.probe_ms = n as u64, 1, DAY_MS as i128),
        ("connections.drain_ms", |c, n| c.connections.drain_ms = n as u64, 0, DAY_MS as i128),
        ("connections.linger_ms", |c, n| c.connections.linger_ms = n as u64, 0, DAY_MS as i128),
        ("connections.linger_bytes", |c, n| c.connections.linger_bytes = n as u64, 0, MAX_BODY_BYTES as i128),
        ("limits.all.per_s", |c, n| c.limits.all.per_s = n as u32, 1, 1_000_000_000),
        ("limits.all.burst", |c, n| c.limits.all.burst = n as u32, 1, 1 << 31),
        ("limits.block.per_s", |c, n| c.limits.block.per_s = n as u32, 1, 1_000_000_000),
        ("limits.block.burst", |c, n| c.limits.block.burst = n as u32, 1, 1 << 31),
        ("limits.joins.per_s", |c, n| c.limits.joins.per_s = n as u32, 1, 1_000_000_000),
        ("limits.joins.burst", |c, n| c.limits.joins.burst = n as u32, 1, 1 << 31),
        ("limits.block_joins.per_s", |c, n| c.limits.block_joins.per_s = n as u32, 1, 1_000_000_000),
        ("limits.block_joins.burst", |c, n| c.limits.block_joins.burst = n as u32, 1, 1 << 31),
        ("limits.key.per_s", |c, n| c.limits.key.per_s = n as u32, 1, 1_000_000_000),
        ("limits.key.burst", |c, n| c.limits.key.burst = n as u32, 1, 1 << 31),
        ("limits.lease.per_s", |c, n| c.limits.lease.per_s = n as u32, 1, 1_000_000_000),
        ("limits.lease.burst", |c, n| c.limits.lease.burst = n as u32, 1, 1 << 31),
        ("limits.block_wasted_bytes.per_s", |c, n| c.limits.block_wasted_bytes.per_s = n as u32, 1, 1_000_000_000),
        ("limits.block_wasted_bytes.burst", |c, n| c.limits.block_wasted_bytes.burst = n as u32, 1, 1 << 31),
        ("limits.wasted_bytes.per_s", |c, n| c.limits.wasted_bytes.per_s = n as u32, 1, 1_000_000_000),
        ("limits.wasted_bytes.burst", |c, n| c.limits.wasted_bytes.burst = n as u32, 1, 1 << 31),
        ("limits.keyless_sessions", |c, n| c.limits.keyless_sessions = n as u32, 0, 1_000_000),
        ("bodies.answer_bytes", |c, n| c.bodies.answer_bytes = n as u64, 1, MAX_BODY_BYTES as i128),
        ("bodies.block_answer_bytes", |c, n| c.bodies.block_answer_bytes = n as u64, 1, MAX_BODY_BYTES as i128),
        ("bodies.output_bytes", |c, n| c.bodies.output_bytes = n as u64, 1, MAX_BODY_BYTES as i128),
        ("bodies.block_output_bytes", |c, n| c.bodies.block_output_bytes = n as u64, 1, MAX_BODY_BYTES as i128),
        ("bodies.key_output_bytes", |c, n| c.bodies.key_output_bytes = n as u64, 1, MAX_BODY_BYTES as i128),
        ("bodies.least_bytes_per_s", |c, n| c.bodies.least_bytes_per_s = n as u32, 0, 1_000_000_000),
        ("bodies.grace_ms", |c, n| c.bodies.grace_ms = n as u64, 0, DAY_MS as i128),
        ("bodies.longest_output_ms", |c, n| c.bodies.longest_output_ms = n as u64, 1, DAY_MS as i128),
        ("conduct.first_in_flight", |c, n| c.conduct.first_in_flight = n as u32, 0, 65_536),
        ("conduct.least_in_flight", |c, n| c.conduct.least_in_flight = n as u32, 0, 65_536),
        ("conduct.most_in_flight", |c, n| c.conduct.most_in_flight = n as u32, 1, 65_536),
        ("conduct.quarantine_ms", |c, n| c.conduct.quarantine_ms = n as i64, 0, DAY_MS as i128),
        ("conduct.unproven_per_block", |c, n| c.conduct.unproven_per_block = n as u32, 0, u32::MAX as i128),
        ("conduct.abandoned_per_block", |c, n| c.conduct.abandoned_per_block = n as u32, 0, 65_536),
        ("conduct.unproven_part", |c, n| c.conduct.unproven_part = n as u32, 1, 65_536),
        ("conduct.unknown_ttl_ms", |c, n| c.conduct.unknown_ttl_ms = n as u64, 1_000, DAY_MS as i128),
        ("conduct.second_after", |c, n| c.conduct.second_after = n as u32, 0, 65_536),
        ("retention.sessions_ms", |c, n| c.retention.sessions_ms = n as i64, 0, MAX_KEPT_MS as i128),
        ("retention.leases_ms", |c, n| c.retention.leases_ms = n as i64, 0, MAX_KEPT_MS as i128),
        ("retention.passers_by_ms", |c, n| c.retention.passers_by_ms = n as i64, 0, MAX_KEPT_MS as i128),
        ("retention.results_ms", |c, n| c.retention.results_ms = n as i64, 0, MAX_KEPT_MS as i128),
        ("retention.activity_ms", |c, n| c.retention.activity_ms = n as i64, 0, MAX_KEPT_MS as i128),
        ("storage.window_ms", |c, n| c.storage.window_ms = n as u64, 1, DAY_MS as i128),
        ("storage.answer_ms", |c, n| c.storage.answer_ms = n as u64, 1, DAY_MS as i128),
        ("storage.ask_within_ms", |c, n| c.storage.ask_within_ms = n as u64, 1, DAY_MS as i128),
        ("storage.first_bytes", |c, n| c.storage.first_bytes = n as u64, 0, MAX_BODY_BYTES as i128),
        ("storage.silence_ms", |c, n| c.storage.silence_ms = n as u64, 1, MAX_KEPT_MS as i128),
        ("storage.arrival_ms", |c, n| c.storage.arrival_ms = n as u64, 1, MAX_KEPT_MS as i128),
        ("retention.batch", |c, n| c.retention.batch = n as u32, 1, 10_000),
    ];

    #[test]
    fn every_setting_has_a_range_and_is_refused_beyond_it() {
        check(&config()).unwrap();
        for (name, set, least, most) in CASES {
            let with = |value| {
                let mut config = config();
                set(&mut config, value);
                check(&config)
            };
            with(least).unwrap();
            with(most).unwrap();
            // A value that the type cannot hold does not get this far.
            let fits = |n: &i128| (0..=i64::MAX.into()).contains(n) && *n != i128::from(u32::MAX) + 1;
            for beyond in [least - 1, most + 1].into_iter().filter(fits) {
                let error = with(beyond).unwrap_err().to_string();
                assert_eq!(error, format!("the setting {name} is {beyond}: it must be from {least} to {most}"));
            }
        }
        let of_cases: Vec<&str> = CASES.iter().map(|(name, ..)| *name).collect();
        let without = ranged(&config()).into_iter().filter(|(name, ..)| !of_cases.contains(name));
        assert_eq!(without.map(|(name, ..)| name).collect::<Vec<_>>(), Vec::<&str>::new(), "settings without a case");
    }

    #[test]
    fn what_is_written_is_refused_with_the_range() {
        assert_eq!("31622400".parse::<EpochSeconds>().map(Whole::get), Ok(31_622_400));
        for text in ["0", "31622401", "-1", "1.5", "1e3", "", "99999999999999999999"] {
            let error = text.parse::<EpochSeconds>().unwrap_err().to_string();
            assert_eq!(error, "expected a whole number from 1 to 31622400", "{text}");
        }
        assert_eq!("1048576".parse::<StoreGib>().map(Whole::get), Ok(1_048_576));
        assert!("1048577".parse::<StoreGib>().is_err() && "0".parse::<StoreGib>().is_err());
        assert_eq!("9223372036.854775807".parse::<Budget>().map(|b| b.get().nano()), Ok(i64::MAX));
        for text in ["9223372036.854775808", "-0.000000001", "1e3", "NaN", ""] {
            let error = text.parse::<Budget>().unwrap_err().to_string();
            assert!(error.ends_with("from 0 to 9223372036.854775807 NNET"), "{text}: {error}");
        }
    }
}
