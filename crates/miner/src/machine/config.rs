use adit_core::PublicKey;
use adit_core::content_id::sha256;
use adit_core::sign::SecretKey;

/// Who mines, where, and with what.
#[derive(Clone, Debug)]
pub struct Config {
    /// The coordinator's address, without a slash at its end.
    pub server: String,
    /// The contributor's id. The coordinator keeps it in lower case.
    pub contributor: String,
    /// The miner's key.
    pub key: SecretKey,
    /// Where rewards go, if anywhere but the account of the key: an EVM address.
    pub payout: Option<String>,
    /// The page's origin, or `native`.
    pub origin: String,
    /// For display; nothing is paid or routed by it.
    pub cpu_cores: i64,
    /// For display, likewise.
    pub gpu_memory_mb: i64,
    /// For display, likewise.
    pub gpu_model: Option<String>,
    /// One for each lane: see [`Device::lanes`].
    pub devices: Vec<Device>,
    /// IPFS gateways to ask for input blocks before the coordinator: addresses without a slash at their ends.
    pub gateways: Vec<String>,
    /// The coordinator's key, where it is known from before. Another one is refused.
    pub pinned: Option<PublicKey>,
    /// What a person does to accept another key: the end of a sentence that begins "If it was replaced on purpose, ".
    pub repin: String,
    /// The part of the time that lanes may work, 0.0 ..= 1.0.
    pub duty: f64,
    /// Input blocks that are kept for later units, in bytes.
    pub cache_bytes: usize,
    /// Stop after so many verdicts.
    pub max_units: Option<u64>,
}

impl Config {
    /// Mines natively for `server` with a lane on each of `devices`, under the key's own id, at full duty.
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
        }
    }
}

/// What a lane computes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// A processor's core.
    Cpu,
    /// A graphics adapter.
    Gpu,
}

/// So many lanes share a graphics adapter: while the sums of one are read back, hashed and delivered, and while its next
/// inputs come in, the adapter computes the other's.
const LANES_OF_ADAPTER: usize = 2;

impl Device {
    /// The lanes of a miner: one on each of `cores`, and after them those of the graphics adapter, if it may use one.
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

/// The id of a miner that was given none: `miner_` and the first 12 hex digits of its key's SHA-256, so that the same key
/// has the same id after a restart.
pub fn default_contributor(key: &PublicKey) -> String {
    format!("miner_{}", hex::encode(&sha256(&key.0)[..6]))
}
