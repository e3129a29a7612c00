//! The operator's settings for storage.

use adit_core::kind::store::WINDOW_MS;

/// Settings for storage. The defaults are those of `store/1`; tests have shorter windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Storage {
    /// The length of a window, in ms.
    pub window_ms: u64,
    /// How long an answer may take, in ms.
    pub answer_ms: u64,
    /// How long after its moment a challenge can be asked for before its window is missed, in ms.
    pub ask_within_ms: u64,
    /// Bytes that a new key may hold.
    pub first_bytes: u64,
    /// How long a holder may be silent before its replicas are lost, in ms.
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
    /// The defaults with windows of `window_ms`, and the times to ask and to stay silent shortened to fit.
    pub fn with_windows(window_ms: u64) -> Self {
        let usual = Storage::default();
        Storage {
            window_ms,
            ask_within_ms: usual.ask_within_ms.min(window_ms / 2),
            silence_ms: usual.silence_ms.min(72 * window_ms),
            ..usual
        }
    }

    /// How long a holder should wait before it asks again, in ms: short enough that it misses no moment.
    pub(crate) fn retry_after_ms(&self) -> u64 {
        (self.ask_within_ms / 2).clamp(1, 60_000)
    }
}
