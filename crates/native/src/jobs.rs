//! `adit jobs`: lists, shows and cancels a coordinator's jobs, and fetches their results.

use std::fmt::{self, Display};
use std::path::{Path, PathBuf};

use adit_miner::trial::quantity;
use adit_protocol::jobs::{JobAbout, JobState, JobView};
use anyhow::Result;
use serde::Serialize;

use crate::amount::nnet;
use crate::output::Output;
use crate::server::Server;
use crate::stop::Stopped;
use crate::submit::{self, Fetched};
use crate::{show, stop};

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
        /// Where the result goes; `-` is standard output
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// Replace the output file if it exists
        #[arg(long)]
        force: bool,
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
            let lines: Vec<String> = list.jobs.iter().map(|job| Line(job).to_string()).collect();
            if lines.is_empty() && !args.json { Ok(()) } else { print(args.json, &list, lines.join("\n")) }
        }
        Action::Show { job } => {
            let view = args.server.connect()?.job(job).await?;
            print(args.json, &view, Details(&view))
        }
        Action::Cancel { job } => {
            let view = args.server.connect_as_operator()?.cancel(job).await?;
            print(args.json, &view, Details(&view))
        }
        Action::Result { job, output, force } => tokio::select! {
            done = result(&args.server, job, &output, force, args.json) => done,
            () = stop::signal() => Err(Stopped("Stopped; no result was kept".into()).into()),
        },
    }
}

async fn result(server: &Server, job: u64, named: &Path, force: bool, json: bool) -> Result<()> {
    let output = Output::prepare(named, force).await?;
    let remote = server.connect_as_operator()?;
    output.room_for(remote.job(job).await?.result_bytes.unwrap_or_default())?;
    let Fetched { bytes, .. } = submit::fetch(&remote, job, &output, false).await?;
    let report = serde_json::json!({ "job": job, "output": named, "bytes": bytes });
    let text = format!("{} ({bytes} bytes)", named.display());
    if output.is_standard() {
        show::message(if json { report.to_string() } else { text });
        return Ok(());
    }
    print(json, &report, text)
}

fn print<T: Serialize>(json: bool, value: &T, text: impl Display) -> Result<()> {
    if json { show::json(value) } else { Ok(show::result(text)?) }
}

/// A job on one line.
struct Line<'a>(&'a JobView);

impl Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let JobView { job, name, kind, state, panels_done, panels, .. } = self.0;
        let (name, state) = (name.as_deref().unwrap_or_default(), state.name());
        write!(f, "{job:>6}  {kind:<12} {state:<10} {panels_done:>4}/{panels:<4} panels  {name}")
    }
}

/// A job in full.
struct Details<'a>(&'a JobView);

impl Display for Details<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let job = self.0;
        writeln!(f, "job {}: {} {}", job.job, job.kind, job.name.as_deref().unwrap_or_default())?;
        let JobAbout { description, requester, link, open_source } = &job.about;
        for (what, said) in [("about", description), ("for", requester), ("link", link)] {
            said.iter().try_for_each(|said| writeln!(f, "  {what:<10} {said}"))?;
        }
        if *open_source {
            writeln!(f, "  open       what is computed, and its result, are open to everybody")?;
        }
        writeln!(f, "  state      {}", job.state.name())?;
        writeln!(f, "  panels     {} done, {} under way, {} in all", job.panels_done, job.panels_leased, job.panels)?;
        writeln!(
            f,
            "  outputs    {} valid, {} invalid; {} leases expired",
            job.units_valid, job.units_invalid, job.leases_expired
        )?;
        writeln!(f, "  work       {} {}", quantity(job.work as f64), job.kind.work_unit())?;
        let from = if job.sponsored { " of the epoch's budget" } else { " of its escrow" };
        write!(f, "  spent      {}{from}", nnet(job.spent))?;
        if let Some(why) = &job.stuck {
            write!(f, "\n  stuck      {why}")?;
        }
        if job.state == JobState::Done {
            write!(f, "\n  result     adit jobs result {} -o FILE", job.job)?;
        }
        Ok(())
    }
}
