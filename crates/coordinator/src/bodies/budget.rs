//! A budget of bytes in memory, with a share for each key and each address block.
//!
//! A permit is given whole or not at all, so nobody holds part of one while it waits for the rest, and no two can block each
//! other. Permits are given in the order in which they were requested; only those who have used up their share are passed
//! over.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use adit_core::PublicKey;
use tokio::sync::oneshot;

use crate::limits::AddressBlock;

/// The most bytes at once. A permit that is larger than a cap is given while nothing else draws on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caps {
    /// All together.
    pub(crate) all: u64,
    /// For one address block.
    pub(crate) block: u64,
    /// For one key.
    pub(crate) key: u64,
}

/// Whose shares a permit counts for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Owner {
    pub(crate) key: Option<PublicKey>,
    /// `None` for loopback, which has no address block.
    pub(crate) block: Option<AddressBlock>,
}

/// A budget. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Budget {
    caps: Caps,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    held: u64,
    most_held: u64,
    of_keys: HashMap<PublicKey, u64>,
    of_blocks: HashMap<AddressBlock, u64>,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    bytes: u64,
    owner: Owner,
    permit: oneshot::Sender<Permit>,
}

/// Bytes that somebody holds until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    budget: Budget,
    bytes: u64,
    owner: Owner,
}

impl Budget {
    pub(crate) fn new(caps: Caps) -> Self {
        Budget { caps, state: Arc::default() }
    }

    /// Waits until there is room for `bytes`, and takes it.
    pub(crate) async fn take(&self, bytes: u64, owner: Owner) -> Permit {
        loop {
            let (permit, given) = oneshot::channel();
            self.change(|state| state.waiting.push_back(Waiting { bytes, owner, permit }));
            // The sender stays in the queue until it has sent.
            if let Ok(permit) = given.await {
                return permit;
            }
        }
    }

    /// The bytes that are held now, and the most that ever were.
    pub(crate) fn held(&self) -> (u64, u64) {
        let state = self.lock();
        (state.held, state.most_held)
    }

    /// Makes a change, then gives permits to those for whom there is room.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        change(&mut state);
        let given = state.give(self.caps);
        drop(state);
        for Waiting { bytes, owner, permit } in given {
            // A waiter that has given up drops its permit, which returns the bytes.
            let _ = permit.send(Permit { budget: self.clone(), bytes, owner });
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Removes from the queue the waiters for whom there is room.
    fn give(&mut self, caps: Caps) -> Vec<Waiting> {
        let (mut given, mut all_wait) = (Vec::new(), false);
        for waiting in std::mem::take(&mut self.waiting) {
            if waiting.permit.is_closed() {
                continue;
            }
            let may = self.shares_fit(&waiting, caps);
            // Once a waiter does not fit into the whole budget, those behind it wait too: small permits must not starve a
            // large one.
            all_wait |= may && !fits(self.held, waiting.bytes, caps.all);
            if all_wait || !may {
                self.waiting.push_back(waiting);
                continue;
            }
            self.add(waiting.bytes, waiting.owner);
            given.push(waiting);
        }
        given
    }

    fn shares_fit(&self, waiting: &Waiting, caps: Caps) -> bool {
        let Waiting { bytes, owner, .. } = waiting;
        let of_key = owner.key.map_or(0, |key| held(&self.of_keys, &key));
        let of_block = owner.block.map_or(0, |block| held(&self.of_blocks, &block));
        fits(of_key, *bytes, caps.key) && fits(of_block, *bytes, caps.block)
    }

    fn add(&mut self, bytes: u64, owner: Owner) {
        self.held += bytes;
        self.most_held = self.most_held.max(self.held);
        if let Some(key) = owner.key {
            *self.of_keys.entry(key).or_default() += bytes;
        }
        if let Some(block) = owner.block {
            *self.of_blocks.entry(block).or_default() += bytes;
        }
    }

    fn remove(&mut self, bytes: u64, owner: Owner) {
        self.held -= bytes;
        owner.key.into_iter().for_each(|key| give_back(&mut self.of_keys, key, bytes));
        owner.block.into_iter().for_each(|block| give_back(&mut self.of_blocks, block, bytes));
    }
}

fn fits(held: u64, bytes: u64, cap: u64) -> bool {
    held == 0 || held.saturating_add(bytes) <= cap
}

fn held<K: Eq + Hash>(shares: &HashMap<K, u64>, owner: &K) -> u64 {
    shares.get(owner).copied().unwrap_or(0)
}

fn give_back<K: Eq + Hash>(shares: &mut HashMap<K, u64>, owner: K, bytes: u64) {
    if let Some(held) = shares.get_mut(&owner) {
        *held = held.saturating_sub(bytes);
        if *held == 0 {
            shares.remove(&owner);
        }
    }
}

impl Permit {
    /// Gives back all but `bytes`.
    pub(crate) fn shrink(&mut self, bytes: u64) {
        let surplus = self.bytes.saturating_sub(bytes);
        self.bytes -= surplus;
        let owner = self.owner;
        self.budget.change(|state| state.remove(surplus, owner));
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let (bytes, owner) = (self.bytes, self.owner);
        self.budget.change(|state| state.remove(bytes, owner));
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;
    use futures::{FutureExt, poll};

    use super::*;

    fn budget() -> Budget {
        Budget::new(Caps { all: 100, block: 60, key: 40 })
    }

    fn of(key: u8, from: &str) -> Owner {
        Owner { key: Some(PublicKey([key; 33])), block: AddressBlock::of(from.parse().unwrap()) }
    }

    #[test]
    fn nobody_gets_more_than_a_share() {
        let budget = budget();
        let take = |bytes, owner| budget.take(bytes, owner).now_or_never();
        let first = take(40, of(1, "203.0.113.1")).unwrap();
        assert!(take(1, of(1, "203.0.113.1")).is_none());
        assert!(take(21, of(2, "203.0.113.2")).is_none());
        let second = take(20, of(2, "203.0.113.2")).unwrap();
        let third = take(40, of(3, "198.51.100.1")).unwrap();
        assert!(take(1, Owner::default()).is_none());
        assert_eq!(budget.held(), (100, 100));
        drop((first, third));
        assert_eq!(budget.held(), (20, 100));
        drop(second);
        assert!(budget.lock().of_keys.is_empty() && budget.lock().of_blocks.is_empty());
        assert!(budget.lock().waiting.is_empty());
    }

    #[test]
    fn what_exceeds_a_cap_goes_alone() {
        let budget = budget();
        let large = budget.take(500, of(1, "203.0.113.1")).now_or_never().unwrap();
        assert!(budget.take(1, of(2, "198.51.100.1")).now_or_never().is_none());
        drop(large);
        assert!(budget.take(1, of(2, "198.51.100.1")).now_or_never().is_some());
    }

    #[tokio::test]
    async fn who_waits_holds_nothing_and_is_served_in_turn() {
        let budget = budget();
        let block = |last: u8| of(last, &format!("203.0.{last}.1"));
        let mut held = budget.take(40, block(1)).await;
        let (mut large, mut small) = (Box::pin(budget.take(90, block(2))), Box::pin(budget.take(10, block(3))));
        let mut same_key = Box::pin(budget.take(10, block(1)));
        assert!(poll!(&mut large).is_pending() && poll!(&mut small).is_pending() && poll!(&mut same_key).is_pending());
        assert_eq!(budget.held().0, 40);
        // The body may be smaller than announced, which makes room.
        held.shrink(10);
        let large = large.now_or_never().unwrap();
        assert!(poll!(&mut small).is_pending());
        drop(large);
        let small = small.now_or_never().unwrap();
        assert!(same_key.now_or_never().is_some());
        drop((held, small));
        // A waiter that gave up does not hold others up.
        let whole = budget.take(100, Owner::default()).await;
        assert!(budget.take(100, Owner::default()).now_or_never().is_none());
        let mut next = Box::pin(budget.take(1, Owner::default()));
        assert!(poll!(&mut next).is_pending());
        drop(whole);
        assert!(next.now_or_never().is_some());
        assert_eq!(budget.held().0, 0);
    }

    /// Parts of two permits could block each other for ever; whole ones cannot.
    #[tokio::test]
    async fn half_received_bodies_cannot_block_each_other() {
        let budget = budget();
        let body = async |number: u8| {
            let permit = budget.take(60, of(number, &format!("203.0.{number}.1"))).await;
            tokio::task::yield_now().await;
            drop(permit);
        };
        join_all((0..50).map(body)).await;
        assert_eq!(budget.held(), (0, 60));
    }
}
