//! `adit serve`: a coordinator until Ctrl-C.

use std::net::SocketAddr;
use std::path::PathBuf;

use adit_coordinator::Config;
use adit_core::Amount;
use anyhow::{Result, ensure};
use tracing_subscriber::EnvFilter;

/// Run a coordinator on an embedded database.
///
/// The directory holds everything: database, the coordinator's key, and the token that operators' commands need.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Where to listen; port 0 lets the system choose
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
    /// The directory for database, key and token; made if it is not there
    #[arg(long, value_name = "DIR", env = "ADIT_DATA", default_value = ".adit")]
    data: PathBuf,
    /// The built page to serve at /
    #[arg(long, value_name = "DIR")]
    web: Option<PathBuf>,
    /// What an epoch may pay for sponsored work, in NNET
    #[arg(long, value_name = "NNET", default_value = "1")]
    block_budget: Amount,
    /// How long an epoch lasts, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..))]
    epoch_seconds: u32,
    /// The most that the database may hold, in GiB; a fuller store refuses new jobs
    #[arg(long, value_name = "GIB", default_value_t = 32)]
    max_store_gib: u32,
    /// A name by which operators reach this coordinator, beside addresses and localhost; may be repeated
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// Log as JSON, a line an event (ADIT_LOG sets the level: error, warn, info, debug)
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    start_log(args.json);
    if let Some(web) = &args.web {
        ensure!(web.join("index.html").is_file(), "{} holds no page: build it with `cargo xtask web`", web.display());
    }
    let mut config = Config::new(args.listen, args.data);
    config.web = args.web;
    config.block_budget = args.block_budget;
    config.epoch_ms = i64::from(args.epoch_seconds) * 1_000;
    config.max_stored_bytes = u64::from(args.max_store_gib) << 30;
    config.hosts = args.host;
    let (page, data) = (config.web.is_some(), config.data.clone());
    let ready = move |address, coordinator: &adit_coordinator::Coordinator| {
        eprintln!("[OK] Coordinator on http://{address}, key {}", coordinator.public_key());
        eprintln!("[OK] Data and the operators' token are in {}", data.display());
        if page {
            eprintln!("[OK] Open http://{address}/ and press Start; operators see http://{address}/dashboard");
        }
    };
    adit_coordinator::serve(config, ready, crate::stop::signal()).await?;
    eprintln!("[OK] Stopped; everything that was accepted is stored");
    Ok(())
}

fn start_log(json: bool) {
    let filter = EnvFilter::try_from_env("ADIT_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if json { log.json().init() } else { log.with_target(false).init() }
}
