//! The first lines of `adit mine`: who mines, where, with what.

use std::fmt;

use adit_miner::machine::{Config, Device};
use adit_miner::rules::Rules;

use super::Gpu;
use super::when::shown;
use crate::home::{Home, KeyFile};

/// The facts that the first lines show.
pub(super) struct Banner<'a> {
    pub(super) config: &'a Config,
    pub(super) key: &'a KeyFile,
    pub(super) home: &'a Home,
    pub(super) gpu: Gpu,
    pub(super) rules: &'a Rules,
}

impl fmt::Display for Banner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Banner { config, key, home, .. } = self;
        let cores = config.devices.iter().filter(|device| **device == Device::Cpu).count();
        writeln!(f, "{}", "=".repeat(60))?;
        writeln!(f, "    Adit Miner - Useful, Verified Work")?;
        writeln!(f, "{}", "=".repeat(60))?;
        writeln!(f, "Server: {}", config.server)?;
        writeln!(f, "Miner ID: {}", config.contributor)?;
        writeln!(f, "CPU Cores: {cores}")?;
        writeln!(f, "GPU: {}", self.gpu())?;
        shown(self.rules).iter().try_for_each(|line| writeln!(f, "{line}"))?;
        let made = if key.made { "made just now, " } else { "" };
        writeln!(f, "Key: {}", key.key.public_key())?;
        writeln!(f, "Key file: {} ({made}{})", home.key().display(), key.sealing)?;
        write!(f, "{}", "-".repeat(60))
    }
}

impl Banner<'_> {
    fn gpu(&self) -> String {
        let model = self.config.gpu_model.as_deref().unwrap_or("graphics adapter");
        match self.gpu {
            _ if !self.config.devices.contains(&Device::Gpu) => "none".into(),
            Gpu::Software => "emulated on the processor, for tests".into(),
            _ if self.config.gpu_memory_mb > 0 => {
                format!("{model} ({}MB), if it wins its race", self.config.gpu_memory_mb)
            }
            _ => format!("{model}, if it wins its race"),
        }
    }
}
