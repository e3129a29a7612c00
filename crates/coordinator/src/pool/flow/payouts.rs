//! Pays members by signed transfers from the sub-wallets. A transfer is stored before it is sent.
//!
//! If the outcome is unknown, the same bytes are sent again, which the node accepts once. The amount returns to the member
//! only if the node's history shows that the transfer was never accepted.

use adit_rustchain::epoch::{epoch, epoch_of};
use adit_rustchain::transfer::Transfer;
use adit_rustchain::{Address, Json, calls};
use futures::future::BoxFuture;

use super::books::{Entry, Failure};
use super::epochs::Terms;
use super::wallets::TREASURY;
use crate::pool::PoolApp;
use crate::pool::payout::{Purse, split};
use crate::pool::settings::Node;
use crate::pool::state::{Joined, Payout, SubWallet};
use crate::pool::store::{epochs, members, payouts, wallets};
use crate::store::{Db, DbError};

/// What the treasury sends to a new wallet, in µRTC. A settlement by blocks skips wallets that never had a balance.
const DUST: i64 = 1;
/// The longest wait of a leaving member for its last epoch to be settled, in ms.
const LAST_WAIT_MS: i64 = 30 * 86_400_000;

/// Prepares the transfers that are due.
pub(crate) struct Prepare(pub(crate) Terms);

impl Entry for Prepare {
    type Output = ();
    fn apply<'a>(&'a self, db: &'a mut Db, now_ms: i64) -> BoxFuture<'a, Result<(), DbError>> {
        Box::pin(async move {
            let joined = wallets::pooled(db).await?;
            let mut due = Due { purses: purses(db).await?, terms: &self.0, now_ms };
            for wallet in &joined {
                due.pay(db, wallet).await?;
            }
            if let Some(recipient) = self.0.fee_payout {
                let owed = epochs::balance(db, "fee").await?;
                if owed >= self.0.payout_minimum {
                    due.transfers(db, "fee", None, &recipient.to_string(), owed).await?;
                }
            }
            for wallet in &joined {
                due.make_known(db, wallet).await?;
                due.sweep(db, wallet).await?;
            }
            Ok(())
        })
    }
}

/// The unreserved balance of each wallet. It is 0 for one that was not read yet or does not add up.
async fn purses(db: &mut Db) -> Result<Vec<Purse>, DbError> {
    let own = epochs::balance(db, TREASURY).await?;
    let mut purses = Vec::new();
    for wallet in wallets::sub_wallets(db).await? {
        let open = payouts::open(db, &wallet.address).await?;
        let promised: i64 = open.iter().map(|payout| payout.micro).sum();
        let kept = if wallet.idx == 0 { own } else { 0 };
        let is_sound = wallet.doubt.is_none() && wallet.read_at_ms.is_some();
        let free = if is_sound { (wallet.booked - promised - kept).max(0) } else { 0 };
        purses.push(Purse { address: wallet.address, free });
    }
    Ok(purses)
}

struct Due<'a> {
    purses: Vec<Purse>,
    terms: &'a Terms,
    now_ms: i64,
}

impl Due<'_> {
    /// Pays a member its balance if it reaches the minimum, or any balance if the member leaves.
    async fn pay(&mut self, db: &mut Db, joined: &Joined) -> Result<(), DbError> {
        let account = format!("member:{}", joined.member);
        let owed = epochs::balance(db, &account).await?;
        let least = if joined.state == "active" { self.terms.payout_minimum.max(1) } else { 1 };
        if owed < least {
            return Ok(());
        }
        self.transfers(db, &account, Some(&joined.wallet), &joined.payout, owed).await
    }

    async fn transfers(
        &mut self,
        db: &mut Db,
        account: &str,
        own: Option<&str>,
        recipient: &str,
        owed: i64,
    ) -> Result<(), DbError> {
        for (address, micro) in split(&mut self.purses, own, owed) {
            self.transfer(db, &address, Some(account), recipient, micro).await?;
        }
        Ok(())
    }

    /// Signs and stores a transfer, and reserves its amount.
    async fn transfer(
        &self,
        db: &mut Db,
        address: &str,
        account: Option<&str>,
        recipient: &str,
        micro: i64,
    ) -> Result<(), DbError> {
        let Some(wallet) = wallets::sub_wallet(db, address).await? else { return Ok(()) };
        let Some(transfer) = self.signed(&wallet, recipient, micro) else { return Ok(()) };
        let (nonce, signed) = transfer;
        let payout = Payout {
            id: 0,
            hash: signed.hash(),
            address: address.to_owned(),
            account: account.map(str::to_owned),
            recipient: recipient.to_owned(),
            micro,
            nonce,
            body: signed.body,
            state: "ready".into(),
            told: None,
            at_ms: self.now_ms,
        };
        payouts::insert(db, &payout).await?;
        wallets::set_nonce(db, address, nonce).await?;
        match account {
            Some(account) => {
                epochs::transfer(db, account, &format!("out:{}", payout.hash), micro, 0, self.now_ms).await
            }
            None => Ok(()),
        }
    }

    fn signed(
        &self,
        wallet: &SubWallet,
        recipient: &str,
        micro: i64,
    ) -> Option<(i64, adit_rustchain::transfer::Signed)> {
        let key = self.terms.wallets.as_ref()?.key(u32::try_from(wallet.idx).ok()?);
        // Above all earlier nonces of this wallet, and of other copies of its key if their clocks are not ahead.
        let nonce = self.now_ms.max(wallet.nonce + 1);
        let transfer = Transfer {
            from: key.address(),
            to: recipient.parse::<Address>().ok()?,
            micro,
            memo: format!("pool:{}", epoch(self.now_ms.div_euclid(1_000))),
            nonce: u64::try_from(nonce).ok()?,
            names_chain: false,
        };
        Some((nonce, transfer.sign(&key)))
    }

    /// Sends [`DUST`] from the treasury to a wallet that has counted a slot and never had a balance.
    async fn make_known(&self, db: &mut Db, joined: &Joined) -> Result<(), DbError> {
        let is_used = members::member(db, &joined.wallet).await?.is_some_and(|member| member.slots > 0);
        let wallet = wallets::sub_wallet(db, &joined.wallet).await?;
        let Some(treasury) = wallets::sub_wallets(db).await?.into_iter().find(|wallet| wallet.idx == 0) else {
            return Ok(());
        };
        let is_empty = wallet.is_some_and(|wallet| wallet.booked == 0 && wallet.read_at_ms.is_some());
        let own = epochs::balance(db, TREASURY).await?;
        let is_sound = treasury.doubt.is_none() && treasury.booked >= own;
        if !is_used || !is_empty || own < DUST || !is_sound || joined.state != "active" {
            return Ok(());
        }
        if payouts::was_sent(db, &treasury.address, &joined.wallet).await? {
            return Ok(());
        }
        self.transfer(db, &treasury.address, Some(TREASURY), &joined.wallet, DUST).await
    }

    /// Sweeps the wallet of a leaving member into the treasury once its last epoch is settled, then marks it as left.
    async fn sweep(&self, db: &mut Db, joined: &Joined) -> Result<(), DbError> {
        let Some(since_ms) = joined.leaving_at_ms.filter(|_| joined.state == "leaving") else { return Ok(()) };
        let last_slot = members::member(db, &joined.wallet).await?.map_or(-1, |member| member.last_slot);
        let is_settled = last_slot < 0 || wallets::is_shared(db, &joined.wallet, epoch_of(last_slot)).await?;
        let Some(wallet) = wallets::sub_wallet(db, &joined.wallet).await? else { return Ok(()) };
        let is_open = !payouts::open(db, &joined.wallet).await?.is_empty();
        let is_due = is_settled || self.now_ms - since_ms >= LAST_WAIT_MS;
        let owed = epochs::balance(db, &format!("sub:{}", joined.wallet)).await?;
        if !is_due || is_open || wallet.doubt.is_some() || wallet.read_at_ms.is_none() || owed > 0 {
            return Ok(());
        }
        if wallet.booked == 0 {
            return wallets::set_state(db, &joined.wallet, "left", self.now_ms).await;
        }
        // The member is paid, so the rest belongs to other members.
        let treasury = wallets::sub_wallets(db).await?.into_iter().find(|wallet| wallet.idx == 0);
        let Some(treasury) = treasury else { return Ok(()) };
        self.transfer(db, &joined.wallet, None, &treasury.address, wallet.booked).await
    }
}

/// Voids a transfer and returns its amount to the account that was charged.
pub(super) async fn give_back(db: &mut Db, payout: &Payout, now_ms: i64) -> Result<(), DbError> {
    payouts::set_state(db, &payout.hash, "voided").await?;
    match &payout.account {
        Some(account) => epochs::transfer(db, &format!("out:{}", payout.hash), account, payout.micro, 0, now_ms).await,
        None => Ok(()),
    }
}

/// Sends the transfers that are ready, each wallet's in the order of their nonces. After one that the node did not accept, the
/// wallet's others wait: if the node accepted a higher nonce, it would refuse the lower one for good.
pub(crate) async fn send_all(pool: &PoolApp, node: &Node) -> Result<(), Failure> {
    let ready = payouts::ready(&mut *pool.books.read().await?).await?;
    for of_wallet in ready.chunk_by(|a, b| a.address == b.address) {
        for payout in of_wallet {
            let outcome = send(node, payout).await;
            let is_taken = outcome == Outcome::Taken;
            pool.books.write(Note { hash: payout.hash.clone(), outcome }).await?;
            if !is_taken {
                break;
            }
        }
    }
    Ok(())
}

/// The node's answer to a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    /// It accepted the transfer, which is now pending.
    Taken,
    /// It refused. It may have accepted an earlier copy, which its history shows.
    Refused(String),
    /// No answer, or one that does not say.
    Unknown,
}

async fn send(node: &Node, payout: &Payout) -> Outcome {
    let sent = node.upstream.send(calls::TRANSFER.to_owned(), Some(payout.body.clone().into_bytes())).await;
    let Ok(answer) = sent else { return Outcome::Unknown };
    let Ok(json) = Json::parse(&answer.body) else { return Outcome::Unknown };
    let text = |key: &str| json.member(key).and_then(Json::as_text);
    match answer.status {
        200 if text("phase") == Some("pending") && text("tx_hash") == Some(payout.hash.as_str()) => Outcome::Taken,
        // A 429 is about the rate of requests, not about this transfer.
        400..=499 if answer.status != 429 && json.member("error").is_some() => {
            let name = text("code").or_else(|| text("error")).unwrap_or("refused");
            Outcome::Refused(name.chars().filter(|char| !char.is_control()).take(120).collect())
        }
        _ => Outcome::Unknown,
    }
}

struct Note {
    hash: String,
    outcome: Outcome,
}

impl Entry for Note {
    type Output = ();
    fn apply<'a>(&'a self, db: &'a mut Db, _: i64) -> BoxFuture<'a, Result<(), DbError>> {
        Box::pin(async move {
            match &self.outcome {
                Outcome::Taken => {
                    payouts::set_told(db, &self.hash, None).await?;
                    payouts::set_state(db, &self.hash, "pending").await
                }
                Outcome::Refused(name) => payouts::set_told(db, &self.hash, Some(name.clone())).await,
                // This clears an earlier refusal: the node may have accepted the transfer this time.
                Outcome::Unknown => payouts::set_told(db, &self.hash, None).await,
            }
        })
    }
}
