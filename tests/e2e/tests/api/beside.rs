//! Two clients like NeoNet's own mine beside ten of ours on one job: all are served, only verified work is paid, and
//! nobody waits for another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use adit_core::kernel::matmul_i8;
use adit_core::{Amount, PublicKey};
use adit_protocol::jobs::{JobState, JobView};
use adit_protocol::paths::{self, with};
use adit_protocol::records::LedgerTotals;
use adit_support::keyless::{Keyless, made_up};
use adit_support::scene::account;
use adit_support::server::LARGE_BUDGET;
use adit_support::{Client, Reply, Server, files};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// The number of clients with a key.
const MINERS: u8 = 10;
/// The pause between a NeoNet client's passes. The real one waits two seconds.
const PAUSE: Duration = Duration::from_millis(5);
/// The length of an epoch.
const EPOCH_MS: i64 = 3_600_000;

/// The differences between two generations of NeoNet's client.
#[derive(Clone, Copy)]
enum Habits {
    /// Sends results without the key that later servers look for, and begins with the task in the answer to its start.
    V0,
    /// Sends results with that key, a heartbeat with claims every third pass, and asks for fees every fifteenth.
    V1,
}

impl Habits {
    fn result(self, task: &Value) -> Value {
        let task_type = task["task_type"].as_str().unwrap_or_default();
        match self {
            Habits::V0 => json!({ "checksum": "30e14955ebf13522", "shape": [100, 100], "mean": 0.01, "std": 9.9 }),
            Habits::V1 => {
                let mut result = made_up(task_type);
                result["task_id"] = task["task_id"].clone();
                result["contributor_id"] = task["contributor_id"].clone();
                result
            }
        }
    }
}

/// The answer as that client understands it: without a task it continues silently, but it reports any error.
fn served(what: &str, reply: &Reply) -> Result<Option<Value>> {
    ensure!([200, 204].contains(&reply.status.as_u16()), "{what}: {} {:?}", reply.status, reply.code());
    if reply.status == 204 { Ok(None) } else { reply.json().map(Some) }
}

/// Works like NeoNet's client until the others are done, and returns the number of its tasks.
async fn live(mut miner: Keyless, habits: Habits, done: Arc<AtomicBool>) -> Result<(Keyless, usize)> {
    if matches!(habits, Habits::V1) {
        miner.get(paths::GAS_INFO).await?;
    }
    miner.register().await?;
    let started = miner.start().await?;
    let mut task = Some(started["initial_task"].clone()).filter(|task| !task.is_null());
    let (mut passes, mut tasks) = (0, 0);
    while !done.load(Ordering::Relaxed) {
        if task.is_none() || matches!(habits, Habits::V1) {
            task = served("task", &miner.client.get(&with(paths::TASK, &miner.id)).await?)?;
        }
        if let Some(task) = task.take().filter(|task| task["task_id"].is_string()) {
            tasks += 1;
            let answer =
                served("submit-result", &miner.submit(&task, habits.result(&task)).await?)?.context("nothing")?;
            ensure!(answer["success"] == false && answer["reward"] == 0.0, "{answer}");
        }
        passes += 1;
        if passes % 3 == 0 {
            let alive = miner.heartbeat(1_000 * passes).await?;
            ensure!(alive["rewards_earned"] == 0.0, "{alive}");
        }
        if passes % 15 == 0 && matches!(habits, Habits::V1) {
            miner.get(paths::GAS_INFO).await?;
        }
        tokio::time::sleep(PAUSE).await;
    }
    let stopped = miner.stop().await?;
    ensure!(stopped["summary"]["rewards_earned"] == 0.0, "{stopped}");
    Ok((miner, tasks))
}

/// Mines until there is no work, and returns what the miner is owed.
async fn mine(mut miner: Client, coordinator: PublicKey) -> Result<(Client, i64)> {
    let delivered = miner.mine(&coordinator).await?;
    Ok((miner, delivered.iter().map(|answer| answer.reward.nano()).sum()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_originals_clients_run_beside_ours_and_hold_nobody_up() -> Result<()> {
    let server = Server::start_with(|config| (config.epoch_budget, config.epoch_ms) = (LARGE_BUDGET, EPOCH_MS)).await?;
    let operator = Client::new(&server, "operator", 100)?;
    let (m, k, n) = (1_024, 256, 128);
    let (a, b) = (files::values(1, m * k), files::values(2, k * n));
    let job = operator.submit_matmul(files::npy(1_024, 256, &a), files::npy(256, 128, &b)).await?.job;

    let done = Arc::new(AtomicBool::default());
    let live = |id: &str, habits| anyhow::Ok(tokio::spawn(live(Keyless::new(&server, id)?, habits, done.clone())));
    let originals = [live("Miner_Old", Habits::V0)?, live("Miner_New", Habits::V1)?];
    // Another one takes a task and disappears.
    let mut silent = Keyless::new(&server, "silent")?;
    silent.register().await?;
    silent.start().await?;
    silent.task().await?;

    let mut ours = Vec::new();
    for number in 1..=MINERS {
        let mut miner = Client::new(&server, &format!("miner-{number}"), number)?;
        miner.open().await?;
        ensure!(miner.task(0).await?.is_some_and(|task| task.adit.is_some()), "no lease for number {number}");
        ours.push(miner);
    }
    let ours: Vec<_> = ours.into_iter().map(|miner| tokio::spawn(mine(miner, server.key()))).collect();
    let mut paid = Vec::new();
    for miner in ours {
        paid.push(miner.await??);
    }
    // Other miners finished what was in progress when one found no more work, so nothing has to expire.
    let view: JobView = operator.job(job).await?;
    ensure!(view.state == JobState::Done && view.leases_expired == 0, "{view:?}");
    ensure!(files::npy_values(&operator.result(job).await?) == matmul_i8(&a, &b, m, k, n), "the result is wrong");
    done.store(true, Ordering::Relaxed);

    for original in originals {
        let (original, tasks) = original.await??;
        ensure!(tasks > 0, "{} was never given a task", original.id);
        let shown = original.get(&with(paths::CONTRIBUTOR, &original.id)).await?;
        assert_eq!((&shown["balance"], &shown["contributor"]["total_rewards"]), (&json!(0.0), &json!(0.0)));
    }
    is_paid(&server, &operator, &paid).await
}

/// After the epoch's close each of our miners has half its value, as new miners do, and nobody else has anything.
async fn is_paid(server: &Server, operator: &Client, paid: &[(Client, i64)]) -> Result<()> {
    server.advance(EPOCH_MS + 1).await?;
    for (miner, earned) in paid {
        let account = account(miner).await?.context("an account")?;
        ensure!(*earned > 0 && account.posted.nano() == earned / 2, "{earned}: {account:?}");
        assert_eq!(account.pending, Amount::ZERO);
    }
    let totals: LedgerTotals = operator.api().ledger().await?;
    let miners = totals.accounts.iter().find(|total| total.kind == "miner").context("no miner's account")?;
    let sum: i64 = paid.iter().map(|(_, earned)| earned / 2).sum();
    assert_eq!((miners.accounts, miners.balance.nano()), (u64::from(MINERS), sum));
    server.assert_balanced().await
}
