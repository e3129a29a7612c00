//! Jobs share miners: a small one does not wait for a large one that came first.

use adit_core::Amount;
use adit_protocol::jobs::{FileInfo, JobRequest, JobView, JobWork, Priority};
use adit_protocol::mining::Delivered;
use adit_protocol::{ErrorCode, paths};
use adit_support::{Client, Server, files, without_admission};
use anyhow::{Context, Result, ensure};
use reqwest::Method;

/// The jobs of the units that a lane gets, one after the other, until there are none.
async fn order(miner: &mut Client) -> Result<Vec<u64>> {
    let mut jobs = Vec::new();
    while let Some(task) = miner.task(0).await? {
        let grant = task.adit.context("a lease")?;
        jobs.push(grant.job);
        let output = miner.compute(&grant).await?;
        let delivery = miner.delivery(&grant, &output);
        let signature = miner.key.sign(&delivery);
        miner.deliver_as(&delivery, &signature, output).await?.json::<Delivered>()?;
    }
    Ok(jobs)
}

#[tokio::test]
async fn a_small_job_is_done_before_a_large_one_that_came_first() -> Result<()> {
    let server = Server::start_with(without_admission).await?;
    let mut miner = Client::new(&server, "miner", 1)?;
    let values = |rows: u32| files::npy(rows, 64, &files::values(1, rows as usize * 64));
    let large = miner.submit_matmul(values(4_000), values(64)).await?;
    let small = miner.submit_matmul(values(8), values(64)).await?;
    ensure!(large.panels >= 16 && small.panels == 1, "{} and {} panels", large.panels, small.panels);
    miner.open().await?;
    let order = order(&mut miner).await?;
    let (units_of_large, place) =
        (order.iter().filter(|job| **job == large.job).count(), order.iter().position(|job| *job == small.job));
    ensure!(units_of_large > 4, "{order:?}");
    ensure!(place.is_some_and(|place| place <= 2), "{order:?}");
    server.assert_balanced().await
}

#[tokio::test]
async fn a_requester_cannot_raise_a_jobs_priority_above_what_the_operator_allows() -> Result<()> {
    let server = Server::start().await?;
    let client = Client::new(&server, "requester", 1)?;
    let a = client.upload("A.npy", files::npy(64, 64, &[1; 4096])).await?.json::<FileInfo>()?.file;
    let order = |priority, budget: Option<i64>| JobRequest {
        demo: true,
        priority,
        budget: budget.map(Amount::from_nano),
        ..JobRequest::new(JobWork::MatmulI8 { a, b: a })
    };
    let post = |order| client.send(client.as_operator(Method::POST, paths::JOBS).json(&order));
    assert_eq!(post(order(Priority::High, Some(1_000_000))).await?.code()?, ErrorCode::InvalidParameter);
    for (priority, budget) in
        [(Priority::Low, Some(1_000_000)), (Priority::Normal, Some(1_000_000)), (Priority::High, None)]
    {
        let job: JobView = post(order(priority, budget)).await?.json()?;
        assert_eq!(job.priority, priority);
    }
    Ok(())
}
