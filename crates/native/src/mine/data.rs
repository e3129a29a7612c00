//! Counts the bytes that a miner receives and sends in a day, across restarts.

use std::fs;
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use adit_fetch::{Fetch, FetchError, Incoming, MaybeSend, Request, Response};
use serde::{Deserialize, Serialize};

use crate::home::write_private;

/// Bytes since the program began. Clones share the count.
#[derive(Clone, Debug, Default)]
pub(super) struct Data(Arc<Mutex<u64>>);

impl Data {
    pub(super) fn add(&self, bytes: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += bytes;
    }

    fn total(&self) -> u64 {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// HTTP whose bodies are counted.
pub(super) struct Counted<F>(pub(super) F, pub(super) Data);

impl<F: Fetch> Fetch for Counted<F> {
    const FOLLOWS: bool = F::FOLLOWS;

    fn open(&self, request: Request) -> impl Future<Output = Result<Incoming, FetchError>> + MaybeSend {
        self.1.add(request.body.as_ref().map_or(0, |body| body.length()));
        self.0.open(request)
    }

    fn fetch(&self, request: Request) -> impl Future<Output = Result<Response, FetchError>> + MaybeSend {
        self.1.add(request.body.as_ref().map_or(0, |body| body.length()));
        let (answer, data) = (self.0.fetch(request), self.1.clone());
        async move {
            let response = answer.await?;
            data.add(response.body.len() as u64);
            Ok(response)
        }
    }
}

/// The bytes of a day, in a file that the next run reads.
pub(super) struct Day {
    file: PathBuf,
    kept: Kept,
    data: Data,
    /// What `data` had counted when `kept` was written.
    counted: u64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Kept {
    day: String,
    bytes: u64,
}

impl Day {
    /// Goes on where an earlier run ended. A file that cannot be read counts as none.
    pub(super) fn open(file: PathBuf) -> Self {
        let kept = fs::read(&file).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
        Day { file, kept, data: Data::default(), counted: 0 }
    }

    /// The counter to add to.
    pub(super) fn data(&self) -> Data {
        self.data.clone()
    }

    /// The bytes of `today`, written to the file if a later run should `keep` them.
    pub(super) fn bytes(&mut self, today: &str, keep: bool) -> u64 {
        let total = self.data.total();
        let before = if self.kept.day == today { self.kept.bytes } else { 0 };
        let kept = Kept { day: today.to_owned(), bytes: before.saturating_add(total - self.counted) };
        if keep
            && kept != self.kept
            && let Ok(text) = serde_json::to_vec(&kept)
        {
            // A count that cannot be written is lost only if the program ends.
            let _ = write_private(&self.file, &text);
        }
        (self.kept, self.counted) = (kept, total);
        self.kept.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_fetch::Scripted;

    #[test]
    fn a_day_is_counted_across_a_restart_and_a_new_one_begins_at_zero() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("miner.data.json");
        let mut day = Day::open(file.clone());
        day.data().add(5);
        assert_eq!((day.bytes("2026-11-30", true), day.bytes("2026-11-30", true)), (5, 5));
        let mut day = Day::open(file.clone());
        day.data().add(2);
        assert_eq!(day.bytes("2026-11-30", true), 7);
        day.data().add(3);
        assert_eq!(day.bytes("2026-12-01", true), 3);
        fs::write(&file, "{").unwrap();
        assert_eq!(Day::open(file).bytes("2026-12-01", true), 0);
    }

    #[test]
    fn what_is_sent_and_received_counts() {
        let data = Data::default();
        let fetch = Counted(Scripted::new(|_| Ok(Response::new(200, "answer"))), data.clone());
        let request = Request::post_json("http://a/b", b"four".to_vec());
        futures::executor::block_on(fetch.fetch(request)).unwrap();
        assert_eq!(data.total(), 10);
    }
}
