//! The settings of a pool: its node, fee, limits and clock.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use adit_rustchain::share::MAX_FEE_BPS;
use adit_rustchain::{Address, WalletSecret};
use futures::future::BoxFuture;

use crate::clock::Clock;
use crate::limits::Limits;
use crate::listen::Connections;

/// The default of [`PoolConfig::payout_minimum`], in µRTC: 0.01 RTC.
pub const PAYOUT_MINIMUM: i64 = 10_000;

/// A pool's configuration.
#[derive(Clone)]
pub struct PoolConfig {
    /// The address to listen on. Port 0 lets the system choose.
    pub listen: SocketAddr,
    /// The database's file. Made if missing, with the pool's key beside it.
    pub database: PathBuf,
    /// The fee. A change holds from the epoch after the next.
    pub fee: PoolFee,
    /// The reward that the operator gives for each epoch without a node, in µRTC.
    pub epoch_reward: i64,
    /// The node. Without one the pool gives challenges and verdicts of its own.
    pub node: Option<Node>,
    /// The secret that the sub-wallets' keys are derived from. Without it, or without a node, there are no pooled members.
    pub wallets: Option<WalletSecret>,
    /// The least balance of a pooled member that is paid out, in µRTC.
    pub payout_minimum: i64,
    /// The address that the fee is paid to. Without one it stays in the pool's wallets.
    pub fee_payout: Option<Address>,
    /// Limits for connections.
    pub connections: Connections,
    /// Rate limits for callers.
    pub limits: Limits,
    /// Whether commits wait for the disk.
    pub durable: bool,
    /// The clock.
    pub clock: Clock,
}

impl PoolConfig {
    /// A local pool with the original's fee of 1 %.
    pub fn new(listen: SocketAddr, database: PathBuf) -> Self {
        PoolConfig {
            listen,
            database,
            fee: PoolFee(100),
            epoch_reward: 0,
            node: None,
            wallets: None,
            payout_minimum: PAYOUT_MINIMUM,
            fee_payout: None,
            connections: Connections::default(),
            limits: Limits::default(),
            durable: true,
            clock: Clock::default(),
        }
    }
}

/// A node, and how to reach it.
#[derive(Clone)]
pub struct Node {
    /// Its URL without a trailing slash, as `https://rustchain.org`.
    pub url: String,
    /// Sends requests to it.
    pub upstream: Arc<dyn Upstream>,
}

/// Sends requests to a pool's node.
pub trait Upstream: Send + Sync {
    /// Sends a POST with `body`, or a GET without one, to `path` on the node. Returns the answer of any status, or a sentence
    /// that says why there is none.
    fn send(&self, path: String, body: Option<Vec<u8>>) -> BoxFuture<'_, Result<NodeAnswer, String>>;
}

/// A node's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The whole body.
    pub body: Vec<u8>,
    /// The wait that the node asks for, in ms.
    pub retry_after_ms: Option<u64>,
}

/// A fee in basis points, from 0 to 500.
///
/// It is parsed from a fraction, as `0.01` for 1 %. Text beyond 0.05 or finer than 0.0001 is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolFee(i64);

impl PoolFee {
    /// The fee in basis points.
    pub fn bps(self) -> i64 {
        self.0
    }
}

impl FromStr for PoolFee {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a fee is a fraction from 0 to 0.05 in steps of 0.0001, as 0.01 for 1 %".to_owned();
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let fraction = fraction.trim_end_matches('0');
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !whole.trim_start_matches('0').is_empty() || text.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return Err(wrong());
        }
        let bps = format!("{fraction:0<4}").parse::<i64>().ok().filter(|_| fraction.len() <= 4);
        bps.filter(|bps| *bps <= MAX_FEE_BPS).map(PoolFee).ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fee_is_an_exact_fraction_up_to_five_percent() {
        for (text, bps) in
            [("0.01", 100), ("0", 0), ("0.0", 0), ("0.05", 500), ("0.0001", 1), (".02", 200), ("0.0500", 500)]
        {
            assert_eq!(text.parse(), Ok(PoolFee(bps)), "{text}");
        }
        for text in ["", "1", "0.06", "0.5", "-0.01", "0.00001", "1e-2", "nan", "0.0x", "10", "5%"] {
            assert!(text.parse::<PoolFee>().is_err(), "{text}");
        }
    }
}
