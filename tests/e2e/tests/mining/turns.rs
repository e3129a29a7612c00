//! Jobs share miners: a small one does not wait for a large one that came first.

use adit_core::Amount;
use adit_protocol::jobs::{FileInfo, JobAbout, JobRequest, JobView, JobWork, Priority};
use adit_protocol::mining::Delivered;
use adit_protocol::neonet::Task;
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

/// The choice holds for the task that a delivery brings with it, too.
#[tokio::test]
async fn a_lane_works_for_the_jobs_that_its_owner_chose() -> Result<()> {
    let server = Server::start_with(without_admission).await?;
    let mut miner = Client::new(&server, "miner", 1)?;
    let a = miner.upload("A.npy", files::npy(4_000, 64, &files::values(1, 4_000 * 64))).await?.json::<FileInfo>()?.file;
    let b = miner.upload("B.npy", files::npy(64, 64, &files::values(2, 64 * 64))).await?.json::<FileInfo>()?.file;
    let mut jobs = Vec::new();
    for open_source in [false, true, true] {
        let about = JobAbout { open_source, ..JobAbout::default() };
        let order = JobRequest { about, ..JobRequest::new(JobWork::MatmulI8 { a, b }) };
        let job: JobView = miner.send(miner.as_operator(Method::POST, paths::JOBS).json(&order)).await?.json()?;
        jobs.push(job.job);
    }
    miner.open().await?;
    let only = jobs[2];
    for (lane, choice, allowed) in [
        (0, "&open_source=true".to_owned(), &jobs[1..]),
        (1, format!("&job={only}"), &jobs[2..]),
        (2, format!("&open_source=true&job={}", jobs[0]), &[]),
        (3, "&job=18446744073709551615".to_owned(), &[]),
    ] {
        let reply = miner.ask_for(lane, &format!("matmul_i8/1{choice}")).await?;
        let mut task = if reply.status == 204 { None } else { Some(reply.json::<Task>()?) };
        ensure!(task.is_some() != allowed.is_empty(), "{choice}");
        for _ in 0..3 {
            let Some(grant) = task.and_then(|task| task.adit) else { break };
            ensure!(allowed.contains(&grant.job), "{choice}: job {}", grant.job);
            let output = miner.compute(&grant).await?;
            task = miner.deliver(&grant, output).await?.json::<Delivered>()?.next;
        }
    }
    Ok(())
}
