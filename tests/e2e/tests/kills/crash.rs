//! Kills the real program with SIGKILL: its answers stay true, nothing is paid twice, and jobs finish.

use std::time::{Duration, Instant};

use adit_core::kernel::matmul_i8;
use adit_core::random::SplitMix64;
use adit_core::sign::LeaseId;
use adit_core::statement::{ProvenReceipt, Receipt, Verdict};
use adit_protocol::jobs::{JobState, JobView};
use adit_protocol::mining::Delivered;
use adit_protocol::paths::{self, with};
use adit_protocol::records::{MinerList, Overview};
use adit_support::mortal::{Mortal, any_port};
use adit_support::program::{self, Program, Served};
use adit_support::scene::account;
use adit_support::{Client, files};
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use tempfile::TempDir;

/// Random matrices as files, and their product.
fn product(m: u32, k: u32, n: u32) -> (Vec<u8>, Vec<u8>, Vec<i32>) {
    let (a, b) = (files::values(21, (m * k) as usize), files::values(22, (k * n) as usize));
    let c = matmul_i8(&a, &b, m as usize, k as usize, n as usize);
    (files::npy(m, k, &a), files::npy(k, n, &b), c)
}

/// The same miner, for the restarted coordinator.
fn back(mortal: &Mortal, client: &Client) -> Result<Client> {
    let mut again = mortal.client(&client.contributor, client.key.to_bytes()[0])?;
    again.session.clone_from(&client.session);
    Ok(again)
}

#[tokio::test]
async fn a_coordinator_killed_mid_job_loses_and_repeats_nothing() -> Result<()> {
    let Some(program) = program::find()? else { return Ok(()) };
    let mut mortal = Mortal::start(program, &[]).await?;
    let (a, b, c) = product(1_200, 256, 200);
    let mut miner = mortal.client("miner", 1)?;
    let job = miner.submit_matmul(a, b).await?;
    miner.open().await?;
    let mut random = SplitMix64::new(4);
    let mut receipts: Vec<Receipt> = Vec::new();
    let mut deaths = 0;
    while let Some(grant) = miner.task(0).await?.and_then(|task| task.adit) {
        let output = miner.compute(&grant).await?;
        // It dies before a delivery, during it (so that nobody knows whether it counted), or after its answer.
        let answer = match random.draw() % 3 {
            0 => {
                mortal.die_and_rise().await?;
                None
            }
            1 => {
                let mut sender = back(&mortal, &miner)?;
                let (sent, body) = (grant.clone(), output.clone());
                let sending = tokio::spawn(async move { sender_delivers(&mut sender, &sent, body).await });
                tokio::time::sleep(Duration::from_micros(random.draw() % 6_000)).await;
                mortal.die_and_rise().await?;
                sending.await?
            }
            _ => {
                let answer: Delivered = miner.deliver(&grant, output.clone()).await?.json()?;
                mortal.die_and_rise().await?;
                Some(answer)
            }
        };
        deaths += 1;
        miner = back(&mortal, &miner)?;
        // The lane still has its lease unless it delivered. Asking again gives the same answer.
        let again: Delivered = miner.deliver(&grant, output).await?.json()?;
        again.receipt.verify(mortal.key())?;
        assert_eq!((again.verdict, again.reward), (Verdict::Valid, grant.lease.value));
        if let Some(answer) = answer {
            assert_eq!(answer.receipt.receipt, again.receipt.receipt);
        }
        receipts.push(again.receipt.receipt);
    }
    ensure!(deaths >= 4, "{deaths}");
    // Every verdict that was given still stands, once, and so does its reward.
    for receipt in &receipts {
        let path = with(paths::RECEIPT, &receipt.lease.to_string());
        let stored: ProvenReceipt = miner.get(&path).await?.json()?;
        stored.verify(mortal.key())?;
        assert_eq!(stored.receipt, *receipt);
    }
    let leases: std::collections::BTreeSet<LeaseId> = receipts.iter().map(|receipt| receipt.lease).collect();
    assert_eq!(leases.len(), receipts.len());
    let owed: i64 = receipts.iter().map(|receipt| receipt.value.nano()).sum();
    assert_eq!(account(&miner).await?.context("an account")?.pending.nano(), owed);
    let overview: Overview = miner.api().overview().await?;
    assert_eq!((overview.verdicts.valid, overview.log_size), (receipts.len() as u64, receipts.len() as u64));
    let done = miner.job(job.job).await?;
    assert_eq!((done.state, done.units_valid), (JobState::Done, receipts.len() as u64));
    ensure!(files::npy_values(&miner.result(job.job).await?) == c, "the result is wrong");
    mortal.is_in_order().await
}

/// The answer to a delivery during which the coordinator may die.
async fn sender_delivers(
    sender: &mut Client,
    grant: &adit_protocol::mining::TaskGrant,
    output: Vec<u8>,
) -> Option<Delivered> {
    sender.deliver(grant, output).await.ok().and_then(|reply| reply.json().ok())
}

/// Polls a job until it is as `wanted`.
async fn until(client: &Client, job: u64, patience: Duration, wanted: impl Fn(&JobView) -> bool) -> Result<JobView> {
    let deadline = Instant::now() + patience;
    loop {
        let view = client.job(job).await?;
        if wanted(&view) {
            return Ok(view);
        }
        ensure!(Instant::now() < deadline, "{view:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_miner_outlives_its_coordinator() -> Result<()> {
    let Some(program) = program::find()? else { return Ok(()) };
    let folder = TempDir::new()?;
    let mut mortal = Mortal::start(program, &[]).await?;
    let (a, b, c) = product(1_024, 2_048, 512);
    let job = mortal.client("requester", 9)?.submit_matmul(a, b).await?.job;
    let miner = mortal.mine(folder.path(), "steady", "0.2")?;
    let (mut done, mut mid_job) = (0, 0);
    for _ in 0..3 {
        let client = mortal.client("requester", 9)?;
        let moved = |view: &JobView| view.panels_done > done || view.state == JobState::Done;
        let view = until(&client, job, Duration::from_secs(120), moved).await;
        let view = view.with_context(|| format!("{:#?}", miner.said()))?;
        (done, mid_job) = (view.panels_done, mid_job + u32::from(view.state == JobState::Active));
        mortal.die_and_rise().await?;
        let view = mortal.client("requester", 9)?.job(job).await?;
        ensure!(view.panels_done >= done, "{view:?}");
    }
    let client = mortal.client("requester", 9)?;
    let view = until(&client, job, Duration::from_secs(120), |view| view.state == JobState::Done).await;
    let view = view.with_context(|| format!("{:#?}", miner.said()))?;
    assert_eq!(view.units_invalid, 0);
    ensure!(mid_job > 0, "the job was done before anybody died");
    ensure!(files::npy_values(&client.result(job).await?) == c, "the result is wrong");
    mortal.is_in_order().await
}

#[tokio::test]
async fn a_miner_killed_mid_lease_leaves_its_unit_to_another() -> Result<()> {
    let Some(program) = program::find()? else { return Ok(()) };
    let folder = TempDir::new()?;
    let mut mortal = Mortal::start(program, &[]).await?;
    let (a, b, c) = product(1_024, 2_048, 512);
    let client = mortal.client("requester", 9)?;
    let job = client.submit_matmul(a, b).await?.job;
    // A miner that sleeps most of the time nearly always holds a lease.
    let victim = mortal.mine(folder.path(), "victim", "0.02")?;
    until(&client, job, Duration::from_secs(60), |view| view.panels_leased > 0).await?;
    victim.kill().await?;
    let killed_at = Instant::now();
    let request = client.as_operator(Method::GET, paths::MINERS);
    let miners: MinerList = client.send(request).await?.json()?;
    ensure!(miners.miners.iter().any(|miner| miner.leases_live == 1), "it held no lease: {miners:?}");

    let heir = mortal.mine(folder.path(), "heir", "1")?;
    let done = until(&client, job, Duration::from_secs(180), |view| view.state == JobState::Done).await;
    let done = done.with_context(|| format!("{:#?}", heir.said()))?;
    println!("the killed miner's unit was done {:.1} s after its death", killed_at.elapsed().as_secs_f64());
    // The heir got the unit when the lease had expired, or before, because it was overdue.
    ensure!(done.leases_expired <= 1 && done.units_invalid == 0, "{done:?}");
    ensure!(files::npy_values(&client.result(job).await?) == c, "the result is wrong");
    mortal.is_in_order().await
}

#[tokio::test]
async fn a_coordinator_killed_while_it_begins_begins_again() -> Result<()> {
    let Some(program) = program::find()? else { return Ok(()) };
    let data = TempDir::new()?;
    let folder = data.path().to_str().context("a path that is not UTF-8")?.to_owned();
    for age_ms in (0..120).step_by(6) {
        let newborn = Program::start(&program, &["serve", "--listen", "127.0.0.1:0", "--data", &folder])?;
        tokio::time::sleep(Duration::from_millis(age_ms)).await;
        newborn.kill().await?;
    }
    let served = Served::start(&program, any_port(), data.path()).await?;
    assert_eq!(served.token.len(), 64);
    let client = Client::at(&served.url, &served.token, "reader", 9)?;
    ensure!(client.api().audit().await?.balanced);
    assert_eq!(client.send(client.as_operator(Method::GET, paths::MINERS)).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_second_coordinator_learns_what_is_in_use() -> Result<()> {
    let Some(program) = program::find()? else { return Ok(()) };
    let data = TempDir::new()?;
    let mut first = Served::start(&program, any_port(), data.path()).await?;
    let (folder, port) = (data.path().display().to_string(), first.address().to_string());
    let mut same_folder = Program::start(&program, &["serve", "--listen", "127.0.0.1:0", "--data", &folder])?;
    let said = same_folder.line("in use by another coordinator").await?;
    ensure!(!same_folder.ended().await?.success() && said.contains(&folder), "{said}");

    let other = TempDir::new()?;
    let folder = other.path().display().to_string();
    let mut same_port = Program::start(&program, &["serve", "--listen", &port, "--data", &folder])?;
    let said = same_port.line("cannot listen on").await?;
    ensure!(!same_port.ended().await?.success() && said.contains(&port) && said.contains("--listen"), "{said}");
    // The first was not disturbed, and frees the directory when it ends.
    let client = Client::at(&first.url, &first.token, "reader", 9)?;
    client.api().health().await?;
    #[cfg(unix)]
    ensure!(first.program().terminate().await?.success(), "{:#?}", first.program().said());
    drop(first);
    Served::start(&program, any_port(), data.path()).await?;
    Ok(())
}
