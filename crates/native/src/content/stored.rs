//! `adit content add`, `get`, `cat`, `pin` and the like: keep content, and give it back.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use adit_content::profile::PROFILES;
use adit_content::storage::{self, Blocks, Later, Pin, StorageError, Usage};
use adit_content::{Cid, ContentPath, Profile, cid};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::import::{Pack, Plan};
use super::modes::Place;
use super::source::Stored;
use super::{apart, files, profile, unpack};
use crate::output::Output;
use crate::show;

#[derive(clap::Subcommand)]
pub(crate) enum Action {
    /// Keep a file or folder, and print its CID
    ///
    /// A folder is taken with everything in it, hidden files too. It is pinned: it stays until it is unpinned.
    Add {
        /// The file or folder
        path: PathBuf,
        /// How files are cut and folders written; another profile gives another CID
        #[arg(long, value_name = "NAME", default_value = PROFILES[0].name, value_parser = profile())]
        profile: String,
        #[command(flatten)]
        place: Place,
    },
    /// Write a file or folder that a CID names
    ///
    /// Nothing is written outside the output, no link may lead out of it, and it appears whole or not at all. If it is
    /// stopped, the next `get` fetches only what is missing.
    Get {
        /// CID, CID/PATH or /ipfs/CID/PATH
        what: PathBuf,
        /// Where the file or folder goes; by default its own name here
        #[arg(short, long, value_name = "PATH")]
        output: Option<PathBuf>,
        /// Replace the output file if it exists; folders are never replaced
        #[arg(long)]
        force: bool,
        /// The most bytes to write: a small folder may unfold into huge files
        #[arg(long, value_name = "BYTES", default_value_t = 64 << 30)]
        max_bytes: u64,
        #[command(flatten)]
        place: Place,
    },
    /// Write a file's bytes to standard output
    Cat {
        /// CID, CID/PATH or /ipfs/CID/PATH
        what: PathBuf,
        #[command(flatten)]
        place: Place,
    },
    /// Keep what a CID names, with everything below it
    Pin {
        /// The CID
        cid: String,
        #[command(flatten)]
        place: Place,
    },
    /// Unpin something, and free the space that only it took
    Unpin {
        /// The CID
        cid: String,
        #[command(flatten)]
        place: Place,
    },
    /// List what is pinned
    Pins {
        /// The most pins to list, at least 1
        #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
        /// Only those after this one
        #[arg(long, value_name = "CID")]
        after: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Show how much is kept
    Stat {
        #[command(flatten)]
        place: Place,
    },
    /// List the pins that could not be completed
    Failed {
        /// Give this pin up, and free the space of what there is of it
        #[arg(long, value_name = "CID")]
        drop: Option<String>,
        #[command(flatten)]
        place: Place,
    },
    /// Retry the pins that could not be completed
    Retry {
        /// Only this one
        cid: Option<String>,
        #[command(flatten)]
        place: Place,
    },
}

pub(super) async fn run(action: Action, json: bool) -> Result<()> {
    match action {
        Action::Add { path, profile, place } => add(path, &profile, &place, json).await,
        Action::Get { what, output, force, max_bytes, place } => {
            let at = path_of(&what)?;
            let output = output.map_or_else(|| named(&at), Ok)?;
            let to = unpack::To { path: output, force, max_bytes, json };
            let opened = place.open()?;
            let root = storage::resolve(&*opened.blocks(), &at).await?.cid;
            let source = Stored::of(opened.whole(&root));
            let done = unpack::export(move || Ok((source, root)), to).await;
            opened.say_who_is_out();
            done
        }
        Action::Cat { what, place } => cat(&what, &place).await,
        Action::Pin { cid, place } => {
            let opened = place.open()?;
            let pinned = opened.storage().pin(parse(&cid)?, None).await;
            opened.say_who_is_out();
            let pin = pinned?;
            say(json, &pin_json(&pin), pin_line(&pin))
        }
        Action::Unpin { cid, place } => {
            let cid = parse(&cid)?;
            ensure!(
                place.open()?.storage().unpin(&cid).await?,
                "{cid} is not pinned: `adit content pins` lists what is"
            );
            say(json, &json!({ "cid": cid.to_string() }), format!("{cid} is no longer kept"))
        }
        Action::Pins { limit, after, place } => {
            let after = after.as_deref().map(parse).transpose()?;
            let pins = place.open()?.storage().pins(after.as_ref(), limit as usize).await?;
            let lines: Vec<String> = pins.iter().map(pin_line).collect();
            let pins: Vec<Value> = pins.iter().map(pin_json).collect();
            say(json, &json!({ "pins": pins }), lines.join("\n"))
        }
        Action::Stat { place } => {
            let storage = place.open()?.storage();
            let usage = storage.stat().await?;
            say(json, &usage_json(storage.mode(), &usage), usage_text(storage.mode(), &usage))
        }
        Action::Failed { drop, place } => failed(drop.as_deref(), &place, json).await,
        Action::Retry { cid, place } => retry(cid.as_deref(), &place, json).await,
    }
}

async fn add(path: PathBuf, profile: &str, place: &Place, json: bool) -> Result<()> {
    let (profile, storage): (Profile, _) = (profile.parse()?, place.open()?.storage());
    let plan = apart(move || Plan::make(&path, profile, Pack::Yes)).await?;
    let (root, bytes) = (plan.root.cid, plan.bytes);
    let pin = storage.pin(root, Some(&Planned(Arc::new(plan)))).await?;
    let mut report = pin_json(&pin);
    report["profile"] = json!(profile.name);
    report["file_bytes"] = json!(bytes);
    say(json, &report, format!("{root}\n{profile}, {bytes} bytes, kept in mode {}", storage.mode()))
}

/// Blocks of files on this machine.
struct Planned(Arc<Plan>);

impl Blocks for Planned {
    fn block<'a>(&'a self, cid: &'a Cid) -> Later<'a, adit_content::Block> {
        let (plan, cid) = (self.0.clone(), *cid);
        Box::pin(async move {
            let read = apart(move || plan.block(&cid)).await;
            read.map_err(|error| StorageError::Disk(format!("{error:#}")))
        })
    }
}

async fn cat(what: &Path, place: &Place) -> Result<()> {
    let (at, opened) = (path_of(what)?, place.open()?);
    let root = storage::resolve(&*opened.blocks(), &at).await?.cid;
    let mut source = Stored::of(opened.whole(&root));
    let output = Output::prepare(Path::new("-"), false).await?;
    let written = files::write_to(&output, move |out| unpack::write_file(&mut source, root, out)).await;
    opened.say_who_is_out();
    written.map(drop)
}

async fn failed(drop: Option<&str>, place: &Place, json: bool) -> Result<()> {
    let opened = place.open()?;
    if let Some(cid) = drop {
        let cid = parse(cid)?;
        ensure!(opened.give_up(cid).await?, "{cid} is not among the failed pins");
        return say(json, &json!({ "cid": cid.to_string() }), format!("{cid} is given up"));
    }
    let wishes = opened.wanted().all()?;
    let lines: Vec<String> = wishes
        .iter()
        .map(|wish| {
            let why = wish.error.as_deref().unwrap_or("it was stopped, or is still under way");
            format!("{}  tried {} times: {why}", wish.cid, wish.tries)
        })
        .collect();
    let wishes: Vec<Value> = wishes
        .iter()
        .map(|wish| json!({ "cid": wish.cid.to_string(), "tries": wish.tries, "error": wish.error }))
        .collect();
    say(json, &json!({ "failed": wishes }), lines.join("\n"))
}

async fn retry(only: Option<&str>, place: &Place, json: bool) -> Result<()> {
    let (opened, only) = (place.open()?, only.map(parse).transpose()?);
    let wishes = opened.wanted().all()?;
    let chosen: Vec<Cid> =
        wishes.iter().map(|wish| wish.cid).filter(|cid| only.is_none_or(|only| only == *cid)).collect();
    if let Some(only) = only {
        ensure!(!chosen.is_empty(), "{only} is not among the failed pins: `adit content failed` lists them");
    }
    let (mut lines, mut reports, mut missed) = (Vec::new(), Vec::new(), 0);
    for cid in chosen {
        match opened.storage().pin(cid, None).await {
            Ok(pin) => {
                lines.push(pin_line(&pin));
                reports.push(pin_json(&pin));
            }
            Err(error) => {
                missed += 1;
                lines.push(format!("{cid}  {error}"));
                reports.push(json!({ "cid": cid.to_string(), "error": error.to_string() }));
            }
        }
    }
    say(json, &json!({ "retried": reports }), lines.join("\n"))?;
    ensure!(missed == 0, "{missed} of {} could not be pinned", reports.len());
    Ok(())
}

/// Reads a path that begins with a CID.
pub(super) fn path_of(what: &Path) -> Result<ContentPath> {
    let text = what.to_str().context("the path is not UTF-8")?;
    text.parse().with_context(|| format!("{text:?} is neither a file here nor a path that begins with a CID"))
}

/// The output's name by default: the last name of the path, or the CID.
fn named(path: &ContentPath) -> Result<PathBuf> {
    let Some(name) = path.names.last() else { return Ok(path.root.to_string().into()) };
    adit_content::name::check_name(name)?;
    Ok(name.into())
}

fn parse(text: &str) -> Result<Cid> {
    cid::parse(text.trim_start_matches("/ipfs/").trim_start_matches("ipfs://")).with_context(|| format!("{text:?}"))
}

fn say(as_json: bool, report: &Value, text: String) -> Result<()> {
    match as_json {
        true => show::json(report),
        false if text.is_empty() => Ok(()),
        false => Ok(show::result(text)?),
    }
}

fn pin_line(pin: &Pin) -> String {
    let size = pin.bytes.zip(pin.blocks).map(|(bytes, blocks)| format!("  {bytes} bytes in {blocks} blocks"));
    format!("{}{}", pin.cid, size.unwrap_or_default())
}

fn pin_json(pin: &Pin) -> Value {
    json!({ "cid": pin.cid.to_string(), "blocks": pin.blocks, "bytes": pin.bytes })
}

fn usage_json(mode: &str, usage: &Usage) -> Value {
    let Usage { pins, blocks, bytes, max_bytes } = usage;
    json!({ "mode": mode, "pins": pins, "blocks": blocks, "bytes": bytes, "max_bytes": max_bytes })
}

fn usage_text(mode: &str, usage: &Usage) -> String {
    let rows = [("pins", usage.pins), ("blocks", usage.blocks), ("bytes", usage.bytes), ("at most", usage.max_bytes)];
    let rows = rows.into_iter().filter_map(|(name, value)| Some(format!("{name:<8} {}", value?)));
    std::iter::once(format!("mode     {mode}")).chain(rows).collect::<Vec<_>>().join("\n")
}
