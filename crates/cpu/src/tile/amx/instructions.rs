//! The AMX instructions as inline assembly, because Rust's intrinsics are not stable yet, and their detection.

use std::arch::asm;
use std::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};
use std::marker::PhantomData;

use super::{Amx, Sizes, Tiles};

/// The processor's tile registers.
///
/// They keep their values between blocks of assembly, because no code is compiled with the feature enabled and so the
/// compiler never uses them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instructions;

impl Tiles for Instructions {
    unsafe fn configure(sizes: &Sizes) {
        // SAFETY: the caller's contract; the instruction reads 64 bytes.
        unsafe { asm!("ldtilecfg [{}]", in(reg) sizes, options(nostack, preserves_flags)) }
    }

    unsafe fn release() {
        // SAFETY: this function's own contract.
        unsafe { asm!("tilerelease", options(nostack, preserves_flags)) }
    }

    unsafe fn zero<const REGISTER: usize>() {
        // SAFETY: this function's own contract.
        unsafe { asm!("tilezero tmm{register}", register = const REGISTER, options(nostack, preserves_flags)) }
    }

    unsafe fn load<const REGISTER: usize>(rows: *const u8, stride_bytes: usize) {
        // SAFETY: this function's own contract.
        unsafe {
            asm!(
                "tileloadd tmm{register}, [{rows} + {stride}*1]",
                register = const REGISTER,
                rows = in(reg) rows,
                stride = in(reg) stride_bytes,
                options(nostack, preserves_flags)
            );
        }
    }

    unsafe fn store<const REGISTER: usize>(rows: *mut u8, stride_bytes: usize) {
        // SAFETY: this function's own contract.
        unsafe {
            asm!(
                "tilestored [{rows} + {stride}*1], tmm{register}",
                register = const REGISTER,
                rows = in(reg) rows,
                stride = in(reg) stride_bytes,
                options(nostack, preserves_flags)
            );
        }
    }

    unsafe fn dot<const SUMS: usize, const LEFT: usize, const RIGHT: usize>() {
        // SAFETY: this function's own contract.
        unsafe {
            asm!(
                "tdpbssd tmm{sums}, tmm{left}, tmm{right}",
                sums = const SUMS,
                left = const LEFT,
                right = const RIGHT,
                options(nostack, preserves_flags)
            );
        }
    }
}

impl Amx<Instructions> {
    /// Succeeds if the processor has AMX for bytes and the system permits its use.
    pub(in crate::tile) fn detect() -> Option<Self> {
        (processor_has_them() && system_keeps_registers() && system_permits()).then_some(Self(PhantomData))
    }
}

/// CPUID leaf 7, EDX: bit 24 amx_tile, bit 25 amx_int8.
fn processor_has_them() -> bool {
    const AMX: u32 = 1 << 24 | 1 << 25;
    __cpuid(0).eax >= 7 && __cpuid_count(7, 0).edx & AMX == AMX
}

/// XCR0 bits 17 and 18: the system saves the registers' sizes and values across thread switches.
fn system_keeps_registers() -> bool {
    const TILES: u64 = 1 << 17 | 1 << 18;
    // SAFETY: if `xsave` is detected, the system has enabled `xgetbv`.
    is_x86_feature_detected!("xsave") && unsafe { _xgetbv(0) } & TILES == TILES
}

/// Asks Linux for permission, which it grants per process, for all threads. Source: the kernel's
/// Documentation/arch/x86/xstate.rst.
fn system_permits() -> bool {
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_long = 18;
    // SAFETY: the call accesses none of our memory.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}
