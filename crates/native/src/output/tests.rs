//! Each kind of place, and what is left of a result that did not arrive.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;

use super::*;

fn never() -> bool {
    panic!("a person was asked")
}

async fn put(output: &Output, text: &str) -> Result<u64> {
    let mut sink = output.open().await?;
    for byte in text.as_bytes().chunks(1) {
        sink.write(byte).await?;
    }
    sink.finish().await
}

fn refusal(named: &Path, force: bool) -> String {
    Output::check(named, force, || false).map_or_else(|error| format!("{error:#}"), |_| "nothing is wrong".into())
}

fn names(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path()).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).map_or(0, |found| found.permissions().mode() & 0o7777)
}

#[tokio::test]
async fn a_new_file_appears_whole_and_with_the_usual_mode() {
    let folder = TempDir::new().unwrap();
    let (path, usual) = (folder.path().join("C.npy"), folder.path().join("usual"));
    fs::write(&usual, "").unwrap();
    let output = Output::check(&path, false, never).unwrap();
    assert_eq!(names(&folder), ["usual"]);
    let mut sink = output.open().await.unwrap();
    sink.write(b"half").await.unwrap();
    assert!(!path.exists());
    drop(sink);
    assert_eq!(names(&folder), ["usual"]);
    assert_eq!(put(&output, "whole").await.unwrap(), 5);
    assert_eq!(
        (names(&folder), fs::read_to_string(&path).unwrap()),
        (vec!["C.npy".into(), "usual".into()], "whole".into())
    );
    assert_eq!(mode(&path), mode(&usual));
}

#[tokio::test]
async fn a_file_that_exists_is_replaced_by_force_or_by_a_yes_and_keeps_its_mode() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("C.npy");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    assert!(refusal(&path, false).ends_with("C.npy: it exists; --force replaces it"));
    for (force, text) in [(true, "new"), (false, "newer")] {
        let output = Output::check(&path, force, || true).unwrap();
        put(&output, text).await.unwrap();
        assert_eq!((fs::read_to_string(&path).unwrap().as_str(), mode(&path)), (text, 0o640));
    }
    assert_eq!(names(&folder), ["C.npy"]);
}

#[tokio::test]
async fn a_file_that_appears_meanwhile_is_left_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("C.npy");
    let output = Output::check(&path, false, never).unwrap();
    fs::write(&path, "another's").unwrap();
    assert!(format!("{:#}", put(&output, "ours").await.unwrap_err()).contains("by another program meanwhile"));
    assert_eq!((names(&folder), fs::read_to_string(&path).unwrap()), (vec!["C.npy".into()], "another's".into()));
}

#[tokio::test]
async fn a_link_stays_and_what_it_leads_to_is_written() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("real")).unwrap();
    let (first, second) = (folder.path().join("first"), folder.path().join("second"));
    symlink("second", &first).unwrap();
    symlink("real/C.npy", &second).unwrap();
    for (force, text) in [(false, "made"), (true, "replaced")] {
        put(&Output::check(&first, force, never).unwrap(), text).await.unwrap();
        assert_eq!(fs::read_to_string(folder.path().join("real/C.npy")).unwrap(), text);
        assert!(fs::read_link(&first).is_ok() && fs::read_link(&second).is_ok());
    }
    symlink("round", folder.path().join("round")).unwrap();
    assert!(refusal(&folder.path().join("round"), true).contains("more than 40 links"));
}

#[tokio::test]
async fn a_secret_is_for_its_owner_alone() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("key");
    let output = Output::check(&path, false, never).unwrap().secret();
    let mut sink = output.open().await.unwrap();
    sink.write(b"secret").await.unwrap();
    let draft = folder.path().join(&names(&folder)[0]);
    assert_eq!(mode(&draft), 0o600);
    sink.finish().await.unwrap();
    assert_eq!(mode(&path), 0o600);
    // A file that others may read is replaced by one that they may not.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    put(&Output::check(&path, true, never).unwrap().secret(), "again").await.unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[tokio::test]
async fn pipes_are_written_to_directly_and_through_links() {
    let folder = TempDir::new().unwrap();
    let (link, pipe) = (folder.path().join("link"), folder.path().join("pipe"));
    symlink("pipe", &link).unwrap();
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    for path in [&pipe, &link] {
        let output = Output::check(path, false, never).unwrap();
        let pipe = pipe.clone();
        let reader = std::thread::spawn(move || fs::read_to_string(pipe).unwrap());
        assert_eq!(put(&output, "through").await.unwrap(), 7);
        assert_eq!(reader.join().unwrap(), "through");
    }
    // A reader that goes away before it has everything.
    let output = Output::check(&pipe, false, never).unwrap();
    let reader = std::thread::spawn(move || drop(fs::File::open(pipe).unwrap()));
    let mut sink = output.open().await.unwrap();
    reader.join().unwrap();
    let written = match sink.write(b"much").await {
        Ok(()) => sink.finish().await.map(drop),
        Err(error) => Err(error),
    };
    let error = format!("{:#}", written.unwrap_err());
    assert!(error.contains("pipe: Broken pipe"), "{error}");
    assert_eq!(names(&folder), ["link", "pipe"]);
    assert!(Output::check(Path::new("-"), false, never).unwrap().is_standard());
}

/// Looks without writing: if this were wrong, a test that runs as root would replace the machine's devices.
#[test]
fn devices_are_never_replaced() {
    let folder = TempDir::new().unwrap();
    let link = folder.path().join("null");
    symlink("/dev/null", &link).unwrap();
    for path in [Path::new("/dev/null"), &link, Path::new("/dev/fd/1"), Path::new("/dev/stderr")] {
        assert!(matches!(To::find(path, true).unwrap(), To::Stream(_)), "{}", path.display());
    }
}

#[test]
fn what_cannot_work_is_said_before_the_job() {
    let folder = TempDir::new().unwrap();
    assert!(refusal(folder.path(), true).ends_with("is a folder: name a file in it"));
    assert!(refusal(&folder.path().join("none/C.npy"), true).contains("there is no folder"));
    assert!(refusal(&folder.path().join("none/"), true).ends_with("there is no such folder"));
    fs::write(folder.path().join("file"), "").unwrap();
    assert!(refusal(&folder.path().join("file/C.npy"), true).contains("file/C.npy"));
    let output = Output::check(&folder.path().join("C.npy"), false, never).unwrap();
    output.room_for(1).unwrap();
    assert!(
        format!("{:#}", output.room_for(u64::MAX).unwrap_err()).contains("the result takes 18446744073709551615 bytes")
    );
    assert_eq!(names(&folder), ["file"]);
}
