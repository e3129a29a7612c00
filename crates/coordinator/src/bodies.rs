//! Limits on the memory and the time that bodies of requests and answers may take.
//!
//! A peer that does not read keeps its answer in our memory, and one that does not send keeps what was prepared for its
//! output. So both draw on budgets of bytes, of which no address block and no key gets more than a share, and every body
//! must keep a minimum rate.

pub(crate) mod budget;
pub(crate) mod incoming;
pub(crate) mod outgoing;
pub(crate) mod pace;

use std::time::Duration;

use budget::Caps;
use pace::Pace;

/// Caps on the bodies of requests and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bodies {
    /// The most bytes of blocks, outputs and results in memory while they are sent. Further ones wait.
    pub answer_bytes: u64,
    /// The most of them for one address block.
    pub block_answer_bytes: u64,
    /// The most bytes of outputs being received, together with the inputs that they are checked against. Further ones wait.
    pub output_bytes: u64,
    /// The most of them from one address block.
    pub block_output_bytes: u64,
    /// The most of them from one key.
    pub key_output_bytes: u64,
    /// The minimum rate of a body, in bytes per second, in either direction.
    pub least_bytes_per_s: u32,
    /// How long a body may stay behind its minimum rate, in ms.
    pub grace_ms: u64,
    /// The longest time that an output may take to arrive, in ms. A large output must keep a higher rate to arrive in time.
    pub longest_output_ms: u64,
}

impl Default for Bodies {
    fn default() -> Self {
        Bodies {
            answer_bytes: 256 << 20,
            block_answer_bytes: 32 << 20,
            output_bytes: 512 << 20,
            block_output_bytes: 128 << 20,
            key_output_bytes: 128 << 20,
            least_bytes_per_s: 16 << 10,
            grace_ms: 20_000,
            longest_output_ms: 120_000,
        }
    }
}

impl Bodies {
    /// Caps on answers. They have no key.
    pub(crate) fn answers(&self) -> Caps {
        Caps { all: self.answer_bytes, block: self.block_answer_bytes, key: self.answer_bytes }
    }

    pub(crate) fn outputs(&self) -> Caps {
        Caps { all: self.output_bytes, block: self.block_output_bytes, key: self.key_output_bytes }
    }

    /// The pace of a body of any length.
    pub(crate) fn pace(&self) -> Pace {
        Pace::new(self.least_bytes_per_s.into(), Duration::from_millis(self.grace_ms))
    }

    /// The pace of an output of `length` bytes.
    pub(crate) fn output_pace(&self, length: u64) -> Pace {
        let in_time = length.saturating_mul(1_000).div_ceil(self.longest_output_ms.max(1));
        Pace::new(in_time.max(self.least_bytes_per_s.into()), Duration::from_millis(self.grace_ms))
    }
}
