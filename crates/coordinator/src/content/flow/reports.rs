//! Reports of the original's miners about themselves: stored, shown as claims, and paid nothing.

use adit_protocol::storage::ReportAnswer;
use futures::future::BoxFuture;
use serde_json::Value;

use crate::app::App;
use crate::batch::{Batch, Operation};
use crate::content::said::{self, Said};
use crate::content::store::reports;
use crate::error::Failure;
use crate::random::random_uuid;

/// The most miners whose reports are kept.
const MAX_REPORTS: i64 = 10_000;

struct Keep(Said);

impl Operation for Keep {
    type Output = ();
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let said = serde_json::to_string(&self.0.reported).unwrap_or_default();
            Ok(reports::put(batch.db, &self.0.miner, &said, batch.now_ms, MAX_REPORTS).await?)
        })
    }
}

/// Stores a report; `None` if it lacks a required field.
pub(crate) async fn report(app: &App, body: &Value) -> Result<Option<ReportAnswer>, Failure> {
    let Some(said) = said::read(body) else { return Ok(None) };
    app.store.write(Keep(said)).await?;
    Ok(Some(ReportAnswer {
        success: true,
        rewards: 0,
        report_id: random_uuid(),
        message: "Report received. It earns nothing: only proven storage is paid (adit store)".into(),
    }))
}
