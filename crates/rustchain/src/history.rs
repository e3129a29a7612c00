//! A wallet's history as the node lists it (GET /wallet/history), and what of it adds up to the wallet's balance.
//!
//! `amount` is absolute: a clawback looks like a credit. So a row counts only where its reason says its sign, and a wallet
//! whose known rows do not make its balance is not believed.

use std::collections::BTreeMap;

use crate::json::Json;

/// The most rows of an answer.
pub const PAGE: usize = 200;
/// The most that a page may begin with.
pub const MOST_OFFSET: usize = 9_800;

/// What a row is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// `epoch_N_reward`.
    Reward,
    /// A confirmed transfer to this wallet.
    In,
    /// A confirmed transfer from this wallet.
    Out,
    /// A gift of the node, as the welcome bonus.
    Gift,
    /// `clawback_…`.
    Clawback,
}

/// A row that moved the balance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// What it is about.
    pub what: What,
    /// Its reason, or the transfer's hash: with the epoch it tells rows apart.
    pub name: String,
    /// The epoch that it belongs to, or 0.
    pub epoch: i64,
    /// The amount in µRTC, never negative.
    pub micro: i64,
}

impl Line {
    /// What it adds to the balance.
    pub fn delta(&self) -> i64 {
        match self.what {
            What::Reward | What::In | What::Gift => self.micro,
            What::Out | What::Clawback => -self.micro,
        }
    }

    /// What tells it from the wallet's other rows.
    pub fn key(&self) -> (String, i64) {
        (self.name.clone(), self.epoch)
    }
}

/// The state of a transfer that moved nothing yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Open {
    /// The node has it.
    Pending,
    /// It will never be.
    Voided,
}

/// A wallet's history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Rows that moved the balance, each once.
    pub lines: Vec<Line>,
    /// Transfers from this wallet that moved nothing, by hash.
    pub open: BTreeMap<String, Open>,
    /// Reasons of which nobody knows the sign.
    pub unknown: Vec<String>,
}

/// Why a history cannot be read: the node is at fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the history is not RustChain's: {0}")]
pub struct HistoryError(&'static str);

/// The rows of a page. A member that is missing or of another type is an error.
pub fn rows(page: &Json) -> Result<&[Json], HistoryError> {
    page.member("transactions").and_then(Json::as_list).ok_or(HistoryError("it has no list of transactions"))
}

impl History {
    /// Reads rows of any number of pages. A row that is there twice counts once, and a credit that both settlements list
    /// (`reward` beside the ledger's row of the epoch) too.
    pub fn read<'a>(rows: impl IntoIterator<Item = &'a Json>) -> Result<History, HistoryError> {
        let (mut lines, mut rewards) = (BTreeMap::new(), Vec::new());
        let mut history = History::default();
        for row in rows {
            match read_row(row)? {
                Row::Line(line) => {
                    lines.entry(line.key()).or_insert(line);
                }
                Row::Reward(line) => rewards.push(line),
                Row::Open(hash, state) => {
                    // Of two states the later one: what is voided stays so.
                    let known = history.open.entry(hash).or_insert(state);
                    *known = (*known).max(state);
                }
                Row::Unknown(reason) => history.unknown.push(reason),
                Row::Other => {}
            }
        }
        for line in rewards {
            lines.entry(line.key()).or_insert(line);
        }
        history.lines = lines.into_values().collect();
        Ok(history)
    }

    /// The sum of the known rows.
    pub fn sum(&self) -> i64 {
        self.lines.iter().fold(0, |sum: i64, line| sum.saturating_add(line.delta()))
    }
}

enum Row {
    Line(Line),
    /// A credit of the admin's settlement, which the ledger may list too.
    Reward(Line),
    Open(String, Open),
    Unknown(String),
    /// A transfer to this wallet that is not confirmed.
    Other,
}

fn read_row(row: &Json) -> Result<Row, HistoryError> {
    let text = |key: &str| row.member(key).and_then(Json::as_text);
    let kind = text("type").ok_or(HistoryError("a row has no type"))?;
    let micro = micro(row)?;
    let epoch = row.member("epoch").and_then(Json::as_number).and_then(|epoch| epoch.as_i64()).unwrap_or(0);
    let hash = || text("tx_hash").filter(|hash| hash.len() <= 64).map(str::to_owned);
    let transfer = |what| match (hash(), text("status")) {
        // A confirmed transfer is told by its hash alone: the node notes a slot where it says epoch.
        (Some(name), None | Some("confirmed")) => Row::Line(Line { what, name, epoch: 0, micro }),
        (Some(hash), Some("voided")) if what == What::Out => Row::Open(hash, Open::Voided),
        (Some(hash), Some("pending")) if what == What::Out => Row::Open(hash, Open::Pending),
        (Some(_), Some("voided" | "pending")) => Row::Other,
        _ => Row::Unknown("a transfer without hash or of an unknown state".into()),
    };
    Ok(match kind {
        "transfer_in" => transfer(What::In),
        "transfer_out" => transfer(What::Out),
        "reward" => Row::Reward(Line { what: What::Reward, name: format!("epoch_{epoch}_reward"), epoch, micro }),
        "ledger" => {
            let reason = text("reason").unwrap_or_default();
            let name: String = reason.chars().filter(|char| !char.is_control()).take(120).collect();
            match reward_epoch(reason) {
                Some(epoch) => Row::Line(Line { what: What::Reward, name, epoch, micro }),
                None if reason.starts_with("clawback_") => Row::Line(Line { what: What::Clawback, name, epoch, micro }),
                None if reason.starts_with("welcome_bonus") => Row::Line(Line { what: What::Gift, name, epoch, micro }),
                None => Row::Unknown(name),
            }
        }
        _ => Row::Unknown("a row of an unknown type".into()),
    })
}

/// round(amount · 10^6).
fn micro(row: &Json) -> Result<i64, HistoryError> {
    let amount = row.member("amount").and_then(Json::as_number).ok_or(HistoryError("a row has no amount"))?;
    let micro = (amount.as_f64() * 1e6).round();
    // The supply is 8,388,608 RTC.
    let fits = (0.0..=1e13).contains(&micro);
    if fits { Ok(micro as i64) } else { Err(HistoryError("an amount is negative or beyond the supply")) }
}

fn reward_epoch(reason: &str) -> Option<i64> {
    let digits = reason.strip_prefix("epoch_")?.strip_suffix("_reward")?;
    let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_plain)
}

/// The balance of an answer to GET /wallet/balance, in µRTC.
pub fn balance(answer: &Json) -> Option<i64> {
    let micro = answer.member("amount_i64")?.as_number()?.as_i64()?;
    (0..=10_000_000_000_000).contains(&micro).then_some(micro)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(text: &str) -> Result<History, HistoryError> {
        let page = Json::parse(text.as_bytes()).unwrap();
        History::read(rows(&page)?)
    }

    #[test]
    fn a_credit_that_is_listed_twice_counts_once() {
        let text = r#"{"ok":true,"transactions":[
            {"type":"ledger","amount":0.75,"epoch":353,"timestamp":7,"tx_hash":null,"reason":"epoch_353_reward"},
            {"type":"ledger","amount":0.75,"epoch":353,"timestamp":7,"tx_hash":null,"reason":"epoch_353_reward"},
            {"type":"reward","amount":0.75,"epoch":353,"timestamp":0,"tx_hash":null},
            {"type":"reward","amount":0.5,"epoch":354,"timestamp":0,"tx_hash":null},
            {"type":"transfer_out","amount":0.1,"epoch":50853,"timestamp":8,"tx_hash":"aa","reason":"transfer_out:RTC:aa"},
            {"type":"transfer_out","amount":0.2,"epoch":null,"timestamp":8,"tx_hash":"bb","status":"pending"},
            {"type":"transfer_out","amount":0.2,"epoch":null,"timestamp":8,"tx_hash":"cc","status":"voided"},
            {"type":"ledger","amount":0.25,"epoch":0,"timestamp":9,"reason":"clawback_issue_44"}]}"#;
        let history = history(text).unwrap();
        assert_eq!((history.lines.len(), history.sum()), (4, 900_000));
        assert_eq!(history.open, [("bb".into(), Open::Pending), ("cc".into(), Open::Voided)].into());
        assert!(history.unknown.is_empty());
    }

    #[test]
    fn what_has_no_known_sign_is_said() {
        let text = r#"{"transactions":[{"type":"ledger","amount":1.0,"epoch":1,"reason":"epoch_x_reward"},
            {"type":"ledger","amount":1.0,"reason":"adjustment"},{"type":"burn","amount":1}]}"#;
        let history = history(text).unwrap();
        assert_eq!((history.sum(), history.unknown.len()), (0, 3));
    }

    #[test]
    fn what_is_no_history_is_refused() {
        for text in [
            "{}",
            r#"{"transactions":{}}"#,
            r#"{"transactions":[{}]}"#,
            r#"{"transactions":[{"type":"ledger","amount":-1}]}"#,
            r#"{"transactions":[{"type":"ledger","amount":1e30}]}"#,
            r#"{"transactions":[{"type":"ledger","amount":"1"}]}"#,
        ] {
            assert!(history(text).is_err(), "{text}");
        }
        for (text, micro) in [
            (r#"{"amount_i64":7}"#, Some(7)),
            (r#"{"amount_i64":-7}"#, None),
            (r#"{"amount_i64":7.0}"#, None),
            ("{}", None),
        ] {
            assert_eq!(balance(&Json::parse(text.as_bytes()).unwrap()), micro, "{text}");
        }
    }
}
