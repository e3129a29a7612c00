//! `adit pool`: runs a pool of RustChain miners, with the flags and environment variables of the pool proxy.

mod check;
mod confirm;
mod keys;
mod member;
mod server;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use adit_coordinator::{Node, NodeAnswer, Pool, PoolConfig, PoolFee, Upstream, serve_pool};
use adit_fetch::{Fetch, Request};
use adit_rustchain::Address;
use anyhow::{Result, ensure};
use futures::future::{BoxFuture, FutureExt};

use crate::home::{PASSPHRASE, PoolWallets};
use crate::server::{Http, http};
use crate::show;

/// Run a pool of RustChain miners.
///
/// Members attest with their own wallets: with `adit attest --pool URL`, or any RustChain miner that has this pool as its
/// node. With --node-url the pool relays attestations to that node byte for byte, counts those that it accepts, and takes
/// nothing: the node pays the members. If ADIT_PASSPHRASE is set too, members can join (`adit pool join`): the pool makes a
/// sub-wallet for each device, signs with its key, takes its fee from what the node pays, shares the rest and pays it out.
/// Without --node-url the pool asks no node: it gives challenges and verdicts of its own.
/// Open http://HOST:PORT/ for the dashboard.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    run: Run,
}

#[derive(clap::Subcommand)]
enum What {
    /// Check an epoch's public list: weights, shares, sums, root and signature; needs no network
    Check(check::Args),
    Join(member::JoinArgs),
    /// Get a new token for a device that joined; it replaces the old one
    Token(member::AskArgs),
    /// Take a pooled device out: the pool pays what it owes and sweeps its wallet; ask again to get the key
    Leave(member::AskArgs),
    Confirm(confirm::Args),
    /// Manage the keys of this pool's sub-wallets
    Keys {
        #[command(subcommand)]
        what: Keys,
    },
}

#[derive(clap::Subcommand)]
enum Keys {
    Export(keys::Args),
}

#[derive(clap::Args)]
struct Run {
    /// The port to listen on, from 0 (any free port) to 65535
    #[arg(long, value_name = "PORT", env = "POOL_PORT", default_value_t = 8080)]
    port: u16,
    /// The address to listen on; 127.0.0.1 serves this machine only
    #[arg(long, value_name = "ADDRESS", env = "POOL_HOST", default_value_t = IpAddr::V4(Ipv4Addr::UNSPECIFIED))]
    host: IpAddr,
    /// The RustChain node to relay attestations to [default: none, so that nothing leaves this machine]
    #[arg(long, value_name = "URL", env = "POOL_NODE_URL")]
    node_url: Option<String>,
    /// The pool's fee as a fraction, from 0 to 0.05: 0.01 is 1 %. A change holds from the epoch after the next
    #[arg(long, value_name = "FRACTION", env = "POOL_FEE", default_value = "0.01")]
    pool_fee: PoolFee,
    /// The database's file; the pool's key is stored beside it
    #[arg(long, value_name = "FILE", env = "POOL_DB_PATH", default_value = "./pool_proxy.db")]
    db_path: PathBuf,
    /// Your reward for each epoch without a node, from 0 to 1000000 RTC; the pool records it but does not pay it
    #[arg(long, value_name = "RTC", env = "POOL_EPOCH_REWARD", default_value = "0", conflicts_with = "node_url")]
    epoch_reward: Rtc,
    /// The least balance of a pooled member that is paid out, from 0.000001 to 1000000 RTC
    #[arg(long, value_name = "RTC", env = "POOL_PAYOUT_MINIMUM", default_value = "0.01")]
    payout_minimum: Rtc,
    /// The address that the fee is paid to [default: it stays in the pool's wallets]
    #[arg(long, value_name = "ADDRESS", env = "POOL_FEE_PAYOUT")]
    fee_payout: Option<Address>,
}

/// A sum in µRTC, from 0 to [`MOST_RTC`] RTC. It is parsed from RTC with up to six decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rtc(i64);

/// The largest sum that a flag accepts, in RTC.
const MOST_RTC: i64 = 1_000_000;

impl FromStr for Rtc {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("a sum must be from 0 to {MOST_RTC} RTC with up to six decimals, as 1.5");
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || fraction.len() > 6 || !is_digits(whole) || !is_digits(fraction) {
            return Err(wrong());
        }
        let (whole, fraction) = (whole.parse::<i64>(), format!("{fraction:0<6}").parse::<i64>());
        let micro = whole.ok().filter(|whole| *whole <= MOST_RTC).zip(fraction.ok());
        let micro = micro.map(|(whole, fraction)| whole * 1_000_000 + fraction);
        micro.filter(|micro| *micro <= MOST_RTC * 1_000_000).map(Rtc).ok_or_else(wrong)
    }
}

pub(crate) async fn run(args: Args) -> Result<()> {
    match args.what {
        Some(What::Check(args)) => check::run(&args),
        Some(What::Join(args)) => member::join(args).await,
        Some(What::Token(args)) => member::token(args).await,
        Some(What::Leave(args)) => member::leave(args).await,
        Some(What::Confirm(args)) => confirm::run(args).await,
        Some(What::Keys { what: Keys::Export(args) }) => keys::export(&args),
        None => serve(args.run).await,
    }
}

async fn serve(args: Run) -> Result<()> {
    let report = show::report();
    log_to(&report);
    let mut config = PoolConfig::new(SocketAddr::new(args.host, args.port), args.db_path.clone());
    config.fee = args.pool_fee;
    config.epoch_reward = args.epoch_reward.0;
    config.node = args.node_url.as_deref().map(node).transpose()?;
    config.payout_minimum = args.payout_minimum.0.max(1);
    config.fee_payout = args.fee_payout;
    if let (Some(_), Some(passphrase)) = (&config.node, passphrase()) {
        config.wallets = Some(PoolWallets::open_or_make(&wallets_path(&args.db_path), &passphrase)?);
    }
    let treasury = config.wallets.as_ref().map(|wallets| wallets.key(0).address());
    let (says, database, node_url) = (report.clone(), args.db_path, args.node_url);
    let ready = move |address: SocketAddr, pool: &Pool| {
        says.line(format_args!("[OK] Pool on http://{address}, key {}", pool.public_key()));
        says.line(format_args!("[OK] Database in {}", database.display()));
        says.line(match &node_url {
            Some(url) => format!("[OK] Attestations go to {url}, which pays members who attest with their own wallets"),
            None => "[OK] Local mode: the pool has no node; set one with --node-url URL".to_owned(),
        });
        match treasury {
            Some(address) => says.line(format_args!(
                "[OK] Members can join with sub-wallets; each new one gets 1 µRTC from the treasury {address}: keep some in it"
            )),
            None if node_url.is_some() => says.line(format_args!(
                "[OK] No sub-wallets: to let members join with them, set {PASSPHRASE}, which seals their secret"
            )),
            None => {}
        }
        let bps = args.pool_fee.bps();
        let from = pool.fee_from_epoch();
        says.line(format_args!("[OK] Fee {}.{:02} % from epoch {from}", bps / 100, bps % 100));
    };
    serve_pool(config, ready, crate::stop::signal()).await?;
    report.line("[OK] Stopped; everything that was accepted is stored");
    report.flush(show::LAST_LINES);
    Ok(())
}

fn passphrase() -> Option<String> {
    std::env::var(PASSPHRASE).ok().filter(|passphrase| !passphrase.is_empty())
}

/// The file of the sub-wallet secret, beside the database.
fn wallets_path(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".wallets");
    name.into()
}

/// Logs to standard output, as the original does, with a line for each attestation.
fn log_to(report: &show::Lines) {
    let report = report.clone();
    let filter = tracing_subscriber::EnvFilter::try_from_env("ADIT_LOG_LEVEL");
    let filter = filter.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info,adit_coordinator::http=warn"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(move || report.clone());
    log.log_internal_errors(false).with_ansi(false).with_target(false).init();
}

fn node(url: &str) -> Result<Node> {
    let url = url.trim_end_matches('/').to_owned();
    let is_plain = url.starts_with("http://");
    ensure!(
        is_plain || url.starts_with("https://"),
        "--node-url must begin with https:// or http://, as in https://rustchain.org"
    );
    if is_plain {
        show::message(format_args!(
            "warning: {url} is not encrypted: others on the network can read wallets, hardware and host names, and can answer \
             in the node's place, but cannot change signed attestations. Use https:// if the node offers it"
        ));
    }
    Ok(Node { upstream: Arc::new(Over { http: http()?, url: url.clone() }), url })
}

/// Sends requests to the node over HTTP.
struct Over {
    http: Http,
    url: String,
}

/// The time limit for an answer of the node, in ms.
const NODE_MS: u32 = 30_000;
/// The largest answer of the node, in bytes.
const MAX_ANSWER: usize = 1 << 20;

impl Upstream for Over {
    fn send(&self, path: String, body: Option<Vec<u8>>) -> BoxFuture<'_, Result<NodeAnswer, String>> {
        let url = format!("{}{path}", self.url);
        let request = match body {
            Some(body) => Request::post_json(url, body),
            None => Request::get(url),
        };
        let request = request.max_bytes(MAX_ANSWER).timeout_ms(NODE_MS);
        async move {
            let response = self.http.fetch(request).await.map_err(|error| error.to_string())?;
            let retry_after_ms = response.retry_after_ms();
            Ok(NodeAnswer { status: response.status, body: response.body, retry_after_ms })
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_parsed_exactly() {
        for (text, micro) in [("0", 0), ("1.5", 1_500_000), ("0.000001", 1), ("1000000", 1_000_000_000_000)] {
            assert_eq!(text.parse(), Ok(Rtc(micro)), "{text}");
        }
        for text in ["", "-1", "1.0000001", "1000000.000001", "1e3", "99999999999999999999", ".5", "1.x"] {
            assert!(text.parse::<Rtc>().is_err(), "{text}");
        }
    }
}
