//! The replicas of a holder: a file each, with the chaining values of its groups beside it.
//!
//! An index says which replicas there should be, so that files that are gone are noticed before anyone asks. A replica that is still
//! arriving has the ending `part`, and goes on where it stopped.

use std::collections::{BTreeMap, HashSet};

use adit_core::content_id::output_cid;
use adit_core::kind::store::tree::{GroupHasher, Groups};
use adit_core::{Cid, PublicKey};
use serde::{Deserialize, Serialize};

use super::{HoldError, Place, PlaceError};

/// How much of a file is read or written at once.
const PIECE_BYTES: usize = 1 << 20;

/// All replicas that a holder should have, of one coordinator.
#[derive(Debug)]
pub struct Shelf<P> {
    place: P,
    index: Index,
    /// The replica that was checked last.
    looked_at: Option<String>,
}

/// Which replicas there should be, and their lengths.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Index {
    /// The key of the coordinator that handed them out.
    coordinator: Option<PublicKey>,
    replicas: BTreeMap<String, u64>,
    /// Pending rewards of all windows so far, in nano-NNET.
    #[serde(default)]
    earned: i64,
}

impl<P: Place> Shelf<P> {
    /// Opens what is kept in a place.
    pub async fn open(place: P) -> Result<Self, HoldError> {
        let damaged =
            |_| PlaceError::Failed(format!("the list of replicas of {} is damaged: remove both", place.name()));
        let index = match place.index().await? {
            Some(index) => serde_json::from_slice(&index).map_err(damaged)?,
            None => Index::default(),
        };
        Ok(Shelf { place, index, looked_at: None })
    }

    /// Takes the place for a coordinator. Fails if it holds replicas of another.
    pub async fn bind(&mut self, coordinator: PublicKey) -> Result<(), HoldError> {
        if self.index.coordinator == Some(coordinator) {
            return Ok(());
        }
        if !self.index.replicas.is_empty() {
            return Err(HoldError::Foreign(self.place.name()));
        }
        self.index.coordinator = Some(coordinator);
        self.save().await
    }

    /// How many replicas there are, and their bytes.
    pub fn size(&self) -> (u64, u64) {
        (self.index.replicas.len() as u64, self.index.replicas.values().sum())
    }

    /// Pending rewards of all windows so far, in nano-NNET.
    pub fn earned(&self) -> i64 {
        self.index.earned
    }

    /// Notes a reward, in nano-NNET.
    pub async fn earn(&mut self, reward: i64) -> Result<(), HoldError> {
        self.index.earned = self.index.earned.saturating_add(reward);
        self.save().await
    }

    /// Every replica.
    pub fn all(&self) -> Vec<Cid> {
        self.index.replicas.keys().filter_map(|name| name.parse().ok()).collect()
    }

    /// The bytes that these replicas should have.
    pub fn bytes_of(&self, replicas: &[Cid]) -> u64 {
        replicas.iter().filter_map(|replica| self.index.replicas.get(&replica.to_string())).sum()
    }

    async fn save(&self) -> Result<(), HoldError> {
        let index = serde_json::to_vec(&self.index).map_err(|error| PlaceError::Failed(error.to_string()))?;
        Ok(self.place.keep_index(&index).await?)
    }

    /// Opens the file of a replica that is arriving, to append to it.
    pub async fn arriving(&self, replica: &Cid, length: u64) -> Result<Arriving<'_, P>, HoldError> {
        let file = part_file(&replica.to_string());
        let mut had = self.place.length(&file).await.unwrap_or_default();
        if had > length {
            self.place.remove(&file).await?;
            had = 0;
        }
        Ok(Arriving { place: &self.place, file, had, length, waiting: Vec::new() })
    }

    /// Keeps a replica that arrived whole and matches its CID. Any other is deleted, so that its download begins again.
    pub async fn keep(&mut self, replica: &Cid, length: u64) -> Result<(), HoldError> {
        let name = replica.to_string();
        let part = part_file(&name);
        let hashed = self.hashed(&part).await;
        let is_whole = |(root, groups): &([u8; 32], Groups)| output_cid(*root) == *replica && groups.length() == length;
        let Some((_, groups)) = hashed.filter(is_whole) else {
            self.place.remove(&part).await?;
            return Err(HoldError::Wrong("a replica arrived damaged and is fetched again"));
        };
        self.place.write(&groups_file(&name), &groups.to_bytes()).await?;
        self.place.rename(&part, &name).await?;
        self.index.replicas.insert(name, length);
        self.save().await
    }

    /// Whether a replica is on the shelf.
    pub fn has(&self, replica: &Cid) -> bool {
        self.index.replicas.contains_key(&replica.to_string())
    }

    /// Replicas whose files are gone or have another length.
    pub async fn gone(&self) -> Vec<Cid> {
        let mut gone = Vec::new();
        for (name, length) in &self.index.replicas {
            let is_there =
                self.place.length(name).await == Some(*length) && self.place.length(&groups_file(name)).await.is_some();
            if !is_there {
                gone.extend(name.parse::<Cid>());
            }
        }
        gone
    }

    /// Checks one replica, each time the next one. Returns it if it is damaged.
    pub async fn look(&mut self) -> Option<Cid> {
        use std::ops::Bound::{Excluded, Unbounded};
        let after = self.looked_at.take().map_or(Unbounded, Excluded);
        let next =
            self.index.replicas.range((after, Unbounded)).next().or_else(|| self.index.replicas.iter().next())?;
        let name = next.0.clone();
        self.looked_at = Some(name.clone());
        let replica: Cid = name.parse().ok()?;
        let is_whole = self.hashed(&name).await.is_some_and(|(root, _)| output_cid(root) == replica);
        (!is_whole).then_some(replica)
    }

    /// Forgets replicas and deletes what is left of them, those among them that are still arriving.
    pub async fn forget(&mut self, replicas: &[Cid]) -> Result<(), HoldError> {
        for replica in replicas {
            let name = replica.to_string();
            self.index.replicas.remove(&name);
            for file in [groups_file(&name), part_file(&name), name] {
                self.place.remove(&file).await?;
            }
        }
        self.save().await
    }

    /// Forgets what the coordinator asks about no longer; returns how many replicas that were.
    pub async fn keep_only(&mut self, wanted: &[Cid]) -> Result<u64, HoldError> {
        let wanted: HashSet<String> = wanted.iter().map(Cid::to_string).collect();
        let others = self.index.replicas.keys().filter(|name| !wanted.contains(*name));
        let others: Vec<Cid> = others.filter_map(|name| name.parse().ok()).collect();
        if !others.is_empty() {
            self.forget(&others).await?;
        }
        Ok(others.len() as u64)
    }

    /// The chunk with its path; `None` if the replica is lost or damaged.
    pub async fn open_chunk(&self, replica: &Cid, chunk: u64) -> Option<Vec<u8>> {
        let name = replica.to_string();
        let length = *self.index.replicas.get(&name)?;
        let kept = self.whole(&groups_file(&name)).await?;
        let groups = Groups::from_bytes(length, &kept)?;
        let (first, bytes) = groups.group(chunk);
        let group = self.place.read(&name, first, bytes as usize).await?;
        if groups.holds(chunk, &group) { groups.open(chunk, &group) } else { None }
    }

    /// All bytes of a replica.
    pub async fn read(&self, replica: &Cid) -> Option<Vec<u8>> {
        self.whole(&replica.to_string()).await
    }

    async fn whole(&self, file: &str) -> Option<Vec<u8>> {
        let length = self.place.length(file).await?;
        self.place.read(file, 0, usize::try_from(length).ok()?).await
    }

    async fn hashed(&self, file: &str) -> Option<([u8; 32], Groups)> {
        let length = self.place.length(file).await?;
        let (mut hasher, mut at) = (GroupHasher::default(), 0);
        while at < length {
            let bytes = (length - at).min(PIECE_BYTES as u64);
            hasher.update(&self.place.read(file, at, bytes as usize).await?);
            at += bytes;
        }
        Some(hasher.finish())
    }
}

fn groups_file(replica: &str) -> String {
    format!("{replica}.groups")
}

fn part_file(replica: &str) -> String {
    format!("{replica}.part")
}

/// A replica on its way.
#[derive(Debug)]
pub struct Arriving<'a, P> {
    place: &'a P,
    file: String,
    had: u64,
    length: u64,
    /// Bytes that are not written yet.
    waiting: Vec<u8>,
}

impl<P: Place> Arriving<'_, P> {
    /// The bytes that are there.
    pub fn had(&self) -> u64 {
        self.had + self.waiting.len() as u64
    }

    /// Takes the next bytes.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), HoldError> {
        if self.had() + bytes.len() as u64 > self.length {
            return Err(HoldError::Wrong("more bytes came than the replica has"));
        }
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE_BYTES { self.flush().await } else { Ok(()) }
    }

    /// Writes what has arrived; says whether that is all.
    pub async fn finish(mut self) -> Result<bool, HoldError> {
        self.flush().await?;
        Ok(self.had == self.length)
    }

    async fn flush(&mut self) -> Result<(), HoldError> {
        if !self.waiting.is_empty() {
            self.place.append(&self.file, &self.waiting).await?;
            self.had += self.waiting.len() as u64;
            self.waiting.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Memory;
    use adit_core::kind::store::tree::{Path, hash};
    use futures::executor::block_on;

    fn shelf() -> Shelf<Memory> {
        block_on(Shelf::open(Memory::default())).unwrap()
    }

    fn arrive(shelf: &mut Shelf<Memory>, bytes: &[u8]) -> Cid {
        let cid = output_cid(hash(bytes).0);
        block_on(async {
            let mut arriving = shelf.arriving(&cid, bytes.len() as u64).await.unwrap();
            arriving.write(&bytes[..bytes.len() / 2]).await.unwrap();
            assert_eq!(arriving.finish().await.unwrap(), bytes.len() < 2);
            // It goes on where it stopped.
            let mut arriving = shelf.arriving(&cid, bytes.len() as u64).await.unwrap();
            assert_eq!(arriving.had(), bytes.len() as u64 / 2);
            arriving.write(&bytes[bytes.len() / 2..]).await.unwrap();
            assert!(arriving.finish().await.unwrap());
            shelf.keep(&cid, bytes.len() as u64).await.unwrap();
        });
        cid
    }

    #[test]
    fn replicas_stay_and_open() {
        let bytes: Vec<u8> = (0..150_000u32).map(|i| (i % 251) as u8).collect();
        let mut first = shelf();
        let cid = arrive(&mut first, &bytes);
        block_on(first.earn(7)).unwrap();
        block_on(async {
            let again = Shelf::open(first.place).await.unwrap();
            assert_eq!((again.size(), again.gone().await, again.has(&cid)), ((1, 150_000), vec![], true));
            assert_eq!((again.earned(), again.bytes_of(&[cid])), (7, 150_000));
            let opening = again.open_chunk(&cid, 77).await.unwrap();
            assert!(Path::of(150_000, 77).leads_to(&hash(&bytes).0, &opening));
            assert_eq!(again.read(&cid).await.unwrap(), bytes);
        });
    }

    #[test]
    fn what_is_gone_or_damaged_is_noticed() {
        let mut shelf = shelf();
        let (a, b) = (arrive(&mut shelf, &[1; 100_000]), arrive(&mut shelf, &[2; 100_000]));
        block_on(async {
            assert_eq!((shelf.look().await, shelf.look().await), (None, None));
            shelf.place.files.borrow_mut().get_mut(&a.to_string()).unwrap()[70_000] ^= 1;
            assert_eq!(shelf.open_chunk(&a, 68).await, None);
            assert!(shelf.open_chunk(&a, 0).await.is_some(), "another group is whole");
            assert!([shelf.look().await, shelf.look().await].contains(&Some(a)));
            shelf.place.files.borrow_mut().remove(&b.to_string());
            assert_eq!(shelf.gone().await, [b]);
            shelf.forget(&[a, b]).await.unwrap();
            assert_eq!((shelf.size(), shelf.place.files.borrow().len()), ((0, 0), 0));
        });
    }

    #[test]
    fn a_place_is_one_coordinators() {
        let mut shelf = shelf();
        let (ours, other) = (PublicKey([2; 33]), PublicKey([3; 33]));
        block_on(shelf.bind(other)).unwrap();
        block_on(shelf.bind(ours)).unwrap();
        arrive(&mut shelf, b"held");
        block_on(async {
            shelf.bind(ours).await.unwrap();
            assert!(matches!(shelf.bind(other).await, Err(HoldError::Foreign(_))));
            let mut again = Shelf::open(shelf.place).await.unwrap();
            assert!(again.bind(other).await.is_err());
            assert_eq!(again.keep_only(&[]).await.unwrap(), 1);
            again.bind(other).await.unwrap();
        });
    }

    #[test]
    fn a_replica_with_other_bytes_is_not_kept() {
        let mut shelf = shelf();
        let cid = output_cid(hash(b"right").0);
        block_on(async {
            let mut arriving = shelf.arriving(&cid, 5).await.unwrap();
            assert!(arriving.write(b"too long").await.is_err());
            arriving.write(b"wrong").await.unwrap();
            arriving.finish().await.unwrap();
            assert!(shelf.keep(&cid, 5).await.is_err());
            assert_eq!(shelf.arriving(&cid, 5).await.unwrap().had(), 0);
        });
    }

    #[test]
    fn a_full_place_is_told_from_a_broken_one() {
        let shelf = block_on(Shelf::open(Memory { room: Some(10), ..Memory::default() })).unwrap();
        block_on(async {
            let mut arriving = shelf.arriving(&output_cid([0; 32]), 11).await.unwrap();
            arriving.write(&[0; 11]).await.unwrap();
            assert!(matches!(arriving.finish().await, Err(HoldError::Place(PlaceError::Full(_)))));
        });
    }
}
