//! Reads wasm-pack.toml: which web packages exist, how to build them, and their size budgets.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::sizes;
use crate::repo::Repo;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// The crate from which all packages are built.
    #[serde(rename = "crate")]
    pub(crate) krate: String,
    pub(crate) profile: String,
    #[serde(rename = "package")]
    pub(crate) packages: BTreeMap<String, Package>,
    /// Packages for benchmarks only.
    #[serde(rename = "benchmark", default)]
    pub(crate) benchmarks: BTreeMap<String, Package>,
    /// Folders under www/dist/assets.
    #[serde(rename = "bundle")]
    pub(crate) bundles: BTreeMap<String, Bundle>,
    /// The scripts and pages of the browser extension.
    pub(crate) extension: Bundle,
    pub(crate) first_load: FirstLoad,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Package {
    pub(crate) features: Vec<String>,
    #[serde(default)]
    pub(crate) target_features: Vec<String>,
    pub(crate) optimize: String,
    /// 0 where the file gives none, as for benchmarks: a shipped package then fails the check.
    #[serde(default)]
    pub(crate) budget_kb_gzip: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bundle {
    pub(crate) budget_kb_gzip: u64,
}

/// What the page fetches before it mines.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FirstLoad {
    pub(crate) budget_kb_brotli: u64,
    /// The beginnings of the names of all files and folders that are fetched later.
    later: Vec<String>,
}

impl Manifest {
    pub(crate) fn read(repo: &Repo) -> Result<Self> {
        let path = repo.root.join("wasm-pack.toml");
        let text = fs::read_to_string(&path).context("wasm-pack.toml")?;
        toml::from_str(&text).context("wasm-pack.toml")
    }
}

impl Package {
    /// The arguments with which cargo builds this package.
    pub(crate) fn cargo_args(&self, krate: &str) -> [String; 5] {
        let [package, plain, chosen] = ["--package", "--no-default-features", "--features"];
        [package.into(), krate.into(), plain.into(), chosen.into(), self.features.join(",")]
    }

    /// The compiler flags: target features, [`WHOLE_ADDRESSES`], [`HALF_WORDS`], and one that strips the home directory
    /// from the file names in panics.
    pub(crate) fn rustflags(&self) -> String {
        let flag = |feature: &String| format!("-Ctarget-feature=+{feature}");
        let features = self.target_features.iter().map(flag).chain([WHOLE_ADDRESSES.into(), HALF_WORDS.into()]);
        features.chain(short_paths()).collect::<Vec<_>>().join(" ")
    }
}

/// Turns off LLVM's loop strength reduction, which moves constant offsets out of loads and so adds an addition to each.
/// Without it the int8 tile reaches 94 Gop/s instead of 86, the f32 tile 48 GFLOP/s instead of 43.
const WHOLE_ADDRESSES: &str = "-Cllvm-args=-disable-lsr";

/// Makes k256 use 32-bit words. By default it multiplies into 128 bits, which WebAssembly has to emulate: half the time
/// of a signature (crate cpubits, "Overriding the selection result").
const HALF_WORDS: &str = "--cfg=cpubits=\"32\"";

/// The flag that shortens paths; `None` if the path has a space, because spaces separate flags.
fn short_paths() -> Option<String> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")))?;
    let index = fs::read_dir(home.join("registry/src")).ok()?.find_map(Result::ok)?.path();
    let flag = format!("--remap-path-prefix={}=", index.display());
    (!flag.contains(' ')).then_some(flag)
}

impl FirstLoad {
    /// Whether a file belongs to this bundle; `path` begins at www/dist.
    pub(crate) fn has(&self, path: &Path) -> bool {
        let is_later = |name: &OsStr| self.later.iter().any(|beginning| name.to_string_lossy().starts_with(beginning));
        sizes::is_sent(path) && !path.iter().any(is_later)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_not_listed_as_later_count() {
        let first_load = FirstLoad { budget_kb_brotli: 1, later: vec!["gpu".to_owned()] };
        assert!(first_load.has(Path::new("index.html")));
        assert!(first_load.has(Path::new("assets/worker/control_bg-1.wasm")));
        for later in ["assets/worker/gpu_bg-1.wasm", "assets/gpu/index-1.js", ".stamp"] {
            assert!(!first_load.has(Path::new(later)), "{later}");
        }
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let text = "crate='a'\nprofile='web'\n[package.a]\nfeatures=[]\noptimise='-Os'";
        assert!(toml::from_str::<Manifest>(text).is_err());
    }
}
