//! Old machines on which tests run under QEMU.

use std::path::PathBuf;
use std::process::Command;

use crate::repo::Repo;
use crate::shell;

use super::rust;

pub(crate) struct Host {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) target: &'static str,
    pub(crate) qemu: &'static [&'static str],
    gcc: &'static str,
}

pub(crate) const POWERPC: Host = Host {
    name: "PowerPC",
    about: "PowerPC G4: big-endian, 32-bit",
    target: "powerpc-unknown-linux-gnu",
    qemu: &["qemu-ppc", "-cpu", "7400_v2.9"],
    gcc: "powerpc-linux-gnu-gcc",
};

pub(crate) const I586: Host = Host {
    name: "i586",
    about: "i586: 32-bit, x87 arithmetic",
    target: "i586-unknown-linux-gnu",
    qemu: &["qemu-i386"],
    gcc: "i686-linux-gnu-gcc",
};

pub(crate) const HOSTS: [&Host; 2] = [&POWERPC, &I586];

impl Host {
    /// The first missing thing that building or running for this host needs.
    pub(crate) fn lacks(&self, repo: &Repo) -> Option<String> {
        if !rust::has_target(repo, self.target) {
            return Some(format!("the Rust target {}", self.target));
        }
        if self.prefix().is_none() {
            return Some(format!("{} and its C library", self.gcc));
        }
        shell::find(self.qemu[0]).is_none().then(|| self.qemu[0].to_owned())
    }

    /// The folder of the cross compiler's C library, which QEMU needs too.
    pub(crate) fn prefix(&self) -> Option<PathBuf> {
        let asked = shell::capture(Command::new(self.gcc).arg("-print-file-name=libc.so")).ok()?;
        // gcc answers with the bare name if it finds no such file.
        let library = PathBuf::from(asked.trim()).canonicalize().ok()?;
        Some(library.parent()?.parent()?.to_owned())
    }

    /// The command line before the path of a program built for this host.
    pub(crate) fn runner(&self) -> Vec<String> {
        let prefix = self.prefix().unwrap_or_default();
        let words = self.qemu.iter().copied().map(str::to_owned);
        words.chain(["-L".to_owned(), prefix.display().to_string()]).collect()
    }

    /// Makes a cargo command build for this host and run the result under QEMU.
    pub(crate) fn configure(&self, command: &mut Command) {
        let target = self.target.replace('-', "_");
        let shouted = target.to_uppercase();
        command
            .args(["--target", self.target])
            .env(format!("CARGO_TARGET_{shouted}_LINKER"), self.gcc)
            .env(format!("CARGO_TARGET_{shouted}_RUNNER"), self.runner().join(" "))
            .env(format!("CC_{target}"), self.gcc);
    }
}
