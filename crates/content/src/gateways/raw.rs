//! Fetches one block from whichever gateway returns it first.

use adit_fetch::{BLOCK_REDIRECTS, Fetch, Request, open_following};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::{BoxFuture, Either, select};
use futures::stream::{FuturesUnordered, StreamExt};

use super::{Choice, Clock, Failure, Shared, check_type, lost, refusal};
use crate::cid::{Block, BlockError, Cid, MAX_BLOCK_BYTES};
use crate::storage::StorageError;

const RAW_TYPE: &str = "application/vnd.ipld.raw";
/// The time limit for a block, in ms. Silence ends it earlier.
const BLOCK_MS: u32 = 60_000;
/// The most times that one gateway is asked for one block.
const TRIES: usize = 3;

/// The gateways that were asked for a block, and their answers.
struct Asked<'a> {
    under_way: FuturesUnordered<BoxFuture<'a, (usize, Result<Block, Failure>)>>,
    now: Vec<usize>,
    /// The gateways that failed so far, once for each failure.
    failed: Vec<usize>,
    said: Vec<(usize, String)>,
    /// A gateway that is not asked at all.
    but: Option<usize>,
}

impl Asked<'_> {
    /// The gateways not to ask now.
    fn excluded(&self) -> Vec<usize> {
        let often = |index: &&usize| self.failed.iter().filter(|failed| failed == index).count() >= TRIES;
        self.failed.iter().filter(often).chain(&self.now).chain(&self.but).copied().collect()
    }

    fn note(&mut self, index: usize, failure: &Failure) {
        self.now.retain(|asked| *asked != index);
        // A gateway that lacks the block now will still lack it in a moment.
        let times = if matches!(failure, Failure::Missing(_)) { TRIES } else { 1 };
        self.failed.extend(std::iter::repeat_n(index, times));
        self.said.retain(|(other, _)| *other != index);
        self.said.push((index, failure.to_string()));
    }
}

impl<F: Fetch + Send + Sync, C: Clock> Shared<F, C> {
    /// A block from any gateway but one.
    pub(super) async fn raw(&self, cid: &Cid, but: Option<usize>) -> Result<Block, StorageError> {
        if let Some(block) = Block::inline(cid) {
            return Ok(block);
        }
        // No gateway is to blame for an identifier that cannot be checked.
        if let Err(unread @ BlockError::Hash(_)) = Block::verify(*cid, Bytes::new()) {
            return Err(unread.into());
        }
        let (under_way, now, failed, said) = (FuturesUnordered::new(), Vec::new(), Vec::new(), Vec::new());
        let mut asked = Asked { under_way, now, failed, said, but };
        loop {
            let choice = self.policy().choose(self.clock.now_ms(), &asked.excluded());
            match choice {
                Choice::Ask(index) => self.ask(&mut asked, index, cid),
                Choice::Wait(ms) if asked.under_way.is_empty() => {
                    self.clock.sleep(ms).await;
                    continue;
                }
                Choice::Nobody if asked.under_way.is_empty() => return Err(self.nobody(cid, &asked)),
                Choice::Wait(_) | Choice::Nobody => {}
            }
            if let Some(block) = self.answer(&mut asked, !matches!(choice, Choice::Ask(_))).await {
                return Ok(block);
            }
        }
    }

    /// Waits for an answer. Unless `for_long` is set, returns without one when the last gateway that was asked is slow.
    async fn answer(&self, asked: &mut Asked<'_>, for_long: bool) -> Option<Block> {
        let patience_ms = asked.now.last().map_or(0, |last| self.policy().patience_ms(*last));
        let answered = if for_long {
            asked.under_way.next().await
        } else {
            match select(asked.under_way.next(), self.clock.sleep(patience_ms)).await {
                Either::Left((answered, _)) => answered,
                Either::Right(((), _)) => return None,
            }
        };
        match answered? {
            (_, Ok(block)) => Some(block),
            (index, Err(failure)) => {
                self.policy().failed(index, &failure, self.clock.now_ms());
                asked.note(index, &failure);
                None
            }
        }
    }

    fn ask<'a>(&'a self, asked: &mut Asked<'a>, index: usize, cid: &Cid) {
        asked.now.push(index);
        let (cid, began_ms) = (*cid, self.clock.now_ms());
        let answer = async move {
            let answer = self.one(index, cid).await;
            if answer.is_ok() {
                self.policy().answered(index, self.clock.now_ms() - began_ms);
            }
            (index, answer)
        };
        asked.under_way.push(answer.boxed());
    }

    /// Asks one gateway.
    async fn one(&self, index: usize, cid: Cid) -> Result<Block, Failure> {
        let request = Request::get(format!("{}/ipfs/{cid}?format=raw", self.url(index)));
        let request = request.header("accept", RAW_TYPE).header("accept-encoding", "identity");
        let request = request.max_bytes(MAX_BLOCK_BYTES).timeout_ms(BLOCK_MS).redirects(BLOCK_REDIRECTS);
        let incoming = open_following(&self.fetch, request).await.map_err(|error| lost(&error))?;
        if incoming.status != 200 {
            return Err(refusal(&incoming.into_head()));
        }
        check_type(incoming.header("content-type"), RAW_TYPE).map_err(Failure::Wrong)?;
        let body = incoming.whole().await.map_err(|error| lost(&error))?.body;
        Block::verify(cid, body.into()).map_err(|error| Failure::Wrong(error.to_string()))
    }

    fn nobody(&self, cid: &Cid, asked: &Asked<'_>) -> StorageError {
        let policy = self.policy();
        let say = |(index, one): (usize, &super::Standing)| {
            let said = asked.said.iter().find(|(asked, _)| *asked == index).map(|(_, said)| said.clone());
            let said = said.or_else(|| one.out.clone()).unwrap_or_else(|| "was not asked".to_owned());
            format!("{} {said}", one.url)
        };
        let why: Vec<String> = policy.standings().iter().enumerate().map(say).collect();
        let why = if why.is_empty() { "no gateway is named".to_owned() } else { why.join("; ") };
        StorageError::Unavailable { cid: Box::new(*cid), why }
    }
}
