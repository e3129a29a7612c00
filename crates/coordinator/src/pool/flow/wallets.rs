//! What arrived in the pool's wallets: the node's history is read, compared with the balance, and booked.
//!
//! A wallet whose history does not make its balance is booked nothing and pays nothing, until it adds up again.

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

/// What is at the node and in no account of the pool.
pub(super) const CHAIN: &str = "chain";
/// What a clawback took; below 0 until it is repaid.
pub(super) const DEFICIT: &str = "deficit";
/// What is on its way from one wallet of the pool to another.
const TRANSIT: &str = "transit";
/// The operator's own, in wallet 0.
pub(super) const TREASURY: &str = "treasury";
/// How long one wallet that cannot be read holds up the sharing for all, in ms.
const PATIENCE_MS: i64 = 86_400_000;

/// How late a request may still arrive at the node, in ms.
const LATE_MS: i64 = 3_600_000;

/// What the node says of a wallet, read in one go.
#[derive(Clone, Debug)]
struct Reading {
    address: String,
    history: History,
    balance: i64,
}

/// Reads and books every wallet. Whether all were read that one should wait for.
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

/// The history between two readings of the same balance.
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
    history::balance(&answer).ok_or_else(|| "the answer has no balance".to_owned())
}

struct Failing(String);

impl Entry for Failing {
    /// Since when it could not be read.
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

/// The rows that are not booked yet, and what is wrong with the whole.
async fn compare(
    db: &mut Db,
    wallet: &SubWallet,
    history: &History,
    balance: i64,
) -> Result<(Vec<Line>, Option<String>), DbError> {
    if let Some(reason) = history.unknown.first() {
        return Ok((Vec::new(), Some(format!("the history has a row of which the sign is not known: {reason}"))));
    }
    let (mut new, mut sum) = (Vec::new(), wallet.booked);
    for line in &history.lines {
        match wallets::booked(db, &wallet.address, &line.key()).await? {
            Some(delta) if delta == line.delta() => {}
            Some(_) => return Ok((Vec::new(), Some(format!("the row {} is not what it was", line.name)))),
            None => {
                sum += line.delta();
                new.push(line.clone());
            }
        }
    }
    let doubt = (sum != balance).then(|| format!("the history makes {sum} µRTC, and the balance is {balance} µRTC"));
    Ok((new, doubt))
}

/// Moves what a row moved.
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

/// Whatever arrives beside rewards belongs to the member.
async fn owner(db: &mut Db, wallet: &SubWallet) -> Result<String, DbError> {
    let joined = wallets::joined(db, &wallet.address).await?;
    Ok(joined.map_or_else(|| TREASURY.to_owned(), |joined| format!("member:{}", joined.member)))
}

/// Notes that the node confirmed a transfer; the account that pays for it. One that the pool did not send, or took for
/// voided, is a loss until somebody explains it.
async fn posted(db: &mut Db, line: &Line) -> Result<String, DbError> {
    let found = payouts::payout(db, &line.name).await?;
    let Some(payout) = found.filter(|payout| payout.state != "voided" && payout.micro == line.micro) else {
        tracing::error!(
            hash = line.name,
            micro = line.micro,
            "a transfer left a sub-wallet that the pool did not send"
        );
        return Ok(DEFICIT.to_owned());
    };
    payouts::set_state(db, &payout.hash, "posted").await?;
    Ok(match payout.account {
        Some(_) => format!("out:{}", payout.hash),
        None => TRANSIT.to_owned(),
    })
}

/// What the history says of transfers that are open. Returns what it does not explain.
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
                let text = "the node has seen a nonce that the pool used, and does not list the transfer: another copy of \
                    this key may be in use";
                doubt = Some(text.to_owned());
            }
            // The node refused it and does not list it, so it was never taken; no copy of it is still on its way.
            (None, Some(_)) if payout.state == "ready" && now_ms - payout.at_ms >= LATE_MS => {
                give_back(db, &payout, now_ms).await?;
            }
            _ => {}
        }
    }
    Ok(doubt)
}

/// The node took a transfer with this nonce before.
pub(super) const REPLAYED: &str = "REPLAY_DETECTED";
