//! What a job says of itself, on its way from its requester to those who compute it.

use adit_protocol::jobs::{FileInfo, JobAbout, JobRequest, JobView, JobWork};
use adit_protocol::{ErrorCode, paths};
use adit_support::{Client, Server, files};
use anyhow::{Context, Result};
use reqwest::Method;

#[tokio::test]
async fn a_jobs_words_are_listed_and_travel_with_its_tasks() -> Result<()> {
    let server = Server::start().await?;
    let mut miner = Client::new(&server, "miner", 1)?;
    let requester = Client::new(&server, "requester", 2)?;
    let a = miner.upload("A.npy", files::npy(64, 64, &[1; 4096])).await?.json::<FileInfo>()?.file;
    let work = JobWork::MatmulI8 { a, b: a };
    let about = JobAbout {
        description: Some("Handwritten digits, sorted".into()),
        requester: Some("A library".into()),
        link: Some("https://library.example/digits".into()),
        open_source: true,
    };
    let silent = JobRequest { demo: true, ..JobRequest::new(work) };
    let told = JobRequest { name: Some("Digits".into()), about: about.clone(), ..silent.clone() };
    let post = |order| requester.send(requester.as_operator(Method::POST, paths::JOBS).json(&order));
    let job: JobView = post(told.clone()).await?.json()?;
    assert_eq!(job.about, about);
    assert_eq!(miner.api().jobs().await?.jobs[0].about, about);

    for wrong in [
        JobAbout { description: Some("x".repeat(1_001)), ..about.clone() },
        JobAbout { description: Some("two\nlines".into()), ..about.clone() },
        JobAbout { requester: Some("\u{202e}bank".into()), ..about.clone() },
        JobAbout { link: Some("javascript:alert(1)".into()), ..about.clone() },
    ] {
        let refused = post(JobRequest { about: wrong.clone(), ..told.clone() }).await?;
        assert_eq!(refused.code()?, ErrorCode::InvalidParameter, "{wrong:?}");
    }
    let named = post(JobRequest { name: Some("\u{1b}[2J".into()), ..told }).await?;
    assert_eq!(named.code()?, ErrorCode::InvalidParameter);

    miner.open().await?;
    let task = miner.task(0).await?.context("a task")?;
    let grant = task.adit.context("a lease")?;
    let said = grant.about.clone().context("what it is about")?;
    assert_eq!((said.name.as_deref(), said.job), (Some("Digits"), about));
    assert_eq!((said.part, said.parts, said.parts_done), (1, job.panels, 0));
    assert_eq!(said.unit_parts as usize, grant.unit.input().panels.len());
    // Asked again, the lane gets the same words.
    let again = miner.task(0).await?.and_then(|task| task.adit).context("the same lease")?;
    assert_eq!((again.lease.lease, again.about), (grant.lease.lease, grant.about));

    let silent: JobView = post(silent).await?.json()?;
    assert_eq!((silent.name, silent.about), (None, JobAbout::default()));
    Ok(())
}
