//! `cargo xtask dist`: makes what people download, in target/dist.

mod debian;
mod elf;
mod licences;
mod node;
mod tarball;
mod trial;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use sha2::{Digest, Sha256};

use crate::repo::{Dependencies, Repo};
use crate::setup::rust;
use crate::{setup, shell, web};

pub(crate) use trial::try_all;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// The build profile; ci builds fast and is for tests only
    #[arg(long, value_enum, default_value_t = Profile::Release)]
    profile: Profile,
    /// The machine to build for
    #[arg(long, value_enum, default_value_t = Machine::X86_64)]
    machine: Machine,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Profile {
    Release,
    Ci,
}

/// A machine that we build packages for, with its name in each kind of package.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
enum Machine {
    #[value(name = "x86_64")]
    X86_64,
    Aarch64,
}

impl Machine {
    fn triple(self) -> &'static str {
        match self {
            Machine::X86_64 => "x86_64-unknown-linux-gnu",
            Machine::Aarch64 => "aarch64-unknown-linux-gnu",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Machine::X86_64 => "x86_64",
            Machine::Aarch64 => "aarch64",
        }
    }

    fn debian(self) -> &'static str {
        match self {
            Machine::X86_64 => "amd64",
            Machine::Aarch64 => "arm64",
        }
    }

    fn node(self) -> &'static str {
        match self {
            Machine::X86_64 => "x64",
            Machine::Aarch64 => "arm64",
        }
    }
}

/// The parts that every package contains.
struct Release {
    program: PathBuf,
    /// A program that runs on this machine, to print manual pages and systemd units.
    here: PathBuf,
    version: String,
    machine: Machine,
    profile: Profile,
    /// The folder with the finished packages.
    dist: PathBuf,
    /// The checkout.
    root: PathBuf,
    /// The licences of the program's parts, with their texts.
    licences: String,
}

/// The finished packages.
pub(crate) struct Packages {
    tarball: PathBuf,
    debian: PathBuf,
    node: Vec<PathBuf>,
    dist: PathBuf,
}

pub(crate) fn run(repo: &Repo, args: &Args) -> Result<()> {
    setup::minimal(repo)?;
    web::run(repo)?;
    let (here, program) = build(repo, args)?;
    let packages = make(repo, here, program, args.machine, args.profile)?;
    for file in packages.files() {
        println!("{:>10} kB  {}", fs::metadata(file)?.len() / 1_000, file.display());
    }
    Ok(())
}

/// Makes packages of a program that was built for tests.
pub(crate) fn of_tests(repo: &Repo, program: PathBuf) -> Result<Packages> {
    make(repo, program.clone(), program, Machine::X86_64, Profile::Ci)
}

/// Builds a program that runs on this machine, and the one to package.
fn build(repo: &Repo, args: &Args) -> Result<(PathBuf, PathBuf)> {
    let profile = if args.profile == Profile::Ci { "ci" } else { "release" };
    let build = |target: Option<&str>| {
        let mut command = shell::cargo(repo);
        command.args(["build", "--locked", "--profile", profile, "--package", "adit-native"]);
        if let Some(target) = target {
            command.args(["--target", target]);
        }
        if target == Some(Machine::Aarch64.triple()) {
            let gcc = "aarch64-linux-gnu-gcc";
            command.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", gcc).env("CC_aarch64_unknown_linux_gnu", gcc);
        }
        shell::run(&mut command)?;
        Ok::<_, anyhow::Error>(repo.target.join(target.unwrap_or_default()).join(profile).join("adit"))
    };
    let here = build(None)?;
    let is_here = args.machine.name() == std::env::consts::ARCH;
    if is_here {
        return Ok((here.clone(), here));
    }
    let triple = args.machine.triple();
    ensure!(rust::has_target(repo, triple), "Rust's library for {triple} is missing: `rustup target add {triple}`");
    Ok((here, build(Some(triple))?))
}

fn make(repo: &Repo, here: PathBuf, program: PathBuf, machine: Machine, profile: Profile) -> Result<Packages> {
    elf::check(&program)?;
    let metadata = repo.metadata(Dependencies::With)?;
    let native = metadata.workspace_packages().into_iter().find(|package| package.name == "adit-native");
    let version = native.context("there is no adit-native")?.version.to_string();
    let dist = repo.target.join("dist");
    if dist.exists() {
        fs::remove_dir_all(&dist)?;
    }
    fs::create_dir_all(&dist)?;
    let licences = licences::text(repo, &metadata)?;
    let release = Release { program, here, version, machine, profile, dist, root: repo.root.clone(), licences };
    let packages = Packages {
        tarball: tarball::make(&release)?,
        debian: debian::make(&release)?,
        node: node::make(&release)?,
        dist: release.dist.clone(),
    };
    packages.sum_up()?;
    Ok(packages)
}

impl Packages {
    fn files(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.tarball, &self.debian].into_iter().chain(&self.node)
    }

    /// Writes the digests, as `sha256sum --check` reads them.
    fn sum_up(&self) -> Result<()> {
        let mut text = String::new();
        for file in self.files() {
            let digest = Sha256::digest(fs::read(file)?);
            let name = file.file_name().context("a package without a name")?.to_string_lossy();
            text.push_str(&format!("{}  {name}\n", hex::encode(digest)));
        }
        Ok(fs::write(self.dist.join("SHA256SUMS"), text)?)
    }
}

impl Release {
    /// Makes a new folder for a package's parts.
    fn stage(&self, name: &str) -> Result<PathBuf> {
        let folder = self.dist.join("parts").join(name);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    /// Copies a file of the checkout.
    fn copy(&self, from: &str, to: &Path) -> Result<()> {
        copy(&self.root.join(from), to, 0o644)
    }

    fn install_program(&self, to: &Path) -> Result<()> {
        copy(&self.program, to, 0o755)
    }

    /// What the program prints if called with `words`.
    fn says(&self, words: &[&str]) -> Result<String> {
        shell::capture(Command::new(&self.here).args(words))
    }

    /// Writes the manual pages to the folder `man`, and the completions of each shell to its path.
    fn documents(&self, man: &Path, completions: &[(&str, PathBuf)]) -> Result<()> {
        let folder = man.to_str().context("a path that is not UTF-8")?;
        self.says(&["man", folder])?;
        for (shell, path) in completions {
            write(path, &self.says(&["completions", shell])?)?;
        }
        Ok(())
    }
}

fn copy(from: &Path, to: &Path, mode: u32) -> Result<()> {
    parent(to)?;
    fs::copy(from, to).with_context(|| from.display().to_string())?;
    set_mode(to, mode)
}

fn write(path: &Path, text: &str) -> Result<()> {
    parent(path)?;
    fs::write(path, text).with_context(|| path.display().to_string())?;
    set_mode(path, 0o644)
}

fn parent(path: &Path) -> Result<()> {
    let Some(folder) = path.parent() else { bail!("{} has no folder", path.display()) };
    Ok(fs::create_dir_all(folder)?)
}

/// Sets the mode that a file has in its package.
fn set_mode(path: &Path, mode: u32) -> Result<()> {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    #[cfg(not(unix))]
    ensure!(mode == 0o644, "{}: packages are made on Linux", path.display());
    Ok(())
}
