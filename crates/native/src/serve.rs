//! `adit serve`: runs a coordinator until Ctrl-C.

mod args;
#[cfg(unix)]
mod descriptors;
mod log;
#[cfg(test)]
mod packaging_tests;
#[cfg(feature = "web")]
mod page;
mod settings;

use std::path::PathBuf;

use adit_coordinator::range::{Budget, DrainSeconds, EpochSeconds, MaxConnections, StorageSeconds, StoreGib};
use adit_coordinator::{BlockAnswer, BlockSource, Config, Connections, Sources, Storage, Web};
use adit_core::Cid;
use adit_core::content_id::MAX_BLOCK_BYTES;
use adit_fetch::{BLOCK_REDIRECTS, Request, follow};
use adit_protocol::paths;
use anyhow::{Result, ensure};
use futures::future::{BoxFuture, FutureExt};

pub(crate) use args::Args;
use settings::Settings;

use crate::server::{Http, http_to_gateways};
use crate::show;

pub(crate) async fn run(args: Args) -> Result<()> {
    let variable = |name: &str| std::env::var(name).ok();
    let settings = Settings::gather(&args.flags, args.config.as_deref(), variable)?;
    if args.print_config {
        return Ok(show::result(settings.to_toml().trim_end())?);
    }
    let mut config = config(&settings)?;
    config.log_lines_lost = show::messages().counter();
    let format = settings.required("log")?;
    log::start(format, settings.required("log-level")?);
    let (page, data, drain_s) = (config.web.is_some(), config.data.clone(), config.connections.drain_ms / 1_000);
    let ready = move |address, coordinator: &adit_coordinator::Coordinator| {
        format.say(&format!("Coordinator on http://{address}, key {}", coordinator.public_key()));
        format.say(&format!("Data and the operators' token are in {}", data.display()));
        if page {
            format.say(&format!("Open http://{address}/ and press Start; operators see http://{address}/dashboard"));
        } else {
            format.say("No page: this program was built without one; --web DIR serves a folder");
        }
    };
    adit_coordinator::serve(config, ready, told_to_stop(format, drain_s)).await?;
    format.say("Stopped; everything that was accepted is stored");
    Ok(())
}

/// The first signal ends the coordinator in good order, the second one at once.
async fn told_to_stop(format: log::Format, drain_s: u64) {
    crate::stop::signal().await;
    format.say(&format!("Stopping: open requests have {drain_s} s to end; a second signal ends the program at once"));
    tokio::spawn(async {
        crate::stop::signal().await;
        // What was accepted is committed; the database recovers as after a crash.
        std::process::exit(130)
    });
}

fn config(settings: &Settings) -> Result<Config> {
    let mut config = Config::new(settings.required("listen")?, settings.required("data")?);
    config.web = web(settings.one("web")?)?;
    config.epoch_budget = settings.required::<Budget>("block-budget")?.get();
    config.epoch_ms = settings.required::<EpochSeconds>("epoch-seconds")?.get() as i64 * 1_000;
    config.storage =
        Storage::with_windows(settings.required::<StorageSeconds>("storage-window-seconds")?.get() * 1_000);
    config.max_stored_bytes = settings.required::<StoreGib>("max-store-gib")?.get() << 30;
    config.hosts = settings.all("host")?;
    config.origins = settings.all("origin")?;
    config.connections = connections(settings)?;
    config.sources = Sources::new(settings.all("source")?, Gateways(http_to_gateways()?));
    Ok(config)
}

/// The page: the folder's if one was named, otherwise the one that the program holds.
fn web(folder: Option<PathBuf>) -> Result<Option<Web>> {
    let Some(folder) = folder else { return Ok(embedded()) };
    ensure!(folder.join("index.html").is_file(), "{} holds no page: build it with `cargo xtask web`", folder.display());
    Ok(Some(Web::Folder(folder)))
}

#[cfg(feature = "web")]
fn embedded() -> Option<Web> {
    page::embedded().map(Web::Embedded)
}

#[cfg(not(feature = "web"))]
fn embedded() -> Option<Web> {
    None
}

/// The limits of connections, within what the system allows.
fn connections(settings: &Settings) -> Result<Connections> {
    let most = |name| settings.required::<MaxConnections>(name).map(|number| number.get() as usize);
    let mut connections = Connections {
        most: most("max-connections")?,
        most_of_block: most("max-connections-per-block")?,
        drain_ms: settings.required::<DrainSeconds>("drain-seconds")?.get() * 1_000,
        ..Connections::default()
    };
    #[cfg(unix)]
    {
        connections.most = connections.most.min(descriptors::connections(descriptors::raise()));
    }
    Ok(connections)
}

/// IPFS gateways over HTTP.
struct Gateways(Http);

/// The time limit for a block.
const BLOCK_MS: u32 = 10_000;

impl BlockSource for Gateways {
    fn ask<'a>(&'a self, source: &'a str, cid: &'a Cid) -> BoxFuture<'a, Option<BlockAnswer>> {
        let path = paths::with(paths::BLOCK, &cid.to_string());
        let request = Request::get(format!("{source}{path}?format=raw")).max_bytes(MAX_BLOCK_BYTES);
        let request = request.header("accept", "application/vnd.ipld.raw").header("accept-encoding", "identity");
        let request = request.timeout_ms(BLOCK_MS).redirects(BLOCK_REDIRECTS);
        async move {
            let response = follow(&self.0, request).await.ok()?;
            let retry_after_ms = response.retry_after_ms();
            Some(BlockAnswer { status: response.status, body: response.body, retry_after_ms })
        }
        .boxed()
    }
}
