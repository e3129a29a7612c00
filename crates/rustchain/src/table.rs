//! The node's reward multiplier of a device, and the pool's score for it.
//!
//! Source of the multipliers: the node's HARDWARE_WEIGHTS at 1f5db5df, the table that determines payment. Source of the
//! scores: the pool proxy's README. Both match whole names, never parts of them: the original gave "MG40" the score of a G4.

/// One, in 1e-6.
pub const ONE: i64 = 1_000_000;

/// The multipliers of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// The name that the node uses.
    pub name: &'static str,
    /// The multiplier of an architecture that is not listed, in 1e-6.
    pub default: i64,
    /// Architectures with their multipliers, in 1e-6.
    pub archs: &'static [(&'static str, i64)],
}

/// Every family that the node distinguishes. Those without architectures have no entry in its table and are paid 1.0.
pub const FAMILIES: &[Family] = &[
    Family {
        name: "PowerPC",
        default: 1_500_000,
        archs: &[("g4", 2_500_000), ("g5", 2_000_000), ("g3", 1_800_000), ("power8", 2_000_000), ("power9", 1_500_000)],
    },
    Family {
        name: "Apple Silicon",
        default: 1_200_000,
        archs: &[("m1", 1_200_000), ("m2", 1_200_000), ("m3", 1_100_000), ("m4", 1_050_000)],
    },
    Family {
        name: "ARM",
        default: 500,
        archs: &[
            ("arm2", 4_000_000),
            ("arm3", 3_800_000),
            ("arm6", 3_500_000),
            ("arm7", 3_000_000),
            ("arm7tdmi", 3_000_000),
            ("strongarm", 2_800_000),
            ("sa1100", 2_700_000),
            ("sa1110", 2_700_000),
            ("xscale", 2_500_000),
            ("arm9", 2_300_000),
            ("arm926ej", 2_300_000),
            ("arm11", 2_000_000),
            ("arm1176", 2_000_000),
            ("cortex_a8", 1_800_000),
            ("cortex_a9", 1_500_000),
            ("aarch64", 500),
            ("armv7", 500),
        ],
    },
    Family {
        name: "x86",
        default: 1_000_000,
        archs: &[
            ("386", 2_500_000),
            ("pentium_mmx", 2_400_000),
            ("pentium_pro", 2_300_000),
            ("pentium_ii", 2_200_000),
            ("486", 2_000_000),
            ("pentium_iii", 2_000_000),
            ("pentium_m", 1_900_000),
            ("pentium_m_banias", 1_900_000),
            ("pentium_m_dothan", 1_800_000),
            ("pentium_m_yonah", 1_600_000),
            ("pentium", 1_500_000),
            ("pentium4", 1_500_000),
            ("pentium_d", 1_500_000),
            ("retro", 1_400_000),
            ("core2", 1_300_000),
            ("core2duo", 1_300_000),
            ("nehalem", 1_200_000),
            ("sandy_bridge", 1_100_000),
            ("sandybridge", 1_100_000),
            ("ivy_bridge", 1_100_000),
            ("ivybridge", 1_100_000),
            ("haswell", 1_050_000),
            ("broadwell", 1_050_000),
            ("modern", 800_000),
        ],
    },
    Family { name: "x86_64", default: 800_000, archs: &[("modern", 800_000)] },
    Family {
        name: "Windows",
        default: 800_000,
        archs: &[
            ("intel64 family 6 model 42", 1_100_000),
            ("intel64 family 6 model 58", 1_100_000),
            ("intel64 family 6 model 60", 1_050_000),
        ],
    },
    Family {
        name: "console",
        default: 2_500_000,
        archs: &[
            ("nes_6502", 2_800_000),
            ("ps1_mips", 2_800_000),
            ("snes_65c816", 2_700_000),
            ("gameboy_z80", 2_600_000),
            ("saturn_sh2", 2_600_000),
            ("n64_mips", 2_500_000),
            ("genesis_68000", 2_500_000),
            ("gba_arm7", 2_300_000),
        ],
    },
    Family { name: "MOS", default: 2_200_000, archs: &[("6502", 2_500_000), ("65c816", 2_400_000)] },
    Family { name: "Zilog", default: 2_100_000, archs: &[("z80", 2_300_000)] },
    Family { name: "SPARC", default: ONE, archs: &[] },
    Family { name: "M68K", default: ONE, archs: &[] },
    Family { name: "MIPS", default: ONE, archs: &[] },
    Family { name: "RISC-V", default: ONE, archs: &[] },
    Family { name: "SuperH", default: ONE, archs: &[] },
    Family { name: "Cell", default: ONE, archs: &[] },
    Family { name: "IA-64", default: ONE, archs: &[] },
    Family { name: "S390", default: ONE, archs: &[] },
    Family { name: "VAX", default: ONE, archs: &[] },
    Family { name: "Transputer", default: ONE, archs: &[] },
];

/// The family of this name.
pub fn family(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name.eq_ignore_ascii_case(name))
}

/// What names no hardware of the node's table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unlisted {
    /// The node has no such family.
    #[error("there is no family of this name; there are {}", names(FAMILIES.iter().map(|family| family.name)))]
    Family,
    /// The family has no such architecture.
    #[error("{} has no architecture of this name; it has {}", .0.name, names(.0.archs.iter().map(|(name, _)| *name)))]
    Arch(&'static Family),
}

fn names(names: impl Iterator<Item = &'static str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// The longest name of an architecture that the table does not list.
const MAX_ARCH: usize = 32;

/// A family and an architecture of it, spelled as in the table. A family without architectures takes any name of 1 to 32
/// letters, digits and `-_.`.
pub fn listed(family_name: &str, arch: &str) -> Result<(&'static str, String), Unlisted> {
    let family = family(family_name).ok_or(Unlisted::Family)?;
    let is_name = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if family.archs.is_empty() && (1..=MAX_ARCH).contains(&arch.len()) && is_name(arch) {
        return Ok((family.name, arch.to_owned()));
    }
    let found = family.archs.iter().find(|(name, _)| name.eq_ignore_ascii_case(arch));
    found.map(|(name, _)| (family.name, (*name).to_owned())).ok_or(Unlisted::Arch(family))
}

/// The factor by which the node multiplies the reward of a device, in 1e-6.
pub fn multiplier(family_name: &str, arch: &str) -> i64 {
    let Some(family) = family(family_name) else { return ONE };
    let listed = family.archs.iter().find(|(name, _)| name.eq_ignore_ascii_case(arch));
    listed.map_or(family.default, |(_, multiplier)| *multiplier)
}

/// The pool's table, in 1e-6: 68K 3.0, G4 2.5, 486 2.5, G5 2.0, SPARC 2.0, G3 1.8, Pentium 1.8, all others 1.0.
pub fn tabled(family_name: &str, arch: &str) -> i64 {
    let is = |name: &str, text: &str| name.eq_ignore_ascii_case(text);
    let arch_is = |name: &str| is(name, arch);
    let millis = if is("PowerPC", family_name) {
        match () {
            () if arch_is("g4") => 2_500,
            () if arch_is("g5") => 2_000,
            () if arch_is("g3") => 1_800,
            () => 1_000,
        }
    } else if is("x86", family_name) {
        match () {
            () if arch_is("486") => 2_500,
            () if PENTIUMS.iter().any(|name| arch_is(name)) => 1_800,
            () => 1_000,
        }
    } else if is("M68K", family_name) {
        3_000
    } else if is("SPARC", family_name) {
        2_000
    } else {
        1_000
    };
    millis * 1_000
}

/// The processors that Intel sold as Pentium.
const PENTIUMS: [&str; 10] = [
    "pentium",
    "pentium_mmx",
    "pentium_pro",
    "pentium_ii",
    "pentium_iii",
    "pentium_m",
    "pentium_m_banias",
    "pentium_m_dothan",
    "pentium4",
    "pentium_d",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weight::score;

    #[test]
    fn every_family_has_a_multiplier_and_a_score_under_the_cap() {
        for family in FAMILIES {
            for (arch, paid) in family.archs.iter().copied().chain([("something else", family.default)]) {
                assert_eq!(multiplier(family.name, arch), paid, "{} {arch}", family.name);
                let score = score(tabled(family.name, arch), paid, true);
                assert!(score > 0 && score <= paid + paid / 4, "{} {arch}: {score}", family.name);
            }
        }
    }

    #[test]
    fn names_match_as_a_whole() {
        assert_eq!([tabled("PowerPC", "MG40"), tabled("PowerPC", "g4"), tabled("ARM", "G4")], [ONE, 2_500_000, ONE]);
        // The node mistakes the M2 in "ARM2" for Apple's.
        assert_eq!([multiplier("ARM", "ARM2"), multiplier("Apple Silicon", "ARM2")], [4_000_000, 1_200_000]);
        assert_eq!(multiplier("Nobody's", "G4"), ONE);
    }

    #[test]
    fn hardware_is_named_as_the_table_names_it() {
        assert_eq!(listed("powerpc", "G4"), Ok(("PowerPC", "g4".into())));
        assert_eq!(listed("sparc", "sparc_v9"), Ok(("SPARC", "sparc_v9".into())));
        let refused = listed("PowerPC", "MG40").map_err(|error| error.to_string());
        assert!(refused.as_ref().is_err_and(|text| text.contains("PowerPC") && text.contains("g5")), "{refused:?}");
        for (family, arch) in [("Amiga", "1200"), ("SPARC", ""), ("SPARC", "<b>"), ("VAX", &"v".repeat(33))] {
            assert!(listed(family, arch).is_err(), "{family} {arch}");
        }
    }

    #[test]
    fn the_seeds_scores_come_out_where_the_node_pays() {
        let of = |family, arch| score(tabled(family, arch), multiplier(family, arch), true);
        assert_eq!(of("PowerPC", "G4"), 2_500_000);
        assert_eq!(of("PowerPC", "G5"), 2_000_000);
        assert_eq!(of("PowerPC", "G3"), 1_800_000);
        assert_eq!(of("x86", "486"), 2_500_000);
        assert_eq!(of("x86", "pentium"), 1_800_000);
        assert_eq!(of("x86_64", "modern"), 1_000_000);
        assert_eq!(of("SPARC", "sparc_v9"), 1_250_000);
        assert_eq!(of("M68K", "68000"), 1_250_000);
        assert_eq!(of("ARM", "aarch64"), 625);
    }
}
