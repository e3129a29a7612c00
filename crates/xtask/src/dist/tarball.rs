//! The tarball: one folder with the program and its documents.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{Profile, Release, write};

pub(super) fn make(release: &Release) -> Result<PathBuf> {
    let name = format!("adit-{}-{}-linux", release.version, release.machine.name());
    let folder = release.stage("tarball")?.join(&name);
    release.install_program(&folder.join("adit"))?;
    release.copy("README.md", &folder.join("README.md"))?;
    release.copy("LICENSE", &folder.join("LICENSE"))?;
    for file in ["README.md", "adit.toml", "adit.service", "adit-mine.service"] {
        release.copy(&format!("crates/native/packaging/{file}"), &folder.join("packaging").join(file))?;
    }
    write(&folder.join("LICENSES-OF-PARTS.txt"), &release.licences)?;
    let shells = folder.join("completions");
    let completions = [("bash", "adit.bash"), ("zsh", "_adit"), ("fish", "adit.fish")];
    release.documents(&folder.join("man"), &completions.map(|(shell, file)| (shell, shells.join(file))))?;
    let tarball = release.dist.join(format!("{name}.tar.gz"));
    pack(release, &folder, &name, &tarball)?;
    Ok(tarball)
}

/// Packs a folder under another name. Files belong to root, and the same content gives the same bytes.
pub(super) fn pack(release: &Release, folder: &Path, name: &str, tarball: &Path) -> Result<()> {
    let level = if release.profile == Profile::Ci { Compression::fast() } else { Compression::best() };
    let mut tar = tar::Builder::new(GzEncoder::new(File::create(tarball)?, level));
    tar.mode(tar::HeaderMode::Deterministic);
    tar.append_dir_all(name, folder).with_context(|| folder.display().to_string())?;
    tar.into_inner()?.finish()?;
    Ok(())
}
