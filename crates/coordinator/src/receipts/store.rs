//! SQL for receipts, the log's subtrees, and its signed heads.

use std::collections::{HashMap, HashSet};

use adit_core::log::{Frontier, Hash, Node, consistency_path, inclusion_path, leaf_hash};
use adit_core::sign::{Digest, LeaseId};
use adit_core::statement::{LogHead, ProvenReceipt, Receipt};
use adit_core::{Cid, PublicKey, Signature, encoding};
use adit_protocol::records::{ActivityStep, Verdicts};

use crate::store::{Db, DbError, corrupt, from_row, sql, sql_as};

/// The right edge of the log, with its newest signed head.
pub(crate) async fn edge(db: &mut Db) -> Result<(Frontier, Option<(LogHead, Signature)>), DbError> {
    let head = latest_head(db).await?;
    let size = head.as_ref().map_or(0, |(head, _)| head.size);
    let nodes = load_nodes(db, |node| Frontier::load(size, node).map(|_| ())).await?;
    let frontier =
        Frontier::load(size, |node| nodes.find(node)).map_err(|_| corrupt("a subtree of the log is missing"))?;
    Ok((frontier, head))
}

/// The name of the key in `meta` that signs the log.
const SIGNER: &str = "coordinator_key";

/// The key that signs the log, if the database names one: since its first start, or in its newest head.
pub(crate) async fn signer(db: &mut Db) -> Result<Option<PublicKey>, DbError> {
    let text = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name IN ('meta', 'log_head')";
    if sql(text).fetch_one(&mut *db).await?.try_get::<i64>(0)? < 2 {
        return Ok(None);
    }
    let row = sql("SELECT value FROM meta WHERE name = $1").bind(SIGNER).fetch_optional(&mut *db).await?;
    match row {
        Some(row) => {
            PublicKey::try_from(row.try_get::<&[u8]>(0)?).map(Some).map_err(|_| corrupt("a key has the wrong length"))
        }
        None => Ok(latest_head(db).await?.map(|(head, _)| head.coordinator)),
    }
}

/// Names the key that signs the log, once.
pub(crate) async fn name_signer(db: &mut Db, key: &PublicKey) -> Result<(), DbError> {
    let text = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    sql(text).bind(SIGNER).bind(&key.0[..]).execute(db).await?;
    Ok(())
}

/// Rebuilds the right edge of the log from all receipts.
pub(crate) async fn recompute(db: &mut Db) -> Result<Frontier, DbError> {
    let mut frontier = Frontier::default();
    loop {
        let text = "SELECT log_index, bytes FROM receipt WHERE log_index >= $1 ORDER BY log_index LIMIT 1000";
        let rows = sql(text).bind(frontier.size() as i64).fetch_all(&mut *db).await?;
        for row in &rows {
            if row.try_get::<i64>(0)? as u64 != frontier.size() {
                return Err(corrupt("an entry of the log is missing"));
            }
            frontier.append(leaf_hash(row.try_get(1)?));
        }
        if rows.is_empty() {
            return Ok(frontier);
        }
    }
}

pub(crate) async fn insert_node(db: &mut Db, node: Node, hash: &Hash) -> Result<(), DbError> {
    sql("INSERT INTO log_node (level, place, hash) VALUES ($1, $2, $3)")
        .bind(i64::from(node.level))
        .bind(node.index as i64)
        .bind(&hash[..])
        .execute(db)
        .await?;
    Ok(())
}

pub(crate) async fn insert_receipt(db: &mut Db, receipt: &Receipt) -> Result<(), DbError> {
    let text = "INSERT INTO receipt (log_index, lease, miner, epoch, verdict, work, at_ms, bytes, unit)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    sql(text)
        .bind(receipt.log_index as i64)
        .bind(&receipt.lease.0[..])
        .bind(&receipt.miner.0[..])
        .bind(receipt.epoch as i64)
        .bind(receipt.verdict)
        .bind(receipt.work as i64)
        .bind(receipt.at_ms)
        .bind(encoding::encode(receipt))
        .bind(receipt.unit.to_string())
        .execute(db)
        .await?;
    Ok(())
}

pub(crate) async fn insert_head(db: &mut Db, head: &LogHead, signature: &Signature) -> Result<(), DbError> {
    sql("INSERT INTO log_head (size, head, signature) VALUES ($1, $2, $3)")
        .bind(head.size as i64)
        .bind(encoding::encode(head))
        .bind(&signature.0[..])
        .execute(db)
        .await?;
    Ok(())
}

/// The newest signed head; `None` while there are no receipts.
pub(crate) async fn latest_head(db: &mut Db) -> Result<Option<(LogHead, Signature)>, DbError> {
    let row = sql("SELECT head, signature FROM log_head ORDER BY size DESC LIMIT 1").fetch_optional(db).await?;
    let Some(row) = row else { return Ok(None) };
    let head = encoding::decode(row.try_get(0)?).map_err(|_| corrupt("a log head does not decode"))?;
    let signature =
        Signature::try_from(row.try_get::<&[u8]>(1)?).map_err(|_| corrupt("a signature has the wrong length"))?;
    Ok(Some((head, signature)))
}

/// The canonical bytes of `count` entries starting at `first`, concatenated.
pub(crate) async fn entries(db: &mut Db, first: u64, count: u64) -> Result<Vec<u8>, DbError> {
    let text = "SELECT bytes FROM receipt WHERE log_index >= $1 AND log_index < $2 ORDER BY log_index";
    let mut bytes = Vec::new();
    for row in sql(text).bind(first as i64).bind((first + count) as i64).fetch_all(db).await? {
        bytes.extend_from_slice(row.try_get(0)?);
    }
    Ok(bytes)
}

pub(crate) async fn receipt(db: &mut Db, lease: &LeaseId) -> Result<Option<Receipt>, DbError> {
    let row = sql("SELECT bytes FROM receipt WHERE lease = $1").bind(&lease.0[..]).fetch_optional(db).await?;
    row.map(|row| decode_receipt(row.try_get(0)?)).transpose()
}

/// The newest receipts below log index `before`: for a miner, for a unit, or all.
pub(crate) async fn receipts(
    db: &mut Db,
    miner: Option<PublicKey>,
    unit: Option<Cid>,
    before: i64,
    limit: i64,
) -> Result<Vec<Receipt>, DbError> {
    let of = |which: &str| {
        let text = format!("SELECT bytes FROM receipt WHERE {which}log_index < $1 ORDER BY log_index DESC LIMIT $2");
        sql(text).bind(before).bind(limit)
    };
    let miner = miner.map(|miner| miner.0.to_vec());
    let query = match (unit.map(|unit| unit.to_string()), miner) {
        (None, None) => of(""),
        (None, Some(miner)) => of("miner = $3 AND ").bind(miner),
        (Some(unit), None) => of("unit = $3 AND ").bind(unit),
        (Some(unit), Some(miner)) => of("unit = $3 AND miner = $4 AND ").bind(unit).bind(miner),
    };
    query.fetch_all(db).await?.iter().map(|row| decode_receipt(row.try_get(0)?)).collect()
}

/// Verdicts and work up to some second.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    valid: i64,
    invalid: i64,
    inconclusive: i64,
    too_late: i64,
    work: i64,
}

from_row!(Tally { valid, invalid, inconclusive, too_late, work });

impl Tally {
    /// What came after `earlier`, as a step of an activity.
    fn since(&self, earlier: &Tally, at_ms: i64) -> ActivityStep {
        ActivityStep {
            at_ms,
            work: (self.work - earlier.work) as u64,
            valid: (self.valid - earlier.valid) as u64,
            invalid: (self.invalid - earlier.invalid) as u64,
            inconclusive: (self.inconclusive - earlier.inconclusive) as u64,
            too_late: (self.too_late - earlier.too_late) as u64,
        }
    }
}

/// The tally of everything before a second.
async fn tally(db: &mut Db, before_s: i64) -> Result<Tally, DbError> {
    let text = "SELECT * FROM tally WHERE second < $1 ORDER BY second DESC LIMIT 1";
    Ok(sql_as(text).bind(before_s).fetch_optional(db).await?.unwrap_or_default())
}

/// All verdicts so far, except expired leases, and the multiply-accumulates in valid outputs.
pub(crate) async fn totals(db: &mut Db) -> Result<(Verdicts, u64), DbError> {
    let all = tally(db, i64::MAX).await?.since(&Tally::default(), 0);
    let ActivityStep { at_ms: _, work, valid, invalid, inconclusive, too_late } = all;
    Ok((Verdicts { valid, invalid, inconclusive, too_late, expired: 0 }, work))
}

/// Activity in `count` steps of `step_s` seconds, starting at step `first`, counted from 1970.
pub(crate) async fn activity(db: &mut Db, first: i64, count: i64, step_s: i64) -> Result<Vec<ActivityStep>, DbError> {
    let mut steps = Vec::new();
    let mut before = tally(db, first * step_s).await?;
    for step in first..first + count {
        let after = tally(db, (step + 1) * step_s).await?;
        steps.push(after.since(&before, step * step_s * 1_000));
        before = after;
    }
    Ok(steps)
}

/// Multiply-accumulates in valid outputs since a second.
pub(crate) async fn work_since(db: &mut Db, since_s: i64) -> Result<u64, DbError> {
    let (all, before) = (tally(db, i64::MAX).await?, tally(db, since_s).await?);
    Ok(all.since(&before, 0).work)
}

/// Deletes at most `limit` rows of the tally that no activity after a second needs.
pub(crate) async fn trim_tally(db: &mut Db, before_s: i64, limit: i64) -> Result<u64, DbError> {
    let text = "DELETE FROM tally WHERE second IN (SELECT second FROM tally WHERE second <
                (SELECT MAX(second) FROM tally WHERE second < $1) ORDER BY second LIMIT $2)";
    sql(text).bind(before_s).bind(limit).execute(db).await
}

/// Proves that `receipt` is in the log of the newest head.
pub(crate) async fn prove(db: &mut Db, receipt: Receipt) -> Result<ProvenReceipt, DbError> {
    prove_all(db, vec![receipt]).await?.pop().ok_or(DbError::RowNotFound)
}

/// Proves each of these receipts. Neighbours share most of their subtrees, which are loaded once.
pub(crate) async fn prove_all(db: &mut Db, receipts: Vec<Receipt>) -> Result<Vec<ProvenReceipt>, DbError> {
    if receipts.is_empty() {
        return Ok(Vec::new());
    }
    let (head, head_signature) = latest_head(db).await?.ok_or_else(|| corrupt("a receipt without a head"))?;
    let path = |receipt: &Receipt, node: &mut dyn FnMut(Node) -> Result<Hash, Node>| {
        inclusion_path(receipt.log_index, head.size, node)
    };
    let nodes = load_nodes(db, |node| receipts.iter().try_for_each(|receipt| path(receipt, node).map(|_| ()))).await?;
    let prove = |receipt: Receipt| {
        let path = path(&receipt, &mut |node| nodes.find(node));
        let path = path.map_err(|_| corrupt("a subtree of the log is missing"))?;
        let path = path.into_iter().map(Digest).collect();
        Ok(ProvenReceipt { receipt, path, head: head.clone(), head_signature })
    };
    receipts.into_iter().map(prove).collect()
}

/// Proves that the log of `from` entries is a prefix of the log of `to`; 1 ≤ from ≤ to ≤ the log's size.
pub(crate) async fn consistency(db: &mut Db, from: u64, to: u64) -> Result<Vec<Digest>, DbError> {
    let nodes = load_nodes(db, |node| consistency_path(from, to, node).map(|_| ())).await?;
    let path =
        consistency_path(from, to, |node| nodes.find(node)).map_err(|_| corrupt("a subtree of the log is missing"))?;
    Ok(path.into_iter().map(Digest).collect())
}

/// The subtrees that a computation needs.
struct Nodes(HashMap<Node, Hash>);

impl Nodes {
    fn find(&self, wanted: Node) -> Result<Hash, Node> {
        self.0.get(&wanted).copied().ok_or(wanted)
    }
}

/// Runs `computation` once to learn which subtrees it needs, then loads them.
async fn load_nodes(
    db: &mut Db,
    computation: impl FnOnce(&mut dyn FnMut(Node) -> Result<Hash, Node>) -> Result<(), Node>,
) -> Result<Nodes, DbError> {
    let mut wanted = HashSet::new();
    let mut note = |node| {
        wanted.insert(node);
        Ok([0; 32])
    };
    computation(&mut note).map_err(|_| corrupt("the log's shape"))?;
    let mut nodes = HashMap::with_capacity(wanted.len());
    for node in wanted {
        let row = sql("SELECT hash FROM log_node WHERE level = $1 AND place = $2")
            .bind(i64::from(node.level))
            .bind(node.index as i64)
            .fetch_optional(&mut *db)
            .await?;
        let row = row.ok_or_else(|| corrupt("a subtree of the log is missing"))?;
        let hash: &[u8] = row.try_get(0)?;
        nodes.insert(node, hash.try_into().map_err(|_| corrupt("a hash has the wrong length"))?);
    }
    Ok(Nodes(nodes))
}

fn decode_receipt(bytes: &[u8]) -> Result<Receipt, DbError> {
    encoding::decode(bytes).map_err(|_| corrupt("a receipt does not decode"))
}
