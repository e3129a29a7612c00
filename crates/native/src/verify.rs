//! `adit verify`: anyone's own check of a receipt.

mod mathematics;

use std::path::{Path, PathBuf};

use adit_core::PublicKey;
use adit_core::log::verify_consistency;
use adit_core::statement::{ProvenReceipt, Receipt, ReceiptError};
use adit_protocol::paths::{self, with};
use adit_protocol::records::{ConsistencyProof, Overview, SignedHead};
use anyhow::{Context, Result, bail, ensure};

use crate::home::{Home, Known};
use crate::http::{self, Http};
use crate::report::{self, Finding};

/// Check a receipt: signatures, log and amount offline under the coordinator's key; with a server, the mathematics too,
/// with coins of your own.
///
/// It says which of them it did. A receipt holds when nothing that was looked at failed (exit status 0). What nobody can
/// check: that inputs or outputs which were never published are what the receipt says.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The receipt's file: JSON as the coordinator, the page or `adit mine --json` gives it
    #[arg(value_name = "RECEIPT", required_unless_present = "lease", conflicts_with = "lease")]
    receipt: Option<PathBuf>,
    /// Fetch the receipt of this lease from the server
    #[arg(long, value_name = "ID")]
    lease: Option<adit_core::sign::LeaseId>,
    /// The coordinator; with it the log's later heads and the mathematics are looked at too
    #[arg(long, value_name = "URL", env = "ADIT_SERVER")]
    server: Option<String>,
    /// The coordinator's public key; otherwise the one kept when mining for that server
    #[arg(long, value_name = "HEX")]
    coordinator_key: Option<PublicKey>,
    /// An IPFS gateway to ask for input blocks before the server; may be repeated
    #[arg(long, value_name = "URL")]
    gateway: Vec<String>,
    /// Look at the receipt alone
    #[arg(long)]
    offline: bool,
    /// The miner's key file, beside which known coordinators are kept
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let server = args.server.as_deref().or(args.lease.map(|_| http::DEFAULT_SERVER));
    let server = server.map(|server| server.trim_end_matches('/').to_owned());
    let http = http::open()?;
    let proven = match (&args.receipt, args.lease, &server) {
        (Some(path), _, _) => read(path)?,
        (None, Some(lease), Some(server)) => {
            http::get(&http, &format!("{server}{}", with(paths::RECEIPT, &lease.to_string()))).await?
        }
        _ => bail!("name a receipt's file, or a lease with --lease"),
    };
    let server = server.filter(|_| !args.offline);
    let mut findings = Vec::new();
    let pinned = pinned(&args, server.as_deref(), &http, &proven.receipt, &mut findings).await?;
    look_at_receipt(&proven, &pinned, &mut findings);
    match &server {
        Some(server) => {
            findings.push(later_log(&http, server, &proven, &pinned).await);
            findings.push(mathematics::look(&http, server, &args.gateway, &proven.receipt).await);
        }
        None => {
            let why = "not looked at: no server to ask for later heads, the unit, its inputs and the output";
            findings.push(Finding::skipped("mathematics", why).advise("name a coordinator with --server"));
        }
    }
    let receipt = &proven.receipt;
    if !args.json {
        println!("Receipt {} of {}: {}, {} NNET", receipt.lease, receipt.miner, receipt.verdict.name(), receipt.value);
    }
    report::print(&findings, args.json)?;
    ensure!(report::holds(&findings), "the receipt does not hold");
    Ok(())
}

/// A receipt by itself, or as `adit mine --json` prints a verdict.
fn read(path: &Path) -> Result<ProvenReceipt> {
    let text = std::fs::read(path).with_context(|| path.display().to_string())?;
    let value: serde_json::Value = serde_json::from_slice(&text)
        .with_context(|| format!("{} is no JSON: save the receipt as the coordinator gives it", path.display()))?;
    let inner = value.get("receipt").filter(|inner| inner.get("head").is_some()).cloned();
    serde_json::from_value(inner.unwrap_or(value)).with_context(|| format!("{} is no receipt", path.display()))
}

/// The key that the receipt is held against, and how much that says.
async fn pinned(
    args: &Args,
    server: Option<&str>,
    http: &Http,
    receipt: &Receipt,
    findings: &mut Vec<Finding>,
) -> Result<PublicKey> {
    if let Some(key) = args.coordinator_key {
        findings.push(Finding::ok("key", format!("{key}, as given")));
        return Ok(key);
    }
    let known = match (server, Home::find(args.key.as_deref())) {
        (Some(server), Ok(home)) => Known::load(home.known())?.get(server),
        _ => None,
    };
    if let Some(key) = known {
        findings.push(Finding::ok("key", format!("{key}, kept since it was first seen")));
        return Ok(key);
    }
    let (key, whose) = match server {
        Some(server) => {
            let overview: Overview = http::get(http, &format!("{server}{}", paths::OVERVIEW)).await?;
            (overview.coordinator_key, "what the server itself says")
        }
        None => (receipt.coordinator, "what the receipt itself says"),
    };
    let advice = "learn the key from its operator and give it with --coordinator-key";
    findings.push(Finding::skipped("key", format!("{key} is {whose}, not known from elsewhere")).advise(advice));
    Ok(key)
}

/// Signatures, log path and arithmetic: everything that the receipt alone shows.
fn look_at_receipt(proven: &ProvenReceipt, pinned: &PublicKey, findings: &mut Vec<Finding>) {
    let receipt = &proven.receipt;
    let broken = match proven.verify(pinned) {
        Ok(()) => {
            let signed = "the miner signed this output, the coordinator signed the log's head";
            findings.push(Finding::ok("signatures", signed));
            let (entry, size) = (receipt.log_index + 1, proven.head.size);
            findings.push(Finding::ok("log", format!("entry {entry} of {size} leads to the signed root")));
            return findings.push(arithmetic(receipt));
        }
        Err(error) => error,
    };
    let about = match broken {
        ReceiptError::WrongCoordinator => "key",
        ReceiptError::HeadSignature | ReceiptError::DeliverySignature => "signatures",
        ReceiptError::NotInLog => "log",
        ReceiptError::Value => "amount",
    };
    findings.push(Finding::failed(about, broken.to_string()));
}

fn arithmetic(receipt: &Receipt) -> Finding {
    let Receipt { kind, work, price_version, value, .. } = receipt;
    if *price_version == adit_core::reward::PRICE_VERSION {
        return Finding::ok("amount", format!("{value} NNET is the price of {work} {}", kind.work_unit()));
    }
    let newer = format!("price list {price_version} is not known to this version");
    Finding::skipped("amount", newer).advise("use a newer version of this program")
}

/// Whether the log has only grown since the receipt's head.
async fn later_log(http: &Http, server: &str, proven: &ProvenReceipt, pinned: &PublicKey) -> Finding {
    match later_size(http, server, proven, pinned).await {
        Ok(size) => Finding::ok("later log", format!("all {size} entries of today's log begin with these")),
        Err(error) => Finding::failed("later log", format!("{error:#}")),
    }
}

async fn later_size(http: &Http, server: &str, proven: &ProvenReceipt, pinned: &PublicKey) -> Result<u64> {
    let SignedHead { head, signature } = http::get(http, &format!("{server}{}", paths::LOG_HEAD)).await?;
    ensure!(pinned.verify(&head, &signature).is_ok(), "today's head is not signed by the coordinator");
    let (from, to) = (proven.head.size, head.size);
    ensure!(from <= to, "today's log has {to} entries, fewer than the receipt's {from}");
    let url = format!("{server}{}?from={from}&to={to}", paths::LOG_CONSISTENCY);
    let proof: ConsistencyProof = http::get(http, &url).await?;
    let path: Vec<_> = proof.path.iter().map(|digest| digest.0).collect();
    let grown = verify_consistency(from, &proven.head.root.0, to, &head.root.0, &path);
    ensure!(grown, "today's log is another one: entries were changed or taken away");
    Ok(to)
}
