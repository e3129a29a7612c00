//! Timings, their statistics, and numbers in the report.

use adit_rustchain::{Json, Number, Object};
use sha2::{Digest, Sha256};

/// Timings in ns.
pub(super) struct Samples(pub(super) Vec<u64>);

impl Samples {
    pub(super) fn mean(&self) -> f64 {
        self.0.iter().map(|&sample| sample as f64).sum::<f64>() / self.0.len().max(1) as f64
    }

    /// The population standard deviation.
    pub(super) fn stdev(&self) -> f64 {
        deviation(self.0.iter().map(|&sample| sample as f64))
    }

    /// The standard deviation of the differences between successive timings.
    pub(super) fn drift(&self) -> f64 {
        deviation(self.0.windows(2).map(|pair| pair[1] as f64 - pair[0] as f64))
    }

    /// The coefficient of variation; 0 if the mean is 0.
    pub(super) fn cv(&self) -> f64 {
        let mean = self.mean();
        if mean > 0.0 { self.stdev() / mean } else { 0.0 }
    }

    pub(super) fn median(&self) -> u64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or(0)
    }

    /// The SHA-256 of all timings, which commits to them without sending them.
    pub(super) fn hash(&self) -> String {
        let mut hasher = Sha256::new();
        self.0.iter().for_each(|sample| hasher.update(sample.to_le_bytes()));
        hex::encode(hasher.finalize())
    }
}

fn deviation(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let count = values.clone().count().max(1) as f64;
    let mean = values.clone().sum::<f64>() / count;
    (values.map(|value| (value - mean).powi(2)).sum::<f64>() / count).sqrt()
}

/// A number rounded to `decimals`, so that all JSON libraries write it alike. `null` if it is not finite.
pub(super) fn rounded(value: f64, decimals: i32) -> Json {
    let scale = 10f64.powi(decimals);
    Number::float((value * scale).round() / scale).map_or(Json::Null, Json::from)
}

/// A number of ns, rounded to an integer.
pub(super) fn whole(value: f64) -> Json {
    Json::from(value.round() as i64)
}

/// The data of a check.
pub(super) fn data<const N: usize>(members: [(&str, Json); N]) -> Object {
    members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}
