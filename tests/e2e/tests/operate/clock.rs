//! A wall clock that is wrong or is set: nobody waits for it, and nothing ends or is deleted because of it.

use adit_coordinator::Clock;
use adit_core::statement::Verdict;
use adit_protocol::ErrorCode;
use adit_protocol::jobs::JobState;
use adit_protocol::mining::{Delivered, TaskGrant};
use adit_protocol::paths::{self, with};
use adit_protocol::records::{Health, Overview};
use adit_support::scene::LEASE_MS;
use adit_support::{Client, Scene, Server};
use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// The length of an epoch in test servers.
const EPOCH_MS: i64 = HOUR_MS;

async fn overview(client: &Client) -> Result<Overview> {
    client.get(paths::OVERVIEW).await?.json()
}

/// Asserts that /healthz tells the step.
async fn is_told(client: &Client, by_ms: i64) -> Result<()> {
    let health: Health = client.get(paths::HEALTH).await?.json()?;
    let step = health.clock_step.context("no step is told")?;
    ensure!(step.by_ms.abs_diff(by_ms) < 1_000, "{step:?}");
    Ok(())
}

async fn is_valid(miner: &mut Client, grant: &TaskGrant) -> Result<()> {
    let output = miner.compute(grant).await?;
    let answer: Delivered = miner.deliver(grant, output).await?.json()?;
    ensure!(answer.verdict == Verdict::Valid, "{answer:?}");
    Ok(())
}

/// A scene whose job another miner has done.
async fn done() -> Result<Scene> {
    let mut scene = Scene::start().await?;
    scene.honest.open().await?;
    scene.honest.mine(&scene.server.key()).await?;
    ensure!(scene.honest.job(scene.job).await?.state == JobState::Done);
    Ok(scene)
}

/// Submits another job, and takes a lease of it.
async fn under_way(server: &Server) -> Result<(Client, TaskGrant)> {
    let (m, k, n) = adit_support::scene::SHAPE;
    let values = |seed, count| adit_support::files::values(seed, count as usize);
    let mut miner = Client::new(server, "miner", 3)?;
    let (a, b) = (values(1, m * k), values(2, k * n));
    miner.submit_matmul(adit_support::files::npy(m, k, &a), adit_support::files::npy(k, n, &b)).await?;
    miner.open().await?;
    let grant = miner.task(0).await?.and_then(|task| task.adit).context("no lease")?;
    Ok((miner, grant))
}

#[tokio::test]
async fn a_clock_set_back_by_an_hour_stops_nobody() -> Result<()> {
    let scene = Scene::start().await?;
    let mut miner = scene.stranger("miner", 3).await?;
    let grant = scene.lease(&miner).await?;
    let idle = scene.stranger("idle", 4).await?;
    scene.lease(&idle).await?;
    scene.server.clock().set_wall(-HOUR_MS);
    for round in 0..2 {
        for path in [paths::HEALTH, paths::OVERVIEW, paths::JOBS] {
            let reply = miner.get(path).await?;
            ensure!(reply.status == 200, "round {round}: {} {:?}", reply.status, reply.headers);
        }
        ensure!(miner.task(1).await?.is_some());
        scene.server.upkeep().await?;
    }
    is_told(&miner, -HOUR_MS).await?;
    let Overview { leases_live, sessions_open, .. } = overview(&miner).await?;
    assert_eq!((leases_live, sessions_open), (3, 2));
    is_valid(&mut miner, &grant).await?;
    // A lease that is not delivered ends when it would have, not an hour later.
    scene.server.advance(LEASE_MS).await?;
    assert_eq!(overview(&miner).await?.leases_live, 0);
    scene.server.advance(LEASE_MS + 1).await?;
    assert_eq!(overview(&miner).await?.sessions_open, 0);
    scene.ends_well().await
}

#[tokio::test]
async fn a_clock_a_month_ahead_for_three_seconds_leaves_no_trace() -> Result<()> {
    let scene = done().await?;
    let (mut miner, grant) = under_way(&scene.server).await?;
    let begun = overview(&miner).await?;
    scene.server.clock().set_wall(30 * DAY_MS);
    scene.server.upkeep().await?;
    is_told(&miner, 30 * DAY_MS).await?;
    scene.server.advance(3_000).await?;
    scene.server.clock().set_wall(-30 * DAY_MS);
    scene.server.upkeep().await?;
    is_told(&miner, -30 * DAY_MS).await?;

    let now = overview(&miner).await?;
    assert_eq!((now.epoch, now.leases_live, now.sessions_open), (begun.epoch, 1, 2));
    ensure!(now.epoch_ends_in_ms <= EPOCH_MS as u64, "{now:?}");
    is_valid(&mut miner, &grant).await?;
    // For an hour and more nothing is deleted.
    scene.server.advance(2 * HOUR_MS).await?;
    ensure!(!scene.honest.result(scene.job).await?.is_empty());
    assert_eq!(overview(&miner).await?.epoch, begun.epoch + 1);
    // In the end it is.
    scene.server.advance(9 * DAY_MS).await?;
    let path = with(paths::JOB_RESULT, &scene.job.to_string());
    let gone = miner.send(miner.as_operator(reqwest::Method::GET, &path)).await?;
    ensure!(gone.code()? == ErrorCode::ResultGone);
    scene.server.assert_balanced().await
}

#[tokio::test]
async fn a_start_with_a_clock_a_month_ahead_ends_and_deletes_nothing() -> Result<()> {
    let scene = done().await?;
    let (mut miner, grant) = under_way(&scene.server).await?;
    let begun = overview(&miner).await?;
    scene.server.clock().set_wall(30 * DAY_MS);
    let server = scene.server.restart(|_| {}).await?;
    miner.move_to(&server);
    // The epoch closes by itself: what was overdue had its chance to end.
    while overview(&miner).await?.epoch == begun.epoch {
        tokio::task::yield_now().await;
    }
    let now = overview(&miner).await?;
    assert_eq!((now.leases_live, now.sessions_open), (1, 2));
    // The clock is put right.
    server.clock().set_wall(-30 * DAY_MS);
    while miner.get(paths::HEALTH).await?.json::<Health>()?.clock_step.is_none() {
        tokio::task::yield_now().await;
    }
    is_told(&miner, -30 * DAY_MS).await?;
    ensure!(overview(&miner).await?.epoch_ends_in_ms <= EPOCH_MS as u64);
    is_valid(&mut miner, &grant).await?;
    server.upkeep().await?;
    ensure!(!miner.result(scene.job).await?.is_empty());
    server.advance(EPOCH_MS).await?;
    assert_eq!(overview(&miner).await?.epoch, begun.epoch + 2);
    ensure!(!miner.result(scene.job).await?.is_empty());
    server.assert_balanced().await
}

#[tokio::test]
async fn an_epoch_that_opened_in_the_future_is_closed() -> Result<()> {
    let clock = Clock::default();
    clock.set_wall(30 * DAY_MS);
    let scene = Scene::on(Server::start_in(TempDir::new()?, clock, |_| {}).await?).await?;
    let miner = scene.stranger("miner", 3).await?;
    scene.lease(&miner).await?;
    let begun = overview(&scene.honest).await?.epoch;
    // The clock is put right while the coordinator is away.
    scene.server.clock().set_wall(-30 * DAY_MS);
    let server = scene.server.restart(|_| {}).await?;
    let reader = Client::new(&server, "reader", 9)?;
    server.upkeep().await?;
    ensure!(overview(&reader).await?.epoch_ends_in_ms <= EPOCH_MS as u64);
    // Neither do lease and session stay for a month.
    server.advance(LEASE_MS).await?;
    assert_eq!(overview(&reader).await?.leases_live, 0);
    server.advance(EPOCH_MS - LEASE_MS).await?;
    let Overview { epoch, sessions_open, .. } = overview(&reader).await?;
    assert_eq!((epoch, sessions_open), (begun + 1, 0));
    server.assert_balanced().await
}
