//! What the node derives: the ids that bind a device to a wallet, the checks that count in an epoch, and the hash of a block
//! header that its producer signs.

use blake2::Blake2b;
use blake2::digest::consts::U32;
use sha2::{Digest, Sha256};

use crate::attestation::{Device, Signals};
use crate::json::Json;

/// The checks from which the node draws four for an epoch (RIP-309).
pub const DRAWN: [&str; 6] =
    ["clock_drift", "cache_timing", "simd_bias", "thermal_drift", "instruction_jitter", "anti_emulation"];
/// The number of checks that it draws.
const ACTIVE: usize = 4;

/// The id of a device with a serial number. The node binds it to one wallet permanently.
pub fn serial_id(serial: &str, arch: &str) -> String {
    let text = format!("{}|{}", serial.trim().to_uppercase(), arch.to_lowercase());
    hex::encode(Sha256::digest(text))[..40].to_owned()
}

/// The id of a device without a serial number, from the network address that it calls from.
pub fn address_id(address: &str, device: &Device, signals: &Signals) -> String {
    let cores = device.cores.map(|cores| cores.to_string()).unwrap_or_default();
    let mut macs = signals.macs.clone();
    macs.sort_unstable();
    let macs = macs.join(",");
    let Device { model, arch, family, .. } = device;
    // The last part would be the serial number of the processor, which the node drops before this step.
    let text = format!("{address}|{model}|{arch}|{family}|{cores}|{macs}|");
    hex::encode(Sha256::digest(text))[..32].to_owned()
}

/// The checks that count in an enrolment after the block with this hash; all six if the hash is all zeros.
pub fn drawn(previous_hash_hex: &str) -> Vec<&'static str> {
    let previous = previous_hash_hex.to_lowercase();
    if previous.bytes().all(|byte| byte == b'0') {
        return DRAWN.to_vec();
    }
    let nonce = measurement_nonce(&previous);
    let mut ranked = DRAWN.map(|name| (hex::encode(Sha256::digest(format!("{nonce}:{name}"))), name));
    ranked.sort_unstable();
    ranked[..ACTIVE].iter().map(|(_, name)| *name).collect()
}

/// The nonce under which the checks are ranked.
pub fn measurement_nonce(previous_hash_hex: &str) -> String {
    hex::encode(Sha256::digest(format!("rip-309:{}", previous_hash_hex.to_lowercase())))
}

/// The message of a block header, which its producer signs: BLAKE2b-256 of its canonical JSON.
pub fn header_message(header: &Json) -> [u8; 32] {
    Blake2b::<U32>::digest(header.canonical()).into()
}
