//! The network's counters, fees and supply, as NeoNet's clients know them.

use adit_fetch::Fetch;
use adit_protocol::neonet::{
    ContributorResponse, DecentralizationStatus, GasEstimate, GasInfo, Leaderboard, Stats, Tokenomics,
};
use adit_protocol::paths;

use crate::call::{encoded, path};
use crate::retry::Sleep;
use crate::{Client, ClientError};

impl<F: Fetch, S: Sleep> Client<F, S> {
    /// The network's counters.
    pub async fn stats(&self) -> Result<Stats, ClientError> {
        self.get(paths::STATS).await
    }

    /// The contributors with the most verified work, at most `limit` of them.
    pub async fn leaderboard(&self, limit: u32) -> Result<Leaderboard, ClientError> {
        self.get(&format!("{}?limit={limit}", paths::LEADERBOARD)).await
    }

    /// One contributor.
    pub async fn contributor(&self, contributor: &str) -> Result<ContributorResponse, ClientError> {
        self.get(&path(paths::CONTRIBUTOR, contributor)).await
    }

    /// The network's fees.
    pub async fn gas_info(&self) -> Result<GasInfo, ClientError> {
        self.get(paths::GAS_INFO).await
    }

    /// The fee of a transfer of `amount`, a decimal number.
    pub async fn gas_estimate(&self, token: &str, amount: &str) -> Result<GasEstimate, ClientError> {
        self.get(&format!("{}?token={}&amount={}", paths::GAS_ESTIMATE, encoded(token), encoded(amount))).await
    }

    /// How much NNET was issued, and who holds it.
    pub async fn tokenomics(&self) -> Result<Tokenomics, ClientError> {
        self.get(paths::TOKENOMICS).await
    }

    /// How decentralised the network is.
    pub async fn decentralization(&self) -> Result<DecentralizationStatus, ClientError> {
        self.get(paths::DECENTRALIZATION).await
    }
}
