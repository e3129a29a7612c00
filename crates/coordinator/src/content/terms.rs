//! The operator's settings for storage.

use adit_core::kind::store::WINDOW_MS;

/// Settings for storage. The defaults are those of `store/1`; tests have shorter windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Storage {
    /// How long a passed challenge stands for, in ms.
    pub window_ms: u64,
    /// How long an answer may take, in ms.
    pub answer_ms: u64,
    /// A challenge that nobody asks for within this time of its moment is missed, in ms.
    pub ask_within_ms: u64,
    /// Bytes that a new key may hold.
    pub first_bytes: u64,
    /// A holder that is silent for this long has lost its replicas, in ms.
    pub silence_ms: u64,
    /// How long a replica may take to arrive, in ms.
    pub arrival_ms: u64,
}

impl Default for Storage {
    fn default() -> Self {
        Storage {
            window_ms: WINDOW_MS,
            answer_ms: 30_000,
            ask_within_ms: 120_000,
            first_bytes: 64 << 20,
            silence_ms: 72 * 3_600_000,
            arrival_ms: 3_600_000,
        }
    }
}

impl Storage {
    /// With windows of another length, and times to ask and to stay silent that fit them.
    pub fn with_windows(window_ms: u64) -> Self {
        let usual = Storage::default();
        Storage {
            window_ms,
            ask_within_ms: usual.ask_within_ms.min(window_ms / 2),
            silence_ms: usual.silence_ms.min(72 * window_ms),
            ..usual
        }
    }

    /// When a holder should ask again: often enough that it does not miss a moment.
    pub(crate) fn retry_after_ms(&self) -> u64 {
        (self.ask_within_ms / 2).clamp(1, 60_000)
    }
}
