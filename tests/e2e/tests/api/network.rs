//! NeoNet's calls about the network: every figure is a fact from the ledger, and no claim changes one.

use adit_coordinator::Config;
use adit_coordinator::gas::{self, Demand};
use adit_core::Amount;
use adit_protocol::ErrorCode;
use adit_protocol::neonet::{DecentralizationStatus, GasEstimate, GasInfo, Tokenomics};
use adit_protocol::paths;
use adit_protocol::records::{LedgerTotals, Overview};
use adit_support::shape::{has_shape, tokenomics};
use adit_support::{Client, Server, files};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

const EPOCH_MS: i64 = 3_600_001;

/// A budget smaller than any job's worth, so that an epoch with work exceeds its target.
fn small_budget(config: &mut Config) {
    config.epoch_budget = Amount::from_nano(10);
}

/// Mines a small product as `contributor`.
async fn mine(server: &Server, contributor: &str, key: u8) -> Result<()> {
    let mut miner = Client::new(server, contributor, key)?;
    let (a, b) = (files::values(key.into(), 64 * 48), files::values(2, 48 * 40));
    miner.submit_matmul(files::npy(64, 48, &a), files::npy(48, 40, &b)).await?;
    miner.open().await?;
    ensure!(!miner.mine(&server.key()).await?.is_empty());
    Ok(())
}

async fn gas(server: &Server) -> Result<GasInfo> {
    Client::new(server, "reader", 9)?.get(paths::GAS_INFO).await?.json()
}

async fn status(server: &Server) -> Result<DecentralizationStatus> {
    Client::new(server, "reader", 9)?.get(paths::DECENTRALIZATION).await?.json()
}

/// Registers ids that open sessions and claim work.
async fn claim(server: &Server) -> Result<()> {
    for number in 0..12 {
        let client = Client::new(server, "claimant", 9)?;
        let id = format!("claimant-{number}");
        client.post(paths::REGISTER, &json!({ "contributor_id": id, "cpu_cores": 512 })).await?.json::<Value>()?;
        let started: Value = client.post(paths::START_SESSION, &json!({ "contributor_id": id })).await?.json()?;
        let claim = json!({ "contributor_id": id, "session_id": started["session_id"], "tasks_completed": 1_000_000 });
        client.post(paths::HEARTBEAT, &claim).await?.json::<Value>()?;
    }
    Ok(())
}

#[tokio::test]
async fn fees_follow_the_recurrence_over_verified_work() -> Result<()> {
    let server = Server::start_with(small_budget).await?;
    let first = gas(&server).await?;
    assert_eq!((first.neo_transfer_fee, first.token_transfer_fee), (0.01, 0.005));
    assert_eq!((first.congestion_level.as_str(), first.active_providers), ("low", 0));

    // Claims are not demand, so an epoch of claims counts as empty. An epoch with twice the budget in work counts as
    // full.
    claim(&server).await?;
    server.advance(EPOCH_MS).await?;
    assert_eq!(gas(&server).await?.neo_transfer_fee, 0.00875);
    mine(&server, "miner", 1).await?;
    assert_eq!(gas(&server).await?.neo_transfer_fee, 0.00875, "it is set when an epoch begins");
    server.advance(EPOCH_MS).await?;
    let full = gas(&server).await?;
    // 0.7 · 8 750 000 = 6 125 000, plus an eighth is 6 890 625; plus ⌊3/7⌋ of that, 9 843 750.
    assert_eq!((full.neo_transfer_fee, full.congestion_level.as_str()), (0.009_843_75, "very_high"));
    assert_eq!(full.token_transfer_fee, 0.004_921_874);

    // The price survives a restart and continues to fall, down to its minimum.
    let server = server.restart(small_budget).await?;
    assert_eq!(gas(&server).await?, full);
    let mut base = 6_890_625;
    for _ in 0..3 {
        server.advance(EPOCH_MS).await?;
        base = gas::following(base, Demand { used: 0, target: 10 });
        let fee = gas::Fee::of_neo(base).total() as f64 / 1e9;
        assert_eq!(gas(&server).await?.neo_transfer_fee, fee);
    }
    server.assert_balanced().await
}

/// At 4e9 NNET an epoch, the third one would take the amount issued beyond 64 bits.
#[tokio::test]
async fn the_largest_budgets_never_keep_an_epoch_from_closing() -> Result<()> {
    let huge = |config: &mut Config| config.epoch_budget = Amount::from_nano(4_000_000_000_000_000_000);
    let server = Server::start_with(huge).await?;
    let reader = Client::new(&server, "reader", 9)?;
    for epoch in 1..=4 {
        server.advance(EPOCH_MS).await?;
        let found: Overview = reader.get(paths::OVERVIEW).await?.json()?;
        assert_eq!(found.epoch, epoch);
    }
    let found: Overview = reader.get(paths::OVERVIEW).await?.json()?;
    assert_eq!(found.epoch_budget, Amount::from_nano(i64::MAX));
    mine(&server, "miner", 1).await?;
    server.advance(EPOCH_MS).await?;
    server.assert_balanced().await
}

/// In SQLite an integer that outgrows 64 bits becomes a float, which the column refuses: nobody could deliver any more.
#[tokio::test]
async fn sums_stop_at_the_largest_integer() -> Result<()> {
    let server = Server::start().await?;
    let mut miner = Client::new(&server, "miner", 1)?;
    let (a, b) = (files::values(1, 64 * 48), files::values(2, 48 * 40));
    miner.submit_matmul(files::npy(64, 48, &a), files::npy(48, 40, &b)).await?;
    miner.open().await?;
    let database = rusqlite::Connection::open(server.data().join("adit.sqlite"))?;
    database.busy_timeout(std::time::Duration::from_secs(10))?;
    let most = i64::MAX - 1;
    database.execute("UPDATE miner SET work = ?1, good = ?1, bad = ?1", [most])?;
    database.execute("UPDATE session SET earned = ?1", [most])?;
    database.execute("UPDATE job SET spent = ?1", [most])?;
    ensure!(miner.mine(&server.key()).await?.len() > 1);
    server.advance(EPOCH_MS).await?;
    let found: Overview = miner.get(paths::OVERVIEW).await?.json()?;
    assert_eq!((found.epoch, found.jobs_active), (1, 0));
    let account = adit_support::scene::account(&miner).await?.context("an account")?;
    assert_eq!(account.work_verified, i64::MAX as u64);
    server.assert_balanced().await
}

#[tokio::test]
async fn an_estimate_adds_up() -> Result<()> {
    let server = Server::start().await?;
    let reader = Client::new(&server, "reader", 9)?;
    let ask = async |query: &str| reader.get(&format!("{}{query}", paths::GAS_ESTIMATE)).await;
    let estimate: Value = ask("?token=neo&amount=1.5").await?.json()?;
    let shape = json!({
        "token": "str", "amount": "float", "estimated_gas_fee": "float", "total_cost": "float",
        "fee_breakdown": { "base_fee": "float", "priority_fee": "float", "burn_amount": "float" }, "fee_model": "str",
    });
    has_shape(&estimate, &shape, "estimate")?;
    let neo: GasEstimate = serde_json::from_value(estimate)?;
    assert_eq!((neo.token.as_str(), neo.amount, neo.estimated_gas_fee, neo.total_cost), ("NEO", 1.5, 0.01, 1.51));
    let parts = neo.fee_breakdown;
    assert_eq!((parts.base_fee, parts.priority_fee, parts.burn_amount), (0.007, 0.003, 0.007));
    let token: GasEstimate = ask("?token=NNET&amount=100000").await?.json()?;
    assert_eq!((token.estimated_gas_fee, token.total_cost), (0.005, 0.005), "another token's amount is no NEO");
    assert_eq!(neo.estimated_gas_fee, gas(&server).await?.neo_transfer_fee);
    for query in [
        "",
        "?token=NEO",
        "?amount=1",
        "?token=&amount=1",
        "?token=NEO&amount=",
        "?token=NEO&amount=-1",
        "?token=NEO&amount=1e3",
        "?token=NEO&amount=NaN",
        "?token=NEO&amount=0.0000000001",
        "?token=NEO&amount=99999999999999999999",
        "?token=%3Cscript%3E&amount=1",
        "?token=ABCDEFGHIJKLMNOPQ&amount=1",
    ] {
        assert_eq!(ask(query).await?.code()?, ErrorCode::InvalidParameter, "{query}");
    }
    let most: GasEstimate = ask("?token=NEO&amount=9223372036.854775807").await?.json()?;
    ensure!(most.total_cost >= most.amount, "{most:?}");
    Ok(())
}

#[tokio::test]
async fn the_phase_counts_miners_with_valid_outputs_alone() -> Result<()> {
    let server = Server::start().await?;
    claim(&server).await?;
    let alone = status(&server).await?;
    assert_eq!((alone.phase.as_str(), alone.active_miners, alone.miner_load), ("bootstrap", 0, 0.0));
    // A wrong output is not work.
    let mut liar = Client::new(&server, "liar", 99)?;
    liar.submit_matmul(files::npy(64, 48, &[1; 64 * 48]), files::npy(48, 40, &[1; 48 * 40])).await?;
    liar.open().await?;
    let grant = liar.task(0).await?.and_then(|task| task.adit).context("a lease")?;
    liar.deliver(&grant, vec![9; grant.unit.output_bytes() as usize]).await?;
    assert_eq!(status(&server).await?.active_miners, 0);

    for key in 1..=11 {
        mine(&server, &format!("miner-{key}"), key).await?;
    }
    let now: Value = Client::new(&server, "reader", 9)?.get(paths::DECENTRALIZATION).await?.json()?;
    let shape = json!({
        "phase": "str", "active_miners": "int", "replit_load": "float", "miner_load": "float", "message": "str",
    });
    has_shape(&now, &shape, "status")?;
    assert_eq!((&now["phase"], &now["active_miners"]), (&json!("transition"), &json!(11)));
    assert_eq!((&now["miner_load"], &now["replit_load"]), (&json!(0.55), &json!(99.45)));
    assert_eq!(gas(&server).await?.active_providers, 11);
    // They count until the end of the epoch after their work.
    server.advance(EPOCH_MS).await?;
    assert_eq!(status(&server).await?.active_miners, 11);
    server.advance(EPOCH_MS).await?;
    assert_eq!(status(&server).await?.phase, "bootstrap");
    server.assert_balanced().await
}

#[tokio::test]
async fn tokenomics_are_the_ledgers() -> Result<()> {
    let server = Server::start_with(small_budget).await?;
    mine(&server, "miner", 1).await?;
    server.advance(EPOCH_MS).await?;
    let reader = Client::new(&server, "reader", 9)?;
    let shown: Value = reader.get(paths::TOKENOMICS).await?.json()?;
    has_shape(&shown, &tokenomics(), "tokenomics")?;
    for alias in ["/ai-energy/tokenomics", "/api/ai-energy/tokenomics", "/halving-info"] {
        assert_eq!(reader.get(alias).await?.json::<Value>()?["adit"], shown["adit"], "{alias}");
    }
    let shown: Tokenomics = serde_json::from_value(shown)?;
    let totals: LedgerTotals = reader.api().audit().await?;
    ensure!(totals.balanced);
    assert_eq!(shown.adit.accounts, totals.accounts);
    // Two budgets of 10 nano-NNET; the unpaid part of the first is carried over.
    assert_eq!(shown.adit.issued, Amount::from_nano(20));
    let of = |kind: &str| shown.adit.accounts.iter().find(|total| total.kind == kind).map(|total| total.balance.nano());
    let (miners, budget) = (of("miner").context("no miner was paid")?, of("budget").context("no budget")?);
    assert_eq!((of("issuance"), miners + budget), (Some(-20), 20));
    ensure!(miners > 0);
    assert_eq!((shown.total_issued, shown.current_supply, shown.total_burned), (2e-8, 2e-8, 0.0));
    Ok(())
}
