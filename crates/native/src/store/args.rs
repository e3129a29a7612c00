//! The flags of `adit store`, with the original's names and variables.

use std::path::PathBuf;

use adit_core::PublicKey;
use anyhow::{Context, Result};

use crate::server::DEFAULT_SERVER;

/// Hold sealed replicas for a coordinator, and be paid for every window in which you prove them.
///
/// The coordinator sends you pieces of what others store, each encrypted under a key that you do not have: you cannot read
/// them, and it never sends them again. Once in every hour, at a secret moment, it asks for 64 chunks of 1 KiB, due within
/// 30 s. An hour that you pass directly after another one is paid; one missing chunk fails the whole hour.
///
/// What it proves: somebody could read these bytes within 30 s. Not where they lie, nor that ten keys are ten machines.
///
/// New keys begin with 64 MiB, which doubles after each passed day. Ctrl-C is safe: replicas stay, and the next start goes on
/// with them; only a challenge that comes meanwhile is missed. If you delete a replica or your disk damages it, the program
/// reports the loss when it notices. That costs nothing unless a challenge came first.
///
/// Examples:
///
///   adit store --share 20GiB --coordinator https://adit.example
///
///   adit store --mode embedded --share 1TiB --folder /srv/replicas --daemon
#[derive(clap::Args, Clone, Debug)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Where replicas are held: only `embedded`, a folder of this program, can prove any; the others say why not
    #[arg(long, value_enum, default_value_t = Mode::Embedded)]
    pub(super) mode: Mode,
    /// The most to hold, at least 1MiB, as 500MB or 20GiB; a new key gets less at first
    #[arg(long, value_name = "SIZE", default_value = "20GiB", value_parser = size)]
    pub(super) share: u64,
    /// The coordinator
    #[arg(long, visible_alias = "server", value_name = "URL", env = "ADIT_SERVER", default_value = DEFAULT_SERVER)]
    pub(super) coordinator: String,
    /// The coordinator's public key; any other is refused [default: the first one seen, except on loopback]
    #[arg(long, value_name = "HEX")]
    pub(super) coordinator_key: Option<PublicKey>,
    /// The folder for replicas [default: beside the key]
    #[arg(long, value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,
    /// The key file, created on first use; set ADIT_PASSPHRASE to encrypt it
    #[arg(long, value_name = "FILE")]
    pub(super) key: Option<PathBuf>,
    /// Your miner's id [default: derived from the key]
    #[arg(long)]
    pub(super) id: Option<String>,
    /// Print every event as a line of JSON
    #[arg(long)]
    pub(super) json: bool,
    /// Run as a service does: plain lines, until SIGTERM. `adit service` makes a unit for systemd
    #[arg(long)]
    pub(super) daemon: bool,
    /// Stop after this many windows with a verdict, at least 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(super) max_windows: Option<u64>,
    /// The original's reward contract; nothing is paid on a chain yet
    #[arg(long, value_name = "ADDRESS", env = "REWARD_CONTRACT")]
    reward_contract: Option<String>,
    /// The IPFS node of the original's local mode
    #[arg(long, value_name = "URL", env = "IPFS_API_URL", default_value = "http://localhost:5001")]
    pub(super) ipfs_api_url: String,
    /// A file of variables in the original's form, NAME=value; only the names that this command knows are read
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
}

/// Where replicas are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Mode {
    /// In a folder of this program
    Embedded,
    /// In an IPFS node on this machine
    Local,
    /// Nowhere: a public gateway serves them
    Gateway,
    /// With a pinning service
    Pinning,
}

/// The most that anyone can share: a pebibyte, in bytes.
const MOST: u64 = 1 << 50;

/// Parses `500MB` or `20GiB` into bytes.
fn size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 8] = [
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
        ("KB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
    ];
    let wrong = || "it must be from 1MiB to 1024TiB: write 500MB, 20GiB or 1TiB".to_owned();
    let (number, unit) =
        UNITS.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit))).ok_or_else(wrong)?;
    let number: u64 = number.trim().parse().map_err(|_| wrong())?;
    number.checked_mul(unit).filter(|bytes| (1 << 20..=MOST).contains(bytes)).ok_or_else(wrong)
}

/// The variables that this command takes from a file: two of the original's, and one of ours.
const KNOWN: [&str; 3] = ["IPFS_API_URL", "REWARD_CONTRACT", "ADIT_SERVER"];
/// The original's variables that this command does not use, and why.
const UNUSED: [(&str, &str); 5] = [
    (
        "PRIVATE_KEY",
        "is neither read nor stored: this program makes a key of its own, and there is no payment on a chain yet",
    ),
    ("INFURA_KEY", "is not used: there is no payment on a chain yet"),
    ("BASE_RPC_URL", "is not used: there is no payment on a chain yet"),
    ("INFURA_IPFS_KEY", "is not used: an Infura key alone names no pinning service"),
    ("MINING_API_URL", "is not used: the coordinator learns what you hold from your proofs, not from reports"),
];

impl Args {
    /// Reads the variables of the file. One that is set in the environment is not read, and --coordinator and --reward-contract
    /// win over the file.
    pub(super) fn take_env_file(&mut self) -> Result<()> {
        let Some(path) = &self.env_file else { return Ok(()) };
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        for (name, value) in variables(&text).filter(|(name, _)| std::env::var_os(name).is_none()) {
            match name {
                "IPFS_API_URL" => self.ipfs_api_url = value.to_owned(),
                "REWARD_CONTRACT" if self.reward_contract.is_none() => self.reward_contract = Some(value.to_owned()),
                "ADIT_SERVER" if self.coordinator == DEFAULT_SERVER => self.coordinator = value.to_owned(),
                _ => {}
            }
        }
        Ok(())
    }

    /// Lines about what was given and has no effect.
    pub(super) fn unused(&self) -> Vec<String> {
        let given = UNUSED.iter().filter(|(name, _)| std::env::var_os(name).is_some());
        let mut lines: Vec<String> = given.map(|(name, why)| format!("{name} {why}")).collect();
        if self.reward_contract.is_some() {
            lines.push("the reward contract is not configured: rewards are kept on the coordinator's ledger".into());
        }
        lines
    }
}

/// The known variables of a file.
fn variables(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.strip_prefix("export ").unwrap_or(line).split_once('='));
    let pairs = pairs.map(|(name, value)| (name.trim(), value.trim().trim_matches(['"', '\''])));
    pairs.filter(|(name, value)| KNOWN.contains(name) && !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_with_their_unit() {
        assert_eq!((size("20GiB"), size("500MB"), size("1TiB")), (Ok(20 << 30), Ok(500_000_000), Ok(1 << 40)));
        for wrong in ["", "20", "GiB", "-1GiB", "1.5GiB", "0MiB", "1KiB", "2000TiB", "99999999999999999999GiB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_file_gives_only_the_variables_that_are_known() {
        let text = "# note\nPRIVATE_KEY=0xsecret\nexport IPFS_API_URL=\"http://10.0.0.1:5001\"\nADIT_SERVER = http://c\nX=1\n=";
        let read: Vec<_> = variables(text).collect();
        assert_eq!(read, [("IPFS_API_URL", "http://10.0.0.1:5001"), ("ADIT_SERVER", "http://c")]);
    }
}
