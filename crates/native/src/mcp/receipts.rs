//! Checks receipts for the tools, as `adit verify` does.

use std::path::PathBuf;
use std::sync::Arc;

use adit_core::PublicKey;
use adit_core::sign::LeaseId;
use adit_core::statement::Receipt;
use adit_mcp::backend::{Finding, Pending, Receipts, Report};
use adit_mcp::{Code, ToolError};
use futures::future::FutureExt;
use tokio::runtime::Handle;

use crate::mine::Setup;
use crate::report::{self, Line, State};
use crate::server::Remote;
use crate::verify;

/// Checks receipts of one coordinator.
pub(super) struct Checks(Arc<Inner>);

struct Inner {
    remote: Remote,
    coordinator_key: Option<PublicKey>,
    key: Option<PathBuf>,
    gateways: Vec<String>,
}

impl Checks {
    pub(super) fn new(remote: Remote, setup: &Setup, gateways: &[String]) -> Self {
        let (coordinator_key, key, gateways) = (setup.coordinator_key, setup.key.clone(), gateways.to_vec());
        Checks(Arc::new(Inner { remote, coordinator_key, key, gateways }))
    }
}

impl Receipts for Checks {
    fn verify(&self, lease: LeaseId) -> Pending<'_, Report> {
        let inner = self.0.clone();
        // The mathematics takes a core for as long as it needs.
        let checking = tokio::task::spawn_blocking(move || Handle::current().block_on(inner.check(lease)));
        let gone = |_| ToolError::new(Code::Internal, "the check ended early: try again");
        async move { checking.await.map_err(gone)? }.boxed()
    }
}

impl Inner {
    async fn check(&self, lease: LeaseId) -> Result<Report, ToolError> {
        let proven = self.remote.receipt(lease).await?;
        let Inner { remote, coordinator_key, key, gateways } = self;
        let examined = verify::examine(&proven, Some(remote), *coordinator_key, key.as_deref(), gateways).await;
        let lines = examined.map_err(|error| ToolError::new(Code::Unavailable, format!("{error:#}")))?;
        let Receipt { verdict, value, .. } = &proven.receipt;
        let (verdict, value_nnet, holds) = (verdict.name().into(), value.to_string(), report::holds(&lines));
        Ok(Report { holds, verdict, value_nnet, findings: lines.into_iter().map(finding).collect() })
    }
}

fn finding(Line { about, state, found, advice }: Line) -> Finding {
    let state = match state {
        State::Ok => "ok",
        State::Skipped => "skipped",
        State::Failed => "failed",
    };
    Finding { about: about.into(), state: state.into(), found, advice }
}
