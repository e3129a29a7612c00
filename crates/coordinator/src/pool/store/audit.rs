//! The rules that must hold in the books at any time.

use crate::store::{Db, DbError, Row, sql};

/// Violations, each with a query that returns a row if it is present.
const CHECKS: [(&str, &str); 19] = [
    (
        "the accounts' balances do not sum to 0",
        "SELECT 1 FROM (SELECT SUM(balance) AS total FROM account) WHERE total <> 0",
    ),
    (
        "a balance is not the sum of its entries",
        "SELECT 1 FROM account a WHERE balance <> \
         (SELECT COALESCE(SUM(micro), 0) FROM entry WHERE credit = a.name) - \
         (SELECT COALESCE(SUM(micro), 0) FROM entry WHERE debit = a.name)",
    ),
    (
        "an account is below 0",
        "SELECT 1 FROM account WHERE balance < 0 AND name NOT IN ('operator', 'chain', 'deficit', 'transit')",
    ),
    ("a deficit is above 0", "SELECT 1 FROM account WHERE name = 'deficit' AND balance > 0"),
    (
        "an epoch's fee, shares and carry do not sum to its gross",
        "SELECT 1 FROM epoch e WHERE gross <> fee + carry + \
         (SELECT COALESCE(SUM(net), 0) FROM share s WHERE s.epoch = e.epoch AND s.batch = e.batch)",
    ),
    (
        "a batch's gross and repayment do not match its credits",
        "SELECT 1 FROM epoch e WHERE batch > 0 AND gross + repaid <> \
         (SELECT COALESCE(SUM(micro), 0) FROM credit c WHERE c.epoch = e.epoch AND c.batch = e.batch)",
    ),
    (
        "a member's rewards are not the sum of its shares",
        "SELECT 1 FROM member m WHERE rewards <> (SELECT COALESCE(SUM(net), 0) FROM share s WHERE s.address = m.id)",
    ),
    (
        "a member has more slots than were counted for it",
        "SELECT 1 FROM member m WHERE slots > (SELECT COUNT(*) FROM counted c WHERE c.member = m.id)",
    ),
    (
        "a member without a key has slots or weight",
        "SELECT 1 FROM member WHERE public_key IS NULL AND (slots > 0 OR weight > 0)",
    ),
    ("a device counts for two members in one slot", "SELECT 1 FROM counted GROUP BY device, slot HAVING COUNT(*) > 1"),
    ("a wallet counts twice in one slot", "SELECT 1 FROM counted GROUP BY member, slot HAVING COUNT(*) > 1"),
    (
        "a sub-wallet's balance is not the sum of its booked rows",
        "SELECT 1 FROM sub_wallet w WHERE booked <> (SELECT COALESCE(SUM(delta), 0) FROM booked b WHERE b.address = w.address)",
    ),
    (
        "the sub-wallets' balances do not match the chain account",
        "SELECT 1 FROM (SELECT (SELECT COALESCE(SUM(booked), 0) FROM sub_wallet) AS there, \
         (SELECT COALESCE(-SUM(balance), 0) FROM account WHERE name = 'chain') AS noted) WHERE there <> noted",
    ),
    (
        "an open transfer is not reserved, or a closed one still is",
        "SELECT 1 FROM payout p LEFT JOIN account a ON a.name = 'out:' || p.hash WHERE p.account IS NOT NULL AND \
         COALESCE(a.balance, 0) <> CASE WHEN p.state IN ('ready', 'pending') THEN p.micro ELSE 0 END",
    ),
    (
        "a sub-wallet's open transfers exceed its balance",
        "SELECT 1 FROM sub_wallet w WHERE doubt IS NULL AND booked < (SELECT COALESCE(SUM(micro), 0) FROM payout p \
         WHERE p.address = w.address AND p.state IN ('ready', 'pending')) AND \
         NOT EXISTS (SELECT 1 FROM booked b WHERE b.address = w.address AND b.name LIKE 'clawback%')",
    ),
    (
        "a posted transfer is not in the history, or an open one is",
        "SELECT 1 FROM payout p WHERE p.state IN ('posted', 'ready', 'pending') AND (p.state = 'posted') <> \
         EXISTS (SELECT 1 FROM booked b WHERE b.address = p.address AND b.name = p.hash)",
    ),
    (
        "a member was paid more than it was credited",
        "SELECT 1 FROM account a WHERE a.name LIKE 'member:%' AND \
         (SELECT COALESCE(SUM(micro), 0) FROM payout p WHERE p.account = a.name AND p.state = 'posted') > \
         (SELECT COALESCE(SUM(micro), 0) FROM entry e WHERE e.credit = a.name AND (e.debit = 'chain' OR e.debit = 'batch'))",
    ),
    (
        "an epoch's fee is not the one that was announced",
        "SELECT 1 FROM epoch e WHERE fee_bps <> COALESCE((SELECT bps FROM fee f WHERE f.from_epoch <= e.epoch \
         ORDER BY from_epoch DESC LIMIT 1), 0)",
    ),
    ("a counter is below 0", "SELECT 1 FROM counter WHERE value < 0"),
];

/// The violations that are present.
pub(in crate::pool) async fn audit(db: &mut Db) -> Result<Vec<String>, DbError> {
    let mut found = Vec::new();
    for (sentence, text) in CHECKS {
        let row: Option<Row> = sql(text).fetch_optional(db).await?;
        if row.is_some() {
            found.push(sentence.to_owned());
        }
    }
    Ok(found)
}
