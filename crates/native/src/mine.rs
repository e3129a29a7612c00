//! `adit mine`: mines until Ctrl-C, with the flags and lines that users of NeoNet's miner know.

#[cfg(feature = "gpu")]
mod adapter;
#[cfg(not(feature = "gpu"))]
#[path = "mine/no_adapter.rs"]
mod adapter;
#[cfg(feature = "mcp")]
mod background;
mod banner;
mod data;
mod device;
mod lanes;
mod original;
mod output;
mod overseer;
mod pauses;
mod printer;
#[cfg(feature = "tui")]
mod screen;
mod session;
mod setup;
mod when;

use std::cell::RefCell;

use adit_miner::machine::Config;
use adit_miner::notice::Notice;
use adit_miner::rules::{Decision, Facts};
use anyhow::Result;
use futures::channel::mpsc::{UnboundedSender, unbounded};

use crate::home::{Home, KeyFile, Known, PASSPHRASE};
use crate::server::http;
use crate::show::{self, Lines};
use crate::stop;
#[cfg(feature = "mcp")]
pub(crate) use background::{Background, Seen, State};
use banner::Banner;
use output::{Output, View, shown_whole};
use overseer::Wish;
use session::{Session, pin};
pub(crate) use setup::{Gpu, Setup};
use setup::{cores, too_many};

/// Compute units for a coordinator and be paid for what it verifies.
///
/// Every core has a lane. A graphics adapter that is faster than one core has two: it computes for one while the other
/// reads, delivers and fetches. Each lane reports its backend and why it was chosen; ADIT_BACKEND selects another
/// instruction set for the cores (`adit bench` lists them).
/// Deliveries without an answer are kept beside the key and sent again after a restart.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    setup: Setup,
    /// An IPFS gateway to ask for input blocks before the coordinator; may be repeated
    #[arg(long, value_name = "URL")]
    gateway: Vec<String>,
    /// Mine for an original NeoNet server, which verifies nothing: results are computed, but nobody checks them
    #[arg(long, conflicts_with_all = ["payout", "coordinator_key", "gateway", "open_source", "job", "When"])]
    original: bool,
    /// Print every notice as a line of JSON
    #[arg(long)]
    json: bool,
    /// Print lines instead of the full-screen view
    #[arg(long)]
    plain: bool,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let setup = &args.setup;
    let home = Home::find(setup.key.as_deref())?;
    let key = KeyFile::open_or_make(home.key(), passphrase().as_deref())?;
    let mut known = Known::load(home.known())?;
    let config = setup.config(&key, &known, &args.gateway)?;
    if args.original {
        return mine_for_original(&args, config).await;
    }
    let (wisher, wishes) = unbounded();
    let lines = show::report();
    let rules = setup.when.rules();
    let banner = Banner { config: &config, key: &key, home: &home, gpu: setup.gpu, rules: &rules };
    let session = Session::open(setup, &home).await?;
    let output = RefCell::new(Output::open(View::of(args.json, args.plain), &banner, &lines, &wisher)?);
    if let Some(capped) = too_many(setup.cpu, cores()) {
        output.borrow_mut().warn(&capped);
    }
    let server = config.server.clone();
    let to_tell = if args.json || output.borrow().is_whole_screen() { None } else { Some(lines.clone()) };
    let notify = |notice: Notice| {
        let mut output = output.borrow_mut();
        pin(&mut known, &server, &notice).iter().for_each(|wrong| output.warn(wrong));
        output.notice(notice);
    };
    let told = |decision: &Decision, facts: &Facts, changed| output.borrow_mut().decided(decision, facts, changed);
    let (mined, ends) = tokio::select! {
        mined = session.run(config, wishes, notify, told) => mined,
        never = watch(wisher, to_tell) => match never {},
    };
    output.into_inner().close(&lines, mined.as_ref().ok());
    ends.wait().await;
    let shown = shown_whole(&lines);
    mined?;
    shown
}

/// The passphrase of the miner's key, if this process was given one.
pub(crate) fn passphrase() -> Option<String> {
    std::env::var(PASSPHRASE).ok().filter(|passphrase| !passphrase.is_empty())
}

/// Uses the key only to derive the miner's name: NeoNet's protocol has no signatures.
async fn mine_for_original(args: &Args, config: Config) -> Result<()> {
    let lines = show::report();
    let mining = original::Mining {
        http: http()?,
        server: config.server,
        contributor: config.contributor.to_lowercase(),
        cpu_cores: args.setup.cpu.unwrap_or(1).min(cores()),
        gpu_memory_mb: args.setup.gpu_mem,
        gpu_model: args.setup.gpu_model.clone(),
        max_units: args.setup.max_units,
        json: args.json,
        lines: lines.clone(),
    };
    original::run(mining, stop::signal()).await?;
    shown_whole(&lines)
}

/// The first Ctrl-C ends the session, the second one the program.
async fn watch(person: UnboundedSender<Wish>, to_tell: Option<Lines>) -> std::convert::Infallible {
    stop::signal().await;
    if let Some(lines) = to_tell {
        lines.line("\n[INFO] Ending the session (Ctrl-C again to quit at once)");
    }
    // If nobody listens, the program is ending already.
    let _ = person.unbounded_send(Wish::Stop);
    stop::signal().await;
    #[cfg(feature = "tui")]
    screen::leave();
    std::process::exit(130)
}
