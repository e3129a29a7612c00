//! The innermost loop, one implementation per backend: a tile is a small rectangle of sums that stays in registers.

#[cfg(any(test, all(target_arch = "x86_64", target_os = "linux")))]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512_vnni;
#[cfg(target_arch = "x86_64")]
mod avx_vnni;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "aarch64")]
mod neon_dot;
mod portable;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", all(target_arch = "wasm32", target_feature = "simd128")))]
mod registers;
#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
mod relaxed;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;
#[cfg(target_arch = "x86_64")]
mod sse2;

use crate::Backend;
use crate::packed::Packed;

/// A backend: how it reads A and B, and its tiles. A value of an implementing type proves that the processor has the
/// instructions.
pub(crate) trait Tile: Copy {
    /// A value of A in the form that the instructions need.
    type Left: Copy + Default + 'static;
    /// A value of B in that form: a byte as it was packed, or widened for tiles that multiply 16 bits.
    type Right: Copy + 'static;
    /// The number of neighbours along k that one step multiplies and adds.
    const GROUP: usize;
    /// k is padded with zeros to a multiple of this, which is a multiple of GROUP.
    const STEP: usize = Self::GROUP;
    /// What is added to every value of A, for instructions that take unsigned values.
    const OFFSET: i32;
    /// The panels of B, the widest first. Each width divides the one before it.
    const PANELS: &'static [Panel<Self::Left, Self::Right>];

    /// C = A · B. The caller has checked the lengths.
    fn product(self, a: &[i8], rows: usize, b: &Packed, c: &mut [i32]);
}

/// The tiles for a panel of B, which stores `width` columns together: for every group along k, GROUP values of each.
pub(crate) struct Panel<Left: 'static, Right: 'static = i8> {
    /// The number of columns.
    pub(crate) width: usize,
    /// Height and code of each tile, the tallest first. The last one also takes fewer rows than its height.
    pub(crate) tiles: &'static [(usize, RunTile<Left, Right>)],
}

/// C += A · B for one tile, or C = `start` + A · B.
///
/// `a` holds rows of A, `a_stride` apart; `b` one panel of one block of k; `start` the first sums of every row, or
/// nothing if the sums in C go on; `c` rows of C, `c_stride` apart. With `start`, C is written without being read. The
/// tile checks the lengths. Sums wrap modulo 2^32.
///
/// # Safety
/// The processor has the backend's instructions.
pub(crate) type RunTile<Left, Right> =
    unsafe fn(a: &[Left], a_stride: usize, b: &[Right], start: Option<&[i32]>, c: &mut [i32], c_stride: usize);

/// A backend of this build.
#[derive(Clone, Copy, Debug)]
pub(crate) enum AnyTile {
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    Amx(amx::Amx<amx::Instructions>),
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni(avx512_vnni::Avx512Vnni),
    #[cfg(target_arch = "x86_64")]
    AvxVnni(avx_vnni::AvxVnni),
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    #[cfg(target_arch = "x86_64")]
    Sse2(sse2::Sse2),
    #[cfg(target_arch = "aarch64")]
    NeonDot(neon_dot::NeonDot),
    #[cfg(target_arch = "aarch64")]
    Neon(neon::Neon),
    #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
    Relaxed(relaxed::Relaxed),
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Simd128(simd128::Simd128),
    Portable(portable::Portable),
}

/// Runs generic code for the backend that `$any` holds.
macro_rules! with_tile {
    ($any:expr, $tile:ident => $body:expr) => {
        match $any {
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            $crate::tile::AnyTile::Amx($tile) => $body,
            #[cfg(target_arch = "x86_64")]
            $crate::tile::AnyTile::Avx512Vnni($tile) => $body,
            #[cfg(target_arch = "x86_64")]
            $crate::tile::AnyTile::AvxVnni($tile) => $body,
            #[cfg(target_arch = "x86_64")]
            $crate::tile::AnyTile::Avx2($tile) => $body,
            #[cfg(target_arch = "x86_64")]
            $crate::tile::AnyTile::Sse2($tile) => $body,
            #[cfg(target_arch = "aarch64")]
            $crate::tile::AnyTile::NeonDot($tile) => $body,
            #[cfg(target_arch = "aarch64")]
            $crate::tile::AnyTile::Neon($tile) => $body,
            #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
            $crate::tile::AnyTile::Relaxed($tile) => $body,
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            $crate::tile::AnyTile::Simd128($tile) => $body,
            $crate::tile::AnyTile::Portable($tile) => $body,
        }
    };
}
pub(crate) use with_tile;

impl AnyTile {
    /// The backend's tiles, if this processor and this build support them.
    pub(crate) fn new(backend: Backend) -> Option<Self> {
        match backend {
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Backend::Amx => amx::Amx::detect().map(Self::Amx),
            #[cfg(target_arch = "x86_64")]
            Backend::Avx512Vnni => avx512_vnni::Avx512Vnni::detect().map(Self::Avx512Vnni),
            #[cfg(target_arch = "x86_64")]
            Backend::AvxVnni => avx_vnni::AvxVnni::detect().map(Self::AvxVnni),
            #[cfg(target_arch = "x86_64")]
            Backend::Avx2 => avx2::Avx2::detect().map(Self::Avx2),
            #[cfg(target_arch = "x86_64")]
            Backend::Sse2 => Some(Self::Sse2(sse2::Sse2)),
            #[cfg(target_arch = "aarch64")]
            Backend::NeonDot => neon_dot::NeonDot::detect().map(Self::NeonDot),
            #[cfg(target_arch = "aarch64")]
            Backend::Neon => Some(Self::Neon(neon::Neon)),
            #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
            Backend::Relaxed => Some(Self::Relaxed(relaxed::Relaxed)),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Backend::Simd128 => Some(Self::Simd128(simd128::Simd128)),
            Backend::Portable => Some(Self::Portable(portable::Portable)),
            #[allow(unreachable_patterns, reason = "which backends are left depends on the target")]
            _ => None,
        }
    }

    /// The backend's name.
    pub(crate) fn backend(self) -> Backend {
        match self {
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            Self::Amx(_) => Backend::Amx,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni(_) => Backend::Avx512Vnni,
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni(_) => Backend::AvxVnni,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => Backend::Avx2,
            #[cfg(target_arch = "x86_64")]
            Self::Sse2(_) => Backend::Sse2,
            #[cfg(target_arch = "aarch64")]
            Self::NeonDot(_) => Backend::NeonDot,
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => Backend::Neon,
            #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
            Self::Relaxed(_) => Backend::Relaxed,
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::Simd128(_) => Backend::Simd128,
            Self::Portable(_) => Backend::Portable,
        }
    }
}
