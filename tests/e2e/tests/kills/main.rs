//! Kills the real coordinator a hundred times with SIGKILL, at random moments under load: miners deliver, jobs arrive,
//! epochs close, and sometimes a miner dies too. After every start the ledger is balanced, the log continues and every
//! verdict still stands. In the end every job has the correct result and everybody has exactly what is due.
//!
//! The moments come from a seed, which is printed; `ADIT_SEED=n` repeats them. `ADIT_KILLS=n` sets the number of kills.

mod crash;
mod load;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use adit_coordinator::{Config, Coordinator};
use adit_core::random::SplitMix64;
use adit_protocol::jobs::JobState;
use adit_protocol::records::{EpochList, EpochView};
use adit_support::books::{Part, epoch_rewards};
use adit_support::mortal::Mortal;
use adit_support::program::{self, Program};
use adit_support::scene::account;
use adit_support::{Client, files};
use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use load::{Load, Told};

/// How often the coordinator dies.
const KILLS: u64 = 100;
/// The longest time between two kills, in ms.
const LONGEST_LIFE_MS: u64 = 500;
/// Miners in this process; the real program mines beside them.
const MINERS: u8 = 4;
/// Short epochs, so that some close meanwhile, and a budget that pays some epochs in full and others in part.
const FLAGS: [&str; 6] = ["--epoch-seconds", "5", "--block-budget", "0.002", "--log-level", "error"];
/// The most time for the remaining jobs. A dead miner's lease has to expire first.
const DRAIN: Duration = Duration::from_secs(180);

fn number(variable: &str, otherwise: u64) -> Result<u64> {
    std::env::var(variable).map_or(Ok(otherwise), |text| text.parse().context(variable.to_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_deaths_lose_and_repeat_nothing() -> Result<()> {
    let Some(program) = program::find()? else { return Ok(()) };
    let moments = SystemTime::now().duration_since(UNIX_EPOCH)?.subsec_nanos();
    let (seed, kills) = (number("ADIT_SEED", moments.into())?, number("ADIT_KILLS", KILLS)?);
    println!("ADIT_SEED={seed}");
    let mut mortal = Mortal::start(program, &FLAGS).await?;
    let load = Arc::new(Load::default());
    let under_way = load.start(&mortal, MINERS)?;
    let killed = kill(&mut mortal, &load, seed, kills).await.with_context(|| format!("ADIT_SEED={seed}"))?;
    load.submits_no_more();
    let _miner = killed.miner;
    let reader = mortal.client("reader", 9)?;
    are_done(&load, &reader).await?;
    let sessions = load.ends(under_way).await?;
    is_paid(&load, &reader, &sessions).await.with_context(|| format!("ADIT_SEED={seed}"))?;
    mortal.is_in_order().await?;
    // The invariants of the database, read after the coordinator has ended.
    mortal.die().await?;
    let coordinator = Coordinator::open(&Config::new("127.0.0.1:0".parse()?, mortal.data().to_owned())).await?;
    let broken = coordinator.audit().await?;
    ensure!(broken.is_empty(), "{broken:?}");
    Ok(())
}

/// Checks everything after the last death.
struct Killed {
    miner: Program,
    // Its key and its journal.
    _folder: TempDir,
}

async fn kill(mortal: &mut Mortal, load: &Load, seed: u64, kills: u64) -> Result<Killed> {
    let (mut random, folder) = (SplitMix64::new(seed), TempDir::new()?);
    let (mut miner, mut miner_deaths, mut verdicts) = (mine(mortal, folder.path())?, 0, 0);
    let began = Instant::now();
    for death in 1..=kills {
        tokio::time::sleep(Duration::from_millis(random.draw() % LONGEST_LIFE_MS)).await;
        mortal.die_and_rise().await.with_context(|| format!("death {death}"))?;
        ensure!(miner.is_running()?, "the miner ended: {:#?}", miner.said());
        if random.draw().is_multiple_of(8) {
            miner.kill().await?;
            miner = mine(mortal, folder.path())?;
            miner_deaths += 1;
        }
        verdicts +=
            load.verdicts_stand(&mortal.client("reader", 9)?).await.with_context(|| format!("death {death}"))?;
    }
    println!(
        "{kills} deaths and {miner_deaths} of the miner in {:.0} s; {verdicts} verdicts were told meanwhile, {} jobs sent",
        began.elapsed().as_secs_f64(),
        load.jobs().len()
    );
    ensure!(verdicts as u64 >= kills, "hardly anything was under way");
    Ok(Killed { miner, _folder: folder })
}

fn mine(mortal: &Mortal, folder: &Path) -> Result<Program> {
    mortal.mine(folder, "program", "0.5")
}

/// Asserts that every job ends with the correct result.
async fn are_done(load: &Load, reader: &Client) -> Result<()> {
    let deadline = Instant::now() + DRAIN;
    for job in load.jobs() {
        loop {
            let view = reader.job(job.id).await?;
            if view.state == JobState::Done {
                break;
            }
            ensure!(Instant::now() < deadline, "{view:#?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        ensure!(files::npy_values(&reader.result(job.id).await?) == job.product, "job {}: a wrong result", job.id);
    }
    println!(
        "{} jobs done, {} of them for a budget",
        load.jobs().len(),
        load.jobs().iter().filter(|j| !j.sponsored).count()
    );
    Ok(())
}

/// Asserts that every miner has what its verdicts earn: jobs' budgets at once, and its part of every epoch, once.
async fn is_paid(load: &Load, reader: &Client, miners: &[Client]) -> Result<()> {
    let epochs = closed_epochs(reader).await?;
    for miner in miners {
        // A verdict counts even if its answer was lost.
        let told = load.verdicts_of(miner).await?;
        let mut due: i64 = told.iter().filter(|told| !told.sponsored).map(|told| told.value()).sum();
        let (mut good, mut paid_epochs) = (0, 0);
        for epoch in &epochs {
            let of_epoch = || told.iter().filter(|told| told.receipt.epoch == epoch.epoch);
            let value = of_epoch().filter(|told| told.sponsored).map(Told::value).sum();
            let own = Part { value, earlier_good: good, earlier_bad: 0 };
            let others = Part { value: epoch.value.nano() - value, ..Part::default() };
            let reward = epoch_rewards(epoch.budget.nano(), &[own, others])[0];
            (due, paid_epochs) = (due + reward, paid_epochs + usize::from(reward > 0));
            good += of_epoch().map(Told::value).sum::<i64>();
        }
        let account = account(miner).await?.context("an account")?;
        ensure!(account.units_valid == told.len() as u64, "{} verdicts, {account:?}", told.len());
        ensure!((account.posted.nano(), account.pending.nano()) == (due, 0), "{due} are due, {account:?}");
        println!("{}: {} units, {due} nano-NNET, from {paid_epochs} epochs and budgets", miner.contributor, told.len());
    }
    Ok(())
}

/// All closed epochs, oldest first, once no value waits for the next close.
async fn closed_epochs(reader: &Client) -> Result<Vec<EpochView>> {
    let deadline = Instant::now() + Duration::from_secs(30);
    while reader.api().overview().await?.epoch_value.nano() > 0 {
        ensure!(Instant::now() < deadline, "the last epoch does not close");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let list: EpochList = reader.api().epochs().await?;
    let by_number: BTreeMap<u64, EpochView> = list.epochs.into_iter().map(|epoch| (epoch.epoch, epoch)).collect();
    ensure!(by_number.contains_key(&0), "the first epoch is not in the list");
    Ok(by_number.into_values().filter(|epoch| epoch.closed_at_ms.is_some()).collect())
}
