//! What a window pays, from which account, and what is returned.

use adit_client::PinOrder;
use adit_core::Amount;
use adit_protocol::ErrorCode;
use adit_protocol::records::LedgerTotals;
use anyhow::{Result, ensure};

use crate::town::{Town, WINDOW_MS, content};

const MIB: usize = 1 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn an_order_pays_from_its_escrow_and_gets_the_rest_back() -> Result<()> {
    let town = Town::start().await?;
    let order = PinOrder { replicas: 2, hours: 3, sponsored: false, ..PinOrder::default() };
    let pin = town.operator.api().put_pin(&order, content(MIB)).await?;
    // 2 MiB for 3 windows of 3,600 s at 10^6 for 2^20 MiB-seconds.
    ensure!(pin.price == Amount::from_nano(3 * 6_866), "{pin:?}");
    let mut holder = town.holder("holder", 1).await?;
    holder.take(1 << 30).await?;
    town.pass(&holder).await?;
    let paid = town.pass(&holder).await?;
    ensure!(paid.reward == Amount::from_nano(3_433));
    // It is paid at once, and draws on no epoch.
    ensure!(town.owed(&holder).await? == (Amount::ZERO, Amount::from_nano(3_433)));
    ensure!(town.operator.api().pin(pin.pin).await?.spent == Amount::from_nano(3_433));
    town.server.assert_balanced().await?;
    // After its time nothing is asked and nothing held.
    for _ in 0..4 {
        town.server.advance(WINDOW_MS / 2).await?;
    }
    let pin = town.operator.api().pin(pin.pin).await?;
    ensure!(!pin.active && pin.held == 0, "{pin:?}");
    let ledger: LedgerTotals = town.operator.get("/v1/ledger").await?.json()?;
    let escrow = ledger.accounts.iter().find(|total| total.kind == "escrow");
    ensure!(escrow.is_none_or(|total| total.balance == Amount::ZERO), "{ledger:?}");
    town.server.assert_balanced().await
}

#[tokio::test(flavor = "multi_thread")]
async fn rewards_are_posted_when_the_epoch_closes() -> Result<()> {
    let town = Town::start_with(|config| config.epoch_ms = 4 * WINDOW_MS).await?;
    town.put(16 * MIB, 1).await?;
    let mut holder = town.holder("holder", 1).await?;
    holder.take(1 << 30).await?;
    town.pass(&holder).await?;
    ensure!(town.pass(&holder).await?.reward.nano() == 54_931);
    let (pending, _) = town.owed(&holder).await?;
    ensure!(pending.nano() == 54_931);
    town.server.advance(4 * WINDOW_MS).await?;
    let (_, posted) = town.owed(&holder).await?;
    // A new key's confidence is a half.
    ensure!(posted.nano() == 54_931 / 2, "{posted}");
    town.server.assert_balanced().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_ended_is_paid_up_to_then() -> Result<()> {
    let town = Town::start().await?;
    let (pin, _) = town.put(MIB, 1).await?;
    let mut holder = town.holder("holder", 1).await?;
    holder.take(1 << 30).await?;
    town.pass(&holder).await?;
    town.pass(&holder).await?;
    ensure!(!town.operator.api().end_pin(pin.pin).await?.active);
    ensure!(!town.operator.api().end_pin(pin.pin).await?.active, "ending it again is an error");
    ensure!(holder.view().await?.held_bytes == 0);
    ensure!(town.owed(&holder).await?.0.nano() == 3_433);
    let gone = town.operator.api().pin_content(pin.pin).await.err().map(|error| error.to_string());
    ensure!(gone.is_some_and(|text| text.contains(ErrorCode::ResultGone.name())));
    town.server.assert_balanced().await
}
