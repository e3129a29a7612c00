//! The miner as the tools see it.

use adit_core::Amount;
use adit_mcp::backend::{Figures, Identity, Lane, Miner, Pending};
use adit_mcp::{Code, ToolError};
use adit_miner::notice::LaneStatus;
use futures::future::FutureExt;

use crate::mine::{Background, Seen, State};

/// A miner in this process.
pub(super) struct Mining {
    miner: Background,
    server: String,
}

impl Mining {
    pub(super) fn new(miner: Background, server: String) -> Self {
        Mining { miner, server }
    }
}

impl Miner for Mining {
    fn identify(&self) -> Result<Identity, ToolError> {
        let (miner_id, public_key) = self.miner.identify().map_err(|error| failed(&error))?;
        Ok(Identity { miner_id, public_key: public_key.to_string(), server: self.server.clone() })
    }

    fn start(&self) -> Pending<'_, bool> {
        async {
            let began = self.miner.start().await.map_err(|error| failed(&error))?;
            let Seen { state, problem, .. } = self.miner.seen();
            if state == State::Failed {
                let problem = problem.unwrap_or_else(|| "the miner ended at once".into());
                return Err(ToolError::new(Code::Unavailable, problem));
            }
            Ok(began)
        }
        .boxed()
    }

    fn stop(&self) -> Pending<'_, bool> {
        async { self.miner.stop().await.map_err(|error| failed(&error)) }.boxed()
    }

    fn figures(&self) -> Figures {
        figures(self.miner.seen())
    }
}

fn failed(error: &anyhow::Error) -> ToolError {
    ToolError::new(Code::NotConfigured, format!("{error:#}"))
}

fn figures(seen: Seen) -> Figures {
    let Seen { state, uptime, status, paused, problem } = seen;
    let is_paused = paused.is_some() || !status.paused.is_empty();
    let state = match state {
        State::Stopped => "stopped",
        State::Failed => "failed",
        State::Connecting => "connecting",
        State::Mining if is_paused => "paused",
        State::Mining => "mining",
    };
    let account = status.account;
    let nnet = |amount: Amount| amount.to_string();
    Figures {
        state: state.into(),
        uptime_ms: uptime.as_millis() as u64,
        lanes: status.lanes.into_iter().map(lane).collect(),
        units_valid: status.units_valid,
        units_invalid: status.units_invalid,
        work_per_s: status.work_per_s,
        earned_nnet: nnet(status.earned),
        pending_nnet: account.as_ref().map(|account| nnet(account.pending)),
        paid_nnet: account.as_ref().map(|account| nnet(account.posted)),
        paused: paused.map_or(status.paused, |sentence| vec![sentence]),
        problem,
    }
}

fn lane(status: LaneStatus) -> Lane {
    let LaneStatus { device, backend, state, work_per_s, units_valid, .. } = status;
    Lane { device, backend, state, work_per_s, units_valid }
}
