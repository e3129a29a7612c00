//! The upper bound of each backend's speed: its instructions on registers alone, without loads and stores.
//!
//! Every sum depends on its last value, so that the compiler cannot compute it in advance, and there are enough sums that
//! no instruction waits for the one before it. Backends that multiply 16-bit values save one product in eight with
//! Strassen's algorithm, so they may reach 8/7 of their roof.
#![cfg_attr(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    allow(unsafe_code, reason = "one processor's instructions")
)]

use adit_cpu::Backend;

/// Passes over all sums in one round: a few milliseconds.
const TURNS: u32 = 200_000;

/// A backend's instructions: the multiplications and additions of a round, and a function that runs one.
pub struct Roof {
    /// Operations of one round.
    pub operations: f64,
    /// Runs a round.
    pub run: fn(),
}

/// The roof of a backend that this processor has; `None` for plain code.
pub fn roof(backend: Backend) -> Option<Roof> {
    let found = |per_turn: u32, run: fn()| Some(Roof { operations: f64::from(per_turn) * f64::from(TURNS), run });
    match backend {
        #[cfg(target_arch = "x86_64")]
        Backend::Sse2 => found(2 * 12 * 8, || black_box(x86::sse2)),
        #[cfg(target_arch = "x86_64")]
        Backend::Avx2 => found(2 * 12 * 16, || black_box(x86::avx2)),
        #[cfg(target_arch = "x86_64")]
        Backend::AvxVnni => found(2 * 12 * 32, || black_box(x86::avx_vnni)),
        #[cfg(target_arch = "x86_64")]
        Backend::Avx512Vnni => found(2 * 24 * 64, || black_box(x86::avx512_vnni)),
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        Backend::Amx => found(2 * 4 * 16 * 16 * 64, || black_box(x86::amx)),
        #[cfg(target_arch = "aarch64")]
        Backend::Neon => found(2 * 12 * 8, || black_box(arm::neon)),
        #[cfg(target_arch = "aarch64")]
        Backend::NeonDot => found(2 * 12 * 16, || black_box(arm::neon_dot)),
        _ => None,
    }
}

/// Runs `round`, of a backend that is available.
fn black_box(round: unsafe fn() -> i32) {
    // SAFETY: `roof` is asked for available backends only, so the processor has the instructions.
    std::hint::black_box(unsafe { round() });
}

/// Defines a round: $sums sums in registers, each of which takes a step a turn.
macro_rules! define_round {
    ($name:ident, $features:literal, $sums:literal, $zero:expr, $step:expr, $first:expr) => {
        /// # Safety
        /// The processor has the instructions.
        #[target_feature(enable = $features)]
        pub(super) unsafe fn $name() -> i32 {
            // All values are zero, which the compiler does not know.
            let value = std::hint::black_box($zero);
            let mut sums = [value; $sums];
            for _ in 0..super::TURNS {
                for sum in &mut sums {
                    *sum = $step(*sum, value);
                }
            }
            sums.into_iter().map(|sum| $first(sum)).fold(0, i32::wrapping_add)
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;

    define_round!(
        sse2,
        "sse2",
        12,
        _mm_setzero_si128(),
        |sum, value| _mm_add_epi32(sum, _mm_madd_epi16(sum, value)),
        |sum| _mm_cvtsi128_si32(sum)
    );
    define_round!(
        avx2,
        "avx2",
        12,
        _mm256_setzero_si256(),
        |sum, value| _mm256_add_epi32(sum, _mm256_madd_epi16(sum, value)),
        |sum| _mm256_cvtsi256_si32(sum)
    );
    define_round!(
        avx_vnni,
        "avx2,avxvnni",
        12,
        _mm256_setzero_si256(),
        |sum, value| _mm256_dpbusd_avx_epi32(sum, value, value),
        |sum| _mm256_cvtsi256_si32(sum)
    );
    define_round!(
        avx512_vnni,
        "avx512f,avx512vnni",
        24,
        _mm512_setzero_si512(),
        |sum, value| _mm512_dpbusd_epi32(sum, value, value),
        |sum| _mm512_cvtsi512_si32(sum)
    );

    /// The operand of `ldtilecfg`: palette 1, eight registers of 16 rows of 64 bytes.
    #[cfg(target_os = "linux")]
    #[repr(C, align(64))]
    struct Sizes([u8; 64]);

    /// # Safety
    /// The processor has AMX, and the system has permitted it, which an [`adit_cpu::Cpu`] of the backend asks for.
    #[cfg(target_os = "linux")]
    pub(super) unsafe fn amx() -> i32 {
        let mut sizes = Sizes([0; 64]);
        sizes.0[0] = 1;
        for register in 0..8 {
            sizes.0[16 + 2 * register] = 64;
            sizes.0[48 + register] = 16;
        }
        // SAFETY: the caller's contract. The registers are zeroed, used and released here.
        unsafe {
            std::arch::asm!(
                "ldtilecfg [{sizes}]",
                "2:",
                "tdpbssd tmm0, tmm4, tmm6",
                "tdpbssd tmm1, tmm4, tmm7",
                "tdpbssd tmm2, tmm5, tmm6",
                "tdpbssd tmm3, tmm5, tmm7",
                "dec {turns:e}",
                "jnz 2b",
                "tilerelease",
                sizes = in(reg) &sizes,
                turns = inout(reg) super::TURNS => _,
                options(nostack)
            );
        }
        0
    }
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use std::arch::aarch64::*;
    use std::arch::asm;

    define_round!(
        neon,
        "neon",
        12,
        vdupq_n_s32(0),
        |sum, value| vpadalq_s16(
            sum,
            vmull_s8(vget_low_s8(vreinterpretq_s8_s32(sum)), vget_low_s8(vreinterpretq_s8_s32(value)))
        ),
        |sum| vgetq_lane_s32::<0>(sum)
    );
    define_round!(
        neon_dot,
        "neon,dotprod",
        12,
        vdupq_n_s32(0),
        |mut sum: int32x4_t, value: int32x4_t| {
            // SAFETY: the caller's contract; the instruction accesses only registers.
            unsafe {
                asm!(
                    "sdot {sum:v}.4s, {value:v}.16b, {value:v}.16b",
                    sum = inout(vreg) sum,
                    value = in(vreg) value,
                    options(pure, nomem, nostack, preserves_flags)
                );
            }
            sum
        },
        |sum| vgetq_lane_s32::<0>(sum)
    );
}
