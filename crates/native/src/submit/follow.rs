//! Waits for the end of a job, with a progress bar on a terminal and lines elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use adit_protocol::jobs::{JobState, JobView};
use anyhow::{Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};

use crate::server::Remote;
use crate::show;

/// The pause between two looks at a job's state.
const POLL: Duration = Duration::from_millis(300);

/// Why a job does not move while its coordinator is away.
const AWAY: &str = "the coordinator does not answer; the job goes on when it is back";

/// Waits until the job has ended. `quiet` shows nothing meanwhile.
pub(super) async fn follow(remote: &Remote, mut job: JobView, quiet: bool) -> Result<JobView> {
    let bar = if !quiet && std::io::stderr().is_terminal() { bar(&job)? } else { ProgressBar::hidden() };
    let mut said = None;
    while job.state == JobState::Active {
        bar.set_position(u64::from(job.panels_done));
        bar.set_message(job.stuck.clone().unwrap_or_default());
        let news = (job.panels_done * 10 / job.panels.max(1), job.stuck.clone());
        if !quiet && bar.is_hidden() && said.as_ref() != Some(&news) {
            let why = job.stuck.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            show::message(format_args!("{} of {} panels done{why}", job.panels_done, job.panels));
            said = Some(news);
        }
        tokio::time::sleep(POLL).await;
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
