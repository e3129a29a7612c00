//! The operator's list of what pin_ecosystem_data pins: files, folders and patterns, as they were given at the start.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use adit_mcp::escape::escape_line;
use adit_mcp::{Code, ToolError};

/// The most files.
const MOST_FILES: usize = 1_000;
/// How deep a folder is looked into.
const MOST_DEPTH: usize = 16;
/// The longest name that is shown, in characters.
const MOST_CHARS: usize = 200;

/// The list.
#[derive(Clone, Debug, Default)]
pub(in crate::mcp) struct Files {
    /// What is pinned as it is.
    pub(in crate::mcp) plain: Vec<String>,
    /// What is sealed first.
    pub(in crate::mcp) sealed: Vec<String>,
}

/// A file of the list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Listed {
    pub(super) path: PathBuf,
    pub(super) name: String,
    pub(super) seal: bool,
}

impl fmt::Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.name, if self.seal { " (sealed)" } else { "" })
    }
}

impl Files {
    /// The files that are there now, in order. A file that both lists name is sealed. Links are left out, and so is what only
    /// a link leads to.
    pub(super) fn list(&self) -> Result<Vec<Listed>, ToolError> {
        let mut found = Vec::new();
        for (patterns, seal) in [(&self.sealed, true), (&self.plain, false)] {
            for pattern in patterns {
                expand(pattern, seal, &mut found)?;
            }
        }
        found.sort();
        found.dedup_by(|later, first| {
            let same = later.path == first.path;
            first.seal |= same && later.seal;
            same
        });
        Ok(found)
    }
}

fn expand(pattern: &str, seal: bool, found: &mut Vec<Listed>) -> Result<(), ToolError> {
    let wrong = |_| ToolError::new(Code::NotConfigured, "a pattern of the operator's list is malformed");
    let Ok(base) = base(Path::new(pattern)).canonicalize() else { return Ok(()) };
    for path in glob::glob(pattern).map_err(wrong)?.flatten() {
        add(&path, &base, seal, 0, found)?;
    }
    Ok(())
}

/// The part of a pattern before its first special character; all matches lie below it.
fn base(pattern: &Path) -> PathBuf {
    let is_plain = |part: &Component<'_>| !part.as_os_str().to_string_lossy().contains(['*', '?', '[']);
    let base: PathBuf = pattern.components().take_while(is_plain).collect();
    if base.as_os_str().is_empty() { PathBuf::from(".") } else { base }
}

fn add(path: &Path, base: &Path, seal: bool, depth: usize, found: &mut Vec<Listed>) -> Result<(), ToolError> {
    let (Ok(facts), Ok(real)) = (fs::symlink_metadata(path), path.canonicalize()) else { return Ok(()) };
    if facts.is_symlink() || !real.starts_with(base) || depth > MOST_DEPTH {
        return Ok(());
    }
    if facts.is_dir() {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            add(&entry.path(), base, seal, depth + 1, found)?;
        }
    } else if facts.is_file() {
        if found.len() == MOST_FILES {
            let message = format!("the operator's list names more than {MOST_FILES} files: they narrow it down");
            return Err(ToolError::new(Code::TooLarge, message));
        }
        let name = escape_line(&path.to_string_lossy(), MOST_CHARS);
        found.push(Listed { path: path.to_owned(), name, seal });
    }
    Ok(())
}

/// A file's bytes, unless it has become a link or is larger than `most`.
pub(super) fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    if fs::symlink_metadata(path)?.is_symlink() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_listed_and_no_link_out_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("reports/deep")).unwrap();
        for name in
            ["secret", "trade_log.txt", "reports/a.json", "reports/b.json", "reports/c.txt", "reports/deep/d.json"]
        {
            fs::write(at(name), name).unwrap();
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("secret"), at("reports/z.json")).unwrap();
            std::os::unix::fs::symlink(folder.path(), at("reports/up")).unwrap();
        }
        let pattern = |name: &str| at(name).to_str().unwrap().to_owned();
        let names = |files: Files| -> Vec<(String, bool)> {
            let strip =
                |listed: Listed| (listed.path.strip_prefix(folder.path()).unwrap().display().to_string(), listed.seal);
            files.list().unwrap().into_iter().map(strip).collect()
        };
        let some = Files { plain: vec![pattern("reports/*.json")], sealed: vec![pattern("trade_log.txt")] };
        let (a, b) = (("reports/a.json".to_owned(), false), ("reports/b.json".to_owned(), false));
        assert_eq!(names(some), [a, b, ("trade_log.txt".to_owned(), true)]);
        let whole = names(Files { plain: vec![pattern("reports")], sealed: vec![pattern("reports/a.json")] });
        assert_eq!(whole.len(), 4);
        assert!(whole[0].1, "a file of both lists is not sealed: {whole:?}");
        let nothing = Files { plain: vec![pattern("nothing/*"), pattern("none")], sealed: Vec::new() };
        assert!(names(nothing).is_empty());
        assert!(names(Files::default()).is_empty());
    }
}
