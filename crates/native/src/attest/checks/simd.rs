//! `simd_identity`: lists the vector instructions that the processor reports.

use super::Found;

const NAME: &str = "simd_identity";

#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
pub(super) fn check() -> Found {
    use super::samples::data;
    use adit_rustchain::Json;

    macro_rules! known {
        ($($name:tt),*) => { [$(($name, std::arch::is_x86_feature_detected!($name))),*] };
    }
    let known = known![
        "mmx",
        "sse",
        "sse2",
        "sse3",
        "ssse3",
        "sse4.1",
        "sse4.2",
        "avx",
        "avx2",
        "fma",
        "avx512f",
        "avx512vnni"
    ];
    let flags: Vec<&str> = known.into_iter().filter_map(|(name, is_there)| is_there.then_some(name)).collect();
    let has = |name: &str| flags.contains(&name);
    let sample: Vec<Json> = flags.iter().take(10).map(|flag| Json::from(*flag)).collect();
    let data = data([
        ("arch", std::env::consts::ARCH.into()),
        ("simd_flags_count", (flags.len() as i64).into()),
        ("has_sse", has("sse").into()),
        ("has_avx", has("avx").into()),
        ("has_altivec", false.into()),
        ("has_neon", false.into()),
        ("sample_flags", sample.into()),
    ]);
    Found::new(NAME, !flags.is_empty(), format!("the processor has {}", flags.join(", ")), data)
}

#[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
pub(super) fn check() -> Found {
    Found::not_measurable(NAME, "this program detects vector instructions only on x86")
}
