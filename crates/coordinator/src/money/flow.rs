//! Epochs and accounts. An epoch's budget is issued when it opens and shared out once, when it closes.

use adit_core::reward::{Part, confidence_bps, share_epoch};
use adit_core::{Amount, PublicKey};
use adit_protocol::records::{Account, AccountTotal, EpochList, EpochView};
use adit_protocol::statistics::Earnings;
use futures::future::BoxFuture;

use super::sites::sites_parts;
use super::store::{self as ledger, EpochRow, ShareRow, sites};
use super::{Terms, issuable};
use crate::app::App;
use crate::batch::{Batch, Operation};
use crate::error::Failure;
use crate::neonet::gas::{self, Demand};
use crate::operate::store::days::{self, DAY_MS};
use crate::page::Page;
use crate::people::store::{self as people, MinerRow};
use crate::store::{Db, DbError, corrupt};

/// The most epochs in one listing.
const MAX_EPOCHS: i64 = 50;

/// Opens the first epoch if there is none.
pub(crate) struct OpenFirst(pub(crate) Terms);

impl Operation for OpenFirst {
    type Output = ();
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            if ledger::epochs(batch.db, i64::MAX, 1).await?.is_empty() {
                open(batch, 0, Amount::ZERO, self.0.epoch_budget, gas::FIRST_BASE_FEE).await?;
            }
            Ok(())
        })
    }
}

/// When the open epoch is over, closes it, pays its shares and opens the next.
pub(crate) struct CloseIfDue(pub(crate) Terms);

impl Operation for CloseIfDue {
    type Output = bool;
    fn apply<'a>(&'a self, batch: &'a mut Batch<'_>) -> BoxFuture<'a, Result<bool, Failure>> {
        Box::pin(async move {
            let epoch = ledger::open_epoch(batch.db).await?;
            if batch.now_ms < epoch.opened_at_ms + self.0.epoch_ms {
                return Ok(false);
            }
            let carry = close(batch, &epoch).await?;
            let (used, target) = ledger::demand(batch.db, epoch.id).await?;
            let base_fee = gas::following(epoch.base_fee as u64, Demand { used, target });
            open(batch, epoch.id + 1, carry, self.0.epoch_budget, base_fee).await?;
            Ok(true)
        })
    }
}

/// Issues the budget of epoch `id` and opens it with the carried-over amount and its base fee. Near the limit of what can
/// be issued, an epoch gets what is left.
async fn open(
    batch: &mut Batch<'_>,
    id: i64,
    carried: Amount,
    epoch_budget: Amount,
    base_fee: u64,
) -> Result<(), Failure> {
    let issue = epoch_budget.min(issuable(ledger::issued(batch.db).await?));
    if issue > Amount::ZERO {
        let transfer = ledger::budget_transfer(id);
        ledger::transfer(batch.db, &transfer, ledger::ISSUANCE, ledger::BUDGET, issue, batch.now_ms).await?;
    }
    let budget = carried.checked_add(issue).ok_or_else(|| corrupt("the budget leaves its range"))?;
    ledger::insert_epoch(batch.db, id, budget, base_fee, batch.now_ms).await?;
    Ok(())
}

/// Pays an epoch's shares and returns the amount to carry over.
async fn close(batch: &mut Batch<'_>, epoch: &EpochRow) -> Result<Amount, Failure> {
    let shares = ledger::shares(batch.db, epoch.id).await?;
    let mut parts = Vec::with_capacity(shares.len());
    for share in &shares {
        let record = people::miner(batch.db, &key(share)?).await?.ok_or(DbError::RowNotFound)?;
        let confidence_bps = confidence_bps(Amount::from_nano(record.good), Amount::from_nano(record.bad));
        parts.push(Part { value: Amount::from_nano(share.sponsored), confidence_bps });
    }
    let split = share_epoch(Amount::from_nano(epoch.budget), &parts);
    let mut paid = 0;
    let mut miners = 0;
    for (share, reward) in shares.iter().zip(&split.rewards) {
        let key = key(share)?;
        if *reward > Amount::ZERO {
            let shared = sites::of(batch.db, epoch.id, &key).await?;
            let parts = sites_parts(*reward, Amount::from_nano(share.sponsored), &shared);
            let transfer = format!("epoch:{}:{key}", epoch.id);
            pay(batch, ledger::BUDGET, &transfer, &key, *reward, &parts).await?;
            paid += reward.nano();
            miners += 1;
        }
        people::count_epoch(batch.db, &share.miner, share.good, share.bad).await?;
    }
    let closed =
        ledger::close_epoch(batch.db, epoch.id, Amount::from_nano(paid), split.carry, miners, batch.now_ms).await?;
    if closed { Ok(split.carry) } else { Err(corrupt("an epoch would be closed twice").into()) }
}

/// Pays `amount` in parts: to each site its own, and the rest to the miner. All transfers have ids that begin with `id`.
pub(crate) async fn pay(
    batch: &mut Batch<'_>,
    from: &str,
    id: &str,
    miner: &PublicKey,
    amount: Amount,
    sites: &[(PublicKey, Amount)],
) -> Result<(), Failure> {
    let mut rest = amount.nano();
    for (site, part) in sites.iter().filter(|(_, part)| *part > Amount::ZERO) {
        rest -= part.nano();
        let (id, account) = (format!("{id}:site:{site}"), ledger::miner_account(site));
        ledger::transfer(batch.db, &id, from, &account, *part, batch.now_ms).await?;
    }
    if rest > 0 {
        let account = ledger::miner_account(miner);
        ledger::transfer(batch.db, id, from, &account, Amount::from_nano(rest), batch.now_ms).await?;
    }
    Ok(())
}

fn key(share: &ShareRow) -> Result<PublicKey, DbError> {
    PublicKey::try_from(share.miner.as_slice()).map_err(|_| corrupt("a key has the wrong length"))
}

/// The open epoch, and how long it still runs.
pub(crate) struct Running {
    epoch: EpochRow,
    ends_in_ms: u64,
}

impl Running {
    pub(crate) async fn now(db: &mut Db, epoch_ms: i64, now_ms: i64) -> Result<Self, DbError> {
        let epoch = ledger::open_epoch(db).await?;
        let ends_in_ms = (epoch.opened_at_ms + epoch_ms - now_ms).max(0) as u64;
        Ok(Running { epoch, ends_in_ms })
    }

    /// What the epoch would pay a miner if it closed now: what [`close`] pays for the same shares.
    fn expected(&self, value: Amount, confidence_bps: u32) -> Amount {
        let others = Amount::from_nano(self.epoch.value).checked_sub(value).unwrap_or(Amount::ZERO);
        let parts = [Part { value, confidence_bps }, Part { value: others, confidence_bps: 0 }];
        share_epoch(Amount::from_nano(self.epoch.budget), &parts).rewards[0]
    }
}

/// A miner's account.
pub(crate) async fn account_of(app: &App, db: &mut Db, miner: &PublicKey) -> Result<Option<Account>, DbError> {
    let Some(record) = people::miner(db, miner).await? else { return Ok(None) };
    let running = Running::now(db, app.terms.epoch_ms, app.clock.now_ms()).await?;
    account_in(db, miner, &record, &running).await.map(Some)
}

/// The account of the miner with this record in an epoch.
pub(crate) async fn account_in(
    db: &mut Db,
    miner: &PublicKey,
    record: &MinerRow,
    running: &Running,
) -> Result<Account, DbError> {
    let confidence_bps = confidence_bps(Amount::from_nano(record.good), Amount::from_nano(record.bad));
    let pending = ledger::pending(db, running.epoch.id, miner).await?;
    let reward = running.expected(pending, confidence_bps);
    let shared = sites::of(db, running.epoch.id, miner).await?;
    let given: i64 = sites_parts(reward, pending, &shared).iter().map(|(_, part)| part.nano()).sum();
    Ok(Account {
        contributor: record.contributor.clone(),
        key: *miner,
        pending,
        posted: ledger::balance(db, &ledger::miner_account(miner)).await?,
        confidence_bps,
        units_valid: record.units_valid as u64,
        units_invalid: record.units_invalid as u64,
        work_verified: record.work as u64,
        expected: Amount::from_nano(reward.nano() - given),
        next_payment_ms: running.ends_in_ms,
        name: record.name.clone(),
        name_counter: record.name_counter as u64,
    })
}

/// The public account of a key.
pub(crate) async fn account(app: &App, miner: &PublicKey) -> Result<Option<Account>, Failure> {
    Ok(account_of(app, &mut *app.store.read().await?, miner).await?)
}

/// What a key earns, with its last `count` days.
pub(crate) async fn earnings(app: &App, miner: &PublicKey, count: i64) -> Result<Option<Earnings>, Failure> {
    let mut db = app.store.read().await?;
    let Some(account) = account_of(app, &mut db, miner).await? else { return Ok(None) };
    let today = app.clock.now_ms() / DAY_MS;
    let days = days::paid(&mut db, &ledger::miner_account(miner), today, count).await?;
    let Account { expected, posted, next_payment_ms, .. } = account;
    Ok(Some(Earnings { expected, posted, next_payment_ms, days }))
}

/// Lists at most `limit` epochs with a number below `before`, newest first.
pub(crate) async fn epochs(app: &App, before: Option<u64>, limit: Option<i64>) -> Result<EpochList, Failure> {
    let page = Page::of(before, limit, MAX_EPOCHS, MAX_EPOCHS);
    let rows = ledger::epochs(&mut *app.store.read().await?, page.before, page.rows()).await?;
    let (rows, next) = page.cut(rows, |row| row.id as u64);
    Ok(EpochList { epochs: rows.iter().map(epoch_view).collect(), next })
}

fn epoch_view(row: &EpochRow) -> EpochView {
    EpochView {
        epoch: row.id as u64,
        budget: Amount::from_nano(row.budget),
        value: Amount::from_nano(row.value),
        paid: Amount::from_nano(row.paid),
        carried: Amount::from_nano(row.carried),
        miners: row.miners as u64,
        opened_at_ms: row.opened_at_ms,
        closed_at_ms: row.closed_at_ms,
    }
}

/// Ledger totals by account kind.
pub(crate) async fn account_totals(db: &mut Db) -> Result<Vec<AccountTotal>, DbError> {
    let rows = ledger::totals(db).await?.into_iter();
    Ok(rows
        .map(|row| AccountTotal {
            kind: row.kind,
            accounts: row.accounts as u64,
            balance: Amount::from_nano(row.balance),
        })
        .collect())
}
