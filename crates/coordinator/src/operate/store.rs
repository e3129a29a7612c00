//! The invariants of the database, as queries that count violations. Each query reads a row at most a few times.

pub(crate) mod days;

use crate::store::{Db, DbError, sql};

const RULES: [(&str, &str); 32] = [
    ("balances do not add up to zero", "SELECT COUNT(*) FROM (SELECT SUM(balance) AS s FROM account) WHERE s <> 0"),
    ("an account is below zero", "SELECT COUNT(*) FROM account WHERE balance < 0 AND id <> 'issuance'"),
    (
        "replaying the transfers gives other balances",
        "SELECT COUNT(*) FROM account LEFT JOIN
           (SELECT id, SUM(change) AS replayed FROM
             (SELECT credit AS id, amount AS change FROM transfer UNION ALL SELECT debit, -amount FROM transfer)
           GROUP BY id) AS replay ON replay.id = account.id
         WHERE balance <> COALESCE(replayed, 0)",
    ),
    (
        "a unit has more than one valid output",
        "SELECT COUNT(*) FROM (SELECT unit FROM lease WHERE verdict = 'valid' GROUP BY unit HAVING COUNT(*) > 1)",
    ),
    (
        "a settled unit has no valid lease",
        "SELECT COUNT(*) FROM unit WHERE state = 'settled' AND NOT EXISTS
         (SELECT 1 FROM lease WHERE lease.unit = unit.id AND verdict = 'valid')",
    ),
    (
        "a leased unit does not have one live lease, or two, or another unit has one",
        "SELECT COUNT(*) FROM unit LEFT JOIN
           (SELECT unit, COUNT(*) AS live FROM lease WHERE state = 'live' GROUP BY unit) AS held ON held.unit = unit.id
         WHERE COALESCE(live, 0) NOT BETWEEN (state = 'leased') AND 2 * (state = 'leased')",
    ),
    (
        "a session that has ended holds a lease",
        "SELECT COUNT(*) FROM lease JOIN session ON session.id = lease.session
         WHERE lease.state = 'live' AND session.ended_at_ms IS NOT NULL",
    ),
    (
        "a job's counters are not those of its units",
        "SELECT COUNT(*) FROM job LEFT JOIN
           (SELECT job, SUM(CASE WHEN state IN ('settled', 'inline') THEN count ELSE 0 END) AS done,
            SUM(CASE WHEN state = 'leased' THEN count ELSE 0 END) AS leased FROM unit GROUP BY job) AS cut
         ON cut.job = job.id WHERE panels_done <> COALESCE(done, 0) OR panels_leased <> COALESCE(leased, 0)",
    ),
    (
        "an active job has lost panels, or counts some twice",
        "SELECT COUNT(*) FROM job WHERE state = 'active' AND cursor <>
         COALESCE((SELECT SUM(count) FROM returned WHERE returned.job = job.id), 0) +
         COALESCE((SELECT SUM(count) FROM unit WHERE unit.job = job.id AND unit.state <> 'returned'), 0)",
    ),
    (
        "two units of a job share panels",
        "SELECT COUNT(*) FROM (SELECT first, LAG(first + count) OVER (PARTITION BY job ORDER BY first) AS before
           FROM unit WHERE state <> 'returned') AS runs WHERE first < before",
    ),
    (
        "a finished job lacks panels, or an unfinished one has them all",
        "SELECT COUNT(*) FROM job WHERE (state = 'done') <> (panels_done = panels) AND state <> 'cancelled'
         OR panels_done > panels",
    ),
    (
        "a lease that has ended counts as an unproven key's",
        "SELECT COUNT(*) FROM lease WHERE state <> 'live' AND (unproven IS NOT NULL OR address_block IS NOT NULL)",
    ),
    (
        "a lease has a verdict without a delivery, or a delivery without a verdict",
        "SELECT COUNT(*) FROM lease WHERE (state = 'delivered') <> (verdict IS NOT NULL)
         OR (verdict IS NULL) <> (digest IS NULL)",
    ),
    (
        "a job that has ended still holds escrow",
        "SELECT COUNT(*) FROM job JOIN account ON account.id = 'escrow:' || job.id
         WHERE job.state <> 'active' AND account.balance <> 0",
    ),
    (
        "an output was judged without a receipt, or a receipt has no judged output",
        "SELECT COUNT(*) FROM (SELECT COUNT(*) AS judged, COUNT(receipt.lease) AS stated,
           (SELECT COUNT(*) FROM receipt) AS receipts FROM
           (SELECT id, verdict FROM lease UNION ALL SELECT id, verdict FROM storage_lease) AS held
           LEFT JOIN receipt ON receipt.lease = held.id AND receipt.verdict = held.verdict
           WHERE held.verdict IS NOT NULL) WHERE judged <> stated OR stated <> receipts",
    ),
    (
        "the signed head does not cover the log",
        "SELECT COUNT(*) FROM (SELECT (SELECT COUNT(*) FROM receipt) AS entries,
           (SELECT COALESCE(MAX(size), 0) FROM log_head) AS size) WHERE entries <> size",
    ),
    (
        "a share is not the sum of its receipts",
        "SELECT COUNT(*) FROM share LEFT JOIN
           (SELECT receipt.epoch AS epoch, receipt.miner AS miner,
            SUM(CASE WHEN receipt.verdict = 'valid' THEN value ELSE 0 END) AS good,
            SUM(CASE WHEN receipt.verdict = 'invalid' THEN value ELSE 0 END) AS bad
            FROM receipt JOIN (SELECT id, value FROM lease UNION ALL SELECT id, value FROM storage_lease) AS lease
            ON lease.id = receipt.lease GROUP BY receipt.epoch, receipt.miner) AS stated
         ON stated.epoch = share.epoch AND stated.miner = share.miner
         WHERE share.good <> COALESCE(stated.good, 0) OR share.bad <> COALESCE(stated.bad, 0)
         OR share.sponsored > share.good",
    ),
    (
        "a miner shares more with sites than it earned",
        "SELECT COUNT(*) FROM (SELECT epoch, miner, SUM(value) AS value FROM site_share GROUP BY epoch, miner) AS shared
         LEFT JOIN share ON share.epoch = shared.epoch AND share.miner = shared.miner
         WHERE shared.value > COALESCE(share.sponsored, 0)",
    ),
    (
        "an epoch's value is not the sum of its shares",
        "SELECT COUNT(*) FROM epoch LEFT JOIN
           (SELECT epoch, SUM(sponsored) AS value FROM share GROUP BY epoch) AS shared ON shared.epoch = epoch.id
         WHERE epoch.value <> COALESCE(shared.value, 0)",
    ),
    (
        "an epoch paid more than its budget, or not what was transferred",
        "SELECT COUNT(*) FROM (SELECT (SELECT COUNT(*) FROM epoch WHERE paid < 0 OR paid + carried > budget) AS above,
           (SELECT COALESCE(SUM(paid), 0) FROM epoch) AS paid,
           (SELECT COALESCE(SUM(amount), 0) FROM transfer WHERE debit = 'budget') AS moved)
         WHERE above > 0 OR paid <> moved",
    ),
    (
        "requesters did not pay exactly for the units that were verified",
        "SELECT COUNT(*) FROM (SELECT
           (SELECT COALESCE(SUM(amount), 0) FROM transfer WHERE id LIKE 'lease:%') AS moved,
           (SELECT COALESCE(SUM(lease.value), 0) FROM lease JOIN job ON job.id = lease.job
            WHERE lease.verdict = 'valid' AND job.sponsored = 0) AS owed)
         WHERE moved <> owed",
    ),
    (
        "a pin paid not what it spent, or holds escrow after its end",
        "SELECT COUNT(*) FROM storage_pin LEFT JOIN
           (SELECT debit, SUM(amount) AS moved FROM transfer WHERE credit LIKE 'miner:%' GROUP BY debit) AS paid
         ON paid.debit = 'escrow:pin-' || storage_pin.id
         LEFT JOIN account ON account.id = 'escrow:pin-' || storage_pin.id
         WHERE spent <> COALESCE(moved, 0) OR (state = 'ended' AND COALESCE(account.balance, 0) <> 0)",
    ),
    (
        "a holder's bytes or number are not those of its replicas",
        "SELECT COUNT(*) FROM storage_holder LEFT JOIN
           (SELECT miner, SUM(bytes) AS bytes, SUM(state = 'held') AS held FROM storage_replica
            WHERE state IN ('assigned', 'held') GROUP BY miner) AS own
         ON own.miner = storage_holder.key WHERE held_bytes <> COALESCE(bytes, 0) OR replicas <> COALESCE(held, 0)",
    ),
    (
        "a pin counts other replicas, keys or address blocks than it has",
        "SELECT COUNT(*) FROM storage_pin LEFT JOIN
           (SELECT pin, COUNT(*) AS held, COUNT(DISTINCT miner) AS keys, COUNT(DISTINCT address_block) AS networks
            FROM storage_replica WHERE state = 'held' GROUP BY pin) AS own ON own.pin = storage_pin.id
         WHERE storage_pin.held <> COALESCE(own.held, 0) OR storage_pin.keys <> COALESCE(own.keys, 0)
         OR storage_pin.networks <> COALESCE(own.networks, 0)",
    ),
    (
        "a piece of an active pin has not as many replicas, held and missing, as it should",
        "SELECT COUNT(*) FROM storage_piece JOIN storage_pin ON storage_pin.id = storage_piece.pin LEFT JOIN
           (SELECT piece, COUNT(*) AS live FROM storage_replica WHERE state IN ('assigned', 'held') GROUP BY piece) AS own
         ON own.piece = storage_piece.id
         WHERE storage_pin.state = 'active' AND missing + COALESCE(live, 0) <> replicas",
    ),
    (
        "a counter is not what it counts",
        "SELECT COUNT(*) FROM counter JOIN
           (SELECT 'contributors' AS name, COUNT(*) AS counted FROM contributor
            UNION ALL SELECT 'jobs', COUNT(*) FROM job
            UNION ALL SELECT 'jobs active', COUNT(*) FROM job WHERE state = 'active'
            UNION ALL SELECT 'leases expired', COALESCE(SUM(leases_expired), 0) FROM job
            UNION ALL SELECT 'leases live', COUNT(*) FROM lease WHERE state = 'live'
            UNION ALL SELECT 'sessions open', COUNT(*) FROM session WHERE ended_at_ms IS NULL
            UNION ALL SELECT 'sessions open without key', COUNT(*) FROM session WHERE ended_at_ms IS NULL AND miner IS NULL
            UNION ALL SELECT 'sessions open since ms', COALESCE(SUM(started_at_ms), 0) FROM session
              WHERE ended_at_ms IS NULL
            UNION ALL SELECT 'transfers', COUNT(*) FROM transfer) AS again
         ON again.name = counter.name WHERE value <> counted",
    ),
    (
        "the accounts of a kind do not add up to its total",
        "SELECT COUNT(*) FROM (SELECT kind, COUNT(*) AS counted, SUM(balance) AS held FROM account GROUP BY kind) AS again
         LEFT JOIN account_total ON account_total.kind = again.kind
         WHERE accounts IS NULL OR accounts <> counted OR balance <> held",
    ),
    (
        "the tally is not that of the receipts",
        "SELECT COUNT(*) FROM
           (SELECT COUNT(*) AS entries, COALESCE(SUM(verdict = 'valid'), 0) AS valid,
            COALESCE(SUM((verdict = 'valid') * (work >> 31)), 0) AS high,
            COALESCE(SUM((verdict = 'valid') * (work & 2147483647)), 0) AS low FROM receipt) AS again
         LEFT JOIN (SELECT valid AS kept, valid + invalid + inconclusive + too_late AS entries_kept, work AS work_kept
                    FROM tally ORDER BY second DESC LIMIT 1) AS newest
         WHERE entries <> COALESCE(entries_kept, 0) OR valid <> COALESCE(kept, 0)
         OR (MIN(high + (low >> 31), 4294967295) << 31) | (low & 2147483647) <> COALESCE(work_kept, 0)",
    ),
    (
        "the lanes at work are not those of the open sessions",
        "SELECT COUNT(*) FROM (SELECT (SELECT COALESCE(SUM(lanes), 0) FROM at_work) AS kept,
           (SELECT COUNT(*) FROM lane JOIN session ON session.id = lane.session WHERE ended_at_ms IS NULL) AS counted)
         WHERE kept <> counted",
    ),
    (
        "an epoch's figures are not those of its shares",
        "SELECT COUNT(*) FROM epoch LEFT JOIN
           (SELECT share.epoch AS epoch, SUM(share.good) AS counted, SUM(share.good > 0) AS miners_counted,
            SUM(share.good > 0 AND past.good > 0) AS stayed_counted FROM share LEFT JOIN share AS past
            ON past.epoch = share.epoch - 1 AND past.miner = share.miner GROUP BY share.epoch) AS again
         ON again.epoch = epoch.id
         WHERE good <> COALESCE(counted, 0) OR active <> COALESCE(miners_counted, 0)
         OR stayed <> COALESCE(stayed_counted, 0)",
    ),
    (
        "the figures of the days are not those of the receipts and the transfers",
        "SELECT COUNT(*) FROM (SELECT (SELECT COALESCE(SUM(units), 0) FROM work_day) AS units,
           (SELECT COUNT(*) FROM receipt WHERE verdict = 'valid') AS counted,
           (SELECT COALESCE(SUM(paid), 0) FROM work_day) AS paid,
           (SELECT COALESCE(SUM(amount), 0) FROM transfer WHERE credit LIKE 'miner:%') AS moved)
         WHERE units <> counted OR paid <> moved",
    ),
    (
        "a receipt is filed under another unit",
        "SELECT COUNT(*) FROM receipt JOIN lease ON lease.id = receipt.lease JOIN unit ON unit.id = lease.unit
         WHERE receipt.unit <> unit.cid",
    ),
];

/// The broken invariants of the ledger, units and log, one sentence each.
pub(crate) async fn audit(db: &mut Db) -> Result<Vec<String>, DbError> {
    let mut broken = Vec::new();
    for (sentence, query) in RULES {
        if sql(query).fetch_one(&mut *db).await?.try_get::<i64>(0)? > 0 {
            broken.push(sentence.to_owned());
        }
    }
    Ok(broken)
}

/// Stores a row, to find out whether the database takes writes.
pub(crate) async fn probe(db: &mut Db, now_ms: i64) -> Result<(), DbError> {
    let text =
        "INSERT INTO meta (name, value) VALUES ('probe', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    sql(text).bind(now_ms.to_be_bytes().to_vec()).execute(db).await?;
    Ok(())
}
