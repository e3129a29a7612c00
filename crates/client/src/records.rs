//! What a coordinator says about itself and its miners.

use adit_core::PublicKey;
use adit_fetch::{Fetch, Method};
use adit_protocol::paths;
use adit_protocol::records::{Account, Activity, EpochList, Health, LedgerTotals, MinerList, Overview};
use adit_protocol::statistics::SignedName;

use crate::call::path;
use crate::retry::{Repeat, Sleep};
use crate::{Client, ClientError};

/// The time limit for an audit.
const AUDIT_MS: u32 = 600_000;

impl<F: Fetch, S: Sleep> Client<F, S> {
    /// Whether the coordinator is healthy.
    pub async fn health(&self) -> Result<Health, ClientError> {
        self.get(paths::HEALTH).await
    }

    /// The coordinator's key, version and current figures.
    pub async fn overview(&self) -> Result<Overview, ClientError> {
        self.get(paths::OVERVIEW).await
    }

    /// Verified work and verdicts of the last `minutes`, step by step.
    pub async fn activity(&self, minutes: u32) -> Result<Activity, ClientError> {
        self.get(&format!("{}?minutes={minutes}", paths::ACTIVITY)).await
    }

    /// A miner's account.
    pub async fn account(&self, key: &PublicKey) -> Result<Account, ClientError> {
        self.get(&path(paths::ACCOUNT, key)).await
    }

    /// Chooses the name under which a miner is listed, signed by its key.
    pub async fn choose_name(&self, signed: &SignedName) -> Result<Account, ClientError> {
        let path = path(paths::ACCOUNT_NAME, signed.statement.public_key);
        self.send(self.request(Method::Put, &path), signed, Repeat::Harmless).await
    }

    /// The miners seen lately: the first page. Needs the token.
    pub async fn miners(&self) -> Result<MinerList, ClientError> {
        self.get(paths::MINERS).await
    }

    /// The ledger's totals by kind of account.
    pub async fn ledger(&self) -> Result<LedgerTotals, ClientError> {
        self.get(paths::LEDGER).await
    }

    /// The ledger's totals after an audit of every row, which may take long. Needs the token.
    pub async fn audit(&self) -> Result<LedgerTotals, ClientError> {
        let request = self.request(Method::Get, &format!("{}?audit=true", paths::LEDGER));
        self.json(request.timeout_ms(AUDIT_MS).answer_ms(AUDIT_MS), Repeat::Harmless).await
    }

    /// The newest epochs, newest first: the first page.
    pub async fn epochs(&self) -> Result<EpochList, ClientError> {
        self.get(paths::EPOCHS).await
    }

    /// The coordinator's metrics, in Prometheus' text format.
    pub async fn metrics(&self) -> Result<String, ClientError> {
        let response = self.whole(self.request(Method::Get, paths::METRICS), Repeat::Harmless).await?;
        Ok(String::from_utf8_lossy(&response.body).into_owned())
    }

    /// The description of the API, an OpenAPI document.
    pub async fn openapi(&self) -> Result<serde_json::Value, ClientError> {
        self.get(paths::OPENAPI).await
    }
}
