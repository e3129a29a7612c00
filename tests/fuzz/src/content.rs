//! Targets for what IPFS peers send: identifiers, nodes, CARs, and walks over blocks that a stranger made.

use std::collections::HashMap;

use adit_content::car::{self, CarReader};
use adit_content::cid::{self, MAX_BLOCK_BYTES};
use adit_content::dag_pb::Node;
use adit_content::name::{check_name, names, stays_inside};
use adit_content::unixfs::UnixFs;
use adit_content::walk::stat;
use adit_content::{Block, Cid, ContentPath, Dag, FileBuilder, FileWalk, FolderBuilder, Limits, List, Profile};
use adit_content::{Resolve, Walk, WalkError};

/// Identifiers and paths: whatever is read is written back the same.
pub(super) fn cids(bytes: &[u8]) {
    if let Ok(cid) = cid::read_whole(bytes) {
        assert_eq!(cid::read_whole(&cid.to_bytes()), Ok(cid));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(cid) = cid::parse(text) {
        assert_eq!(cid::parse(&cid.to_string()), Ok(cid));
        let _ = Block::inline(&cid);
    }
    if let Ok(path) = text.parse::<ContentPath>() {
        assert!(path.names.iter().all(|name| !matches!(name.as_str(), "" | "." | "..")));
    }
    let _ = (check_name(text), names(text), stays_inside(text, 3));
}

pub(super) fn cid_seeds() -> Vec<Vec<u8>> {
    let texts = ["bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e/a/b", "bafkqaaa", "../../x"];
    let v0 = "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD";
    let binary = cid::parse(v0).map(|cid| cid.to_bytes()).unwrap_or_default();
    texts.iter().chain([&v0]).map(|text| text.as_bytes().to_vec()).chain([binary]).collect()
}

/// Nodes and their messages: whatever is read is written back the same.
pub(super) fn nodes(bytes: &[u8]) {
    let bytes = bytes::Bytes::copy_from_slice(bytes);
    if let Ok(node) = Node::decode(&bytes) {
        assert_eq!(Node::decode(&node.encode()).as_ref(), Ok(&node));
    }
    if let Ok(message) = UnixFs::decode(&bytes) {
        assert_eq!(UnixFs::decode(&message.encode()).as_ref(), Ok(&message));
    }
}

pub(super) fn node_seeds() -> Vec<Vec<u8>> {
    let blocks = sample();
    let nodes = blocks.iter().filter_map(|block| Node::decode(block.bytes()).ok());
    let messages = nodes.filter_map(|node| node.data).map(|data| data.to_vec());
    blocks.iter().map(|block| block.bytes().to_vec()).chain(messages).filter(|bytes| bytes.len() < 4096).collect()
}

/// A CAR in pieces, then every walk over its blocks under small limits.
pub(super) fn cars(bytes: &[u8]) {
    let (mut reader, mut blocks) = (CarReader::new(), HashMap::new());
    for piece in bytes.chunks(61) {
        reader.feed(piece);
        loop {
            match reader.block() {
                Ok(Some(block)) => {
                    assert!(block.bytes().len() <= MAX_BLOCK_BYTES);
                    blocks.insert(*block.cid(), block);
                }
                Ok(None) => break,
                Err(_) => return walks(reader.roots(), &blocks),
            }
        }
    }
    walks(reader.roots(), &blocks);
}

fn walks(roots: Option<&[Cid]>, blocks: &HashMap<Cid, Block>) {
    let limits = Limits { depth: 16, pending: 1 << 10, blocks: 1 << 10 };
    for root in roots.into_iter().flatten().take(4) {
        exhaust(FileWalk::new(*root, limits), blocks);
        exhaust(FileWalk::over(*root, 1..600, limits), blocks);
        exhaust(List::new(*root, limits), blocks);
        exhaust(Dag::new(*root, limits), blocks);
        let path = ContentPath { root: *root, names: vec!["a".into(), "file-7".into()] };
        exhaust(Resolve::new(&path), blocks);
    }
    blocks.values().for_each(|block| drop(stat(block)));
}

/// Runs a walk until it ends, or until a file repeats its parts without end.
fn exhaust<W: Walk>(mut walk: W, blocks: &HashMap<Cid, Block>) {
    for _ in 0..10_000 {
        let source = |cid: &Cid| blocks.get(cid).cloned().ok_or(WalkError::Unasked);
        if !matches!(walk.next_from(source), Ok(Some(_))) {
            return;
        }
    }
}

pub(super) fn car_seeds() -> Vec<Vec<u8>> {
    let blocks = sample();
    let whole = |root: &Block| {
        let sections = blocks.iter().flat_map(|block| [car::section(block), block.bytes().clone()]);
        std::iter::once(car::header(&[*root.cid()])).chain(sections).collect::<Vec<_>>().concat()
    };
    blocks.last().map(whole).into_iter().collect()
}

/// A folder with a file of several parts and a folder in shards.
fn sample() -> Vec<Block> {
    let profile = Profile { chunk_bytes: 64, width: 3, ..Profile::default() };
    let mut out = Vec::new();
    let mut file = FileBuilder::new(profile);
    file.write(&[7; 700], &mut out);
    let file = file.finish(&mut out);
    let (mut shards, mut root) = (FolderBuilder::new(profile), FolderBuilder::new(profile));
    for index in 0..20 {
        shards.add(&format!("file-{index}"), file).expect("a name");
    }
    root.add("a", shards.finish_in_shards(&mut out).expect("no collision")).expect("a name");
    root.add("file", file).expect("a name");
    root.finish(&mut out).expect("no collision");
    out
}
