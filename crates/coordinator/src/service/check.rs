//! Verification of an output, off the writer: prepared coins, one pass over the bytes, a counterexample for a wrong one.
//!
//! A job's units share their weights, so they share coins: B · r is prepared once for a generation of coins and kept.
//! Coins are replaced after a reject before it is answered (see [`super::settle`]), so a liar learns nothing that it
//! can use; checks under way with the same coins at the same time cost bits, which the receipt says.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use adit_core::kernel::float::FloatMatrix;
use adit_core::kernel::{Rows, Weights, from_le_bytes};
use adit_core::sign::LeaseId;
use adit_core::unit::Operand;
use adit_core::verify::{
    Check, CheckPlan, Counterexample, Finding, FloatCheck, FloatPlan, LeafSample, Mismatch, is_wrong,
};
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
    plan: Plan,
    /// Checks with these coins that have begun, and that are under way.
    begun: AtomicU32,
    under_way: AtomicU32,
}

enum Plan {
    Products(CheckPlan<FastFold>),
    Floats(FloatPlan),
    /// Leaves are drawn for each lease, once its output is there.
    Tree,
}

/// What an output is checked against.
pub(crate) enum Inputs {
    Rows(Rows),
    Floats(FloatMatrix),
    /// Looked up leaf by leaf.
    Tree,
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
            let mut db = self.store.read().await?;
            let fold = self.fold;
            let plan = match &template {
                Unit::HashTree { .. } => Plan::Tree,
                Unit::MatmulF32 { b, .. } => {
                    let b = load_floats(&mut db, b).await?;
                    drop(db);
                    Plan::Floats(blocking(move || FloatPlan::new(&b, &seed)).await?)
                }
                _ => {
                    let weights = load_weights(&mut db, &template).await?;
                    drop(db);
                    Plan::Products(blocking(move || CheckPlan::new(&fold, &weights, &seed)).await?)
                }
            };
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
    pub(crate) async fn inputs(&self, unit: &Unit) -> Result<Inputs, DbError> {
        Ok(match unit {
            Unit::HashTree { .. } => Inputs::Tree,
            Unit::MatmulF32 { a, .. } => Inputs::Floats(load_floats(&mut *self.store.read().await?, a).await?),
            _ => Inputs::Rows(self.rows(unit).await?),
        })
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
    pub(crate) fn begin<'a>(&'a self, prepared: &'a Prepared, inputs: &'a Inputs) -> Pass<'a> {
        let others = prepared.under_way.fetch_add(1, Ordering::Relaxed);
        let earlier = prepared.begun.fetch_add(1, Ordering::Relaxed);
        let arriving = match (&prepared.plan, inputs) {
            (Plan::Products(plan), Inputs::Rows(rows)) => Arriving::Products(Check::new(self.fold, plan, rows)),
            (Plan::Floats(plan), Inputs::Floats(a)) => Arriving::Floats(FloatCheck::new(plan, a)),
            _ => Arriving::Whole,
        };
        Pass { arriving, prepared, others, earlier }
    }

    /// What an output comes to: finds the value behind a mismatch, or looks at its leaves. The output is given back.
    pub(crate) async fn judge(
        &self,
        job: &JobRow,
        unit: &Unit,
        lease: LeaseId,
        (inputs, mismatch): (Inputs, Option<Mismatch>),
        output: Vec<u8>,
    ) -> Result<(Finding, Vec<u8>), DbError> {
        match (unit, inputs, mismatch) {
            (Unit::HashTree { data, source }, ..) => self.judge_tree(job, lease, data, source.as_deref(), output).await,
            (_, _, None) => Ok((Finding::Right, output)),
            (Unit::MatmulF32 { b, .. }, Inputs::Floats(a), Some(mismatch)) => {
                let b = load_floats(&mut *self.store.read().await?, b).await?;
                blocking(move || {
                    let wrong = is_wrong(&a, &b, mismatch.row, &output);
                    (if wrong { Finding::Wrong(None) } else { Finding::Undecided }, output)
                })
                .await
            }
            (_, Inputs::Rows(rows), Some(mismatch)) => {
                let weights = load_weights(&mut *self.store.read().await?, unit).await?;
                blocking(move || (Finding::Wrong(Counterexample::find(&weights, &rows, &output, mismatch)), output))
                    .await
            }
            (_, Inputs::Floats(_) | Inputs::Tree, Some(_)) => Err(corrupt("a unit's inputs are of another kind")),
        }
    }

    async fn judge_tree(
        &self,
        job: &JobRow,
        lease: LeaseId,
        data: &Operand,
        source: Option<&str>,
        output: Vec<u8>,
    ) -> Result<(Finding, Vec<u8>), DbError> {
        let sample = LeafSample::draw(&job.seed()?, lease, data, source.is_some());
        let wanted = sample.blocks(data, &output);
        let mut blocks: HashMap<Cid, Vec<u8>> = HashMap::new();
        if let Some(source) = source {
            let wanted: Vec<Cid> = wanted.into_iter().collect();
            for some in wanted.chunks(AT_ONCE) {
                let found = join_all(some.iter().map(|cid| self.sources.block(source, cid).boxed())).await;
                blocks.extend(some.iter().zip(found).filter_map(|(cid, block)| Some((*cid, block?))));
            }
        } else {
            let mut db = self.store.read().await?;
            for cid in wanted {
                blocks.insert(cid, load_block(&mut db, &cid).await?);
            }
        }
        let data = data.clone();
        blocking(move || (sample.check(&data, &output, |cid| blocks.get(cid).map(Vec::as_slice)), output)).await
    }
}

/// Runs work that would hold a thread up.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, DbError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| corrupt("a check panicked"))
}

/// A check under way.
pub(crate) struct Pass<'a> {
    arriving: Arriving<'a>,
    prepared: &'a Prepared,
    /// Checks under way when this one began, and those that had begun before it.
    others: u32,
    earlier: u32,
}

/// How an output is looked at.
enum Arriving<'a> {
    Products(Check<'a, FastFold>),
    Floats(FloatCheck<'a>),
    /// Once it is all there; or its check is over.
    Whole,
}

impl Pass<'_> {
    /// Takes the next bytes.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        match &mut self.arriving {
            Arriving::Products(check) => check.bytes(bytes),
            Arriving::Floats(check) => check.bytes(bytes),
            Arriving::Whole => {}
        }
    }

    /// Where the output does not hold, and how many checks shared its coins at most.
    pub(crate) fn finish(mut self) -> (Option<Mismatch>, u32) {
        let mismatch = match std::mem::replace(&mut self.arriving, Arriving::Whole) {
            Arriving::Products(check) => check.finish().err(),
            Arriving::Floats(check) => check.finish().err(),
            Arriving::Whole => None,
        };
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
    let mut blocks: HashMap<Cid, Vec<u8>> = HashMap::new();
    for (cid, _) in unit.shared_blocks() {
        blocks.insert(cid, load_block(db, &cid).await?);
    }
    Weights::gather(unit, |cid| blocks.get(cid).map(Vec::as_slice)).map_err(|_| corrupt("a block has the wrong length"))
}

/// An f32 operand, from the store.
async fn load_floats(db: &mut Db, operand: &Operand) -> Result<FloatMatrix, DbError> {
    let mut blocks: HashMap<Cid, Vec<u8>> = HashMap::new();
    for cid in &operand.panels {
        blocks.insert(*cid, load_block(db, cid).await?);
    }
    FloatMatrix::gather(operand, |cid| blocks.get(cid).map(Vec::as_slice))
        .map_err(|_| corrupt("a block has the wrong length"))
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
