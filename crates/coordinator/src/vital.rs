//! Work without which the coordinator must not go on.
//!
//! If the writer panicked and nothing else, reads would be answered for ever and nothing would be stored. So the
//! program ends, and whatever watches over it starts it again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use futures::FutureExt;

/// How long a log that another thread writes gets for its last line.
const LAST_LINE: Duration = Duration::from_millis(100);
/// The exit status of Rust's own panics.
const PANICKED: i32 = 101;

/// Runs `work`, and ends the program if it panics.
pub(crate) fn vital<T>(what: &'static str, work: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| end(what))
}

/// Runs the task `work`, and ends the program if it panics.
pub(crate) async fn vital_task<T>(what: &'static str, work: impl Future<Output = T>) -> T {
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(|_| end(what))
}

fn end(what: &'static str) -> ! {
    tracing::error!(what, "this panicked, so the program ends; everything that was answered is stored");
    std::thread::sleep(LAST_LINE);
    std::process::exit(PANICKED)
}
