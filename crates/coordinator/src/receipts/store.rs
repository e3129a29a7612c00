//! SQL for receipts, the log's subtrees, and its signed heads.

use adit_core::log::{Frontier, Hash, Node, consistency_path, inclusion_path, leaf_hash};
use adit_core::sign::{Digest, LeaseId};
use adit_core::statement::{LogHead, ProvenReceipt, Receipt, Verdict};
use adit_core::{Cid, PublicKey, Signature, encoding};
use adit_protocol::records::ActivityStep;

use crate::store::{Db, DbError, corrupt, sql};

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
    let text = "INSERT INTO receipt (log_index, lease, miner, epoch, verdict, work, at_ms, bytes)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    sql(text)
        .bind(receipt.log_index as i64)
        .bind(&receipt.lease.0[..])
        .bind(&receipt.miner.0[..])
        .bind(receipt.epoch as i64)
        .bind(receipt.verdict)
        .bind(receipt.work as i64)
        .bind(receipt.at_ms)
        .bind(encoding::encode(receipt))
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

/// The newest receipts: for a miner, for a unit, or all.
pub(crate) async fn receipts(
    db: &mut Db,
    miner: Option<PublicKey>,
    unit: Option<Cid>,
    limit: i64,
) -> Result<Vec<Receipt>, DbError> {
    let miner = miner.map(|miner| miner.0.to_vec());
    let query = match (unit, miner) {
        (None, None) => sql("SELECT bytes FROM receipt ORDER BY log_index DESC LIMIT $1").bind(limit),
        (None, Some(miner)) => {
            let text = "SELECT bytes FROM receipt WHERE miner = $2 ORDER BY log_index DESC LIMIT $1";
            sql(text).bind(limit).bind(miner)
        }
        (Some(unit), miner) => {
            let text = "SELECT receipt.bytes FROM unit JOIN lease ON lease.unit = unit.id
                        JOIN receipt ON receipt.lease = lease.id
                        WHERE unit.cid = $2 AND ($3 IS NULL OR receipt.miner = $3)
                        ORDER BY receipt.log_index DESC LIMIT $1";
            sql(text).bind(limit).bind(unit.to_string()).bind(miner)
        }
    };
    query.fetch_all(db).await?.iter().map(|row| decode_receipt(row.try_get(0)?)).collect()
}

/// Activity in `count` steps of `step_ms`, starting at step `first`, counted from 1970.
pub(crate) async fn activity(db: &mut Db, first: i64, count: i64, step_ms: i64) -> Result<Vec<ActivityStep>, DbError> {
    let mut steps: Vec<ActivityStep> =
        (first..first + count).map(|step| ActivityStep { at_ms: step * step_ms, ..ActivityStep::default() }).collect();
    let text = "SELECT at_ms / $3, verdict, COUNT(*), COALESCE(SUM(work), 0) FROM receipt
                WHERE at_ms >= $1 AND at_ms < $2 GROUP BY at_ms / $3, verdict";
    let query = sql(text).bind(first * step_ms).bind((first + count) * step_ms).bind(step_ms);
    for row in query.fetch_all(db).await? {
        let Some(step) = steps.get_mut((row.try_get::<i64>(0)? - first) as usize) else { continue };
        let outputs = row.try_get::<i64>(2)? as u64;
        match row.try_get(1)? {
            Verdict::Valid => (step.valid, step.work) = (outputs, row.try_get::<i64>(3)? as u64),
            Verdict::Invalid => step.invalid = outputs,
            Verdict::Inconclusive => step.inconclusive = outputs,
            Verdict::TooLate => step.too_late = outputs,
        }
    }
    Ok(steps)
}

/// Multiply-accumulates in valid outputs since `since_ms`.
pub(crate) async fn work_since(db: &mut Db, since_ms: i64) -> Result<u64, DbError> {
    let text = "SELECT COALESCE(SUM(work), 0) FROM receipt WHERE at_ms >= $1 AND verdict = 'valid'";
    Ok(sql(text).bind(since_ms).fetch_one(db).await?.try_get::<i64>(0)? as u64)
}

/// Proves that `receipt` is in the log of the newest head.
pub(crate) async fn prove(db: &mut Db, receipt: Receipt) -> Result<ProvenReceipt, DbError> {
    let (head, head_signature) = latest_head(db).await?.ok_or_else(|| corrupt("a receipt without a head"))?;
    let path = |node: &mut dyn FnMut(Node) -> Result<Hash, Node>| inclusion_path(receipt.log_index, head.size, node);
    let nodes = load_nodes(db, |mut node| path(&mut node).map(|_| ())).await?;
    let path = path(&mut |node| nodes.find(node)).map_err(|_| corrupt("a subtree of the log is missing"))?;
    Ok(ProvenReceipt { receipt, path: path.into_iter().map(Digest).collect(), head, head_signature })
}

/// Proves that the log of `from` entries is a prefix of the log of `to`; 1 ≤ from ≤ to ≤ the log's size.
pub(crate) async fn consistency(db: &mut Db, from: u64, to: u64) -> Result<Vec<Digest>, DbError> {
    let nodes = load_nodes(db, |node| consistency_path(from, to, node).map(|_| ())).await?;
    let path =
        consistency_path(from, to, |node| nodes.find(node)).map_err(|_| corrupt("a subtree of the log is missing"))?;
    Ok(path.into_iter().map(Digest).collect())
}

/// The subtrees that a computation needs.
struct Nodes(Vec<(Node, Hash)>);

impl Nodes {
    fn find(&self, wanted: Node) -> Result<Hash, Node> {
        self.0.iter().find(|(node, _)| *node == wanted).map(|(_, hash)| *hash).ok_or(wanted)
    }
}

/// Runs `computation` once to learn which subtrees it needs, then loads them.
async fn load_nodes(
    db: &mut Db,
    computation: impl FnOnce(&mut dyn FnMut(Node) -> Result<Hash, Node>) -> Result<(), Node>,
) -> Result<Nodes, DbError> {
    let mut wanted = Vec::new();
    let mut note = |node| {
        wanted.push(node);
        Ok([0; 32])
    };
    computation(&mut note).map_err(|_| corrupt("the log's shape"))?;
    let mut nodes = Vec::with_capacity(wanted.len());
    for node in wanted {
        let row = sql("SELECT hash FROM log_node WHERE level = $1 AND place = $2")
            .bind(i64::from(node.level))
            .bind(node.index as i64)
            .fetch_optional(&mut *db)
            .await?;
        let row = row.ok_or_else(|| corrupt("a subtree of the log is missing"))?;
        let hash: &[u8] = row.try_get(0)?;
        nodes.push((node, hash.try_into().map_err(|_| corrupt("a hash has the wrong length"))?));
    }
    Ok(Nodes(nodes))
}

fn decode_receipt(bytes: &[u8]) -> Result<Receipt, DbError> {
    encoding::decode(bytes).map_err(|_| corrupt("a receipt does not decode"))
}
