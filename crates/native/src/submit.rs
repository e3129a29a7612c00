//! `adit submit`: files in, price, progress, result out.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::Duration;

use adit_core::{Amount, Cid};
use adit_miner::trial::quantity;
use adit_protocol::jobs::{Estimate, FileInfo, JobRequest, JobState, JobView, JobWork};
use adit_protocol::paths::{self, with};
use anyhow::{Context, Result, bail, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::remote::{Away, Remote, Server};

/// How often a job's state is asked for.
const POLL: Duration = Duration::from_millis(300);

/// Said instead of the coordinator.
const AWAY: &str = "the coordinator does not answer; the job goes on when it is back";

/// Submit a job and wait for its result.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    work: Work,
    #[command(flatten)]
    server: Server,
    /// Pay from an escrow of so many NNET; without it the job is sponsored by the operator
    #[arg(long, value_name = "NNET", global = true)]
    budget: Option<Amount>,
    /// A demonstration: units too small to be worth delegating are leased all the same
    #[arg(long, global = true)]
    demo: bool,
    /// A name to recognise the job by
    #[arg(long, value_name = "TEXT", global = true)]
    name: Option<String>,
    /// Say what it would cost and stop
    #[arg(long, global = true)]
    estimate: bool,
    /// Do not wait for the result: `adit jobs result` fetches it
    #[arg(long, global = true)]
    no_wait: bool,
    /// Say what happened as one JSON object
    #[arg(long, global = true)]
    json: bool,
}

#[derive(clap::Subcommand)]
enum Work {
    /// Multiply two int8 matrices: C = A · B, exactly
    Matmul {
        /// Left matrix, .npy of integers −128..127
        a: PathBuf,
        /// Right matrix, .npy of integers −128..127
        b: PathBuf,
        /// Where C goes, .npy of int32
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Classify samples with a quantised perceptron
    Infer {
        /// The model, .safetensors (layers.N.weight, layers.N.bias, layers.N.requant)
        #[arg(long, value_name = "FILE")]
        model: PathBuf,
        /// The samples, .csv of integers 0..127
        #[arg(long, value_name = "FILE")]
        input: PathBuf,
        /// Where the classes go, .csv
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
        /// The right classes, .csv: prints the accuracy
        #[arg(long, value_name = "FILE")]
        labels: Option<PathBuf>,
    },
    /// Sum a quantised perceptron's gradient over samples: what one step of training needs
    Gradient {
        /// The model, .safetensors (layers.N.weight, .bias, .requant, and .back in every layer but the first)
        #[arg(long, value_name = "FILE")]
        model: PathBuf,
        /// The samples, .csv of integers 0..127
        #[arg(long, value_name = "FILE")]
        input: PathBuf,
        /// What each output should have been, .npy of integers −128..127 or .csv of 0..127
        #[arg(long, value_name = "FILE")]
        targets: PathBuf,
        /// Where the gradient goes, .safetensors of int64
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
}

impl Work {
    fn files(&self) -> Vec<&Path> {
        match self {
            Work::Matmul { a, b, .. } => vec![a, b],
            Work::Infer { model, input, .. } => vec![model, input],
            Work::Gradient { model, input, targets, .. } => vec![model, input, targets],
        }
    }

    /// `files` are those of [`Work::files`], uploaded.
    fn request(&self, files: &[Cid]) -> Result<JobWork> {
        Ok(match (self, files) {
            (Work::Matmul { .. }, [a, b]) => JobWork::MatmulI8 { a: *a, b: *b },
            (Work::Infer { .. }, [model, input]) => JobWork::MlpI8 { model: *model, input: *input },
            (Work::Gradient { .. }, [model, input, targets]) => {
                JobWork::GradientI8 { model: *model, input: *input, targets: *targets }
            }
            _ => bail!("{} files were uploaded for this work", files.len()),
        })
    }

    fn output(&self) -> &Path {
        match self {
            Work::Matmul { output, .. } | Work::Infer { output, .. } | Work::Gradient { output, .. } => output,
        }
    }

    fn labels(&self) -> Option<&Path> {
        match self {
            Work::Infer { labels, .. } => labels.as_deref(),
            Work::Matmul { .. } | Work::Gradient { .. } => None,
        }
    }
}

pub(crate) async fn run(args: Args) -> Result<()> {
    let remote = args.server.open_as_operator()?;
    let say = |text: String| {
        if !args.json {
            eprintln!("{text}")
        }
    };
    let mut files = Vec::new();
    for file in args.work.files() {
        say(format!("Uploading {}", file.display()));
        let uploaded: FileInfo = remote.upload(paths::FILES, file).await?;
        files.push(uploaded.file);
    }
    let work = args.work.request(&files)?;
    let request = JobRequest { work, demo: args.demo, budget: args.budget, name: args.name.clone() };
    let estimate: Estimate = remote.post(paths::ESTIMATE, &request).await?;
    let panels = estimate.panels;
    say(format!(
        "{}: {} rows in {panels} panels, {} multiply-accumulates, at most {} NNET",
        estimate.kind,
        estimate.rows,
        quantity(estimate.work as f64),
        estimate.price
    ));
    if args.estimate {
        return print_if(args.json, &json!({ "estimate": estimate }));
    }
    let job: JobView = remote.post(paths::JOBS, &request).await?;
    say(format!("Job {} is submitted{}", job.job, if job.sponsored { ", sponsored by the operator" } else { "" }));
    if args.no_wait {
        return print_if(args.json, &json!({ "job": job }));
    }
    let job = follow(&remote, job, args.json).await?;
    let bytes = fetch(&remote, job.job, args.work.output()).await?;
    say(format!("Result: {} ({bytes} bytes), {} verified units", args.work.output().display(), job.units_valid));
    let accuracy = args.work.labels().map(|labels| accuracy(args.work.output(), labels)).transpose()?;
    if let Some((right, all)) = accuracy {
        say(format!("Accuracy: {:.2} % ({right} of {all})", 100.0 * right as f64 / all as f64));
    }
    let accuracy = accuracy.map(|(right, all)| json!({ "right": right, "all": all }));
    print_if(args.json, &json!({ "job": job, "output": args.work.output(), "bytes": bytes, "accuracy": accuracy }))
}

fn print_if(json: bool, value: &serde_json::Value) -> Result<()> {
    if json {
        println!("{value}");
    }
    Ok(())
}

/// Fetches a finished job's result into a file.
pub(crate) async fn fetch(remote: &Remote, job: u64, output: &Path) -> Result<u64> {
    remote.download(&with(paths::JOB_RESULT, &job.to_string()), output).await
}

/// Waits until the job has ended: a bar on a terminal, plain lines elsewhere. Ctrl-C leaves the job as it is.
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
        job = match remote.get(&with(paths::JOB, &job.job.to_string())).await {
            // The job is the coordinator's and outlasts its restart.
            Err(error) if error.is::<Away>() => JobView { stuck: Some(AWAY.into()), ..job },
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

/// How many classes are right: both files hold one class a line after a header.
fn accuracy(output: &Path, labels: &Path) -> Result<(usize, usize)> {
    let (classes, labels) = (classes(output)?, classes(labels)?);
    ensure!(classes.len() == labels.len(), "{} classes for {} labels", classes.len(), labels.len());
    Ok((classes.iter().zip(&labels).filter(|(class, label)| class == label).count(), labels.len()))
}

fn classes(path: &Path) -> Result<Vec<u32>> {
    let mut reader = csv::Reader::from_path(path).with_context(|| path.display().to_string())?;
    let class = |(index, record): (usize, csv::Result<csv::StringRecord>)| {
        let record = record?;
        let cell = record.get(0).unwrap_or_default();
        cell.parse().with_context(|| format!("{}: line {}: {cell:?} is no class", path.display(), index + 2))
    };
    reader.records().enumerate().map(class).collect()
}
