//! Settings of a miner.

use adit_core::PublicKey;
use adit_core::content_id::sha256;
use adit_core::sign::SecretKey;
use adit_core::statement::SiteShare;

/// Who mines, where, and with what.
#[derive(Clone, Debug)]
pub struct Config {
    /// The coordinator's address, without a slash at its end.
    pub server: String,
    /// The contributor's id. The coordinator keeps it in lower case.
    pub contributor: String,
    /// The miner's key.
    pub key: SecretKey,
    /// The EVM address that receives rewards; absent, they stay on the key's account.
    pub payout: Option<String>,
    /// The page's origin, or `native`.
    pub origin: String,
    /// For display. Nothing is paid or routed by it.
    pub cpu_cores: i64,
    /// For display, likewise.
    pub gpu_memory_mb: i64,
    /// For display, likewise.
    pub gpu_model: Option<String>,
    /// The device of each lane: see [`Device::lanes`].
    pub devices: Vec<Device>,
    /// Addresses of IPFS gateways, without a slash at the end. They are asked for input blocks before the coordinator is.
    pub gateways: Vec<String>,
    /// The coordinator's key, if it is already known. Any other key is refused.
    pub pinned: Option<PublicKey>,
    /// How a person accepts another key: completes "If it was replaced on purpose, ".
    pub repin: String,
    /// The fraction of the time that lanes may work, 0.0 ..= 1.0.
    pub duty: f64,
    /// How many bytes of input blocks are cached for later units.
    pub cache_bytes: usize,
    /// Stop after this many verdicts.
    pub max_units: Option<u64>,
    /// Which jobs the person chose to work for.
    pub choice: Choice,
    /// The part of what it earns that goes to the site that embeds it.
    pub share: Option<SiteShare>,
}

impl Config {
    /// A native miner for `server` with a lane on each of `devices`, under the key's own id, at full duty.
    pub fn new(server: &str, key: SecretKey, devices: Vec<Device>) -> Self {
        Config {
            server: server.trim_end_matches('/').into(),
            contributor: default_contributor(&key.public_key()),
            key,
            payout: None,
            origin: "native".into(),
            cpu_cores: devices.iter().filter(|device| **device == Device::Cpu).count() as i64,
            gpu_memory_mb: 0,
            gpu_model: None,
            devices,
            gateways: Vec::new(),
            pinned: None,
            repin: "forget the known key".into(),
            duty: 1.0,
            cache_bytes: 256 << 20,
            max_units: None,
            choice: Choice::default(),
            share: None,
        }
    }
}

/// Which jobs to work for, among those of the kinds that lanes compute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Only those whose work and result are open to everybody.
    pub open_source: bool,
    /// Only the job with this number.
    pub job: Option<u64>,
}

/// What a lane computes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// A core of the processor.
    Cpu,
    /// A graphics adapter.
    Gpu,
}

/// How many lanes share a graphics adapter. While one reads back, hashes and delivers its sums and waits for its next inputs,
/// the adapter computes for the other.
const LANES_OF_ADAPTER: usize = 2;

impl Device {
    /// The lanes of a miner: one for each core, then those of the graphics adapter if it may use one.
    pub fn lanes(cores: usize, graphics: bool) -> Vec<Device> {
        let mut lanes = vec![Device::Cpu; cores];
        lanes.extend([Device::Gpu; LANES_OF_ADAPTER].iter().filter(|_| graphics));
        lanes
    }

    /// `cpu` or `gpu`.
    pub const fn name(self) -> &'static str {
        match self {
            Device::Cpu => "cpu",
            Device::Gpu => "gpu",
        }
    }
}

/// The default id: `miner_` and the first 12 hex digits of the key's SHA-256, so that a key keeps its id across restarts.
pub fn default_contributor(key: &PublicKey) -> String {
    format!("miner_{}", hex::encode(&sha256(&key.0)[..6]))
}
