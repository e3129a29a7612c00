//! Python peers of benchmarks and tests, in virtual environments below the target directory.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::repo::Repo;
use crate::shell;

/// The variable that names the interpreter with the peers.
pub(crate) const PYTHON: &str = "ADIT_PYTHON";
/// The variable that names the interpreter with Flask.
pub(crate) const FLASK: &str = "ADIT_FLASK";
/// The variable that names the interpreter with RustChain's own miner.
pub(crate) const CLAWRTC: &str = "ADIT_CLAWRTC";
/// Packages from PyPI. A change of a version makes a new environment.
const PACKAGES: [&str; 3] = ["numpy==2.4.6", "onnx==1.23.2", "onnxruntime==1.31.1"];
/// What the original pool proxy serves with.
const SERVER: [&str; 1] = ["flask==3.1.3"];
/// RustChain's miner, and what it runs with once it has installed itself.
const MINER: [&str; 2] = ["clawrtc==1.9.0", "requests==2.34.2"];

/// The interpreter with the peers, set up at the first call. `None`, with a message, where there is no Python.
pub(crate) fn python(repo: &Repo) -> Result<Option<PathBuf>> {
    compared(repo, &PACKAGES)
}

/// The interpreter with Flask, set up at the first call. `None`, with a message, where there is no Python.
pub(crate) fn flask(repo: &Repo) -> Result<Option<PathBuf>> {
    compared(repo, &SERVER)
}

fn compared(repo: &Repo, packages: &[&str]) -> Result<Option<PathBuf>> {
    if let Some(python) = installed(repo, packages) {
        return Ok(Some(python));
    }
    let names = packages.join(", ");
    if Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: {names}, because there is no python3");
        return Ok(None);
    }
    println!("installing {names} for comparison");
    install(repo, packages)?;
    Ok(installed(repo, packages))
}

/// The interpreter with RustChain's miner, if it is set up.
pub(crate) fn clawrtc(repo: &Repo) -> Option<PathBuf> {
    installed(repo, &MINER)
}

/// Sets RustChain's miner up.
pub(crate) fn install_clawrtc(repo: &Repo) -> Result<()> {
    install(repo, &MINER)
}

fn folder(repo: &Repo, packages: &[&str]) -> PathBuf {
    repo.target.join("peers").join(packages.join("-").replace("==", "_"))
}

fn installed(repo: &Repo, packages: &[&str]) -> Option<PathBuf> {
    let folder = folder(repo, packages);
    folder.join(".done").is_file().then(|| folder.join("bin/python"))
}

fn install(repo: &Repo, packages: &[&str]) -> Result<()> {
    let folder = folder(repo, packages);
    shell::run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    let pip = ["-m", "pip", "install", "--quiet"];
    shell::run(Command::new(folder.join("bin/python")).args(pip).args(packages))?;
    std::fs::write(folder.join(".done"), "")?;
    Ok(())
}
