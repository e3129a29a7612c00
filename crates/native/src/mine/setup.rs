//! What a miner is started with: its flags, and the configuration that they make.

use std::path::PathBuf;

use adit_core::PublicKey;
use adit_miner::machine::{Choice, Config, Device, default_contributor};
use anyhow::{Result, ensure};

use super::when::When;
use crate::home::{KeyFile, Known};
use crate::server::{DEFAULT_SERVER, Sources};

/// Who mines, where, with what, and when.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Setup {
    /// The coordinator to mine for
    #[arg(long, value_name = "URL", env = "ADIT_SERVER", default_value = DEFAULT_SERVER)]
    pub(crate) server: String,
    /// Your miner's id [default: derived from the key]
    #[arg(long)]
    pub(super) id: Option<String>,
    /// Cores to compute on, with a lane each, from 0 for none up to those of this machine; more count as all of them
    /// [default: all]
    #[arg(long, value_name = "N")]
    pub(super) cpu: Option<usize>,
    /// The graphics adapter's memory in MB, from 0 to 16777216, for display only
    #[arg(long, value_name = "MB", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=16_777_216))]
    pub(super) gpu_mem: u32,
    /// The graphics adapter's model, for display only
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(super) gpu_model: String,
    /// Whether to compute on a graphics adapter: if it is faster than a core, never, or on an emulated one for tests
    #[arg(long, value_enum, default_value_t = Gpu::Auto)]
    pub(super) gpu: Gpu,
    /// The miner's key file, created on first use; set ADIT_PASSPHRASE to encrypt it
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// An EVM address (0x and 40 hex digits) for rewards, instead of the key's own account
    #[arg(long, value_name = "ADDRESS")]
    pub(super) payout: Option<String>,
    /// The coordinator's public key; any other is refused [default: the first one seen, except on loopback]
    #[arg(long, value_name = "HEX")]
    pub(crate) coordinator_key: Option<PublicKey>,
    #[command(flatten)]
    pub(crate) sources: Sources,
    /// Stop after this many verdicts, at least 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) max_units: Option<u64>,
    /// Work only for jobs whose work and result are open to everybody
    #[arg(long)]
    open_source: bool,
    /// Work only for the job with this number, from 1 on
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    job: Option<u64>,
    #[command(flatten)]
    pub(super) when: When,
}

/// Whether to compute on a graphics adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Gpu {
    /// If it is faster than one core
    Auto,
    /// Never
    Off,
    /// On an adapter that the processor emulates, whatever its speed: for tests
    Software,
}

impl Setup {
    /// The configuration of a miner with this key, which asks these gateways for input blocks before the coordinator.
    pub(super) fn config(&self, key: &KeyFile, known: &Known, gateways: &[String]) -> Result<Config> {
        let server = self.server.trim_end_matches('/');
        let has_scheme = server.starts_with("http://") || server.starts_with("https://");
        ensure!(has_scheme, "{server} is not an address: write it as {DEFAULT_SERVER}");
        let devices =
            Device::lanes(self.cpu.unwrap_or(usize::MAX).min(cores()), self.gpu != Gpu::Off && cfg!(feature = "gpu"));
        ensure!(!devices.is_empty(), "there is nothing to compute with: give --cpu a number of cores, or --gpu auto");
        let mut config = Config::new(server, key.key.clone(), devices);
        config.contributor = self.id.clone().unwrap_or_else(|| default_contributor(&key.key.public_key()));
        config.payout = self.payout.clone();
        config.gpu_memory_mb = self.gpu_mem.into();
        config.gpu_model = Some(self.gpu_model.clone()).filter(|model| !model.is_empty());
        config.gateways = gateways.iter().map(|gateway| gateway.trim_end_matches('/').to_owned()).collect();
        config.pinned = self.coordinator_key.or_else(|| known.get(server));
        config.repin = match self.coordinator_key {
            Some(_) => "give the new one with --coordinator-key".into(),
            None => format!("remove its line from {}", known.path().display()),
        };
        config.max_units = self.max_units;
        config.choice = Choice { open_source: self.open_source, job: self.job };
        // The cache of blocks for later units gets a part of the allowed memory.
        config.cache_bytes =
            self.when.max_memory_bytes().map_or(config.cache_bytes, |most| config.cache_bytes.min(most / 4));
        Ok(config)
    }
}

/// How many cores this process may use.
pub(super) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// A warning if `--cpu` asks for more cores than there are: a thread for each would slow all of them down.
pub(super) fn too_many(asked: Option<usize>, cores: usize) -> Option<String> {
    let asked = asked.filter(|asked| *asked > cores)?;
    Some(format!("--cpu {asked} counts as {cores}: this machine has no more cores for this program"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_lanes_than_cores_and_one_line_about_it() {
        assert_eq!(too_many(Some(4), 4), None);
        assert_eq!(too_many(None, 4), None);
        assert!(too_many(Some(9_999), 2).unwrap().starts_with("--cpu 9999 counts as 2"));
        let words = ["adit", "--cpu", "9999", "--gpu", "off", "--key", "k"];
        #[derive(clap::Parser)]
        struct Command {
            #[command(flatten)]
            setup: Setup,
        }
        let setup = <Command as clap::Parser>::try_parse_from(words).unwrap().setup;
        let folder = tempfile::tempdir().unwrap();
        let key = KeyFile::open_or_make(&folder.path().join("miner.key"), None).unwrap();
        let known = Known::load(folder.path().join("known.json")).unwrap();
        assert_eq!(setup.config(&key, &known, &[]).unwrap().devices.len(), cores());
    }
}
