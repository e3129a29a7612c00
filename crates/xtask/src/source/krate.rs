//! A crate's files, and the file that a path refers to.

use std::path::Path;

use anyhow::Result;

use super::{Source, files, text};

/// The longest chain of re-exports to follow.
const MOST_HOPS: usize = 8;

/// A crate's sources below `src/`, without those that only tests compile.
pub(crate) struct Krate {
    /// Its folder below the repository's root.
    pub(crate) folder: String,
    pub(crate) sources: Vec<Source>,
}

/// Every crate of the checkout at `root`.
pub(crate) fn crates(root: &Path) -> Result<Vec<Krate>> {
    let files = files(root)?;
    let folders = files.iter().filter_map(|file| file.strip_suffix("/Cargo.toml"));
    folders.map(|folder| Krate::read(root, folder, &files)).collect()
}

impl Krate {
    fn read(root: &Path, folder: &str, files: &[String]) -> Result<Self> {
        let src = format!("{folder}/src/");
        let mut sources = Vec::new();
        for file in files {
            let Some(inner) = file.strip_prefix(&src).and_then(|inner| inner.strip_suffix(".rs")) else { continue };
            sources.push(Source::read(file, module(inner), &text(root, file)?)?);
        }
        Ok(Self::new(folder, sources))
    }

    /// A crate of these files; those under a module for tests are left out.
    pub(crate) fn new(folder: &str, mut sources: Vec<Source>) -> Self {
        let tests: Vec<_> = sources.iter().flat_map(|source| source.test_modules.clone()).collect();
        sources.retain(|source| !tests.iter().any(|test| source.module.starts_with(test)));
        Krate { folder: folder.to_owned(), sources }
    }

    /// The file that defines what a path names, re-exports followed.
    pub(crate) fn home(&self, path: &[String]) -> Option<&Source> {
        let mut path = path.to_vec();
        for _ in 0..MOST_HOPS {
            let source = self.longest(&path)?;
            let Some(name) = path.get(source.module.len()) else { return Some(source) };
            let Some((_, target)) = source.exports.iter().find(|(export, _)| export == name) else {
                return Some(source);
            };
            path = [target.as_slice(), &path[source.module.len() + 1..]].concat();
        }
        None
    }

    /// The file whose module is the longest beginning of the path.
    fn longest(&self, path: &[String]) -> Option<&Source> {
        let holds = self.sources.iter().filter(|source| path.starts_with(&source.module) && !source.is_program());
        holds.max_by_key(|source| source.module.len())
    }
}

impl Source {
    /// Whether it is the root of a program beside the library.
    fn is_program(&self) -> bool {
        self.module.is_empty() && !self.path.ends_with("/lib.rs") && !self.path.ends_with("/main.rs")
    }
}

/// `mining/http` → `["mining", "http"]`; roots have no name.
fn module(inner: &str) -> Vec<String> {
    match inner {
        "lib" | "main" => Vec::new(),
        _ if inner.starts_with("bin/") => Vec::new(),
        _ => inner.split('/').map(str::to_owned).collect(),
    }
}
