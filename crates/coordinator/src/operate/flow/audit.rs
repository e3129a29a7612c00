//! Audits of the whole database. They add up everything, so they run in the background and when an operator asks, never
//! for the public.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use crate::batch::Store;
use crate::clock::Clock;
use crate::error::Failure;
use crate::operate::store as audit;
use crate::operate::{Audited, Audits};

/// The least time between two audits in the background.
const EVERY: Duration = Duration::from_secs(3_600);
/// After an audit the background rests this many times as long as it took.
const REST: u32 = 100;

/// Audits the database now, or waits for an audit that is under way and then audits again.
pub(crate) async fn audit_now(store: &Store, clock: &Clock, audits: &Audits) -> Result<Audited, Failure> {
    let _running = audits.running.lock().await;
    let at_ms = clock.now_ms();
    let broken = store.read_apart(|db| Box::pin(audit::audit(db))).await?;
    for sentence in &broken {
        tracing::error!(sentence, "the ledger is not consistent");
    }
    let audited = Audited { at_ms, broken };
    *audits.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(audited.clone());
    Ok(audited)
}

/// Audits from time to time until the store closes.
pub(crate) async fn run(store: Store, clock: Clock, audits: Arc<Audits>) {
    loop {
        let began = Instant::now();
        match audit_now(&store, &clock, &audits).await {
            Ok(_) => {}
            Err(Failure::Stopping) => return,
            Err(error) => tracing::error!(%error, "the audit failed; it is tried again"),
        }
        tokio::time::sleep(EVERY.max(began.elapsed() * REST)).await;
    }
}
