//! The benchmarks' peers in Python, in an environment of their own below the target directory.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::repo::Repo;
use crate::shell;

/// Which interpreter the benchmarks ask for their peers.
pub(crate) const PYTHON: &str = "ADIT_PYTHON";
/// From PyPI; a new version of one makes a new environment.
const PACKAGES: [&str; 3] = ["numpy==2.4.6", "onnx==1.23.2", "onnxruntime==1.31.1"];

/// The interpreter that has them, made at first; none, said aloud, where there is no Python to make it with.
pub(crate) fn python(repo: &Repo) -> Result<Option<PathBuf>> {
    let folder = repo.target.join("peers").join(PACKAGES.join("-").replace("==", "_"));
    let python = folder.join("bin/python");
    let done = folder.join(".done");
    if done.is_file() {
        return Ok(Some(python));
    }
    if Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: numpy and onnxruntime, for there is no python3");
        return Ok(None);
    }
    println!("installing {} for comparison", PACKAGES.join(", "));
    shell::run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    shell::run(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(PACKAGES))?;
    std::fs::write(done, "")?;
    Ok(Some(python))
}
