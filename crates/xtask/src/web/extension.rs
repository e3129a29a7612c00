//! Packs the browser extension: for each browser a folder, which it loads, and an archive of that, which its makers sign.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::stamp::files_under;
use crate::repo::Repo;
use crate::setup::npm;
use crate::shell;

/// Each has a manifest in www/extension/manifest, and a folder in www/extension/dist.
pub(crate) const BROWSERS: [&str; 2] = ["chromium", "firefox"];

/// Files that the extension shares with the page.
const SHARED: [&str; 2] = ["www/page/public/icon-192.png", "LICENSE"];

/// Writes www/extension/dist.
pub(crate) fn build(repo: &Repo) -> Result<()> {
    let dist = repo.extension();
    if dist.exists() {
        fs::remove_dir_all(&dist)?;
    }
    for browser in BROWSERS {
        build_for(repo, browser)?;
    }
    Ok(())
}

fn build_for(repo: &Repo, browser: &str) -> Result<()> {
    shell::run(npm::tool(repo, "vite").args(["build", "www/extension", "--mode", browser, "--logLevel", "warn"]))?;
    let folder = repo.extension().join(browser);
    for shared in SHARED {
        let name = Path::new(shared).file_name().context("a file")?;
        fs::copy(repo.root.join(shared), folder.join(name))?;
    }
    let manifest = fs::read_to_string(repo.root.join(format!("www/extension/manifest/{browser}.json")))?;
    fs::write(folder.join("manifest.json"), versioned(&manifest)?)?;
    pack(&folder, &repo.extension().join(format!("adit-{browser}.zip")))
}

/// The manifest with the version of this workspace.
fn versioned(manifest: &str) -> Result<String> {
    let mut manifest: Value = serde_json::from_str(manifest)?;
    manifest["version"] = env!("CARGO_PKG_VERSION").into();
    Ok(serde_json::to_string_pretty(&manifest)?)
}

/// Writes an archive that depends on names and contents alone.
fn pack(folder: &Path, archive: &Path) -> Result<()> {
    let mut zip = ZipWriter::new(File::create(archive)?);
    // Without a time it is 1980.
    let how = SimpleFileOptions::default().unix_permissions(0o644);
    for file in files_under(folder, &[])? {
        let parts = file.strip_prefix(folder)?.iter().map(|part| part.to_string_lossy());
        zip.start_file(parts.collect::<Vec<_>>().join("/"), how)?;
        zip.write_all(&fs::read(&file)?)?;
    }
    zip.finish()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_depends_on_names_and_contents_alone() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let [files, one, two] = ["files", "one.zip", "two.zip"].map(|name| folder.path().join(name));
        fs::create_dir_all(files.join("inner"))?;
        fs::write(files.join("manifest.json"), versioned("{\"name\": \"a\"}")?)?;
        fs::write(files.join("inner/b.js"), "b")?;
        pack(&files, &one)?;
        fs::write(files.join("inner/b.js"), "b")?;
        pack(&files, &two)?;
        assert_eq!(fs::read(&one)?, fs::read(&two)?);
        let mut archive = zip::ZipArchive::new(File::open(&one)?)?;
        assert!(archive.by_name("inner/b.js").is_ok());
        let manifest: Value = serde_json::from_reader(archive.by_name("manifest.json")?)?;
        assert_eq!(manifest["version"], env!("CARGO_PKG_VERSION"));
        Ok(())
    }
}
