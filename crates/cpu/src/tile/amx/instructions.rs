//! The instructions themselves, which the compiler knows and does not offer yet, and whether they can be used.

use std::arch::asm;
use std::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};
use std::marker::PhantomData;

use super::{Amx, Sizes, Tiles};

/// The processor's.
///
/// The registers keep their values from one block of assembly to the next: compiled code uses them for nothing, since the
/// feature is on in none of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Instructions;

impl Tiles for Instructions {
    unsafe fn configure(sizes: &Sizes) {
        // SAFETY: the caller's; 64 bytes are read.
        unsafe { asm!("ldtilecfg [{}]", in(reg) sizes, options(nostack, preserves_flags)) }
    }

    unsafe fn release() {
        // SAFETY: the caller's.
        unsafe { asm!("tilerelease", options(nostack, preserves_flags)) }
    }

    unsafe fn load<const REGISTER: usize>(rows: *const u8, stride_bytes: usize) {
        // SAFETY: the caller's.
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
        // SAFETY: the caller's.
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
        // SAFETY: the caller's.
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
    /// Where the processor has AMX for bytes and the system gives leave.
    pub(in crate::tile) fn detect() -> Option<Self> {
        (processor_has_them() && system_keeps_registers() && system_permits()).then_some(Self(PhantomData))
    }
}

/// CPUID leaf 7, EDX: bit 24 amx_tile, bit 25 amx_int8.
fn processor_has_them() -> bool {
    const AMX: u32 = 1 << 24 | 1 << 25;
    __cpuid(0).eax >= 7 && __cpuid_count(7, 0).edx & AMX == AMX
}

/// XCR0 bits 17 and 18: the system saves the registers' sizes and values when it switches threads.
fn system_keeps_registers() -> bool {
    const TILES: u64 = 1 << 17 | 1 << 18;
    // SAFETY: where `xsave` is detected, the system has made `xgetbv` usable.
    is_x86_feature_detected!("xsave") && unsafe { _xgetbv(0) } & TILES == TILES
}

/// Linux gives the space for the registers only to processes that ask. It then holds for all of their threads. Source: the
/// kernel's Documentation/arch/x86/xstate.rst.
fn system_permits() -> bool {
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_long = 18;
    // SAFETY: the call reads and writes no memory of ours.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}
