//! Reads the history of the pool's wallets at the node, reconciles it with the balance, and books it.
//!
//! A wallet whose history does not sum to its balance is in doubt: nothing is booked for it or paid from it until it does.

use adit_rustchain::history::{self, History, Line, MOST_OFFSET, Open, PAGE, What};
use adit_rustchain::{Json, calls};
use futures::future::BoxFuture;

use super::books::{Entry, Failure};
use super::node::fresh;
use super::payouts::give_back;
use crate::pool::PoolApp;
use crate::pool::settings::Node;
use crate::pool::state::{Credit, Payout, SubWallet};
use crate::pool::store::{epochs, payouts, wallets};
use crate::store::{Db, DbError};

/// The account that stands for the node. Its balance is minus what the pool's wallets hold there.
pub(super) const CHAIN: &str = "chain";
/// The account of clawbacks. It is negative until they are repaid.
pub(super) const DEFICIT: &str = "deficit";
/// The account of transfers between two wallets of the pool.
const TRANSIT: &str = "transit";
/// The account of the operator's own RTC, in wallet 0.
pub(super) const TREASURY: &str = "treasury";
/// How long sharing waits for a wallet that cannot be read, in ms.
const PATIENCE_MS: i64 = 86_400_000;

/// How long after it was made a transfer may still arrive at the node, in ms.
const LATE_MS: i64 = 3_600_000;

/// A wallet's history and its balance of the same moment.
#[derive(Clone, Debug)]
struct Reading {
    address: String,
    history: History,
    balance: i64,
}

/// Reads and books every wallet. Returns false if sharing must wait for one that could not be read.
pub(crate) async fn read_all(pool: &PoolApp, node: &Node) -> Result<bool, Failure> {
    let mut is_whole = true;
    for wallet in super::reads::sub_wallets(pool).await? {
        match read(node, &wallet.address).await {
            Ok(reading) => pool.books.write(Book(reading)).await?,
            Err(reason) => {
                tracing::warn!(address = wallet.address, reason, "a sub-wallet cannot be read");
                let since_ms = pool.books.write(Failing(wallet.address)).await?;
                is_whole &= pool.clock.now_ms() - since_ms > PATIENCE_MS;
            }
        }
    }
    Ok(is_whole)
}

/// Reads a wallet's history. Fails if its balance changes meanwhile, because the pages may then not fit together.
async fn read(node: &Node, address: &str) -> Result<Reading, String> {
    let before = balance(node, address).await?;
    let mut rows = Vec::new();
    for offset in (0..=MOST_OFFSET).step_by(PAGE) {
        let page = fresh(node, calls::history_path(address, offset)).await?;
        let page = history::rows(&page).map_err(|error| error.to_string())?.to_vec();
        let is_last = page.len() < PAGE;
        rows.extend(page);
        if is_last {
            break;
        }
    }
    let history = History::read(&rows).map_err(|error| error.to_string())?;
    let balance = balance(node, address).await?;
    if balance != before {
        return Err("the balance changed meanwhile".into());
    }
    Ok(Reading { address: address.to_owned(), history, balance })
}

async fn balance(node: &Node, address: &str) -> Result<i64, String> {
    let answer: Json = fresh(node, calls::balance_path(address)).await?;
    history::balance(&answer).ok_or_else(|| "the node's answer has no balance".to_owned())
}

struct Failing(String);

impl Entry for Failing {
    /// Since when the wallet cannot be read, in Unix ms.
    type Output = i64;
    fn apply<'a>(&'a self, db: &'a mut Db, now_ms: i64) -> BoxFuture<'a, Result<i64, DbError>> {
        Box::pin(async move {
            wallets::note_failing(db, &self.0, now_ms).await?;
            let wallet = wallets::sub_wallet(db, &self.0).await?;
            Ok(wallet.and_then(|wallet| wallet.failing_at_ms).unwrap_or(now_ms))
        })
    }
}

struct Book(Reading);

impl Entry for Book {
    type Output = ();
    fn apply<'a>(&'a self, db: &'a mut Db, now_ms: i64) -> BoxFuture<'a, Result<(), DbError>> {
        Box::pin(async move {
            let Reading { address, history, balance } = &self.0;
            let Some(wallet) = wallets::sub_wallet(db, address).await? else { return Ok(()) };
            let (new, doubt) = compare(db, &wallet, history, *balance).await?;
            if doubt.is_some() {
                return wallets::note_reading(db, address, wallet.booked, doubt, now_ms).await;
            }
            for line in new {
                wallets::book(db, address, &line.key(), line.delta()).await?;
                book(db, &wallet, &line, now_ms).await?;
            }
            let doubt = follow(db, address, history, now_ms).await?;
            wallets::note_reading(db, address, *balance, doubt, now_ms).await
        })
    }
}

/// The rows that are not booked yet, and why the history is in doubt, if it is.
async fn compare(
    db: &mut Db,
    wallet: &SubWallet,
    history: &History,
    balance: i64,
) -> Result<(Vec<Line>, Option<String>), DbError> {
    if let Some(reason) = history.unknown.first() {
        return Ok((Vec::new(), Some(format!("the history has a row whose sign is unknown: {reason}"))));
    }
    let (mut new, mut sum) = (Vec::new(), wallet.booked);
    for line in &history.lines {
        match wallets::booked(db, &wallet.address, &line.key()).await? {
            Some(delta) if delta == line.delta() => {}
            Some(_) => return Ok((Vec::new(), Some(format!("the row {} has changed since it was booked", line.name)))),
            None => {
                sum += line.delta();
                new.push(line.clone());
            }
        }
    }
    let doubt = (sum != balance).then(|| format!("the history sums to {sum} µRTC, but the balance is {balance} µRTC"));
    Ok((new, doubt))
}

/// Books a row: moves its amount between the accounts that it concerns.
async fn book(db: &mut Db, wallet: &SubWallet, line: &Line, now_ms: i64) -> Result<(), DbError> {
    let address = &wallet.address;
    let (debit, credit) = match line.what {
        What::Reward if wallet.idx > 0 => {
            let credit = Credit { address: address.clone(), epoch: line.epoch, micro: line.micro };
            wallets::insert_credit(db, &credit).await?;
            (CHAIN.to_owned(), format!("sub:{address}"))
        }
        What::In => match payouts::payout(db, &line.name).await? {
            Some(Payout { account: None, .. }) => (CHAIN.to_owned(), TRANSIT.to_owned()),
            _ => (CHAIN.to_owned(), owner(db, wallet).await?),
        },
        What::Reward | What::Gift => (CHAIN.to_owned(), owner(db, wallet).await?),
        What::Clawback => (DEFICIT.to_owned(), CHAIN.to_owned()),
        What::Out => (posted(db, line).await?, CHAIN.to_owned()),
    };
    epochs::transfer(db, &debit, &credit, line.micro, line.epoch, now_ms).await
}

/// The account of whoever owns a wallet. It gets everything that arrives but rewards.
async fn owner(db: &mut Db, wallet: &SubWallet) -> Result<String, DbError> {
    let joined = wallets::joined(db, &wallet.address).await?;
    Ok(joined.map_or_else(|| TREASURY.to_owned(), |joined| format!("member:{}", joined.member)))
}

/// Marks a transfer as posted, and returns the account that it is charged to. One that the pool did not send, or has voided,
/// is a loss until somebody explains it.
async fn posted(db: &mut Db, line: &Line) -> Result<String, DbError> {
    let found = payouts::payout(db, &line.name).await?;
    let Some(payout) = found.filter(|payout| payout.state != "voided" && payout.micro == line.micro) else {
        tracing::error!(
            hash = line.name,
            micro = line.micro,
            "a sub-wallet's history has a transfer that the pool did not send"
        );
        return Ok(DEFICIT.to_owned());
    };
    payouts::set_state(db, &payout.hash, "posted").await?;
    Ok(match payout.account {
        Some(_) => format!("out:{}", payout.hash),
        None => TRANSIT.to_owned(),
    })
}

/// Updates open transfers by the history. Returns why the wallet is in doubt, if it is.
async fn follow(db: &mut Db, address: &str, history: &History, now_ms: i64) -> Result<Option<String>, DbError> {
    let mut doubt = None;
    for payout in payouts::open(db, address).await? {
        match (history.open.get(&payout.hash), payout.told.as_deref()) {
            (Some(Open::Voided), _) => give_back(db, &payout, now_ms).await?,
            (Some(Open::Pending), _) => {
                payouts::set_state(db, &payout.hash, "pending").await?;
                payouts::set_told(db, &payout.hash, None).await?;
            }
            (None, Some(REPLAYED)) => {
                let text = "the node says that a transfer's nonce was used, but does not list the transfer: another copy of \
                    this key may be in use";
                doubt = Some(text.to_owned());
            }
            // The node refused it and does not list it, and no copy can still arrive, so it was never accepted.
            (None, Some(_)) if payout.state == "ready" && now_ms - payout.at_ms >= LATE_MS => {
                give_back(db, &payout, now_ms).await?;
            }
            _ => {}
        }
    }
    Ok(doubt)
}

/// The node's code for a nonce that it has accepted before.
pub(super) const REPLAYED: &str = "REPLAY_DETECTED";
