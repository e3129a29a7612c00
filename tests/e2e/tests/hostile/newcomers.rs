//! Fresh keys cost nothing, so together they hold a part of the work at most; a single one can always begin.

use adit_core::statement::Verdict;
use adit_protocol::ErrorCode;
use adit_protocol::jobs::{JobState, JobView};
use adit_protocol::mining::{Delivered, TaskGrant};
use adit_protocol::neonet::Task;
use adit_protocol::paths::{self, with};
use adit_support::{Client, Reply, Scene, Server, files};
use anyhow::{Context, Result, ensure};
use reqwest::Method;

/// The crowd's keys, all in one address block.
const CROWD: u8 = 154;
/// The most leases that unproven keys hold from one address block.
const PER_BLOCK: usize = 8;
/// A small unit's lease to an unproven key.
const SHORT_MS: i64 = 10_000;

/// Asks for a lane's task through a proxy that names the caller.
async fn ask_from(client: &Client, address: &str, lane: u32) -> Result<Reply> {
    let path = format!("{}?lane={lane}", with(paths::TASK, &client.contributor));
    let request = client.request(Method::GET, &path).header(paths::SESSION_HEADER, &client.session);
    client.send(request.header("x-forwarded-for", address)).await
}

/// The lease in an answer, or `None` after a refusal for too many leases.
fn granted(reply: &Reply) -> Result<Option<TaskGrant>> {
    if reply.status == 200 {
        return Ok(Some(reply.json::<Task>()?.adit.context("no lease")?));
    }
    ensure!(reply.code()? == ErrorCode::TooManyLeases, "{reply:?}");
    ensure!(reply.headers.contains_key("retry-after"), "no Retry-After");
    Ok(None)
}

async fn deliver(client: &mut Client, grant: &TaskGrant) -> Result<Delivered> {
    let output = client.compute(grant).await?;
    let delivered: Delivered = client.deliver(grant, output).await?.json()?;
    ensure!(delivered.verdict == Verdict::Valid, "{delivered:?}");
    Ok(delivered)
}

/// A coordinator with a job of 64 panels.
async fn large_job() -> Result<(Server, Client, u64)> {
    let server = Server::start().await?;
    let requester = Client::new(&server, "requester", 250)?;
    let (a, b) = (files::npy(512, 8, &files::values(1, 4_096)), files::npy(8, 8, &files::values(2, 64)));
    let job = requester.submit_matmul(a, b).await?;
    ensure!(job.panels == 64);
    Ok((server, requester, job.job))
}

fn waiting(job: &JobView) -> u32 {
    job.panels - job.panels_done - job.panels_leased
}

#[tokio::test]
async fn a_crowd_of_fresh_keys_leaves_work_for_an_honest_one() -> Result<()> {
    let (server, requester, job) = large_job().await?;
    let mut crowd = Vec::new();
    for key in 1..=CROWD {
        let mut client = Client::new(&server, &format!("crowd{key}"), key)?;
        client.open().await?;
        crowd.push(client);
    }
    let mut held = 0;
    for (index, client) in crowd.iter().enumerate() {
        for lane in 0..2 {
            held += usize::from(granted(&ask_from(client, &format!("203.0.113.{index}"), lane).await?)?.is_some());
        }
    }
    assert_eq!(held, PER_BLOCK);
    let view = requester.job(job).await?;
    ensure!(view.panels_leased <= view.panels / 4, "{view:?}");

    let mut honest = Client::new(&server, "honest", 200)?;
    honest.open().await?;
    let mut rounds = 0;
    loop {
        let view = requester.job(job).await?;
        if view.state == JobState::Done {
            break;
        }
        if waiting(&view) == 0 {
            // What the crowd holds comes back soon, and goes to the proven key although the crowd asks first.
            server.advance(SHORT_MS + 1).await?;
        }
        for (index, client) in crowd.iter().enumerate().take(20) {
            ask_from(client, &format!("203.0.113.{index}"), 0).await?;
        }
        let reply = ask_from(&honest, "198.51.100.1", 0).await?;
        let grant = granted(&reply)?.with_context(|| format!("round {rounds}: an honest miner gets nothing"))?;
        deliver(&mut honest, &grant).await?;
        rounds += 1;
        ensure!(rounds < 100, "{view:?}");
    }
    server.assert_balanced().await
}

#[tokio::test]
async fn each_verified_unit_lets_a_key_hold_one_more_for_longer() -> Result<()> {
    let (server, _, _) = large_job().await?;
    let mut miner = Client::new(&server, "miner", 1)?;
    miner.open().await?;
    let mut held = vec![granted(&miner.ask(0).await?)?.context("no lease")?];
    assert_eq!(held[0].lease.ttl_ms, SHORT_MS as u64);
    for lanes in 1..5 {
        ensure!(granted(&miner.ask(lanes).await?)?.is_none(), "a lease too many for {lanes} lanes");
        let next =
            deliver(&mut miner, &held.remove(0)).await?.next.and_then(|task| task.adit).context("no next unit")?;
        let more = granted(&miner.ask(lanes).await?)?.context("no lease for one more lane")?;
        ensure!(next.lease.ttl_ms > SHORT_MS as u64 && more.lease.ttl_ms > SHORT_MS as u64);
        held.extend([next, more]);
    }
    // Another key of the same miner begins anew.
    let mut other = Client::new(&server, "other", 2)?;
    other.open().await?;
    ensure!(granted(&other.ask(0).await?)?.is_some() && granted(&other.ask(1).await?)?.is_none());
    server.assert_balanced().await
}

#[tokio::test]
async fn a_key_that_lets_as_much_expire_as_it_delivers_begins_anew() -> Result<()> {
    let (server, _, _) = large_job().await?;
    let mut miner = Client::new(&server, "miner", 1)?;
    miner.open().await?;
    let grant = granted(&miner.ask(0).await?)?.context("no lease")?;
    deliver(&mut miner, &grant).await?;
    ensure!(granted(&miner.ask(1).await?)?.is_some(), "two leases after a verified unit");
    server.advance(300_000).await?;
    let again = granted(&miner.ask(0).await?)?.context("no lease")?;
    assert_eq!(again.lease.ttl_ms, SHORT_MS as u64);
    ensure!(granted(&miner.ask(1).await?)?.is_none());
    server.assert_balanced().await
}

#[tokio::test]
async fn new_keys_from_where_units_are_abandoned_get_less() -> Result<()> {
    let (server, requester, job) = large_job().await?;
    let mut taken = Vec::new();
    for round in 0..2 {
        for key in 0..20 {
            let mut client = Client::new(&server, &format!("round{round}-{key}"), 1 + 20 * round + key)?;
            client.open().await?;
            // Several panels each, because a unit of small panels is a part of what is free.
            ask_from(&client, "203.0.113.1", 0).await?;
        }
        taken.push(requester.job(job).await?.panels_leased);
        if round == 0 {
            server.advance(SHORT_MS + 1).await?;
        }
    }
    ensure!(taken[1] > 0 && taken[1] <= 8 && taken[0] > taken[1], "{taken:?}");
    // A newcomer from elsewhere finds the other half.
    let mut honest = Client::new(&server, "honest", 200)?;
    honest.open().await?;
    ensure!(granted(&ask_from(&honest, "198.51.100.1", 0).await?)?.is_some());
    server.assert_balanced().await
}

#[tokio::test]
async fn a_single_fresh_key_begins_whatever_is_left() -> Result<()> {
    let scene = Scene::on(Server::start().await?).await?;
    // A proven miner takes all that is left, in one unit, and goes away.
    let mut proven = scene.stranger("proven", 3).await?;
    let grant = scene.lease(&proven).await?;
    let mut left = deliver(&mut proven, &grant).await?.next.and_then(|task| task.adit).context("no next unit")?;
    loop {
        let view = scene.honest.job(scene.job).await?;
        if waiting(&view) == 0 {
            break;
        }
        left = deliver(&mut proven, &left).await?.next.and_then(|task| task.adit).context("no next unit")?;
    }
    scene.server.advance(left.lease.ttl_ms as i64 + 1).await?;
    // For some seconds it is left to proven keys.
    let fresh = scene.stranger("fresh", 4).await?;
    ensure!(granted(&fresh.ask(0).await?)?.is_none());
    scene.server.advance(SHORT_MS).await?;
    assert_eq!(granted(&fresh.ask(0).await?)?.context("no lease")?.unit, left.unit);
    // Nothing else is left, which is not a refusal.
    assert_eq!(scene.stranger("another", 5).await?.ask(0).await?.status, 204);
    scene.ends_well().await
}
