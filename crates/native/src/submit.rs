//! `adit submit`: files in, price, progress, result out.

mod follow;
mod input;
mod scores;
mod stage;
mod tables;
mod work;

use std::path::Path;

use adit_core::{Amount, Kind};
use adit_miner::trial::quantity;
use adit_protocol::TaskType;
use adit_protocol::jobs::{Estimate, JobAbout, JobDescription, JobRequest, Priority};
use anyhow::{Context, Result};
use serde_json::json;

use follow::follow;
use input::{Format, Input, open_all};
use scores::Scores;
use stage::{Reached, Stage};
use tables::Tables;
use work::Work;

use crate::amount::nnet;
use crate::output::Output;
use crate::server::{Remote, Server};
use crate::show;

/// Submit a job and wait for its result.
///
/// A file named `-` is standard input, and `-o -` is standard output; everything else is then shown on standard error. A plain
/// output file appears whole or not at all; devices and pipes are written to directly, and links are followed. Ctrl-C ends the
/// waiting, not the job.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    work: Work,
    #[command(flatten)]
    server: Server,
    /// Pay from an escrow of this many NNET, above 0 and up to 9223372036; without it the operator sponsors the job
    #[arg(long, value_name = "NNET", global = true, value_parser = budget)]
    budget: Option<Amount>,
    /// Mark the job as a demonstration: units too small to be worth delegating are leased anyway
    #[arg(long, global = true)]
    demo: bool,
    /// A name for the job, shown in lists
    #[arg(long, value_name = "TEXT", global = true)]
    name: Option<String>,
    /// What the job is for: one line, shown to those who compute it
    #[arg(long, value_name = "TEXT", global = true)]
    description: Option<String>,
    /// Who wants it done, shown to those who compute it
    #[arg(long, value_name = "NAME", global = true)]
    requester: Option<String>,
    /// An http or https address that says more about the job
    #[arg(long, value_name = "URL", global = true)]
    link: Option<String>,
    /// Say that what is computed, and its result, are open to everybody
    #[arg(long, global = true)]
    open_source: bool,
    /// How much of the miners' time the job gets beside others
    #[arg(long, value_enum, value_name = "PRIORITY", default_value = "normal", global = true)]
    priority: Urgency,
    /// Print what the job would cost, and stop; the files are read here and not uploaded
    #[arg(long, global = true)]
    estimate: bool,
    /// Do not wait for the result; `adit jobs result` fetches it
    #[arg(long, global = true)]
    no_wait: bool,
    /// The format of a file whose name says none, as standard input
    #[arg(long, value_enum, value_name = "FORMAT", global = true)]
    format: Option<Format>,
    /// Replace the output file if it exists
    #[arg(long, global = true)]
    force: bool,
    /// Print what happened as one JSON object; on standard error with `-o -`
    #[arg(long, global = true)]
    json: bool,
}

/// A job's priority, as an argument.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Urgency {
    /// A quarter of the usual share
    Low,
    /// The usual share
    Normal,
    /// Four times the usual share
    High,
}

impl From<Urgency> for Priority {
    fn from(urgency: Urgency) -> Self {
        match urgency {
            Urgency::Low => Priority::Low,
            Urgency::Normal => Priority::Normal,
            Urgency::High => Priority::High,
        }
    }
}

impl Args {
    /// What the job is for, and for whom.
    fn about(&self) -> JobAbout {
        let (description, requester, link) = (self.description.clone(), self.requester.clone(), self.link.clone());
        JobAbout { description, requester, link, open_source: self.open_source }
    }
}

fn budget(text: &str) -> Result<Amount, String> {
    let amount: Result<Amount, _> = text.parse();
    amount.ok().filter(|amount| amount.nano() > 0).ok_or_else(|| "it must be above 0 and at most 9223372036".into())
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let stage = Stage::new(|job| fetch_command(job, args.work.output(), &args.server));
    tokio::select! {
        done = submit(&args, &stage) => done,
        () = crate::stop::signal() => Err(stage.stopped().into()),
    }
}

async fn submit(args: &Args, stage: &Stage<impl Fn(u64) -> String>) -> Result<()> {
    let say = |text: String| {
        if !args.json {
            show::message(text)
        }
    };
    let waits = !args.estimate && !args.no_wait;
    let output = if waits { Some(Output::prepare(args.work.output(), args.force).await?) } else { None };
    let inputs = open_all(&args.work.files(), args.format).await?;
    let tables = Tables::look(&args.work, &inputs, say)?;
    let remote = args.server.connect_as_operator()?;
    if args.estimate {
        let estimate = estimate(&remote, &args.work, inputs, tables).await?;
        say(size(&estimate));
        say(time(&estimate));
        return print_if(args.json, None, &json!({ "estimate": estimate }));
    }
    let request = request(&remote, args, inputs, &tables, say).await?;
    let estimate = remote.estimate(&request).await?;
    say(size(&estimate));
    output.iter().try_for_each(|output| output.room_for(result_bytes(&estimate)))?;
    stage.reach(Reached::Submitting);
    let job = remote.submit(&request).await?;
    stage.reach(Reached::Waiting(job.job));
    say(format!("Job {} is submitted{}", job.job, if job.sponsored { ", sponsored by the operator" } else { "" }));
    let Some(output) = output else {
        say(format!("Fetch its result: {}", stage.command(job.job)));
        return print_if(args.json, None, &json!({ "job": job }));
    };
    let job = follow(&remote, job, args.json).await?;
    let labels = tables.labels.as_ref();
    let fetched = fetch(&remote, job.job, &output, labels.is_some()).await;
    let Fetched { bytes, kept } = fetched
        .with_context(|| format!("job {} is done; fetch its result with {}", job.job, stage.command(job.job)))?;
    say(format!("Result: {} ({bytes} bytes), {} verified units", args.work.output().display(), job.units_valid));
    let is_fraud = request.task_type == Some(TaskType::FraudDetection);
    let accuracy = labels.map(|labels| Scores::read(&kept, labels, is_fraud)).transpose()?;
    if let Some(scores) = &accuracy {
        say(scores.to_string());
    }
    let report = json!({ "job": job, "output": args.work.output(), "bytes": bytes, "accuracy": accuracy });
    print_if(args.json, Some(&output), &report)
}

/// Reads the files here, and sends what they hold instead of their bytes.
async fn estimate(remote: &Remote, work: &Work, inputs: Vec<Input>, tables: Tables) -> Result<Estimate> {
    let Some(kind) = work.kind() else {
        return Ok(remote.estimate(&JobRequest::new(work.request(&[])?)).await?);
    };
    let read = move || {
        let read = |(place, input): (usize, &Input)| tables.read(place, input).with_context(|| input.name.clone());
        inputs.iter().enumerate().map(read).collect::<Result<Vec<_>>>()
    };
    let files = tokio::task::spawn_blocking(read).await??;
    Ok(remote.estimate_described(&JobDescription { kind, files }).await?)
}

/// What a job is, in one line.
fn size(estimate: &Estimate) -> String {
    let Estimate { kind, rows, panels, work, price, .. } = estimate;
    let work = format!("{} {}", quantity(*work as f64), kind.work_unit());
    format!("{kind}: {rows} rows in {panels} panels, {work}, at most {}", nnet(*price))
}

/// Uploads the files and makes the request of them.
async fn request(
    remote: &Remote,
    args: &Args,
    inputs: Vec<Input>,
    tables: &Tables,
    say: impl Fn(String),
) -> Result<JobRequest> {
    let mut files = Vec::new();
    for input in inputs {
        say(format!("Uploading {}", input.name));
        let options = tables.options(&input);
        let Input { name, format, body } = input;
        let info = remote.upload_table(&name, format, &options, body).await.with_context(|| name.clone())?;
        tables.fit(files.len(), &name, &info)?;
        files.push(info.file);
    }
    let (work, task_type) = (args.work.request(&files)?, args.work.task_type());
    let about = args.about();
    let (name, priority) = (args.name.clone(), args.priority.into());
    Ok(JobRequest { work, demo: args.demo, budget: args.budget, name, task_type, about, priority })
}

/// How long a job will take, as far as the coordinator can tell.
fn time(estimate: &Estimate) -> String {
    match estimate.expected_ms {
        Some(ms) => format!(
            "About {} units and {} s, with the {} lanes that are at work now",
            estimate.units,
            ms.div_ceil(1_000),
            estimate.lanes
        ),
        None => "No lane at work now has been measured at this kind, so there is no estimate of the time".into(),
    }
}

/// The least number of bytes in the result, as far as it is known.
fn result_bytes(estimate: &Estimate) -> u64 {
    match estimate.kind {
        Kind::MatmulI8 | Kind::MatmulF32 => estimate.output_bytes,
        // A class and a line break.
        Kind::MlpI8 => 2 * u64::from(estimate.rows),
        _ => 0,
    }
}

/// Shows a report as JSON, if it is asked for: on standard error, if the result itself is on standard output.
fn print_if(json: bool, output: Option<&Output>, report: &serde_json::Value) -> Result<()> {
    match output {
        _ if !json => Ok(()),
        Some(output) if output.is_standard() => {
            show::message(report);
            Ok(())
        }
        _ => show::json(report),
    }
}

/// A result that was put in its place.
pub(crate) struct Fetched {
    /// How many bytes it has.
    pub(crate) bytes: u64,
    /// The bytes, if they were to be kept.
    kept: Vec<u8>,
}

/// Fetches a finished job's result into its place.
pub(crate) async fn fetch(remote: &Remote, job: u64, output: &Output, keep: bool) -> Result<Fetched> {
    let mut download = remote.result(job).await?;
    let (mut sink, mut kept) = (output.open().await?, Vec::new());
    while let Some(chunk) = download.chunk().await? {
        sink.write(&chunk).await?;
        if keep {
            kept.extend_from_slice(&chunk);
        }
    }
    Ok(Fetched { bytes: sink.finish().await?, kept })
}

/// The command that fetches a job's result, for a shell.
pub(crate) fn fetch_command(job: u64, output: &Path, server: &Server) -> String {
    let output = output.to_string_lossy();
    // Only a name with a zero byte cannot be quoted, and no file has one.
    let quoted = shlex::try_quote(&output).unwrap_or(output.clone());
    format!("adit jobs result {job} -o {quoted}{}", server.flags())
}
