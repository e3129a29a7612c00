//! Describes this host without identifying it, unless its owner agrees.
//!
//! The addresses of network cards and the host's name are sent as HMAC-SHA256 with a salt derived from the key. The serial
//! number is sent only with `--bind-serial`. Nothing is read from cloud metadata services or environment variables.

use adit_rustchain::SecretKey;
use adit_rustchain::attestation::{Device, Signals};
use adit_rustchain::fingerprint::suspect_name;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// The most network cards that are sent.
const MOST_CARDS: usize = 3;

/// The device, with its serial number if `binds_serial`. The number is empty if the system does not show it.
pub(super) fn device(binds_serial: bool) -> Device {
    let (family, arch) = family();
    let cpu = processor().unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as i64);
    let serial =
        if binds_serial { read("/sys/class/dmi/id/product_serial").unwrap_or_default() } else { String::new() };
    Device { family: family.into(), arch: arch.into(), model: cpu.clone(), cpu, cores: Some(cores), serial }
}

/// The node's names of family and architecture for this program's target. The node may pay more for an older model of the
/// family, which is not claimed here.
fn family() -> (&'static str, &'static str) {
    match std::env::consts::ARCH {
        "x86_64" => ("x86_64", "modern"),
        "x86" => ("x86", "modern"),
        "aarch64" => ("ARM", "aarch64"),
        "arm" => ("ARM", "armv7"),
        "powerpc" | "powerpc64" => ("PowerPC", "powerpc"),
        "sparc" | "sparc64" => ("SPARC", "sparc_v9"),
        "riscv64" => ("RISC-V", "riscv64"),
        "s390x" => ("S390", "s390x"),
        other => (other, other),
    }
}

fn processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let named = text.lines().find(|line| line.starts_with("model name") || line.starts_with("cpu\t"))?;
    let name: String = named.split_once(':')?.1.trim().chars().filter(char::is_ascii).take(100).collect();
    Some(name)
}

/// Network cards and the host's name, hashed with a salt that is derived from the key.
pub(super) fn signals(key: &SecretKey) -> Signals {
    let salt = Sha256::new_with_prefix("adit/attest-salt/1").chain_update(*key.seed()).finalize();
    let hostname = read("/proc/sys/kernel/hostname").or_else(|| read("/etc/hostname")).unwrap_or_default();
    let hostname = nickname(&hidden(&salt, &hostname));
    Signals { macs: cards().iter().map(|card| hidden(&salt, card)).collect(), hostname, serial: String::new() }
}

/// `host-` and eight of these digits: the first eight in a row in which the node sees no sign of a virtual machine, such as
/// `ec2`.
fn nickname(digits: &str) -> String {
    let mut windows = (0..digits.len().saturating_sub(7)).map(|first| format!("host-{}", &digits[first..first + 8]));
    windows.find(|name| suspect_name(name, "").is_none()).unwrap_or_default()
}

/// 16 bytes of HMAC-SHA256, in hex.
fn hidden(salt: &[u8], text: &str) -> String {
    // HMAC accepts keys of any length.
    let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(salt) else { return String::new() };
    mac.update(text.as_bytes());
    hex::encode(&mac.finalize().into_bytes()[..16])
}

/// The sorted addresses of physical network cards, at most [`MOST_CARDS`].
fn cards() -> Vec<String> {
    let Ok(folder) = std::fs::read_dir("/sys/class/net") else { return Vec::new() };
    let real = folder.flatten().map(|entry| entry.path()).filter(|path| path.join("device").exists());
    let mut cards: Vec<String> = real.filter_map(|path| read(path.join("address").to_str()?)).collect();
    cards.sort_unstable();
    cards.truncate(MOST_CARDS);
    cards
}

fn read(path: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let text = text.trim();
    (1..=200).contains(&text.len()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nickname_does_not_look_like_a_virtual_machine() {
        assert_eq!(nickname("0123456789abcdef"), "host-01234567");
        assert_eq!(nickname("01ec2345ec2789abc"), "host-c2789abc");
        assert_eq!(nickname(""), "");
    }

    #[test]
    fn nothing_that_identifies_the_host_is_sent() {
        let key = SecretKey::from_seed([3; 32]);
        let told = format!("{:?} {:?}", signals(&key), device(false));
        for secret in cards().into_iter().chain(read("/proc/sys/kernel/hostname")).filter(|name| name.len() > 3) {
            assert!(!told.contains(&secret), "{secret} in {told}");
        }
        assert_ne!(signals(&key).hostname, signals(&SecretKey::from_seed([4; 32])).hostname);
        assert_eq!(signals(&key), signals(&key));
    }
}
