//! Adit's kernels made fast on processors: x86, NEON and wasm SIMD.
