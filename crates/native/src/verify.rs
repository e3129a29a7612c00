//! `adit verify`: checks a receipt without trusting the coordinator that gave it.

mod mathematics;

use std::path::{Path, PathBuf};

use adit_core::PublicKey;
use adit_core::statement::{ProvenReceipt, Receipt, ReceiptError};
use anyhow::{Context, Result, bail, ensure};

use crate::home::{Home, Known};
use crate::report::{self, Line};
use crate::server::{DEFAULT_SERVER, Remote, Sources, connect_to};
use crate::show;

/// Check a receipt: signatures, log and amount offline under the coordinator's key; with a server, the mathematics too,
/// with coins of your own.
///
/// The report says what was checked. A receipt holds if no check failed (exit status 0). Nobody can check whether inputs
/// or outputs that were never published are what the receipt says.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The receipt: JSON from the coordinator, the page or `adit mine --json`; `-` is standard input
    #[arg(value_name = "RECEIPT", required_unless_present = "lease", conflicts_with = "lease")]
    receipt: Option<PathBuf>,
    /// Fetch the receipt of this lease from the server
    #[arg(long, value_name = "ID")]
    lease: Option<adit_core::sign::LeaseId>,
    /// The coordinator; needed to check later heads of the log and the mathematics
    #[arg(long, value_name = "URL", env = "ADIT_SERVER")]
    server: Option<String>,
    /// The coordinator's public key [default: the one kept when mining for that server]
    #[arg(long, value_name = "HEX")]
    coordinator_key: Option<PublicKey>,
    /// An IPFS gateway to ask for input blocks before the server; may be repeated
    #[arg(long, value_name = "URL")]
    gateway: Vec<String>,
    #[command(flatten)]
    sources: Sources,
    /// Check the receipt alone
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
    let server = args.server.as_deref().or(args.lease.map(|_| DEFAULT_SERVER));
    let remote = server.map(|server| connect_to(server, &args.sources)).transpose()?;
    let proven = match (&args.receipt, args.lease, &remote) {
        (Some(path), _, _) => read(path)?,
        (None, Some(lease), Some(remote)) => remote.receipt(lease).await?,
        _ => bail!("name a receipt's file, or a lease with --lease"),
    };
    let remote = remote.filter(|_| !args.offline);
    let lines = examine(&proven, remote.as_ref(), args.coordinator_key, args.key.as_deref(), &args.gateway).await?;
    let shown = show_report(&proven.receipt, &lines, args.json);
    // A reader that has read enough changes nothing about the receipt.
    ensure!(report::holds(&lines), "the receipt does not hold");
    shown
}

/// Checks a receipt: alone and, with a coordinator, its later log and the mathematics. `given` is the coordinator's key; without
/// it, the one that is kept beside the miner's key counts.
pub(crate) async fn examine(
    proven: &ProvenReceipt,
    remote: Option<&Remote>,
    given: Option<PublicKey>,
    key: Option<&Path>,
    gateways: &[String],
) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    let pinned = pinned(given, key, remote, &proven.receipt, &mut lines).await?;
    check_receipt(proven, &pinned, &mut lines);
    match remote {
        Some(remote) => {
            lines.push(later_log(remote, proven, &pinned).await);
            lines.push(mathematics::check(remote, gateways, &proven.receipt).await);
        }
        None => {
            let why = "not checked: no server to ask for later heads, the unit, its inputs and the output";
            lines.push(Line::skipped("mathematics", why).advise("name a coordinator with --server"));
        }
    }
    Ok(lines)
}

fn show_report(receipt: &Receipt, lines: &[Line], json: bool) -> Result<()> {
    if !json {
        let Receipt { lease, miner, verdict, value, .. } = receipt;
        show::result(format_args!("Receipt {lease} of {miner}: {}, {value} NNET", verdict.name()))?;
    }
    report::print(lines, json)
}

/// Reads a receipt, alone or inside a verdict that `adit mine --json` printed.
fn read(path: &Path) -> Result<ProvenReceipt> {
    let text = match path.to_str() {
        Some("-") => std::io::read_to_string(std::io::stdin()).map(String::into_bytes),
        _ => std::fs::read(path),
    };
    let text = text.with_context(|| path.display().to_string())?;
    let value: serde_json::Value = serde_json::from_slice(&text)
        .with_context(|| format!("{} is not JSON: save the receipt as the coordinator gives it", path.display()))?;
    let inner = value.get("receipt").filter(|inner| inner.get("head").is_some()).cloned();
    serde_json::from_value(inner.unwrap_or(value)).with_context(|| format!("{} is not a receipt", path.display()))
}

/// The key to check the receipt under, and where it comes from.
async fn pinned(
    given: Option<PublicKey>,
    key: Option<&Path>,
    remote: Option<&Remote>,
    receipt: &Receipt,
    lines: &mut Vec<Line>,
) -> Result<PublicKey> {
    if let Some(key) = given {
        lines.push(Line::ok("key", format!("{key}, as given")));
        return Ok(key);
    }
    let known = match (remote, Home::find(key)) {
        (Some(remote), Ok(home)) => Known::load(home.known())?.get(remote.server()),
        _ => None,
    };
    if let Some(key) = known {
        lines.push(Line::ok("key", format!("{key}, kept since it was first seen")));
        return Ok(key);
    }
    let (key, whose) = match remote {
        Some(remote) => (remote.overview().await?.coordinator_key, "what the server itself says"),
        None => (receipt.coordinator, "what the receipt itself says"),
    };
    let advice = "learn the key from its operator and give it with --coordinator-key";
    lines.push(Line::skipped("key", format!("{key} is {whose}, not known from elsewhere")).advise(advice));
    Ok(key)
}

/// Checks everything that the receipt alone shows: signatures, log path and arithmetic.
fn check_receipt(proven: &ProvenReceipt, pinned: &PublicKey, lines: &mut Vec<Line>) {
    let receipt = &proven.receipt;
    let broken = match proven.verify(pinned) {
        Ok(()) => {
            let signed = "the miner signed this output, the coordinator signed the log's head";
            lines.push(Line::ok("signatures", signed));
            let (entry, size) = (receipt.log_index + 1, proven.head.size);
            lines.push(Line::ok("log", format!("entry {entry} of {size} leads to the signed root")));
            return lines.push(arithmetic(receipt));
        }
        Err(error) => error,
    };
    let about = match broken {
        ReceiptError::WrongCoordinator => "key",
        ReceiptError::HeadSignature | ReceiptError::DeliverySignature => "signatures",
        ReceiptError::NotInLog => "log",
        ReceiptError::Value => "amount",
    };
    lines.push(Line::failed(about, broken.to_string()));
}

fn arithmetic(receipt: &Receipt) -> Line {
    let Receipt { kind, work, price_version, value, .. } = receipt;
    if *price_version == adit_core::reward::PRICE_VERSION {
        return Line::ok("amount", format!("{value} NNET is the price of {work} {}", kind.work_unit()));
    }
    let newer = format!("price list {price_version} is not known to this version");
    Line::skipped("amount", newer).advise("use a newer version of this program")
}

/// Whether the log only grew since the receipt's head.
async fn later_log(remote: &Remote, proven: &ProvenReceipt, pinned: &PublicKey) -> Line {
    match remote.grown_log(proven, pinned).await {
        Ok(size) => Line::ok("later log", format!("today's log of {size} entries begins with the receipt's log")),
        Err(error) => Line::failed("later log", error.to_string()),
    }
}
