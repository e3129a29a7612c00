//! `adit jobs`: lists, shows and cancels a coordinator's jobs, and fetches their results.

use std::path::PathBuf;

use adit_miner::trial::quantity;
use adit_protocol::jobs::{JobState, JobView};
use anyhow::Result;
use serde::Serialize;

use crate::server::Server;
use crate::submit;

/// List, show, cancel jobs and fetch their results.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
    #[command(flatten)]
    server: Server,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(clap::Subcommand)]
enum Action {
    /// List all jobs, newest first
    List,
    /// Show one job, and why it does not move if it does not
    Show {
        /// The job's number
        job: u64,
    },
    /// Cancel a job; what was verified stays paid
    Cancel {
        /// The job's number
        job: u64,
    },
    /// Fetch a finished job's result
    Result {
        /// The job's number
        job: u64,
        /// Where the result goes
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
}

pub(crate) async fn run(args: Args) -> Result<()> {
    match args.action {
        Action::List => {
            let client = args.server.connect()?;
            let mut list = client.jobs().await?;
            while let Some(next) = list.next {
                let page = client.jobs_before(next).await?;
                list.jobs.extend(page.jobs);
                list.next = page.next;
            }
            print(args.json, &list, |list| list.jobs.iter().for_each(line))
        }
        Action::Show { job } => {
            let view = args.server.connect()?.job(job).await?;
            print(args.json, &view, details)
        }
        Action::Cancel { job } => {
            let view = args.server.connect_as_operator()?.cancel(job).await?;
            print(args.json, &view, details)
        }
        Action::Result { job, output } => {
            let bytes = submit::fetch(&args.server.connect_as_operator()?, job, &output).await?;
            let report = serde_json::json!({ "job": job, "output": output, "bytes": bytes });
            print(args.json, &report, |_| println!("{} ({bytes} bytes)", output.display()))
        }
    }
}

fn print<T: Serialize>(json: bool, value: &T, text: impl FnOnce(&T)) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string(value)?);
    } else {
        text(value);
    }
    Ok(())
}

fn line(job: &JobView) {
    let name = job.name.as_deref().unwrap_or_default();
    let state = job.state.name();
    println!("{:>6}  {:<12} {state:<10} {:>4}/{:<4} panels  {name}", job.job, job.kind, job.panels_done, job.panels);
}

fn details(job: &JobView) {
    println!("job {}: {} {}", job.job, job.kind, job.name.as_deref().unwrap_or_default());
    println!("  state      {}", job.state.name());
    println!("  panels     {} done, {} under way, {} in all", job.panels_done, job.panels_leased, job.panels);
    println!(
        "  outputs    {} valid, {} invalid; {} leases expired",
        job.units_valid, job.units_invalid, job.leases_expired
    );
    println!("  work       {} {}", quantity(job.work as f64), job.kind.work_unit());
    println!(
        "  spent      {} NNET{}",
        job.spent,
        if job.sponsored { " of the epoch's budget" } else { " of its escrow" }
    );
    if let Some(why) = &job.stuck {
        println!("  stuck      {why}");
    }
    if job.state == JobState::Done {
        println!("  result     adit jobs result {} -o FILE", job.job);
    }
}
