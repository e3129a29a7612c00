//! Properties of every file, folder and CAR, including hostile ones.

use std::collections::{BTreeMap, HashMap, HashSet};

use adit_content::car::{self, CarError, CarReader};
use adit_content::dag_pb::{Link, Node};
use adit_content::import::symlink;
use adit_content::profile::PROFILES;
use adit_content::unixfs::{Kind, Mtime, UnixFs};
use adit_content::{Block, Cid, ContentPath, Dag, FileBuilder, FileWalk, FolderBuilder, Imported, Limits, List};
use adit_content::{Profile, Resolve, Walk, WalkError};
use bytes::Bytes;
use proptest::prelude::*;

type Store = HashMap<Cid, Block>;

fn all<W: Walk>(mut walk: W, store: &Store) -> Result<Vec<W::Item>, WalkError> {
    let mut all = Vec::new();
    while let Some(item) = walk.next_from(|cid| Ok::<_, WalkError>(store[cid].clone()))? {
        all.push(item);
    }
    Ok(all)
}

fn store(blocks: &[Block]) -> Store {
    blocks.iter().map(|block| (*block.cid(), block.clone())).collect()
}

/// A profile whose trees are deep although the files are small.
fn small() -> impl Strategy<Value = Profile> {
    let profile = prop::sample::select(PROFILES.to_vec());
    (profile, 1usize..40, 2usize..5).prop_map(|(profile, chunk_bytes, width)| Profile { chunk_bytes, width, ..profile })
}

fn file(profile: Profile, bytes: &[u8], pieces: usize, out: &mut Vec<Block>) -> Imported {
    let mut file = FileBuilder::new(profile);
    bytes.chunks(pieces).for_each(|piece| file.write(piece, out));
    file.finish(out)
}

/// A node with any links and message, true or not.
fn forged(links: Vec<Link>, message: &UnixFs) -> Block {
    let (node, mut out) = (Node { links, data: Some(message.encode()) }, Vec::new());
    // A file of the same bytes has the same hash under another codec.
    let raw = file(Profile::default(), &node.encode(), 1 << 20, &mut out).cid;
    let cid = Cid::new_v1(adit_content::cid::DAG_PB, *raw.hash());
    Block::verify(cid, node.encode()).expect("its hash")
}

fn link(block: &Block) -> Link {
    Link { cid: *block.cid(), name: None, tsize: Some(u64::MAX) }
}

fn leaf(bytes: &'static [u8]) -> Block {
    let mut out = Vec::new();
    file(Profile::default(), bytes, 1 << 20, &mut out);
    out.remove(0)
}

proptest! {
    #[test]
    fn a_file_comes_back_whole_and_in_ranges(
        profile in small(), bytes in prop::collection::vec(any::<u8>(), 0..3000), pieces in 1usize..200,
        from in 0u64..3000, length in 0u64..3000,
    ) {
        let mut out = Vec::new();
        let imported = file(profile, &bytes, pieces, &mut out);
        prop_assert_eq!(imported.cid, file(profile, &bytes, 7, &mut Vec::new()).cid);
        prop_assert_eq!((imported.size, out.last().map(|block| *block.cid())), (bytes.len() as u64, Some(imported.cid)));
        let store = store(&out);
        let mut walk = FileWalk::new(imported.cid, Limits::default());
        prop_assert_eq!(walk.size(), None);
        let mut read = Vec::new();
        while let Some(part) = walk.next_from(|cid| Ok::<_, WalkError>(store[cid].clone())).unwrap() {
            read.extend_from_slice(&part);
        }
        prop_assert_eq!((&read, walk.size()), (&bytes, Some(bytes.len() as u64)));
        let part = all(FileWalk::over(imported.cid, from..from + length, Limits::default()), &store).unwrap().concat();
        let within = (from as usize).min(bytes.len())..((from + length) as usize).min(bytes.len());
        prop_assert_eq!(&part, &bytes[within]);
    }

    #[test]
    fn folders_give_their_names_back_in_shards_and_without(
        profile in small(), names in prop::collection::btree_set("[a-zA-Z0-9ż .%]{1,12}", 0..60), shards in any::<bool>(),
    ) {
        let names: Vec<_> = names.into_iter().filter(|name| !matches!(name.as_str(), "." | "..")).collect();
        let (mut folder, mut out, mut wanted) = (FolderBuilder::new(profile), Vec::new(), BTreeMap::new());
        for name in &names {
            let what = file(profile, name.as_bytes(), 9, &mut out);
            folder.add(name, what).unwrap();
            wanted.insert(name.clone(), what.cid);
        }
        let root = if shards { folder.finish_in_shards(&mut out) } else { folder.finish(&mut out) }.unwrap();
        let store = store(&out);
        let found = all(List::new(root.cid, Limits::default()), &store).unwrap();
        prop_assert_eq!(found.len(), names.len());
        prop_assert_eq!(&found.into_iter().map(|entry| (entry.name, entry.cid)).collect::<BTreeMap<_, _>>(), &wanted);
        for (name, cid) in &wanted {
            let path = ContentPath { root: root.cid, names: vec![name.clone()] };
            prop_assert_eq!(all(Resolve::new(&path), &store).unwrap()[0].cid, *cid);
        }
        let path = ContentPath { root: root.cid, names: vec!["not there".into()] };
        let not_found = matches!(all(Resolve::new(&path), &store), Err(WalkError::NotFound { .. }));
        prop_assert!(not_found);
    }

    #[test]
    fn a_car_brings_every_block_and_notices_every_cut_and_every_changed_byte(
        profile in small(), bytes in prop::collection::vec(any::<u8>(), 1..400), piece in 1usize..300,
        at in any::<prop::sample::Index>(), bit in 0u8..8,
    ) {
        let mut out = Vec::new();
        let root = file(profile, &bytes, 50, &mut out).cid;
        let blocks = all(Dag::new(root, Limits::default()), &store(&out)).unwrap();
        let distinct: HashSet<Cid> = out.iter().map(|block| *block.cid()).collect();
        prop_assert_eq!(blocks.len(), distinct.len());
        let sections = blocks.iter().flat_map(|block| [car::section(block), block.bytes().clone()]);
        let whole: Vec<u8> = std::iter::once(car::header(&[root])).chain(sections).collect::<Vec<_>>().concat();
        let (roots, read) = read_car(&whole, piece).unwrap();
        prop_assert_eq!((roots, read), (vec![root], blocks.clone()));

        let cut = at.index(whole.len());
        let short = read_car(&whole[..cut], piece);
        // Cut between two blocks, it is a CAR with fewer blocks: only a walk notices that.
        prop_assert!(short.is_err_and(|error| error == CarError::Truncated) || read_car(&whole[..cut], piece).is_ok_and(|(_, read)| read.len() < blocks.len()));
        let mut changed = whole.clone();
        changed[cut] ^= 1 << bit;
        prop_assert!(read_car(&changed, piece).is_ok_and(|(roots, read)| roots != vec![root] || read != blocks) || read_car(&changed, piece).is_err());
    }

    #[test]
    fn messages_and_nodes_are_read_as_they_were_written(
        data in prop::option::of(prop::collection::vec(any::<u8>(), 0..50)), filesize in any::<Option<u64>>(),
        blocksizes in prop::collection::vec(any::<u64>(), 0..5), mode in any::<Option<u32>>(),
        mtime in prop::option::of((any::<i64>(), prop::option::of(1u32..1_000_000_000))), fanout in any::<Option<u64>>(),
    ) {
        let mtime = mtime.map(|(seconds, nanoseconds)| Mtime { seconds, nanoseconds });
        let data = data.map(Bytes::from);
        let message = UnixFs { data, filesize, blocksizes, mode, mtime, fanout, ..UnixFs::new(Kind::File) };
        prop_assert_eq!(UnixFs::decode(&message.encode()).unwrap(), message.clone());
        let node = Node { links: vec![link(&leaf(b"x"))], data: Some(message.encode()) };
        prop_assert_eq!(Node::decode(&node.encode()).unwrap(), node);
    }

    #[test]
    fn hostile_bytes_are_refused_and_nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let bytes = Bytes::from(bytes);
        let _ = (Node::decode(&bytes), UnixFs::decode(&bytes), read_car(&bytes, 3));
    }
}

fn read_car(bytes: &[u8], piece: usize) -> Result<(Vec<Cid>, Vec<Block>), CarError> {
    let (mut reader, mut blocks) = (CarReader::new(), Vec::new());
    for piece in bytes.chunks(piece) {
        reader.feed(piece);
        while let Some(block) = reader.block()? {
            blocks.push(block);
        }
    }
    let roots = reader.roots().map(<[Cid]>::to_vec);
    reader.finish()?;
    Ok((roots.unwrap_or_default(), blocks))
}

#[test]
fn lengths_without_end_padding_and_other_versions_are_no_car() {
    let good = [car::header(&[*leaf(b"x").cid()]), car::section(&leaf(b"x")), Bytes::from_static(b"x")].concat();
    assert!(read_car(&good, 1).is_ok());
    let after = |tail: &[u8]| read_car(&[&good[..], tail].concat(), 1);
    assert_eq!(after(&[0]), Err(CarError::Empty));
    assert_eq!(after(&[0; 50]), Err(CarError::Empty));
    assert_eq!(after(&[0xff; 50]), Err(CarError::Varint));
    assert_eq!(after(&[0x81, 0x00]), Err(CarError::Padded));
    assert_eq!(after(&[0xff, 0xff, 0xff, 0x7f]), Err(CarError::Large(0x0fff_ffff)));
    let version_2 = hex::decode("0aa16776657273696f6e02").unwrap();
    assert_eq!(read_car(&version_2, 1), Err(CarError::Version(2)));
    assert_eq!(read_car(b"<!DOCTYPE html><html></html>", 4), Err(CarError::Header));
    assert_eq!(read_car(&[0xff, 0xff, 0x7f], 1), Err(CarError::Header));
    assert_eq!(read_car(b"", 1), Err(CarError::Truncated));
}

fn why(block: &Block, others: &[&Block]) -> String {
    let blocks: Vec<Block> = others.iter().copied().chain([block]).cloned().collect();
    let walked = all(FileWalk::new(*block.cid(), Limits { depth: 5, pending: 50, blocks: 50 }), &store(&blocks));
    walked.map(|parts| format!("{} bytes", parts.concat().len())).unwrap_or_else(|error| error.to_string())
}

#[test]
fn files_that_lie_about_sizes_are_refused() {
    let (x, file) = (leaf(b"xy"), UnixFs::new(Kind::File));
    let of = |blocksizes: &[u64], filesize| UnixFs { blocksizes: blocksizes.into(), filesize, ..file.clone() };
    assert_eq!(why(&forged(vec![link(&x)], &of(&[2], Some(2))), &[&x]), "2 bytes");
    assert_eq!(why(&forged(vec![link(&x)], &of(&[2], None)), &[&x]), "2 bytes");
    let refused = [
        (vec![link(&x)], of(&[], Some(0)), "it has not one size for each link"),
        (vec![link(&x)], of(&[2, 2], Some(4)), "it has not one size for each link"),
        (vec![link(&x)], of(&[2], Some(3)), "its size is not the sum of its parts"),
        (vec![link(&x)], of(&[3], Some(3)), "it does not have the bytes that the block above says"),
        (vec![link(&x)], of(&[1], Some(1)), "it does not have the bytes that the block above says"),
        (vec![link(&x), link(&x)], of(&[2, u64::MAX], None), "its sizes add up to more than 64 bits"),
        (vec![Link { name: Some("a".into()), ..link(&x) }], of(&[2], Some(2)), "a part of a file has a name"),
    ];
    for (links, message, sentence) in refused {
        let said = why(&forged(links, &message), &[&x]);
        assert!(said.contains(sentence), "{said}");
    }
}

#[test]
fn depth_width_and_number_are_bounded() {
    let limits = Limits { depth: 5, pending: 50, blocks: 4 };
    let file = |links: Vec<Link>, size: u64| {
        let blocksizes = vec![size; links.len()];
        forged(links, &UnixFs { blocksizes, ..UnixFs::new(Kind::File) })
    };
    let mut chain = vec![leaf(b"x")];
    for _ in 0..6 {
        chain.push(file(vec![link(chain.last().unwrap())], 1));
    }
    let deep = |block: &Block| all(FileWalk::new(*block.cid(), limits), &store(&chain)).map(|parts| parts.concat());
    assert_eq!(deep(&chain[5]), Ok(b"x".to_vec()));
    assert_eq!(deep(&chain[6]), Err(WalkError::Depth(5)));
    let dag = |block: &Block, limits| all(Dag::new(*block.cid(), limits), &store(&chain)).map(|blocks| blocks.len());
    assert_eq!(dag(&chain[6], limits), Err(WalkError::Blocks(4)));
    assert_eq!(dag(&chain[6], Limits { blocks: 50, ..limits }), Err(WalkError::Depth(5)));
    assert_eq!(dag(&chain[5], Limits { blocks: 50, ..limits }), Ok(6));
    let wide = file(vec![link(&chain[0]); 51], 1);
    let blocks = store(&[chain[0].clone(), wide.clone()]);
    assert_eq!(all(FileWalk::new(*wide.cid(), limits), &blocks), Err(WalkError::Pending(50)));
    // A small file that repeats itself into 2^60 bytes costs a reader of one range only that range.
    let mut bomb = vec![leaf(b"x")];
    for power in 0..5u32 {
        bomb.push(file(vec![link(bomb.last().unwrap()); 8], 8u64.pow(power)));
    }
    let mut walk = FileWalk::over(*bomb[5].cid(), 4000..4010, limits);
    let (mut supplied, bombs) = (0, store(&bomb));
    while let Some(part) = walk
        .next_from(|cid| {
            supplied += 1;
            Ok::<_, WalkError>(bombs[cid].clone())
        })
        .unwrap()
    {
        assert_eq!(&part[..], b"x");
    }
    assert_eq!((walk.size(), supplied <= 24), (Some(8 * 8 * 8 * 8 * 8), true));
}

#[test]
fn shards_that_lead_elsewhere_are_refused() {
    let x = leaf(b"x");
    let shard = |fanout, hash_type, names: &[&str]| {
        let links = names.iter().map(|name| Link { name: Some((*name).to_owned().into()), ..link(&x) }).collect();
        forged(links, &UnixFs { fanout, hash_type, ..UnixFs::new(Kind::Shard) })
    };
    let why = |block: &Block| {
        let listed = all(List::new(*block.cid(), Limits::default()), &store(&[x.clone(), block.clone()]));
        listed.map_or_else(|error| error.to_string(), |entries| format!("{} names", entries.len()))
    };
    assert_eq!(why(&shard(Some(256), Some(0x22), &[])), "0 names");
    for (fanout, hash, names, sentence) in [
        (Some(1 << 40), Some(0x22), &["00a"][..], "fanout"),
        (Some(2048), Some(0x22), &["00a"], "fanout"),
        (None, Some(0x22), &["00a"], "fanout"),
        (Some(256), Some(0x12), &["00a"], "murmur3"),
        (Some(256), None, &["00a"], "murmur3"),
        (Some(256), Some(0x22), &["a"], "does not begin with its slot"),
        (Some(256), Some(0x22), &["00a"], "where its hash does not lead"),
        (Some(256), Some(0x22), &["00"], "is a file, not a folder"),
    ] {
        let said = why(&shard(fanout, hash, names));
        assert!(said.contains(sentence), "{said}");
    }
}

#[test]
fn duplicate_names_are_listed_once_and_never_written() {
    let (x, y) = (leaf(b"x"), leaf(b"y"));
    let named = |block| Link { name: Some("a".into()), ..link(block) };
    let folder = forged(vec![named(&x), named(&y)], &UnixFs::new(Kind::Directory));
    let listed = all(List::new(*folder.cid(), Limits::default()), &store(std::slice::from_ref(&folder))).unwrap();
    assert_eq!(listed.iter().map(|entry| entry.cid).collect::<Vec<_>>(), [*x.cid()]);
    let mut folder = FolderBuilder::new(Profile::default());
    let what = symlink(&Profile::default(), "b").0;
    folder.add("a", what).unwrap();
    for name in ["a", "..", "a/b", "", "a\0"] {
        assert!(folder.add(name, what).is_err(), "{name:?}");
    }
}

#[test]
fn a_walk_takes_no_block_that_it_did_not_ask_for() {
    let (x, y) = (leaf(b"x"), leaf(b"y"));
    let limits = Limits::default();
    assert_eq!(FileWalk::new(*x.cid(), limits).supply(y.clone()), Err(WalkError::Unasked));
    assert_eq!(List::new(*x.cid(), limits).supply(y.clone()), Err(WalkError::Unasked));
    assert_eq!(Dag::new(*x.cid(), limits).supply(y.clone()), Err(WalkError::Unasked));
    let path = ContentPath { root: *x.cid(), names: vec!["a".into()] };
    assert_eq!(Resolve::new(&path).supply(y), Err(WalkError::Unasked));
}
