//! The deliveries that are arriving: one for each lease. A later one replaces an earlier one, whose connection may be dead
//! without anybody knowing.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Mutex, MutexGuard, PoisonError};

use adit_core::sign::LeaseId;
use tokio::sync::oneshot;

/// The deliveries that are arriving.
#[derive(Debug, Default)]
pub(crate) struct Arrivals(Mutex<Places>);

#[derive(Debug, Default)]
struct Places {
    taken: u64,
    by_lease: HashMap<LeaseId, Arriving>,
}

#[derive(Debug)]
struct Arriving {
    number: u64,
    replace: oneshot::Sender<Ended>,
}

/// Resolves when a delivery has ended.
type Ended = oneshot::Receiver<()>;

/// A delivery's place among those that arrive, until it is dropped.
pub(crate) struct Place<'a> {
    arrivals: &'a Arrivals,
    lease: LeaseId,
    number: u64,
    replaced: oneshot::Receiver<Ended>,
    /// When dropped, tells the replaced delivery that this one has ended.
    _ends: Option<oneshot::Sender<()>>,
}

impl Arrivals {
    /// Takes the place of the lease's earlier delivery, if there is one.
    pub(crate) fn enter(&self, lease: LeaseId) -> Place<'_> {
        let (replace, replaced) = oneshot::channel();
        let mut places = self.lock();
        let number = places.taken;
        places.taken += 1;
        let earlier = places.by_lease.insert(lease, Arriving { number, replace });
        let ends = earlier.map(|earlier| {
            let (ends, ended) = oneshot::channel();
            let _ = earlier.replace.send(ended);
            ends
        });
        Place { arrivals: self, lease, number, replaced, _ends: ends }
    }

    /// The number of deliveries that are arriving.
    pub(crate) fn count(&self) -> u64 {
        self.lock().by_lease.len() as u64
    }

    fn lock(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place<'_> {
    /// Waits until a later delivery takes this place. Returns a future that resolves when that delivery has ended.
    pub(crate) async fn replaced(&mut self) -> Ended {
        match (&mut self.replaced).await {
            Ok(ended) => ended,
            // The sender is dropped only together with this place.
            Err(_) => std::future::pending().await,
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Entry::Occupied(entry) = self.arrivals.lock().by_lease.entry(self.lease)
            && entry.get().number == self.number
        {
            entry.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const LEASE: LeaseId = LeaseId([1; 16]);

    #[test]
    fn the_last_delivery_of_a_lease_stays() {
        let arrivals = Arrivals::default();
        let (mut first, mut other) = (arrivals.enter(LEASE), arrivals.enter(LeaseId([2; 16])));
        assert!(first.replaced().now_or_never().is_none());
        let mut second = arrivals.enter(LEASE);
        let mut ended = first.replaced().now_or_never().unwrap();
        let third = arrivals.enter(LEASE);
        assert!(second.replaced().now_or_never().is_some() && other.replaced().now_or_never().is_none());
        // The first is told when the second has ended, which may wait for the third.
        assert!((&mut ended).now_or_never().is_none());
        drop(second);
        assert!(ended.now_or_never().is_some());
        drop(first);
        let fourth = arrivals.enter(LEASE);
        drop(third);
        assert_eq!(arrivals.lock().by_lease.len(), 2);
        drop((fourth, other));
        assert!(arrivals.lock().by_lease.is_empty());
    }
}
