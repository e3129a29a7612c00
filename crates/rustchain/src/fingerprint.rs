//! Verdicts on an attestation's checks, by the node's rules as far as they are known, and by the pool's own.
//!
//! The node's answer says only whether a fingerprint passed. These verdicts say which check failed and why. A check that was
//! not measured never counts as passed.

use crate::attestation::{Attestation, Check};
use crate::json::{Json, Object};

/// The checks of a fingerprint that are shown, in this order.
pub const CHECKS: [&str; 6] =
    ["clock_drift", "cache_timing", "simd_identity", "thermal_drift", "instruction_jitter", "anti_emulation"];

/// A verdict on one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The check passed.
    Passed,
    /// The check failed, or its data do not show that it passed.
    Failed,
    /// It was not measured, because this host cannot measure it.
    NotMeasurable,
}

impl Verdict {
    /// The verdict on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::NotMeasurable => "not_measurable",
        }
    }

    /// The verdict of this name.
    pub fn from_name(name: &str) -> Option<Verdict> {
        [Verdict::Passed, Verdict::Failed, Verdict::NotMeasurable].into_iter().find(|verdict| verdict.name() == name)
    }
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Verdict::NotMeasurable => "not measurable here",
            verdict => verdict.name(),
        })
    }
}

/// Why a fingerprint earns weight 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A check that is always needed was not sent.
    #[error("the check `{0}` is missing")]
    Missing(&'static str),
    /// A check has no data.
    #[error("the check `{0}` has no data")]
    NoData(&'static str),
    /// The host reports that it is emulated or a virtual machine.
    #[error("the device is emulated or a virtual machine: {0}")]
    Emulated(String),
    /// The clock does not vary.
    #[error("the timings are too uniform for a real clock")]
    Uniform,
    /// The clock of a PowerPC varies less than the node expects.
    #[error("the node takes the clock of a {0} for too steady (cv under 0.005); it is reported as it was measured")]
    TooSteady(String),
    /// A device that claims to be a PowerPC shows features of others, or lacks its own.
    #[error("it claims to be a {0}, and {1}")]
    Contradiction(String, &'static str),
    /// The client reports that a check failed.
    #[error("the check `{0}` failed{1}")]
    Failed(String, String),
}

/// Architectures for which the node requires fewer checks.
const VINTAGE: [&str; 12] =
    ["g3", "g4", "g5", "powerpc", "power macintosh", "power8", "power9", "68k", "m68k", "386", "486", "powerpc g4"];
/// Architectures whose clock the node expects to be unsteady.
const UNSTEADY: [&str; 5] = ["g3", "g4", "g5", "powerpc", "68k"];
/// The least variation of a real clock.
const LEAST_CV: f64 = 0.0001;
/// The least variation that the node accepts from an unsteady clock.
const LEAST_VINTAGE_CV: f64 = 0.005;
/// Members of which a check of emulation must have at least one.
const EVIDENCE: [&str; 5] = ["vm_indicators", "emulator_indicators", "dmesg_scanned", "paths_checked", "cpuinfo_flags"];

/// The check of this name, under either of its names.
fn check<'a>(attestation: &'a Attestation, name: &str) -> Option<&'a Check> {
    let other = if name == "simd_identity" { "simd_bias" } else { name };
    attestation.checks.get(name).or_else(|| attestation.checks.get(other))
}

/// The verdict on one check: the client's own, unless the data contradict it.
pub fn verdict(attestation: &Attestation, name: &str) -> Verdict {
    match check(attestation, name) {
        None => Verdict::NotMeasurable,
        Some(check) if !check.passed || check.data.is_empty() => Verdict::Failed,
        Some(check) if name == "anti_emulation" && emulation(check).is_some() => Verdict::Failed,
        Some(_) => Verdict::Passed,
    }
}

/// The first fault for which a fingerprint earns nothing, in the node's order (validate_fingerprint_data).
pub fn fault(attestation: &Attestation) -> Option<Fault> {
    let arch = attestation.device.arch.to_ascii_lowercase();
    let is_vintage = VINTAGE.contains(&arch.as_str());
    let needed: &[&str] = if is_vintage { &["anti_emulation"] } else { &["anti_emulation", "clock_drift"] };
    needed
        .iter()
        .find_map(|name| needed_fault(attestation, name))
        .or_else(|| check(attestation, "anti_emulation").and_then(emulation))
        .or_else(|| clock_fault(attestation, &arch))
        .or_else(|| powerpc_fault(attestation, &arch))
        .or_else(|| rom_fault(attestation))
        .or_else(|| failed(attestation, is_vintage))
}

fn needed_fault(attestation: &Attestation, name: &&'static str) -> Option<Fault> {
    match check(attestation, name) {
        None => Some(Fault::Missing(name)),
        Some(check) if check.data.is_empty() => Some(Fault::NoData(name)),
        Some(_) => None,
    }
}

/// The fault that a check of emulation shows.
fn emulation(check: &Check) -> Option<Fault> {
    if !EVIDENCE.iter().any(|key| check.data.contains_key(*key)) {
        return Some(Fault::NoData("anti_emulation"));
    }
    let found: Vec<&str> = ["vm_indicators", "emulator_indicators"]
        .iter()
        .filter_map(|key| check.data.get(*key).and_then(Json::as_list))
        .flatten()
        .map(|indicator| indicator.as_text().unwrap_or("an indicator"))
        .collect();
    let is_likely = check.data.get("is_likely_vm").and_then(Json::as_bool) == Some(true);
    if found.is_empty() && !is_likely && check.passed {
        return None;
    }
    Some(Fault::Emulated(if found.is_empty() { reason(&check.data) } else { found.join(", ") }))
}

fn reason(data: &Object) -> String {
    data.get("fail_reason").and_then(Json::as_text).unwrap_or("the check did not pass").to_owned()
}

fn clock_fault(attestation: &Attestation, arch: &str) -> Option<Fault> {
    let check = check(attestation, "clock_drift")?;
    let number = |key: &str| check.data.get(key).and_then(Json::as_number).map(|number| number.as_f64());
    let cv = number("cv").unwrap_or(0.0);
    if (check.passed && cv == 0.0 && number("samples") == Some(0.0)) || (cv > 0.0 && cv < LEAST_CV) {
        return Some(Fault::Uniform);
    }
    if !check.passed && !["386", "486"].contains(&arch) {
        return Some(Fault::Failed("clock_drift".into(), because(&check.data)));
    }
    (UNSTEADY.contains(&arch) && cv > 0.0 && cv < LEAST_VINTAGE_CV)
        .then(|| Fault::TooSteady(attestation.device.arch.clone()))
}

fn because(data: &Object) -> String {
    data.get("fail_reason").and_then(Json::as_text).map(|reason| format!(": {reason}")).unwrap_or_default()
}

/// The fault of a PowerPC without AltiVec and VSX, or with features of x86.
fn powerpc_fault(attestation: &Attestation, arch: &str) -> Option<Fault> {
    let claims = attestation.device.family.eq_ignore_ascii_case("PowerPC")
        || ["g3", "g4", "g5", "powerpc", "power8", "power9"].contains(&arch);
    if !claims {
        return None;
    }
    let says = |what| Some(Fault::Contradiction(attestation.device.arch.clone(), what));
    let simd = check(attestation, "simd_identity");
    let has = |key: &str| simd.is_some_and(|simd| simd.data.get(key).and_then(Json::as_bool) == Some(true));
    let cpu = attestation.device.cpu.to_ascii_lowercase();
    let words: Vec<&str> = cpu.split(|char: char| !char.is_ascii_alphanumeric()).collect();
    let names = |list: &[&str]| list.iter().any(|name| words.contains(name));
    if has("has_sse") || has("has_avx") {
        return says("has instructions of x86");
    }
    if names(&["intel", "amd", "xeon", "ryzen", "epyc", "arm", "cortex", "apple"]) {
        return says("names a processor of another family");
    }
    // A G3 has no AltiVec.
    if arch != "g3" && !has("has_altivec") && !has("has_vsx") {
        return says("shows no AltiVec");
    }
    None
}

fn rom_fault(attestation: &Attestation) -> Option<Fault> {
    let check = check(attestation, "rom_fingerprint")?;
    let emulated = check.data.get("emulator_detected").and_then(Json::as_bool) == Some(true);
    (!check.passed || emulated).then(|| Fault::Emulated("its ROM is one that emulators come with".into()))
}

/// A check that the client reports as failed. Two failures are excused: flat caches, and old clocks that drift.
fn failed(attestation: &Attestation, is_vintage: bool) -> Option<Fault> {
    if attestation.all_passed != Some(false) {
        return None;
    }
    let counts = |name: &str| name != "cache_timing" && !(is_vintage && name == "clock_drift");
    let (name, check) = attestation.checks.iter().find(|(name, check)| !check.passed && counts(name))?;
    Some(Fault::Failed(name.clone(), because(&check.data)))
}

/// Parts of a host's or a processor's name for which the node gives weight 0 although the machine may be real. The list is
/// the known part of the node's.
const SUSPECT: [&str; 38] = [
    "vmware",
    "virtualbox",
    "kvm",
    "qemu",
    "xen",
    "hyperv",
    "hyper-v",
    "parallels",
    "bhyve",
    "amazon",
    "ec2",
    "nitro",
    "google",
    "gce",
    "microsoft corporation",
    "azure",
    "digitalocean",
    "linode",
    "akamai",
    "vultr",
    "hetzner",
    "oracle",
    "ovh",
    "alibaba",
    "alicloud",
    "bochs",
    "innotek",
    "seabios",
    "vpc",
    "uae",
    "aws",
    "pve",
    "docker",
    "basilisk",
    "sheepshaver",
    "pearpc",
    "firecracker",
    "virtual machine",
];

/// The part of the host's or processor's name for which the node would give weight 0, so that the owner can be told.
pub fn suspect_name(hostname: &str, cpu: &str) -> Option<&'static str> {
    let names = [hostname.to_lowercase(), cpu.to_lowercase()];
    SUSPECT.into_iter().find(|part| names.iter().any(|name| name.contains(part)))
}

/// The data of a fingerprint without volatile members, as canonical JSON. Two equal profiles mean that nothing was measured
/// again.
pub fn profile(attestation: &Attestation) -> String {
    const VOLATILE: [&str; 4] = ["samples", "timestamp", "elapsed_ns", "mean_ns"];
    let checks = attestation.checks.iter().map(|(name, check)| {
        let data = check.data.iter().filter(|(key, _)| !VOLATILE.contains(&key.as_str()));
        (name.clone(), Json::Object(data.map(|(key, value)| (key.clone(), value.clone())).collect()))
    });
    Json::Object(checks.collect()).canonical()
}
