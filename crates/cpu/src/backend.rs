//! The instruction sets that the product can use, and which of them this processor has.

use std::fmt;
use std::str::FromStr;

use crate::tile::AnyTile;

/// An instruction set for the integer product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Backend {
    /// x86-64 with AMX for bytes, on Linux: 16,384 products an instruction.
    Amx,
    /// x86-64 with AVX-512 VNNI: 64 products an instruction.
    Avx512Vnni,
    /// x86-64 with AVX-VNNI, for processors without AVX-512: 32 products an instruction.
    AvxVnni,
    /// x86-64 with AVX2: 16 products an instruction.
    Avx2,
    /// Any x86-64: 8 products an instruction.
    Sse2,
    /// 64-bit ARM with ARMv8.2's dot product: 16 products an instruction.
    NeonDot,
    /// Any 64-bit ARM: 8 products an instruction.
    Neon,
    /// WebAssembly with relaxed SIMD, chosen when the module is compiled: 16 products an instruction.
    Relaxed,
    /// WebAssembly with fixed-width SIMD, chosen when the module is compiled: 8 products an instruction.
    Simd128,
    /// Plain code for every processor.
    Portable,
}

impl Backend {
    /// Every backend, the fastest first.
    pub const ALL: [Backend; 10] = [
        Backend::Amx,
        Backend::Avx512Vnni,
        Backend::AvxVnni,
        Backend::Avx2,
        Backend::Sse2,
        Backend::NeonDot,
        Backend::Neon,
        Backend::Relaxed,
        Backend::Simd128,
        Backend::Portable,
    ];

    /// The backends that this processor and this build support, the fastest first. [`Backend::Portable`] is always
    /// among them.
    pub fn available() -> Vec<Backend> {
        Self::ALL.into_iter().filter(|backend| AnyTile::new(*backend).is_some()).collect()
    }

    /// The name that [`FromStr`] reads.
    pub const fn name(self) -> &'static str {
        match self {
            Backend::Amx => "amx-int8",
            Backend::Avx512Vnni => "avx512-vnni",
            Backend::AvxVnni => "avx-vnni",
            Backend::Avx2 => "avx2",
            Backend::Sse2 => "sse2",
            Backend::NeonDot => "neon-dot",
            Backend::Neon => "neon",
            Backend::Relaxed => "relaxed-simd",
            Backend::Simd128 => "simd128",
            Backend::Portable => "portable",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No backend has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no processor backend is called {0:?}: it is one of amx-int8, avx512-vnni, avx-vnni, avx2, sse2, neon-dot, neon, relaxed-simd, simd128, portable"
)]
pub struct UnknownBackend(pub String);

impl FromStr for Backend {
    type Err = UnknownBackend;

    fn from_str(name: &str) -> Result<Self, UnknownBackend> {
        Self::ALL.into_iter().find(|backend| backend.name() == name).ok_or_else(|| UnknownBackend(name.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for backend in Backend::ALL {
            assert_eq!(backend.to_string().parse(), Ok(backend));
        }
        let error = "sse9".parse::<Backend>().unwrap_err().to_string();
        assert!(Backend::ALL.iter().all(|backend| error.contains(backend.name())), "{error}");
    }

    #[test]
    fn the_fallback_is_always_there_and_last() {
        assert_eq!(Backend::available().last(), Some(&Backend::Portable));
    }
}
