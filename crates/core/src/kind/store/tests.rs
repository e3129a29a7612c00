//! The frozen vectors, which another program computed (Python, with the BLAKE3 tree of PyPI blake3), and the limits of the rules.

use alloc::vec;

use super::score::{score_micro, term};
use super::tree::{GroupHasher, Groups, hash};
use super::*;
use crate::content_id::output_cid;
use crate::kind::Kind;
use crate::reward::base_reward;

fn piece(bytes: u64) -> Vec<u8> {
    (0..bytes).map(|i| ((167 * i + 13 * (i / 256)) % 256) as u8).collect()
}

fn seed(first: u8) -> [u8; 32] {
    core::array::from_fn(|i| first + i as u8)
}

fn store(holdings: &Holdings, seed: [u8; 32]) -> Store {
    Store { holdings: encoding::cid_of(holdings), s: DRAWS, seed, window_ms: WINDOW_MS }
}

/// Some replicas, and the answer that proves them.
fn answered(lengths: &[u64]) -> (Store, Holdings, Vec<u8>) {
    let replicas: Vec<Vec<u8>> = lengths.iter().map(|length| piece(*length)).collect();
    let trees: Vec<_> = replicas.iter().map(|bytes| hash(bytes)).collect();
    let held = trees.iter().map(|(root, groups)| Holding { root: output_cid(*root), length: groups.length() });
    let holdings = Holdings(held.collect());
    let store = store(&holdings, seed(7));
    let mut answer = Vec::new();
    for position in store.positions(holdings.chunks()) {
        let (index, chunk) = holdings.place(position).unwrap();
        let (first, bytes) = trees[index].1.group(chunk);
        let group = &replicas[index][first as usize..(first + bytes) as usize];
        assert!(trees[index].1.holds(chunk, group));
        answer.extend(trees[index].1.open(chunk, group).unwrap());
    }
    (store, holdings, answer)
}

#[test]
fn positions_are_those_of_the_vectors() {
    let unit = store(&Holdings::default(), seed(0x20));
    let first = |chunks| unit.positions(chunks).take(8).collect::<Vec<_>>();
    assert_eq!(first(49_157), [43873, 8785, 43693, 24396, 26317, 5678, 4586, 32272]);
    assert_eq!(first(5), [4, 0, 4, 2, 2, 0, 0, 3]);
}

#[cfg(feature = "replica")]
#[test]
fn replicas_are_those_of_the_vectors() {
    use super::replica::ReplicaKey;
    use crate::content_id::block_cid;
    let plain = piece(5_000);
    let cid = block_cid(&plain);
    assert_eq!(cid.to_string(), "bafkreidlntl5xkhf7t4qmugnm2xgsdqsswpj72eehmedwulbzieg22sony");
    for (copy, key, nonce, starts, name) in [
        (
            0,
            "36f96a969ea92e0a3293e1e21c06e8d33372e9ece06ba9573bd673e36fac5754",
            "1dd0ebf3d154bbe79a463983ed158060aaeb0a66c8fed59d",
            "2a13953c5110e051414af8d04fd9df96",
            "bafkr4iadfwe3hd55w3s4wdrfmn5uiqocewrs5ghva5m3iphx45ofge4vga",
        ),
        (
            1,
            "f7e5e4329559db0a3d8137cd0bd09b2c44b9dc3208c1b443f71f914be3ed1183",
            "0d425959ee02435802a701dd024b0df25f55e82fafb583ba",
            "59108b6fc5ced99ac6a8b953ef34b849",
            "bafkr4ie7ytrqhl46dgiuonc66tbmlv4njsvq7v4oz72owo5rjsieblrmya",
        ),
    ] {
        let sealing = ReplicaKey::derive(&seed(0), &cid, copy);
        assert_eq!((hex::encode(sealing.parts().0).as_str(), hex::encode(sealing.parts().1).as_str()), (key, nonce));
        let mut sealed = plain.clone();
        sealing.apply(0, &mut sealed);
        assert_eq!(hex::encode(&sealed[..16]), starts);
        assert_eq!(output_cid(hash(&sealed).0).to_string(), name);
        // Any part of it is sealed alone.
        let mut part = plain[3_000..].to_vec();
        sealing.apply(3_000, &mut part);
        assert_eq!(part, sealed[3_000..]);
        if copy == 0 {
            opens_as_in_the_vectors(&sealed);
        }
    }
}

#[cfg(feature = "replica")]
fn opens_as_in_the_vectors(sealed: &[u8]) {
    let (root, groups) = hash(sealed);
    assert_eq!(hex::encode(root), "032d89b38fbdb6e5cb0e25637b4441c225a32e98f50759b43cf7e75c53139530");
    let siblings = |chunk: u64, bytes: usize| hex::encode(&groups.open(chunk, sealed).unwrap()[bytes..]);
    assert_eq!(
        siblings(3, 1_024),
        "46722ac80776eca799dd04acd7b50e56f6dd6b199726c59f7235dccc80daa555\
         6d2c2771ad793bfb450807c3849b7251d8443199045025fc741d2fdffb2a7080\
         c80f6e74c58d9cc49bc08f14c8a2d94eaa072df395fce72e5bf9235b71346feb"
    );
    assert_eq!(siblings(4, 904), "b04acbe2770701df52b9db1474db197f069bcd29817589194f683a7cff4fbadb");
    let digest = hex::encode(crate::content_id::sha256(&groups.open(3, sealed).unwrap()[..1_024]));
    assert!(digest.starts_with("95d13ed2") && digest.ends_with("f893b97"), "{digest}");
}

#[test]
fn every_chunk_of_every_shape_opens_to_the_root() {
    for length in [1, 1_023, 1_024, 1_025, 5_000, 65_536, 65_537, 66_560, 131_072, 200_000, 64 * 65_536 + 1] {
        let bytes = piece(length);
        let (root, groups) = hash(&bytes);
        assert_eq!(root, *blake3::hash(&bytes).as_bytes(), "{length}");
        assert_eq!(Groups::from_bytes(length, &groups.to_bytes()), Some(groups.clone()));
        let chunks = length.div_ceil(CHUNK_BYTES);
        for chunk in (0..chunks).step_by(1 + chunks as usize / 97).chain([chunks - 1]) {
            let (first, count) = groups.group(chunk);
            let opening = groups.open(chunk, &bytes[first as usize..(first + count) as usize]).unwrap();
            let path = Path::of(length, chunk);
            assert_eq!(opening.len() as u64, path.answer_bytes());
            assert!(path.leads_to(&root, &opening), "{length} {chunk}");
        }
    }
}

#[test]
fn replicas_may_arrive_in_pieces() {
    let bytes = piece(200_000);
    let mut hasher = GroupHasher::default();
    bytes.chunks(7_001).for_each(|part| hasher.update(part));
    assert_eq!(hasher.finish(), hash(&bytes));
}

#[test]
fn an_answer_proves_all_or_nothing() {
    let (store, holdings, answer) = answered(&[5_000, 70_000, 1, 300_000]);
    assert_eq!(store.check(&holdings, &answer), Ok(()));
    assert_eq!(store.answer_bytes(&holdings), answer.len() as u64);
    assert_eq!(store.method(&holdings), Method::Sampled { sampled: 64, of: 5 + 69 + 1 + 293 });
    for place in (0..answer.len()).step_by(997).chain([answer.len() - 1]) {
        let mut forged = answer.clone();
        forged[place] ^= 1;
        assert!(matches!(store.check(&holdings, &forged), Err(Unproven::Draw(_))), "{place}");
    }
    assert_eq!(store.check(&holdings, &answer[..answer.len() - 1]), Err(Unproven::Length));
    assert_eq!(store.check(&holdings, &[&answer[..], &[0]].concat()), Err(Unproven::Length));
    assert!(store.check(&holdings, &[]).is_err());
    // The answer to another seed, and the same replicas in another order.
    let other = Store { seed: seed(8), ..store.clone() };
    assert!(other.check(&holdings, &answer).is_err());
    let mut turned = holdings.clone();
    turned.0.reverse();
    assert_eq!(store.check(&turned, &answer), Err(Unproven::OtherHoldings));
}

#[test]
fn chunks_do_not_stand_for_each_other() {
    // Both halves have the same bytes: only the chunk's place in the tree tells them apart.
    let (root, groups) = hash(&[7; 2_048]);
    let opening = groups.open(0, &[7; 2_048]).unwrap();
    assert!(Path::of(2_048, 0).leads_to(&root, &opening));
    assert!(!Path::of(2_048, 1).leads_to(&root, &opening));
}

#[test]
fn the_longest_answer_has_the_length_of_the_specification() {
    let path = Path::of(MAX_REPLICA_BYTES, 9_999);
    assert_eq!(path.answer_bytes() * u64::from(DRAWS), 94_208);
    const { assert!(94_208 <= MAX_ANSWER_BYTES) };
}

#[test]
fn lists_with_nothing_or_too_much_are_refused() {
    let holding = |length| Holding { root: output_cid([1; 32]), length };
    let valid = |held: Vec<Holding>| Holdings(held).are_valid();
    assert!(valid(vec![holding(1), holding(MAX_REPLICA_BYTES)]));
    assert!(!valid(vec![]) && !valid(vec![holding(0)]) && !valid(vec![holding(MAX_REPLICA_BYTES + 1)]));
    assert!(!valid(vec![Holding { root: crate::content_id::block_cid(b"x"), length: 1 }]));
    let empty = Holdings::default();
    assert_eq!(store(&empty, seed(1)).check(&empty, &[]), Err(Unproven::OtherHoldings));
}

#[test]
fn a_unit_is_encoded_under_its_kinds_name() {
    let unit = StoreUnit::V1(store(&Holdings(vec![Holding { root: output_cid([3; 32]), length: 9 }]), seed(0x20)));
    assert_eq!(StoreUnit::from_bytes(&unit.to_bytes()), Ok(unit.clone()));
    assert_eq!(unit.to_bytes()[..9], *b"\xa1\x67store/1");
    assert_eq!(encoding::encode(&Holdings(vec![Holding { root: output_cid([3; 32]), length: 9 }]))[..2], [0x81, 0x82]);
    assert_eq!(Kind::Store.name(), "store/1");
}

#[test]
fn worth_and_score_are_those_of_the_vectors() {
    for (bytes, seconds, value) in
        [(16 << 20, 57_600, 54_931), (1 << 30, 3_686_400, 3_515_625), (5_000, 17, 16), (0, 0, 0)]
    {
        assert_eq!(work(bytes, WINDOW_MS), seconds);
        assert_eq!(base_reward(Kind::Store, seconds).nano(), value);
    }
    for (windows, peers, bytes, score) in [
        (24, 1, 1u64 << 30, 48_000_000),
        (10, 3, 512 << 20, 45_000_000),
        (1, 1, 1, 1_000_000),
        (100, 50, 10 << 30, 55_000_000_000),
        (168, 4, 112 << 20, 745_500_000),
        (0, 1, 1 << 30, 0),
        (24, 0, 1 << 30, 0),
    ] {
        assert_eq!(score_micro(windows * term(bytes), peers), score);
    }
    assert_eq!(missing_at_most_ppm(10_752), 1_290);
    assert_eq!((missing_at_most_ppm(1), missing_at_most_ppm(u64::MAX)), (1_000_000, 1));
}

/// ⌊2^32 · (1 − f)^64⌋: how likely it is that a miner passes a window without the fraction f of its chunks.
#[test]
fn the_chance_to_pass_is_that_of_the_appendix() {
    let passes = |parts: u128| {
        let mut chance = 1u128 << 100;
        for _ in 0..DRAWS {
            chance = chance / parts * (parts - 1);
        }
        (chance >> 68) as u64
    };
    let expected = [4_228_371_933, 4_034_625_173, 3_343_286_764, 1_567_605_185, 69_043_301, 0];
    assert_eq!([4_096, 1_024, 256, 64, 16, 2].map(passes), expected);
}
