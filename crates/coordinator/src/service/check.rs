//! Verification of an output, off the writer: prepared coins, one pass over the bytes, a counterexample for a wrong one.
//!
//! A job's units share their weights, so they share coins: B · r is prepared once for a generation of coins and kept.
//! Coins are replaced after a reject before it is answered (see [`super::settle`]), so a liar learns nothing that it
//! can use; checks under way with the same coins at the same time cost bits, which the receipt says.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use adit_core::kernel::{MissingBlock, Rows, Weights, from_le_bytes};
use adit_core::sign::LeaseId;
use adit_core::unit::Operand;
use adit_core::verify::{CheckInputs, CheckPlan, FinishedCheck, Judgement, Mismatch, OutputCheck};
use adit_core::{Cid, Unit};
use adit_cpu::FastFold;
use futures::FutureExt;
use futures::future::join_all;
use tokio::sync::OnceCell;
use tracing::Instrument;

use crate::Sources;
use crate::store::db::DbError;
use crate::store::jobs::JobRow;
use crate::store::log::corrupt;
use crate::store::{Db, Store, blocks};

/// Jobs whose prepared coins are kept.
const PREPARED: usize = 16;
/// Blocks that are asked for at a source at once.
const AT_ONCE: usize = 8;

/// One job's shared operands folded with one generation of its coins.
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
    sources: Sources,
    cache: Arc<Mutex<Cache>>,
}

#[derive(Default)]
struct Cache {
    entries: HashMap<(i64, i64), Arc<OnceCell<Arc<Prepared>>>>,
    order: VecDeque<(i64, i64)>,
}

impl Checker {
    pub(crate) fn new(store: Store, sources: Sources) -> Result<Self, adit_cpu::CpuError> {
        Ok(Checker { store, fold: FastFold::best()?, sources, cache: Arc::default() })
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
            let blocks = load_blocks(&mut *self.store.read().await?, template.shared_blocks()).await?;
            let fold = self.fold;
            let plan =
                blocking(move || template.check_plan(&fold, &seed, |cid| blocks.get(cid).map(Vec::as_slice))).await?;
            let plan = plan.map_err(wrong_block)?;
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

    /// What a unit's output is checked against while it arrives, from the store.
    pub(crate) async fn inputs(&self, unit: &Unit) -> Result<CheckInputs, DbError> {
        let blocks = load_blocks(&mut *self.store.read().await?, unit.checked_blocks()).await?;
        unit.check_inputs(|cid| blocks.get(cid).map(Vec::as_slice)).map_err(wrong_block)
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
    pub(crate) fn begin<'a>(&'a self, prepared: &'a Prepared, inputs: &'a CheckInputs) -> Pass<'a> {
        let others = prepared.under_way.fetch_add(1, Ordering::Relaxed);
        let earlier = prepared.begun.fetch_add(1, Ordering::Relaxed);
        let arriving = OutputCheck::new(self.fold, &prepared.plan, inputs);
        Pass { arriving, prepared, others, earlier }
    }

    /// What an output comes to: finds the value behind a mismatch, or looks at its leaves. The output is given back.
    pub(crate) async fn judge(
        &self,
        job: &JobRow,
        unit: &Unit,
        lease: LeaseId,
        (inputs, mismatch): (CheckInputs, Option<Mismatch>),
        output: Vec<u8>,
    ) -> Result<(Judgement, Vec<u8>), DbError> {
        let seed = job.seed()?;
        let finished = FinishedCheck { lease, seed: &seed, mismatch, output: &output };
        let evidence = unit.evidence(&finished);
        if evidence.is_empty() {
            let judgement = unit.judge(&finished, &inputs, |_| None).map_err(wrong_block)?;
            return Ok((judgement, output));
        }
        let blocks = self.evidence(unit.source(), evidence).await?;
        let unit = unit.clone();
        blocking(move || {
            let finished = FinishedCheck { lease, seed: &seed, mismatch, output: &output };
            let judgement = unit.judge(&finished, &inputs, |cid| blocks.get(cid).map(Vec::as_slice));
            Ok((judgement.map_err(wrong_block)?, output))
        })
        .await?
    }

    /// Blocks from a unit's source, or from the store if it has none.
    async fn evidence(&self, source: Option<&str>, wanted: Vec<Cid>) -> Result<HashMap<Cid, Vec<u8>>, DbError> {
        let Some(source) = source else {
            let wanted = wanted.into_iter().map(|cid| (cid, 0));
            return load_blocks(&mut *self.store.read().await?, wanted).await;
        };
        let mut blocks = HashMap::new();
        for some in wanted.chunks(AT_ONCE) {
            let found = join_all(some.iter().map(|cid| self.sources.block(source, cid).boxed())).await;
            blocks.extend(some.iter().zip(found).filter_map(|(cid, block)| Some((*cid, block?))));
        }
        Ok(blocks)
    }
}

/// Runs work that would hold a thread up.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, DbError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| corrupt("a check panicked"))
}

/// A check under way.
pub(crate) struct Pass<'a> {
    arriving: OutputCheck<'a, FastFold>,
    prepared: &'a Prepared,
    /// Checks under way when this one began, and those that had begun before it.
    others: u32,
    earlier: u32,
}

impl Pass<'_> {
    /// Takes the next bytes.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.arriving.bytes(bytes);
    }

    /// Where the output does not hold, and how many checks shared its coins at most.
    pub(crate) fn finish(mut self) -> (Option<Mismatch>, u32) {
        let mismatch = std::mem::replace(&mut self.arriving, OutputCheck::Whole).finish();
        // This one, those it met and those that came since: no other was under way at the same time.
        let since = self.prepared.begun.load(Ordering::Relaxed).wrapping_sub(self.earlier);
        (mismatch, self.others.saturating_add(since))
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        self.prepared.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A unit's weights and biases, from the store.
pub(crate) async fn load_weights(db: &mut Db, unit: &Unit) -> Result<Weights, DbError> {
    let blocks = load_blocks(db, unit.shared_blocks()).await?;
    Weights::gather(&unit.weights(), unit.layers(), |cid| blocks.get(cid).map(Vec::as_slice)).map_err(wrong_block)
}

/// Blocks from the store.
async fn load_blocks(
    db: &mut Db,
    wanted: impl IntoIterator<Item = (Cid, u32)>,
) -> Result<HashMap<Cid, Vec<u8>>, DbError> {
    let mut blocks = HashMap::new();
    for (cid, _) in wanted {
        blocks.insert(cid, load_block(db, &cid).await?);
    }
    Ok(blocks)
}

fn wrong_block(_: MissingBlock) -> DbError {
    corrupt("a block has the wrong length")
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
