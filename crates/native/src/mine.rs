//! `adit mine`: mines until Ctrl-C, with the flags and lines that users of NeoNet's miner know.

#[cfg(feature = "gpu")]
mod adapter;
#[cfg(not(feature = "gpu"))]
#[path = "mine/no_adapter.rs"]
mod adapter;
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
mod text;
mod when;

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use adit_core::{Amount, PublicKey};
use adit_miner::driver::{Host, Runtime};
use adit_miner::machine::{Config, Device, default_contributor};
use adit_miner::notice::Notice;
use adit_miner::rules::{Decision, Facts};
use anyhow::{Result, ensure};
use futures::channel::mpsc::{UnboundedSender, unbounded};

use crate::home::{Directory, Home, KeyFile, Known, PASSPHRASE};
use crate::server::{DEFAULT_SERVER, Sources, http, http_to};
use crate::show::{self, Lines};
use crate::stop;
use adapter::Adapter;
use banner::Banner;
use data::{Counted, Day};
use lanes::Threads;
use output::{Output, View, shown_whole};
use overseer::{Overseer, Wish};
use when::When;

/// Compute units for a coordinator and be paid for what it verifies.
///
/// Every core has a lane. A graphics adapter that is faster than one core has two: it computes for one while the other
/// reads, delivers and fetches. Each lane reports its backend and why it was chosen; ADIT_BACKEND selects another
/// instruction set for the cores (`adit bench` lists them).
/// Deliveries without an answer are kept beside the key and sent again after a restart.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The coordinator to mine for
    #[arg(long, value_name = "URL", env = "ADIT_SERVER", default_value = DEFAULT_SERVER)]
    server: String,
    /// Your miner's id [default: derived from the key]
    #[arg(long)]
    id: Option<String>,
    /// Cores to compute on, with a lane each, from 0 for none up to those of this machine; more count as all of them
    /// [default: all]
    #[arg(long, value_name = "N")]
    cpu: Option<usize>,
    /// The graphics adapter's memory in MB, from 0 to 16777216, for display only
    #[arg(long, value_name = "MB", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=16_777_216))]
    gpu_mem: u32,
    /// The graphics adapter's model, for display only
    #[arg(long, value_name = "NAME", default_value = "")]
    gpu_model: String,
    /// Whether to compute on a graphics adapter: if it is faster than a core, never, or on an emulated one for tests
    #[arg(long, value_enum, default_value_t = Gpu::Auto)]
    gpu: Gpu,
    /// The miner's key file, created on first use; set ADIT_PASSPHRASE to encrypt it
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// An EVM address (0x and 40 hex digits) for rewards, instead of the key's own account
    #[arg(long, value_name = "ADDRESS")]
    payout: Option<String>,
    /// The coordinator's public key; any other is refused [default: the first one seen, except on loopback]
    #[arg(long, value_name = "HEX")]
    coordinator_key: Option<PublicKey>,
    /// An IPFS gateway to ask for input blocks before the coordinator; may be repeated
    #[arg(long, value_name = "URL")]
    gateway: Vec<String>,
    #[command(flatten)]
    sources: Sources,
    /// Stop after this many verdicts, at least 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_units: Option<u64>,
    /// Mine for an original NeoNet server, which verifies nothing: results are computed, but nobody checks them
    #[arg(long, conflicts_with_all = ["payout", "coordinator_key", "gateway", "When"])]
    original: bool,
    /// Print every notice as a line of JSON
    #[arg(long)]
    json: bool,
    /// Print lines instead of the full-screen view
    #[arg(long)]
    plain: bool,
    #[command(flatten)]
    when: When,
}

/// Whether to compute on a graphics adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Gpu {
    /// If it is faster than one core
    Auto,
    /// Never
    Off,
    /// On an adapter that the processor emulates, whatever its speed: for tests
    Software,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let home = Home::find(args.key.as_deref())?;
    let passphrase = std::env::var(PASSPHRASE).ok().filter(|passphrase| !passphrase.is_empty());
    let key = KeyFile::open_or_make(home.key(), passphrase.as_deref())?;
    let mut known = Known::load(home.known())?;
    let config = config(&args, &key, &known)?;
    if args.original {
        return mine_for_original(&args, config).await;
    }
    let (person, controls) = unbounded();
    let (wisher, wishes) = unbounded();
    let lines = show::report();
    let rules = args.when.rules();
    let banner = Banner { config: &config, key: &key, home: &home, gpu: args.gpu, rules: &rules };
    let day = Day::open(home.data());
    let fetch = Counted(http_to(&args.sources)?, day.data());
    let overseer = Overseer::open(rules.clone(), day, person).await;
    let output = RefCell::new(Output::open(View::of(args.json, args.plain), &banner, &lines, &wisher)?);
    let (threads, ends, lane_events) = Threads::start(&config.devices, Adapter::new(args.gpu, home.adapters()));
    let host = Host { fetch, journal: Directory::new(home.journal()), runtime: Tokio::new(), lanes: threads };
    if let Some(capped) = too_many(args.cpu, cores()) {
        output.borrow_mut().warn(&capped);
    }
    let server = config.server.clone();
    let to_tell = if args.json || output.borrow().is_whole_screen() { None } else { Some(lines.clone()) };
    let notify = |notice: Notice| {
        let mut output = output.borrow_mut();
        if let Notice::Registered { coordinator_key, .. } = &notice
            && let Err(error) = known.pin(&server, *coordinator_key)
        {
            output.warn(&format!("the coordinator's key could not be kept: {error:#}"));
        }
        output.notice(notice);
    };
    let told = |decision: &Decision, facts: &Facts, changed| output.borrow_mut().decided(decision, facts, changed);
    let mined = tokio::select! {
        mined = adit_miner::run(config, host, controls, lane_events, notify) => mined,
        never = overseer.run(wishes, told) => match never {},
        never = watch(wisher, to_tell) => match never {},
    };
    output.into_inner().close(&lines, mined.as_ref().ok());
    ends.wait().await;
    let shown = shown_whole(&lines);
    mined?;
    shown
}

/// Uses the key only to derive the miner's name: NeoNet's protocol has no signatures.
async fn mine_for_original(args: &Args, config: Config) -> Result<()> {
    let lines = show::report();
    let mining = original::Mining {
        http: http()?,
        server: config.server,
        contributor: config.contributor.to_lowercase(),
        cpu_cores: args.cpu.unwrap_or(1).min(cores()),
        gpu_memory_mb: args.gpu_mem,
        gpu_model: args.gpu_model.clone(),
        max_units: args.max_units,
        json: args.json,
        lines: lines.clone(),
    };
    original::run(mining, stop::signal()).await?;
    shown_whole(&lines)
}

fn config(args: &Args, key: &KeyFile, known: &Known) -> Result<Config> {
    let server = args.server.trim_end_matches('/');
    let has_scheme = server.starts_with("http://") || server.starts_with("https://");
    ensure!(has_scheme, "{server} is not an address: write it as {DEFAULT_SERVER}");
    let devices =
        Device::lanes(args.cpu.unwrap_or(usize::MAX).min(cores()), args.gpu != Gpu::Off && cfg!(feature = "gpu"));
    ensure!(!devices.is_empty(), "there is nothing to compute with: give --cpu a number of cores, or --gpu auto");
    let mut config = Config::new(server, key.key.clone(), devices);
    config.contributor = args.id.clone().unwrap_or_else(|| default_contributor(&key.key.public_key()));
    config.payout = args.payout.clone();
    config.gpu_memory_mb = args.gpu_mem.into();
    config.gpu_model = Some(args.gpu_model.clone()).filter(|model| !model.is_empty());
    config.gateways = args.gateway.iter().map(|gateway| gateway.trim_end_matches('/').to_owned()).collect();
    config.pinned = args.coordinator_key.or_else(|| known.get(server));
    config.repin = match args.coordinator_key {
        Some(_) => "give the new one with --coordinator-key".into(),
        None => format!("remove its line from {}", known.path().display()),
    };
    config.max_units = args.max_units;
    // Blocks for later units have a part of the memory that is allowed.
    config.cache_bytes =
        args.when.max_memory_bytes().map_or(config.cache_bytes, |most| config.cache_bytes.min(most / 4));
    Ok(config)
}

/// How many cores this process may use.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// What became of a `--cpu` that asks for more than there is: a thread for each would slow all of them down.
fn too_many(asked: Option<usize>, cores: usize) -> Option<String> {
    let asked = asked.filter(|asked| *asked > cores)?;
    Some(format!("--cpu {asked} counts as {cores}: this machine has no more cores for this program"))
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

/// This process's clock and randomness.
struct Tokio(Instant);

impl Tokio {
    fn new() -> Self {
        Tokio(Instant::now())
    }
}

impl Runtime for Tokio {
    fn now_ms(&self) -> u64 {
        self.0.elapsed().as_millis() as u64
    }

    async fn sleep(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        // It only spreads retries, so zeros do no harm.
        let _ = getrandom::fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

/// An amount with six places and its unit, so that amounts below one another align. What is less than that is not shown as
/// nothing.
fn nnet(amount: Amount) -> String {
    const SHOWN_NANO: u64 = 1_000;
    let (nano, sign) = (amount.nano().unsigned_abs(), if amount.nano() < 0 { "-" } else { "" });
    if nano > 0 && nano < SHOWN_NANO {
        return "<0.000001 NNET".into();
    }
    format!("{sign}{}.{:06} NNET", nano / 1_000_000_000, nano % 1_000_000_000 / SHOWN_NANO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_six_places_and_dust_is_not_nothing() {
        let shown = |nano| nnet(Amount::from_nano(nano));
        assert_eq!(
            [0, 1, 999, 1_000, 130_000_000, 2_000_000_999].map(shown),
            ["0.000000 NNET", "<0.000001 NNET", "<0.000001 NNET", "0.000001 NNET", "0.130000 NNET", "2.000000 NNET"]
        );
        assert_eq!(shown(-1_500_000), "-0.001500 NNET");
    }

    #[test]
    fn no_more_lanes_than_cores_and_one_line_about_it() {
        assert_eq!(too_many(Some(4), 4), None);
        assert_eq!(too_many(None, 4), None);
        assert!(too_many(Some(9_999), 2).unwrap().starts_with("--cpu 9999 counts as 2"));
        let words = ["adit", "--cpu", "9999", "--gpu", "off", "--key", "k"];
        #[derive(clap::Parser)]
        struct Command {
            #[command(flatten)]
            args: Args,
        }
        let args = <Command as clap::Parser>::try_parse_from(words).unwrap().args;
        let folder = tempfile::tempdir().unwrap();
        let key = KeyFile::open_or_make(&folder.path().join("miner.key"), None).unwrap();
        let known = Known::load(folder.path().join("known.json")).unwrap();
        assert_eq!(config(&args, &key, &known).unwrap().devices.len(), cores());
    }
}
