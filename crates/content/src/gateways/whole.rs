//! Fetches everything below a root: as one CAR, and block by block where the CAR lacks something.

use std::collections::{HashSet, VecDeque};
use std::pin::pin;
use std::sync::Arc;

use adit_fetch::Fetch;
use futures::future::{Either, select};
use futures::lock::Mutex;

use super::car::Car;
use super::{Choice, Clock, Failure, Shared};
use crate::cid::{Block, Cid, RAW};
use crate::storage::{Blocks, Later};

/// The most bytes of blocks to keep that arrive before they are asked for.
const AHEAD_BYTES: usize = 16 << 20;
/// The most bytes of blocks in a CAR that arrive unasked. A CAR with more is abandoned.
const UNASKED_BYTES: usize = 64 << 20;

/// A source for one walk over a DAG, which asks for blocks in the order of a CAR.
pub(super) struct Whole<F, C> {
    shared: Arc<Shared<F, C>>,
    state: Mutex<State>,
}

/// A CAR that is being read, and its blocks that arrived early.
struct State {
    root: Cid,
    car: Option<(usize, Car)>,
    /// The gateways that are asked for no further CAR.
    but: Vec<usize>,
    /// The blocks that were asked for. A CAR contains no block twice.
    asked: HashSet<Cid>,
    ahead: VecDeque<Block>,
    ahead_bytes: usize,
    unasked_bytes: usize,
}

impl<F, C> Whole<F, C> {
    pub(super) fn new(shared: Arc<Shared<F, C>>, root: Cid) -> Self {
        let (car, but, asked, ahead) = (None, Vec::new(), HashSet::new(), VecDeque::new());
        let state = Mutex::new(State { root, car, but, asked, ahead, ahead_bytes: 0, unasked_bytes: 0 });
        Whole { shared, state }
    }
}

impl<F: Fetch + Send + Sync + 'static, C: Clock> Blocks for Whole<F, C> {
    fn block<'a>(&'a self, cid: &'a Cid) -> Later<'a, Block> {
        Box::pin(async move {
            let mut state = self.state.lock().await;
            if let Some(block) = state.take(cid) {
                return Ok(block);
            }
            if !state.asked.insert(*cid) {
                return self.shared.raw(cid, None).await;
            }
            state.open_for(&self.shared, cid).await;
            let Some((by, _)) = state.car else { return self.shared.raw(cid, None).await };
            let patience_ms = self.shared.policy().patience_ms(by);
            let second = async {
                self.shared.clock.sleep(patience_ms).await;
                self.shared.raw(cid, Some(by)).await
            };
            let found = match select(pin!(state.seek(&self.shared, cid)), pin!(second)).await {
                Either::Left((found, _)) => found,
                Either::Right((Ok(block), _)) => return Ok(block),
                // No other gateway has the block, so wait for the CAR.
                Either::Right((Err(_), seeking)) => seeking.await,
            };
            match found {
                Some(block) => Ok(block),
                None => self.shared.raw(cid, None).await,
            }
        })
    }
}

impl State {
    /// Opens a CAR if there is none, and `cid` may have something below it.
    async fn open_for<F: Fetch + Send + Sync, C: Clock>(&mut self, shared: &Shared<F, C>, cid: &Cid) {
        while self.car.is_none() && (cid.codec() != RAW || *cid == self.root) {
            let choice = shared.policy().choose(shared.clock.now_ms(), &self.but);
            // No gateway is ready: fetch this block alone instead of waiting.
            let Choice::Ask(index) = choice else { return };
            let (began_ms, url) = (shared.clock.now_ms(), shared.url(index));
            match Car::open(&shared.fetch, &url, cid).await {
                Ok(car) => {
                    shared.policy().answered(index, shared.clock.now_ms() - began_ms);
                    self.car = Some((index, car));
                }
                Err(failure) => self.close(shared, index, Some(&failure)),
            }
        }
    }

    /// Reads the CAR until the block arrives; `None` if it does not.
    async fn seek<F, C: Clock>(&mut self, shared: &Shared<F, C>, cid: &Cid) -> Option<Block> {
        loop {
            let (by, car) = self.car.as_mut()?;
            let by = *by;
            match car.block().await {
                Ok(Some(block)) if block.cid() == cid => return Some(block),
                Ok(Some(block)) => {
                    self.unasked_bytes += block.bytes().len();
                    self.set_aside(block);
                    if self.unasked_bytes > UNASKED_BYTES {
                        self.close(shared, by, None);
                    }
                }
                Ok(None) => self.car = None,
                Err(failure) => self.close(shared, by, Some(&failure)),
            }
        }
    }

    /// Abandons the CAR, and asks its gateway for no other.
    fn close<F, C: Clock>(&mut self, shared: &Shared<F, C>, by: usize, failure: Option<&Failure>) {
        self.car = None;
        self.but.push(by);
        if let Some(failure) = failure {
            shared.policy().failed(by, failure, shared.clock.now_ms());
        }
    }

    fn set_aside(&mut self, block: Block) {
        self.ahead_bytes += block.bytes().len();
        self.ahead.push_back(block);
        while self.ahead_bytes > AHEAD_BYTES {
            let Some(oldest) = self.ahead.pop_front() else { return };
            self.ahead_bytes -= oldest.bytes().len();
        }
    }

    fn take(&mut self, cid: &Cid) -> Option<Block> {
        let at = self.ahead.iter().position(|block| block.cid() == cid)?;
        let block = self.ahead.remove(at)?;
        self.ahead_bytes -= block.bytes().len();
        self.unasked_bytes -= block.bytes().len().min(self.unasked_bytes);
        Some(block)
    }
}
