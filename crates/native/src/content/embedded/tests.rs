use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use adit_content::storage::{Blocks, Later, Memory, Storage, StorageError, key, list, put, read};
use adit_content::{Block, Cid, FolderBuilder, Profile};
use tempfile::TempDir;

use super::*;

fn bytes(seed: u8, length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251) as u8 ^ seed).collect()
}

struct Place {
    at: TempDir,
}

impl Place {
    fn new() -> Self {
        Place { at: TempDir::new().unwrap() }
    }

    fn open(&self, max_bytes: u64) -> Embedded {
        Embedded::open(&self.at.path().join("content"), max_bytes).unwrap()
    }

    fn file(&self, cid: &Cid) -> PathBuf {
        let name = key(cid);
        self.at.path().join("content/blocks").join(&name[name.len() - 2..]).join(name)
    }

    fn blocks(&self) -> usize {
        let groups = fs::read_dir(self.at.path().join("content/blocks")).unwrap();
        groups.map(|group| fs::read_dir(group.unwrap().path()).unwrap().count()).sum()
    }
}

/// A source that lacks one block, and counts requests.
struct Without {
    all: Memory,
    missing: Option<Cid>,
    asked: AtomicUsize,
}

impl Blocks for Without {
    fn block<'a>(&'a self, cid: &'a Cid) -> Later<'a, Block> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.missing.as_ref() == Some(cid) {
            let why = "a test has no such block".to_owned();
            return Box::pin(std::future::ready(Err(StorageError::Unavailable { cid: Box::new(*cid), why })));
        }
        self.all.block(cid)
    }
}

/// A folder of two files, the larger in several blocks, and the last of those.
async fn elsewhere() -> (Memory, Cid, Cid) {
    let memory = Memory::default();
    let profile = Profile { chunk_bytes: 1000, ..Profile::default() };
    let large = put(&memory, &bytes(1, 9_500), profile).await.unwrap();
    let small = put(&memory, b"small", profile).await.unwrap();
    let last = put(&memory, &bytes(1, 9_500)[9_000..], profile).await.unwrap().cid;
    let (mut folder, mut blocks) = (FolderBuilder::new(profile), Vec::new());
    for (name, pin) in [("large", large), ("small", small)] {
        let imported = adit_content::Imported { cid: pin.cid, size: 0, tsize: pin.bytes.unwrap() };
        folder.add(name, imported).unwrap();
    }
    let root = folder.finish(&mut blocks).unwrap().cid;
    let blocks: std::collections::HashMap<Cid, Block> = blocks.into_iter().map(|block| (*block.cid(), block)).collect();
    memory.pin(root, Some(&blocks)).await.unwrap();
    (memory, root, last)
}

#[tokio::test]
async fn what_is_put_comes_back_and_goes_when_it_is_unpinned() {
    let place = Place::new();
    let storage = place.open(1 << 30);
    let (text, large) = (b"hello world".to_vec(), bytes(3, 3 << 20));
    let first = put(&storage, &text, Profile::default()).await.unwrap();
    let second = put(&storage, &large, Profile::default()).await.unwrap();
    assert_eq!(first.cid.to_string(), "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e");
    assert_eq!((second.blocks, first.bytes), (Some(4), Some(11)));
    // A program that is started again finds both.
    let storage = place.open(1 << 30);
    let piece = read(&storage, &second.cid.into(), 1 << 20, 10).await.unwrap();
    assert_eq!((piece.size, &piece.bytes[..]), (3 << 20, &large[1 << 20..][..10]));
    assert_eq!(put(&storage, &text, Profile::default()).await.unwrap(), first);
    let mut pins = [first.clone(), second.clone()];
    pins.sort_by_key(|pin| key(&pin.cid));
    assert_eq!(storage.pins(None, 10).await.unwrap(), pins);
    assert_eq!(storage.pins(Some(&pins[0].cid), 10).await.unwrap(), pins[1..]);
    assert_eq!(storage.pins(None, 1).await.unwrap(), pins[..1]);
    let usage = storage.stat().await.unwrap();
    assert_eq!((usage.pins, usage.blocks, usage.max_bytes), (Some(2), Some(5), Some(1 << 30)));
    assert!(storage.unpin(&second.cid).await.unwrap());
    assert!(!storage.unpin(&second.cid).await.unwrap());
    assert_eq!(place.blocks(), 1);
    assert!(matches!(read(&storage, &second.cid.into(), 0, 10).await, Err(StorageError::Missing(_))));
}

#[tokio::test]
async fn a_block_that_two_pins_hold_stays_with_the_other() {
    let place = Place::new();
    let (storage, (memory, root, _)) = (place.open(1 << 30), elsewhere().await);
    let pin = storage.pin(root, Some(&memory)).await.unwrap();
    assert_eq!(pin.blocks.map(|blocks| blocks as usize), Some(place.blocks()));
    let small = list(&storage, &root.into(), 0, 10).await.unwrap().entries[1].cid;
    storage.pin(small, None).await.unwrap();
    assert!(storage.unpin(&root).await.unwrap());
    assert_eq!(place.blocks(), 1);
    assert_eq!(read(&storage, &small.into(), 0, 10).await.unwrap().bytes, b"small");
}

#[tokio::test]
async fn a_failed_pin_is_absent_and_a_retry_fetches_only_what_is_missing() {
    let place = Place::new();
    let (memory, root, last) = elsewhere().await;
    let source = Arc::new(Without { all: memory, missing: Some(last), asked: AtomicUsize::new(0) });
    let storage = place.open(1 << 30).with_source(source.clone());
    let refused = storage.pin(root, None).await.unwrap_err();
    assert!(refused.may_pass() && refused.to_string().contains("a test has no such block"), "{refused}");
    assert_eq!(storage.pins(None, 10).await.unwrap(), []);
    let wish = storage.wanted().find(&root).unwrap().unwrap();
    assert_eq!((wish.tries, wish.error), (1, Some(refused.to_string())));
    let had = place.blocks();
    assert!(had >= 10, "{had}");

    // Making room for others keeps what was gathered.
    assert!(matches!(place.open(1).pin(last, Some(&source.all)).await, Err(StorageError::Full { .. })));
    assert_eq!(place.blocks(), had);
    let (memory, ..) = elsewhere().await;
    let source = Arc::new(Without { all: memory, missing: None, asked: AtomicUsize::new(0) });
    let storage = place.open(1 << 30).with_source(source.clone());
    let pin = storage.pin(root, None).await.unwrap();
    assert_eq!(source.asked.load(Ordering::Relaxed), pin.blocks.unwrap() as usize - had);
    assert_eq!(storage.wanted().all().unwrap(), []);
}

#[tokio::test]
async fn what_is_given_up_takes_no_space() {
    let place = Place::new();
    let (memory, root, last) = elsewhere().await;
    let source = Arc::new(Without { all: memory, missing: Some(last), asked: AtomicUsize::new(0) });
    // What a person adds from files is not tried again, so nothing of it stays.
    let storage = place.open(1 << 30);
    assert!(storage.pin(root, Some(&*source)).await.is_err());
    assert_eq!((place.blocks(), storage.wanted().all().unwrap()), (0, vec![]));
    let storage = storage.with_source(source);
    assert!(storage.pin(root, None).await.is_err());
    assert!(place.blocks() > 0);
    assert!(storage.give_up(root).await.unwrap());
    assert!(!storage.give_up(root).await.unwrap());
    assert_eq!(place.blocks(), 0);
}

#[tokio::test]
async fn a_full_folder_removes_unpinned_blocks_and_then_refuses_more() {
    let place = Place::new();
    let (memory, root, _) = elsewhere().await;
    let storage = place.open(12_000).with_source(Arc::new(memory));
    // Reading keeps what it had to ask for.
    assert_eq!(read(&storage, &format!("{root}/large").parse().unwrap(), 0, 9_500).await.unwrap().size, 9_500);
    let cached = place.blocks();
    assert!(cached > 10);
    let pin = put(&storage, &bytes(9, 8_000), Profile::default()).await.unwrap();
    assert_eq!(place.blocks(), 1);
    let refused = put(&storage, &bytes(7, 8_000), Profile::default()).await.unwrap_err();
    assert_eq!(refused, StorageError::Full { used: 8_000, max: 12_000 });
    assert_eq!(storage.pins(None, 10).await.unwrap(), [pin]);
    assert_eq!(place.blocks(), 1);
}

#[tokio::test]
async fn a_damaged_or_removed_block_is_fetched_again_and_never_returned() {
    let place = Place::new();
    let (memory, root, last) = elsewhere().await;
    let storage = place.open(1 << 30);
    storage.pin(root, Some(&memory)).await.unwrap();
    fs::write(place.file(&last), "something else").unwrap();
    let large: adit_content::ContentPath = format!("{root}/large").parse().unwrap();
    let refused = read(&storage, &large, 0, 9_500).await.unwrap_err();
    assert_eq!(refused, StorageError::missing(&last));
    let storage = storage.with_source(Arc::new(memory));
    assert_eq!(read(&storage, &large, 0, 9_500).await.unwrap().bytes, bytes(1, 9_500));
    fs::remove_file(place.file(&last)).unwrap();
    assert_eq!(read(&storage, &large, 9_400, 100).await.unwrap().bytes, bytes(1, 9_500)[9_400..]);
    // A file too large to be a block is not even read.
    fs::File::create(place.file(&last)).unwrap().set_len(1 << 40).unwrap();
    assert_eq!(read(&storage, &large, 9_400, 100).await.unwrap().bytes.len(), 100);
}

#[tokio::test]
async fn content_that_is_malformed_is_not_pinned() {
    let place = Place::new();
    let storage = place.open(1 << 30);
    let bytes = bytes::Bytes::from_static(b"\x0a\x01");
    let raw = put(&Memory::default(), &bytes, Profile::default()).await.unwrap().cid;
    let cid = Cid::new_v1(adit_content::cid::DAG_PB, *raw.hash());
    let block = Block::verify(cid, bytes).unwrap();
    let source = std::collections::HashMap::from([(cid, block)]);
    let refused = storage.pin(cid, Some(&source)).await.unwrap_err();
    assert!(matches!(refused, StorageError::Walk(_)), "{refused}");
    assert_eq!((place.blocks(), storage.pins(None, 10).await.unwrap()), (0, vec![]));
}
