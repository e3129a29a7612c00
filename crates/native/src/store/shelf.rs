//! The replicas on this machine: a file for each, and beside it the chaining values of its groups.
//!
//! An index beside the key lists them, so that a folder that was emptied is noticed before the next challenge. A replica that is
//! still arriving is in a file that ends in `.part`, and its download goes on where it stopped.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use adit_core::content_id::output_cid;
use adit_core::kind::store::tree::{GroupHasher, Groups};
use adit_core::{Cid, PublicKey};
use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::home::write_private;

/// How many bytes of a file are read at once.
const PIECE_BYTES: usize = 1 << 20;

/// All replicas that this machine should have, of one coordinator.
#[derive(Debug)]
pub(super) struct Shelf {
    folder: PathBuf,
    path: PathBuf,
    index: Index,
    /// Locked, so that no second program takes replicas into this folder.
    _lock: File,
    /// The replica that was checked last.
    looked_at: Option<String>,
}

/// Which replicas there should be, and their lengths.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Index {
    /// The key of the coordinator that handed them out.
    coordinator: Option<PublicKey>,
    replicas: BTreeMap<String, u64>,
}

/// The replicas here are another coordinator's.
#[derive(Debug, thiserror::Error)]
#[error("{0} holds replicas of another coordinator, which would be lost: give another --key and --folder for this one")]
pub(super) struct Foreign(String);

impl Shelf {
    /// Opens the folder, and its index at `path`.
    pub(super) fn open(folder: &Path, path: PathBuf) -> Result<Self> {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        let lock = File::create(path.with_extension("lock")).with_context(|| path.display().to_string())?;
        if let Err(fs::TryLockError::WouldBlock) = lock.try_lock() {
            bail!("another `adit store` holds {}: stop it, or give another --key", folder.display());
        }
        let index = match fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).with_context(|| {
                format!("{} is damaged: remove it, and the replicas in {} with it", path.display(), folder.display())
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Index::default(),
            Err(error) => return Err(error).context(path.display().to_string()),
        };
        Ok(Shelf { folder: folder.to_owned(), path, index, _lock: lock, looked_at: None })
    }

    /// Binds the folder to a coordinator. Fails with [`Foreign`] if it holds replicas of another one.
    pub(super) fn bind(&mut self, coordinator: PublicKey) -> Result<()> {
        if self.index.coordinator == Some(coordinator) {
            return Ok(());
        }
        if !self.index.replicas.is_empty() {
            return Err(Foreign(self.folder.display().to_string()).into());
        }
        self.index.coordinator = Some(coordinator);
        self.save()
    }

    /// How many replicas there are, and their bytes.
    pub(super) fn size(&self) -> (u64, u64) {
        (self.index.replicas.len() as u64, self.index.replicas.values().sum())
    }

    fn file(&self, replica: &str) -> PathBuf {
        self.folder.join(replica)
    }

    fn groups_file(&self, replica: &str) -> PathBuf {
        self.folder.join(format!("{replica}.groups"))
    }

    fn part_file(&self, replica: &str) -> PathBuf {
        self.folder.join(format!("{replica}.part"))
    }

    fn save(&self) -> Result<()> {
        let text = serde_json::to_vec(&self.index)?;
        write_private(&self.path, &text).with_context(|| self.path.display().to_string())
    }

    /// Opens the file of a replica that is arriving, to append to it.
    pub(super) fn arriving(&self, replica: &Cid, length: u64) -> Result<Arriving> {
        let path = self.part_file(&replica.to_string());
        let opened = OpenOptions::new().create(true).append(true).open(&path);
        let file = opened.with_context(|| path.display().to_string())?;
        let mut had = file.metadata()?.len();
        if had > length {
            file.set_len(0)?;
            had = 0;
        }
        Ok(Arriving { file, path, had, length })
    }

    /// Keeps a replica that arrived whole and matches its CID. Any other is deleted, so that its download begins again.
    pub(super) fn keep(&mut self, replica: &Cid, length: u64) -> Result<()> {
        let name = replica.to_string();
        let part = self.part_file(&name);
        let (root, groups) = hashed(&part).with_context(|| part.display().to_string())?;
        if output_cid(root) != *replica || groups.length() != length {
            fs::remove_file(&part)?;
            anyhow::bail!("a replica arrived damaged and is fetched again");
        }
        write_private(&self.groups_file(&name), &groups.to_bytes())?;
        fs::rename(&part, self.file(&name))?;
        crate::home::sync_folder(&self.file(&name))?;
        self.index.replicas.insert(name, length);
        self.save()
    }

    /// Whether a replica is on the shelf.
    pub(super) fn has(&self, replica: &Cid) -> bool {
        self.index.replicas.contains_key(&replica.to_string())
    }

    /// Replicas whose files are gone or have another length.
    pub(super) fn gone(&self) -> Vec<Cid> {
        let is_there = |name: &str, length: u64| {
            fs::metadata(self.file(name)).is_ok_and(|found| found.len() == length)
                && fs::metadata(self.groups_file(name)).is_ok()
        };
        let gone = self.index.replicas.iter().filter(|(name, length)| !is_there(name, **length));
        gone.filter_map(|(name, _)| name.parse().ok()).collect()
    }

    /// Checks one replica, each time the next one. Returns it if it is damaged.
    pub(super) fn look(&mut self) -> Option<Cid> {
        use std::ops::Bound::{Excluded, Unbounded};
        let after = self.looked_at.take().map_or(Unbounded, Excluded);
        let next =
            self.index.replicas.range((after, Unbounded)).next().or_else(|| self.index.replicas.iter().next())?;
        let name = next.0.clone();
        self.looked_at = Some(name.clone());
        let replica: Cid = name.parse().ok()?;
        let is_whole = hashed(&self.file(&name)).is_ok_and(|(root, _)| output_cid(root) == replica);
        (!is_whole).then_some(replica)
    }

    /// Forgets replicas and deletes what is left of them.
    pub(super) fn forget(&mut self, replicas: &[Cid]) -> Result<()> {
        for replica in replicas {
            let name = replica.to_string();
            self.index.replicas.remove(&name);
            for path in [self.file(&name), self.groups_file(&name), self.part_file(&name)] {
                match fs::remove_file(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(error).context(path.display().to_string());
                    }
                    _ => {}
                }
            }
        }
        self.save()
    }

    /// Forgets all replicas but those in `wanted`, and returns how many they were.
    pub(super) fn keep_only(&mut self, wanted: &[Cid]) -> Result<u64> {
        let wanted: std::collections::HashSet<String> = wanted.iter().map(Cid::to_string).collect();
        let others = self.index.replicas.keys().filter(|name| !wanted.contains(*name));
        let others: Vec<Cid> = others.filter_map(|name| name.parse().ok()).collect();
        if !others.is_empty() {
            self.forget(&others)?;
        }
        Ok(others.len() as u64)
    }

    /// The chunk with its path; `None` if the replica is lost or damaged.
    pub(super) fn open_chunk(&self, replica: &Cid, chunk: u64) -> Option<Vec<u8>> {
        let name = replica.to_string();
        let length = *self.index.replicas.get(&name)?;
        let groups = Groups::from_bytes(length, &fs::read(self.groups_file(&name)).ok()?)?;
        let (first, bytes) = groups.group(chunk);
        let mut file = File::open(self.file(&name)).ok()?;
        let mut group = vec![0; bytes as usize];
        file.seek(SeekFrom::Start(first)).ok()?;
        file.read_exact(&mut group).ok()?;
        if groups.holds(chunk, &group) { groups.open(chunk, &group) } else { None }
    }

    /// All bytes of a replica.
    pub(super) fn read(&self, replica: &Cid) -> io::Result<Vec<u8>> {
        fs::read(self.file(&replica.to_string()))
    }
}

/// The file of a replica that is arriving.
pub(super) struct Arriving {
    file: File,
    path: PathBuf,
    pub(super) had: u64,
    length: u64,
}

impl Arriving {
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        ensure!(self.had + bytes.len() as u64 <= self.length, "more bytes came than the replica has");
        self.file
            .write_all(bytes)
            .with_context(|| format!("{}: no room? free some, or offer less with --share", self.path.display()))?;
        self.had += bytes.len() as u64;
        Ok(())
    }

    /// Syncs what has arrived. Returns whether the replica is whole.
    pub(super) fn finish(self) -> Result<bool> {
        self.file.sync_all()?;
        Ok(self.had == self.length)
    }
}

fn hashed(path: &Path) -> io::Result<([u8; 32], Groups)> {
    let (mut file, mut hasher, mut piece) = (File::open(path)?, GroupHasher::default(), vec![0; PIECE_BYTES]);
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.finish()),
            bytes => hasher.update(&piece[..bytes]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::kind::store::tree::{Path as ChunkPath, hash};

    fn shelf(folder: &Path) -> Shelf {
        Shelf::open(&folder.join("replicas"), folder.join("index.json")).unwrap()
    }

    fn arrive(shelf: &mut Shelf, bytes: &[u8]) -> Cid {
        let cid = output_cid(hash(bytes).0);
        let mut arriving = shelf.arriving(&cid, bytes.len() as u64).unwrap();
        arriving.write(&bytes[..bytes.len() / 2]).unwrap();
        drop(arriving);
        // It goes on where it stopped.
        let mut arriving = shelf.arriving(&cid, bytes.len() as u64).unwrap();
        assert_eq!(arriving.had, bytes.len() as u64 / 2);
        arriving.write(&bytes[bytes.len() / 2..]).unwrap();
        assert!(arriving.finish().unwrap());
        shelf.keep(&cid, bytes.len() as u64).unwrap();
        cid
    }

    #[test]
    fn replicas_stay_and_open() {
        let folder = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0..150_000u32).map(|i| (i % 251) as u8).collect();
        let mut first = shelf(folder.path());
        let cid = arrive(&mut first, &bytes);
        drop(first);
        let again = shelf(folder.path());
        assert_eq!((again.size(), again.gone(), again.has(&cid)), ((1, 150_000), vec![], true));
        let opening = again.open_chunk(&cid, 77).unwrap();
        assert!(ChunkPath::of(150_000, 77).leads_to(&hash(&bytes).0, &opening));
        assert_eq!(again.read(&cid).unwrap(), bytes);
    }

    #[test]
    fn what_is_gone_or_damaged_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let mut shelf = shelf(folder.path());
        let (a, b) = (arrive(&mut shelf, &[1; 100_000]), arrive(&mut shelf, &[2; 100_000]));
        assert_eq!((shelf.look(), shelf.look()), (None, None));
        let mut bytes = fs::read(shelf.file(&a.to_string())).unwrap();
        bytes[70_000] ^= 1;
        fs::write(shelf.file(&a.to_string()), &bytes).unwrap();
        assert_eq!(shelf.open_chunk(&a, 68), None);
        assert!(shelf.open_chunk(&a, 0).is_some(), "another group is whole");
        assert!([shelf.look(), shelf.look()].contains(&Some(a)));
        fs::remove_file(shelf.file(&b.to_string())).unwrap();
        assert_eq!(shelf.gone(), [b]);
        shelf.forget(&[a, b]).unwrap();
        assert_eq!((shelf.size(), fs::read_dir(&shelf.folder).unwrap().count()), ((0, 0), 0));
    }

    #[test]
    fn a_folder_belongs_to_one_program_and_one_coordinator() {
        let folder = tempfile::tempdir().unwrap();
        let mut shelf = shelf(folder.path());
        let (ours, other) = (PublicKey([2; 33]), PublicKey([3; 33]));
        shelf.bind(other).unwrap();
        shelf.bind(ours).unwrap();
        arrive(&mut shelf, b"held");
        shelf.bind(ours).unwrap();
        assert!(shelf.bind(other).unwrap_err().is::<Foreign>());
        let second = Shelf::open(&folder.path().join("replicas"), folder.path().join("index.json"));
        assert!(second.unwrap_err().to_string().contains("another `adit store`"));
        drop(shelf);
        let mut again = self::shelf(folder.path());
        assert!(again.bind(other).is_err());
        assert_eq!(again.keep_only(&[]).unwrap(), 1);
        again.bind(other).unwrap();
    }

    #[test]
    fn a_replica_with_other_bytes_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut shelf = shelf(folder.path());
        let cid = output_cid(hash(b"right").0);
        let mut arriving = shelf.arriving(&cid, 5).unwrap();
        assert!(arriving.write(b"too long").is_err());
        arriving.write(b"wrong").unwrap();
        arriving.finish().unwrap();
        assert!(shelf.keep(&cid, 5).is_err());
        assert_eq!(shelf.arriving(&cid, 5).unwrap().had, 0);
    }
}
