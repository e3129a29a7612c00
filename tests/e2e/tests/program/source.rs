//! The real program and a unit whose data is at a private address: the owner decides whether it is asked.

use std::time::Duration;

use adit_core::content_id::block_cid;
use adit_protocol::jobs::{DataPlace, FileInfo, JobRequest, JobState, JobWork};
use adit_support::mortal::any_port;
use adit_support::program::{self, Program, Served};
use adit_support::{Client, Server, files};
use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

const BLOCK: usize = 1 << 18;
/// Enough for intake to cut blocks of this size.
const BLOCKS: usize = 64;

/// A gateway on loopback, for which a coordinator stands in, a coordinator with a job about its data, and a miner.
struct Audit {
    gateway: Server,
    served: Served,
    miner: Program,
    job: u64,
    _folder: TempDir,
}

impl Audit {
    /// Starts all three. `flags` gets the gateway's host and port.
    async fn start(program: &std::path::Path, flags: impl Fn(&str) -> Vec<String>) -> Result<Self> {
        let (gateway, folder) = (Server::start().await?, TempDir::new()?);
        let data = files::bytes(4, BLOCKS * BLOCK);
        let holder = Client::new(&gateway, "holder", 1)?;
        let file = holder.upload_as("data", data.clone()).await?.json::<FileInfo>()?.file;
        holder.submit(JobWork::HashTree { data: DataPlace::File { file } }).await?;

        let data_folder = folder.path().join("data");
        let served = Served::start_with(program, any_port(), &data_folder, &["--source", &gateway.url]).await?;
        let operator = Client::at(&served.url, &served.token, "operator", 2)?;
        let lines: String = data.chunks(BLOCK).map(|block| format!("{},{BLOCK}\n", block_cid(block))).collect();
        let list = operator.upload_as("blocks", format!("cid,bytes\n{lines}").into_bytes()).await?;
        let blocks = list.json::<FileInfo>()?.file;
        let work = JobWork::HashTree { data: DataPlace::Source { source: gateway.url.clone(), blocks } };
        let request = JobRequest { demo: true, ..JobRequest::new(work) };
        let job = operator.api().submit(&request).await?.job;

        let key = folder.path().join("miner.key");
        let arguments = ["mine", "--server", &served.url, "--cpu", "1", "--gpu", "off", "--plain", "--key"];
        let place = gateway.url.strip_prefix("http://").context("not http")?;
        let flags = flags(place);
        let flags = flags.iter().map(String::as_str);
        let key = key.to_str().context("a path that is not UTF-8")?;
        let arguments: Vec<&str> = arguments.into_iter().chain([key]).chain(flags).collect();
        Ok(Audit { miner: Program::start(program, &arguments)?, gateway, served, job, _folder: folder })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_on_the_owners_network_is_asked_only_if_the_owner_allows_it() -> Result<()> {
    let Some(program) = program::find()? else { return Ok(()) };
    let mut refusing = Audit::start(&program, |_| Vec::new()).await?;
    let place = refusing.gateway.url.trim_start_matches("http://").to_owned();
    refusing.miner.line(&format!("is not a public address; allow it with `--allow-source {place}`")).await?;
    ensure!(refusing.miner.terminate().await?.success(), "{:#?}", refusing.miner.said());

    let mut asking = Audit::start(&program, |place| vec!["--allow-source".into(), place.to_owned()]).await?;
    let operator = Client::at(&asking.served.url, &asking.served.token, "operator", 2)?;
    while operator.job(asking.job).await?.state != JobState::Done {
        ensure!(asking.miner.is_running()?, "{:#?}", asking.miner.said());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let report: serde_json::Value = serde_json::from_slice(&operator.result(asking.job).await?)?;
    ensure!(report["intact"] == true, "{report}");
    ensure!(asking.miner.terminate().await?.success(), "{:#?}", asking.miner.said());
    Ok(())
}
