//! `adit submit`: files in, price, progress, result out.

mod scores;
mod work;

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use adit_core::{Amount, Cid};
use adit_fetch::Body;
use adit_miner::trial::quantity;
use adit_protocol::TaskType;
use adit_protocol::jobs::{Estimate, JobRequest, JobState, JobView};
use anyhow::{Context, Result, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use scores::Scores;
use work::Work;

use crate::server::{Remote, Server};

/// The pause between two looks at a job's state.
const POLL: Duration = Duration::from_millis(300);

/// Why a job does not move while its coordinator is away.
const AWAY: &str = "the coordinator does not answer; the job goes on when it is back";

/// Submit a job and wait for its result.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    work: Work,
    #[command(flatten)]
    server: Server,
    /// Pay from an escrow of this many NNET; without it the operator sponsors the job
    #[arg(long, value_name = "NNET", global = true)]
    budget: Option<Amount>,
    /// Mark the job as a demonstration: units too small to be worth delegating are leased anyway
    #[arg(long, global = true)]
    demo: bool,
    /// A name for the job, shown in lists
    #[arg(long, value_name = "TEXT", global = true)]
    name: Option<String>,
    /// Print what the job would cost, and stop
    #[arg(long, global = true)]
    estimate: bool,
    /// Do not wait for the result; `adit jobs result` fetches it
    #[arg(long, global = true)]
    no_wait: bool,
    /// Print what happened as one JSON object
    #[arg(long, global = true)]
    json: bool,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let remote = args.server.connect_as_operator()?;
    let say = |text: String| {
        if !args.json {
            eprintln!("{text}")
        }
    };
    let request = request(&remote, &args, say).await?;
    let estimate = remote.estimate(&request).await?;
    let Estimate { kind, rows, panels, price, .. } = &estimate;
    let work = format!("{} {}", quantity(estimate.work as f64), kind.work_unit());
    say(format!("{kind}: {rows} rows in {panels} panels, {work}, at most {price} NNET"));
    if args.estimate {
        return print_if(args.json, &json!({ "estimate": estimate }));
    }
    let job = remote.submit(&request).await?;
    say(format!("Job {} is submitted{}", job.job, if job.sponsored { ", sponsored by the operator" } else { "" }));
    if args.no_wait {
        return print_if(args.json, &json!({ "job": job }));
    }
    let job = follow(&remote, job, args.json).await?;
    let bytes = fetch(&remote, job.job, args.work.output()).await?;
    say(format!("Result: {} ({bytes} bytes), {} verified units", args.work.output().display(), job.units_valid));
    let is_fraud = request.task_type == Some(TaskType::FraudDetection);
    let accuracy = args.work.labels().map(|labels| Scores::read(args.work.output(), labels, is_fraud)).transpose()?;
    if let Some(scores) = &accuracy {
        say(scores.to_string());
    }
    print_if(args.json, &json!({ "job": job, "output": args.work.output(), "bytes": bytes, "accuracy": accuracy }))
}

/// Uploads the files and makes the request of them.
async fn request(remote: &Remote, args: &Args, say: impl Fn(String)) -> Result<JobRequest> {
    let mut files = Vec::new();
    for (file, format) in args.work.files() {
        say(format!("Uploading {}", file.display()));
        files.push(upload(remote, file, format).await?);
    }
    let (work, task_type) = (args.work.request(&files)?, args.work.task_type());
    Ok(JobRequest { work, demo: args.demo, budget: args.budget, name: args.name.clone(), task_type })
}

fn print_if(json: bool, value: &serde_json::Value) -> Result<()> {
    if json {
        println!("{value}");
    }
    Ok(())
}

async fn upload(remote: &Remote, file: &Path, format: Option<&str>) -> Result<Cid> {
    let named = || file.display().to_string();
    let name = file.file_name().and_then(|name| name.to_str()).context("the file's name is not text")?;
    let body = Body::file(file).with_context(named)?;
    Ok(remote.upload(name, format, body).await.with_context(named)?.file)
}

/// Fetches a finished job's result into a file, which appears once it is whole.
pub(crate) async fn fetch(remote: &Remote, job: u64, output: &Path) -> Result<u64> {
    let mut download = remote.result(job).await?;
    let name = output.file_name().unwrap_or_default().to_string_lossy();
    let draft = output.with_file_name(format!(".{name}.part"));
    let mut file = std::fs::File::create(&draft).with_context(|| draft.display().to_string())?;
    let mut bytes = 0;
    while let Some(chunk) = download.chunk().await? {
        file.write_all(&chunk).with_context(|| draft.display().to_string())?;
        bytes += chunk.len() as u64;
    }
    let kept = file.sync_all().and_then(|()| crate::home::rename(&draft, output));
    kept.with_context(|| output.display().to_string())?;
    Ok(bytes)
}

/// Waits for the end of a job, with a progress bar on a terminal and lines elsewhere. Ctrl-C leaves the job as it is.
async fn follow(remote: &Remote, mut job: JobView, quiet: bool) -> Result<JobView> {
    let bar = if !quiet && std::io::stderr().is_terminal() { bar(&job)? } else { ProgressBar::hidden() };
    let mut said = None;
    let stopped = crate::stop::signal();
    tokio::pin!(stopped);
    while job.state == JobState::Active {
        bar.set_position(u64::from(job.panels_done));
        bar.set_message(job.stuck.clone().unwrap_or_default());
        let news = (job.panels_done * 10 / job.panels.max(1), job.stuck.clone());
        if !quiet && bar.is_hidden() && said.as_ref() != Some(&news) {
            let why = job.stuck.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            eprintln!("{} of {} panels done{why}", job.panels_done, job.panels);
            said = Some(news);
        }
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            () = &mut stopped => {
                bail!("stopped waiting; job {} goes on: `adit jobs show {}`", job.job, job.job);
            }
        }
        job = match remote.job(job.job).await {
            // The coordinator stores the job, so it outlasts a restart.
            Err(error) if error.is_away() => JobView { stuck: Some(AWAY.into()), ..job },
            answer => answer?,
        };
    }
    bar.finish_and_clear();
    ensure!(job.state == JobState::Done, "job {} was cancelled", job.job);
    Ok(job)
}

fn bar(job: &JobView) -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} panels, {elapsed} {msg}")?;
    Ok(ProgressBar::new(u64::from(job.panels)).with_style(style))
}
