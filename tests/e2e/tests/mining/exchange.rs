//! Honest clients from job to payment: units are verified, the result is correct, and everybody is paid once.

use adit_core::kernel::{activate, argmax, matmul_i8};
use adit_core::random::SplitMix64;
use adit_core::statement::Verdict;
use adit_core::unit::Requant;
use adit_core::{Amount, reward};
use adit_protocol::jobs::JobState;
use adit_protocol::mining::Delivered;
use adit_protocol::paths::{self, with};
use adit_protocol::records::{Account, EpochList, LedgerTotals, Overview};
use adit_support::server::LARGE_BUDGET;
use adit_support::{Client, Server, files};
use anyhow::{Context, Result, ensure};

#[tokio::test]
async fn a_product_is_mined_verified_and_paid() -> Result<()> {
    let server = Server::start().await?;
    let mut miner = Client::new(&server, "Miner_X", 1)?;
    let (m, k, n) = (300, 70, 50);
    let (a, b) = (files::values(1, m * k), files::values(2, k * n));
    let job = miner.submit_matmul(files::npy(300, 70, &a), files::npy(70, 50, &b)).await?;
    ensure!(job.stuck.as_deref().is_some_and(|why| why.contains("no miner is connected")), "{job:?}");

    miner.open().await?;
    let delivered = miner.mine(&server.key()).await?;
    ensure!(delivered.len() > 1, "a job of several units");
    ensure!(delivered.iter().all(|answer| answer.verdict == Verdict::Valid && answer.receipt.receipt.bits == 64));
    let done = miner.job(job.job).await?;
    assert_eq!((done.state, done.panels_done, done.panels_leased), (JobState::Done, done.panels, 0));
    assert_eq!(files::npy_values(&miner.result(job.job).await?), matmul_i8(&a, &b, m, k, n));

    let account: Account = miner.get(&with(paths::ACCOUNT, &miner.key.public_key().to_string())).await?.json()?;
    let earned: i64 = delivered.iter().map(|answer| answer.reward.nano()).sum();
    assert_eq!((account.pending.nano(), account.posted), (earned, Amount::ZERO));
    assert_eq!(account.work_verified, done.work);
    server.assert_balanced().await
}

#[tokio::test]
async fn inference_gives_the_classes_of_the_integer_model() -> Result<()> {
    let server = Server::start().await?;
    let mut miner = Client::new(&server, "miner", 1)?;
    let mut random = SplitMix64::new(3);
    let (rows, inputs, hidden, classes) = (100, 20, 16, 5);
    let x = random.activations(rows * inputs);
    let (w1, w2) = (random.weights(inputs * hidden), random.weights(hidden * classes));
    let (b1, b2) = (vec![50; hidden], vec![-3, 2, 0, 1, 7]);
    let requant = Requant { multiplier: 1_000_000, shift: 30 };
    let model = files::model(&[(w1.clone(), b1.clone()), (w2.clone(), b2.clone())], [1_000_000, 30]);
    let job = miner.submit_inference(model, files::csv(inputs, &x)).await?;
    miner.open().await?;
    miner.mine(&server.key()).await?;

    let z1 = matmul_i8(&x, &w1, rows, inputs, hidden);
    let mut expected = String::from("class\n");
    for row in z1.chunks(hidden) {
        let mut activations = vec![0; hidden];
        activate(row, &b1, requant, &mut activations);
        expected += &format!("{}\n", argmax(&matmul_i8(&activations, &w2, 1, hidden, classes), &b2));
    }
    assert_eq!(String::from_utf8(miner.result(job.job).await?)?, expected);
    server.assert_balanced().await
}

#[tokio::test]
async fn an_epoch_pays_what_was_verified_and_carries_the_rest() -> Result<()> {
    let server = Server::start_with(|config| config.epoch_budget = LARGE_BUDGET).await?;
    let mut miner = Client::new(&server, "miner", 1)?;
    let job = miner
        .submit_matmul(
            files::npy(128, 512, &files::values(1, 128 * 512)),
            files::npy(512, 512, &files::values(2, 512 * 512)),
        )
        .await?;
    miner.open().await?;
    let earned: i64 = miner.mine(&server.key()).await?.iter().map(|answer| answer.reward.nano()).sum();
    ensure!(earned > 0);
    let overview: Overview = miner.api().overview().await?;
    assert_eq!(overview.epoch_value, Amount::from_nano(earned));

    let server = server.restart(|config| (config.epoch_ms, config.epoch_budget) = (1, LARGE_BUDGET)).await?;
    let client = Client::new(&server, "reader", 9)?;
    let key = miner.key.public_key();
    let posted = async || {
        let account: Account = client.get(&with(paths::ACCOUNT, &key.to_string())).await?.json()?;
        anyhow::Ok(account)
    };
    for _ in 0..100 {
        if posted().await?.posted > Amount::ZERO {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let account = posted().await?;
    // A new miner's confidence is one half. In the second epoch, the first one counts.
    assert_eq!((account.posted, account.pending), (Amount::from_nano(earned / 2), Amount::ZERO));
    assert_eq!(account.confidence_bps, reward::confidence_bps(Amount::from_nano(earned), Amount::ZERO));
    let epochs: EpochList = client.api().epochs().await?;
    let first = epochs.epochs.last().expect("epoch 0");
    assert_eq!((first.paid, first.value), (account.posted, Amount::from_nano(earned)));
    assert_eq!(first.carried, LARGE_BUDGET.checked_sub(first.paid).expect("paid from the budget"));
    ensure!(client.job(job.job).await?.state == JobState::Done);
    let totals: LedgerTotals = client.api().audit().await?;
    ensure!(totals.balanced);
    server.assert_balanced().await
}

#[tokio::test]
async fn what_is_under_way_survives_a_restart() -> Result<()> {
    let server = Server::start().await?;
    let mut miner = Client::new(&server, "miner", 1)?;
    let job = miner
        .submit_matmul(files::npy(64, 64, &files::values(1, 4096)), files::npy(64, 64, &files::values(2, 4096)))
        .await?;
    miner.open().await?;
    let grant = miner.task(0).await?.and_then(|task| task.adit).expect("a lease");
    let output = miner.compute(&grant).await?;
    let token = server.token().to_owned();

    let server = server.restart(|_| {}).await?;
    assert_eq!(server.token(), token);
    let mut again = Client::new(&server, "miner", 1)?;
    again.session = miner.session.clone();
    // The lane still has its lease, and its coins are prepared again.
    let held = again.task(0).await?.and_then(|task| task.adit).expect("the lease");
    assert_eq!(held.lease, grant.lease);
    let delivered: adit_protocol::mining::Delivered = again.deliver(&grant, output).await?.json()?;
    assert_eq!(delivered.verdict, Verdict::Valid);
    again.mine(&server.key()).await?;
    ensure!(again.job(job.job).await?.state == JobState::Done);
    server.assert_balanced().await
}

#[tokio::test]
async fn work_too_small_to_delegate_is_computed_at_once() -> Result<()> {
    let server = Server::start().await?;
    let client = Client::new(&server, "requester", 1)?;
    let (a, b) = (files::values(1, 10 * 4), files::values(2, 4 * 3));
    let a_file: adit_protocol::jobs::FileInfo = client.upload("A.npy", files::npy(10, 4, &a)).await?.json()?;
    let b_file: adit_protocol::jobs::FileInfo = client.upload("B.npy", files::npy(4, 3, &b)).await?.json()?;
    let work = adit_protocol::jobs::JobWork::MatmulI8 { a: a_file.file, b: b_file.file };
    let request = adit_protocol::jobs::JobRequest::new(work);
    let job: adit_protocol::jobs::JobView =
        client.send(client.as_operator(reqwest::Method::POST, paths::JOBS).json(&request)).await?.json()?;
    assert_eq!(job.state, JobState::Done);
    assert_eq!(files::npy_values(&client.result(job.job).await?), matmul_i8(&a, &b, 10, 4, 3));
    server.assert_balanced().await
}

#[tokio::test]
async fn a_lane_that_was_slow_with_a_small_unit_still_gets_large_ones() -> Result<()> {
    let server = Server::start().await?;
    let mut miner = Client::new(&server, "miner", 1)?;
    let product = |m: u32, k: u32, n: u32| {
        let (a, b) = (files::values(1, (m * k) as usize), files::values(2, (k * n) as usize));
        miner.submit_matmul(files::npy(m, k, &a), files::npy(k, n, &b))
    };
    let jobs = [product(8, 64, 64).await?.job, product(64, 1024, 1024).await?.job];
    miner.open().await?;
    let grant = miner.task(0).await?.and_then(|task| task.adit).context("a task")?;
    assert_eq!(grant.job, jobs[0]);
    // As on a slow line. A lane that computed this slowly could not do the other job's units in an hour.
    server.advance(9_000).await?;
    let output = miner.compute(&grant).await?;
    let delivered: Delivered = miner.deliver(&grant, output).await?.json()?;
    ensure!(delivered.next.is_some(), "the lane gets nothing any more");
    miner.mine(&server.key()).await?;
    for job in jobs {
        assert_eq!(miner.job(job).await?.state, JobState::Done);
    }
    Ok(())
}

#[tokio::test]
async fn a_budget_pays_at_once_and_its_rest_goes_back() -> Result<()> {
    let server = Server::start().await?;
    let mut miner = Client::new(&server, "miner", 1)?;
    let a: adit_protocol::jobs::FileInfo =
        miner.upload("A.npy", files::npy(512, 512, &files::values(1, 1 << 18))).await?.json()?;
    let work = adit_protocol::jobs::JobWork::MatmulI8 { a: a.file, b: a.file };
    let price = reward::base_reward(adit_core::Kind::MatmulI8, 1 << 27);
    let order = |budget: Amount| adit_protocol::jobs::JobRequest {
        budget: Some(budget),
        ..adit_protocol::jobs::JobRequest::new(work.clone())
    };
    let post = |budget| miner.send(miner.as_operator(reqwest::Method::POST, paths::JOBS).json(&order(budget)));
    let short = post(price.checked_sub(Amount::from_nano(1)).expect("a price")).await?;
    assert_eq!(short.code()?, adit_protocol::ErrorCode::BudgetTooSmall);
    post(price.checked_add(price).expect("small")).await?.json::<adit_protocol::jobs::JobView>()?;
    miner.open().await?;
    miner.mine(&server.key()).await?;
    let account: Account = miner.get(&with(paths::ACCOUNT, &miner.key.public_key().to_string())).await?.json()?;
    // Every unit's price is rounded down, so their sum is at most the job's.
    ensure!(account.posted <= price && account.posted.nano() > price.nano() - 64, "{account:?}");
    assert_eq!(account.pending, Amount::ZERO);
    let totals: LedgerTotals = miner.api().ledger().await?;
    let balance =
        |kind: &str| totals.accounts.iter().find(|total| total.kind == kind).map_or(0, |total| total.balance.nano());
    assert_eq!(balance("escrow"), 0);
    assert_eq!(balance("requester") + account.posted.nano(), 2 * price.nano());
    server.assert_balanced().await
}

#[tokio::test]
async fn a_log_is_never_continued_by_another_key() -> Result<()> {
    use adit_coordinator::{Config, Coordinator, ServeError};
    let data = tempfile::TempDir::new()?;
    let config = Config::new("127.0.0.1:0".parse()?, data.path().to_owned());
    let first = Coordinator::open(&config).await?;
    let key = first.public_key();
    first.close().await;
    let (file, kept) = (data.path().join("coordinator.key"), data.path().join("kept"));
    std::fs::rename(&file, &kept)?;
    ensure!(matches!(Coordinator::open(&config).await, Err(ServeError::KeyLost(path)) if path == file));
    ensure!(!file.exists(), "another key was made");
    std::fs::rename(&kept, &file)?;
    let again = Coordinator::open(&config).await?;
    assert_eq!(again.public_key(), key);
    again.close().await;
    Ok(())
}
