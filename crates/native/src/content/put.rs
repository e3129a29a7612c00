//! `adit content put`, `stored`, `back` and `drop`: stores a file or folder with miners, lists, fetches and ends what is stored.

use std::path::{Path, PathBuf};

use adit_client::{ClientError, PinOrder};
use adit_content::Profile;
use adit_content::profile::PROFILES;
use adit_core::kind::store::{WINDOW_MS, work};
use adit_core::reward::base_reward;
use adit_core::{Amount, Kind};
use adit_protocol::storage::{PROVES, PinView};
use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::import::{Pack, Plan};
use super::{apart, profile};
use crate::output::Output;
use crate::server::{Remote, Server};
use crate::show;

/// The longest time to store, in hours.
const MAX_HOURS: u64 = 24 * 366;
/// How many times the content is asked for while holders give pieces back.
const TRIES: u32 = 120;

/// What to store, and for how long.
#[derive(clap::Args)]
pub(super) struct PutArgs {
    /// The file or folder
    path: PathBuf,
    /// Replicas of each piece, each with a key of its own, from 1 to 32
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=32))]
    replicas: u32,
    /// For how long, from 1h to 366d
    #[arg(long = "for", value_name = "SPAN", default_value = "30d", value_parser = hours)]
    hours: u64,
    /// Pay from escrow, filled now, rather than from the epochs' budget
    #[arg(long)]
    escrow: bool,
    /// How files are cut and folders written
    #[arg(long, value_name = "NAME", default_value = PROFILES[0].name, value_parser = profile())]
    profile: String,
    #[command(flatten)]
    server: Server,
}

/// One thing that is stored.
#[derive(clap::Args)]
pub(super) struct OneArgs {
    /// Its number
    pin: u64,
    #[command(flatten)]
    server: Server,
}

/// What is stored.
#[derive(clap::Args)]
pub(super) struct StoredArgs {
    #[command(flatten)]
    server: Server,
}

/// One thing that is stored, and where to put it.
#[derive(clap::Args)]
pub(super) struct BackArgs {
    /// Its number
    pin: u64,
    /// The CAR to write; `adit content export` unpacks it
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace the CAR if it exists
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    server: Server,
}

pub(super) async fn put(args: PutArgs, json: bool) -> Result<()> {
    let remote = args.server.connect_as_operator()?;
    let name = args.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (path, profile) = (args.path.clone(), args.profile.parse::<Profile>()?);
    let (root, car) = apart(move || packed(&path, profile)).await?;
    let price = price(car.len() as u64, args.replicas, args.hours)
        .context("the price is too large: store less, or for a shorter time")?;
    let who = if args.escrow { "from escrow" } else { "at most, from the epochs' budget" };
    let bytes = car.len();
    show::message(format_args!("{bytes} bytes in {} replicas for {} h: {price} NNET {who}", args.replicas, args.hours));
    let order = PinOrder { name, root, replicas: args.replicas, hours: args.hours, sponsored: !args.escrow };
    let stored = remote.put_pin(&order, car).await?;
    print(json, &[stored])
}

/// The root, and the CAR of everything at `path`.
fn packed(path: &Path, profile: Profile) -> Result<(String, Vec<u8>)> {
    let plan = Plan::make(path, profile, Pack::Yes)?;
    let mut car = Vec::new();
    plan.write(&mut car)?;
    Ok((plan.root.cid.to_string(), car))
}

/// What storing costs at most, with windows of the usual length. `None` if that is too large for an amount.
fn price(bytes: u64, replicas: u32, hours: u64) -> Option<Amount> {
    let window = base_reward(Kind::Store, work(bytes.checked_mul(replicas.into())?, WINDOW_MS));
    window.nano().checked_mul(hours.try_into().ok()?).map(Amount::from_nano)
}

/// Parses `48h` or `30d` into hours.
fn hours(text: &str) -> Result<u64, String> {
    let wrong = || "it must be from 1h to 366d: write 48h or 30d".to_owned();
    let parsed = match (text.strip_suffix('h'), text.strip_suffix('d')) {
        (Some(number), _) => number.parse().ok(),
        (_, Some(number)) => number.parse::<u64>().ok().and_then(|days| days.checked_mul(24)),
        _ => None,
    };
    parsed.filter(|hours| (1..=MAX_HOURS).contains(hours)).ok_or_else(wrong)
}

pub(super) async fn stored(args: StoredArgs, json: bool) -> Result<()> {
    print(json, &args.server.connect()?.pins().await?.pins)
}

pub(super) async fn drop(args: OneArgs, json: bool) -> Result<()> {
    print(json, &[args.server.connect_as_operator()?.end_pin(args.pin).await?])
}

pub(super) async fn back(args: BackArgs, json: bool) -> Result<()> {
    let output = Output::prepare(&args.output, args.force).await?;
    let car = fetched(&args.server.connect_as_operator()?, args.pin).await?;
    let ((), bytes) = super::files::write_to(&output, move |out| Ok(out.write_all(&car)?)).await?;
    let report = json!({ "pin": args.pin, "output": args.output, "bytes": bytes });
    let text = format!("{} ({bytes} bytes)", args.output.display());
    if output.is_standard() {
        show::message(if json { report.to_string() } else { text });
        return Ok(());
    }
    if json { show::json(&report) } else { Ok(show::result(text)?) }
}

/// Fetches the content, once holders have given back what the coordinator lacks.
async fn fetched(remote: &Remote, pin: u64) -> Result<Vec<u8>> {
    let mut said = false;
    for _ in 0..TRIES {
        match remote.pin_content(pin).await {
            Ok(download) => return Ok(download.whole().await?),
            Err(ClientError::Refused { retry_after_ms: Some(wait_ms), message, .. }) => {
                if !std::mem::replace(&mut said, true) {
                    show::message(message);
                }
                tokio::time::sleep(std::time::Duration::from_millis(wait_ms)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    ensure!(!said, "the holders did not give everything back: see `adit content stored`, and try again later");
    anyhow::bail!("the coordinator does not answer")
}

fn print(json: bool, pins: &[PinView]) -> Result<()> {
    if json {
        return show::json(&json!({ "pins": pins, "proves": PROVES }));
    }
    let lines: Vec<String> = pins.iter().map(line).collect();
    if lines.is_empty() { Ok(()) } else { Ok(show::result(format!("{}\n{PROVES}", lines.join("\n")))?) }
}

fn line(pin: &PinView) -> String {
    let PinView { pin: number, bytes, pieces, replicas, held, keys, networks, lost, .. } = pin;
    let wanted = pieces * u64::from(*replicas);
    let name: String = pin.name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    let apart = if *networks < u64::from(*replicas) { ", not known to be apart" } else { "" };
    let ended = if pin.active { "" } else { ", ended" };
    format!(
        "{number}  {name}  {}  {bytes} bytes: {held} of {wanted} replicas held by {keys} keys in {networks} networks{apart}, \
         {lost} made again, {} NNET of {} spent{ended}",
        pin.root, pin.spent, pin.price
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_hours_or_days() {
        assert_eq!((hours("48h"), hours("30d")), (Ok(48), Ok(720)));
        for wrong in ["", "30", "0h", "367d", "-1d", "1w", "99999999999999999999d"] {
            assert!(hours(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_price_is_what_the_coordinator_says() {
        assert_eq!(price(1 << 30, 1, 720), Some(Amount::from_nano(2_531_250_000)));
        assert_eq!(price(u64::MAX, 2, 1), None);
    }
}
