//! Frozen vectors: what other programs import, encode and refuse.

use adit_content::profile::{KUBO_V1, PROFILES, UNIXFS_V0_2015, UNIXFS_V1_2025};
use adit_content::{Block, FileBuilder, FolderBuilder, Imported, Profile};

/// The byte at a place of the generated files.
fn byte(at: usize) -> u8 {
    (167 * at + 13 * (at / 256)) as u8
}

fn file(profile: Profile, bytes: &[u8], out: &mut Vec<Block>) -> Imported {
    let mut file = FileBuilder::new(profile);
    // In uneven pieces, as callers read them.
    bytes.chunks(99_991).for_each(|piece| file.write(piece, out));
    file.finish(out)
}

fn named(profile: Profile, bytes: &[u8]) -> String {
    file(profile, bytes, &mut Vec::new()).cid.to_string()
}

/// Bytes; what kubo-v1, unixfs-v0-2015 and unixfs-v1-2025 name them. From npm ipfs-unixfs-importer 17.1.1.
const FILES: [(usize, [&str; 3]); 8] = [
    (
        0,
        [
            "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
            "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH",
            "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
        ],
    ),
    (
        1,
        [
            "bafkreidogqfzz75tpkmjzjke425xqcrmpcib2p5tg44hnbirumdbpl5adu",
            "QmS9JArPwa55ePgDnyg6TzX24mYTS1b1vLqWNebyVotKxQ",
            "bafkreidogqfzz75tpkmjzjke425xqcrmpcib2p5tg44hnbirumdbpl5adu",
        ],
    ),
    (
        262_144,
        [
            "bafkreig7j5yqgzx2c3w2rqibuvavuoiixwh5tc6eahokkpcnuworb6gsxi",
            "QmQ9NGBEWR3p68ntfYcqSSqSFdNJFNgGqzRUMHGkVDDmZf",
            "bafkreig7j5yqgzx2c3w2rqibuvavuoiixwh5tc6eahokkpcnuworb6gsxi",
        ],
    ),
    (
        262_145,
        [
            "bafybeig3khkfqbq6oitypksbh4ign5oh4ktnfytqtvijlb3oibxempo5bm",
            "Qme2LJzrsRXDout9HGjDyWJaP95sGDTs7AadJgaXpu1hQN",
            "bafkreie6asmz2tq5retcc6obxjdpxhlwijse3stchxnyuzkafsraxgpevm",
        ],
    ),
    (
        1_048_576,
        [
            "bafybeiegi543b3775qlzcptu7uxlbqtwr3vyqnfe5czyvzm4xhbfbflnby",
            "Qmdqh1zt5ZjWjPNoc9dk3pM4pdhXzNXdqND8JskjwCvti8",
            "bafkreifepzrjsg3difeklkyrcqhoii5wkul6vtcx6scvmls4ksbxsrwjsu",
        ],
    ),
    (
        1_048_577,
        [
            "bafybeih2rkdhc326osa5owq3x2ofojawobwssxoechf5fgr55mexuy47ky",
            "QmUCDiRHWTfQFhrd4HWiyWqvkZ34Ys4xEVfCXoeGT5AWZU",
            "bafybeiare56zgqgz5hxukb77gbvuaop56u5y37lnj5hcc6tk5mpnevjxra",
        ],
    ),
    (
        174 * 262_144,
        [
            "bafybeibhmkdz6bcp7nndpgx2t73dye3b4hgosh2qah3mya2th5draxbsvy",
            "QmNg61jPrzumaHxiuxK8R2wPcPbySSn43jCUwNf9wEJqFf",
            "bafybeihmztar2fdsbq7osgkrsvhjt46a7n2rvulq3ouclvhvlern7qcbe4",
        ],
    ),
    (
        174 * 262_144 + 1,
        [
            "bafybeicfbkjjgtxut2qafcosb6lwh55wxuu3itz3q42vcowkrx6gmp65im",
            "QmQxVhgFfKTd2fMWxQQ13z577S12sdhU43gwZimd1HJ2u3",
            "bafybeidvskvzbdmjjdrcq7swkn3r7sionnsnu3lpqbnc7p2fngew2wcfhu",
        ],
    ),
];

#[test]
fn files_get_the_names_that_others_give_them() {
    let all: Vec<u8> = (0..174 * 262_144 + 1).map(byte).collect();
    for (bytes, wanted) in FILES {
        let names = [KUBO_V1, UNIXFS_V0_2015, UNIXFS_V1_2025].map(|profile| named(profile, &all[..bytes]));
        assert_eq!(names, wanted, "{bytes} bytes");
    }
    let hello = PROFILES.map(|profile| named(profile, b"hello world"));
    let [v1, v0] = [
        "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",
        "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD",
    ];
    assert_eq!(hello, [v1, v1, v0]);
}

#[test]
fn large_files_have_as_many_blocks_as_others_make() {
    let all: Vec<u8> = (0..174 * 262_144 + 1).map(byte).collect();
    let blocks = |profile, bytes: &[u8]| {
        let mut out = Vec::new();
        file(profile, bytes, &mut out);
        out.len()
    };
    let counts = [&all[..174 * 262_144], &all].map(|bytes| (blocks(KUBO_V1, bytes), blocks(UNIXFS_V1_2025, bytes)));
    assert_eq!(counts, [(175, 45), (178, 45)]);
}

/// A folder of files of one byte, on both sides of the size at which it is cut into shards.
fn folder(profile: Profile, files: usize) -> String {
    let (mut folder, mut out) = (FolderBuilder::new(profile), Vec::new());
    for index in 0..files {
        let one = file(profile, &[index as u8], &mut out);
        folder.add(&format!("file-{index:05}"), one).expect("a name");
    }
    folder.finish(&mut out).expect("no collision").cid.to_string()
}

#[test]
fn folders_become_shards_where_others_do() {
    let wanted = [
        (UNIXFS_V0_2015, 5957, "QmUPMoFUvuzpG9kWL2EnqiFWvWS2LW2VpS1TnHKPbTh8TG"),
        (UNIXFS_V0_2015, 5958, "Qma9HRupDHvVKMeHs4HojSwDmpmRsz6g1ra7GyPetQ16Uo"),
        (UNIXFS_V1_2025, 3, "bafybeidu6r35x7qcjrloeu4n4avgdpt42um2y7chx7kdulj3zdst7eb5gq"),
        (UNIXFS_V1_2025, 4854, "bafybeidedprmj2wbzi2ddxzbc73my3ydgnrs6nuiggpyizjocfvsmkeuj4"),
        (UNIXFS_V1_2025, 4855, "bafybeiewj7jmvi6xrmur6waemyxnhtwqs5lhn74y3lbslo2for7n7cesbu"),
    ];
    for (profile, files, cid) in wanted {
        assert_eq!(folder(profile, files), cid, "{profile}, {files} files");
    }
}

#[test]
fn a_tree_with_an_empty_folder_and_other_letters_gets_its_name() {
    let (profile, mut out) = (Profile::default(), Vec::new());
    let mut b = FolderBuilder::new(profile);
    b.add("c.txt", file(profile, b"hello world", &mut out)).unwrap();
    let mut a = FolderBuilder::new(profile);
    a.add("ż.txt", file(profile, b"x", &mut out)).unwrap();
    a.add("empty", FolderBuilder::new(profile).finish(&mut out).unwrap()).unwrap();
    a.add("b", b.finish(&mut out).unwrap()).unwrap();
    let a = a.finish(&mut out).unwrap();
    assert_eq!(a.cid.to_string(), "bafybeiexzwvq66yfnpkxvcyb77pl6xo7nksrt2dj4e3z5s2ekn66c6u47u");
}
