use std::fs;
use std::path::{Path, PathBuf};

use adit_content::import::symlink;
use adit_content::profile::PROFILES;
use adit_content::{Block, FileBuilder, FolderBuilder, Imported, Profile, car};
use tempfile::TempDir;

use super::archive::Archive;
use super::import::{Pack, Plan};
use super::unpack::Unpacked;
use super::{find_in, list, recipients};

fn pack(from: &Path, to: &Path, profile: Profile) -> String {
    let plan = Plan::make(from, profile, Pack::Yes).unwrap();
    plan.write(&mut fs::File::create(to).unwrap()).unwrap();
    plan.root.cid.to_string()
}

fn unpack(car: &Path, path: &str, to: &Path) -> anyhow::Result<u64> {
    let mut archive = Archive::open(car)?;
    let root = find_in(&mut archive, path)?;
    Unpacked::write(archive, root, to, 1 << 30)
}

/// A folder with large, small, hidden and repeated files, an empty folder and a link.
fn sample(at: &Path) -> PathBuf {
    let folder = at.join("folder");
    fs::create_dir_all(folder.join("a/b/empty")).unwrap();
    fs::write(folder.join("a/b/hello.txt"), "hello world").unwrap();
    fs::write(folder.join(".hidden"), "").unwrap();
    let large: Vec<u8> = (0..3_000_000u32).map(|at| (at * 7 + at / 1000) as u8).collect();
    fs::write(folder.join("ż large.bin"), large).unwrap();
    fs::write(folder.join("a/again.bin"), vec![9; 3 << 20]).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("../.hidden", folder.join("a/link")).unwrap();
    folder
}

/// Every file and link below a folder, with what it holds.
fn inside(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = fs::symlink_metadata(&path).unwrap();
        let bytes = match kind.is_symlink() {
            true => fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes(),
            false if kind.is_dir() => {
                found.extend(inside(&path).into_iter().map(|(below, bytes)| (path.join(below), bytes)));
                Vec::new()
            }
            false => fs::read(&path).unwrap(),
        };
        found.push((path.strip_prefix(folder).unwrap().to_owned(), bytes));
    }
    found.iter_mut().for_each(|(path, _)| *path = path.strip_prefix(folder).map_or(path.clone(), Path::to_owned));
    found.sort();
    found
}

#[test]
fn a_folder_goes_into_a_car_and_comes_back_the_same() {
    let at = TempDir::new().unwrap();
    let folder = sample(at.path());
    for profile in PROFILES {
        let (car, copy) = (at.path().join("x.car"), at.path().join(profile.name));
        let cid = pack(&folder, &car, profile);
        assert_eq!(Plan::make(&folder, profile, Pack::No).unwrap().root.cid.to_string(), cid);
        assert_eq!(Archive::open(&car).unwrap().root().unwrap().to_string(), cid);
        assert_eq!(unpack(&car, "", &copy).unwrap(), 6_145_739);
        assert_eq!(inside(&copy), inside(&folder), "{profile}");
        assert_eq!(Plan::make(&copy, profile, Pack::No).unwrap().root.cid.to_string(), cid);
        let names: Vec<_> = list(&mut Archive::open(&car).unwrap(), "a/b")
            .unwrap()
            .into_iter()
            .map(|entry| (entry.name, entry.kind, entry.bytes))
            .collect();
        let wanted = [("empty".to_owned(), "folder", None), ("hello.txt".to_owned(), "file", Some(11))];
        assert_eq!(names, wanted);
        // A block that a file repeats is written once.
        let size = fs::metadata(&car).unwrap().len();
        assert!(size < 5_000_000, "{size}");
    }
}

#[test]
fn the_vectors_of_other_programs_hold_for_files_on_disk() {
    let at = TempDir::new().unwrap();
    let (file, car) = (at.path().join("hello"), at.path().join("x.car"));
    fs::write(&file, "hello world").unwrap();
    let cid = pack(&file, &car, Profile::default());
    assert_eq!(cid, "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e");
    let tree = at.path().join("a");
    fs::create_dir_all(tree.join("b")).unwrap();
    fs::create_dir(tree.join("empty")).unwrap();
    fs::write(tree.join("b/c.txt"), "hello world").unwrap();
    fs::write(tree.join("ż.txt"), "x").unwrap();
    assert_eq!(pack(&tree, &car, Profile::default()), "bafybeiexzwvq66yfnpkxvcyb77pl6xo7nksrt2dj4e3z5s2ekn66c6u47u");
}

#[test]
fn a_file_that_changes_and_a_socket_are_errors() {
    let at = TempDir::new().unwrap();
    let folder = sample(at.path());
    let plan = Plan::make(&folder, Profile::default(), Pack::Yes).unwrap();
    for text in ["hello", "hello World"] {
        fs::write(folder.join("a/b/hello.txt"), text).unwrap();
        let refused = plan.write(&mut Vec::new()).unwrap_err().to_string();
        assert!(refused.contains("hello.txt changed while it was read"), "{refused}");
    }
    assert!(Plan::make(&folder.join("not there"), Profile::default(), Pack::No).is_err());
    #[cfg(unix)]
    {
        let _socket = std::os::unix::net::UnixListener::bind(folder.join("socket")).unwrap();
        let refused = Plan::make(&folder, Profile::default(), Pack::No).err().unwrap().to_string();
        assert!(refused.contains("socket is neither a file, a folder nor a link"), "{refused}");
    }
}

/// A name, and the target of a link or nothing.
type Named<'a> = (&'a str, Option<&'a str>);

/// A CAR of one folder with these names, and a file or link under each.
fn hostile(to: &Path, entries: &[Named<'_>]) {
    let (profile, mut blocks) = (Profile::default(), Vec::new());
    let mut links = Vec::new();
    for (name, target) in entries {
        let what = match target {
            Some(target) => {
                let (what, block) = symlink(&profile, target);
                blocks.push(block);
                what
            }
            None => file(b"x", &mut blocks),
        };
        links.push((*name, what));
    }
    // The builder takes no such names, so they are put in afterwards, over names as long.
    let mut folder = FolderBuilder::new(profile);
    for (index, (name, what)) in links.iter().enumerate() {
        folder.add(&stand_in(index, name), *what).unwrap();
    }
    folder.finish(&mut blocks).unwrap();
    let built = blocks.pop().unwrap();
    let mut bytes = built.bytes().to_vec();
    for (index, (name, _)) in links.iter().enumerate() {
        let stand_in = stand_in(index, name).into_bytes();
        let at = bytes.windows(stand_in.len()).position(|window| window == stand_in).unwrap();
        bytes[at..at + name.len()].copy_from_slice(name.as_bytes());
    }
    // The same bytes as a file of one raw leaf have the same hash.
    let raw = file(&bytes, &mut Vec::new()).cid;
    let cid = adit_content::Cid::new_v1(adit_content::cid::DAG_PB, *raw.hash());
    blocks.push(Block::verify(cid, bytes.into()).unwrap());
    let sections = blocks.iter().flat_map(|block| [car::section(block), block.bytes().clone()]);
    fs::write(to, std::iter::once(car::header(&[cid])).chain(sections).collect::<Vec<_>>().concat()).unwrap();
}

fn stand_in(index: usize, name: &str) -> String {
    let letter = char::from(b'k' + index as u8);
    letter.to_string().repeat(name.len().max(2))
}

fn file(bytes: &[u8], out: &mut Vec<Block>) -> Imported {
    let mut file = FileBuilder::new(Profile::default());
    file.write(bytes, out);
    file.finish(out)
}

#[test]
fn nothing_is_written_outside_the_output_or_in_part() {
    let at = TempDir::new().unwrap();
    let (car, out) = (at.path().join("x.car"), at.path().join("deep/out"));
    fs::create_dir(at.path().join("deep")).unwrap();
    let cases: [(&[Named<'_>], &str); 6] = [
        (&[("..", None)], "it leads out of the folder"),
        (&[("../evil", None)], "it holds a slash"),
        (&[("/tmp/evil", None)], "it holds a slash"),
        (&[("a\0b", None)], "it holds a zero byte"),
        (&[("link", Some("../../evil"))], "out of the folder"),
        (&[("link", Some("/etc"))], "out of the folder"),
    ];
    for (entries, sentence) in cases {
        hostile(&car, entries);
        let refused = format!("{:#}", unpack(&car, "", &out).unwrap_err());
        assert!(refused.contains(sentence), "{refused}");
        assert_eq!(fs::read_dir(at.path().join("deep")).unwrap().count(), 0, "something was left behind");
    }
    hostile(&car, &[("good", None), ("link", Some("good"))]);
    assert_eq!(unpack(&car, "", &out).unwrap(), 1);
    let refused = unpack(&car, "", &out).unwrap_err().to_string();
    assert!(refused.contains("exists"), "{refused}");
}

#[test]
fn a_truncated_or_changed_car_and_a_bomb_are_refused() {
    let at = TempDir::new().unwrap();
    let (car, out) = (at.path().join("x.car"), at.path().join("out"));
    pack(&sample(at.path()), &car, Profile::default());
    let whole = fs::read(&car).unwrap();
    fs::write(&car, &whole[..whole.len() - 9]).unwrap();
    assert!(format!("{:#}", unpack(&car, "", &out).unwrap_err()).contains("truncated"));
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    fs::write(&car, changed).unwrap();
    assert!(format!("{:#}", unpack(&car, "", &out).unwrap_err()).contains("damaged or forged"));
    fs::write(&car, &whole).unwrap();
    let archive = Archive::open(&car).unwrap();
    let root = archive.root().unwrap();
    let refused = format!("{:#}", Unpacked::write(archive, root, &out, 1000).unwrap_err());
    assert!(refused.contains("--max-bytes"), "{refused}");
    assert!(!out.exists());
}

#[test]
fn an_exported_key_comes_back_and_age_tools_read_it() {
    let at = TempDir::new().unwrap();
    let path = at.path().join("content.key");
    let mut key = crate::home::ContentKey::open_or_make(&path, None).unwrap();
    key.rotate(None).unwrap();
    let text = super::keys::exported(&key).unwrap();
    let exported = at.path().join("export");
    fs::write(&exported, text.as_bytes()).unwrap();
    let (secret, newest) = super::keys::imported(&exported).unwrap();
    assert_eq!((secret.bytes(), newest), (key.secret.bytes(), 2));
    // Everything but the private keys is a comment to age.
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines, [key.secret.private_text(2).as_str(), key.secret.private_text(1).as_str()]);
    for text in ["", "AGE-SECRET-KEY-1X", "# adit-content-secret: 00 1", "# adit-content-secret: zz"] {
        fs::write(&exported, text).unwrap();
        assert!(super::keys::imported(&exported).is_err(), "{text}");
    }
    assert!(recipients(&["age1nobody".into()]).is_err());
}
