//! Units that their holder gives back, and overdue ones that a second lane computes, too.

use adit_core::Amount;
use adit_protocol::mining::{Delivered, TaskGrant};
use adit_protocol::neonet::{HeartbeatRequest, HeartbeatResponse, ReturnUnitsResponse};
use adit_protocol::records::{Account, MinerList};
use adit_protocol::{ErrorCode, paths};
use adit_support::{Client, Server, files};
use anyhow::{Context, Result, ensure};
use reqwest::Method;

/// Two keys with a verified unit each, and a job of one unit.
struct Race {
    server: Server,
    first: Client,
    second: Client,
    job: u64,
}

impl Race {
    async fn start() -> Result<Self> {
        let server = Server::start().await?;
        let mut clients = Vec::new();
        for (name, key) in [("first", 1), ("second", 2)] {
            let mut client = Client::new(&server, name, key)?;
            submit(&client).await?;
            client.open().await?;
            ensure!(!client.mine(&server.key()).await?.is_empty(), "{name} proves itself");
            clients.push(client);
        }
        let (second, first) = (clients.pop().context("two")?, clients.pop().context("two")?);
        let job = submit(&first).await?;
        Ok(Race { server, first, second, job })
    }
}

async fn submit(client: &Client) -> Result<u64> {
    let file = |rows: u32| files::npy(rows, 64, &files::values(1, rows as usize * 64));
    let job = client.submit_matmul(file(8), file(64)).await?;
    assert_eq!(job.panels, 1, "a job of one unit");
    Ok(job.job)
}

async fn lease(client: &Client) -> Result<Option<TaskGrant>> {
    Ok(client.task(0).await?.and_then(|task| task.adit))
}

async fn heartbeat(client: &Client) -> Result<HeartbeatResponse> {
    let (contributor_id, session_id) = (client.contributor.clone(), client.session.clone());
    let beat = HeartbeatRequest { contributor_id, session_id, cpu_usage: 0.0, gpu_usage: 0.0, tasks_completed: 0 };
    client.post(paths::HEARTBEAT, &serde_json::to_value(beat)?).await?.json()
}

async fn account(client: &Client) -> Result<Account> {
    Ok(client.api().account(&client.key.public_key()).await?)
}

async fn expired(client: &Client) -> Result<u64> {
    let miners = client.send(client.as_operator(Method::GET, paths::MINERS)).await?.json::<MinerList>()?.miners;
    Ok(miners.iter().map(|miner| miner.leases_expired).sum())
}

#[tokio::test]
async fn a_page_that_goes_gives_its_units_back_at_once() -> Result<()> {
    let Race { server, first, mut second, .. } = Race::start().await?;
    let held = lease(&first).await?.context("a unit")?;
    ensure!(lease(&second).await?.is_none(), "somebody holds the only unit");
    let give_back = |body: String| first.send(first.request(Method::POST, paths::RETURN_UNITS).body(body));
    assert_eq!(give_back("another session".into()).await?.code()?, ErrorCode::NoSession);
    assert_eq!(give_back("x".repeat(1_000)).await?.code()?, ErrorCode::BodyTooLarge);
    let plain = first.request(Method::POST, paths::RETURN_UNITS).header("content-type", "text/plain;charset=UTF-8");
    let returned: ReturnUnitsResponse = first.send(plain.body(first.session.clone())).await?.json()?;
    assert_eq!(returned, ReturnUnitsResponse { success: true, units: 1 });
    let again: ReturnUnitsResponse = give_back(format!("session_id={}", first.session)).await?.json()?;
    assert_eq!(again.units, 0);

    let taken = lease(&second).await?.context("the unit that was given back")?;
    assert_eq!(taken.unit, held.unit);
    let output = second.compute(&taken).await?;
    second.deliver(&taken, output).await?.json::<Delivered>()?;
    // The session is still open, and its key may have the next unit at once.
    submit(&first).await?;
    ensure!(lease(&first).await?.is_some());
    assert_eq!(expired(&first).await?, 0);
    server.assert_balanced().await
}

#[tokio::test]
async fn a_delivery_that_its_lease_back_overtook_brings_no_unit() -> Result<()> {
    let Race { server, mut first, .. } = Race::start().await?;
    let held = lease(&first).await?.context("a unit")?;
    submit(&first).await?;
    let output = first.compute(&held).await?;
    first.send(first.request(Method::POST, paths::RETURN_UNITS).body(first.session.clone())).await?;
    let delivered: Delivered = first.deliver(&held, output).await?.json()?;
    ensure!(delivered.next.is_none(), "a page that has gone would keep it");
    ensure!(lease(&first).await?.is_some(), "one that is still there asks");
    server.assert_balanced().await
}

#[tokio::test]
async fn an_overdue_unit_is_leased_twice_and_paid_once() -> Result<()> {
    for second_wins in [true, false] {
        let Race { server, mut first, mut second, job } = Race::start().await?;
        let slow = lease(&first).await?.context("a unit")?;
        ensure!(lease(&second).await?.is_none(), "nobody is doubted at once");
        server.advance(21_000).await?;
        let quick = lease(&second).await?.context("the overdue unit")?;
        assert_eq!((&quick.unit, quick.job), (&slow.unit, job));
        ensure!(quick.lease.lease != slow.lease.lease);
        ensure!(second.task(1).await?.is_none(), "two lanes are enough");
        server.assert_balanced().await?;

        let before = [account(&first).await?.pending, account(&second).await?.pending];
        let ((winner, won), (loser, lost)) = match second_wins {
            true => ((&mut second, &quick), (&mut first, &slow)),
            false => ((&mut first, &slow), (&mut second, &quick)),
        };
        let output = winner.compute(won).await?;
        let reward = winner.deliver(won, output.clone()).await?.json::<Delivered>()?.reward;
        ensure!(reward > Amount::ZERO);
        assert_eq!(heartbeat(loser).await?.adit.context("news")?.vain, [lost.lease.lease]);
        ensure!(heartbeat(winner).await?.adit.is_none());
        assert_eq!(loser.deliver(lost, output).await?.code()?, ErrorCode::LeaseExpired);

        server.advance(60_000).await?;
        let after = [account(&first).await?, account(&second).await?];
        let earned = |index: usize| after[index].pending.nano() - before[index].nano();
        let expected = if second_wins { [0, reward.nano()] } else { [reward.nano(), 0] };
        assert_eq!([earned(0), earned(1)], expected);
        assert_eq!((expired(&first).await?, after[0].units_invalid + after[1].units_invalid), (0, 0));
        server.assert_balanced().await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_second_lane_that_fails_leaves_the_unit_to_the_first() -> Result<()> {
    let Race { server, mut first, mut second, .. } = Race::start().await?;
    let slow = lease(&first).await?.context("a unit")?;
    server.advance(21_000).await?;
    let quick = lease(&second).await?.context("the overdue unit")?;
    let mut wrong = second.compute(&quick).await?;
    wrong[0] ^= 1;
    second.deliver(&quick, wrong).await?.json::<Delivered>()?;
    ensure!(lease(&second).await?.is_none(), "it does not get the same unit again");
    server.assert_balanced().await?;
    let output = first.compute(&slow).await?;
    ensure!(first.deliver(&slow, output).await?.json::<Delivered>()?.reward > Amount::ZERO);
    server.assert_balanced().await
}

#[tokio::test]
async fn when_both_let_it_expire_the_unit_waits_for_somebody_else() -> Result<()> {
    let Race { server, first, second, .. } = Race::start().await?;
    lease(&first).await?.context("a unit")?;
    server.advance(21_000).await?;
    lease(&second).await?.context("the overdue unit")?;
    server.advance(15_000).await?;
    server.assert_balanced().await?;
    assert_eq!(expired(&first).await?, 1, "the first lease is over, the second is not");
    server.advance(60_000).await?;
    server.assert_balanced().await?;
    ensure!(lease(&second).await?.is_some());
    Ok(())
}

#[tokio::test]
async fn the_lease_of_a_lane_that_was_not_measured_is_capped() -> Result<()> {
    let server = Server::start_with(|config| config.conduct.unknown_ttl_ms = 12_000).await?;
    let mut client = Client::new(&server, "first", 1)?;
    submit(&client).await?;
    client.open().await?;
    ensure!(!client.mine(&server.key()).await?.is_empty(), "it proves itself with a unit too small to measure it");
    submit(&client).await?;
    assert_eq!(lease(&client).await?.context("a unit")?.lease.ttl_ms, 12_000);
    Ok(())
}
