//! Targets of the Rust toolchain: from its sysroot, else from rustup, else, for wasm32, from Debian's compiler, which
//! builds the standard library from source.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::apt;
use crate::repo::Repo;
use crate::shell;

pub(crate) const WASM: &str = "wasm32-unknown-unknown";
pub(crate) const BARE_METAL: &str = "thumbv7em-none-eabi";

const DEBIAN_PACKAGES: &[&str] = &["rustc-web", "cargo-web", "rust-web-src", "lld-22"];
const DEBIAN_LINKER: &str = "wasm-ld-22";
const DEBIAN_BIN: &str = "/usr/bin";
const DEBIAN_SOURCES: &str = "/usr/lib/rustlib/src/rust/library/std";

/// Whether the current toolchain has the target installed.
pub(crate) fn has_target(repo: &Repo, target: &str) -> bool {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    shell::capture(rustc.current_dir(&repo.root).args(["--print", "sysroot"])).is_ok_and(|sysroot| {
        let libraries = Path::new(sysroot.trim()).join("lib/rustlib").join(target).join("lib");
        libraries.is_dir()
    })
}

pub(crate) fn add_target(target: &str) -> Result<()> {
    let added = match shell::find("rustup") {
        Some(rustup) => shell::run(Command::new(rustup).args(["target", "add", target])),
        None => Err(anyhow::anyhow!("cannot add {target}: there is no rustup")),
    };
    match added {
        Err(_) if target == WASM => apt::install(DEBIAN_PACKAGES),
        other => other,
    }
}

/// The toolchain that compiles for browsers.
pub(crate) enum WasmToolchain {
    /// The current one.
    Own,
    /// Debian's, which builds the standard library from source and has no clippy.
    Debian,
}

impl WasmToolchain {
    pub(crate) fn find(repo: &Repo) -> Result<Self> {
        if has_target(repo, WASM) {
            return Ok(Self::Own);
        }
        if shell::find(DEBIAN_LINKER).is_some() && Path::new(DEBIAN_SOURCES).exists() {
            return Ok(Self::Debian);
        }
        bail!("no toolchain on this machine can build for {WASM}: run `cargo xtask setup`")
    }

    /// A `cargo build` for the browser in the given profile.
    pub(crate) fn cargo_build(&self, repo: &Repo, profile: &str) -> Result<Command> {
        let mut command = match self {
            Self::Own => shell::cargo(repo),
            Self::Debian => debian_cargo(repo)?,
        };
        command.args(["build", "--target", WASM, "--profile", profile]);
        if matches!(self, Self::Debian) {
            command.arg("-Zbuild-std=std,panic_abort");
        }
        Ok(command)
    }
}

fn debian_cargo(repo: &Repo) -> Result<Command> {
    let program = |name: &str| -> Result<PathBuf> {
        let path = Path::new(DEBIAN_BIN).join(name);
        path.is_file().then_some(path).with_context(|| format!("Debian's {name} is not installed"))
    };
    let mut command = Command::new(program("cargo")?);
    command
        .current_dir(&repo.root)
        .env_remove("RUSTUP_TOOLCHAIN")
        .env("RUSTC", program("rustc")?)
        // -Zbuild-std is unstable, so the stable compiler needs this to accept it.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", DEBIAN_LINKER);
    Ok(command)
}
