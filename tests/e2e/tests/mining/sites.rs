//! What a miner earns is shared with the site that embeds it, as its signed sessions say, to the last nano-NNET.

use adit_core::statement::{SessionStart, SiteShare};
use adit_core::{Amount, PublicKey};
use adit_protocol::jobs::{JobRequest, JobWork};
use adit_protocol::records::Account;
use adit_support::{Client, Server, files, without_admission};
use anyhow::{Result, ensure};

/// What a requester sets aside for a job, more than it costs.
const BUDGET: Amount = Amount::from_nano(1_000_000_000);

/// Opens a session, or takes up the open one, that shares with a site from now on.
async fn open(client: &mut Client, share: Option<(&Client, u32)>) -> Result<()> {
    let share = share.map(|(site, site_bps)| SiteShare { site: site.key.public_key(), site_bps });
    let statement = SessionStart { share, ..client.start_statement(&client.register().await?) };
    let signature = client.key.sign(&statement);
    let answer: serde_json::Value = client.start_with(statement, signature).await?.json()?;
    client.session = answer["session_id"].as_str().unwrap_or_default().into();
    Ok(())
}

/// Mines a product of this many rows, and returns the base rewards of its units.
async fn mine(client: &mut Client, server: &Server, rows: u32, budget: Option<Amount>) -> Result<i64> {
    let values = |rows: u32| files::npy(rows, 64, &files::values(1, rows as usize * 64));
    let mut cids = Vec::new();
    for (name, rows) in [("A.npy", rows), ("B.npy", 64)] {
        cids.push(client.api().upload(name, None, values(rows)).await?.file);
    }
    let work = JobWork::MatmulI8 { a: cids[0], b: cids[1] };
    client.api().submit(&JobRequest { demo: true, budget, ..JobRequest::new(work) }).await?;
    let delivered = client.mine(&server.key()).await?;
    ensure!(!delivered.is_empty(), "nothing was mined");
    Ok(delivered.iter().map(|answer| answer.receipt.receipt.value.nano()).sum())
}

async fn account(client: &Client) -> Result<Account> {
    Ok(client.api().account(&client.key.public_key()).await?)
}

async fn posted(client: &Client) -> Result<i64> {
    Ok(account(client).await?.posted.nano())
}

/// ⌊reward · Σ(v · bps) / (10,000 · v)⌋, as DESIGN's accounting states it.
fn part(reward: i64, shared: &[(i64, i128)], value: i64) -> i64 {
    let weighted: i128 = shared.iter().map(|(value, bps)| i128::from(*value) * bps).sum();
    (i128::from(reward) * weighted / (10_000 * i128::from(value))) as i64
}

#[tokio::test]
async fn an_epoch_pays_each_site_its_part() -> Result<()> {
    let server = Server::start_with(|config| {
        without_admission(config);
        // Scarce, so that rewards are not base rewards.
        config.epoch_budget = Amount::from_nano(7_777);
    })
    .await?;
    let (mut visitor, mut other) = (Client::new(&server, "visitor", 1)?, Client::new(&server, "other", 2)?);
    let (mut first, mut second) = (Client::new(&server, "first", 3)?, Client::new(&server, "second", 4)?);
    for client in [&mut other, &mut first, &mut second] {
        client.open().await?;
    }
    // The same session is shared in different parts, one after the other, and not at all at the end.
    open(&mut visitor, Some((&first, 2_500))).await?;
    let quarter = mine(&mut visitor, &server, 300, None).await?;
    open(&mut visitor, Some((&first, 777))).await?;
    let little = mine(&mut visitor, &server, 200, None).await?;
    open(&mut visitor, Some((&second, 10_000))).await?;
    let all = mine(&mut visitor, &server, 100, None).await?;
    open(&mut visitor, None).await?;
    let own = mine(&mut visitor, &server, 150, None).await?;
    let alone = mine(&mut other, &server, 400, None).await?;

    let value = quarter + little + all + own;
    let [before, of_other] = [account(&visitor).await?, account(&other).await?];
    assert_eq!((before.pending.nano(), of_other.pending.nano()), (value, alone));
    server.advance(before.next_payment_ms as i64).await?;
    let [visitors, firsts, seconds] = [posted(&visitor).await?, posted(&first).await?, posted(&second).await?];
    // The close pays nothing but these three for the visitor's work.
    let reward = visitors + firsts + seconds;
    assert_eq!(firsts, part(reward, &[(quarter, 2_500), (little, 777)], value));
    assert_eq!(seconds, part(reward, &[(all, 10_000)], value));
    ensure!(firsts > 0 && seconds > 0 && visitors > 0);
    // Shown before the close is what the visitor is paid.
    assert_eq!((before.expected.nano(), of_other.expected.nano()), (visitors, posted(&other).await?));
    // Per base reward both earned the same, so that sharing costs nobody else.
    let alike = i128::from(reward) * i128::from(alone) - i128::from(posted(&other).await?) * i128::from(value);
    ensure!(alike.abs() <= 10_000 * i128::from(value + alone), "{alike}");
    server.assert_balanced().await
}

#[tokio::test]
async fn what_is_paid_at_once_is_shared_at_once() -> Result<()> {
    let server = Server::start_with(without_admission).await?;
    let (mut visitor, mut site) = (Client::new(&server, "visitor", 1)?, Client::new(&server, "site", 2)?);
    site.open().await?;
    open(&mut visitor, Some((&site, 3_333))).await?;
    let value = mine(&mut visitor, &server, 300, Some(BUDGET)).await?;
    let sites = posted(&site).await?;
    assert_eq!(posted(&visitor).await? + sites, value);
    // Each unit's part is rounded down by itself.
    ensure!(sites > 0 && (0..10).contains(&(part(value, &[(value, 3_333)], value) - sites)), "{sites} of {value}");
    server.assert_balanced().await
}

#[tokio::test]
async fn a_share_needs_no_record_of_the_sites_key() -> Result<()> {
    let server = Server::start_with(without_admission).await?;
    let mut visitor = Client::new(&server, "visitor", 1)?;
    let mut site = Client::new(&server, "site", 2)?;
    open(&mut visitor, Some((&site, 10_000))).await?;
    let value = mine(&mut visitor, &server, 300, Some(BUDGET)).await?;
    let key: PublicKey = site.key.public_key();
    ensure!(site.api().account(&key).await.is_err());
    site.open().await?;
    assert_eq!((posted(&site).await?, posted(&visitor).await?), (value, 0));
    Ok(())
}

/// Reading an account costs what it has been shared by, so that is capped.
#[tokio::test]
async fn rewards_are_shared_by_at_most_64_sites_and_parts() -> Result<()> {
    let server = Server::start_with(without_admission).await?;
    let (mut visitor, mut site) = (Client::new(&server, "visitor", 1)?, Client::new(&server, "site", 2)?);
    site.open().await?;
    let mut shared = Vec::new();
    for bps in 9_001..=9_065 {
        open(&mut visitor, Some((&site, bps))).await?;
        shared.push((mine(&mut visitor, &server, 40, None).await?, i128::from(bps)));
    }
    let before = account(&visitor).await?;
    server.advance(before.next_payment_ms as i64).await?;
    let [visitors, sites] = [posted(&visitor).await?, posted(&site).await?];
    assert_eq!(
        (before.expected.nano(), sites),
        (visitors, part(visitors + sites, &shared[..64], before.pending.nano()))
    );
    server.assert_balanced().await
}
