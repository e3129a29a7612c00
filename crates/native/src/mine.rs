//! `adit mine`: mines until Ctrl-C, with the flags and lines that users of NeoNet's miner know.

#[cfg(feature = "gpu")]
mod adapter;
#[cfg(not(feature = "gpu"))]
#[path = "mine/no_adapter.rs"]
mod adapter;
mod banner;
mod lanes;
mod original;
mod output;
mod printer;
#[cfg(feature = "tui")]
mod screen;
mod text;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use adit_core::{Amount, PublicKey};
use adit_miner::driver::{Control, Host, Runtime};
use adit_miner::machine::{Config, Device, default_contributor};
use adit_miner::notice::Notice;
use anyhow::{Result, ensure};
use futures::channel::mpsc::{UnboundedSender, unbounded};

use crate::home::{Directory, Home, KeyFile, Known, PASSPHRASE};
use crate::server::{DEFAULT_SERVER, Sources, http, http_to};
use crate::show::{self, Lines};
use crate::stop;
use adapter::Adapter;
use banner::Banner;
use lanes::Threads;
use output::{Output, View, shown_whole};

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
    /// Cores to compute on, with a lane each; 0 for none [default: all]
    #[arg(long, value_name = "N")]
    cpu: Option<usize>,
    /// The graphics adapter's memory in MB, for display only
    #[arg(long, value_name = "MB", default_value_t = 0)]
    gpu_mem: u32,
    /// The graphics adapter's model, for display only
    #[arg(long, value_name = "NAME", default_value = "")]
    gpu_model: String,
    /// Whether to compute on a graphics adapter: if it is faster than a core, never, or on an emulated one for tests
    #[arg(long, value_enum, default_value_t = Gpu::Auto)]
    gpu: Gpu,
    /// The fraction of the time that lanes work, above 0 and up to 1
    #[arg(long, value_name = "PART", default_value = "1", value_parser = duty)]
    throttle: f64,
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
    /// Stop after this many verdicts
    #[arg(long, value_name = "N")]
    max_units: Option<u64>,
    /// Mine for an original NeoNet server, which verifies nothing: results are computed, but nobody checks them
    #[arg(long, conflicts_with_all = ["payout", "coordinator_key", "gateway"])]
    original: bool,
    /// Print every notice as a line of JSON
    #[arg(long)]
    json: bool,
    /// Print lines instead of the full-screen view
    #[arg(long)]
    plain: bool,
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
    let lines = show::report();
    let banner = Banner { config: &config, key: &key, home: &home, gpu: args.gpu };
    let fetch = http_to(&args.sources)?;
    let mut output = Output::open(View::of(args.json, args.plain), &banner, &lines, &person)?;
    let (threads, ends, lane_events) = Threads::start(&config.devices, Adapter::new(args.gpu, home.adapters()));
    let host = Host { fetch, journal: Directory::new(home.journal()), runtime: Tokio::new(), lanes: threads };
    let server = config.server.clone();
    let to_tell = if args.json || output.is_whole_screen() { None } else { Some(lines.clone()) };
    let notify = |notice: Notice| {
        if let Notice::Registered { coordinator_key, .. } = &notice
            && let Err(error) = known.pin(&server, *coordinator_key)
        {
            output.warn(&format!("the coordinator's key could not be kept: {error:#}"));
        }
        output.notice(notice);
    };
    let mined = tokio::select! {
        mined = adit_miner::run(config, host, controls, lane_events, notify) => mined,
        never = watch(person, to_tell) => match never {},
    };
    output.close(&lines, mined.as_ref().ok());
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
        cpu_cores: args.cpu.unwrap_or(1),
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
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let devices = Device::lanes(args.cpu.unwrap_or(cores), args.gpu != Gpu::Off && cfg!(feature = "gpu"));
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
    config.duty = args.throttle;
    config.max_units = args.max_units;
    Ok(config)
}

fn duty(text: &str) -> Result<f64, String> {
    let duty: f64 = text.parse().map_err(|_| "it is not a number".to_owned())?;
    if duty > 0.0 && duty <= 1.0 { Ok(duty) } else { Err("it must be above 0 and at most 1".into()) }
}

/// The first Ctrl-C ends the session, the second one the program.
async fn watch(person: UnboundedSender<Control>, to_tell: Option<Lines>) -> std::convert::Infallible {
    stop::signal().await;
    if let Some(lines) = to_tell {
        lines.line("\n[INFO] Ending the session (Ctrl-C again to quit at once)");
    }
    // If nobody listens, the program is ending already.
    let _ = person.unbounded_send(Control::Stop);
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

/// An amount with its unit.
fn nnet(amount: Amount) -> String {
    format!("{amount} NNET")
}
