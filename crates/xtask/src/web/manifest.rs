//! wasm-pack.toml.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::sizes;
use crate::repo::Repo;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// The crate that all packages are made of.
    #[serde(rename = "crate")]
    pub(crate) krate: String,
    pub(crate) profile: String,
    #[serde(rename = "package")]
    pub(crate) packages: BTreeMap<String, Package>,
    /// Built for benchmarks only.
    #[serde(rename = "benchmark", default)]
    pub(crate) benchmarks: BTreeMap<String, Package>,
    pub(crate) page: Page,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(crate) struct Package {
    pub(crate) features: Vec<String>,
    #[serde(default)]
    pub(crate) target_features: Vec<String>,
    pub(crate) optimize: String,
    /// A package that is shipped has one: nothing weighs 0.
    #[serde(default)]
    pub(crate) budget_kb_gzip: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    pub(crate) budget_kb_gzip: u64,
    /// Beginnings of the names of files that are fetched after mining has begun, if at all.
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
    /// The cargo arguments that choose this package's share of the crate.
    pub(crate) fn cargo_args(&self, krate: &str) -> [String; 5] {
        let [package, plain, chosen] = ["--package", "--no-default-features", "--features"];
        [package.into(), krate.into(), plain.into(), chosen.into(), self.features.join(",")]
    }

    /// The compiler flags that the target features ask for, one that shortens the libraries' paths, for every panic names
    /// its file and nobody else's machine has ours, [`WHOLE_ADDRESSES`] and [`HALF_WORDS`].
    pub(crate) fn rustflags(&self) -> String {
        let flag = |feature: &String| format!("-Ctarget-feature=+{feature}");
        let features = self.target_features.iter().map(flag).chain([WHOLE_ADDRESSES.into(), HALF_WORDS.into()]);
        features.chain(short_paths()).collect::<Vec<_>>().join(" ")
    }
}

/// LLVM's loop strength reduction takes the constant offsets out of loads, and every load in a kernel's loop gets an addition
/// of its own. Without it, the int8 tile does 94 Gop/s instead of 86, the f32 tile 48 GFLOP/s instead of 43.
const WHOLE_ADDRESSES: &str = "-Cllvm-args=-disable-lsr";

/// k256 takes WebAssembly for a machine of 64 bits, whose products have 128. It has no such instruction: half of the time of a
/// signature went into calls that put them together (crate cpubits, "Overriding the selection result").
const HALF_WORDS: &str = "--cfg=cpubits=\"32\"";

/// None where the folder's name has a space: flags are parted by spaces.
fn short_paths() -> Option<String> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo")))?;
    let index = fs::read_dir(home.join("registry/src")).ok()?.find_map(Result::ok)?.path();
    let flag = format!("--remap-path-prefix={}=", index.display());
    (!flag.contains(' ')).then_some(flag)
}

impl Page {
    /// Whether a file of www/dist is fetched before the page mines.
    pub(crate) fn is_first_load(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        sizes::is_sent(path) && !self.later.iter().any(|beginning| name.starts_with(beginning))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(later: &[&str]) -> Page {
        Page { budget_kb_gzip: 1, later: later.iter().map(|&word| word.to_owned()).collect() }
    }

    #[test]
    fn what_is_not_named_as_later_counts() {
        let page = page(&["gpu"]);
        assert!(page.is_first_load(Path::new("dist/index.html")));
        assert!(page.is_first_load(Path::new("dist/assets/control_bg-1.wasm")));
        assert!(!page.is_first_load(Path::new("dist/assets/gpu_bg-1.wasm")));
        assert!(!page.is_first_load(Path::new("dist/.stamp")));
    }

    #[test]
    fn an_unknown_key_is_refused() {
        let text = "crate='a'\nprofile='web'\n[package.a]\nfeatures=[]\noptimise='-Os'";
        assert!(toml::from_str::<Manifest>(text).is_err());
    }
}
