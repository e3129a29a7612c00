//! `anti_emulation`: detects virtual machines by what the host reports, and emulators by the cost of translation.
//!
//! A virtual machine is detected by the processor's hypervisor bit and vendor, the firmware's names and the kernel. One that
//! hides all of them is not detected. An emulator translates code before it first runs it, so the first call of a function
//! takes a multiple of the third.

#[cfg(target_arch = "x86")]
use std::arch::x86 as arch;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64 as arch;
use std::hint::black_box;
use std::time::Instant;

use adit_rustchain::Json;

use super::samples::{data, rounded};
use super::{Drawn, Found, Samples, nanos};

const NAME: &str = "anti_emulation";
/// The ratio above which code is taken to be translated. It was 26 under qemu-user, and 1.2 on real processors.
const TRANSLATED: f64 = 8.0;
/// The files in `/sys/class/dmi/id` in which firmware names the machine.
const FIRMWARE: [&str; 4] = ["sys_vendor", "product_name", "board_vendor", "bios_vendor"];
/// The exact names in the firmware of virtual machines.
const VIRTUAL: [&str; 16] = [
    "QEMU",
    "KVM",
    "VMware, Inc.",
    "VMware Virtual Platform",
    "VirtualBox",
    "innotek GmbH",
    "Xen",
    "HVM domU",
    "Bochs",
    "SeaBIOS",
    "Amazon EC2",
    "Google Compute Engine",
    "Virtual Machine",
    "DigitalOcean",
    "Parallels Virtual Platform",
    "OpenStack Nova",
];

pub(super) fn check(translation: &Translation) -> Found {
    let mut found = Vec::new();
    let mut looked = vec!["/proc/cpuinfo".to_owned(), "/sys/hypervisor/type".to_owned()];
    found.extend(hypervisor());
    for name in FIRMWARE {
        let path = format!("/sys/class/dmi/id/{name}");
        let says = read(&path);
        found.extend(says.filter(|says| VIRTUAL.contains(&says.as_str())).map(|says| format!("{name}: {says}")));
        looked.push(path);
    }
    found.extend(read("/sys/hypervisor/type").map(|kind| format!("the kernel says: {kind}")));
    if std::path::Path::new("/proc/device-tree/hypervisor").exists() {
        found.push("the device tree names a hypervisor".into());
    }
    found.extend(foreign_processor());
    let ratio = translation.ratio();
    if ratio > TRANSLATED {
        found.push(format!("code is translated: a first call costs {ratio:.0} times a third one"));
    }
    let passed = found.is_empty();
    let says = if passed {
        format!("no sign of a virtual machine; a first call takes {ratio:.1} times as long as a third one")
    } else {
        found.join("; ")
    };
    let list = |items: Vec<String>| Json::List(items.into_iter().map(Json::from).collect());
    let data = data([
        ("indicator_count", (found.len() as i64).into()),
        ("vm_indicators", list(found)),
        ("is_likely_vm", (!passed).into()),
        ("paths_checked", list(looked)),
        ("translation_ratio", rounded(ratio, 2)),
    ]);
    Found::new(NAME, passed, says, data)
        .advising("emulated and virtual machines get weight 0: attest from the physical machine")
}

/// The hypervisor that the processor reports. Calls CPUID itself, because the crate's reader needs SSE, which an i586 lacks.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn hypervisor() -> Option<String> {
    let cpuid = raw_cpuid::CpuId::with_cpuid_fn(|leaf, subleaf| {
        let answer = arch::__cpuid_count(leaf, subleaf);
        raw_cpuid::CpuIdResult { eax: answer.eax, ebx: answer.ebx, ecx: answer.ecx, edx: answer.edx }
    });
    let is_run = cpuid.get_feature_info().is_some_and(|features| features.has_hypervisor());
    let vendor = cpuid.get_hypervisor_info().map(|info| format!("{:?}", info.identify()));
    is_run.then(|| match vendor {
        Some(vendor) => format!("the processor says that a hypervisor runs it: {vendor}"),
        None => "the processor says that a hypervisor runs it".to_owned(),
    })
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
fn hypervisor() -> Option<String> {
    None
}

/// Detects an x86 processor under a program for another target: an emulator in user mode shows the host's `/proc/cpuinfo`.
fn foreign_processor() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let is_x86 = text.lines().any(|line| line.starts_with("vendor_id"));
    let built_for_x86 = cfg!(any(target_arch = "x86", target_arch = "x86_64"));
    let arch = std::env::consts::ARCH;
    (is_x86 && !built_for_x86).then(|| format!("this program is for {arch}, and the processor is an x86"))
}

/// The trimmed text of a file, if it has 1 to 100 bytes.
fn read(path: &str) -> Option<String> {
    let text = std::fs::read_to_string(path).ok()?;
    let text = text.trim();
    (1..=100).contains(&text.len()).then(|| text.to_owned())
}

/// The times of first and third calls. Measured once per process, because only code that never ran shows the difference.
pub(in crate::attest) struct Translation {
    first: Samples,
    third: Samples,
}

impl Translation {
    /// Calls 64 functions three times each, in an order drawn from `seed`. They must not have been called before.
    pub(in crate::attest) fn measure(seed: &str) -> Self {
        let mut drawn = Drawn::from(seed);
        let mut order: Vec<usize> = (0..FUNCTIONS.len()).collect();
        for index in (1..order.len()).rev() {
            order.swap(index, drawn.below(index + 1));
        }
        let call = |index: &usize| {
            let function = black_box(FUNCTIONS[*index]);
            let began = Instant::now();
            black_box(function(black_box(*index as u64)));
            nanos(began)
        };
        // Runs the measuring code first, so that its translation is not measured.
        for _ in 0..64 {
            black_box(nanos(Instant::now()));
        }
        let [first, _, third] = [(); 3].map(|()| Samples(order.iter().map(call).collect()));
        Translation { first, third }
    }

    fn ratio(&self) -> f64 {
        self.first.median() as f64 / self.third.median().max(1) as f64
    }
}

/// A distinct small function for each `N`.
#[inline(never)]
fn small<const N: u64>(value: u64) -> u64 {
    let mixed = value.wrapping_mul(2 * N + 1).rotate_left(N as u32 % 63 + 1) ^ (N << 7);
    if mixed.is_multiple_of(N + 3) { mixed.wrapping_add(N) } else { mixed.wrapping_sub(N) ^ (N + 11) }
}

macro_rules! functions {
    ($($n:literal),* $(,)?) => { [$(small::<$n>),*] };
}

const FUNCTIONS: [fn(u64) -> u64; 64] = functions![
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
    31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59,
    60, 61, 62, 63,
];
