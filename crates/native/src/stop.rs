//! The signals that end the program.

/// Work that was given up because a person or a service manager said so; the text says what is left of it.
#[cfg_attr(not(any(feature = "content", feature = "jobs")), allow(dead_code, reason = "only these are given up"))]
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Stopped(pub(crate) String);

/// Waits for Ctrl-C or the signal that service managers send.
pub(crate) async fn signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! { _ = interrupt => {}, _ = terminate.recv() => {} }
            }
            Err(_) => drop(interrupt.await),
        }
    }
    #[cfg(not(unix))]
    drop(interrupt.await);
}
