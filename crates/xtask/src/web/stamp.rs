//! Tells whether a build product is up to date.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::shell;

/// A file beside a product that holds the digest of its recipe and sources, then the sources' names.
pub(crate) struct Stamp {
    path: PathBuf,
    recipe: String,
}

impl Stamp {
    /// A stamp for a product made by `recipe`; the sources are given once it has been made.
    pub(crate) fn new(path: PathBuf, recipe: String) -> Self {
        Self { path, recipe }
    }

    /// Whether the product was made by this recipe and no source has changed since.
    pub(crate) fn is_fresh(&self) -> bool {
        let Ok(text) = fs::read_to_string(&self.path) else { return false };
        let mut lines = text.lines();
        let made_from = lines.next().unwrap_or_default();
        let sources: Vec<_> = lines.map(PathBuf::from).collect();
        self.digest(&sources).is_ok_and(|now| now == made_from)
    }

    pub(crate) fn write(&self, sources: &[PathBuf]) -> Result<()> {
        let mut text = self.digest(sources)?;
        for source in sources {
            text.push('\n');
            text.push_str(&source.to_string_lossy());
        }
        Ok(fs::write(&self.path, text)?)
    }

    fn digest(&self, sources: &[PathBuf]) -> Result<String> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.recipe.as_bytes());
        hasher.update(shell::capture(Command::new("rustc").arg("-vV"))?.as_bytes());
        for source in sources {
            hasher.update(source.as_os_str().as_encoded_bytes());
            hasher.update(blake3::hash(&fs::read(source)?).as_bytes());
        }
        Ok(hasher.finalize().to_string())
    }
}

/// All files under a folder in order, except those under the folders `but`.
pub(crate) fn files_under(folder: &Path, but: &[&str]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            if !but.iter().any(|name| entry.file_name() == *name) {
                files.extend(files_under(&entry.path(), but)?);
            }
        } else {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_fresh_until_recipe_or_source_change() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let source = folder.path().join("source");
        let path = folder.path().join(".stamp");
        fs::write(&source, "one")?;
        let stamp = Stamp::new(path.clone(), "recipe".to_owned());
        assert!(!stamp.is_fresh());
        stamp.write(std::slice::from_ref(&source))?;
        assert!(stamp.is_fresh());
        assert!(!Stamp::new(path, "another recipe".to_owned()).is_fresh());
        fs::write(&source, "two")?;
        assert!(!stamp.is_fresh());
        fs::remove_file(&source)?;
        assert!(!stamp.is_fresh());
        Ok(())
    }
}
