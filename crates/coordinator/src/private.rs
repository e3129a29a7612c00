//! Files and folders that only their owner may read.
//!
//! A mode is set again after creation, because the umask may have removed bits from it. On systems without modes, a file has
//! those of its folder.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// What anyone but the owner may do.
#[cfg(unix)]
const OTHERS: u32 = 0o077;

/// Creates a folder and its parents. Returns false if it exists already.
pub(crate) fn make_folder(path: &Path) -> io::Result<bool> {
    if path.is_dir() {
        return Ok(false);
    }
    let mut folder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
    folder.recursive(true).create(path)?;
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(true)
}

/// Creates a file, which must not exist.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

/// Writes a file. After a crash it is complete or as it was.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("part");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = create(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    rename(&draft, path)
}

/// Renames a file within its folder, durably.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_folder(to)
}

/// Syncs a file's folder, without which a new name may not survive a crash.
pub(crate) fn sync_folder(file: &Path) -> io::Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Whether others may do anything with a file or folder.
#[cfg(unix)]
pub(crate) fn is_open(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::metadata(path)?.permissions().mode() & OTHERS != 0)
}

#[cfg(not(unix))]
pub(crate) fn is_open(_: &Path) -> io::Result<bool> {
    Ok(false)
}

/// Removes the access of others to a file or folder. Returns whether they had any.
pub(crate) fn close(path: &Path) -> io::Result<bool> {
    if !is_open(path)? {
        return Ok(false);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(path)?.permissions().mode();
        fs::set_permissions(path, fs::Permissions::from_mode(mode & !OTHERS))?;
    }
    // Some file systems accept the call and change nothing.
    if is_open(path)? { Err(io::Error::other("the file system keeps the mode")) } else { Ok(true) }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn what_is_made_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (inner, file) = (folder.path().join("a/b"), folder.path().join("a/b/c"));
        assert!(make_folder(&inner).unwrap() && !make_folder(&inner).unwrap());
        write(&file, b"one").unwrap();
        assert_eq!((mode(&inner), mode(&file), fs::read(&file).unwrap()), (0o700, 0o600, b"one".to_vec()));
        // A draft that an earlier crash left open to everyone does not pass its mode on.
        fs::write(file.with_extension("part"), "torn").unwrap();
        fs::set_permissions(file.with_extension("part"), fs::Permissions::from_mode(0o666)).unwrap();
        write(&file, b"two").unwrap();
        assert_eq!((mode(&file), fs::read(&file).unwrap()), (0o600, b"two".to_vec()));
        assert!(create(&file).is_err());
    }

    #[test]
    fn what_is_open_to_others_is_closed_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        fs::write(&file, "").unwrap();
        for (before, after) in [(0o644, 0o600), (0o2750, 0o2700), (0o666, 0o600)] {
            fs::set_permissions(&file, fs::Permissions::from_mode(before)).unwrap();
            assert!(is_open(&file).unwrap() && close(&file).unwrap() && !close(&file).unwrap());
            assert_eq!(mode(&file), after);
        }
    }
}
