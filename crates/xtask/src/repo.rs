//! Paths and packages of the checkout.

use std::path::PathBuf;

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};

/// The checkout in which the command runs.
pub(crate) struct Repo {
    pub(crate) root: PathBuf,
    /// Cargo's target directory, which may lie outside the checkout.
    pub(crate) target: PathBuf,
}

impl Repo {
    pub(crate) fn find() -> Result<Self> {
        let metadata = MetadataCommand::new().no_deps().exec().context("run this inside the repository")?;
        Ok(Self { root: metadata.workspace_root.into(), target: metadata.target_directory.into() })
    }

    /// The workspace's packages, with or without everything that they depend on.
    pub(crate) fn metadata(&self, dependencies: Dependencies) -> Result<Metadata> {
        let mut command = MetadataCommand::new();
        command.manifest_path(self.root.join("Cargo.toml"));
        if dependencies == Dependencies::Without {
            command.no_deps();
        }
        Ok(command.exec()?)
    }

    /// The folder of a built web package.
    pub(crate) fn pkg(&self, package: &str) -> PathBuf {
        self.root.join("pkg").join(package)
    }

    /// The built page.
    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("www/dist")
    }

    /// The built browser extension, a folder and an archive for each browser.
    pub(crate) fn extension(&self) -> PathBuf {
        self.root.join("www/extension/dist")
    }
}

#[derive(PartialEq)]
pub(crate) enum Dependencies {
    With,
    Without,
}
