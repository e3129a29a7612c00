//! The strict node's ledger: balances, both kinds of settlement, and transfers that are confirmed after 24 hours.

use std::collections::{BTreeMap, BTreeSet};

use adit_rustchain::epoch::POT_MICRO;
use adit_rustchain::share::cut;
use adit_rustchain::transfer::Transfer;
use adit_rustchain::{Json, Number, PublicKey, Signature};

/// How long a transfer is pending, in ms.
pub(super) const CONFIRMS_MS: i64 = 86_400_000;

#[derive(Clone)]
struct Row {
    wallet: String,
    delta: i64,
    epoch: i64,
    at_s: i64,
    reason: String,
}

#[derive(Clone)]
pub(super) struct Pending {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) micro: i64,
    pub(super) hash: String,
    pub(super) status: &'static str,
    confirms_at_ms: i64,
}

#[derive(Default)]
pub(super) struct Chain {
    /// A wallet gets a row when it first receives something.
    pub(super) balances: BTreeMap<String, i64>,
    ledger: Vec<Row>,
    /// The second table of the admin's settlement: wallet, epoch, amount.
    rewards: Vec<(String, i64, i64)>,
    pub(super) pending: Vec<Pending>,
    nonces: BTreeMap<String, BTreeSet<u64>>,
    /// The first attestation of an epoch fixes the weight.
    pub(super) enrolled: BTreeMap<i64, BTreeMap<String, i64>>,
    /// What was paid for epochs, by wallet and epoch.
    pub(super) settled: BTreeMap<(String, i64), i64>,
}

impl Chain {
    pub(super) fn enroll(&mut self, epoch: i64, miner: &str, weight: i64) {
        self.enrolled.entry(epoch).or_default().entry(miner.to_owned()).or_insert(weight);
    }

    pub(super) fn balance(&self, wallet: &str) -> i64 {
        self.balances.get(wallet).copied().unwrap_or(0)
    }

    fn post(&mut self, wallet: &str, delta: i64, epoch: i64, at_ms: i64, reason: String) {
        *self.balances.entry(wallet.to_owned()).or_insert(0) += delta;
        self.ledger.push(Row { wallet: wallet.to_owned(), delta, epoch, at_s: at_ms / 1_000, reason });
    }

    /// A transfer from outside the pool, confirmed at once.
    pub(super) fn give(&mut self, wallet: &str, micro: i64, hash: &str, at_ms: i64) {
        self.post(wallet, micro, 0, at_ms, format!("transfer_in:RTCoutside:{hash}"));
    }

    /// The settlement when an epoch's last header arrives. It rounds down, and skips wallets without a balance row.
    pub(super) fn settle_blocks(&mut self, epoch: i64, at_ms: i64) {
        let enrolled = self.enrolled.get(&epoch).cloned().unwrap_or_default();
        let total: i64 = enrolled.values().sum();
        for (miner, weight) in enrolled {
            let micro = (i128::from(POT_MICRO) * i128::from(weight)).checked_div(i128::from(total)).unwrap_or(0) as i64;
            if micro > 0 && self.balances.contains_key(&miner) {
                self.reward(&miner, epoch, micro, at_ms);
            }
        }
    }

    /// The admin's settlement. It pays all wallets by largest remainder, and writes a second table that the history lists too.
    pub(super) fn settle_admin(&mut self, epoch: i64, at_ms: i64) {
        let enrolled = self.enrolled.get(&epoch).cloned().unwrap_or_default();
        let weights: Vec<(&str, i64)> = enrolled.iter().map(|(miner, weight)| (miner.as_str(), *weight)).collect();
        for ((miner, _), micro) in weights.iter().zip(cut(POT_MICRO, 0, &weights).shares) {
            if micro > 0 {
                self.reward(miner, epoch, micro, at_ms);
                self.rewards.push(((*miner).to_owned(), epoch, micro));
            }
        }
    }

    /// Pays the reward of one wallet.
    pub(super) fn reward(&mut self, miner: &str, epoch: i64, micro: i64, at_ms: i64) {
        self.post(miner, micro, epoch, at_ms, format!("epoch_{epoch}_reward"));
        *self.settled.entry((miner.to_owned(), epoch)).or_insert(0) += micro;
    }

    pub(super) fn claw_back(&mut self, wallet: &str, micro: i64, name: &str, at_ms: i64) {
        self.post(wallet, -micro, 0, at_ms, format!("clawback_{name}"));
    }

    fn free(&self, wallet: &str) -> i64 {
        let is_open = |pending: &&Pending| pending.from == wallet && pending.status == "pending";
        self.balance(wallet) - self.pending.iter().filter(is_open).map(|pending| pending.micro).sum::<i64>()
    }

    /// POST /wallet/transfer/signed. Checks the signature over the text that the node rebuilds, the nonce, and the balance.
    pub(super) fn transfer(&mut self, body: &[u8], now_ms: i64) -> Result<Json, &'static str> {
        let json = Json::parse(body).map_err(|_| "not JSON")?;
        let text = |key: &str| json.member(key).and_then(Json::as_text).map(str::to_owned).ok_or("a member is missing");
        let number = |key: &str| json.member(key).and_then(Json::as_number).ok_or("a number is missing");
        let key: PublicKey = text("public_key")?.parse().map_err(|_| "no key")?;
        let signature: Signature = text("signature")?.parse().map_err(|_| "no signature")?;
        let (from, to) = (text("from_address")?, text("to_address")?);
        let micro = (number("amount_rtc")?.as_f64() * 1e6).round() as i64;
        let nonce = number("nonce")?.as_i64().and_then(|nonce| u64::try_from(nonce).ok()).ok_or("no nonce")?;
        if key.address().to_string() != from || from == to || micro < 1 || number("fee_rtc")?.as_f64() != 0.0 {
            return Err("Public key does not match from_address");
        }
        let transfer = Transfer {
            from: key.address(),
            to: to.parse().map_err(|_| "no address")?,
            micro,
            memo: text("memo")?,
            nonce,
            names_chain: false,
        };
        if !key.verifies(transfer.text().as_bytes(), &signature) {
            return Err("Invalid signature");
        }
        let used = self.nonces.entry(from.clone()).or_default();
        if used.contains(&nonce) {
            return Err("REPLAY_DETECTED");
        }
        if used.last().is_some_and(|last| *last > nonce) {
            return Err("OUT_OF_ORDER_NONCE");
        }
        if self.free(&from) < micro {
            return Err("Insufficient available balance");
        }
        self.nonces.entry(from.clone()).or_default().insert(nonce);
        let signed =
            adit_rustchain::transfer::Signed { text: transfer.text(), signature, public_key: key, body: String::new() };
        let hash = signed.hash();
        let confirms_at_ms = now_ms + CONFIRMS_MS;
        self.pending.push(Pending { from, to, micro, hash: hash.clone(), status: "pending", confirms_at_ms });
        Ok(Json::object([("ok", true.into()), ("phase", "pending".into()), ("tx_hash", hash.into())]))
    }

    /// The admin's cron job: confirms transfers that are old enough, or voids those that the balance does not cover.
    pub(super) fn confirm(&mut self, now_ms: i64) {
        for index in 0..self.pending.len() {
            let pending = self.pending[index].clone();
            if pending.status != "pending" || pending.confirms_at_ms > now_ms {
                continue;
            }
            if self.balance(&pending.from) < pending.micro {
                self.pending[index].status = "voided";
                continue;
            }
            let Pending { from, to, micro, hash, .. } = pending;
            self.post(&from, -micro, 50_853, now_ms, format!("transfer_out:{to}:{hash}"));
            self.post(&to, micro, 50_853, now_ms, format!("transfer_in:{from}:{hash}"));
            self.pending[index].status = "confirmed";
        }
    }

    pub(super) fn void(&mut self) {
        if let Some(pending) = self.pending.iter_mut().find(|pending| pending.status == "pending") {
            pending.status = "voided";
        }
    }

    pub(super) fn void_to(&mut self, address: &str) {
        let open = self.pending.iter_mut().filter(|pending| pending.status == "pending" && pending.to == address);
        open.for_each(|pending| pending.status = "voided");
    }

    pub(super) fn history(&self, wallet: &str, limit: usize, offset: usize, is_twice: bool) -> Json {
        let amount = |micro: i64| Json::from(Number::micro(micro.abs()));
        let of_ledger = |row: &Row| {
            let parts: Vec<&str> = row.reason.split(':').collect();
            let is_transfer = parts.len() == 3;
            Json::object([
                ("type", if is_transfer { parts[0] } else { "ledger" }.into()),
                ("amount", amount(row.delta)),
                ("epoch", row.epoch.into()),
                ("timestamp", row.at_s.into()),
                ("tx_hash", if is_transfer { parts[2].into() } else { Json::Null }),
                ("reason", row.reason.as_str().into()),
            ])
        };
        let of_rewards = |(_, epoch, micro): &(String, i64, i64)| {
            Json::object([
                ("type", "reward".into()),
                ("amount", amount(*micro)),
                ("epoch", (*epoch).into()),
                ("timestamp", 0.into()),
                ("tx_hash", Json::Null),
            ])
        };
        let of_pending = |pending: &Pending| {
            Json::object([
                ("type", if pending.from == wallet { "transfer_out" } else { "transfer_in" }.into()),
                ("amount", amount(pending.micro)),
                ("epoch", Json::Null),
                ("timestamp", 1.into()),
                ("tx_hash", pending.hash.as_str().into()),
                ("status", pending.status.into()),
            ])
        };
        let mut rows: Vec<Json> = self.ledger.iter().rev().filter(|row| row.wallet == wallet).map(of_ledger).collect();
        rows.extend(self.rewards.iter().filter(|row| row.0 == wallet).map(of_rewards));
        let is_open = |pending: &&Pending| {
            pending.status != "confirmed" && [&pending.from, &pending.to].contains(&&wallet.to_owned())
        };
        rows.extend(self.pending.iter().filter(is_open).map(of_pending));
        if is_twice {
            rows.extend(rows.clone());
        }
        let total = rows.len() as i64;
        let page: Vec<Json> = rows.into_iter().skip(offset).take(limit).collect();
        Json::object([("ok", true.into()), ("transactions", page.into()), ("total", total.into())])
    }

    /// The sum of confirmed transfers to an address, in µRTC.
    pub(super) fn paid_to(&self, address: &str) -> i64 {
        let is_paid = |pending: &&Pending| pending.to == address && pending.status == "confirmed";
        self.pending.iter().filter(is_paid).map(|pending| pending.micro).sum()
    }
}
