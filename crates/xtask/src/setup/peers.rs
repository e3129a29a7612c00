//! The benchmarks' Python peers, in a virtual environment below the target directory.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::repo::Repo;
use crate::shell;

/// The variable that names the interpreter with the peers.
pub(crate) const PYTHON: &str = "ADIT_PYTHON";
/// Packages from PyPI. A change of a version makes a new environment.
const PACKAGES: [&str; 3] = ["numpy==2.4.6", "onnx==1.23.2", "onnxruntime==1.31.1"];

/// The interpreter with the peers, set up at the first call. `None`, with a message, where there is no Python.
pub(crate) fn python(repo: &Repo) -> Result<Option<PathBuf>> {
    let folder = repo.target.join("peers").join(PACKAGES.join("-").replace("==", "_"));
    let python = folder.join("bin/python");
    let done = folder.join(".done");
    if done.is_file() {
        return Ok(Some(python));
    }
    if Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: numpy and onnxruntime, because there is no python3");
        return Ok(None);
    }
    println!("installing {} for comparison", PACKAGES.join(", "));
    shell::run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    shell::run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PACKAGES))?;
    std::fs::write(done, "")?;
    Ok(Some(python))
}
