//! Names in folders, and paths made of them. A name that a stranger chose must not lead out of the folder it is written to.

use std::fmt;

use crate::cid::{self, Cid, CidError};

/// The longest name, in bytes: the limit of common file systems.
pub const MAX_NAME_BYTES: usize = 255;
/// The longest path that is read, in bytes.
const MAX_PATH_BYTES: usize = 8 << 10;

/// Why a name is not allowed in a folder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is no name of a file: {why}", Shown(.name))]
pub struct NameError {
    name: String,
    why: &'static str,
}

/// Checks that a name can only refer to an entry of its own folder.
pub fn check_name(name: &str) -> Result<(), NameError> {
    let why = match name {
        "" => "it is empty",
        "." | ".." => "it leads out of the folder",
        _ if name.contains('/') => "it holds a slash",
        _ if name.contains('\0') => "it holds a zero byte",
        _ if name.len() > MAX_NAME_BYTES => "it is longer than 255 bytes",
        _ => return Ok(()),
    };
    Err(NameError { name: name.to_owned(), why })
}

/// Shows a stranger's text in a message: shortened, quoted, and with control characters escaped.
pub(crate) struct Shown<'a>(pub(crate) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MAX_CHARS: usize = 60;
        let short: String = self.0.chars().take(MAX_CHARS).collect();
        write!(f, "{short:?}{}", if short.len() < self.0.len() { "…" } else { "" })
    }
}

/// A root, and the names that lead from it to something below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentPath {
    /// Where the path begins.
    pub root: Cid,
    /// The names after it.
    pub names: Vec<String>,
}

impl From<Cid> for ContentPath {
    fn from(root: Cid) -> Self {
        ContentPath { root, names: Vec::new() }
    }
}

/// Why a text is not a path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It is too long.
    #[error("the path is longer than {MAX_PATH_BYTES} bytes")]
    Long,
    /// It does not begin with an identifier.
    #[error(transparent)]
    Root(#[from] CidError),
}

impl std::str::FromStr for ContentPath {
    type Err = PathError;

    /// Reads `CID`, `CID/name/…`, `/ipfs/CID/…` and `ipfs://CID/…`. `..` goes up, but never above the root.
    fn from_str(text: &str) -> Result<Self, PathError> {
        if text.len() > MAX_PATH_BYTES {
            return Err(PathError::Long);
        }
        let text = ["ipfs://", "/ipfs/"].iter().find_map(|start| text.strip_prefix(start)).unwrap_or(text);
        let (root, rest) = text.split_once('/').unwrap_or((text, ""));
        Ok(ContentPath { root: cid::parse(root)?, names: names(rest) })
    }
}

/// The names of a path below a root.
pub fn names(path: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()),
            name => names.push(name.to_owned()),
        }
    }
    names
}

/// Whether a symbolic link, `depth` folders below the folder that is written, stays in it. Nothing outside may be reached
/// through it, even by way of another link, so only relative targets pass, with `..` only at their beginning.
pub fn stays_inside(target: &str, depth: usize) -> bool {
    let up = target.split('/').take_while(|name| *name == "..").count();
    let mut rest = target.split('/').skip(up);
    !target.is_empty() && !target.contains(['\0', '\\']) && up <= depth && rest.all(|name| !matches!(name, "" | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_refused_with_a_sentence() {
        for name in ["", ".", "..", "a/b", "/", "a\0b", &"x".repeat(256), &"y".repeat(64 << 10)] {
            let refused = check_name(name).unwrap_err().to_string();
            assert!(refused.contains("is no name of a file: ") && refused.len() < 300, "{refused}");
        }
        for name in ["a", "...", ".git", "ż", "a b", "%2f", &"x".repeat(255)] {
            assert_eq!(check_name(name), Ok(()));
        }
    }

    #[test]
    fn a_path_never_goes_above_its_root() {
        let root = "bafkqaaa";
        let path = |text: String| text.parse::<ContentPath>().map(|path| path.names);
        assert_eq!(path(format!("/ipfs/{root}/a//b/./c")), Ok(vec!["a".into(), "b".into(), "c".into()]));
        assert_eq!(path(format!("ipfs://{root}/a/../../../b")), Ok(vec!["b".into()]));
        assert_eq!(path(root.into()), Ok(vec![]));
        assert!(path(format!("../{root}")).is_err());
        assert_eq!(path("a".repeat(9000)), Err(PathError::Long));
    }

    #[test]
    fn links_that_lead_out_are_told_from_links_that_do_not() {
        for (target, depth) in [("foo", 0), ("a/b", 0), ("../a", 1), ("../../a", 2), ("..", 1)] {
            assert!(stays_inside(target, depth), "{target}");
        }
        for (target, depth) in [("", 1), ("/etc/passwd", 9), ("../a", 0), ("a/../../b", 1), ("a/..", 3), ("..\\..", 1)]
        {
            assert!(!stays_inside(target, depth), "{target}");
        }
    }
}
