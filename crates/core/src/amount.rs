//! Money: integers of 1e-9 NNET, never a float.

use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// An amount of NNET in units of 1e-9 (nano-NNET), from −2^63 to 2^63 − 1.
///
/// JSON carries it as a decimal string, DAG-CBOR as an integer.
///
/// ```
/// use adit_core::Amount;
/// let price: Amount = "0.3".parse()?;
/// assert_eq!(price.nano(), 300_000_000);
/// assert_eq!(price.to_string(), "0.3");
/// assert_eq!(price.checked_add(Amount::from_nano(1)).unwrap().to_string(), "0.300000001");
/// # Ok::<(), adit_core::amount::ParseAmountError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

/// Nano-NNET in one NNET.
pub const NANO_PER_NNET: i64 = 1_000_000_000;

/// Basis points in a whole.
pub const BPS: i64 = 10_000;

impl Amount {
    /// Zero NNET.
    pub const ZERO: Amount = Amount(0);

    /// An amount of nano-NNET.
    pub const fn from_nano(nano: i64) -> Self {
        Amount(nano)
    }

    /// The amount in nano-NNET.
    pub const fn nano(self) -> i64 {
        self.0
    }

    /// The sum, or `None` if it overflows.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Amount)
    }

    /// The difference, or `None` if it overflows.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Amount)
    }

    /// ⌊self · bps / 10 000⌋, for an amount and a rate of at least 0.
    pub fn share_bps(self, bps: u32) -> Self {
        let share = i128::from(self.0) * i128::from(bps) / i128::from(BPS);
        Amount(i64::try_from(share).unwrap_or(i64::MAX))
    }

    /// The value in NNET as a float, which NeoNet's clients expect. Never for accounting.
    pub fn approximate_nnet(self) -> f64 {
        self.0 as f64 / NANO_PER_NNET as f64
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let (whole, nano) = (magnitude / NANO_PER_NNET as u64, magnitude % NANO_PER_NNET as u64);
        let sign = if self.0 < 0 { "-" } else { "" };
        if nano == 0 {
            return write!(f, "{sign}{whole}");
        }
        let fraction = alloc::format!("{nano:09}");
        write!(f, "{sign}{whole}.{}", fraction.trim_end_matches('0'))
    }
}

/// The text is not a decimal number with at most nine places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an amount of NNET: write digits with at most nine decimal places, as in 1.25")]
pub struct ParseAmountError;

impl FromStr for Amount {
    type Err = ParseAmountError;

    fn from_str(text: &str) -> Result<Self, ParseAmountError> {
        let (sign, digits) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        if !is_digits(whole) || !is_digits(fraction) || fraction.len() > 9 {
            return Err(ParseAmountError);
        }
        let mut padded = String::from(fraction);
        while padded.len() < 9 {
            padded.push('0');
        }
        let whole: i64 = whole.parse().map_err(|_| ParseAmountError)?;
        let nano: i64 = padded.parse().map_err(|_| ParseAmountError)?;
        // The sign comes first, because the least amount has no positive counterpart.
        let total = whole.checked_mul(sign * NANO_PER_NNET).and_then(|whole| whole.checked_add(sign * nano));
        total.map(Amount).ok_or(ParseAmountError)
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&self.to_string())
        } else {
            serializer.serialize_i64(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
        } else {
            i64::deserialize(deserializer).map(Amount)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_round_trips(nano: i64) {
            let amount = Amount::from_nano(nano);
            prop_assert_eq!(amount.to_string().parse::<Amount>().unwrap(), amount);
        }
    }

    #[test]
    fn malformed_text_is_refused() {
        for text in ["", "-", ".5", "1.", "1e3", "+1", "1.0000000001", "9223372036.854775808", "1,5", " 1"] {
            assert_eq!(text.parse::<Amount>(), Err(ParseAmountError), "{text:?}");
        }
    }

    #[test]
    fn the_smallest_and_the_largest_amount_round_trip() {
        for amount in [Amount::from_nano(i64::MIN), Amount::from_nano(i64::MAX)] {
            assert_eq!(amount.to_string().parse(), Ok(amount));
        }
        assert_eq!("-9223372036.854775809".parse::<Amount>(), Err(ParseAmountError));
    }

    #[test]
    fn shares_round_down() {
        assert_eq!(Amount::from_nano(9_999).share_bps(1), Amount::ZERO);
        assert_eq!(Amount::from_nano(i64::MAX).share_bps(10_000), Amount::from_nano(i64::MAX));
    }
}
