//! Verification. Loads what an output is checked against and runs the checks on blocking threads, not on the writer.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use adit_core::sign::LeaseId;
use adit_core::verify::{CheckInputs, FinishedCheck, Judgement, Mismatch};
use adit_core::{Cid, Found, Unit};
use adit_cpu::FastFold;
use tokio::sync::OnceCell;
use tracing::Instrument;

use crate::batch::Store;
use crate::blocking::blocking;
use crate::error::Failure;
use crate::jobs::flow::operands::{load_blocks, wrong_block};
use crate::jobs::store::JobRow;
use crate::mining::check::{CoinUses, SharedCheck, SharedCoins};
use crate::source::{Looks, Sources};

/// How many jobs keep their prepared coins in memory, 16 bytes for each column of a shared operand.
const PREPARED: usize = 64;

/// Checks outputs, and caches prepared coins by job and generation.
#[derive(Clone)]
pub(crate) struct Checker {
    store: Store,
    fold: FastFold,
    sources: Sources,
    cache: Arc<Mutex<Cache>>,
    done: Arc<Done>,
}

/// Counts the expensive parts of checks.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// Times that a job's shared operands were folded with coins.
    pub(crate) folds: AtomicU64,
    /// Times that a unit's inputs were loaded.
    pub(crate) loads: AtomicU64,
    /// Bytes that checks read in vain: see [`CheckCost`](crate::mining::cost::CheckCost).
    pub(crate) wasted_bytes: AtomicU64,
}

/// The latest coins of the most recently used jobs, by job and generation. Jobs take turns, so it has to hold a whole round.
#[derive(Default)]
struct Cache {
    entries: HashMap<(i64, i64), Arc<OnceCell<Arc<SharedCoins>>>>,
    /// The most recently used last.
    order: VecDeque<(i64, i64)>,
    uses: CoinUses,
}

impl Checker {
    pub(crate) fn new(store: Store, sources: Sources) -> Result<Self, adit_cpu::CpuError> {
        Ok(Checker { store, fold: FastFold::best()?, sources, cache: Arc::default(), done: Arc::default() })
    }

    /// Prepares a job's first coins in the background while the miner works. Later coins, which replaced those of a wrong
    /// output, are prepared at the next delivery: otherwise a liar would pay for one check and cause a second one.
    pub(crate) fn prepare_soon(&self, job: JobRow) {
        if job.coin_generation > 0 {
            return;
        }
        let checker = self.clone();
        let prepare = async move {
            if let Err(error) = checker.prepared(&job).await {
                tracing::warn!(%error, job = job.id, "coins could not be prepared ahead of a delivery");
            }
        };
        tokio::spawn(prepare.in_current_span());
    }

    /// A job's prepared coins.
    pub(crate) async fn prepared(&self, job: &JobRow) -> Result<Arc<SharedCoins>, Failure> {
        let cell = self.cell((job.id, job.coin_generation));
        let prepared = cell.get_or_try_init(|| async { Ok::<_, Failure>(Arc::new(self.prepare(job).await?)) });
        prepared.await.cloned()
    }

    async fn prepare(&self, job: &JobRow) -> Result<SharedCoins, Failure> {
        self.done.folds.fetch_add(1, Ordering::Relaxed);
        let template = job.template()?;
        let seed = job.seed()?;
        let fold = self.fold;
        let blocks = self.blocks(template.shared_blocks()).await?;
        let plan = blocking(move || template.check_plan(&fold, &seed, |cid| blocks.get(cid).map(Vec::as_slice)));
        let plan = plan.await?.map_err(wrong_block)?;
        Ok(SharedCoins::new(plan, self.cache().uses.of(job.id, job.coin_generation)))
    }

    /// What its checks have done so far.
    pub(crate) fn done(&self) -> &Done {
        &self.done
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cell(&self, key: (i64, i64)) -> Arc<OnceCell<Arc<SharedCoins>>> {
        let Cache { entries, order, .. } = &mut *self.cache();
        // A job's earlier coins are hardly ever asked for again.
        let stays = |held: &(i64, i64)| held.0 != key.0 || held.1 > key.1;
        order.retain(stays);
        entries.retain(|held, _| *held == key || stays(held));
        if order.len() == PREPARED
            && let Some(longest_unused) = order.pop_front()
        {
            entries.remove(&longest_unused);
        }
        order.push_back(key);
        entries.entry(key).or_default().clone()
    }

    /// Blocks of an active job, loaded on a thread that may block.
    async fn blocks(&self, wanted: impl IntoIterator<Item = (Cid, u32)>) -> Result<HashMap<Cid, Vec<u8>>, Failure> {
        let wanted: Vec<(Cid, u32)> = wanted.into_iter().collect();
        self.store.read_apart(move |db| Box::pin(async move { load_blocks(db, wanted).await })).await
    }

    /// The inputs a unit's output is checked against as it arrives.
    pub(crate) async fn inputs(&self, unit: &Unit) -> Result<CheckInputs, Failure> {
        self.done.loads.fetch_add(1, Ordering::Relaxed);
        let blocks = self.blocks(unit.checked_blocks()).await?;
        Ok(unit.check_inputs(|cid| blocks.get(cid).map(Vec::as_slice)).map_err(wrong_block)?)
    }

    pub(crate) fn begin<'a>(&self, coins: &'a SharedCoins, inputs: &'a CheckInputs) -> SharedCheck<'a> {
        coins.begin(self.fold, inputs)
    }

    /// Judges an output: recomputes what failed, or samples leaves. Returns the output.
    pub(crate) async fn judge(
        &self,
        job: &JobRow,
        unit: &Unit,
        lease: LeaseId,
        (inputs, mismatches): (CheckInputs, Vec<Mismatch>),
        output: Vec<u8>,
    ) -> Result<(Judgement, Vec<u8>), Failure> {
        let seed = job.seed()?;
        let finished = FinishedCheck { lease, seed: &seed, mismatches: &mismatches, output: &output };
        let evidence = unit.evidence(&finished);
        if evidence.is_empty() {
            let judgement = unit.judge(&finished, &inputs, |_| Found::Unknown).map_err(wrong_block)?;
            return Ok((judgement, output));
        }
        let blocks = self.evidence(unit, evidence).await?;
        let unit = unit.clone();
        blocking(move || {
            let finished = FinishedCheck { lease, seed: &seed, mismatches: &mismatches, output: &output };
            let found = |cid: &Cid| blocks.get(cid).map_or(Found::Unknown, Found::as_slice);
            let judgement = unit.judge(&finished, &inputs, found);
            Ok((judgement.map_err(wrong_block)?, output))
        })
        .await?
    }

    /// Looks for blocks at the unit's source, or loads them from the store if it has none.
    async fn evidence(&self, unit: &Unit, wanted: Vec<Cid>) -> Result<Looks, Failure> {
        let Some(source) = unit.source() else {
            let wanted = wanted.into_iter().map(|cid| (cid, 0));
            let blocks = self.blocks(wanted).await?;
            return Ok(blocks.into_iter().map(|(cid, block)| (cid, Found::Present(block))).collect());
        };
        let sizes: HashMap<Cid, u32> = unit.blocks().into_iter().collect();
        let wanted = wanted.into_iter().filter_map(|cid| Some((cid, *sizes.get(&cid)?))).collect();
        Ok(self.sources.look(source, wanted).await)
    }
}
