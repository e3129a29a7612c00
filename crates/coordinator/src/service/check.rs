//! Verification of an output, off the writer: prepared coins, one pass over the bytes, a counterexample for a wrong one.
//!
//! A job's units share their weights, so they share coins: B · r is prepared once for a generation of coins and kept.
//! Coins are replaced after a reject before it is answered (see [`super::settle`]), so a liar learns nothing that it
//! can use; checks under way with the same coins at the same time cost bits, which the receipt says.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use adit_core::kernel::{Rows, Weights, from_le_bytes};
use adit_core::unit::Operand;
use adit_core::verify::{Check, CheckPlan, Counterexample, Mismatch, bits};
use adit_core::{Cid, Unit};
use adit_cpu::FastFold;
use tokio::sync::OnceCell;
use tracing::Instrument;

use crate::store::db::DbError;
use crate::store::jobs::JobRow;
use crate::store::log::corrupt;
use crate::store::{Db, Store, blocks};

/// Jobs whose prepared coins are kept.
const PREPARED: usize = 16;

/// One job's weights folded with one generation of its coins.
pub(crate) struct Prepared {
    plan: CheckPlan<FastFold>,
    /// Checks with these coins that have begun, and that are under way.
    begun: AtomicU32,
    under_way: AtomicU32,
}

/// Prepared coins by job and generation.
#[derive(Clone)]
pub(crate) struct Checker {
    store: Store,
    fold: FastFold,
    cache: Arc<Mutex<Cache>>,
}

#[derive(Default)]
struct Cache {
    entries: HashMap<(i64, i64), Arc<OnceCell<Arc<Prepared>>>>,
    order: VecDeque<(i64, i64)>,
}

impl Checker {
    pub(crate) fn new(store: Store) -> Result<Self, adit_cpu::CpuError> {
        Ok(Checker { store, fold: FastFold::best()?, cache: Arc::default() })
    }

    /// Prepares a job's coins while the miner works.
    pub(crate) fn prepare_soon(&self, job: JobRow) {
        let checker = self.clone();
        let prepare = async move {
            if let Err(error) = checker.prepared(&job).await {
                tracing::warn!(%error, job = job.id, "coins could not be prepared ahead of a delivery");
            }
        };
        tokio::spawn(prepare.in_current_span());
    }

    /// A job's prepared coins.
    pub(crate) async fn prepared(&self, job: &JobRow) -> Result<Arc<Prepared>, DbError> {
        let cell = self.cell((job.id, job.coin_generation));
        let prepared = cell.get_or_try_init(|| async {
            let template = job.template()?;
            let seed = job.seed()?;
            let weights = load_weights(&mut *self.store.read().await?, &template).await?;
            let fold = self.fold;
            let plan = tokio::task::spawn_blocking(move || CheckPlan::new(&fold, &weights, &seed)).await;
            let plan = plan.map_err(|_| corrupt("preparing coins panicked"))?;
            Ok::<_, DbError>(Arc::new(Prepared { plan, begun: AtomicU32::new(0), under_way: AtomicU32::new(0) }))
        });
        prepared.await.cloned()
    }

    fn cell(&self, key: (i64, i64)) -> Arc<OnceCell<Arc<Prepared>>> {
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cell) = cache.entries.get(&key) {
            return cell.clone();
        }
        if cache.order.len() == PREPARED
            && let Some(oldest) = cache.order.pop_front()
        {
            cache.entries.remove(&oldest);
        }
        cache.order.push_back(key);
        cache.entries.entry(key).or_default().clone()
    }

    /// A unit's own rows, from the store.
    pub(crate) async fn rows(&self, unit: &Unit) -> Result<Rows, DbError> {
        let mut db = self.store.read().await?;
        let input = load_operand(&mut db, unit.input()).await?;
        let targets = match unit.targets() {
            Some(targets) => load_operand(&mut db, targets).await?,
            None => Vec::new(),
        };
        Ok(Rows { count: unit.input().rows as usize, input, targets })
    }

    /// Begins a check. Feed it with [`Pass::bytes`] as the output arrives.
    pub(crate) fn begin<'a>(&'a self, prepared: &'a Prepared, rows: &'a Rows) -> Pass<'a> {
        let others = prepared.under_way.fetch_add(1, Ordering::Relaxed);
        let earlier = prepared.begun.fetch_add(1, Ordering::Relaxed);
        Pass { check: Some(Check::new(self.fold, &prepared.plan, rows)), prepared, others, earlier }
    }

    /// Finds the wrong value behind a mismatch. Only for outputs that are wrong.
    pub(crate) async fn explain(
        &self,
        unit: &Unit,
        rows: &Rows,
        output: &[u8],
        mismatch: Mismatch,
    ) -> Result<Option<Counterexample>, DbError> {
        let weights = load_weights(&mut *self.store.read().await?, unit).await?;
        Ok(Counterexample::find(&weights, rows, output, mismatch))
    }
}

/// A check under way.
pub(crate) struct Pass<'a> {
    check: Option<Check<'a, FastFold>>,
    prepared: &'a Prepared,
    /// Checks under way when this one began, and those that had begun before it.
    others: u32,
    earlier: u32,
}

impl Pass<'_> {
    /// Takes the next bytes.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        if let Some(check) = &mut self.check {
            check.bytes(bytes);
        }
    }

    /// Where the output is wrong, and to how many bits it was checked.
    pub(crate) fn finish(mut self) -> (Option<Mismatch>, u32) {
        let mismatch = self.check.take().and_then(|check| check.finish().err());
        // This one, those it met and those that came since: no other was under way at the same time.
        let since = self.prepared.begun.load(Ordering::Relaxed).wrapping_sub(self.earlier);
        (mismatch, bits(self.others.saturating_add(since)))
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.prepared.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A unit's weights and biases, from the store.
pub(crate) async fn load_weights(db: &mut Db, unit: &Unit) -> Result<Weights, DbError> {
    let mut blocks: HashMap<Cid, Vec<u8>> = HashMap::new();
    for (cid, _) in unit.shared_blocks() {
        blocks.insert(cid, load_block(db, &cid).await?);
    }
    Weights::gather(unit, |cid| blocks.get(cid).map(Vec::as_slice)).map_err(|_| corrupt("a block has the wrong length"))
}

async fn load_operand(db: &mut Db, operand: &Operand) -> Result<Vec<i8>, DbError> {
    let mut values = Vec::with_capacity(operand.bytes() as usize);
    for cid in &operand.panels {
        values.extend(load_block(db, cid).await?.into_iter().map(|byte| byte as i8));
    }
    Ok(values)
}

async fn load_block(db: &mut Db, cid: &Cid) -> Result<Vec<u8>, DbError> {
    blocks::block(db, cid).await?.ok_or_else(|| corrupt("a block of an active job is missing"))
}

/// The last layer's bias of a job's model; empty for a matrix product.
pub(crate) async fn last_bias(db: &mut Db, template: &Unit) -> Result<Vec<i32>, DbError> {
    match template.layers().last() {
        Some(layer) => Ok(from_le_bytes(&load_block(db, &layer.bias).await?)),
        None => Ok(Vec::new()),
    }
}
