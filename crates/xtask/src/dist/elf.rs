//! What a program needs from the machine that runs it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use goblin::elf::Elf;

/// The oldest C library on which packages run: Debian 12 has it.
pub(super) const GLIBC: (u32, u32) = (2, 36);

/// Libraries that come with the C library and the compiler. Everything else, such as Vulkan, is loaded at run time.
const EVERYWHERE: [&str; 8] = [
    "libc.so.6",
    "libm.so.6",
    "libgcc_s.so.1",
    "libpthread.so.0",
    "libdl.so.2",
    "librt.so.1",
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
];

/// What a program needs from the dynamic linker.
#[derive(Debug)]
struct Needs {
    libraries: Vec<String>,
    /// The newest version of the C library whose functions it calls.
    glibc: (u32, u32),
}

/// Fails if the program needs more than packages promise.
pub(super) fn check(program: &Path) -> Result<()> {
    let bytes = fs::read(program).with_context(|| program.display().to_string())?;
    let needs = Needs::of(&bytes).with_context(|| program.display().to_string())?;
    println!(
        "{} needs {} and glibc {}.{}",
        program.display(),
        needs.libraries.join(", "),
        needs.glibc.0,
        needs.glibc.1
    );
    needs.check()
}

impl Needs {
    fn of(bytes: &[u8]) -> Result<Self> {
        let elf = Elf::parse(bytes)?;
        let libraries = elf.libraries.iter().map(ToString::to_string).collect();
        let mut names = Vec::new();
        for library in elf.verneed.iter().flat_map(|section| section.iter()) {
            names.extend(library.iter().filter_map(|version| elf.dynstrtab.get_at(version.vna_name)));
        }
        Ok(Needs { libraries, glibc: newest(names.into_iter()) })
    }

    fn check(&self) -> Result<()> {
        let other = self.libraries.iter().find(|library| !EVERYWHERE.contains(&library.as_str()));
        ensure!(other.is_none(), "the program needs {}, which not every machine has", other.map_or("", String::as_str));
        let (needed, most) = (self.glibc, GLIBC);
        ensure!(
            needed <= most,
            "the program needs glibc {}.{}: build it where {}.{} is",
            needed.0,
            needed.1,
            most.0,
            most.1
        );
        Ok(())
    }
}

/// The newest of names like `GLIBC_2.34`.
fn newest<'a>(names: impl Iterator<Item = &'a str>) -> (u32, u32) {
    let number = |name: &str| {
        let mut parts = name.strip_prefix("GLIBC_")?.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    names.filter_map(number).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(newest(["GLIBC_2.4", "GLIBC_2.34", "GCC_3.0", "GLIBC_2.2.5", "GLIBC_PRIVATE"].into_iter()), (2, 34));
    }

    #[test]
    fn a_program_that_needs_more_is_refused() -> Result<()> {
        let own = Needs::of(&fs::read(std::env::current_exe()?)?)?;
        assert!(own.libraries.iter().any(|library| library == "libc.so.6") && own.glibc > (2, 2), "{own:?}");
        let needs = |library: &str, glibc| Needs { libraries: vec![library.to_owned()], glibc };
        assert!(needs("libc.so.6", GLIBC).check().is_ok());
        assert!(needs("libc.so.6", (GLIBC.0, GLIBC.1 + 1)).check().is_err());
        assert!(needs("libvulkan.so.1", GLIBC).check().is_err());
        Ok(())
    }
}
