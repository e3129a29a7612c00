//! The fixtures of ipfs/gateway-conformance and ipld/codec-fixtures: read, walked, written again to the byte, refused.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use adit_content::car::{self, CarReader};
use adit_content::cid::{self, DAG_PB};
use adit_content::dag_pb::Node;
use adit_content::import::symlink;
use adit_content::name::{check_name, stays_inside};
use adit_content::profile::UNIXFS_V1_2025;
use adit_content::walk::{Entry, Found, links, stat};
use adit_content::{Block, Cid, ContentPath, Dag, FileWalk, FolderBuilder, Imported, Limits, List, Profile, Resolve};
use adit_content::{Stat, Walk, WalkError};
use bytes::Bytes;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/ipfs").join(name)
}

struct Car {
    roots: Vec<Cid>,
    order: Vec<Block>,
    blocks: HashMap<Cid, Block>,
}

fn read(bytes: &[u8], piece: usize) -> Car {
    let (mut reader, mut order) = (CarReader::new(), Vec::new());
    for piece in bytes.chunks(piece) {
        reader.feed(piece);
        while let Some(block) = reader.block().expect("a block") {
            order.push(block);
        }
    }
    let roots = reader.roots().expect("a header").to_vec();
    reader.finish().expect("a whole CAR");
    let blocks = order.iter().map(|block| (*block.cid(), block.clone())).collect();
    Car { roots, order, blocks }
}

fn open(name: &str) -> Car {
    read(&fs::read(folder("gateway-conformance").join(name)).expect("a fixture"), 1 << 16)
}

/// Why a walk over a CAR ended early.
#[derive(Debug, PartialEq)]
enum Stopped {
    Missing(Box<Cid>),
    Walk(WalkError),
}

impl From<WalkError> for Stopped {
    fn from(error: WalkError) -> Self {
        Stopped::Walk(error)
    }
}

impl Car {
    fn all<W: Walk>(&self, mut walk: W) -> Result<Vec<W::Item>, Stopped> {
        let mut all = Vec::new();
        while let Some(item) =
            walk.next_from(|cid| self.blocks.get(cid).cloned().ok_or(Stopped::Missing(Box::new(*cid))))?
        {
            all.push(item);
        }
        Ok(all)
    }

    fn find(&self, path: &str) -> Result<Found, Stopped> {
        let path = ContentPath { root: self.roots[0], names: adit_content::name::names(path) };
        Ok(self.all(Resolve::new(&path))?.remove(0))
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, Stopped> {
        let found = self.find(path)?;
        Ok(self.all(FileWalk::new(found.cid, Limits::default()))?.concat())
    }

    fn range(&self, path: &str, from: u64, to: u64) -> Result<Vec<u8>, Stopped> {
        let found = self.find(path)?;
        Ok(self.all(FileWalk::over(found.cid, from..to, Limits::default()))?.concat())
    }

    fn list(&self, path: &str) -> Result<Vec<Entry>, Stopped> {
        self.all(List::new(self.find(path)?.cid, Limits::default()))
    }

    fn names(&self, path: &str) -> Vec<String> {
        self.list(path).expect("a folder").into_iter().map(|entry| entry.name).collect()
    }
}

#[test]
fn every_car_is_read_whole_and_written_again_to_the_byte() {
    let text = fs::read(folder("gateway-conformance/expected.json")).unwrap();
    let expected: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(&text).unwrap();
    assert_eq!(expected.len(), 24);
    for (name, wanted) in expected {
        let bytes = fs::read(folder("gateway-conformance").join(&name)).unwrap();
        // Even byte by byte: network reads do not end at section boundaries.
        for piece in [1 << 20, 7, 1] {
            let car = read(&bytes, piece);
            let roots: Vec<_> = car.roots.iter().map(ToString::to_string).collect();
            let size: usize = car.order.iter().map(|block| block.bytes().len()).sum();
            let found = serde_json::json!({ "version": 1, "roots": roots, "blocks": car.order.len(), "block_bytes": size,
                "hashes_ok": true, "distinct": car.blocks.len() });
            assert_eq!(found, wanted, "{name}");
            let sections = car.order.iter().flat_map(|block| [car::section(block), block.bytes().clone()]);
            let again: Vec<Bytes> = std::iter::once(car::header(&car.roots)).chain(sections).collect();
            assert!(again.concat() == bytes, "{name} is written otherwise");
        }
    }
}

#[test]
fn every_dag_pb_block_is_read_and_written_to_the_byte() {
    let mut read = 0;
    for file in fs::read_dir(folder("dag-pb")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let [case, named, "dag-pb"] = name.split('.').collect::<Vec<_>>()[..] else { continue };
        let block = Block::verify(cid::parse(named).unwrap(), fs::read(&path).unwrap().into()).unwrap();
        let node = Node::decode(block.bytes()).unwrap();
        assert_eq!(node.encode(), block.bytes(), "{case}");
        let json = fs::read(folder("dag-pb").join(format!("{case}.dag-json"))).unwrap();
        assert_eq!(dag_json(&node), serde_json::from_slice::<serde_json::Value>(&json).unwrap(), "{case}");
        read += 1;
    }
    assert_eq!(read, 17);
}

fn dag_json(node: &Node) -> serde_json::Value {
    let base64 = |bytes: &[u8]| data_encoding::BASE64_NOPAD.encode(bytes);
    let link = |link: &adit_content::dag_pb::Link| {
        let mut json = serde_json::json!({ "Hash": { "/": link.cid.to_string() } });
        link.name.iter().for_each(|name| json["Name"] = std::str::from_utf8(name).expect("UTF-8").into());
        link.tsize.iter().for_each(|tsize| json["Tsize"] = (*tsize).into());
        json
    };
    let mut json = serde_json::json!({ "Links": node.links.iter().map(link).collect::<Vec<_>>() });
    node.data.iter().for_each(|data| json["Data"] = serde_json::json!({ "/": { "bytes": base64(data) } }));
    json
}

#[test]
fn bytes_that_no_decoder_may_take_are_refused() {
    let text = fs::read(folder("dag-pb-negative/decode-edges.json")).unwrap();
    let cases: Vec<serde_json::Value> = serde_json::from_slice(&text).unwrap();
    assert_eq!(cases.len(), 9);
    for case in cases {
        let bytes = hex::decode(case["hex"].as_str().unwrap()).unwrap();
        assert!(Node::decode(&bytes.into()).is_err(), "{}", case["name"]);
    }
}

#[test]
fn folders_files_and_paths_are_found() {
    let car = open("dir-with-files.car");
    assert_eq!(car.names(""), ["ascii-copy.txt", "ascii.txt", "hello.txt", "multiblock.txt"]);
    assert_eq!(car.file("hello.txt").unwrap(), b"hello world\n");
    assert_eq!(car.file("ascii.txt").unwrap(), car.file("ascii-copy.txt").unwrap());
    let whole = car.file("multiblock.txt").unwrap();
    assert_eq!(whole.len(), 1026);
    let found = car.find("multiblock.txt").unwrap();
    assert_eq!((found.roots.len(), found.blocks.len()), (2, 1));
    assert_eq!(stat(&car.blocks[&found.cid]), Ok(Stat::File(1026)));
    for (from, to) in [(0, 1), (255, 257), (256, 512), (0, 1026), (1025, 9999), (1026, 2000), (7, 7), (100, 1000)] {
        let within = from.min(1026) as usize..to.min(1026) as usize;
        assert_eq!(car.range("multiblock.txt", from, to).unwrap(), whole[within], "{from}..{to}");
    }
    assert!(matches!(car.find("hello.txt/x"), Err(Stopped::Walk(WalkError::NotFound { .. }))));
    assert!(matches!(car.find("hell"), Err(Stopped::Walk(WalkError::NotFound { .. }))));
    assert!(matches!(car.file(""), Err(Stopped::Walk(WalkError::Other { .. }))));
    assert!(matches!(car.list("hello.txt"), Err(Stopped::Walk(WalkError::Other { .. }))));
    let nested = open("subdir-with-two-single-block-files.car");
    assert_eq!(nested.names("subdir"), ["ascii.txt", "hello.txt"]);
    assert_eq!(nested.file("subdir/hello.txt").unwrap(), b"hello world\n");
    assert_eq!(open("gateway-cache.car").file("root2/root3/root4/index.html").unwrap(), b"hello\n");
}

#[test]
fn a_folder_in_shards_is_listed_and_searched() {
    let car = open("single-layer-hamt-with-multi-block-files.car");
    let mut numbers: Vec<u32> =
        car.names("").iter().map(|name| name.strip_suffix(".txt").unwrap().parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=1000).collect::<Vec<_>>());
    for entry in car.list("").unwrap() {
        assert_eq!(car.find(&entry.name).unwrap().cid, entry.cid);
    }
    assert!(matches!(car.find("1001.txt"), Err(Stopped::Walk(WalkError::NotFound { .. }))));
    assert_eq!(car.find("10.txt").unwrap().roots.len(), 2);
}

/// Our builder writes the shards of other programs again, apart from their threshold.
#[test]
fn names_have_the_slots_that_other_programs_give_them() {
    let car = open("single-layer-hamt-with-multi-block-files.car");
    let small = Profile { width: 2, ..UNIXFS_V1_2025 };
    let mut folder = FolderBuilder::new(small);
    for entry in car.list("").unwrap() {
        let what = Imported { cid: entry.cid, size: 0, tsize: entry.tsize.unwrap() };
        folder.add(&entry.name, what).unwrap();
    }
    let mut out = Vec::new();
    let built = folder.finish_in_shards(&mut out).unwrap();
    assert_eq!(built.cid, car.roots[0]);
}

#[test]
fn missing_blocks_matter_only_to_reads_across_them() {
    let car = open("file-3k-and-3-blocks-missing-block.car");
    assert_eq!(car.roots[0].version(), cid::Version::V0);
    assert_eq!(car.range("", 0, 1024).unwrap().len(), 1024);
    assert_eq!(car.range("", 2048, 3072).unwrap().len(), 1024);
    assert_eq!(car.range("", 1000, 1024).unwrap().len(), 24);
    for (from, to) in [(0, 3072), (1023, 1025), (1024, 2048), (2047, 2049)] {
        assert!(matches!(car.range("", from, to), Err(Stopped::Missing(_))), "{from}..{to}");
    }
}

#[test]
fn links_names_and_what_leads_out_are_shown_as_they_are() {
    let car = open("symlink.car");
    let bar = car.find("bar").unwrap();
    let block = &car.blocks[&bar.cid];
    assert_eq!(stat(block), Ok(Stat::Symlink("foo".into())));
    let version_1 = symlink(&Profile::default(), "foo").1;
    assert_eq!(block.bytes(), version_1.bytes());
    let names = open("dir-with-percent-encoded-filename.car").names("");
    assert!(names.iter().any(|name| name.contains('%')), "{names:?}");
    assert!(open("dir-listing.car").names("ą/ę").contains(&"file-źł.txt".to_owned()));
    let outside = open("tar-outside-root.car");
    assert!(outside.names("").iter().any(|name| check_name(name).is_err()), "{:?}", outside.names(""));
    assert!(!stays_inside("../../etc/passwd", 1));
}

#[test]
fn dags_come_depth_first_and_every_block_once() {
    for name in ["dir-with-files.car", "dir-with-dag-cbor-with-links.car", "dag-cbor-traversal.car", "issue-54.car"] {
        let car = open(name);
        let walked = car.all(Dag::new(car.roots[0], Limits::default())).unwrap();
        let mut seen = std::collections::HashSet::from([car.roots[0]]);
        for block in &walked {
            assert!(seen.contains(block.cid()), "{name}: {block:?} comes before the block above it");
            seen.extend(links(block).unwrap());
        }
        let distinct: std::collections::HashSet<_> = walked.iter().map(|block| *block.cid()).collect();
        assert_eq!((walked.len(), walked[0].cid()), (distinct.len(), &car.roots[0]), "{name}");
    }
    let car = open("dag-json-traversal.car");
    let refused = car.all(Dag::new(car.roots[0], Limits::default()));
    assert!(matches!(refused, Err(Stopped::Walk(WalkError::Codec { .. }))));
    assert!(car.blocks.keys().any(|cid| cid.codec() != DAG_PB));
}
