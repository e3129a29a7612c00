//! The packages for npm: the program for one machine, and the launcher that finds it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::{Value, json};

use super::{Machine, Release, tarball, write};

/// The launcher's name; those of the programs begin with it.
const NAME: &str = "adit-miner";
/// npm's packages lie in a folder of this name.
const FOLDER: &str = "package";

pub(super) fn make(release: &Release) -> Result<Vec<PathBuf>> {
    Ok(vec![program(release)?, launcher(release)?])
}

fn program(release: &Release) -> Result<PathBuf> {
    let name = of_machine(release.machine);
    let folder = release.stage("npm")?.join(&name);
    release.install_program(&folder.join("adit"))?;
    write(&folder.join("LICENSES-OF-PARTS.txt"), &release.licences)?;
    write(&folder.join("README.md"), "The program of the package adit-miner for one kind of machine.\n")?;
    let about = json!({
        "description": "The adit program, for the package adit-miner",
        "os": ["linux"],
        "cpu": [release.machine.node()],
        "libc": ["glibc"],
        // The launcher resolves this file, so the package needs no command.
        "exports": { "./adit": "./adit" },
    });
    finish(release, &folder, &name, about)
}

fn launcher(release: &Release) -> Result<PathBuf> {
    let folder = release.stage("npm")?.join(NAME);
    let source = "crates/native/packaging/npm";
    super::copy(&release.root.join(source).join("adit.js"), &folder.join("adit.js"), 0o755)?;
    release.copy(&format!("{source}/README.md"), &folder.join("README.md"))?;
    let machines = [Machine::X86_64, Machine::Aarch64];
    let programs: Value =
        machines.map(|machine| (of_machine(machine), Value::from(release.version.clone()))).into_iter().collect();
    let about = json!({
        "description": "Useful, verified work for the device you have: the native Adit miner, coordinator and tools",
        "type": "module",
        "bin": { NAME: "adit.js", "adit": "adit.js" },
        "engines": { "node": ">=20.19" },
        "optionalDependencies": programs,
    });
    finish(release, &folder, NAME, about)
}

fn of_machine(machine: Machine) -> String {
    format!("{NAME}-linux-{}", machine.node())
}

/// Adds what all packages have, and packs the folder.
fn finish(release: &Release, folder: &Path, name: &str, mut about: Value) -> Result<PathBuf> {
    about["name"] = name.into();
    about["version"] = release.version.clone().into();
    about["license"] = "MIT OR Apache-2.0".into();
    release.copy("LICENSE", &folder.join("LICENSE"))?;
    fs::write(folder.join("package.json"), format!("{about:#}\n"))?;
    let package = release.dist.join(format!("{name}-{}.tgz", release.version));
    tarball::pack(release, folder, FOLDER, &package)?;
    Ok(package)
}
