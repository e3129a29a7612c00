//! Miners that deliver wrong outputs: coins are replaced, units go to others, and lies cost confidence.

use adit_coordinator::Rate;
use adit_core::Amount;
use adit_core::kernel::to_le_bytes;
use adit_core::reward::confidence_bps;
use adit_core::statement::Verdict;
use adit_protocol::jobs::JobState;
use adit_protocol::mining::Delivered;
use adit_protocol::paths::{self, with};
use adit_support::scene::account;
use adit_support::{Client, Scene, Server, files};
use anyhow::{Context, Result, ensure};
use futures::future::join_all;
use reqwest::Method;

use crate::case::Case;

/// The coins in the coordinator's database.
async fn coins(scene: &Scene) -> Result<(i64, Vec<u8>)> {
    let db = rusqlite::Connection::open(scene.server.data().join("adit.sqlite"))?;
    Ok(db.query_row("SELECT coin_generation, coin_seed FROM job", [], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

#[tokio::test]
async fn coins_are_replaced_after_a_reject_and_shown_to_nobody() -> Result<()> {
    let scene = Scene::start().await?;
    let (mut liar, mut honest) = (scene.stranger("liar", 1).await?, scene.stranger("other", 2).await?);
    let before = coins(&scene).await?;
    let mut said: Vec<Vec<u8>> = Vec::new();
    // A correct output leaves the coins in use.
    let grant = scene.lease(&honest).await?;
    let right = honest.compute(&grant).await?;
    said.push(honest.deliver(&grant, right).await?.body);
    assert_eq!(coins(&scene).await?, before);
    // A wrong one is answered only after they have been replaced.
    let case = Case::lease(&mut liar).await?;
    let forged = case.with(|c| c[0] ^= 1);
    said.push(liar.deliver(&case.grant, to_le_bytes(&forged)).await?.body);
    let after = coins(&scene).await?;
    assert_eq!(after.0, before.0 + 1);
    ensure!(after.1 != before.1);
    // The next checks use the new ones, with all bits.
    for client in [&mut liar, &mut honest] {
        if let Some(grant) = client.task(0).await?.and_then(|task| task.adit) {
            let output = client.compute(&grant).await?;
            let answer: Delivered = client.deliver(&grant, output).await?.json()?;
            assert_eq!((answer.verdict, answer.receipt.receipt.bits), (Verdict::Valid, 64));
        }
    }
    for path in [paths::OVERVIEW, paths::JOBS, paths::RECEIPTS, paths::METRICS, paths::MINERS] {
        said.push(scene.honest.send(scene.honest.as_operator(Method::GET, path)).await?.body);
    }
    for (_, seed) in [before, after] {
        let spelled = hex::encode(&seed);
        ensure!(said.iter().all(|body| !String::from_utf8_lossy(body).contains(&spelled)), "coins were told");
    }
    scene.ends_well().await
}

#[tokio::test]
async fn liars_at_once_are_all_refused_and_the_bits_say_how_many() -> Result<()> {
    let scene = Scene::start().await?;
    let mut cases = Vec::new();
    // Four lanes hold four units, and all wrong outputs arrive at once.
    let mut liar = scene.stranger("liar", 1).await?;
    for lane in 0..4 {
        let grant = liar.task(lane).await?.and_then(|task| task.adit).context("a lease")?;
        let mut output = liar.compute(&grant).await?;
        output[3] ^= 0x80;
        cases.push((grant, output));
    }
    let answers = join_all(cases.iter().map(|(grant, output)| liar.deliver(grant, output.clone()))).await;
    for answer in answers {
        let answer: Delivered = answer?.json()?;
        assert_eq!(answer.verdict, Verdict::Invalid);
        ensure!((62..=64).contains(&answer.receipt.receipt.bits), "{}", answer.receipt.receipt.bits);
    }
    assert_eq!(account(&liar).await?.map(|account| account.units_invalid), Some(4));
    scene.earned_nothing(&liar).await?;
    scene.ends_well().await
}

#[tokio::test]
async fn a_liar_cannot_keep_a_unit_from_others() -> Result<()> {
    let scene = Scene::start().await?;
    let mut liar = scene.stranger("liar", 1).await?;
    let case = Case::lease(&mut liar).await?;
    let lied = case.grant.unit.clone();
    liar.deliver(&case.grant, vec![0; case.right.len() * 4]).await?.json::<Delivered>()?;
    // However often it asks, and on any lane, it does not get the unit that it got wrong.
    for lane in 0..16 {
        if let Some(grant) = liar.task(lane).await?.and_then(|task| task.adit) {
            ensure!(grant.unit != lied);
        }
    }
    let other = scene.stranger("other", 2).await?;
    assert_eq!(scene.lease(&other).await?.unit, lied);
    scene.ends_well().await
}

/// The only miner gets its refused unit again after a while, so that a transient fault does not end a job.
#[tokio::test]
async fn a_network_of_one_miner_still_ends() -> Result<()> {
    let mut scene = Scene::start().await?;
    scene.honest.open().await?;
    let case = Case::lease(&mut scene.honest).await?;
    scene.honest.deliver(&case.grant, vec![0; case.right.len() * 4]).await?.json::<Delivered>()?;
    scene.honest.mine(&scene.server.key()).await?;
    assert_eq!(scene.honest.job(scene.job).await?.state, JobState::Active);
    scene.ends_well().await
}

#[tokio::test]
async fn lying_costs_confidence_at_the_close_and_is_never_paid() -> Result<()> {
    const EPOCH_MS: i64 = 3_600_001;
    // Without quarantine or a budget for wrong outputs, so that it can lie often.
    let server = Server::start_with(|config| {
        config.conduct.quarantine_ms = 0;
        config.limits.wasted_bytes = Rate { per_s: 1_000_000_000, burst: 1 << 31 };
    });
    let server = server.await?;
    let mut miner = Client::new(&server, "two-faced", 1)?;
    let (k, n) = (8_192_u32, 512_u32);
    let b = files::npy(k, n, &files::values(2, (k * n) as usize));
    let a = |rows: u32| files::npy(rows, k, &files::values(1, (rows * k) as usize));
    // An honest epoch.
    miner.submit_matmul(a(512), b.clone()).await?;
    miner.open().await?;
    let good: i64 = miner.mine(&server.key()).await?.iter().map(|answer| answer.reward.nano()).sum();
    assert_eq!(account(&miner).await?.context("an account")?.confidence_bps, 5_000);
    server.advance(EPOCH_MS).await?;
    let paid = account(&miner).await?.context("an account")?;
    assert_eq!((paid.posted, paid.pending), (Amount::from_nano(good / 2), Amount::ZERO));
    assert_eq!(paid.confidence_bps, confidence_bps(Amount::from_nano(good), Amount::ZERO));
    ensure!(paid.confidence_bps > 5_000);

    // An epoch of lies about every unit of a larger job.
    let job = miner.submit_matmul(a(2_048), b).await?;
    miner.open().await?;
    let mut bad = 0;
    let mut task = miner.task(0).await?;
    while let Some(grant) = task.and_then(|task| task.adit) {
        let lie = vec![1; grant.unit.output_bytes() as usize];
        let answer: Delivered = miner.deliver(&grant, lie).await?.json()?;
        assert_eq!((answer.verdict, answer.reward), (Verdict::Invalid, Amount::ZERO));
        bad += grant.lease.value.nano();
        task = answer.next;
    }
    let during = account(&miner).await?.context("an account")?;
    assert_eq!((during.pending, during.posted), (Amount::ZERO, paid.posted));
    assert_eq!(during.confidence_bps, paid.confidence_bps, "an epoch's confidence is that of earlier epochs");
    server.advance(EPOCH_MS).await?;
    let after = account(&miner).await?.context("an account")?;
    assert_eq!((after.pending, after.posted), (Amount::ZERO, paid.posted));
    assert_eq!(after.confidence_bps, confidence_bps(Amount::from_nano(good), Amount::from_nano(bad)));
    ensure!(after.confidence_bps < paid.confidence_bps, "{after:?}");
    let path = with(paths::JOB, &job.job.to_string());
    miner.send(miner.as_operator(Method::DELETE, &path)).await?.json::<serde_json::Value>()?;
    server.assert_balanced().await
}
